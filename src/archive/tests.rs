use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::model::{ChainTrust, OpenTrail, Route, Seen, TlsSession, Trust, Validity};

const RUN: &str = r#"{"type":"run","schema":"pathproof.records/1","version":"0.1.0","started_at":"2026-03-01T10:00:00Z","took_ns":5,"options":[],"vantage":{"hostname":"h","os":"Linux","account":"a","addresses":[],"resolvers":[],"proxy_source":"none"},"cloud":"public","lists":["adf-shir"],"private_networks":[],"is_resolver_given":false,"is_self_contained":false}"#;
const LOOKUP: &str =
    r#"{"type":"lookup","number":7,"resolver":"system","name":"a.contoso.com","exchanges":[]}"#;
const RECORD: &str = r#"{"type":"record","endpoint":{"entry":"relay","subject":{"name":"a.contoso.com"},"port":443,"kind":"relay","purpose":"p","required":true,"origin":"list","order":0,"expect":{"reach":"any","private_zones":[],"service_domains":[],"fingerprint":"none","service_tags":[]}},"route":{"intended":"any","configured":"direct","why":"w"},"lookups":[7],"trails":[],"at":"2026-03-01T10:00:01Z"}"#;

fn written(records: &Records) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(records, &mut bytes).unwrap();
    bytes
}

fn read_text(text: impl AsRef<[u8]>) -> Result<Records, String> {
    read(text.as_ref(), "saved.jsonl").map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_written_is_read(records in arbitrary::records()) {
        let bytes = written(&records);
        let again = read(&*bytes, "saved.jsonl").unwrap();
        prop_assert_eq!(&again, &records);
        prop_assert_eq!(written(&again), bytes);
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error(
        records in arbitrary::records(),
        at in any::<prop::sample::Index>(),
    ) {
        let bytes = written(&records);
        // Without the last line break nothing is lost.
        let cut = at.index(bytes.len() - 1);
        match read(&bytes[..cut], "saved.jsonl") {
            Ok(_) => prop_assert!(false, "read {cut} of {} bytes", bytes.len()),
            Err(error) => prop_assert!(error.to_string().starts_with("saved.jsonl:")),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        records in arbitrary::records(),
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = written(&records);
        for (at, byte) in noise {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&*bytes, "saved.jsonl");
    }
}

#[test]
fn shared_things_are_written_once_and_shared_again() {
    let text = format!("{RUN}\n{LOOKUP}\n{RECORD}\n{RECORD}\n");
    let records = read_text(&text).unwrap();
    let [first, second] = &records.records[..] else { panic!("two records") };
    assert!(Arc::ptr_eq(&first.lookups[0], &second.lookups[0]));
    let bytes = String::from_utf8(written(&records)).unwrap();
    assert_eq!(bytes.matches(r#""type":"lookup""#).count(), 1);
}

#[test]
fn a_chain_is_shared_by_its_certificates_whatever_was_made_of_it() {
    let mut records = read_text(format!("{RUN}\n{LOOKUP}\n{RECORD}\n")).unwrap();
    let certificate = Arc::new(crate::model::Certificate {
        der: Arc::from(&b"der"[..]),
        fingerprint: Sha256::digest(b"der").into(),
        subject: "CN=a".into(),
        issuer: "CN=b".into(),
        names: vec![],
        not_before: jiff::Timestamp::UNIX_EPOCH,
        not_after: jiff::Timestamp::UNIX_EPOCH,
        revocation: vec![],
    });
    for public in [ChainTrust::Trusted, ChainTrust::UnknownIssuer, ChainTrust::Trusted] {
        let host = ChainTrust::Trusted;
        let presented = Presented {
            chain: Arc::from([Arc::clone(&certificate)]),
            trust: Arc::new(Trust { public, host, validity: Validity::Current }),
        };
        let remote = "192.0.2.1:443".parse().unwrap();
        let mut open = OpenTrail::new(Route::Direct, remote, jiff::Timestamp::UNIX_EPOCH);
        open.pass(
            Seen::Tls(Box::new(TlsSession {
                version: "TLSv1_3".into(),
                cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
                presented,
            })),
            Duration::from_millis(1),
        );
        records.records[0].trails.push(open.complete());
    }
    let bytes = written(&records);
    let text = std::str::from_utf8(&bytes).unwrap();
    assert_eq!(text.matches(r#""type":"certificate""#).count(), 1);
    assert_eq!(text.matches(r#""type":"presented""#).count(), 2);
    let again = read(&*bytes, "saved.jsonl").unwrap();
    let shown: Vec<_> =
        again.records[0].trails.iter().map(|trail| &trail.tls().unwrap().presented).collect();
    assert!(Arc::ptr_eq(&shown[0].chain, &shown[1].chain));
    assert!(Arc::ptr_eq(&shown[0].trust, &shown[2].trust));
}

#[test]
fn errors_name_the_line_and_what_was_expected() {
    let newer = RUN.replace("records/1", "records/2");
    let more = RUN.replace(r#""version""#, r#""records":2,"version""#);
    let port = RECORD.replace(r#""port":443,"#, "");
    let kind = RECORD.replace(r#""kind":"relay""#, r#""kind":"relais""#);
    let name = RECORD.replace("a.contoso.com", "a b");
    let half = &RECORD[..200];
    let forged = r#"{"type":"certificate","sha256":"00000000000000000000000000000000000000000000000000000000000000ff","subject":"s","issuer":"i","names":[],"not_before":"2026-03-01T10:00:01Z","not_after":"2026-03-01T10:00:01Z","revocation":[],"der":"AAAA"}"#;
    let short = forged.replace("0000ff", "00ff");
    let presented = r#"{"type":"presented","number":0,"chain":["00000000000000000000000000000000000000000000000000000000000000ff"],"trust":{"public":"trusted","host":"trusted","validity":"current"}}"#;
    for (text, expected) in [
        (String::new(), "saved.jsonl:1: is empty"),
        ("PK\u{3}\u{4}".to_owned(), "saved.jsonl:1: holds no saved records"),
        (r#"{"schema":"pathproof.report/1"}"#.to_owned(), "saved.jsonl:1: this is a report; "),
        (newer, "saved.jsonl:1: has the schema \"pathproof.records/2\""),
        (format!("{more}\n{LOOKUP}\n{RECORD}\n"), "announces 2 records, and 1 are here"),
        (format!("{RUN}\n{LOOKUP}\n{port}\n"), "saved.jsonl:3: column 255: missing field `port`"),
        (format!("{RUN}\n{LOOKUP}\n{kind}\n"), "unknown variant `relais`, expected one of `https`"),
        (format!("{RUN}\n{LOOKUP}\n{name}\n"), "'a b' holds ' ', which no host name may hold"),
        (format!("{RUN}\n{RECORD}\n"), "saved.jsonl:2: lookup 7 is referred to"),
        (format!("{RUN}\n{RECORD}\n{LOOKUP}\n"), "saved.jsonl:2: lookup 7 is referred to"),
        (format!("{RUN}\n{presented}\n"), "saved.jsonl:2: certificate 000000"),
        (format!("{RUN}\n{LOOKUP}\n{LOOKUP}\n"), "saved.jsonl:3: lookup 7 stands in an earlier"),
        (format!("{RUN}\n{LOOKUP}\n{half}"), "saved.jsonl:3: the file is cut in the middle"),
        (format!("{RUN}\n{half}\n{LOOKUP}\n"), "saved.jsonl:2: column 200: EOF while parsing"),
        (format!("{RUN}\n{forged}\n"), "saved.jsonl:2: `sha256` is not the SHA-256 of `der`"),
        (format!("{RUN}\n{short}\n"), "the 64 hexadecimal digits of a SHA-256"),
        (format!("{RUN}\n{RUN}\n"), "saved.jsonl:2: a second run begins here"),
        (format!("{RUN}\n[[[[\n"), "saved.jsonl:2: column "),
        (format!("{RUN}\n{}\n", "[".repeat(100_000)), "saved.jsonl:2: column "),
    ] {
        let error = read_text(&text).unwrap_err();
        let start: String = text.chars().take(80).collect();
        assert!(error.contains(expected), "{start}…\n  {error}\n  {expected}");
    }
    let utf8 = [RUN.as_bytes(), b"\n{\"type\":\"rec\xff\"}\n"].concat();
    assert_eq!(read_text(utf8).unwrap_err(), "saved.jsonl:2: column 13: is not UTF-8");
}

#[test]
fn what_a_later_program_adds_is_passed_over() {
    let run = RUN.replace(r#""cloud""#, r#""colour":{"a":[1]},"cloud""#);
    let record = RECORD.replace(r#"{"type":"record","#, r#"{ "located": null, "type": "record","#);
    let text = format!("{run}\r\n{LOOKUP}\n\n{{\"type\":\"weather\"}}\n{record}");
    let expected = read_text(format!("{RUN}\n{LOOKUP}\n{RECORD}\n")).unwrap();
    assert_eq!(read_text(text).unwrap(), expected);
}

#[test]
fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let endless = io::Cursor::new(RUN).chain(io::repeat(b' '));
    let error = read(io::BufReader::new(endless), "-").unwrap_err();
    assert_eq!(error.to_string(), "-:1: the line is longer than 16 MiB");
}

/// Wherever the borders between the threads' shares fall.
#[test]
fn of_several_errors_the_first_is_told() {
    let good = format!("{RECORD}\n");
    for n_before in 0..12 {
        let head = format!("{RUN}\n{LOOKUP}\n{}", good.repeat(n_before));
        let unresolved = RECORD.replace("[7]", "[8]");
        for bad in [&*unresolved, LOOKUP, "{]"] {
            let text = format!("{head}{bad}\n{}{{]\n{unresolved}\n", good.repeat(3));
            let error = read_text(&text).unwrap_err();
            let position = format!("saved.jsonl:{}: ", n_before + 3);
            assert!(error.starts_with(&position), "{bad}: {error}, expected {position}");
        }
    }
}

#[test]
fn an_input_that_fails_keeps_the_order_of_errors() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let good = format!("{RECORD}\n");
    let head = format!("{RUN}\n{LOOKUP}\n{}", good.repeat(9));
    let read_from = |text: &str| {
        let input = io::Cursor::new(text.to_owned()).chain(Broken);
        read(io::BufReader::new(input), "-").unwrap_err().to_string()
    };
    assert_eq!(read_from(&head), "-:12: cannot be read: the disk is gone");
    let error = read_from(&format!("{head}{{]\n"));
    assert!(error.starts_with("-:12: column 2: "), "{error}");
}
