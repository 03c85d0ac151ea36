//! Whether what ends a run reaches the program: it starts itself, does to that process what the
//! user or the system would do, and looks whether the handler ran.
//!
//! On Windows the process gets a console without a window: whatever is sent to a console reaches
//! all of its programs, and would end the shell that started this one.

use std::future::Future as _;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cli::arguments::EndSignal;
use crate::cli::exit::Exit;
use crate::cli::{output, signals};
use crate::model::SelfCheck;

/// A handler runs within a millisecond; a busy host starts a thread for it within some hundreds.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the process says when the handler ran.
const HEARD: &str = "heard";

/// The checks, one for each signal.
pub(super) fn checks() -> [SelfCheck; 2] {
    [("interrupt", EndSignal::Interrupt), ("terminate", EndSignal::Terminate)].map(
        |(name, signal)| {
            let tried = try_in_process(signal);
            SelfCheck::of(name, tried.map(|()| format!("{} ends a run in order", signal.called())))
        },
    )
}

fn try_in_process(signal: EndSignal) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the program cannot start itself: {error}");
    let mut process = Command::new(std::env::current_exe().map_err(failed)?);
    process.args(["selftest", "--end-by", signal.as_str()]).stdin(Stdio::null());
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt as _;
        process.creation_flags(windows_sys::Win32::System::Threading::CREATE_NO_WINDOW);
    }
    let output = process.output().map_err(failed)?;
    if output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == HEARD {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = errors.lines().next_back().unwrap_or_default();
    let said = said.strip_prefix("pathproof: error: ").unwrap_or(said);
    Err(if said.is_empty() {
        format!("{} ended the program without its handler ({})", signal.called(), output.status)
    } else {
        said.to_owned()
    })
}

/// What the process does: waits as every command does, and sends itself the signal.
///
/// # Errors
/// The handler did not run.
pub(super) fn end_by(signal: EndSignal) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let mut interrupted = pin!(signals::interrupted());
        let is_early = futures_util::future::poll_fn(|context| {
            std::task::Poll::Ready(interrupted.as_mut().poll(context).is_ready())
        });
        anyhow::ensure!(!is_early.await, "a signal came before it was sent");
        signals::raise(signal)
            .with_context(|| format!("{} cannot be sent here", signal.called()))?;
        let heard = tokio::time::timeout(PATIENCE, interrupted).await;
        heard.ok().with_context(|| format!("{} does not reach the program", signal.called()))
    })?;
    output::write(None, |out| writeln!(out, "{HEARD}"))?;
    Ok(Exit::Satisfied)
}
