//! What a 407 asks for: the challenges of all its `Proxy-Authenticate` fields.

use super::header::unquoted_parts;
use super::step::HttpAnswer;

/// One challenge of a `Proxy-Authenticate` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyChallenge<'a> {
    /// As the proxy spells it.
    pub scheme: &'a str,
    /// The message that stands in place of parameters (`token68` of RFC 9110 section 11.2).
    pub token: Option<&'a str>,
}

impl HttpAnswer {
    /// What the answer asks for. A field may stand several times and hold several challenges (RFC
    /// 9110 sections 11.6.1 and 11.7.1).
    pub fn proxy_challenges(&self) -> impl Iterator<Item = ProxyChallenge<'_>> {
        let fields = self.headers.iter();
        let values = fields
            .filter(|(name, _)| name.eq_ignore_ascii_case("Proxy-Authenticate"))
            .map(|(_, value)| value.as_str());
        values.flat_map(challenges)
    }

    /// The schemes that the answer offers, as it spells them, each once.
    #[must_use]
    pub fn offered_schemes(&self) -> Vec<&str> {
        let mut schemes: Vec<&str> = Vec::new();
        for ProxyChallenge { scheme, .. } in self.proxy_challenges() {
            if !schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
                schemes.push(scheme);
            }
        }
        schemes
    }
}

/// The challenges of one field.
pub(super) fn challenges(value: &str) -> impl Iterator<Item = ProxyChallenge<'_>> {
    unquoted_parts(value, |c| c == ',').filter_map(challenge_of)
}

/// The challenge that a part begins: `Basic realm="x"`, `Negotiate`, `NTLM TlRMTVNTUAAC`. `None`
/// for a further parameter of the challenge before it (`charset="UTF-8"`).
fn challenge_of(part: &str) -> Option<ProxyChallenge<'_>> {
    let part = part.trim();
    let (scheme, rest) = part.split_once([' ', '\t']).unwrap_or((part, ""));
    let rest = rest.trim_start();
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(is_token_byte);
    // `realm = "x"` is a parameter with blanks around its sign, which old servers write.
    (is_scheme && !rest.starts_with('='))
        .then(|| ProxyChallenge { scheme, token: is_token68(rest).then_some(rest) })
}

/// Whether a text is a message, and no parameter (RFC 9110 section 11.2).
fn is_token68(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let is_of_token = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    };
    !bare.is_empty() && bare.bytes().all(is_of_token)
}

/// Whether a byte may stand in a token (RFC 9110 section 5.6.2).
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(values: &[&str]) -> HttpAnswer {
        let field = |value: &&str| ("proxy-authenticate".to_owned(), (*value).to_owned());
        HttpAnswer {
            status: 407,
            reason: String::new(),
            headers: values.iter().map(field).collect(),
            body: String::new(),
            is_cut: false,
        }
    }

    #[test]
    fn all_challenges_of_all_fields_are_read() {
        for (values, expected) in [
            (&["Basic realm=\"proxy\""][..], &["Basic"][..]),
            (&["Negotiate", "NTLM", "Basic realm=\"a, b\""], &["Negotiate", "NTLM", "Basic"]),
            (&["Negotiate, NTLM"], &["Negotiate", "NTLM"]),
            (
                &[
                    "Basic realm=\"x\", charset=\"UTF-8\", Digest realm=\"y\", qop=\"auth, auth-int\"",
                ],
                &["Basic", "Digest"],
            ),
            (&["Basic realm = \"x\", charset = \"UTF-8\""], &["Basic"]),
            (&["Basic realm=\"a, NTLM, b\""], &["Basic"]),
            (&["Basic realm=\"say \\\", NTLM, b\""], &["Basic"]),
            (&["NTLM TlRMTVNTUAACAAAA=="], &["NTLM"]),
            (&["basic realm=x", "BASIC realm=y"], &["basic"]),
            (&["", ",, ,"], &[]),
            (&["realm=\"no scheme\""], &[]),
        ] {
            assert_eq!(answer(values).offered_schemes(), expected, "{values:?}");
        }
    }

    #[test]
    fn a_message_is_told_from_parameters() {
        for (value, expected) in [
            ("NTLM", None),
            ("NTLM TlRMTVNTUAACAAAA==", Some("TlRMTVNTUAACAAAA==")),
            ("Negotiate  oYG2MIGz+/", Some("oYG2MIGz+/")),
            ("Basic realm=\"x\"", None),
            ("Basic realm=x", None),
            ("NTLM ***", None),
            ("NTLM =", None),
        ] {
            let answer = answer(&[value]);
            let found: Vec<_> = answer.proxy_challenges().map(|it| it.token).collect();
            let expected = if value == "NTLM =" { vec![] } else { vec![expected] };
            assert_eq!(found, expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_scheme_among_any_others_is_found(before in "[ -~]{0,40}", after in "[ -~]{0,40}") {
            let found = answer(&[&before, "Kerberos realm=\"x\"", &after]);
            proptest::prop_assert!(found.offered_schemes().iter().any(|it| it.eq_ignore_ascii_case("Kerberos")));
        }
    }
}
