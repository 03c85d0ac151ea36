//! Lists of one's own: from names or from what a report shows to the text of a list, with comments
//! for whoever goes on with it. [`super::parse`] reads what stands here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::adhoc::{self, AdHocError};
use super::embedded::{self, EmbeddedList};
use super::entry::{ListEntry, default_fingerprint, default_port};
use super::error::ListErrors;
use super::pasted;
use super::pattern::{HostPattern, PatternError, is_word};
use super::request::{ENDPOINT, GATEWAY, PEER};
use super::{role, syntax};
use crate::model::{Cloud, Expectation, Host, Kind, Role};

/// The comment of `taplo` and of editors that use it: by which schema a file is read. `pathproof
/// lists schema` writes that file.
pub const SCHEMA_FILE: &str = "endpoint-list.schema.json";

/// A list that is being put together.
#[derive(Clone, Debug)]
pub struct ListDraft {
    id: String,
    cloud: Option<Cloud>,
    entries: Vec<ListEntry>,
}

/// What is known of an endpoint that a list is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftEndpoint {
    /// The id that it had elsewhere.
    pub id: Option<String>,
    pub host: HostPattern,
    pub port: u16,
    pub kind: Kind,
    pub role: Option<Role>,
    pub required: bool,
    pub purpose: String,
}

/// The reason why a text is no endpoint of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    #[error(transparent)]
    Endpoint(#[from] AdHocError),
    #[error("'{pattern}': {error}")]
    Pattern {
        /// The host, shortened.
        pattern: String,
        error: PatternError,
    },
}

impl DraftEndpoint {
    /// Reads `[KIND://]HOST[:PORT]`, where the host may be a name, a `*.wildcard` or a
    /// `{template}`.
    ///
    /// # Errors
    /// [`DraftError`] where the text has another form.
    pub fn parse(text: &str) -> Result<Self, DraftError> {
        let pasted = pasted::split(text).map_err(AdHocError::from)?;
        let (host, given_kind, port) = if pasted.host.contains(['*', '{', '}']) {
            let host = HostPattern::parse(pasted.host).map_err(|error| DraftError::Pattern {
                pattern: pasted.host.chars().take(80).collect(),
                error,
            })?;
            // The rest is read as that of a name, so that both forms have one meaning.
            let rest = text.replacen(pasted.host, "pattern.invalid", 1);
            let rest = adhoc::parse_endpoint(&rest)?;
            (host, rest.given_kind, rest.port)
        } else {
            let given = adhoc::parse_endpoint(text)?;
            (HostPattern::Literal(given.host), given.given_kind, given.port)
        };
        let known =
            known_entry(&host, port).filter(|known| given_kind.is_none_or(|k| k == known.kind));
        let (role, purpose) = match &known {
            // A gateway, which its relay's entry covers, is known by its name.
            Some(known) if is_gateway(known.kind, &host) => (None, String::new()),
            Some(known) => (Some(known.role), known.purpose.clone()),
            None => (None, String::new()),
        };
        let kind = given_kind.or(known.map(|known| known.kind)).unwrap_or(Kind::Https);
        Ok(Self { id: None, host, port, kind, role, required: true, purpose })
    }
}

fn is_gateway(kind: Kind, host: &HostPattern) -> bool {
    matches!(host, HostPattern::Literal(host) if role::is_gateway(kind, host))
}

/// What the embedded lists say of a name on a port, as they say it of a service URL.
fn known_entry(host: &HostPattern, port: u16) -> Option<ListEntry> {
    let HostPattern::Literal(host) = host else { return None };
    let lists = embedded::embedded().iter().map(EmbeddedList::list);
    lists
        .flat_map(|list| list.entries)
        .filter(|entry| entry.host.covers(host) && entry.ports.contains(&port))
        .min_by_key(|entry| entry.host.breadth())
}

impl ListDraft {
    /// A list of these endpoints, in their order. What is said of one host and kind is one entry,
    /// with all its ports; of two that differ in their kind alone the first is kept, as a port is
    /// probed in one way.
    #[must_use]
    pub fn new(id: &str, endpoints: Vec<DraftEndpoint>) -> Self {
        let mut entries: Vec<ListEntry> = Vec::new();
        let mut taken: BTreeSet<String> = [ENDPOINT, GATEWAY, PEER].map(str::to_owned).into();
        let mut probed = BTreeSet::new();
        for endpoint in endpoints {
            if !probed.insert((endpoint.host.to_string(), endpoint.port)) {
                continue;
            }
            let same = entries
                .iter_mut()
                .find(|entry| entry.host == endpoint.host && entry.kind == endpoint.kind);
            if let Some(entry) = same {
                entry.ports.push(endpoint.port);
                entry.required |= endpoint.required;
                continue;
            }
            let wanted = endpoint.id.clone().filter(|id| is_word(id));
            let wanted = wanted.unwrap_or_else(|| id_of(&endpoint.host));
            let id = unused(&wanted, &taken);
            taken.insert(id.clone());
            entries.push(entry(id, endpoint));
        }
        let hosts: Vec<String> = entries.iter().map(|entry| entry.host.to_string()).collect();
        let cloud = super::infer_cloud(hosts.iter().map(String::as_str));
        let id = if is_word(id) { id.to_owned() } else { "own-endpoints".to_owned() };
        Self { id, cloud, entries }
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to write: a list has at least one entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The list as TOML; `origin` says where its names are from.
    ///
    /// # Errors
    /// [`ListErrors`] where the text could not be read as a list, which is never given out.
    pub fn text(&self, origin: &str) -> Result<String, ListErrors> {
        let mut text = format!(
            "#:schema {SCHEMA_FILE}\n\
             # Endpoints from {origin}.\n\
             #\n\
             #   pathproof lists schema --output {SCHEMA_FILE}\n\
             #                                   beside this file: editors complete and check it\n\
             #   pathproof lists lint FILE       says whether it is sound\n\
             #   pathproof check --list FILE     probes it; a second --list adds another\n\
             #\n\
             # What an entry may say beside what stands below:\n\
             #   group = \"WORD\"                  it is probed with --with WORD alone\n\
             #   instead-of = \"ID\"               it stands in for that entry where its name is known\n\
             #   reach = \"public\"                a private path to it is wrong; \"private\" is for names\n\
             #                                   given by --private\n\
             #   private-link-zones = [\"privatelink.DOMAIN\"]\n\
             #   service-tags = [\"TAG\"]          the service tags that hold its addresses\n\
             #   source, date, note              who says so, of which day, and what else to know\n\
             # A host is a name, an address, a *.wildcard or a {{parameter}}.template (--set).\n\n\
             id = {}\n\
             title = {}\n",
            quoted(&self.id),
            quoted("Endpoints of our own"),
        );
        if let Some(cloud) = self.cloud {
            let _ = writeln!(text, "cloud = {}", quoted(cloud.as_str()));
        }
        for entry in &self.entries {
            entry_text(entry, &mut text);
        }
        syntax::parse(&text, "the new list")?;
        Ok(text)
    }
}

fn entry(id: String, endpoint: DraftEndpoint) -> ListEntry {
    let DraftEndpoint { host, port, kind, role, required, purpose, .. } = endpoint;
    let role = role.unwrap_or_else(|| role::of_entry(&id, kind, &host, None));
    ListEntry {
        id,
        role,
        host,
        ports: vec![port],
        kind,
        purpose,
        required,
        group: None,
        instead_of: None,
        expect: Expectation { fingerprint: default_fingerprint(kind), ..Expectation::default() },
        source: String::new(),
        date: String::new(),
        note: String::new(),
    }
}

fn entry_text(entry: &ListEntry, text: &mut String) {
    let _ = writeln!(text, "\n[[entry]]\nid = {}", quoted(&entry.id));
    if entry.role != role::of_entry(&entry.id, entry.kind, &entry.host, None) {
        let _ = writeln!(text, "role = {}", quoted(entry.role.as_str()));
    }
    let _ = writeln!(text, "host = {}", quoted(&entry.host.to_string()));
    let _ = writeln!(text, "kind = {}", quoted(entry.kind.as_str()));
    let ports: Vec<String> = entry.ports.iter().map(u16::to_string).collect();
    if entry.ports.iter().map(|port| Some(*port)).ne([default_port(entry.kind)]) {
        let _ = writeln!(text, "ports = [{}]", ports.join(", "));
    }
    let _ = writeln!(text, "required = {}", entry.required);
    let purpose = if entry.purpose.is_empty() { "what it is needed for" } else { &entry.purpose };
    let comment = if entry.purpose.is_empty() { "# " } else { "" };
    let _ = writeln!(text, "{comment}purpose = {}", quoted(purpose));
}

/// The id of a host: its first label, of an address all of it.
fn id_of(host: &HostPattern) -> String {
    let shown = host.to_string();
    let named = match host {
        HostPattern::Literal(Host::Address(_)) => format!("address-{shown}"),
        HostPattern::Literal(Host::Name(_)) | HostPattern::Template(_) => {
            shown.split('.').next().unwrap_or_default().to_owned()
        }
        HostPattern::Wildcard(domain) => {
            domain.as_str().split('.').next().unwrap_or_default().to_owned()
        }
    };
    let mut id = String::new();
    for c in named.chars() {
        match c {
            'a'..='z' | '0'..='9' => id.push(c),
            _ if id.is_empty() || id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    let id = id.trim_end_matches('-');
    if is_word(id) { id.to_owned() } else { format!("host-{id}").trim_end_matches('-').to_owned() }
}

fn unused(wanted: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    let mut ids = std::iter::once(wanted.to_owned()).chain(numbered);
    ids.find(|id| !taken.contains(id)).unwrap_or_default()
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn draft(texts: &[&str]) -> ListDraft {
        let endpoints = texts.iter().map(|text| DraftEndpoint::parse(text).unwrap());
        ListDraft::new("own", endpoints.collect())
    }

    #[test]
    fn names_become_entries_that_a_list_may_hold() {
        let text = draft(&[
            "contoso.eastus.datafactory.azure.net",
            "tds://sql.contoso.com",
            "https://sql.contoso.com/path",
            "tcp://sql.contoso.com:8060",
            "tcp://sql.contoso.com:8061",
            "SQL.contoso.com:443",
            "*.vault.azure.net",
            "{account}.blob.core.windows.net:8443",
            "https://[fd00::5]",
            "10.1.2.3",
            "peer.contoso.com",
            "relay://ns.servicebus.windows.net",
            "other.servicebus.windows.net",
            "g3-prod-am3-010-sb.servicebus.windows.net",
        ])
        .text("names")
        .unwrap();
        let list = syntax::parse(&text, "own.toml").unwrap();
        let entries: Vec<String> = list
            .entries
            .iter()
            .map(|entry| {
                format!("{} {} {} {:?}", entry.id, entry.kind.as_str(), entry.host, entry.ports)
            })
            .collect();
        assert_eq!(
            entries,
            [
                "contoso https contoso.eastus.datafactory.azure.net [443]",
                "sql tds sql.contoso.com [1433]",
                "sql-2 https sql.contoso.com [443]",
                "sql-3 tcp sql.contoso.com [8060, 8061]",
                "vault https *.vault.azure.net [443]",
                "account https {account}.blob.core.windows.net [8443]",
                "address-fd00-5 https fd00::5 [443]",
                "address-10-1-2-3 https 10.1.2.3 [443]",
                "peer-2 https peer.contoso.com [443]",
                "ns relay ns.servicebus.windows.net [443]",
                "other relay other.servicebus.windows.net [443]",
                "g3-prod-am3-010-sb relay g3-prod-am3-010-sb.servicebus.windows.net [443]",
            ]
        );
        assert_eq!((list.id.as_str(), list.cloud), ("own", Some(Cloud::Public)));
        assert_eq!(list.entries[0].role, Role::Control);
        let roles: Vec<Role> = list.entries[9..].iter().map(|entry| entry.role).collect();
        assert_eq!(roles, [Role::Relay, Role::Relay, Role::Gateway]);
    }

    #[test]
    fn what_is_no_endpoint_says_why() {
        for (text, expected) in [
            ("", "empty"),
            ("tcp://a.net", "tcp://a.net:PORT"),
            ("tcp://*.a.net", ":PORT"),
            ("htps://*.a.net", "did you mean 'https'?"),
            ("a*.net", "first label alone"),
            ("{a}{b}.net", "at most one {parameter}"),
            ("*.a.net:0", "'0' is no port"),
        ] {
            let error = DraftEndpoint::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        /// Whatever a report calls its entries and says of them: what is written is read back.
        #[test]
        fn what_is_written_is_read_back(
            given in prop::collection::vec(
                ("\\PC{0,12}", "[a-z]{1,3}(\\.[a-z]{1,3}){1,2}", 1..9_u16, 0..6_usize, "\\PC*"),
                1..8,
            ),
        ) {
            let endpoints = given.into_iter().map(|(id, host, port, kind, purpose)| {
                let host = HostPattern::parse(&host).unwrap();
                let (kind, id) = (Kind::ALL[kind], Some(id));
                DraftEndpoint { id, host, port, kind, role: None, required: false, purpose }
            });
            let draft = ListDraft::new("own", endpoints.collect());
            let list = syntax::parse(&draft.text("a report").unwrap(), "own.toml").unwrap();
            prop_assert_eq!(list.entries.len(), draft.len());
            for (written, read) in draft.entries.iter().zip(&list.entries) {
                prop_assert_eq!(
                    (&written.id, &written.host, &written.ports, written.kind, written.role),
                    (&read.id, &read.host, &read.ports, read.kind, read.role)
                );
                prop_assert_eq!(&written.purpose, &read.purpose);
            }
        }
    }
}
