//! Sentences of this program and of libraries, in which names, addresses and words of strangers
//! stand: every token that is not known to be harmless is replaced.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use super::Redactor;
use super::prose::OF_REPORTS;
use crate::list;
use crate::model::HostName;

/// Words that this program, .NET, rustls and operating systems write, and that identify nobody.
/// What is missing here is replaced, so the list may be short.
const WORDS: &str = "
    .net 2012 2016 2019 2022 2025 \\d+ a able access_denied action address adfs after agent
    alert all all_proxy alternate an and another answer any are as at auth authoring auto
    autodetect automatic automaticconfiguration azure bad bad_certificate bad_record_mac
    badsignature be because been before between by bypass bypasslist bypassonlocal
    bypassproxyonlocal bytes ca cache cannot caused certificate certificate_expired
    certificate_required certificate_unknown certificates chain check china close_notify cloud
    config configuration configured connect connectedtoresourcemanager connection connections
    connectors contains core corrupt credentialencryptionkeyavailable credentialinsync
    credentials critical current data database datacenter datafactory date deadline debian
    decide decides decision decode_error decrypt_error default defaultproxy deny deployment
    deployment's detect detection diahost diahost.exe diahost.exe.config diawp diawp.exe
    diawp.exe.config
    didn't differ different direct directory disabled dns dnsdomainis dnsdomainisx does domain
    download during each edition either element empty enabled encrypted end endpoint endpoints
    ends enterprise environment error event every exception exceptions expired expression
    factory factory's false fatal file files findproxyforurl first for format found
    fragmentation from function gateway gateways get give given gives gnu group handshake
    handshake_failure has hat have hold host hosts http http_proxy httpportenabled https
    https_proxy illegal_parameter in inactive incompatible info initializefailed initializing
    insufficient_security integration interactive internal internal_error invalid ip ipv4 ipv6
    is ishplainhostname isinnet isplainhostname issuer it its jobs json jsonl kernel key known
    lake large leaves length limited line linux list lists local localhost locate log long lts
    machine may message microsoft misbehaved missing more must name named names needed
    needregistration net network no no_application_protocol no_proxy node nodes none not
    notvalidforname nt null of offline on one online only option options or os other others
    outside own pac parameter password path pathproof peer peers point policy port ports private
    private-cidr proceeding protocol protocol_version proxies proxy proxy.pac proxyaddress
    proxyenable proxyoverride proxyserver public purview query read received record
    record_overflow records red redirect referenceerror refuses regex registration regular relay
    relay's relays replay report requires reset resolve resolver resolvers response result
    return returned returns revocation revoked rhel root roots route rule rules runtime
    runtime's s save-records scheme script scriptlocation second seconds self selfsigned sent
    server servers service servicebusconnected services serviceurl set setting settings shell
    shexpmatch signature silent small socks socks4 socks4a socks5 socks5h source sql standard
    status storage store stored subject synapse syntaxerror system systemconnector systemd table
    tag tags tcp text than that the then there these they this time timeout tls to tokens too
    true trusted typeerror ubuntu udp unable undefined unexpected_message unknown unknown_ca
    unknownissuer unrecognized_name unsupported_certificate until update updateavailable updates
    upgrading uptodate uri url urls us usage use used user user's user_canceled users
    usesystemdefault usgov value variable vault verbose version was watch way web websocket
    which while wildcard windows winhttp wininet with without workspace wpad wpad.dat write
    wrong xml year yes";

/// The long names of this program's options: a report says how its run was made.
const OPTIONS: &str = "
    addresses adopt agent-config aggregate all alternate-proxy arm-endpoint asg assigned-only
    auth-key azure-deadline baseline bundle ca-file cloud color concurrency config credential
    current deadline discover end-by endpoint events every expect factory fail-on flows for
    format from group help hold in-a-row job keep last-answer ledger list listen locate location
    max-age max-answer-age max-probes max-shrink max-tags-age name no-gateways no-proxy
    no-revocation nsg only out output owner peer priority private private-cidr profile proof
    proxy proxy-credentials public-roots quiet redact redact-key region relay require-gateways
    resolver rollback rule-name rule-source runtime save-records self-contained-authoring
    service-tags service-urls set skip source source-address subscription suggest timeout
    verbose version vnet web-config with workspace yes";

static IS_OPTION: LazyLock<HashSet<&str>> = LazyLock::new(|| OPTIONS.split_whitespace().collect());

/// Those, and what the embedded endpoint lists say of themselves.
pub(super) static HARMLESS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut words: HashSet<String> = WORDS.split_whitespace().map(str::to_owned).collect();
    for list in list::embedded().iter().map(list::EmbeddedList::list) {
        words.insert(list.id);
        for entry in list.entries {
            words.insert(entry.id);
            words.extend(tokens(&entry.purpose).map(|(token, _)| token.to_lowercase()));
        }
    }
    words
});

/// Which words are harmless in a sentence.
#[derive(Clone, Copy, Debug)]
pub(super) enum Vocabulary {
    /// Those that stand in records: their sentences repeat what others said.
    OfRecords,
    /// Those of this program's own sentences in reports too.
    OfReports,
}

impl Vocabulary {
    fn holds(self, lower: &str) -> bool {
        match self {
            Self::OfRecords => HARMLESS.contains(lower),
            Self::OfReports => OF_REPORTS.contains(lower),
        }
    }
}

/// Whether an id is one of the embedded lists' own, or of this program.
pub(super) fn is_known_id(id: &str) -> bool {
    HARMLESS.contains(id) || ["relay-gateway", "endpoint", "peer"].contains(&id)
}

/// The tokens of `text`, each with what stands between it and the next. The first may be empty.
fn tokens(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_of_token = |c: char| c.is_alphanumeric() || "._-:*\\@%+'".contains(c);
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        let next = after.find(is_of_token).unwrap_or(after.len());
        let (between, following) = after.split_at(next);
        rest = following;
        Some((token, between))
    })
}

impl Redactor<'_> {
    /// `text` with every token replaced that is not known to be harmless.
    pub(super) fn sentence(&mut self, text: &str) -> String {
        self.sentence_in(text, Vocabulary::OfRecords)
    }

    /// An argument of this program's own command line. Options keep their names.
    pub fn option(&mut self, argument: &str) -> String {
        self.sentence(argument)
    }

    pub(super) fn sentence_in(&mut self, text: &str, words: Vocabulary) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut all = tokens(text).peekable();
        while let Some((token, between)) = all.next() {
            // A network is replaced as one: it must hold what it held.
            let length = all.peek().map(|(next, _)| *next).filter(|_| between == "/");
            let network = length.and_then(|length| {
                let length = length.trim_end_matches('.');
                format!("{token}/{length}").parse::<ipnet::IpNet>().ok()
            });
            if let Some(network) = network {
                kept.push_str(&self.network(network).to_string());
                if let Some((length, after)) = all.next() {
                    kept.extend(length.chars().filter(|c| *c == '.'));
                    kept.extend(after.chars().filter(char::is_ascii));
                }
                continue;
            }
            self.token(token, words, &mut kept);
            kept.extend(between.chars().filter(char::is_ascii));
        }
        kept
    }

    fn token(&mut self, token: &str, words: Vocabulary, kept: &mut String) {
        // Quotes, options' dashes and the ends of sentences stand around a word.
        let is_around = |c: char| "'-.:*".contains(c);
        let core = token.trim_matches(is_around);
        let Some(start) = token.find(core).filter(|_| !core.is_empty()) else {
            kept.push_str(token);
            return;
        };
        if is_own_option(token) {
            kept.push_str(token);
            return;
        }
        // `::1` begins with what may stand around others.
        if let Ok(address) = token.trim_matches(['\'', '.']).parse::<IpAddr>() {
            kept.push_str(&self.address(address).to_string());
            return;
        }
        kept.push_str(&token[..start]);
        let mapped = self.word(core, words);
        kept.push_str(&mapped);
        kept.push_str(&token[start + core.len()..]);
    }

    fn word(&mut self, word: &str, words: Vocabulary) -> String {
        let lower = word.to_lowercase();
        if words.holds(&lower) || is_number(&lower) || is_date(word) {
            return word.to_owned();
        }
        if let Ok(address) = word.parse::<IpAddr>() {
            return self.address(address).to_string();
        }
        if let Ok(socket) = word.parse::<SocketAddr>() {
            return self.socket(socket).to_string();
        }
        if self.is_bare_host(&lower) {
            return self.label("host", &lower);
        }
        if is_harmless_option(&lower) {
            return word.to_owned();
        }
        if let Some((front, back)) = word.split_once(':') {
            return format!("{}:{}", self.word(front, words), self.word(back, words));
        }
        // In a regular expression, as bypass lists have them.
        if word.contains("\\.") {
            let mapped = self.word(&word.replace("\\.", "."), words);
            return mapped.replace('.', "\\.");
        }
        match HostName::parse(word) {
            Ok(name) if name.as_str().contains('.') => self.name(&name).to_string(),
            _ if word.is_empty() => String::new(),
            _ => self.label("text", word),
        }
    }
}

/// Whether it is an option of this program: `--owner`, or a letter as `-q`.
pub(super) fn is_own_option(token: &str) -> bool {
    match token.strip_prefix("--") {
        Some(name) => IS_OPTION.contains(name),
        None => matches!(token.as_bytes(), [b'-', letter] if letter.is_ascii_alphabetic()),
    }
}

/// `private-cidr`, `fail-on`: the words of an option.
fn is_harmless_option(word: &str) -> bool {
    word.contains('-') && word.split('-').all(|part| HARMLESS.contains(part))
}

/// `443`, `5s`, `100ms`, `5.44.8984.1` where that is no address.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| "smhd".contains(c));
    !digits.is_empty()
        && digits.len() <= 24
        && word.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.parse::<IpAddr>().is_err()
}

/// Whether it is a day or a time of one: `2026-03-02`, `2026-03-02T12:00:00Z`.
fn is_date(word: &str) -> bool {
    let (date, time) = word.split_once('T').map_or((word, None), |(date, time)| (date, Some(time)));
    let is_written = date.len() == "2026-03-02".len() && date.parse::<jiff::civil::Date>().is_ok();
    is_written && time.is_none_or(|_| word.len() <= 30 && word.parse::<jiff::Timestamp>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::RedactionKey;
    use super::*;

    #[test]
    fn tokens_that_may_identify_someone_are_replaced() {
        let key = RedactionKey::of_run(&[7; 32]);
        let mut redactor = Redactor::new(key, |_| Some(false));
        for (text, expected) in [
            ("no proxy is configured", "no proxy is configured"),
            ("HTTPS_PROXY", "HTTPS_PROXY"),
            ("pac:http://wpad.contoso.com/wpad.dat", "pac:http://host-1.domain-1.example/wpad.dat"),
            (
                "--proxy=http://proxy.contoso.com:3128",
                "--proxy=http://host-2.domain-1.example:3128",
            ),
            ("--save-records", "--save-records"),
            ("/home/anna/r.jsonl", "/text-1/text-2/domain-2.example"),
            ("rule \"*.contoso.com\" of NO_PROXY", "rule \"*.domain-1.example\" of NO_PROXY"),
            ("CONTOSO\\anna", "text-3"),
            ("Windows Server 2022", "Windows Server 2022"),
            ("line 12: port 8060.", "line 12: port 8060."),
            ("until 2026-03-02T12:00:00Z", "until 2026-03-02T12:00:00Z"),
            ("is not in 0.0.0.0/0.", "is not in 0.0.0.0/0."),
            ("\u{202e}b\u{fc}cher", "text-4"),
            ("check -q --owner firewall --anna", "check -q --owner text-5 --text-2"),
            (
                "the event log \"Connectors - Integration Runtime\", the DNS cache",
                "the event log \"Connectors - Integration Runtime\", the DNS cache",
            ),
            ("", ""),
        ] {
            assert_eq!(redactor.sentence(text), expected, "{text}");
        }
        let own = redactor.sentence("asked 10.0.0.53:53, [fd00::53]:53 and 10.0.0.0/16");
        assert!(!own.contains("10.0.0.53") && !own.contains("fd00::53"), "{own}");
    }
}
