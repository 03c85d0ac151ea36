//! Records in which every text that can hold one holds a canary.

use std::fs;

use data_encoding::{BASE64, HEXLOWER};
use pathproof::archive;
use pathproof::model::Records;
use serde_json::Value;

use super::{FORMATS, key, redacted};
use crate::{golden, scene};

/// What is put into a field: the first that can be read there.
pub(super) const CANARIES: &[&str] = &[
    "CN=canary7, canary7.contoso.com/canary7 <10.77.77.7> CORP\\canary7 rule 'canary7'",
    "http://canary7.contoso.com:3128",
    "canary7.contoso.com",
    "10.77.77.7:7777",
    "10.77.77.7",
];
/// What must be found nowhere.
const SECRETS: &[&str] = &["canary7", "10.77.77.7"];

#[test]
fn no_canary_of_any_field_is_left_in_any_format() {
    let mut left = Vec::new();
    let mut n_fields = 0;
    for name in golden::case_names() {
        let path = golden::folder().join(&name).join("records.jsonl");
        let text = fs::read_to_string(&path).expect("the records of the case");
        let (records, n) = with_canaries(&text);
        n_fields += n;
        let redacted = redacted(&records);
        let concluded = scene::conclude(&redacted);
        for (format, render) in FORMATS {
            let text = render(&redacted, &concluded);
            assert!(!text.contains("\"der\""), "{name}, {format}: bytes of a certificate");
            left.extend(found_in(&text).map(|what| format!("{name}, {format}: {what}")));
        }
    }
    left.truncate(20);
    assert!(left.is_empty(), "\n{}", left.join("\n"));
    assert!(n_fields > 1000, "only {n_fields} fields took a canary");
}

/// The secrets in `text`, with what stands around them.
pub(super) fn found_in(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_ascii_lowercase();
    let found = SECRETS.iter().flat_map(|secret| forms(secret)).find_map(|(form, is_exact)| {
        let text = if is_exact { text } else { &lower };
        let at = text.find(&form)?;
        let from = text.floor_char_boundary(at.saturating_sub(160));
        let to = text.ceil_char_boundary((at + 60).min(text.len()));
        Some(format!("{form} in …{}…", &text[from..to]))
    });
    found.into_iter()
}

/// How a secret may be written, and whether case counts there: as it is, in hexadecimal,
/// percent-encoded, and in base64 at each of the three places it can begin at.
fn forms(secret: &str) -> Vec<(String, bool)> {
    let percent = secret.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
    let mut forms = vec![
        (secret.to_owned(), false),
        (HEXLOWER.encode(secret.as_bytes()), false),
        (percent, false),
    ];
    for before in 0..3 {
        let padded = [&vec![0; before][..], secret.as_bytes()].concat();
        let whole = padded.len() / 3 * 3;
        // The first group holds what stands in front as well.
        let from = if before == 0 { 0 } else { 4 };
        forms.push((BASE64.encode(&padded[..whole])[from..].to_owned(), true));
    }
    forms
}

#[test]
fn canaries_are_found_in_every_form() {
    for before in ["", "a", "ab", "abc"] {
        let text = format!("{before}canary7!!");
        assert!(found_in(&BASE64.encode(text.as_bytes())).next().is_some(), "{text}");
        assert!(found_in(&HEXLOWER.encode(text.as_bytes()).to_uppercase()).next().is_some());
    }
    assert!(found_in("%63%61%6E%61%72%79%37").next().is_some());
    assert!(found_in("nothing").next().is_none());
}

/// The saved records with canaries in all fields that can hold one, and in how many these are.
fn with_canaries(text: &str) -> (Records, usize) {
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let mut n_fields = 0;
    let mut at = 0;
    while at < lines.len() {
        for pointer in texts(&lines[at], String::new()) {
            let before = lines[at].pointer(&pointer).cloned().expect("the text that was found");
            // A host that cannot be read is found when the whole is read, and not before.
            let from = if pointer.ends_with("/host") { 2 } else { 0 };
            let is_taken = CANARIES[from..].iter().any(|canary| {
                *lines[at].pointer_mut(&pointer).expect("the same") = Value::from(*canary);
                is_readable(&lines[at])
            });
            if is_taken {
                n_fields += 1;
            } else {
                *lines[at].pointer_mut(&pointer).expect("the same") = before;
            }
        }
        at += 1;
    }
    (read(&lines).expect("what was read before"), n_fields)
}

/// The places of all texts in a value.
pub(super) fn texts(value: &Value, place: String) -> Vec<String> {
    match value {
        // What makes lines refer to each other is no text of anyone's.
        Value::String(_) if place.ends_with("/type") || place.ends_with("/schema") => vec![],
        Value::String(_) => vec![place],
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(at, item)| texts(item, format!("{place}/{at}"))).collect()
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.flat_map(|(name, field)| texts(field, format!("{place}/{name}"))).collect()
        }
        _ => vec![],
    }
}

/// Whether a line alone can be read, as far as that can be told without those it refers to.
fn is_readable(line: &Value) -> bool {
    const RUN: &str = r#"{"type":"run","schema":"pathproof.records/1","version":"0","started_at":"2026-03-02T12:00:00Z","took_ns":1,"options":[],"vantage":{"hostname":"","os":"","account":"","addresses":[],"resolvers":[],"proxy_source":""},"cloud":"public","lists":[],"private_networks":[],"is_resolver_given":false,"is_self_contained":false}"#;
    let text = if line["type"] == "run" {
        let mut alone = line.clone();
        alone["records"] = Value::Null;
        alone.to_string()
    } else {
        format!("{RUN}\n{line}\n")
    };
    match archive::read(text.as_bytes(), "line") {
        Ok(_) => true,
        Err(error) => matches!(error.defect, archive::Defect::Unresolved(_)),
    }
}

fn read(lines: &[Value]) -> Option<Records> {
    let text = lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n");
    archive::read(text.as_bytes(), "canaries").ok()
}

#[test]
fn the_key_is_that_of_no_one() {
    assert!(!format!("{:?}", key()).contains("tests"), "a key is not shown");
}
