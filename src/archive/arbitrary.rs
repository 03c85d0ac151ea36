//! Records of every shape, for property tests.
//!
//! `proptest-derive` would need a strategy written at nearly every field: text must hold what a
//! terminal obeys, lists must be short, and times and addresses must be such as a file can hold.
//! So each of those has its strategy once, in [`Any`], and a table lists the types made of them.
//! A variant or a field that the table does not have fails to compile.

use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use sha2::{Digest, Sha256};

use crate::model::{
    AccountSource, Answer, Awaited, Certificate, ChainLink, ChainTrust, DnsFailure, End, Endpoint,
    ExceptionKind, Exchange, Expectation, Failure, Family, Fingerprint, FollowUps, FoundBy, Held,
    HeldOutcome, HoldFailure, Hop, HopAnswer, Host, HostName, HostRuntime, HttpAnswer, HttpFailure,
    InstalledRuntime, Kind, LinkData, Located, LoggedError, Lookup, Obstacle, OldHello,
    OldHelloOutcome, OpenTrail, Origin, OsError, PacQuestion, Pending, Presented, Proxied,
    ProxyFailure, ProxyLookup, ProxyReply, Reach, Record, Records, ReportedNode, Resolver,
    ResponseCode, RevocationHost, Role, Route, RouteChoice, RouteFault, RouteFaultKind,
    RouteIntent, Run, Rung, RuntimeService, Seen, SegmentBound, SegmentLadder, ServiceState,
    Sighting, SignIn, SignInProtocol, SignInScheme, StartType, Subject, TcpFailure, TdsAnswer,
    TdsFailure, TimeoutBy, TlsFailure, TlsFailureKind, TlsSession, Trail, Transport, Trust, Tunnel,
    Unreachable, Validity, Vantage,
};

/// What strangers may write: any text, control characters and wide letters among it.
pub(crate) fn text() -> BoxedStrategy<String> {
    // A record has dozens of texts, and patterns are slow to compile.
    thread_local! {
        static TEXT: BoxedStrategy<String> = prop_oneof![
            "[a-zA-Z0-9 .,:/=-]{0,24}",
            any::<String>(),
            "(\u{1b}\\[[0-9;]{0,5}[mJH]|[\r\n\t\u{7}]|[a-z]|\u{9b}|[\u{4e00}-\u{4e20}]|\u{202e}){0,24}",
        ]
        .boxed();
    }
    TEXT.with(Clone::clone)
}

/// A run and its records. Every other record has the lookups and the trails of the one before it,
/// so that much is shared.
pub(crate) fn records() -> BoxedStrategy<Records> {
    (Run::any(), vec(Record::any(), 0..5))
        .prop_map(|(run, mut records)| {
            for pair in records.chunks_exact_mut(2) {
                let (before, after) = pair.split_at_mut(1);
                after[0].lookups.clone_from(&before[0].lookups);
                after[0].trails.clone_from(&before[0].trails);
            }
            Records { run, records }
        })
        .boxed()
}

/// What can be made up, and how.
trait Any: Clone + Debug + 'static {
    /// How many of it a list holds at most.
    const MOST: usize = 2;

    fn any() -> BoxedStrategy<Self>;
}

macro_rules! any_by_proptest {
    ($($type:ty),+) => {
        $(impl Any for $type {
            fn any() -> BoxedStrategy<Self> {
                proptest::arbitrary::any::<Self>().boxed()
            }
        })+
    };
}

any_by_proptest!(bool, u16, u32, i32, usize, IpAddr);

impl Any for u8 {
    const MOST: usize = 24;

    fn any() -> BoxedStrategy<Self> {
        proptest::arbitrary::any::<Self>().boxed()
    }
}

impl Any for String {
    fn any() -> BoxedStrategy<Self> {
        text()
    }
}

impl Any for Arc<str> {
    fn any() -> BoxedStrategy<Self> {
        text().prop_map(Self::from).boxed()
    }
}

impl Any for Duration {
    fn any() -> BoxedStrategy<Self> {
        any::<u64>().prop_map(Self::from_nanos).boxed()
    }
}

impl Any for Timestamp {
    fn any() -> BoxedStrategy<Self> {
        (0..4_102_444_800_i64, 0..1_000_000_000_i32)
            .prop_map(|(second, nanosecond)| Self::new(second, nanosecond).unwrap())
            .boxed()
    }
}

impl Any for SocketAddr {
    fn any() -> BoxedStrategy<Self> {
        (any::<IpAddr>(), any::<u16>()).prop_map(Self::from).boxed()
    }
}

impl Any for IpNet {
    fn any() -> BoxedStrategy<Self> {
        let nets = ["10.0.0.0/8", "fd00::/8", "10.1.2.3/32"];
        select(nets.to_vec()).prop_map(|text| text.parse().unwrap()).boxed()
    }
}

impl<T: Any> Any for Option<T> {
    fn any() -> BoxedStrategy<Self> {
        option::of(T::any()).boxed()
    }
}

impl<T: Any> Any for Vec<T> {
    fn any() -> BoxedStrategy<Self> {
        vec(T::any(), 0..=T::MOST).boxed()
    }
}

impl<T: Any> Any for Box<T> {
    fn any() -> BoxedStrategy<Self> {
        // Chosen when a value is drawn: a failure may hold one of its own kind in a box.
        Just(()).prop_flat_map(|()| T::any()).prop_map(Self::new).boxed()
    }
}

impl<T: Any> Any for Arc<T> {
    fn any() -> BoxedStrategy<Self> {
        T::any().prop_map(Self::new).boxed()
    }
}

impl<A: Any, B: Any> Any for (A, B) {
    fn any() -> BoxedStrategy<Self> {
        (A::any(), B::any()).boxed()
    }
}

impl<T: Any, E: Any> Any for Result<T, E> {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![3 => T::any().prop_map(Ok), 1 => E::any().prop_map(Err)].boxed()
    }
}

macro_rules! any_field {
    ($field:ident) => {
        Any::any()
    };
}

/// Makes up structs of all their fields.
macro_rules! any_struct {
    ($($name:ident { $($field:ident),+ })+) => {
        $(impl Any for $name {
            fn any() -> BoxedStrategy<Self> {
                ($(any_field!($field),)+).prop_map(|($($field,)+)| Self { $($field),+ }).boxed()
            }
        })+
    };
}

/// Makes up enums of all their variants.
macro_rules! any_enum {
    ($($name:ident {
        $($variant:ident $(($inner:tt))? $({ $($field:ident),+ })?),+
    })+) => {
        $(const _: fn(&$name) = |made| match made { $($name::$variant { .. } => {})+ };

        impl Any for $name {
            fn any() -> BoxedStrategy<Self> {
                Union::new([
                    $(any_variant!($name $variant $(($inner))? $({ $($field),+ })?)),+
                ])
                .boxed()
            }
        })+
    };
}

macro_rules! any_variant {
    ($name:ident $variant:ident) => {
        Just($name::$variant).boxed()
    };
    ($name:ident $variant:ident (_)) => {
        Any::any().prop_map($name::$variant).boxed()
    };
    ($name:ident $variant:ident { $($field:ident),+ }) => {
        ($(any_field!($field),)+).prop_map(|($($field,)+)| $name::$variant { $($field),+ }).boxed()
    };
}

any_struct! {
    Record { endpoint, route, lookups, proxies, trails, follow_ups, obstacle, pending, at }
    Vantage { hostname, os, account, addresses, resolvers, proxy_source, proxy_url }
    ProxyLookup { proxy, lookups }
    Pending { awaited, took }
    Expectation { reach, private_zones, service_domains, fingerprint, service_tags }
    RouteChoice { intended, configured, why, exception, fallbacks, alternate, questions }
    Proxied { url }
    RouteFault { kind, message }
    PacQuestion { name, addresses }
    Lookup { resolver, name, exchanges }
    Exchange { family, transport, took, result }
    Answer { code, chain, is_loop, is_cut }
    ChainLink { name, ttl, data }
    OsError { code, symbol }
    Tunnel { session, reply, sign_in }
    SignIn { scheme, protocol, account, source, target, messages, challenges, refusal }
    TlsSession { version, cipher_suite, presented }
    TlsFailure { kind, presented }
    HttpAnswer { status, reason, headers, body, is_cut }
    TdsAnswer { version, encryption }
    Trust { public, host, validity }
    FollowUps { located, segments, holds, upgrade, revocation, old_hellos }
    Located { remote, hops }
    Hop { ttl, tcp, udp, echo }
    SegmentLadder { remote, rungs }
    Rung { segment, bound, failure, took }
    Held { idle, outcome }
    RevocationHost { host, port, path, lookups, trails }
    OldHello { remote, took, outcome }
    ReportedNode {
        name, machine, status, capabilities, version, version_status, latest_version, auto_update,
        expires, last_connected
    }
    HostRuntime { installed, service, errors, has_given_names }
    InstalledRuntime { path, found_by, version }
    RuntimeService { state, start, account }
    LoggedError { at, text }
    Sighting { seen_in, seen_at }
}

any_enum! {
    Awaited { Lookup, Route, ProxyLookup }
    Role {
        Relay, Gateway, Control, Frontend, Download, Peer, DataStore, KeyVault, Login, Revocation,
        Portal, Other
    }
    Subject { Host(_), Pattern(_) }
    Host { Name(_), Address(_) }
    Kind { Https, Relay, Tls, Tds, Http, Tcp }
    Origin { List, ServiceUrls, AuthKey, Option, Discovered, Derived, Gateway }
    FoundBy { Registry, Service, ProgramFiles }
    ServiceState { Running, Starting, Stopping, Stopped, Paused, Unknown }
    StartType { Automatic, Manual, Disabled, Unknown }
    Reach { Any, Public, Private }
    Fingerprint { None, RelayNamespace }
    Route { Direct, Proxy(_) }
    RouteIntent { Direct, Proxy, Any }
    RouteFaultKind { Script, Refused, Elsewhere }
    ExceptionKind { Environment, Option, AgentFile, System, Script }
    Resolver { Server(_), System }
    Family { V4, V6 }
    Transport { Udp, Tcp, System, HostsFile }
    LinkData { Alias(_), Address(_) }
    DnsFailure {
        TimedOut { asked }, PortClosed(_), Unreachable(_), TcpBlocked { os },
        Malformed { detail }, System(_), NotAsked(_)
    }
    Obstacle {
        NoRoute(_), NoLocalAddress(_), DescriptorLimit(_), PortLimit(_), Cancelled, BudgetSpent,
        NotTestable { hint }
    }
    TimeoutBy { Ours(_), Kernel(_) }
    Seen { Tcp, Proxy(_), ProxySession(_), Tls(_), Http(_), Tds(_), Hold(_) }
    End { Complete, Failed { failure, took }, Stopped(_) }
    Failure { Tcp(_), Proxy(_), Tls(_), Http(_), Tds(_), Hold(_) }
    TcpFailure {
        Refused(_), TimedOut(_), Unreachable { kind, os }, Reset(_), Denied(_), Other(_)
    }
    Unreachable { Network, Host, Blackhole }
    TlsFailureKind {
        ResetOnWrite(_), Reset(_), Closed { received }, TimedOut { whose, received },
        NotTls { first_bytes }, Version { detail }, Alert { name }, Other { detail }
    }
    HttpFailure {
        TimedOut { whose, received }, Closed { received }, Reset(_), NotHttp { first_bytes },
        HeadTooLong { limit }, Tls { detail }, Other(_)
    }
    TdsFailure {
        TimedOut { whose, received }, Closed { received }, Reset(_), NotTds { first_bytes },
        Other(_)
    }
    ProxyReply { Connect(_), Socks { bound } }
    SignInScheme { Ntlm, Negotiate }
    SignInProtocol { Ntlm, Kerberos }
    AccountSource { Given, Process }
    ProxyFailure {
        Tls(_), TimedOut { whose, received }, Closed { received }, Reset(_),
        NotProxy { first_bytes }, HeadTooLong { limit }, Answered { answer, with_credentials },
        SocksNoMethod { with_credentials }, SocksRejected, SocksReply(_),
        SignIn { sign_in, failure }, Other(_)
    }
    HoldFailure { Silent { idle, whose }, Reset { idle, after, os }, Other { idle, os } }
    HeldOutcome { Answered, Closed { after } }
    HopAnswer {
        NotAsked, Silence, Expired { from }, Answered { os, from }, Unheard, NotSent(_)
    }
    SegmentBound { Both, Incoming }
    OldHelloOutcome {
        Chosen { version }, Alert { name }, Closed, Reset(_), Silence, Unreadable, NotConnected
    }
    ChainTrust { Trusted, UnknownIssuer, Invalid { reason }, NotJudged { reason } }
    Validity { Current, Expired { subject, not_after }, NotYet { subject, not_before } }
}

impl Any for Run {
    fn any() -> BoxedStrategy<Self> {
        let head = (Any::any(), Any::any(), Any::any(), Any::any(), Any::any());
        let input = (Any::any(), Any::any(), Any::any(), Any::any(), Any::any());
        let seen = (Any::any(), Any::any(), Any::any(), Any::any(), Any::any());
        (head, input, seen)
            .prop_map(|(head, input, seen)| {
                let (version, started_at, took, options, vantage) = head;
                let (cloud, lists, private_networks, is_resolver_given, is_self_contained) = input;
                let (control, agent_files_differ, absent, nodes, runtime) = seen;
                Self {
                    version,
                    started_at,
                    took,
                    options,
                    vantage,
                    cloud,
                    lists,
                    private_networks,
                    is_resolver_given,
                    is_self_contained,
                    control,
                    agent_files_differ,
                    absent,
                    nodes,
                    runtime,
                    redacted: None,
                    kept_in: None,
                }
            })
            .boxed()
    }
}

impl Any for Endpoint {
    fn any() -> BoxedStrategy<Self> {
        let identity = (Any::any(), Any::any(), Any::any(), 1..=u16::MAX, Any::any());
        let words = (Any::any(), Any::any());
        (identity, words, Any::any(), (Any::any(), Any::any()), 0..4_u32, Any::any())
            .prop_map(|(identity, words, required, (origin, discovered), order, expect)| {
                let (entry, role, subject, port, kind) = identity;
                let (purpose, source_document) = words;
                Self {
                    entry,
                    role,
                    subject,
                    port,
                    kind,
                    purpose,
                    source_document,
                    required,
                    origin,
                    discovered,
                    order,
                    expect,
                }
            })
            .boxed()
    }
}

impl Any for HostName {
    fn any() -> BoxedStrategy<Self> {
        "[a-z0-9_-]{1,60}(\\.[a-z0-9-]{1,30}){0,4}"
            .prop_map(|text| Self::parse(&text).unwrap())
            .boxed()
    }
}

impl Any for ResponseCode {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![3 => 0..6_u16, 1 => any::<u16>()].prop_map(Self::from).boxed()
    }
}

impl Any for Trail {
    fn any() -> BoxedStrategy<Self> {
        let steps = vec((Seen::any(), Duration::any()), 0..4);
        let ends = (Any::any(), Any::any());
        (Any::any(), Any::any(), Any::any(), Any::any(), Any::any(), steps, ends)
            .prop_map(|(route, remote, local, syns, at, steps, (end, waited))| {
                let mut open = OpenTrail::new(route, remote, at);
                open.leave_from(local);
                open.send_syns(syns);
                for (seen, took) in steps {
                    open.pass(seen, took);
                }
                match end {
                    End::Complete => open.complete(),
                    End::Failed { failure, took } => open.fail(failure, took),
                    End::Stopped(obstacle) => open.stop_after(obstacle, waited),
                }
            })
            .boxed()
    }
}

impl Any for Presented {
    fn any() -> BoxedStrategy<Self> {
        (Vec::<Arc<Certificate>>::any(), Any::any())
            .prop_map(|(chain, trust)| Self { chain: chain.into(), trust })
            .boxed()
    }
}

impl Any for Certificate {
    fn any() -> BoxedStrategy<Self> {
        let names = (String::any(), String::any(), Vec::<String>::any(), Vec::<String>::any());
        (Vec::<u8>::any(), names, Timestamp::any(), Timestamp::any())
            .prop_map(|(mut der, (subject, issuer, names, revocation), not_before, not_after)| {
                // Bytes stand for one certificate, so different certificates need different bytes.
                der.extend(format!("{subject}{issuer}{names:?}{revocation:?}").bytes());
                der.extend(format!("{not_before}{not_after}").bytes());
                Self {
                    fingerprint: Sha256::digest(&der).into(),
                    subject,
                    issuer,
                    names,
                    not_before,
                    not_after,
                    revocation,
                    der: der.into(),
                }
            })
            .boxed()
    }
}
