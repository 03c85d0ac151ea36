//! The smallest set of parts that explains which cases failed.
//!
//! # The method
//!
//! Program spectra are searched for the line that failing runs pass and passing runs do not
//! (spectrum-based fault localisation: Abreu, Zoeteweij, van Gemund, "On the Accuracy of
//! Spectrum-based Fault Localization", TAIC PART 2007, and its Ochiai coefficient), and networks
//! for the smallest set of links that explains which paths are bad (binary tomography: Duffield,
//! "Network Tomography of Binary Network Performance Characteristics", IEEE Transactions on
//! Information Theory 52, 2006). Both are here: a case fails where its way leads through a part of
//! the set, and each observation is wrong by itself with a chance of one in twenty ([`WRONG`]).
//! Under that model the likelihood of a set depends on one number alone, how many more failing
//! cases than healthy ones it covers, which makes the search a set cover with prizes.
//!
//! A part must earn its place: odds of [`ODDS`] to one after all parts that could have been named
//! instead, and [`LEAST`] failing cases. The whole set must beat chance by the same odds, whatever
//! share of the observations is wrong: to say which cases failed takes one of all choices of as
//! many, and with the set it takes only which observations are wrong. It is searched among all sets
//! of up to [`EXACT`] parts of the [`TRIED`] best, and from there greedily.
//!
//! # Its limits
//!
//! A part that breaks only a minority of its cases is not found, nor one that breaks cases only
//! together with another, nor one that is missing where it is needed. Errors that are not
//! independent, such as hosts that measured while the network was being changed, look like faults.

/// The share of observations that may be wrong.
const WRONG: f64 = 0.05;
/// What makes a statement: so much likelier than what else could be said.
const ODDS: f64 = 20.0;
/// Fewer failing cases share something by chance too easily.
const LEAST: usize = 3;
/// Up to so many parts are tried in every combination.
const EXACT: usize = 3;
/// So many of the best parts.
const TRIED: usize = 48;

/// Some of the cases of one failure, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CaseSet(Vec<u64>);

impl CaseSet {
    pub(super) fn insert(&mut self, case: usize) {
        let word = case / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (case % 64);
    }

    pub(super) fn contains(&self, case: usize) -> bool {
        self.0.get(case / 64).is_some_and(|word| word & (1 << (case % 64)) != 0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many are in both.
    pub(super) fn shared(&self, other: &Self) -> usize {
        self.0.iter().zip(&other.0).map(|(one, other)| (one & other).count_ones() as usize).sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// The numbers of its cases.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            // Without its lowest bit, until none is left.
            let rests = std::iter::successors(Some(*word), |rest| Some(rest & (rest - 1)));
            let rests = rests.take(word.count_ones() as usize);
            rests.map(move |rest| at * 64 + rest.trailing_zeros() as usize)
        })
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        let more = other.0.iter().copied().chain(std::iter::repeat(0));
        Self(self.0.iter().zip(more).map(|(word, more)| word & !more).collect())
    }
}

/// Cases that failed and cases that did not, and who is suspected.
#[derive(Debug)]
pub(super) struct CoverProblem<'a> {
    pub(super) failing: &'a CaseSet,
    pub(super) healthy: &'a CaseSet,
    /// The cases of each suspect; no two have the same.
    pub(super) suspects: &'a [CaseSet],
}

/// What explains the failures, as places among the suspects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    /// Each part: first the best suspect, then those that do as well in its place.
    pub(super) parts: Vec<Vec<usize>>,
    /// The failing cases that no part covers.
    pub(super) n_unexplained: usize,
    /// Whether chance is out; otherwise it is but the best that there is.
    pub(super) is_sure: bool,
}

impl CoverProblem<'_> {
    /// The smallest set that explains the failures; `None` where nothing does.
    pub(super) fn solve(&self) -> Option<Cover> {
        let ranked = self.ranked();
        let chosen = self.chosen(&ranked);
        if chosen.is_empty() {
            return None;
        }
        let covered = self.union(&chosen, None);
        let n_explained = covered.shared(self.failing);
        let n_unexplained = self.failing.len() - n_explained;
        let n_wrong = n_unexplained + covered.shared(self.healthy);
        let n_cases = self.failing.len() + self.healthy.len();
        let gain = ln_choices(n_cases, self.failing.len()) - ln_choices(n_cases, n_wrong);
        if gain <= 0.0 || 2 * n_wrong > n_cases {
            return None;
        }
        let is_sure = gain > real(chosen.len()) * self.cost();
        let parts = chosen.iter().map(|part| self.alike(&chosen, *part, &ranked)).collect();
        Some(Cover { parts, n_unexplained, is_sure })
    }

    /// How many more failing than healthy cases.
    fn surplus(&self, cases: &CaseSet) -> i64 {
        signed(cases.shared(self.failing)) - signed(cases.shared(self.healthy))
    }

    /// What a part costs, in the logarithm of odds: that any of them could have been it.
    fn cost(&self) -> f64 {
        let nameable = self.suspects.iter().filter(|cases| cases.len() >= LEAST).count();
        real(nameable.max(1)).ln() + ODDS.ln()
    }

    /// The suspects that could be part of an answer, the likeliest first.
    fn ranked(&self) -> Vec<usize> {
        let is_worth = |at: &usize| {
            let n_failing = self.suspects[*at].shared(self.failing);
            n_failing >= LEAST && per_case() * real(n_failing) > self.cost()
        };
        let mut ranked: Vec<usize> = (0..self.suspects.len()).filter(is_worth).collect();
        ranked.sort_by_key(|at| -self.surplus(&self.suspects[*at]));
        ranked
    }

    fn chosen(&self, ranked: &[usize]) -> Vec<usize> {
        let cost = self.cost();
        let mut search = Search {
            problem: self,
            tried: &ranked[..ranked.len().min(TRIED)],
            cost,
            best: (0.0, Vec::new()),
        };
        search.extend(0, &mut Vec::new(), &CaseSet::default());
        let mut chosen = search.best.1;
        while chosen.len() >= EXACT {
            let covered = self.union(&chosen, None);
            let gain = |at: &usize| self.surplus(&self.suspects[*at].without(&covered));
            // The first of equals, which `max_by_key` would not give.
            let next = ranked.iter().copied().rev().max_by_key(gain);
            match next.filter(|at| per_case() * float(gain(at)) > cost) {
                Some(next) => chosen.push(next),
                None => break,
            }
        }
        chosen
    }

    /// The suspects that explain as much in the place of `part`: one observation more or less is no
    /// difference, since its odds are 19 to 1.
    fn alike(&self, chosen: &[usize], part: usize, ranked: &[usize]) -> Vec<usize> {
        let others = self.union(chosen, Some(part));
        let gain = |at: usize| self.surplus(&self.suspects[at].without(&others));
        let own = gain(part);
        let alike = ranked
            .iter()
            .copied()
            .filter(|at| *at != part && !chosen.contains(at) && gain(*at) >= own - 1);
        std::iter::once(part).chain(alike).collect()
    }

    fn union(&self, chosen: &[usize], but: Option<usize>) -> CaseSet {
        let mut covered = CaseSet::default();
        for at in chosen.iter().filter(|at| Some(**at) != but) {
            covered.add(&self.suspects[*at]);
        }
        covered
    }
}

/// The search through every small set.
struct Search<'a> {
    problem: &'a CoverProblem<'a>,
    tried: &'a [usize],
    cost: f64,
    /// What the best set is worth, and that set.
    best: (f64, Vec<usize>),
}

impl Search<'_> {
    fn extend(&mut self, from: usize, chosen: &mut Vec<usize>, covered: &CaseSet) {
        let worth =
            per_case() * float(self.problem.surplus(covered)) - self.cost * real(chosen.len());
        // A larger set must be better, and of equals the likelier suspects come first.
        if worth > self.best.0 + f64::EPSILON {
            self.best = (worth, chosen.clone());
        }
        if chosen.len() == EXACT {
            return;
        }
        for at in from..self.tried.len() {
            let mut more = covered.clone();
            more.add(&self.problem.suspects[self.tried[at]]);
            chosen.push(self.tried[at]);
            self.extend(at + 1, chosen, &more);
            chosen.pop();
        }
    }
}

/// What one observation more in favour is worth, in the logarithm of odds.
fn per_case() -> f64 {
    ((1.0 - WRONG) / WRONG).ln()
}

/// The logarithm of how many ways there are to choose `k` of `n`.
fn ln_choices(n: usize, k: usize) -> f64 {
    (0..k.min(n - k)).map(|at| (real(n - at) / real(at + 1)).ln()).sum()
}

fn real(count: usize) -> f64 {
    float(signed(count))
}

#[expect(clippy::cast_precision_loss, reason = "cases are counted in thousands")]
const fn float(count: i64) -> f64 {
    count as f64
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(numbers: impl IntoIterator<Item = usize>) -> CaseSet {
        let mut set = CaseSet::default();
        numbers.into_iter().for_each(|number| set.insert(number));
        set
    }

    /// Of 200 cases the first `n_failing` failed.
    fn solved(n_failing: usize, n: usize, suspects: &[CaseSet]) -> Option<Cover> {
        let (failing, healthy) = (cases(0..n_failing), cases(n_failing..n));
        CoverProblem { failing: &failing, healthy: &healthy, suspects }.solve()
    }

    #[test]
    fn the_part_that_failures_share_is_found_through_noise() {
        let others = [cases(0..20), cases((0..200).step_by(2)), cases((38..200).step_by(3))];
        let suspects = [&others[..], &[cases((0..38).chain([60, 61]))]].concat();
        let cover = solved(40, 200, &suspects).unwrap();
        assert_eq!(cover, Cover { parts: vec![vec![3]], n_unexplained: 2, is_sure: true });
    }

    #[test]
    fn two_parts_are_found_where_one_is_not_enough() {
        let suspects = [cases((0..40).step_by(2)), cases(0..25), cases(25..41), cases(100..200)];
        let cover = solved(40, 200, &suspects).unwrap();
        assert_eq!(cover.parts, [vec![1], vec![2]]);
        assert_eq!(cover.n_unexplained, 0);
    }

    #[test]
    fn one_part_is_named_where_it_does_as_well_as_two() {
        let suspects = [cases(0..20), cases(20..40), cases(0..40)];
        assert_eq!(solved(40, 200, &suspects).unwrap().parts, [vec![2]]);
    }

    #[test]
    fn one_observation_more_or_less_is_a_tie() {
        for (n_other, is_tie) in [(39, true), (38, false)] {
            let suspects = [cases(0..40), cases(0..n_other)];
            let cover = solved(40, 200, &suspects).unwrap();
            assert_eq!(cover.parts, [if is_tie { vec![0, 1] } else { vec![0] }]);
        }
    }

    #[test]
    fn five_parts_are_found_one_by_one() {
        let suspects: Vec<CaseSet> = (0..5).map(|at| cases(at * 10..at * 10 + 10)).collect();
        let mut found = solved(50, 400, &suspects).unwrap().parts.concat();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn chance_is_no_explanation() {
        // Every tenth case failed, and no part has more of them than another.
        let (failing, healthy) =
            (cases((0..200).step_by(10)), cases((0..200).filter(|at| at % 10 != 0)));
        let suspects: Vec<CaseSet> = (0..20).map(|at| cases(at * 10..at * 10 + 10)).collect();
        let problem = CoverProblem { failing: &failing, healthy: &healthy, suspects: &suspects };
        assert_eq!(problem.solve(), None);
    }

    #[test]
    fn few_cases_are_not_sure() {
        let suspects: Vec<CaseSet> =
            std::iter::once(cases(0..3)).chain((0..10).map(|at| cases([at, 9, 8]))).collect();
        assert!(!solved(3, 10, &suspects).unwrap().is_sure);
        assert!(solved(3, 60, &suspects).unwrap().is_sure);
        assert_eq!(solved(2, 60, &[cases(0..2)]), None);
    }
}
