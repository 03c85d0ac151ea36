//! The records of the golden cases about what an attempt leaves behind: from where and when it was
//! made, how many SYNs it sent, and what was pending when the run was ended.

use pathproof::model::{
    Awaited, Hop, HopAnswer, Located, Obstacle, Records, TcpFailure, TimeoutBy,
};

use super::cases::{CONTROL, DOWNLOAD, RELAY, tcp};
use crate::scene::{Probe, Way, azure, errno, gives, ip, ms, records, run, socket};

pub(super) fn all() -> Vec<(&'static str, Records)> {
    vec![("attempts-all-blocked", all_blocked()), ("pending", pending())]
}

/// Every address is silent, and `--locate` has found where: two routers on the way, and the far end
/// as the third hop, which answers datagrams however long they may live.
fn all_blocked() -> Records {
    let expired = |address: &str| HopAnswer::Expired { from: Some(ip(address)) };
    let answered = |address: &str| HopAnswer::Answered {
        os: Some(errno("ECONNREFUSED")),
        from: Some(ip(address)),
    };
    let silent = |entry: &str, host: &str, address: &str, port: u16| {
        let hops = [
            (expired("10.50.1.1"), expired("10.50.1.1")),
            (expired("10.50.3.2"), expired("10.50.3.2")),
            (HopAnswer::Silence, answered(address)),
            (HopAnswer::Silence, answered(address)),
        ];
        let hops = (1..)
            .zip(hops)
            .map(|(ttl, (tcp, udp))| Hop { ttl, tcp, udp, echo: HopAnswer::NotAsked })
            .collect();
        let remote = socket(&format!("{address}:443"));
        Probe::of(entry, host)
            .asks(gives(&[address]))
            .goes(address, |way| {
                way.tried(&format!("10.50.1.10:{port}"), 3)
                    .fails(tcp(TcpFailure::TimedOut(TimeoutBy::Ours(ms(5_000)))), 5_002)
            })
            .followed_up(|asked| asked.located = Some(Located { remote, hops }))
    };
    let probes = vec![
        silent("relay", RELAY, "40.112.72.101", 51514),
        silent("relay", "other.servicebus.windows.net", "40.112.72.102", 51515),
        silent("control", CONTROL, "40.74.24.70", 51516),
        silent("download", DOWNLOAD, "23.38.106.11", 51517),
    ];
    records(run(), probes)
}

fn pending() -> Records {
    let cancelled = || Obstacle::Cancelled;
    let relay = |name: &str| Probe::of("relay", &format!("{name}.servicebus.windows.net"));
    let proven =
        |way: Way| way.proven(pathproof::model::Kind::Relay, "half.servicebus.windows.net");
    let url = "http://10.0.0.8:3128";
    let probes = vec![
        // One address is proven, the other was still silent.
        relay("half")
            .asks(gives(&["40.112.72.101", "40.112.72.102"]))
            .goes("40.112.72.101", proven)
            .goes("40.112.72.102", |way| {
                way.tried("10.50.1.10:51514", 2).stops_after(cancelled(), 2_004)
            })
            .stopped(cancelled()),
        relay("handshake")
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| way.tcp().stops_after(cancelled(), 1_960))
            .stopped(cancelled()),
        relay("request")
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| {
                way.tcp()
                    .tls(azure("request.servicebus.windows.net"))
                    .stops_after(cancelled(), 1_930)
            })
            .stopped(cancelled()),
        relay("tunnel")
            .by(url)
            .goes_by(url, "10.0.0.8:3128", |way| way.tcp().stops_after(cancelled(), 1_990))
            .stopped(cancelled()),
        // In the queue behind others: nothing was asked of the address.
        relay("queued")
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| way.stops(cancelled()))
            .stopped(cancelled()),
        relay("nameless").stopped(cancelled()).pending(Awaited::Lookup, 2_003),
        relay("undecided")
            .asks(gives(&["40.112.72.101"]))
            .stopped(Obstacle::BudgetSpent)
            .pending(Awaited::Route, 2_003),
        relay("proxyless")
            .by("http://proxy.contoso.com:3128")
            .stopped(Obstacle::BudgetSpent)
            .pending(Awaited::ProxyLookup, 2_003),
        relay("late")
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| {
                way.tried("10.50.1.10:51515", 2).stops_after(Obstacle::BudgetSpent, 2_004)
            })
            .stopped(Obstacle::BudgetSpent),
        relay("never").stopped(cancelled()),
    ];
    records(run(), probes)
}
