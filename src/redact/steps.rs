//! Trails and what was asked again, step by step.

use std::sync::Arc;

use super::{Redactor, os_error};
use crate::diagnose;
use crate::model::{
    End, Failure, FollowUps, HoldFailure, Hop, HopAnswer, Host, HttpAnswer, HttpFailure, Located,
    OldHello, OldHelloOutcome, OpenTrail, ProxyFailure, ProxyReply, Record, RevocationHost, Rung,
    Seen, SegmentLadder, SignIn, Step, TcpFailure, TdsAnswer, TdsFailure, TimeoutBy, TlsFailure,
    TlsFailureKind, TlsSession, Trail, Tunnel,
};

/// Every trail of a record.
pub(super) fn trails(record: &Record) -> impl Iterator<Item = &Trail> {
    let FollowUps { located: _, segments: _, holds, upgrade, revocation, old_hellos: _ } =
        &record.follow_ups;
    let of_hosts = revocation.iter().flat_map(|host| &host.trails);
    record.trails.iter().chain(holds).chain(upgrade).chain(of_hosts)
}

impl Redactor<'_> {
    pub(super) fn trail(&mut self, trail: &Trail) -> Trail {
        let route = self.route(trail.route());
        let mut open = OpenTrail::new(route, self.socket(trail.remote()), trail.at());
        open.leave_from(trail.local().map(|local| self.socket(local)));
        open.send_syns(trail.syns());
        for Step { seen, took } in trail.passed() {
            open.pass(self.seen(seen), *took);
        }
        match trail.end() {
            End::Complete => open.complete(),
            End::Failed { failure, took } => open.fail(self.failure(failure), *took),
            End::Stopped(obstacle) => open.stop_after(self.obstacle(obstacle), trail.waited()),
        }
    }

    fn seen(&mut self, seen: &Seen) -> Seen {
        match seen {
            Seen::Tcp => Seen::Tcp,
            Seen::Proxy(tunnel) => {
                let Tunnel { session, reply, sign_in } = &**tunnel;
                let reply = match reply {
                    ProxyReply::Connect(answer) => {
                        ProxyReply::Connect(Box::new(self.answer(answer)))
                    }
                    ProxyReply::Socks { bound } => {
                        ProxyReply::Socks { bound: self.sentence(bound) }
                    }
                };
                let session = session.as_ref().map(|session| Box::new(self.session(session)));
                let sign_in = sign_in.as_ref().map(|sign_in| Box::new(self.sign_in(sign_in)));
                Seen::Proxy(Box::new(Tunnel { session, reply, sign_in }))
            }
            Seen::ProxySession(session) => Seen::ProxySession(Box::new(self.session(session))),
            Seen::Tls(session) => Seen::Tls(Box::new(self.session(session))),
            Seen::Http(answer) => Seen::Http(Box::new(self.answer(answer))),
            Seen::Tds(TdsAnswer { version, encryption }) => {
                Seen::Tds(TdsAnswer { version: self.sentence(version), encryption: *encryption })
            }
            Seen::Hold(held) => Seen::Hold(held.clone()),
        }
    }

    fn session(&mut self, session: &TlsSession) -> TlsSession {
        let TlsSession { version, cipher_suite, presented } = session;
        TlsSession {
            version: name_of_tls(version),
            cipher_suite: name_of_tls(cipher_suite),
            presented: self.presented(presented),
        }
    }

    fn answer(&mut self, answer: &HttpAnswer) -> HttpAnswer {
        diagnose::essence(answer, |host| self.host(host))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        diagnose::essence_of_bytes(bytes, |host| self.host(host))
    }

    pub(super) fn failure(&mut self, failure: &Failure) -> Failure {
        match failure {
            Failure::Tcp(failure) => Failure::Tcp(tcp(failure)),
            Failure::Proxy(failure) => Failure::Proxy(self.proxy_failure(failure)),
            Failure::Tls(failure) => Failure::Tls(self.tls_failure(failure)),
            Failure::Http(failure) => Failure::Http(self.http_failure(failure)),
            Failure::Tds(failure) => Failure::Tds(self.tds_failure(failure)),
            Failure::Hold(failure) => Failure::Hold(hold(failure)),
        }
    }

    fn proxy_failure(&mut self, failure: &ProxyFailure) -> ProxyFailure {
        match failure {
            ProxyFailure::Tls(failure) => ProxyFailure::Tls(Box::new(self.tls_failure(failure))),
            ProxyFailure::TimedOut { whose, received } => {
                ProxyFailure::TimedOut { whose: timeout(whose), received: *received }
            }
            ProxyFailure::Closed { received } => ProxyFailure::Closed { received: *received },
            ProxyFailure::Reset(os) => ProxyFailure::Reset(os_error(os)),
            ProxyFailure::NotProxy { first_bytes } => {
                ProxyFailure::NotProxy { first_bytes: self.bytes(first_bytes) }
            }
            ProxyFailure::HeadTooLong { limit } => ProxyFailure::HeadTooLong { limit: *limit },
            ProxyFailure::Answered { answer, with_credentials } => ProxyFailure::Answered {
                answer: Box::new(self.answer(answer)),
                with_credentials: *with_credentials,
            },
            ProxyFailure::SocksNoMethod { with_credentials } => {
                ProxyFailure::SocksNoMethod { with_credentials: *with_credentials }
            }
            ProxyFailure::SocksRejected => ProxyFailure::SocksRejected,
            ProxyFailure::SocksReply(code) => ProxyFailure::SocksReply(*code),
            ProxyFailure::SignIn { sign_in, failure } => ProxyFailure::SignIn {
                sign_in: Box::new(self.sign_in(sign_in)),
                failure: Box::new(self.proxy_failure(failure)),
            },
            ProxyFailure::Other(os) => ProxyFailure::Other(os_error(os)),
        }
    }

    fn sign_in(&mut self, sign_in: &SignIn) -> SignIn {
        SignIn {
            account: self.account(&sign_in.account),
            target: sign_in.target.as_deref().map(|target| self.principal(target)),
            refusal: sign_in.refusal.as_ref().map(os_error),
            ..*sign_in
        }
    }

    /// A service principal name: of a host that is redacted, or of anything.
    pub(super) fn principal(&mut self, target: &str) -> String {
        match target.strip_prefix("HTTP/").map(Host::parse) {
            Some(Ok(host)) => format!("HTTP/{}", self.host(&host)),
            Some(Err(_)) | None => self.label("principal", &target.to_lowercase()),
        }
    }

    fn tls_failure(&mut self, failure: &TlsFailure) -> TlsFailure {
        let TlsFailure { kind, presented } = failure;
        let kind = match kind {
            TlsFailureKind::ResetOnWrite(os) => TlsFailureKind::ResetOnWrite(os_error(os)),
            TlsFailureKind::Reset(os) => TlsFailureKind::Reset(os_error(os)),
            TlsFailureKind::Closed { received } => TlsFailureKind::Closed { received: *received },
            TlsFailureKind::TimedOut { whose, received } => {
                TlsFailureKind::TimedOut { whose: timeout(whose), received: *received }
            }
            TlsFailureKind::NotTls { first_bytes } => {
                TlsFailureKind::NotTls { first_bytes: self.bytes(first_bytes) }
            }
            TlsFailureKind::Version { detail } => {
                TlsFailureKind::Version { detail: self.sentence(detail) }
            }
            TlsFailureKind::Alert { name } => TlsFailureKind::Alert { name: self.sentence(name) },
            TlsFailureKind::Other { detail } => {
                TlsFailureKind::Other { detail: self.sentence(detail) }
            }
        };
        let presented = presented.as_ref().map(|presented| self.presented(presented));
        TlsFailure { kind, presented }
    }

    fn http_failure(&mut self, failure: &HttpFailure) -> HttpFailure {
        match failure {
            HttpFailure::TimedOut { whose, received } => {
                HttpFailure::TimedOut { whose: timeout(whose), received: *received }
            }
            HttpFailure::Closed { received } => HttpFailure::Closed { received: *received },
            HttpFailure::Reset(os) => HttpFailure::Reset(os_error(os)),
            HttpFailure::NotHttp { first_bytes } => {
                HttpFailure::NotHttp { first_bytes: self.bytes(first_bytes) }
            }
            HttpFailure::HeadTooLong { limit } => HttpFailure::HeadTooLong { limit: *limit },
            HttpFailure::Tls { detail } => HttpFailure::Tls { detail: self.sentence(detail) },
            HttpFailure::Other(os) => HttpFailure::Other(os_error(os)),
        }
    }

    fn tds_failure(&mut self, failure: &TdsFailure) -> TdsFailure {
        match failure {
            TdsFailure::TimedOut { whose, received } => {
                TdsFailure::TimedOut { whose: timeout(whose), received: *received }
            }
            TdsFailure::Closed { received } => TdsFailure::Closed { received: *received },
            TdsFailure::Reset(os) => TdsFailure::Reset(os_error(os)),
            TdsFailure::NotTds { first_bytes } => {
                TdsFailure::NotTds { first_bytes: self.bytes(first_bytes) }
            }
            TdsFailure::Other(os) => TdsFailure::Other(os_error(os)),
        }
    }

    pub(super) fn follow_ups(&mut self, follow_ups: &FollowUps) -> FollowUps {
        let FollowUps { located, segments, holds, upgrade, revocation, old_hellos } = follow_ups;
        FollowUps {
            located: located.as_ref().map(|Located { remote, hops }| Located {
                remote: self.socket(*remote),
                hops: hops
                    .iter()
                    .map(|Hop { ttl, tcp, udp }| Hop {
                        ttl: *ttl,
                        tcp: self.hop_answer(tcp),
                        udp: self.hop_answer(udp),
                    })
                    .collect(),
            }),
            segments: segments
                .iter()
                .map(|SegmentLadder { remote, rungs }| SegmentLadder {
                    remote: self.socket(*remote),
                    rungs: rungs
                        .iter()
                        .map(|Rung { segment, failure, took }| Rung {
                            segment: *segment,
                            failure: failure.as_ref().map(|failure| self.failure(failure)),
                            took: *took,
                        })
                        .collect(),
                })
                .collect(),
            holds: holds.iter().map(|trail| self.trail(trail)).collect(),
            upgrade: upgrade.as_ref().map(|trail| self.trail(trail)),
            revocation: revocation.iter().map(|host| Arc::new(self.revocation(host))).collect(),
            old_hellos: old_hellos
                .iter()
                .map(|OldHello { remote, took, outcome }| OldHello {
                    remote: self.socket(*remote),
                    took: *took,
                    outcome: self.old_hello(outcome),
                })
                .collect(),
        }
    }

    fn hop_answer(&mut self, answer: &HopAnswer) -> HopAnswer {
        match answer {
            HopAnswer::Silence => HopAnswer::Silence,
            HopAnswer::Expired { from } => {
                HopAnswer::Expired { from: from.map(|from| self.address(from)) }
            }
            HopAnswer::Answered { os, from } => HopAnswer::Answered {
                os: os.as_ref().map(os_error),
                from: from.map(|from| self.address(from)),
            },
            HopAnswer::NotSent(os) => HopAnswer::NotSent(os_error(os)),
        }
    }

    fn revocation(&mut self, host: &RevocationHost) -> RevocationHost {
        let RevocationHost { host, port, path, lookups, trails } = host;
        RevocationHost {
            host: self.host(host),
            port: *port,
            // An authority's path may name its owner, or the certificate that was asked about.
            path: path.as_ref().map(|_| "/".to_owned()),
            lookups: lookups.iter().map(|lookup| self.lookup(lookup)).collect(),
            trails: trails.iter().map(|trail| self.trail(trail)).collect(),
        }
    }

    fn old_hello(&mut self, outcome: &OldHelloOutcome) -> OldHelloOutcome {
        match outcome {
            OldHelloOutcome::Chosen { version } => OldHelloOutcome::Chosen { version: *version },
            OldHelloOutcome::Alert { name } => OldHelloOutcome::Alert { name: self.sentence(name) },
            OldHelloOutcome::Closed => OldHelloOutcome::Closed,
            OldHelloOutcome::Reset(os) => OldHelloOutcome::Reset(os_error(os)),
            OldHelloOutcome::Silence => OldHelloOutcome::Silence,
            OldHelloOutcome::Unreadable => OldHelloOutcome::Unreadable,
            OldHelloOutcome::NotConnected => OldHelloOutcome::NotConnected,
        }
    }
}

fn tcp(failure: &TcpFailure) -> TcpFailure {
    match failure {
        TcpFailure::Refused(os) => TcpFailure::Refused(os_error(os)),
        TcpFailure::TimedOut(whose) => TcpFailure::TimedOut(timeout(whose)),
        TcpFailure::Unreachable { kind, os } => {
            TcpFailure::Unreachable { kind: *kind, os: os_error(os) }
        }
        TcpFailure::Reset(os) => TcpFailure::Reset(os_error(os)),
        TcpFailure::Denied(os) => TcpFailure::Denied(os_error(os)),
        TcpFailure::Other(os) => TcpFailure::Other(os_error(os)),
    }
}

fn hold(failure: &HoldFailure) -> HoldFailure {
    match failure {
        HoldFailure::Silent { idle, whose } => {
            HoldFailure::Silent { idle: *idle, whose: timeout(whose) }
        }
        HoldFailure::Reset { idle, after, os } => {
            HoldFailure::Reset { idle: *idle, after: *after, os: os_error(os) }
        }
        HoldFailure::Other { idle, os } => HoldFailure::Other { idle: *idle, os: os_error(os) },
    }
}

fn timeout(whose: &TimeoutBy) -> TimeoutBy {
    match whose {
        TimeoutBy::Ours(length) => TimeoutBy::Ours(*length),
        TimeoutBy::Kernel(os) => TimeoutBy::Kernel(os_error(os)),
    }
}

/// `TLSv1_3`, `TLS13_AES_256_GCM_SHA384`: what IANA registers, and no other text.
pub(super) fn name_of_tls(name: &str) -> String {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = name.starts_with("TLS") && name.len() < 64 && name.bytes().all(is_of_name);
    if is_name { name.to_owned() } else { "TLS".to_owned() }
}
