//! What `explain` knows, for people and as JSON (`pathproof.explanation/1`).

use serde::Serialize;

use super::terminal::Style;
use super::terminal::page::Page;
use crate::diagnose::catalogue::{self, CatalogueEntry};
use crate::diagnose::explain::{self, Explanation, Symptom, SymptomMatch};
use crate::model::Cause;

/// The explanation as text, wrapped to the terminal.
#[must_use]
pub fn table(explanation: &Explanation, style: &Style) -> String {
    let mut page = Page::new(style);
    match explanation {
        Explanation::Causes(entries) => {
            for entry in entries {
                write_cause(&mut page, entry);
            }
        }
        Explanation::Layer(entries) => {
            for entry in entries {
                write_line(&mut page, entry);
            }
        }
        Explanation::Symptoms(matches) => {
            for one in matches {
                write_symptom(&mut page, one.text, one.symptom);
            }
        }
        Explanation::Unknown { suggestions } => page.plain(&unknown(suggestions)),
    }
    page.finish()
}

/// Every cause by layer, then every text that is known.
#[must_use]
pub fn list(style: &Style) -> String {
    let mut page = Page::new(style);
    page.heading("Causes");
    for entry in explain::entries() {
        write_line(&mut page, entry);
    }
    page.heading("Texts of the runtime, the portal and the system");
    for symptom in explain::symptoms() {
        for text in symptom.texts {
            page.bullet(text);
        }
    }
    page.finish()
}

/// What is said where nothing is known of a text.
#[must_use]
pub fn unknown(suggestions: &[&str]) -> String {
    let layers = explain::layers().join(", ");
    format!(
        "nothing is known of this text. Nearest: {}. Give a cause (tcp_timeout), a layer \
         ({layers}), or an error text as the runtime shows it; --list shows all that is known",
        suggestions.iter().map(|known| format!("\"{known}\"")).collect::<Vec<_>>().join(", ")
    )
}

fn write_line(page: &mut Page, entry: &CatalogueEntry) {
    page.indented(&format!("{:<30} {}", entry.cause.code(), entry.sentence));
}

fn write_cause(page: &mut Page, entry: &CatalogueEntry) {
    page.heading(&format!("{} ({})", entry.cause, entry.cause.severity().as_str()));
    page.indented(entry.sentence);
    page.indented(&format!("Told by: {}", entry.told_by));
    if !entry.rivals.is_empty() {
        page.indented(&format!("Rivals: {}", codes(entry.rivals).join(", ")));
    }
    page.indented(&format!("Owner: {}", entry.owner.as_str()));
    page.indented(&format!("Remedy: {}", catalogue::in_form(entry.remedy)));
    for (owner, remedy) in catalogue::further(entry.cause) {
        page.indented(&format!("Also for {}: {}", owner.as_str(), catalogue::in_form(remedy)));
    }
    page.indented(&format!("Source: {}", entry.source));
}

fn write_symptom(page: &mut Page, text: &str, symptom: &Symptom) {
    page.heading(&format!("\"{text}\""));
    page.indented(symptom.meaning);
    page.plain("Check first:");
    for (index, check) in symptom.checks.iter().enumerate() {
        page.indented(&format!("{}. {check}", index + 1));
    }
    if !symptom.causes.is_empty() {
        page.plain(&format!("Causes: {}", codes(symptom.causes).join(", ")));
    }
    page.plain(&format!("Source: {}", symptom.source));
}

fn codes(causes: &[Cause]) -> Vec<&'static str> {
    causes.iter().map(|cause| cause.code()).collect()
}

/// The explanation as one JSON object. The text that was asked is not repeated: it may hold a key.
#[must_use]
pub fn json(explanation: &Explanation) -> String {
    let mut document = Document::new();
    match explanation {
        Explanation::Causes(entries) | Explanation::Layer(entries) => {
            document.causes.extend(entries.iter().map(|entry| CauseWire::of(entry)));
        }
        Explanation::Symptoms(matches) => {
            document.texts.extend(matches.iter().map(TextWire::of));
        }
        Explanation::Unknown { suggestions } => {
            document.suggestions.extend(suggestions);
        }
    }
    document.written()
}

/// [`list`] as one JSON object.
#[must_use]
pub fn list_json() -> String {
    let mut document = Document::new();
    document.causes.extend(explain::entries().map(CauseWire::of));
    document.texts.extend(explain::symptoms().flat_map(|symptom| {
        symptom.texts.iter().map(move |text| TextWire::of(&SymptomMatch { text, symptom }))
    }));
    document.written()
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    causes: Vec<CauseWire>,
    texts: Vec<TextWire>,
    suggestions: Vec<&'static str>,
}

#[derive(Serialize)]
struct CauseWire {
    cause: &'static str,
    severity: &'static str,
    meaning: &'static str,
    told_by: &'static str,
    rivals: Vec<&'static str>,
    owner: &'static str,
    remedy: String,
    /// What others have to do besides.
    further: Vec<FurtherWire>,
    source: &'static str,
}

#[derive(Serialize)]
struct FurtherWire {
    owner: &'static str,
    remedy: String,
}

#[derive(Serialize)]
struct TextWire {
    text: &'static str,
    meaning: &'static str,
    checks: &'static [&'static str],
    causes: Vec<&'static str>,
    source: &'static str,
}

impl Document {
    const fn new() -> Self {
        Self {
            schema: "pathproof.explanation/1",
            causes: Vec::new(),
            texts: Vec::new(),
            suggestions: Vec::new(),
        }
    }

    fn written(&self) -> String {
        // Strings and lists of them always serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl CauseWire {
    fn of(entry: &'static CatalogueEntry) -> Self {
        Self {
            cause: entry.cause.code(),
            severity: entry.cause.severity().as_str(),
            meaning: entry.sentence,
            told_by: entry.told_by,
            rivals: codes(entry.rivals),
            owner: entry.owner.as_str(),
            remedy: catalogue::in_form(entry.remedy),
            further: catalogue::further(entry.cause)
                .iter()
                .map(|(owner, remedy)| FurtherWire {
                    owner: owner.as_str(),
                    remedy: catalogue::in_form(remedy),
                })
                .collect(),
            source: entry.source,
        }
    }
}

impl TextWire {
    fn of(one: &SymptomMatch) -> Self {
        Self {
            text: one.text,
            meaning: one.symptom.meaning,
            checks: one.symptom.checks,
            causes: codes(one.symptom.causes),
            source: one.symptom.source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::explain::explain;

    const NARROW: Style = Style { width: 60, color: false };

    #[test]
    fn explanations_fit_the_terminal_and_have_no_holes() {
        for text in ["dns", "tcp_timeout", "Limited", "The operation has timed out", "10061"] {
            let shown = table(&explain(text), &NARROW);
            assert!(!shown.contains(['{', '}']), "{shown}");
            for line in shown.lines() {
                assert!(line.chars().count() <= 60, "{line}");
            }
        }
    }

    #[test]
    fn a_remedy_is_a_form() {
        let shown = table(&explain("tcp_refused"), &Style { width: 120, color: false });
        assert!(shown.contains("TCP PORT out from THIS HOST to HOST (ADDRESSES)"), "{shown}");
        assert!(shown.contains("Rivals: tcp_local_denied, route_proxy_required"), "{shown}");
    }

    #[test]
    fn what_others_have_to_do_is_explained_too() {
        let shown = table(&explain("tls_intercepted"), &Style { width: 200, color: false });
        assert!(shown.contains("Owner: proxy") && shown.contains("Also for host: "), "{shown}");
        let read: serde_json::Value =
            serde_json::from_str(&json(&explain("tls_intercepted"))).unwrap();
        assert_eq!(read["causes"][0]["further"][0]["owner"], "host");
    }

    #[test]
    fn json_has_what_the_table_has_and_not_the_text_that_was_asked() {
        let text = "Failed to get service token with key IR@guid@df@SECRET: UnexpectedFault";
        let shown = json(&explain(text));
        assert!(!shown.contains("SECRET"));
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read["schema"], "pathproof.explanation/1");
        assert_eq!(read["texts"][0]["text"], "UnexpectedFault");
    }

    #[test]
    fn the_list_holds_every_cause_and_every_text() {
        let read: serde_json::Value = serde_json::from_str(&list_json()).unwrap();
        assert_eq!(read["causes"].as_array().unwrap().len(), Cause::ALL.len());
        // Long texts are wrapped.
        let shown = list(&Style { width: 100, color: false });
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for symptom in explain::symptoms() {
            assert!(shown.contains(symptom.title()), "{}", symptom.title());
        }
    }
}
