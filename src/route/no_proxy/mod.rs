//! `NO_PROXY` and similar lists in four dialects. A leading dot, a `*` and a port mean something
//! else in each of them, so that a list is always read with its dialect.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::bypass_match::BypassMatch;
use super::redacted::redacted_rule;
use crate::model::{Host, HostName};

/// The client whose rules a list is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoProxyDialect {
    /// curl's `CURLOPT_NOPROXY` and `--noproxy`, as of 7.87: a name stands for its subdomains, a
    /// leading dot means nothing, a `*` alone is everything, ports are not known.
    Curl,
    /// Go's `golang.org/x/net/http/httpproxy`: a name stands for its subdomains, with a leading dot
    /// or `*.` for these alone, a port may follow; loopback never goes through the proxy.
    Go,
    /// .NET's `HttpEnvironmentProxy` (.NET Core 3 and later): a name is itself alone, with a
    /// leading dot it stands for its subdomains too. No `*`, no ports, no CIDR.
    DotNet,
    /// Windows' `ProxyOverride` (Internet Options, `WinHTTP`): separated by `;`, `*` anywhere,
    /// `<local>` for names without a dot; loopback goes direct unless `<-loopback>` stands there.
    WinInet,
}

impl NoProxyDialect {
    /// The name that documentation and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Go => "Go",
            Self::DotNet => ".NET",
            Self::WinInet => "WinINET",
        }
    }
}

impl fmt::Display for NoProxyDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The scheme of the URL a client would ask for: it decides the default port, and in some
/// dialects whether a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// The word before `://`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL leaves out.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A parsed list of hosts that go direct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProxy {
    dialect: NoProxyDialect,
    rules: Vec<NoProxyRule>,
    ignored: Vec<Ignored>,
    /// Whether loopback goes direct without a rule.
    exempts_loopback: bool,
}

/// An entry that can match nothing in its dialect. It is kept because its author probably had
/// another dialect in mind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The position in the list, counted from 1.
    pub index: usize,
    /// The entry as written, without user information.
    pub text: String,
    /// The reason why it matches nothing.
    pub why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NoProxyRule {
    index: usize,
    text: String,
    form: Form,
    scheme: Option<Scheme>,
    port: Option<u16>,
}

/// What a rule matches. Texts are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Everything,
    /// One host, in the form of a URL.
    Exact(String),
    /// Every host with this suffix, which begins with a dot.
    Below(String),
    /// The host of this text, and every host with it as a suffix behind a dot. .NET and Go compare
    /// the text of addresses in this way too.
    AtOrBelow(String),
    /// The name and the names below it.
    Domain(String),
    Network(IpNet),
    /// A pattern in which `*` stands for any characters.
    Glob(String),
    /// Names without a dot.
    Local,
}

impl NoProxy {
    /// Reads a list. These dialects have no errors: an entry that cannot match is in
    /// [`NoProxy::ignored`].
    #[must_use]
    pub fn parse(text: &str, dialect: NoProxyDialect) -> Self {
        let mut list = Self {
            dialect,
            rules: Vec::new(),
            ignored: Vec::new(),
            exempts_loopback: matches!(dialect, NoProxyDialect::Go | NoProxyDialect::WinInet),
        };
        match dialect {
            NoProxyDialect::Curl => list.read_curl(text),
            NoProxyDialect::Go => list.read_go(text),
            NoProxyDialect::DotNet => list.read_dotnet(text),
            NoProxyDialect::WinInet => list.read_wininet(text),
        }
        list
    }

    /// Treats loopback like any other host.
    #[must_use]
    pub fn without_loopback_rule(self) -> Self {
        Self { exempts_loopback: false, ..self }
    }

    /// The client whose rules the list was read by.
    #[must_use]
    pub const fn dialect(&self) -> NoProxyDialect {
        self.dialect
    }

    /// The entries that can match nothing.
    #[must_use]
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// The reason why this host goes direct; `None` where it goes to the proxy.
    #[must_use]
    pub fn decide(&self, host: &Host, port: u16, scheme: Scheme) -> Option<BypassMatch> {
        if self.exempts_loopback && self.is_loopback(host) {
            return Some(BypassMatch::LOOPBACK);
        }
        let written = host.to_string();
        self.rules
            .iter()
            .filter(|rule| rule.port.is_none_or(|only| only == port))
            .filter(|rule| rule.scheme.is_none_or(|only| only == scheme))
            .find(|rule| rule.form.matches(host, &written))
            .map(|rule| BypassMatch::Rule { index: rule.index, text: rule.text.clone() })
    }

    fn is_loopback(&self, host: &Host) -> bool {
        match host {
            Host::Address(address) => address.to_canonical().is_loopback(),
            Host::Name(name) => {
                name.as_str() == "localhost"
                    || self.dialect == NoProxyDialect::WinInet && name.as_str() == "loopback"
            }
        }
    }

    /// Reads a list as `lib/noproxy.c` does: `*` has a meaning only alone; entries end at a comma
    /// or a blank, and a blank without a comma behind it ends the list.
    fn read_curl(&mut self, text: &str) {
        if text == "*" {
            self.add(1, text, Form::Everything, None);
            return;
        }
        let mut index = 0;
        let mut has_ended = false;
        for part in text.split(',') {
            let mut words = part.split([' ', '\t']).filter(|word| !word.is_empty());
            let Some(entry) = words.next() else { continue };
            index += 1;
            if has_ended {
                self.ignore(index, part.trim(), "curl stops reading at a blank without a comma");
                continue;
            }
            self.add_curl(index, entry);
            let rest: Vec<&str> = words.collect();
            if !rest.is_empty() {
                has_ended = true;
                index += 1;
                let rest = rest.join(" ");
                self.ignore(index, &rest, "curl stops reading at a blank without a comma");
            }
        }
    }

    fn add_curl(&mut self, index: usize, entry: &str) {
        let (address, bits) = entry.split_once('/').unwrap_or((entry, "0"));
        if let Ok(address) = address.parse::<IpAddr>() {
            let most = if address.is_ipv4() { 32 } else { 128 };
            match bits.parse::<u8>() {
                // curl takes a prefix length of 0 for the whole address.
                Ok(0) => self.add(index, entry, Form::Exact(address.to_string()), None),
                Ok(bits) if bits <= most => {
                    let network = IpNet::new_assert(address, bits);
                    self.add(index, entry, Form::Network(network), None);
                }
                _ => self.ignore(index, entry, "the prefix length is out of range"),
            }
            return;
        }
        let name = entry.strip_suffix('.').unwrap_or(entry);
        let name = name.strip_prefix('.').unwrap_or(name).to_lowercase();
        match name.as_str() {
            "" => self.ignore(index, entry, "nothing but dots"),
            name if name.contains('*') => {
                self.ignore(index, entry, "curl knows '*' only as the whole list");
            }
            name if name.contains('[') => {
                self.ignore(index, entry, "curl wants IPv6 addresses without brackets");
            }
            name if name.contains(':') => self.ignore(index, entry, "curl matches no ports"),
            name => self.add(index, entry, Form::Domain(canonical(name)), None),
        }
    }

    /// Reads a list as Go's `httpproxy.Config` does: an entry `*` makes the list match everything.
    fn read_go(&mut self, text: &str) {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (position, entry) in entries.enumerate() {
            let index = position + 1;
            let lower = entry.to_lowercase();
            if lower == "*" {
                self.rules.clear();
                self.add(index, entry, Form::Everything, None);
                return;
            }
            if let Ok(network) = lower.parse::<IpNet>() {
                self.add(index, entry, Form::Network(network), None);
                continue;
            }
            let (host, port) = split_go_port(&lower);
            let Ok(port) = port.map(str::parse::<u16>).transpose() else {
                self.ignore(index, entry, "the port is no number");
                continue;
            };
            if let Ok(address) = host.parse::<IpAddr>() {
                let network = IpNet::from(address.to_canonical());
                self.add(index, entry, Form::Network(network), port);
                continue;
            }
            let below = host.strip_prefix('*').filter(|rest| rest.starts_with('.'));
            match below.unwrap_or(host) {
                "" => self.ignore(index, entry, "no host"),
                domain if domain.contains('*') => {
                    self.ignore(index, entry, "Go knows '*' alone or as the first label only");
                }
                domain if domain.starts_with('[') => {
                    self.ignore(index, entry, "Go wants brackets only where a port follows");
                }
                domain if domain.starts_with('.') => {
                    self.add(index, entry, Form::Below(canonical(domain)), port);
                }
                domain => self.add(index, entry, Form::AtOrBelow(canonical(domain)), port),
            }
        }
    }

    /// Reads a list as .NET's `HttpEnvironmentProxy.IsMatchInBypassList` does.
    fn read_dotnet(&mut self, text: &str) {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (position, entry) in entries.enumerate() {
            let index = position + 1;
            let lower = entry.to_lowercase();
            if lower.contains('*') {
                self.ignore(index, entry, ".NET knows no '*' here: a leading dot means subdomains");
            } else if lower.contains('/') {
                self.ignore(index, entry, ".NET knows no CIDR here");
            } else if let Some(bare) =
                lower.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
            {
                // `Uri.Host` writes IPv6 in brackets.
                self.add(index, entry, Form::Exact(bare.to_owned()), None);
            } else if lower.contains(':') {
                let why = ".NET matches no ports, and IPv6 addresses only in brackets";
                self.ignore(index, entry, why);
            } else if let Some(domain) = lower.strip_prefix('.') {
                self.add(index, entry, Form::AtOrBelow(canonical(domain)), None);
            } else {
                self.add(index, entry, Form::Exact(canonical(&lower)), None);
            }
        }
    }

    /// Reads a list as Windows reads `WINHTTP_PROXY_INFO.lpszProxyBypass` and the exceptions of the
    /// Internet Options.
    fn read_wininet(&mut self, text: &str) {
        let is_separator = |c: char| c == ';' || c == ',' || c.is_whitespace();
        let entries = text.split(is_separator).filter(|entry| !entry.is_empty());
        for (position, entry) in entries.enumerate() {
            let index = position + 1;
            let lower = entry.to_lowercase();
            match lower.as_str() {
                "<local>" => {
                    self.add(index, entry, Form::Local, None);
                    continue;
                }
                "<-loopback>" => {
                    self.exempts_loopback = false;
                    continue;
                }
                _ => {}
            }
            let (scheme, rest) = match lower.split_once("://") {
                None => (None, lower.as_str()),
                Some(("http", rest)) => (Some(Scheme::Http), rest),
                Some(("https", rest)) => (Some(Scheme::Https), rest),
                Some(("*", rest)) => (None, rest),
                Some(_) => {
                    self.ignore(index, entry, "of another scheme");
                    continue;
                }
            };
            let rest = rest.strip_suffix('/').unwrap_or(rest);
            let (host, port) = split_go_port(rest);
            let Ok(port) = port.filter(|port| *port != "*").map(str::parse::<u16>).transpose()
            else {
                self.ignore(index, entry, "the port is no number");
                continue;
            };
            let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let host = bare.unwrap_or(host);
            let form = match host {
                "" => {
                    self.ignore(index, entry, "no host");
                    continue;
                }
                host if host.contains('/') => {
                    self.ignore(index, entry, "Windows knows neither paths nor CIDR here");
                    continue;
                }
                "*" => Form::Everything,
                host if host.contains('*') => Form::Glob(host.to_owned()),
                host => Form::Exact(canonical(host)),
            };
            let text = redacted_rule(entry);
            self.rules.push(NoProxyRule { index, text, form, scheme, port });
        }
    }

    fn add(&mut self, index: usize, text: &str, form: Form, port: Option<u16>) {
        let text = redacted_rule(text);
        self.rules.push(NoProxyRule { index, text, form, scheme: None, port });
    }

    fn ignore(&mut self, index: usize, text: &str, why: &'static str) {
        self.ignored.push(Ignored { index, text: redacted_rule(text), why });
    }
}

impl Form {
    fn matches(&self, host: &Host, written: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Exact(text) => written == text,
            Self::Below(suffix) => written.ends_with(suffix.as_str()),
            Self::AtOrBelow(domain) => written
                .strip_suffix(domain.as_str())
                .is_some_and(|front| front.is_empty() || front.ends_with('.')),
            Self::Domain(domain) => host.name().is_some_and(|name| name.is_within(domain)),
            Self::Network(network) => match host {
                Host::Address(address) => network.contains(&address.to_canonical()),
                Host::Name(_) => false,
            },
            Self::Glob(pattern) => matches_glob(pattern, written),
            Self::Local => host.name().is_some_and(|name| !name.as_str().contains('.')),
        }
    }
}

/// Splits `host:port`, `[v6]:port` or a host alone, which may be a bare IPv6 address, as Go's
/// `net.SplitHostPort` does.
fn split_go_port(text: &str) -> (&str, Option<&str>) {
    if let Some((bare, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        return (bare, Some(port));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

/// The form in which hosts are compared: IDN as A-labels, addresses in their canonical text. A
/// leading dot stays.
fn canonical(text: &str) -> String {
    if let Ok(address) = text.parse::<IpAddr>() {
        return address.to_string();
    }
    let (dot, bare) = text.strip_prefix('.').map_or(("", text), |bare| (".", bare));
    match HostName::parse(bare) {
        Ok(name) => format!("{dot}{name}"),
        Err(_) => text.to_owned(),
    }
}

/// Whether a pattern matches, in which `*` stands for any number of characters.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        // A piece may match at its first occurrence, except the last, which must end the text.
        if let Some(middle) = last.replace(piece) {
            let Some(at) = str::find(rest, middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    last.map_or(rest.is_empty(), |piece| rest.ends_with(piece))
}

#[cfg(test)]
mod tests;
