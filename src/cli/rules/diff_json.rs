//! What `rules diff` found as `pathproof.rules-diff/1`.

use serde_json::{Value, json};

use super::diff::is_required;
use super::missing;
use crate::firewall::{
    ChangedSpace, Direction, FlowChange, Protocol, ProtocolSet, RequiredChange, RulesDiff,
    SideDecision,
};
use crate::model::AddressSet;

/// Counts of IPv6 are texts, as they are larger than JSON numbers can be.
pub(super) fn json(seen: &RulesDiff<'_>, notes: &[String]) -> Value {
    let required = || seen.required.iter().filter(|own| is_required(own));
    let count = |change| required().filter(|own| own.change == change).count();
    let rows = |spaces: &[ChangedSpace<'_>]| spaces.iter().flat_map(rows).collect::<Vec<_>>();
    json!({
        "schema": "pathproof.rules-diff/1",
        "summary": {
            "required": required().count(),
            "lost": count(FlowChange::Lost),
            "gained": count(FlowChange::Gained),
            "same": count(FlowChange::Same),
            "unknown": count(FlowChange::Unknown),
        },
        "required": seen.required.iter().map(flow).collect::<Vec<_>>(),
        "admitted": rows(&seen.admitted),
        "no_longer_admitted": rows(&seen.no_longer_admitted),
        "unknown": rows(&seen.undecided),
        "without_effect":
            seen.without_effect.iter().map(|own| own.rule.name.as_str()).collect::<Vec<_>>(),
        "notes": notes,
    })
}

fn flow(own: &RequiredChange<'_>) -> Value {
    let flow = &own.requirement.flow;
    let source = match (flow.source, &*own.requirement.sources) {
        (Some(source), _) => Some(source),
        (None, [source]) => Some(*source),
        (None, _) => None,
    };
    let side = |side: &SideDecision<'_>| {
        json!({
            "decision": side.decision.as_str(),
            "rule": side.decision.by().name,
            "set": side.set,
            "place": side.decision.by().location,
            "missing": missing(&side.decision),
        })
    };
    json!({
        "flow": {
            "name": flow.name.as_ref().map(ToString::to_string),
            "destination": flow.destination(),
            "port": flow.port,
            "protocol": flow.protocol.as_str(),
            "source": source,
            "direction": flow.direction.as_str(),
        },
        "endpoint": own.requirement.endpoint,
        "entry": own.requirement.entry,
        "required": is_required(own),
        "before": side(&own.before),
        "after": side(&own.after),
        "change": own.change.as_str(),
        "changed_rules":
            own.touched_by.iter().map(|own| own.rule.name.as_str()).collect::<Vec<_>>(),
    })
}

/// A row for each protocol, or one for all of them.
fn rows(own: &ChangedSpace<'_>) -> Vec<Value> {
    let words = if own.protocols == ProtocolSet::ANY {
        vec!["*"]
    } else {
        let held = Protocol::ALL.into_iter().filter(|one| own.protocols.contains(*one));
        held.map(Protocol::as_str).collect()
    };
    let count = own.peers.count();
    let names = |rules: &[&crate::firewall::Rule]| {
        rules.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>()
    };
    let missing: Vec<_> = own.missing.iter().map(ToString::to_string).collect();
    words
        .into_iter()
        .map(|protocol| {
            let mut row = json!({
                "direction": own.direction.as_str(),
                "protocol": protocol,
                "ports": own.ports.texts(),
                "prefixes": prefixes(&own.peers),
                "addresses": {"v4": count.v4, "v6": count.v6.to_string()},
                "before": names(&own.before),
                "after": names(&own.after),
            });
            // The other end of the prefixes.
            let key = if own.direction == Direction::Outbound { "sources" } else { "destinations" };
            row[key] = prefixes(&own.own).into();
            if !missing.is_empty() {
                row["missing"] = json!(missing);
            }
            row
        })
        .collect()
}

fn prefixes(set: &AddressSet) -> Vec<String> {
    if set.is_everything() {
        return vec!["*".to_owned()];
    }
    set.prefixes().iter().map(ToString::to_string).collect()
}
