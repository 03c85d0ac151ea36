//! The URLs to which a token may be sent.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::model::Cloud;

/// A base URL of Azure to which a token may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureEndpoint(Url);

/// Why a URL is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AzureEndpointError {
    #[error("'{0}' is no URL: expected https://HOST")]
    Malformed(String),
    /// A token would be sent in clear text.
    #[error("{0}: a token is sent over https only (http is accepted on loopback)")]
    ClearText(String),
    /// Azure named another host, which would get the token.
    #[error(
        "Azure named {found} for what follows, which is not {expected}: no token is sent there"
    )]
    Elsewhere {
        /// The scheme, host and port that were named.
        found: String,
        /// Those that are asked.
        expected: String,
    },
    /// Azure named something that is no URL.
    #[error("Azure named a place for what follows that is no URL: no token is sent there")]
    NotUrl,
    /// A name that would change the path of a request.
    #[error("'{0}' is no name of a resource")]
    Segment(String),
}

impl AzureEndpoint {
    /// Reads a base URL: https, or http on loopback.
    ///
    /// # Errors
    /// [`AzureEndpointError`] where it is none, or not safe.
    pub fn parse(text: &str) -> Result<Self, AzureEndpointError> {
        Self::parse_if(text, is_loopback)
    }

    /// Reads the URL of a service that gives out identities: link-local ones speak http.
    ///
    /// # Errors
    /// As [`AzureEndpoint::parse`].
    pub(super) fn identity(text: &str) -> Result<Self, AzureEndpointError> {
        Self::parse_if(text, is_near)
    }

    fn parse_if(text: &str, may_be_http: fn(&Url) -> bool) -> Result<Self, AzureEndpointError> {
        let shown = || text.chars().take(200).collect::<String>();
        let text_url =
            if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&text_url).map_err(|_| AzureEndpointError::Malformed(shown()))?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        if url.host_str().is_none() || has_user || !matches!(url.scheme(), "http" | "https") {
            // A URL with a password is not repeated.
            let shown = if has_user { "a URL with a user".to_owned() } else { shown() };
            return Err(AzureEndpointError::Malformed(shown));
        }
        if url.scheme() == "http" && !may_be_http(&url) {
            return Err(AzureEndpointError::ClearText(shown()));
        }
        Ok(Self(url))
    }

    /// The URL of a cloud's Resource Manager (Microsoft's compare-azure-government and Azure China
    /// developer guides).
    #[must_use]
    pub const fn resource_manager(cloud: Cloud) -> &'static str {
        match cloud {
            Cloud::Public => "https://management.azure.com",
            Cloud::UsGov => "https://management.usgovcloudapi.net",
            Cloud::China => "https://management.chinacloudapi.cn",
        }
    }

    /// The URL of a cloud's Microsoft Entra, which gives out tokens.
    #[must_use]
    pub const fn authority(cloud: Cloud) -> &'static str {
        match cloud {
            Cloud::Public => "https://login.microsoftonline.com",
            Cloud::UsGov => "https://login.microsoftonline.us",
            Cloud::China => "https://login.chinacloudapi.cn",
        }
    }

    /// The URL of a path below this one. The path's segments were checked: none of them is `..`.
    #[must_use]
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// Reads a URL that Azure named. The token may be sent there where it is the same host, or a
    /// region of it.
    pub(super) fn follow(&self, url: &str) -> Result<Url, AzureEndpointError> {
        let found = Url::parse(url)
            .or_else(|_| self.0.join(url))
            .map_err(|_| AzureEndpointError::NotUrl)?;
        let (own, other) =
            (self.0.host_str().unwrap_or_default(), found.host_str().unwrap_or_default());
        let is_same =
            own == other && self.0.port_or_known_default() == found.port_or_known_default();
        let is_region = found.scheme() == "https" && other.ends_with(&format!(".{own}"));
        if found.scheme() == self.0.scheme() && (is_same || is_region) {
            return Ok(found);
        }
        Err(AzureEndpointError::Elsewhere { found: origin(&found), expected: origin(&self.0) })
    }
}

impl fmt::Display for AzureEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Scheme, host and port, which together decide who receives a token.
fn origin(url: &Url) -> String {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (Some(host), None) => format!("{}://{host}", url.scheme()),
        (None, _) => format!("a URL of {}: without a host", url.scheme()),
    }
}

/// Whether a URL is of loopback or of a link-local address, where the platform's own identity
/// services answer.
fn is_near(url: &Url) -> bool {
    is_loopback(url)
        || url.host_str().and_then(address).is_some_and(|address| match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        })
}

/// Whether a URL is of this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|own| own.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
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
            let read = AzureEndpoint::parse(text);
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
        assert!(AzureEndpoint::identity("http://169.254.169.254").is_ok());
        assert!(AzureEndpoint::identity("http://10.0.0.1").is_err());
    }

    #[test]
    fn a_token_follows_to_the_same_host_only() {
        let arm = AzureEndpoint::parse("https://management.azure.com").unwrap();
        let near = AzureEndpoint::parse("http://127.0.0.1:81").unwrap();
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
}
