//! Requests to an HTTP proxy: CONNECT (RFC 9110 §9.3.6), and a GET that it is to carry itself.
//! Its answers are read by [`super::http::Incoming`].

use std::fmt::Write as _;
use std::net::IpAddr;

use data_encoding::BASE64;

use crate::model::{Host, SignInScheme};

/// The user name and password for a proxy. Neither is ever printed.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The user name, in clear text.
    pub user: &'a str,
    /// The password, in clear text.
    pub password: &'a str,
}

/// What a request shows of who sends it.
#[derive(Clone, Copy)]
pub enum Authorization<'a> {
    /// A name and a password (RFC 7617).
    Basic(Login<'a>),
    /// A message of a sign-in that the connection is to stay open for (MS-NTHT; RFC 4559).
    Message { scheme: SignInScheme, message: &'a [u8] },
}

/// The request for a tunnel to `host:port`. The port always stands in the target and in `Host` (RFC
/// 9112 §3.2.3), and credentials go ahead of any challenge, as curl sends them.
#[must_use]
pub fn connect_request(
    host: &Host,
    port: u16,
    authorization: Option<Authorization<'_>>,
) -> Vec<u8> {
    let authority = format!("{}:{port}", bracketed(host));
    request(&format!("CONNECT {authority}"), &authority, authorization, "")
}

/// The request to the proxy itself for `http://host:port/` (RFC 9112 §3.2.2). Port 80 is left out.
#[must_use]
pub fn proxied_get(host: &Host, port: u16, authorization: Option<Authorization<'_>>) -> Vec<u8> {
    let mut authority = bracketed(host);
    if port != 80 {
        // Writing to a string cannot fail.
        let _ = write!(authority, ":{port}");
    }
    let rest = match authorization {
        Some(Authorization::Message { .. }) => "Accept: */*\r\n",
        None | Some(Authorization::Basic(_)) => "Accept: */*\r\nConnection: close\r\n",
    };
    request(&format!("GET http://{authority}/"), &authority, authorization, rest)
}

/// The host as an authority holds it: an IPv6 address stands in brackets (RFC 3986 §3.2.2).
#[must_use]
pub fn bracketed(host: &Host) -> String {
    match host {
        Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        host => host.to_string(),
    }
}

fn request(
    line: &str,
    authority: &str,
    authorization: Option<Authorization<'_>>,
    rest: &str,
) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let mut request =
        format!("{line} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: pathproof/{version}\r\n");
    match authorization {
        None => {}
        Some(Authorization::Basic(Login { user, password })) => {
            // RFC 7617 §2; the text is sent as UTF-8 (§2.1).
            let token = BASE64.encode(format!("{user}:{password}").as_bytes());
            let _ = write!(request, "Proxy-Authorization: Basic {token}\r\n");
        }
        Some(Authorization::Message { scheme, message }) => {
            let (scheme, token) = (scheme.as_str(), BASE64.encode(message));
            // The second field is for proxies from before HTTP/1.1, as curl and .NET send it.
            let _ = write!(
                request,
                "Proxy-Authorization: {scheme} {token}\r\nProxy-Connection: Keep-Alive\r\n"
            );
        }
    }
    request.push_str(rest);
    request.push_str("\r\n");
    request.into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(request: Vec<u8>) -> String {
        let text = String::from_utf8(request).unwrap();
        text.replace(concat!("pathproof/", env!("CARGO_PKG_VERSION")), "pathproof")
    }

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap()
    }

    #[test]
    fn a_tunnel_is_asked_for_with_its_port() {
        for (name, port, authority) in [
            ("we.example", 443, "we.example:443"),
            ("we.example", 80, "we.example:80"),
            ("10.0.0.7", 8443, "10.0.0.7:8443"),
            ("2001:db8::7", 443, "[2001:db8::7]:443"),
        ] {
            assert_eq!(
                text(connect_request(&host(name), port, None)),
                format!(
                    "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: pathproof\r\n\r\n"
                )
            );
        }
    }

    #[test]
    fn a_page_is_asked_for_by_its_whole_url() {
        for (name, port, authority) in [
            ("we.example", 80, "we.example"),
            ("we.example", 443, "we.example:443"),
            ("2001:db8::7", 8080, "[2001:db8::7]:8080"),
        ] {
            assert_eq!(
                text(proxied_get(&host(name), port, None)),
                format!(
                    "GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\
                     User-Agent: pathproof\r\nAccept: */*\r\nConnection: close\r\n\r\n"
                )
            );
        }
    }

    #[test]
    fn credentials_are_basic() {
        // RFC 7617 §2 and §2.1.
        for (user, password, token) in [
            ("Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("test", "123\u{a3}", "dGVzdDoxMjPCow=="),
            ("u", "", "dTo="),
        ] {
            let login = Some(Authorization::Basic(Login { user, password }));
            let expected = format!("\r\nProxy-Authorization: Basic {token}\r\n");
            for request in [
                connect_request(&host("we.example"), 443, login),
                proxied_get(&host("we.example"), 80, login),
            ] {
                let request = text(request);
                assert_eq!(request.matches(&expected).count(), 1, "{request}");
                assert!(request.ends_with("\r\n\r\n"));
            }
        }
    }

    #[test]
    fn a_message_asks_for_the_connection_to_stay() {
        for (scheme, word) in [(SignInScheme::Ntlm, "NTLM"), (SignInScheme::Negotiate, "Negotiate")]
        {
            let message = Some(Authorization::Message { scheme, message: b"NTLMSSP\0" });
            let fields = format!(
                "Proxy-Authorization: {word} TlRMTVNTUAA=\r\nProxy-Connection: Keep-Alive\r\n"
            );
            for request in [
                connect_request(&host("we.example"), 443, message),
                proxied_get(&host("we.example"), 80, message),
            ] {
                let request = text(request);
                assert!(request.contains(&fields) && !request.contains("close"), "{request}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_login_breaks_out_of_its_line(user in ".*", password in ".*") {
            let login = Some(Authorization::Basic(Login { user: &user, password: &password }));
            let request = text(connect_request(&host("we.example"), 443, login));
            prop_assert_eq!(request.matches("\r\n").count(), 5);
            prop_assert!(request.chars().all(|c| c == '\r' || c == '\n' || !c.is_control()));
        }
    }
}
