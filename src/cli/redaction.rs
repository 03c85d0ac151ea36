//! `--redact`: records with placeholders, before anything is concluded from them, and saved reports
//! before anything is made of them.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};

use super::arguments::RedactionArgs;
use super::service_tag_ranges::ServiceTagRanges;
use crate::files;
use crate::model::{Cloud, Records, Redacted};
use crate::redact::{self, RedactionKey, Redactor};
use crate::report_v1::Report;
use crate::tags::AzureRanges;

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
                let secret = files::read_bytes(path, files::SHORT)
                    .map(secret_of)
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

    /// The records and the earlier report that they are compared with, as both may be reported.
    pub(super) fn apply_beside(
        &mut self,
        records: Records,
        published: &ServiceTagRanges,
        earlier: Option<Report<'static>>,
    ) -> (Records, Option<Report<'static>>) {
        let is_new = records.run.redacted.is_none();
        let mut records = self.apply(records, published);
        let earlier = earlier.map(|report| self.apply_to_report(report));
        // What changed names addresses of both.
        if is_new {
            records.run.redacted = self.legend();
        }
        (records, earlier)
    }

    /// The saved report as it may be reported.
    pub(super) fn apply_to_report(&mut self, report: Report<'static>) -> Report<'static> {
        match self.of_reports() {
            Some(redactor) => redactor.redact_report(report),
            None => report,
        }
    }

    /// The name of a file of this side, as it may be reported.
    pub(super) fn file(&mut self, name: &str) -> String {
        self.of_reports().map_or_else(|| name.to_owned(), |redactor| redactor.file(name))
    }

    /// An error about the file `name`, as it may be reported.
    pub(super) fn error_about(&mut self, name: &str, error: &str) -> String {
        let redactor = self.of_reports();
        redactor.map_or_else(|| error.to_owned(), |redactor| redactor.error_about(name, error))
    }

    /// What text calls the addresses that were replaced so far; `None` where nothing is redacted.
    pub(super) fn legend(&self) -> Option<Redacted> {
        self.redactor.as_ref().map(Redactor::legend)
    }

    /// A report does not say in which cloud it was measured: addresses of any are not of this side.
    fn of_reports(&mut self) -> Option<&mut Redactor<'static>> {
        let key = self.key.as_ref()?;
        Some(self.redactor.get_or_insert_with(|| {
            let is_azure = |address| {
                Cloud::ALL.into_iter().any(|cloud| AzureRanges::embedded(cloud).contains(address))
            };
            Redactor::new(key.clone(), move |address| Some(is_azure(address)))
        }))
    }
}

/// The secret in a file of any bytes. What is text is the same secret however a system writes it:
/// two hosts that share a key give a name the same placeholder.
fn secret_of(bytes: Vec<u8>) -> Vec<u8> {
    match files::decode(bytes.clone()) {
        Ok(text) => text.replace("\r\n", "\n").into_bytes(),
        Err(_) => bytes,
    }
}

/// Text for people, in which addresses of redacted records are called by their labels.
pub(super) fn labelled(text: &str, redacted: Option<&Redacted>) -> String {
    Cow::into_owned(redact::labelled(text, redacted))
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::super::arguments;
    use crate::redact::RedactionKey;

    use super::*;

    fn long_names(command: &Command) -> Vec<String> {
        let own = command.get_arguments().filter_map(|argument| argument.get_long());
        let below = command.get_subcommands().flat_map(long_names);
        own.map(|name| format!("--{name}")).chain(below).collect()
    }

    /// A redacted report says how its run was made.
    #[test]
    fn every_option_keeps_its_name() {
        let mut redactor = Redactor::new(RedactionKey::of_run(&[7; 32]), |_| Some(false));
        for option in long_names(&arguments::command()) {
            assert_eq!(redactor.option(&option), option);
        }
    }
}
