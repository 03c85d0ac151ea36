//! The command line as clap reads it. What the options mean together is decided in
//! [`super::request`].

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use self::rules::network;
use super::{duration, version};

mod azure;
mod configuration;
mod demo;
mod discovery;
mod examples;
mod expect;
mod formats;
mod ledger;
mod nsg_rules;
mod proxy;
mod rules;
mod rules_diff;
mod saved;
mod selftest;
mod serve;
mod shell;
mod short_help;
mod watch;

pub(super) use azure::AzureArgs;
pub(super) use configuration::{CONFIGURED, ConfigArgs, ConfigCommand, ShowFormat};
pub(super) use demo::DemoArgs;
pub(super) use discovery::{DiscoveryArgs, YesOrNo};
pub(super) use examples::examples;
pub(super) use expect::ExpectArgs;
pub(super) use formats::{FormatArgs, OwnerArgs, ReportFormat};
pub(super) use ledger::{LedgerArgs, LedgerCommand, LedgerFileArgs, LedgerFormat};
pub(super) use nsg_rules::{
    AppliedFormat, ApplyArgs, PlanArgs, PlanFormat, PlanningArgs, RollbackArgs,
};
pub(super) use proxy::ProxyArgs;
pub(super) use rules::{
    DecideArgs, DecideFormat, EmitArgs, GroupChoiceArgs, ProbingArgs, RuleFactArgs, RuleFileArgs,
    RulesArgs, RulesCommand, ServiceTagArgs, TagsArgs, TagsCommand, TagsFormat, TagsUpdateArgs,
    VerifyArgs, VerifyFormat,
};
pub(super) use rules_diff::{DiffFailure, RulesDiffArgs};
pub(super) use saved::{DiffArgs, MergeArgs, RenderArgs, ReportArgs, ReportCommand, ShowingArgs};
pub(super) use selftest::{EndSignal, SelfTestArgs, SelfTestFormat};
pub(super) use serve::ServeArgs;
pub(super) use shell::{CompletionsArgs, ManArgs};
pub(super) use watch::{WatchArgs, WatchFormat};

/// How every command ends.
pub(super) const EXIT_CODES: &str = "Exit codes: 0 as expected, 1 violated, 2 could not work, \
    3 something required is unknown, 4 a guard refused a write to Azure.";

/// The whole command line: what is derived below, with the options for configuration files,
/// examples, and a short `-h`.
pub(super) fn command() -> clap::Command {
    // In place: a command that is changed by its name goes to the end of the list.
    let derived = Arguments::command().mut_subcommands(|command| match command.get_name() {
        "report" => command.mut_subcommands(|command| match command.get_name() {
            "render" => saved::without_table(command),
            _ => command,
        }),
        _ => command,
    });
    short_help::shorten(examples::added(configuration::added(derived)))
}

/// Says which layer between this host and Azure fails, with evidence, who can fix it and how.
#[derive(Debug, Parser)]
#[command(
    name = "pathproof",
    version = version::SHORT,
    long_version = version::long(),
    max_term_width = 100,
    after_help = EXIT_CODES
)]
pub(super) struct Arguments {
    /// No progress and no hints on standard error
    #[arg(long, short, global = true, help_heading = "How it is reported")]
    pub(super) quiet: bool,
    /// Whether there is colour; NO_COLOR is honoured where this says auto
    #[expect(clippy::doc_markdown, reason = "help text, where backticks would show")]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "How it is reported"
    )]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// Where a terminal shows it
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Probe every endpoint from this host and report
    Check(Box<CheckArgs>),
    /// The same again and again; prints what changes, with UTC times
    Watch(Box<WatchArgs>),
    /// A Prometheus exporter: measures what it is asked for, and some of it in the background
    Serve(ServeArgs),
    /// The same report from saved records, with no network
    Replay(ReplayArgs),
    /// Names to chains and addresses, relay gateways included; nothing is connected
    Resolve(Box<ResolveArgs>),
    /// Endpoint lists: which there are, what stands in them, whether one of yours is sound
    Lists(ListsArgs),
    /// Firewall rules: what they do with a flow, whether they let through what is required, and
    /// rules to be written
    Rules(Box<RulesArgs>),
    /// Which address was seen for which name, when, and how proven
    Ledger(LedgerArgs),
    /// Azure's service tags: which hold an address, and what changed
    Tags(TagsArgs),
    /// JSON reports of other times and hosts: compared, and put side by side
    Report(ReportArgs),
    /// The runtime on this host: its service, its names and errors, its proxy configuration
    Agent(AgentArgs),
    /// A tour on loopback: faults that are staged, and the report that they give; no network is
    /// needed
    Demo(DemoArgs),
    /// Whether this program has all that it needs of this system: DNS cache, event log, sockets,
    /// signals, console, files, a probe of loopback; nothing is sent to any network
    Selftest(SelfTestArgs),
    /// What a cause, an error text or a word of the portal means, and who fixes it
    Explain(ExplainArgs),
    /// The effective configuration
    Config(ConfigArgs),
    /// Completions of this command line for a shell, on standard output
    Completions(CompletionsArgs),
    /// The manual pages
    Man(ManArgs),
}

/// What is probed: lists, names and how they are made concrete.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What is probed")]
pub(super) struct TargetArgs {
    /// An embedded list's id or a file of yours; repeatable [default: adf-shir]
    #[arg(long, value_name = "ID|FILE")]
    pub(super) list: Vec<String>,
    /// The cloud [default: inferred from the names given, else public]
    #[arg(long, value_enum)]
    pub(super) cloud: Option<CloudArg>,
    /// The factory's name, or its whole host name as the portal shows it
    #[arg(long, value_name = "NAME")]
    pub(super) factory: Option<String>,
    /// The factory's region ("West Europe" is westeurope)
    #[arg(long, value_name = "NAME")]
    pub(super) region: Option<String>,
    /// The Synapse workspace's name
    #[arg(long, value_name = "NAME")]
    pub(super) workspace: Option<String>,
    /// Any other parameter of a template; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// An optional group of the list (data-stores, key-vault, login, revocation, portal);
    /// repeatable
    #[arg(long, value_name = "GROUP")]
    pub(super) with: Vec<String>,
    /// Only this entry; repeatable
    #[arg(long, value_name = "ENTRY")]
    pub(super) only: Vec<String>,
    /// All but this entry; repeatable
    #[arg(long, value_name = "ENTRY")]
    pub(super) skip: Vec<String>,
    /// The runtime's own names: what "View Service URLs" shows, or JSON of get-status; `-` reads
    /// standard input; repeatable
    #[arg(long, value_name = "FILE|-")]
    pub(super) service_urls: Vec<PathBuf>,
    /// The same, asked of Azure: the runtime's resource id
    #[arg(long, value_name = "RESOURCE_ID")]
    pub(super) runtime: Option<String>,
    /// Keep Azure's last good answer to --runtime there, and use it where Azure does not answer
    #[arg(long, value_name = "FILE", requires = "runtime")]
    pub(super) last_answer: Option<PathBuf>,
    /// How old that answer may be [default: 7d]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, requires = "last_answer")]
    pub(super) max_answer_age: Option<Duration>,
    /// Take the control host out of an authentication key; the secret is dropped at once
    #[arg(long, value_name = "FILE|-")]
    pub(super) auth_key: Option<PathBuf>,
    /// Probe this too: https (default), relay, tls, tcp, http, tds; repeatable
    #[arg(long, value_name = "[KIND://]HOST[:PORT]")]
    pub(super) endpoint: Vec<String>,
    /// Another node of the same runtime, port 8060; repeatable
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) peer: Vec<String>,
    /// Must resolve to a private endpoint and go direct; repeatable
    #[arg(long, value_name = "ENTRY|HOST")]
    pub(super) private: Vec<String>,
    /// Where private endpoints live; repeatable [default: any private address]
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub(super) private_cidr: Vec<IpNet>,
    /// The runtime needs no relay: self-contained interactive authoring is on
    #[arg(long)]
    pub(super) self_contained_authoring: bool,
    /// Do not expand relays to the gateways of their deployment
    #[arg(long)]
    pub(super) no_gateways: bool,
    #[command(flatten)]
    pub(super) azure: AzureArgs,
}

/// How it is measured.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is measured")]
pub(super) struct MeasuringArgs {
    /// Ask this name server instead of the system's; repeatable: each is asked
    #[arg(long, value_name = "IP[:PORT]", value_parser = parse_resolver)]
    pub(super) resolver: Vec<std::net::SocketAddr>,
    /// Of each step: a lookup, a connect, a handshake, an answer
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration::parse)]
    pub(super) timeout: Duration,
    /// Of the whole run; what is not done then is unknown
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(super) deadline: Option<Duration>,
    /// IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub(super) ipv4: bool,
    /// IPv6 only
    #[arg(short = '6')]
    pub(super) ipv6: bool,
    /// The local address to leave from
    #[arg(long, value_name = "ADDRESS")]
    pub(super) source: Option<IpAddr>,
    /// Connections in flight [default: from the descriptor limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) concurrency: Option<u32>,
    #[command(flatten)]
    pub(super) proxy: ProxyArgs,
}

/// Whose certificates are trusted.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is measured")]
pub(super) struct TrustArgs {
    /// Added to what the host trusts
    #[arg(long, value_name = "PEM")]
    pub(super) ca_file: Vec<PathBuf>,
    /// Replaces the embedded public web roots, against which interception is judged
    #[arg(long, value_name = "PEM")]
    pub(super) public_roots: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) targets: TargetArgs,
    #[command(flatten)]
    pub(super) discovery: DiscoveryArgs,
    #[command(flatten)]
    pub(super) measuring: MeasuringArgs,
    /// For endpoints that time out: the last hop that answered
    #[arg(long, help_heading = "How it is measured")]
    pub(super) locate: bool,
    /// Keep one connection a relay idle for so long, and others for shorter, then use them again
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration::parse,
        help_heading = "How it is measured"
    )]
    pub(super) hold: Option<Duration>,
    /// Ask no host that a certificate names (for revocation lists and OCSP)
    #[arg(long, help_heading = "How it is measured")]
    pub(super) no_revocation: bool,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
    #[command(flatten)]
    pub(super) reporting: ReportingArgs,
    /// Save the records, for `replay`
    #[arg(long, value_name = "FILE", help_heading = "How it is reported")]
    pub(super) save_records: Option<PathBuf>,
}

/// How it is reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is reported")]
pub(super) struct ReportingArgs {
    /// What makes the exit code non-zero: this and what is worse (warn, unknown, fail)
    #[arg(long, value_enum, default_value = "unknown")]
    pub(super) fail_on: FailOnArg,
    /// Microsoft's weekly service tag JSON, by which addresses are judged to be Azure's [default:
    /// an embedded snapshot of its cloud]
    #[arg(long, value_name = "FILE")]
    pub(super) service_tags: Option<PathBuf>,
    /// An earlier JSON report: regressions and recoveries since then are named; a regression is
    /// exit code 1
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(super) expected: ExpectArgs,
    #[command(flatten)]
    pub(super) formats: FormatArgs,
    /// In the table, every step of every endpoint too: names, connects, handshakes, answers
    #[arg(long, short)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) redaction: RedactionArgs,
}

/// What is left out of reports and records that are forwarded.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "How it is reported")]
pub(super) struct RedactionArgs {
    /// Replace names, users and addresses of this side by placeholders that keep their relations
    #[arg(long)]
    pub(super) redact: bool,
    /// The same placeholders in all runs and on all hosts that have this file, which holds a secret
    #[arg(long, value_name = "FILE", requires = "redact")]
    pub(super) redact_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// What `--save-records` wrote; `-` reads standard input
    pub(super) records: PathBuf,
    #[command(flatten)]
    pub(super) reporting: ReportingArgs,
    /// Save the records again, which is of use with --redact
    #[arg(long, value_name = "FILE", help_heading = "How it is reported")]
    pub(super) save_records: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ResolveArgs {
    /// Names to resolve, beside what the lists and options give
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) targets: TargetArgs,
    #[command(flatten)]
    pub(super) measuring: MeasuringArgs,
    /// The output's format: plain is a name and an address a line
    #[arg(long, short, value_enum, default_value = "table", help_heading = "How it is reported")]
    pub(super) format: ResolveFormat,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE", help_heading = "How it is reported")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) redaction: RedactionArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListsArgs {
    #[command(subcommand)]
    pub(super) command: ListsCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ListsCommand {
    /// Every embedded list
    List,
    /// One list, entry by entry, with its sources
    Show {
        /// Its id, or the file of a list of your own
        id: String,
        /// For which cloud
        #[arg(long, value_enum, default_value = "public")]
        cloud: CloudArg,
    },
    /// Whether a list of yours is sound
    Lint {
        /// The list, TOML
        file: PathBuf,
        /// The output's format
        #[arg(long, short, value_enum, default_value = "table")]
        format: LintFormat,
        /// Write it there instead of to standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write a list of yours, with comments, from names or from a report
    New(NewListArgs),
    /// Write the JSON Schema of lists, by which editors complete and check them
    Schema {
        /// Write it there instead of to standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct NewListArgs {
    /// What it is to hold: names, wildcards and templates of them, or addresses, with a port
    /// after a colon and a kind before :// where they are others than 443 and https
    #[arg(value_name = "[KIND://]HOST[:PORT]", required_unless_present = "from")]
    pub(super) endpoint: Vec<String>,
    /// A JSON report, whose endpoints it is to hold too
    #[arg(long, value_name = "REPORT")]
    pub(super) from: Option<PathBuf>,
    /// Write it there instead of to standard output; a file that is there stays as it is
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct AgentArgs {
    #[command(subcommand)]
    pub(super) command: AgentCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum AgentCommand {
    /// Judge diahost.exe.config and diawp.exe.config
    Lint(AgentLintArgs),
    /// Show the runtime on this host: its service, its proxy, the names it uses, its latest errors
    Status(AgentStatusArgs),
}

#[derive(Debug, Args)]
pub(super) struct AgentStatusArgs {
    /// Read this exported event log instead of this host's (XML of wevtutil, or text); repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) events: Vec<PathBuf>,
    /// The output's format
    #[arg(long, short, value_enum, default_value = "table")]
    pub(super) format: AgentStatusFormat,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AgentStatusFormat {
    /// For people
    Table,
    /// One object, `pathproof.agent/1`
    Json,
}

#[derive(Debug, Args)]
pub(super) struct AgentLintArgs {
    /// The folder that holds both files, or one of them [default: where the runtime is installed]
    pub(super) dir: Option<PathBuf>,
    /// A private endpoint's name, which must bypass the proxy; repeatable
    #[arg(long, value_name = "HOST")]
    pub(super) private: Vec<String>,
    /// A relay's name, which must not; repeatable
    #[arg(long, value_name = "HOST")]
    pub(super) relay: Vec<String>,
    /// The runtime's own names, whose relays must not; `-` reads standard input
    #[arg(long, value_name = "FILE|-")]
    pub(super) service_urls: Vec<PathBuf>,
    /// Print what would be right for these names, to paste: both files' section, NO_PROXY and a PAC
    #[expect(clippy::doc_markdown, reason = "help text, where backticks would show")]
    #[arg(long)]
    pub(super) suggest: bool,
    /// The proxy that the suggestions are for [default: the one that the files name]
    #[arg(long, value_name = "URL", requires = "suggest")]
    pub(super) proxy: Option<String>,
    /// The output's format
    #[arg(long, short, value_enum, default_value = "table")]
    pub(super) format: LintFormat,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// How faults of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LintFormat {
    /// For people
    Table,
    /// SARIF 2.1.0, for code hosts and editors: each with its file and line
    Sarif,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A cause (`tls_intercepted`), a layer (tls), an error text ("Unable to connect to the remote
    /// server") or a word of the portal (Limited)
    #[arg(required_unless_present = "list", value_name = "CAUSE|TEXT")]
    pub(super) text: Vec<String>,
    /// Every cause by layer, and every text that is known
    #[arg(long, conflicts_with = "text")]
    pub(super) list: bool,
    /// How it is written
    #[arg(short, long, value_enum, default_value = "table")]
    pub(super) format: ExplainFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExplainFormat {
    /// For people
    Table,
    /// One object, `pathproof.explanation/1`
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CloudArg {
    Public,
    Usgov,
    China,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ResolveFormat {
    Table,
    Json,
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnArg {
    Warn,
    Unknown,
    Fail,
}

impl From<FailOnArg> for crate::model::FailOn {
    fn from(given: FailOnArg) -> Self {
        match given {
            FailOnArg::Warn => Self::Warn,
            FailOnArg::Unknown => Self::Unknown,
            FailOnArg::Fail => Self::Fail,
        }
    }
}

/// A parser of a closed set of words, which help and completions name.
fn one_of<T>(all: &'static [T], word: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync,
{
    let words = all.iter().map(|one| word(*one)).collect::<Vec<_>>();
    PossibleValuesParser::new(words).try_map(move |given: String| {
        let mut all = all.iter().copied();
        all.find(|one| word(*one) == given).ok_or("no such word")
    })
}

fn parse_resolver(text: &str) -> Result<std::net::SocketAddr, String> {
    let address = text
        .parse::<std::net::SocketAddr>()
        .or_else(|_| {
            let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
            bare.parse::<IpAddr>().map(|ip| std::net::SocketAddr::new(ip, 53))
        })
        .map_err(|_| {
            "expected an IP address, with a port where it is not 53: 10.0.0.53, \
             10.0.0.53:5353, [fd00::53]:53"
                .to_owned()
        })?;
    if address.port() == 0 {
        return Err("port 0 cannot be asked; ports are 1 to 65535".to_owned());
    }
    Ok(address)
}

#[cfg(test)]
mod deploy;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod help;

#[cfg(test)]
mod tests;
