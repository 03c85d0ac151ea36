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
        (paragraphs, 2, "a.westeurope.datafactory.azure.net", Some("2026-11-20T10:12:30Z")),
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

const OLD: &str = "Failed to connect to contoso-old.westeurope.datafactory.azure.net";
const NEW: &str = "Failed to connect to contoso-new.westeurope.datafactory.azure.net";
const IS_NEW: &str = "contoso-new.westeurope.datafactory.azure.net";

/// The factory that was seen last is the runtime's, whatever country wrote the dates.
#[test]
fn dates_of_a_country_tell_which_factory_is_the_newest() {
    let table = |new: &str, old: &str| {
        let head = "   ProviderName: Integration Runtime\n\nTimeCreated   Id LevelDisplayName \
                    Message\n-----------   -- ---------------- -------\n";
        format!("{head}{new}    26 Error   {NEW}\n{old}   26 Error   {OLD}\n")
    };
    let list = |new: &str, old: &str| {
        format!(
            "\nTimeCreated : {old}\nId          : 26\nMessage     : {OLD}\n\nTimeCreated : \
             {new}\nId          : 26\nMessage     : {NEW}\n"
        )
    };
    let viewer = |new: &str, old: &str| {
        format!(
            "Level\tDate and Time\tSource\tEvent ID\tTask Category\r\n\
             Error\t{new}\tIntegration Runtime\t26\tNone\t\"{NEW}\"\r\n\
             Error\t{old}\tIntegration Runtime\t26\tNone\t\"{OLD}\"\r\n"
        )
    };
    for (new, old) in [
        ("3/20/2026 12:00:00 PM", "3/2/2024 12:00:00 PM"),
        ("4/3/2026 1:00:00 PM", "5/2/2024 12:00:00 PM"),
        ("03.04.2026 13:00:00", "02.05.2024 12:00:00"),
        ("20/03/2026 13:00:00", "02/03/2024 12:00:00"),
        ("2026-03-20 13:00:00", "2024-03-02 12:00:00"),
    ] {
        for text in [table(new, old), list(new, old), viewer(new, old)] {
            let found = found(&text);
            let names = hosts(&found.names);
            assert_eq!(names.len(), 1, "{text}: {names:?}");
            assert!(names[0].0 == IS_NEW && names[0].1.is_some(), "{text}: {names:?}");
            // More than 30 days older than the newest.
            assert_eq!(found.other_factories, [], "{text}");
            assert!(read(&text, self::names()).unwrap().has_times_without_zone, "{text}");
        }
    }
}

/// Nothing tells a day from a month: no factory is the newest, and none is taken for it.
#[test]
fn of_factories_without_a_time_none_is_chosen() {
    let undated = format!(
        "02/03/2026 12:00:00   26 Error   {NEW}\n05/03/2024 12:00:00   26 Error   {OLD}, \
         wu-relay-01.servicebus.windows.net\n"
    );
    let open = found(&undated);
    assert!(open.is_factory_open());
    assert_eq!(hosts(&open.names), [("wu-relay-01.servicebus.windows.net", None)]);
    assert_eq!(open.other_factories.len(), 2);
    assert_eq!(open.errors.len(), 2);
    // One alone is it, and so is the one that the configuration names.
    let alone = found("02/03/2026 12:00:00   26 Error   a.westeurope.datafactory.azure.net\n");
    assert!(!alone.is_factory_open() && alone.names.len() == 1, "{alone:?}");
    let configured = NameSource::Configuration {
        file: "diahost.exe.config".to_owned(),
        text: CleanText::of(IS_NEW, names()),
    };
    let log = NameSource::Log { called: "log".to_owned(), entries: entries(&undated) };
    let found = discover(&[configured, log], names());
    assert!(!found.is_factory_open());
    assert!(found.names.iter().any(|name| name.host.as_str() == IS_NEW), "{found:?}");
    assert_eq!(found.other_factories.len(), 1);
}

/// What stands before the first time of a log may be of any age.
#[test]
fn a_name_without_a_time_does_not_count_beside_those_with_one() {
    let text = "at old-relay-01.servicebus.windows.net\n2026-11-20 10:12:30Z Error \
                wu-relay-01.servicebus.windows.net\n";
    let found = found(text);
    assert_eq!(found.names.len(), 1, "{found:?}");
    assert_eq!(found.names[0].host.as_str(), "wu-relay-01.servicebus.windows.net");
    assert_eq!(found.errors.len(), 2);
    assert!(!read(text, names()).unwrap().has_times_without_zone);
}

#[test]
fn a_table_of_event_viewer_says_how_bad_an_event_is() {
    for (line, expected) in [
        ("Error\t3/20/2026 12:00:00 PM\tx\t26\tNone\t\"no\"", Some(LogLevel::Trouble)),
        ("Information,20.03.2026 12:00:00,x,26,None,\"no\"", Some(LogLevel::Information)),
        ("Fehler\t20.03.2026 12:00:00\tx\t26\tKeine\t\"no\"", None),
    ] {
        assert_eq!(entries(line)[0].level, expected, "{line}");
    }
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
        "Error\t11/20/2026 10:12:30 AM\tIntegration Runtime\t26\tNone\t\"no\"\n",
        "Fehler\t20.11.2026 10:12:30\tIntegration Runtime\t26\tKeine\t\"no\"\n",
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
