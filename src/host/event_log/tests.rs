use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::files::decode_lossy;
use crate::host::{Discovery, NameSource, SeenName, discover};

const XML: &str = include_str!("../../../tests/data/event-log/offline.xml");
const PLAIN: &str = include_str!("../../../tests/data/event-log/offline.txt");

fn names() -> &'static RuntimeNames {
    static NAMES: LazyLock<RuntimeNames> = LazyLock::new(RuntimeNames::embedded);
    &NAMES
}

fn entries(text: &str) -> Vec<LogEntry> {
    read(text, names()).unwrap_or_default().entries
}

fn found(text: &str) -> Discovery {
    let source = NameSource::Log { called: "log".to_owned(), entries: entries(text) };
    discover(&[source], names())
}

fn hosts(names: &[SeenName]) -> Vec<(&str, Option<String>)> {
    let at = |name: &SeenName| name.sighting.seen_at.map(|at| format!("{at:.0}"));
    names.iter().map(|name| (name.host.as_str(), at(name))).collect()
}

/// Whatever form a log was exported in, the same names and errors are in it.
#[test]
fn an_offline_node_names_its_factory_and_relays() {
    let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<Events>{XML}</Events>");
    let rendered = XML.replace("<EventData><Data>", "<EventData/><RenderingInfo><Message>");
    let rendered = rendered.replace("</Data></EventData>", "</Message></RenderingInfo>");
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(XML.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let spoilt = XML.replacen("<Channel>", "<Channel>&nothing;", 1);
    for text in [XML, &*declared, &*rendered, &*decode_lossy(&utf16)] {
        let found = found(text);
        assert_eq!(
            hosts(&found.names),
            [
                (
                    "contoso-adf.westeurope.datafactory.azure.net",
                    Some("2026-11-20T10:12:30Z".to_owned())
                ),
                ("wu-relay-01.servicebus.windows.net", Some("2026-11-20T10:11:58Z".to_owned())),
            ]
        );
        // The frontend was named more than 30 days before the newest entry.
        assert_eq!(
            hosts(&found.other_factories),
            [(
                "contoso-old.westeurope.datafactory.azure.net",
                Some("2026-11-02T08:00:00Z".to_owned())
            )]
        );
        let errors: Vec<String> =
            found.errors.iter().map(|one| format!("{:.0}", one.at.unwrap())).collect();
        assert_eq!(
            errors,
            ["2026-11-20T10:12:30Z", "2026-11-20T10:11:58Z", "2026-11-02T08:00:00Z"]
        );
        assert!(found.errors[0].text.contains("the error code is: UnexpectedFault"));
        assert!(found.errors[0].text.contains("key IR@****@ServiceEndpoint=contoso-adf."));
    }
    // One event that is no XML costs itself alone.
    let found = self::found(&spoilt);
    assert_eq!(found.names.len(), 2, "{found:?}");
}

#[test]
fn text_exports_are_read_too() {
    let paragraphs = "TimeCreated : 11/20/2026 10:12:30\nMessage : cannot reach \
                      a.westeurope.datafactory.azure.net\n\nMessage : started\n";
    let lines = "2026-11-20 10:12:30Z ERROR a.westeurope.datafactory.azure.net: no\n  at more\n\
                 2026-11-20 10:12:31Z started\n";
    for (text, entries, host, at) in [
        (PLAIN, 2, "contoso-adf.westeurope.datafactory.azure.net", Some("2026-11-20T10:12:30Z")),
        (paragraphs, 2, "a.westeurope.datafactory.azure.net", None),
        (lines, 2, "a.westeurope.datafactory.azure.net", Some("2026-11-20T10:12:30Z")),
    ] {
        let read = self::entries(text);
        assert_eq!(read.len(), entries, "{read:?}");
        let found = found(text);
        assert_eq!(hosts(&found.names), [(host, at.map(str::to_owned))], "{text}");
    }
    let entries = entries(PLAIN);
    let levels: Vec<_> = entries.iter().map(|entry| entry.level).collect();
    assert_eq!(levels, [Some(LogLevel::Trouble), Some(LogLevel::Information)]);
    assert!(entries[0].text.as_str().starts_with("Failed to get"), "{entries:?}");
}

#[test]
fn bytes_of_any_code_page_are_read() {
    let german = b"<Event><System/><EventData><Data>f\xfcr a.servicebus.windows.net</Data>\
                   </EventData></Event>";
    assert_eq!(found(&decode_lossy(german)).names.len(), 1);
    assert_eq!(decode_lossy(b"\xff\xfea\0\0\xd8b\0x"), "a\u{fffd}b");
    assert_eq!(decode_lossy(b"\xfe\xff"), "");
}

#[test]
fn an_event_of_any_depth_is_read_or_passed_over() {
    let (opened, closed) = ("<a>".repeat(100_000), "</a>".repeat(100_000));
    let deep = format!("<Event><System/><EventData>{opened}{closed}</EventData></Event>");
    assert!(entries(&deep).len() <= 1);
}

/// The newest events stand last where `wevtutil` was not told otherwise.
#[test]
fn a_long_export_is_read_to_its_end() {
    let old = "2026-11-01 08:00:00Z contoso-old.westeurope.datafactory.azure.net\n".repeat(60_000);
    let text = format!("{old}2026-11-20 08:00:00Z contoso-new.westeurope.datafactory.azure.net\n");
    let found = found(&text);
    assert_eq!(found.names[0].host.as_str(), "contoso-new.westeurope.datafactory.azure.net");
}

#[test]
fn what_was_logged_with_control_characters_is_read() {
    let spoilt = XML.replacen("Failed to", "&#27;[31mFailed&#x0; to&#10;\u{1b}", 1);
    let log = read(&spoilt, names()).unwrap();
    assert_eq!(log.unreadable, 0);
    assert_eq!(log.entries.len(), entries(XML).len());
    assert!(
        log.entries.iter().any(|one| one.text.as_str().contains("\u{fffd}[31mFailed\u{fffd} to\n"))
    );
    assert_eq!(
        read(&XML.replacen("<Channel>", "<Channel>&nothing;", 1), names()).unwrap().unreadable,
        1
    );
}

#[test]
fn what_is_no_log_is_refused() {
    let windows_own = "ElfFile\0\0\0";
    let prose =
        "# pathproof\n\nIt probes contoso-hub.servicebus.windows.net, whose time is 10:11.\n";
    for (text, expected) in [
        (windows_own, NoEvents::Evtx),
        ("a\0b", NoEvents::Binary),
        ("", NoEvents::Nothing),
        (prose, NoEvents::Nothing),
        ("<Events></Events>", NoEvents::Nothing),
    ] {
        assert_eq!(read(text, names()), Err(expected), "{text}");
    }
    for text in [
        "Error,11/20/2026 10:12:30 AM,Integration Runtime,26,None,\"no\"\n",
        "11/20/2026 10:12:30 AM   26 Error   no\n",
        "20.11.2026 10:12:30   26 Fehler   no\n",
        "Log Name:      Integration Runtime\nDescription:\nno\n",
    ] {
        assert_eq!(entries(text).len(), 1, "{text}");
    }
}

/// A whole key, wherever it stands in an export, is in nothing that is read of it.
#[test]
fn keys_in_every_position_are_gone() {
    const SECRET: &str = "q7Zk1+WmT0r/9aXcV3bN5sLpY8eHdUgJfQ2iOtR4xE6=";
    let key =
        format!("IR@1@contoso-adf@ServiceEndpoint=a.westeurope.datafactory.azure.net@{SECRET}");
    for export in [XML, PLAIN] {
        let places = export.char_indices().map(|(at, _)| at).step_by(7).chain([export.len()]);
        for at in places {
            for planted in [key.clone(), format!(" {key} "), format!("\n{SECRET}\n")] {
                let text = format!("{}{planted}{}", &export[..at], &export[at..]);
                let shown = format!("{:?}{:?}", read(&text, names()), found(&text));
                for part in [&SECRET[..14], &SECRET[15..30], &SECRET[30..]] {
                    assert!(!shown.contains(part), "at {at}: {shown}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn no_export_makes_it_panic(
        text in "(<Event>|<Event |</Event>|<System|/>|Event\\[1|Date: |Description:|\
                 2026-11-20 1|\\PC|\n)*",
        bytes in prop::collection::vec(any::<u8>(), 0..64)
    ) {
        let _ = (read(&text, names()), read(&decode_lossy(&bytes), names()));
    }
}

#[test]
fn secrets_are_masked_where_only_their_element_names_them() {
    let event = |data: &str| {
        let system = "<System><Level>2</Level></System>";
        let text = format!("<Event>{system}<EventData>{data}</EventData></Event>");
        entries(&text).iter().map(|entry| entry.text.as_str().to_owned()).collect::<String>()
    };
    for (data, expected) in [
        ("<Data Name='Password'>Gehe im1</Data><Data Name='Error'>no</Data>", "****\nno"),
        ("<Data Name='ProxyToken'><Value>Geheim1</Value></Data>", "****"),
        ("<x><UserPassword>Geheim1</UserPassword></x>", "****"),
        ("<Data Name='Host'>a.contoso.com</Data>", "a.contoso.com"),
        (
            "<Data>&lt;password&gt;Geheim1&lt;/password&gt; no</Data>",
            "<password>****</password> no",
        ),
        (
            "<Data>dmgcmd -gbf &quot;C:\\b.dat&quot; &quot;Geh eim1&quot; failed</Data>",
            "dmgcmd -gbf \"C:\\b.dat\" **** failed",
        ),
    ] {
        assert_eq!(event(data), expected, "{data}");
    }
}
