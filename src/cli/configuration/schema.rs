//! `docs/configuration.schema.json`: the JSON Schema by which editors complete and check
//! `pathproof.toml`, generated from the options that a file may give. `PATHPROOF_BLESS=1 cargo test
//! --lib configuration::schema` writes it anew. What a value must look like beyond its type only
//! `pathproof config show` says.

use std::fs;
use std::path::Path;

use clap::{Arg, ArgAction};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::file::OptionFile;
use super::module;
use super::option::KnownOptions;

fn schema() -> Value {
    let known = KnownOptions::of("check");
    let mut names: Vec<&str> = known.names().collect();
    names.sort_unstable();
    let options: serde_json::Map<String, Value> = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), option(known.argument(name)?))))
        .collect();
    let mut whole = options.clone();
    whole.insert(
        "profile".to_owned(),
        json!({
            "description": "Options over those above, for --profile NAME.",
            "type": "object",
            "additionalProperties": { "$ref": "#/definitions/options" },
        }),
    );
    whole.insert(
        "module".to_owned(),
        json!({
            "description": "Modules of `serve`: options of `check`, how often, and for whom.",
            "type": "object",
            "additionalProperties": { "$ref": "#/definitions/module" },
        }),
    );
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of pathproof",
        "description": "Options by their long names, for pathproof.toml or --config FILE.",
        "type": "object",
        "properties": whole,
        "additionalProperties": false,
        "definitions": {
            "module": {
                "type": "object",
                "properties": of_module(&known),
                "additionalProperties": false,
            },
            "options": {
                "type": "object",
                "properties": options,
                "additionalProperties": false,
            },
        },
    })
}

/// What a module may hold.
fn of_module(known: &KnownOptions) -> serde_json::Map<String, Value> {
    let of_check = known.names().filter(|name| module::may_hold(name, known));
    let mut options: serde_json::Map<String, Value> =
        of_check.filter_map(|name| Some((name.to_owned(), option(known.of_leaf(name)?)))).collect();
    options.insert(
        "every".to_owned(),
        json!({
            "description": "Measure it that often without being asked, as \"1m\".",
            "type": "string",
        }),
    );
    options.insert(
        "allow".to_owned(),
        json!({
            "description": "What it may be asked for: names, *.domains, addresses and networks, with \
                            a port behind a colon where it is not the usual one.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        }),
    );
    options
}

fn option(argument: &Arg) -> Value {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let described = |mut kind: Value| {
        kind["description"] = Value::from(format!("{}.", help.trim_end_matches('.')));
        kind
    };
    if !argument.get_action().takes_values() {
        return described(json!({ "type": "boolean" }));
    }
    let words: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let is_closed = !words.is_empty() && !argument.is_hide_possible_values_set();
    let word =
        if is_closed { json!({ "enum": words }) } else { json!({ "type": ["string", "integer"] }) };
    described(match argument.get_action() {
        ArgAction::Append => json!({ "anyOf": [word, { "type": "array", "items": word }] }),
        _ => word,
    })
}

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).unwrap()
}

fn read(text: &str) -> Value {
    serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap()
}

#[test]
fn the_committed_schema_is_that_of_the_options() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == text,
        "docs/configuration.schema.json is not that of the options: write it anew by \
         PATHPROOF_BLESS=1 cargo test --lib configuration::schema"
    );
}

/// What the schema says of a file is what the reader says, as far as types and names go.
#[test]
fn files_are_right_and_wrong_for_schema_and_reader_alike() {
    let (validator, folder) = (validator(), tempfile::tempdir().unwrap());
    let known = KnownOptions::of("check");
    for (text, is_right) in [
        ("", true),
        ("factory = \"contoso-df\"\nregion = \"West Europe\"", true),
        ("service-urls = \"urls.txt\"\nwith = [\"key-vault\", \"login\"]", true),
        ("no-gateways = true\nconcurrency = 64\ntimeout = \"5s\"", true),
        ("fail-on = \"warn\"\n[profile.shir-prod]\nfactory = \"contoso\"", true),
        ("factori = \"x\"", false),
        ("yes = true", false),
        ("max-shrink = 90", false),
        ("no-gateways = \"yes\"", false),
        ("factory = true", false),
        ("fail-on = \"sometimes\"", false),
        ("factory = [\"one\", \"two\"]", false),
        ("[profile.shir-prod]\nfactori = \"x\"", false),
        ("[profile.shir-prod]\nadopt = true", false),
        ("[module.shir-1]\nfactory = \"contoso\"\nevery = \"1m\"", true),
        ("[module.shir-1]\nallow = [\"*.contoso.com\", \"sql.contoso.com:1433\"]", true),
        ("[module.shir-1]\noutput = \"run.html\"", false),
        ("[module.shir-1]\nexpect = [\"rules.json\"]", false),
        ("[module.shir-1]\nvnet = [\"10.0.0.0/8\"]", false),
        ("[module.shir-1]\nnsg = \"x\"", false),
        ("[module.shir-1]\nallow = true", false),
        ("allow = [\"*.contoso.com\"]", false),
    ] {
        let path = folder.path().join("pathproof.toml");
        fs::write(&path, text).unwrap();
        let is_read = OptionFile::read(&path).and_then(|file| file.check(&known));
        assert_eq!(is_read.is_ok(), is_right, "{text}: {is_read:?}");
        assert_eq!(validator.is_valid(&read(text)), is_right, "{text}");
    }
}

#[test]
fn the_example_of_the_documents_is_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/shir.toml");
    let text = fs::read_to_string(path).unwrap();
    assert!(validator().is_valid(&read(&text)), "{text}");
}
