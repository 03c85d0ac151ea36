//! Placeholders that are text: `host-1`, or `host-5f3a9c01` under a shared key.

use std::collections::{HashMap, HashSet};

use data_encoding::HEXLOWER;

use super::key::RedactionKey;

/// What was replaced by which placeholder.
#[derive(Debug, Default)]
pub(super) struct Labels {
    given: HashMap<(&'static str, String), String>,
    counts: HashMap<&'static str, usize>,
    taken: HashSet<String>,
}

impl Labels {
    /// The placeholder of `original`, as a `kind`: the same for the same original.
    pub(super) fn of(&mut self, key: &RedactionKey, kind: &'static str, original: &str) -> String {
        let named = (kind, original.to_owned());
        if let Some(label) = self.given.get(&named) {
            return label.clone();
        }
        let label = if key.is_shared() {
            let digits = HEXLOWER.encode(&key.digest(kind, &[original.as_bytes()]));
            let of_length = |length: usize| format!("{kind}-{}", &digits[..length]);
            // Two originals with the same eight digits are told apart by more of them.
            [8, 16, 32]
                .map(of_length)
                .into_iter()
                .find(|label| !self.taken.contains(label))
                .unwrap_or_else(|| format!("{kind}-{}", &digits[..48]))
        } else {
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            format!("{kind}-{count}")
        };
        self.taken.insert(label.clone());
        self.given.insert(named, label.clone());
        label
    }
}
