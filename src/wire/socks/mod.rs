//! SOCKS 5 (RFC 1928) with a user name and a password (RFC 1929), as far as one CONNECT needs it.
//!
//! The far end is always asked for by its name, by `socks5://` as by `socks5h://`, as .NET does;
//! curl resolves the name itself for the former. A name that only the proxy knows is then no fault
//! of this host, and what is measured is the proxy's way to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::connect::Login;
use crate::model::Host;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// One request for a tunnel: what is still to be sent, and what the proxy has answered so far.
pub struct Dialogue {
    stage: Stage,
    /// User name and password as they are sent, where they can be.
    login: Option<Vec<u8>>,
    request: Vec<u8>,
    /// Bytes that are not decided on yet.
    pending: Vec<u8>,
}

/// Which answer is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Method,
    Login,
    Reply,
}

/// What to do after the proxy's latest bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocksStep {
    /// What is to be sent now.
    pub send: Vec<u8>,
    /// How the request ended, if it did. Nothing more is sent then.
    pub end: Option<Result<Granted, SocksRefusal>>,
}

/// The proxy's consent: the stream is a tunnel from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The address that the proxy says it bound, as `10.0.0.8:40112`.
    pub bound: String,
    /// The tunnel's first bytes: they came with the reply.
    pub tunnelled: Vec<u8>,
}

/// Why the proxy opens no tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocksRefusal {
    /// The bytes are not SOCKS 5.
    NotSocks,
    /// None of the methods offered is accepted, or a user name is asked for and was not offered.
    NoMethod,
    /// User name and password are rejected.
    Rejected,
    /// A reply other than 0 (RFC 1928 §6).
    Reply(u8),
}

impl Dialogue {
    /// A request for a tunnel to `host:port`, and the first bytes to send. A user name or a
    /// password of more than 255 bytes does not fit into RFC 1929 and is not offered.
    #[must_use]
    pub fn new(host: &Host, port: u16, login: Option<Login<'_>>) -> (Self, Vec<u8>) {
        let login = login.and_then(login_message);
        let methods: &[u8] = match login {
            Some(_) => &[NO_AUTHENTICATION, USER_PASSWORD],
            None => &[NO_AUTHENTICATION],
        };
        let greeting = [&[VERSION, length(methods)], methods].concat();
        let request = request(host, port);
        (Self { stage: Stage::Method, login, request, pending: Vec::new() }, greeting)
    }

    /// Whether a user name and a password are offered.
    #[must_use]
    pub const fn offers_login(&self) -> bool {
        self.login.is_some()
    }

    /// Takes bytes that have come from the proxy.
    pub fn push(&mut self, bytes: &[u8]) -> SocksStep {
        self.pending.extend_from_slice(bytes);
        let mut send = Vec::new();
        loop {
            let end = match (self.stage, &self.pending[..]) {
                (Stage::Method | Stage::Reply, [version, ..]) if *version != VERSION => {
                    Err(SocksRefusal::NotSocks)
                }
                (Stage::Method, [_, method, ..]) => match (*method, &self.login) {
                    (NO_AUTHENTICATION, _) => {
                        send.extend(&self.request);
                        self.go_on(Stage::Reply);
                        continue;
                    }
                    (USER_PASSWORD, Some(login)) => {
                        send.extend(login);
                        self.go_on(Stage::Login);
                        continue;
                    }
                    (USER_PASSWORD, None) | (NO_ACCEPTABLE_METHOD, _) => {
                        Err(SocksRefusal::NoMethod)
                    }
                    _ => Err(SocksRefusal::NotSocks),
                },
                // Servers differ in the version that they put here: the status is what counts.
                (Stage::Login, [_, 0, ..]) => {
                    send.extend(&self.request);
                    self.go_on(Stage::Reply);
                    continue;
                }
                (Stage::Login, [_, _, ..]) => Err(SocksRefusal::Rejected),
                (Stage::Reply, [_, 0, ..]) => match read_bound(&self.pending) {
                    Ok(None) => return SocksStep { send, end: None },
                    Ok(Some((bound, length))) => {
                        Ok(Granted { bound, tunnelled: self.pending.split_off(length) })
                    }
                    Err(refusal) => Err(refusal),
                },
                (Stage::Reply, [_, code, ..]) => Err(SocksRefusal::Reply(*code)),
                (_, [] | [_]) => return SocksStep { send, end: None },
            };
            return SocksStep { send, end: Some(end) };
        }
    }

    /// Goes on to the next stage. Both earlier answers have two bytes.
    fn go_on(&mut self, stage: Stage) {
        self.pending.drain(..2);
        self.stage = stage;
    }
}

/// The message with user name and password (RFC 1929 §2), where both fit into it.
fn login_message(login: Login<'_>) -> Option<Vec<u8>> {
    let mut message = vec![1];
    for part in [login.user, login.password] {
        message.push(u8::try_from(part.len()).ok()?);
        message.extend(part.as_bytes());
    }
    Some(message)
}

/// The request CONNECT (RFC 1928 §4).
fn request(host: &Host, port: u16) -> Vec<u8> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host {
        Host::Address(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Host::Address(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Host::Name(name) => {
            request.extend([NAME, length(name.as_str().as_bytes())]);
            request.extend(name.as_str().as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    request
}

/// Methods are two at most, and a host name has 253 bytes at most (RFC 1035 §2.3.4).
fn length(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}

/// The bound address of a whole reply, and the reply's length; `None` while it is not whole.
fn read_bound(reply: &[u8]) -> Result<Option<(String, usize)>, SocksRefusal> {
    let [_, _, _, kind, rest @ ..] = reply else { return Ok(None) };
    let (start, length) = match (*kind, rest) {
        (IPV4, _) => (4, 4),
        (IPV6, _) => (4, 16),
        (NAME, [length, ..]) => (5, usize::from(*length)),
        (NAME, []) => return Ok(None),
        _ => return Err(SocksRefusal::NotSocks),
    };
    let end = start + length;
    let (Some(address), Some([high, low])) = (reply.get(start..end), reply.get(end..end + 2))
    else {
        return Ok(None);
    };
    let port = u16::from_be_bytes([*high, *low]);
    let bound = if let Ok(octets) = <[u8; 4]>::try_from(address)
        && *kind == IPV4
    {
        SocketAddr::from((Ipv4Addr::from(octets), port)).to_string()
    } else if let Ok(octets) = <[u8; 16]>::try_from(address)
        && *kind == IPV6
    {
        SocketAddr::from((Ipv6Addr::from(octets), port)).to_string()
    } else {
        format!("{}:{port}", String::from_utf8_lossy(address))
    };
    Ok(Some((bound, end + 2)))
}

#[cfg(test)]
mod tests;
