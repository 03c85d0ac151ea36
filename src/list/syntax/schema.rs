//! `docs/endpoint-list.schema.json`: the JSON Schema by which editors complete and check lists,
//! generated from the words that the reader knows. `PATHPROOF_BLESS=1 cargo test --lib
//! list::syntax` writes it anew. It says what a file may look like; what holds between entries only
//! `pathproof lists lint` says.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{ENTRY_KEYS, LIST_KEYS, parse};
use crate::list::entry::{FINGERPRINTS, REACHES, default_port};
use crate::list::{DraftEndpoint, ListDraft, embedded};
use crate::model::{Cloud, Kind, Role};

/// An id, as `is_word` has it.
const WORD: &str = "^[a-z][a-z0-9-]*$";
/// A name, an address, a wildcard or a template, roughly: the reader says the rest.
const HOST: &str = r"^(\*\.)?[^\s*/]+$";
const NOT_EMPTY: &str = r"\S";

fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Endpoint list of pathproof",
        "description": "Hosts that must be reachable, for pathproof check --list FILE.",
        "type": "object",
        "properties": object(LIST_KEYS, list_key),
        "required": ["id", "entry"],
        "additionalProperties": false,
        "definitions": {
            "entry": {
                "type": "object",
                "properties": object(ENTRY_KEYS, entry_key),
                "required": ["id", "host"],
                "additionalProperties": false,
                "allOf": [
                    { "$ref": "#/definitions/ports-without-default" },
                    { "$ref": "#/definitions/fingerprint-of-relays" },
                ],
            },
            "ports-without-default": {
                "if": {
                    "properties": { "kind": { "enum": without_default_port() } },
                    "required": ["kind"],
                },
                "then": { "required": ["ports"] },
            },
            "fingerprint-of-relays": {
                "if": {
                    "properties": { "fingerprint": { "const": "relay-namespace" } },
                    "required": ["fingerprint"],
                },
                "then": {
                    "properties": { "kind": { "const": "relay" } },
                    "required": ["kind"],
                },
            },
        },
    })
}

fn object(keys: &[&str], of: fn(&str) -> Value) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), of(key))).collect()
}

fn list_key(key: &str) -> Value {
    match key {
        "id" => word("The list's id."),
        "title" => text("What the list is, in a few words."),
        "cloud" => one_of(
            "The cloud that it is for; without it, for every cloud.",
            Cloud::ALL.map(Cloud::as_str),
        ),
        "entry" => json!({
            "description": "What must be reachable, in the order of the report.",
            "type": "array",
            "minItems": 1,
            "items": { "$ref": "#/definitions/entry" },
        }),
        other => panic!("nothing describes the key {other}"),
    }
}

fn entry_key(key: &str) -> Value {
    match key {
        "id" => word("The entry's id, by which --only and --skip know it; each once."),
        "role" => one_of(
            "What it is to the runtime; without it, by kind, host and group.",
            Role::ALL.map(Role::as_str),
        ),
        "host" => json!({
            "description": "A name, an address, a *.wildcard or a {parameter}.template.",
            "type": "string",
            "pattern": HOST,
        }),
        "ports" => json!({
            "description": "The TCP ports; without it, the kind's own.",
            "type": "array",
            "minItems": 1,
            "uniqueItems": true,
            "items": { "type": "integer", "minimum": 1, "maximum": 65535 },
        }),
        "kind" => {
            let mut kind = one_of("What proves it.", Kind::ALL.map(Kind::as_str));
            kind["default"] = json!(Kind::Https.as_str());
            kind
        }
        "purpose" => text("What the runtime needs it for, in one sentence."),
        "required" => json!({
            "description": "Whether the runtime needs it: a failure is then a violation.",
            "type": "boolean",
            "default": true,
        }),
        "group" => word("The group of --with that adds it; without it, it is always probed."),
        "instead-of" => word("The entry that it stands in for where its own name is known."),
        "reach" => one_of(
            "Which path is right: any, or public where a private path is wrong.",
            REACHES.map(|(word, _)| word),
        ),
        "fingerprint" => one_of(
            "What an answer must show; without it, the kind's own.",
            FINGERPRINTS.map(|(word, _)| word),
        ),
        "private-link-zones" => texts("The private-link zones of the service, for remedies."),
        "service-domains" => texts("The service's own domains: a redirect out of them is none."),
        "service-tags" => texts("The service tags that hold its public addresses."),
        "source" => text("The document that says so."),
        "date" => json!({
            "description": "The day of that document, without quotes: 2026-11-21.",
            "type": "string",
            "format": "date",
        }),
        "note" => text("What else there is to know."),
        other => panic!("nothing describes the key {other}"),
    }
}

fn text(description: &str) -> Value {
    json!({ "description": description, "type": "string" })
}

fn word(description: &str) -> Value {
    json!({ "description": description, "type": "string", "pattern": WORD })
}

fn one_of<const N: usize>(description: &str, words: [&str; N]) -> Value {
    json!({ "description": description, "type": "string", "enum": &words[..] })
}

fn texts(description: &str) -> Value {
    let item = json!({ "type": "string", "pattern": NOT_EMPTY });
    json!({ "description": description, "type": "array", "items": item })
}

fn without_default_port() -> Vec<&'static str> {
    let kinds = Kind::ALL.into_iter().filter(|kind| default_port(*kind).is_none());
    kinds.map(Kind::as_str).collect()
}

fn validator() -> Validator {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema), "the schema is no JSON Schema");
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// A list as editors see it, in which a date is text in the form of one.
fn seen(list: &str) -> Value {
    fn json(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(date) => Value::String(date.to_string()),
            toml::Value::Array(items) => items.into_iter().map(json).collect(),
            toml::Value::Table(table) => {
                table.into_iter().map(|(key, value)| (key, json(value))).collect()
            }
            toml::Value::String(text) => Value::String(text),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Float(number) => number.into(),
            toml::Value::Boolean(boolean) => boolean.into(),
        }
    }
    json(toml::Value::Table(list.parse().unwrap()))
}

#[test]
fn the_committed_schema_is_what_the_reader_knows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/endpoint-list.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == text,
        "docs/endpoint-list.schema.json is not what the reader knows: write it anew by \
         PATHPROOF_BLESS=1 cargo test --lib list::syntax"
    );
}

#[test]
fn every_embedded_list_and_every_new_one_keeps_the_schema() {
    let names = ["tcp://a.example:1", "*.b.example", "{x}.c.example", "tds://d.example"];
    let endpoints = names.map(|name| DraftEndpoint::parse(name).unwrap());
    let new = ListDraft::new("own", endpoints.into()).text("names").unwrap();
    let embedded = embedded().iter().map(|list| (list.file, list.text));
    for (name, text) in embedded.chain([("a new list", new.as_str())]) {
        let list = seen(text);
        let faults: Vec<String> = validator()
            .iter_errors(&list)
            .map(|fault| format!("{name} {}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

/// What the schema refuses, the reader refuses: an editor marks no sound list.
#[test]
fn a_bad_list_breaks_the_schema() {
    const HEAD: &str = "id = \"own\"\n[[entry]]\nid = \"a\"\n";
    for (bad, list) in [
        ("no id", "[[entry]]\nid = \"a\"\nhost = \"a.example\"\n".to_owned()),
        ("no entries", "id = \"own\"\n".to_owned()),
        ("an unknown key", format!("{HEAD}host = \"a.example\"\nport = 443\n")),
        ("no host", HEAD.to_owned()),
        ("a host with a path", format!("{HEAD}host = \"a.example/x\"\n")),
        ("a wildcard within", format!("{HEAD}host = \"a.*.example\"\n")),
        ("a kind that is none", format!("{HEAD}host = \"a.example\"\nkind = \"quic\"\n")),
        ("a port out of range", format!("{HEAD}host = \"a.example\"\nports = [65536]\n")),
        ("a port twice", format!("{HEAD}host = \"a.example\"\nports = [1, 1]\n")),
        ("tcp without ports", format!("{HEAD}host = \"a.example\"\nkind = \"tcp\"\n")),
        ("text for a truth", format!("{HEAD}host = \"a.example\"\nrequired = \"yes\"\n")),
        ("an id in capitals", format!("{HEAD}host = \"a.example\"\ngroup = \"Own\"\n")),
        ("a date that is text", format!("{HEAD}host = \"a.example\"\ndate = \"yesterday\"\n")),
        (
            "a fingerprint of another kind",
            format!("{HEAD}host = \"a.example\"\nfingerprint = \"relay-namespace\"\n"),
        ),
    ] {
        assert!(!validator().is_valid(&seen(&list)), "{bad} is no fault to the schema");
        assert!(parse(&list, "own.toml").is_err(), "{bad} is no fault to the reader");
    }
}
