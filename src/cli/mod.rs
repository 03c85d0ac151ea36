//! The command line: options become configuration, commands run, reports are written, and the exit
//! code is chosen.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room touches the machine: files, environment, clocks, programs"
)]

mod agent;
mod agent_status;
mod arguments;
mod azure;
mod check;
mod completions;
mod configuration;
mod demo;
mod duration;
mod exit;
mod explain;
mod file_options;
mod formats;
mod hint;
mod input;
mod ledger;
mod lists;
mod man;
mod measure;
mod old_tags;
mod on_this_host;
mod output;
mod progress;
mod recorded;
mod redaction;
mod replay;
mod request;
mod resolve;
mod rules;
mod runtime_names;
mod saved;
mod selftest;
mod serve;
mod service_tag_ranges;
mod signals;
mod tags;
mod vantage;
mod version;
mod watch;
mod wildcard;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context;
use clap::FromArgMatches;

use arguments::{Arguments, Color, Command, ConfigCommand};
use configuration::ConfiguredArguments;
pub use exit::Exit;

/// Runs one command line and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // This comes first, because clap's errors repeat the arguments.
    if let Err(error) = recorded::refuse_secrets(&arguments) {
        hint::error(&error);
        return Exit::CouldNotWork.into();
    }
    let arguments = if cfg!(windows) {
        match wildcard::expanded(arguments, arguments::command()) {
            Ok(arguments) => arguments,
            Err(error) => {
                hint::error(&error);
                return Exit::CouldNotWork.into();
            }
        }
    } else {
        arguments
    };
    let configuration = match ConfiguredArguments::of(arguments) {
        Ok(configuration) => configuration,
        Err(error) => {
            hint::error(&error);
            return Exit::CouldNotWork.into();
        }
    };
    let arguments = &configuration.arguments;
    let understood = arguments::command()
        .try_get_matches_from(arguments)
        .and_then(|given| Ok((Arguments::from_arg_matches(&given)?, given)));
    let (parsed, given) = match understood {
        Ok(understood) => understood,
        Err(error) => {
            // Help and version are answers, on standard output; all else is a usage error.
            let written = output::unless_pipe_closed(hint::usage(&error, arguments));
            if let Err(error) = written.context("cannot write to standard output") {
                hint::error(&error);
                return Exit::CouldNotWork.into();
            }
            if error.use_stderr() {
                configuration.explain(&error.to_string());
                return Exit::CouldNotWork.into();
            }
            return Exit::Satisfied.into();
        }
    };
    if let Err(error) = file_options::keep_apart(&arguments::command(), &given) {
        hint::error(&error);
        configuration.explain(&format!("{error:#}"));
        return Exit::CouldNotWork.into();
    }
    if parsed.quiet {
        hint::be_quiet();
    }
    match parsed.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    configuration.announce();
    let done = match parsed.command {
        Command::Check(command) => check::check(&command, arguments),
        Command::Watch(command) => watch::watch(&command, arguments),
        Command::Serve(command) => serve::serve(&command, &configuration),
        Command::Replay(command) => replay::replay(&command),
        Command::Resolve(command) => resolve::resolve(&command, arguments),
        Command::Lists(command) => lists::lists(&command),
        Command::Rules(command) => rules::rules(&command, arguments),
        Command::Ledger(command) => ledger::ledger(&command),
        Command::Tags(command) => tags::tags(&command),
        Command::Report(command) => saved::report(&command),
        Command::Agent(command) => agent::agent(&command),
        Command::Demo(command) => demo::demo(command),
        Command::Selftest(command) => selftest::selftest(&command),
        Command::Explain(command) => explain::explain(&command),
        Command::Config(command) => match command.command {
            ConfigCommand::Show { format } => configuration::show(&configuration, &given, format),
            ConfigCommand::Schema { output } => configuration::schema(output.as_deref()),
        },
        Command::Completions(command) => completions::completions(&command),
        Command::Man(command) => man::man(&command),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            hint::error(&error);
            configuration.explain(&format!("{error:#}"));
            Exit::CouldNotWork.into()
        }
    }
}
