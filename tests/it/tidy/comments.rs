//! Comments that say something, and lines that fit.

use std::fs;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::holds;
use super::source::{Module, is_test_item, program, rust_files, shown};

const WIDEST_LINE: usize = 100;

#[test]
fn documentation_says_more_than_two_words() {
    // Clap makes help texts of the comments on options: those are as long as a column needs.
    let is_help = |module: &Module| module.path.starts_with(&["cli".into(), "arguments".into()]);
    let broken: Vec<_> =
        program().iter().filter(|module| !is_help(module)).flat_map(short_docs).collect();
    holds("doc comments of one or two words", &broken);
}

#[test]
fn short_documentation_is_seen() {
    let found = |text: &str| short_docs(&Module::made_up(&["model"], text)).len();
    for text in [
        "/// The file.\nstruct File;",
        "struct S {\n    /// Which.\n    a: u8,\n}",
        "enum E {\n    /// `Off`.\n    Off,\n}",
        "//! Names.",
        "impl S {\n    /// What.\n    fn f() {}\n}",
    ] {
        assert_eq!(found(text), 1, "{text}");
    }
    for text in [
        "/// The file that is\n/// read.\nstruct File;",
        "/// Short\n///\n/// but not alone.\nstruct File;",
        "// The file.\nstruct File;",
        "#[cfg(test)]\nmod tests {\n    /// What.\n    fn f() {}\n}",
    ] {
        assert_eq!(found(text), 0, "{text}");
    }
    // Two comments beside each other are two.
    assert_eq!(found("struct S {\n    /// One.\n    a: u8,\n    /// Two.\n    b: u8,\n}"), 2);
}

/// The doc comments of a module that hold no sentence.
fn short_docs(module: &Module) -> Vec<String> {
    let mut visitor = Docs { comments: Vec::new() };
    visitor.visit_file(&module.syntax);
    visitor
        .comments
        .into_iter()
        .filter(|comment| comment.text.split_whitespace().count() <= 2)
        .map(|comment| format!("{}:{}: {}", shown(&module.file), comment.last, comment.text.trim()))
        .collect()
}

struct Docs {
    comments: Vec<Comment>,
}

/// Lines of documentation that follow one another, up to the line `last`.
struct Comment {
    last: usize,
    text: String,
}

impl<'ast> Visit<'ast> for Docs {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test_item(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
            return;
        };
        if !pair.path.is_ident("doc") {
            return;
        }
        let line = attribute.pound_token.spans[0].start().line;
        match self.comments.last_mut() {
            Some(comment) if comment.last + 1 == line => {
                comment.last = line;
                comment.text.push_str(&text.value());
            }
            _ => self.comments.push(Comment { last: line, text: text.value() }),
        }
    }
}

#[test]
fn lines_fit() {
    let mut broken = Vec::new();
    for (path, text) in rust_files(&["src", "tests", "benches", "examples", "fuzz"]) {
        let wide = wide_lines(&text);
        broken.extend(wide.into_iter().map(|line| format!("{}:{line}", shown(&path))));
    }
    holds("lines of more than 100 columns", &broken);
}

#[test]
fn a_wide_line_is_seen() {
    let wide = "x".repeat(WIDEST_LINE);
    for text in [
        format!("// {wide}: a comment can be wrapped"),
        format!("fn f() {{}} // {wide}"),
        format!("fn {wide}() {{}}"),
        format!("const A: &[&str] = &[\"a\", {wide}];"),
        format!("//! see {wide}"),
    ] {
        assert_eq!(wide_lines(&text), [1], "{text}");
    }
    for text in [
        format!("const A: &str = \"{wide}\";"),
        format!("const A: &[&str] = &[\"{}\"];", &wide[21..]),
        format!("const A: &str = r#\"\n{wide}\n\"#;"),
        format!("fn f() {{ panic!(\"{wide}\") }}"),
        format!("//! | a row of a table | {wide} |"),
        format!("// <https://{wide}>"),
        format!("// {}", &wide[3..]),
    ] {
        assert_eq!(wide_lines(&text), [0; 0], "{text}");
    }
}

/// The numbers of lines that are too wide. A line with a string after which there are only marks
/// cannot be wrapped, nor can a row of a table in documentation or an address.
fn wide_lines(text: &str) -> Vec<usize> {
    let wide: Vec<_> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.chars().count() > WIDEST_LINE)
        .filter(|(_, line)| {
            let words = line.trim_start().trim_start_matches(['/', '!']).trim();
            !line.trim_start().starts_with("//")
                || !(words.starts_with('|') || words.starts_with('<') && !words.contains(' '))
        })
        .map(|(index, _)| index + 1)
        .collect();
    if wide.is_empty() {
        return wide;
    }
    let mut in_strings = Vec::new();
    strings(text.parse().unwrap(), &mut in_strings);
    let only_marks = |line: usize, column: usize| {
        let text = text.lines().nth(line - 1).unwrap_or_default();
        !text.chars().skip(column).any(char::is_alphanumeric)
    };
    wide.into_iter()
        .filter(|line| {
            !in_strings.iter().any(|(first, last, end)| {
                (first..=last).contains(&line) && (line < last || only_marks(*line, *end))
            })
        })
        .collect()
}

/// The first and last lines of each string, and the column in which it ends. Documentation is one
/// for the lexer, and none for who wraps it.
fn strings(tokens: TokenStream, found: &mut Vec<(usize, usize, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.stream().to_string().starts_with("doc =") => {}
            TokenTree::Group(group) => strings(group.stream(), found),
            TokenTree::Literal(literal) if literal.to_string().ends_with(['"', '#']) => {
                let span = literal.span();
                found.push((span.start().line, span.end().line, span.end().column));
            }
            _ => {}
        }
    }
}

#[test]
fn the_widest_line_is_what_rustfmt_is_told() {
    let path = super::source::manifest().join(".rustfmt.toml");
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(&format!("max_width = {WIDEST_LINE}\n")), "{text}");
}
