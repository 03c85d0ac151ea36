//! A group as Resource Manager and `az` show it: every rule whole, so that it can be put back.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::MARKER;
use crate::firewall::{PortSet, Protocol, ProtocolSet};
use crate::model::AddressSet;

/// A network security group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveGroup {
    /// Its rules, without Azure's defaults.
    pub rules: Vec<LiveRule>,
}

/// One of its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveRule {
    /// Its name, in the group's case.
    pub name: String,
    /// Its version; weak, as Azure's are.
    pub etag: Option<String>,
    /// How far Azure is with it: `Succeeded`, `Updating`, `Failed`; where it says so.
    pub state: Option<String>,
    /// Its properties as they can be written again.
    pub properties: Value,
    /// What they mean.
    pub meaning: RuleMeaning,
}

/// Why a text is no group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// Something else.
    #[error(
        "expected the group as az network nsg show or Resource Manager shows it: no securityRules found"
    )]
    NoRules,
    /// A rule that is none.
    #[error("securityRules[{index}] has no {member}")]
    Incomplete {
        /// Which.
        index: usize,
        /// What is not there.
        member: &'static str,
    },
}

impl LiveGroup {
    /// Reads `az network nsg show`, Resource Manager's answer, or a list of rules.
    ///
    /// # Errors
    /// [`LiveError`] where it is none of these.
    pub fn read(value: &Value) -> Result<Self, LiveError> {
        let rules = [
            value.pointer("/properties/securityRules"),
            value.get("securityRules"),
            value.get("value"),
            Some(value),
        ];
        let rules =
            rules.into_iter().flatten().find_map(Value::as_array).ok_or(LiveError::NoRules)?;
        // A list of groups holds rules of none of them.
        if rules.iter().any(|rule| rule.pointer("/properties/securityRules").is_some()) {
            return Err(LiveError::NoRules);
        }
        let rules = rules
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                LiveRule::read(rule).map_err(|member| LiveError::Incomplete { index, member })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// Our rules of this name, by their number: 1 is the name itself.
    #[must_use]
    pub fn own(&self, rule_name: &str) -> Vec<(u32, &LiveRule)> {
        let mut own: Vec<_> = self
            .rules
            .iter()
            .filter(|rule| rule.is_marked())
            .filter_map(|rule| Some((number(&rule.name, rule_name)?, rule)))
            .collect();
        own.sort_by_key(|(number, _)| *number);
        own
    }

    /// The rule of this name, whosever it is. Azure's names have no case.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&LiveRule> {
        self.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name))
    }
}

impl LiveRule {
    /// Reads one rule, in Resource Manager's form or in `az`'s flat one.
    ///
    /// # Errors
    /// The member that it must have and has not.
    pub fn read(rule: &Value) -> Result<Self, &'static str> {
        const NOT_WRITABLE: [&str; 6] =
            ["name", "id", "etag", "type", "resourceGroup", "provisioningState"];
        let name = rule["name"].as_str().ok_or("name")?;
        let members = match &rule["properties"] {
            Value::Object(properties) => properties,
            _ => rule.as_object().ok_or("properties")?,
        };
        let properties: Map<String, Value> = members
            .iter()
            .filter(|(key, value)| !NOT_WRITABLE.contains(&key.as_str()) && !value.is_null())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for required in ["access", "direction", "priority", "protocol"] {
            if !properties.contains_key(required) {
                return Err(required);
            }
        }
        let properties = Value::Object(properties);
        Ok(Self {
            name: name.to_owned(),
            etag: rule["etag"].as_str().map(str::to_owned),
            state: members.get("provisioningState").and_then(Value::as_str).map(str::to_owned),
            meaning: RuleMeaning::of(&properties),
            properties,
        })
    }

    /// Whether we wrote it.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.properties["description"].as_str().is_some_and(|text| text.starts_with(MARKER))
    }
}

/// How many addresses and prefixes a rule's destination is written with: what Azure's limit counts.
pub(super) fn n_prefixes(properties: &Value) -> usize {
    let is_prefix =
        |value: &&Value| value.as_str().is_some_and(|text| AddressSet::parse(text).is_ok());
    let many = properties["destinationAddressPrefixes"].as_array();
    let one = [&properties["destinationAddressPrefix"]];
    one.into_iter().chain(many.into_iter().flatten()).filter(is_prefix).count()
}

/// The number of a rule's name: 1 for the name itself, N for `NAME-N`.
pub(super) fn number(name: &str, rule_name: &str) -> Option<u32> {
    let head = name.get(..rule_name.len())?;
    if !head.eq_ignore_ascii_case(rule_name) {
        return None;
    }
    let rest = &name[rule_name.len()..];
    if rest.is_empty() {
        return Some(1);
    }
    let digits = rest.strip_prefix('-').filter(|digits| !digits.starts_with(['0', '+']))?;
    digits.parse().ok().filter(|number| *number >= 2)
}

/// The name of a number.
pub(super) fn numbered(rule_name: &str, number: u32) -> String {
    if number == 1 { rule_name.to_owned() } else { format!("{rule_name}-{number}") }
}

/// What a rule does, however it is written: one prefix or several, in any order and case. The
/// description means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMeaning {
    /// Lower case.
    pub protocol: String,
    /// Lower case.
    pub access: String,
    /// Lower case.
    pub direction: String,
    /// As written; 0 where it is no number.
    pub priority: u32,
    /// Where from.
    pub source: Side,
    /// Where to.
    pub destination: Side,
}

/// One side of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Its addresses.
    pub addresses: AddressSet,
    /// Tags and application security groups, lower case.
    pub others: BTreeSet<String>,
    /// Its ports.
    pub ports: PortSet,
}

impl RuleMeaning {
    /// What these properties mean.
    #[must_use]
    pub fn of(properties: &Value) -> Self {
        let word = |key: &str| properties[key].as_str().unwrap_or_default().to_ascii_lowercase();
        let priority = match &properties["priority"] {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        Self {
            protocol: word("protocol"),
            access: word("access"),
            direction: word("direction"),
            priority: priority.unwrap_or_default(),
            source: Side::of(properties, "source"),
            destination: Side::of(properties, "destination"),
        }
    }

    /// Whether it looks away from the host.
    #[must_use]
    pub fn is_outbound(&self) -> bool {
        self.direction == "outbound"
    }

    /// Whether it denies, or may deny, some of what goes to `addresses` over TCP by `ports`.
    #[must_use]
    pub fn may_deny(&self, addresses: &AddressSet, ports: &PortSet) -> bool {
        // What is in the virtual network is private, and never in a rule of ours.
        const NOT_PUBLIC: [&str; 2] = ["virtualnetwork", "azureloadbalancer"];
        let is_tcp =
            ProtocolSet::parse(&self.protocol).is_none_or(|own| own.contains(Protocol::Tcp));
        let other = |other: &String| !NOT_PUBLIC.contains(&other.as_str());
        self.is_outbound()
            && self.access == "deny"
            && is_tcp
            && ports.ranges().runs().iter().any(|(first, last)| {
                self.destination
                    .ports
                    .ranges()
                    .runs()
                    .iter()
                    .any(|(own_first, own_last)| own_first <= last && first <= own_last)
            })
            && (!self.destination.addresses.is_disjoint(addresses)
                || self.destination.others.iter().any(other))
    }
}

impl Side {
    fn of(properties: &Value, side: &str) -> Self {
        let texts = |singular: &str, plural: &str| -> Vec<String> {
            let one = [&properties[format!("{side}{singular}")]];
            let many = properties[format!("{side}{plural}")].as_array();
            one.into_iter()
                .chain(many.into_iter().flatten())
                .filter_map(|value| match value {
                    Value::String(text) => Some(text.trim().to_owned()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
                .filter(|text| !text.is_empty())
                .collect()
        };
        let mut read = Self::default();
        for text in texts("AddressPrefix", "AddressPrefixes") {
            if text == "*" {
                read.addresses = AddressSet::everything();
            } else if let Ok(addresses) = AddressSet::parse(&text) {
                read.addresses = read.addresses.union(&addresses);
            } else {
                read.others.insert(text.to_ascii_lowercase());
            }
        }
        for group in
            properties[format!("{side}ApplicationSecurityGroups")].as_array().into_iter().flatten()
        {
            let id = group["id"].as_str().or_else(|| group.as_str()).unwrap_or_default();
            read.others.insert(id.to_ascii_lowercase());
        }
        read.ports = texts("PortRange", "PortRanges")
            .iter()
            .filter_map(|text| PortSet::parse(text).ok())
            .fold(PortSet::default(), |all, ports| all.union(&ports));
        read
    }

    /// What it holds beside addresses that can be counted, in words: tags, groups, everything.
    #[must_use]
    pub fn beyond_addresses(&self) -> Option<String> {
        let everything = ["0.0.0.0/0", "::/0"]
            .iter()
            .filter_map(|text| text.parse::<IpNet>().ok())
            .any(|net| AddressSet::from(net).is_subset(&self.addresses));
        if everything {
            return Some("every address".to_owned());
        }
        let others: Vec<_> = self.others.iter().map(String::as_str).collect();
        (!others.is_empty()).then(|| others.join(", "))
    }
}
