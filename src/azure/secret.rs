//! Secrets, which no message and no log shows.

use std::fmt;

use super::form_encoded;

/// A token, password or assertion. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret, without the line end that files and programs add.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The secret itself, for the request that needs it.
    #[must_use]
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The secrets that a request was made with: its response may repeat them.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    /// Collects secrets, without empty ones.
    pub(super) fn of(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.is_empty()).collect())
    }

    /// Adds more of them.
    pub(super) fn and(mut self, more: impl IntoIterator<Item = Secret>) -> Self {
        self.0.extend(Self::of(more).0);
        self
    }

    /// Takes every secret out of somebody else's words, plain or as a form or a URL encodes it.
    pub(super) fn mask(&self, words: &str) -> String {
        const MASK: &str = "***";
        let mut masked = words.to_owned();
        for Secret(secret) in &self.0 {
            masked = masked.replace(secret.as_str(), MASK).replace(&form_encoded(secret), MASK);
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_repeated_without_the_secrets() {
        let secrets = Secrets::of(["s3c+ret", "", "token"].map(Secret::new));
        for (words, expected) in [
            ("the client_secret=s3c%2Bret is wrong", "the client_secret=*** is wrong"),
            ("Bearer token, s3c+ret; Bearer token", "Bearer ***, ***; Bearer ***"),
            ("Invalid client secret provided.", "Invalid client secret provided."),
        ] {
            assert_eq!(secrets.mask(words), expected);
        }
    }
}
