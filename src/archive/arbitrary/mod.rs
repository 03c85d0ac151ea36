//! Records of every shape, for property tests.

mod follow_up;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::model::{
    Answer, Awaited, Certificate, ChainLink, ChainTrust, DnsFailure, Endpoint, ExceptionKind,
    Exchange, Expectation, Failure, Family, Fingerprint, Host, HostName, HttpAnswer, HttpFailure,
    Kind, LinkData, Lookup, Obstacle, OpenTrail, Origin, OsError, PacQuestion, Pending, Presented,
    Proxied, ProxyFailure, ProxyLookup, ProxyReply, Reach, Record, Records, Resolver, ResponseCode,
    Role, Route, RouteChoice, RouteFault, RouteFaultKind, RouteIntent, Run, Seen, Subject,
    TcpFailure, TdsAnswer, TdsFailure, TimeoutBy, TlsFailure, TlsFailureKind, TlsSession, Trail,
    Transport, Trust, Tunnel, Unreachable, Validity, Vantage,
};

/// What strangers may write: any text, control characters and wide letters among it.
pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-zA-Z0-9 .,:/=-]{0,24}",
        any::<String>(),
        "(\u{1b}\\[[0-9;]{0,5}[mJH]|[\r\n\t\u{7}]|[a-z]|\u{9b}|[\u{4e00}-\u{4e20}]|\u{202e}){0,24}",
    ]
    .boxed()
}

pub(crate) fn records() -> BoxedStrategy<Records> {
    (vec(lookup().prop_map(Arc::new), 1..4), vec(presented(), 1..3))
        .prop_flat_map(|(lookups, shown)| {
            let trails = || trail(shown.clone());
            let record = (
                endpoint(),
                route_choice(),
                vec(prop::sample::select(lookups.clone()), 0..3),
                vec(proxy_lookup(lookups.clone()), 0..2),
                vec(trails(), 0..3),
                follow_up::follow_ups(lookups.clone(), &shown),
                (option::of(obstacle()), option::of(pending())),
                timestamp(),
            )
                .prop_map(
                    |(endpoint, route, lookups, proxies, trails, follow_ups, ended, at)| {
                        let (obstacle, pending) = ended;
                        Record {
                            endpoint: Arc::new(endpoint),
                            route,
                            lookups,
                            proxies,
                            trails,
                            follow_ups,
                            obstacle,
                            pending,
                            at,
                        }
                    },
                );
            let absent = vec(prop::sample::select(lookups.clone()), 0..2);
            (run(), option::of(trails()), absent, vec(record, 0..5)).prop_map(
                |(mut run, control, absent, records)| {
                    run.control = control;
                    run.absent = absent;
                    Records { run, records }
                },
            )
        })
        .boxed()
}

fn proxy_lookup(lookups: Vec<Arc<Lookup>>) -> BoxedStrategy<ProxyLookup> {
    (text(), vec(prop::sample::select(lookups), 0..2))
        .prop_map(|(url, lookups)| ProxyLookup { proxy: Proxied { url: url.into() }, lookups })
        .boxed()
}

fn run() -> BoxedStrategy<Run> {
    let switches = (any::<bool>(), any::<bool>());
    let networks = vec(prop::sample::select(vec!["10.0.0.0/8", "fd00::/8", "10.1.2.3/32"]), 0..3);
    let head = (text(), timestamp(), duration(), vec(text(), 0..4));
    let rest = (vec(text(), 0..2), vec(follow_up::node(), 0..2));
    (head, vantage(), text(), vec(text(), 0..3), networks, switches, rest)
        .prop_map(
            |(
                (version, started_at, took, options),
                vantage,
                cloud,
                lists,
                networks,
                switches,
                (differ, nodes),
            )| {
                Run {
                    version,
                    started_at,
                    took,
                    options,
                    vantage,
                    cloud,
                    lists,
                    private_networks: networks
                        .into_iter()
                        .map(|text| text.parse().unwrap())
                        .collect(),
                    is_resolver_given: switches.0,
                    is_self_contained: switches.1,
                    control: None,
                    agent_files_differ: differ,
                    absent: Vec::new(),
                    nodes,
                    kept_in: None,
                }
            },
        )
        .boxed()
}

fn vantage() -> BoxedStrategy<Vantage> {
    let names = (text(), text(), text());
    (names, vec(any::<IpAddr>(), 0..3), vec(socket(), 0..3), text(), option::of(text()))
        .prop_map(|((hostname, os, account), addresses, resolvers, proxy_source, proxy_url)| {
            Vantage { hostname, os, account, addresses, resolvers, proxy_source, proxy_url }
        })
        .boxed()
}

fn endpoint() -> BoxedStrategy<Endpoint> {
    let fixed = (
        prop::sample::select(Role::ALL.to_vec()),
        prop::sample::select(Kind::ALL.to_vec()),
        prop::sample::select(Origin::ALL.to_vec()),
        any::<bool>(),
        0..4_u32,
    );
    let words = (text(), text());
    (text(), subject(), 1..=u16::MAX, words, fixed, expectation())
        .prop_map(
            |(
                entry,
                subject,
                port,
                (purpose, source_document),
                (role, kind, origin, required, order),
                expect,
            )| {
                Endpoint {
                    entry,
                    role,
                    subject,
                    port,
                    kind,
                    purpose,
                    source_document,
                    required,
                    origin,
                    order,
                    expect,
                }
            },
        )
        .boxed()
}

fn subject() -> BoxedStrategy<Subject> {
    prop_oneof![
        host_name().prop_map(|name| Subject::Host(Host::Name(name))),
        any::<IpAddr>().prop_map(|address| Subject::Host(Host::Address(address))),
        text().prop_map(Subject::Pattern),
    ]
    .boxed()
}

pub(crate) fn host_name() -> BoxedStrategy<HostName> {
    "[a-z0-9_-]{1,60}(\\.[a-z0-9-]{1,30}){0,4}"
        .prop_map(|text| HostName::parse(&text).unwrap())
        .boxed()
}

fn expectation() -> BoxedStrategy<Expectation> {
    let reach = prop::sample::select(vec![Reach::Any, Reach::Public, Reach::Private]);
    let fingerprint = prop::sample::select(vec![Fingerprint::None, Fingerprint::RelayNamespace]);
    (reach, fingerprint, vec(text(), 0..2), vec(text(), 0..2), vec(text(), 0..2))
        .prop_map(|(reach, fingerprint, private_zones, service_domains, service_tags)| {
            Expectation { reach, private_zones, service_domains, fingerprint, service_tags }
        })
        .boxed()
}

fn route_choice() -> BoxedStrategy<RouteChoice> {
    let intents = vec![RouteIntent::Direct, RouteIntent::Proxy, RouteIntent::Any];
    let kinds = vec![RouteFaultKind::Script, RouteFaultKind::Refused, RouteFaultKind::Elsewhere];
    let fault = (prop::sample::select(kinds), text())
        .prop_map(|(kind, message)| Err(RouteFault { kind, message }));
    let configured = prop_oneof![3 => route().prop_map(Ok), 1 => fault];
    let question = (text(), vec(any::<IpAddr>(), 0..2))
        .prop_map(|(name, addresses)| PacQuestion { name, addresses });
    let exceptions = vec![
        ExceptionKind::Environment,
        ExceptionKind::Option,
        ExceptionKind::AgentFile,
        ExceptionKind::System,
        ExceptionKind::Script,
    ];
    let exception = option::of(prop::sample::select(exceptions));
    let others = (exception, vec(route(), 0..2), option::of(route()), vec(question, 0..2));
    (prop::sample::select(intents), configured, text(), others)
        .prop_map(|(intended, configured, why, (exception, fallbacks, alternate, questions))| {
            RouteChoice { intended, configured, why, exception, fallbacks, alternate, questions }
        })
        .boxed()
}

fn route() -> BoxedStrategy<Route> {
    let proxied = text().prop_map(|url| Route::Proxy(Proxied { url: url.into() }));
    prop_oneof![Just(Route::Direct), proxied].boxed()
}

fn lookup() -> BoxedStrategy<Lookup> {
    let resolver = prop_oneof![Just(Resolver::System), socket().prop_map(Resolver::Server)];
    (resolver, host_name(), vec(exchange(), 0..3))
        .prop_map(|(resolver, name, exchanges)| Lookup { resolver, name, exchanges })
        .boxed()
}

fn exchange() -> BoxedStrategy<Exchange> {
    let family = prop::sample::select(vec![Family::V4, Family::V6]);
    let transport = prop::sample::select(vec![
        Transport::Udp,
        Transport::Tcp,
        Transport::System,
        Transport::HostsFile,
    ]);
    let result = prop_oneof![answer().prop_map(Ok), dns_failure().prop_map(Err)];
    (family, transport, result, duration())
        .prop_map(|(family, transport, result, took)| Exchange { family, result, transport, took })
        .boxed()
}

fn answer() -> BoxedStrategy<Answer> {
    let code = prop_oneof![
        Just(ResponseCode::NoError),
        Just(ResponseCode::ServFail),
        Just(ResponseCode::NxDomain),
        Just(ResponseCode::Refused),
        (6..u16::MAX).prop_map(ResponseCode::Other),
    ];
    let data = prop_oneof![
        host_name().prop_map(LinkData::Alias),
        any::<IpAddr>().prop_map(LinkData::Address)
    ];
    let link = (host_name(), any::<u32>(), data).prop_map(|(name, ttl, data)| ChainLink {
        name,
        ttl,
        data,
    });
    (code, vec(link, 0..4), any::<bool>(), any::<bool>())
        .prop_map(|(code, chain, is_loop, is_cut)| Answer { code, chain, is_loop, is_cut })
        .boxed()
}

fn dns_failure() -> BoxedStrategy<DnsFailure> {
    prop_oneof![
        any::<u32>().prop_map(|asked| DnsFailure::TimedOut { asked }),
        os_error().prop_map(DnsFailure::PortClosed),
        os_error().prop_map(DnsFailure::Unreachable),
        option::of(os_error()).prop_map(|os| DnsFailure::TcpBlocked { os }),
        text().prop_map(|detail| DnsFailure::Malformed { detail }),
        os_error().prop_map(|os| DnsFailure::System { os }),
        obstacle().prop_map(DnsFailure::NotAsked),
    ]
    .boxed()
}

fn obstacle() -> BoxedStrategy<Obstacle> {
    prop_oneof![
        os_error().prop_map(Obstacle::NoRoute),
        os_error().prop_map(Obstacle::NoLocalAddress),
        os_error().prop_map(Obstacle::DescriptorLimit),
        os_error().prop_map(Obstacle::PortLimit),
        Just(Obstacle::Cancelled),
        Just(Obstacle::BudgetSpent),
        text().prop_map(|hint| Obstacle::NotTestable { hint }),
    ]
    .boxed()
}

fn pending() -> BoxedStrategy<Pending> {
    let awaited = vec![Awaited::Lookup, Awaited::Route, Awaited::ProxyLookup];
    (prop::sample::select(awaited), duration())
        .prop_map(|(awaited, took)| Pending { awaited, took })
        .boxed()
}

fn os_error() -> BoxedStrategy<OsError> {
    (any::<i32>(), text()).prop_map(|(code, symbol)| OsError { code, symbol }).boxed()
}

fn whose() -> BoxedStrategy<TimeoutBy> {
    prop_oneof![duration().prop_map(TimeoutBy::Ours), os_error().prop_map(TimeoutBy::Kernel)]
        .boxed()
}

fn trail(shown: Vec<Presented>) -> BoxedStrategy<Trail> {
    let steps = vec((seen(shown.clone()), duration()), 0..4);
    let end = prop_oneof![
        Just(End::Complete),
        (failure(shown), duration()).prop_map(|(failure, took)| End::Failed(failure, took)),
        (obstacle(), option::of(duration())).prop_map(|(why, waited)| End::Stopped(why, waited)),
    ];
    (route(), socket(), option::of(socket()), option::of(any::<u32>()), timestamp(), steps, end)
        .prop_map(|(route, remote, local, syns, at, steps, end)| {
            let mut open = OpenTrail::new(route, remote, at);
            open.leave_from(local);
            open.send_syns(syns);
            for (seen, took) in steps {
                open.pass(seen, took);
            }
            match end {
                End::Complete => open.complete(),
                End::Failed(failure, took) => open.fail(failure, took),
                End::Stopped(obstacle, waited) => open.stop_after(obstacle, waited),
            }
        })
        .boxed()
}

#[derive(Clone, Debug)]
enum End {
    Complete,
    Failed(Failure, Duration),
    Stopped(Obstacle, Option<Duration>),
}

fn seen(shown: Vec<Presented>) -> BoxedStrategy<Seen> {
    let reply = prop_oneof![
        http_answer().prop_map(|answer| ProxyReply::Connect(Box::new(answer))),
        text().prop_map(|bound| ProxyReply::Socks { bound }),
    ];
    let proxy = (option::of(tls_session(shown.clone()).prop_map(Box::new)), reply)
        .prop_map(|(session, reply)| Seen::Proxy(Box::new(Tunnel { session, reply })));
    let own = tls_session(shown.clone()).prop_map(|own| Seen::ProxySession(Box::new(own)));
    let tls = tls_session(shown).prop_map(|session| Seen::Tls(Box::new(session)));
    let http = http_answer().prop_map(|answer| Seen::Http(Box::new(answer)));
    let tds = (text(), any::<u8>())
        .prop_map(|(version, encryption)| Seen::Tds(TdsAnswer { version, encryption }));
    let hold = follow_up::held().prop_map(Seen::Hold);
    prop_oneof![Just(Seen::Tcp), proxy, own, tls, http, tds, hold].boxed()
}

fn tls_session(shown: Vec<Presented>) -> BoxedStrategy<TlsSession> {
    (text(), text(), prop::sample::select(shown))
        .prop_map(|(version, cipher_suite, presented)| TlsSession {
            version,
            cipher_suite,
            presented,
        })
        .boxed()
}

fn http_answer() -> BoxedStrategy<HttpAnswer> {
    let headers = vec((text(), text()), 0..4);
    (any::<u16>(), text(), headers, text(), any::<bool>())
        .prop_map(|(status, reason, headers, body, is_cut)| HttpAnswer {
            status,
            reason,
            headers,
            body,
            is_cut,
        })
        .boxed()
}

fn failure(shown: Vec<Presented>) -> BoxedStrategy<Failure> {
    let presented = option::of(prop::sample::select(shown));
    let tls =
        (tls_failure(), presented).prop_map(|(kind, presented)| TlsFailure { kind, presented });
    prop_oneof![
        tcp_failure().prop_map(Failure::Tcp),
        proxy_failure(tls.clone().boxed()).prop_map(Failure::Proxy),
        tls.prop_map(Failure::Tls),
        http_failure().prop_map(Failure::Http),
        tds_failure().prop_map(Failure::Tds),
        follow_up::hold_failure().prop_map(Failure::Hold),
    ]
    .boxed()
}

fn proxy_failure(tls: BoxedStrategy<TlsFailure>) -> BoxedStrategy<ProxyFailure> {
    prop_oneof![
        tls.prop_map(|failure| ProxyFailure::Tls(Box::new(failure))),
        (whose(), any::<usize>())
            .prop_map(|(whose, received)| ProxyFailure::TimedOut { whose, received }),
        any::<usize>().prop_map(|received| ProxyFailure::Closed { received }),
        os_error().prop_map(ProxyFailure::Reset),
        bytes().prop_map(|first_bytes| ProxyFailure::NotProxy { first_bytes }),
        any::<usize>().prop_map(|limit| ProxyFailure::HeadTooLong { limit }),
        (http_answer(), any::<bool>()).prop_map(|(answer, with_credentials)| {
            ProxyFailure::Answered { answer: Box::new(answer), with_credentials }
        }),
        any::<bool>().prop_map(|with_credentials| ProxyFailure::SocksNoMethod { with_credentials }),
        Just(ProxyFailure::SocksRejected),
        any::<u8>().prop_map(ProxyFailure::SocksReply),
        os_error().prop_map(ProxyFailure::Other),
    ]
    .boxed()
}

fn tcp_failure() -> BoxedStrategy<TcpFailure> {
    let kinds = vec![Unreachable::Network, Unreachable::Host, Unreachable::Blackhole];
    prop_oneof![
        os_error().prop_map(TcpFailure::Refused),
        whose().prop_map(TcpFailure::TimedOut),
        (prop::sample::select(kinds), os_error())
            .prop_map(|(kind, os)| TcpFailure::Unreachable { kind, os }),
        os_error().prop_map(TcpFailure::Reset),
        os_error().prop_map(TcpFailure::Denied),
        os_error().prop_map(TcpFailure::Other),
    ]
    .boxed()
}

fn tls_failure() -> BoxedStrategy<TlsFailureKind> {
    prop_oneof![
        os_error().prop_map(TlsFailureKind::ResetOnWrite),
        os_error().prop_map(TlsFailureKind::Reset),
        any::<usize>().prop_map(|received| TlsFailureKind::Closed { received }),
        (whose(), any::<usize>())
            .prop_map(|(whose, received)| TlsFailureKind::TimedOut { whose, received }),
        bytes().prop_map(|first_bytes| TlsFailureKind::NotTls { first_bytes }),
        text().prop_map(|detail| TlsFailureKind::Version { detail }),
        text().prop_map(|name| TlsFailureKind::Alert { name }),
        text().prop_map(|detail| TlsFailureKind::Other { detail }),
    ]
    .boxed()
}

fn http_failure() -> BoxedStrategy<HttpFailure> {
    prop_oneof![
        (whose(), any::<usize>())
            .prop_map(|(whose, received)| HttpFailure::TimedOut { whose, received }),
        any::<usize>().prop_map(|received| HttpFailure::Closed { received }),
        os_error().prop_map(HttpFailure::Reset),
        bytes().prop_map(|first_bytes| HttpFailure::NotHttp { first_bytes }),
        any::<usize>().prop_map(|limit| HttpFailure::HeadTooLong { limit }),
        text().prop_map(|detail| HttpFailure::Tls { detail }),
        os_error().prop_map(HttpFailure::Other),
    ]
    .boxed()
}

fn tds_failure() -> BoxedStrategy<TdsFailure> {
    prop_oneof![
        (whose(), any::<usize>())
            .prop_map(|(whose, received)| TdsFailure::TimedOut { whose, received }),
        any::<usize>().prop_map(|received| TdsFailure::Closed { received }),
        os_error().prop_map(TdsFailure::Reset),
        bytes().prop_map(|first_bytes| TdsFailure::NotTds { first_bytes }),
        os_error().prop_map(TdsFailure::Other),
    ]
    .boxed()
}

fn presented() -> BoxedStrategy<Presented> {
    (vec(certificate().prop_map(Arc::new), 0..3), trust())
        .prop_map(|(chain, trust)| Presented { chain: chain.into(), trust: Arc::new(trust) })
        .boxed()
}

fn certificate() -> BoxedStrategy<Certificate> {
    let names = (text(), text(), vec(text(), 0..3), vec(text(), 0..2));
    (bytes(), names, timestamp(), timestamp())
        .prop_map(|(mut der, (subject, issuer, names, revocation), not_before, not_after)| {
            // Bytes stand for one certificate, so different certificates need different bytes.
            der.extend(format!("{subject}{issuer}{names:?}{revocation:?}").bytes());
            der.extend(format!("{not_before}{not_after}").bytes());
            Certificate {
                fingerprint: Sha256::digest(&der).into(),
                der: der.into(),
                subject,
                issuer,
                names,
                not_before,
                not_after,
                revocation,
            }
        })
        .boxed()
}

fn trust() -> BoxedStrategy<Trust> {
    let validity = prop_oneof![
        Just(Validity::Current),
        (text(), timestamp())
            .prop_map(|(subject, not_after)| Validity::Expired { subject, not_after }),
        (text(), timestamp())
            .prop_map(|(subject, not_before)| Validity::NotYet { subject, not_before }),
    ];
    (chain_trust(), chain_trust(), validity)
        .prop_map(|(public, host, validity)| Trust { public, host, validity })
        .boxed()
}

fn chain_trust() -> BoxedStrategy<ChainTrust> {
    prop_oneof![
        Just(ChainTrust::Trusted),
        Just(ChainTrust::UnknownIssuer),
        text().prop_map(|reason| ChainTrust::Invalid { reason }),
        text().prop_map(|reason| ChainTrust::NotJudged { reason }),
    ]
    .boxed()
}

fn bytes() -> BoxedStrategy<Vec<u8>> {
    vec(any::<u8>(), 0..24).boxed()
}

fn socket() -> BoxedStrategy<SocketAddr> {
    (any::<IpAddr>(), any::<u16>()).prop_map(SocketAddr::from).boxed()
}

fn duration() -> BoxedStrategy<Duration> {
    any::<u64>().prop_map(Duration::from_nanos).boxed()
}

fn timestamp() -> BoxedStrategy<Timestamp> {
    (0..4_102_444_800_i64, 0..1_000_000_000_i32)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
        .boxed()
}
