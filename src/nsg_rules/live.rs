//! A group as Resource Manager and `az` show it, with every rule whole, so that it can be put back.

use serde_json::{Map, Value};

use super::rule::{RuleMeaning, RuleProperties};

/// The states of a rule that Azure is done with.
pub(super) const IN_FORCE: &str = "Succeeded";
pub(super) const NOT_IN_FORCE: &str = "Failed";

/// A network security group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveGroup {
    /// The rules, without Azure's default ones.
    pub rules: Vec<LiveRule>,
}

/// A rule of a live group.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveRule {
    /// The name, in the group's case.
    pub name: String,
    /// The version, which is a weak entity tag.
    pub etag: Option<String>,
    /// Azure's `provisioningState`: `Succeeded`, `Updating`, `Failed`.
    pub state: Option<String>,
    /// The properties, without those that cannot be written.
    pub properties: RuleProperties,
}

/// Why a text is no group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// The JSON holds no rules.
    #[error(
        "expected the group as az network nsg show or Resource Manager shows it: no securityRules found"
    )]
    NoRules,
    /// The answer goes on, and the rest is not in it.
    #[error(
        "{member}: the answer goes on in further pages, which are not in it, and a rule of theirs \
         may have the name or the priority. Save the whole group (az network nsg show -o json), or \
         read it live (--nsg)"
    )]
    FurtherPages {
        /// The member that leads to the next page.
        member: &'static str,
    },
    /// A rule lacks a member.
    #[error("securityRules[{index}] has no {member}")]
    Incomplete {
        index: usize,
        /// The member that every rule has.
        member: &'static str,
    },
}

impl LiveGroup {
    /// Reads `az network nsg show`, Resource Manager's answer, or a list of rules.
    ///
    /// # Errors
    /// [`LiveError`] where it is none of these.
    pub fn read(value: &Value) -> Result<Self, LiveError> {
        let goes_on = |member: &&str| value[*member].as_str().is_some_and(|text| !text.is_empty());
        if let Some(member) = ["nextLink", "skipToken"].into_iter().find(goes_on) {
            return Err(LiveError::FurtherPages { member });
        }
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

    /// Our rules of this name with their numbers; 1 is the name itself.
    #[must_use]
    pub fn own(&self, rule_name: &str) -> Vec<(u32, &LiveRule)> {
        self.own_or_adopted(rule_name, false)
    }

    /// The same, and with `adopt` the rule of exactly this name, whoever wrote it.
    pub(super) fn own_or_adopted(&self, rule_name: &str, adopt: bool) -> Vec<(u32, &LiveRule)> {
        let mut own: Vec<_> = self
            .rules
            .iter()
            .filter_map(|rule| Some((number(&rule.name, rule_name)?, rule)))
            .filter(|(number, rule)| rule.is_marked() || adopt && *number == 1)
            .collect();
        own.sort_by_key(|(number, _)| *number);
        own
    }

    /// The rule of this name, whoever wrote it. Azure compares names without case.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&LiveRule> {
        self.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name))
    }
}

impl LiveRule {
    /// Reads one rule, in Resource Manager's form or in `az`'s flat one.
    ///
    /// # Errors
    /// Names the member that the rule lacks.
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
        Ok(Self {
            name: name.to_owned(),
            etag: rule["etag"].as_str().map(str::to_owned),
            state: members.get("provisioningState").and_then(Value::as_str).map(str::to_owned),
            properties: Value::Object(properties).into(),
        })
    }

    /// How far Azure is with the rule; without a word of its own it is in force.
    pub(super) fn provisioning(&self) -> &str {
        self.state.as_deref().unwrap_or(IN_FORCE)
    }

    /// Whether Azure could not put the rule into force, whatever it says.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.provisioning() == NOT_IN_FORCE
    }

    /// Whether pathproof wrote the rule.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.properties.mark().is_some()
    }

    /// What the rule does.
    #[must_use]
    pub const fn meaning(&self) -> &RuleMeaning {
        self.properties.meaning()
    }
}

/// The number in a rule's name: 1 for the name itself, N for `NAME-N`.
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

/// The name of the rule with this number.
pub(super) fn numbered(rule_name: &str, number: u32) -> String {
    if number == 1 { rule_name.to_owned() } else { format!("{rule_name}-{number}") }
}
