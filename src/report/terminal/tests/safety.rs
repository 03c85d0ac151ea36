//! What strangers say cannot write to the terminal, and no line is too wide.

use proptest::prelude::*;

use super::super::fit::columns;
use super::super::page::NARROWEST;
use super::*;
use crate::archive::arbitrary;

#[test]
fn strangers_cannot_write_to_the_terminal() {
    let mut finding = timeout("a.contoso.com", "10.0.0.1");
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\r\nPASS    everything";
    finding.message = evil.into();
    finding.evidence = vec![evil.into()];
    finding.remedy = evil.into();
    let text =
        shown(vec![(record("relay", "a.contoso.com"), found(finding))], NetworkAllows::Unknown);
    assert!(text.contains("\\u001b]0;owned\\u0007\\u009b2J\\r\\nPASS"), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("PASS")), "{text}");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let judged = healthy()
        .into_iter()
        .chain([(record("relay", "a.contoso.com"), found(timeout("a.contoso.com", "10.0.0.1")))]);
    let (seen, verdicts) = judged.unzip();
    let (records, conclusion) = (records(seen), conclusion(verdicts, NetworkAllows::Offline));
    let colored = table(&records, &conclusion, &Style { color: true, ..NARROW });
    let plain = table(&records, &conclusion, &NARROW);
    assert!(colored.contains("\u{1b}[1;31mFAIL\u{1b}[0m    a.contoso.com"), "{colored}");
    assert_eq!(uncolored(&colored), plain);
}

fn uncolored(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap().to_owned();
    first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_line_is_too_wide_and_none_is_a_command(
        records in arbitrary::records(),
        findings in prop::collection::vec(arbitrary_finding(), 1..8),
        width in 0..140_usize,
        allows in prop::sample::select(vec![NetworkAllows::Online, NetworkAllows::Limited]),
    ) {
        let verdicts = (0..records.records.len()).map(|at| {
            let mut verdict = found(findings[at % findings.len()].clone());
            verdict.findings.extend(findings.iter().take(at).cloned());
            if at % 3 == 2 { passed() } else { verdict }
        });
        let mut conclusion = conclusion(verdicts.collect(), allows);
        conclusion.prediction.consequences.push(findings[0].message.clone());
        conclusion.prediction.not_looked_at.push(findings[0].remedy.clone());
        conclusion.findings = findings;
        let text = table(&records, &conclusion, &Style { width, color: false });
        for line in text.lines() {
            // A word that is wider than the page is not cut, and a command stands in one line.
            let widest = line.split(' ').map(columns).max().unwrap_or(0);
            let is_one_word = widest > width.max(NARROWEST) - page::MARGIN - 4
                || line.starts_with("      pathproof rules emit");
            let is_whole = is_one_word || line.trim_start().starts_with("pathproof ");
            prop_assert!(columns(line) <= width.max(NARROWEST) || is_whole, "{width}: {line:?}");
            prop_assert_eq!(line.trim_end(), line);
        }
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{:?}", text);
        let colored = table(&records, &conclusion, &Style { width, color: true });
        prop_assert_eq!(uncolored(&colored), text);
    }
}

fn arbitrary_finding() -> BoxedStrategy<Finding> {
    let severities = vec![Severity::Fail, Severity::Warn, Severity::Unknown];
    let certainties = vec![Certainty::Possible, Certainty::Likely, Certainty::Proven];
    let words = (
        prop::sample::select(Cause::ALL),
        prop::sample::select(severities),
        prop::sample::select(certainties),
        prop::collection::vec(prop::sample::select(Cause::ALL), 0..4),
        prop::sample::select(Owner::ALL.to_vec()),
    );
    let evidence = prop::collection::vec(arbitrary::text(), 0..5);
    (words, arbitrary::text(), evidence, arbitrary::text())
        .prop_map(|((cause, severity, certainty, rivals, owner), message, evidence, remedy)| {
            Finding {
                cause,
                severity,
                certainty,
                message,
                evidence,
                rivals,
                owner,
                remedy,
                explained_by: None,
                advice: Advice::default(),
            }
        })
        .boxed()
}
