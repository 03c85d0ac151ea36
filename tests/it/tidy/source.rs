//! The sources of this repository: files, and the modules that the compiler would find in them.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, UseTree};

/// One file as a module, with its path below the crate: `["route", "pac"]`.
pub(super) struct Module {
    pub(super) path: Vec<String>,
    pub(super) file: PathBuf,
    /// Whether it is compiled for tests alone.
    pub(super) is_test: bool,
    pub(super) syntax: syn::File,
}

impl Module {
    /// A module made up for the test of a law.
    pub(super) fn made_up(path: &[&str], text: &str) -> Self {
        Self {
            path: path.iter().map(ToString::to_string).collect(),
            file: PathBuf::from("made-up.rs"),
            is_test: false,
            syntax: syn::parse_file(text).unwrap(),
        }
    }

    /// The folder below `src` that the module is in; nothing for the root.
    pub(super) fn room(&self) -> Option<&str> {
        self.path.first().map(String::as_str)
    }

    pub(super) fn at(&self, span: Span) -> String {
        format!("{}:{}", shown(&self.file), span.start().line)
    }
}

/// The modules of the program that are no tests.
pub(super) fn program() -> Vec<Module> {
    let mut modules = Vec::new();
    for root in ["src/lib.rs", "src/main.rs"] {
        modules.extend(modules_of(&manifest().join(root)));
    }
    modules.retain(|module| !module.is_test);
    modules
}

/// A crate's modules: the file `root`, and every file that a `mod` leads to.
pub(super) fn modules_of(root: &Path) -> Vec<Module> {
    let mut modules = Vec::new();
    collect(&[], root.to_owned(), false, &mut modules);
    modules
}

fn collect(path: &[String], file: PathBuf, is_test: bool, modules: &mut Vec<Module>) {
    let text = fs::read_to_string(&file).unwrap();
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", shown(&file)));
    let folder = file.parent().unwrap().to_owned();
    let is_root = ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| file.ends_with(name));
    let below = if is_root { folder.clone() } else { file.with_extension("") };
    let mut found = Vec::new();
    declared(&syntax.items, is_test, &mut Vec::new(), &mut found);
    modules.push(Module { path: path.to_vec(), file, is_test, syntax });
    for Declared { names, is_test, elsewhere } in found {
        let inner = names.iter().fold(below.clone(), |folder, name| folder.join(name));
        let candidates = match elsewhere {
            Some(elsewhere) => vec![folder.join(elsewhere)],
            None => vec![inner.with_extension("rs"), inner.join("mod.rs")],
        };
        let path: Vec<_> = path.iter().chain(&names).cloned().collect();
        let file = candidates.into_iter().find(|file| file.exists());
        collect(&path, file.unwrap_or_else(|| panic!("{names:?} has no file")), is_test, modules);
    }
}

/// A `mod name;`, with the inline modules around it.
struct Declared {
    names: Vec<String>,
    is_test: bool,
    elsewhere: Option<String>,
}

fn declared(items: &[Item], is_test: bool, above: &mut Vec<String>, found: &mut Vec<Declared>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let is_test = is_test || is_for_tests(&module.attrs);
        above.push(module.ident.to_string());
        match &module.content {
            Some((_, items)) => declared(items, is_test, above, found),
            None => found.push(Declared {
                names: above.clone(),
                is_test,
                elsewhere: module.attrs.iter().find_map(path_attribute),
            }),
        }
        above.pop();
    }
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    if !pair.path.is_ident("path") {
        return None;
    }
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
        return None;
    };
    Some(text.value())
}

/// Whether an item is compiled for tests alone: `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let words = words(&list.tokens);
            words.iter().any(|word| word == "test")
                && !words.iter().any(|word| word == "not" || word == "any")
        }
        _ => false,
    })
}

/// The identifiers of a stream, however deep.
fn words(tokens: &TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Group(group) => found.extend(words(&group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

/// The attributes of an item of a module.
fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether what is visited is for tests: laws about the program pass it by.
pub(super) fn is_test_item(item: &Item) -> bool {
    is_for_tests(attributes_of(item))
}

/// A path that a module names, as the compiler reads it: `super`, `self` and braces resolved.
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) span: Span,
}

/// Every path that a module names outside its tests: in `use`, types, expressions and macros.
pub(super) fn paths(module: &Module) -> Vec<Named> {
    let mut visitor = Paths { module: module.path.clone(), found: Vec::new() };
    visitor.visit_file(&module.syntax);
    visitor.found
}

struct Paths {
    module: Vec<String>,
    found: Vec<Named>,
}

impl Paths {
    fn add(&mut self, segments: &[String], span: Span) {
        let mut here: Vec<String> = [String::from("crate")].into();
        here.extend(self.module.iter().cloned());
        let mut rest = segments;
        let is_relative = matches!(rest.first().map(String::as_str), Some("self" | "super"));
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "super" => drop(here.pop()),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        let segments = if is_relative { [&here, rest].concat() } else { segments.to_vec() };
        self.found.push(Named { segments, span });
    }

    fn add_tree(&mut self, above: &mut Vec<String>, tree: &UseTree) {
        let named = match tree {
            UseTree::Path(path) => {
                above.push(path.ident.to_string());
                self.add_tree(above, &path.tree);
                above.pop();
                return;
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(above, tree);
                }
                return;
            }
            UseTree::Name(name) => name.ident.to_string(),
            UseTree::Rename(rename) => rename.ident.to_string(),
            UseTree::Glob(_) => "*".to_owned(),
        };
        let mut segments = above.clone();
        // `use a::{self}` names `a`.
        if named != "self" || segments.is_empty() {
            segments.push(named);
        }
        self.add(&segments, tree.span());
    }

    /// What a macro is given is no syntax yet, but a path in it looks like one.
    fn add_tokens(&mut self, tokens: &TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut span = Span::call_site();
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.end(&mut segments, span);
                        span = word.span();
                    }
                    segments.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut segments, span);
                    self.add_tokens(&group.stream());
                    colons = 0;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.end(&mut segments, span);
                    colons = 0;
                }
            }
        }
        self.end(&mut segments, span);
    }

    fn end(&mut self, segments: &mut Vec<String>, span: Span) {
        if segments.len() > 1 {
            self.add(segments, span);
        }
        segments.clear();
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_item(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments, path.span());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(super)` names who may see an item, and imports nothing.
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.add_tokens(&call.tokens);
    }
}

pub(super) fn manifest() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file's path below the repository.
pub(super) fn shown(path: &Path) -> String {
    path.strip_prefix(manifest()).unwrap_or(path).display().to_string()
}

/// The Rust files of this repository, with their text.
pub(super) fn rust_files(roots: &[&str]) -> Vec<(PathBuf, String)> {
    roots
        .iter()
        .flat_map(|root| files(&manifest().join(root)))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// The files in a folder and below; a file is its own.
pub(super) fn files(root: &Path) -> Vec<PathBuf> {
    if root.is_file() {
        return vec![root.to_owned()];
    }
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut found: Vec<_> = entries.flat_map(|entry| files(&entry.unwrap().path())).collect();
    found.sort();
    found
}

#[test]
fn paths_are_seen_in_every_form() {
    let module = Module::made_up(
        &["route", "pac"],
        r#"
            use crate::{model, probe::{self, tcp}};
            use super::super::cli;
            use std::{env, fs as files};
            use super::*;
            mod inner { use super::super::proxy; }
            #[cfg(test)] mod tests { use crate::azure; }
            pub(super) fn f() -> crate::plan::Plan {
                assert_eq!(1, crate::wire::dns::n(), "crate::tags");
                let _ = self::g::<tokio::net::TcpStream>();
                vec![std::process::exit(1)]
            }
        "#,
    );
    let found: Vec<_> = paths(&module).iter().map(|named| named.segments.join("::")).collect();
    for expected in [
        "crate::model",
        "crate::probe",
        "crate::probe::tcp",
        "crate::cli",
        "std::env",
        "std::fs",
        "crate::route::*",
        "crate::route::proxy",
        "crate::plan::Plan",
        "crate::wire::dns::n",
        "crate::route::pac::g",
        "tokio::net::TcpStream",
        "std::process::exit",
    ] {
        assert!(found.iter().any(|path| path == expected), "{expected}: {found:?}");
    }
    for hidden in ["crate::azure", "crate::tags"] {
        assert!(!found.iter().any(|path| path.starts_with(hidden)), "{hidden}: {found:?}");
    }
}
