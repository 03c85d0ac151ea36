//! Block pages of filtering products, recognised by their own words and headers. Where the far end
//! is not proven, any page that is not known to be the service's own counts too.
//!
//! The words were collected for this table from the pages that citizenlab/filtering-annotations
//! captured, and from the products' documentation. None of them may match a service's own or a
//! CDN's "Access Denied".

mod products;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::finding::Draft;
use super::quote::{self, beside_head, with_head};
use super::relay::contains;
use crate::model::{Cause, HttpAnswer};
use products::{CDNS, FRONTS, GENERIC, HEADERS, MIDDLEBOXES, PAGES, ProductPage};

/// What the session under an answer proves about its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionTrust {
    /// TLS whose certificate proves the host to anyone.
    Verified,
    /// TLS whose certificate only this host trusts: it was opened on the way, or the service has an
    /// authority of its own.
    Inspected,
    /// TLS whose certificate does not prove the host.
    Unverified,
    /// No TLS: the answer came in clear text.
    Open,
}

/// Whether the page is one that a known front of a service shows.
pub(super) fn is_of_a_front(answer: &HttpAnswer) -> bool {
    FRONTS.iter().any(|(name, value, words)| {
        answer.header(name).is_some_and(|own| value.is_empty() || contains(own, value))
            && words.iter().all(|word| contains(&answer.body, word))
    })
}

/// The draft for an answer that is a block page, with the product that shows it.
pub(super) fn judge(answer: &HttpAnswer, session: SessionTrust) -> Option<Draft> {
    let quoted = quote::answer(answer);
    if let Some(page) = page(answer, session) {
        let draft = |whose: &str| {
            Draft::new(Cause::HttpBlockPage, format!("shows a block page{whose}: {quoted}"))
                .evidence(page.told_by.clone())
        };
        // Within a session that somebody opened, a product's name proves nothing.
        let is_proven = page.is_named && session != SessionTrust::Inspected;
        let draft = if page.is_named { draft(&format!(" of {}", page.product)) } else { draft("") };
        let draft = if is_proven { draft.proven() } else { draft };
        return Some(with_head(draft, answer));
    }
    if session == SessionTrust::Verified || !answer.is_html() || is_of_a_front(answer) {
        return None;
    }
    if let Some((name, value)) = gateway_mark(answer) {
        let message = format!("shows a page of a gateway on the way: {quoted}");
        let draft =
            Draft::new(Cause::HttpBlockPage, message).all_evidence(beside_head(name, value));
        return Some(with_head(draft, answer));
    }
    (session == SessionTrust::Inspected && is_refusal(answer.status)).then(|| {
        let message = format!("shows a page that is not known to be the service's own: {quoted}");
        let draft = Draft::new(Cause::HttpBlockPage, message)
            .possible()
            .rivals(&[Cause::TlsIntercepted])
            .evidence("whoever opens TLS on the way can answer in the service's place");
        with_head(draft, answer)
    })
}

/// The draft for an HTTP page that came in answer to a ClientHello. A web server that takes the
/// ClientHello for a request can only call it a bad one. Whoever refuses it has read no request.
pub(super) fn in_place_of_tls(answer: &HttpAnswer) -> Option<Draft> {
    let is_of_a_server = matches!(answer.status, 501 | 505);
    (answer.is_html() && is_refusal(answer.status) && !is_of_a_server).then(|| {
        let message = format!("shows a page in place of TLS: {}", quote::answer(answer));
        let draft = Draft::new(Cause::HttpBlockPage, message).rivals(&[Cause::TlsNotTls]);
        with_head(draft, answer)
    })
}

/// Whether a gateway refuses with this status, as a service may too.
const fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403 | 407 | 451 | 500..=599)
}

/// A block page that was recognised.
pub(super) struct BlockPage {
    pub(super) product: &'static str,
    /// The header or the words that it was recognised by, as evidence.
    pub(super) told_by: String,
    /// Whether it names its product, as no service would.
    pub(super) is_named: bool,
}

/// How many characters are quoted of a header that gives a gateway away.
const LONGEST_MARK: usize = 80;

/// Which product's block page `answer` is, if it is one.
pub(super) fn page(answer: &HttpAnswer, session: SessionTrust) -> Option<BlockPage> {
    if let Some((name, value, product)) = header_mark(answer) {
        let told_by = format!("{name}: {}", quote::words(value, LONGEST_MARK));
        return Some(BlockPage { product, told_by, is_named: true });
    }
    if answer.body.is_empty() || !is_page(answer) {
        return None;
    }
    let found = WORDS.occurring(&answer.body)?;
    let told_by = |words: &[&str]| format!("words of the page: {}", words.join(", "));
    let of_page = |page: &ProductPage| {
        let words =
            page.words.iter().find(|words| words.iter().all(|word| found.contains(word)))?;
        Some((page.product, told_by(words)))
    };
    if let Some((product, told_by)) = PAGES.iter().find_map(of_page) {
        return Some(BlockPage { product, told_by, is_named: true });
    }
    if session == SessionTrust::Verified {
        return None;
    }
    let (product, told_by) = of_page(&GENERIC)?;
    Some(BlockPage { product, told_by, is_named: false })
}

/// The header that gives away that a gateway made the page. A gateway that only passes a page on
/// may add its `Via`, but leaves `Server` as it came. Its errors about the way beyond it (502 to
/// 504) are no refusal.
fn gateway_mark(answer: &HttpAnswer) -> Option<(&'static str, &str)> {
    if matches!(answer.status, 502..=504) {
        return None;
    }
    let server = answer.header("Server").filter(|server| is_proxy_product(server));
    let squid = answer.header("X-Squid-Error");
    server
        .map(|server| ("Server", server))
        .or_else(|| squid.map(|error| ("X-Squid-Error", error)))
        .or_else(|| squid_signature(answer))
}

const SQUID_SIGNATURE: [&str; 2] = ["generated", "(squid/"];

/// The signature that squid writes below its own error pages (`%s` and `%h` of `errors/templates`).
fn squid_signature(answer: &HttpAnswer) -> Option<(&'static str, &str)> {
    SQUID_SIGNATURE
        .iter()
        .all(|word| contains(&answer.body, word))
        .then_some(("the page", "generated by squid"))
}

/// Whether a `Server` field names a proxy product.
pub(super) fn is_proxy_product(server: &str) -> bool {
    let mut products = MIDDLEBOXES.iter().filter(|(field, _)| *field == "Server");
    products.any(|(_, product)| contains(server, product))
}

/// The header that names a proxy on the way, with its value, or else squid's signature.
pub(super) fn middlebox_mark(answer: &HttpAnswer) -> Option<(&'static str, &str)> {
    let by_header = MIDDLEBOXES.iter().find_map(|(name, needle)| {
        let value = answer.header(name)?;
        let is_cdn = *name == "Via" && CDNS.iter().any(|cdn| contains(value, cdn));
        (!is_cdn && (needle.is_empty() || contains(value, needle))).then_some((*name, value))
    });
    by_header.or_else(|| squid_signature(answer))
}

/// Every word of pages and header values that is looked for in an answer, lower case.
pub(super) fn words_of_pages() -> impl Iterator<Item = &'static str> {
    let of_pages = PAGES.iter().chain([&GENERIC]).flat_map(|page| page.words.iter().copied());
    let of_fronts = FRONTS.iter().flat_map(|(_, value, words)| words.iter().chain([value]));
    let of_headers = HEADERS.iter().map(|(_, value, _)| *value);
    let of_middleboxes = MIDDLEBOXES.iter().map(|(_, value)| *value);
    of_pages
        .flatten()
        .chain(of_fronts)
        .copied()
        .chain(of_headers)
        .chain(of_middleboxes)
        .chain(CDNS.iter().copied())
        .chain(SQUID_SIGNATURE)
        .chain(DATA_FORMATS)
}

/// The header fields whose presence alone says something.
pub(super) fn judged_fields() -> impl Iterator<Item = &'static str> {
    let of_products = HEADERS.iter().map(|(name, ..)| *name);
    let of_fronts = FRONTS.iter().map(|(name, ..)| *name);
    of_products.chain(of_fronts).chain(MIDDLEBOXES.iter().map(|(name, _)| *name))
}

fn header_mark(answer: &HttpAnswer) -> Option<(&'static str, &str, &'static str)> {
    HEADERS.iter().find_map(|(name, needle, product)| {
        let value = answer.header(name)?;
        (needle.is_empty() || contains(value, needle)).then_some((*name, value, *product))
    })
}

const DATA_FORMATS: [&str; 3] = ["json", "atom+xml", "octet-stream"];

/// Whether the answer may be a page for people. Data formats are the service's own.
fn is_page(answer: &HttpAnswer) -> bool {
    answer
        .header("Content-Type")
        .is_none_or(|kind| !DATA_FORMATS.iter().any(|data| contains(kind, data)))
}

/// Searches a body for all words of all pages at once, in any case.
struct WordSearch {
    words: Vec<&'static str>,
    automaton: Option<AhoCorasick>,
}

/// Which words occur in a body.
struct FoundWords {
    /// By the word's index in [`WordSearch::words`].
    is_found: Vec<bool>,
}

static WORDS: LazyLock<WordSearch> = LazyLock::new(|| {
    let of_pages = PAGES.iter().chain([&GENERIC]).flat_map(|page| page.words.iter().copied());
    let mut words: Vec<&str> = of_pages.flatten().copied().collect();
    words.sort_unstable();
    words.dedup();
    // Building fails for too many or too long words only, and a test builds it.
    let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&words).ok();
    WordSearch { words, automaton }
});

impl WordSearch {
    /// `None` where no word occurs.
    fn occurring(&self, body: &str) -> Option<FoundWords> {
        let mut found: Option<FoundWords> = None;
        // A word may be a part of another one.
        for occurrence in self.automaton.as_ref()?.find_overlapping_iter(body) {
            let found =
                found.get_or_insert_with(|| FoundWords { is_found: vec![false; self.words.len()] });
            found.is_found[occurrence.pattern().as_usize()] = true;
        }
        found
    }
}

impl FoundWords {
    fn contains(&self, word: &str) -> bool {
        WORDS.words.binary_search(&word).is_ok_and(|index| self.is_found[index])
    }
}
