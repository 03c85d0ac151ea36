//! What is looked at on this host.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Whether the names that the runtime on this host uses are looked for, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is probed")]
pub(in crate::cli) struct DiscoveryArgs {
    /// Where no names are given, take those that the runtime on this host uses, from its
    /// configuration, its event log and the DNS cache
    #[arg(long, value_enum, default_value = "yes")]
    pub(in crate::cli) discover: YesOrNo,
    /// Take them from this exported event log instead (XML of wevtutil, or text); repeatable
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) events: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum YesOrNo {
    Yes,
    No,
}
