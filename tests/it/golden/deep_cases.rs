//! The records of the golden cases that ask more than once: the operating system's own answer, the
//! controls, and what was asked again.

use std::sync::Arc;

use pathproof::model::{HostName, Kind, Records, ResponseCode};

use super::cases::{CONTROL, DOWNLOAD, RELAY, refused, with_rest};
use crate::scene::{Ask, Probe, Way, azure, gives, page, records, relay_feed, run, with_header};

pub(super) fn all() -> Vec<(&'static str, Records)> {
    vec![
        ("dns-os-override", os_override()),
        ("dns-wildcard", wildcard()),
        ("host-clock-skew", clock_skew()),
    ]
}

fn os_override() -> Records {
    let relay = |name: &str| Probe::of("relay", &format!("{name}.servicebus.windows.net"));
    let host = |name: &str| format!("{name}.servicebus.windows.net");
    let proven = |name: &str| {
        let host = host(name);
        move |way: Way| way.proven(Kind::Relay, &host)
    };
    let probes = vec![
        // A hosts file that was right last year.
        relay("stale")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["40.112.72.9"]).of_hosts_file())
            .goes("40.112.72.9", refused),
        // One that takes the name to somewhere else inside.
        relay("inside")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["10.1.1.1"]).of_hosts_file())
            .goes("10.1.1.1", proven("inside")),
        // One that is right.
        relay("right")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["40.112.72.101"]).of_hosts_file())
            .goes("40.112.72.101", proven("right")),
        // Another address of the same service, asked a moment later.
        relay("rotates")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["40.112.72.102"]).of_system())
            .goes("40.112.72.102", proven("rotates")),
        // A rule that keeps the name from being resolved.
        relay("ruled-out")
            .asks(gives(&["40.112.72.101"]))
            .asks(Ask::code(ResponseCode::NxDomain).of_system()),
        // The cache still knows what the name server does not say any more.
        relay("cached")
            .asks(Ask::silence())
            .asks(gives(&["40.112.72.101"]).of_system())
            .goes("40.112.72.101", proven("cached")),
    ];
    records(run(), with_rest(probes))
}

fn wildcard() -> Records {
    let mut run = run();
    let absent = |name: &str| {
        let label = "pathproof-asks-for-a-name-too-long-to-be-given-to-anybody";
        let name = HostName::parse(&format!("{label}.{name}")).expect("a name");
        Arc::new(gives(&["10.9.9.9"]).of(&name))
    };
    run.absent = vec![absent("invalid"), absent("servicebus.windows.net")];
    let probes = vec![
        Probe::of("relay", RELAY).asks(gives(&["10.9.9.9"])).goes("10.9.9.9", refused),
        Probe::of("relay-gateway", "g0-prod-am3-010-sb.servicebus.windows.net")
            .asks(gives(&["10.9.9.9"]))
            .goes("10.9.9.9", refused),
        Probe::of("control", CONTROL).works_at(&["40.74.24.70"]),
        Probe::of("download", DOWNLOAD).works_at(&["23.38.106.11"]),
    ];
    records(run, probes)
}

fn clock_skew() -> Records {
    let dated = |answer, date: &str| with_header(answer, "Date", date);
    let probes = vec![
        Probe::of("relay", RELAY).asks(gives(&["40.112.72.101"])).goes("40.112.72.101", |way| {
            let feed = dated(relay_feed(), "Mon, 02 Mar 2026 12:17:04 GMT");
            way.tcp().tls(azure(RELAY)).http(feed).done()
        }),
        Probe::of("control", CONTROL).asks(gives(&["40.74.24.70"])).goes("40.74.24.70", |way| {
            let answer = dated(page(404, "Not Found", ""), "Mon, 02 Mar 2026 12:17:05 GMT");
            way.tcp().tls(azure(CONTROL)).http(answer).done()
        }),
        Probe::of("download", DOWNLOAD).asks(gives(&["23.38.106.11"])).goes(
            "23.38.106.11",
            |way| {
                // From a cache: ten minutes old when it came.
                let answer = dated(page(200, "OK", ""), "Mon, 02 Mar 2026 12:07:05 GMT");
                way.tcp().tls(azure(DOWNLOAD)).http(with_header(answer, "Age", "600")).done()
            },
        ),
    ];
    records(run(), probes)
}
