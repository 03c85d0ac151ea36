//! Files that nobody here wrote (`tests/data/rules`): each reader, and what it must make of them.

use super::*;
use crate::firewall::{NetworkContext, RuleDialect, RuleJudge, read_flows};

macro_rules! found {
    ($file:literal) => {
        RuleFile {
            name: $file,
            text: include_str!(concat!("../../../tests/data/rules/", $file, ".json")),
        }
    };
}

/// What a set of a file must be: its kind, how many rules the file gives it, and what becomes of
/// flows.
struct ExpectedSet {
    dialect: RuleDialect,
    n_rules: usize,
    decisions: &'static [(&'static str, &'static str)],
}

fn n_own_rules(set: &RuleSet) -> usize {
    let rules = set.rules().iter().rev().skip(1);
    rules.filter(|rule| rule.location != "Azure's default rules").count()
}

#[track_caller]
fn check(files: &[RuleFile<'_>], expected: &[ExpectedSet]) {
    let sets = read(files).unwrap();
    assert_eq!(sets.len(), expected.len(), "{:?}", files[0].name);
    for (set, expected) in sets.iter().zip(expected) {
        let found = (set.dialect, n_own_rules(set));
        assert_eq!(found, (expected.dialect, expected.n_rules), "{} {}", files[0].name, set.name);
        let judge = RuleJudge::new(set, NetworkContext::default());
        for (flow, expected) in expected.decisions {
            let decision = judge.decide(&read_flows(flow, "flow").unwrap()[0]);
            let found = format!("{} {}", decision.as_str(), decision.by().name);
            assert_eq!(found, *expected, "{} {} {flow}", files[0].name, set.name);
        }
    }
}

#[test]
fn effective_rules_and_routes() {
    check(
        &[found!("NetworkInterfaceEffectiveRouteTableList")],
        &[ExpectedSet {
            dialect: RuleDialect::EffectiveRoutes,
            n_rules: 6,
            decisions: &[
                ("40.112.72.101,443,tcp", "allow 0.0.0.0/0"),
                ("10.1.2.3,443,tcp", "deny 10.0.0.0/8"),
                // The longer prefix of the network itself wins over the private block.
                ("172.20.2.9,443,tcp", "allow 172.20.2.0/24"),
                ("172.20.3.9,443,tcp", "deny 172.16.0.0/12"),
            ],
        }],
    );
    check(
        &[found!("NetworkInterfaceEffectiveNSGList")],
        &[ExpectedSet {
            dialect: RuleDialect::Effective,
            n_rules: 3,
            decisions: &[
                ("40.112.72.101,443,tcp", "allow AllowInternetOutBound"),
                // The example leaves out the rule that denies the rest.
                ("200.1.1.1,443,tcp", "unknown (no rule)"),
                ("10.0.0.4,3389,tcp,1.1.1.1,inbound", "allow default-allow-rdp"),
            ],
        }],
    );
}

#[test]
fn an_answer_that_goes_on_is_not_the_whole() {
    check(
        &[found!("NetworkManagerEffectiveSecurityAdminRulesList")],
        &[ExpectedSet {
            dialect: RuleDialect::Admin,
            n_rules: 3,
            decisions: &[
                ("40.112.72.101,443,tcp", "unknown $.skipToken"),
                ("10.0.0.4,22,tcp,1.1.1.1,inbound", "unknown $.skipToken"),
            ],
        }],
    );
    // The last page holds no token.
    let whole = found!("NetworkManagerEffectiveSecurityAdminRulesList");
    let text = whole.text.replace("FakeSkipTokenCode", "");
    check(
        &[RuleFile { text: &text, ..whole }],
        &[ExpectedSet {
            dialect: RuleDialect::Admin,
            n_rules: 1,
            decisions: &[
                ("40.112.72.101,443,tcp", "allow (no admin rule)"),
                ("10.0.0.4,22,tcp,1.1.1.1,inbound", "deny SampleAdminRule"),
            ],
        }],
    );
}

#[test]
fn rules_of_azure_firewall() {
    let policy = found!("FirewallPolicyRuleCollectionGroupWithIpGroupsGet");
    let groups = found!("IpGroupsGet");
    let expected =
        |decisions| ExpectedSet { dialect: RuleDialect::AzureFirewall, n_rules: 1, decisions };
    // Of two IP groups one is given, in either order of the files.
    let decisions: &[_] = &[
        ("20.1.1.1,443,tcp,40.74.146.81", "unknown network-rule1"),
        ("20.1.1.1,443,tcp,10.0.0.4", "deny (no rule)"),
    ];
    check(&[policy, groups], &[expected(decisions)]);
    check(&[groups, policy], &[expected(decisions)]);
    check(&[policy], &[expected(&[("20.1.1.1,443,tcp,10.0.0.4", "unknown network-rule1")])]);
    check(
        &[found!("AzureFirewallGetWithIpGroups")],
        &[ExpectedSet {
            dialect: RuleDialect::AzureFirewall,
            n_rules: 3,
            decisions: &[
                ("20.1.1.1,443,tcp,192.168.1.12", "unknown L4-traffic"),
                ("20.1.1.1,443,tcp,192.168.1.13", "unknown L4-traffic-with-FQDN"),
                ("20.1.1.1,80,tcp,192.168.1.12", "deny (no rule)"),
            ],
        }],
    );
}

#[test]
fn templates_with_routes_and_firewalls() {
    check(
        &[found!("e-shop-route-table")],
        &[
            ExpectedSet {
                dialect: RuleDialect::Routes,
                n_rules: 1,
                decisions: &[("40.112.72.101,443,tcp", "allow 0.0.0.0/0")],
            },
            ExpectedSet {
                dialect: RuleDialect::Nsg,
                n_rules: 17,
                decisions: &[
                    ("40.112.72.101,443,tcp", "allow Outbound-443"),
                    ("40.112.72.101,1433,tcp", "allow Outbound-DB"),
                ],
            },
        ],
    );
    check(
        &[found!("enterprise-scale-bastion")],
        &[ExpectedSet {
            dialect: RuleDialect::Nsg,
            n_rules: 10,
            decisions: &[
                ("40.112.72.101,443,tcp", "unknown AllowAzureCloudCommunicationOutBound"),
                ("40.112.72.101,80,tcp", "allow AllowGetSessionInformationOutBound"),
                ("40.112.72.101,25,tcp", "deny DenyAllOutBound"),
            ],
        }],
    );
}

/// A table whose routes are a loop over a parameter without a value may lead any flow anywhere.
#[test]
fn routes_that_are_not_known_decide_nothing() {
    let sets = read(&[found!("ase-azure-firewall")]).unwrap();
    let tables = sets.iter().filter(|set| set.dialect == RuleDialect::Routes);
    let flow = &read_flows("40.112.72.101,443,tcp", "flow").unwrap()[0];
    let decided: Vec<_> = tables
        .map(|set| RuleJudge::new(set, NetworkContext::default()).decide(flow).as_str())
        .collect();
    assert_eq!(decided, ["unknown", "allow"]);
    let firewall = sets.iter().find(|set| set.dialect == RuleDialect::AzureFirewall).unwrap();
    let judge = RuleJudge::new(firewall, NetworkContext::default());
    let time = judge.decide(&read_flows("40.112.72.101,123,udp", "flow").unwrap()[0]);
    // It is deployed where a parameter says so.
    assert_eq!((time.as_str(), &*time.by().name), ("unknown", "(whether the firewall is as here)"));
    assert!(firewall.rules().iter().any(|rule| rule.name == "Time"));
}

#[test]
fn an_export_by_powershell_names_what_is_absent() {
    let sets = read(&[found!("psrule-firewalls")]).unwrap();
    let policy = sets.iter().find(|set| set.name == "policy-a").unwrap();
    let judge = RuleJudge::new(policy, NetworkContext::default());
    let decision = judge.decide(&read_flows("40.112.72.101,443,tcp", "flow").unwrap()[0]);
    let found = format!("{} {}", decision.as_str(), decision.by().name);
    assert_eq!(found, "unknown base policy policy-x");
}
