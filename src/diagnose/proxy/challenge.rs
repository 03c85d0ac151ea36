//! What a 407 asks for: the schemes of all its `Proxy-Authenticate` fields.

use crate::model::HttpAnswer;

/// The schemes that `answer` offers, as it spells them, each once. A field may stand several
/// times and hold several challenges (RFC 9110 sections 11.6.1 and 11.7.1).
pub(in crate::diagnose) fn schemes(answer: &HttpAnswer) -> Vec<&str> {
    let fields = answer.headers.iter();
    let values = fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("Proxy-Authenticate"))
        .map(|(_, value)| value.as_str());
    let mut schemes: Vec<&str> = Vec::new();
    for part in values.flat_map(parts) {
        let Some(scheme) = scheme_of(part) else { continue };
        if !schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            schemes.push(scheme);
        }
    }
    schemes
}

/// The parts between commas that are not within quotes.
fn parts(value: &str) -> impl Iterator<Item = &str> {
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
        c == ',' && !is_quoted
    })
}

/// The scheme that a part begins with: `Basic realm="x"`, `Negotiate`. `None` for a further
/// parameter of the challenge before it (`charset="UTF-8"`).
fn scheme_of(part: &str) -> Option<&str> {
    let part = part.trim();
    let (first, rest) = part.split_once([' ', '\t']).unwrap_or((part, ""));
    let is_token = !first.is_empty() && first.bytes().all(is_token_byte);
    // `realm = "x"` is a parameter with blanks around its sign, which old servers write.
    (is_token && !rest.trim_start().starts_with('=')).then_some(first)
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

/// Whether a scheme signs in as the account of the process, with a secret that only the operating
/// system holds.
pub(super) fn is_of_account(scheme: &str) -> bool {
    ["NTLM", "Negotiate", "Kerberos"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
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
            assert_eq!(schemes(&answer(values)), expected, "{values:?}");
        }
    }

    #[test]
    fn the_systems_own_schemes_are_known_whatever_their_case() {
        for (scheme, expected) in
            [("ntlm", true), ("Negotiate", true), ("Basic", false), ("Digest", false)]
        {
            assert_eq!(is_of_account(scheme), expected, "{scheme}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_scheme_among_any_others_is_found(before in "[ -~]{0,40}", after in "[ -~]{0,40}") {
            let found = answer(&[&before, "Kerberos realm=\"x\"", &after]);
            proptest::prop_assert!(schemes(&found).iter().any(|it| it.eq_ignore_ascii_case("Kerberos")));
        }
    }
}
