//! What is said of why hosts fail, and what is not.

#![expect(clippy::disallowed_methods, reason = "the committed schema is read, and blessed")]

use serde_json::{Value, json};

use super::*;

/// A host and its relay.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) number: usize,
    pub(super) resolver: &'static str,
    pub(super) source: String,
    pub(super) proxy: Option<&'static str>,
    pub(super) relay: &'static str,
    pub(super) address: &'static str,
    /// Each role with its cause and who owns that.
    pub(super) found: Vec<(&'static str, Option<(&'static str, &'static str)>)>,
}

pub(super) const SILENT: Option<(&str, &str)> = Some(("tcp_timeout", "firewall"));
pub(super) const SERVFAIL: Option<(&str, &str)> = Some(("dns_servfail", "dns"));

fn host(number: usize) -> Host {
    Host {
        number,
        resolver: "10.0.0.53",
        source: format!("10.50.{}.{}", number % 5, 10 + number),
        proxy: None,
        relay: "ns.servicebus.windows.net",
        address: "40.112.72.101",
        found: vec![("relay", None)],
    }
}

/// So many hosts, which `change` makes of ordinary ones.
pub(super) fn hosts(n: usize, change: impl Fn(usize, &mut Host)) -> Vec<Host> {
    let made = |number| {
        let mut one = host(number);
        change(number, &mut one);
        one
    };
    (0..n).map(made).collect()
}

pub(super) fn report(host: &Host) -> Value {
    let resolver = format!("{}:53", host.resolver);
    let endpoints: Vec<Value> = host
        .found
        .iter()
        .map(|(role, found)| {
            let is_dns = found.is_some_and(|(cause, _)| cause.starts_with("dns"));
            let addresses = if is_dns { json!([]) } else { json!([host.address]) };
            let outcome = if is_dns { "servfail" } else { "ok" };
            // A proxy resolves by itself.
            let lookups = match host.proxy {
                Some(_) => json!([]),
                None => json!([
                    {"resolver": resolver, "outcome": outcome, "addresses": addresses}]),
            };
            let findings = found
                .map(|(cause, owner)| json!({"cause": cause, "severity": "fail", "owner": owner}));
            json!({"entry": role, "role": role, "host": host.relay, "port": 443,
                "kind": "relay", "status": if found.is_some() { "fail" } else { "pass" },
                "route": {"configured": host.proxy.unwrap_or("direct"), "why": "as configured"},
                "lookups": lookups,
                "findings": findings.into_iter().collect::<Vec<_>>()})
        })
        .collect();
    json!({"schema": "pathproof.report/1", "endpoints": endpoints,
        "run": {"vantage": {"hostname": format!("n{:02}", host.number),
            "addresses": [host.source], "resolvers": [resolver]}}})
}

pub(super) fn merged_for(hosts: &[Host], owners: &[Owner]) -> Merged {
    let read = |host: &Host| {
        let report = Report::read(&report(host).to_string()).unwrap();
        MergedHost::of(&format!("n{}.json", host.number), &report, owners)
    };
    Merged::of(hosts.iter().map(read).collect(), vec![])
}

pub(super) fn merged(hosts: &[Host]) -> Merged {
    merged_for(hosts, &[])
}

/// Each statement: what is known, what failed, the parts with what is as likely (`=` always
/// together, `~` a tie).
pub(super) fn said(merged: &Merged) -> Vec<String> {
    let part = |part: &SuspectedPart| {
        let named = part.alternatives.iter().enumerate().map(|(at, one)| {
            let mark = match (at, one.together) {
                (0, _) => "",
                (_, true) => "= ",
                (_, false) => "~ ",
            };
            format!("{mark}{} {}/{}", one.part.value, one.failing, one.healthy)
        });
        named.collect::<Vec<_>>().join(" ")
    };
    let statement = |one: &FailureStatement| {
        let failed = one.failed.iter().map(|failed| {
            let role = failed.endpoint.as_deref().unwrap_or("run");
            format!("{role} {} {}/{}", failed.cause, failed.failing, failed.healthy)
        });
        let parts: Vec<String> = one.parts.iter().map(part).collect();
        let failed: Vec<String> = failed.collect();
        format!("{:?} [{}]: {}", one.outcome, failed.join(", "), parts.join(" and "))
    };
    merged.failures.iter().map(statement).collect()
}

pub(super) fn shown(merged: &Merged) -> String {
    let text = table(merged, &Style { width: 80, color: false });
    let headings = ["What the failing hosts share\n", "What the hosts with warnings share\n"];
    let from = headings.into_iter().find_map(|heading| Some(text.split_once(heading)?.1));
    let from = from.unwrap_or_default();
    from.split("\n\n").next().unwrap_or_default().to_owned()
}

/// Of forty hosts the first eight ask another resolver, which fails for all but one of them; one
/// more fails by chance.
fn resolver_broken() -> Vec<Host> {
    hosts(40, |number, host| {
        if number < 8 {
            host.resolver = "10.0.0.54";
        }
        if number < 7 || number == 20 {
            host.found = vec![("relay", SERVFAIL), ("control", None)];
        }
    })
}

#[test]
fn what_failures_share_is_said_with_counts_owner_and_tests() {
    let merged = merged(&resolver_broken());
    assert_eq!(said(&merged), ["Explained [relay dns_servfail 8/32]: 10.0.0.54 7/1"]);
    assert_eq!(
        shown(&merged),
        "  - relay dns_servfail: 8 hosts fail, 32 do not
    7 of 8 failing hosts ask the resolver 10.0.0.54; 1 of 32 healthy ones does.
    1 failing host shares none of this.
    Who can fix it: DNS team.
    If that is so, this passes on n00, which fails now:
      pathproof check --endpoint relay://ns.servicebus.windows.net:443 --resolver 10.0.0.53
    If that is so, this fails on n08, which works now:
      pathproof check --endpoint relay://ns.servicebus.windows.net:443 --resolver 10.0.0.54"
    );
    let mut ticket = Vec::new();
    crate::report::handout::markdown(&handout(&merged), &mut ticket).unwrap();
    let ticket = String::from_utf8(ticket).unwrap();
    for needed in ["of 8 failing hosts ask the resolver 10.0.0.54", "--resolver 10.0.0.54"] {
        assert!(ticket.contains(needed), "{needed} in {ticket}");
    }
    let mut page = Vec::new();
    crate::report::html::merged(&merged, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("7 of 8 failing hosts ask the resolver 10.0.0.54"), "{page}");
}

#[test]
fn parts_that_always_occur_together_are_named_together() {
    let merged = merged(&hosts(40, |number, host| {
        if number < 8 {
            host.resolver = "10.0.0.54";
            host.source = format!("10.60.0.{number}");
            host.found = vec![("relay", SERVFAIL)];
        }
    }));
    let expected = "Explained [relay dns_servfail 8/32]: 10.0.0.54 8/0 = 10.60.0.0/24 8/0";
    assert_eq!(said(&merged), [expected]);
    let shown = shown(&merged);
    let together = "The very same hosts leave from 10.60.0.0/24: these cannot be told apart.";
    assert!(shown.contains(together), "{shown}");
}

#[test]
fn one_host_more_or_less_is_a_tie() {
    let merged = merged(&hosts(40, |number, host| {
        if number < 8 {
            host.found = vec![("relay", SILENT)];
            host.proxy = Some("http://proxy:3128");
        }
        if number < 7 {
            host.source = format!("10.60.0.{number}");
        }
    }));
    let expected = "Explained [relay tcp_timeout 8/32]: http://proxy:3128 8/0 ~ 10.60.0.0/24 7/0";
    assert_eq!(said(&merged), [expected]);
    let shown = shown(&merged);
    for words in [
        "It may as well be this: 7 of 8 failing hosts leave from 10.60.0.0/24;",
        "Who can fix it: Proxy team, or Firewall team.",
    ] {
        assert!(shown.contains(words), "{shown}");
    }
}

#[test]
fn two_faults_are_two_statements_or_two_parts_of_one() {
    let faults = |other: Option<(&'static str, &'static str)>| {
        merged(&hosts(60, |number, host| {
            if number < 10 {
                host.source = format!("10.60.0.{number}");
                host.found = vec![("relay", SILENT)];
            } else if number % 4 == 0 {
                host.proxy = Some("http://proxy:3128");
                host.found = vec![("relay", other)];
            }
        }))
    };
    let refused = Some(("proxy_refused", "proxy"));
    assert_eq!(
        said(&faults(refused)),
        [
            "Explained [relay proxy_refused 12/38]: http://proxy:3128 12/0",
            "Explained [relay tcp_timeout 10/38]: 10.60.0.0/24 10/0",
        ]
    );
    assert_eq!(
        said(&faults(SILENT)),
        ["Explained [relay tcp_timeout 22/38]: http://proxy:3128 12/0 and 10.60.0.0/24 10/0"]
    );
}

/// The relay fails with resolver and subnet, and the control host with the resolver alone: the
/// resolver explains both.
#[test]
fn one_part_that_explains_two_failures_is_one_statement() {
    let merged = merged(&hosts(60, |number, host| {
        host.found = vec![("relay", None), ("control", None)];
        if number < 20 {
            host.resolver = "10.0.0.54";
            host.found[1].1 = SERVFAIL;
            host.found[0].1 = SERVFAIL;
        }
        if number < 20 {
            host.source = format!("10.60.{}.{number}", number % 2);
        }
    }));
    assert_eq!(
        said(&merged),
        ["Explained [control dns_servfail 20/40, relay dns_servfail 20/40]: \
          10.0.0.54 20/0 = 10.60.0.0/23 20/0"]
    );
}

#[test]
fn nothing_is_said_that_is_not_there() {
    // Failures without a pattern.
    let scattered = hosts(40, |number, host| {
        if [3, 11, 17, 22, 34].contains(&number) {
            host.found = vec![("relay", SILENT)];
        }
    });
    let merged_scattered = merged(&scattered);
    assert_eq!(said(&merged_scattered), ["NothingShared [relay tcp_timeout 5/35]: "]);
    assert!(shown(&merged_scattered).contains("Why cannot be told"), "{merged_scattered:?}");
    // Nobody to compare with, or to be compared.
    assert_eq!(said(&merged(&scattered[3..4])), [""; 0]);
    assert_eq!(said(&merged(&hosts(40, |_, _| ()))), [""; 0]);
    // One of two.
    let two = merged(&scattered[3..5]);
    assert_eq!(said(&two), ["TooFewHosts [relay tcp_timeout 1/1]: "]);
    assert_eq!(shown(&two), "");
}

#[test]
fn where_all_hosts_fail_it_says_what_they_share() {
    let merged = merged(&hosts(40, |_, host| host.found = vec![("relay", SILENT)]));
    assert_eq!(merged.failures[0].outcome, Explained::NoHealthyHost);
    let shown = shown(&merged);
    for words in [
        "All of them ask the resolver 10.0.0.53,",
        "connect to 40.112.72.101",
        "cannot be told: there is no healthy host",
    ] {
        assert!(shown.replace("\n    ", " ").contains(words), "{words} in {shown}");
    }
}

#[test]
fn warnings_are_called_warnings_and_those_of_all_are_said_once() {
    let intercepted = |n_all: usize| {
        let hosts = hosts(30, |number, host| {
            if number < n_all {
                host.proxy = Some("http://proxy:3128");
                host.found = vec![("relay", Some(("tls_intercepted", "proxy")))];
            }
        });
        let read = |host: &Host| {
            let mut report = report(host);
            if host.number < n_all {
                report["endpoints"][0]["status"] = json!("warn");
                report["endpoints"][0]["findings"][0]["severity"] = json!("warn");
            }
            MergedHost::of("n.json", &Report::read(&report.to_string()).unwrap(), &[])
        };
        shown(&Merged::of(hosts.iter().map(read).collect(), vec![]))
    };
    let some = intercepted(9);
    assert!(some.contains("relay tls_intercepted: 9 hosts warn, 21 do not"), "{some}");
    assert!(some.contains("All 9 warning hosts go by the proxy http://proxy:3128;"), "{some}");
    assert_eq!(intercepted(30), "");
}

#[test]
fn a_few_hosts_make_a_guess_that_is_called_one() {
    let merged = merged(&hosts(9, |number, host| {
        if number < 3 {
            host.resolver = "10.0.0.54";
            host.found = vec![("relay", SERVFAIL)];
        }
    }));
    assert_eq!(said(&merged), ["TooFewHosts [relay dns_servfail 3/6]: 10.0.0.54 3/0"]);
    assert!(shown(&merged).contains("Too few hosts to be sure"), "{}", shown(&merged));
}

#[test]
fn what_might_hide_the_fault_and_what_is_not_listed_says_nothing() {
    let merged = merged(&hosts(60, |number, host| {
        if number >= 30 {
            return;
        }
        // Of ten of them the relay is refused before, and ten need no relay.
        host.source = format!("10.60.0.{number}");
        host.found = vec![match number {
            0..10 => ("relay", SILENT),
            10..20 => ("relay", Some(("proxy_refused", "proxy"))),
            _ => ("control", None),
        }];
    }));
    let failed = "relay proxy_refused 10/30, relay tcp_timeout 10/30";
    assert_eq!(said(&merged), [format!("Explained [{failed}]: 10.60.0.0/24 10/0")]);
}

/// An older report says less: neither who was asked, nor from where, nor a role.
#[test]
fn what_a_report_does_not_say_is_not_held_against_a_part() {
    let all = hosts(60, |number, host| {
        if number < 20 {
            host.resolver = "10.0.0.54";
            host.found = vec![("relay", SERVFAIL)];
        }
    });
    let read = |host: &Host| {
        let mut report = report(host);
        if host.number.is_multiple_of(10) {
            report["run"] = json!({});
            let endpoint = report["endpoints"][0].as_object_mut().unwrap();
            for later in ["role", "lookups", "route", "kind"] {
                endpoint.remove(later);
            }
        }
        let report = Report::read(&report.to_string()).unwrap();
        MergedHost::of(&format!("{}.json", host.number), &report, &[])
    };
    let merged = Merged::of(all.iter().map(read).collect(), vec![]);
    assert_eq!(said(&merged), ["Explained [relay dns_servfail 20/40]: 10.0.0.54 18/0"]);
    assert_eq!(merged.failures[0].parts[0].alternatives[0].not_known, 2);
    assert!(shown(&merged).contains("Of 2 failing ones that is not known."));
}

#[test]
fn what_follows_from_a_wrong_answer_is_not_its_reason() {
    let merged = merged(&hosts(40, |number, host| {
        if number < 8 {
            host.address = "192.0.2.7";
            host.resolver = "10.0.0.54";
            host.found = vec![("relay", Some(("path_public_expected", "dns")))];
        }
    }));
    assert_eq!(said(&merged), ["Explained [relay path_public_expected 8/32]: 10.0.0.54 8/0"]);
}

#[test]
fn an_owner_sees_statements_of_what_is_theirs() {
    let hosts = resolver_broken();
    assert_eq!(said(&merged_for(&hosts, &[Owner::Dns])).len(), 1);
    assert_eq!(said(&merged_for(&hosts, &[Owner::Proxy])), [""; 0]);
}

#[test]
fn what_strangers_chose_is_no_command() {
    let merged = merged(&hosts(40, |number, host| {
        if number < 8 {
            host.proxy = Some("http://proxy:3128/$(reboot)`reboot`");
            host.found = vec![("relay", SILENT)];
        }
    }));
    assert_eq!(merged.failures[0].parts[0].alternatives[0].failing, 8);
    assert!(merged.failures[0].tests.iter().all(|test| !test.command.contains("reboot")));
}

#[test]
fn the_json_keeps_its_schema() {
    let mut bytes = Vec::new();
    merged(&resolver_broken()).json(&mut bytes).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    let schema = written_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&value).map(|it| it.to_string()).collect();
    assert_eq!(faults, <[String; 0]>::default());
    assert_eq!(value["failures"][0]["parts"][0]["alternatives"][0]["kind"], "resolver");
}

/// `docs/merge.schema.json`, generated from these types: `PATHPROOF_BLESS=1` writes it anew.
#[test]
fn the_committed_schema_of_merged_reports_is_what_is_written() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/merge.schema.json");
    let text = format!("{:#}\n", written_schema());
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == text, "docs/merge.schema.json: PATHPROOF_BLESS=1 writes it anew");
}

fn written_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Merged>();
    let mut schema = schema.to_value();
    schema["title"] = json!("pathproof.merge/1");
    schema["properties"]["schema"] =
        json!({"description": "What this is.", "const": "pathproof.merge/1"});
    schema["required"].as_array_mut().unwrap().push(json!("schema"));
    schema
}
