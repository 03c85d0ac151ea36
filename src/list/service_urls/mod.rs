//! Reads the names that a runtime was told to use: the lines that the portal shows under Nodes,
//! View Service URLs, or an answer of Azure in any of its shapes.

use serde_json::Value;

use super::limits::MAX_INPUT_BYTES;
use super::node_status;
use super::pasted::{self, PastedError};
use crate::model::{Host, HostName, NameError, ReportedNode};

/// The names and the status of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceUrls {
    /// The name of the input in messages.
    pub source: String,
    pub urls: Vec<ServiceUrl>,
    /// `serviceRegion` of each runtime that has one (`eu`).
    pub service_regions: Vec<String>,
    /// `selfContainedInteractiveAuthoringEnabled`, where the input has it: such a runtime needs no
    /// relay. Of several runtimes, all that have it must have it enabled.
    pub is_self_contained: Option<bool>,
    pub nodes: Vec<ReportedNode>,
    /// The parts that were left out, with the reasons.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    pub host: UrlHost,
    pub port: Option<u16>,
}

/// A concrete name, or a wildcard, as Azure sometimes answers (`*.servicebus.windows.net`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlHost {
    Host(Host),
    /// Stands for every name below this domain.
    Wildcard(HostName),
}

/// The reason why an input has no service URLs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceUrlsError {
    /// The input is longer than [`MAX_INPUT_BYTES`].
    #[error("{path} is larger than {} MiB: it holds no service URLs", MAX_INPUT_BYTES >> 20)]
    TooLarge { path: String },
    /// The input holds neither a name nor the status of a runtime.
    #[error(
        "{path} holds no names: expected one a line, or the JSON of \
         `az datafactory integration-runtime get-status`"
    )]
    Empty { path: String },
    /// The input begins like JSON and is malformed.
    #[error("{path}:{line}:{column}: not JSON: {message}")]
    Json { path: String, line: usize, column: usize, message: String },
    /// The input is JSON without service URLs.
    #[error(
        "{path}: found {found}; expected `serviceUrls` as \
         `az datafactory integration-runtime get-status` answers it, or an array of names"
    )]
    Shape {
        path: String,
        /// The keys of the input, without values, which could be secrets.
        found: String,
    },
    /// The input is an error message of Azure.
    #[error("{path} is an error of Azure ({code}), not the status of a runtime")]
    Azure { path: String, code: String },
    /// Some of the entries are no names.
    #[error("{}", lines(path, problems))]
    Names {
        path: String,
        /// The first 20 of them.
        problems: Vec<(Position, UrlError)>,
    },
    /// The input holds more names than any runtime has.
    #[error("{path} holds more than {MAX_NAMES} names")]
    TooMany { path: String },
}

/// The position of an entry in its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The number of the line, from 1.
    Line(usize),
    /// The index in the array, from 0.
    Item(usize),
}

/// The reason why an entry is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error(transparent)]
    Pasted(#[from] PastedError),
    #[error(transparent)]
    Name(#[from] NameError),
    /// The entry is JSON of another type than a string.
    #[error("found {0}; expected a name")]
    Type(&'static str),
    /// The entry is an authentication key, of which nothing is repeated.
    #[error("this is an authentication key, not a service URL: give it by --auth-key FILE")]
    AuthKey,
    /// The entry is `NAME=VALUE`, and the value may be a key: nothing of it is repeated.
    #[error(
        "column {column}: this looks like a connection string, which may hold a key: give the \
         names of its hosts alone"
    )]
    ConnectionString {
        /// Where the part begins that looks so, counted in characters from 1.
        column: usize,
    },
}

/// The most names of one input. A runtime has about 260.
pub const MAX_NAMES: usize = 100_000;
/// What stands between the names of one line; each takes one byte.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Reads service URLs. `path` is the name of the input in messages.
///
/// # Errors
/// [`ServiceUrlsError`] names the position, what was found and what was expected.
pub fn parse(text: &str, path: &str) -> Result<ServiceUrls, ServiceUrlsError> {
    if text.len() > MAX_INPUT_BYTES {
        return Err(ServiceUrlsError::TooLarge { path: path.to_owned() });
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = ServiceUrlReader {
        urls: ServiceUrls { source: path.to_owned(), ..ServiceUrls::default() },
        n_ignored: 0,
        problems: Vec::new(),
    };
    let is_json = text.trim_start().starts_with(['{', '[']);
    if is_json {
        let value = serde_json::from_str(text).map_err(|error| ServiceUrlsError::Json {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
            message: json_message(&error),
        })?;
        reader.document(&value)?;
    } else {
        reader.lines(text)?;
    }
    reader.finish()
}

struct ServiceUrlReader {
    urls: ServiceUrls,
    n_ignored: usize,
    problems: Vec<(Position, UrlError)>,
}

impl ServiceUrlReader {
    fn lines(&mut self, text: &str) -> Result<(), ServiceUrlsError> {
        for (index, line) in text.lines().enumerate() {
            if is_auth_key(line) {
                self.problem(Position::Line(index + 1), UrlError::AuthKey);
                continue;
            }
            if is_heading(line) {
                let (path, line) = (&self.urls.source, pasted::trim(line));
                let note = format!("{path}: line {}: '{line}' is a heading: ignored", index + 1);
                self.urls.notes.push(note);
                continue;
            }
            if let Some(column) = assignment(line) {
                // The values of such a line may hold separators: none of its parts is a name.
                self.problem(Position::Line(index + 1), UrlError::ConnectionString { column });
                continue;
            }
            for name in without_comment(without_bullet(line)).split(SEPARATORS) {
                let name = pasted::trim(name);
                match name {
                    "" => {}
                    // The formats `table` and `tsv` of `az` print these for a null.
                    "null" | "None" => self.n_ignored += 1,
                    _ => self.name(Position::Line(index + 1), name)?,
                }
            }
        }
        if self.urls.urls.is_empty() && self.problems.is_empty() {
            return Err(ServiceUrlsError::Empty { path: self.urls.source.clone() });
        }
        Ok(())
    }

    fn document(&mut self, value: &Value) -> Result<(), ServiceUrlsError> {
        match value {
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => {
                items.iter().try_for_each(|item| self.status(item))
            }
            Value::Array(items) => self.names(items),
            Value::Object(wrapper) => match wrapper.get("value") {
                Some(Value::Array(items)) => items.iter().try_for_each(|item| self.status(item)),
                _ => self.status(value),
            },
            other => Err(self.shape(other)),
        }
    }

    /// Reads the status of one runtime: as Resource Manager answers it or flattened by `az`, whole
    /// or only its properties.
    fn status(&mut self, value: &Value) -> Result<(), ServiceUrlsError> {
        let pointers = ["/properties/typeProperties", "/properties", "/typeProperties", ""];
        let Some(properties) = pointers
            .iter()
            .filter_map(|pointer| value.pointer(pointer))
            .find(|properties| properties.get("serviceUrls").is_some())
        else {
            return Err(self.shape(value));
        };
        self.urls.nodes.extend(node_status::read(properties, value));
        match &properties["serviceUrls"] {
            Value::Null => self.n_ignored += 1,
            Value::Array(items) => self.names(items)?,
            other => return Err(self.shape(other)),
        }
        if let Some(region) = properties.get("serviceRegion").and_then(Value::as_str) {
            let region = region.trim().to_ascii_lowercase();
            if !region.is_empty() && !self.urls.service_regions.contains(&region) {
                self.urls.service_regions.push(region);
            }
        }
        let self_contained = match properties.get("selfContainedInteractiveAuthoringEnabled") {
            Some(Value::Bool(enabled)) => Some(*enabled),
            Some(Value::String(text)) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        if let Some(enabled) = self_contained {
            let so_far = self.urls.is_self_contained.unwrap_or(true);
            self.urls.is_self_contained = Some(so_far && enabled);
        }
        Ok(())
    }

    fn names(&mut self, items: &[Value]) -> Result<(), ServiceUrlsError> {
        for (index, item) in items.iter().enumerate() {
            let position = Position::Item(index);
            match item {
                Value::Null => self.n_ignored += 1,
                Value::String(name) if pasted::trim(name).is_empty() => self.n_ignored += 1,
                Value::String(name) => self.name(position, name)?,
                other => self.problem(position, UrlError::Type(json_type(other))),
            }
        }
        Ok(())
    }

    fn name(&mut self, position: Position, text: &str) -> Result<(), ServiceUrlsError> {
        let url = match assignment(text) {
            _ if is_auth_key(text) => Err(UrlError::AuthKey),
            Some(column) => Err(UrlError::ConnectionString { column }),
            None => read(text),
        };
        match url {
            Ok(url) if self.urls.urls.len() < MAX_NAMES => self.urls.urls.push(url),
            Ok(_) => return Err(ServiceUrlsError::TooMany { path: self.urls.source.clone() }),
            Err(error) => self.problem(position, error),
        }
        Ok(())
    }

    fn problem(&mut self, position: Position, error: UrlError) {
        const SHOWN: usize = 20;
        if self.problems.len() < SHOWN {
            self.problems.push((position, error));
        }
    }

    fn shape(&self, value: &Value) -> ServiceUrlsError {
        let path = self.urls.source.clone();
        if let Some(code) = value.pointer("/error/code").and_then(Value::as_str) {
            return ServiceUrlsError::Azure { path, code: code.chars().take(80).collect() };
        }
        // Values could be secrets, such as those in the answer of list-auth-key.
        let found = match value.as_object() {
            Some(object) if !object.is_empty() => {
                let keys: Vec<String> =
                    object.keys().take(8).map(|key| key.chars().take(40).collect()).collect();
                format!("an object with {}", keys.join(", "))
            }
            _ => json_type(value).to_owned(),
        };
        ServiceUrlsError::Shape { path, found }
    }

    fn finish(mut self) -> Result<ServiceUrls, ServiceUrlsError> {
        let path = &self.urls.source;
        if !self.problems.is_empty() {
            return Err(ServiceUrlsError::Names { path: path.clone(), problems: self.problems });
        }
        match self.n_ignored {
            0 => {}
            1 => self.urls.notes.push(format!("{path}: one entry is null or empty: ignored")),
            n => self.urls.notes.push(format!("{path}: {n} entries are null or empty: ignored")),
        }
        if self.urls.urls.is_empty() {
            let note = format!("{path}: the runtime has no service URLs (is a node registered?)");
            self.urls.notes.push(note);
        }
        Ok(self.urls)
    }
}

/// Reads a name such as `https://host/`, `host:443` or `*.servicebus.windows.net`.
fn read(text: &str) -> Result<ServiceUrl, UrlError> {
    let pasted = pasted::split(text)?;
    let port = pasted::port(pasted.port)?;
    let host = match pasted.host.strip_prefix("*.") {
        Some(domain) => UrlHost::Wildcard(HostName::parse(domain)?),
        None => UrlHost::Host(Host::parse(pasted.host)?),
    };
    Ok(ServiceUrl { host, port })
}

/// Whether a text holds an authentication key, whose form is `IR@…@…@ServiceEndpoint=…@…`.
fn is_auth_key(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).starts_with("ir@")
        || text.contains("@serviceendpoint=")
}

/// The column of the first part that is `NAME=VALUE`, as the parts of connection strings are. In a
/// URL `=` stands behind the host.
fn assignment(line: &str) -> Option<usize> {
    let text = without_comment(without_bullet(line));
    let mut start = line.find(text).unwrap_or_default();
    for part in text.split(SEPARATORS) {
        let authority = part.split_once("://").filter(|(scheme, _)| !scheme.contains('='));
        let front = authority.map_or(part, |(_, rest)| rest);
        let front = front.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        if front.contains('=') {
            let blanks = part.len() - part.trim_start().len();
            return Some(line[..start + blanks].chars().count() + 1);
        }
        start += part.len() + 1;
    }
    None
}

/// Whether a line is one of the headings above the names in the portal or in documentation.
fn is_heading(line: &str) -> bool {
    const HEADINGS: [&str; 9] = [
        "service urls",
        "service url",
        "view service urls",
        "urls",
        "url",
        "fqdn",
        "fqdns",
        "domain name",
        "domain names",
    ];
    let line = pasted::trim(line).trim_start_matches('#').trim_end_matches(':').trim();
    HEADINGS.iter().any(|heading| line.eq_ignore_ascii_case(heading))
}

/// Drops the bullet or number of a line.
fn without_bullet(line: &str) -> &str {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let numbered = line[digits..].strip_prefix(['.', ')']).filter(|_| digits > 0);
    let marked = line.strip_prefix(['-', '*', '•', '–', '·', '+']);
    let rest = numbered.or(marked).unwrap_or(line);
    // Without a blank the text is part of the name (*.servicebus.windows.net, 10.0.0.1).
    if rest.starts_with(char::is_whitespace) { rest.trim_start() } else { line }
}

/// Drops a comment, which begins with `#` at the start or behind a blank. Any other `#` begins the
/// fragment of a URL.
fn without_comment(line: &str) -> &str {
    let is_comment = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
    match line.match_indices('#').find(|(at, _)| is_comment(*at)) {
        Some((at, _)) => &line[..at],
        None => line,
    }
}

fn lines(path: &str, problems: &[(Position, UrlError)]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|(at, why)| format!("{path}: {at}: {why}")).collect();
    lines.join("\n")
}

/// The parser's message without the position, with which ours begins.
fn json_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

const fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Item(index) => write!(f, "serviceUrls[{index}]"),
        }
    }
}

impl std::fmt::Display for UrlHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(host) => host.fmt(f),
            Self::Wildcard(domain) => write!(f, "*.{domain}"),
        }
    }
}

#[cfg(test)]
mod tests;
