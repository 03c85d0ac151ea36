//! Evaluates the expressions of a template, within the parameters and variables that it can see.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::expression::{self, Expression, is_expression};
use super::function::{self, NoValue};
use super::value::{ArmValue, UnknownValue};

/// The name and the index of each copy loop around a value, innermost last.
pub(super) type Loops = Vec<(String, i64)>;

/// The parameters and variables that the expressions of one (nested) template can refer to.
#[derive(Debug)]
pub(super) struct TemplateScope<'a> {
    parameters: Option<&'a Map<String, Value>>,
    variables: Option<&'a Map<String, Value>>,
    /// Parameters from a parameter file or from the outer template, by name in lower case.
    given: BTreeMap<String, ArmValue>,
    path: String,
    /// Values that were computed before. A value is `None` while it is being computed, which shows
    /// that it refers to itself.
    known: RefCell<BTreeMap<(Reference, String), Option<ArmValue>>>,
    /// How many values may still be computed: a template that needs more than any real one is meant
    /// to exhaust its reader.
    budget: &'a Cell<u32>,
    /// The variables of the lambdas around an expression, innermost last.
    lambda_variables: RefCell<Vec<(String, ArmValue)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Reference {
    Parameter,
    Variable,
}

impl Reference {
    const fn word(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::Variable => "variable",
        }
    }
}

/// Real templates need a small part of it.
pub(super) const BUDGET: u32 = 300_000;
/// Azure refuses a template that makes more than 800.
const MOST_COPIES: i64 = 10_000;

impl<'a> TemplateScope<'a> {
    pub(super) fn new(
        template: &'a Value,
        given: BTreeMap<String, ArmValue>,
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
            lambda_variables: RefCell::default(),
        }
    }

    /// The value of `raw`, with every expression in it evaluated.
    pub(super) fn value(&self, raw: &Value, path: &str, loops: &Loops) -> ArmValue {
        if self.budget.get() == 0 {
            return ArmValue::unknown(path, "the template holds more values than are evaluated");
        }
        self.budget.set(self.budget.get() - 1);
        match raw {
            Value::String(text) => self.text(text, path, loops),
            Value::Array(elements) => ArmValue::Array(
                elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| self.value(element, &format!("{path}[{index}]"), loops))
                    .collect(),
            ),
            Value::Object(members) => self.object(members, path, loops),
            scalar => ArmValue::scalar(scalar),
        }
    }

    /// The value of an object. A loop in its `copy` becomes a member that holds an array.
    fn object(&self, members: &Map<String, Value>, path: &str, loops: &Loops) -> ArmValue {
        let mut object = Vec::with_capacity(members.len());
        for (key, member) in members {
            match member {
                Value::Array(copies) if key == "copy" && is_copy(copies) => {
                    for (index, copy) in copies.iter().enumerate() {
                        let path = format!("{path}.copy[{index}]");
                        object.push((copy_name(copy), self.copied(copy, &path, loops)));
                    }
                }
                member => {
                    let value = self.value(member, &format!("{path}.{key}"), loops);
                    object.push((self.key(key, path, loops), value));
                }
            }
        }
        ArmValue::Object(object)
    }

    /// A key, which may be an expression. One without a value stays as it is written.
    fn key(&self, key: &str, path: &str, loops: &Loops) -> String {
        match self.text(key, path, loops) {
            ArmValue::String(own) if is_expression(key) => own,
            _ => key.to_owned(),
        }
    }

    fn copied(&self, copy: &Value, path: &str, loops: &Loops) -> ArmValue {
        let count = match self.count(copy, path, loops) {
            Ok(count) => count,
            Err(unknown) => return ArmValue::Unknown(unknown),
        };
        let input = copy.get("input").unwrap_or(&Value::Null);
        ArmValue::Array(
            (0..count)
                .map(|index| {
                    let mut loops = loops.clone();
                    loops.push((copy_name(copy), index));
                    self.value(input, &format!("{path}.input"), &loops)
                })
                .collect(),
        )
    }

    /// How many times a copy loop runs.
    pub(super) fn count(
        &self,
        copy: &Value,
        path: &str,
        loops: &Loops,
    ) -> Result<i64, UnknownValue> {
        let path = format!("{path}.count");
        let count = copy.get("count").unwrap_or(&Value::Null);
        match self.value(count, &path, loops) {
            ArmValue::Integer(count @ 0..=MOST_COPIES) => Ok(count),
            ArmValue::Unknown(unknown) => Err(unknown),
            other => {
                let why = format!("a copy loop of {} times", other.shown());
                Err(UnknownValue::new(&path, &why))
            }
        }
    }

    fn text(&self, text: &str, path: &str, loops: &Loops) -> ArmValue {
        if !is_expression(text) {
            // `[[` is how a template writes a string that begins with a bracket.
            let literal = text.strip_prefix('[').filter(|rest| rest.starts_with('['));
            return ArmValue::String(literal.unwrap_or(text).to_owned());
        }
        let explain = |why: &str| ArmValue::unknown(path, &format!("{text}: {why}"));
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

    /// A name as far as it has a value: what has none stands in it as its expression, so that what
    /// is called alike is the same. `None` for what is no text.
    pub(super) fn name(&self, raw: &Value, path: &str, loops: &Loops) -> Option<String> {
        match self.value(raw, path, loops) {
            ArmValue::String(name) => Some(name),
            ArmValue::Unknown(_) => {
                let text = raw.as_str().filter(|text| is_expression(text))?;
                let expression = expression::parse(&text[1..text.len() - 1]).ok()?;
                Some(self.name_of(&expression, loops))
            }
            _ => None,
        }
    }

    fn name_of(&self, expression: &Expression, loops: &Loops) -> String {
        /// Names of resources are shorter; calls within calls could make much of little.
        const LONGEST: usize = 500;
        match self.evaluate(expression, loops) {
            Ok(ArmValue::String(text)) => return text,
            Ok(ArmValue::Integer(number)) => return number.to_string(),
            _ => {}
        }
        let name = match expression {
            Expression::Call { function, arguments } => {
                match (function.to_ascii_lowercase().as_str(), &arguments[..]) {
                    ("concat", parts) => {
                        Some(parts.iter().map(|part| self.name_of(part, loops)).collect())
                    }
                    ("format", [Expression::String(text), values @ ..]) => {
                        let values = values.iter().map(|value| self.name_of(value, loops));
                        Some(values.enumerate().fold(text.clone(), |text, (index, value)| {
                            text.replace(&format!("{{{index}}}"), &value)
                        }))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        name.filter(|name: &String| name.len() <= LONGEST)
            .unwrap_or_else(|| format!("[{expression}]"))
    }

    fn evaluate(&self, expression: &Expression, loops: &Loops) -> Result<ArmValue, NoValue> {
        if self.budget.get() == 0 {
            return Err("the template holds more values than are evaluated".to_owned());
        }
        self.budget.set(self.budget.get() - 1);
        match expression {
            Expression::String(text) => Ok(ArmValue::String(text.clone())),
            Expression::Integer(number) => Ok(ArmValue::Integer(*number)),
            Expression::Member { of, name } => match self.evaluate(of, loops)? {
                ArmValue::Unknown(unknown) => Err(reason(&unknown)),
                value => value
                    .member(name)
                    .cloned()
                    .ok_or_else(|| format!("{} has no member {name}", value.shown())),
            },
            Expression::Index { of, index } => {
                let (value, index) = (self.evaluate(of, loops)?, self.evaluate(index, loops)?);
                match (&value, &index) {
                    (ArmValue::Unknown(unknown), _) | (_, ArmValue::Unknown(unknown)) => {
                        Err(reason(unknown))
                    }
                    (ArmValue::Array(list), ArmValue::Integer(index)) => usize::try_from(*index)
                        .ok()
                        .and_then(|index| list.get(index))
                        .cloned()
                        .ok_or_else(|| format!("a list of {} has no [{index}]", list.len())),
                    (ArmValue::Object(_), ArmValue::String(key)) => value
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
    ) -> Result<ArmValue, NoValue> {
        match (function, arguments) {
            ("parameters", [name]) => self.named(Reference::Parameter, name, loops),
            ("variables", [name]) => self.named(Reference::Variable, name, loops),
            ("copyindex", _) => self.copy_index(arguments, loops),
            ("lambdavariables", [name]) => self.lambda_variable(name, loops),
            ("map" | "filter", [list, lambda]) => {
                let mut kept = Vec::new();
                for (index, element) in self.list(list, loops)?.into_iter().enumerate() {
                    let given = [element.clone(), position(index)];
                    match (function, self.apply(lambda, &given, loops)?) {
                        ("map", value) => kept.push(value),
                        (_, ArmValue::Bool(true)) => kept.push(element),
                        (_, ArmValue::Bool(false)) => {}
                        (_, other) => return Err(format!("filter() by {}", other.shown())),
                    }
                }
                Ok(ArmValue::Array(kept))
            }
            ("reduce", [list, first, lambda]) => {
                let mut value = self.evaluate(first, loops)?;
                for (index, element) in self.list(list, loops)?.into_iter().enumerate() {
                    value = self.apply(lambda, &[value, element, position(index)], loops)?;
                }
                Ok(value)
            }
            // The other branch needs no value.
            ("if", [condition, yes, no]) => match self.evaluate(condition, loops)? {
                ArmValue::Bool(is) => self.evaluate(if is { yes } else { no }, loops),
                ArmValue::Unknown(unknown) => Err(reason(&unknown)),
                other => Err(format!("if() on {}", other.shown())),
            },
            ("and" | "or", _) => self.junction(function == "and", arguments, loops),
            ("coalesce", _) => {
                for argument in arguments {
                    match self.evaluate(argument, loops)? {
                        ArmValue::Null => {}
                        ArmValue::Unknown(unknown) => return Err(reason(&unknown)),
                        value => return Ok(value),
                    }
                }
                Ok(ArmValue::Null)
            }
            _ => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    match self.evaluate(argument, loops)? {
                        ArmValue::Unknown(unknown) => return Err(reason(&unknown)),
                        value => values.push(value),
                    }
                }
                function::call(function, &values)
            }
        }
    }

    /// The elements of a list that a lambda is for.
    fn list(&self, list: &Expression, loops: &Loops) -> Result<Vec<ArmValue>, NoValue> {
        match self.evaluate(list, loops)? {
            ArmValue::Array(elements) => Ok(elements),
            ArmValue::Unknown(unknown) => Err(reason(&unknown)),
            other => Err(format!("a lambda for {}", other.shown())),
        }
    }

    /// The value of `lambda('a', …, body)` where its variables have the values of `given`, of which
    /// it may leave out the last.
    fn apply(
        &self,
        lambda: &Expression,
        given: &[ArmValue],
        loops: &Loops,
    ) -> Result<ArmValue, NoValue> {
        let Expression::Call { function, arguments } = lambda else {
            return Err("expected a lambda".to_owned());
        };
        let Some((body, names)) =
            arguments.split_last().filter(|_| function.eq_ignore_ascii_case("lambda"))
        else {
            return Err(format!("expected a lambda instead of {function}()"));
        };
        if names.len() > given.len() {
            return Err(format!("a lambda of {} variables", names.len()));
        }
        let depth = self.lambda_variables.borrow().len();
        for (name, value) in names.iter().zip(given) {
            let ArmValue::String(name) = self.evaluate(name, loops)? else {
                return Err("a variable of a lambda that has no name".to_owned());
            };
            self.lambda_variables.borrow_mut().push((name, value.clone()));
        }
        let value = self.evaluate(body, loops);
        self.lambda_variables.borrow_mut().truncate(depth);
        match value? {
            ArmValue::Unknown(unknown) => Err(reason(&unknown)),
            value => {
                // A lambda makes much of little, as often as it is called.
                self.budget.set(self.budget.get().saturating_sub(weight(&value)));
                Ok(value)
            }
        }
    }

    fn lambda_variable(&self, name: &Expression, loops: &Loops) -> Result<ArmValue, NoValue> {
        let ArmValue::String(name) = self.evaluate(name, loops)? else {
            return Err("lambdaVariables() without a name".to_owned());
        };
        let variables = self.lambda_variables.borrow();
        let found = variables.iter().rev().find(|(own, _)| own.eq_ignore_ascii_case(&name));
        found
            .map(|(_, value)| value.clone())
            .ok_or_else(|| format!("no lambda around has a variable '{name}'"))
    }

    /// `and` and `or`: an operand that decides is enough, even where others are unknown.
    fn junction(
        &self,
        is_and: bool,
        operands: &[Expression],
        loops: &Loops,
    ) -> Result<ArmValue, NoValue> {
        let mut open = None;
        for operand in operands {
            match self.evaluate(operand, loops) {
                Ok(ArmValue::Bool(is)) if is != is_and => return Ok(ArmValue::Bool(is)),
                Ok(ArmValue::Bool(_)) => {}
                Ok(ArmValue::Unknown(unknown)) => open = Some(reason(&unknown)),
                Ok(other) => open = Some(format!("a condition that is {}", other.shown())),
                Err(why) => open = Some(why),
            }
        }
        open.map_or(Ok(ArmValue::Bool(is_and)), Err)
    }

    fn named(
        &self,
        kind: Reference,
        name: &Expression,
        loops: &Loops,
    ) -> Result<ArmValue, NoValue> {
        let name = match self.evaluate(name, loops)? {
            ArmValue::String(name) => name,
            other => return Err(format!("a {} named {}", kind.word(), other.shown())),
        };
        let key = (kind, name.to_ascii_lowercase());
        let known = self.known.borrow().get(&key).cloned();
        match known {
            Some(Some(ArmValue::Unknown(unknown))) => return Err(reason(&unknown)),
            Some(Some(value)) => return Ok(value),
            Some(None) => return Err(format!("{} '{name}' refers to itself", kind.word())),
            None => {}
        }
        self.known.borrow_mut().insert(key.clone(), None);
        let value = match kind {
            Reference::Parameter => self.parameter(&name),
            Reference::Variable => self.variable(&name),
        };
        self.known.borrow_mut().insert(key, Some(value.clone()));
        match value {
            ArmValue::Unknown(unknown) => Err(reason(&unknown)),
            value => Ok(value),
        }
    }

    fn parameter(&self, name: &str) -> ArmValue {
        // To give null is to give no value.
        let given = self.given.get(&name.to_ascii_lowercase());
        if let Some(given) = given.filter(|given| **given != ArmValue::Null) {
            return given.clone();
        }
        let path = format!("{}.parameters.{name}", self.path);
        let Some(parameter) = self.parameters.and_then(|all| member(all, name)) else {
            return ArmValue::unknown(&path, &format!("the template has no parameter '{name}'"));
        };
        match parameter.get("defaultValue") {
            Some(default) => self.value(default, &format!("{path}.defaultValue"), &Loops::new()),
            // Bicep writes `nullable` for a parameter that may be left out; it is null then.
            None if parameter.get("nullable") == Some(&Value::Bool(true)) => ArmValue::Null,
            None => ArmValue::unknown(&path, &format!("parameter '{name}' has no default value")),
        }
    }

    fn variable(&self, name: &str) -> ArmValue {
        let path = format!("{}.variables.{name}", self.path);
        let Some(variables) = self.variables else {
            return ArmValue::unknown(&path, &format!("the template has no variable '{name}'"));
        };
        if let Some(variable) = member(variables, name) {
            return self.value(variable, &path, &Loops::new());
        }
        let copies = variables.get("copy").and_then(Value::as_array);
        let copy =
            copies.into_iter().flatten().find(|copy| copy_name(copy).eq_ignore_ascii_case(name));
        match copy {
            Some(copy) => self.copied(copy, &path, &Loops::new()),
            None => ArmValue::unknown(&path, &format!("the template has no variable '{name}'")),
        }
    }

    /// `copyIndex()`, `copyIndex(offset)`, `copyIndex(name)`, `copyIndex(name, offset)`.
    fn copy_index(&self, arguments: &[Expression], loops: &Loops) -> Result<ArmValue, NoValue> {
        let values: Vec<_> = arguments
            .iter()
            .map(|argument| self.evaluate(argument, loops))
            .collect::<Result<_, _>>()?;
        let (name, offset) = match &values[..] {
            [] => (None, 0),
            [ArmValue::Integer(offset)] => (None, *offset),
            [ArmValue::String(name)] => (Some(name), 0),
            [ArmValue::String(name), ArmValue::Integer(offset)] => (Some(name), *offset),
            _ => return Err("copyIndex() with these arguments".to_owned()),
        };
        let found = loops
            .iter()
            .rev()
            .find(|(own, _)| name.is_none_or(|name| own.eq_ignore_ascii_case(name)));
        found
            .map(|(_, index)| ArmValue::Integer(index.saturating_add(offset)))
            .ok_or_else(|| "copyIndex() outside of a copy loop".to_owned())
    }
}

/// How much memory a value takes, in the measure of the budget.
fn weight(value: &ArmValue) -> u32 {
    let of_text = |text: &str| u32::try_from(text.len() / 16).unwrap_or(u32::MAX);
    let parts: u32 = match value {
        ArmValue::String(text) => of_text(text),
        ArmValue::Array(elements) => elements.iter().map(weight).fold(0, u32::saturating_add),
        ArmValue::Object(members) => {
            members.iter().map(|(_, member)| weight(member)).fold(0, u32::saturating_add)
        }
        _ => 0,
    };
    parts.saturating_add(1)
}

/// The position of an element, as lambdas are given it.
fn position(index: usize) -> ArmValue {
    ArmValue::Integer(i64::try_from(index).unwrap_or(i64::MAX))
}

/// Resource Manager ignores the case of the names of parameters and variables.
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

/// The reason why a part is unknown, without its path: the expression that needs the part names
/// itself in front.
fn reason(unknown: &UnknownValue) -> NoValue {
    unknown.why.to_string()
}
