//! One word per idea: a name of a type is searched for, and must lead to one type.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use syn::Item;

use super::holds;
use super::source::{Module, is_test_item, manifest, program, rust_files, shown};

/// The rooms whose types are the words of a format: they are called as the model's are, since they
/// say the same in another shape.
const WIRE: &[&[&str]] = &[&["archive", "v1"], &["report_v1"]];

const VAGUE_NAMES: &[&str] =
    &["util", "utils", "helper", "helpers", "manager", "common", "misc", "handler", "imp"];

/// The words of the map that no type or module is called by, since they are said of others.
const WORDS_ALONE: &[&str] = &[];

#[test]
fn no_two_types_have_one_name() {
    let doubled: Vec<_> = doubled(&program())
        .into_iter()
        .map(|(name, locations)| format!("{name}: {}", locations.join(", ")))
        .collect();
    holds("names of more than one type", &doubled);
}

#[test]
fn a_name_of_two_types_is_seen() {
    let module = |path: &[&str], text| Module::made_up(path, text);
    let names = |modules: &[Module]| doubled(modules).into_keys().collect::<Vec<_>>();
    let one = || module(&["model"], "struct Answer; mod inner { pub(super) enum Asked {} }");
    for other in
        ["enum Answer {}", "type Answer = u8;", "trait Answer {}", "union Answer { a: u8 }"]
    {
        assert_eq!(names(&[one(), module(&["cli", "arguments"], other)]), ["Answer"], "{other}");
    }
    assert_eq!(names(&[one(), module(&["probe"], "mod a { struct Asked; }")]), ["Asked"]);
    assert_eq!(names(&[one(), module(&["probe"], "fn f() { struct Answer; }")]), [""; 0]);
    assert_eq!(
        names(&[one(), module(&["probe"], "#[cfg(test)] mod t { struct Answer; }")]),
        [""; 0]
    );
    // One type by platform is one name for it.
    let by_platform = "#[cfg(unix)] struct Port; #[cfg(windows)] struct Port;";
    assert_eq!(names(&[module(&["probe"], by_platform)]), [""; 0]);
    // A wire room may say the model's words again, but none twice.
    let wire = || module(&["archive", "v1", "dns"], "struct Answer;");
    assert_eq!(names(&[one(), wire()]), [""; 0]);
    assert_eq!(names(&[wire(), module(&["archive", "v1"], "struct Answer;")]), ["Answer"]);
}

/// The names of types that more than one type has, with their locations. Each wire room is a
/// world of its own.
fn doubled(modules: &[Module]) -> BTreeMap<String, Vec<String>> {
    let mut locations: BTreeMap<(Option<usize>, String), BTreeMap<Vec<String>, String>> =
        BTreeMap::new();
    for module in modules {
        let wire = WIRE.iter().position(|room| starts_with(&module.path, room));
        let mut found = Vec::new();
        types(&module.syntax.items, &module.path, &mut found);
        for (path, name) in found {
            let at = module.at(name.span());
            locations.entry((wire, name.to_string())).or_default().entry(path).or_insert(at);
        }
    }
    locations
        .into_iter()
        .filter(|(_, locations)| locations.len() > 1)
        .map(|((_, name), locations)| (name, locations.into_values().collect()))
        .collect()
}

fn starts_with(path: &[String], room: &[&str]) -> bool {
    path.len() >= room.len() && path.iter().zip(room).all(|(one, other)| one == other)
}

/// The types that a module and those inside it define, each with the path of its module.
fn types<'a>(items: &'a [Item], path: &[String], found: &mut Vec<(Vec<String>, &'a syn::Ident)>) {
    for item in items.iter().filter(|item| !is_test_item(item)) {
        let name = match item {
            Item::Struct(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Mod(module) => {
                if let Some((_, items)) = &module.content {
                    types(items, &[path, &[module.ident.to_string()]].concat(), found);
                }
                continue;
            }
            _ => continue,
        };
        found.push((path.to_vec(), name));
    }
}

/// Each word that the map explains is the name of what it means.
#[test]
fn the_words_of_the_map_are_names() {
    let map = fs::read_to_string(manifest().join("src/lib.rs")).unwrap();
    let words = words_of(&map);
    assert!(words.len() >= 8, "{words:?}");
    let modules = program();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for module in &modules {
        named.extend(module.path.iter().cloned());
        let mut found = Vec::new();
        types(&module.syntax.items, &module.path, &mut found);
        named.extend(found.iter().map(|(_, name)| name.to_string()));
    }
    let is_named = |word: &String| {
        named.contains(&snake_case(word))
            || named.contains(&camel_case(word))
            || WORDS_ALONE.contains(&word.as_str())
    };
    let broken: Vec<_> = words.into_iter().filter(|word| !is_named(word)).collect();
    holds("words of the map that neither a type nor a module is called by", &broken);
}

/// The words between stars that the part "Words" of a module's documentation explains.
fn words_of(map: &str) -> Vec<String> {
    let text: Vec<_> = map
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .skip_while(|line| *line != "# Words")
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .collect();
    let text = text.join(" ");
    text.split('*')
        .collect::<Vec<_>>()
        .windows(2)
        .skip(1)
        .step_by(2)
        .filter(|pair| pair[1].starts_with(':'))
        .map(|pair| pair[0].to_owned())
        .collect()
}

fn snake_case(word: &str) -> String {
    word.replace(' ', "_")
}

fn camel_case(word: &str) -> String {
    word.split(' ').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}

#[test]
fn the_words_of_a_map_are_found() {
    let map = "//! # Rooms\n//! *no*: word\n//! # Words\n//!\n//! *entry*: a line. *way\n//! out*: as *said*\n\
               //! before, *trail*: steps.\n//! # More\n//! *other*: none\n";
    assert_eq!(words_of(map), ["entry", "way out", "trail"]);
    assert_eq!((snake_case("way out"), camel_case("way out")), ("way_out".into(), "WayOut".into()));
}

#[test]
fn files_are_called_after_what_they_hold() {
    let mut broken = Vec::new();
    for (path, _) in rust_files(&["src", "tests", "benches", "examples", "fuzz"]) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if stem.split('_').any(|word| VAGUE_NAMES.contains(&word)) {
            broken.push(format!("{}: a name that says nothing", shown(&path)));
        }
    }
    holds("vague names", &broken);
}
