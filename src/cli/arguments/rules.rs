//! The command lines of `rules` and `tags`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use ipnet::IpNet;

use super::{AzureArgs, CloudArg, MeasuringArgs, TargetArgs, TrustArgs, duration, one_of};
use crate::firewall::ProofLevel;
use crate::firewall::emit::{Aggregation, RuleFormat};

#[derive(Debug, Args)]
pub(in crate::cli) struct RulesArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RulesCommand {
    /// What becomes of each flow, and by which rule
    Decide(DecideArgs),
    /// Whether all that is required is let through, and what else is
    Verify(VerifyArgs),
    /// What a change of rules does: required flows lost and gained, and what else it lets through
    Diff(super::RulesDiffArgs),
    /// Write rules for what a run saw: all that it requires, or the entries and names of `--only`
    Emit(Box<EmitArgs>),
    /// Compare the rule of a live network security group with what it should hold
    Plan(Box<super::PlanArgs>),
    /// Write what was planned, if nothing changed since; read it back
    Apply(Box<super::ApplyArgs>),
    /// Put back what was there before
    Rollback(super::RollbackArgs),
}

/// What is known of the world around the rules.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is known")]
pub(in crate::cli) struct ServiceTagArgs {
    /// Microsoft's weekly service tag JSON [default: an embedded snapshot of the tags that a
    /// runtime's rules name]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) service_tags: Option<PathBuf>,
    /// Whose embedded snapshot [default: inferred from the names, else public]
    #[arg(long, value_enum)]
    pub(in crate::cli) cloud: Option<CloudArg>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DecideArgs {
    #[command(flatten)]
    pub(in crate::cli) inputs: RuleFileArgs,
    /// The flows, CSV: destination,port,protocol[,source][,direction], or in the order of a head
    /// line (which may say address for destination); `-` reads standard input
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) flows: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) world: ServiceTagArgs,
    /// The output's format
    #[arg(long, short, value_enum, default_value = "table", help_heading = "How it is reported")]
    pub(in crate::cli) format: DecideFormat,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE", help_heading = "How it is reported")]
    pub(in crate::cli) output: Option<PathBuf>,
}

/// The rules.
#[derive(Debug, Args)]
pub(in crate::cli) struct RuleFileArgs {
    /// Rules: a network security group, effective rules, an ARM template, rule collection groups,
    /// or a list of addresses and names; several are in a row (subnet and network interface). IP
    /// groups and a template's parameter file may stand beside them
    #[arg(required = true, value_name = "RULES")]
    pub(in crate::cli) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) facts: RuleFactArgs,
    #[command(flatten)]
    pub(in crate::cli) choice: GroupChoiceArgs,
}

/// What the files of rules do not say.
#[derive(Debug, Args)]
pub(in crate::cli) struct RuleFactArgs {
    /// What the tag VirtualNetwork holds: the network's own prefixes, its peers', and what it is
    /// connected to; repeatable. Azure's own routes lead there beside a route table. Without it
    /// private destinations may or may not be
    #[expect(clippy::doc_markdown, reason = "help text, where backticks would show")]
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub(in crate::cli) vnet: Vec<IpNet>,
    /// Where flows leave from that do not say it themselves; wins over what the evidence says;
    /// repeatable
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub(in crate::cli) source_address: Vec<IpNet>,
    /// An application security group's members; repeatable, also for one group
    #[arg(long, value_name = "NAME=CIDR", value_parser = members)]
    pub(in crate::cli) asg: Vec<(String, IpNet)>,
}

/// Which of the groups in a file a flow passes.
#[derive(Debug, Args)]
pub(in crate::cli) struct GroupChoiceArgs {
    /// One of several groups in a file: NAME, or RESOURCE-GROUP/NAME; repeatable
    #[arg(long, value_name = "NAME", conflicts_with = "in_a_row")]
    pub(in crate::cli) group: Vec<String>,
    /// A flow passes all groups of a file, as those of a subnet and a network interface
    #[arg(long)]
    pub(in crate::cli) in_a_row: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    pub(in crate::cli) inputs: RuleFileArgs,
    /// What is required: a JSON report, saved records, what `resolve --format json` wrote; `-`
    /// reads standard input
    #[arg(long, value_name = "REPORT|RECORDS", required_unless_present = "flows")]
    pub(in crate::cli) from: Option<PathBuf>,
    /// What is required, as flows: CSV as for `rules decide`
    #[arg(long, value_name = "FILE|-", conflicts_with = "from")]
    pub(in crate::cli) flows: Option<PathBuf>,
    /// A gateway of a relay that is not let through is a gap, though nobody listed it
    #[arg(long)]
    pub(in crate::cli) require_gateways: bool,
    #[command(flatten)]
    pub(in crate::cli) world: ServiceTagArgs,
    /// The output's format
    #[arg(long, short, value_enum, default_value = "table", help_heading = "How it is reported")]
    pub(in crate::cli) format: VerifyFormat,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE", help_heading = "How it is reported")]
    pub(in crate::cli) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EmitArgs {
    /// What a run saw: a JSON report, saved records, what `resolve --format json` wrote; or a list
    /// of addresses and names; `-` reads standard input. Without it this host resolves and proves
    /// first, as `check` does
    #[arg(long, value_name = "REPORT|RECORDS|FILE", conflicts_with_all = PROBED)]
    pub(in crate::cli) from: Option<PathBuf>,
    /// The rules' format
    #[arg(long, short, value_name = "FMT", required_unless_present = "bundle",
        value_parser = one_of(RuleFormat::ALL, RuleFormat::as_str))]
    pub(in crate::cli) format: Option<RuleFormat>,
    /// Write all that a change needs into a folder, with an index: the rules in every format, the
    /// report as pages and tables, how to test and how to undo it. The folder must be new, empty or
    /// such a bundle
    #[arg(long, value_name = "DIR", conflicts_with_all = ["format", "output"])]
    pub(in crate::cli) bundle: Option<PathBuf>,
    /// `exact`, or /N: IPv4 prefixes no longer than that
    #[arg(long, value_name = "exact|/N", default_value = "exact", value_parser = aggregation)]
    pub(in crate::cli) aggregate: Aggregation,
    /// The first rule's name; others are numbered [default: after what the rules hold]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<String>,
    /// For azure-firewall: network rules of addresses instead of application rules of names
    #[arg(long)]
    pub(in crate::cli) addresses: bool,
    /// No names of gateways that are not assigned yet, which `--only relay` writes as a reserve
    #[arg(long)]
    pub(in crate::cli) assigned_only: bool,
    /// The first rule's priority; others count up
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(in crate::cli) priority: u32,
    /// How well an address must be proven
    #[arg(long, value_name = "LEVEL", default_value = "published",
        value_parser = one_of(&ProofLevel::ALL, ProofLevel::as_str))]
    pub(in crate::cli) proof: ProofLevel,
    /// Microsoft's weekly service tag JSON [default: an embedded snapshot of the tags that a
    /// runtime's rules name]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) service_tags: Option<PathBuf>,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) probing: ProbingArgs,
}

/// What is resolved and proven first where no run is given. `--only` and `--cloud` mean the same
/// with one.
#[derive(Debug, Args)]
pub(in crate::cli) struct ProbingArgs {
    #[command(flatten)]
    pub(in crate::cli) targets: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(in crate::cli) trust: TrustArgs,
}

/// The options of [`ProbingArgs`] that mean nothing beside what a run saw.
const PROBED: [&str; 25] = [
    "list",
    "factory",
    "region",
    "workspace",
    "set",
    "with",
    "skip",
    "service_urls",
    "runtime",
    "auth_key",
    "endpoint",
    "peer",
    "private",
    "private_cidr",
    "self_contained_authoring",
    "no_gateways",
    "resolver",
    "timeout",
    "deadline",
    "ipv4",
    "ipv6",
    "source",
    "concurrency",
    "ca_file",
    "public_roots",
];

#[derive(Debug, Args)]
pub(in crate::cli) struct TagsArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: TagsCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TagsCommand {
    /// Which tags hold an address or a prefix; which prefixes a tag holds
    Lookup {
        /// Addresses, prefixes and names of tags
        #[arg(required = true, value_name = "ADDRESS|CIDR|TAG")]
        subjects: Vec<String>,
        #[command(flatten)]
        world: ServiceTagArgs,
        /// The output's format
        #[arg(long, short, value_enum, default_value = "table")]
        format: TagsFormat,
    },
    /// What changed between two service tag files
    Diff {
        /// The older file
        old: PathBuf,
        /// The newer file
        new: PathBuf,
        /// Only this tag and its regions; repeatable
        #[arg(long, value_name = "TAG")]
        only: Vec<String>,
        /// The output's format
        #[arg(long, short, value_enum, default_value = "table")]
        format: TagsFormat,
    },
    /// Put a newer service tag file in the place of an older one: checked first, never half
    /// written, never back to an older release
    Update(TagsUpdateArgs),
}

/// A newer release and where it is kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct TagsUpdateArgs {
    /// The newer file; `-` reads standard input
    #[arg(long, value_name = "FILE|-", required_unless_present = "subscription",
        conflicts_with_all = ["subscription", "location", "cloud"])]
    pub(in crate::cli) from: Option<PathBuf>,
    /// Ask the Service Tag Discovery API, as this subscription sees it
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) subscription: Option<String>,
    /// Where the API reads the release, which holds all regions [default: westeurope, or a region
    /// of the cloud]
    #[arg(long, value_name = "REGION", requires = "subscription")]
    pub(in crate::cli) location: Option<String>,
    /// The subscription's cloud [default: public]
    #[arg(long, value_enum)]
    pub(in crate::cli) cloud: Option<CloudArg>,
    /// The file to keep up to date: what --service-tags is given
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: PathBuf,
    /// Where it cannot be renewed, end with 0 all the same while the file that is there is not
    /// older: for a daily job
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(in crate::cli) max_age: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) azure: AzureArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DecideFormat {
    /// For people
    Table,
    /// A flow a line
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum VerifyFormat {
    /// For people
    Table,
    /// One object
    Json,
    /// For a ticket or a change request
    Markdown,
    /// A page that is whole in itself
    Html,
    /// SARIF 2.1.0, for code hosts and editors: each finding at the line of its rule
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TagsFormat {
    /// For people
    Table,
    /// One object
    Json,
}

/// Reads a prefix, or an address alone.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(net) = text.parse() {
        return Ok(net);
    }
    let (address, length) =
        text.split_once('/').map_or((text, None), |(it, rest)| (it, Some(rest)));
    match (address.parse::<IpAddr>(), length) {
        (Ok(address), None) => Ok(address.into()),
        (Ok(address), Some(length)) => {
            let longest = IpNet::from(address).max_prefix_len();
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            Err(format!("the length of an {family} prefix is from 0 to {longest}, not '{length}'"))
        }
        (Err(_), _) => Err("expected an address or a prefix, as 10.1.2.0/24".to_owned()),
    }
}

pub(super) fn members(text: &str) -> Result<(String, IpNet), String> {
    let (name, net) = text
        .split_once('=')
        .filter(|(name, _)| !name.trim().is_empty())
        .ok_or_else(|| "expected NAME=CIDR, as asg-shir=10.1.2.0/24".to_owned())?;
    Ok((name.trim().to_owned(), network(net.trim())?))
}

/// Reads `exact` or a length. A prefix wider than /8 would say nothing about what is allowed.
fn aggregation(text: &str) -> Result<Aggregation, String> {
    if text == "exact" {
        return Ok(Aggregation::Exact);
    }
    text.strip_prefix('/')
        .and_then(|length| length.parse().ok())
        .filter(|length| (8..=32).contains(length))
        .map(Aggregation::Widened)
        .ok_or_else(|| "expected exact, or a length from /8 to /32, as /24".to_owned())
}
