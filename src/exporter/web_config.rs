//! The web configuration file of Prometheus's exporters (exporter-toolkit,
//! `docs/web-configuration.md`): who may connect, and by what. The text alone; files that it names
//! are read by [`super::web_access`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

/// Less is no bcrypt: no password would ever match.
const LEAST_COST: u32 = 4;
/// More work than this for one password is a mistake, or an attack on this host: a second a try.
const MOST_COST: u32 = 16;
/// The headers that the format knows.
const HEADERS: [&str; 5] = [
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
];

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    pub tls_server_config: Option<TlsServerConfig>,
    #[serde(deserialize_with = "or_default")]
    pub http_server_config: HttpServerConfig,
    /// Passwords as bcrypt has them, by user.
    #[serde(deserialize_with = "or_default")]
    pub basic_auth_users: BTreeMap<String, String>,
    /// `--max-probes` is what limits the work that clients make.
    pub rate_limit: Option<RefusedSetting>,
}

/// A setting of the format that is refused, whatever its value: a key has no place in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedSetting;

impl<'de> Deserialize<'de> for RefusedSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// A key without a value says nothing, as in every reader of the format.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// How TLS is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsServerConfig {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    #[serde(deserialize_with = "or_default")]
    pub client_auth_type: ClientAuthType,
    pub client_ca_file: Option<PathBuf>,
    /// Of the clients whose certificates were verified, those that are answered: any where it is
    /// empty.
    #[serde(deserialize_with = "or_default")]
    pub client_allowed_sans: Vec<String>,
    pub min_version: Option<TlsVersion>,
    pub max_version: Option<TlsVersion>,
    /// Of TLS 1.2 alone, as in every Go program; all that are spoken where it is empty.
    #[serde(deserialize_with = "or_default")]
    pub cipher_suites: Vec<String>,
    /// All that are spoken where it is empty.
    #[serde(deserialize_with = "or_default")]
    pub curve_preferences: Vec<String>,
    /// Read and without effect, as in every Go program since 1.17: the server chooses.
    pub prefer_server_cipher_suites: Option<bool>,
    /// What stands in files can be renewed without touching this one.
    pub cert: Option<RefusedSetting>,
    pub key: Option<RefusedSetting>,
    pub client_ca: Option<RefusedSetting>,
}

/// Whether clients show certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ClientAuthType {
    #[default]
    #[serde(alias = "")]
    NoClientCert,
    /// A certificate that nobody verifies proves nothing.
    RequestClientCert,
    #[serde(alias = "RequireClientCert")]
    RequireAnyClientCert,
    VerifyClientCertIfGiven,
    RequireAndVerifyClientCert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum TlsVersion {
    TLS10,
    TLS11,
    TLS12,
    TLS13,
}

/// How HTTP is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpServerConfig {
    /// HTTP/1.1 is spoken whatever this says, as clients negotiate it.
    pub http2: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    pub headers: BTreeMap<String, String>,
}

/// Why a file is no web configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebConfigError {
    #[error("{path}:{line}: {message}")]
    Yaml { path: String, line: u64, message: String },
    #[error("{path}: tls_server_config needs cert_file and key_file")]
    NoCertificate { path: String },
    #[error(
        "{path}: client_auth_type {given} is not supported, as it verifies nothing: write \
         VerifyClientCertIfGiven or RequireAndVerifyClientCert"
    )]
    Unverified { path: String, given: String },
    #[error("{path}: client_auth_type {given} needs client_ca_file")]
    NoClientAuthority { path: String, given: String },
    #[error("{path}: client_ca_file is given, and client_auth_type asks for no certificate")]
    UnusedClientAuthority { path: String },
    #[error("{path}: client_allowed_sans needs client_auth_type RequireAndVerifyClientCert")]
    UnusedNames { path: String },
    #[error("{path}: {setting} is not taken here: {instead}")]
    Refused { path: String, setting: &'static str, instead: &'static str },
    #[error("{path}: TLS 1.0 and 1.1 are not spoken: write TLS12 or TLS13")]
    OldTls { path: String },
    #[error("{path}: min_version is later than max_version")]
    NoTlsVersion { path: String },
    #[error("{path}: the password of {user} is no bcrypt hash: htpasswd -nBC 10 {user} makes one")]
    NotBcrypt { path: String, user: String },
    #[error(
        "{path}: the bcrypt cost of {user} is {cost}, which takes this host many seconds a try: \
         at most {MOST_COST}"
    )]
    Cost { path: String, user: String, cost: u32 },
    #[error(
        "{path}: the bcrypt cost of {user} is {cost}, with which no password matches: at least \
         {LEAST_COST}"
    )]
    NoCost { path: String, user: String, cost: u32 },
    #[error(
        "{path}: there is no header '{given}' here; there are {}", HEADERS.join(", ")
    )]
    Header { path: String, given: String },
}

impl WebConfig {
    /// Reads the text of the file `path`; its unknown keys are errors.
    ///
    /// # Errors
    /// [`WebConfigError`] says where and what.
    pub fn parse(text: &str, path: &str) -> Result<Self, WebConfigError> {
        // A document without a word is a configuration without settings.
        if !Self::has_content(text) {
            return Ok(Self::default());
        }
        let config: Self = serde_saphyr::from_str(text).map_err(|error| {
            let shown = error.without_snippet().to_string();
            let message = shown.split(" at line ").next().unwrap_or_default();
            let message = message.strip_prefix("error: ").unwrap_or(message).trim().to_owned();
            let line = error.location().map_or(1, |location| location.line());
            WebConfigError::Yaml { path: path.to_owned(), line, message }
        })?;
        config.check(path)?;
        Ok(config)
    }

    /// Whether there is a word in the document, be it `{}`.
    pub(super) fn has_content(text: &str) -> bool {
        text.lines().any(|line| {
            let line = line.trim();
            !(line.is_empty() || line.starts_with('#') || line == "---" || line == "...")
        })
    }

    fn check(&self, path: &str) -> Result<(), WebConfigError> {
        let path = || path.to_owned();
        if self.rate_limit.is_some() {
            let instead = "--max-probes limits what is measured at once";
            return Err(WebConfigError::Refused { path: path(), setting: "rate_limit", instead });
        }
        if let Some(tls) = &self.tls_server_config {
            tls.check(&path)?;
        }
        for (user, hash) in &self.basic_auth_users {
            let Ok(parts) = hash.parse::<bcrypt::HashParts>() else {
                return Err(WebConfigError::NotBcrypt { path: path(), user: user.clone() });
            };
            let cost = parts.get_cost();
            if cost < LEAST_COST {
                return Err(WebConfigError::NoCost { path: path(), user: user.clone(), cost });
            }
            if cost > MOST_COST {
                return Err(WebConfigError::Cost { path: path(), user: user.clone(), cost });
            }
        }
        let is_known = |given: &&String| !HEADERS.iter().any(|one| one.eq_ignore_ascii_case(given));
        match self.http_server_config.headers.keys().find(is_known) {
            Some(given) => Err(WebConfigError::Header { path: path(), given: given.clone() }),
            None => Ok(()),
        }
    }
}

impl TlsServerConfig {
    fn check(&self, path: &impl Fn() -> String) -> Result<(), WebConfigError> {
        for (given, setting, instead) in [
            (self.cert, "cert", "write it into a file of its own, and name that by cert_file"),
            (self.key, "key", "write it into a file of its own, and name that by key_file"),
            (
                self.client_ca,
                "client_ca",
                "write it into a file of its own, and name that by client_ca_file",
            ),
        ] {
            if given.is_some() {
                return Err(WebConfigError::Refused { path: path(), setting, instead });
            }
        }
        if self.cert_file.as_os_str().is_empty() || self.key_file.as_os_str().is_empty() {
            return Err(WebConfigError::NoCertificate { path: path() });
        }
        let given = format!("{:?}", self.client_auth_type);
        match (self.client_auth_type, &self.client_ca_file) {
            (ClientAuthType::RequestClientCert | ClientAuthType::RequireAnyClientCert, _) => {
                return Err(WebConfigError::Unverified { path: path(), given });
            }
            (ClientAuthType::NoClientCert, Some(_)) => {
                return Err(WebConfigError::UnusedClientAuthority { path: path() });
            }
            (
                ClientAuthType::VerifyClientCertIfGiven
                | ClientAuthType::RequireAndVerifyClientCert,
                None,
            ) => return Err(WebConfigError::NoClientAuthority { path: path(), given }),
            _ => {}
        }
        if !self.client_allowed_sans.is_empty()
            && self.client_auth_type != ClientAuthType::RequireAndVerifyClientCert
        {
            return Err(WebConfigError::UnusedNames { path: path() });
        }
        let versions = [self.min_version, self.max_version];
        if versions.iter().flatten().any(|version| *version < TlsVersion::TLS12) {
            return Err(WebConfigError::OldTls { path: path() });
        }
        match versions {
            [Some(min), Some(max)] if min > max => {
                Err(WebConfigError::NoTlsVersion { path: path() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

    #[test]
    fn the_format_of_prometheus_is_read() {
        let text = format!(
            "# made by hand\ntls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  \
             client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
             min_version: TLS13\nhttp_server_config:\n  http2: true\n  headers:\n    \
             X-Frame-Options: deny\nbasic_auth_users:\n  alice: {HASH}\n  bob: '{HASH}'\n"
        );
        let config = WebConfig::parse(&text, "web.yml").unwrap();
        let tls = config.tls_server_config.unwrap();
        assert_eq!(tls.cert_file, PathBuf::from("server.crt"));
        assert_eq!(tls.client_auth_type, ClientAuthType::RequireAndVerifyClientCert);
        assert_eq!(tls.min_version, Some(TlsVersion::TLS13));
        assert_eq!(config.basic_auth_users.len(), 2);
        assert_eq!(config.http_server_config.headers["X-Frame-Options"], "deny");
        let some = "tls_server_config:\n  cert_file: a\n  key_file: b\n  client_auth_type:\n  \
                    cipher_suites:\n  curve_preferences: [X25519]\nbasic_auth_users:\n";
        let tls = WebConfig::parse(some, "web.yml").unwrap().tls_server_config.unwrap();
        assert_eq!((tls.cipher_suites.len(), tls.curve_preferences.len()), (0, 1));
        for empty in [
            "",
            "\n# nothing yet\n",
            "---\n",
            "---\n# nothing\n...\n",
            "{}",
            "basic_auth_users:\n",
            "basic_auth_users: {}\nhttp_server_config:\n",
            "tls_server_config:\n",
            "http_server_config:\n  headers:\n",
            "rate_limit:\n",
        ] {
            assert_eq!(WebConfig::parse(empty, "web.yml"), Ok(WebConfig::default()));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let tls = "tls_server_config:\n  cert_file: a\n  key_file: b\n";
        for (text, expected) in [
            ("basic_auth_user:\n  a: b\n".to_owned(), "web.yml:1: unknown field"),
            (format!("{tls}  cart: x\n"), "web.yml:4: unknown field"),
            (format!("{tls}  cipher_suites: x\n"), "web.yml:4: "),
            (format!("{tls}  key: |\n    secret\n"), "key is not taken here"),
            (format!("{tls}  cert: |\n    secret\n"), "name that by cert_file"),
            (format!("{tls}  client_ca: secret\n"), "name that by client_ca_file"),
            ("rate_limit: {interval: 1s, burst: 20}\n".to_owned(), "--max-probes limits"),
            (format!("{tls}  client_allowed_sans: [a]\n"), "RequireAndVerifyClientCert"),
            (format!("{tls}  client_auth_type: Sometimes\n"), "web.yml:4: "),
            (format!("{tls}  client_auth_type: RequireAnyClientCert\n"), "verifies nothing"),
            (format!("{tls}  client_auth_type: VerifyClientCertIfGiven\n"), "needs client_ca_file"),
            (format!("{tls}  client_ca_file: c\n"), "asks for no certificate"),
            (format!("{tls}  min_version: TLS11\n"), "are not spoken"),
            (format!("{tls}  min_version: TLS13\n  max_version: TLS12\n"), "later than"),
            ("tls_server_config:\n  cert_file: a\n".to_owned(), "needs cert_file and key_file"),
            ("basic_auth_users:\n  a: secret\n".to_owned(), "no bcrypt hash"),
            (
                format!("basic_auth_users:\n  a: {}\n", HASH.replace("$10$", "$31$")),
                "the bcrypt cost of a is 31",
            ),
            (
                format!("basic_auth_users:\n  a: {}\n", HASH.replace("$10$", "$03$")),
                "the bcrypt cost of a is 3, with which no password matches",
            ),
            (format!("basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n"), "web.yml:3: "),
            ("http_server_config:\n  headers:\n    X-Own: a\n".to_owned(), "no header 'X-Own'"),
            ("a: [\n".to_owned(), "web.yml:"),
            ("\tx: 1".to_owned(), "web.yml:1: "),
        ] {
            let error = WebConfig::parse(&text, "web.yml").unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains('\n') && !error.contains("secret"), "{error}");
        }
    }
}
