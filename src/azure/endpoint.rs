//! Where Azure answers, and what a group is called there.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use super::resource;
use crate::model::Cloud;

/// A base URL to which a token may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a URL is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No URL.
    #[error("'{0}' is no URL: expected https://HOST")]
    Malformed(String),
    /// A token would be readable on the way.
    #[error("{0}: a token is sent over https only (http is accepted on loopback)")]
    ClearText(String),
    /// A token would go to someone else.
    #[error(
        "Azure named {found} for what follows, which is not {expected}: no token is sent there"
    )]
    Elsewhere {
        /// The scheme, host and port that were named.
        found: String,
        /// Those that are asked.
        expected: String,
    },
    /// Azure named no place at all.
    #[error("Azure named a place for what follows that is no URL: no token is sent there")]
    NoPlace,
    /// A name that would change the path of a request.
    #[error("'{0}' is no name of a resource")]
    Segment(String),
}

impl Endpoint {
    /// Reads a base URL: https, or http on loopback.
    ///
    /// # Errors
    /// [`EndpointError`] where it is none, or not safe.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        Self::parse_if(text, is_loopback)
    }

    /// Reads the URL of a service that gives out identities: link-local ones speak http.
    ///
    /// # Errors
    /// As [`Endpoint::parse`].
    pub(super) fn identity(text: &str) -> Result<Self, EndpointError> {
        Self::parse_if(text, is_near)
    }

    fn parse_if(text: &str, may_be_http: fn(&Url) -> bool) -> Result<Self, EndpointError> {
        let shown = || text.chars().take(200).collect::<String>();
        let text_url =
            if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&text_url).map_err(|_| EndpointError::Malformed(shown()))?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        if url.host_str().is_none() || has_user || !matches!(url.scheme(), "http" | "https") {
            // A URL with a password is not repeated.
            let shown = if has_user { "a URL with a user".to_owned() } else { shown() };
            return Err(EndpointError::Malformed(shown));
        }
        if url.scheme() == "http" && !may_be_http(&url) {
            return Err(EndpointError::ClearText(shown()));
        }
        Ok(Self(url))
    }

    /// Resource Manager of a cloud (Microsoft's compare-azure-government and Azure China
    /// developer guides).
    #[must_use]
    pub const fn resource_manager(cloud: Cloud) -> &'static str {
        match cloud {
            Cloud::Public => "https://management.azure.com",
            Cloud::UsGov => "https://management.usgovcloudapi.net",
            Cloud::China => "https://management.chinacloudapi.cn",
        }
    }

    /// Where tokens of a cloud come from.
    #[must_use]
    pub const fn authority(cloud: Cloud) -> &'static str {
        match cloud {
            Cloud::Public => "https://login.microsoftonline.com",
            Cloud::UsGov => "https://login.microsoftonline.us",
            Cloud::China => "https://login.chinacloudapi.cn",
        }
    }

    /// This path below it. `path` holds no dots that climb: its parts were checked.
    #[must_use]
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// A URL that Azure named, where the token may follow: the same host, or a region of it.
    pub(super) fn follow(&self, url: &str) -> Result<Url, EndpointError> {
        let found =
            Url::parse(url).or_else(|_| self.0.join(url)).map_err(|_| EndpointError::NoPlace)?;
        let (own, other) =
            (self.0.host_str().unwrap_or_default(), found.host_str().unwrap_or_default());
        let is_same =
            own == other && self.0.port_or_known_default() == found.port_or_known_default();
        let is_region = found.scheme() == "https" && other.ends_with(&format!(".{own}"));
        if found.scheme() == self.0.scheme() && (is_same || is_region) {
            return Ok(found);
        }
        Err(EndpointError::Elsewhere { found: origin(&found), expected: origin(&self.0) })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// `https://host:443`: all of it decides where a token goes.
fn origin(url: &Url) -> String {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (Some(host), None) => format!("{}://{host}", url.scheme()),
        (None, _) => format!("a URL of {}: without a host", url.scheme()),
    }
}

/// Loopback, where nobody listens in; and link-local, where the platform gives out identities.
fn is_near(url: &Url) -> bool {
    is_loopback(url)
        || url.host_str().and_then(address).is_some_and(|address| match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        })
}

/// Whether it is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|own| own.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The resource id of a network security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupId {
    subscription: String,
    resource_group: String,
    name: String,
}

/// Why a text is no resource id of a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no resource id of a network security group: expected \
     /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Network/networkSecurityGroups/NAME, \
     as az network nsg show --query id prints it"
)]
pub struct GroupIdError(String);

impl GroupId {
    /// Reads a resource id. Azure's ids have no case.
    ///
    /// # Errors
    /// [`GroupIdError`] where it is another resource's, or none.
    pub fn parse(text: &str) -> Result<Self, GroupIdError> {
        const PATTERN: &str =
            "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/networkSecurityGroups/*";
        let [subscription, resource_group, name] = resource::names(text, PATTERN)
            .ok_or_else(|| GroupIdError(text.chars().take(200).collect()))?;
        Ok(Self {
            subscription: subscription.to_owned(),
            resource_group: resource_group.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The group's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/networkSecurityGroups/{}",
            self.subscription, self.resource_group, self.name
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_sent_over_tls_or_within_the_machine() {
        for (text, expected) in [
            ("https://management.azure.com/", Ok("https://management.azure.com")),
            ("management.azure.com", Ok("https://management.azure.com")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://[::1]:8080/", Ok("http://[::1]:8080")),
            ("http://localhost:42356", Ok("http://localhost:42356")),
            ("http://169.254.169.254", Err("over https only")),
            ("http://management.azure.com", Err("over https only")),
            ("http://127.0.0.1.nip.example", Err("over https only")),
            ("http://10.0.0.1", Err("over https only")),
            ("ftp://host", Err("no URL")),
            ("https://user:word@host", Err("a URL with a user")),
            ("https://", Err("no URL")),
        ] {
            let read = Endpoint::parse(text);
            match expected {
                Ok(shown) => assert_eq!(read.unwrap().to_string(), shown),
                Err(words) => {
                    let error = read.unwrap_err().to_string();
                    assert!(error.contains(words) && !error.contains("word@"), "{error}");
                }
            }
        }
    }

    #[test]
    fn identities_come_over_link_local_addresses_too() {
        assert!(Endpoint::identity("http://169.254.169.254").is_ok());
        assert!(Endpoint::identity("http://10.0.0.1").is_err());
    }

    #[test]
    fn a_token_follows_to_the_same_host_only() {
        let arm = Endpoint::parse("https://management.azure.com").unwrap();
        let near = Endpoint::parse("http://127.0.0.1:81").unwrap();
        for (endpoint, url, follows) in [
            (&arm, "https://management.azure.com/subscriptions/x?y=z", true),
            (&arm, "https://westeurope.management.azure.com/x", true),
            (&arm, "/relative", true),
            (&arm, "http://management.azure.com/x", false),
            (&arm, "https://management.azure.com.evil.example/x", false),
            (&arm, "https://evilmanagement.azure.com/x", false),
            (&arm, "https://management.azure.com:444/x", false),
            (&near, "http://127.0.0.1:81/x", true),
            (&near, "http://127.0.0.1:82/x", false),
            (&near, "http://evil.127.0.0.1/x", false),
        ] {
            assert_eq!(endpoint.follow(url).is_ok(), follows, "{url}");
        }
        for (url, words) in [
            (
                "http://127.0.0.1:82/x",
                "http://127.0.0.1:82 for what follows, which is not http://127.0.0.1:81",
            ),
            ("https://127.0.0.1:81/x", "https://127.0.0.1:81 for"),
            ("file:///etc/passwd", "a URL of file: without a host"),
        ] {
            let error = near.follow(url).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn groups_are_named_by_their_whole_id() {
        const ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg (1)/providers/Microsoft.Network/networkSecurityGroups/nsg-1";
        let id = ID.replace(" (1)", "(1)");
        assert_eq!(GroupId::parse(&id).unwrap().to_string(), id);
        assert_eq!(GroupId::parse(&id.to_lowercase()).unwrap().name(), "nsg-1");
        for wrong in [
            "nsg-1",
            "",
            ID,
            &id.replace("networkSecurityGroups", "virtualNetworks"),
            &format!("{id}/securityRules/x"),
            &id.replace("nsg-1", ".."),
            &id.replace("nsg-1", "a?b"),
        ] {
            assert!(GroupId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
