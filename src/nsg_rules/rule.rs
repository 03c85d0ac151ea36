//! What a security rule does, whether it is written with one prefix or several, in any order and
//! case.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::mark::Mark;
use crate::firewall::{PortSet, Protocol, ProtocolSet};
use crate::model::AddressSet;

/// A rule's properties: the JSON of Resource Manager, whole, so that it can be written back, and
/// what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Value", into = "Value")]
pub struct RuleProperties {
    json: Value,
    meaning: RuleMeaning,
}

impl From<Value> for RuleProperties {
    fn from(json: Value) -> Self {
        let meaning = RuleMeaning::of(&json);
        Self { json, meaning }
    }
}

impl From<RuleProperties> for Value {
    fn from(properties: RuleProperties) -> Self {
        properties.json
    }
}

impl RuleProperties {
    /// The JSON that Resource Manager takes.
    #[must_use]
    pub const fn json(&self) -> &Value {
        &self.json
    }

    /// What the rule does.
    #[must_use]
    pub const fn meaning(&self) -> &RuleMeaning {
        &self.meaning
    }

    /// The description; empty where there is none.
    #[must_use]
    pub fn description(&self) -> &str {
        self.json["description"].as_str().unwrap_or_default()
    }

    /// The mark; `None` where pathproof did not write the rule.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        Mark::read(self.description())
    }

    /// Whether both rules do the same and belong to the same jobs. Their words do not count.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let jobs = |properties: &Self| properties.mark().map(|mark| mark.jobs);
        self.meaning == other.meaning && jobs(self) == jobs(other)
    }

    /// Whether this rule does everything that the other one does, for its jobs too: another job may
    /// have added addresses and its name since the other one was written.
    pub(super) fn holds(&self, other: &Self) -> bool {
        let (Some(mark), Some(other_mark)) = (self.mark(), other.mark()) else { return false };
        let (own, others) = (&self.meaning, &other.meaning);
        let rest = |meaning: &RuleMeaning| {
            let mut rest = meaning.clone();
            rest.destination.addresses = AddressSet::new();
            rest
        };
        rest(own) == rest(others)
            && others.destination.addresses.is_subset(&own.destination.addresses)
            && other_mark.jobs.is_subset(&mark.jobs)
    }

    /// How many prefixes the destination is written with, which is what Azure's limit counts.
    pub(super) fn n_prefixes(&self) -> usize {
        let is_prefix =
            |value: &&Value| value.as_str().is_some_and(|text| AddressSet::parse(text).is_ok());
        let many = self.json["destinationAddressPrefixes"].as_array();
        let one = [&self.json["destinationAddressPrefix"]];
        one.into_iter().chain(many.into_iter().flatten()).filter(is_prefix).count()
    }
}

/// What a rule does; words are in lower case. The description is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMeaning {
    pub protocol: String,
    pub access: String,
    pub direction: String,
    /// `None` where the priority is no number.
    pub priority: Option<u16>,
    pub source: RuleSide,
    pub destination: RuleSide,
}

/// The source or the destination of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSide {
    pub addresses: AddressSet,
    /// Tags and application security groups, in lower case.
    pub others: BTreeSet<String>,
    pub ports: PortSet,
}

impl RuleMeaning {
    fn of(properties: &Value) -> Self {
        let word = |key: &str| properties[key].as_str().unwrap_or_default().to_ascii_lowercase();
        let priority = match &properties["priority"] {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        };
        Self {
            protocol: word("protocol"),
            access: word("access"),
            direction: word("direction"),
            priority,
            source: RuleSide::of(properties, "source"),
            destination: RuleSide::of(properties, "destination"),
        }
    }

    /// Whether the rule is about flows that leave the host.
    #[must_use]
    pub fn is_outbound(&self) -> bool {
        self.direction == "outbound"
    }

    /// Whether the rule denies, or may deny, some of the TCP flows to `addresses` and `ports`.
    #[must_use]
    pub fn may_deny(&self, addresses: &AddressSet, ports: &PortSet) -> bool {
        // These tags hold private addresses, which are in no rule of ours.
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

impl RuleSide {
    fn of(properties: &Value, side: &str) -> Self {
        let mut read = Self::default();
        for text in texts(properties, &format!("{side}AddressPrefix"), "es") {
            if text == "*" {
                read.addresses = AddressSet::everything();
            } else if let Ok(addresses) = AddressSet::parse(&text) {
                read.addresses = read.addresses.union(&addresses);
            } else {
                read.others.insert(text.to_ascii_lowercase());
            }
        }
        let groups = groups(properties, side);
        read.others.extend(groups.iter().map(|id| id.to_ascii_lowercase()));
        read.ports = texts(properties, &format!("{side}PortRange"), "s")
            .iter()
            .filter_map(|text| PortSet::parse(text).ok())
            .fold(PortSet::default(), |all, ports| all.union(&ports));
        read
    }

    /// What this side has that cannot be counted as addresses: tags, groups, everything.
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

/// The values of `KEY` and of its plural.
fn texts(properties: &Value, key: &str, plural: &str) -> Vec<String> {
    let one = [&properties[key]];
    let many = properties[format!("{key}{plural}")].as_array();
    one.into_iter()
        .chain(many.into_iter().flatten())
        .filter_map(|value| match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .filter(|text| !text.is_empty())
        .collect()
}

fn groups(properties: &Value, side: &str) -> Vec<String> {
    let groups = properties[format!("{side}ApplicationSecurityGroups")].as_array();
    let id = |group: &Value| group["id"].as_str().or_else(|| group.as_str()).map(str::to_owned);
    groups.into_iter().flatten().filter_map(id).collect()
}

/// The source of a rule, as it is written. Its ports are always all: a host leaves from any port,
/// so that a rule for one of them lets nothing through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSource {
    /// `*`, prefixes and service tags.
    prefixes: Vec<SourcePrefix>,
    /// Resource ids of application security groups.
    groups: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum SourcePrefix {
    Any,
    Net(IpNet),
    Tag(String),
}

/// Why the given sources cannot be those of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// One is neither a prefix nor a group.
    #[error(
        "'{0}' is no source: expected a CIDR, *, or the resource id of an application security group"
    )]
    Malformed(String),
    /// Azure takes only one kind in a rule.
    #[error("a rule takes prefixes or application security groups, not both")]
    Mixed,
}

impl RuleSource {
    /// A source that every packet matches.
    #[must_use]
    pub fn any() -> Self {
        Self { prefixes: vec![SourcePrefix::Any], groups: Vec::new() }
    }

    /// Reads the sources that the user gave; `None` where there are none.
    pub fn parse(given: &[String]) -> Result<Option<Self>, SourceError> {
        let mut source = Self { prefixes: Vec::new(), groups: Vec::new() };
        for text in given {
            let net = text
                .parse()
                .or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
            match net {
                Ok(net) => source.prefixes.push(SourcePrefix::Net(IpNet::trunc(&net))),
                Err(_) if text == "*" => source.prefixes.push(SourcePrefix::Any),
                Err(_) if is_group_id(text) => source.groups.push(text.clone()),
                Err(_) => return Err(SourceError::Malformed(text.chars().take(200).collect())),
            }
        }
        match (source.prefixes.is_empty(), source.groups.is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Err(SourceError::Mixed),
            _ => Ok(Some(source)),
        }
    }

    /// The source of a live rule, without its ports.
    pub(super) fn of(rule: &RuleProperties) -> Self {
        let prefix = |text: String| match text.parse() {
            Ok(net) => SourcePrefix::Net(net),
            Err(_) if text == "*" => SourcePrefix::Any,
            Err(_) => SourcePrefix::Tag(text),
        };
        let prefixes = texts(&rule.json, "sourceAddressPrefix", "es");
        Self {
            prefixes: prefixes.into_iter().map(prefix).collect(),
            groups: groups(&rule.json, "source"),
        }
    }

    /// The part of the source that can reach addresses of a family; `None` where nothing can. Azure
    /// takes one family in a rule.
    pub(super) fn of_family(&self, is_v6: bool) -> Option<Self> {
        let is_of = |prefix: &&SourcePrefix| match prefix {
            SourcePrefix::Net(net) => matches!(net, IpNet::V6(_)) == is_v6,
            SourcePrefix::Any | SourcePrefix::Tag(_) => true,
        };
        let prefixes: Vec<_> = self.prefixes.iter().filter(is_of).cloned().collect();
        let is_empty = prefixes.is_empty() && self.groups.is_empty();
        (!is_empty).then(|| Self { prefixes, ..self.clone() })
    }

    /// Writes the source into a rule's properties.
    pub(super) fn write(&self, properties: &mut Value) {
        let text = |prefix: &SourcePrefix| match prefix {
            SourcePrefix::Any => "*".to_owned(),
            SourcePrefix::Net(net) => net.to_string(),
            SourcePrefix::Tag(tag) => tag.clone(),
        };
        match &self.prefixes[..] {
            [] => {}
            [one] => properties["sourceAddressPrefix"] = json!(text(one)),
            many => {
                properties["sourceAddressPrefixes"] =
                    json!(many.iter().map(text).collect::<Vec<_>>());
            }
        }
        if !self.groups.is_empty() {
            let groups: Vec<_> = self.groups.iter().map(|id| json!({"id": id})).collect();
            properties["sourceApplicationSecurityGroups"] = json!(groups);
        }
        properties["sourcePortRange"] = json!("*");
    }
}

fn is_group_id(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split('/').collect();
    matches!(
        words[..],
        ["", "subscriptions", _, "resourcegroups", _, "providers", "microsoft.network",
         "applicationsecuritygroups", name] if !name.is_empty()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/hosts";

    fn written(source: &RuleSource) -> Value {
        let mut properties = json!({});
        source.write(&mut properties);
        properties
    }

    #[test]
    fn sources_are_prefixes_or_groups() {
        let parse = |given: &[&str]| {
            RuleSource::parse(&given.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(parse(&[]), Ok(None));
        let one = parse(&["10.1.2.7/24"]).unwrap().unwrap();
        assert_eq!(
            written(&one),
            json!({"sourceAddressPrefix": "10.1.2.0/24", "sourcePortRange": "*"})
        );
        let groups = parse(&[GROUP]).unwrap().unwrap();
        assert_eq!(written(&groups)["sourceApplicationSecurityGroups"], json!([{"id": GROUP}]));
        assert_eq!(parse(&["10.0.0.4", GROUP]), Err(SourceError::Mixed));
        for wrong in ["", "x", "10.0.0.0/33", "/subscriptions/x", &format!("{GROUP}/y")] {
            assert!(matches!(parse(&[wrong]), Err(SourceError::Malformed(_))), "{wrong}");
        }
    }

    #[test]
    fn a_source_is_written_as_it_was_read() {
        for properties in [
            json!({"sourceAddressPrefix": "*", "sourcePortRange": "*"}),
            json!({"sourceAddressPrefix": "VirtualNetwork", "sourcePortRange": "*"}),
            json!({"sourceAddressPrefixes": ["10.1.2.0/24", "10.1.3.0/24"],
                "sourcePortRange": "*"}),
            json!({"sourceApplicationSecurityGroups": [{"id": GROUP}], "sourcePortRange": "*"}),
        ] {
            let read = RuleSource::of(&RuleProperties::from(properties.clone()));
            assert_eq!(written(&read), properties);
            let mut narrowed = properties.clone();
            narrowed["sourcePortRange"] = json!("1024-65535");
            let read = RuleSource::of(&RuleProperties::from(narrowed));
            assert_eq!(written(&read), properties, "all ports, whatever stood there");
        }
    }

    #[test]
    fn a_source_of_one_family_reaches_no_address_of_the_other() {
        let source = RuleSource::parse(&["10.1.2.0/24".to_owned()]).unwrap().unwrap();
        assert_eq!(source.of_family(false), Some(source.clone()));
        assert_eq!(source.of_family(true), None);
        assert_eq!(RuleSource::any().of_family(true), Some(RuleSource::any()));
    }
}
