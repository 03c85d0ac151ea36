//! JSON as rules are read from it: values that may be unknown, keys in any case.

use serde_json::Value;

use crate::firewall::missing::Missing;

/// A value of a file, evaluated as far as it can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Datum>),
    Table(Vec<(String, Datum)>),
    Unknown(Missing),
}

impl Datum {
    /// `value` as it stands. A template's expression outside a template has no value.
    pub(super) fn literal(value: &Value, path: &str) -> Self {
        Self::convert(value, path, &|text, path| {
            if is_expression(text) {
                let why =
                    format!("{text} is an expression, and no template around it gives it a value");
                return Self::Unknown(Missing::Value { path: path.into(), why: why.into() });
            }
            Self::Text(text.to_owned())
        })
    }

    fn convert(value: &Value, path: &str, text: &impl Fn(&str, &str) -> Self) -> Self {
        match value {
            Value::String(string) => text(string, path),
            Value::Array(elements) => Self::List(
                elements
                    .iter()
                    .enumerate()
                    .map(|(place, element)| {
                        Self::convert(element, &format!("{path}[{place}]"), text)
                    })
                    .collect(),
            ),
            Value::Object(members) => Self::Table(
                members
                    .iter()
                    .map(|(key, member)| {
                        (key.clone(), Self::convert(member, &format!("{path}.{key}"), text))
                    })
                    .collect(),
            ),
            scalar => Self::scalar(scalar),
        }
    }

    /// A value without parts. Rules hold whole numbers; another is kept as it is written.
    pub(super) fn scalar(value: &Value) -> Self {
        match value {
            Value::Bool(is) => Self::Bool(*is),
            Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::Text(number.to_string()), Self::Integer)
            }
            Value::String(text) => Self::Text(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Null,
        }
    }

    /// The member of this key, whatever its case: PowerShell writes `SecurityRules`, Azure
    /// `securityRules`. Null is as good as absent.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.member(key).filter(|member| **member != Self::Null)
    }

    /// The same, where null is a value of its own.
    pub(super) fn member(&self, key: &str) -> Option<&Self> {
        let Self::Table(members) = self else { return None };
        members.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, member)| member)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// In a message: short, and what kind of thing it is.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(is) => is.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => format!("'{}'", text.chars().take(60).collect::<String>()),
            Self::List(elements) => format!("a list of {}", elements.len()),
            Self::Table(_) => "an object".to_owned(),
            Self::Unknown(missing) => missing.to_string(),
        }
    }
}

/// Whether a template's string is an expression; `[[` stands for a literal `[`.
pub(super) fn is_expression(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[") && text.len() > 2
}

/// A datum and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) datum: &'a Datum,
    pub(super) path: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(datum: &'a Datum, path: &str) -> Self {
        Self { datum, path: path.to_owned() }
    }

    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let datum = self.datum.get(key)?;
        Some(Self { datum, path: format!("{}.{key}", self.path) })
    }

    /// The member of the first key that is there.
    pub(super) fn get_any(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().find_map(|key| self.get(key))
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.datum.get(key)?.text()
    }

    /// The elements of a list; a single value is a list of one.
    pub(super) fn elements(&self) -> Vec<Self> {
        match self.datum {
            Datum::List(elements) => elements
                .iter()
                .enumerate()
                .map(|(place, datum)| Self { datum, path: format!("{}[{place}]", self.path) })
                .collect(),
            Datum::Null => Vec::new(),
            _ => vec![self.clone()],
        }
    }

    /// The properties of a resource: below `properties`, or beside its name as `az` writes them.
    pub(super) fn properties(&self) -> Self {
        self.get("properties").unwrap_or_else(|| self.clone())
    }

    /// That this has no value here.
    pub(super) fn unknown(&self, why: &str) -> Missing {
        Missing::Value { path: self.path.as_str().into(), why: why.into() }
    }
}
