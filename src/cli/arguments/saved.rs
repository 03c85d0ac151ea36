//! The command lines of `report diff|merge`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::ReportFormat;
use crate::model::Owner;

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
    /// Several hosts side by side: those with the same findings together, differences first
    Merge(MergeArgs),
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

/// How it is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is reported")]
pub(in crate::cli) struct ShowingArgs {
    /// Leave only what that team can fix: dns, firewall, proxy, host, azure, data-platform, nobody
    #[arg(long, value_name = "OWNER", value_parser = owner)]
    pub(in crate::cli) owner: Option<Owner>,
    /// table, json or, of merge, html [default: table, or from the extension of --output]
    #[arg(long, short, value_name = "FMT", value_parser = format)]
    pub(in crate::cli) format: Option<ReportFormat>,
    /// Write it there (.txt .json .html) instead of to standard output; repeatable
    #[arg(long, short, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) output: Vec<PathBuf>,
}

fn owner(text: &str) -> Result<Owner, String> {
    Owner::ALL
        .into_iter()
        .find(|owner| owner.as_str() == text)
        .ok_or_else(|| format!("expected one of {}", Owner::ALL.map(Owner::as_str).join(", ")))
}

fn format(text: &str) -> Result<ReportFormat, String> {
    match text {
        "table" => Ok(ReportFormat::Table),
        "json" => Ok(ReportFormat::Json),
        "html" => Ok(ReportFormat::Html),
        _ => Err("expected table, json or html".to_owned()),
    }
}
