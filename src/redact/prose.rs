//! Sentences that diagnosis wrote into a saved report.
//!
//! They are redacted token by token as other sentences are, with two differences. What they repeat
//! of the report's own fields, such as the name of an authority, is called as it is called there.
//! And more words are known: those of all reports of the golden cases (`words_of_reports.txt`),
//! outside quotes, where only this program speaks.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Redactor;
use super::sentence::{HARMLESS, Vocabulary};
use crate::model::{Cause, Kind, Origin, Owner, Role};

/// Words of the prose of reports whose records were redacted before: no stranger chose them.
const WORDS: &str = include_str!("words_of_reports.txt");

/// Words that hold more than letters, which that list leaves out.
const OTHER_WORDS: &[&str] =
    &["0xff", "service\\diahostservice", "sha-256", "system.net", "title", "w32tm", "wincrypt.h"];

/// Those, and what is harmless in any sentence.
pub(super) static OF_REPORTS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let of_records = HARMLESS.iter().map(String::as_str);
    WORDS.lines().chain(OTHER_WORDS.iter().copied()).chain(of_records).collect()
});

/// In front of the title of a page, which is its owner's alone.
const TITLE: &str = ": title: ";

/// Words of the contract that stand alone in a field: outcomes, routes, protocols, judgements.
const CODES: &[&str] = &[
    "A",
    "AAAA",
    "CNAME",
    "accepted",
    "alert",
    "allow",
    "answered",
    "any",
    "blackhole",
    "blocked_although_allowed",
    "blocked_as_predicted",
    "budget_spent",
    "cancelled",
    "closed",
    "cname_loop",
    "connected",
    "current",
    "deny",
    "descriptor_limit",
    "direct",
    "error",
    "expired",
    "fail",
    "handshake_cut",
    "head_too_long",
    "hold",
    "host",
    "http",
    "icmp_echo",
    "incoming",
    "invalid",
    "likely",
    "limited",
    "local_denied",
    "malformed",
    "network",
    "no_local_address",
    "no_method",
    "no_route",
    "nodata",
    "not_asked",
    "not_connected",
    "not_http",
    "not_judged",
    "not_listened",
    "not_proxy",
    "not_tds",
    "not_testable",
    "not_tls",
    "not_yet_valid",
    "nxdomain",
    "offline",
    "ok",
    "online",
    "os",
    "other_code",
    "pathproof",
    "port_limit",
    "possible",
    "proven",
    "proxy",
    "refused",
    "refused_by_proxy",
    "rejected",
    "reset",
    "reset_on_write",
    "server_hello",
    "servfail",
    "silence",
    "silent",
    "socks_reply",
    "system_error",
    "tcp",
    "tcp_blocked",
    "tds",
    "time_exceeded",
    "timeout",
    "tls",
    "tls_error",
    "trusted",
    "udp",
    "unknown",
    "unknown_issuer",
    "unreachable",
    "unreadable",
    "version",
    "warn",
    "works_although_denied",
    "works_as_predicted",
];

static OF_CONTRACT: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let causes = Cause::ALL.iter().map(|cause| cause.code());
    let owners = Owner::ALL.into_iter().map(Owner::as_str);
    let roles = Role::ALL.into_iter().map(Role::as_str);
    let kinds = Kind::ALL.into_iter().map(Kind::as_str);
    let origins = Origin::ALL.into_iter().map(Origin::as_str);
    CODES
        .iter()
        .copied()
        .chain(causes)
        .chain(owners)
        .chain(roles)
        .chain(kinds)
        .chain(origins)
        .collect()
});

/// What sentences repeat of the fields of one report, and what stands for it.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    replacements: HashMap<String, String>,
}

impl Phrases {
    /// Notes that `original` is called `replacement`. The first that is noted stays.
    pub(super) fn note(&mut self, original: String, replacement: String) {
        if !original.is_empty() {
            self.replacements.entry(original).or_insert(replacement);
        }
    }

    pub(super) fn finder(self) -> PhraseFinder {
        let (originals, replacements): (Vec<_>, Vec<_>) = self.replacements.into_iter().unzip();
        // The longest first, as one name may begin with another.
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&originals).ok();
        PhraseFinder { automaton, replacements }
    }
}

/// Finds phrases in a text.
#[derive(Debug, Default)]
pub(super) struct PhraseFinder {
    automaton: Option<AhoCorasick>,
    replacements: Vec<String>,
}

impl Redactor<'_> {
    /// A word of the contract; a word that it does not have is redacted as a sentence is.
    pub(super) fn code(&mut self, word: &str) -> String {
        if OF_CONTRACT.contains(word) { word.to_owned() } else { self.sentence(word) }
    }

    /// A sentence of a report's findings, actions or predictions.
    pub(super) fn prose(&mut self, text: &str) -> String {
        if let Some((front, _)) = text.split_once(TITLE) {
            return self.prose(front) + TITLE + "-";
        }
        let phrases = std::mem::take(&mut self.phrases);
        let mut kept = String::with_capacity(text.len());
        let mut done = 0;
        let found = phrases.automaton.iter().flat_map(|automaton| automaton.find_iter(text));
        for one in found.filter(|one| is_whole(text, one.start(), one.end())) {
            self.around_quotes(&text[done..one.start()], &mut kept);
            kept.push_str(&phrases.replacements[one.pattern().as_usize()]);
            done = one.end();
        }
        self.around_quotes(&text[done..], &mut kept);
        self.phrases = phrases;
        kept
    }

    /// What stands in quotes was said by others: of it only what is harmless in any sentence stays,
    /// and nothing of the title of a page.
    fn around_quotes(&mut self, text: &str, kept: &mut String) {
        const BEFORE_TITLE: &str = ", title ";
        let mut rest = text;
        while let Some((start, end)) = quoted(rest) {
            if let Some(front) = rest[..start].strip_suffix(BEFORE_TITLE) {
                kept.push_str(&self.sentence_in(front, Vocabulary::OfReports));
            } else {
                kept.push_str(&self.sentence_in(&rest[..start], Vocabulary::OfReports));
                kept.push_str(&self.sentence(&rest[start..end]));
            }
            rest = &rest[end..];
        }
        kept.push_str(&self.sentence_in(rest, Vocabulary::OfReports));
    }
}

/// Whether no word goes on beyond either end.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let is_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let inside = text[start..end].chars();
    let begins_amid = is_of_word(inside.clone().next()) && is_of_word(text[..start].chars().last());
    let ends_amid = is_of_word(inside.last()) && is_of_word(text[end..].chars().next());
    !begins_amid && !ends_amid
}

/// Where the first quotation begins and ends, its marks included. An apostrophe is no mark.
fn quoted(text: &str) -> Option<(usize, usize)> {
    let is_of_word = |c: char| c.is_alphanumeric();
    let opening = text.char_indices().filter(|(at, c)| {
        matches!(c, '\'' | '"') && !text[..*at].chars().next_back().is_some_and(is_of_word)
    });
    for (start, mark) in opening {
        let after = start + mark.len_utf8();
        let closing = text[after..].char_indices().find(|(at, c)| {
            let next = text[after + at + c.len_utf8()..].chars().next();
            *c == mark && !next.is_some_and(is_of_word)
        });
        if let Some((length, _)) = closing {
            return Some((start, after + length + mark.len_utf8()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::RedactionKey;
    use super::*;

    fn redactor() -> Redactor<'static> {
        let mut redactor = Redactor::new(RedactionKey::of_run(&[7; 32]), |_| Some(false));
        let mut phrases = Phrases::default();
        phrases.note("'Contoso Root'".to_owned(), "'issuer-1'".to_owned());
        phrases.note("Server: Direct Line".to_owned(), "Server: -".to_owned());
        redactor.phrases = phrases.finder();
        redactor
    }

    #[test]
    fn sentences_of_diagnosis_stay_readable() {
        let mut redactor = redactor();
        for (text, expected) in [
            (
                "presented a certificate by 'Contoso Root', trusted by this host",
                "presented a certificate by 'issuer-1', trusted by this host",
            ),
            ("HTTP 403, Server: Direct Line, title \"Anna's gateway\"", "HTTP 403, Server: -"),
            ("the user's settings of 'Contoso Line'", "the user's settings of 'text-1 line'"),
            (
                "<add address=\"^https?://contoso\\.vault\\.azure\\.net(:\\d+)?$\" />",
                "<add address=\"^https?://vault-1\\.vault\\.azure\\.net(:\\d+)?$\" />",
            ),
        ] {
            assert_eq!(redactor.prose(text).to_lowercase(), expected.to_lowercase(), "{text}");
        }
    }

    #[test]
    fn apostrophes_are_no_quotation_marks() {
        for (text, expected) in [
            ("Azure's own, and the hosts' names", None),
            ("by 'A B'.", Some("'A B'")),
            ("hosts' names: \"a\"", Some("\"a\"")),
            ("'O'Brien'", Some("'O'Brien'")),
            ("'open", None),
        ] {
            assert_eq!(quoted(text).map(|(start, end)| &text[start..end]), expected, "{text}");
        }
    }
}
