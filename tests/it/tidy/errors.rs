//! What led to an error is said by whoever shows the chain of its sources: an error whose words
//! hold those of its source says them twice.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Fields};

use super::holds;
use super::source::{Module, program};

#[test]
fn no_error_repeats_its_source() {
    let broken: Vec<_> = program().iter().flat_map(repeated).collect();
    holds("errors that say their source's words", &broken);
}

#[test]
fn an_error_that_repeats_its_source_is_seen() {
    for text in [
        r#"enum E { #[error("a: {0}")] A(#[source] B) }"#,
        r#"enum E { #[error("a: {0}")] A(#[from] B) }"#,
        r#"enum E { #[error("a: {1:?}")] A(u8, #[source] B) }"#,
        r#"enum E { #[error("{line}: {why:#}")] A { line: u8, #[source] why: B } }"#,
        r#"enum E { #[error("{source}")] A { source: B } }"#,
        r#"#[error("a: {why}")] struct E { #[source] why: B }"#,
        r#"#[error("a: {}", .why)] struct E { #[source] why: B }"#,
        r#"#[error("a: {}", said(.0))] struct E(#[source] B);"#,
        r#"#[error("a: {said}", said = .0.kind)] struct E(#[source] B);"#,
        r#"#[error("{}: {}", "a", .0)] struct E(#[from] B);"#,
    ] {
        let module = Module::made_up(&["model"], text);
        assert_eq!(repeated(&module).len(), 1, "{text}");
    }
    for text in [
        r#"enum E { #[error("a")] A(#[source] B) }"#,
        r#"enum E { #[error("a: {0}")] A(B) }"#,
        r#"enum E { #[error("a: {0}")] A(u8, #[source] B) }"#,
        "enum E { #[error(transparent)] A(#[from] B) }",
        r#"enum E { #[error("{line}")] A { line: u8, #[source] why: B } }"#,
        r#"enum E { #[error("{{why}}")] A { #[source] why: B } }"#,
        r#"enum E { #[error("{0}")] A(u8), #[error("b")] B(#[from] C) }"#,
    ] {
        let module = Module::made_up(&["model"], text);
        assert_eq!(repeated(&module), [""; 0], "{text}");
    }
}

fn repeated(module: &Module) -> Vec<String> {
    let mut visitor = Errors { module, broken: Vec::new() };
    visitor.visit_file(&module.syntax);
    visitor.broken
}

struct Errors<'a> {
    module: &'a Module,
    broken: Vec<String>,
}

impl Errors<'_> {
    fn look(&mut self, attributes: &[Attribute], fields: &Fields) {
        let Some(message) = attributes.iter().find(|one| one.path().is_ident("error")) else {
            return;
        };
        let syn::Meta::List(message) = &message.meta else { return };
        let said = fields_said(&message.tokens);
        for (index, field) in fields.iter().enumerate() {
            let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
            let is_source = name == "source"
                || field
                    .attrs
                    .iter()
                    .any(|one| one.path().is_ident("source") || one.path().is_ident("from"));
            if is_source && said.contains(&name) {
                let at = self.module.at(message.path.segments[0].ident.span());
                self.broken.push(format!("{at}: {}", message.tokens));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Errors<'_> {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.look(&item.attrs, &item.fields);
        visit::visit_item_struct(self, item);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.look(&variant.attrs, &variant.fields);
    }
}

/// The fields that a message of thiserror shows: `{name}`, `{0:?}`, and `.name` or `.0` among its
/// arguments.
fn fields_said(message: &TokenStream) -> Vec<String> {
    let mut said = Vec::new();
    let mut tokens = message.clone().into_iter().peekable();
    if let Some(TokenTree::Literal(format)) = tokens.next() {
        let format = format.to_string().replace("{{", "");
        for part in format.split('{').skip(1) {
            let name = part.split(['}', ':']).next().unwrap_or_default();
            said.push(name.to_owned());
        }
    }
    arguments(tokens.collect(), &mut said);
    said
}

/// The fields among the arguments of a message. `.0.kind` is read as one number by the lexer in
/// some positions, so that a number counts by its first part.
fn arguments(tokens: TokenStream, said: &mut Vec<String>) {
    let mut after_dot = false;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => arguments(group.stream(), said),
            TokenTree::Ident(name) if after_dot => said.push(name.to_string()),
            TokenTree::Literal(number) if after_dot => {
                said.push(number.to_string().split('.').next().unwrap_or_default().to_owned());
            }
            _ => {}
        }
        after_dot = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '.');
    }
}
