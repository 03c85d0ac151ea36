use std::net::Ipv4Addr;

use hickory_proto::op::{Edns, MessageType};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use proptest::prelude::*;

use super::*;

const ID: u16 = 0xbeef;

fn host(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

fn record(line: &str) -> Record {
    let [owner, ttl, kind, data] = line.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{line}: owner, ttl, type, data")
    };
    let name = |text: &str| Name::from_ascii(format!("{text}.")).unwrap();
    let data = match kind {
        "A" => RData::A(A(data.parse().unwrap())),
        "AAAA" => RData::AAAA(AAAA(data.parse().unwrap())),
        "CNAME" => RData::CNAME(CNAME(name(data))),
        other => panic!("{other}"),
    };
    Record::from_rdata(name(owner), ttl.parse().unwrap(), data)
}

/// A server's packet: `question` echoed, `code`, and one record a line.
fn packet(question: &DnsQuestion, code: u16, lines: &[&str]) -> Vec<u8> {
    let mut message = Message::from_vec(&question.packet(ID, Extension::Edns)).unwrap();
    message.metadata.message_type = MessageType::Response;
    message.metadata.response_code = code.into();
    let mut edns = Edns::new();
    edns.set_rcode_high((code >> 4).to_be_bytes()[1]);
    message.edns = Some(edns);
    message.add_answers(lines.iter().map(|line| record(line)));
    message.to_vec().unwrap()
}

fn read(question: &DnsQuestion, packet: &[u8]) -> Result<Answer, Malformed> {
    question.response(ID, packet).unwrap().read()
}

/// The chain as `owner ttl type data` lines.
fn lines(answer: &Answer) -> Vec<String> {
    let line = |link: &ChainLink| {
        let data = match &link.data {
            LinkData::Alias(target) => format!("CNAME {target}"),
            LinkData::Address(address) => {
                format!("{} {address}", Family::of(*address).record_type())
            }
        };
        format!("{} {} {data}", link.name, link.ttl)
    };
    answer.chain.iter().map(line).collect()
}

#[test]
fn a_question_is_what_dig_sends() {
    let question = DnsQuestion::new(&host("a.bc"), Family::V6);
    let plain = b"\xbe\xef\x01\x00\0\x01\0\0\0\0\0\0\x01a\x02bc\0\0\x1c\0\x01";
    assert_eq!(question.packet(ID, Extension::None), plain);

    let mut extended = plain.to_vec();
    extended[11] = 1;
    extended.extend(b"\0\0\x29\x04\xd0\0\0\0\0\0\0"); // OPT, 1232
    assert_eq!(question.packet(ID, Extension::Edns), extended);
}

#[test]
fn chains_are_followed_to_their_addresses() {
    use ResponseCode::{NoError, NxDomain, Other, Refused, ServFail};
    let links = ["a.test 60 CNAME b.test", "b.test 30 CNAME c.test", "c.test 5 A 10.0.0.1"];
    let [first, second, last] = links;
    for (what, code, sent, expected, expected_code, is_loop) in [
        ("address", 0, &[last][..], &[][..], NoError, false),
        ("own address", 0, &["a.test 5 A 10.0.0.1"], &["a.test 5 A 10.0.0.1"], NoError, false),
        ("chain", 0, &links, &links, NoError, false),
        ("any order", 0, &[last, second, first], &links, NoError, false),
        ("chain to nothing", 3, &[first, second], &[first, second], NxDomain, false),
        ("nodata", 0, &[], &[], NoError, false),
        ("servfail", 2, &[], &[], ServFail, false),
        ("refused", 5, &[], &[], Refused, false),
        ("code beyond the header (BADVERS)", 16, &[], &[], Other(16), false),
        (
            "alias of itself",
            0,
            &["a.test 1 CNAME a.test"],
            &["a.test 1 CNAME a.test"],
            NoError,
            true,
        ),
        (
            "loop further on",
            0,
            &[first, "b.test 1 CNAME A.test"],
            &[first, "b.test 1 CNAME a.test"],
            NoError,
            true,
        ),
        (
            "case differs",
            0,
            &["A.TEST 60 CNAME B.test", "b.TEST 5 A 10.0.0.1"],
            &["a.test 60 CNAME b.test", "b.test 5 A 10.0.0.1"],
            NoError,
            false,
        ),
        (
            "other family, other names and repetitions",
            0,
            &[
                "a.test 5 AAAA fd00::1",
                "x.test 5 A 10.0.0.9",
                "a.test 7 A 10.0.0.2",
                "a.test 7 A 10.0.0.2",
            ],
            &["a.test 7 A 10.0.0.2"],
            NoError,
            false,
        ),
        (
            "second alias of a name",
            0,
            &[first, "a.test 1 CNAME x.test", "b.test 5 A 10.0.0.1"],
            &[first, "b.test 5 A 10.0.0.1"],
            NoError,
            false,
        ),
        (
            "ttl with the top bit",
            0,
            &["a.test 2147483648 A 10.0.0.1"],
            &["a.test 0 A 10.0.0.1"],
            NoError,
            false,
        ),
        (
            "longest ttl",
            0,
            &["a.test 2147483647 A 10.0.0.1"],
            &["a.test 2147483647 A 10.0.0.1"],
            NoError,
            false,
        ),
    ] {
        let question = DnsQuestion::new(&host("a.test"), Family::V4);
        let answer = read(&question, &packet(&question, code, sent)).unwrap();
        assert_eq!(lines(&answer), expected, "{what}");
        assert_eq!((answer.code, answer.is_loop), (expected_code, is_loop), "{what}");
    }
}

#[test]
fn aaaa_is_read_for_its_family() {
    let question = DnsQuestion::new(&host("a.test"), Family::V6);
    let sent = ["a.test 5 A 10.0.0.1", "a.test 5 AAAA fd00::1"];
    let answer = read(&question, &packet(&question, 0, &sent)).unwrap();
    assert_eq!(lines(&answer), ["a.test 5 AAAA fd00::1"]);
}

#[test]
fn chains_and_addresses_are_bounded() {
    let question = DnsQuestion::new(&host("n0.test"), Family::V4);
    let chain = |length: usize| -> Vec<String> {
        (0..length).map(|n| format!("n{n}.test 1 CNAME n{}.test", n + 1)).collect()
    };
    let of = |lines: &[String]| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        read(&question, &packet(&question, 0, &lines))
    };
    assert_eq!(of(&chain(MAX_ALIASES)).unwrap().chain.len(), MAX_ALIASES);
    assert_eq!(of(&chain(MAX_ALIASES + 1)), Err(Malformed::TooManyAliases));

    let many: Vec<String> =
        (0..1000).map(|n| format!("n0.test 1 A {}", Ipv4Addr::from(0x0a00_0000 + n))).collect();
    let kept = of(&many).unwrap();
    assert_eq!(kept.chain.len(), MAX_ADDRESSES);
    assert_eq!(kept.addresses().next().unwrap().to_string(), "10.0.0.0");
    assert!(kept.is_cut);
    // As many as are kept are all of them, though one be sent twice.
    let mut whole = many[..MAX_ADDRESSES].to_vec();
    whole.push(whole[0].clone());
    assert!(!of(&whole).unwrap().is_cut);
}

#[test]
fn only_the_own_response_is_taken() {
    let question = DnsQuestion::new(&host("a.test"), Family::V4);
    let other = |name: &str, family| packet(&DnsQuestion::new(&host(name), family), 0, &[]);
    let good = packet(&question, 0, &[]);
    let changed = |index: usize, value: u8| {
        let mut packet = good.clone();
        packet[index] = value;
        packet
    };
    let class_at = question.end - 1;
    for (what, packet, expected) in [
        ("good", good.clone(), None),
        ("case of the name", changed(13, b'A'), None),
        ("empty", Vec::new(), Some(Mismatch::NoResponse)),
        ("shorter than a header", good[..11].to_vec(), Some(Mismatch::NoResponse)),
        ("a query", question.packet(ID, Extension::Edns), Some(Mismatch::NoResponse)),
        ("opcode NOTIFY", changed(2, 0xa1), Some(Mismatch::NoResponse)),
        ("other id", changed(0, 0), Some(Mismatch::OtherId)),
        ("other name", other("b.test", Family::V4), Some(Mismatch::OtherQuestion)),
        ("longer name", other("a.test.test", Family::V4), Some(Mismatch::OtherQuestion)),
        ("other type", other("a.test", Family::V6), Some(Mismatch::OtherQuestion)),
        ("other class", changed(class_at, 3), Some(Mismatch::OtherQuestion)),
        ("two questions", changed(5, 2), Some(Mismatch::OtherQuestion)),
        ("cut in the question", good[..15].to_vec(), Some(Mismatch::OtherQuestion)),
    ] {
        assert_eq!(question.response(ID, &packet).err(), expected, "{what}");
    }
}

#[test]
fn codes_without_a_question_are_taken_unless_they_speak_of_a_name() {
    let question = DnsQuestion::new(&host("a.test"), Family::V4);
    for (code, expected) in [
        (0, None),
        (1, Some(ResponseCode::Other(1))),
        (2, Some(ResponseCode::ServFail)),
        (3, None),
        (5, Some(ResponseCode::Refused)),
    ] {
        let packet = [0xbe, 0xef, 0x80, code, 0, 0, 0, 0, 0, 0, 0, 0];
        let found = question.response(ID, &packet).ok().map(|response| {
            assert_eq!(response.refuses_edns(), code == 1);
            response.read().unwrap().code
        });
        assert_eq!(found, expected, "{code}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let question = DnsQuestion::new(&host("a.test"), Family::V4);
    let good = packet(&question, 0, &["a.test 5 A 10.0.0.1"]);
    let address_length = good.len() - 11 - 5; // before the address and the OPT record
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("cut in a record", good[..question.end + 4].to_vec(), "cannot be read"),
        (
            "an address of three bytes",
            {
                let mut packet = good.clone();
                packet[address_length] = 3;
                packet
            },
            "cannot be read",
        ),
        (
            "a name that points to itself",
            {
                let mut packet = good.clone();
                let at = u8::try_from(question.end).unwrap();
                packet[question.end..question.end + 2].copy_from_slice(&[0xc0, at]);
                packet
            },
            "cannot be read",
        ),
        (
            "an alias that is no host name",
            packet(&question, 0, &["a.test 5 CNAME *.test"]),
            "the alias of a.test leads to no host name: '*.test' holds '*'",
        ),
    ];
    for (what, packet, expected) in cases {
        let error = read(&question, &packet).expect_err(what).to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[test]
fn a_broken_opt_record_does_not_spoil_the_answer() {
    let question = DnsQuestion::new(&host("a.test"), Family::V4);
    let mut sent = packet(&question, 0, &["a.test 5 A 10.0.0.1"]);
    sent.truncate(sent.len() - 3);
    assert_eq!(lines(&read(&question, &sent).unwrap()), ["a.test 5 A 10.0.0.1"]);
}

#[test]
fn truncation_is_told() {
    let question = DnsQuestion::new(&host("a.test"), Family::V4);
    let mut sent = packet(&question, 0, &[]);
    assert!(!question.response(ID, &sent).unwrap().is_truncated());
    sent[2] |= 2;
    assert!(question.response(ID, &sent).unwrap().is_truncated());
}

#[test]
fn the_longest_name_is_asked_for() {
    let name = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(61));
    let question = DnsQuestion::new(&host(&name), Family::V4);
    assert_eq!(name.len(), 253);
    assert!(read(&question, &packet(&question, 0, &[])).is_ok());
}

proptest! {
    /// Whatever follows a header and a question that match: read or refused, never a panic, and
    /// what is kept is bounded and belongs to the chain.
    #[test]
    fn foreign_bytes_never_panic(
        counts in prop::array::uniform6(any::<u8>()),
        code in any::<u8>(),
        tail in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let question = DnsQuestion::new(&host("a.test"), Family::V4);
        let mut packet = question.packet(ID, Extension::None);
        packet[2] |= 0x80;
        packet[3] = code;
        packet[6..12].copy_from_slice(&counts);
        packet.extend(tail);
        if let Ok(answer) = question.response(ID, &packet).unwrap().read() {
            prop_assert!(answer.chain.len() <= MAX_ALIASES + MAX_ADDRESSES);
            prop_assert!(answer.chain.first().is_none_or(|link| link.name.as_str() == "a.test"));
        }
    }

    #[test]
    fn arbitrary_bytes_are_nobodys(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let question = DnsQuestion::new(&host("a.test"), Family::V4);
        let id = response_id(&bytes).unwrap_or(0);
        if let Ok(response) = question.response(id, &bytes) {
            prop_assert_eq!(&bytes[4..6], &[0, 0]);
            prop_assert!(response.read().is_ok_and(|answer| answer.chain.is_empty()));
        }
    }

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
    ) {
        let question = DnsQuestion::new(&host("a.test"), Family::V4);
        let links = ["a.test 60 CNAME b.test", "b.test 30 CNAME c.test", "c.test 5 A 10.0.0.1"];
        let mut packet = packet(&question, 0, &links);
        for (index, value) in changes {
            let index = index.index(packet.len());
            packet[index] = value;
        }
        packet.truncate(length.index(packet.len()) + 1);
        if let Ok(Ok(answer)) = question.response(ID, &packet).map(|response| response.read()) {
            for pair in answer.chain.windows(2) {
                let LinkData::Alias(target) = &pair[0].data else { continue };
                prop_assert!(*target == pair[1].name || answer.is_loop);
            }
        }
    }
}
