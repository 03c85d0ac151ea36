//! What a saved plan shows of having been edited: changes that pathproof never plans, and a plan
//! that contradicts itself. Whoever approves a plan reads all of it, so that all of it must say the
//! same; nothing is written of one that does not.

use super::assign::PRIORITIES;
use super::document::{RuleAction, RuleChange, RuleDocument, RulePlan};
use super::rule::RuleProperties;
use crate::firewall::PortSet;
use crate::model::{AddressClass, AddressSet};

/// The rules of a plan that was edited, each with what is different in it, in words.
pub(super) fn altered(plan: &RulePlan) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    for (index, change) in plan.changes.iter().enumerate() {
        let is_again = plan.changes[..index].iter().any(|own| own.is_of(&change.name));
        let what = if is_again {
            Some("it stands in changes more than once".to_owned())
        } else {
            never_planned(change).or_else(|| contradiction(plan, change))
        };
        found.extend(what.map(|what| (change.name.as_str(), what)));
    }
    for (index, rule) in plan.rules.iter().enumerate() {
        if plan.rules[..index].iter().any(|own| own.name.eq_ignore_ascii_case(&rule.name)) {
            found.push((rule.name.as_str(), "it stands in rules more than once".to_owned()));
        }
    }
    found
}

/// What a change would write and pathproof never writes.
fn never_planned(change: &RuleChange) -> Option<String> {
    const WRITTEN: [&str; 15] = [
        "description",
        "protocol",
        "sourcePortRange",
        "sourcePortRanges",
        "sourceAddressPrefix",
        "sourceAddressPrefixes",
        "sourceApplicationSecurityGroups",
        "destinationPortRange",
        "destinationPortRanges",
        "destinationAddressPrefix",
        "destinationAddressPrefixes",
        "destinationApplicationSecurityGroups",
        "access",
        "priority",
        "direction",
    ];
    let properties = change.after.as_ref()?;
    let meaning = properties.meaning();
    let side = &meaning.destination;
    let public = AddressSet::of_class(AddressClass::Public);
    let unknown = properties.json().as_object().map_or(Some("no object"), |members| {
        members.keys().map(String::as_str).find(|key| !WRITTEN.contains(key))
    });
    if let Some(key) = unknown {
        Some(format!("it sets {}", key.chars().take(80).collect::<String>()))
    } else if properties.mark().is_none() {
        Some("its description is not pathproof's".to_owned())
    } else if meaning.access != "allow" || meaning.direction != "outbound" {
        Some(format!("it would be {}, {}", meaning.direction, meaning.access))
    } else if meaning.protocol != "tcp" {
        Some(format!("its protocol is {}", meaning.protocol))
    } else if side.ports == PortSet::default() || side.ports.is_any() {
        Some(format!("its ports are '{}'", side.ports))
    } else if !meaning.source.ports.is_any() {
        Some(format!("its source ports are '{}'", meaning.source.ports))
    } else if !meaning.priority.is_some_and(|priority| PRIORITIES.contains(&priority)) {
        Some("its priority is none of 100 to 4096".to_owned())
    } else if let Some(what) = side.beyond_addresses() {
        Some(format!("it allows {what}"))
    } else if side.addresses.is_empty() {
        Some("it allows no address".to_owned())
    } else if !side.addresses.is_subset(&public) {
        let private = side.addresses.difference(&public);
        Some(format!("it allows {}, private or reserved", some_prefixes(&private)))
    } else {
        None
    }
}

/// Where a change says something else than itself, its rule or its plan.
fn contradiction(plan: &RulePlan, change: &RuleChange) -> Option<String> {
    let action = RuleAction::between(change.before.as_ref(), change.after.as_ref());
    if change.action != action {
        let (said, meant) = (change.action.as_str(), action.as_str());
        return Some(format!("its action is {said}, and before and after mean {meant}"));
    }
    let marked = change.after.as_ref().and_then(|after| against_mark(plan, after));
    let rule = plan.rules.iter().find(|rule| change.is_of(&rule.name));
    marked
        .or_else(|| unlisted(change))
        .or_else(|| against_rule(change.after.as_ref(), rule).map(str::to_owned))
}

/// Where the mark names another job than the plan, or other ports than the rule.
fn against_mark(plan: &RulePlan, after: &RuleProperties) -> Option<String> {
    let mark = after.mark()?;
    if !mark.is_whole() {
        return Some("its description does not say what is written".to_owned());
    }
    // Plans of older versions name no job.
    if let Some(job) = plan.job.as_ref().filter(|job| !mark.jobs.contains(*job)) {
        let job: String = job.chars().take(80).collect();
        return Some(format!("its description does not name {job}, the job of the plan"));
    }
    let what = mark.changed_by_hand(after.meaning())?;
    Some(format!("it contradicts its own description: {what}"))
}

/// Where `add` and `remove` are not what lies between before and after.
fn unlisted(change: &RuleChange) -> Option<String> {
    let addresses = |properties: Option<&RuleProperties>| -> AddressSet {
        properties.map(|own| own.meaning().destination.addresses.clone()).unwrap_or_default()
    };
    let (old, new) = (addresses(change.before.as_ref()), addresses(change.after.as_ref()));
    let added: AddressSet = change.add.iter().map(|held| held.prefix).collect();
    let removed: AddressSet = change.remove.iter().map(|held| held.prefix).collect();
    [
        ("add", "gains", added, new.difference(&old)),
        ("remove", "loses", removed, old.difference(&new)),
    ]
    .into_iter()
    .find(|(.., listed, meant)| listed != meant)
    .map(|(list, verb, listed, meant)| {
        let missing = meant.difference(&listed);
        if missing.is_empty() {
            let more = some_prefixes(&listed.difference(&meant));
            format!("{list} lists {more}, which is not what it {verb}")
        } else {
            format!("it {verb} {}, which {list} does not list", some_prefixes(&missing))
        }
    })
}

/// Where the properties after the change are not those of the desired rule.
fn against_rule(
    after: Option<&RuleProperties>,
    rule: Option<&RuleDocument>,
) -> Option<&'static str> {
    match (after, rule) {
        (None, None) => None,
        (None, Some(_)) => Some("it is deleted, and stands in rules as desired"),
        (Some(_), None) => Some("it is written, and does not stand in rules"),
        (Some(after), Some(rule)) => {
            let listed: AddressSet = rule.prefixes.iter().map(|held| held.prefix).collect();
            if after.json() != rule.properties.json() {
                Some("its properties are others in changes than in rules")
            } else if listed != after.meaning().destination.addresses {
                Some("the prefixes of rules are not those that it allows")
            } else {
                None
            }
        }
    }
}

/// The first prefixes of a set.
fn some_prefixes(addresses: &AddressSet) -> String {
    const SHOWN: usize = 3;
    let prefixes = addresses.prefixes();
    let shown: Vec<_> = prefixes.iter().take(SHOWN).map(ToString::to_string).collect();
    match prefixes.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::tests::{intent, rule, seen};
    use super::super::{
        Bounds, Intent, LiveGroup, PlanInputs, PriorityChoice, RulePlan, judge, plan,
    };
    use crate::firewall::MARKER;

    const OURS: &str = "Written by pathproof [job-1 outbound allow tcp 443]";

    /// What a hand does to a saved plan, and a part of what is said of it.
    type Edit<'a> = (&'a dyn Fn(&mut Value), &'static str);

    /// A plan that gives one address and takes one, as it is saved.
    fn saved(live: &LiveGroup, intent: &Intent) -> Value {
        let seen = [seen("13.69.0.1/32", 443), seen("13.69.0.5/32", 443)];
        let inputs =
            PlanInputs { seen: &seen, refusals: &[], left_out: &[], ledger: Some(&[]), live };
        serde_json::to_value(plan(intent, inputs).plan).unwrap()
    }

    fn judged(plan: &Value, live: &LiveGroup, adopt: bool) -> Vec<String> {
        let plan = RulePlan::read(&plan.to_string()).unwrap();
        assert_eq!(plan.refusals, []);
        let bounds =
            Bounds { max_shrink: 100, max_age: Duration::from_hours(24), adopt, now: plan.made_at };
        judge(&plan, live, bounds).iter().map(|own| format!("{}: {own}", own.as_str())).collect()
    }

    fn group() -> LiveGroup {
        LiveGroup { rules: vec![rule("relay", 300, OURS, &["13.69.0.1/32"])] }
    }

    #[test]
    fn a_plan_as_it_was_saved_passes() {
        let group_id = json!([{"id": "/subscriptions/s/resourceGroups/g/providers/\
            Microsoft.Network/applicationSecurityGroups/db"}]);
        let mut to_group = rule("Relay-2", 301, OURS, &["13.69.0.9/32"]);
        let mut properties = to_group.properties.json().clone();
        properties["destinationApplicationSecurityGroups"] = group_id;
        properties["destinationAddressPrefixes"] = Value::Null;
        to_group.properties = properties.into();
        let by_hand = rule("Relay", 300, "by hand", &["13.69.0.1/32", "0.0.0.0/0"]);
        let auto = || intent(PriorityChoice::Auto);
        for (rules, intent) in [
            (vec![], auto()),
            (group().rules, auto()),
            (group().rules, Intent { rule_name: "RELAY".to_owned(), ..auto() }),
            (vec![rule("Relay", 300, MARKER, &["13.69.0.1/32"])], auto()),
            (vec![by_hand], Intent { adopt: true, ..auto() }),
            (vec![rule("Relay", 300, OURS, &["13.69.0.1/32"]), to_group], auto()),
            (group().rules, intent(PriorityChoice::At(400))),
        ] {
            let live = LiveGroup { rules };
            let plan = saved(&live, &intent);
            assert_ne!(plan["changes"], json!([]));
            assert_eq!(judged(&plan, &live, intent.adopt), Vec::<String>::new(), "{plan:#}");
        }
    }

    #[test]
    fn a_plan_that_contradicts_itself_is_refused() {
        let live = group();
        let plan = saved(&live, &intent(PriorityChoice::Auto));
        assert_eq!(judged(&plan, &live, false), Vec::<String>::new());
        let with = |path: &'static str, value: Value| {
            move |plan: &mut Value| *plan.pointer_mut(path).unwrap() = value.clone()
        };
        let again = |name: &'static str| {
            move |plan: &mut Value| {
                let mut change = plan["changes"][0].clone();
                change["name"] = json!(name);
                plan["changes"].as_array_mut().unwrap().push(change);
            }
        };
        let more = |plan: &mut Value| {
            let prefixes = &mut plan["changes"][0]["after"]["destinationAddressPrefixes"];
            prefixes.as_array_mut().unwrap().push(json!("8.8.8.8/32"));
        };
        let more_in_both = |plan: &mut Value| {
            more(plan);
            plan["rules"][0]["properties"] = plan["changes"][0]["after"].clone();
        };
        let more_but_one = |plan: &mut Value| {
            more_in_both(plan);
            let held = json!({"prefix": "8.8.8.8/32", "why": "x"});
            plan["changes"][0]["add"].as_array_mut().unwrap().push(held);
        };
        let edits: [Edit<'_>; 16] = [
            (
                &with("/changes/0/after/destinationPortRanges", json!(["443", "22"])),
                "22,443, and 443",
            ),
            (&with("/changes/0/after/sourcePortRange", json!("1")), "its source ports are '1'"),
            (&with("/changes/0/after/sourcePortRange", json!("x")), "its source ports are ''"),
            (&with("/changes/0/after/sourceAddressPrefix", json!("1.2.3.4")), "others in changes"),
            (&with("/changes/0/after/priority", json!(100)), "others in changes"),
            (&with("/rules/0/properties/priority", json!(100)), "others in changes"),
            (&with("/changes/0/after/description", json!(MARKER)), "what is written"),
            (&with("/job", json!("other")), "does not name other"),
            (&with("/changes/0/action", json!("create")), "and before and after mean update"),
            (&with("/changes/0/add", json!([])), "gains 13.69.0.5/32, which add does not list"),
            (&with("/rules/0/prefixes", json!([])), "the prefixes of rules"),
            (&again("relay"), "more than once"),
            (&again("RELAY"), "more than once"),
            (&more, "it gains 8.8.8.8/32, which add does not list"),
            (&more_in_both, "it gains 8.8.8.8/32, which add does not list"),
            (&more_but_one, "the prefixes of rules"),
        ];
        for (edit, words) in edits {
            let mut plan = plan.clone();
            edit(&mut plan);
            let refusals = judged(&plan, &live, false);
            let is_meant = |own: &String| own.starts_with("plan_altered: ") && own.contains(words);
            assert!(refusals.iter().any(is_meant), "{words}: {refusals:?}");
        }
    }
}
