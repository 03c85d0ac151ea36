//! Secrets that a text names: passwords, tokens and signatures behind their names, and users in
//! URLs.
//!
//! What is masked too much costs a word of a log; what is masked too little costs a password. So a
//! value goes on for as long as it may.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What a text keeps of a secret.
pub(super) const MASK: &str = "****";

/// A header field with credentials (RFC 9110, 11.6.2 and 11.7.2). Of most schemes they are one word
/// (`token68`); of others, such as Digest, all up to the end of the line.
static AUTHORIZATION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)(authorization(?:\\*["'])?\s*[:=]\s*(?:\\*["'])?)(?:((?:basic|bearer|negotiate|ntlm|sharedaccesssignature)\s+)[^\s"'\\]+|[^\r\n]+)"#,
    )
});

/// A name for a secret with what stands between the two, and the secret: in quotes, in escaped
/// quotes, or up to the next blank.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    const NAMES: &str = "password|passwd|passphrase|pwd|secret|token|api[-_ ]?key\
        |(?:account|access|auth|authentication|subscription)[-_ ]?key|sharedaccesssignature|\\bsig";
    const QUOTE: &str = r#"\\*["']|&quot;|&apos;|&\#34;|&\#39;"#;
    const SECRET: &str = r#"\\+".*?\\+"|"(?:[^"\\]|\\.)*"?|'[^']*'?|&quot;.*?&quot;|[^\s;<>]+"#;
    pattern(&format!("(?is)((?:{NAMES})(?:{QUOTE})?\\s*[:=]+\\s*)({SECRET})"))
});

/// An option of a command line that takes a secret, and the secret; and a bearer's token.
static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?im)((?:^|[\s"'(])--?[\w-]*(?:password|passwd|pwd|secret|token|key)\s+|\bbearer\s+)("[^"\r\n]*"?|'[^'\r\n]*'?|\S+)"#,
    )
});

/// A JSON Web Token (RFC 7519): `eyJ` is how the `{"` of its header begins.
static WEB_TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\beyJ[\w-]*\.[\w-]+(?:\.[\w-]*)*"));

/// `//USER:PASSWORD@` of a URL (RFC 3986, 3.2.1), up to its last `@`: a password may hold more, and
/// a slash too.
static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(://)([^\s"'<>]*)@"#));

/// `USER:PASSWORD@HOST` without a scheme.
static USER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(^|[\s"'=(,;])([^\s:/@"'=(,;]+:[^\s"'<>]+)@([[:alnum:]\[])"#));

#[expect(clippy::expect_used, reason = "the patterns stand here, and a test uses each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this file")
}

/// The text with a mask in the place of each secret that has a name, or stands in a URL.
pub(super) fn without_named_secrets(text: &str) -> String {
    let text = AUTHORIZATION.replace_all(text, format!("${{1}}${{2}}{MASK}"));
    let text = NAMED.replace_all(&text, |found: &Captures<'_>| {
        // A key that is masked already, whose host says which runtime it is.
        let is_masked = found[2].trim_start_matches(['"', '\'']).starts_with("IR@");
        format!("{}{}", &found[1], if is_masked { &found[2] } else { MASK })
    });
    let text = GIVEN.replace_all(&text, |found: &Captures<'_>| {
        let is_masked = found[2].trim_start_matches(['"', '\'']).starts_with("IR@");
        format!("{}{}", &found[1], if is_masked { &found[2] } else { MASK })
    });
    let text = WEB_TOKEN.replace_all(&text, MASK);
    let text = URL.replace_all(&text, |found: &Captures<'_>| {
        let kept = if has_user(&found[2]) { MASK } else { &found[2] };
        format!("{}{kept}@", &found[1])
    });
    let text = USER.replace_all(&text, |found: &Captures<'_>| {
        let is_url = found[2].contains("://");
        format!("{}{}@{}", &found[1], if is_url { &found[2] } else { MASK }, &found[3])
    });
    text.into_owned()
}

/// Whether what stands between `//` and the last `@` of a URL begins with a user, and is no host
/// with a path that holds an `@`.
fn has_user(text: &str) -> bool {
    let (authority, path) =
        text.split_once('/').map_or((text, None), |(it, path)| (it, Some(path)));
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = authority.rsplit_once(':').is_none_or(|(_, port)| is_port(port));
    path.is_none() || authority.contains('@') || !is_host
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_with_a_name_are_masked_in_every_form() {
        for (text, expected) in [
            ("Pwd=hunter2;Server=x", "Pwd=****;Server=x"),
            ("proxy password: Hunter2 more", "proxy password: **** more"),
            ("Password = hunter2", "Password = ****"),
            ("{\"password\":\"hunter2\",\"a\":1}", "{\"password\":****,\"a\":1}"),
            ("{\"password\": \"hun\\\"ter2\"}", "{\"password\": ****}"),
            ("{\\\"password\\\":\\\"hunter2\\\"}", "{\\\"password\\\":****}"),
            ("Pwd='hunter2 with blanks' more", "Pwd=**** more"),
            ("Password=\"hunter2 with blanks", "Password=****"),
            ("Password=&quot;hunter2 b&quot; more", "Password=**** more"),
            ("Password=hun&ter\"2(x) more", "Password=**** more"),
            ("token: hunter2", "token: ****"),
            ("AccountKey = abchunter2==", "AccountKey = ****"),
            (
                "SharedAccessKeyName=Root;SharedAccessKey=hunter2",
                "SharedAccessKeyName=Root;SharedAccessKey=****",
            ),
            ("secret: hunter2", "secret: ****"),
            ("passwd=hunter2 apikey=hunter2", "passwd=**** apikey=****"),
            ("api-key: hunter2", "api-key: ****"),
            ("https://h/p?sv=1&sig=hunter2%3D&se=2 more", "https://h/p?sv=1&sig=**** more"),
            ("setup -ProxyPassword hunter2 -x", "setup -ProxyPassword **** -x"),
            ("setup --auth-key 'hun ter2' -x", "setup --auth-key **** -x"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer ****"),
            ("a bearer abc.def", "a bearer ****"),
            ("Proxy-Authorization: Basic c3Zj\nmore", "Proxy-Authorization: Basic ****\nmore"),
            (
                "Authorization: Digest username=\"u\", response=\"x\"\nmore",
                "Authorization: ****\nmore",
            ),
            ("{\"Authorization\":\"Basic hunter2\"}", "{\"Authorization\":\"Basic ****\"}"),
            ("{\"Authorization\":\"hunter2\"}", "{\"Authorization\":\"****"),
            ("jwt eyJhbGci.eyJzdWIi.c2ln!", "jwt ****!"),
            ("http://u:hunter2@proxy:3128/", "http://****@proxy:3128/"),
            ("http://svc:Hun/ter2@proxy:3128", "http://****@proxy:3128"),
            ("http://svc:hun@ss/ter2@proxy", "http://****@proxy"),
            ("http://hunter2@proxy", "http://****@proxy"),
            ("by svc:hunter2@proxy:3128", "by ****@proxy:3128"),
        ] {
            assert_eq!(without_named_secrets(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "Failed to get service token from ADF service with key IR@**** and time cost is: 0.1",
            "the authentication key: IR@****@ServiceEndpoint=a.westeurope.datafactory.azure.net@****",
            "failed to connect to wss://wu-relay-01.servicebus.windows.net:443/$hc/x?a=1",
            "GET https://contoso.com:8443/users/anna@contoso.com failed",
            "The authentication key is invalid",
            "anna@contoso.com signed in at 10:22:31",
        ] {
            assert_eq!(without_named_secrets(text), text);
        }
    }

    proptest! {
        #[test]
        fn a_named_secret_is_gone_from_any_text(
            before in "\\PC{0,20}", after in "\\PC{0,20}",
            name in "(Proxy)?(Password|passwd|PWD|ApiKey|Access_Key|client_secret|token)",
            between in "(=|: ?| = |\": ?\")", secret in "[A-Za-z0-9!$%*+/(){}&@,.-]{6,20}"
        ) {
            let quote = if between.contains('"') { "\"" } else { "" };
            let text = format!("{before} {name}{between}{secret}{quote} {after}");
            let shown = without_named_secrets(&text);
            prop_assert!(!shown.contains(&*secret) || format!("{before}{after}").contains(&*secret), "{shown}");
        }

        #[test]
        fn no_text_makes_it_panic(text in "(password|=|:|\"|'|\\\\|://|@|&quot;|-key |eyJ|\\.|\\PC|\n)*") {
            let _ = without_named_secrets(&text);
        }
    }
}
