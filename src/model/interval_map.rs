//! An interval map: from a number to the sets whose ranges hold it.

use std::collections::HashMap;
use std::hash::Hash;

use super::ranges::Number;

/// The number space cut where any of many overlapping sets begins or ends; each piece knows the
/// sets that hold it. Intervals share their lists of sets: Microsoft's 95,823 prefixes of service
/// tags make some thousand different lists.
#[derive(Clone, Debug)]
pub struct IntervalMap<T> {
    /// `starts[i]` to the number below `starts[i + 1]` has the sets `sets[i]`; the first is
    /// [`Number::MIN`].
    starts: Vec<T>,
    sets: Vec<SetId>,
}

/// The number of a list of sets in a [`SetInterner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SetId(u32);

impl SetId {
    /// The list without a set.
    const NONE: Self = Self(0);

    /// Its index in [`SetInterner::into_sets`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl<T: Number> IntervalMap<T> {
    /// Cuts the space at the borders of `runs`, (first, last, set) with both ends included. The
    /// runs of one set are disjoint.
    pub fn new<S>(runs: Vec<(T, T, S)>, interner: &mut SetInterner<S>) -> Self
    where
        S: Copy + Ord + Hash,
    {
        // (border, opens, set): a run closes at the number above its last.
        let mut borders = Vec::with_capacity(2 * runs.len());
        for (first, last, set) in runs {
            borders.push((first, true, set));
            borders.extend(last.above().map(|end| (end, false, set)));
        }
        borders.sort_unstable();
        let mut map = Self { starts: vec![T::MIN], sets: vec![SetId::NONE] };
        let mut list = SetId::NONE;
        let mut borders = borders.into_iter().peekable();
        while let Some((border, is_opening, set)) = borders.next() {
            list = interner.step(list, is_opening, set);
            while let Some((_, is_opening, set)) = borders.next_if(|next| next.0 == border) {
                list = interner.step(list, is_opening, set);
            }
            map.begin(border, list);
        }
        map
    }

    /// The first number of each interval, ascending.
    #[must_use]
    pub fn starts(&self) -> &[T] {
        &self.starts
    }

    /// The sets that hold `number`.
    #[must_use]
    pub fn find(&self, number: T) -> SetId {
        // The first interval begins at the least number: there is always one at or below.
        self.set_of(self.starts.partition_point(|start| *start <= number) - 1)
    }

    /// The sets of the interval with this index in [`Self::starts`].
    #[must_use]
    pub fn set_of(&self, index: usize) -> SetId {
        self.sets[index]
    }

    fn begin(&mut self, start: T, list: SetId) {
        if self.sets.last() == Some(&list) {
            return;
        }
        if self.starts.last() == Some(&start) {
            // Only the very first interval can begin where a run begins.
            self.sets.pop();
            self.starts.pop();
        }
        self.starts.push(start);
        self.sets.push(list);
    }
}

/// Keeps every list of sets once, and remembers the steps between lists: most borders repeat one.
#[derive(Clone, Debug)]
pub struct SetInterner<S> {
    all: Vec<Box<[S]>>,
    numbers: HashMap<Box<[S]>, SetId>,
    steps: HashMap<(SetId, bool, S), SetId>,
}

impl<S: Copy + Ord + Hash> Default for SetInterner<S> {
    fn default() -> Self {
        let none: Box<[S]> = Box::default();
        Self {
            all: vec![none.clone()],
            numbers: HashMap::from([(none, SetId::NONE)]),
            steps: HashMap::new(),
        }
    }
}

impl<S: Copy + Ord + Hash> SetInterner<S> {
    /// The lists; [`SetId::index`] is an index of them.
    #[must_use]
    pub fn into_sets(self) -> Vec<Box<[S]>> {
        self.all
    }

    /// The list that is `from` with `set` put in or taken out.
    fn step(&mut self, from: SetId, is_opening: bool, set: S) -> SetId {
        if let Some(to) = self.steps.get(&(from, is_opening, set)) {
            return *to;
        }
        let mut list = self.all[from.index()].to_vec();
        match (list.binary_search(&set), is_opening) {
            (Err(index), true) => list.insert(index, set),
            (Ok(index), false) => {
                list.remove(index);
            }
            // The runs of a set are disjoint: it is opened only when closed, and the reverse.
            (Ok(_), true) | (Err(_), false) => {}
        }
        let list = list.into_boxed_slice();
        let next = self.all.len();
        let to = *self.numbers.entry(list).or_insert_with_key(|list| {
            self.all.push(list.clone());
            // Fewer lists than borders, which memory bounds far below 2^32.
            SetId(u32::try_from(next).unwrap_or(u32::MAX))
        });
        self.steps.insert((from, is_opening, set), to);
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_know_their_sets_at_every_border() {
        let mut interner = SetInterner::default();
        let runs = vec![(0_u8, 9, 'a'), (5, 255, 'b'), (10, 19, 'a'), (30, 30, 'c')];
        let map = IntervalMap::new(runs, &mut interner);
        let sets = interner.into_sets();
        for (number, expected) in [
            (0, "a"),
            (4, "a"),
            (5, "ab"),
            (10, "ab"),
            (19, "ab"),
            (20, "b"),
            (30, "bc"),
            (31, "b"),
            (255, "b"),
        ] {
            let held: String = sets[map.find(number).index()].iter().collect();
            assert_eq!(held, expected, "{number}");
        }
        // Runs of one set that touch make no border.
        assert_eq!(map.starts(), [0, 5, 20, 30, 31]);
    }
}
