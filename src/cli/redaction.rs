//! `--redact`: records with placeholders, before anything is concluded from them.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};

use super::arguments::RedactionArgs;
use super::service_tag_ranges::ServiceTagRanges;
use crate::files;
use crate::model::{Records, Redacted};
use crate::redact::{self, RedactionKey, Redactor};

/// The least that a key may hold, bytes: fewer can be guessed, and the originals with them.
const LEAST_KEY: usize = 16;

/// What was asked for, and what was replaced so far: placeholders stay the same from one round of
/// `watch` to the next.
pub(super) struct Redaction {
    key: Option<RedactionKey>,
    redactor: Option<Redactor<'static>>,
}

impl Redaction {
    /// Reads `--redact-key`.
    ///
    /// # Errors
    /// The file cannot be read, or is too short to be a secret.
    pub(super) fn read(given: &RedactionArgs) -> Result<Self> {
        let key = match &given.redact_key {
            _ if !given.redact => None,
            Some(path) => {
                let name = path.display();
                let secret = files::read(path)
                    .with_context(|| format!("--redact-key: cannot read {name}"))?;
                if secret.len() < LEAST_KEY {
                    bail!(
                        "--redact-key: {name} holds {} bytes, and a secret of at least {LEAST_KEY} \
                         random bytes is expected: openssl rand -base64 32 makes one",
                        secret.len()
                    );
                }
                Some(RedactionKey::shared(&secret))
            }
            None => {
                let mut secret = [0; 32];
                getrandom::fill(&mut secret)
                    .map_err(|error| anyhow::anyhow!("--redact: no random numbers: {error}"))?;
                Some(RedactionKey::of_run(&secret))
            }
        };
        Ok(Self { key, redactor: None })
    }

    pub(super) const fn is_asked_for(&self) -> bool {
        self.key.is_some()
    }

    /// The records as they may be reported and saved. Azure's own addresses, as `published` has
    /// them, are not of this side.
    pub(super) fn apply(&mut self, records: Records, published: &ServiceTagRanges) -> Records {
        let Some(key) = &self.key else { return records };
        let redactor = self.redactor.get_or_insert_with(|| {
            let (published, run) = (published.clone(), records.run.clone());
            Redactor::new(key.clone(), move |address| published.holds(&run, address))
        });
        redactor.redact(&records)
    }
}

/// Text for people, in which addresses of redacted records are called by their labels.
pub(super) fn labelled(text: &str, redacted: Option<&Redacted>) -> String {
    Cow::into_owned(redact::labelled(text, redacted))
}
