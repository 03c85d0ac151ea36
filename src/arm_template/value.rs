//! JSON of which some values cannot be known from the file alone.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::expression::is_expression;

/// A JSON value, evaluated as far as its file allows.
#[derive(Clone, Debug, PartialEq)]
pub enum ArmValue {
    Null,
    Bool(bool),
    Integer(i64),
    String(String),
    Array(Vec<ArmValue>),
    /// The members in the order of the file.
    Object(Vec<(String, ArmValue)>),
    Unknown(UnknownValue),
}

/// A value that the file alone does not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownValue {
    /// The JSON path of the value.
    pub path: Arc<str>,
    /// The text of the value, and the reason why it has none.
    pub why: Arc<str>,
}

impl UnknownValue {
    #[must_use]
    pub fn new(path: &str, why: &str) -> Self {
        Self { path: path.into(), why: why.into() }
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.why)
    }
}

impl ArmValue {
    /// Takes `value` as it is written. An expression is unknown here: only a template gives it a
    /// value.
    #[must_use]
    pub fn literal(value: &Value, path: &str) -> Self {
        match value {
            Value::String(text) if is_expression(text) => Self::unknown(
                path,
                &format!("{text} is an expression, and no template around it gives it a value"),
            ),
            Value::Array(elements) => Self::Array(
                elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| Self::literal(element, &format!("{path}[{index}]")))
                    .collect(),
            ),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, member)| {
                        (key.clone(), Self::literal(member, &format!("{path}.{key}")))
                    })
                    .collect(),
            ),
            scalar => Self::scalar(scalar),
        }
    }

    /// Converts a value that has no parts. Rules hold whole numbers; any other number is kept as
    /// the text that the file has for it.
    pub(super) fn scalar(value: &Value) -> Self {
        match value {
            Value::Bool(is) => Self::Bool(*is),
            Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::String(number.to_string()), Self::Integer)
            }
            Value::String(text) => Self::String(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Null,
        }
    }

    pub(super) fn unknown(path: &str, why: &str) -> Self {
        Self::Unknown(UnknownValue::new(path, why))
    }

    /// The member of this key, whatever its case: PowerShell writes `SecurityRules`, Azure
    /// `securityRules`. A null counts as absent, as it does for Resource Manager.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.member(key).filter(|member| **member != Self::Null)
    }

    /// Like [`ArmValue::get`], for expressions, in which null is a value.
    pub(super) fn member(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, member)| member)
    }

    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A short form for messages: of an array or an object it tells only what it is.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(is) => is.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::String(text) => format!("'{}'", text.chars().take(60).collect::<String>()),
            Self::Array(elements) => format!("a list of {}", elements.len()),
            Self::Object(_) => "an object".to_owned(),
            Self::Unknown(unknown) => unknown.to_string(),
        }
    }
}
