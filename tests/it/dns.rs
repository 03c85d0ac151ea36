//! The exchange with name servers that behave and that do not.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hickory_proto::rr::RecordType;
use pathproof::model::{DnsFailure, Exchange, Family, HostName, Lookup, LookupOutcome, Transport};
use pathproof::probe::Connector;
use pathproof::probe::dns::{DnsClient, DnsSettings};

use crate::loopback::dns::{Asked, Say, Server};

const TIMEOUT: Duration = Duration::from_millis(500);

fn name(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

fn client(servers: &[SocketAddr], families: &[Family], timeout: Duration) -> DnsClient {
    let settings = DnsSettings {
        timeout,
        families: families.to_vec(),
        source: None,
        asks_system: false,
        connector: Connector::network(),
    };
    DnsClient::new(servers.to_vec(), settings)
}

/// Asks one server for the A of one name.
async fn ask(server: SocketAddr, host: &str) -> Exchange {
    let lookups = client(&[server], &[Family::V4], TIMEOUT).lookup(&name(host)).await;
    assert_eq!((lookups.len(), lookups[0].exchanges.len()), (1, 1));
    lookups[0].exchanges[0].clone()
}

fn texts(lookup: &Lookup) -> Vec<String> {
    lookup.addresses().iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_a_server_has_its_own_outcome() {
    let garbage = || Say::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    let server = Server::start(move |asked| match asked.name.as_str() {
        "good.test" => Say::addresses(asked, 2),
        "dangling.test" => Say::code(3, &["dangling.test 60 CNAME x.privatelink.test"]),
        "nodata.test" => Say::records(&[]),
        "servfail.test" => Say::code(2, &[]),
        "refused.test" => Say::code(5, &[]),
        "notauth.test" => Say::code(9, &[]),
        "loop.test" => {
            Say::records(&["loop.test 5 CNAME pool.test", "pool.test 5 CNAME loop.test"])
        }
        "thousand.test" => Say::addresses(asked, 1000),
        "garbage.test" => garbage(),
        "cut.test" => Say::All(vec![Say::Echo(b"\x81\x80\0\x01\0\x01\0\0\0\0\x03cut".to_vec())]),
        "other-id.test" => Say::OtherId(Ipv4Addr::LOCALHOST),
        "other-question.test" => Say::OtherQuestion,
        "forged-first.test" => Say::All(vec![
            Say::OtherId(Ipv4Addr::LOCALHOST),
            Say::OtherQuestion,
            garbage(),
            Say::addresses(asked, 1),
        ]),
        "no-edns.test" if asked.has_edns => Say::code(1, &[]),
        "no-edns.test" => Say::addresses(asked, 1),
        "always-formerr.test" => Say::code(1, &[]),
        "edns-dropped.test" if asked.has_edns => Say::Nothing,
        "edns-dropped.test" => Say::addresses(asked, 1),
        "lost-first.test" if asked.n_before == 0 => Say::Nothing,
        "lost-first.test" => Say::addresses(asked, 1),
        "slow.test" => Say::Late(Duration::from_millis(350), Box::new(Say::addresses(asked, 1))),
        "tc.test" if !asked.over_tcp => Say::Truncated,
        "tc.test" => Say::addresses(asked, 200),
        "tc-silent.test" if !asked.over_tcp => Say::Truncated,
        "tc-closed.test" if !asked.over_tcp => Say::Truncated,
        "tc-closed.test" => Say::Close,
        "tc-wrong.test" if !asked.over_tcp => Say::Truncated,
        "tc-wrong.test" => Say::OtherQuestion,
        "tc-cut.test" if !asked.over_tcp => Say::Truncated,
        "tc-cut.test" => Say::Bytes(vec![0, 99, 1, 2, 3]),
        _ => Say::Nothing,
    });
    let cases = [
        ("good.test", LookupOutcome::Addresses, 2, Transport::Udp),
        ("dangling.test", LookupOutcome::NxDomain, 0, Transport::Udp),
        ("nodata.test", LookupOutcome::NoData, 0, Transport::Udp),
        ("servfail.test", LookupOutcome::ServFail, 0, Transport::Udp),
        ("refused.test", LookupOutcome::Refused, 0, Transport::Udp),
        ("notauth.test", LookupOutcome::OtherCode(9), 0, Transport::Udp),
        ("loop.test", LookupOutcome::Loop, 0, Transport::Udp),
        ("thousand.test", LookupOutcome::Addresses, 256, Transport::Udp),
        ("garbage.test", LookupOutcome::Malformed, 0, Transport::Udp),
        ("cut.test", LookupOutcome::Malformed, 0, Transport::Udp),
        ("other-id.test", LookupOutcome::Malformed, 0, Transport::Udp),
        ("other-question.test", LookupOutcome::Malformed, 0, Transport::Udp),
        ("forged-first.test", LookupOutcome::Addresses, 1, Transport::Udp),
        ("no-edns.test", LookupOutcome::Addresses, 1, Transport::Udp),
        ("always-formerr.test", LookupOutcome::OtherCode(1), 0, Transport::Udp),
        ("edns-dropped.test", LookupOutcome::Addresses, 1, Transport::Udp),
        ("lost-first.test", LookupOutcome::Addresses, 1, Transport::Udp),
        ("slow.test", LookupOutcome::Addresses, 1, Transport::Udp),
        ("silence.test", LookupOutcome::TimedOut, 0, Transport::Udp),
        ("tc.test", LookupOutcome::Addresses, 200, Transport::Tcp),
        ("tc-silent.test", LookupOutcome::TcpBlocked, 0, Transport::Tcp),
        ("tc-closed.test", LookupOutcome::Malformed, 0, Transport::Tcp),
        ("tc-wrong.test", LookupOutcome::Malformed, 0, Transport::Tcp),
        ("tc-cut.test", LookupOutcome::Malformed, 0, Transport::Tcp),
    ];
    let began = Instant::now();
    let address = server.address;
    let exchanges = join_all(cases.iter().map(|(host, ..)| ask(address, host))).await;
    for ((host, outcome, n_addresses, transport), exchange) in cases.iter().zip(&exchanges) {
        let found = exchange.result.as_ref().map_or(0, |answer| answer.addresses().count());
        assert_eq!((exchange.outcome(), found), (*outcome, *n_addresses), "{host}: {exchange:?}");
        assert_eq!(exchange.transport, *transport, "{host}");
    }
    assert!(began.elapsed() < 2 * TIMEOUT + Duration::from_millis(500), "{:?}", began.elapsed());

    let detail = |host: &str| {
        let index = cases.iter().position(|case| case.0 == host).unwrap();
        match &exchanges[index].result {
            Err(DnsFailure::Malformed { detail }) => detail.clone(),
            other => panic!("{host}: {other:?}"),
        }
    };
    for (host, expected) in [
        ("garbage.test", "3 packets came, none of which is an answer: bytes that are no DNS"),
        ("other-id.test", "a response with another id"),
        ("other-question.test", "a response to another question"),
        ("tc-closed.test", "the TCP connection was closed before the end of the answer"),
        ("tc-wrong.test", "over TCP came a response to another question"),
    ] {
        assert!(detail(host).contains(expected), "{host}: {}", detail(host));
    }
    // A chain keeps its links though it ends in nothing.
    let dangling = exchanges[1].result.as_ref().unwrap();
    assert_eq!((dangling.chain.len(), dangling.chain[0].ttl), (1, 60));
    // The first packet was lost, the second was not.
    let lost = &exchanges[16];
    assert!(lost.took >= TIMEOUT / 5 && lost.took < 3 * TIMEOUT / 5, "{:?}", lost.took);
}

#[tokio::test]
async fn silence_is_asked_three_times() {
    let server = Server::start(|_| Say::Nothing);
    let exchange = ask(server.address, "a.test").await;
    assert_eq!(exchange.result, Err(DnsFailure::TimedOut { asked: 3 }));
    assert!(exchange.took >= TIMEOUT && exchange.took < 2 * TIMEOUT, "{:?}", exchange.took);
    let asked = server.asked();
    let edns: Vec<bool> = asked.iter().map(|asked| asked.has_edns).collect();
    assert_eq!(edns, [true, true, false]);
    let under: HashSet<(u16, u16)> = asked.iter().map(|asked| (asked.id, asked.port)).collect();
    assert_eq!(under.len(), 1, "a repeated question keeps its id and port: {under:?}");
}

#[tokio::test]
async fn a_closed_port_is_no_silence() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let began = Instant::now();
    let exchange = ask(closed, "a.test").await;
    assert!(matches!(exchange.result, Err(DnsFailure::PortClosed(_))), "{exchange:?}");
    assert!(began.elapsed() < TIMEOUT, "{:?}", began.elapsed());
}

/// A port that is closed when the question is asked, and open before it is asked again.
async fn ask_across_a_restart(script: fn(&Asked) -> Say) -> Exchange {
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = client(&[address], &[Family::V4], Duration::from_secs(5));
    let asking = tokio::spawn(async move { client.lookup(&name("a.test")).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let _server = Server::start_at(address, script);
    asking.await.unwrap()[0].exchanges[0].clone()
}

#[tokio::test]
async fn a_server_that_is_restarted_is_waited_for() {
    let exchange = ask_across_a_restart(|asked| Say::addresses(asked, 1)).await;
    assert_eq!(exchange.outcome(), LookupOutcome::Addresses, "{exchange:?}");
}

#[tokio::test]
async fn one_icmp_error_and_then_silence_is_a_closed_port() {
    // ICMP errors are rationed: the second question meets silence.
    let exchange = ask_across_a_restart(|_| Say::Nothing).await;
    assert!(matches!(exchange.result, Err(DnsFailure::PortClosed(_))), "{exchange:?}");
    assert!(exchange.took < Duration::from_secs(2), "{:?}", exchange.took);
}

#[tokio::test]
async fn truncated_with_tcp_closed_is_told() {
    let server = Server::start_without_tcp(|_| Say::Truncated);
    let exchange = ask(server.address, "a.test").await;
    let Err(DnsFailure::TcpBlocked { os: Some(os) }) = &exchange.result else {
        panic!("{exchange:?}")
    };
    assert!(os.symbol.ends_with("ECONNREFUSED"), "{os}");
}

#[tokio::test]
async fn servers_are_asked_at_once_and_kept_apart() {
    let split = |asked: &Asked| match asked.record_type {
        RecordType::A => Say::records(&["a.test 5 A 10.0.0.1"]),
        _ => Say::records(&["a.test 5 AAAA fd00::1"]),
    };
    let (first, silent) = (Server::start(split), Server::start(|_| Say::Nothing));
    let last = Server::start(|asked| Say::addresses(asked, 1));
    let servers = [first.address, silent.address, last.address];
    let client = client(&servers, &[Family::V4, Family::V6], TIMEOUT);
    let began = Instant::now();
    let lookups = client.lookup(&name("a.test")).await;
    assert!(began.elapsed() < 2 * TIMEOUT, "{:?}", began.elapsed());
    let outcomes: Vec<LookupOutcome> = lookups.iter().map(|lookup| lookup.outcome()).collect();
    let expected = [LookupOutcome::Addresses, LookupOutcome::TimedOut, LookupOutcome::Addresses];
    assert_eq!(outcomes, expected);
    assert_eq!(texts(&lookups[0]), ["10.0.0.1", "fd00::1"]);
    assert_eq!(texts(&lookups[2]), ["10.0.0.0"]);
    let families: Vec<Family> = lookups[0].exchanges.iter().map(|e| e.family).collect();
    assert_eq!(families, [Family::V4, Family::V6]);
}

#[tokio::test]
async fn equal_questions_are_asked_once() {
    let server = Server::start(|asked| {
        Say::Late(Duration::from_millis(20), Box::new(Say::addresses(asked, 1)))
    });
    let client = client(&[server.address], &[Family::V4, Family::V6], TIMEOUT);
    let host = name("a.test");
    let in_flight = join_all((0..100).map(|_| client.lookup(&host))).await;
    let afterwards = client.lookup(&name("A.test.")).await;
    assert!(in_flight.iter().all(|lookups| Arc::ptr_eq(&lookups[0], &afterwards[0])));
    assert_eq!(server.asked().len(), 2, "{:?}", server.asked());
}

#[tokio::test]
async fn a_dropped_lookup_does_not_take_the_others_along() {
    let server = Server::start(|asked| {
        Say::Late(Duration::from_millis(60), Box::new(Say::addresses(asked, 1)))
    });
    let client = Arc::new(client(&[server.address], &[Family::V4], TIMEOUT));
    let start = || {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.lookup(&name("a.test")).await })
    };
    let asking = start();
    while server.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let waiting = start();
    tokio::task::yield_now().await;
    asking.abort();
    let lookups = waiting.await.unwrap();
    assert_eq!(lookups[0].outcome(), LookupOutcome::Addresses);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_questions_leave_from_many_ports_and_all_are_answered() {
    const NAMES: usize = 3000;
    let server = Server::start(|asked| Say::addresses(asked, 1));
    let client = client(&[server.address], &[Family::V4, Family::V6], Duration::from_secs(5));
    let names: Vec<HostName> = (0..NAMES).map(|n| name(&format!("h{n}.test"))).collect();
    let lookups = join_all(names.iter().map(|host| client.lookup(host))).await;
    assert!(lookups.iter().all(|lookups| texts(&lookups[0]) == ["10.0.0.0"]));
    let asked = server.asked();
    let ports: HashSet<u16> = asked.iter().map(|asked| asked.port).collect();
    // 6,000 questions, 1,000 a socket, four sockets in turn.
    assert!((6..=40).contains(&ports.len()), "{} ports", ports.len());
    let n_repeated = asked.iter().filter(|asked| asked.n_before > 0).count();
    assert!(n_repeated < NAMES / 20, "{n_repeated} questions were lost and repeated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_takes_one_time_out_whatever_the_number_of_names() {
    let server = Server::start(|_| Say::Nothing);
    let client = client(&[server.address], &[Family::V4, Family::V6], TIMEOUT);
    let names: Vec<HostName> = (0..1000).map(|n| name(&format!("h{n}.test"))).collect();
    let began = Instant::now();
    let lookups = join_all(names.iter().map(|host| client.lookup(host))).await;
    let took = began.elapsed();
    assert!(lookups.iter().all(|lookups| lookups[0].outcome() == LookupOutcome::TimedOut));
    // 2,000 questions, 256 every 50 ms.
    assert!(took < TIMEOUT + Duration::from_millis(1500), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_port_is_told_for_every_name_at_once() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = client(&[closed], &[Family::V4, Family::V6], Duration::from_secs(5));
    let names: Vec<HostName> = (0..1000).map(|n| name(&format!("h{n}.test"))).collect();
    let began = Instant::now();
    let lookups = join_all(names.iter().map(|host| client.lookup(host))).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for exchange in lookups.iter().flat_map(|lookups| &lookups[0].exchanges) {
        assert!(matches!(exchange.result, Err(DnsFailure::PortClosed(_))), "{exchange:?}");
    }
}

#[tokio::test]
async fn no_server_gives_no_lookup() {
    assert!(client(&[], &[Family::V4], TIMEOUT).lookup(&name("a.test")).await.is_empty());
}
