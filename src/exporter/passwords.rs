//! Basic authentication by bcrypt hashes. A password is hashed once: Prometheus sends the same one
//! with every scrape, and bcrypt is slow on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;

/// Passwords that are hashed at once: who guesses does not take all cores of the host.
const AT_ONCE: usize = 2;
/// Verified credentials that are remembered.
const MOST_REMEMBERED: usize = 128;

/// The users, and which credentials were verified already.
#[derive(Debug)]
pub(super) struct Passwords {
    hashes: BTreeMap<String, String>,
    /// Of this process alone: what is remembered is of no use to others.
    key: [u8; 32],
    verified: Mutex<BTreeSet<[u8; 32]>>,
    turns: Semaphore,
}

impl Passwords {
    /// The users of a web configuration.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn new(hashes: BTreeMap<String, String>) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { hashes, key, verified: Mutex::default(), turns: Semaphore::new(AT_ONCE) })
    }

    /// Whether anybody is kept out.
    pub(super) fn are_asked_for(&self) -> bool {
        !self.hashes.is_empty()
    }

    /// Whether the credentials of an `Authorization` header are a user's; without users, everybody
    /// is admitted. Whoever is unknown is told so no sooner than a user with a wrong password.
    pub(super) async fn admit(self: Arc<Self>, authorization: Option<&[u8]>) -> bool {
        let Some(decoy) = self.hashes.values().next().cloned() else { return true };
        let Some((user, password)) = authorization.and_then(basic) else { return false };
        let known = self.hashes.get(&user).cloned();
        let mark = known.as_ref().and_then(|hash| self.mark(&user, hash, &password));
        if mark.is_some_and(|mark| self.remembered().contains(&mark)) {
            return true;
        }
        let Ok(_turn) = self.turns.acquire().await else { return false };
        let is_known = known.is_some();
        let hash = known.unwrap_or(decoy);
        let verify = move || bcrypt::verify(password, &hash).unwrap_or(false);
        let is_right = tokio::task::spawn_blocking(verify).await.unwrap_or(false) && is_known;
        if let Some(mark) = mark.filter(|_| is_right) {
            let mut verified = self.remembered();
            if verified.len() >= MOST_REMEMBERED {
                verified.clear();
            }
            verified.insert(mark);
        }
        is_right
    }

    /// What stands for verified credentials: nobody can compute it without the key, so that
    /// comparing it may take its time.
    fn mark(&self, user: &str, hash: &str, password: &[u8]) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        for part in [user.as_bytes(), hash.as_bytes(), password] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Some(mac.finalize().into_bytes().into())
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, BTreeSet<[u8; 32]>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// User and password of `Basic …` (RFC 7617).
fn basic(header: &[u8]) -> Option<(String, Vec<u8>)> {
    let (scheme, encoded) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let decoded = BASE64.decode(encoded.trim_ascii()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let user = String::from_utf8(decoded[..colon].to_vec()).ok()?;
    Some((user, decoded[colon + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Vec<u8> {
        format!("Basic {}", BASE64.encode(text.as_bytes())).into_bytes()
    }

    #[tokio::test]
    async fn only_the_password_of_the_user_admits() {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        let users = [("alice", "se:cret"), ("bob", "other")];
        let users = users.map(|(user, password)| (user.to_owned(), hash(password)));
        let passwords = Arc::new(Passwords::new(BTreeMap::from(users)).unwrap());
        let admits = async |header: Option<&[u8]>| Arc::clone(&passwords).admit(header).await;
        for round in 0..2 {
            assert!(admits(Some(&header("alice:se:cret"))).await, "{round}");
            assert!(admits(Some(&header("bob:other"))).await, "{round}");
            for wrong in ["alice:other", "alice:", "alice", "carol:secret", ":", "ALICE:se:cret"] {
                assert!(!admits(Some(&header(wrong))).await, "{wrong}");
            }
        }
        assert_eq!(passwords.remembered().len(), 2, "what was wrong is not remembered");
        for broken in [&b""[..], b"Basic", b"Basic !", b"Bearer abc", b"basic YWxpY2U="] {
            assert!(!admits(Some(broken)).await);
        }
        assert!(!admits(None).await);
        assert!(Arc::new(Passwords::new(BTreeMap::new()).unwrap()).admit(None).await);
    }
}
