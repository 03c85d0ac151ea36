//! The values of a template: parameters with their defaults, variables, copy loops.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::expression::{self, Expression};
use super::function;
use crate::firewall::missing::Missing;
use crate::firewall::nsg::datum::{Datum, is_expression};

/// The copy loops around a value, innermost last: name and index.
pub(super) type Loops = Vec<(String, i64)>;

/// What the expressions of one (nested) template can refer to.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    parameters: Option<&'a Map<String, Value>>,
    variables: Option<&'a Map<String, Value>>,
    /// Given from outside, by name in lower case: a parameter file, or the outer template.
    given: HashMap<String, Datum>,
    path: String,
    /// Values once computed; `None` while they are, which shows a circle.
    known: RefCell<HashMap<(Kind, String), Option<Datum>>>,
    /// Values yet to be computed before the template counts as hostile.
    budget: &'a Cell<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Parameter,
    Variable,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::Variable => "variable",
        }
    }
}

/// Many times what real templates need.
pub(super) const BUDGET: u32 = 300_000;
/// Azure itself stops at 800.
const MOST_COPIES: i64 = 10_000;

impl<'a> Scope<'a> {
    pub(super) fn new(
        template: &'a Value,
        given: HashMap<String, Datum>,
        path: &str,
        budget: &'a Cell<u32>,
    ) -> Self {
        Self {
            parameters: template.get("parameters").and_then(Value::as_object),
            variables: template.get("variables").and_then(Value::as_object),
            given,
            path: path.to_owned(),
            known: RefCell::default(),
            budget,
        }
    }

    /// The value of `raw`, its parts evaluated.
    pub(super) fn value(&self, raw: &Value, path: &str, loops: &Loops) -> Datum {
        if self.budget.get() == 0 {
            return unknown(path, "the template holds more values than are evaluated");
        }
        self.budget.set(self.budget.get() - 1);
        match raw {
            Value::String(text) => self.text(text, path, loops),
            Value::Array(elements) => Datum::List(
                elements
                    .iter()
                    .enumerate()
                    .map(|(place, element)| self.value(element, &format!("{path}[{place}]"), loops))
                    .collect(),
            ),
            Value::Object(members) => self.table(members, path, loops),
            scalar => Datum::scalar(scalar),
        }
    }

    /// An object; its `copy` makes members of lists.
    fn table(&self, members: &Map<String, Value>, path: &str, loops: &Loops) -> Datum {
        let mut table = Vec::with_capacity(members.len());
        for (key, member) in members {
            match member {
                Value::Array(copies) if key == "copy" && is_copy(copies) => {
                    for (place, copy) in copies.iter().enumerate() {
                        let path = format!("{path}.copy[{place}]");
                        table.push((copy_name(copy), self.copied(copy, &path, loops)));
                    }
                }
                member => {
                    table.push((key.clone(), self.value(member, &format!("{path}.{key}"), loops)));
                }
            }
        }
        Datum::Table(table)
    }

    fn copied(&self, copy: &Value, path: &str, loops: &Loops) -> Datum {
        let count = match self.count(copy, path, loops) {
            Ok(count) => count,
            Err(missing) => return Datum::Unknown(missing),
        };
        let input = copy.get("input").unwrap_or(&Value::Null);
        Datum::List(
            (0..count)
                .map(|index| {
                    let mut loops = loops.clone();
                    loops.push((copy_name(copy), index));
                    self.value(input, &format!("{path}.input"), &loops)
                })
                .collect(),
        )
    }

    /// How often a copy loop runs.
    pub(super) fn count(&self, copy: &Value, path: &str, loops: &Loops) -> Result<i64, Missing> {
        let path = format!("{path}.count");
        let count = copy.get("count").unwrap_or(&Value::Null);
        match self.value(count, &path, loops) {
            Datum::Integer(count @ 0..=MOST_COPIES) => Ok(count),
            Datum::Unknown(missing) => Err(missing),
            other => {
                let why = format!("a copy loop of {} times", other.shown());
                Err(Missing::Value { path: path.as_str().into(), why: why.into() })
            }
        }
    }

    fn text(&self, text: &str, path: &str, loops: &Loops) -> Datum {
        if !is_expression(text) {
            // `[[` stands for a literal bracket.
            let literal = text.strip_prefix('[').filter(|rest| rest.starts_with('['));
            return Datum::Text(literal.unwrap_or(text).to_owned());
        }
        let explain = |why: &str| unknown(path, &format!("{text}: {why}"));
        match expression::parse(&text[1..text.len() - 1]) {
            Err(error) => {
                explain(&format!("at character {}, expected {}", error.offset + 2, error.expected))
            }
            Ok(expression) => match self.evaluate(&expression, loops) {
                Ok(value) => value,
                Err(why) => explain(&why),
            },
        }
    }

    fn evaluate(&self, expression: &Expression, loops: &Loops) -> Result<Datum, String> {
        if self.budget.get() == 0 {
            return Err("the template holds more values than are evaluated".to_owned());
        }
        self.budget.set(self.budget.get() - 1);
        match expression {
            Expression::Text(text) => Ok(Datum::Text(text.clone())),
            Expression::Integer(number) => Ok(Datum::Integer(*number)),
            Expression::Member { of, name } => match self.evaluate(of, loops)? {
                Datum::Unknown(missing) => Err(reason(&missing)),
                value => value
                    .member(name)
                    .cloned()
                    .ok_or_else(|| format!("{} has no member {name}", value.shown())),
            },
            Expression::Index { of, index } => {
                let (value, index) = (self.evaluate(of, loops)?, self.evaluate(index, loops)?);
                match (&value, &index) {
                    (Datum::Unknown(missing), _) | (_, Datum::Unknown(missing)) => {
                        Err(reason(missing))
                    }
                    (Datum::List(list), Datum::Integer(place)) => usize::try_from(*place)
                        .ok()
                        .and_then(|place| list.get(place))
                        .cloned()
                        .ok_or_else(|| format!("a list of {} has no [{place}]", list.len())),
                    (Datum::Table(_), Datum::Text(key)) => value
                        .member(key)
                        .cloned()
                        .ok_or_else(|| format!("{} has no member {key}", value.shown())),
                    _ => Err(format!("{} of {}", index.shown(), value.shown())),
                }
            }
            Expression::Call { function, arguments } => {
                self.call(&function.to_ascii_lowercase(), arguments, loops)
            }
        }
    }

    fn call(
        &self,
        function: &str,
        arguments: &[Expression],
        loops: &Loops,
    ) -> Result<Datum, String> {
        match (function, arguments) {
            ("parameters", [name]) => self.named(Kind::Parameter, name, loops),
            ("variables", [name]) => self.named(Kind::Variable, name, loops),
            ("copyindex", _) => self.copy_index(arguments, loops),
            // Only the branch taken needs a value.
            ("if", [condition, yes, no]) => match self.evaluate(condition, loops)? {
                Datum::Bool(is) => self.evaluate(if is { yes } else { no }, loops),
                Datum::Unknown(missing) => Err(reason(&missing)),
                other => Err(format!("if() on {}", other.shown())),
            },
            ("and" | "or", _) => self.junction(function == "and", arguments, loops),
            ("coalesce", _) => {
                for argument in arguments {
                    match self.evaluate(argument, loops)? {
                        Datum::Null => {}
                        Datum::Unknown(missing) => return Err(reason(&missing)),
                        value => return Ok(value),
                    }
                }
                Ok(Datum::Null)
            }
            _ => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    match self.evaluate(argument, loops)? {
                        Datum::Unknown(missing) => return Err(reason(&missing)),
                        value => values.push(value),
                    }
                }
                function::call(function, &values)
            }
        }
    }

    /// One operand that decides is enough, whatever the others are.
    fn junction(
        &self,
        is_and: bool,
        operands: &[Expression],
        loops: &Loops,
    ) -> Result<Datum, String> {
        let mut open = None;
        for operand in operands {
            match self.evaluate(operand, loops) {
                Ok(Datum::Bool(is)) if is != is_and => return Ok(Datum::Bool(is)),
                Ok(Datum::Bool(_)) => {}
                Ok(Datum::Unknown(missing)) => open = Some(reason(&missing)),
                Ok(other) => open = Some(format!("a condition that is {}", other.shown())),
                Err(why) => open = Some(why),
            }
        }
        open.map_or(Ok(Datum::Bool(is_and)), Err)
    }

    fn named(&self, kind: Kind, name: &Expression, loops: &Loops) -> Result<Datum, String> {
        let name = match self.evaluate(name, loops)? {
            Datum::Text(name) => name,
            other => return Err(format!("a {} named {}", kind.word(), other.shown())),
        };
        let key = (kind, name.to_ascii_lowercase());
        let known = self.known.borrow().get(&key).cloned();
        match known {
            Some(Some(Datum::Unknown(missing))) => return Err(reason(&missing)),
            Some(Some(value)) => return Ok(value),
            Some(None) => return Err(format!("{} '{name}' refers to itself", kind.word())),
            None => {}
        }
        self.known.borrow_mut().insert(key.clone(), None);
        let value = match kind {
            Kind::Parameter => self.parameter(&name),
            Kind::Variable => self.variable(&name),
        };
        self.known.borrow_mut().insert(key, Some(value.clone()));
        match value {
            Datum::Unknown(missing) => Err(reason(&missing)),
            value => Ok(value),
        }
    }

    fn parameter(&self, name: &str) -> Datum {
        if let Some(given) = self.given.get(&name.to_ascii_lowercase()) {
            return given.clone();
        }
        let path = format!("{}.parameters.{name}", self.path);
        let Some(parameter) = self.parameters.and_then(|all| member(all, name)) else {
            return unknown(&path, &format!("the template has no parameter '{name}'"));
        };
        match parameter.get("defaultValue") {
            Some(default) => self.value(default, &format!("{path}.defaultValue"), &Loops::new()),
            // Bicep: a parameter that may be left out is null then.
            None if parameter.get("nullable") == Some(&Value::Bool(true)) => Datum::Null,
            None => unknown(&path, &format!("parameter '{name}' has no default value")),
        }
    }

    fn variable(&self, name: &str) -> Datum {
        let path = format!("{}.variables.{name}", self.path);
        let Some(variables) = self.variables else {
            return unknown(&path, &format!("the template has no variable '{name}'"));
        };
        if let Some(variable) = member(variables, name) {
            return self.value(variable, &path, &Loops::new());
        }
        let copies = variables.get("copy").and_then(Value::as_array);
        let copy =
            copies.into_iter().flatten().find(|copy| copy_name(copy).eq_ignore_ascii_case(name));
        match copy {
            Some(copy) => self.copied(copy, &path, &Loops::new()),
            None => unknown(&path, &format!("the template has no variable '{name}'")),
        }
    }

    /// `copyIndex()`, `copyIndex(offset)`, `copyIndex(name)`, `copyIndex(name, offset)`.
    fn copy_index(&self, arguments: &[Expression], loops: &Loops) -> Result<Datum, String> {
        let values: Vec<_> = arguments
            .iter()
            .map(|argument| self.evaluate(argument, loops))
            .collect::<Result<_, _>>()?;
        let (name, offset) = match &values[..] {
            [] => (None, 0),
            [Datum::Integer(offset)] => (None, *offset),
            [Datum::Text(name)] => (Some(name), 0),
            [Datum::Text(name), Datum::Integer(offset)] => (Some(name), *offset),
            _ => return Err("copyIndex() with these arguments".to_owned()),
        };
        let found = loops
            .iter()
            .rev()
            .find(|(own, _)| name.is_none_or(|name| own.eq_ignore_ascii_case(name)));
        found
            .map(|(_, index)| Datum::Integer(index.saturating_add(offset)))
            .ok_or_else(|| "copyIndex() outside of a copy loop".to_owned())
    }
}

/// A key in any case: the names of parameters and variables have none.
fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| {
        members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

fn is_copy(copies: &[Value]) -> bool {
    copies.iter().all(|copy| copy.get("name").is_some() && copy.get("count").is_some())
}

pub(super) fn copy_name(copy: &Value) -> String {
    copy.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn unknown(path: &str, why: &str) -> Datum {
    Datum::Unknown(Missing::Value { path: path.into(), why: why.into() })
}

/// The innermost reason: the expression that needs it names itself in front.
fn reason(missing: &Missing) -> String {
    match missing {
        Missing::Value { why, .. } => why.to_string(),
        other => other.to_string(),
    }
}
