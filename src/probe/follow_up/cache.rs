//! The answers of a run so far, each question with its bound.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::model::{Host, HostName, Located, OldHello, RevocationHost, SegmentLadder};
use crate::probe::trust::Voucher;

/// A host, and who vouches for the chain that names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::probe) struct VouchedHost {
    pub(super) name: HostName,
    pub(super) voucher: Voucher,
}

/// How many silent destinations are located in a run: those behind one firewall tell the same.
const MOST_LOCATED: usize = 16;
/// How many silent handshakes are tried again.
const MOST_LADDERS: usize = 64;
/// How many handshakes that were ended without an alert are tried again with old versions.
const MOST_OLD_HELLOS: usize = 64;
/// How many revocation hosts are asked; a chain names four or five, and most chains the same.
const MOST_REVOCATION_HOSTS: usize = 64;

/// The answers of a run so far.
#[derive(Debug)]
pub(in crate::probe) struct FollowUpCache {
    pub(super) located: Once<SocketAddr, Option<Located>>,
    pub(super) ladders: Once<SocketAddr, Option<SegmentLadder>>,
    pub(super) revocation: Once<VouchedHost, Option<Arc<RevocationHost>>>,
    pub(super) old_hellos: Once<(Host, SocketAddr), Option<OldHello>>,
}

impl Default for FollowUpCache {
    fn default() -> Self {
        Self {
            located: Once::new(MOST_LOCATED),
            ladders: Once::new(MOST_LADDERS),
            revocation: Once::new(MOST_REVOCATION_HOSTS),
            old_hellos: Once::new(MOST_OLD_HELLOS),
        }
    }
}

/// Asks each key once, and no more than `most` of them.
#[derive(Debug)]
pub(super) struct Once<K, V> {
    most: usize,
    asked: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
}

impl<K: Eq + Hash, V: Clone> Once<K, V> {
    fn new(most: usize) -> Self {
        Self { most, asked: Mutex::default() }
    }

    /// What `ask` brings, or brought when it was first asked for `key`; `None` beyond the bound.
    pub(super) async fn get(&self, key: K, ask: impl Future<Output = V>) -> Option<V> {
        let cell = {
            // An insertion cannot be left half done.
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.len() >= self.most && !asked.contains_key(&key) {
                return None;
            }
            Arc::clone(asked.entry(key).or_default())
        };
        Some(cell.get_or_init(|| ask).await.clone())
    }
}
