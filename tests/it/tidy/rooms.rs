//! Who may import whom, and which rooms touch nothing of the world.

use std::collections::BTreeSet;
use std::fs;

use syn::visit::{self, Visit};

use super::holds;
use super::source::{Module, files, is_test_item, manifest, paths, program, shown};

/// Each room and the rooms it may use. A new edge is a decision: write it here, and why in the
/// commit.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("ordered_work", &[]),
    // An expression language over JSON, whatever the templates are for.
    ("arm_template", &[]),
    ("wire", &["model"]),
    ("tags", &["model"]),
    ("list", &["model"]),
    ("route", &["model"]),
    // The ways to measure follow from the way that is configured.
    ("plan", &["model", "route"]),
    ("archive", &["model", "ordered_work"]),
    ("report_v1", &["model"]),
    // What a run saw comes from records or from a saved report, by the one reader of reports; which
    // flow a proxied name needs is for the one reader of proxies' URLs. Only the readers of rules
    // know templates.
    ("firewall", &["model", "tags", "report_v1", "route", "arm_template"]),
    // The rules of a live group are compared with what was seen and proven for them.
    ("nsg_rules", &["model", "firewall"]),
    ("diagnose", &["model", "plan", "ordered_work"]),
    ("report", &["model", "plan", "diagnose", "ordered_work", "report_v1"]),
    // Which names are public stands in the endpoint lists, and what of an answer is judged in
    // `diagnose`.
    // `diagnose`. Saved reports are redacted as records are.
    ("redact", &["model", "list", "tags", "diagnose", "report_v1"]),
    // A proxy is spoken to by its URL, with the credentials that no record holds.
    ("probe", &["model", "route", "plan", "wire"]),
    // A script may be fetched, and asks for names; the runtime's files are where it is installed.
    ("proxy_config", &["model", "route", "plan", "wire", "files", "host", "probe"]),
    // The stage is planned from the embedded list and probed as any run is.
    ("demo", &["model", "list", "route", "plan", "probe"]),
    // What is measured is handed to it as runs of `check`, and written as their reports are.
    ("exporter", &["model", "list", "probe", "report", "files"]),
    ("files", &[]),
    // Which names are the runtime's stands in the endpoint lists; what the settings of its account
    // mean is for the one reader of Windows' settings.
    ("host", &["model", "list", "route"]),
    ("ledger", &["model"]),
    // Tokens and keys of identities stand in files.
    ("azure", &["model", "files"]),
    (
        "cli",
        &[
            "model",
            "ordered_work",
            "list",
            "route",
            "plan",
            "wire",
            "archive",
            "tags",
            "firewall",
            "diagnose",
            "report",
            "probe",
            "ledger",
            "azure",
            "nsg_rules",
            "report_v1",
            "redact",
            "proxy_config",
            "demo",
            "exporter",
            "files",
            "host",
        ],
    ),
];

/// The rooms without sockets, clocks, files and environment.
const PURE: &[&str] = &[
    "model",
    "ordered_work",
    "arm_template",
    "wire",
    "tags",
    "list",
    "route",
    "plan",
    "archive",
    "firewall",
    "nsg_rules",
    "diagnose",
    "report",
    "report_v1",
    "redact",
];

/// What no pure room names, by the start of the path. What a clock, a file or a socket is called in
/// full stands in `.clippy.toml`, and clippy finds it under any name.
const IMPURE_PATHS: &[&str] = &[
    "reqwest",
    "rusqlite",
    "socket2",
    "std::env",
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::process",
    "std::thread::sleep",
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "tempfile",
    "tokio",
];

/// What no pure room calls at the end of a path, since types are imported before they are asked.
const IMPURE_CALLS: &[&str] = &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];

const IMPURE_MACROS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];

/// The lints whose exception is a licence to touch the world.
const LICENCES: &[&str] = &["disallowed_methods", "disallowed_types"];

#[test]
fn rooms_import_downwards_only() {
    let broken: Vec<_> = program().iter().flat_map(edges_outside_the_table).collect();
    holds("edges outside the table in this file", &broken);
}

/// Deciding, verifying and correcting know no vendor's format: only the readers in `nsg` and the
/// writers in `emit` do.
#[test]
fn firewall_itself_knows_no_format() {
    let broken: Vec<_> = program().iter().flat_map(formats_in_firewall).collect();
    holds("a vendor's format in firewall", &broken);
    for text in ["use super::nsg::read;", "use crate::arm_template::ArmValue;", "use serde_json;"] {
        let module = Module::made_up(&["firewall", "verify"], text);
        assert_eq!(formats_in_firewall(&module).len(), 1, "{text}");
        let module = Module::made_up(&["firewall", "nsg", "rule"], text);
        assert!(formats_in_firewall(&module).is_empty(), "{text}");
    }
}

fn formats_in_firewall(module: &Module) -> Vec<String> {
    const FORMATS: &[&[&str]] = &[
        &["crate", "firewall", "nsg"],
        &["crate", "firewall", "emit"],
        &["crate", "arm_template"],
        &["serde_json"],
    ];
    let folder = module.path.get(1).map_or("", String::as_str);
    if module.room() != Some("firewall") || ["nsg", "emit"].contains(&folder) {
        return Vec::new();
    }
    let names_format = |segments: &[String]| {
        FORMATS.iter().any(|format| {
            segments.len() >= format.len() && segments.iter().zip(*format).all(|(a, b)| a == b)
        })
    };
    paths(module)
        .into_iter()
        .filter(|named| names_format(&named.segments))
        .map(|named| format!("{}: {}", module.at(named.span), named.segments.join("::")))
        .collect()
}

#[test]
fn every_room_is_in_the_table_and_on_the_map() {
    let map = fs::read_to_string(manifest().join("src/lib.rs")).unwrap();
    let rooms: BTreeSet<String> =
        program().iter().filter_map(|module| module.room().map(str::to_owned)).collect();
    assert!(rooms.len() > 10, "{rooms:?}");
    for room in rooms {
        assert!(MAY_USE.iter().any(|(name, _)| *name == room), "{room} has no row in MAY_USE");
        assert!(map.contains(&format!("[`{room}`]")), "{room} is not on the map in lib.rs");
    }
}

#[test]
fn pure_rooms_touch_nothing() {
    let broken: Vec<_> =
        program().iter().filter(|module| is_pure(module)).flat_map(impure).collect();
    holds("pure rooms that are not", &broken);
}

/// A file that no `mod` leads to is never compiled: a test in it never runs, and nobody sees it.
#[test]
fn every_file_is_a_module() {
    let mut known = BTreeSet::new();
    for root in ["src/lib.rs", "src/main.rs", "tests/it/main.rs"] {
        let modules = super::source::modules_of(&manifest().join(root));
        known.extend(modules.into_iter().map(|module| fs::canonicalize(module.file).unwrap()));
    }
    let broken: Vec<_> = ["src", "tests/it"]
        .iter()
        .flat_map(|root| files(&manifest().join(root)))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter(|file| !known.contains(&fs::canonicalize(file).unwrap()))
        .map(|file| shown(&file))
        .collect();
    holds("files that no module declares", &broken);
}

fn is_pure(module: &Module) -> bool {
    module.room().is_some_and(|room| PURE.contains(&room))
}

/// The imports of a module that the table does not hold. Who imports the root of the crate imports
/// every room.
fn edges_outside_the_table(module: &Module) -> Vec<String> {
    let Some(room) = module.room() else { return Vec::new() };
    let allowed = MAY_USE.iter().find(|(name, _)| *name == room).map_or(&[][..], |row| row.1);
    let mut broken = Vec::new();
    for named in paths(module) {
        if named.segments[0] != "crate" {
            continue;
        }
        let used = named.segments.get(1).map_or("*", String::as_str);
        if used != room && !allowed.contains(&used) {
            broken.push(format!("{}: {room} uses {used}", module.at(named.span)));
        }
    }
    broken
}

/// What a module touches of the world, and what licence it gives itself.
fn impure(module: &Module) -> Vec<String> {
    let mut broken = Vec::new();
    for named in paths(module) {
        let path = named.segments.join("::");
        let starts = |impure: &str| {
            path.strip_prefix(impure).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let ends = |call: &str| path == call || path.ends_with(&format!("::{call}"));
        if IMPURE_PATHS.iter().any(|impure| starts(impure))
            || IMPURE_CALLS.iter().any(|call| ends(call))
        {
            broken.push(format!("{}: {path}", module.at(named.span)));
        }
    }
    let mut visitor = Touching { module, broken };
    visitor.visit_file(&module.syntax);
    visitor.broken
}

struct Touching<'a> {
    module: &'a Module,
    broken: Vec<String>,
}

impl<'ast> Visit<'ast> for Touching<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test_item(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = IMPURE_MACROS.iter().find(|name| call.path.is_ident(name)) {
            let at = self.module.at(call.path.segments[0].ident.span());
            self.broken.push(format!("{at}: {name}!"));
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let syn::Meta::List(list) = &attribute.meta else { return };
        let text = list.tokens.to_string();
        if let Some(licence) = LICENCES.iter().find(|lint| text.contains(**lint)) {
            let at = self.module.at(attribute.pound_token.spans[0]);
            self.broken.push(format!("{at}: a licence, {licence}"));
        }
    }
}

#[test]
fn an_import_upwards_is_seen_in_every_form() {
    for text in [
        "use crate::probe;",
        "use crate::{model, probe};",
        "use crate::{model::{self, Cloud}, probe as p};",
        "use super::super::probe;",
        "use super::super::probe::{self, Settings};",
        "use super::super::*;",
        "use crate::*;",
        "use crate as everything;",
        "fn f() { crate::probe::run() }",
        "fn f(_: &super::super::probe::Settings) {}",
        "fn f() { println!(\"{}\", crate::probe::N) }",
        "mod inner { use super::super::super::probe; }",
        "impl crate::probe::Look for u8 {}",
    ] {
        let module = Module::made_up(&["diagnose", "dns"], text);
        assert!(!edges_outside_the_table(&module).is_empty(), "{text}");
    }
    for text in [
        "use crate::{model, plan};",
        "use super::super::diagnose::http;",
        "use super::probe;",
        "use probe::run;",
        "#[cfg(test)] mod tests { use crate::probe; }",
        "// crate::probe",
        "const TEXT: &str = \"crate::probe\";",
    ] {
        let module = Module::made_up(&["diagnose", "dns"], text);
        assert_eq!(edges_outside_the_table(&module), [""; 0], "{text}");
    }
}

#[test]
fn a_touch_of_the_world_is_seen_in_every_form() {
    for text in [
        "use std::{env, fmt};",
        "use std::{fmt, fs};",
        "use std::fs::read;",
        "use std::net::{IpAddr, TcpStream};",
        "fn f() { std::fs::read(p); }",
        "fn f() { std::env::var(\"X\"); }",
        "fn f() { Zoned::now(); }",
        "fn f() { jiff::Timestamp::now(); }",
        "fn f() { std::process::Command::new(\"x\"); }",
        "fn f() { std::thread::sleep(d); }",
        "fn f() { println!(); }",
        "fn f() { vec![tokio::spawn(g())]; }",
        "#![expect(clippy::disallowed_methods, reason = \"it is easy\")]",
        "#[cfg_attr(unix, allow(clippy::disallowed_types))] fn f() {}",
    ] {
        let module = Module::made_up(&["diagnose"], text);
        assert!(!impure(&module).is_empty(), "{text}");
    }
    for text in [
        "use std::{fmt, net::IpAddr, time::Instant};",
        "use crate::model::env;",
        "fn f(now: Zoned) { now.timestamp(); }",
        "#[cfg(test)] mod tests { use std::fs; }",
        "#[expect(clippy::too_many_arguments, reason = \"...\")] fn f() {}",
    ] {
        let module = Module::made_up(&["diagnose"], text);
        assert_eq!(impure(&module), [""; 0], "{text}");
    }
}
