//! The web configuration in force: read anew when one of its files changes, without a restart. One
//! that cannot be read leaves the old one in force.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hyper::header::{HeaderName, HeaderValue};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{ALL_KX_GROUPS, default_provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    NamedGroup, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
};
use tokio_rustls::TlsAcceptor;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::news::ExporterNews;
use super::passwords::Passwords;
use super::web_config::{ClientAuthType, TlsServerConfig, TlsVersion, WebConfig, WebConfigError};
use crate::files::{self, FileError};

/// What Go calls the groups of key exchange.
const CURVES: [(&str, NamedGroup); 4] = [
    ("X25519MLKEM768", NamedGroup::X25519MLKEM768),
    ("X25519", NamedGroup::X25519),
    ("CurveP256", NamedGroup::secp256r1),
    ("CurveP384", NamedGroup::secp384r1),
];
/// How often the files are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who may connect, and by what.
#[derive(Debug)]
pub struct WebAccess {
    path: Option<PathBuf>,
    current: Mutex<RulesInForce>,
}

#[derive(Debug)]
struct RulesInForce {
    rules: Arc<WebRules>,
    stamps: Vec<Stamp>,
    looked: Instant,
    is_newest: bool,
}

/// A file as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    changed: Option<(SystemTime, u64)>,
}

/// What holds for connections that begin now, and for requests on those that are open.
pub(super) struct WebRules {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) handshake: HandshakeRules,
    pub(super) passwords: Arc<Passwords>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl WebRules {
    fn are_restricted(&self) -> bool {
        self.passwords.are_asked_for()
            || self.handshake.client_auth == ClientAuthType::RequireAndVerifyClientCert
    }
}

impl std::fmt::Debug for WebRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebRules").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// What a connection proved by the way it began. One that began by other rules is not answered any
/// more; a certificate of this server's that was renewed changes none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HandshakeRules {
    is_encrypted: bool,
    client_auth: ClientAuthType,
    authorities: Vec<CertificateDer<'static>>,
    /// The names of clients that are answered; any where it is empty.
    names: Vec<String>,
}

impl HandshakeRules {
    /// Whether a client is among those that are named; its certificate was verified.
    pub(super) fn admits(&self, chain: Option<&[CertificateDer<'_>]>) -> bool {
        let own = || chain.and_then(<[_]>::first).map(|leaf| subject_names(leaf));
        self.names.is_empty()
            || own().is_some_and(|own| own.iter().any(|name| self.names.contains(name)))
    }
}

/// The subject alternative names of a certificate that a client may be known by.
fn subject_names(certificate: &[u8]) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    names.collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    address.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
}

/// Why there is no access by a file.
#[derive(Debug, thiserror::Error)]
pub enum WebAccessError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: FileError },
    #[error(transparent)]
    Config(#[from] WebConfigError),
    #[error("{path}: no certificate in PEM")]
    Certificate { path: PathBuf },
    #[error("{path}: no private key in PEM")]
    Key { path: PathBuf },
    #[error("{path}: certificate and key make no server")]
    Tls { path: PathBuf, source: rustls::Error },
    #[error("{path}: {given} is not spoken here; of {setting} there are {known}")]
    NotSpoken { path: PathBuf, setting: &'static str, given: String, known: String },
    #[error("{path}: no authority that clients could be verified by")]
    Clients { path: PathBuf, source: rustls::client::VerifierBuilderError },
    #[error("{path}: the value of the header {name} holds what no header may hold")]
    Header { path: PathBuf, name: String },
    #[error(
        "{path} is empty, and what is in force has users or TLS: write {{}} into it if neither is \
         meant any more"
    )]
    Emptied { path: PathBuf },
    #[error("the system gives no random bytes")]
    Random(#[from] getrandom::Error),
}

impl WebAccess {
    /// Everybody, without TLS.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn open() -> Result<Self, WebAccessError> {
        let passwords = Arc::new(Passwords::new(std::collections::BTreeMap::new())?);
        let handshake = HandshakeRules::default();
        let rules = WebRules { tls: None, handshake, passwords, headers: Vec::new() };
        Ok(Self::new(None, rules, Vec::new()))
    }

    /// As a web configuration file says.
    ///
    /// # Errors
    /// [`WebAccessError`] where it or a file that it names cannot be used.
    pub fn read(path: &Path) -> Result<Self, WebAccessError> {
        let mut stamps = Vec::new();
        let rules = read(path, None, &mut stamps)?;
        Ok(Self::new(Some(path.to_owned()), rules, stamps))
    }

    fn new(path: Option<PathBuf>, rules: WebRules, stamps: Vec<Stamp>) -> Self {
        let rules = Arc::new(rules);
        let current = RulesInForce { rules, stamps, looked: Instant::now(), is_newest: true };
        Self { path, current: Mutex::new(current) }
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        self.lock().rules.tls.is_some()
    }

    /// Whether somebody is kept out: by a password, or by a certificate of their own.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.lock().rules.are_restricted()
    }

    /// Whether the files as they are now are in force.
    pub(super) fn is_newest(&self) -> bool {
        self.lock().is_newest
    }

    /// What holds in this moment. `say` gets what became of changed files.
    pub(super) fn now(&self, say: impl Fn(&ExporterNews)) -> Arc<WebRules> {
        let mut current = self.lock();
        if let Some(path) = &self.path
            && current.looked.elapsed() >= LOOK_EVERY
        {
            current.looked = Instant::now();
            if current.stamps.iter().any(|stamp| *stamp != Stamp::of(&stamp.path)) {
                // What became of it is said, and stands in a metric.
                let _ = current.read_anew(path, say);
            }
        }
        Arc::clone(&current.rules)
    }

    /// Reads all of it anew, changed or not.
    ///
    /// # Errors
    /// Why the earlier one stays in force.
    pub(super) fn reload(&self, say: impl Fn(&ExporterNews)) -> Result<(), String> {
        match &self.path {
            Some(path) => self.lock().read_anew(path, say),
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RulesInForce> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RulesInForce {
    fn read_anew(&mut self, path: &Path, say: impl Fn(&ExporterNews)) -> Result<(), String> {
        // Also of a configuration that fails: a file that it names may come later.
        self.stamps = Vec::new();
        let read = read(path, Some(&self.rules), &mut self.stamps);
        self.is_newest = read.is_ok();
        match read {
            Ok(rules) => {
                self.rules = Arc::new(rules);
                say(&ExporterNews::Done(format!("{} was read anew", path.display())));
                Ok(())
            }
            Err(error) => {
                let why = with_sources(&error);
                say(&ExporterNews::Failed(format!(
                    "{} is not usable, and the earlier one stays in force: {why}",
                    path.display()
                )));
                Err(why)
            }
        }
    }
}

fn with_sources(error: &WebAccessError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

impl Stamp {
    fn of(path: &Path) -> Self {
        let metadata = std::fs::metadata(path).ok();
        let changed = metadata.and_then(|found| Some((found.modified().ok()?, found.len())));
        Self { path: path.to_owned(), changed }
    }
}

/// Reads a configuration and its files, and notes in `stamps` how they were before they were read:
/// what changes meanwhile is read once more. Who writes a file often empties it first, which must
/// not open an exporter whose rules `in_force` keep somebody out or encrypt.
fn read(
    path: &Path,
    in_force: Option<&Arc<WebRules>>,
    stamps: &mut Vec<Stamp>,
) -> Result<WebRules, WebAccessError> {
    stamps.push(Stamp::of(path));
    let text = text_of(path)?;
    let is_guarded = in_force.is_some_and(|rules| rules.are_restricted() || rules.tls.is_some());
    if is_guarded && !WebConfig::has_content(&text) {
        return Err(WebAccessError::Emptied { path: path.to_owned() });
    }
    let config = WebConfig::parse(&text, &path.display().to_string())?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut tls, mut handshake) = (None, HandshakeRules::default());
    if let Some(given) = &config.tls_server_config {
        let named = [Some(&given.cert_file), Some(&given.key_file), given.client_ca_file.as_ref()];
        stamps.extend(named.into_iter().flatten().map(|named| Stamp::of(&folder.join(named))));
        handshake = HandshakeRules {
            is_encrypted: true,
            client_auth: given.client_auth_type,
            authorities: match &given.client_ca_file {
                Some(authorities) => certificates(&folder.join(authorities))?,
                None => Vec::new(),
            },
            names: given.client_allowed_sans.clone(),
        };
        tls = Some(acceptor(given, &handshake, path)?);
    }
    let mut headers = Vec::new();
    for (name, value) in &config.http_server_config.headers {
        let header = HeaderName::from_bytes(name.as_bytes()).ok();
        let Some(header) = header.zip(HeaderValue::from_str(value).ok()) else {
            return Err(WebAccessError::Header { path: path.to_owned(), name: name.clone() });
        };
        headers.push(header);
    }
    let passwords = Arc::new(Passwords::new(config.basic_auth_users)?);
    Ok(WebRules { tls, handshake, passwords, headers })
}

fn text_of(path: &Path) -> Result<String, WebAccessError> {
    files::read_text(path, files::SHORT)
        .map_err(|source| WebAccessError::Read { path: path.to_owned(), source })
}

/// Makes a server of what the configuration at `path` says.
fn acceptor(
    config: &TlsServerConfig,
    handshake: &HandshakeRules,
    path: &Path,
) -> Result<TlsAcceptor, WebAccessError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let certificate = folder.join(&config.cert_file);
    let key_file = folder.join(&config.key_file);
    let chain = certificates(&certificate)?;
    let key = PrivateKeyDer::from_pem_slice(text_of(&key_file)?.as_bytes())
        .map_err(|_| WebAccessError::Key { path: key_file })?;
    let unusable = |source| WebAccessError::Tls { path: certificate.clone(), source };
    let provider = Arc::new(provider(config, path)?);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(config))
        .map_err(unusable)?;
    let builder = match &config.client_ca_file {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let path = folder.join(authorities);
            let mut roots = RootCertStore::empty();
            for one in &handshake.authorities {
                let unusable = |_| WebAccessError::Certificate { path: path.clone() };
                roots.add(one.clone()).map_err(unusable)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match config.client_auth_type {
                ClientAuthType::RequireAndVerifyClientCert => verifier,
                _ => verifier.allow_unauthenticated(),
            };
            let verifier =
                verifier.build().map_err(|source| WebAccessError::Clients { path, source })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut server = builder.with_single_cert(chain, key).map_err(unusable)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}

/// The cipher suites and curves that are chosen.
fn provider(config: &TlsServerConfig, path: &Path) -> Result<CryptoProvider, WebAccessError> {
    let mut provider = default_provider();
    let suites = &config.cipher_suites;
    check_spoken("cipher_suites", suites, provider.cipher_suites.iter().map(suite_name), path)?;
    if !suites.is_empty() {
        provider.cipher_suites.retain(|suite| {
            matches!(suite, SupportedCipherSuite::Tls13(_)) || suites.contains(&suite_name(suite))
        });
    }
    let curves = &config.curve_preferences;
    let names = CURVES.iter().map(|(name, _)| (*name).to_owned());
    check_spoken("curve_preferences", curves, names, path)?;
    if !curves.is_empty() {
        let chosen = curves.iter().filter_map(|given| {
            let (_, group) = CURVES.iter().find(|(name, _)| name == given)?;
            ALL_KX_GROUPS.iter().copied().find(|known| known.name() == *group)
        });
        provider.kx_groups = chosen.collect();
    }
    Ok(provider)
}

/// What Go calls a suite, whose names the format has.
fn suite_name(suite: &SupportedCipherSuite) -> String {
    let name = suite.suite().as_str().unwrap_or_default();
    name.replacen("TLS13_", "TLS_", 1)
}

fn check_spoken(
    setting: &'static str,
    given: &[String],
    known: impl Iterator<Item = String>,
    path: &Path,
) -> Result<(), WebAccessError> {
    let known: Vec<String> = known.collect();
    match given.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(WebAccessError::NotSpoken {
            path: path.to_owned(),
            setting,
            given: name.clone(),
            known: known.join(", "),
        }),
    }
}

fn versions(config: &TlsServerConfig) -> Vec<&'static SupportedProtocolVersion> {
    let all = [
        (TlsVersion::TLS13, &rustls::version::TLS13),
        (TlsVersion::TLS12, &rustls::version::TLS12),
    ];
    let is_within = |version: TlsVersion| {
        config.min_version.is_none_or(|min| version >= min)
            && config.max_version.is_none_or(|max| version <= max)
    };
    all.into_iter().filter(|(version, _)| is_within(*version)).map(|(_, spoken)| spoken).collect()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, WebAccessError> {
    let text = text_of(path)?;
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(WebAccessError::Certificate { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<WebAccess, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        WebAccess::read(&folder.path().join("web.yml")).map_err(|error| with_sources(&error))
    }

    /// Files of a certificate that signed itself, and a configuration with these lines.
    fn with_tls(lines: &str) -> Result<WebAccess, String> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let tls = "tls_server_config:\n  cert_file: a.pem\n  key_file: b.pem\n";
        let text = format!("{tls}{lines}");
        read(&[("a.pem", &certificate), ("b.pem", &key), ("web.yml", &text)])
    }

    #[test]
    fn only_what_keeps_somebody_out_is_a_restriction() {
        let hash = bcrypt::hash("secret", 4).unwrap();
        for (text, expected) in [
            ("{}", false),
            ("basic_auth_users:\n", false),
            ("http_server_config: {http2: false}\n", false),
            (&format!("basic_auth_users:\n  a: {hash}\n"), true),
        ] {
            assert_eq!(read(&[("web.yml", text)]).unwrap().is_restricted(), expected, "{text}");
        }
        let clients = "  client_ca_file: a.pem\n  client_auth_type: ";
        for (lines, expected) in [
            (String::new(), false),
            (format!("{clients}VerifyClientCertIfGiven\n"), false),
            (format!("{clients}RequireAndVerifyClientCert\n"), true),
        ] {
            let access = with_tls(&lines).unwrap();
            assert!(access.speaks_tls());
            assert_eq!(access.is_restricted(), expected, "{lines}");
        }
        assert!(!WebAccess::open().unwrap().is_restricted());
    }

    #[test]
    fn an_emptied_file_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.yml");
        let hash = bcrypt::hash("secret", 4).unwrap();
        std::fs::write(&path, format!("basic_auth_users:\n  a: {hash}\n")).unwrap();
        let access = WebAccess::read(&path).unwrap();
        for text in ["", "\n# nothing\n---\n"] {
            std::fs::write(&path, text).unwrap();
            let why = access.reload(|_| ()).unwrap_err();
            assert!(why.contains("is empty") && why.contains("write {}"), "{why}");
            assert!(access.is_restricted() && !access.is_newest(), "{text:?}");
        }
        // Who means it says so.
        std::fs::write(&path, "{}\n").unwrap();
        access.reload(|_| ()).unwrap();
        assert!(!access.is_restricted() && access.is_newest());
        // Where nobody is kept out there is nothing to lose.
        std::fs::write(&path, "").unwrap();
        access.reload(|_| ()).unwrap();
    }

    #[test]
    fn suites_and_curves_are_those_that_are_named() {
        for (lines, expected) in [
            ("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n", Ok(())),
            ("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", Ok(())),
            ("  curve_preferences: [CurveP384, X25519, CurveP256, X25519MLKEM768]\n", Ok(())),
            (
                "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n",
                Err("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA is not spoken here; of cipher_suites"),
            ),
            ("  curve_preferences: [CurveP521]\n", Err("CurveP521 is not spoken here")),
            (
                "  max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
                Err("make no server"),
            ),
        ] {
            match (with_tls(lines), expected) {
                (Ok(_), Ok(())) => {}
                (Err(error), Err(words)) => assert!(error.contains(words), "{lines}: {error}"),
                (found, _) => panic!("{lines}: {found:?}"),
            }
        }
    }
}
