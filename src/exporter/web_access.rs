//! The web configuration in force: read anew when one of its files changes, without a restart. One
//! that cannot be read leaves the old one in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hyper::header::{HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;

use super::news::ExporterNews;
use super::passwords::Passwords;
use super::web_config::{ClientAuthType, TlsServerConfig, TlsVersion, WebConfig, WebConfigError};
use crate::files::{self, FileError};

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

/// What holds for a connection from its beginning to its end.
pub(super) struct WebRules {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl std::fmt::Debug for WebRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebRules").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
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
    #[error("{path}: no authority that clients could be verified by")]
    Clients { path: PathBuf, source: rustls::client::VerifierBuilderError },
    #[error("{path}: the value of the header {name} holds what no header may hold")]
    Header { path: PathBuf, name: String },
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
        let rules = WebRules { tls: None, passwords, headers: Vec::new() };
        Ok(Self::new(None, rules, Vec::new()))
    }

    /// As a web configuration file says.
    ///
    /// # Errors
    /// [`WebAccessError`] where it or a file that it names cannot be used.
    pub fn read(path: &Path) -> Result<Self, WebAccessError> {
        let (rules, stamps) = read(path)?;
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
        self.path.is_some()
    }

    /// Whether the files as they are now are in force.
    pub(super) fn is_newest(&self) -> bool {
        self.lock().is_newest
    }

    /// What holds for a connection that begins now. `say` gets what became of changed files.
    pub(super) fn now(&self, say: impl Fn(&ExporterNews)) -> Arc<WebRules> {
        let mut current = self.lock();
        if let Some(path) = &self.path
            && current.looked.elapsed() >= LOOK_EVERY
        {
            current.looked = Instant::now();
            let stamps = current.stamps.iter().map(|stamp| Stamp::of(&stamp.path)).collect();
            if current.stamps != stamps {
                match read(path) {
                    Ok((rules, stamps)) => {
                        current.rules = Arc::new(rules);
                        current.stamps = stamps;
                        current.is_newest = true;
                        say(&ExporterNews::Done(format!("{} was read anew", path.display())));
                    }
                    Err(error) => {
                        current.stamps = stamps;
                        current.is_newest = false;
                        say(&ExporterNews::Failed(format!(
                            "{} is not usable, and the earlier one stays in force: {}",
                            path.display(),
                            with_sources(&error)
                        )));
                    }
                }
            }
        }
        Arc::clone(&current.rules)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RulesInForce> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
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

fn read(path: &Path) -> Result<(WebRules, Vec<Stamp>), WebAccessError> {
    // Before they are read: what changes meanwhile is read once more.
    let mut stamps = vec![Stamp::of(path)];
    let text = text_of(path)?;
    let config = WebConfig::parse(&text, &path.display().to_string())?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let tls = match &config.tls_server_config {
        Some(tls) => {
            let named = [Some(&tls.cert_file), Some(&tls.key_file), tls.client_ca_file.as_ref()];
            stamps.extend(named.into_iter().flatten().map(|named| Stamp::of(&folder.join(named))));
            Some(acceptor(tls, folder)?)
        }
        None => None,
    };
    let mut headers = Vec::new();
    for (name, value) in &config.http_server_config.headers {
        let header = HeaderName::from_bytes(name.as_bytes()).ok();
        let Some(header) = header.zip(HeaderValue::from_str(value).ok()) else {
            return Err(WebAccessError::Header { path: path.to_owned(), name: name.clone() });
        };
        headers.push(header);
    }
    let passwords = Arc::new(Passwords::new(config.basic_auth_users)?);
    Ok((WebRules { tls, passwords, headers }, stamps))
}

fn text_of(path: &Path) -> Result<String, WebAccessError> {
    files::read_text(path, files::SHORT)
        .map_err(|source| WebAccessError::Read { path: path.to_owned(), source })
}

fn acceptor(config: &TlsServerConfig, folder: &Path) -> Result<TlsAcceptor, WebAccessError> {
    let certificate = folder.join(&config.cert_file);
    let key_file = folder.join(&config.key_file);
    let chain = certificates(&certificate)?;
    let key = PrivateKeyDer::from_pem_slice(text_of(&key_file)?.as_bytes())
        .map_err(|_| WebAccessError::Key { path: key_file })?;
    let unusable = |source| WebAccessError::Tls { path: certificate.clone(), source };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(config))
        .map_err(unusable)?;
    let builder = match &config.client_ca_file {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let path = folder.join(authorities);
            let mut roots = RootCertStore::empty();
            for one in certificates(&path)? {
                let unusable = |_| WebAccessError::Certificate { path: path.clone() };
                roots.add(one).map_err(unusable)?;
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
