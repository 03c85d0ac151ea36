//! Which rules of a set could match a property of a flow.

use std::collections::HashMap;
use std::net::IpAddr;

use super::port::PortSet;
use super::rule::Rule;
use crate::model::{AddressSet, IntervalMap, SetInterner};

/// A set of rules by their places: 64 to a word, words without any left out, since an address
/// mostly meets a few rules of many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Candidates {
    words: Vec<(u32, u64)>,
}

impl Candidates {
    /// The rules of which `could_match` holds.
    pub(super) fn of(rules: &[Rule], could_match: impl Fn(&Rule) -> bool) -> Self {
        Self::from_places((0..rules.len()).filter(|place| could_match(&rules[*place])))
    }

    /// Places ascending.
    fn from_places(places: impl Iterator<Item = usize>) -> Self {
        let mut words: Vec<(u32, u64)> = Vec::new();
        for place in places {
            // A set of 2^38 rules does not fit any memory.
            let word = u32::try_from(place / 64).unwrap_or(u32::MAX);
            let bit = 1 << (place % 64);
            match words.last_mut() {
                Some(last) if last.0 == word => last.1 |= bit,
                _ => words.push((word, bit)),
            }
        }
        Self { words }
    }

    /// The word of this number; the words of dense sets stand at their own number.
    fn word(&self, number: u32) -> u64 {
        match self.words.get(number as usize) {
            Some((own, bits)) if *own == number => *bits,
            _ => match self.words.binary_search_by_key(&number, |(own, _)| *own) {
                Ok(place) => self.words[place].1,
                Err(_) => 0,
            },
        }
    }

    /// The places that are in this and in all `others`, ascending.
    pub(super) fn common<'a>(&'a self, others: &'a [&'a Self]) -> impl Iterator<Item = usize> + 'a {
        self.words.iter().flat_map(move |(number, bits)| {
            let mut bits = others
                .iter()
                .fold(*bits, |bits, other| if bits == 0 { 0 } else { bits & other.word(*number) });
            std::iter::from_fn(move || {
                (bits != 0).then(|| {
                    let place = *number as usize * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    place
                })
            })
        })
    }
}

/// By address.
#[derive(Debug)]
pub(super) struct Table {
    v4: IntervalMap<u32>,
    v6: IntervalMap<u128>,
    /// By list of extents.
    candidates: Vec<Candidates>,
}

impl Table {
    /// Of each rule, in order: which extent it has, and its addresses; `None` where no address
    /// rules it out.
    pub(super) fn new(rules: impl Iterator<Item = (usize, Option<AddressSet>)>) -> Self {
        let mut holders: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut everywhere = Vec::new();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (place, (extent, addresses)) in rules.enumerate() {
            match addresses {
                None => everywhere.push(place),
                Some(addresses) if addresses.is_everything() => everywhere.push(place),
                Some(addresses) => {
                    let held = holders.entry(extent).or_default();
                    if held.is_empty() {
                        let runs = addresses.v4().runs().iter();
                        v4.extend(runs.map(|(first, last)| (*first, *last, extent)));
                        let runs = addresses.v6().runs().iter();
                        v6.extend(runs.map(|(first, last)| (*first, *last, extent)));
                    }
                    held.push(place);
                }
            }
        }
        let mut sets = SetInterner::default();
        let (v4, v6) = (IntervalMap::new(v4, &mut sets), IntervalMap::new(v6, &mut sets));
        let candidates = sets
            .into_sets()
            .iter()
            .map(|extents| {
                let mut places = everywhere.clone();
                places.extend(extents.iter().flat_map(|extent| &holders[extent]));
                places.sort_unstable();
                Candidates::from_places(places.into_iter())
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

/// By port.
#[derive(Debug)]
pub(super) struct PortTable {
    ports: IntervalMap<u16>,
    candidates: Vec<Candidates>,
}

impl PortTable {
    /// Of each rule, in order, its ports; `None` where they are not known.
    pub(super) fn new<'a>(rules: impl Iterator<Item = Option<&'a PortSet>>) -> Self {
        let any = PortSet::any();
        let mut numbers: HashMap<&PortSet, Vec<usize>> = HashMap::new();
        for (place, ports) in rules.enumerate() {
            numbers.entry(ports.unwrap_or(&any)).or_default().push(place);
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
                let mut places: Vec<_> =
                    numbers.iter().flat_map(|number| sets[*number].1.iter().copied()).collect();
                places.sort_unstable();
                Candidates::from_places(places.into_iter())
            })
            .collect();
        Self { ports, candidates }
    }

    pub(super) fn find(&self, port: u16) -> &Candidates {
        &self.candidates[self.ports.find(port).index()]
    }
}
