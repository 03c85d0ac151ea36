//! The options of every command that writes a report.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::one_of;
use crate::model::Owner;

/// In which formats, and how much of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is reported")]
pub(in crate::cli) struct FormatArgs {
    #[command(flatten)]
    pub(in crate::cli) owners: OwnerArgs,
    /// The report's format [default: table, or from the extension of --output]
    #[arg(long, short, value_enum, value_name = "FMT")]
    pub(in crate::cli) format: Option<ReportFormat>,
    /// Write the report there (.txt .json .jsonl .md .html .csv .xml .sarif .prom) instead of to
    /// standard output; repeatable
    #[arg(long, short, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) output: Vec<PathBuf>,
    /// In CSV every flow, and not only those that are not as expected
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// In CSV since when each address is known: this ledger's first sighting [default: the run's
    /// start]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ledger: Option<PathBuf>,
}

/// Whose report it is.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is reported")]
pub(in crate::cli) struct OwnerArgs {
    /// Only what that team can fix; the exit code follows what is left; repeatable
    #[arg(long, value_name = "OWNER", value_parser = one_of(&Owner::ALL, Owner::as_str))]
    pub(in crate::cli) owner: Vec<Owner>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// For people, 80 columns and up
    Table,
    /// One object
    Json,
    /// An endpoint a line, as they finish
    Jsonl,
    /// A ticket: what each team has to do
    Markdown,
    /// A page for someone who was not there
    Html,
    /// The change request, a flow a row
    Csv,
    /// A test case an endpoint
    Junit,
    /// For code scanning
    Sarif,
    /// Metrics for a textfile collector
    Prometheus,
}
