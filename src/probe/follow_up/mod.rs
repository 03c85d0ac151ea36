//! What is asked again because of what was seen: each question once for a destination, however many
//! endpoints share it, and only where the answer tells something new.

pub(super) mod cache;
mod hold;
mod locate;
mod old_hello;
mod revocation;
mod segments;
mod self_checks;

pub use self_checks::self_checks;

use std::net::SocketAddr;

use super::shared::RunShared;
use super::walk::WalkTarget;
use crate::model::{
    End, Failure, FollowUps, Kind, Origin, Route, TcpFailure, TlsFailureKind, Trail,
};
use crate::route::Way;

/// Asks what the trails of one endpoint give reason to.
pub(super) async fn ask(
    shared: &RunShared,
    target: WalkTarget<'_>,
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
