//! What can be told from the whole of a report alone.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::super::Redactor;
use super::super::prose::{OF_REPORTS, Phrases};
use crate::diagnose::short_name;
use crate::list;
use crate::model::Host;
use crate::report_v1::{Answer, Certificate, Detail, Endpoint, Report, Trail};

/// Entries of the embedded lists whose addresses Azure publishes.
static IN_SERVICE_TAGS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lists = list::embedded().iter().map(list::EmbeddedList::list);
    let tagged = lists.flat_map(|list| list.entries);
    tagged.filter(|entry| !entry.expect.service_tags.is_empty()).map(|entry| entry.id).collect()
});

impl Redactor<'_> {
    /// As `learn` does of records; and what sentences repeat of the report's fields.
    pub(super) fn learn_report(&mut self, report: &Report) {
        let vantage = &report.run.vantage;
        for address in &*vantage.addresses {
            self.stand_ins.own(*address);
        }
        let label = vantage.hostname.split('.').next().unwrap_or_default();
        self.bare_hosts.insert(label.to_lowercase());
        for endpoint in &report.endpoints {
            self.learn_endpoint(endpoint);
        }
        // Which authorities are public is known from here on.
        let mut phrases = Phrases::default();
        let account = self.account(&vantage.account);
        phrases.note(vantage.account.clone().into_owned(), account);
        let mut known = HashSet::new();
        for endpoint in &report.endpoints {
            if !OF_REPORTS.contains(&*endpoint.entry) {
                let entry = self.id("entry", &endpoint.entry);
                phrases.note(endpoint.entry.clone().into_owned(), entry);
            }
            for detail in details(endpoint) {
                let of_session = detail.session.iter().flat_map(|session| &*session.chain);
                for certificate in detail.chain().iter().chain(of_session) {
                    if known.insert(&*certificate.sha256) {
                        self.learn_phrases(certificate, &mut phrases);
                    }
                }
                let dates = detail.trust.iter().map(|trust| &trust.validity);
                let dates = dates.chain(detail.session.iter().map(|one| &one.trust.validity));
                for subject in dates.filter_map(|validity| validity.subject.as_deref()) {
                    let called = self.distinguished(subject);
                    let quoted = |name: &str| format!("'{}'", short_name(name));
                    phrases.note(quoted(subject), quoted(&called));
                }
                if let Some(sign_in) = &detail.sign_in {
                    let account = self.account(&sign_in.account);
                    phrases.note(sign_in.account.clone().into_owned(), account);
                    if let Some(target) = &sign_in.target {
                        phrases.note(target.clone().into_owned(), self.principal(target));
                    }
                }
                for answer in detail.http.iter().chain(&detail.answer) {
                    self.learn_headers(answer, &mut phrases);
                }
            }
        }
        self.phrases = phrases.finder();
    }

    fn learn_endpoint(&mut self, endpoint: &Endpoint) {
        let questions = endpoint.route.questions.iter().map(|question| &*question.name);
        for name in questions.chain([&*endpoint.host]) {
            if !name.contains(['.', ':', '*', '{']) {
                self.bare_hosts.insert(name.to_lowercase());
            }
        }
        for local in trails(endpoint).filter_map(|trail| trail.local) {
            self.stand_ins.own(local.ip());
        }
        for detail in details(endpoint) {
            let of_session = detail.session.as_ref().map(|one| (&*one.chain, &one.trust));
            let of_tls = detail.trust.as_ref().map(|trust| (detail.chain(), &**trust));
            for (chain, trust) in of_session.into_iter().chain(of_tls) {
                if trust.public.outcome == "trusted" {
                    let names = chain.iter().map(|one| (&*one.subject, &*one.issuer));
                    self.learn_authorities(&names.collect::<Vec<_>>());
                }
            }
        }
        let own = (!IN_SERVICE_TAGS.contains(&*endpoint.entry))
            .then_some((&*endpoint.host, &*endpoint.lookups));
        let hosts = endpoint.revocation.iter().map(|host| (&*host.host, &*host.lookups));
        for (host, lookups) in hosts.chain(own) {
            let Ok(Host::Name(name)) = Host::parse(host) else { continue };
            // A name that stays is that of a service for everyone, and its addresses are too.
            if self.name(&name) == name {
                let addresses = lookups.iter().flat_map(|lookup| &lookup.addresses);
                addresses.for_each(|address| self.stand_ins.of_service(*address));
            }
        }
    }

    /// Sentences call a certificate by its common names in quotes, and by its digest.
    fn learn_phrases(&mut self, certificate: &Certificate, phrases: &mut Phrases) {
        let redacted = self.report_certificate(certificate);
        let names =
            [(&certificate.subject, &redacted.subject), (&certificate.issuer, &redacted.issuer)];
        for (before, after) in names {
            let quoted = |name: &str| format!("'{}'", short_name(name));
            phrases.note(quoted(before), quoted(after));
            if before.contains('=') {
                phrases.note(before.clone().into_owned(), after.clone().into_owned());
            }
        }
        phrases.note(certificate.sha256.clone().into_owned(), redacted.sha256.into_owned());
    }

    /// Sentences repeat an answer's reason behind its code, and fields behind their names.
    fn learn_headers(&mut self, answer: &Answer, phrases: &mut Phrases) {
        let redacted = self.report_answer(answer);
        let fields = [
            ("Server: ", &answer.server, &redacted.server),
            ("Via: ", &answer.via, &redacted.via),
            ("Location: ", &answer.location, &redacted.location),
            ("Proxy-Authenticate: ", &answer.proxy_authenticate, &redacted.proxy_authenticate),
            ("Proxy-Status: ", &answer.proxy_status, &redacted.proxy_status),
            ("X-Squid-Error: ", &answer.x_squid_error, &redacted.x_squid_error),
        ];
        for (name, before, after) in fields {
            if let (Some(before), Some(after)) = (before, after) {
                phrases.note(format!("{name}{before}"), format!("{name}{after}"));
            }
        }
        if !answer.reason.is_empty() {
            let (code, reason) = (answer.status, &redacted.reason);
            phrases.note(
                format!("HTTP {code} {}", answer.reason),
                format!("HTTP {code} {reason}").trim_end().to_owned(),
            );
        }
    }
}

fn trails<'r>(endpoint: &'r Endpoint<'r>) -> impl Iterator<Item = &'r Trail<'r>> {
    let of_hosts = endpoint.revocation.iter().flat_map(|host| &host.trails);
    endpoint.trails.iter().chain(&endpoint.upgrade).chain(of_hosts)
}

fn details<'r>(endpoint: &'r Endpoint<'r>) -> impl Iterator<Item = &'r Detail<'r>> {
    trails(endpoint).flat_map(|trail| &trail.steps).map(|step| &step.detail)
}
