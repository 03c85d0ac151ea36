//! Header fields that carry credentials. Records and reports keep their form and not the secret,
//! since they are sent to colleagues and to support.

use serde::Deserializer;

use super::challenge::challenges;
use super::serial;
use super::sign_in::SignInScheme;
use super::step::HttpAnswer;

/// What replaces a secret.
const MASK: &str = "***";

impl HttpAnswer {
    /// The answer with the values of cookies, the messages of sign-ins, and the query and fragment
    /// of where it points to, left out.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        mask(&mut self.headers);
        self
    }
}

/// Reads saved header fields. The first versions saved the secrets too.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    let mut headers = serial::fitted(deserializer)?;
    mask(&mut headers);
    Ok(headers)
}

/// The parts of a field's value between separators that stand in no quoted string (RFC 9110 section
/// 5.6.4).
pub fn unquoted_parts(
    value: &str,
    is_separator: impl Fn(char) -> bool,
) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    value.split(move |c| {
        if is_escaped {
            is_escaped = false;
        } else if is_quoted && c == '\\' {
            is_escaped = true;
        } else if c == '"' {
            is_quoted = !is_quoted;
        }
        is_separator(c) && !is_quoted
    })
}

fn mask(headers: &mut [(String, String)]) {
    for (name, value) in headers {
        match name.to_ascii_lowercase().as_str() {
            "set-cookie" | "set-cookie2" => *value = without_cookie(value),
            "location" | "content-location" => *value = without_query(value),
            "refresh" => *value = without_query_of_refresh(value),
            "proxy-authenticate" | "www-authenticate" => *value = without_messages(value),
            _ => {}
        }
    }
}

/// `name=***` with its attributes: a cookie's name says whose it is.
fn without_cookie(value: &str) -> String {
    let (pair, attributes) = match value.split_once(';') {
        Some((pair, attributes)) => (pair, Some(attributes)),
        None => (value, None),
    };
    // What has no name is all value.
    let masked = match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    };
    match attributes {
        Some(attributes) => format!("{masked};{attributes}"),
        None => masked,
    }
}

/// `NTLM ***`: a challenge names the proxy's domain and host, and an answer to it can be guessed
/// at.
fn without_messages(value: &str) -> String {
    let takes_messages = |scheme: &str| {
        SignInScheme::of_name(scheme).is_some() || scheme.eq_ignore_ascii_case("Kerberos")
    };
    let messages = challenges(value)
        .filter(|challenge| takes_messages(challenge.scheme))
        .filter_map(|challenge| challenge.token);
    messages.fold(value.to_owned(), |masked, message| {
        masked.replace(&format!(" {message}"), &format!(" {MASK}"))
    })
}

/// A URL with its query, fragment and user information masked.
fn without_query(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (front, rest) = url.split_at(end);
    let mut masked = without_user(front);
    if let Some(mark) = rest.chars().next() {
        masked.push(mark);
        if rest.len() > mark.len_utf8() {
            masked.push_str(MASK);
        }
    }
    masked
}

fn without_user(front: &str) -> String {
    let Some(start) = front.find("//").map(|at| at + 2) else { return front.to_owned() };
    let end = front[start..].find(['/', '\\']).map_or(front.len(), |at| start + at);
    match front[start..end].rfind('@') {
        Some(at) => format!("{}{MASK}{}", &front[..start], &front[start + at..]),
        None => front.to_owned(),
    }
}

/// Masks the URL of `5; url=https://host/path?query`.
fn without_query_of_refresh(value: &str) -> String {
    match value.split_once(';') {
        Some((seconds, url)) => format!("{seconds};{}", without_query(url)),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_form_and_lose_their_secret() {
        for (name, value, expected) in [
            ("Set-Cookie", "sid=CANARY; Path=/; HttpOnly", "sid=***; Path=/; HttpOnly"),
            ("set-cookie", "sid=CANARY=CANARY", "sid=***"),
            ("Set-Cookie", "CANARY", "***"),
            ("Location", "/login", "/login"),
            ("Location", "http://login.corp/?SAMLRequest=CANARY", "http://login.corp/?***"),
            ("LOCATION", "http://a:CANARY@login.corp/x#CANARY", "http://***@login.corp/x#***"),
            ("Location", "//login.corp\\@CANARY?", "//login.corp\\@CANARY?"),
            ("Location", "https://h/?a?CANARY#CANARY", "https://h/?***"),
            ("Refresh", "0; url=http://h/p?t=CANARY", "0; url=http://h/p?***"),
            ("Server", "a?b=c", "a?b=c"),
            ("Proxy-Authenticate", "NTLM CANARYMTVNTUAACAA==", "NTLM ***"),
            (
                "PROXY-AUTHENTICATE",
                "Basic realm=\"a, b\", negotiate oYCANARY+/=, NTLM",
                "Basic realm=\"a, b\", negotiate ***, NTLM",
            ),
            ("WWW-Authenticate", "Bearer x", "Bearer x"),
        ] {
            let answer = HttpAnswer {
                status: 302,
                reason: "Found".to_owned(),
                headers: vec![(name.to_owned(), value.to_owned())],
                body: String::new(),
                is_cut: false,
            };
            let once = answer.without_secrets();
            assert_eq!(once.headers[0].1, expected);
            assert_eq!(once.clone().without_secrets(), once, "masked twice is masked once");
        }
    }
}
