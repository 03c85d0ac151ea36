//! Every reader of foreign bytes as a function that must not panic, whatever it is given, with what
//! must hold beside that. Fuzz targets call them, and `tests/it/fuzz.rs` over mutated seeds.

use pathproof::firewall::nsg::{self, RuleFile};
use pathproof::firewall::{Evidence, Flow, NetworkContext, RuleJudge, read_flows};
use pathproof::model::{Family, Host, HostName};
use pathproof::nsg_rules::{
    Bounds, LiveGroup, RollbackDocument, RulePlan, judge, judge_rollback, plan_text,
};
use pathproof::route::{AgentProxy, Credentials, NoProxy, NoProxyDialect, ProxyUrl, Scheme};
use pathproof::tags::ServiceTags;
use pathproof::wire::{dns, http, tds, tls_record};
use pathproof::{archive, files, list};

/// A reader, and inputs that it understands.
pub struct Target {
    /// As its fuzz target is called.
    pub name: &'static str,
    /// Reads.
    pub read: fn(&[u8]),
    /// Where mutation begins.
    pub seeds: &'static [&'static [u8]],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "records",
        read: records,
        seeds: &[
            include_bytes!("../../tests/cases/healthy/records.jsonl"),
            include_bytes!("../../tests/cases/tls-chains/records.jsonl"),
        ],
    },
    Target {
        name: "report",
        read: report,
        seeds: &[
            include_bytes!("../../tests/cases/healthy/report.json"),
            include_bytes!("../../tests/cases/gateways/report.json"),
        ],
    },
    Target {
        name: "list",
        read: list,
        seeds: &[include_bytes!("../../endpoint-lists/adf-shir.public.toml")],
    },
    Target {
        name: "service_urls",
        read: service_urls,
        seeds: &[
            b"ns.servicebus.windows.net\n*.frontend.clouddatahub.net, https://g0-x-sb.servicebus.windows.net:443/",
            br#"{"properties":{"typeProperties":{"serviceUrls":[null,"ns.servicebus.windows.net"]}}}"#,
            br#"["a.servicebus.windows.net"]"#,
        ],
    },
    Target {
        name: "rules",
        read: rules,
        seeds: &[
            br#"{"name":"n","properties":{"securityRules":[{"name":"a","properties":{"priority":100,"access":"Allow","direction":"Outbound","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefixes":["40.112.72.0/24","AzureCloud.westeurope"],"destinationPortRanges":["443","11000-11999"]}}]}}"#,
            br#"{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","parameters":{"p":{"type":"string","defaultValue":"10.0.0.0/8"}},"variables":{"v":"[concat(parameters('p'),'')]"},/*c*/"resources":[{"type":"Microsoft.Network/networkSecurityGroups","name":"[format('{0}-x', variables('v'))]","properties":{"securityRules":[{"name":"a","properties":{"priority":"[add(100,1)]","access":"Allow","direction":"Outbound","protocol":"*","destinationAddressPrefix":"[variables('v')]","destinationPortRange":"*"}}]}}]}"#,
            br#"{"properties":{"priority":200,"ruleCollections":[{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"c","priority":1,"action":{"type":"Allow"},"rules":[{"ruleType":"NetworkRule","name":"r","ipProtocols":["TCP"],"sourceAddresses":["*"],"destinationFqdns":["*.contoso.com"],"destinationPorts":["443"]}]}]}}"#,
            b"40.112.72.101\n40.112.72.0/24 # c\n*.servicebus.windows.net\n1.2.3.4-1.2.3.9\n",
        ],
    },
    Target {
        name: "plan",
        read: plan,
        seeds: &[
            br#"{"schema":"pathproof.plan/1","tool":{"name":"pathproof","version":"0.1.0"},"made_at":"2026-11-21T08:00:00Z","nsg":null,"arm_endpoint":null,"cloud":"public","credential":null,"rule_name":"a","priority":"auto","proof":"published","keep_s":604800,"max_shrink":50,"changes":[{"action":"update","name":"a","before":{"access":"Allow","description":"Written by pathproof","direction":"Outbound","priority":200,"protocol":"Tcp","destinationAddressPrefix":"40.112.72.0/24","destinationPortRange":"443"},"after":{"access":"Allow","description":"Written by pathproof","direction":"Outbound","priority":200,"protocol":"Tcp","destinationAddressPrefixes":["40.112.72.101/32"],"destinationPortRanges":["443"]},"add":[{"prefix":"40.112.72.101/32","why":"x"}],"remove":[{"prefix":"40.112.72.102/32","last_seen":null}]}],"rules":[],"refusals":[{"guard":"empty","message":"m"}],"notes":["n"]}"#,
        ],
    },
    Target {
        name: "rollback",
        read: rollback,
        seeds: &[
            br#"{"schema":"pathproof.rollback/1","tool":{"name":"pathproof","version":"0.1.0"},"made_at":"2026-11-21T08:00:00Z","nsg":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n","arm_endpoint":"https://management.azure.com","cloud":"public","changes":[{"name":"a","before":null,"after":{"access":"Allow","direction":"Outbound","priority":200,"protocol":"Tcp"}},{"name":"b","before":{"priority":"201"},"after":null}]}"#,
        ],
    },
    Target {
        name: "live_group",
        read: live_group,
        seeds: &[
            br#"{"properties":{"securityRules":[{"name":"a","etag":"W/\"1\"","properties":{"provisioningState":"Succeeded","access":"Deny","direction":"Outbound","priority":100,"protocol":"*","destinationAddressPrefix":"Internet","destinationPortRange":"*","destinationApplicationSecurityGroups":[{"id":"/x"}]}}]}}"#,
        ],
    },
    Target {
        name: "service_tags",
        read: service_tags,
        seeds: &[
            br#"{"changeNumber":7,"cloud":"Public","values":[{"name":"A.b","id":"A.b","properties":{"changeNumber":1,"region":"b","systemService":"A","addressPrefixes":["20.0.0.0/24","2603:1030::/48"]}}]}"#,
        ],
    },
    Target {
        name: "no_proxy",
        read: no_proxy,
        seeds: &[
            b"localhost,.contoso.com,*.servicebus.windows.net:443,10.0.0.0/8,[::1]:80,*",
            b"<local>;10.*;*.datafactory.azure.net;<-loopback>",
        ],
    },
    Target {
        name: "agent_config",
        read: agent_config,
        seeds: &[
            br#"<?xml version="1.0" encoding="utf-8"?><configuration><system.net><defaultProxy enabled="true" useDefaultCredentials="true"><proxy usesystemdefault="true" proxyaddress="http://proxy:8888" bypassonlocal="true"/><bypasslist><add address="contoso\.westeurope\.datafactory\.azure\.net$"/></bypasslist></defaultProxy></system.net></configuration>"#,
        ],
    },
    #[cfg(feature = "pac")]
    Target {
        name: "pac_answer",
        read: pac_answer,
        seeds: &[b"PROXY proxy.contoso.com:8080; HTTPS p:443; SOCKS5 [::1]:1080; DIRECT"],
    },
    Target {
        name: "dns_message",
        read: dns_message,
        seeds: &[
            // ns.servicebus.windows.net: CNAME c.cloudapp.net, A 40.112.72.101.
            b"\x00\x07\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x02ns\x0aservicebus\x07windows\x03net\x00\x00\x01\x00\x01\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x1e\x00\x0c\x01c\x08cloudapp\xc0\x22\xc0\x37\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\x28\x70\x48\x65",
        ],
    },
    Target {
        name: "http_head",
        read: http_head,
        seeds: &[
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: Sat, 21 Nov 2026 07:00:00 GMT\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
        ],
    },
    Target {
        name: "tls_record",
        read: tls_record,
        seeds: &[b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x03\x00\x04\x02\x00\x00\x00\x15\x03\x03\x00\x02\x02\x46"],
    },
    Target {
        name: "tds",
        read: tds,
        seeds: &[
            b"\x04\x01\x00\x2b\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x00\x04\x00\x22\x00\x01\xff\x0c\x00\x10\x00\x00\x00\x01\x00\x00",
        ],
    },
    Target {
        name: "auth_key",
        read: auth_key,
        seeds: &[
            b"IR@00000000-0000-0000-0000-000000000000@contoso-adf@ServiceEndpoint=contoso-adf.westeurope.datafactory.azure.net@c2VjcmV0c2VjcmV0",
            br#"{"authKey1":"IR@a@b@ServiceEndpoint=h.example@s","authKey2":null}"#,
        ],
    },
    Target {
        name: "proxy_url",
        read: proxy_url,
        seeds: &[b"http://user:p%40ss@proxy.contoso.com:3128/", b"https://[2001:db8::1]:443", b"proxy:80"],
    },
    Target {
        name: "flows",
        read: flows,
        seeds: &[b"destination,port,protocol,source\n\"8.8.8.8\",443,tcp,10.0.0.4\nns.contoso.com,,icmp,\n"],
    },
];

/// Saved records: what was read is written so that it is read again.
pub fn records(data: &[u8]) {
    if let Ok(read) = archive::read(data, "records") {
        let mut written = Vec::new();
        archive::write(&read, &mut written).expect("memory takes it");
        let again = archive::read(written.as_slice(), "records").expect("what was written is read");
        assert_eq!(again.records.len(), read.records.len());
    }
}

/// A JSON report, as rules take it.
pub fn report(data: &[u8]) {
    if let Ok(evidence) = Evidence::read(&String::from_utf8_lossy(data)) {
        let n_own = evidence.own_requirements().len();
        assert!(n_own <= evidence.targets.iter().map(|target| target.sightings.len().max(1)).sum());
        let _ = evidence.requirements();
    }
}

/// An endpoint list, from bytes.
pub fn list(data: &[u8]) {
    if let Ok(text) = files::decode(data.to_vec()) {
        let _ = list::parse(&text, "list.toml").map_err(|errors| errors.to_string());
    }
}

/// What the portal and `az` say of a runtime.
pub fn service_urls(data: &[u8]) {
    let _ = list::service_urls::parse(&String::from_utf8_lossy(data), "urls");
}

/// Rule sets in all their forms: what is read can be asked.
pub fn rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(sets) = nsg::read(&[RuleFile { name: "rules", text: &text }]) else { return };
    let flow = Flow::tcp(Host::parse("40.112.72.101").expect("an address"), 443);
    for set in &sets {
        let judge = RuleJudge::new(set, NetworkContext::default());
        let by = judge.decide(&flow);
        assert!(!by.as_str().is_empty());
    }
}

/// Microsoft's weekly file: what a tag holds is found under it.
pub fn service_tags(data: &[u8]) {
    let Ok(tags) = ServiceTags::parse(data) else { return };
    for tag in tags.tags().iter().take(20) {
        if let Some((first, _)) = tag.addresses.v4().runs().first() {
            let address = std::net::Ipv4Addr::from_bits(*first).into();
            let found = tags.holding(address).iter().filter_map(|id| tags.get(*id));
            assert!(found.into_iter().any(|found| found.name == tag.name), "{}", tag.name);
        }
    }
}

/// Exceptions of a proxy, as each dialect reads them.
pub fn no_proxy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let hosts = ["ns.servicebus.windows.net", "localhost", "10.0.0.1", "::1"];
    for dialect in
        [NoProxyDialect::Curl, NoProxyDialect::Go, NoProxyDialect::DotNet, NoProxyDialect::WinInet]
    {
        let list = NoProxy::parse(&text, dialect);
        for host in hosts {
            let host = Host::parse(host).expect("a host");
            let _ = list.decide(&host, 443, Scheme::Https);
        }
    }
}

/// The runtime's configuration files.
pub fn agent_config(data: &[u8]) {
    let Ok(text) = files::decode(data.to_vec()) else { return };
    let _ = AgentProxy::parse("diahost.exe.config", &text).map_err(|error| error.to_string());
}

/// What a proxy script returned.
#[cfg(feature = "pac")]
pub fn pac_answer(data: &[u8]) {
    let _ = pathproof::route::PacAnswer::parse(&String::from_utf8_lossy(data));
}

/// A DNS server's packet.
pub fn dns_message(data: &[u8]) {
    let name = HostName::parse("ns.servicebus.windows.net").expect("a name");
    let question = dns::DnsQuestion::new(&name, Family::V4);
    let id = dns::response_id(data).unwrap_or_default();
    if let Ok(response) = question.response(id, data) {
        let _ = (response.is_truncated(), response.refuses_edns(), response.read());
    }
}

/// An HTTP answer: its head, and its body as it trickles in.
pub fn http_head(data: &[u8]) {
    let _ = http::read_head(data);
    for framing in [http::Framing::Chunked, http::Framing::Length(7), http::Framing::UntilClose] {
        let mut whole = http::HttpBody::new(framing);
        whole.push(data);
        let mut parts = http::HttpBody::new(framing);
        data.chunks(3).for_each(|part| parts.push(part));
        assert_eq!(whole.finish(), parts.finish(), "a body does not depend on how it is cut");
    }
}

/// A saved plan, shown and held against a group without rules.
pub fn plan(data: &[u8]) {
    if let Ok(plan) = RulePlan::read(&String::from_utf8_lossy(data)) {
        assert!(plan_text(&plan).contains(&plan.rule_name));
        let bounds = Bounds {
            max_shrink: 50,
            max_age: std::time::Duration::from_hours(24),
            adopt: false,
            now: plan.made_at,
        };
        // Every name leads to a rule of the one that the plan is for, and nowhere else.
        assert!(plan.changes.iter().all(|change| !change.name.contains(['/', '?', '%', '#'])));
        let _ = judge(&plan, &LiveGroup::default(), bounds);
    }
}

/// A rollback file, gone back and held against a group without rules.
pub fn rollback(data: &[u8]) {
    if let Ok(document) = RollbackDocument::read(&String::from_utf8_lossy(data)) {
        let backwards = document.backwards();
        assert_eq!(backwards.len(), document.changes.len());
        assert!(backwards.iter().all(|step| !step.name.contains(['/', '?', '%', '#'])));
        let _ = judge_rollback(&backwards, &LiveGroup::default());
    }
}

/// A group as Resource Manager answers it: every rule is found by its name.
pub fn live_group(data: &[u8]) {
    let Ok(value) = serde_json::from_slice(data) else { return };
    if let Ok(group) = LiveGroup::read(&value) {
        assert!(group.rules.iter().all(|rule| group.rule(&rule.name).is_some()));
        let _ = group.own("a");
    }
}

/// The first bytes after a `ClientHello`.
pub fn tls_record(data: &[u8]) {
    if let Some(code) = tls_record::fatal_alert(data) {
        assert!(!tls_record::alert_name(code).is_empty());
    }
    let _ = tls_record::sniff(data);
}

/// SQL Server's answer to a pre-login.
pub fn tds(data: &[u8]) {
    let _ = tds::read_answer(data);
}

/// An authentication key, of which an error repeats nothing.
pub fn auth_key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match list::auth_key::parse(&text) {
        Ok(key) => assert!(!format!("{key:?}").contains("c2VjcmV0")),
        Err(error) => assert!(!format!("{error:?} {error}").contains("c2VjcmV0")),
    }
}

/// A proxy's URL, shown without its credentials.
pub fn proxy_url(data: &[u8]) {
    if let Ok(url) = ProxyUrl::parse(&String::from_utf8_lossy(data)) {
        let shown = format!("{} {url:?}", url.shown());
        if let Some(password) = url.credentials().map(Credentials::password) {
            assert!(password.len() < 8 || !shown.contains(password), "a password is shown");
        }
    }
}

/// Flows to decide.
pub fn flows(data: &[u8]) {
    let _ = read_flows(&String::from_utf8_lossy(data), "flows.csv");
}
