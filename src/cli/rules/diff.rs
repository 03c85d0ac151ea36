//! `rules diff`: the review of a change of rules before it is made.

use anyhow::{Result, bail};

use super::loaded::{LoadedFiles, RuleFacts};
use super::required::RequiredFiles;
use super::{diff_handout, diff_json, diff_sarif, diff_text};
use crate::cli::arguments::{DiffFailure, RulesDiffArgs, VerifyFormat};
use crate::cli::exit::Exit;
use crate::cli::input::Stdin;
use crate::cli::output;
use crate::firewall::{
    Class, FlowChange, RequiredChange, Rule, RuleSet, RulesDiff, diff as compare, emit,
};
use crate::report::{handout, html, sarif};

/// Both sides of a change.
pub(super) struct LoadedChange {
    pub(super) before: LoadedFiles,
    pub(super) after: LoadedFiles,
    /// What is to be known of both sides.
    pub(super) notes: Vec<String>,
}

pub(super) fn diff(command: &RulesDiffArgs) -> Result<Exit> {
    if let Some(path) = &command.output {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let mut change = LoadedChange::read(command, &mut stdin)?;
    let facts = RuleFacts::read(&command.facts, &command.world)?;
    facts.warn_if_old(change.before.sets.iter().chain(&change.after.sets));
    let files = RequiredFiles {
        from: command.from.as_deref(),
        flows: command.flows.as_deref(),
        gateways: command.require_gateways,
    };
    change.note_deletions();
    let (required, _) = files.read(&change.after.sets, &facts, &mut stdin)?;
    if required.is_empty() && (command.from.is_some() || command.flows.is_some()) {
        bail!("nothing is required: the file names no required endpoint that is concrete");
    }
    let (before, after) = (facts.judges(&change.before.sets), facts.judges(&change.after.sets));
    let seen = compare(&before, &after, &required, facts.sources.as_ref());
    output::write(command.output.as_deref(), |mut out| match command.format {
        VerifyFormat::Table => out.write_all(diff_text::table(&seen, &change.notes).as_bytes()),
        VerifyFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &diff_json::json(&seen, &change.notes))?;
            out.write_all(b"\n")
        }
        VerifyFormat::Markdown => {
            handout::markdown(&diff_handout::handout(&seen, &change, &facts), &mut out)
        }
        VerifyFormat::Html => {
            html::handout(&diff_handout::handout(&seen, &change, &facts), &mut out)
        }
        VerifyFormat::Sarif => {
            let mut lint = diff_sarif::lint(&seen, &change);
            lint.properties.push(("rules_diff", diff_json::json(&seen, &change.notes)));
            sarif::files(&lint, &mut out)
        }
    })?;
    Ok(exit(&seen, command.fail_on))
}

fn exit(seen: &RulesDiff<'_>, fail_on: Option<DiffFailure>) -> Exit {
    let required = || seen.required.iter().filter(|own| is_required(own));
    let fails_on_admitted = fail_on == Some(DiffFailure::Admitted);
    if required().any(|own| own.change == FlowChange::Lost)
        || (fails_on_admitted && !seen.admitted.is_empty())
    {
        Exit::Violated
    } else if required().any(RequiredChange::may_be_lost)
        || (fails_on_admitted && !seen.undecided.is_empty())
    {
        Exit::Unknown
    } else {
        Exit::Satisfied
    }
}

fn rules_of_the_job(files: &LoadedFiles) -> impl Iterator<Item = &Rule> {
    files.sets.iter().flat_map(RuleSet::rules).filter(|rule| rule.is_kept)
}

/// Whether a flow counts for the exit code. Gateways that nobody listed do not.
pub(super) fn is_required(own: &RequiredChange<'_>) -> bool {
    own.requirement.class == Class::Required
}

impl LoadedChange {
    /// Says which rules of the daily job the change takes away: it may be one of a group that is
    /// written with its rules inside, which nobody meant for them.
    fn note_deletions(&mut self) {
        let names: Vec<&str> = rules_of_the_job(&self.before)
            .filter(|kept| rules_of_the_job(&self.after).all(|other| other.name != kept.name))
            .map(|kept| kept.name.as_str())
            .collect();
        if !names.is_empty() {
            let note = format!(
                "the change deletes what pathproof wrote ({}), and the next daily job writes it \
                 again; {}",
                names.join(", "),
                emit::deleted_by_inline_rules()
            );
            self.notes.push(note);
        }
    }

    fn read(command: &RulesDiffArgs, stdin: &mut Stdin) -> Result<Self> {
        let Some(after) = &command.after else {
            let sides = LoadedFiles::read_change(
                &command.before,
                &command.choice,
                &command.facts.vnet,
                stdin,
            )?;
            let Some([before, after]) = sides else {
                bail!(
                    "{} holds one side of a change: name the rules as they would be too (rules \
                     diff BEFORE AFTER)",
                    command.before.display()
                );
            };
            let notes = LoadedFiles::notes_of_change(&before, &after);
            return Ok(Self { before, after, notes });
        };
        let paths = [command.before.as_path(), after.as_path()];
        let [before, after] =
            LoadedFiles::read_pair(paths, &command.choice, &command.facts.vnet, stdin)?;
        let notes = LoadedFiles::notes_of_change(&before, &after);
        Ok(Self { before, after, notes })
    }
}
