//! From a number to the sets that hold it: overlapping runs cut into pieces.

use std::collections::HashMap;
use std::hash::Hash;

use super::ranges::Number;

/// The number space cut where any of many overlapping sets begins or ends; each piece knows the
/// sets that hold it. Pieces share their lists of sets: Microsoft's 95,823 prefixes of service
/// tags make some thousand different lists.
#[derive(Clone, Debug)]
pub struct Pieces<T> {
    /// `starts[i]` to the number below `starts[i + 1]` has list `lists[i]`; the first is
    /// [`Number::MIN`].
    starts: Vec<T>,
    lists: Vec<ListId>,
}

/// A list of a [`Lists`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListId(u32);

impl ListId {
    /// The empty list.
    const NONE: Self = Self(0);

    /// Its place among the lists.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }
}

impl<T: Number> Pieces<T> {
    /// Cuts the space at the borders of `runs`, (first, last, set) with both ends included. The
    /// runs of one set are disjoint.
    pub fn new<S>(runs: Vec<(T, T, S)>, lists: &mut Lists<S>) -> Self
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
        let mut pieces = Self { starts: vec![T::MIN], lists: vec![ListId::NONE] };
        let mut list = ListId::NONE;
        let mut borders = borders.into_iter().peekable();
        while let Some((border, is_opening, set)) = borders.next() {
            list = lists.step(list, is_opening, set);
            while let Some((_, is_opening, set)) = borders.next_if(|next| next.0 == border) {
                list = lists.step(list, is_opening, set);
            }
            pieces.begin(border, list);
        }
        pieces
    }

    /// The first numbers of the pieces, ascending.
    #[must_use]
    pub fn starts(&self) -> &[T] {
        &self.starts
    }

    /// The list of the piece that holds `number`.
    #[must_use]
    pub fn find(&self, number: T) -> ListId {
        // The first piece begins at the least number: there is always one at or below.
        self.list_of(self.starts.partition_point(|start| *start <= number) - 1)
    }

    /// The list of the `place`th piece.
    #[must_use]
    pub fn list_of(&self, place: usize) -> ListId {
        self.lists[place]
    }

    fn begin(&mut self, start: T, list: ListId) {
        if self.lists.last() == Some(&list) {
            return;
        }
        if self.starts.last() == Some(&start) {
            // Only the very first piece can begin where a run begins.
            self.lists.pop();
            self.starts.pop();
        }
        self.starts.push(start);
        self.lists.push(list);
    }
}

/// Lists of sets, each once. Steps between them are remembered: most borders repeat a step.
#[derive(Clone, Debug)]
pub struct Lists<S> {
    all: Vec<Box<[S]>>,
    numbers: HashMap<Box<[S]>, ListId>,
    steps: HashMap<(ListId, bool, S), ListId>,
}

impl<S: Copy + Ord + Hash> Default for Lists<S> {
    fn default() -> Self {
        let none: Box<[S]> = Box::default();
        Self {
            all: vec![none.clone()],
            numbers: HashMap::from([(none, ListId::NONE)]),
            steps: HashMap::new(),
        }
    }
}

impl<S: Copy + Ord + Hash> Lists<S> {
    /// The lists; a [`ListId`] is a place among them.
    #[must_use]
    pub fn into_lists(self) -> Vec<Box<[S]>> {
        self.all
    }

    /// The list that is `from` with `set` put in or taken out.
    fn step(&mut self, from: ListId, is_opening: bool, set: S) -> ListId {
        if let Some(to) = self.steps.get(&(from, is_opening, set)) {
            return *to;
        }
        let mut list = self.all[from.place()].to_vec();
        match (list.binary_search(&set), is_opening) {
            (Err(place), true) => list.insert(place, set),
            (Ok(place), false) => {
                list.remove(place);
            }
            // The runs of a set are disjoint: it is opened only when closed, and the reverse.
            (Ok(_), true) | (Err(_), false) => {}
        }
        let list = list.into_boxed_slice();
        let next = self.all.len();
        let to = *self.numbers.entry(list).or_insert_with_key(|list| {
            self.all.push(list.clone());
            // Fewer lists than borders, which memory bounds far below 2^32.
            ListId(u32::try_from(next).unwrap_or(u32::MAX))
        });
        self.steps.insert((from, is_opening, set), to);
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_know_their_sets_at_every_border() {
        let mut lists = Lists::default();
        let runs = vec![(0_u8, 9, 'a'), (5, 255, 'b'), (10, 19, 'a'), (30, 30, 'c')];
        let pieces = Pieces::new(runs, &mut lists);
        let lists = lists.into_lists();
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
            let held: String = lists[pieces.find(number).place()].iter().collect();
            assert_eq!(held, expected, "{number}");
        }
        // Runs of one set that touch make no border.
        assert_eq!(pieces.starts(), [0, 5, 20, 30, 31]);
    }
}
