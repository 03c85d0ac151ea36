//! Sets of numbers as sorted runs: what address sets and port sets are made of.

use std::fmt::Debug;
use std::hash::Hash;

/// An unsigned number that a [`Ranges`] holds.
pub trait Number: Copy + Ord + Debug + Hash {
    const MIN: Self;
    const MAX: Self;
    /// The width of the type in bits.
    const BITS: u32;

    /// The next greater one; `None` above [`Number::MAX`].
    fn above(self) -> Option<Self>;
    /// The next smaller one; `None` below [`Number::MIN`].
    fn below(self) -> Option<Self>;
    /// As the widest type.
    fn widen(self) -> u128;
}

macro_rules! number {
    ($($type:ty)*) => {
        $(impl Number for $type {
            const MIN: Self = <$type>::MIN;
            const MAX: Self = <$type>::MAX;
            const BITS: u32 = <$type>::BITS;

            fn above(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn below(self) -> Option<Self> {
                self.checked_sub(1)
            }

            fn widen(self) -> u128 {
                u128::from(self)
            }
        })*
    };
}

number! { u8 u16 u32 u64 u128 }

/// A set of numbers: runs with both ends included, ascending, disjoint and never adjacent. Equal
/// sets are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ranges<T>(Vec<(T, T)>);

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Number> Ranges<T> {
    /// The set of every number.
    #[must_use]
    pub fn full() -> Self {
        Self(vec![(T::MIN, T::MAX)])
    }

    /// The union of these runs, in any order. A run whose ends are swapped holds nothing.
    #[must_use]
    pub fn from_runs(mut runs: Vec<(T, T)>) -> Self {
        runs.retain(|(first, last)| first <= last);
        if !runs.is_sorted() {
            runs.sort_unstable();
        }
        Self::merge(runs.into_iter())
    }

    /// The runs in ascending order.
    #[must_use]
    pub fn runs(&self) -> &[(T, T)] {
        &self.0
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds every number.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0 == [(T::MIN, T::MAX)]
    }

    /// How many numbers it holds; `u128::MAX` stands for all 2^128 of the widest type too.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.0
            .iter()
            .map(|(first, last)| (last.widen() - first.widen()).saturating_add(1))
            .fold(0, u128::saturating_add)
    }

    /// Whether it holds `number`.
    #[must_use]
    pub fn contains(&self, number: T) -> bool {
        self.run_of(number).is_some()
    }

    /// The run that holds `number`.
    fn run_of(&self, number: T) -> Option<(T, T)> {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        let run = *self.0.get(after.checked_sub(1)?)?;
        (number <= run.1).then_some(run)
    }

    /// Whether every number of this is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|(first, last)| other.run_of(*first).is_some_and(|run| *last <= run.1))
    }

    /// Whether no number is in both.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() < other.0.len() { (self, other) } else { (other, self) };
        few.0.iter().all(|(first, last)| {
            // The first run that ends at or behind this one's beginning must begin behind its end.
            let at = many.0.partition_point(|(_, end)| end < first);
            many.0.get(at).is_none_or(|(start, _)| start > last)
        })
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        Self::merge(std::iter::from_fn(|| match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a <= b => left.next().copied(),
            (Some(_), None) => left.next().copied(),
            (_, Some(_)) => right.next().copied(),
            (None, None) => None,
        }))
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut runs = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                runs.push((first, last));
            }
            if a.1 < b.1 {
                left.next()
            } else {
                right.next()
            };
        }
        Self(runs)
    }

    /// What is in this and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// What is not in this.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut runs = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(T::MIN);
        for (first, last) in &self.0 {
            if let (Some(gap), Some(end)) = (next, first.below())
                && gap <= end
            {
                runs.push((gap, end));
            }
            next = last.above();
        }
        runs.extend(next.map(|gap| (gap, T::MAX)));
        Self(runs)
    }

    /// Joins runs that come in ascending order of their first number.
    fn merge(runs: impl Iterator<Item = (T, T)>) -> Self {
        let mut merged: Vec<(T, T)> = Vec::with_capacity(runs.size_hint().0);
        for (first, last) in runs {
            match merged.last_mut() {
                Some(open) if open.1.above().is_none_or(|next| first <= next) => {
                    open.1 = open.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }
}

impl<T: Number> FromIterator<(T, T)> for Ranges<T> {
    fn from_iter<I: IntoIterator<Item = (T, T)>>(runs: I) -> Self {
        Self::from_runs(runs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(runs: &[(u8, u8)]) -> Ranges<u8> {
        runs.iter().copied().collect()
    }

    #[test]
    fn runs_are_joined_where_they_touch() {
        for (given, expected) in [
            (&[(1, 2), (3, 4)][..], &[(1, 4)][..]),
            (&[(5, 9), (1, 2), (2, 3)], &[(1, 3), (5, 9)]),
            (&[(7, 3)], &[]),
            (&[(0, 255), (3, 4)], &[(0, 255)]),
            (&[(250, 255), (255, 255)], &[(250, 255)]),
        ] {
            assert_eq!(set(given).runs(), expected, "{given:?}");
        }
    }

    #[test]
    fn the_widest_set_is_counted_without_overflow() {
        assert_eq!(Ranges::<u128>::full().count(), u128::MAX);
        assert_eq!(Ranges::<u32>::full().count(), 1 << 32);
    }

    proptest! {
        /// Every operation agrees with 256 booleans.
        #[test]
        fn operations_agree_with_booleans(
            left in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..6),
            right in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..6),
        ) {
            let (a, b) = (set(&left), set(&right));
            let (union, both) = (a.union(&b), a.intersection(&b));
            let (without, rest) = (a.difference(&b), a.complement());
            let mut held = 0;
            let mut is_subset = true;
            for n in 0..=u8::MAX {
                let in_a = left.iter().any(|(first, last)| (*first..=*last).contains(&n));
                let in_b = right.iter().any(|(first, last)| (*first..=*last).contains(&n));
                held += u128::from(in_a);
                is_subset &= !in_a || in_b;
                prop_assert_eq!(a.contains(n), in_a);
                prop_assert_eq!(union.contains(n), in_a || in_b);
                prop_assert_eq!(both.contains(n), in_a && in_b);
                prop_assert_eq!(without.contains(n), in_a && !in_b);
                prop_assert_eq!(rest.contains(n), !in_a);
            }
            prop_assert_eq!(a.count(), held);
            prop_assert_eq!(a.is_subset(&b), is_subset);
            prop_assert_eq!(a.is_disjoint(&b), both.is_empty());
            for set in [&union, &both, &without, &rest] {
                let is_apart = |w: &[(u8, u8)]| u16::from(w[0].1) + 1 < u16::from(w[1].0);
                prop_assert!(set.runs().windows(2).all(is_apart));
            }
        }
    }
}
