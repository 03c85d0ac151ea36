//! The command lines of `ledger`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::duration;

#[derive(Debug, Args)]
pub(in crate::cli) struct LedgerArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LedgerCommand {
    /// What is remembered, for people
    Show {
        #[command(flatten)]
        file: LedgerFileArgs,
    },
    /// The same for programs
    Export {
        #[command(flatten)]
        file: LedgerFileArgs,
        /// The output's format
        #[arg(long, short, value_enum, default_value = "csv")]
        format: LedgerFormat,
        /// Write it there instead of to standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Forget what was not seen for a while
    Prune {
        #[command(flatten)]
        file: LedgerFileArgs,
        /// Keep what was seen since; at least as long as --keep of the plan
        #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration::parse)]
        keep: Duration,
    },
}

/// Which ledger.
#[derive(Debug, Args)]
pub(in crate::cli) struct LedgerFileArgs {
    /// The ledger
    #[arg(value_name = "FILE", required_unless_present = "ledger", conflicts_with = "ledger")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The same, as `rules plan` calls it
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ledger: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LedgerFormat {
    /// Comma-separated values
    Csv,
    /// One object
    Json,
}
