//! The functions of ARM templates whose values a file alone can give.

use super::expression::is_expression;
use super::value::{ArmValue, UnknownValue};

/// The reason why a call has no value, for a message that names the expression in front of it.
pub(super) type NoValue = String;

/// The number of characters or elements beyond which a value counts as unknown, so that a hostile
/// template cannot fill the memory. No rule holds as much.
const LARGEST: usize = 100_000;

/// Calls `function`, named in lower case. None of `arguments` is unknown, but parts of them may be:
/// a function that looks at such a part has no value.
pub(super) fn call(function: &str, arguments: &[ArmValue]) -> Result<ArmValue, NoValue> {
    use ArmValue::{Array, Bool, Integer, Null, Object, String};
    let value = match (function, arguments) {
        ("concat", [Array(_), ..]) => Array(lists(function, arguments)?.concat()),
        ("concat", parts) => String(parts.iter().map(string).collect::<Result<_, _>>()?),
        ("format", [String(pattern), values @ ..]) => String(format(pattern, values)?),
        ("string", [value]) => String(string(value)?),
        ("tolower", [String(text)]) => String(text.to_lowercase()),
        ("toupper", [String(text)]) => String(text.to_uppercase()),
        ("trim", [String(text)]) => String(text.trim().to_owned()),
        ("replace", [String(text), String(old), String(new)]) if !old.is_empty() => {
            String(text.replace(old.as_str(), new))
        }
        ("split", [String(text), String(by)]) if !by.is_empty() => {
            Array(text.split(by.as_str()).map(|part| String(part.to_owned())).collect())
        }
        ("join", [Array(parts), String(by)]) => {
            String(parts.iter().map(string).collect::<Result<Vec<_>, _>>()?.join(by))
        }
        ("substring", [String(text), Integer(start)]) => {
            String(text.chars().skip(length(*start)?).collect())
        }
        ("substring", [String(text), Integer(start), Integer(count)]) => {
            String(text.chars().skip(length(*start)?).take(length(*count)?).collect())
        }
        ("take", [String(text), Integer(count)]) => {
            String(text.chars().take(clamped(*count)).collect())
        }
        ("take", [Array(list), Integer(count)]) => {
            Array(list.iter().take(clamped(*count)).cloned().collect())
        }
        ("skip", [String(text), Integer(count)]) => {
            String(text.chars().skip(clamped(*count)).collect())
        }
        ("skip", [Array(list), Integer(count)]) => {
            Array(list.iter().skip(clamped(*count)).cloned().collect())
        }
        ("first", [Array(list)]) => list.first().cloned().unwrap_or(Null),
        ("last", [Array(list)]) => list.last().cloned().unwrap_or(Null),
        ("first", [String(text)]) => String(text.chars().take(1).collect()),
        ("last", [String(text)]) => String(text.chars().last().into_iter().collect()),
        ("length", [String(text)]) => Integer(size(text.chars().count())),
        ("length", [Array(list)]) => Integer(size(list.len())),
        ("length", [Object(members)]) => Integer(size(members.len())),
        ("empty", [Null]) => Bool(true),
        ("empty", [String(text)]) => Bool(text.is_empty()),
        ("empty", [Array(list)]) => Bool(list.is_empty()),
        ("empty", [Object(members)]) => Bool(members.is_empty()),
        ("equals", [left, right]) => Bool(is_same(left, right)?),
        ("not", [Bool(is)]) => Bool(!is),
        ("true", []) => Bool(true),
        ("false", []) => Bool(false),
        ("bool", [Bool(is)]) => Bool(*is),
        ("bool", [String(text)]) if text.eq_ignore_ascii_case("true") => Bool(true),
        ("bool", [String(text)]) if text.eq_ignore_ascii_case("false") => Bool(false),
        ("bool", [Integer(number @ (0 | 1))]) => Bool(*number == 1),
        ("null", []) => Null,
        ("greater", [Integer(left), Integer(right)]) => Bool(left > right),
        ("greaterorequals", [Integer(left), Integer(right)]) => Bool(left >= right),
        ("less", [Integer(left), Integer(right)]) => Bool(left < right),
        ("lessorequals", [Integer(left), Integer(right)]) => Bool(left <= right),
        ("startswith", [String(text), String(part)]) => {
            Bool(text.to_lowercase().starts_with(&part.to_lowercase()))
        }
        ("endswith", [String(text), String(part)]) => {
            Bool(text.to_lowercase().ends_with(&part.to_lowercase()))
        }
        ("contains", [String(text), String(part)]) => Bool(text.contains(part.as_str())),
        ("contains", [Array(list), element]) => Bool(is_among(list, element)?),
        ("contains", [object @ Object(_), String(key)]) => match member(object, key)? {
            Some(Null) => return Err(format!("contains() of the key '{key}', which is null")),
            found => Bool(found.is_some()),
        },
        ("int", [Integer(number)]) => Integer(*number),
        ("int", [String(text)]) => {
            Integer(text.trim().parse().map_err(|_| format!("int('{text}') is no number"))?)
        }
        ("add", [Integer(a), Integer(b)]) => arithmetic(a.checked_add(*b))?,
        ("sub", [Integer(a), Integer(b)]) => arithmetic(a.checked_sub(*b))?,
        ("mul", [Integer(a), Integer(b)]) => arithmetic(a.checked_mul(*b))?,
        ("div", [Integer(a), Integer(b)]) => arithmetic(a.checked_div(*b))?,
        ("mod", [Integer(a), Integer(b)]) => arithmetic(a.checked_rem(*b))?,
        ("min" | "max", _) => extreme(function, arguments)?,
        ("range", [Integer(start), Integer(count)]) => {
            let count = length(*count)?;
            if count > LARGEST {
                return Err(format!("range() of {count} is too long"));
            }
            Array((0..count).map(|step| Integer(start.saturating_add(size(step)))).collect())
        }
        ("array", [list @ Array(_)]) => list.clone(),
        ("array", [value]) => Array(vec![value.clone()]),
        ("createarray", elements) => Array(elements.to_vec()),
        ("createobject", members) if members.len().is_multiple_of(2) => {
            let member = |pair: &[ArmValue]| match pair {
                [String(key), value] => Ok((key.clone(), value.clone())),
                _ => Err("createObject() with a key that is no string".to_owned()),
            };
            Object(members.chunks(2).map(member).collect::<Result<_, _>>()?)
        }
        ("union", [Array(_), ..]) => {
            let mut all: Vec<ArmValue> = Vec::new();
            for element in lists(function, arguments)?.concat() {
                if !is_among(&all, &element)? {
                    all.push(element);
                }
            }
            Array(all)
        }
        ("union", [Object(_), ..]) => merged(arguments)?,
        ("intersection", [Array(first), Array(second)]) => {
            let mut both: Vec<ArmValue> = Vec::new();
            for element in first {
                if is_among(second, element)? {
                    both.push(element.clone());
                }
            }
            Array(both)
        }
        ("indexof", [String(text), String(part)]) => {
            let found = text.to_lowercase().find(&part.to_lowercase());
            Integer(found.map_or(-1, |at| size(text[..at.min(text.len())].chars().count())))
        }
        ("padleft", [value, Integer(width), rest @ ..]) => {
            let fill = match rest {
                [String(fill)] => fill.chars().next().unwrap_or(' '),
                _ => ' ',
            };
            let (text, width) = (string(value)?, length(*width)?.min(LARGEST));
            let missing = width.saturating_sub(text.chars().count());
            String(std::iter::repeat_n(fill, missing).chain(text.chars()).collect())
        }
        ("json", [String(text)]) => {
            let value = serde_json::from_str(text).map_err(|error| format!("json(): {error}"))?;
            ArmValue::literal(&value, "json()")
        }
        ("tryget", [value, keys @ ..]) => try_get(value, keys)?,
        _ => return Err(unsupported(function)),
    };
    let is_too_large = match &value {
        String(text) => text.len() > LARGEST,
        Array(list) => list.len() > LARGEST,
        _ => false,
    };
    if is_too_large { Err(format!("{function}() grows beyond {LARGEST}")) } else { Ok(value) }
}

fn unsupported(function: &str) -> NoValue {
    match function {
        "reference"
        | "list"
        | "listkeys"
        | "resourcegroup"
        | "subscription"
        | "deployment"
        | "environment"
        | "managementgroup"
        | "tenant"
        | "uniquestring"
        | "newguid"
        | "utcnow"
        | "resourceid"
        | "subscriptionresourceid"
        | "extensionresourceid"
        | "tenantresourceid"
        | "guid"
        | "pickzones"
        | "providers" => {
            format!("{function}() has a value only where the template is deployed")
        }
        _ => format!("{function}() with these arguments is not evaluated"),
    }
}

fn string(value: &ArmValue) -> Result<String, NoValue> {
    match value {
        ArmValue::String(text) => Ok(text.clone()),
        ArmValue::Integer(number) => Ok(number.to_string()),
        ArmValue::Bool(is) => Ok(if *is { "True" } else { "False" }.to_owned()),
        ArmValue::Null => Ok(String::new()),
        other => Err(format!("{} as a string is not evaluated", other.shown())),
    }
}

/// .NET's composite formatting (`{0}`, `{{`, `}}`), without its alignment and format strings.
fn format(pattern: &str, values: &[ArmValue]) -> Result<String, NoValue> {
    let mut text = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.next_if_eq(&c).is_some() => text.push(c),
            '{' => {
                let index: String = std::iter::from_fn(|| rest.next_if(|c| *c != '}')).collect();
                rest.next();
                let value = index.parse::<usize>().ok().and_then(|index| values.get(index));
                let value =
                    value.ok_or_else(|| format!("format() has no value for {{{index}}}"))?;
                text.push_str(&string(value)?);
            }
            _ => text.push(c),
        }
    }
    Ok(text)
}

fn lists(function: &str, arguments: &[ArmValue]) -> Result<Vec<Vec<ArmValue>>, NoValue> {
    arguments
        .iter()
        .map(|argument| match argument {
            ArmValue::Array(list) => Ok(list.clone()),
            other => Err(format!("{function}() of a list and {}", other.shown())),
        })
        .collect()
}

/// Of two members with one key the later one counts, unless both are objects: then they are merged.
fn merged(arguments: &[ArmValue]) -> Result<ArmValue, NoValue> {
    let mut all: Vec<(String, ArmValue)> = Vec::new();
    for argument in arguments {
        let ArmValue::Object(members) = argument else {
            return Err(format!("union() of an object and {}", argument.shown()));
        };
        if let Some(key) = open_key(members) {
            return Err(key);
        }
        for (key, value) in members {
            match all.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(key)) {
                Some((_, old @ ArmValue::Object(_))) if matches!(value, ArmValue::Object(_)) => {
                    *old = merged(&[old.clone(), value.clone()])?;
                }
                // Where the old one is an object, its members stay.
                Some((_, ArmValue::Unknown(_))) if matches!(value, ArmValue::Object(_)) => {}
                Some((_, old)) => *old = value.clone(),
                None => all.push((key.clone(), value.clone())),
            }
        }
    }
    Ok(ArmValue::Object(all))
}

fn extreme(function: &str, arguments: &[ArmValue]) -> Result<ArmValue, NoValue> {
    let numbers = match arguments {
        [ArmValue::Array(list)] => list,
        all => all,
    };
    let numbers = numbers.iter().map(|number| match number {
        ArmValue::Integer(number) => Ok(*number),
        other => Err(format!("{function}() of {}", other.shown())),
    });
    let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    let extreme = if function == "min" { numbers.iter().min() } else { numbers.iter().max() };
    extreme.copied().map(ArmValue::Integer).ok_or_else(|| format!("{function}() of nothing"))
}

/// Whether both are the same.
///
/// # Errors
/// The reason of a part that is not known, where no other part tells them apart.
fn is_same(left: &ArmValue, right: &ArmValue) -> Result<bool, NoValue> {
    match (left, right) {
        (ArmValue::Unknown(unknown), _) | (_, ArmValue::Unknown(unknown)) => Err(why(unknown)),
        (ArmValue::Array(left), ArmValue::Array(right)) if left.len() == right.len() => {
            all(left.iter().zip(right).map(|(left, right)| is_same(left, right)))
        }
        (ArmValue::Object(left), ArmValue::Object(right)) => {
            if let Some(why) = open_key(left).or_else(|| open_key(right)) {
                return Err(why);
            }
            if left.len() != right.len() {
                return Ok(false);
            }
            all(left.iter().map(|(key, value)| {
                match right.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)) {
                    None => Ok(false),
                    Some((own, other)) if own == key => is_same(value, other),
                    Some((own, _)) => Err(format!("the keys {key} and {own} differ in case only")),
                }
            }))
        }
        (left, right) => Ok(left == right),
    }
}

/// Whether all of these are true. One that is false decides, whatever is not known of others.
fn all(own: impl Iterator<Item = Result<bool, NoValue>>) -> Result<bool, NoValue> {
    let mut open = None;
    for one in own {
        match one {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(why) => open = open.or(Some(why)),
        }
    }
    open.map_or(Ok(true), Err)
}

/// Whether a list holds this element. One that is it decides, whatever is not known of others.
fn is_among(list: &[ArmValue], element: &ArmValue) -> Result<bool, NoValue> {
    let differs = |own: &ArmValue| is_same(own, element).map(|is| !is);
    all(list.iter().map(differs)).map(|is_none| !is_none)
}

/// The member of this key, which may be null.
///
/// # Errors
/// Where the object has a key that is not known, and none of the known ones is this.
fn member<'a>(object: &'a ArmValue, key: &str) -> Result<Option<&'a ArmValue>, NoValue> {
    let found = object.member(key);
    match object {
        ArmValue::Object(members) if found.is_none() => open_key(members).map_or(Ok(None), Err),
        _ => Ok(found),
    }
}

/// Why an object has a key that is not known: an expression without a value.
fn open_key(members: &[(String, ArmValue)]) -> Option<NoValue> {
    let open = members.iter().find(|(key, _)| is_expression(key));
    open.map(|(key, _)| format!("the value of the key {key} is not known"))
}

fn why(unknown: &UnknownValue) -> NoValue {
    unknown.why.to_string()
}

fn try_get(value: &ArmValue, keys: &[ArmValue]) -> Result<ArmValue, NoValue> {
    let mut value = value;
    for key in keys {
        let next = match (value, key) {
            (ArmValue::Unknown(unknown), _) => return Err(why(unknown)),
            (ArmValue::Object(_), ArmValue::String(key)) => member(value, key)?,
            (ArmValue::Array(list), ArmValue::Integer(index)) => {
                usize::try_from(*index).ok().and_then(|index| list.get(index))
            }
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Ok(ArmValue::Null),
        }
    }
    Ok(value.clone())
}

fn arithmetic(result: Option<i64>) -> Result<ArmValue, NoValue> {
    result.map(ArmValue::Integer).ok_or_else(|| "arithmetic that has no result".to_owned())
}

fn length(number: i64) -> Result<usize, NoValue> {
    usize::try_from(number).map_err(|_| format!("{number} is no length"))
}

/// `take` and `skip` treat a negative count as 0.
fn clamped(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn size(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ArmValue {
        ArmValue::String(text.to_owned())
    }

    #[test]
    fn functions_give_what_azure_gives() {
        use ArmValue::{Array, Bool, Integer};
        let list = |texts: &[&str]| Array(texts.iter().map(|part| text(part)).collect());
        for (function, arguments, expected) in [
            ("concat", vec![text("49152"), text("-"), Integer(65534)], text("49152-65534")),
            ("concat", vec![list(&["a"]), list(&["b"])], list(&["a", "b"])),
            (
                "format",
                vec![text("Storage.{0}{{{1}}}"), text("we"), Integer(2)],
                text("Storage.we{2}"),
            ),
            ("take", vec![text("abc"), Integer(2)], text("ab")),
            ("skip", vec![list(&["a", "b"]), Integer(1)], list(&["b"])),
            ("range", vec![Integer(3), Integer(2)], Array(vec![Integer(3), Integer(4)])),
            ("union", vec![list(&["a", "b"]), list(&["b", "c"])], list(&["a", "b", "c"])),
            ("split", vec![text("a/b"), text("/")], list(&["a", "b"])),
            ("length", vec![list(&["a", "b"])], Integer(2)),
            ("padleft", vec![Integer(7), Integer(3), text("0")], text("007")),
            ("indexof", vec![text("aBc"), text("b")], Integer(1)),
            ("max", vec![Integer(1), Integer(9), Integer(4)], Integer(9)),
            ("contains", vec![list(&["a"]), text("a")], Bool(true)),
            ("bool", vec![text("True")], Bool(true)),
            ("bool", vec![text("FALSE")], Bool(false)),
            ("bool", vec![Integer(1)], Bool(true)),
            ("bool", vec![Integer(0)], Bool(false)),
            ("tryget", vec![list(&["a"]), Integer(4)], ArmValue::Null),
        ] {
            assert_eq!(call(function, &arguments), Ok(expected), "{function}");
        }
    }

    #[test]
    fn what_has_no_value_says_why() {
        for (function, arguments, expected) in [
            ("reference", vec![text("x")], "only where the template is deployed"),
            ("cidrsubnet", vec![text("x")], "not evaluated"),
            ("div", vec![ArmValue::Integer(1), ArmValue::Integer(0)], "no result"),
            ("range", vec![ArmValue::Integer(0), ArmValue::Integer(1 << 40)], "too long"),
            ("format", vec![text("{3}")], "no value for {3}"),
            ("int", vec![text("x")], "no number"),
            ("bool", vec![text("1")], "not evaluated"),
            ("bool", vec![text("yes")], "not evaluated"),
            ("bool", vec![ArmValue::Integer(2)], "not evaluated"),
        ] {
            let reason = call(function, &arguments).unwrap_err();
            assert!(reason.contains(expected), "{function}: {reason}");
        }
    }

    /// A function that looks at a part that is not known has no value, unless the other parts
    /// decide alone.
    #[test]
    fn parts_that_are_not_known_are_not_compared() {
        use ArmValue::{Array, Bool, Integer, Object};
        use std::slice::from_ref;
        let open = || ArmValue::unknown("$.x", "x has no value");
        let list = |parts: &[ArmValue]| Array(parts.to_vec());
        let object = |key: &str, value: ArmValue| Object(vec![(key.to_owned(), value)]);
        let (a, b) = (text("a"), text("b"));
        let half = list(&[open(), a.clone()]);
        let deep = object("k", list(&[object("l", open())]));
        let flat = |value: &ArmValue| object("k", list(&[object("l", value.clone())]));
        let keyed = object("[parameters('k')]", a.clone());
        for (function, arguments, expected) in [
            ("contains", vec![half.clone(), b.clone()], None),
            ("contains", vec![half.clone(), a.clone()], Some(Bool(true))),
            ("contains", vec![list(from_ref(&a)), half.clone()], Some(Bool(false))),
            ("contains", vec![list(from_ref(&deep)), flat(&a)], None),
            ("contains", vec![deep.clone(), text("K")], Some(Bool(true))),
            ("contains", vec![deep.clone(), text("m")], Some(Bool(false))),
            ("contains", vec![keyed.clone(), text("m")], None),
            ("contains", vec![object("k", ArmValue::Null), text("k")], None),
            ("equals", vec![half.clone(), list(&[b.clone(), a.clone()])], None),
            ("equals", vec![half.clone(), list(&[b.clone(), b.clone()])], Some(Bool(false))),
            ("equals", vec![half.clone(), list(from_ref(&a))], Some(Bool(false))),
            ("equals", vec![deep.clone(), flat(&b)], None),
            ("equals", vec![flat(&b), flat(&b)], Some(Bool(true))),
            ("equals", vec![deep.clone(), object("m", b.clone())], Some(Bool(false))),
            ("equals", vec![keyed.clone(), object("k", a.clone())], None),
            ("union", vec![half.clone(), list(from_ref(&b))], None),
            ("union", vec![deep.clone(), object("k", open())], Some(object("k", open()))),
            (
                "union",
                vec![object("k", open()), object("k", a.clone())],
                Some(object("k", a.clone())),
            ),
            ("union", vec![object("k", open()), object("k", flat(&a))], Some(object("k", open()))),
            ("union", vec![object("m", a.clone()), keyed.clone()], None),
            ("intersection", vec![half.clone(), list(from_ref(&b))], None),
            ("intersection", vec![list(from_ref(&b)), half.clone()], None),
            ("intersection", vec![list(from_ref(&a)), half.clone()], Some(list(from_ref(&a)))),
            ("tryget", vec![object("k", open()), text("k"), text("l")], None),
            ("tryget", vec![keyed, text("k")], None),
            ("tryget", vec![deep, text("m")], Some(ArmValue::Null)),
            ("length", vec![half.clone()], Some(Integer(2))),
            ("empty", vec![half], Some(Bool(false))),
        ] {
            let found = call(function, &arguments);
            assert_eq!(found.clone().ok(), expected, "{function} {arguments:?}: {found:?}");
        }
        // The members of an object have no order.
        let pair = |keys: [&str; 2]| Object(keys.map(|key| (key.to_owned(), text(key))).to_vec());
        assert_eq!(call("equals", &[pair(["a", "b"]), pair(["b", "a"])]), Ok(Bool(true)));
    }
}
