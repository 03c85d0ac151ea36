//! `demo`: a tour on loopback, and the report that a user would get of it.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context, Result};

use super::arguments::{
    DemoArgs, ExpectArgs, FailOnArg, RedactionArgs, ReportFormat, ReportingArgs,
};
use super::check::{self, ReportPlan};
use super::exit::Exit;
use super::progress::Bar;
use super::service_tag_ranges::ServiceTagRanges;
use super::{formats, hint, output};
use crate::demo::{self, StagedOutcome};

/// What is told before anything is measured.
const INTRODUCTION: &str = "\
A tour on this computer's loopback interface: a staged host of the runtime, what
is wrong between it and Azure, and the report that finds it. No packet goes to
any network.

Real    The program, DNS packets, TCP connections, TLS handshakes, certificates,
        HTTP, and everything that is concluded of them.
Staged  The names, and who answers for them: a server on 127.0.0.1 plays each
        address, and what a firewall drops is waited for and never sent.
";
/// What is told where a table follows.
const HOW_TO_READ: &str = "\
The report says first what the runtime could do, then what each team has to do,
then of each endpoint its cause, how certain that is, and what was seen.
";
/// What is told last.
const NEXT: &str = "\
Next
  pathproof demo --output demo.html                 the same report as a page
  pathproof explain tcp_timeout                     what a cause means
  pathproof check --factory NAME --region REGION    from a host of the runtime
";

pub(super) fn demo(command: DemoArgs) -> Result<Exit> {
    let DemoArgs { formats, verbose } = command;
    let plan = ReportPlan {
        destinations: output::destinations(formats.format, &formats.output)?,
        csv: formats::csv_options(&formats)?,
        rules: None,
    };
    let on_stdout = plan.destinations.iter().find(|one| one.path.is_none());
    let tour = match on_stdout.map(|one| one.format) {
        // Other programs read what is there.
        Some(format) if format != ReportFormat::Table => TourOutput::Stderr,
        shown => TourOutput::Stdout { is_around_table: shown.is_some() },
    };
    tour.begin()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let bar = Bar::of_probes(false);
    let mut records = runtime.block_on(demo::run(|progress| bar.note(&progress)))?;
    drop(bar);
    records.run.kept_in = check::kept_in(None, &plan.destinations);
    let published = ServiceTagRanges::default();
    let conclusion = check::conclude(&records, &published);
    let outcomes = demo::compare(&records.records, &conclusion.verdicts);
    let reporting = ReportingArgs {
        fail_on: FailOnArg::Unknown,
        service_tags: None,
        baseline: None,
        expected: ExpectArgs::default(),
        formats,
        verbose,
        redaction: RedactionArgs { redact: false, redact_key: None },
    };
    // How the staged host fares is in the report; how this command ends is what was staged.
    let reported = check::report(&records, &published, &plan, &reporting, None, None);
    tour.end(&outcomes)?;
    Ok(match reported {
        Exit::CouldNotWork => reported,
        _ if outcomes.iter().all(StagedOutcome::is_as_staged) => Exit::Satisfied,
        _ => Exit::Violated,
    })
}

/// Where the tour is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TourOutput {
    Stdout { is_around_table: bool },
    Stderr,
}

impl TourOutput {
    fn begin(self) -> Result<()> {
        match self {
            Self::Stdout { is_around_table: true } => {
                self.say(&format!("{INTRODUCTION}\n{HOW_TO_READ}\n"))
            }
            Self::Stdout { is_around_table: false } | Self::Stderr => {
                self.say(&format!("{INTRODUCTION}\n"))
            }
        }
    }

    fn end(self, outcomes: &[StagedOutcome]) -> Result<()> {
        let before = if self == (Self::Stdout { is_around_table: true }) { "\n" } else { "" };
        self.say(&format!("{before}{}\n{NEXT}", told(outcomes, self.has_color())))
    }

    fn say(self, text: &str) -> Result<()> {
        match self {
            Self::Stdout { .. } => output::write_table(None, text),
            Self::Stderr => {
                if !hint::is_quiet() {
                    // There is nobody left to tell where it is closed.
                    let _ = anstream::stderr().lock().write_all(text.as_bytes());
                }
                Ok(())
            }
        }
    }

    fn has_color(self) -> bool {
        // On standard error anstream takes it out where nobody sees it.
        self == Self::Stderr || output::style(None).1
    }
}

/// What was staged, and what the program said of it, in lines of at most 80 columns.
fn told(outcomes: &[StagedOutcome], has_color: bool) -> String {
    let heading = "What was staged, and what the program said of it";
    let mut text = format!("{}\n", painted("1", heading, has_color));
    for outcome in outcomes {
        let staged = outcome.staged;
        let (word, color) = if outcome.is_as_staged() { ("ok", "32") } else { ("NOT", "1;31") };
        let word = painted(color, &format!("{word:<4}"), has_color);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{word}{:<30}{}", outcome.said(), staged.host);
        let _ = writeln!(text, "    {}", staged.story);
        if !outcome.is_as_staged() {
            let _ = writeln!(text, "    this was to be {}", outcome.expected());
        }
    }
    let n_of = |is_fault: bool| {
        let of_kind = outcomes.iter().filter(|one| one.staged.expected.is_some() == is_fault);
        (of_kind.clone().filter(|one| one.is_as_staged()).count(), of_kind.count())
    };
    let ((n_named, n_faults), (n_passed, n_working)) = (n_of(true), n_of(false));
    let _ = writeln!(
        text,
        "\n{n_named} of {n_faults} faults got their cause, and {n_passed} of {n_working} that work \
         passed."
    );
    text
}

fn painted(color: &str, text: &str, has_color: bool) -> String {
    if has_color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::STAGE;
    use crate::model::{Cause, Status};

    #[test]
    fn the_tour_fits_a_terminal_of_80_columns() {
        let outcomes: Vec<_> = STAGE
            .iter()
            .map(|staged| StagedOutcome { staged, concluded: Some((Status::Pass, None)) })
            .collect();
        for text in [INTRODUCTION, HOW_TO_READ, NEXT, &told(&outcomes, false)] {
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn a_fault_without_its_cause_is_told() {
        let staged = STAGE.iter().find(|one| one.expected == Some(Cause::TcpTimeout)).unwrap();
        let text = |cause| {
            told(&[StagedOutcome { staged, concluded: Some((Status::Fail, Some(cause))) }], false)
        };
        let right = text(Cause::TcpTimeout);
        assert!(right.contains("ok  tcp_timeout") && right.contains("1 of 1 faults"), "{right}");
        let wrong = text(Cause::TcpRefused);
        assert!(wrong.contains("NOT tcp_refused"), "{wrong}");
        assert!(wrong.contains("this was to be tcp_timeout"), "{wrong}");
        assert!(wrong.contains("0 of 1 faults got their cause"), "{wrong}");
    }
}
