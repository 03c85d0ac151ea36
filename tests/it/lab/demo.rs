//! `demo` and `selftest` send nothing to any network: on a host that has a route to everywhere, its
//! only link stays as it was.

use serde_json::Value;

use super::namespace::{Namespace, run, sweep, unique_name};
use super::{is_possible, unset};

/// A namespace with a default route by a link that counts what is sent.
fn counted() -> Namespace {
    let namespace = Namespace::create(&unique_name(), "demo").expect("a namespace");
    // Links announce themselves by IPv6.
    namespace
        .set(&[("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1")])
        .expect("IPv6 can be switched off");
    namespace
        .ip("link add uplink type veth peer name nowhere\n\
             link set nowhere up\n\
             link set uplink up\n\
             address add 10.99.0.1/24 dev uplink\n\
             route add default dev uplink\n")
        .expect("a link");
    namespace
}

/// How many packets have left.
fn sent(namespace: &Namespace) -> u64 {
    let mut shown = namespace.command("ip");
    shown.args(["-j", "-s", "link", "show", "dev", "uplink"]);
    let shown = run(&mut shown).expect("the link is shown");
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    shown[0]["stats64"]["tx"]["packets"].as_u64().expect("a count")
}

#[test]
fn the_demonstration_sends_nothing_beyond_loopback() {
    if !is_possible() {
        return;
    }
    sweep();
    let namespace = counted();
    assert_eq!(sent(&namespace), 0);
    let mut demo = unset(namespace.command(env!("CARGO_BIN_EXE_pathproof")));
    let shown = run(demo.arg("demo")).expect("every fault gets its cause");
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains("12 of 12 faults got their cause"), "{shown}");
    assert_eq!(sent(&namespace), 0, "{shown}");

    let mut selftest = unset(namespace.command(env!("CARGO_BIN_EXE_pathproof")));
    let shown = run(selftest.arg("selftest")).expect("all that is here works");
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains("ok        loopback_probe: "), "{shown}");
    assert_eq!(sent(&namespace), 0, "{shown}");

    // What would leave is counted.
    let mut dig = namespace.command("dig");
    let _unanswered = run(dig.args(["@192.0.2.1", "+time=1", "+tries=1", "contoso.example"]));
    assert!(sent(&namespace) > 0);
}
