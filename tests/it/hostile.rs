//! Text that strangers chose, with all that some format might obey: inert in every format. A format
//! adds what it must not hold to [`FORMATS`].

use pathproof::model::{
    ChainTrust, Conclusion, Kind, Records, RouteFaultKind, Validity, is_obeyed,
};
use pathproof::report;

use crate::scene::{self, Probe, chain, gives, page, run, with_header};

/// What strangers say: markup, the ends of containers, quotes, escapes, marks that turn text round,
/// formulas and control characters. It begins with what a spreadsheet would compute.
pub(crate) const HOSTILE: &[&str] = &[
    "=cmd|' /C calc'!A0",
    "+1+1\"\"@SUM(1)",
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "]]><!--&amp;&#60;-->",
    "'\"`${{7*7}}\\",
    "[link](javascript:alert(1)) | cell | ```\n# heading",
    "\u{1b}[2J\u{1b}]8;;http://x\u{7}",
    "\u{202e}gnp.exe\u{202c}\u{2066}\u{200b}\u{feff}",
    "\r\n::error::x\u{0}\u{9b}31m\u{2028}",
];

/// Records in which each of them stands wherever a stranger's text can.
pub(crate) fn records() -> Records {
    let mut run = run();
    let all = HOSTILE.concat();
    run.vantage.hostname.clone_from(&all);
    run.vantage.account.clone_from(&all);
    run.vantage.os.clone_from(&all);
    run.vantage.proxy_source.clone_from(&all);
    run.options = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    run.agent_files_differ = vec![all.clone()];
    run.kept_in = Some(format!("{all}.jsonl"));
    let mut probes = Vec::new();
    for (number, text) in HOSTILE.iter().enumerate() {
        let title = page(403, text, &format!("<html><title>{text}</title>{text}"));
        let title = with_header(title, "Server", text);
        let title = with_header(title, "Via", text);
        let host = |what: &str| format!("{what}-{number}.servicebus.windows.net");
        let named = |what: &str| {
            Probe::of("relay", &host(what)).with(|endpoint| {
                endpoint.entry = format!("{text} entry");
                (*text).clone_into(&mut endpoint.purpose);
            })
        };
        let address = "40.112.72.101";
        probes.push(named("page").asks(gives(&[address])).goes(address, |way| {
            way.tcp().tls(scene::azure(&host("page"))).http(title.clone()).done()
        }));
        let issuer = format!("CN={text}");
        let shown = chain(
            &[&host("issuer"), text],
            &issuer,
            ChainTrust::Invalid { reason: (*text).to_owned() },
            ChainTrust::UnknownIssuer,
            Validity::Current,
        );
        probes.push(
            named("issuer")
                .asks(gives(&[address]))
                .goes(address, |way| way.tcp().tls(shown.clone()).done()),
        );
        let realm = with_header(
            page(407, text, ""),
            "Proxy-Authenticate",
            &format!("Basic realm=\"{text}\""),
        );
        probes.push(named("realm").by("http://10.0.0.8:3128").goes_by(
            "http://10.0.0.8:3128",
            "10.0.0.8:3128",
            |way| way.tcp().refused_with(realm.clone()),
        ));
        probes.push(named("script").faulty(RouteFaultKind::Script, text));
        probes.push(
            named("clear")
                .kind(Kind::Http)
                .asks(gives(&[address]))
                .goes(address, |way| way.tcp().http(title.clone()).done()),
        );
    }
    scene::records(run, probes)
}

/// A format: its name, what makes it of records, and what must hold for its text.
type Format = (&'static str, fn(&Records, &Conclusion) -> String, fn(&str));

const STYLE: report::Style = report::Style { width: 80, color: false };

pub(crate) const FORMATS: &[Format] = &[
    ("table", |records, concluded| report::table(records, concluded, &STYLE), lines_of_text),
    ("verbose", |records, concluded| report::verbose(records, concluded, &STYLE), lines_of_text),
    ("resolve", |records, _| report::resolve::table(records, &STYLE), lines_of_text),
    (
        "json",
        |records, concluded| {
            // As the program writes it: through the last writer before every file and terminal.
            let mut out = report::Guarded::new(Vec::new());
            report::json::report(records, concluded, None, &mut out).expect("memory");
            String::from_utf8(out.finish().expect("memory")).expect("JSON is UTF-8")
        },
        |text| {
            plain(text);
            serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        },
    ),
];

/// A terminal obeys nothing of it, and no line begins with what was said after a line break.
fn lines_of_text(text: &str) {
    plain(text);
    for beginning in ["::error::", "# heading"] {
        assert!(text.lines().all(|line| !line.starts_with(beginning)), "{beginning}\n{text}");
    }
}

/// No character that a terminal or a reader would obey, but line breaks.
fn plain(text: &str) {
    let obeyed = text.chars().find(|c| *c != '\n' && is_obeyed(*c));
    assert_eq!(obeyed, None, "{}", text.escape_debug());
}

#[test]
fn hostile_text_is_inert_in_every_format() {
    let records = records();
    let concluded = scene::conclude(&records);
    for (format, render, check) in FORMATS {
        let text = render(&records, &concluded);
        assert!(text.len() > 1000, "{format} is nearly empty:\n{text}");
        check(&text);
    }
}

/// The sample says what it is to say: diagnosis quotes titles, issuers and realms.
#[test]
fn hostile_text_comes_as_far_as_the_findings() {
    let concluded = scene::conclude(&records());
    let findings = format!("{:?}", concluded.verdicts);
    for part in ["<script>", "]]>", "=cmd", "javascript:"] {
        assert!(findings.contains(part), "{part}");
    }
}
