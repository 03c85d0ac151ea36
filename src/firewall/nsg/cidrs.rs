//! Prefixes of IP groups that are resources of their own (`azurerm_ip_group_cidr`).

use serde_json::Value;

use super::inline::list_of;
use super::planned::{PlannedResource, Write};
use super::policy::IP_GROUP;
use super::references::Referred;
use crate::arm_template::{ArmValue, UnknownValue};

/// A change of one prefix of an IP group.
#[derive(Debug)]
pub(super) struct CidrChange {
    /// The id of the group; `None` where only apply tells it.
    group: Option<String>,
    taken: Option<String>,
    given: Option<String>,
    /// What to say where it is not known what comes of the change.
    reason: UnknownValue,
}

impl CidrChange {
    pub(super) fn of(
        kind: &str,
        address: &str,
        (before, after): (Option<&Value>, Option<&Value>),
        path: &str,
    ) -> Option<Self> {
        if kind != "azurerm_ip_group_cidr" {
            return None;
        }
        let text = |own: Option<&Value>, key: &str| Some(own?.get(key)?.as_str()?.to_owned());
        let why = format!("{address} changes the addresses of the IP group");
        Some(Self {
            group: text(after.or(before), "ip_group_id"),
            taken: text(before, "cidr"),
            given: text(after, "cidr"),
            reason: UnknownValue::new(path, &why),
        })
    }

    /// Changes the group as it would be. Where the change writes the whole group too, nothing says
    /// which of the two comes last.
    pub(super) fn make(&self, after: &mut [PlannedResource]) {
        let named = self.group.as_ref().map(|id| Referred::Named(id.to_ascii_lowercase()));
        for own in after.iter_mut().filter(|own| own.resource.kind == IP_GROUP) {
            let is_it = named
                .as_ref()
                .map_or(own.write != Write::Kept, |named| named.may_be(&own.resource));
            let Some(list) = list_of(&mut own.resource.body, "ipAddresses").filter(|_| is_it)
            else {
                continue;
            };
            *list = match std::mem::replace(list, ArmValue::Null) {
                ArmValue::Array(cidrs) if own.write == Write::Kept => self.changed(cidrs),
                ArmValue::Null if own.write == Write::Kept => self.changed(Vec::new()),
                _ => ArmValue::Unknown(self.reason.clone()),
            };
        }
    }

    fn changed(&self, mut cidrs: Vec<ArmValue>) -> ArmValue {
        if let Some(taken) = &self.taken {
            cidrs.retain(|own| own.as_str() != Some(taken));
        }
        if self.given.is_none() && self.taken.is_none() {
            return ArmValue::Unknown(self.reason.clone());
        }
        let given =
            self.given.iter().filter(|own| !cidrs.iter().any(|one| one.as_str() == Some(own)));
        let given: Vec<_> = given.cloned().map(ArmValue::String).collect();
        cidrs.extend(given);
        ArmValue::Array(cidrs)
    }
}
