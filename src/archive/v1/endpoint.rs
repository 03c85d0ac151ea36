//! What was to be reached.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::network::Name;
use super::{borrow_all, own_all, words};
use crate::model;

#[derive(Serialize, Deserialize)]
pub(super) struct Endpoint<'a> {
    entry: Cow<'a, str>,
    /// Where it is not what the entry's id and kind say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    subject: Subject<'a>,
    port: u16,
    kind: Kind,
    purpose: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    source_document: Cow<'a, str>,
    required: bool,
    origin: Origin,
    order: u32,
    expect: Expectation<'a>,
}

impl<'a> From<&'a model::Endpoint> for Endpoint<'a> {
    fn from(endpoint: &'a model::Endpoint) -> Self {
        Self {
            entry: (&*endpoint.entry).into(),
            role: (endpoint.role != model::Role::of_entry(&endpoint.entry, endpoint.kind))
                .then(|| endpoint.role.into()),
            subject: (&endpoint.subject).into(),
            port: endpoint.port,
            kind: endpoint.kind.into(),
            purpose: (&*endpoint.purpose).into(),
            source_document: (&*endpoint.source_document).into(),
            required: endpoint.required,
            origin: endpoint.origin.into(),
            order: endpoint.order,
            expect: (&endpoint.expect).into(),
        }
    }
}

impl From<Endpoint<'_>> for model::Endpoint {
    fn from(endpoint: Endpoint<'_>) -> Self {
        let kind = endpoint.kind.into();
        let role = endpoint.role.map(model::Role::from);
        Self {
            role: role.unwrap_or_else(|| model::Role::of_entry(&endpoint.entry, kind)),
            entry: endpoint.entry.into_owned(),
            subject: endpoint.subject.into(),
            port: endpoint.port,
            kind,
            purpose: endpoint.purpose.into_owned(),
            source_document: endpoint.source_document.into_owned(),
            required: endpoint.required,
            origin: endpoint.origin.into(),
            order: endpoint.order,
            expect: endpoint.expect.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Subject<'a> {
    Name(Name),
    Address(IpAddr),
    Pattern(Cow<'a, str>),
}

impl<'a> From<&'a model::Subject> for Subject<'a> {
    fn from(subject: &'a model::Subject) -> Self {
        match subject {
            model::Subject::Host(model::Host::Name(name)) => Self::Name(Name(name.clone())),
            model::Subject::Host(model::Host::Address(address)) => Self::Address(*address),
            model::Subject::Pattern(pattern) => Self::Pattern((&**pattern).into()),
        }
    }
}

impl From<Subject<'_>> for model::Subject {
    fn from(subject: Subject<'_>) -> Self {
        match subject {
            Subject::Name(name) => Self::Host(model::Host::Name(name.0)),
            Subject::Address(address) => Self::Host(model::Host::Address(address)),
            Subject::Pattern(pattern) => Self::Pattern(pattern.into_owned()),
        }
    }
}

words!(Kind { Https, Relay, Tls, Tds, Http, Tcp });
words!(Role {
    Relay,
    Gateway,
    Control,
    Frontend,
    Download,
    Peer,
    DataStore,
    KeyVault,
    Login,
    Revocation,
    Portal,
    Other,
});
words!(Origin { List, ServiceUrls, AuthKey, Option, Derived, Gateway });
words!(Reach { Any, Public, Private });
words!(Fingerprint { None, RelayNamespace });
words!(RouteIntent { Direct, Proxy, Any });

#[derive(Serialize, Deserialize)]
struct Expectation<'a> {
    reach: Reach,
    private_zones: Vec<Cow<'a, str>>,
    service_domains: Vec<Cow<'a, str>>,
    fingerprint: Fingerprint,
    service_tags: Vec<Cow<'a, str>>,
}

impl<'a> From<&'a model::Expectation> for Expectation<'a> {
    fn from(expect: &'a model::Expectation) -> Self {
        Self {
            reach: expect.reach.into(),
            private_zones: borrow_all(&expect.private_zones),
            service_domains: borrow_all(&expect.service_domains),
            fingerprint: expect.fingerprint.into(),
            service_tags: borrow_all(&expect.service_tags),
        }
    }
}

impl From<Expectation<'_>> for model::Expectation {
    fn from(expect: Expectation<'_>) -> Self {
        Self {
            reach: expect.reach.into(),
            private_zones: own_all(expect.private_zones),
            service_domains: own_all(expect.service_domains),
            fingerprint: expect.fingerprint.into(),
            service_tags: own_all(expect.service_tags),
        }
    }
}
