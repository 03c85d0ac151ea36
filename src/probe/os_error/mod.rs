//! Errors of the operating system: the raw code, its symbol, and what it means for a socket.
//!
//! The two platforms number the same facts differently, so each has its table. Both tables are
//! compiled into the tests of either platform.

#[cfg(unix)]
mod unix;
#[cfg(any(windows, test))]
mod windows;

use std::io;

use crate::model::OsError;

/// What a code means for a connect, a read or a write. It decides nothing by itself: the same
/// code can come from several causes, which the stages and diagnosis tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorMeaning {
    /// `ECONNREFUSED`: RST, or ICMP port unreachable. Windows reports the latter for UDP as
    /// [`ErrorMeaning::Reset`].
    Refused,
    /// `ECONNRESET`, `ECONNABORTED`, `EPIPE`: the connection was reset.
    Reset,
    /// `ETIMEDOUT`: the kernel gave up.
    TimedOut,
    /// `ENETUNREACH`, `ENETDOWN`: no way to the network.
    NetworkUnreachable,
    /// `EHOSTUNREACH`, `EHOSTDOWN`: also for "administratively prohibited".
    HostUnreachable,
    /// `EINVAL`: on Linux what a blackhole route answers to a connect.
    InvalidArgument,
    /// `EACCES`, `EPERM`: this host's own policy.
    Denied,
    /// `EADDRNOTAVAIL`, `EADDRINUSE`: no local address or port to leave from.
    NoLocalEnd,
    /// `EAFNOSUPPORT` and its like: this host does not speak the family.
    NoFamily,
    /// `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: out of descriptors or of the memory behind them.
    NoResources,
    /// The code says nothing that is told apart here.
    Other,
}

/// One row of a platform's table.
type CodeRow = (i32, &'static str, ErrorMeaning);

/// The error as reports keep it. One that carries no code of the system has code 0 and its text.
#[must_use]
pub fn os_error(error: &io::Error) -> OsError {
    let code = error.raw_os_error().unwrap_or(0);
    let symbol = match row(code) {
        Some((_, symbol, _)) => (*symbol).to_owned(),
        None => text_without_code(error),
    };
    OsError { code, symbol }
}

/// What the error means for a socket.
#[must_use]
pub fn meaning(error: &io::Error) -> ErrorMeaning {
    match error.raw_os_error() {
        Some(code) => row(code).map_or(ErrorMeaning::Other, |(_, _, meaning)| *meaning),
        None => meaning_of_kind(error.kind()),
    }
}

/// Layers above the socket sometimes make errors of their own, which have a kind and no code.
const fn meaning_of_kind(kind: io::ErrorKind) -> ErrorMeaning {
    match kind {
        io::ErrorKind::ConnectionRefused => ErrorMeaning::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => ErrorMeaning::Reset,
        io::ErrorKind::TimedOut => ErrorMeaning::TimedOut,
        io::ErrorKind::NetworkUnreachable => ErrorMeaning::NetworkUnreachable,
        io::ErrorKind::HostUnreachable => ErrorMeaning::HostUnreachable,
        io::ErrorKind::PermissionDenied => ErrorMeaning::Denied,
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => ErrorMeaning::NoLocalEnd,
        _ => ErrorMeaning::Other,
    }
}

fn row(code: i32) -> Option<&'static CodeRow> {
    #[cfg(unix)]
    let table = unix::TABLE;
    #[cfg(windows)]
    let table = windows::TABLE;
    table.iter().find(|(known, _, _)| *known == code)
}

/// [`OsError`] shows the code itself; the standard library's text ends with it too.
fn text_without_code(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_name_each_code_once() {
        for table in [unix_table(), windows::TABLE] {
            for (index, (code, symbol, _)) in table.iter().enumerate() {
                let later = &table[index + 1..];
                assert!(later.iter().all(|(other, name, _)| other != code && name != symbol));
            }
        }
    }

    #[test]
    fn windows_codes_have_the_meaning_of_their_unix_namesakes() {
        for (_, symbol, expected) in unix_table() {
            let namesake = format!("WSA{symbol}");
            if let Some((_, _, meaning)) = windows::TABLE.iter().find(|row| row.1 == namesake) {
                assert_eq!(meaning, expected, "{symbol}");
            }
        }
    }

    #[test]
    fn windows_codes_are_winsocks_own() {
        // learn.microsoft.com, "Windows Sockets Error Codes".
        for (code, symbol, meaning) in [
            (10013, "WSAEACCES", ErrorMeaning::Denied),
            (10054, "WSAECONNRESET", ErrorMeaning::Reset),
            (10060, "WSAETIMEDOUT", ErrorMeaning::TimedOut),
            (10061, "WSAECONNREFUSED", ErrorMeaning::Refused),
            (10065, "WSAEHOSTUNREACH", ErrorMeaning::HostUnreachable),
            (11002, "WSATRY_AGAIN", ErrorMeaning::Other),
            (11003, "WSANO_RECOVERY", ErrorMeaning::Other),
        ] {
            assert!(windows::TABLE.contains(&(code, symbol, meaning)), "{symbol}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn codes_are_kept_and_named() {
        let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        assert_eq!(
            os_error(&refused).to_string(),
            format!("ECONNREFUSED ({})", libc::ECONNREFUSED)
        );
        assert_eq!(meaning(&refused), ErrorMeaning::Refused);

        let unnamed = io::Error::from_raw_os_error(libc::EXDEV);
        assert_eq!(os_error(&unnamed).code, libc::EXDEV);
        assert!(!os_error(&unnamed).symbol.contains("os error"), "{:?}", os_error(&unnamed));
        assert_eq!(meaning(&unnamed), ErrorMeaning::Other);
    }

    #[test]
    fn errors_without_a_code_keep_their_text_and_kind() {
        let error = io::Error::new(io::ErrorKind::BrokenPipe, "gone");
        assert_eq!(os_error(&error), OsError { code: 0, symbol: "gone".to_owned() });
        assert_eq!(meaning(&error), ErrorMeaning::Reset);
    }

    #[cfg(unix)]
    fn unix_table() -> &'static [CodeRow] {
        unix::TABLE
    }

    #[cfg(not(unix))]
    fn unix_table() -> &'static [CodeRow] {
        &[]
    }
}
