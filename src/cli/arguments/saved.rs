//! The command lines of `report diff|merge|render`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Command, Subcommand, ValueEnum};

use super::{FormatArgs, OwnerArgs, RedactionArgs, ReportFormat};

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: ReportCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ReportCommand {
    /// Before and after: regressions, recoveries, other addresses, issuers, routes and times;
    /// exit code 1 on a regression
    Diff(DiffArgs),
    /// Several hosts side by side: what the failing ones share and the others do not, then those
    /// with the same findings together, differences first
    Merge(MergeArgs),
    /// Any format but the table from a saved JSON report; ends as its run did. The table is made
    /// from records (replay)
    Render(RenderArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DiffArgs {
    /// The earlier JSON report; `-` reads standard input
    pub(in crate::cli) before: PathBuf,
    /// The later one
    pub(in crate::cli) after: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) showing: ShowingArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArgs {
    /// JSON reports, or folders of them (every .json file in a folder, none below it)
    #[arg(required = true, value_name = "REPORT|DIR")]
    pub(in crate::cli) reports: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) showing: ShowingArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RenderArgs {
    /// What `--format json` wrote; `-` reads standard input
    pub(in crate::cli) report: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) formats: FormatArgs,
    #[command(flatten)]
    pub(in crate::cli) redaction: RedactionArgs,
}

/// What `report render` says of the formats: it has no default, for a saved report does not hold
/// what the table is made from. `table` is still read, so that the command can say what makes one.
pub(super) fn without_table(render: Command) -> Command {
    let words = ReportFormat::value_variants().iter().filter_map(|format| {
        Some(format.to_possible_value()?.hide(*format == ReportFormat::Table))
    });
    let format =
        PossibleValuesParser::new(words).try_map(|word| ReportFormat::from_str(&word, false));
    render
        .mut_arg("format", |arg| {
            arg.value_parser(format)
                .help("The report's format [default: from the extension of --output]")
        })
        .mut_arg("output", |arg| {
            arg.help(
                "Write the report there (.json .jsonl .md .html .csv .xml .sarif .prom) instead of \
                 to standard output; repeatable",
            )
        })
}

/// How it is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is reported")]
pub(in crate::cli) struct ShowingArgs {
    #[command(flatten)]
    pub(in crate::cli) owners: OwnerArgs,
    /// How it is written [default: table, or from the extension of --output]
    #[arg(long, short, value_enum, value_name = "FMT")]
    pub(in crate::cli) format: Option<SavedFormat>,
    /// Write it there (.txt .json, of merge .md .html) instead of to standard output; repeatable
    #[arg(long, short, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) output: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) redaction: RedactionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SavedFormat {
    /// For people, 80 columns and up
    Table,
    /// One object
    Json,
    /// Of merge: a ticket
    Markdown,
    /// Of merge: a page of hosts and endpoints
    Html,
}

impl From<SavedFormat> for ReportFormat {
    fn from(given: SavedFormat) -> Self {
        match given {
            SavedFormat::Table => Self::Table,
            SavedFormat::Json => Self::Json,
            SavedFormat::Markdown => Self::Markdown,
            SavedFormat::Html => Self::Html,
        }
    }
}
