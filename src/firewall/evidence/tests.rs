use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::firewall::{Doubt, ProofLevel, PublishedTags, prove};
use crate::model::AddressSet;
use crate::tags::{ServiceTag, ServiceTags};

fn report(endpoints: &Value) -> Evidence {
    let text = json!({
        "schema": "pathproof.report/1",
        "run": {"vantage": {"resolvers": ["10.0.0.53:53", "127.0.0.53:53"]}},
        "endpoints": endpoints,
        "later": "fields are ignored",
    });
    Evidence::read(&text.to_string()).unwrap()
}

fn endpoint(entry: &str, host: &str, addresses: &[&str]) -> Value {
    json!({"entry": entry, "host": host, "port": 443, "required": true, "cause": null,
        "route": {"configured": "direct"}, "findings": [],
        "lookups": [{"chain": [{"name": host, "type": "CNAME", "data": "x.cloudapp.net"}],
            "addresses": addresses}],
        "trails": []})
}

fn trail(remote: &str, public: &str, names: &[&str]) -> Value {
    json!({"route": "direct", "remote": remote, "local": "10.0.0.4:50000", "steps": [
        {"step": "tcp", "outcome": "ok", "detail": {}},
        {"step": "tls", "outcome": "ok", "detail": {
            "chain": [{"issuer": "CN=Somebody", "names": names}],
            "trust": {"public": {"outcome": public}, "validity": {"outcome": "current"}}}},
    ]})
}

fn shown(requirements: &[Requirement]) -> Vec<String> {
    requirements.iter().map(|requirement| requirement.flow.to_string()).collect()
}

#[test]
fn flows_follow_the_route_that_each_name_takes() {
    let mut proxied = endpoint("relay", "ns.servicebus.windows.net", &["40.112.72.101"]);
    proxied["route"]["configured"] = json!("http://proxy.contoso.com:3128");
    let mut seen = proxied.clone();
    seen["host"] = json!("other.servicebus.windows.net");
    seen["trails"] = json!([{"route": "http://proxy.contoso.com:3128", "remote": "10.0.0.9:3128"}]);
    let mut unassigned = endpoint("relay-gateway", "g9-prod-sb.servicebus.windows.net", &[]);
    unassigned["cause"] = json!("relay_gateway_unassigned");
    let mut optional = endpoint("download", "download.microsoft.com", &["23.38.106.11"]);
    optional["required"] = json!(false);
    let evidence = report(&json!([
        endpoint("control", "f.westeurope.datafactory.azure.net", &["10.50.2.4", "40.74.24.70"]),
        endpoint("frontend", "we.frontend.clouddatahub.net", &[]),
        endpoint("peer", "10.50.1.11", &[]),
        proxied,
        seen,
        unassigned,
        optional,
        endpoint("relay", "*.servicebus.windows.net", &[]),
        endpoint("control", "{factory}.{region}.datafactory.azure.net", &[]),
    ]));
    assert_eq!(
        shown(&evidence.requirements()),
        [
            "f.westeurope.datafactory.azure.net (10.50.2.4) tcp 443",
            "f.westeurope.datafactory.azure.net (40.74.24.70) tcp 443",
            "we.frontend.clouddatahub.net tcp 443",
            "10.50.1.11 tcp 443",
            "proxy.contoso.com tcp 3128",
            "10.0.0.9 tcp 3128",
            "10.0.0.53 udp 53",
            "10.0.0.53 tcp 53",
        ]
    );
    let own = shown(&evidence.own_requirements());
    assert!(own.contains(&"ns.servicebus.windows.net (40.112.72.101) tcp 443".to_owned()));
    assert!(!own.iter().any(|flow| flow.contains("proxy") || flow.contains("10.0.0.53")));
}

#[test]
fn only_what_is_proven_enters_a_rule() {
    let mut foreign = endpoint("relay", "a.servicebus.windows.net", &["40.112.72.1"]);
    foreign["lookups"][0]["chain"][0]["data"] = json!("sinkhole.example");
    let mut tls = endpoint("relay", "b.servicebus.windows.net", &["40.112.72.2"]);
    tls["trails"] = json!([trail("40.112.72.2:443", "trusted", &["*.servicebus.windows.net"])]);
    let mut intercepted = endpoint("relay", "c.servicebus.windows.net", &["40.112.72.3"]);
    intercepted["trails"] =
        json!([trail("40.112.72.3:443", "unknown_issuer", &["*.servicebus.windows.net"])]);
    let mut mismatched = endpoint("relay", "d.servicebus.windows.net", &["40.112.72.4"]);
    mismatched["trails"] =
        json!([trail("40.112.72.4:443", "trusted", &["*.westeurope.datafactory.azure.net"])]);
    let evidence = report(&json!([
        endpoint("relay", "e.servicebus.windows.net", &["10.0.0.4", "0.0.0.0", "8.8.8.8"]),
        foreign,
        tls,
        intercepted,
        mismatched,
    ]));
    let addresses = AddressSet::parse("40.112.72.0/24").unwrap();
    let tag = |name: &str, prefix: &str| {
        let prefixes: Vec<ipnet::IpNet> = vec![prefix.parse().unwrap()];
        ServiceTag {
            name: name.to_owned(),
            change_number: 1,
            region: String::new(),
            system_service: String::new(),
            addresses: prefixes.iter().copied().collect(),
            prefixes,
        }
    };
    let tags = vec![tag("AzureCloud", "40.112.0.0/16"), tag("AzureCloud.westus", "40.112.72.0/30")];
    let tags = ServiceTags::new("Public".to_owned(), 1, tags).unwrap();
    let published = PublishedTags { addresses: &addresses, tags: &tags };
    for (level, proven, n_refused) in [
        (
            ProofLevel::Published,
            &[
                "40.112.72.2 published in AzureCloud.westus, TLS",
                "40.112.72.3 published in AzureCloud.westus",
                "40.112.72.4 published in AzureCloud",
            ][..],
            4,
        ),
        (ProofLevel::Tls, &["40.112.72.2 published in AzureCloud.westus, TLS"], 6),
        (
            ProofLevel::Resolved,
            &[
                "8.8.8.8 resolved only",
                "40.112.72.1 published in AzureCloud.westus",
                "40.112.72.2 published in AzureCloud.westus, TLS",
                "40.112.72.3 published in AzureCloud.westus",
                "40.112.72.4 published in AzureCloud",
            ],
            2,
        ),
    ] {
        let (seen, refused) = prove(&evidence.targets, level, published);
        let seen: Vec<_> = seen.iter().map(|own| format!("{} {}", own.address, own.how)).collect();
        assert_eq!(seen, proven, "{}", level.as_str());
        assert_eq!(refused.len(), n_refused, "{}", level.as_str());
    }
    // How well each is proven does not depend on what is asked for.
    let (public, refused) = prove(&evidence.targets, ProofLevel::Resolved, published);
    let levels: Vec<_> = public.iter().map(|own| own.level.as_str()).collect();
    assert_eq!(levels, ["resolved", "resolved", "tls", "published", "published"]);
    assert!(refused.iter().all(|own| own.reason == Doubt::NotPublic), "{refused:?}");
    let (_, refused) = prove(&evidence.targets, ProofLevel::Published, published);
    let texts: Vec<_> = refused.iter().map(ToString::to_string).collect();
    for words in ["10.0.0.4 of e.", "never enter a rule", "sinkhole.example", "no published range"]
    {
        assert!(texts.iter().any(|text| text.contains(words)), "{words}: {texts:?}");
    }
}

/// Proxies are read by the one reader of their URLs, which knows each scheme's port.
#[test]
fn a_proxied_name_needs_the_proxy_on_its_own_port() {
    for (url, expected) in [
        ("http://proxy.contoso.com:3128", "proxy.contoso.com tcp 3128"),
        ("socks5://proxy.contoso.com", "proxy.contoso.com tcp 1080"),
        ("https://proxy2.contoso.com", "proxy2.contoso.com tcp 443"),
        ("socks4://10.0.0.9:1081", "10.0.0.9 tcp 1081"),
        ("http://[fd00::9]:3128", "fd00::9 tcp 3128"),
    ] {
        let mut endpoint = endpoint("relay", "ns.servicebus.windows.net", &["40.112.72.101"]);
        endpoint["route"]["configured"] = json!(url);
        let evidence = report(&json!([endpoint]));
        assert_eq!(shown(&evidence.requirements())[0], expected, "{url}");
    }
    for configured in ["unknown", "gopher://proxy"] {
        let mut endpoint = endpoint("relay", "ns.servicebus.windows.net", &["40.112.72.101"]);
        endpoint["route"]["configured"] = json!(configured);
        let requirements = report(&json!([endpoint])).requirements();
        assert!(matches!(requirements[0].missing, Some(Missing::Route(_))), "{requirements:?}");
    }
}

/// Where a run says from where it connected, rules for that address decide.
#[test]
fn flows_leave_from_where_they_were_seen_to() {
    let mut seen = endpoint("relay", "a.servicebus.windows.net", &["40.112.72.1", "40.112.72.2"]);
    seen["trails"] = json!([trail("40.112.72.1:443", "trusted", &[])]);
    let text = json!({"schema": "pathproof.report/1", "endpoints": [seen],
        "run": {"vantage": {"addresses": ["10.0.0.4", "10.0.0.5", "fd00::4"]}}});
    let requirements = Evidence::read(&text.to_string()).unwrap().requirements();
    let sources: Vec<_> = requirements.iter().map(|own| format!("{:?}", own.sources)).collect();
    assert_eq!(sources, ["[10.0.0.4]", "[10.0.0.4, 10.0.0.5]"]);
}

/// An older `resolve` wrote neither ports nor who needs what.
#[test]
fn names_without_ports_are_known_to_nobody() {
    let name = |entry: &str, host: &str, origin: &str, addresses: &[&str]| {
        json!({"entry": entry, "host": host, "origin": origin, "addresses": addresses,
            "lookups": [{"outcome": if addresses.is_empty() { "nxdomain" } else { "ok" },
                "addresses": addresses}]})
    };
    let text = json!({"schema": "pathproof.names/1", "names": [
        name("relay", "ns.servicebus.windows.net", "service-urls", &["40.112.72.1"]),
        name("relay-gateway", "g0-prod-am3-010-sb.servicebus.windows.net", "gateway", &["40.112.72.2"]),
        name("relay-gateway", "g1-prod-am3-010-sb.servicebus.windows.net", "gateway", &[]),
        name("relay-gateway", "g2-prod-am3-010-sb.servicebus.windows.net", "service-urls", &[]),
    ]});
    let evidence = Evidence::read(&text.to_string()).unwrap();
    let seen: Vec<_> = evidence
        .targets
        .iter()
        .map(|target| (target.port, target.required, target.is_unassigned))
        .collect();
    assert_eq!(
        seen,
        [(None, true, false), (None, false, false), (None, false, true), (None, false, true)]
    );
    let requirements = evidence.requirements();
    assert_eq!(requirements.len(), 2, "{requirements:?}");
    assert_eq!(requirements[0].flow.port, None);
    assert_eq!(requirements[1].class, Class::Gateway("prod-am3-010".to_owned()));
    let addresses = AddressSet::parse("40.112.72.0/24").unwrap();
    let tag = ServiceTag {
        name: "AzureCloud".to_owned(),
        change_number: 1,
        region: String::new(),
        system_service: String::new(),
        addresses: addresses.clone(),
        prefixes: addresses.prefixes(),
    };
    let tags = ServiceTags::new("Public".to_owned(), 1, vec![tag]).unwrap();
    let published = PublishedTags { addresses: &addresses, tags: &tags };
    let (proven, refused) = prove(&evidence.targets, ProofLevel::Resolved, published);
    assert!(proven.is_empty(), "{proven:?}");
    assert!(refused[0].to_string().contains("which port"), "{}", refused[0]);
}

#[test]
fn other_texts_are_refused() {
    for (text, expected) in [
        ("", "no JSON report"),
        ("{\"schema\": \"pathproof.report/2\"}", "'pathproof.report/2' is not read here"),
        ("{\"schema\": \"pathproof.report/1\", \"endpoints\": [{}]}", "missing field"),
    ] {
        let error = Evidence::read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn reading_never_panics(host in ".{0,40}", configured in ".{0,40}") {
        let mut endpoint = endpoint("relay", &host, &["40.112.72.101"]);
        endpoint["route"]["configured"] = json!(configured);
        let _ = report(&json!([endpoint])).requirements();
    }
}
