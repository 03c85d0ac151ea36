//! The options that say where other options come from, and the command that shows them.

use std::path::PathBuf;

use clap::{Arg, Args, Command, Subcommand, ValueEnum, ValueHint, value_parser};

/// The commands whose options may stand in a file or a variable, by their paths. Where several have
/// an option, the first says which values it takes.
pub(in crate::cli) const CONFIGURED: [&str; 10] = [
    "check",
    "watch",
    "serve",
    "resolve",
    "rules plan",
    "rules apply",
    "rules emit",
    "rules verify",
    "rules decide",
    SHOW,
];
const SHOW: &str = "config show";

#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// The options that `check` would run with, and where each comes from: the command line, the
    /// environment (PATHPROOF_SERVICE_URLS for --service-urls), a profile, the file, or a default
    #[expect(clippy::doc_markdown, reason = "help text, where backticks would show")]
    Show {
        /// The output's format
        #[arg(long, short, value_enum, default_value = "table")]
        format: ShowFormat,
    },
    /// The JSON Schema by which editors complete and check pathproof.toml
    Schema {
        /// Write it there instead of to standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ShowFormat {
    /// For people
    Table,
    /// An array of `option`, `value` and `from`
    Json,
}

/// Gives every command that is configured the options for it, and `config show` those of `check`.
pub(super) fn added(command: Command) -> Command {
    let of_check: Vec<Arg> = command
        .find_subcommand("check")
        .into_iter()
        .flat_map(Command::get_arguments)
        .filter(|argument| argument.get_id() != "format")
        .map(|argument| argument.clone().help_heading("Options of check").hide_short_help(true))
        .collect();
    configured(command, "", &of_check)
}

fn configured(command: Command, path: &str, of_check: &[Arg]) -> Command {
    let mut command = command;
    if path == SHOW {
        command = command.args(of_check);
    }
    if CONFIGURED.contains(&path) {
        command = command.args(options());
    }
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        configured(sub, path.trim_start(), of_check)
    })
}

fn options() -> [Arg; 2] {
    const HEADING: &str = "Where options come from";
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .help(
            "Options by their long names, TOML [default: pathproof.toml here, where this user \
             alone may write it, else pathproof/pathproof.toml in your configuration folder]",
        )
        .help_heading(HEADING);
    let profile = Arg::new("profile")
        .long("profile")
        .value_name("NAME")
        .help("The file's table [profile.NAME] too, which wins over the rest of the file")
        .help_heading(HEADING);
    [config, profile]
}
