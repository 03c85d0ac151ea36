//! `diahost.exe.config` and `diawp.exe.config`: the runtime's own proxy settings, as .NET
//! Framework reads them ("`<defaultProxy>` Element (Network Settings)", learn.microsoft.com, and
//! its published source, `DefaultProxySection`).

use roxmltree::{Document, Node, ParsingOptions};

use super::bypass::BypassEntry;
use super::proxy_url::{ProxyUrl, ProxyUrlError};

/// The proxy settings of one of the two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentProxy {
    /// The file's name, without its folder: `diahost.exe.config`.
    pub file: String,
    /// The section `<system.net><defaultProxy>`, where the file has one.
    pub default_proxy: Option<DefaultProxy>,
    /// The parts of the section that .NET refuses. One of them is enough that every request fails.
    pub faults: Vec<ConfigFault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultProxy {
    pub line: u32,
    /// `enabled`, which is true where it is absent. False means direct, whatever the rest says.
    pub enabled: bool,
    /// `useDefaultCredentials`, which is false where it is absent: whether .NET authenticates with
    /// the account of the service.
    pub use_default_credentials: bool,
    /// The file that holds the section's content instead (`configSource`).
    pub config_source: Option<String>,
    /// The element `<proxy>`, or its defaults.
    pub proxy: ProxyElement,
    /// The entries that `<bypasslist>` leaves, in order.
    pub bypass: Vec<BypassEntry>,
    /// `<module type="…"/>` names code that decides instead.
    pub module: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyElement {
    /// The line of the element; 0 where there is none.
    pub line: u32,
    pub address: Option<ProxyAddress>,
    pub bypass_on_local: Setting,
    /// `usesystemdefault`: whether the account's own Internet settings are the starting point.
    pub use_system_default: Setting,
    /// `scriptLocation`: the address of a PAC script as written, which may hold a password.
    pub script_location: Option<String>,
    /// `autoDetect`: whether WPAD looks for a script.
    pub auto_detect: Setting,
}

/// The value of the attribute `proxyaddress`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyAddress {
    /// A proxy that .NET Framework can use: `http://HOST:PORT`.
    Usable(ProxyUrl),
    /// A proxy of a scheme that .NET Framework cannot use ("The `ServicePointManager` does not
    /// support proxies with the … scheme").
    WrongScheme(ProxyUrl),
    /// `HOST:PORT`, of which .NET takes the host for a scheme.
    NoScheme(ProxyUrl),
    Malformed(ProxyUrlError),
}

/// An attribute of three values, as .NET's `ProxyElement` has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Setting {
    /// The attribute is absent or `unspecified`.
    #[default]
    Unspecified,
    True,
    False,
}

/// A part of the section that .NET refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ConfigFault {
    pub line: u32,
    pub message: String,
}

/// The reason why a file could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentConfigError {
    /// The file holds only white space.
    #[error("{file} is empty")]
    Empty { file: String },
    /// An element has more attributes than any configuration, and would take long to parse.
    #[error(
        "{file}:{line}: an element with more than {} attributes; such a file is not read",
        AgentProxy::MAX_ATTRIBUTES
    )]
    Crowded { file: String, line: u32 },
    /// The file is far larger than a configuration.
    #[error("{file} has {length} bytes; at most {} are read", AgentProxy::MAX_LENGTH)]
    TooLong { file: String, length: usize },
    #[error("{file} is not {encoding}: byte {at} cannot be read")]
    Encoding {
        file: String,
        /// The encoding that the file begins with.
        encoding: &'static str,
        /// The offset of the first byte that does not fit.
        at: usize,
    },
    /// The file has a document type, whose entities could grow without bound or fetch other files.
    #[error("{file}, line {line}: a document type (<!DOCTYPE) is not accepted")]
    DocumentType { file: String, line: u32 },
    #[error("{file}, line {line}, column {column}: not well-formed XML: {message}")]
    NotWellFormed { file: String, line: u32, column: u32, message: String },
    /// The XML is not a .NET configuration.
    #[error("{file}, line {line}: expected <configuration>, found <{found}>")]
    Root { file: String, line: u32, found: String },
}

impl AgentProxy {
    /// Real files have a few kilobytes.
    const MAX_LENGTH: usize = 1 << 20;
    /// The most attributes of one element: the parser compares each with all before it.
    const MAX_ATTRIBUTES: usize = 1000;
    /// The most elements, texts and comments of one file.
    const MAX_NODES: u32 = 100_000;

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`AgentConfigError`] where it is no XML of a configuration. What .NET would refuse inside
    /// the section is in [`AgentProxy::faults`].
    pub fn parse(file: &str, text: &str) -> Result<Self, AgentConfigError> {
        let owned = || file.to_owned();
        if text.len() > Self::MAX_LENGTH {
            return Err(AgentConfigError::TooLong { file: owned(), length: text.len() });
        }
        if text.trim().is_empty() {
            return Err(AgentConfigError::Empty { file: owned() });
        }
        if let Some(line) = crowded_element(text) {
            return Err(AgentConfigError::Crowded { file: owned(), line });
        }
        let options = ParsingOptions { nodes_limit: Self::MAX_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options)
            .map_err(|error| xml_error(file, text, &error))?;
        let root = document.root_element();
        if root.tag_name().name() != "configuration" {
            return Err(AgentConfigError::Root {
                file: owned(),
                line: line_of(root),
                found: root.tag_name().name().chars().take(80).collect(),
            });
        }
        let mut read = SectionReader { faults: Vec::new() };
        let default_proxy = read.default_proxy(root);
        Ok(Self { file: owned(), default_proxy, faults: read.faults })
    }
}

impl AgentProxy {
    /// The proxy that the file means, even where .NET cannot use it as written.
    #[must_use]
    pub fn proxy(&self) -> Option<&ProxyUrl> {
        self.default_proxy.as_ref()?.proxy.address.as_ref()?.meant()
    }
}

impl ProxyAddress {
    fn parse(text: &str) -> Self {
        match ProxyUrl::parse(text) {
            Err(error) => Self::Malformed(error),
            Ok(proxy) if !text.contains("://") => Self::NoScheme(proxy),
            Ok(proxy) if proxy.scheme().as_str() != "http" => Self::WrongScheme(proxy),
            Ok(proxy) => Self::Usable(proxy),
        }
    }

    /// The proxy that the address means, even where .NET cannot use it as written.
    #[must_use]
    pub const fn meant(&self) -> Option<&ProxyUrl> {
        match self {
            Self::Usable(proxy) | Self::WrongScheme(proxy) | Self::NoScheme(proxy) => Some(proxy),
            Self::Malformed(_) => None,
        }
    }
}

/// The line of an element with too many attributes. They are counted by their quotation marks: no
/// attribute holds the beginning of another element (XML 1.0, `AttValue`).
fn crowded_element(text: &str) -> Option<u32> {
    let mut line = 1;
    for element in text.split('<') {
        let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'');
        if element.as_bytes().iter().filter(|byte| is_quote(byte)).count()
            > 2 * AgentProxy::MAX_ATTRIBUTES
        {
            return Some(line);
        }
        let breaks = u32::try_from(element.matches('\n').count()).unwrap_or(u32::MAX);
        line = line.saturating_add(breaks);
    }
    None
}

/// Reads the section and collects what .NET refuses in it.
struct SectionReader {
    faults: Vec<ConfigFault>,
}

impl SectionReader {
    fn default_proxy(&mut self, root: Node) -> Option<DefaultProxy> {
        let mut found: Option<DefaultProxy> = None;
        for group in root.children().filter(Node::is_element) {
            if self.is_named(group, "system.net") {
                for section in group.children().filter(Node::is_element) {
                    if !self.is_named(section, "defaultProxy") {
                        continue;
                    }
                    if let Some(first) = &found {
                        let message = format!(
                            "a second <defaultProxy>; the first is on line {}, and only one may be",
                            first.line
                        );
                        self.refuse(section, message);
                    } else {
                        found = Some(self.section(section));
                    }
                }
            }
        }
        found
    }

    fn section(&mut self, node: Node) -> DefaultProxy {
        const ATTRIBUTES: &[&str] = &["enabled", "useDefaultCredentials", "configSource"];
        self.refuse_attributes(node, ATTRIBUTES);
        let mut section = DefaultProxy {
            line: line_of(node),
            enabled: self.truth(node, "enabled").unwrap_or(true),
            use_default_credentials: self.truth(node, "useDefaultCredentials").unwrap_or(false),
            config_source: node.attribute("configSource").map(str::to_owned),
            proxy: ProxyElement::default(),
            bypass: Vec::new(),
            module: None,
        };
        for child in node.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "proxy" => section.proxy = self.proxy(child),
                "bypasslist" => self.bypass(child, &mut section.bypass),
                "module" => {
                    self.refuse_attributes(child, &["type"]);
                    section.module =
                        child.attribute("type").filter(|name| !name.is_empty()).map(str::to_owned);
                }
                _ => self.refuse_element(child, &["proxy", "bypasslist", "module"]),
            }
        }
        section
    }

    fn proxy(&mut self, node: Node) -> ProxyElement {
        self.refuse_attributes(
            node,
            &["autoDetect", "bypassonlocal", "proxyaddress", "scriptLocation", "usesystemdefault"],
        );
        let given = |name| node.attribute(name).map(str::trim).filter(|text| !text.is_empty());
        ProxyElement {
            line: line_of(node),
            address: given("proxyaddress").map(ProxyAddress::parse),
            bypass_on_local: self.setting(node, "bypassonlocal"),
            use_system_default: self.setting(node, "usesystemdefault"),
            script_location: given("scriptLocation").map(str::to_owned),
            auto_detect: self.setting(node, "autoDetect"),
        }
    }

    /// Applies the elements in order: `<remove>` takes out an entry above it, `<clear>` all of
    /// them. A second `<add>` of the same text changes nothing
    /// (`BypassElementCollection.ThrowOnDuplicate`).
    fn bypass(&mut self, node: Node, entries: &mut Vec<BypassEntry>) {
        for child in node.children().filter(Node::is_element) {
            let name = child.tag_name().name();
            match name {
                "clear" => {
                    self.refuse_attributes(child, &[]);
                    entries.clear();
                }
                "add" | "remove" => {
                    self.refuse_attributes(child, &["address"]);
                    let address = child.attribute("address").unwrap_or_else(|| {
                        self.refuse(child, format!("<{name}> needs an attribute 'address'"));
                        ""
                    });
                    let is_same = |entry: &BypassEntry| entry.pattern == address;
                    if name == "remove" {
                        entries.retain(|entry| !is_same(entry));
                    } else if child.has_attribute("address") && !entries.iter().any(is_same) {
                        let line = line_of(child);
                        entries.push(BypassEntry { pattern: address.to_owned(), line });
                    }
                }
                _ => self.refuse_element(child, &["add", "remove", "clear"]),
            }
        }
    }

    fn setting(&mut self, node: Node, name: &str) -> Setting {
        let Some(text) = node.attribute(name) else { return Setting::Unspecified };
        // .NET's `EnumConverter` accepts the numbers too.
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Setting::True,
            "false" | "0" => Setting::False,
            "unspecified" | "-1" => Setting::Unspecified,
            _ => {
                self.refuse_value(node, name, text, "true, false or unspecified");
                Setting::Unspecified
            }
        }
    }

    fn truth(&mut self, node: Node, name: &str) -> Option<bool> {
        let text = node.attribute(name)?;
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.refuse_value(node, name, text, "true or false");
                None
            }
        }
    }

    /// Whether the element has this name. To .NET a name that differs in case is another one.
    fn is_named(&mut self, node: Node, name: &str) -> bool {
        let found = node.tag_name().name();
        if found != name && found.eq_ignore_ascii_case(name) {
            self.refuse(node, format!("unrecognised element <{found}>: it is written <{name}>"));
        }
        found == name
    }

    fn refuse_element(&mut self, node: Node, known: &[&str]) {
        let found = node.tag_name().name();
        self.refuse(
            node,
            format!("unrecognised element <{}>{}", shorten(found), near(found, known)),
        );
    }

    fn refuse_attributes(&mut self, node: Node, known: &[&str]) {
        // Every element of a configuration may have `lockAttributes` and the like.
        for attribute in node.attributes() {
            let found = attribute.name();
            if !known.contains(&found) && !found.starts_with("lock") {
                let near = near(found, known);
                self.refuse(node, format!("unrecognised attribute '{}'{near}", shorten(found)));
            }
        }
    }

    /// Only a short word is repeated, as `yes` is: anything else may be a password, pasted into
    /// the wrong attribute.
    fn refuse_value(&mut self, node: Node, name: &str, found: &str, expected: &str) {
        const LONGEST: usize = "unspecified".len();
        let word = found.trim();
        let is_word = word.len() <= LONGEST && word.bytes().all(|b| b.is_ascii_lowercase())
            || word.len() <= 1;
        let found = if is_word { word } else { "…" };
        self.refuse(node, format!("{name}=\"{found}\": expected {expected}"));
    }

    fn refuse(&mut self, node: Node, message: String) {
        self.faults.push(ConfigFault { line: line_of(node), message });
    }
}

fn near(found: &str, known: &[&str]) -> String {
    let distance = |name: &&&str| {
        strsim::damerau_levenshtein(
            &name.to_lowercase(),
            &found.chars().take(40).collect::<String>().to_lowercase(),
        )
    };
    match known.iter().min_by_key(distance) {
        Some(name) if distance(&name) <= 2 => format!(": it is written '{name}'"),
        _ => String::new(),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

fn line_of(node: Node) -> u32 {
    node.document().text_pos_at(node.range().start).row
}

fn xml_error(file: &str, text: &str, error: &roxmltree::Error) -> AgentConfigError {
    if matches!(error, roxmltree::Error::DtdDetected) {
        let before = text.find("<!DOCTYPE").map_or("", |at| &text[..at]);
        let line = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX - 1) + 1;
        return AgentConfigError::DocumentType { file: file.to_owned(), line };
    }
    let position = error.pos();
    let message = match error {
        // The text behind an '&' may be part of a password, so that it is not repeated.
        roxmltree::Error::UnknownEntityReference(..) => {
            "an unknown entity; the sign '&' is written &amp;".to_owned()
        }
        other => other.to_string(),
    };
    // The library ends its messages with the position, with which ours begin.
    let message = message.split(" at ").next().unwrap_or(&message);
    AgentConfigError::NotWellFormed {
        file: file.to_owned(),
        line: position.row,
        column: position.col,
        message: shorten(message),
    }
}

#[cfg(test)]
mod tests;
