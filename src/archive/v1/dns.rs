//! Lookups, which records refer to.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{self, Exchange, HostName, LinkData, Resolver};

/// Everything that one resolver answered for one name. Records refer to it by its number.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "lookup")]
pub(crate) struct Lookup<'a> {
    pub(crate) number: u64,
    resolver: Resolver,
    name: HostName,
    exchanges: Cow<'a, [Exchange]>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(number: u64, lookup: &'a model::Lookup) -> Self {
        Self {
            number,
            resolver: lookup.resolver,
            name: lookup.name.clone(),
            exchanges: Cow::from(&lookup.exchanges),
        }
    }
}

impl From<Lookup<'_>> for model::Lookup {
    fn from(lookup: Lookup<'_>) -> Self {
        let mut names = Names(vec![lookup.name.clone()]);
        let mut exchanges = lookup.exchanges.into_owned();
        exchanges.shrink_to_fit();
        let answers = exchanges.iter_mut().filter_map(|exchange| exchange.result.as_mut().ok());
        for link in answers.flat_map(|answer| &mut answer.chain) {
            names.share(&mut link.name);
            if let LinkData::Alias(target) = &mut link.data {
                names.share(target);
            }
        }
        Self { resolver: lookup.resolver, name: lookup.name, exchanges }
    }
}

/// The names of one lookup. A chain says each of them two or three times; they are kept once.
struct Names(Vec<HostName>);

impl Names {
    /// How many names are looked through. Chains are shorter.
    const REMEMBERED: usize = 16;

    fn share(&mut self, name: &mut HostName) {
        if let Some(known) = self.0.iter().find(|known| *known == name) {
            *name = known.clone();
        } else if self.0.len() < Self::REMEMBERED {
            self.0.push(name.clone());
        }
    }
}
