//! A report in which strangers chose every text.

use std::fs;

use pathproof::model::is_obeyed;
use pathproof::report::{csv, html, junit, markdown, prometheus};
use pathproof::report_v1::Report;
use serde_json::Value;

use super::written;
use crate::golden;

/// Markup, quotes, ends of sections, escape sequences, marks that turn text round, formulas.
pub(super) const TEXTS: [&str; 8] = [
    "<script>alert(1)</script><img src=x onerror=alert(1)> &lt;b&gt;",
    "]]></failure></testcase>--> \" onmouseover=\"alert(1)\" '",
    "| a | b |\n# heading\n- [x](http://evil.example/) ![y](http://evil.example/z)",
    "``` `code` **bold** _it_ ~~no~~ @everyone #1 http://evil.example/ www.evil.example a@evil.example",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u{1b}[31mred\u{7}\u{202e}gnp.exe\u{2066}\u{200b}\u{0}",
    "</details></td></table>\r\n\\\" } 1\npathproof_fake{a=\"b\"} 1",
];

/// The names whose values decide what a report is; any other text may be a stranger's.
const OWN: [&str; 25] = [
    "schema",
    "status",
    "severity",
    "outcome",
    "step",
    "type",
    "owner",
    "kind",
    "role",
    "origin",
    "protocol",
    "address",
    "addresses",
    "local",
    "remote",
    "at",
    "started_at",
    "not_before",
    "not_after",
    "resolvers",
    "network_allows",
    "fail_on",
    "bound",
    "last_hop",
    "resolver",
];

/// A golden report with other texts in place of its own, each in turn.
pub(super) fn report() -> Report<'static> {
    let path = golden::folder().join("tls-chains/report.json");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    replace(&mut value, &mut TEXTS.iter().cycle());
    Report::read(&value.to_string()).unwrap()
}

fn replace<'a>(value: &mut Value, texts: &mut impl Iterator<Item = &'a &'static str>) {
    match value {
        Value::String(text) => (*texts.next().unwrap()).clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, texts)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if !OWN.contains(&name.as_str()) {
                    replace(field, texts);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn what_a_terminal_obeys_stands_in_no_format() {
    let report = report();
    let options = csv::CsvOptions { is_all: true, ..csv::CsvOptions::default() };
    for (format, text) in [
        ("markdown", written(|out| markdown::report(&report, out))),
        ("html", written(|out| html::report(&report, out))),
        ("csv", written(|out| csv::report(&report, &options, out))),
        ("junit", written(|out| junit::report(&report, out))),
        ("prometheus", written(|out| prometheus::report(&report, out))),
    ] {
        let obeyed = text.replace("\r\n", "\n").chars().find(|c| *c != '\n' && is_obeyed(*c));
        assert_eq!(obeyed, None, "{format}");
        assert!(text.contains("gnp.exe"), "{format} leaves the text out");
    }
}
