//! Secrets that a text names: passwords, tokens and signatures behind their names, and users in
//! URLs.
//!
//! What is masked too much costs a word of a log; what is masked too little costs a password. So a
//! value goes on for as long as it may.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::secret_arguments::without_secret_arguments;
use super::secret_extent::{argument, content, quoted, value};

/// What a text keeps of a secret.
pub(super) const MASK: &str = "****";

/// What ends the names of secrets.
const NAMES: &str = concat!(
    "(?:password|passwd|passphrase|pwd|\\bpass|_pass|kennwort|passwort|secret|token|credentials?",
    "|client[-_]assertion|api[-_ ]?key|\\bkey[12]|(?:account|access|auth|authentication",
    "|subscription|primary|secondary|gateway|shared|functions|encryption|master|sas|storage)",
    "[-_ ]?key|x-zumo-auth|sharedaccesssignature|\\bsig)",
);
const QUOTE: &str = r#"(?:\\*["']|&quot;|&apos;|&\#34;|&\#39;)"#;

/// A header field with credentials (RFC 9110, 11.6.2 and 11.7.2). Of most schemes they are one word
/// (`token68`); of others, such as Digest, all up to the end of the line.
static AUTHORIZATION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)(authorization(?:\\*["'])?\s*[:=]\s*(?:\\*["'])?)(?:((?:basic|bearer|negotiate|ntlm|sharedaccesssignature)\s+)[^\s"'\\]+|[^\r\n]+)"#,
    )
});

/// Any name that is looked for.
static HAS_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?i){NAMES}|cookie|[?&;]code=")));

/// A header field with cookies (RFC 6265, 4), which go to the end of the line.
static COOKIES: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?i)\b(?:set-)?cookie{QUOTE}?\s*[:=][ \t]*")));

/// A name for a secret with what stands between the two. A code is a secret in a URL alone:
/// elsewhere it is that of an error.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let verb = "(?:\\s+(?:is|was|ist|war|lautet))?";
    pattern(&format!(r"(?i)(?:{NAMES}{QUOTE}?{verb}\s*[:=]+\s*|(?:[?&]|&amp;)code=)"))
});

/// A name for a secret in a sentence: what follows is one where it stands in quotes.
static SAID: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?i){NAMES}(?:\s+(?:is|was|ist|war|lautet))?\s+")));

/// The tag of an element that holds a secret: by its name, or by the name among its attributes.
static ELEMENT: LazyLock<Regex> = LazyLock::new(|| {
    let attribute = format!(r"[^<>]*?\b(?:name|key|id)\s*=\s*{QUOTE}?[\w.: -]*{NAMES}{QUOTE}?");
    pattern(&format!(r"(?i)(?:<|&lt;)(?:[\w.:-]*{NAMES}|{attribute})(?:\s[^<>]*?)?(?:>|&gt;)"))
});

/// `key="…Password" value=`, in XML and in JSON.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r#"\b(?:name|key|id){QUOTE}?\s*[:=]\s*{QUOTE}[^"'<>]*?{NAMES}{QUOTE}"#);
    pattern(&format!(r"(?i){name}[\s,;]+(?:[^<>]{{0,80}}?[\s,])?{QUOTE}?value{QUOTE}?\s*[:=]\s*"))
});

/// The same pair the other way round.
static PAIR_REVERSED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?i)(\bvalue\s*=\s*)(?:"[^"<>]*"|'[^'<>]*')(\s+(?:name|key)\s*=\s*{QUOTE}[^"'<>]*{NAMES}{QUOTE})"#
    ))
});

/// What stands before a bearer's token.
static BEARER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\bbearer\s*[:=]?\s+"));

/// A JSON Web Token (RFC 7519): `eyJ` is how the `{"` of its header begins.
static WEB_TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\beyJ[\w-]*\.[\w-]+(?:\.[\w-]*)*"));

/// `//USER:PASSWORD@` of a URL (RFC 3986, 3.2.1), up to its last `@`: a password may hold more, and
/// a slash too.
static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(://)([^\s"'<>]*)@"#));

/// The same with a blank in the password, which is no port with a sentence behind it.
static URL_WITH_BLANK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(://)[^\s"'<>/:@]+:[^\s"'<>/@]*[^\s"'<>/@0-9][^\s"'<>/@]* [^\s"'<>@]+@"#)
});

/// The host in an authentication key whose beginning was not read as one.
static ENDPOINT: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)serviceendpoint=[^\s"'<>@]+@"#));

/// `USER:PASSWORD@HOST` without a scheme.
static USER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(^|[\s"'=(,;])([^\s:/@"'=(,;]+:[^\s"'<>]+)@([[:alnum:]\[])"#));

#[expect(clippy::expect_used, reason = "the patterns are constant, and a test uses each")]
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// Whether a name says that what it stands for is a secret, as that of an element or a field.
pub(super) fn is_name_of_secret(name: &str) -> bool {
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("(?i){NAMES}$")));
    WHOLE.is_match(name.trim())
}

/// The text with a mask in the place of what stands behind each match of `before`. `length` says
/// how long that is, by the text up to it and the text from it.
pub(super) fn masked_behind(
    text: &str,
    before: &Regex,
    length: impl Fn(&str, &str) -> usize,
) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = before.find_at(text, at) {
        let (front, rest) = text.split_at(found.end());
        let length = length(front, rest);
        let secret = &rest[..length];
        clean.push_str(&front[at..]);
        at = found.end();
        // A key that is masked already, whose host says which runtime it is.
        let is_masked = secret.trim_start_matches(['"', '\'']).starts_with("IR@");
        if length > 0 && !is_masked {
            clean.push_str(MASK);
            at += length;
        }
    }
    clean.push_str(&text[at..]);
    clean
}

/// The text with a mask in the place of each secret that has a name, or stands in a URL.
pub(super) fn without_named_secrets(text: &str) -> String {
    let text = AUTHORIZATION.replace_all(text, format!("${{1}}${{2}}{MASK}"));
    // Most texts name nothing, and logs are long.
    let text = if HAS_NAME.is_match(&text) { Cow::Owned(without_values(&text)) } else { text };
    let text = without_secret_arguments(&text);
    let text = masked_behind(&text, &BEARER, |_, rest| argument(rest));
    if !text.contains('@') {
        return WEB_TOKEN.replace_all(&text, MASK).into_owned();
    }
    let text = masked_behind(&text, &ENDPOINT, |_, rest| {
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'));
        if rest.starts_with(MASK) { 0 } else { end.unwrap_or(rest.len()) }
    });
    let text = WEB_TOKEN.replace_all(&text, MASK);
    let text = URL_WITH_BLANK.replace_all(&text, format!("${{1}}{MASK}@"));
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

/// Masks what stands behind a name, or in the element or the pair that has it.
fn without_values(text: &str) -> String {
    let text = masked_behind(text, &COOKIES, |_, rest| {
        quoted(rest).unwrap_or_else(|| rest.find(['\r', '\n']).unwrap_or(rest.len()))
    });
    let text = masked_behind(&text, &ELEMENT, |tag, rest| {
        if tag.ends_with("/>") || tag.ends_with("/&gt;") { 0 } else { content(rest) }
    });
    let text = masked_behind(&text, &PAIR, value);
    let text = PAIR_REVERSED.replace_all(&text, format!("${{1}}{MASK}${{2}}"));
    let text = masked_behind(&text, &NAMED, |front, rest| {
        let length = value(front, rest);
        let word = rest[..length].trim_matches(|c: char| !c.is_alphanumeric());
        if matches!(word, "true" | "false" | "null" | "True" | "False") { 0 } else { length }
    });
    masked_behind(&text, &SAID, |front, rest| {
        let cell = if front.ends_with('\t') { argument(rest) } else { 0 };
        quoted(rest).unwrap_or(cell)
    })
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
            ("S=x;Password=Hunter2 Sun Flower;Encrypt=True", "S=x;Password=****;Encrypt=True"),
            ("Pwd=\"Hun\"\"terQ2 dd\";U=1", "Pwd=****;U=1"),
            ("AccountKey=QUJD REVG==;E=core", "AccountKey=****;E=core"),
            ("<password>hunter2</password> more", "<password>****</password> more"),
            ("&lt;Password&gt;hunter2&lt;/Password&gt;", "&lt;Password&gt;****&lt;/Password&gt;"),
            ("<Data Name='Password'>hunter 2</Data>", "<Data Name='Password'>****</Data>"),
            (
                "<add key=\"ProxyPassword\" value=\"hun ter2\"/>",
                "<add key=\"ProxyPassword\" value=****/>",
            ),
            ("<add value='hunter2' key='ProxyPassword'/>", "<add value=**** key='ProxyPassword'/>"),
            ("{\"name\":\"Pwd\",\"value\":\"hunter2\"}", "{\"name\":\"Pwd\",\"value\":****}"),
            ("The password is \"hunter2\" and", "The password is **** and"),
            ("password 'hunter 2' more", "password **** more"),
            ("PASSWORD\thunter2 more", "PASSWORD\t**** more"),
            (
                "Kennwort: hunter2, Kennwort lautet „hunter2“.",
                "Kennwort: **** Kennwort lautet ****.",
            ),
            ("cmdkey /add:h /user:u /pass:hunter2", "cmdkey /add:h /user:u /pass:****"),
            ("curl -U svc:hunter2 -x p:1", "curl -U **** -x p:1"),
            ("https://h/api/f?code=hunter2 failed", "https://h/api/f?code=**** failed"),
            ("https://h/f?a=1&code=hunter2 failed", "https://h/f?a=1&code=**** failed"),
            ("x-functions-key: hunter2 more", "x-functions-key: **** more"),
            ("Cookie: a=hunter2; b=hunter2\nmore", "Cookie: ****\nmore"),
            ("Set-Cookie: a=hunter2; path=/\nmore", "Set-Cookie: ****\nmore"),
            ("{\"Cookie\":\"a=hunter2; b\",\"c\":1}", "{\"Cookie\":****,\"c\":1}"),
            ("client_assertion=hunter2 more", "client_assertion=**** more"),
            (
                "credential=hunter2 ; credentials: hunter2 more",
                "credential=**** ; credentials: **** more",
            ),
            ("pass=hunter2 more", "pass=**** more"),
            ("primaryKey=hunter2 secondaryKey: hunter2 x", "primaryKey=**** secondaryKey: **** x"),
            ("gatewayKey=hunter2 sharedKey=hunter2 x", "gatewayKey=**** sharedKey=**** x"),
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
            ("http://svc:hun ter2@proxy:3128 refused", "http://****@proxy:3128 refused"),
            ("IR @1@ServiceEndpoint=a.b@hunter2 and", "IR @1@ServiceEndpoint=a.b@**** and"),
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
            "http://proxy:3128 anna@contoso.com",
            "The request failed with code=10060, error code: 0x80072EE2 and status code=407",
            "The password expired, and the token is invalid (AADSTS700082)",
            "The user name or password is incorrect; error 1326",
            "The secret was not found; the key 'abc' of the list is unknown",
            "useDefaultCredentials=\"true\" is set, proxyPassword: null",
            "usage: setup <password> and a path",
            "net use failed; the network path was not found",
            "The bypass list is empty: 3 tests pass",
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
