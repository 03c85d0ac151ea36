//! How often what was named was planted, and how often what was planted was named.

use std::fmt;

use pathproof::report::merge::{CountedPart, Explained, Merged, PartKind, SharedPart};

/// Of several fleets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    planted: usize,
    found: usize,
    named: usize,
    right: usize,
    /// Of what is right, how often the team that can fix it is named and no other is.
    right_teams: usize,
    /// How many parts were named as one, because they cannot be told apart.
    alternatives: usize,
    /// What went wrong.
    wrong: Vec<String>,
}

impl Score {
    pub(crate) fn take(&mut self, planted: &[SharedPart], merged: &Merged) {
        let sure = merged.failures.iter().filter(|one| one.outcome == Explained::Explained);
        let named: Vec<&[CountedPart]> =
            sure.flat_map(|one| &one.parts).map(|part| &*part.alternatives).collect();
        let is_it = |part: &SharedPart, alternatives: &[CountedPart]| {
            alternatives.iter().any(|one| is_same(part, &one.part))
        };
        for part in planted {
            let is_found = named.iter().any(|one| is_it(part, one));
            self.found += usize::from(is_found);
            if !is_found {
                self.wrong.push(format!("not found: {part:?}"));
            }
        }
        for alternatives in &named {
            let is_right = planted.iter().any(|part| is_it(part, alternatives));
            self.right += usize::from(is_right);
            let mut others = alternatives.iter();
            let planted_part =
                alternatives.iter().find(|one| planted.iter().any(|part| is_same(part, &one.part)));
            let is_one_team =
                planted_part.is_some_and(|it| others.all(|one| one.owner == it.owner));
            self.right_teams += usize::from(is_one_team);
            if !is_right {
                self.wrong.push(format!("named of {planted:?}: {:?}", alternatives[0]));
            }
            self.alternatives += alternatives.len();
        }
        self.planted += planted.len();
        self.named += named.len();
    }

    /// Of what was named, the share that was planted.
    pub(crate) fn precision(&self) -> f64 {
        share(self.right, self.named)
    }

    /// Of what was planted, the share that was named.
    pub(crate) fn recall(&self) -> f64 {
        share(self.found, self.planted)
    }

    /// Of what was named rightly, the share in which one team is named, and it is theirs.
    pub(crate) fn right_teams(&self) -> f64 {
        share(self.right_teams, self.right)
    }

    pub(crate) fn n_named(&self) -> usize {
        self.named
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "precision {:.3} ({} of {}), recall {:.3} ({} of {}), one team in {:.3}, {:.2} parts \
             named as one",
            self.precision(),
            self.right,
            self.named,
            self.recall(),
            self.found,
            self.planted,
            self.right_teams(),
            share(self.alternatives, self.named)
        )?;
        self.wrong.iter().try_for_each(|wrong| write!(f, "\n    {wrong}"))
    }
}

/// The same part; of a network that broke, what was seen of it may be narrower.
fn is_same(planted: &SharedPart, named: &SharedPart) -> bool {
    let is_network = matches!(planted.kind, PartKind::Source | PartKind::Destination);
    // All of them are /24.
    let network = |value: &str| value.rsplit_once('.').map(|(network, _)| network.to_owned());
    planted == named
        || is_network
            && planted.kind == named.kind
            && network(&planted.value) == network(&named.value)
}

fn share(part: usize, of: usize) -> f64 {
    let real = |count: usize| f64::from(u32::try_from(count).expect("few"));
    if of == 0 { 1.0 } else { real(part) / real(of) }
}
