//! What `-h` leaves to `--help`. A command's own options always stand in `-h`; of those that many
//! commands share, only the ones that most people need do.

use clap::Command;

/// The headings of the options that several commands share.
const SHARED: [&str; 6] = [
    "What is probed",
    "How it is measured",
    "Which way it leaves",
    "How it is reported",
    "Where options come from",
    "Azure",
];

/// The shared options that stand in `-h` of commands that probe.
const USUAL: [&str; 20] = [
    "config",
    "endpoint",
    "factory",
    "fail_on",
    "format",
    "list",
    "locate",
    "only",
    "output",
    "owner",
    "private",
    "profile",
    "proxy",
    "quiet",
    "region",
    "resolver",
    "save_records",
    "service_urls",
    "timeout",
    "verbose",
];

/// The commands that probe only where no evidence is given, the options by which they do it, and
/// those of them that stand in `-h`.
const PROBING_WITHOUT_EVIDENCE: [&str; 3] = ["rules emit", "rules plan", "rules apply"];
const PROBING: [&str; 3] = ["What is probed", "How it is measured", "Which way it leaves"];
const PROBING_HEADING: &str =
    "Where there is no --from: names are resolved and proven, as by check";
const USUAL_WITHOUT_EVIDENCE: [&str; 4] = ["factory", "only", "region", "service_urls"];

/// Hides in every `-h` what belongs to `--help` only, and puts what a command needs in one case
/// only under a heading that says so.
pub(super) fn shorten(command: Command) -> Command {
    shortened(command, "")
}

fn shortened(command: Command, path: &str) -> Command {
    let probes_sometimes = PROBING_WITHOUT_EVIDENCE.contains(&path);
    let usual: &[&str] = if probes_sometimes { &USUAL_WITHOUT_EVIDENCE } else { &USUAL };
    let command = command.mut_args(|argument| {
        let heading = argument.get_help_heading().unwrap_or_default().to_owned();
        if !SHARED.contains(&heading.as_str()) {
            return argument;
        }
        let is_reporting = heading == "How it is reported";
        let id = argument.get_id().as_str();
        let is_usual = usual.contains(&id) || (is_reporting && USUAL.contains(&id));
        let argument = argument.hide_short_help(!is_usual);
        if probes_sometimes && PROBING.contains(&heading.as_str()) {
            argument.help_heading(PROBING_HEADING)
        } else {
            argument
        }
    });
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        shortened(sub, path.trim_start())
    })
}
