//! What was seen, as a report shows it: each field as that of the records it was made from.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::super::sentence::is_number;
use super::super::steps::name_of_tls;
use super::super::{Redactor, symbol};
use super::Text;
use crate::diagnose;
use crate::model::{self, HttpAnswer};
use crate::report_v1::{
    Answer, Certificate, Chain, ChainLink, ChainTrust, Detail, Hop, Located, Lookup, OldHello, Os,
    RevocationHost, Rung, SegmentLadder, Session, SignIn, Step, Trail, Trust, Validity,
};

fn report_os(Os { code, symbol: name }: &Os) -> Os<'static> {
    Os { code: *code, symbol: symbol(name).to_owned().into() }
}

impl Redactor<'_> {
    pub(super) fn report_lookups(&mut self, lookups: &[Lookup]) -> Vec<Lookup<'static>> {
        lookups.iter().map(|lookup| self.report_lookup(lookup)).collect()
    }

    fn report_lookup(&mut self, lookup: &Lookup) -> Lookup<'static> {
        let Lookup { resolver, outcome, chain, addresses, is_cut, took_ms } = lookup;
        let link = |link: &ChainLink| {
            let ChainLink { name, record_type, ttl, data } = link;
            ChainLink {
                name: self.machine(name).into(),
                record_type: self.word_of(record_type),
                ttl: *ttl,
                data: self.machine(data).into(),
            }
        };
        Lookup {
            chain: chain.iter().map(link).collect(),
            resolver: match resolver.parse::<SocketAddr>() {
                Ok(server) => self.socket(server).to_string().into(),
                Err(_) => self.word_of(resolver),
            },
            outcome: self.word_of(outcome),
            addresses: self.addresses(addresses),
            is_cut: *is_cut,
            took_ms: *took_ms,
        }
    }

    pub(super) fn report_trail(&mut self, trail: &Trail) -> Trail<'static> {
        let Trail { route, local, remote, at, steps } = trail;
        Trail {
            route: self.way(route),
            local: local.map(|local| self.socket(local)),
            remote: remote.map(|remote| self.socket(remote)),
            at: *at,
            steps: steps.iter().map(|step| self.report_step(step)).collect(),
        }
    }

    fn report_step(&mut self, step: &Step) -> Step<'static> {
        let Step { name, outcome, took_ms, detail } = step;
        Step {
            name: self.word_of(name),
            outcome: self.word_of(outcome),
            took_ms: *took_ms,
            detail: self.report_detail(detail),
        }
    }

    fn report_detail(&mut self, detail: &Detail) -> Detail<'static> {
        let Detail {
            os,
            unreachable,
            limit_ms,
            idle_ms,
            closed_after_ms,
            syns,
            received,
            first_bytes,
            alert,
            text,
            session,
            answer,
            bound,
            sign_in,
            with_credentials,
            socks_reply,
            version,
            cipher,
            encryption,
            chain,
            trust,
            http,
        } = detail;
        let is_of_tls = cipher.is_some();
        let mut sentence =
            |text: &Option<Cow<str>>| text.as_ref().map(|text| Text::from(self.sentence(text)));
        let (alert, text, bound) = (sentence(alert), sentence(text), sentence(bound));
        Detail {
            os: os.as_ref().map(report_os),
            unreachable: unreachable.as_ref().map(|kind| self.word_of(kind)),
            limit_ms: *limit_ms,
            idle_ms: *idle_ms,
            closed_after_ms: *closed_after_ms,
            syns: *syns,
            received: *received,
            first_bytes: first_bytes.as_ref().map(|text| self.first_bytes(text)),
            alert,
            text,
            session: session.as_ref().map(|session| Box::new(self.report_session(session))),
            answer: answer.as_ref().map(|answer| Box::new(self.report_answer(answer))),
            bound,
            sign_in: sign_in.as_ref().map(|sign_in| Box::new(self.report_sign_in(sign_in))),
            with_credentials: *with_credentials,
            socks_reply: *socks_reply,
            version: version.as_ref().map(|version| {
                let known = if is_of_tls { name_of_tls(version) } else { self.sentence(version) };
                known.into()
            }),
            cipher: cipher.as_ref().map(|cipher| name_of_tls(cipher).into()),
            encryption: *encryption,
            chain: chain.as_ref().map(|chain| self.report_chain(chain)),
            trust: trust.as_ref().map(|trust| Box::new(self.report_trust(trust))),
            http: http.as_ref().map(|answer| Box::new(self.report_answer(answer))),
        }
    }

    fn report_sign_in(&mut self, sign_in: &SignIn) -> SignIn<'static> {
        let SignIn { scheme, protocol, account, source, target, messages, challenges, refusal } =
            sign_in;
        SignIn {
            scheme: self.word_of(scheme),
            protocol: protocol.as_ref().map(|protocol| self.word_of(protocol)),
            account: self.account(account).into(),
            source: self.word_of(source),
            target: target.as_ref().map(|target| self.principal(target).into()),
            messages: *messages,
            challenges: *challenges,
            refusal: refusal.as_ref().map(report_os),
        }
    }

    fn first_bytes(&mut self, text: &str) -> Text {
        let essence = diagnose::essence_of_bytes(text.as_bytes(), |host| self.host(host));
        String::from_utf8_lossy(&essence).into_owned().into()
    }

    fn report_session(&mut self, session: &Session) -> Session<'static> {
        let Session { version, cipher, chain, trust } = session;
        Session {
            version: name_of_tls(version).into(),
            cipher: name_of_tls(cipher).into(),
            chain: self.report_chain(chain),
            trust: self.report_trust(trust),
        }
    }

    /// What is kept of an answer's header, as of that in the records.
    pub(super) fn report_answer(&mut self, answer: &Answer) -> Answer<'static> {
        let Answer {
            status,
            reason,
            server,
            via,
            location,
            content_type,
            proxy_authenticate,
            proxy_status,
            x_squid_error,
        } = answer;
        let fields = [
            ("Server", server),
            ("Via", via),
            ("Location", location),
            ("Content-Type", content_type),
            ("Proxy-Authenticate", proxy_authenticate),
            ("Proxy-Status", proxy_status),
            ("X-Squid-Error", x_squid_error),
        ];
        let headers = fields.into_iter().filter_map(|(name, value)| {
            value.as_ref().map(|value| (name.to_owned(), value.clone().into_owned()))
        });
        let headers = headers.collect();
        let seen = HttpAnswer {
            status: *status,
            reason: reason.clone().into_owned(),
            headers,
            body: String::new(),
            is_cut: false,
        };
        let essence = diagnose::essence(&seen, |host| self.host(host));
        let header = |name| essence.header(name).map(|value| Text::from(value.to_owned()));
        Answer {
            status: *status,
            reason: essence.reason.clone().into(),
            server: header("server"),
            via: header("via"),
            location: header("location"),
            content_type: header("content-type"),
            proxy_authenticate: header("proxy-authenticate"),
            proxy_status: header("proxy-status"),
            x_squid_error: header("x-squid-error"),
        }
    }

    fn report_chain(&mut self, chain: &Chain) -> Chain<'static> {
        chain.iter().map(|certificate| self.report_certificate(certificate)).collect()
    }

    pub(super) fn report_certificate(&mut self, shown: &Certificate) -> Certificate<'static> {
        let Certificate { subject, issuer, sha256, not_before, not_after, names } = shown;
        let fingerprint = HEXLOWER.decode(sha256.as_bytes()).ok();
        let fingerprint = fingerprint.and_then(|bytes| bytes.try_into().ok());
        let certificate = Arc::new(model::Certificate {
            // What is no digest tells certificates apart all the same.
            fingerprint: fingerprint
                .unwrap_or_else(|| self.key.digest("no fingerprint", &[sha256.as_bytes()])),
            subject: subject.clone().into_owned(),
            issuer: issuer.clone().into_owned(),
            names: names.clone().into_owned(),
            not_before: not_before.unwrap_or(Timestamp::UNIX_EPOCH),
            not_after: not_after.unwrap_or(Timestamp::UNIX_EPOCH),
            revocation: Vec::new(),
            der: Arc::default(),
        });
        let done = self.certificate(&certificate);
        Certificate {
            subject: done.subject.clone().into(),
            issuer: done.issuer.clone().into(),
            sha256: HEXLOWER.encode(&done.fingerprint).into(),
            not_before: *not_before,
            not_after: *not_after,
            names: done.names.clone().into(),
        }
    }

    fn report_trust(&mut self, trust: &Trust) -> Trust<'static> {
        let Trust { public, host, validity } = trust;
        let Validity { outcome, subject, not_after, not_before } = validity;
        Trust {
            public: self.report_chain_trust(public),
            host: self.report_chain_trust(host),
            validity: Validity {
                outcome: self.word_of(outcome),
                subject: subject.as_ref().map(|name| self.distinguished(name).into()),
                not_after: *not_after,
                not_before: *not_before,
            },
        }
    }

    fn report_chain_trust(&mut self, trust: &ChainTrust) -> ChainTrust<'static> {
        let ChainTrust { outcome, reason } = trust;
        ChainTrust {
            outcome: self.word_of(outcome),
            reason: reason.as_ref().map(|reason| self.sentence(reason).into()),
        }
    }

    pub(super) fn report_located(&mut self, located: &Located) -> Located<'static> {
        let Located { last_hop, hops, remote, path } = located;
        let hop = |hop: &Hop| {
            let Hop { ttl, address, tcp, udp } = hop;
            Hop {
                ttl: *ttl,
                address: address.map(|address| self.address(address)),
                tcp: self.hop_word(tcp),
                udp: self.hop_word(udp),
            }
        };
        Located {
            path: path.iter().map(hop).collect(),
            last_hop: last_hop.map(|address| self.address(address)),
            hops: *hops,
            remote: remote.map(|remote| self.socket(remote)),
        }
    }

    /// How a hop answered, or the system's symbol.
    fn hop_word(&mut self, word: &str) -> Text {
        if symbol(word) == word { word.to_owned().into() } else { self.word_of(word) }
    }

    pub(super) fn report_segments(&mut self, ladder: &SegmentLadder) -> SegmentLadder<'static> {
        let SegmentLadder { remote, rungs } = ladder;
        let rung = |rung: &Rung| {
            let Rung { max_segment, outcome, took_ms } = rung;
            Rung { max_segment: *max_segment, outcome: self.word_of(outcome), took_ms: *took_ms }
        };
        SegmentLadder {
            rungs: rungs.iter().map(rung).collect(),
            remote: remote.map(|remote| self.socket(remote)),
        }
    }

    pub(super) fn report_revocation(&mut self, host: &RevocationHost) -> RevocationHost<'static> {
        let RevocationHost { host, port, path, answered, lookups, trails } = host;
        RevocationHost {
            host: self.subject(host),
            port: *port,
            // An authority's path may name its owner, or the certificate that was asked about.
            path: path.as_ref().map(|_| "/".into()),
            answered: *answered,
            lookups: self.report_lookups(lookups),
            trails: trails.iter().map(|trail| self.report_trail(trail)).collect(),
        }
    }

    pub(super) fn report_old_hello(&mut self, hello: &OldHello) -> OldHello<'static> {
        let OldHello { remote, outcome, version, alert, took_ms } = hello;
        OldHello {
            remote: remote.map(|remote| self.socket(remote)),
            outcome: self.word_of(outcome),
            version: version.as_ref().map(|version| {
                let is_hexadecimal =
                    version.len() == 4 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
                if is_number(version) || is_hexadecimal {
                    version.clone().into_owned().into()
                } else {
                    self.sentence(version).into()
                }
            }),
            alert: alert.as_ref().map(|alert| self.sentence(alert).into()),
            took_ms: *took_ms,
        }
    }
}
