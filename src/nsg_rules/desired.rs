//! The desired contents of the rules: what this run saw, what was seen recently, and what the live
//! rules hold that the ledger does not know.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use super::live::LiveRule;
use super::{Intent, PlanInputs, Remembered};
use crate::firewall::{PortSet, ProofLevel};
use crate::model::{AddressClass, AddressSet};

/// The desired contents of the rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Desired {
    /// The contents of one rule each, in a stable order.
    pub(super) blocks: Vec<PrefixBlock>,
    /// Prefixes of the live rules that count as seen now.
    pub(super) adopted: Vec<IpNet>,
    pub(super) notes: Vec<String>,
    reasons: Vec<(IpNet, String)>,
}

/// Prefixes of one family that are allowed the same ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrefixBlock {
    pub(super) ports: PortSet,
    pub(super) is_v6: bool,
    pub(super) prefixes: Vec<IpNet>,
}

impl PrefixBlock {
    pub(super) fn addresses(&self) -> AddressSet {
        self.prefixes.iter().copied().collect()
    }
}

impl Desired {
    /// The reason for a prefix: the first two reasons of the addresses in it.
    pub(super) fn why(&self, net: IpNet) -> String {
        const SHOWN: usize = 2;
        let mut reasons: Vec<&str> = self
            .reasons
            .iter()
            .filter(|(own, _)| net.contains(own) || own.contains(&net))
            .map(|(_, why)| why.as_str())
            .collect();
        reasons.dedup();
        let more = reasons.len().saturating_sub(SHOWN);
        reasons.truncate(SHOWN);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        format!("{}{more}", reasons.join("; "))
    }
}

/// Collects the desired contents. Private, reserved and sinkhole addresses never enter a rule, from
/// whatever source.
pub(super) fn desired(
    intent: &Intent,
    knowledge: PlanInputs<'_>,
    own: &[(u32, &LiveRule)],
) -> Desired {
    let public = AddressSet::of_class(AddressClass::Public);
    let mut desired = Desired::default();
    let mut by_ports: BTreeMap<String, (PortSet, AddressSet)> = BTreeMap::new();
    let mut add = |ports: &PortSet, addresses: &AddressSet| {
        let entry =
            by_ports.entry(ports.to_string()).or_insert_with(|| (ports.clone(), AddressSet::new()));
        entry.1 = entry.1.union(&addresses.intersection(&public));
    };
    for seen in knowledge.seen {
        add(&seen.ports, &seen.net.into());
        desired.reasons.push((seen.net, format!("{}, {}", seen.name, seen.how)));
    }
    let recent = Recent::of(intent, knowledge.ledger.unwrap_or_default());
    for row in &recent.rows {
        // A remembered address gets the ports on which its name is needed now.
        let of_name = knowledge.seen.iter().filter(|seen| seen.name == row.name);
        let mut done: Vec<&PortSet> = Vec::new();
        for seen in of_name {
            if !done.contains(&&seen.ports) {
                add(&seen.ports, &row.net.into());
                done.push(&seen.ports);
            }
        }
        let is_seen = knowledge.seen.iter().any(|seen| seen.net == row.net);
        if !is_seen {
            let day = day(row.last_seen);
            desired.reasons.push((row.net, format!("{}, last seen {day}", row.name)));
        }
    }
    for (_, rule) in own {
        let side = &rule.meaning().destination;
        if side.beyond_addresses().is_some() {
            continue;
        }
        let known = match knowledge.ledger {
            Some(rows) => rows.iter().map(|row| row.net).collect(),
            None => AddressSet::new(),
        };
        let unknown = side.addresses.difference(&known).intersection(&public);
        let remembered = side.addresses.intersection(&recent.addresses);
        let is_taken_over = intent.adopt
            && rule
                .properties
                .mark()
                .is_none_or(|mark| mark.changed_by_hand(rule.meaning()).is_some());
        // The ports of a rule that is taken over were somebody else's choice.
        let ports: Vec<&PortSet> = if is_taken_over {
            knowledge.seen.iter().map(|seen| &seen.ports).collect()
        } else {
            vec![&side.ports]
        };
        for ports in ports {
            add(ports, &unknown);
            add(ports, &remembered);
        }
        let seen: AddressSet = knowledge.seen.iter().map(|seen| seen.net).collect();
        let newly: Vec<_> = unknown.prefixes();
        for net in unknown.difference(&seen).prefixes() {
            desired.reasons.push((net, format!("stood in {}", rule.name)));
        }
        desired.adopted.extend(newly);
    }
    desired.reasons.sort();
    desired.blocks = by_ports
        .into_values()
        .flat_map(|(ports, addresses)| {
            let (v4, v6): (Vec<_>, Vec<_>) =
                addresses.prefixes().into_iter().partition(|net| matches!(net, IpNet::V4(_)));
            let block =
                move |(is_v6, prefixes)| PrefixBlock { ports: ports.clone(), is_v6, prefixes };
            [(false, v4), (true, v6)].into_iter().map(block)
        })
        .filter(|block| !block.prefixes.is_empty())
        .collect();
    desired.notes.extend(kept(knowledge, &recent, &desired.blocks));
    desired.notes.extend(gone(intent, knowledge, own));
    desired
}

/// Notes that the rule is not there although an earlier day's run needed it: what deletes it would
/// do so again.
fn gone(intent: &Intent, knowledge: PlanInputs<'_>, own: &[(u32, &LiveRule)]) -> Option<String> {
    const A_DAY: SignedDuration = SignedDuration::from_hours(20);
    let is_needed = |row: &&Remembered| knowledge.seen.iter().any(|seen| seen.name == row.name);
    let rows = knowledge.ledger.unwrap_or_default().iter().filter(is_needed);
    let last = rows.map(|row| row.last_seen).max()?;
    let is_gone = own.is_empty() && intent.now.duration_since(last) >= A_DAY;
    is_gone.then(|| {
        format!(
            "{} is not in the group, and the ledger knows its addresses since {} at least. Where a \
             deployment writes the group's rules inside the group (security_rule, \
             securityRules), it deletes this one each time: give it the rule by rules plan \
             --format tfvars-json or bicep-params",
            intent.rule_name,
            day(last)
        )
    })
}

/// Notes on what is in the rules only because it was seen recently.
fn kept(knowledge: PlanInputs<'_>, recent: &Recent<'_>, blocks: &[PrefixBlock]) -> Vec<String> {
    const SHOWN: usize = 10;
    let mut kept: Vec<_> = recent
        .rows
        .iter()
        .filter(|row| {
            let is_in =
                |block: &PrefixBlock| AddressSet::from(row.net).is_subset(&block.addresses());
            !knowledge.seen.iter().any(|seen| seen.net == row.net) && blocks.iter().any(is_in)
        })
        .map(|row| (row.net, row.name.as_str(), day(row.last_seen)))
        .collect();
    kept.sort();
    kept.dedup();
    let more = kept.len().saturating_sub(SHOWN);
    let note = |(net, name, day): &(IpNet, &str, String)| {
        format!(
            "{net} of {name} is no longer in DNS, last seen {day}, and stays for a while (--keep)"
        )
    };
    let mut notes: Vec<String> = kept.iter().take(SHOWN).map(note).collect();
    if more > 0 {
        notes.push(format!("prefixes that stay for a while (--keep) beside these: {more}"));
    }
    notes
}

/// What the ledger adds: addresses that were seen recently and proven well enough.
struct Recent<'a> {
    rows: Vec<&'a Remembered>,
    addresses: AddressSet,
}

impl<'a> Recent<'a> {
    fn of(intent: &Intent, ledger: &'a [Remembered]) -> Self {
        let keep = SignedDuration::try_from(intent.keep).unwrap_or(SignedDuration::MAX);
        // Before the calendar begins, nothing is too old.
        let since = intent.now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        let is_enough = |proof: Option<ProofLevel>| match (proof, intent.proof) {
            (None | Some(ProofLevel::Tls), _) | (_, ProofLevel::Resolved) => true,
            (Some(proof), level) => proof == level,
        };
        let rows: Vec<_> =
            ledger.iter().filter(|row| row.last_seen >= since && is_enough(row.proof)).collect();
        let addresses = rows.iter().map(|row| row.net).collect();
        Self { rows, addresses }
    }
}

pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
