//! One request to Resource Manager and its response: time-outs, which failures are worth another
//! attempt, and a new token where the old one has expired.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::credential::Credential;
use super::endpoint::{AzureEndpoint, is_loopback};
use super::error::{ApiError, ArmError};
use super::secret::{Secret, Secrets};

/// The limit of one request, from connect to the last byte of its response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// What a request gets even after the deadline: how the group was left must still be read.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// How often a request is made before its error is reported.
const MOST_ATTEMPTS: u32 = 5;
/// A group of 1,000 rules and 4,000 prefixes is 1 MB.
const MOST_BYTES: usize = 16 << 20;

/// How long to wait between attempts, and when to give up.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The limit of all requests to Azure together.
    pub deadline: Duration,
    /// The pause before a second attempt where Azure does not say when; doubled each time.
    pub pause: Duration,
}

impl Pace {
    /// Attempts with pauses of one second and more, until `deadline`.
    #[must_use]
    pub const fn new(deadline: Duration) -> Self {
        Self { deadline, pause: Duration::from_secs(1) }
    }
}

/// A client of Resource Manager that signs in as one identity.
#[derive(Debug)]
pub struct ArmClient {
    pub(super) endpoint: AzureEndpoint,
    http: reqwest::Client,
    credential: Credential,
    token: Option<Secret>,
    pace: Pace,
    begun: Instant,
    /// Sent with each request of a run, so that Azure's logs show them together.
    correlation: String,
}

/// A response that is no error.
#[derive(Debug)]
pub(super) struct ArmResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// What a request requires of the resource as it is (RFC 9110, section 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precondition<'a> {
    None,
    Match(&'a str),
    Absent,
}

impl ArmClient {
    /// Sets a client up; nothing is sent yet.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(
        endpoint: AzureEndpoint,
        credential: Credential,
        pace: Pace,
    ) -> Result<Self, ArmError> {
        let builder = reqwest::Client::builder()
            .user_agent(user_agent())
            .timeout(REQUEST_TIMEOUT)
            // A redirect would take the token elsewhere; Resource Manager has none.
            .redirect(reqwest::redirect::Policy::none());
        let is_near = Url::parse(&endpoint.to_string()).is_ok_and(|url| is_loopback(&url));
        let builder = if is_near { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| ArmError::Unanswered {
            what: endpoint.to_string(),
            why: chain(&error),
        })?;
        Ok(Self {
            endpoint,
            http,
            credential,
            token: None,
            pace,
            begun: Instant::now(),
            correlation: new_id(),
        })
    }

    /// The endpoint to which requests are sent.
    #[must_use]
    pub const fn endpoint(&self) -> &AzureEndpoint {
        &self.endpoint
    }

    /// The source of tokens.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Gets a token now, so that the identity is known before anything is changed.
    ///
    /// # Errors
    /// [`ArmError::Credential`] with every source that was tried.
    pub async fn sign_in(&mut self) -> Result<(), ArmError> {
        if self.token.is_none() {
            self.token = Some(self.credential.token().await?);
        }
        Ok(())
    }

    pub(super) async fn get(&mut self, url: Url, what: &str) -> Result<ArmResponse, ArmError> {
        self.ask(&Method::GET, &url, None, Precondition::None, what).await
    }

    /// Makes a request, and repeats it where that helps. A request that changes something is safe
    /// to repeat: all requests of this program are idempotent.
    pub(super) async fn ask(
        &mut self,
        method: &Method,
        url: &Url,
        body: Option<&Value>,
        condition: Precondition<'_>,
        what: &str,
    ) -> Result<ArmResponse, ArmError> {
        let mut attempt = 0;
        let mut is_token_new = false;
        loop {
            attempt += 1;
            self.sign_in().await?;
            let outcome = self.ask_once(method, url, body, condition, what).await;
            let (error, wait) = match outcome {
                Ok(answer) => return Ok(answer),
                Err(FailedAttempt::Unauthorized(_))
                    if !is_token_new && self.credential.is_renewable() =>
                {
                    is_token_new = true;
                    self.token = None;
                    continue;
                }
                Err(FailedAttempt::Unauthorized(error)) => {
                    return Err(ArmError::Refused(Box::new(error)));
                }
                Err(FailedAttempt::Overtaken) => {
                    return Err(ArmError::Overtaken { what: what.to_owned() });
                }
                Err(FailedAttempt::Final(error)) => return Err(error),
                Err(FailedAttempt::Again(error, wait)) => (error, wait),
            };
            let wait = wait.unwrap_or_else(|| self.pace.pause * 2u32.pow(attempt - 1));
            if attempt == MOST_ATTEMPTS || self.remaining() <= wait {
                return Err(attempted(error, attempt));
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn ask_once(
        &self,
        method: &Method,
        url: &Url,
        body: Option<&Value>,
        condition: Precondition<'_>,
        what: &str,
    ) -> Result<ArmResponse, FailedAttempt> {
        let mut request = self
            .http
            .request(method.clone(), url.clone())
            .timeout(REQUEST_TIMEOUT.min(self.remaining().max(LAST_LOOK)))
            .header("x-ms-correlation-request-id", &self.correlation)
            .header("x-ms-client-request-id", new_id())
            .header("accept", "application/json");
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| malformed(what, "the token holds characters that no token has"))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        match condition {
            Precondition::None => {}
            Precondition::Match(etag) => request = request.header("if-match", etag),
            Precondition::Absent => request = request.header("if-none-match", "*"),
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        } else if *method == Method::POST {
            // Without it Azure's front ends answer 411 (RFC 9112, section 6.3).
            request = request.header("content-length", "0");
        }
        let response = request.send().await.map_err(|error| self.unanswered(what, &error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = self.body(response, what).await?;
        if (200..300).contains(&status) {
            let body = if text.trim().is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text)
                    .map_err(|error| malformed(what, &format!("no JSON: {error}")))?
            };
            return Ok(ArmResponse { status, headers, body });
        }
        let error =
            ApiError::read(what, status, &text, self.correlation(&headers), &self.secrets());
        Err(match status {
            401 => FailedAttempt::Unauthorized(error),
            412 => FailedAttempt::Overtaken,
            408 | 409 | 425 | 429 | 500..=599 => {
                FailedAttempt::Again(ArmError::Refused(Box::new(error)), retry_after(&headers))
            }
            _ => FailedAttempt::Final(ArmError::Refused(Box::new(error))),
        })
    }

    async fn body(&self, response: reqwest::Response, what: &str) -> Result<String, FailedAttempt> {
        let bytes = bounded(response, MOST_BYTES).await.map_err(|unread| match unread {
            BodyError::Cut(error) => self.unanswered(what, &error),
            BodyError::TooLarge { .. } => malformed(what, &unread.to_string()),
        })?;
        String::from_utf8(bytes).map_err(|_| malformed(what, "no UTF-8"))
    }

    fn unanswered(&self, what: &str, error: &reqwest::Error) -> FailedAttempt {
        if is_untrusted(error) {
            return FailedAttempt::Final(ArmError::Untrusted {
                what: what.to_owned(),
                endpoint: self.endpoint.to_string(),
                why: chain(error),
            });
        }
        let why = if error.is_connect() {
            format!("cannot connect to {}: {}", self.endpoint, chain(error))
        } else if error.is_timeout() {
            format!("no answer in {} s", REQUEST_TIMEOUT.as_secs())
        } else {
            format!("the connection ended in the middle: {}", chain(error))
        };
        let why = format!("{why} [correlation id {}]", self.correlation);
        FailedAttempt::Again(ArmError::Unanswered { what: what.to_owned(), why }, None)
    }

    /// The secrets that no message may repeat.
    pub(super) fn secrets(&self) -> Secrets {
        self.credential.secrets().and(self.token.clone())
    }

    /// The id by which Azure's support finds a request.
    pub(super) fn correlation<'a>(&'a self, headers: &'a HeaderMap) -> &'a str {
        let given = headers.get("x-ms-correlation-request-id");
        given.and_then(|value| value.to_str().ok()).unwrap_or(&self.correlation)
    }

    /// How much time is left until the deadline.
    pub(super) fn remaining(&self) -> Duration {
        self.pace.deadline.saturating_sub(self.begun.elapsed())
    }

    pub(super) fn waited(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(super) const fn pause(&self) -> Duration {
        self.pace.pause
    }
}

/// An attempt without a usable response.
enum FailedAttempt {
    Unauthorized(ApiError),
    Overtaken,
    Again(ArmError, Option<Duration>),
    Final(ArmError),
}

fn malformed(what: &str, why: &str) -> FailedAttempt {
    FailedAttempt::Final(ArmError::Malformed { what: what.to_owned(), why: why.to_owned() })
}

fn attempted(error: ArmError, attempts: u32) -> ArmError {
    match error {
        ArmError::Refused(error) => ArmError::Refused(Box::new(ApiError { attempts, ..*error })),
        ArmError::Unanswered { what, why } if attempts > 1 => {
            ArmError::Unanswered { what, why: format!("{why} ({attempts} times)") }
        }
        other => other,
    }
}

/// Why the body of a response was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection ended before it did.
    #[error("{}", chain(.0))]
    Cut(reqwest::Error),
    /// It is larger than any expected response.
    #[error("the answer is larger than {} MiB", most >> 20)]
    TooLarge {
        /// The limit, in bytes.
        most: usize,
    },
}

impl From<BodyError> for String {
    fn from(unread: BodyError) -> Self {
        unread.to_string()
    }
}

/// Reads the body of a response, and no more than `most` bytes of it.
pub(super) async fn bounded(
    mut response: reqwest::Response,
    most: usize,
) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Cut)? {
        if bytes.len() + chunk.len() > most {
            return Err(BodyError::TooLarge { most });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether a handshake failed because of the certificate: another attempt would meet the same one.
/// The standard library's errors do not list the error they wrap among their sources.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    let certificate = error.downcast_ref::<rustls::Error>();
    if matches!(certificate, Some(rustls::Error::InvalidCertificate(_))) {
        return true;
    }
    let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    held.is_some_and(|held| is_untrusted(held)) || error.source().is_some_and(is_untrusted)
}

/// When Azure wants the next attempt, in seconds. A date is ignored: our own pause is as good.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    text.parse().ok().map(Duration::from_secs)
}

/// How Azure's logs name this program: `pathproof/VERSION`.
pub(super) fn user_agent() -> String {
    concat!("pathproof/", env!("CARGO_PKG_VERSION")).to_owned()
}

/// The innermost cause of an error. The outer messages of `reqwest` repeat the URL, and with it
/// ids.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// A random UUID (RFC 9562, version 4).
fn new_id() -> String {
    let mut bytes = [0u8; 16];
    // Without randomness the ids are all zero, which does no harm: they only name requests.
    let _ = getrandom::fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
