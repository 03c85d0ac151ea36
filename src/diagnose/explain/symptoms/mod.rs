//! The known symptoms, with one file for each theme.

mod connection;
mod host;
mod http;
mod nodes;
mod registration;
mod status;
mod stores;
mod tls;
mod tools;
mod winsock;

use super::symptom::Symptom;

/// Every symptom, ordered by theme.
pub(super) const ALL: &[&[Symptom]] = &[
    status::SYMPTOMS,
    registration::SYMPTOMS,
    connection::SYMPTOMS,
    tls::SYMPTOMS,
    http::SYMPTOMS,
    winsock::SYMPTOMS,
    nodes::SYMPTOMS,
    host::SYMPTOMS,
    tools::SYMPTOMS,
    stores::SYMPTOMS,
];
