//! SIGINT and SIGTERM, and what Windows has in their place: Ctrl-C, Ctrl-Break, and the end of the
//! console, the session or the system. Only this file waits for them.

/// Waits until the user or the system asks the program to end. Where one of the signals cannot be
/// waited for, the other one still is.
pub(super) async fn interrupted() {
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
