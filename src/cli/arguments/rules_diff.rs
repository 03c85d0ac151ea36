//! The command line of `rules diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{GroupChoiceArgs, RuleFactArgs, ServiceTagArgs, VerifyFormat};

#[derive(Debug, Args)]
pub(in crate::cli) struct RulesDiffArgs {
    /// The rules as they are: what `rules verify` reads. A file that holds both sides stands alone
    #[arg(value_name = "BEFORE")]
    pub(in crate::cli) before: PathBuf,
    /// The rules as they would be; what is on both sides, where BEFORE holds both
    #[arg(value_name = "AFTER")]
    pub(in crate::cli) after: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) facts: RuleFactArgs,
    #[command(flatten)]
    pub(in crate::cli) choice: GroupChoiceArgs,
    /// What is required: a JSON report, saved records, what `resolve --format json` wrote; `-`
    /// reads standard input
    #[arg(long, value_name = "REPORT|RECORDS")]
    pub(in crate::cli) from: Option<PathBuf>,
    /// What is required, as flows: CSV as for `rules decide`
    #[arg(long, value_name = "FILE|-", conflicts_with = "from")]
    pub(in crate::cli) flows: Option<PathBuf>,
    /// A gateway of a relay that is not let through any more is lost, though nobody listed it
    #[arg(long)]
    pub(in crate::cli) require_gateways: bool,
    #[command(flatten)]
    pub(in crate::cli) world: ServiceTagArgs,
    /// What else ends with 1, beside required flows that are lost
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "How it is reported")]
    pub(in crate::cli) fail_on: Option<DiffFailure>,
    /// The output's format
    #[arg(short, long, value_enum, default_value = "table", help_heading = "How it is reported")]
    pub(in crate::cli) format: VerifyFormat,
    /// Write it there instead of to standard output
    #[arg(short, long, value_name = "FILE", help_heading = "How it is reported")]
    pub(in crate::cli) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DiffFailure {
    /// Addresses are let through that were not
    Admitted,
}
