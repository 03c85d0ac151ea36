//! The ticket, read by a parser of CommonMark with tables.

use std::collections::BTreeSet;

use pathproof::report::markdown;
use pathproof::report_v1::Report;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{hostile, reports, written};

/// What a reader sees of a ticket.
#[derive(Debug, Default)]
struct Ticket {
    /// The first heading.
    title: String,
    rows: BTreeSet<Vec<String>>,
    /// Lines of HTML.
    html: Vec<String>,
    /// Whatever leads elsewhere.
    links: Vec<String>,
    text: String,
    headings: usize,
}

fn read(text: &str) -> Ticket {
    let mut ticket = Ticket::default();
    let (mut row, mut cell, mut in_heading) = (Vec::new(), String::new(), false);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                in_heading = true;
                ticket.headings += 1;
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Start(Tag::TableRow) => row.clear(),
            Event::Start(Tag::TableCell) => cell.clear(),
            Event::End(TagEnd::TableCell) => row.push(cell.clone()),
            Event::End(TagEnd::TableRow) => {
                ticket.rows.insert(row.clone());
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                ticket.links.push(dest_url.into_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                ticket.html.extend(html.lines().map(str::to_owned));
            }
            Event::Text(text) | Event::Code(text) => {
                cell.push_str(&text);
                ticket.text.push_str(&text);
                if in_heading && ticket.headings == 1 {
                    ticket.title.push_str(&text);
                }
            }
            _ => {}
        }
    }
    ticket
}

fn ticket(report: &Report) -> Ticket {
    read(&written(|out| markdown::report(report, out)))
}

#[test]
fn every_destination_stands_in_a_table() {
    for (name, report) in reports().into_iter().filter(|(name, _)| name != "hostile") {
        let ticket = ticket(&report);
        assert!(ticket.title.contains(": "), "{name}: {}", ticket.title);
        for action in &report.actions {
            assert!(ticket.text.contains(&*action.text), "{name}: {}", action.text);
            for one in &action.destinations {
                let address =
                    one.address.map_or("not known here".to_owned(), |address| address.to_string());
                let row = [&*one.name, &*address, &*one.port.to_string(), &*one.protocol];
                let row: Vec<String> = row.map(str::to_owned).into();
                assert!(ticket.rows.contains(&row), "{name}: no {row:?}");
            }
        }
        for finding in report.endpoints.iter().flat_map(|endpoint| &endpoint.findings) {
            for text in finding.evidence.iter().chain([&finding.message.clone().into_owned()]) {
                assert!(ticket.text.contains(text.as_str()), "{name}: {text}");
            }
        }
        is_inert(&name, &ticket);
    }
}

/// What to type to see that it helped stands beside each thing to do, as code that can be copied.
#[test]
fn a_ticket_says_how_to_test_it() {
    let (_, report) = reports().into_iter().find(|(name, _)| name == "tcp-failures").unwrap();
    let text = written(|out| markdown::report(&report, out));
    let silent =
        report.actions.iter().find(|it| it.causes.contains(&"tcp_timeout".into())).unwrap();
    let (one, again) = (&silent.destinations[0], "Says PASS when it is fixed: `pathproof check");
    let connect = format!("`Test-NetConnection {} -Port {}`", one.address.unwrap(), one.port);
    let of_task = text.split("How to test it:").nth(1).unwrap();
    assert!(text.contains(&connect) && of_task.contains(again), "{connect} {again}\n{text}");
}

/// Where a silence begins and what small segments did is evidence too.
#[test]
fn a_ticket_holds_what_was_asked_again() {
    for (case, facts) in [
        ("located", &["Where the silence to 40.112.72.101:443 begins: hop 1: 10.50.1.1; TCP "][..]),
        (
            "segments",
            &[
                "The same handshake with 40.112.72.101:443 with small segments: ",
                "segments of at most 1000 bytes: the handshake was completed (",
            ],
        ),
        ("tls-of-old", &["TLS 1.0 and 1.1 alone with "]),
        ("revocation", &["Revocation: http://"]),
    ] {
        let (_, report) = reports().into_iter().find(|(name, _)| name == case).unwrap();
        let text = ticket(&report).text;
        for fact in facts {
            assert!(text.contains(fact), "{case}: {fact}\n{text}");
        }
    }
}

/// The only HTML is ours, and nothing leads anywhere.
fn is_inert(name: &str, ticket: &Ticket) {
    assert!(ticket.links.is_empty(), "{name}: {:?}", ticket.links);
    for line in &ticket.html {
        let is_summary = line
            .strip_prefix("<details><summary>")
            .and_then(|rest| rest.strip_suffix("</summary>"))
            .is_some_and(|summary| !summary.contains(['<', '>', '"']));
        assert!(is_summary || line == "</details>" || line.is_empty(), "{name}: {line}");
    }
    let opened = ticket.html.iter().filter(|line| line.starts_with("<details>")).count();
    let closed = ticket.html.iter().filter(|line| *line == "</details>").count();
    assert_eq!(opened, closed, "{name}");
}

#[test]
fn text_of_strangers_stays_text() {
    let report = hostile::report();
    let text = written(|out| markdown::report(&report, out));
    let read = read(&text);
    is_inert("hostile", &read);
    for line in text.lines() {
        assert!(!line.starts_with("# heading") && !line.starts_with("- [x]"), "{line}");
    }
    for words in ["<script>alert(1)</script><img", "@everyone", "| a | b |", "**bold**"] {
        assert!(read.text.contains(words), "{words} is changed in\n{text}");
    }
    // What sites turn into links and mentions stands in code.
    let options = Options::ENABLE_TABLES;
    let bare = Parser::new_ext(&text, options).filter_map(|event| match event {
        Event::Text(text) => Some(text.into_string()),
        _ => None,
    });
    for text in bare {
        for mark in ["http:", "@everyone", "www.", "a@evil", "#1"] {
            assert!(!text.contains(mark), "{mark} in {text}");
        }
    }
}
