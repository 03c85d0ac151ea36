//! What an endpoint is to the runtime.
//!
//! `endpoint` and this file name each other: an endpoint has a role, and the role of an entry of an
//! older file follows from the endpoint's kind.

use serde::{Deserialize, Serialize};

use super::endpoint::{Kind, RELAY_GATEWAY};

/// What an endpoint is to the runtime. Code decides by it; an entry's id is a label, which a list
/// of the user's own is free to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A relay namespace: interactive authoring.
    Relay,
    /// A gateway of a relay's deployment.
    Gateway,
    /// The factory's own name: registration, jobs and status.
    Control,
    /// The service's shared name, which old factories, Synapse and Purview use for the same.
    Frontend,
    /// Updates of the runtime.
    Download,
    /// Another node of the same runtime.
    Peer,
    /// A store or database that copies read and write.
    DataStore,
    /// A vault that holds credentials.
    KeyVault,
    /// Where tokens come from.
    Login,
    /// Certificates and revocation lists.
    Revocation,
    /// A web page for people.
    Portal,
    /// None of the other roles.
    Other,
}

impl Role {
    pub const ALL: [Self; 12] = [
        Self::Relay,
        Self::Gateway,
        Self::Control,
        Self::Frontend,
        Self::Download,
        Self::Peer,
        Self::DataStore,
        Self::KeyVault,
        Self::Login,
        Self::Revocation,
        Self::Portal,
        Self::Other,
    ];

    /// The word of lists, options and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Gateway => "gateway",
            Self::Control => "control",
            Self::Frontend => "frontend",
            Self::Download => "download",
            Self::Peer => "peer",
            Self::DataStore => "data-store",
            Self::KeyVault => "key-vault",
            Self::Login => "login",
            Self::Revocation => "revocation",
            Self::Portal => "portal",
            Self::Other => "other",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// The role of an entry about which nothing but its id and kind is known, as in records and
    /// reports of versions that knew no roles: ids decided then.
    #[must_use]
    pub fn of_entry(id: &str, kind: Kind) -> Self {
        match Self::parse(id) {
            _ if id == RELAY_GATEWAY => Self::Gateway,
            Some(role) if role != Self::Gateway => role,
            _ if kind == Kind::Relay => Self::Relay,
            _ => Self::Other,
        }
    }

    /// Whether the runtime is registered and given its jobs through it.
    #[must_use]
    pub const fn is_control_plane(self) -> bool {
        matches!(self, Self::Control | Self::Frontend)
    }

    /// Whether interactive authoring goes through it: a namespace stands for itself and its
    /// gateways.
    #[must_use]
    pub const fn is_relay(self) -> bool {
        matches!(self, Self::Relay | Self::Gateway)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_roles_are_one_to_one() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("relais"), None);
    }

    #[test]
    fn without_a_role_ids_and_kinds_decide() {
        for (id, kind, expected) in [
            ("relay", Kind::Relay, Role::Relay),
            ("relay-gateway", Kind::Relay, Role::Gateway),
            ("control", Kind::Https, Role::Control),
            ("peer", Kind::Tcp, Role::Peer),
            ("azure-relay", Kind::Relay, Role::Relay),
            ("endpoint", Kind::Relay, Role::Relay),
            ("endpoint", Kind::Https, Role::Other),
            ("storage", Kind::Https, Role::Other),
            ("gateway", Kind::Https, Role::Other),
        ] {
            assert_eq!(Role::of_entry(id, kind), expected, "{id} {kind:?}");
        }
    }
}
