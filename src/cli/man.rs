//! `man`: the manual pages, made from the same definition as `--help`.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::{self, EXIT_CODES, ManArgs, examples};
use super::exit::Exit;
use super::output;

pub(super) fn man(command: &ManArgs) -> Result<Exit> {
    let mut program = whole(arguments::command()).disable_help_subcommand(true);
    program.build();
    match &command.dir {
        None => {
            let page = page(&program, "")?;
            output::write(None, |out| out.write_all(&page))?;
        }
        Some(folder) => {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
            write_pages(&program, "", folder)?;
        }
    }
    Ok(Exit::Satisfied)
}

/// With what `-h` leaves out: pages explain every option.
fn whole(command: Command) -> Command {
    command.mut_args(|argument| argument.hide_short_help(false)).mut_subcommands(whole)
}

/// Writes the page of a command and those of its subcommands.
fn write_pages(command: &Command, path: &str, folder: &Path) -> Result<()> {
    let page = page(command, path)?;
    let file = folder.join(format!("{}.1", name(path)));
    output::write(Some(&file), |out| out.write_all(&page))?;
    for sub in command.get_subcommands() {
        write_pages(sub, format!("{path} {}", sub.get_name()).trim_start(), folder)?;
    }
    Ok(())
}

/// `pathproof`, or `pathproof-rules-emit`.
fn name(path: &str) -> String {
    if path.is_empty() {
        return "pathproof".to_owned();
    }
    format!("pathproof-{}", path.replace(' ', "-"))
}

fn page(command: &Command, path: &str) -> io::Result<Vec<u8>> {
    let usage = command.clone().render_usage().to_string();
    // Sixty options in brackets say nothing: they follow under their headings.
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    let man = Man::new(command.clone().override_usage(usage))
        .title(name(path))
        .source(format!("pathproof {}", env!("CARGO_PKG_VERSION")))
        .manual("pathproof");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    rest.control("SH", ["EXAMPLES"]);
    for (what_for, line) in examples(path) {
        rest.control("TP", []);
        rest.text([bold(format!("pathproof {line}"))]);
        rest.text([roman(what_for)]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    rest.text([roman(EXIT_CODES.trim_start_matches("Exit codes: "))]);
    rest.control("SH", ["SEE ALSO"]);
    rest.text([roman(see_also(command, path))]);
    rest.to_writer(&mut page)?;
    Ok(page)
}

/// The pages above and below this one.
fn see_also(command: &Command, path: &str) -> String {
    let above = path.rsplit_once(' ').map_or("", |(above, _)| above);
    let above = if path.is_empty() { None } else { Some(name(above)) };
    let below = command.get_subcommands().map(|sub| name(&format!("{path} {}", sub.get_name())));
    let below = below.map(|page| page.replace("--", "-"));
    let pages: Vec<_> = above.into_iter().chain(below).map(|page| format!("{page}(1)")).collect();
    pages.join(", ")
}
