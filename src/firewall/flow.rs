//! Flows to decide on, and the CSV that lists them.

use std::fmt;
use std::net::IpAddr;

use super::port::Protocol;
use crate::model::{Host, HostName};

/// An outbound flow of this host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The destination's name, where it is known: all that an application rule looks at.
    pub name: Option<HostName>,
    /// The destination's address, where it is known: all that a network security group looks at.
    pub address: Option<IpAddr>,
    /// The destination port; `None` only for protocols without ports.
    pub port: Option<u16>,
    /// The protocol.
    pub protocol: Protocol,
    /// The address it leaves from, before any translation; `None` where any of this host's.
    pub source: Option<IpAddr>,
}

impl Flow {
    /// A TCP flow.
    #[must_use]
    pub fn tcp(destination: Host, port: u16) -> Self {
        let (name, address) = match destination {
            Host::Name(name) => (Some(name), None),
            Host::Address(address) => (None, Some(address.to_canonical())),
        };
        Self { name, address, port: Some(port), protocol: Protocol::Tcp, source: None }
    }

    /// The destination as given: the address, else the name.
    #[must_use]
    pub fn destination(&self) -> String {
        match (&self.address, &self.name) {
            (Some(address), _) => address.to_string(),
            (None, Some(name)) => name.to_string(),
            (None, None) => "?".to_owned(),
        }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.address) {
            (Some(name), Some(address)) => write!(f, "{name} ({address})")?,
            _ => f.write_str(&self.destination())?,
        }
        match self.port {
            Some(port) => write!(f, " {} {port}", self.protocol),
            None => write!(f, " {}", self.protocol),
        }
    }
}

/// Why a line is no flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}:{line}: {found}; expected destination,port,protocol[,source] as in 13.66.60.119,443,tcp"
)]
pub struct FlowError {
    /// The file, as its reader named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub found: String,
}

/// Reads flows as CSV (RFC 4180 without line ends in quotes): `destination,port,protocol[,source]`
/// a line. A heading, empty lines and lines that begin with `#` are skipped; destinations may be
/// names.
///
/// # Errors
/// The first line that is no flow.
pub fn read_flows(text: &str, file: &str) -> Result<Vec<Flow>, FlowError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut flows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let is_heading = flows.is_empty() && line.to_ascii_lowercase().starts_with("destination");
        if line.is_empty() || line.starts_with('#') || is_heading {
            continue;
        }
        flows.push(read_flow(line).map_err(|found| FlowError {
            file: file.to_owned(),
            line: index + 1,
            found,
        })?);
    }
    Ok(flows)
}

fn read_flow(line: &str) -> Result<Flow, String> {
    let cells: Vec<_> = line
        .split(',')
        .map(|cell| {
            let cell = cell.trim();
            cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell).trim()
        })
        .collect();
    let (destination, port, protocol, source) = match cells[..] {
        [destination, port, protocol] => (destination, port, protocol, ""),
        [destination, port, protocol, source] => (destination, port, protocol, source),
        _ => return Err(format!("{} columns", cells.len())),
    };
    let host = Host::parse(destination).map_err(|error| format!("the destination: {error}"))?;
    let protocol = Protocol::parse(protocol).ok_or_else(|| {
        format!("'{}' is no protocol: tcp, udp, icmp, esp or ah", shown(protocol))
    })?;
    let port = match (port.parse::<u16>(), protocol.has_ports()) {
        (Ok(port @ 1..), true) => Some(port),
        (_, false) if port.is_empty() || port == "*" || port == "0" => None,
        (Ok(_), false) => None,
        _ => return Err(format!("'{}' is no port from 1 to 65535", shown(port))),
    };
    let source = match source {
        "" | "*" => None,
        text => Some(
            text.parse::<IpAddr>()
                .map_err(|_| format!("the source '{}' is no address", shown(text)))?
                .to_canonical(),
        ),
    };
    Ok(Flow { port, protocol, source, ..Flow::tcp(host, 0) })
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn flows_are_read_with_and_without_heading() {
        let text = "\u{feff}destination,port,protocol,source\r\n# a comment\r\n\r\n\
                    13.66.60.119,443,tcp\r\n\"ns.servicebus.windows.net\", 443 ,TCP,10.0.0.4\r\n\
                    2603:1030::1,,icmp\r\n";
        let flows = read_flows(text, "flows.csv").unwrap();
        let shown: Vec<_> = flows.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["13.66.60.119 tcp 443", "ns.servicebus.windows.net tcp 443", "2603:1030::1 icmp"]
        );
        assert_eq!(flows[1].source, Some("10.0.0.4".parse().unwrap()));
    }

    #[test]
    fn a_bad_line_is_named() {
        for (line, expected) in [
            ("13.66.60.119,443", "f:2: 2 columns"),
            ("13.66.60.119,0,tcp", "'0' is no port"),
            ("13.66.60.119,65536,tcp", "'65536' is no port"),
            ("13.66.60.119,,tcp", "'' is no port"),
            ("13.66.60.119,443,gre", "'gre' is no protocol"),
            ("13.66.60.119,443,tcp,me", "the source 'me'"),
            ("a b,443,tcp", "the destination: 'a b'"),
        ] {
            let text = format!("1.1.1.1,53,udp\n{line}\n");
            let error = read_flows(&text, "f").unwrap_err().to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[ -~\n\u{e4},]{0,200}") {
            let _ = read_flows(&text, "f");
        }
    }
}
