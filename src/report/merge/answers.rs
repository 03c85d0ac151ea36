//! Whether a name server may be why hosts fail after it has answered: only by answering otherwise
//! than the name servers of those that work.

use std::collections::BTreeMap;

use super::cover::CaseSet;
use super::facts::WayPart;

/// What fails after the names are resolved, as the first word of its cause.
const LATER_LAYERS: [&str; 6] = ["tcp", "tls", "http", "tds", "hold", "proxy"];

/// Takes the name servers out of `parts` that gave failing cases the addresses which healthy cases
/// reach by other name servers, or whose answers nobody can compare.
pub(super) fn drop_blameless(
    parts: &mut BTreeMap<&WayPart, CaseSet>,
    failing: &CaseSet,
    healthy: &CaseSet,
    cause: &str,
) {
    let layer = cause.split('_').next().unwrap_or_default();
    if !LATER_LAYERS.contains(&layer) || cause == "proxy_unresolvable" {
        return;
    }
    // Of each case that failed its addresses, and how many cases reach each of these.
    let mut answers: BTreeMap<usize, Vec<&CaseSet>> = BTreeMap::new();
    let mut compared = CaseSet::default();
    for (_, cases) in parts.iter().filter(|(part, _)| matches!(part, WayPart::Destination(_))) {
        compared.add(cases);
        for case in cases.iter().filter(|case| failing.contains(*case)) {
            answers.entry(case).or_default().push(cases);
        }
    }
    let is_blameless = |asked: &CaseSet| {
        let is_reached = |cases: &CaseSet| cases.without(asked).shared(healthy) > 0;
        if !is_reached(&compared) {
            return true;
        }
        // A few observations may be wrong, so that most of the cases decide.
        let own = answers.iter().filter(|(case, _)| asked.contains(**case));
        let is_alike = |addresses: &Vec<&CaseSet>| {
            2 * addresses.iter().filter(|cases| is_reached(cases)).count() >= addresses.len()
        };
        let (alike, others): (Vec<_>, Vec<_>) = own.partition(|(_, addresses)| is_alike(addresses));
        alike.len() >= others.len()
    };
    let blameless: Vec<&WayPart> = parts
        .iter()
        .filter(|(part, asked)| matches!(part, WayPart::Resolver(_)) && is_blameless(asked))
        .map(|(part, _)| *part)
        .collect();
    parts.retain(|part, _| !blameless.contains(part));
}
