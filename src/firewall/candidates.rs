//! Which rules of a set could match a property of a flow.

use std::collections::HashMap;
use std::net::IpAddr;

use super::port::PortSet;
use super::rule::Rule;
use crate::model::{AddressSet, IntervalMap, SetInterner};

/// A set of rules as a bit map of their indices, 64 to a word. Empty words are left out, since an
/// address mostly meets a few rules of many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Candidates {
    words: Vec<(u32, u64)>,
}

impl Candidates {
    /// The rules for which `could_match` is true.
    pub(super) fn of(rules: &[Rule], could_match: impl Fn(&Rule) -> bool) -> Self {
        Self::from_indices((0..rules.len()).filter(|index| could_match(&rules[*index])))
    }

    /// The indices must ascend.
    fn from_indices(indices: impl Iterator<Item = usize>) -> Self {
        let mut words: Vec<(u32, u64)> = Vec::new();
        for index in indices {
            // A set of 2^38 rules does not fit any memory.
            let word = u32::try_from(index / 64).unwrap_or(u32::MAX);
            let bit = 1 << (index % 64);
            match words.last_mut() {
                Some(last) if last.0 == word => last.1 |= bit,
                _ => words.push((word, bit)),
            }
        }
        Self { words }
    }

    /// The word of this number. A dense set has each word at the index of its number.
    fn word(&self, number: u32) -> u64 {
        match self.words.get(number as usize) {
            Some((own, bits)) if *own == number => *bits,
            _ => match self.words.binary_search_by_key(&number, |(own, _)| *own) {
                Ok(index) => self.words[index].1,
                Err(_) => 0,
            },
        }
    }

    /// The rules that are in this set and in all `others`, ascending.
    pub(super) fn common<'a>(&'a self, others: &'a [&'a Self]) -> impl Iterator<Item = usize> + 'a {
        self.words.iter().flat_map(move |(number, bits)| {
            let mut bits = others
                .iter()
                .fold(*bits, |bits, other| if bits == 0 { 0 } else { bits & other.word(*number) });
            std::iter::from_fn(move || {
                (bits != 0).then(|| {
                    let index = *number as usize * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    index
                })
            })
        })
    }
}

/// Candidates by address.
#[derive(Debug)]
pub(super) struct AddressTable {
    v4: IntervalMap<u32>,
    v6: IntervalMap<u128>,
    /// One set for each different list of extents that the maps lead to.
    candidates: Vec<Candidates>,
}

impl AddressTable {
    /// Takes the extent and the addresses of each rule in order. The addresses are `None` where no
    /// address rules it out.
    pub(super) fn new(rules: impl Iterator<Item = (usize, Option<AddressSet>)>) -> Self {
        let mut holders: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut everywhere = Vec::new();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, (extent, addresses)) in rules.enumerate() {
            match addresses {
                None => everywhere.push(index),
                Some(addresses) if addresses.is_everything() => everywhere.push(index),
                Some(addresses) => {
                    let held = holders.entry(extent).or_default();
                    if held.is_empty() {
                        let runs = addresses.v4().runs().iter();
                        v4.extend(runs.map(|(first, last)| (*first, *last, extent)));
                        let runs = addresses.v6().runs().iter();
                        v6.extend(runs.map(|(first, last)| (*first, *last, extent)));
                    }
                    held.push(index);
                }
            }
        }
        let mut sets = SetInterner::default();
        let (v4, v6) = (IntervalMap::new(v4, &mut sets), IntervalMap::new(v6, &mut sets));
        let candidates = sets
            .into_sets()
            .iter()
            .map(|extents| {
                let mut indices = everywhere.clone();
                indices.extend(extents.iter().flat_map(|extent| &holders[extent]));
                indices.sort_unstable();
                Candidates::from_indices(indices.into_iter())
            })
            .collect();
        Self { v4, v6, candidates }
    }

    pub(super) fn find(&self, address: IpAddr) -> &Candidates {
        let list = match address.to_canonical() {
            IpAddr::V4(v4) => self.v4.find(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.find(v6.to_bits()),
        };
        &self.candidates[list.index()]
    }
}

/// Candidates by port.
#[derive(Debug)]
pub(super) struct PortTable {
    ports: IntervalMap<u16>,
    candidates: Vec<Candidates>,
}

impl PortTable {
    /// Takes the ports of each rule in order, `None` where they are not known.
    pub(super) fn new<'a>(rules: impl Iterator<Item = Option<&'a PortSet>>) -> Self {
        let any = PortSet::any();
        let mut numbers: HashMap<&PortSet, Vec<usize>> = HashMap::new();
        for (index, ports) in rules.enumerate() {
            numbers.entry(ports.unwrap_or(&any)).or_default().push(index);
        }
        let mut sets: Vec<_> = numbers.into_iter().collect();
        sets.sort_by(|a, b| a.1.cmp(&b.1));
        let runs = sets
            .iter()
            .enumerate()
            .flat_map(|(number, (ports, _))| {
                ports.ranges().runs().iter().map(move |(first, last)| (*first, *last, number))
            })
            .collect();
        let mut interner = SetInterner::default();
        let ports = IntervalMap::new(runs, &mut interner);
        let candidates = interner
            .into_sets()
            .iter()
            .map(|numbers| {
                let mut indices: Vec<_> =
                    numbers.iter().flat_map(|number| sets[*number].1.iter().copied()).collect();
                indices.sort_unstable();
                Candidates::from_indices(indices.into_iter())
            })
            .collect();
        Self { ports, candidates }
    }

    pub(super) fn find(&self, port: u16) -> &Candidates {
        &self.candidates[self.ports.find(port).index()]
    }
}
