//! What was to be reached.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model::{self, Expectation, Host, HostName, Kind, Origin, Role, Sighting};

#[derive(Serialize, Deserialize)]
pub(super) struct Endpoint<'a> {
    entry: Cow<'a, str>,
    /// Absent where it is what the entry's id and kind say.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discovered: Option<Cow<'a, Sighting>>,
    order: u32,
    expect: Cow<'a, Expectation>,
}

impl<'a> From<&'a model::Endpoint> for Endpoint<'a> {
    fn from(endpoint: &'a model::Endpoint) -> Self {
        Self {
            entry: (&*endpoint.entry).into(),
            role: (endpoint.role != Role::of_entry(&endpoint.entry, endpoint.kind))
                .then_some(endpoint.role),
            subject: (&endpoint.subject).into(),
            port: endpoint.port,
            kind: endpoint.kind,
            purpose: (&*endpoint.purpose).into(),
            source_document: (&*endpoint.source_document).into(),
            required: endpoint.required,
            origin: endpoint.origin,
            discovered: endpoint.discovered.as_ref().map(Cow::Borrowed),
            order: endpoint.order,
            expect: Cow::Borrowed(&endpoint.expect),
        }
    }
}

impl From<Endpoint<'_>> for model::Endpoint {
    fn from(endpoint: Endpoint<'_>) -> Self {
        Self {
            role: endpoint.role.unwrap_or_else(|| Role::of_entry(&endpoint.entry, endpoint.kind)),
            entry: endpoint.entry.into_owned(),
            subject: endpoint.subject.into(),
            port: endpoint.port,
            kind: endpoint.kind,
            purpose: endpoint.purpose.into_owned(),
            source_document: endpoint.source_document.into_owned(),
            required: endpoint.required,
            origin: endpoint.origin,
            discovered: endpoint.discovered.map(Cow::into_owned),
            order: endpoint.order,
            expect: endpoint.expect.into_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Subject<'a> {
    Name(HostName),
    Address(IpAddr),
    Pattern(Cow<'a, str>),
}

impl<'a> From<&'a model::Subject> for Subject<'a> {
    fn from(subject: &'a model::Subject) -> Self {
        match subject {
            model::Subject::Host(Host::Name(name)) => Self::Name(name.clone()),
            model::Subject::Host(Host::Address(address)) => Self::Address(*address),
            model::Subject::Pattern(pattern) => Self::Pattern((&**pattern).into()),
        }
    }
}

impl From<Subject<'_>> for model::Subject {
    fn from(subject: Subject<'_>) -> Self {
        match subject {
            Subject::Name(name) => Self::Host(Host::Name(name)),
            Subject::Address(address) => Self::Host(Host::Address(address)),
            Subject::Pattern(pattern) => Self::Pattern(pattern.into_owned()),
        }
    }
}
