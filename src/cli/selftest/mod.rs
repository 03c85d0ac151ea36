//! `selftest`: what this program needs of the system, tried here, with one verdict. Nothing is sent
//! to any network.

mod ending;
mod files;

use std::io::IsTerminal as _;

use anyhow::{Context, Result};

use super::arguments::{SelfTestArgs, SelfTestFormat};
use super::exit::Exit;
use super::progress::Bar;
use super::service_tag_ranges::ServiceTagRanges;
use super::{check, output};
use crate::demo;
use crate::host;
use crate::model::SelfCheck;
use crate::probe;
use crate::report::{Style, self_test};

/// Exit 0: all that this system has works; 1: something does not.
pub(super) fn selftest(command: &SelfTestArgs) -> Result<Exit> {
    if let Some(signal) = command.end_by {
        return ending::end_by(signal);
    }
    let destination = command.output.as_deref();
    if let Some(path) = destination {
        output::check_writable(path)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let windows = host::this_host();
    let mut checks = host::self_checks(cfg!(windows).then_some(&windows as &dyn host::HostAnswers));
    checks.extend(runtime.block_on(probe::self_checks()));
    checks.push(terminal());
    checks.extend(ending::checks());
    checks.push(files::check());
    checks.push(loopback_probe(&runtime));
    match command.format {
        SelfTestFormat::Table => {
            let (width, color) = output::style(destination);
            let table = self_test::table(&checks, &Style { width, color });
            output::write_table(destination, &table)?;
        }
        SelfTestFormat::Json => {
            let json = self_test::json(&checks, std::env::consts::OS);
            output::write(destination, |out| out.write_all(json.as_bytes()))?;
        }
    }
    let has_failed = checks.iter().any(|check| check.outcome.is_failure());
    Ok(if has_failed { Exit::Violated } else { Exit::Satisfied })
}

/// Whether the terminal of standard output shows colours as such.
fn terminal() -> SelfCheck {
    const NAME: &str = "terminal";
    if !std::io::stdout().is_terminal() {
        return SelfCheck::not_here(NAME, "standard output is no terminal here");
    }
    let obeys = match anstyle_query::windows::enable_ansi_colors() {
        Some(false) => Err("the console does not obey escape sequences: no colour is shown".into()),
        Some(true) => Ok("the console obeys escape sequences"),
        None => Ok("a terminal"),
    };
    let (width, _) = output::style(None);
    SelfCheck::of(NAME, obeys.map(|words| format!("{words}, for lines of {width} columns")))
}

/// The tour of `demo`: names, connects, handshakes, answers, and what is concluded of them.
fn loopback_probe(runtime: &tokio::runtime::Runtime) -> SelfCheck {
    let bar = Bar::of_probes(false);
    let records = runtime.block_on(demo::run(|progress| bar.note(&progress)));
    drop(bar);
    let tried =
        records.map_err(|error| format!("{:#}", anyhow::Error::from(error))).and_then(|records| {
            let conclusion = check::conclude(&records, &ServiceTagRanges::default());
            let all = demo::compare(&records.records, &conclusion.verdicts);
            let wrong: Vec<String> = all
                .iter()
                .filter(|one| !one.is_as_staged())
                .map(|one| format!("{}: {}, not {}", one.staged.host, one.said(), one.expected()))
                .collect();
            if wrong.is_empty() {
                Ok(format!("{} staged endpoints, each with its verdict", all.len()))
            } else {
                Err(wrong.join("; "))
            }
        });
    SelfCheck::of("loopback_probe", tried)
}
