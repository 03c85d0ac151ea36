//! A handout as Markdown, for a ticket or a change request.

use std::io::{self, Write};

use super::{Handout, HandoutSection};
use crate::report::Guarded;
use crate::report::markdown::inert::{cell, inline};

/// Writes the handout.
///
/// # Errors
/// What `out` returns.
pub fn markdown(handout: &Handout, out: &mut impl Write) -> io::Result<()> {
    let mut out = Guarded::new(out);
    let word = handout.status.as_str().to_uppercase();
    writeln!(out, "# {}", inline(&format!("{word}: {}", handout.headline)))?;
    for line in &handout.lines {
        writeln!(out, "\n{}", inline(line))?;
    }
    for section in &handout.sections {
        write_section(section, &mut out)?;
    }
    writeln!(out, "\n---\n\n{}", inline(&format!("Written by {}.", handout.from)))?;
    out.finish().map(drop)
}

fn write_section(section: &HandoutSection, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n## {}", inline(&section.heading))?;
    // A few sentences are paragraphs; more of them are read one by one.
    let is_list = section.lines.len() > 1;
    if is_list {
        writeln!(out)?;
    }
    for line in &section.lines {
        let before = if is_list { "- " } else { "\n" };
        writeln!(out, "{before}{}", inline(line))?;
    }
    if section.columns.is_empty() {
        return Ok(());
    }
    if section.is_folded {
        writeln!(out, "\n<details>\n<summary>{} rows</summary>", section.rows.len())?;
    }
    writeln!(out)?;
    write_row(&section.columns, out)?;
    writeln!(out, "{}|", "| --- ".repeat(section.columns.len()))?;
    for row in &section.rows {
        write_row(row, out)?;
    }
    if section.is_folded {
        writeln!(out, "\n</details>")?;
    }
    Ok(())
}

fn write_row(cells: &[String], out: &mut impl Write) -> io::Result<()> {
    for text in cells {
        write!(out, "| {} ", cell(text))?;
    }
    writeln!(out, "|")
}
