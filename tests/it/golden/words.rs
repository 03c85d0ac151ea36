//! The words of the catalogue, all in one file for review: `docs/causes.md`. It is what `explain`
//! prints, so that a change of wording is read as prose, and not between two lines of code.
//!
//! `PATHPROOF_BLESS=1` writes it anew; read the difference before it is committed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pathproof::diagnose::catalogue;
use pathproof::diagnose::explain;

/// Words that are not the trade's, and what to say instead.
const UNUSUAL: &[(&str, &str)] = &[
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("whence", "from where"),
    ("thence", "from there"),
    ("naught", "nothing"),
    ("oneself", "itself"),
    ("showed a certificate", "presented a certificate"),
    ("shows a certificate", "presents a certificate"),
    ("is no TLS", "is not TLS"),
    ("the run as a whole", "all endpoints"),
    // What a template says of {host} is also said of several names.
    ("the names below is", "the names below are"),
    ("the names below gets", "a verb whose subject is not the names"),
    ("the names below fails", "a verb whose subject is not the names"),
    ("the names below has", "the names below have"),
    ("{host} gets", "a verb whose subject is not the host"),
    ("{host} fails", "a verb whose subject is not the host"),
];

fn document() -> String {
    let mut text = String::from(
        "# Causes\n\nEvery cause that a report may name, in the order in which one of several is \
         chosen. Words in capitals stand for what was seen. `pathproof explain CAUSE` prints the \
         same.\n",
    );
    for entry in explain::entries() {
        let rivals: Vec<&str> = entry.rivals.iter().map(|cause| cause.code()).collect();
        let rivals = if rivals.is_empty() { "none".to_owned() } else { rivals.join(", ") };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n* Severity: {}\n* Told by: {}\n* Rivals: {rivals}\n* Owner: {}\n\
             * Remedy: {}\n",
            entry.cause.code(),
            entry.sentence,
            entry.cause.severity().as_str(),
            entry.told_by,
            entry.owner.as_str(),
            catalogue::in_form(entry.remedy),
        );
        for (owner, remedy) in catalogue::further(entry.cause) {
            let remedy = catalogue::in_form(remedy);
            let _ = writeln!(text, "* Also for {}: {remedy}", owner.as_str());
        }
        let _ = writeln!(text, "* Source: {}", entry.source);
    }
    text
}

#[test]
fn every_text_of_the_catalogue_stands_in_the_page_of_causes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/causes.md");
    let text = document();
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("docs")).expect("the folder of pages");
        fs::write(&path, &text).expect("the page");
    }
    let saved = fs::read_to_string(&path).unwrap_or_default();
    if let Some(line) = super::first_difference(&saved, &text) {
        panic!("docs/causes.md is not what the catalogue says, line {line}");
    }
}

#[test]
fn texts_use_the_usual_words() {
    let mut texts: Vec<String> = Vec::new();
    for entry in explain::entries() {
        texts.extend([entry.sentence, entry.told_by, entry.remedy].map(str::to_owned));
        texts
            .extend(catalogue::further(entry.cause).iter().map(|(_, remedy)| (*remedy).to_owned()));
    }
    for symptom in explain::symptoms() {
        texts.push(symptom.meaning.to_owned());
        texts.extend(symptom.checks.iter().map(|check| (*check).to_owned()));
    }
    for name in super::case_names() {
        let conclusion = crate::scene::conclude(&super::read(&name));
        let findings = conclusion.verdicts.iter().flat_map(|verdict| &verdict.findings);
        for finding in findings.chain(&conclusion.findings) {
            texts.extend([finding.message.clone(), finding.remedy.clone()]);
            texts.extend(finding.evidence.iter().cloned());
        }
        texts.extend(conclusion.prediction.because);
        texts.extend(conclusion.prediction.consequences);
    }
    let mut wrong = Vec::new();
    for text in &texts {
        let words = format!(" {} ", text.replace(|c: char| !c.is_alphanumeric(), " "));
        let lower = words.to_lowercase();
        for (unusual, usual) in UNUSUAL {
            if lower.contains(&format!(" {} ", unusual.to_lowercase())) {
                wrong.push(format!("{unusual} (say {usual}): {text}"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
