//! Follow-ups of every shape.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{duration, failure, host_name, os_error, socket, text, timestamp, trail, whose};
use crate::model::{
    FollowUps, Held, HeldOutcome, HoldFailure, Hop, HopAnswer, Host, Located, Lookup, OldHello,
    OldHelloOutcome, Presented, ReportedNode, RevocationHost, Rung, SegmentLadder,
};

pub(super) fn follow_ups(
    lookups: Vec<Arc<Lookup>>,
    shown: &[Presented],
) -> BoxedStrategy<FollowUps> {
    let shown = || shown.to_vec();
    let trails = |most| vec(trail(shown()), 0..most);
    let revocation = vec(revocation(lookups, shown()).prop_map(Arc::new), 0..2);
    let segments = vec(ladder(shown()), 0..2);
    let old_hellos = vec(old_hello(), 0..2);
    (option::of(located()), segments, trails(2), option::of(trail(shown())), revocation, old_hellos)
        .prop_map(|(located, segments, holds, upgrade, revocation, old_hellos)| FollowUps {
            located,
            segments,
            holds,
            upgrade,
            revocation,
            old_hellos,
        })
        .boxed()
}

fn located() -> BoxedStrategy<Located> {
    let hop =
        (any::<u8>(), hop_answer(), hop_answer()).prop_map(|(ttl, tcp, udp)| Hop { ttl, tcp, udp });
    (socket(), vec(hop, 0..3)).prop_map(|(remote, hops)| Located { remote, hops }).boxed()
}

fn hop_answer() -> BoxedStrategy<HopAnswer> {
    let from = || option::of(any::<IpAddr>());
    prop_oneof![
        Just(HopAnswer::Silence),
        from().prop_map(|from| HopAnswer::Expired { from }),
        (option::of(os_error()), from()).prop_map(|(os, from)| HopAnswer::Answered { os, from }),
        os_error().prop_map(HopAnswer::NotSent),
    ]
    .boxed()
}

fn ladder(shown: Vec<Presented>) -> BoxedStrategy<SegmentLadder> {
    let rung = (any::<Option<u16>>(), option::of(failure(shown)), duration())
        .prop_map(|(segment, failure, took)| Rung { segment, failure, took });
    (socket(), vec(rung, 0..3)).prop_map(|(remote, rungs)| SegmentLadder { remote, rungs }).boxed()
}

fn revocation(lookups: Vec<Arc<Lookup>>, shown: Vec<Presented>) -> BoxedStrategy<RevocationHost> {
    let host =
        prop_oneof![host_name().prop_map(Host::Name), any::<IpAddr>().prop_map(Host::Address)];
    let lookups = vec(prop::sample::select(lookups), 0..2);
    (host, any::<u16>(), option::of(text()), lookups, vec(trail(shown), 0..2))
        .prop_map(|(host, port, path, lookups, trails)| RevocationHost {
            host,
            port,
            path,
            lookups,
            trails,
        })
        .boxed()
}

fn old_hello() -> BoxedStrategy<OldHello> {
    let outcome = prop_oneof![
        any::<u16>().prop_map(|version| OldHelloOutcome::Chosen { version }),
        text().prop_map(|name| OldHelloOutcome::Alert { name }),
        os_error().prop_map(OldHelloOutcome::Reset),
        prop::sample::select(vec![
            OldHelloOutcome::Closed,
            OldHelloOutcome::Silence,
            OldHelloOutcome::Unreadable,
            OldHelloOutcome::NotConnected,
        ]),
    ];
    (socket(), outcome, duration())
        .prop_map(|(remote, outcome, took)| OldHello { remote, outcome, took })
        .boxed()
}

pub(super) fn held() -> BoxedStrategy<Held> {
    let outcome = prop_oneof![
        Just(HeldOutcome::Answered),
        duration().prop_map(|after| HeldOutcome::Closed { after })
    ];
    (duration(), outcome).prop_map(|(idle, outcome)| Held { idle, outcome }).boxed()
}

pub(super) fn hold_failure() -> BoxedStrategy<HoldFailure> {
    prop_oneof![
        (duration(), whose()).prop_map(|(idle, whose)| HoldFailure::Silent { idle, whose }),
        (duration(), duration(), os_error()).prop_map(|(idle, after, os)| HoldFailure::Reset {
            idle,
            after,
            os
        }),
        (duration(), os_error()).prop_map(|(idle, os)| HoldFailure::Other { idle, os }),
    ]
    .boxed()
}

pub(super) fn node() -> BoxedStrategy<ReportedNode> {
    let facts = (text(), text(), text(), any::<Option<bool>>());
    let times = (option::of(timestamp()), option::of(timestamp()));
    (text(), text(), text(), vec((text(), any::<bool>()), 0..2), facts, times)
        .prop_map(|(name, machine, status, capabilities, facts, (expires, last_connected))| {
            let (version, version_status, latest_version, auto_update) = facts;
            ReportedNode {
                name,
                machine,
                status,
                capabilities,
                version,
                version_status,
                latest_version,
                auto_update,
                expires,
                last_connected,
            }
        })
        .boxed()
}
