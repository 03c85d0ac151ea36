//! What is asked again because of what was seen: each question once a destination, however many
//! endpoints share it, and none for what nobody would learn from.

mod hold;
mod locate;
mod old_hello;
mod revocation;
mod segments;

use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

pub(super) use hold::keep_idle;
pub(super) use revocation::Host as RevocationKey;

use super::runner::Shared;
use super::walk::Target;
use crate::model::{
    End, Failure, FollowUps, Host, Kind, Located, OldHello, Origin, RevocationHost, Route,
    SegmentLadder, TcpFailure, TlsFailureKind, Trail,
};
use crate::route::Way;

/// What the user asks for beyond proof and failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Where silent addresses are blocked.
    pub locate: bool,
    /// How long one connection a relay is kept idle.
    pub hold: Option<Duration>,
    /// Nobody is asked whom only a certificate names.
    pub no_revocation: bool,
}

/// How many silent destinations are located a run: those behind one firewall tell the same.
const MOST_LOCATED: usize = 16;
/// How many silent handshakes are tried again.
const MOST_LADDERS: usize = 64;
/// How many handshakes that were ended without a word are tried again with old versions.
const MOST_OLD_HELLOS: usize = 64;
/// How many revocation hosts are asked; a chain names four or five, and most chains the same.
const MOST_REVOCATION_HOSTS: usize = 64;

/// The answers of a run so far.
#[derive(Debug)]
pub(super) struct Memory {
    located: Once<SocketAddr, Option<Located>>,
    ladders: Once<SocketAddr, Option<SegmentLadder>>,
    revocation: Once<RevocationKey, Option<Arc<RevocationHost>>>,
    old_hellos: Once<(Host, SocketAddr), Option<OldHello>>,
}

impl Default for Memory {
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
struct Once<K, V> {
    most: usize,
    asked: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
}

impl<K: Eq + Hash, V: Clone> Once<K, V> {
    fn new(most: usize) -> Self {
        Self { most, asked: Mutex::default() }
    }

    /// What `ask` brings, or brought when it was first asked for `key`; `None` beyond the bound.
    async fn get(&self, key: K, ask: impl Future<Output = V>) -> Option<V> {
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

/// Asks what the trails of one endpoint give reason to.
pub(super) async fn ask(
    shared: &Shared,
    target: Target<'_>,
    ways: &[Way],
    trails: &[Trail],
) -> FollowUps {
    let wishes = shared.settings.wishes;
    let direct = || trails.iter().filter(|trail| *trail.route() == Route::Direct);
    let silent = direct().find(|trail| is_tcp_silent(trail)).filter(|_| wishes.locate);
    let located = async {
        let remote = silent?.remote();
        shared.follow_ups.located.get(remote, locate::locate(shared, remote)).await?
    };
    let mute: Vec<SocketAddr> =
        direct().filter(|trail| is_tls_silent(trail)).map(Trail::remote).collect();
    let segments = futures_util::future::join_all(mute.into_iter().map(async |remote| {
        let climb = segments::climb(shared, target.host, remote);
        shared.follow_ups.ladders.get(remote, climb).await.flatten()
    }));
    let ended = direct().filter(|trail| old_hello::is_asked_for(trail)).map(Trail::remote);
    let old_hellos = futures_util::future::join_all(ended.map(async |remote| {
        let key = (target.host.clone(), remote);
        let asked = old_hello::ask(shared, target.host, remote);
        shared.follow_ups.old_hellos.get(key, asked).await.flatten()
    }));
    // Gateways show the chain of their relay, and are many.
    let is_gateway = target.endpoint.origin == Origin::Gateway;
    let held = async {
        match wishes.hold {
            Some(hold) if target.endpoint.kind == Kind::Relay && !is_gateway => {
                hold::ask(shared, target, ways, trails, hold).await
            }
            _ => (Vec::new(), None),
        }
    };
    let revocation = async {
        if is_gateway || wishes.no_revocation {
            Vec::new()
        } else {
            revocation::ask(shared, direct()).await
        }
    };
    let (located, segments, (holds, upgrade), revocation, old_hellos) =
        futures_util::join!(located, segments, held, revocation, old_hellos);
    let segments = segments.into_iter().flatten().collect();
    let old_hellos = old_hellos.into_iter().flatten().collect();
    FollowUps { located, segments, holds, upgrade, revocation, old_hellos }
}

fn is_tcp_silent(trail: &Trail) -> bool {
    matches!(trail.failure(), Some(Failure::Tcp(TcpFailure::TimedOut(_))))
}

fn is_tls_silent(trail: &Trail) -> bool {
    match trail.end() {
        End::Failed { failure: Failure::Tls(failure), .. } => {
            matches!(failure.kind, TlsFailureKind::TimedOut { .. })
        }
        _ => false,
    }
}
