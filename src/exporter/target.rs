//! What a request asks to be measured. A name that some resolver would take for an address is read
//! as that address, so that what is compared with `allow` is what is measured.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::list::{self, AdHocError};
use crate::model::{Endpoint, Host, HostName, Kind, Subject};

/// `[KIND://]HOST[:PORT]` of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeTarget {
    /// Where none is given, what covers the name says it.
    pub kind: Option<Kind>,
    /// A name as DNS has it, or an address in its one form.
    pub host: Host,
    /// Where none is given, what covers the name says it, or the kind.
    pub port: Option<u16>,
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A path, a query or a fragment.
    #[error("a target is [KIND://]HOST[:PORT], without a path")]
    Path,
    /// The last label is a number, and the whole is no IPv4 address in any notation.
    #[error("'{0}' ends in a number, as only addresses do, and is none")]
    Number(HostName),
    #[error(transparent)]
    Host(#[from] AdHocError),
}

impl ProbeTarget {
    /// Reads a target.
    ///
    /// # Errors
    /// [`TargetError`] where it is none.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let behind_kind = text.split_once("://").map_or(text, |(_, rest)| rest);
        if behind_kind.contains(['/', '\\', '?', '#']) {
            return Err(TargetError::Path);
        }
        let (kind, host, port) = list::parse_host(text)?;
        Ok(Self { kind, host: one_form(host)?, port })
    }

    /// Whether an endpoint is at this target.
    #[must_use]
    pub fn means(&self, endpoint: &Endpoint) -> bool {
        matches!(&endpoint.subject, Subject::Host(host) if *host == self.host)
            && self.port.is_none_or(|port| port == endpoint.port)
            && self.kind.is_none_or(|kind| kind == endpoint.kind)
    }
}

/// As it is handed on: a text that reads as this target again.
impl fmt::Display for ProbeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind {
            write!(f, "{}://", kind.as_str())?;
        }
        match (&self.host, self.port) {
            (Host::Address(address), Some(port)) => SocketAddr::new(*address, port).fmt(f),
            (host, Some(port)) => write!(f, "{host}:{port}"),
            (host, None) => host.fmt(f),
        }
    }
}

/// A host in the form in which hosts are compared: an address has one.
///
/// # Errors
/// [`TargetError::Number`] where it ends in a number and is no address.
pub(super) fn one_form(host: Host) -> Result<Host, TargetError> {
    match host {
        Host::Address(address) => Ok(Host::Address(address.to_canonical())),
        Host::Name(name) if ends_in_a_number(&name) => match ipv4(name.as_str()) {
            Some(address) => Ok(Host::Address(IpAddr::V4(address))),
            None => Err(TargetError::Number(name)),
        },
        name @ Host::Name(_) => Ok(name),
    }
}

/// No top-level domain is a number (WHATWG URL, "ends in a number"), but `getaddrinfo` takes
/// `2130706433` and `0x7f.1` for addresses.
fn ends_in_a_number(name: &HostName) -> bool {
    let last = name.labels().last().unwrap_or_default();
    last.bytes().all(|byte| byte.is_ascii_digit()) || number(last).is_some()
}

/// The address in any notation of `inet_aton`: one to four parts, each decimal, octal or
/// hexadecimal, of which the last fills what is left.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    let free = 4_usize.checked_sub(front.len()).filter(|free| *free > 0)?;
    if front.iter().any(|part| *part > 255) || *last >= 1 << (8 * free) {
        return None;
    }
    let front = front.iter().zip([24, 16, 8]).map(|(part, shift)| part << shift).sum::<u64>();
    u32::try_from(front + last).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hexadecimal) => (hexadecimal, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    match digits {
        "" if radix == 16 => Some(0),
        // `from_str_radix` would accept a sign.
        _ if digits.starts_with(['+', '-']) => None,
        _ => u64::from_str_radix(digits, radix).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_a_host_has_one_form() {
        for (text, expected) in [
            ("Contoso.ServiceBus.Windows.NET.", "contoso.servicebus.windows.net"),
            (" contoso.servicebus.windows.net:443 ", "contoso.servicebus.windows.net:443"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("contoso。servicebus。windows。net", "contoso.servicebus.windows.net"),
            ("contoso.com..", "contoso.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001:80", "127.0.0.1:80"),
            ("0X7F.1", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("127.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("0", "0.0.0.0"),
            ("0x", "0.0.0.0"),
            ("[::ffff:127.0.0.1]:443", "127.0.0.1:443"),
            ("::ffff:7f00:1", "127.0.0.1"),
            ("[0:0::1]", "::1"),
            ("[::1]:443", "[::1]:443"),
            ("tds://SQL.contoso.com", "tds://sql.contoso.com"),
            ("TCP://0x7f.1:8060", "tcp://127.0.0.1:8060"),
            ("https://[::ffff:127.0.0.1]:443", "https://127.0.0.1:443"),
        ] {
            let target = ProbeTarget::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(target.to_string(), expected, "{text}");
            assert_eq!(ProbeTarget::parse(&target.to_string()), Ok(target), "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for (text, expected) in [
            ("", "empty"),
            ("https://contoso.com/", "without a path"),
            ("tds://https://contoso.com", "without a path"),
            ("ftp://contoso.com", "no kind of endpoint"),
            ("evil.com#://contoso.com", "no kind of endpoint"),
            ("https://", "empty"),
            ("contoso.com/path", "without a path"),
            ("evil.com#.contoso.com", "without a path"),
            ("evil.com\\.contoso.com", "without a path"),
            ("contoso.com@evil.com", "user name"),
            ("*.contoso.com", "one concrete name"),
            ("a b.contoso.com", "' '"),
            ("contoso.com\n10.0.0.1", "'\\n'"),
            ("contoso.com,10.0.0.1", "','"),
            ("[fe80::1%eth0]:443", "no host name"),
            ("fe80::1%25eth0", "several colons"),
            ("256.256.256.256", "ends in a number"),
            ("1.2.3.4.5", "ends in a number"),
            ("127.0.0.09", "ends in a number"),
            ("contoso.com.1", "ends in a number"),
            ("4294967296", "ends in a number"),
            ("contoso.com:0", "no port"),
            ("contoso.com:65536", "no port"),
            ("contoso.com:443:443", "several colons"),
        ] {
            match ProbeTarget::parse(text) {
                Err(error) => assert!(error.to_string().contains(expected), "{text}: {error}"),
                Ok(target) => panic!("{text} is read as {target}"),
            }
        }
    }
}
