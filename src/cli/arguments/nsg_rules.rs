//! The command lines of `rules plan|apply|rollback`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{AzureArgs, MeasuringArgs, TargetArgs, TrustArgs, duration, one_of};
use crate::firewall::ProofLevel;
use crate::nsg_rules::{PriorityChoice, is_job_name, is_rule_name};

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    pub(in crate::cli) planning: PlanningArgs,
    /// Save the plan, for `rules apply`
    #[arg(long, value_name = "PLAN", help_heading = "How it is reported")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// The output's format
    #[arg(long, short, value_enum, default_value = "table", help_heading = "How it is reported")]
    pub(in crate::cli) format: PlanFormat,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE", help_heading = "How it is reported")]
    pub(in crate::cli) output: Option<PathBuf>,
}

/// What should be there, and what is.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is compared")]
pub(in crate::cli) struct PlanningArgs {
    /// The live network security group, by its resource id
    #[arg(long, value_name = "RESOURCE_ID", conflicts_with = "current")]
    pub(in crate::cli) nsg: Option<String>,
    /// The group in a file, as `az network nsg show` prints it; nothing can be applied then
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) current: Option<PathBuf>,
    /// What a run saw: a JSON report, saved records, what `resolve --format json` wrote, or a list;
    /// repeatable: several runtimes behind one group are one rule. Without it the names are
    /// resolved now
    #[arg(long, value_name = "REPORT|RECORDS|FILE", conflicts_with_all = [
        "list", "factory", "region", "workspace", "set", "with", "skip", "service_urls", "runtime",
        "auth_key", "endpoint", "peer", "private", "private_cidr", "self_contained_authoring", "no_gateways",
        "resolver", "deadline", "ipv4", "ipv6", "source", "concurrency",
        "ca_file", "public_roots",
    ])]
    pub(in crate::cli) from: Vec<PathBuf>,
    /// The rule's name; where limits need more rules, they are numbered
    #[arg(long, value_name = "NAME", default_value = "Allow-Azure-Relay", value_parser = rule_name)]
    pub(in crate::cli) rule_name: String,
    /// Its priority. auto: that of the live rule, else a free one from 200 up that comes before the
    /// rules which deny what it allows
    #[arg(long, value_name = "N|auto", default_value = "auto", value_parser = priority)]
    pub(in crate::cli) priority: PriorityChoice,
    /// Where the rule's flows come from: a prefix, or the resource id of an application security
    /// group; repeatable. Without it the live rule's source stays, and a new rule takes *
    #[arg(long, value_name = "CIDR|ASG_ID")]
    pub(in crate::cli) rule_source: Vec<String>,
    /// Who writes the rule, for its description: runs of one job undo only their own addresses
    /// [default: made from the runtime's id, else from the relay namespaces]
    #[arg(long, value_name = "NAME", value_parser = job_name)]
    pub(in crate::cli) job: Option<String>,
    /// Take the rule over although pathproof did not write it, somebody changed it by hand, or
    /// another job writes it
    #[arg(long)]
    pub(in crate::cli) adopt: bool,
    /// Remembers which address was seen when. Without it the live rule's addresses count as seen
    /// now, and none ever leaves the rule
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ledger: Option<PathBuf>,
    /// How long an address stays in the rule after it was last seen
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration::parse)]
    pub(in crate::cli) keep: Duration,
    /// Refuse where more than this share of the live addresses would go
    #[arg(long, value_name = "PERCENT", default_value_t = 50,
        value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(in crate::cli) max_shrink: u8,
    /// How well an address must be proven
    #[arg(long, value_name = "LEVEL", default_value = "published",
        value_parser = one_of(&ProofLevel::ALL, ProofLevel::as_str))]
    pub(in crate::cli) proof: ProofLevel,
    /// Microsoft's weekly service tag JSON [default: an embedded snapshot]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) service_tags: Option<PathBuf>,
    /// Refuse where the service tags are older
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(in crate::cli) max_tags_age: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) targets: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(in crate::cli) trust: TrustArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ApplyArgs {
    /// What `rules plan --out` saved
    #[arg(value_name = "PLAN", conflicts_with_all = [
        "yes", "nsg", "current", "from", "ledger", "out", "rule_source", "job",
    ])]
    pub(in crate::cli) plan: Option<PathBuf>,
    /// Plan and write in one go, without approval: for the daily job
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    /// How old a PLAN may be
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration::parse)]
    pub(in crate::cli) max_age: Duration,
    /// The output's format
    #[arg(long, short, value_enum, default_value = "table", help_heading = "How it is reported")]
    pub(in crate::cli) format: AppliedFormat,
    /// Where to write what puts everything back: a file that is not there yet, or a folder
    /// [default: rollback-NSG-RULE-TIME.json here]
    #[arg(long, value_name = "FILE|FOLDER")]
    pub(in crate::cli) rollback: Option<PathBuf>,
    /// Save the plan too
    #[arg(long, value_name = "PLAN")]
    pub(in crate::cli) out: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) planning: PlanningArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RollbackArgs {
    /// What `rules apply` left
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) azure: AzureArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PlanFormat {
    /// For people: like a diff
    Table,
    /// For programs
    Json,
    /// For a ticket or a change request
    Markdown,
    /// A page that is whole in itself, for those who approve it
    Html,
    /// Variables for a Terraform that owns the group
    TfvarsJson,
    /// Parameters for a Bicep file that owns the group
    BicepParams,
}

impl PlanFormat {
    /// Whether a pipeline takes the output for the rules themselves.
    pub(in crate::cli) const fn is_variables(self) -> bool {
        matches!(self, Self::TfvarsJson | Self::BicepParams)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum AppliedFormat {
    /// For people: like a diff
    Table,
    /// For programs
    Json,
}

fn rule_name(text: &str) -> Result<String, String> {
    if is_rule_name(text) {
        return Ok(text.to_owned());
    }
    Err("expected at most 75 letters, digits, '_', '.' and '-', a letter or digit first, a letter, \
         digit or '_' last"
        .to_owned())
}

fn job_name(text: &str) -> Result<String, String> {
    if is_job_name(text) {
        return Ok(text.to_owned());
    }
    Err("expected at most 24 letters, digits, '-', '_' and '.'".to_owned())
}

fn priority(text: &str) -> Result<PriorityChoice, String> {
    if text == "auto" {
        return Ok(PriorityChoice::Auto);
    }
    text.parse()
        .ok()
        .filter(|number| (100..=4096).contains(number))
        .map(PriorityChoice::At)
        .ok_or_else(|| "expected auto, or a number from 100 to 4096".to_owned())
}
