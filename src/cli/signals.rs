//! SIGINT, SIGTERM and SIGHUP, and what Windows has in their place: Ctrl-C, Ctrl-Break, and the end
//! of the console, the session or the system. Only this file waits for them, and sends them to
//! itself.

use std::io;
#[cfg(unix)]
use std::path::Path;

use super::arguments::EndSignal;
#[cfg(unix)]
use crate::files;

/// Waits until the user or the system asks the program to end, or its terminal is gone. Where one
/// of the signals cannot be waited for, the others still are.
pub(super) async fn interrupted() {
    tokio::select! {
        () = asked_to_end() => {}
        () = hung_up() => {}
    }
}

/// Waits as [`interrupted`] does, for a service, to which SIGHUP says something else
/// ([`on_hangup`]).
pub(super) async fn asked_to_end() {
    let by_user = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = by_user => {}
        () = terminated() => {}
    }
}

/// Does something each time that SIGHUP asks for it, by which services are told to read their
/// configuration anew. Elsewhere than on Unix nothing asks.
#[cfg(unix)]
pub(super) async fn on_hangup<F: Future<Output = ()>>(mut then: impl FnMut() -> F) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut asked) = signal(SignalKind::hangup()) else { return };
    while asked.recv().await.is_some() {
        then().await;
    }
}

#[cfg(not(unix))]
pub(super) async fn on_hangup<F: Future<Output = ()>>(_: impl FnMut() -> F) {
    std::future::pending::<()>().await;
}

/// Waits for SIGHUP, unless whoever started this ignores it, as nohup(1) does.
#[cfg(unix)]
async fn hung_up() {
    use tokio::signal::unix::{SignalKind, signal};
    let hangup = if is_hangup_ignored() { None } else { signal(SignalKind::hangup()).ok() };
    match hangup {
        Some(mut hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// By the mask of proc(5), in which the lowest bit is signal 1.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let Ok(status) = files::read_text(Path::new("/proc/self/status"), files::SHORT) else {
        return false;
    };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| mask.trim().ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']))
}

#[cfg(not(unix))]
async fn hung_up() {
    std::future::pending::<()>().await;
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut terminated) = signal(SignalKind::terminate()) {
        terminated.recv().await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Windows ends a program some seconds after it said so, and tokio keeps it until then: time enough
/// to write what is known.
#[cfg(windows)]
async fn terminated() {
    use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown};
    macro_rules! received {
        ($signal:ident) => {
            async {
                match $signal() {
                    Ok(mut signal) => {
                        signal.recv().await;
                    }
                    Err(_) => std::future::pending::<()>().await,
                }
            }
        };
    }
    tokio::select! {
        () = received!(ctrl_break) => {}
        () = received!(ctrl_close) => {}
        () = received!(ctrl_logoff) => {}
        () = received!(ctrl_shutdown) => {}
    }
}

/// Sends this process what the user or the system would send it.
#[cfg(unix)]
pub(super) fn raise(signal: EndSignal) -> io::Result<()> {
    use rustix::process::{Signal, getpid, kill_process};
    let signal = match signal {
        EndSignal::Interrupt => Signal::INT,
        EndSignal::Terminate => Signal::TERM,
    };
    Ok(kill_process(getpid(), signal)?)
}

/// Sends it to every program of this console, which is to have no other.
#[cfg(windows)]
#[expect(unsafe_code, reason = "the console is asked by calls of the system")]
pub(super) fn raise(signal: EndSignal) -> io::Result<()> {
    use windows_sys::Win32::System::Console::{
        CTRL_BREAK_EVENT, CTRL_C_EVENT, GenerateConsoleCtrlEvent, SetConsoleCtrlHandler,
    };
    let event = match signal {
        EndSignal::Interrupt => CTRL_C_EVENT,
        EndSignal::Terminate => CTRL_BREAK_EVENT,
    };
    // SAFETY: without a routine the call takes back that Ctrl-C is to be ignored, which a process
    // inherits; the second one takes numbers alone.
    let is_sent = unsafe {
        SetConsoleCtrlHandler(None, 0);
        GenerateConsoleCtrlEvent(event, 0)
    };
    if is_sent == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
