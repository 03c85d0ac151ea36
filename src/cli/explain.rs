//! `explain`: what a cause, an error text or a word of the portal means.

use anyhow::Result;

use super::arguments::Explain;
use super::exit::Exit;
use super::output;
use crate::diagnose::explain::{Explanation, explain as of};

pub(super) fn explain(command: &Explain) -> Result<Exit> {
    let explanation = of(&command.text.join(" "));
    let known = !matches!(explanation, Explanation::Unknown { .. });
    if known {
        output::write(None, |out| write!(out, "{explanation}"))?;
        return Ok(Exit::Satisfied);
    }
    // An answer nobody has is no answer: standard output stays empty for whoever reads it.
    anyhow::bail!("{}", explanation.to_string().trim_end())
}
