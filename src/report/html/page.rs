//! The shell of every page: its head, its style, its little script, and a policy by which a browser
//! lets nothing out and takes nothing in.

use std::io::{self, Write};

use askama::Template;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("templates/style.css");
const SCRIPT: &str = include_str!("templates/filter.js");

/// A whole page around `body`.
#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct HtmlPage<B: Template> {
    title: String,
    /// Where the page comes from, for its last line.
    from: String,
    policy: String,
    style: &'static str,
    script: &'static str,
    body: B,
}

impl<B: Template> HtmlPage<B> {
    pub(super) fn new(title: String, from: String, body: B) -> Self {
        // Only this very style and this very script: what a stranger smuggled in would not run.
        let hash = |text: &str| BASE64.encode(&Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
             base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        Self { title, from, policy, style: STYLE, script: SCRIPT, body }
    }

    /// Writes the page, and ends its last line: askama takes the end of a template's off.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.write_into(out)?;
        out.write_all(b"\n")
    }
}
