//! The functions of ARM templates whose values a file alone can give.

use crate::firewall::nsg::datum::Datum;

/// Why a call has no value.
pub(super) type Reason = String;

/// The most characters or elements that a value may grow to: more than any rule holds.
const LARGEST: usize = 100_000;

/// Calls `function` (lower case) with values that are all known.
pub(super) fn call(function: &str, arguments: &[Datum]) -> Result<Datum, Reason> {
    use Datum::{Bool, Integer, List, Null, Table, Text};
    let value = match (function, arguments) {
        ("concat", [List(_), ..]) => List(lists(function, arguments)?.concat()),
        ("concat", parts) => Text(parts.iter().map(string).collect::<Result<_, _>>()?),
        ("format", [Text(pattern), values @ ..]) => Text(format(pattern, values)?),
        ("string", [value]) => Text(string(value)?),
        ("tolower", [Text(text)]) => Text(text.to_lowercase()),
        ("toupper", [Text(text)]) => Text(text.to_uppercase()),
        ("trim", [Text(text)]) => Text(text.trim().to_owned()),
        ("replace", [Text(text), Text(old), Text(new)]) if !old.is_empty() => {
            Text(text.replace(old.as_str(), new))
        }
        ("split", [Text(text), Text(by)]) if !by.is_empty() => {
            List(text.split(by.as_str()).map(|part| Text(part.to_owned())).collect())
        }
        ("join", [List(parts), Text(by)]) => {
            Text(parts.iter().map(string).collect::<Result<Vec<_>, _>>()?.join(by))
        }
        ("substring", [Text(text), Integer(start)]) => {
            Text(text.chars().skip(length(*start)?).collect())
        }
        ("substring", [Text(text), Integer(start), Integer(count)]) => {
            Text(text.chars().skip(length(*start)?).take(length(*count)?).collect())
        }
        ("take", [Text(text), Integer(count)]) => {
            Text(text.chars().take(clamped(*count)).collect())
        }
        ("take", [List(list), Integer(count)]) => {
            List(list.iter().take(clamped(*count)).cloned().collect())
        }
        ("skip", [Text(text), Integer(count)]) => {
            Text(text.chars().skip(clamped(*count)).collect())
        }
        ("skip", [List(list), Integer(count)]) => {
            List(list.iter().skip(clamped(*count)).cloned().collect())
        }
        ("first", [List(list)]) => list.first().cloned().unwrap_or(Null),
        ("last", [List(list)]) => list.last().cloned().unwrap_or(Null),
        ("first", [Text(text)]) => Text(text.chars().take(1).collect()),
        ("last", [Text(text)]) => Text(text.chars().last().into_iter().collect()),
        ("length", [Text(text)]) => Integer(size(text.chars().count())),
        ("length", [List(list)]) => Integer(size(list.len())),
        ("length", [Table(members)]) => Integer(size(members.len())),
        ("empty", [Null]) => Bool(true),
        ("empty", [Text(text)]) => Bool(text.is_empty()),
        ("empty", [List(list)]) => Bool(list.is_empty()),
        ("empty", [Table(members)]) => Bool(members.is_empty()),
        ("equals", [left, right]) => Bool(left == right),
        ("not", [Bool(is)]) => Bool(!is),
        ("true", []) => Bool(true),
        ("false", []) => Bool(false),
        ("bool", [Bool(is)]) => Bool(*is),
        ("bool", [Text(text)]) => Bool(text.eq_ignore_ascii_case("true")),
        ("null", []) => Null,
        ("greater", [Integer(left), Integer(right)]) => Bool(left > right),
        ("greaterorequals", [Integer(left), Integer(right)]) => Bool(left >= right),
        ("less", [Integer(left), Integer(right)]) => Bool(left < right),
        ("lessorequals", [Integer(left), Integer(right)]) => Bool(left <= right),
        ("startswith", [Text(text), Text(part)]) => {
            Bool(text.to_lowercase().starts_with(&part.to_lowercase()))
        }
        ("endswith", [Text(text), Text(part)]) => {
            Bool(text.to_lowercase().ends_with(&part.to_lowercase()))
        }
        ("contains", [Text(text), Text(part)]) => Bool(text.contains(part.as_str())),
        ("contains", [List(list), element]) => Bool(list.contains(element)),
        ("contains", [table @ Table(_), Text(key)]) => Bool(table.get(key).is_some()),
        ("int", [Integer(number)]) => Integer(*number),
        ("int", [Text(text)]) => {
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
            List((0..count).map(|step| Integer(start.saturating_add(size(step)))).collect())
        }
        ("array", [list @ List(_)]) => list.clone(),
        ("array", [value]) => List(vec![value.clone()]),
        ("createarray", elements) => List(elements.to_vec()),
        ("createobject", members) if members.len().is_multiple_of(2) => {
            let member = |pair: &[Datum]| match pair {
                [Text(key), value] => Ok((key.clone(), value.clone())),
                _ => Err("createObject() with a key that is no string".to_owned()),
            };
            Table(members.chunks(2).map(member).collect::<Result<_, _>>()?)
        }
        ("union", [List(_), ..]) => {
            let mut all: Vec<Datum> = Vec::new();
            for element in lists(function, arguments)?.concat() {
                if !all.contains(&element) {
                    all.push(element);
                }
            }
            List(all)
        }
        ("union", [Table(_), ..]) => merged(arguments)?,
        ("intersection", [List(first), List(second)]) => {
            List(first.iter().filter(|element| second.contains(element)).cloned().collect())
        }
        ("indexof", [Text(text), Text(part)]) => {
            let found = text.to_lowercase().find(&part.to_lowercase());
            Integer(found.map_or(-1, |at| size(text[..at.min(text.len())].chars().count())))
        }
        ("padleft", [value, Integer(width), rest @ ..]) => {
            let fill = match rest {
                [Text(fill)] => fill.chars().next().unwrap_or(' '),
                _ => ' ',
            };
            let (text, width) = (string(value)?, length(*width)?.min(LARGEST));
            let missing = width.saturating_sub(text.chars().count());
            Text(std::iter::repeat_n(fill, missing).chain(text.chars()).collect())
        }
        ("json", [Text(text)]) => {
            let value = serde_json::from_str(text).map_err(|error| format!("json(): {error}"))?;
            Datum::literal(&value, "json()")
        }
        ("tryget", [value, keys @ ..]) => try_get(value, keys),
        _ => return Err(unsupported(function)),
    };
    let is_too_large = match &value {
        Text(text) => text.len() > LARGEST,
        List(list) => list.len() > LARGEST,
        _ => false,
    };
    if is_too_large { Err(format!("{function}() grows beyond {LARGEST}")) } else { Ok(value) }
}

/// What a message says of a call that has no value.
fn unsupported(function: &str) -> Reason {
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

fn string(value: &Datum) -> Result<String, Reason> {
    match value {
        Datum::Text(text) => Ok(text.clone()),
        Datum::Integer(number) => Ok(number.to_string()),
        Datum::Bool(is) => Ok(if *is { "True" } else { "False" }.to_owned()),
        Datum::Null => Ok(String::new()),
        other => Err(format!("{} as a string is not evaluated", other.shown())),
    }
}

/// .NET's composite formatting without alignment and format strings: `{0}`, `{{`, `}}`.
fn format(pattern: &str, values: &[Datum]) -> Result<String, Reason> {
    let mut text = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.next_if_eq(&c).is_some() => text.push(c),
            '{' => {
                let place: String = std::iter::from_fn(|| rest.next_if(|c| *c != '}')).collect();
                rest.next();
                let value = place.parse::<usize>().ok().and_then(|place| values.get(place));
                let value =
                    value.ok_or_else(|| format!("format() has no value for {{{place}}}"))?;
                text.push_str(&string(value)?);
            }
            _ => text.push(c),
        }
    }
    Ok(text)
}

fn lists(function: &str, arguments: &[Datum]) -> Result<Vec<Vec<Datum>>, Reason> {
    arguments
        .iter()
        .map(|argument| match argument {
            Datum::List(list) => Ok(list.clone()),
            other => Err(format!("{function}() of a list and {}", other.shown())),
        })
        .collect()
}

/// Members of later tables win, and tables within are merged too.
fn merged(arguments: &[Datum]) -> Result<Datum, Reason> {
    let mut all: Vec<(String, Datum)> = Vec::new();
    for argument in arguments {
        let Datum::Table(members) = argument else {
            return Err(format!("union() of an object and {}", argument.shown()));
        };
        for (key, value) in members {
            match all.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(key)) {
                Some((_, old @ Datum::Table(_))) if matches!(value, Datum::Table(_)) => {
                    *old = merged(&[old.clone(), value.clone()])?;
                }
                Some((_, old)) => *old = value.clone(),
                None => all.push((key.clone(), value.clone())),
            }
        }
    }
    Ok(Datum::Table(all))
}

fn extreme(function: &str, arguments: &[Datum]) -> Result<Datum, Reason> {
    let numbers = match arguments {
        [Datum::List(list)] => list,
        all => all,
    };
    let numbers = numbers.iter().map(|number| match number {
        Datum::Integer(number) => Ok(*number),
        other => Err(format!("{function}() of {}", other.shown())),
    });
    let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    let extreme = if function == "min" { numbers.iter().min() } else { numbers.iter().max() };
    extreme.copied().map(Datum::Integer).ok_or_else(|| format!("{function}() of nothing"))
}

fn try_get(value: &Datum, keys: &[Datum]) -> Datum {
    let mut value = value;
    for key in keys {
        let next = match (value, key) {
            (Datum::Table(_), Datum::Text(key)) => value.get(key),
            (Datum::List(list), Datum::Integer(place)) => {
                usize::try_from(*place).ok().and_then(|place| list.get(place))
            }
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Datum::Null,
        }
    }
    value.clone()
}

fn arithmetic(result: Option<i64>) -> Result<Datum, Reason> {
    result.map(Datum::Integer).ok_or_else(|| "arithmetic that has no result".to_owned())
}

fn length(number: i64) -> Result<usize, Reason> {
    usize::try_from(number).map_err(|_| format!("{number} is no length"))
}

/// Below nothing is nothing.
fn clamped(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn size(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Datum {
        Datum::Text(text.to_owned())
    }

    #[test]
    fn functions_give_what_azure_gives() {
        use Datum::{Bool, Integer, List};
        let list = |texts: &[&str]| List(texts.iter().map(|part| text(part)).collect());
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
            ("range", vec![Integer(3), Integer(2)], List(vec![Integer(3), Integer(4)])),
            ("union", vec![list(&["a", "b"]), list(&["b", "c"])], list(&["a", "b", "c"])),
            ("split", vec![text("a/b"), text("/")], list(&["a", "b"])),
            ("length", vec![list(&["a", "b"])], Integer(2)),
            ("padleft", vec![Integer(7), Integer(3), text("0")], text("007")),
            ("indexof", vec![text("aBc"), text("b")], Integer(1)),
            ("max", vec![Integer(1), Integer(9), Integer(4)], Integer(9)),
            ("contains", vec![list(&["a"]), text("a")], Bool(true)),
            ("bool", vec![text("True")], Bool(true)),
            ("tryget", vec![list(&["a"]), Integer(4)], Datum::Null),
        ] {
            assert_eq!(call(function, &arguments), Ok(expected), "{function}");
        }
    }

    #[test]
    fn what_has_no_value_says_why() {
        for (function, arguments, expected) in [
            ("reference", vec![text("x")], "only where the template is deployed"),
            ("cidrsubnet", vec![text("x")], "not evaluated"),
            ("div", vec![Datum::Integer(1), Datum::Integer(0)], "no result"),
            ("range", vec![Datum::Integer(0), Datum::Integer(1 << 40)], "too long"),
            ("format", vec![text("{3}")], "no value for {3}"),
            ("int", vec![text("x")], "no number"),
        ] {
            let reason = call(function, &arguments).unwrap_err();
            assert!(reason.contains(expected), "{function}: {reason}");
        }
    }
}
