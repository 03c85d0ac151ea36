//! `http_source_refused`: the service itself answers, and refuses the address that it was asked
//! from. The network works then; it is the service that is configured so.

use super::blockpage::SessionTrust;
use super::finding::Draft;
use super::{quote, relay};
use crate::model::{Cause, Endpoint, HttpAnswer, Kind, Origin, Owner, Role};

/// The words of services whose public network access is off, or whose firewall leaves this host's
/// public address out: Data Factory (data-factory-private-link troubleshooting), Key Vault
/// (access-behind-firewall), Cosmos DB (how-to-configure-firewall).
pub(super) const NO_PUBLIC_ACCESS: &[&str] = &[
    "client ip address is not valid private ip",
    "public network access is disabled",
    "forbiddenbyfirewall",
    "forbiddenbyconnection",
    "blocked by your cosmos db account firewall",
];

/// The draft for an answer by which the endpoint refuses this host's address.
pub(super) fn refused(
    answer: &HttpAnswer,
    endpoint: &Endpoint,
    session: SessionTrust,
) -> Option<Draft> {
    let is_verified = session == SessionTrust::Verified;
    let message = if endpoint.kind == Kind::Relay {
        if !relay::is_address_refused(answer) {
            return None;
        }
        "answers, and refuses this host's public address by its own IP filter".to_owned()
    } else {
        let says = |words: &&&str| {
            relay::contains(&answer.body, words) || relay::contains(&answer.reason, words)
        };
        // Other pages may speak of access too, so it must be proven who sent these words.
        let words = NO_PUBLIC_ACCESS.iter().find(says).filter(|_| is_verified)?;
        format!("answers, and refuses where it was asked from: \"{words}\"")
    };
    let draft = quote::with_head(Draft::new(Cause::HttpSourceRefused, message), answer);
    let draft = if is_verified { draft.proven() } else { draft };
    Some(if is_managed(endpoint) {
        draft.owner(Owner::Azure).template(
            "Ask Microsoft's support why the relay {host}, which the service manages, refuses the \
             public address that {from} leaves by: its IP filter is not the customer's to change.",
        )
    } else {
        draft
    })
}

/// Whether the service manages the relay: every relay in the runtime's own list of names. A relay
/// that the user gives with `--endpoint` belongs to the user.
fn is_managed(endpoint: &Endpoint) -> bool {
    endpoint.origin != Origin::Option && matches!(endpoint.role, Role::Relay | Role::Gateway)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_as_the_search_wants_them() {
        for words in NO_PUBLIC_ACCESS {
            assert_eq!(*words, words.to_ascii_lowercase());
        }
    }
}
