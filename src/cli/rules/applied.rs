//! What `rules apply` and `rules rollback` say at their end: what became of each change, for people
//! or as `pathproof.applied/1`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::cli::arguments::PlanFormat;
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::output;
use crate::model::visible;
use crate::nsg_rules::{Outcome, Refusal, RefusalDocument, Step, Tool, Work};

/// How it ended.
#[derive(Debug)]
pub(super) struct Applied {
    exit: Exit,
    changes: Vec<Made>,
    refusals: Vec<RefusalDocument>,
    /// A sentence where nothing had to be done.
    unchanged: Option<&'static str>,
    error: Option<String>,
    /// Whose rights were used.
    signed_in: Option<String>,
    rollback: Option<PathBuf>,
}

/// One change of one rule.
#[derive(Debug, Serialize)]
struct Made {
    name: String,
    change: &'static str,
    outcome: &'static str,
    /// Of what is undecided: what was found when the rule was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
}

impl Made {
    fn new(step: &Step, outcome: &Outcome) -> Self {
        Self {
            name: step.name.clone(),
            change: step.action().as_str(),
            outcome: outcome.as_str(),
            found: match outcome {
                Outcome::Undecided { found } => Some(found.clone()),
                Outcome::Done | Outcome::NotDone => None,
            },
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    changes: &'a [Made],
    refusals: &'a [RefusalDocument],
    error: Option<&'a str>,
    rollback: Option<String>,
}

impl Applied {
    /// There was nothing to write; why, where the plan was not shown.
    pub(super) const fn unchanged(why: Option<&'static str>) -> Self {
        Self {
            exit: Exit::Satisfied,
            changes: Vec::new(),
            refusals: Vec::new(),
            unchanged: why,
            error: None,
            signed_in: None,
            rollback: None,
        }
    }

    /// Guards spoke against `steps` before anything was written.
    pub(super) fn refused(steps: &[Step], refusals: Vec<RefusalDocument>) -> Self {
        let not_done = |step| Made::new(step, &Outcome::NotDone);
        Self {
            exit: Exit::Refused,
            changes: steps.iter().map(not_done).collect(),
            refusals,
            unchanged: None,
            error: None,
            signed_in: None,
            rollback: None,
        }
    }

    /// Something was written, or could not be.
    pub(super) fn worked(
        work: &Work<'_>,
        stopped: Option<Problem>,
        signed_in: Option<String>,
        rollback: Option<PathBuf>,
    ) -> Self {
        for note in work.notes() {
            hint::hint(note);
        }
        let (exit, refusals, error) = match stopped {
            None => (Exit::Satisfied, Vec::new(), None),
            Some(Problem::Refused(refusal)) => (Exit::Refused, vec![(&refusal).into()], None),
            Some(Problem::Failed(error)) => (Exit::CouldNotWork, Vec::new(), Some(error)),
        };
        Self {
            exit,
            changes: work.outcomes().map(|(step, outcome)| Made::new(step, outcome)).collect(),
            refusals,
            unchanged: None,
            error,
            signed_in,
            rollback,
        }
    }

    /// Says it.
    pub(super) fn report(self, format: PlanFormat) -> Result<Exit> {
        output::write(None, |out| match format {
            PlanFormat::Table => out.write_all(self.text().as_bytes()),
            PlanFormat::Json => {
                serde_json::to_writer_pretty(&mut *out, &self.document())?;
                out.write_all(b"\n")
            }
        })?;
        let nothing = if self.rollback.is_none() { "; nothing was written" } else { "" };
        for RefusalDocument { guard, message } in &self.refusals {
            let (guard, message) = (visible(guard), visible(message));
            hint::error(&anyhow::anyhow!("refused ({guard}): {message}{nothing}"));
        }
        if let Some(error) = self.error {
            hint::error(&anyhow::Error::msg(error));
        }
        Ok(self.exit)
    }

    fn document(&self) -> Document<'_> {
        Document {
            schema: "pathproof.applied/1",
            tool: Tool::this(),
            changes: &self.changes,
            refusals: &self.refusals,
            error: self.error.as_deref(),
            rollback: self.rollback.as_ref().map(|path| path.display().to_string()),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(line) = &self.signed_in {
            let _ = writeln!(text, "{line}");
        }
        if let Some(why) = self.unchanged {
            let _ = writeln!(text, "nothing to do: {why}");
        }
        // What a guard refused before the first write is said by the guard.
        let is_begun = self.signed_in.is_some();
        for made in self.changes.iter().filter(|_| is_begun) {
            let outcome = made.outcome.replace('_', " ");
            let _ = write!(text, "{outcome}: {} {}", made.change, visible(&made.name));
            match &made.found {
                Some(found) => {
                    let _ = writeln!(text, " (when last looked, {})", visible(found));
                }
                None => text.push('\n'),
            }
        }
        if let Some(path) = &self.rollback {
            let path = path.to_string_lossy();
            let _ = writeln!(text, "to go back: pathproof rules rollback {}", visible(&path));
        }
        if is_begun && self.changes.iter().any(|made| made.outcome != "done") {
            text.push_str(if self.refusals.is_empty() {
                "to go on: run the same command again; it begins where this one ended\n"
            } else {
                "to go on: plan again\n"
            });
        }
        text
    }
}

/// Why the work stopped.
pub(super) enum Problem {
    /// A guard, in the middle of it.
    Refused(Refusal),
    /// Anything else.
    Failed(String),
}
