use proptest::prelude::*;

use super::super::sample::{record, records};
use super::super::terminal::page::{MARGIN, NARROWEST};
use super::*;
use crate::archive::arbitrary;

const STYLE: Style = Style { width: 80, color: false };
const FIRST: &str = "10.0.0.53:53";
const SECOND: &str = "10.0.0.54:53";

fn sample() -> Records {
    let namespace = "ns-sb2-prod-by3-010.cloudapp.net";
    let relay = |entry| record(entry, "contoso.servicebus.windows.net");
    let gateway = |number| {
        record("relay-gateway", &format!("g{number}-prod-by3-010-sb.servicebus.windows.net"))
    };
    let both = relay("relay").resolved(FIRST, namespace, &["40.0.0.2", "40.0.0.1"]).resolved(
        SECOND,
        namespace,
        &["40.0.0.1", "40.0.0.2"],
    );
    let split = record("control", "contoso.westeurope.datafactory.azure.net")
        .resolved(FIRST, "contoso.westeurope.privatelink.datafactory.azure.net", &["10.10.2.4"])
        .resolved(SECOND, "we.frontend.clouddatahub.net", &["40.78.229.99"]);
    records(vec![
        both.clone(),
        both,
        split,
        record("frontend", "gone.contoso.com").resolved(FIRST, "gone.trafficmanager.net", &[]),
        record("endpoint", "192.0.2.7"),
        record("relay", "*.servicebus.windows.net"),
        gateway(0).resolved(FIRST, "a.cloudapp.net", &["40.0.1.1"]),
        gateway(1).resolved(FIRST, "a.cloudapp.net", &["40.0.1.1"]),
        gateway(2).resolved(FIRST, "a.cloudapp.net", &[]),
    ])
}

#[test]
fn names_come_with_their_chains_and_views() {
    assert_eq!(
        table(&sample(), &STYLE),
        "\
contoso.servicebus.windows.net
    CNAME  ns-sb2-prod-by3-010.cloudapp.net  ttl 300
    A      40.0.0.2                          ttl 10
    A      40.0.0.1                          ttl 10

contoso.westeurope.datafactory.azure.net
    10.0.0.53:53: ok
    CNAME  contoso.westeurope.privatelink.datafactory.azure.net  ttl 300
    A      10.10.2.4                                             ttl 10
    10.0.0.54:53: ok
    CNAME  we.frontend.clouddatahub.net  ttl 300
    A      40.78.229.99                  ttl 10

gone.contoso.com
    10.0.0.53:53: nxdomain
    CNAME  gone.trafficmanager.net  ttl 300

192.0.2.7
    an address: nothing to resolve

*.servicebus.windows.net
    cannot be resolved as written: give --service-urls, or --set for its
      parameters

gateways of prod-by3-010: 2 assigned (1 address), 1 not assigned yet
"
    );
}

/// What reads the names decides about the flow that is needed: which port, by what, whether at all.
#[test]
fn names_say_which_flow_they_need() {
    let mut bytes = Vec::new();
    json(&sample(), &mut bytes).unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let names = seen["names"].as_array().unwrap();
    let of = |host: &str| names.iter().find(|name| name["host"] == host).unwrap();
    let relay = of("contoso.servicebus.windows.net");
    assert_eq!((&relay["port"], &relay["required"]), (&443.into(), &true.into()), "{relay}");
    assert!(relay["kind"].is_string() && relay.get("cause").is_none(), "{relay}");
    assert_eq!(of("gone.contoso.com")["cause"], "dns_nxdomain");
    let gateway = of("g2-prod-by3-010-sb.servicebus.windows.net");
    assert_eq!(gateway["cause"], "relay_gateway_unassigned", "{gateway}");
    assert_eq!(gateway["required"], false, "{gateway}");
}

#[test]
fn pairs_are_sorted_and_each_stands_once() {
    let mut bytes = Vec::new();
    plain(&sample(), &mut bytes).unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "\
192.0.2.7 192.0.2.7
contoso.servicebus.windows.net 40.0.0.1
contoso.servicebus.windows.net 40.0.0.2
contoso.westeurope.datafactory.azure.net 10.10.2.4
contoso.westeurope.datafactory.azure.net 40.78.229.99
g0-prod-by3-010-sb.servicebus.windows.net 40.0.1.1
g1-prod-by3-010-sb.servicebus.windows.net 40.0.1.1
"
    );
}

#[test]
fn json_has_every_host_once_with_what_each_resolver_said() {
    let mut bytes = Vec::new();
    json(&sample(), &mut bytes).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["schema"], "pathproof.names/1");
    assert_eq!(value["run"]["started_at"], "2026-03-01T10:00:00Z");
    let names = value["names"].as_array().unwrap();
    let hosts: Vec<_> = names.iter().map(|name| name["host"].as_str().unwrap()).collect();
    assert_eq!(hosts.len(), 8, "{hosts:?}");
    let split = &names[1];
    assert_eq!(split["entry"], "control");
    assert_eq!(split["origin"], "list");
    assert_eq!(split["addresses"], serde_json::json!(["10.10.2.4", "40.78.229.99"]));
    assert_eq!(split["lookups"][1]["resolver"], SECOND);
    assert_eq!(split["lookups"][1]["chain"][0]["type"], "CNAME");
    assert_eq!(names[2]["lookups"][0]["outcome"], "nxdomain");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_is_too_wide_and_none_is_a_command(
        records in arbitrary::records(),
        width in 0..140_usize,
    ) {
        let text = table(&records, &Style { width, color: false });
        for line in text.lines() {
            // A word that is wider than the page is not cut.
            let widest = line.split(' ').map(columns).max().unwrap_or(0);
            let is_one_word = widest > width.max(NARROWEST) - MARGIN - 4;
            prop_assert!(columns(line) <= width.max(NARROWEST) || is_one_word, "{width}: {line:?}");
        }
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{:?}", text);
    }
}
