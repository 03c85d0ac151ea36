//! SIGINT, SIGTERM and SIGHUP, and what Windows has in their place: Ctrl-C, Ctrl-Break, and the end
//! of the console, the session or the system. Only this file waits for them, and sends them to
//! itself.

use std::future::poll_fn;
use std::io;
#[cfg(unix)]
use std::path::Path;
use std::task::{Context, Poll};

#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::EndSignal;
#[cfg(unix)]
use crate::files;

/// Tells once when a signal comes.
type SignalListener = Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send>;

/// Ends when the user or the system asks the program to end, or its terminal is gone. Where one of
/// the signals cannot be waited for, the others still are.
///
/// They are listened to from the call on, which must be made in a runtime, and not from the first
/// poll: a task that is polled late would miss one that comes before.
pub(super) fn interrupted() -> impl Future<Output = ()> + Send {
    any(end_signals().into_iter().chain(hangup_unless_ignored()).collect())
}

/// Ends as [`interrupted`] does, for a service, to which SIGHUP says something else
/// ([`on_hangup`]).
pub(super) fn asked_to_end() -> impl Future<Output = ()> + Send {
    any(end_signals())
}

async fn any(mut listeners: Vec<SignalListener>) {
    poll_fn(|context| {
        let is_given = listeners.iter_mut().any(|own| own(context).is_ready());
        if is_given { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Does something each time that SIGHUP asks for it, by which services are told to read their
/// configuration anew. It is listened to from the call on. Elsewhere than on Unix nothing asks.
#[cfg(unix)]
pub(super) fn on_hangup<F: Future<Output = ()>>(
    mut then: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    let asked = signal(SignalKind::hangup());
    async move {
        let Ok(mut asked) = asked else { return };
        while asked.recv().await.is_some() {
            then().await;
        }
    }
}

#[cfg(not(unix))]
pub(super) fn on_hangup<F: Future<Output = ()>>(_: impl FnMut() -> F) -> impl Future<Output = ()> {
    std::future::pending()
}

#[cfg(unix)]
fn listener(kind: SignalKind) -> Option<SignalListener> {
    let mut asked = signal(kind).ok()?;
    Some(Box::new(move |context| asked.poll_recv(context)))
}

#[cfg(unix)]
fn end_signals() -> Vec<SignalListener> {
    [SignalKind::interrupt(), SignalKind::terminate()].into_iter().filter_map(listener).collect()
}

/// SIGHUP, unless whoever started this ignores it, as nohup(1) does.
#[cfg(unix)]
fn hangup_unless_ignored() -> Option<SignalListener> {
    if is_hangup_ignored() { None } else { listener(SignalKind::hangup()) }
}

#[cfg(not(unix))]
const fn hangup_unless_ignored() -> Option<SignalListener> {
    None
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

/// Windows ends a program some seconds after it said so, and tokio keeps it until then: time enough
/// to write what is known.
#[cfg(windows)]
fn end_signals() -> Vec<SignalListener> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
    macro_rules! listener {
        ($signal:ident) => {
            $signal().ok().map(|mut asked| -> SignalListener {
                Box::new(move |context| asked.poll_recv(context))
            })
        };
    }
    let all = [
        listener!(ctrl_c),
        listener!(ctrl_break),
        listener!(ctrl_close),
        listener!(ctrl_logoff),
        listener!(ctrl_shutdown),
    ];
    all.into_iter().flatten().collect()
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

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The task that waits may be polled late. Whoever listens from the first poll on is ended by
    /// the signal, or misses it.
    #[tokio::test]
    async fn a_signal_that_comes_before_the_first_poll_is_not_missed() {
        for signal in [EndSignal::Interrupt, EndSignal::Terminate] {
            let interrupted = interrupted();
            raise(signal).unwrap();
            tokio::time::timeout(Duration::from_mins(1), interrupted).await.unwrap();
        }
    }
}
