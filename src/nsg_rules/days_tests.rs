//! Sixty days of the daily job, drawn anew in every run, with a clock that the test sets. The
//! binary lives through sixty days of its own in `tests/it/azure/days.rs`.
//!
//! What must come of a day is worked out here from docs/daily-job.md: an address that DNS gives, or
//! gave within a week, is in the rule wherever a run could see to it; nothing else is, but what a
//! person put there within a week; and nothing is written where a guard refuses.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::tests::{after, intent, rule, seen};
use super::*;

const DAYS: usize = 60;
const KEEP: usize = 7;
const NAMES: [&str; 2] = ["0.servicebus.windows.net", "1.servicebus.windows.net"];

/// What a person does to the rule before the job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    Nothing,
    Removes,
    Adds(u8),
    /// Opens another port; the next hand takes it back.
    Port,
    Deletes,
}

/// What happens on a day.
#[derive(Clone, Debug)]
struct Day {
    /// The address that each name gets in place of its older one.
    moves: [Option<u8>; 2],
    /// Whether the second name is needed.
    is_second_needed: bool,
    is_first_resolved: bool,
    /// Whether Azure lets the group be read; else the job ends before it plans.
    is_answered: bool,
    hand: Hand,
}

fn day() -> impl Strategy<Value = Day> {
    let moves = || prop_oneof![3 => Just(None), 1 => (0u8..100).prop_map(Some)];
    let hand = prop_oneof![
        20 => Just(Hand::Nothing),
        2 => Just(Hand::Removes),
        2 => (100u8..110).prop_map(Hand::Adds),
        1 => Just(Hand::Port),
        1 => Just(Hand::Deletes),
    ];
    let is = |percent: u32| prop::bool::weighted(f64::from(percent) / 100.0);
    ([moves(), moves()], is(80), is(95), is(85), hand).prop_map(
        |(moves, is_second_needed, is_first_resolved, is_answered, hand)| Day {
            moves,
            is_second_needed,
            is_first_resolved,
            is_answered,
            hand,
        },
    )
}

/// No two are neighbours, which would be one prefix.
fn net(number: u8) -> IpNet {
    format!("13.69.0.{}/32", 2 * number + 1).parse().unwrap()
}

fn time(day: usize) -> Timestamp {
    // A minute later each day, so that a week is never shorter than one.
    let minutes = i64::try_from(day * (24 * 60 + 1)).unwrap();
    "2026-03-01T05:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

/// Does to the live rule what a person does.
fn meddle(group: &mut LiveGroup, hand: Hand, is_port_changed: &mut bool) {
    let Some(at) = group.rules.iter().position(|rule| rule.name == "Relay") else {
        // Whoever deletes the rule takes the port back too.
        *is_port_changed = false;
        return;
    };
    let mut properties = group.rules[at].properties.json().clone();
    if *is_port_changed {
        if hand != Hand::Nothing {
            *is_port_changed = false;
            properties["destinationPortRanges"] = json!(["443"]);
        }
    } else {
        let prefixes = properties["destinationAddressPrefixes"].as_array_mut().unwrap();
        match hand {
            Hand::Nothing => {}
            Hand::Adds(number) => prefixes.push(json!(net(number).to_string())),
            Hand::Removes if prefixes.len() > 1 => {
                prefixes.remove(0);
            }
            Hand::Removes | Hand::Deletes => {
                group.rules.remove(at);
                return;
            }
            Hand::Port => {
                *is_port_changed = true;
                properties["destinationPortRanges"] = json!(["443", "5671"]);
            }
        }
    }
    group.rules[at].properties = properties.into();
}

/// The addresses of the rule; none where it is not there.
fn held(group: &LiveGroup) -> BTreeSet<IpNet> {
    let own = group.own("Relay");
    own.iter().flat_map(|(_, rule)| rule.meaning().destination.addresses.prefixes()).collect()
}

/// What is known here of the days before, apart from the program: the last day on which an address
/// was seen for a name, or counted as seen because it stood in the rule.
#[derive(Default)]
struct Oracle {
    seen: BTreeMap<(&'static str, IpNet), usize>,
    stood: BTreeMap<IpNet, usize>,
}

impl Oracle {
    fn desired(
        &self,
        day: usize,
        now: &BTreeMap<&'static str, Vec<IpNet>>,
        live: &BTreeSet<IpNet>,
    ) -> BTreeSet<IpNet> {
        let is_recent = |last: &usize| day < last + KEEP;
        let of_names = self.seen.iter().filter(|((name, net), last)| {
            is_recent(last) && (now.contains_key(name) || live.contains(net))
        });
        let of_hands = live
            .iter()
            .filter(|net| !self.is_known(net) || self.stood.get(*net).is_some_and(is_recent));
        let of_today = now.values().flatten();
        of_names.map(|((_, net), _)| net).chain(of_hands).chain(of_today).copied().collect()
    }

    fn is_known(&self, net: &IpNet) -> bool {
        self.stood.contains_key(net) || self.seen.keys().any(|(_, own)| own == net)
    }

    fn note(
        &mut self,
        day: usize,
        now: &BTreeMap<&'static str, Vec<IpNet>>,
        live: &BTreeSet<IpNet>,
    ) {
        for net in live {
            if !self.is_known(net) {
                self.stood.insert(*net, day);
            }
        }
        for (name, nets) in now {
            self.seen.extend(nets.iter().map(|net| ((*name, *net), day)));
        }
    }
}

/// What the ledger holds after a day, as the program keeps it.
#[derive(Default)]
struct Memory(BTreeMap<(String, IpNet), Remembered>);

impl Memory {
    fn note(&mut self, name: &str, net: IpNet, now: Timestamp, proof: Option<ProofLevel>) {
        let row = Remembered { name: name.to_owned(), net, last_seen: now, proof };
        self.0.insert((name.to_owned(), net), row);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sixty_days(days in prop::collection::vec(day(), DAYS)) {
        let theirs = rule("Theirs", 300, "", &["13.70.0.0/16"]);
        let mut group = LiveGroup { rules: vec![theirs.clone()] };
        let mut zone = [vec![net(1), net(2)], vec![net(3)]];
        let (mut memory, mut oracle) = (Memory::default(), Oracle::default());
        let mut is_port_changed = false;
        for (number, day) in days.iter().enumerate() {
            for (nets, moved) in zone.iter_mut().zip(day.moves) {
                let Some(moved) = moved.map(net).filter(|moved| !nets.contains(moved)) else {
                    continue;
                };
                nets.push(moved);
                nets.drain(..nets.len().saturating_sub(2));
            }
            meddle(&mut group, day.hand, &mut is_port_changed);
            if !day.is_answered {
                continue;
            }
            let needed = if day.is_second_needed { 2 } else { 1 };
            let now: BTreeMap<&'static str, Vec<IpNet>> = NAMES
                .into_iter()
                .zip(zone.clone())
                .take(needed)
                .filter(|(name, _)| *name != NAMES[0] || day.is_first_resolved)
                .collect();
            let sightings: Vec<SeenPrefix> = now
                .iter()
                .flat_map(|(name, nets)| nets.iter().map(|net| (*name, net.to_string())))
                .map(|(name, net)| SeenPrefix { name: name.to_owned(), ..seen(&net, 443) })
                .collect();
            let unresolved = GuardRefusal::Unresolved {
                endpoint: format!("{}:443", NAMES[0]),
                why: "has no address".to_owned(),
            };
            let refusals = if day.is_first_resolved { vec![] } else { vec![unresolved] };
            let rows: Vec<Remembered> = memory.0.values().cloned().collect();
            let plan = |max_shrink| {
                let intent =
                    Intent { now: time(number), max_shrink, ..intent(PriorityChoice::Auto) };
                let inputs = PlanInputs {
                    seen: &sightings,
                    refusals: &refusals,
                    left_out: &[],
                    ledger: Some(&rows),
                    live: &group,
                };
                super::plan(&intent, inputs)
            };
            let before = held(&group);
            let desired = oracle.desired(number, &now, &before);
            let leaving = before.difference(&desired).count();
            let is_shrunk = 2 * leaving > before.len();
            let planned = plan(50);
            let is_refused = !planned.plan.refusals.is_empty();
            let expected = !day.is_first_resolved || is_port_changed || is_shrunk;
            prop_assert_eq!(is_refused, expected, "day {}: {:#?}", number, planned.plan.refusals);
            for net in &planned.adopted {
                memory.note("rule Relay", *net, time(number), None);
            }
            for (name, nets) in &now {
                for net in nets {
                    memory.note(name, *net, time(number), Some(ProofLevel::Published));
                }
            }
            oracle.note(number, &now, &before);
            // Where nothing but the shrinking is refused, a person looks and finds the move right.
            let by_hand = is_shrunk && day.is_first_resolved && !is_port_changed;
            if is_refused && !by_hand {
                continue;
            }
            let planned = if by_hand { plan(100) } else { planned };
            prop_assert_eq!(&planned.plan.refusals, &vec![], "day {}", number);
            group = after(&group, &planned.plan.changes).map_err(TestCaseError::fail)?;
            prop_assert_eq!(held(&group), desired, "day {}", number);
            prop_assert_eq!(group.rule("Theirs"), Some(&theirs));
        }
    }
}
