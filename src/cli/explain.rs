//! `explain`: what a cause, an error text or a word of the portal means.

use anyhow::Result;

use super::arguments::{ExplainArgs, ExplainFormat};
use super::exit::Exit;
use super::output;
use crate::diagnose::explain::{Explanation, explain as of};
use crate::report::{Style, explanation};

pub(super) fn explain(command: &ExplainArgs) -> Result<Exit> {
    let (width, color) = output::style(None);
    let style = Style { width, color };
    if command.list {
        match command.format {
            ExplainFormat::Table => output::write_table(None, &explanation::list(&style))?,
            ExplainFormat::Json => {
                output::write(None, |out| out.write_all(explanation::list_json().as_bytes()))?;
            }
        }
        return Ok(Exit::Satisfied);
    }
    let found = of(&command.text.join(" "));
    match command.format {
        ExplainFormat::Json => {
            let text = explanation::json(&found);
            output::write(None, |out| out.write_all(text.as_bytes()))?;
        }
        ExplainFormat::Table if matches!(found, Explanation::Unknown { .. }) => {}
        ExplainFormat::Table => {
            output::write_table(None, &explanation::table(&found, &style))?;
        }
    }
    match found {
        Explanation::Causes(_) | Explanation::Layer(_) | Explanation::Symptoms(_) => {
            Ok(Exit::Satisfied)
        }
        // Standard output stays empty, so that a reader of the table gets no half answer.
        Explanation::Unknown { suggestions } => {
            anyhow::bail!("{}", explanation::unknown(&suggestions))
        }
    }
}
