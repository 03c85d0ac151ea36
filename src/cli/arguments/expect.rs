//! The rules that a run is held against.

use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;

use super::rules::{members, network};

/// Rules, and what their files do not say.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "How it is reported")]
pub(in crate::cli) struct ExpectArgs {
    /// Say of each endpoint what these rules predict beside what was measured (files as for `rules
    /// verify`); repeatable: a flow passes all of them, as those of subnet and network interface
    #[arg(long, value_name = "RULES", conflicts_with = "redact")]
    pub(in crate::cli) expect: Vec<PathBuf>,
    /// What the tag VirtualNetwork holds in the rules of --expect; repeatable
    #[expect(clippy::doc_markdown, reason = "help text, where backticks would show")]
    #[arg(long, value_name = "CIDR", value_parser = network, requires = "expect")]
    pub(in crate::cli) vnet: Vec<IpNet>,
    /// An application security group's members, for the rules of --expect; repeatable
    #[arg(long, value_name = "NAME=CIDR", value_parser = members, requires = "expect")]
    pub(in crate::cli) asg: Vec<(String, IpNet)>,
    /// One of several groups in a file of --expect; repeatable
    #[arg(long, value_name = "NAME", requires = "expect", conflicts_with = "in_a_row")]
    pub(in crate::cli) group: Vec<String>,
    /// A flow passes all groups of a file of --expect
    #[arg(long, requires = "expect")]
    pub(in crate::cli) in_a_row: bool,
}
