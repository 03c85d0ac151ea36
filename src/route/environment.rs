//! Proxies from environment variables, as curl, Go and .NET share them.

use super::decide::{FixedProxy, WithSource};
use super::exceptions::Exceptions;
use super::proxy_url::{ProxyUrl, ProxyUrlError};

/// The error of a variable that does not hold a proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable}: {error}")]
pub struct EnvironmentError {
    pub variable: &'static str,
    /// The error does not repeat the value.
    pub error: ProxyUrlError,
}

/// Reads `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` in both cases, the lower one
/// first, as curl does; an empty value is none. `HTTP_PROXY` is left alone where `REQUEST_METHOD`
/// or `GATEWAY_INTERFACE` is set: there a client can set it (<https://httpoxy.org>). `None` where
/// no proxy is set.
///
/// # Errors
/// [`EnvironmentError`] names the variable.
pub fn from_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<FixedProxy>, EnvironmentError> {
    let is_cgi = ["REQUEST_METHOD", "GATEWAY_INTERFACE"].iter().any(|v| variable(v).is_some());
    let first = |names: &[&'static str]| {
        names.iter().copied().find_map(|name| {
            let value = variable(name).filter(|value| !value.trim().is_empty())?;
            Some((name, value))
        })
    };
    let proxy = |names: &[&'static str]| match first(names) {
        None => Ok(None),
        Some((variable, value)) => match ProxyUrl::parse(&value) {
            Ok(value) => Ok(Some(WithSource { value, source: variable.to_owned() })),
            Err(error) => Err(EnvironmentError { variable, error }),
        },
    };
    let https = proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
    let http = if is_cgi {
        proxy(&["http_proxy", "all_proxy", "ALL_PROXY"])?
    } else {
        proxy(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])?
    };
    if https.is_none() && http.is_none() {
        return Ok(None);
    }
    let exceptions =
        first(&["no_proxy", "NO_PROXY"]).map(|(name, list)| Exceptions::of_convention(&list, name));
    Ok(Some(FixedProxy { https, http, exceptions: exceptions.into_iter().collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_in_their_order() {
        for (variables, https, http) in [
            (&[][..], None, None),
            (&[("HTTPS_PROXY", "http://p:1")], Some("http://p:1 HTTPS_PROXY"), None),
            (
                &[("HTTPS_PROXY", "p:1"), ("https_proxy", "q:1")],
                Some("http://q:1 https_proxy"),
                None,
            ),
            (&[("https_proxy", " "), ("HTTPS_PROXY", "p:1")], Some("http://p:1 HTTPS_PROXY"), None),
            (&[("HTTP_PROXY", "p:1")], None, Some("http://p:1 HTTP_PROXY")),
            (&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], None, None),
            (
                &[("http_proxy", "p:1"), ("REQUEST_METHOD", "GET")],
                None,
                Some("http://p:1 http_proxy"),
            ),
            (
                &[("ALL_PROXY", "socks5h://p"), ("http_proxy", "q:1")],
                Some("socks5h://p:1080 ALL_PROXY"),
                Some("http://q:1 http_proxy"),
            ),
        ] {
            let variable = |name: &str| {
                variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
            };
            let found = from_environment(variable).unwrap();
            let shown = |named: &Option<WithSource<ProxyUrl>>| {
                named.as_ref().map(|named| format!("{} {}", named.value, named.source))
            };
            let found = found.map_or((None, None), |f| (shown(&f.https), shown(&f.http)));
            assert_eq!((found.0.as_deref(), found.1.as_deref()), (https, http), "{variables:?}");
        }
    }

    #[test]
    fn errors_name_the_variable_and_not_its_value() {
        let variable =
            |name: &str| (name == "HTTPS_PROXY").then(|| "htp://anna:geheim@p".to_owned());
        let error = from_environment(variable).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("HTTPS_PROXY") && !text.contains("geheim"), "{text}");
    }
}
