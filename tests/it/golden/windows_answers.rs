//! The records of the golden cases as Windows makes them: a Server 2019, which reports nothing of
//! what routers say of a connect and bounds incoming segments alone, and a newer one.

use pathproof::model::{
    Failure, Hop, HopAnswer, Located, Records, Rung, SegmentBound, SegmentLadder, TcpFailure,
    TimeoutBy, TlsFailure, TlsFailureKind,
};

use super::cases::{tcp, with_rest};
use crate::scene::{Probe, Way, gives, ip, ms, records, run, socket};

pub(super) fn all() -> Vec<(&'static str, Records)> {
    vec![("windows-server-2019", server_2019()), ("windows-server-2022", server_2022())]
}

fn expired(from: &str) -> HopAnswer {
    HopAnswer::Expired { from: Some(ip(from)) }
}

fn accepted(from: &str) -> HopAnswer {
    HopAnswer::Answered { os: None, from: Some(ip(from)) }
}

/// A relay that is silent from the first SYN on, located by SYNs and echo requests.
fn silent(name: &str, address: &str, answers: Vec<(HopAnswer, HopAnswer)>) -> Probe {
    let remote = socket(&format!("{address}:443"));
    let hop = |(ttl, (tcp, echo))| Hop { ttl, tcp, udp: HopAnswer::NotAsked, echo };
    let hops = (1..).zip(answers).map(hop).collect();
    let silence =
        |way: Way| way.fails(tcp(TcpFailure::TimedOut(TimeoutBy::Ours(ms(5_000)))), 5_000);
    Probe::of("relay", &format!("{name}.servicebus.windows.net"))
        .asks(gives(&[address]))
        .goes(address, silence)
        .followed_up(|asked| asked.located = Some(Located { remote, hops }))
}

/// A relay that does not answer a handshake with segments of more than `passes_at` bytes.
fn mute(name: &str, bound: SegmentBound, passes_at: u16) -> Probe {
    let silence = || {
        let kind = TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 };
        Failure::Tls(TlsFailure { kind, presented: None })
    };
    let rung = |segment: Option<u16>| {
        let passes = segment.is_some_and(|segment| segment <= passes_at);
        let bound = if segment.is_some() { bound } else { SegmentBound::Both };
        let took = if passes { ms(38) } else { ms(5_012) };
        Rung { segment, bound, failure: (!passes).then(silence), took }
    };
    let rungs = [None, Some(1360), Some(536)].map(rung).to_vec();
    let remote = socket("40.112.72.101:443");
    Probe::of("relay", &format!("{name}.servicebus.windows.net"))
        .asks(gives(&["40.112.72.101"]))
        .goes("40.112.72.101", |way| way.tcp().fails(silence(), 5_000))
        .followed_up(|asked| asked.segments = vec![SegmentLadder { remote, rungs }])
}

fn server_2019() -> Records {
    let unheard = || HopAnswer::Unheard;
    let probes = vec![
        silent(
            "echo-ends",
            "40.112.72.101",
            vec![
                (unheard(), expired("10.50.1.1")),
                (unheard(), expired("10.50.3.2")),
                (unheard(), HopAnswer::Silence),
            ],
        ),
        silent(
            "echo-arrives",
            "40.112.72.102",
            vec![(unheard(), expired("10.50.1.1")), (unheard(), accepted("40.112.72.102"))],
        ),
        silent("no-echo", "40.112.72.103", vec![(unheard(), HopAnswer::Silence)]),
        mute("black-hole", SegmentBound::Incoming, 536),
        mute("filtered", SegmentBound::Incoming, 0),
    ];
    records(run(), with_rest(probes))
}

fn server_2022() -> Records {
    let probes = vec![
        silent(
            "filtered",
            "40.112.72.101",
            vec![
                (expired("10.50.1.1"), expired("10.50.1.1")),
                (HopAnswer::Silence, expired("10.50.3.2")),
                (HopAnswer::Silence, accepted("40.112.72.101")),
            ],
        ),
        mute("black-hole", SegmentBound::Both, 536),
    ];
    records(run(), with_rest(probes))
}
