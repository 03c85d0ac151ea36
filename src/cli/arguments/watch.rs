//! The command line of `watch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{
    DiscoveryArgs, FailOnArg, MeasuringArgs, RedactionArgs, TargetArgs, TrustArgs, duration,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct WatchArgs {
    /// From the beginning of one round to that of the next; a round that takes longer is followed
    /// at once
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration::parse)]
    pub(in crate::cli) every: Duration,
    /// Begin no round after this long [default: until it is interrupted]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    pub(in crate::cli) long: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) targets: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) discovery: DiscoveryArgs,
    #[command(flatten)]
    pub(in crate::cli) measuring: MeasuringArgs,
    /// Ask no host that a certificate names (for revocation lists and OCSP)
    #[arg(long, help_heading = "How it is measured")]
    pub(in crate::cli) no_revocation: bool,
    #[command(flatten)]
    pub(in crate::cli) trust: TrustArgs,
    /// Microsoft's weekly service tag JSON, by which addresses are judged to be Azure's [default:
    /// an embedded snapshot of its cloud]
    #[arg(long, value_name = "FILE", help_heading = "How it is reported")]
    pub(in crate::cli) service_tags: Option<PathBuf>,
    /// What makes the exit code non-zero in the last round: this and what is worse (warn, unknown,
    /// fail)
    #[arg(long, value_enum, default_value = "unknown", help_heading = "How it is reported")]
    pub(in crate::cli) fail_on: FailOnArg,
    /// How a change is written
    #[arg(
        long,
        short,
        value_enum,
        value_name = "FMT",
        default_value = "text",
        help_heading = "How it is reported"
    )]
    pub(in crate::cli) format: WatchFormat,
    /// Write a page with every endpoint over time there (.html), anew after each round that changed
    /// something; or the metrics of each round (.prom)
    #[arg(long, short, value_name = "FILE", help_heading = "How it is reported")]
    pub(in crate::cli) output: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) redaction: RedactionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum WatchFormat {
    /// A line a change, for people
    Text,
    /// An object a line
    Jsonl,
    /// A line a change, and the metrics of each round in the file of --output
    Prometheus,
}
