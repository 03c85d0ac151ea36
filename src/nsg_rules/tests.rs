use ipnet::Ipv4Net;
use proptest::prelude::*;
use serde_json::json;

use super::live::number;
use super::*;
use crate::model::{AddressClass, AddressSet};

fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

pub(super) fn intent(priority: PriorityChoice) -> Intent {
    Intent {
        rule_name: "Relay".to_owned(),
        job: "job-1".to_owned(),
        adopt: false,
        source: None,
        priority,
        proof: ProofLevel::Published,
        keep: Duration::from_hours(168),
        max_shrink: 100,
        now: now(),
    }
}

pub(super) fn seen(net: &str, port: u16) -> SeenPrefix {
    SeenPrefix {
        net: net.parse().unwrap(),
        ports: port.into(),
        name: "a.servicebus.windows.net".to_owned(),
        how: "published".to_owned(),
    }
}

pub(super) fn rule(name: &str, priority: u16, description: &str, prefixes: &[&str]) -> LiveRule {
    LiveRule::read(&json!({"name": name, "etag": "W/\"1\"", "properties": {
        "description": description, "priority": priority, "access": "Allow",
        "direction": "Outbound", "protocol": "TCP", "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefixes": prefixes,
        "destinationPortRanges": ["443"], "provisioningState": "Succeeded",
    }}))
    .unwrap()
}

fn planned(live: &LiveGroup, seen: &[SeenPrefix], ledger: Option<&[Remembered]>) -> Planned {
    plan(
        &intent(PriorityChoice::Auto),
        PlanInputs { seen, refusals: &[], left_out: &[], ledger, live },
    )
}

#[test]
fn our_rules_are_known_by_name_and_description() {
    for (name, expected) in [
        ("Relay", Some(1)),
        ("RELAY", Some(1)),
        ("Relay-2", Some(2)),
        ("relay-14", Some(14)),
        ("Relay-1", None),
        ("Relay-02", None),
        ("Relay-+2", None),
        ("Relay-x", None),
        ("Relay2", None),
        ("Relays", None),
        ("Rela", None),
        ("Ré", None),
    ] {
        assert_eq!(number(name, "Relay"), expected, "{name}");
    }
    let live = LiveGroup {
        rules: vec![
            rule("Relay-2", 210, MARKER, &["13.69.0.1"]),
            rule("Relay", 200, "Written by pathproof from x", &["13.69.0.2"]),
            rule("Relay-3", 220, "written by hand", &["13.69.0.3"]),
        ],
    };
    let own: Vec<_> = live.own("Relay").iter().map(|(number, _)| *number).collect();
    assert_eq!(own, [1, 2]);
}

#[test]
fn how_a_rule_is_written_does_not_matter() {
    let one = RuleProperties::from(json!({
        "description": "a", "priority": 200, "access": "Allow", "direction": "Outbound",
        "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": "13.69.0.0/31", "destinationPortRange": "443",
        "destinationAddressPrefixes": [], "destinationPortRanges": [],
    }));
    let other = RuleProperties::from(json!({
        "priority": "200", "access": "allow", "direction": "outbound", "protocol": "TCP",
        "sourceAddressPrefix": "*", "sourcePortRanges": ["0-65535"],
        "destinationAddressPrefixes": ["13.69.0.1", "13.69.0.0/32"],
        "destinationPortRanges": [443],
    }));
    let (one, other) = (one.meaning(), other.meaning());
    assert_eq!(one.destination.addresses, other.destination.addresses);
    assert_eq!(one.source, other.source);
    assert_eq!((&one.protocol, one.priority), (&other.protocol, other.priority));
}

#[test]
fn what_is_the_same_is_no_change() {
    let live = LiveGroup { rules: vec![rule("Relay", 333, MARKER, &["13.69.0.1", "13.69.0.0"])] };
    let plan = planned(&live, &[seen("13.69.0.0/31", 443)], None).plan;
    assert_eq!(plan.changes, []);
    assert_eq!(plan.rules[0].properties.meaning().priority, Some(333));
    // What Azure could not put into force is written again.
    let mut live = live;
    live.rules[0].state = Some("Failed".to_owned());
    let plan = planned(&live, &[seen("13.69.0.0/31", 443)], None).plan;
    assert_eq!((plan.changes.len(), plan.changes[0].action), (1, RuleAction::Update));
    assert!(plan.notes.iter().any(|note| note.contains("provisioningState Failed")));
}

#[test]
fn families_and_ports_are_rules_of_their_own() {
    let all =
        [seen("13.69.0.0/32", 443), seen("2603:1020::1/128", 443), seen("13.69.0.9/32", 1433)];
    let plan = planned(&LiveGroup::default(), &all, None).plan;
    let shown: Vec<_> = plan
        .rules
        .iter()
        .map(|rule| {
            format!("{} {}", rule.name, rule.properties.json()["destinationAddressPrefixes"])
        })
        .collect();
    assert_eq!(
        shown,
        [
            "Relay [\"13.69.0.9/32\"]",
            "Relay-2 [\"13.69.0.0/32\"]",
            "Relay-3 [\"2603:1020::1/128\"]",
        ]
    );
    assert_eq!(plan.refusals, []);
}

#[test]
fn a_block_stays_in_its_rule_when_another_comes_before_it() {
    let live = LiveGroup { rules: vec![rule("Relay", 200, MARKER, &["13.69.0.0/32"])] };
    let all = [seen("13.69.0.0/32", 443), seen("13.69.0.9/32", 1433)];
    let plan = planned(&live, &all, None).plan;
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(
        (plan.changes[0].action, plan.changes[0].name.as_str()),
        (RuleAction::Create, "Relay-2")
    );
}

#[test]
fn documents_are_read_back_as_they_are() {
    let live = LiveGroup { rules: vec![rule("Relay", 200, MARKER, &["13.69.0.7/32"])] };
    let plan = planned(&live, &[seen("13.69.0.0/32", 443)], None).plan;
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(RulePlan::read(&text).unwrap(), plan);
    let newer = text.replacen('{', "{\"later\": 1, ", 1);
    assert_eq!(RulePlan::read(&newer).unwrap(), plan, "unknown fields are ignored");
    assert!(matches!(RulePlan::read("{}"), Err(PlanError::Schema { .. })));
    assert!(matches!(RulePlan::read("["), Err(PlanError::Malformed { .. })));
    let rollback = RollbackDocument::of(&plan, "/id", "https://arm", now());
    let text = serde_json::to_string(&rollback).unwrap();
    assert_eq!(RollbackDocument::read(&text).unwrap(), rollback);
    assert!(RulePlan::read(&text).is_err());
}

#[test]
fn source_ports_are_a_hands_change_and_shown() {
    let ours = "Written by pathproof [job-1 outbound allow tcp 443]";
    let mut own = rule("Relay", 200, ours, &["13.69.0.0/32"]);
    let mut properties = own.properties.json().clone();
    properties["sourcePortRange"] = json!("443");
    own.properties = properties.into();
    let live = LiveGroup { rules: vec![own] };
    let seen = [seen("13.69.0.0/32", 443)];
    let plan = planned(&live, &seen, None).plan;
    let guards: Vec<_> = plan.refusals.iter().map(|own| own.guard.as_str()).collect();
    assert_eq!(guards, ["changed_by_hand"]);
    let text = plan_text(&plan);
    for words in
        ["- source ports: 443", "+ source ports: *", "its source ports are 443, and * was written"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Whoever takes the rule over writes all ports again.
    let intent = Intent { adopt: true, ..intent(PriorityChoice::Auto) };
    let inputs =
        PlanInputs { seen: &seen, refusals: &[], left_out: &[], ledger: None, live: &live };
    let plan = super::plan(&intent, inputs).plan;
    assert_eq!(plan.refusals, []);
    assert_eq!(
        after(&live, &plan.changes).unwrap().rules[0].meaning().source.ports,
        PortSet::any()
    );
}

#[test]
fn a_rule_of_another_case_is_one_rule() {
    let live = LiveGroup { rules: vec![rule("relay", 300, "by hand", &["13.69.0.1/32"])] };
    let plan = planned(&live, &[seen("13.69.0.0/32", 443)], None).plan;
    assert_eq!((plan.changes[0].name.as_str(), plan.rules[0].name.as_str()), ("relay", "Relay"));
    let text = plan_text(&plan);
    assert!(text.contains("~ update relay"), "{text}");
    assert!(!text.contains("as it is"), "{text}");
}

#[test]
fn a_page_is_no_group() {
    let mut page = json!({"value": [], "nextLink": "https://management.azure.com/next"});
    let error = LiveGroup::read(&page).unwrap_err().to_string();
    assert!(error.contains("nextLink") && error.contains("az network nsg show"), "{error}");
    for whole in [json!(""), json!(null)] {
        page["nextLink"] = whole;
        assert_eq!(LiveGroup::read(&page), Ok(LiveGroup::default()));
    }
}

#[test]
fn groups_are_read_in_every_form() {
    let flat = json!({"name": "r", "priority": 100, "access": "Allow", "direction": "Outbound",
        "protocol": "*", "etag": "x", "id": "/y", "description": null});
    for value in [
        json!({"securityRules": [flat]}),
        json!({"properties": {"securityRules": [flat]}}),
        json!({"value": [flat]}),
        json!([flat]),
    ] {
        let live = LiveGroup::read(&value).unwrap();
        let properties = live.rules[0].properties.json();
        let keys: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["access", "direction", "priority", "protocol"], "{value}");
    }
    for value in [
        json!({}),
        json!([{"properties": {"securityRules": []}}]),
        json!({"securityRules": [{"name": "r", "priority": 100}]}),
        json!({"securityRules": [{"priority": 100}]}),
    ] {
        assert!(LiveGroup::read(&value).is_err(), "{value}");
    }
}

/// What a group is after the changes, made one by one as Azure would take them.
pub(super) fn after(live: &LiveGroup, changes: &[RuleChange]) -> Result<LiveGroup, String> {
    let mut group = live.clone();
    let steps: Vec<RuleStep> = changes.iter().map(RuleStep::from).collect();
    for step in &steps {
        if drift(&group, step, &steps) != Drift::AsBefore {
            return Err(format!("{} does not stand as before", step.name));
        }
        group.rules.retain(|rule| rule.name != step.name);
        if let Some(after) = &step.after {
            let rule = json!({"name": step.name, "properties": after});
            group.rules.push(LiveRule::read(&rule).map_err(str::to_owned)?);
        }
        let mut priorities: Vec<_> =
            group.rules.iter().map(|rule| rule.meaning().priority).collect();
        priorities.sort_unstable();
        if priorities.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(format!("two rules of one priority after {}: {priorities:?}", step.name));
        }
    }
    Ok(group)
}

fn address() -> impl Strategy<Value = IpNet> {
    // Few enough that they meet; some private, one reserved.
    let v4 = prop_oneof![
        (0u8..24).prop_map(|n| Ipv4Net::new([13, 69, 0, n].into(), 32).unwrap()),
        (0u8..4).prop_map(|n| Ipv4Net::new([10, 0, 0, n].into(), 32).unwrap()),
        Just(Ipv4Net::new([0, 0, 0, 0].into(), 32).unwrap()),
    ];
    prop_oneof![
        6 => v4.prop_map(IpNet::V4),
        1 => (0u16..4).prop_map(|n| format!("2603:1020::{n}/128").parse().unwrap()),
    ]
}

fn seens() -> impl Strategy<Value = Vec<SeenPrefix>> {
    let one =
        (address(), prop_oneof![Just(443u16), Just(1433)], 0u8..2).prop_map(|(net, port, n)| {
            SeenPrefix {
                net,
                ports: port.into(),
                name: format!("{n}.net"),
                how: "published".to_owned(),
            }
        });
    proptest::collection::vec(one, 0..12)
}

fn ledgers() -> impl Strategy<Value = Option<Vec<Remembered>>> {
    let one = (address(), 0i64..14, 0u8..2).prop_map(|(net, days, n)| Remembered {
        name: format!("{n}.net"),
        net,
        last_seen: now() - jiff::SignedDuration::from_hours(days * 24),
        proof: Some(ProofLevel::Published),
    });
    proptest::option::of(proptest::collection::vec(one, 0..12))
}

fn groups() -> impl Strategy<Value = LiveGroup> {
    let own = (proptest::collection::vec(address(), 1..5), any::<bool>());
    let own = proptest::collection::vec(own, 0..4);
    (own, proptest::collection::btree_set(198u16..208, 0..7)).prop_map(|(own, priorities)| {
        let mut priorities = priorities.into_iter();
        let mut rules = Vec::new();
        for (index, (nets, is_ours)) in own.into_iter().enumerate() {
            let Some(priority) = priorities.next() else { break };
            let nets: Vec<_> = nets.iter().map(ToString::to_string).collect();
            let nets: Vec<_> = nets.iter().map(String::as_str).collect();
            let index = u32::try_from(index).unwrap() + 1;
            let (name, description) = if is_ours {
                (live::numbered("Relay", index), MARKER)
            } else {
                (format!("Foreign-{index}"), "")
            };
            rules.push(rule(&name, priority, description, &nets));
        }
        LiveGroup { rules }
    })
}

proptest! {
    /// A plan that nothing refuses can be made step by step, holds all that was seen and nothing
    /// private, touches no foreign rule, and leaves nothing to plan.
    #[test]
    fn what_is_planned_can_be_done_and_is_then_done(
        seen in seens(),
        ledger in ledgers(),
        live in groups(),
        priority in prop_oneof![
            Just(PriorityChoice::Auto),
            (197u16..206).prop_map(PriorityChoice::At),
        ],
    ) {
        let intent = intent(priority);
        let (ledger_rows, left_out) = (ledger.as_deref(), &[]);
        let inputs =
            PlanInputs { seen: &seen, refusals: &[], left_out, ledger: ledger_rows, live: &live };
        let plan = super::plan(&intent, inputs).plan;
        if !plan.refusals.is_empty() {
            return Ok(());
        }
        // As it was saved, it passes when it is judged again.
        let saved = RulePlan::read(&serde_json::to_string(&plan).unwrap()).unwrap();
        let bounds =
            Bounds { max_shrink: 100, max_age: Duration::from_hours(24), adopt: false, now: now() };
        prop_assert_eq!(judge(&saved, &live, bounds), vec![]);
        let then = after(&live, &plan.changes);
        prop_assert!(then.is_ok(), "{:?} {:#?}", then, plan.changes);
        let then = then.unwrap();
        let public = AddressSet::of_class(AddressClass::Public);
        let held: AddressSet = then
            .own("Relay")
            .iter()
            .map(|(_, rule)| rule.meaning().destination.addresses.clone())
            .collect::<Vec<_>>()
            .iter()
            .collect();
        prop_assert!(held.is_subset(&public));
        let wanted: AddressSet = seen.iter().map(|seen| seen.net).collect();
        prop_assert!(wanted.intersection(&public).is_subset(&held));
        for foreign in live.rules.iter().filter(|rule| !rule.is_marked()) {
            prop_assert_eq!(then.rule(&foreign.name), Some(foreign));
        }
        // The adopted prefixes are remembered by then.
        let mut remembered = ledger.clone();
        if let Some(rows) = &mut remembered {
            let overlaps = |net: &ipnet::IpNet, row: &Remembered| {
                row.net.contains(net) || net.contains(&row.net)
            };
            let own = live.own("Relay");
            let adopted = own.iter().flat_map(|(_, rule)| {
                rule.meaning().destination.addresses.prefixes()
            });
            let forgotten = adopted.filter(|net| {
                !ledger.iter().flatten().any(|row| overlaps(net, row))
            });
            rows.extend(forgotten.map(|net| Remembered {
                name: "rule Relay".to_owned(), net, last_seen: now(), proof: None,
            }));
        }
        let inputs = PlanInputs { ledger: remembered.as_deref(), live: &then, ..inputs };
        let again = super::plan(&intent, inputs).plan;
        prop_assert_eq!(&again.changes, &vec![], "first {:#?}", plan.changes);
    }

    /// What changed for whatever reason is never taken for what was planned.
    #[test]
    fn whoever_meddles_is_noticed(seen in seens(), live in groups(), net in address()) {
        let plan = planned(&live, &seen, None).plan;
        let steps: Vec<RuleStep> = plan.changes.iter().map(RuleStep::from).collect();
        let mut meddled = live.clone();
        for step in &steps {
            let Some(rule) = meddled.rules.iter_mut().find(|rule| rule.name == step.name) else {
                continue;
            };
            let set = AddressSet::from(net);
            if set.is_subset(&rule.meaning().destination.addresses) {
                continue;
            }
            let mut json = rule.properties.json().clone();
            json["destinationAddressPrefixes"].as_array_mut().unwrap().push(json!(net.to_string()));
            rule.properties = json.into();
            let rule = meddled.rule(&step.name).unwrap();
            if step.after.as_ref().is_none_or(|after| !rule.properties.is_same_as(after)) {
                prop_assert!(matches!(drift(&meddled, step, &steps), Drift::Drifted(_)));
            }
        }
    }

    /// Any text is read or refused.
    #[test]
    fn no_text_is_too_strange(text in ".{0,200}", member in "[a-zA-Z]{0,20}") {
        let _ = RulePlan::read(&text);
        let _ = RollbackDocument::read(&text);
        let value = json!({"securityRules": [{"name": text, member: text, "priority": text,
            "access": 1, "direction": [], "protocol": {}}]});
        let _ = LiveGroup::read(&value);
    }
}
