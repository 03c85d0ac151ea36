//! Flows, and the CSV files that list them.

use std::fmt;
use std::net::IpAddr;

use super::columns::{Columns, CsvRow};
use super::port::Protocol;
use super::rule::Direction;
use crate::model::{Host, HostName};

/// A flow of this host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The name of the destination, where it is known. Application rules match nothing else.
    pub name: Option<HostName>,
    /// The address of the destination, where it is known. Network security groups match nothing
    /// else.
    pub address: Option<IpAddr>,
    /// The destination port, which only protocols without ports lack.
    pub port: Option<u16>,
    pub protocol: Protocol,
    /// The source address before any translation. `None` stands for any address of this host.
    pub source: Option<IpAddr>,
    pub direction: Direction,
}

impl Flow {
    /// A TCP flow.
    #[must_use]
    pub fn tcp(destination: Host, port: u16) -> Self {
        let (name, address) = match destination {
            Host::Name(name) => (Some(name), None),
            Host::Address(address) => (None, Some(address.to_canonical())),
        };
        Self {
            name,
            address,
            port: Some(port),
            protocol: Protocol::Tcp,
            source: None,
            direction: Direction::Outbound,
        }
    }

    /// Whether the flow goes to Azure's platform, which answers on the host itself.
    #[must_use]
    pub fn is_to_platform(&self) -> bool {
        self.address.is_some_and(super::scope::is_platform)
    }

    /// The destination in words: its address, or else its name.
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
        write!(f, " {}", self.protocol)?;
        if let Some(port) = self.port {
            write!(f, " {port}")?;
        }
        match self.direction {
            Direction::Outbound => Ok(()),
            Direction::Inbound => f.write_str(" inbound"),
        }
    }
}

/// The reason why a line is no flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}:{line}: {found}; expected destination,port,protocol[,source][,direction] as in \
     13.66.60.119,443,tcp"
)]
pub struct FlowError {
    pub file: String,
    pub line: u64,
    pub found: String,
}

/// The order of the columns in files without a head line.
const COLUMNS: [&str; 5] = ["destination", "port", "protocol", "source", "direction"];

/// Reads flows from CSV with the separator `,` or `;`. Each line is
/// `destination,port,protocol[,source][,direction]`, where the destination may be a name. A head
/// line may give another order, call the destination `address`, and add columns, of which only
/// `name` is used. Empty lines and lines that begin with `#` are skipped.
///
/// # Errors
/// [`FlowError`] for the first line that is no flow.
pub fn read_flows(text: &str, file: &str) -> Result<Vec<Flow>, FlowError> {
    let error = |line, found| FlowError { file: file.to_owned(), line, found };
    let mut flows = Vec::new();
    let columns = Columns::read(text, &COLUMNS).map_err(|(line, found)| error(line, found))?;
    for (line, row) in columns {
        flows.push(read_flow(&row).map_err(|found| error(line, found))?);
    }
    Ok(flows)
}

fn read_flow(row: &CsvRow) -> Result<Flow, String> {
    if row.has_head() {
        for (column, other) in
            [("port", None), ("protocol", None), ("destination", Some("address"))]
        {
            if !row.has(column) && !other.is_some_and(|other| row.has(other)) {
                return Err(format!("the head line names no column {column}"));
            }
        }
    } else if !(3..=5).contains(&row.len()) {
        return Err(format!("{} columns", row.len()));
    }
    let destination = row.get_any(&["destination", "address", "name"]);
    let host = Host::parse(destination).map_err(|error| format!("the destination: {error}"))?;
    let protocol = row.get("protocol");
    let protocol = Protocol::parse(protocol).ok_or_else(|| {
        format!("'{}' is no protocol: tcp, udp, icmp, esp or ah", shown(protocol))
    })?;
    let port = row.get("port");
    let port = match (port.parse::<u16>(), protocol.has_ports()) {
        (Ok(port @ 1..), true) => Some(port),
        (_, false) if port.is_empty() || port == "*" || port == "0" => None,
        (Ok(_), false) => None,
        _ => return Err(format!("'{}' is no port from 1 to 65535", shown(port))),
    };
    let source = match row.get("source") {
        "" | "*" => None,
        text => Some(
            text.parse::<IpAddr>()
                .map_err(|_| format!("the source '{}' is no address", shown(text)))?
                .to_canonical(),
        ),
    };
    let direction = match row.get("direction") {
        "" => Direction::Outbound,
        text => Direction::parse(text)
            .ok_or_else(|| format!("'{}' is no direction: outbound or inbound", shown(text)))?,
    };
    let flow = Flow { port, protocol, source, direction, ..Flow::tcp(host, 0) };
    // A column of that name may hold anything. A name of a service has a dot.
    let name = HostName::parse(row.get("name")).ok().filter(|name| name.labels().count() > 1);
    Ok(Flow { name: flow.name.or(name), ..flow })
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_head_line_names_the_columns_in_any_order() {
        for text in [
            "protocol,address,port\ntcp,13.66.60.119,443\n",
            "Port;Protocol;Destination\n443;tcp;13.66.60.119\n",
            "# what emit wrote\n\n\"direction\",\"source\",\"name\",\"address\",port,protocol,entry,proof\r\n\
             outbound,,,13.66.60.119,443,tcp,relay,\"published, \"\"TLS\"\"\"\r\n",
        ] {
            let flows = read_flows(text, "f").unwrap();
            assert_eq!(flows.len(), 1, "{text}");
            assert_eq!(flows[0].to_string(), "13.66.60.119 tcp 443", "{text}");
        }
        let text = "direction,source,name,address,port,protocol\n\
                    inbound,10.0.0.5,,10.0.0.4,8060,tcp\n\
                    outbound,,s.database.windows.net,13.66.60.119,1433,tcp\n\
                    outbound,,rule 7,13.66.60.119,1433,tcp\n";
        let flows = read_flows(text, "f").unwrap();
        let shown: Vec<_> = flows.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "10.0.0.4 tcp 8060 inbound",
                "s.database.windows.net (13.66.60.119) tcp 1433",
                "13.66.60.119 tcp 1433"
            ]
        );
        for (text, expected) in [
            ("address,port\n1.1.1.1,53\n", "names no column protocol"),
            ("address,protocol\n1.1.1.1,tcp\n", "names no column port"),
            ("address,port,protocol\n1.1.1.1,53,udp\n1.1.1.1,53\n", "f:3: "),
            ("1.1.1.1,53,udp,,sideways\n", "'sideways' is no direction"),
        ] {
            let error = read_flows(text, "f").unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

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
