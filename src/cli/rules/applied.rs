//! What `rules apply` and `rules rollback` report at their end: the outcome of each change, as text
//! or as `pathproof.applied/1`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::cli::arguments::AppliedFormat;
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::output;
use crate::model::visible;
use crate::nsg_rules::{GuardRefusal, RefusalDocument, RuleStep, StepOutcome, ToolVersion, Work};

/// How the command ended.
#[derive(Debug)]
pub(super) struct Applied {
    exit: Exit,
    changes: Vec<ChangeResult>,
    refusals: Vec<RefusalDocument>,
    /// Why there was nothing to do, where the plan was not shown.
    unchanged: Option<&'static str>,
    error: Option<String>,
    /// The identity that was used.
    signed_in: Option<String>,
    rollback: Option<PathBuf>,
}

/// The outcome of one change.
#[derive(Debug, Serialize)]
struct ChangeResult {
    name: String,
    change: &'static str,
    outcome: &'static str,
    /// What the last read of the rule showed, where the outcome is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
}

impl ChangeResult {
    fn new(step: &RuleStep, outcome: &StepOutcome) -> Self {
        Self {
            name: step.name.clone(),
            change: step.action().as_str(),
            outcome: outcome.as_str(),
            found: match outcome {
                StepOutcome::Undecided { found } => Some(found.clone()),
                StepOutcome::Done | StepOutcome::NotDone => None,
            },
        }
    }
}

#[derive(Serialize)]
struct AppliedDocument<'a> {
    schema: &'static str,
    tool: ToolVersion,
    changes: &'a [ChangeResult],
    refusals: &'a [RefusalDocument],
    error: Option<&'a str>,
    rollback: Option<String>,
}

impl Applied {
    /// There was nothing to write.
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

    /// Guards refused `steps` before anything was written.
    pub(super) fn refused(steps: &[RuleStep], refusals: Vec<RefusalDocument>) -> Self {
        let not_done = |step| ChangeResult::new(step, &StepOutcome::NotDone);
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
        stopped: Option<StopReason>,
        signed_in: Option<String>,
        rollback: Option<PathBuf>,
    ) -> Self {
        for note in work.notes() {
            hint::hint(note);
        }
        let (exit, refusals, error) = match stopped {
            None => (Exit::Satisfied, Vec::new(), None),
            Some(StopReason::Refused(refusal)) => (Exit::Refused, vec![(&refusal).into()], None),
            Some(StopReason::Failed(error)) => (Exit::CouldNotWork, Vec::new(), Some(error)),
        };
        Self {
            exit,
            changes: work
                .outcomes()
                .map(|(step, outcome)| ChangeResult::new(step, outcome))
                .collect(),
            refusals,
            unchanged: None,
            error,
            signed_in,
            rollback,
        }
    }

    /// Writes the report, and gives the exit code.
    pub(super) fn report(self, format: AppliedFormat) -> Result<Exit> {
        output::write(None, |out| match format {
            AppliedFormat::Table => out.write_all(self.text().as_bytes()),
            AppliedFormat::Json => {
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

    fn document(&self) -> AppliedDocument<'_> {
        AppliedDocument {
            schema: "pathproof.applied/1",
            tool: ToolVersion::this(),
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
        // Where a guard refused before the first write, its message says so.
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

/// Why the changes were not made to their end.
pub(super) enum StopReason {
    /// A guard refused a later change.
    Refused(GuardRefusal),
    /// Something failed; in words.
    Failed(String),
}
