//! Values of a file together with their JSON paths, which messages name.

use crate::arm_template::{ArmValue, UnknownValue};
use crate::firewall::missing::Missing;

#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: &'a ArmValue,
    pub(super) path: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a ArmValue, path: &str) -> Self {
        Self { value, path: path.to_owned() }
    }

    /// The member of this key. What is in a value that is not known is not known either.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = match self.value {
            unknown @ ArmValue::Unknown(_) => unknown,
            known => known.get(key)?,
        };
        Some(Self { value, path: format!("{}.{key}", self.path) })
    }

    /// Whether there is a member of this key for sure, which tells one kind of thing from another.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    /// The member of the first of `keys` that is present.
    pub(super) fn get_any(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().find_map(|key| self.get(key))
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    /// The elements of an array. A single value counts as an array of one, because PowerShell
    /// writes arrays where Resource Manager has single values, and the other way round.
    pub(super) fn elements(&self) -> Vec<Self> {
        match self.value {
            ArmValue::Array(elements) => elements
                .iter()
                .enumerate()
                .map(|(index, value)| Self { value, path: format!("{}[{index}]", self.path) })
                .collect(),
            ArmValue::Null => Vec::new(),
            _ => vec![self.clone()],
        }
    }

    /// The properties of a resource: below `properties`, or beside its name as `az` writes them.
    pub(super) fn properties(&self) -> Self {
        self.get("properties").unwrap_or_else(|| self.clone())
    }

    /// What to report where this node should hold a value and does not.
    pub(super) fn missing(&self, why: &str) -> Missing {
        UnknownValue::new(&self.path, why).into()
    }
}

impl From<UnknownValue> for Missing {
    fn from(UnknownValue { path, why }: UnknownValue) -> Self {
        Self::Value { path, why }
    }
}

impl From<&UnknownValue> for Missing {
    fn from(unknown: &UnknownValue) -> Self {
        unknown.clone().into()
    }
}
