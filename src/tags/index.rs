//! From an address to the tags that hold it.
//!
//! `file` and this file name each other: a file's tags have numbers of the index, which is made of
//! those tags.

use std::net::IpAddr;

use super::file::ServiceTag;
use crate::model::{IntervalMap, SetInterner};

/// The index of a tag in its file. It means nothing in another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagId(u16);

impl TagId {
    /// How many tags can be told apart.
    pub const LIMIT: usize = 1 << 16;

    pub(super) fn new(index: usize) -> Option<Self> {
        u16::try_from(index).ok().map(Self)
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The address space cut where any tag begins or ends.
#[derive(Clone, Debug)]
pub(super) struct TagIndex {
    v4: IntervalMap<u32>,
    /// Where in `v4` the search for an address begins, by its upper 16 bits: what remains is a
    /// search among a handful.
    v4_starts: Vec<u32>,
    v6: IntervalMap<u128>,
    lists: Vec<Box<[TagId]>>,
}

impl TagIndex {
    pub(super) fn new(tags: &[ServiceTag]) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, tag) in tags.iter().enumerate() {
            // The caller has numbered the tags.
            let Some(id) = TagId::new(index) else { break };
            v4.extend(tag.addresses.v4().runs().iter().map(|(first, last)| (*first, *last, id)));
            v6.extend(tag.addresses.v6().runs().iter().map(|(first, last)| (*first, *last, id)));
        }
        let mut sets = SetInterner::default();
        let v4 = IntervalMap::new(v4, &mut sets);
        let v6 = IntervalMap::new(v6, &mut sets);
        Self { v4_starts: first_level(v4.starts()), v4, v6, lists: sets.into_sets() }
    }

    pub(super) fn holding(&self, address: IpAddr) -> &[TagId] {
        let list = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let bits = v4.to_bits();
                let block = (bits >> 16) as usize;
                let (from, to) =
                    (self.v4_starts[block] as usize, self.v4_starts[block + 1] as usize);
                let within = &self.v4.starts()[from..to];
                // The first interval begins at 0, so that there is always one at or below.
                self.v4.set_of(from + within.partition_point(|start| *start <= bits) - 1)
            }
            IpAddr::V6(v6) => self.v6.find(v6.to_bits()),
        };
        &self.lists[list.index()]
    }
}

/// For each value of the upper 16 bits the number of intervals that begin below it; the last entry
/// closes the last block.
fn first_level(starts: &[u32]) -> Vec<u32> {
    let mut counts = vec![0_u32; (1 << 16) + 1];
    for start in starts {
        counts[(start >> 16) as usize + 1] += 1;
    }
    let mut below = 0;
    for count in &mut counts {
        below += *count;
        *count = below;
    }
    counts
}
