//! Block pages of filtering products, known by their own words and headers.
//!
//! The words were written for this table: from the pages that citizenlab/filtering-annotations
//! captured, and from the products' documentation. A service's own or a CDN's "Access Denied" must
//! match none of them.

use std::sync::LazyLock;

use super::finding::Draft;
use super::relay::contains;
use crate::model::{Cause, HttpAnswer};

/// Under what an answer came: whom it can be from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// TLS that proves the host to anyone.
    Verified,
    /// TLS that does not.
    Unverified,
    /// Clear text.
    Open,
}

/// A product and the words of its page, lower case; every word of one alternative must occur.
struct Page {
    product: &'static str,
    words: &'static [&'static [&'static str]],
}

const PAGES: &[Page] = &[
    Page {
        product: "Azure Firewall",
        words: &[
            &["action: deny.", "proceeding with default action"],
            &["action: deny.", "rule collection"],
        ],
    },
    Page {
        product: "Barracuda",
        words: &[&["barracuda", "has been blocked"], &["barracuda web security"]],
    },
    Page {
        product: "Blue Coat",
        words: &[
            &["your request was denied because of its content categorization"],
            &["notify-notifyuser"],
            &["bluecoat", "access denied"],
        ],
    },
    Page { product: "Check Point", words: &[&["/usercheck/"], &["check point usercheck"]] },
    Page {
        product: "Cisco Secure Web Appliance",
        words: &[
            &["notification: policy:"],
            &["this page cannot be displayed", "ironport"],
            &["based on your organization's access policies"],
        ],
    },
    Page {
        product: "Cisco Umbrella",
        words: &[
            &["this site is blocked", "umbrella"],
            &["block.opendns.com"],
            &["hit-block.opendns.com"],
        ],
    },
    Page { product: "Cloudflare Gateway", words: &[&["cloudflare gateway", "blocked"]] },
    Page { product: "Comodo Secure DNS", words: &[&["comodo secure dns"]] },
    Page { product: "ContentKeeper", words: &[&["contentkeeper"]] },
    Page {
        product: "Forcepoint",
        words: &[
            &["/cgi-bin/block_message.cgi"],
            &["/cgi-bin/blockpage.cgi"],
            &["blocked by websense"],
            &["forcepoint", "blocked"],
        ],
    },
    Page {
        product: "FortiGuard",
        words: &[
            &["fortiguard intrusion prevention"],
            &["fortiguard", "web page blocked"],
            &["web page blocked!"],
            &["fortinet", "web page blocked"],
            &["fortigate application control"],
        ],
    },
    Page { product: "iboss", words: &[&["iboss", "blocked"]] },
    Page { product: "IServ", words: &[&["seite gesperrt", "iserv"]] },
    Page { product: "Kerio Control", words: &[&["blocked by kerio control"]] },
    Page { product: "Lightspeed", words: &[&["lightspeed system", "web access"]] },
    Page { product: "Netskope", words: &[&["netskope", "blocked"]] },
    Page { product: "Olfeo", words: &[&["olfeo", "filtrage"]] },
    Page {
        product: "Palo Alto Networks",
        words: &[
            &["has been blocked in accordance with company policy"],
            &["palo alto networks", "web page blocked"],
            &["url filtering", "web page blocked"],
        ],
    },
    Page { product: "pfBlockerNG", words: &[&["pfblockerng"]] },
    Page { product: "Securly", words: &[&["securly", "blocked"]] },
    Page {
        product: "Skyhigh Web Gateway",
        words: &[&["mcafee web gateway"], &["skyhigh", "web gateway"]],
    },
    Page { product: "Smoothwall", words: &[&["smoothwall", "blocked"]] },
    Page {
        product: "SonicWall",
        words: &[
            &["content=\"siteblocked\""],
            &["sonicwall", "blocked"],
            &["nsa_banner", "web site blocked"],
        ],
    },
    Page { product: "Sophos", words: &[&["sophos", "blocked"]] },
    Page {
        product: "Squid",
        words: &[&["err_access_denied"], &["access control configuration prevents your request"]],
    },
    Page { product: "SquidGuard", words: &[&["squidguard"]] },
    Page {
        product: "Trend Micro",
        words: &[&["trend micro", "url blocking"], &["interscan web security"]],
    },
    Page { product: "Untangle", words: &[&["untangle", "blocked"]] },
    Page { product: "VAS Experts", words: &[&["eais.rkn.gov.ru", "nap.rkn.gov.ru"]] },
    Page {
        product: "WatchGuard",
        words: &[&["watchguard", "denied"], &["request denied by watchguard"]],
    },
    Page {
        product: "Zscaler",
        words: &[
            &["zscaler", "not allowed"],
            &["zscaler", "internet security by"],
            &["gateway.zscaler"],
        ],
    },
];

/// Words of no product, which count only where the session does not prove the service.
const GENERIC: Page = Page {
    product: "an unnamed filter",
    words: &[
        &["has been blocked by", "administrator"],
        &["blocked", "web filter"],
        &["blocked", "url category"],
        &["blocked", "category:"],
        &["blocked", "your organization"],
        &["access denied", "url category"],
        &["access denied", "content filter"],
        &["access denied", "internet usage policy"],
    ],
};

/// Headers that a product puts on its pages; the value, lower case, must occur.
const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Squid-Error", "err_access_denied", "Squid"),
    ("X-Squid-Error", "err_blocked", "Squid"),
    ("Server", "zscaler", "Zscaler"),
    ("Server", "bigip blocking", "F5"),
    ("X-Iboss", "", "iboss"),
    ("X-Fortinet", "", "FortiGuard"),
];

/// Headers by which a proxy on the way is known; the value, lower case, must occur.
const MIDDLEBOXES: &[(&str, &str)] = &[
    ("X-Squid-Error", ""),
    ("Proxy-Status", ""),
    ("X-Cache-Lookup", ""),
    ("Proxy-Connection", ""),
    ("Server", "squid"),
    ("Server", "bluecoat"),
    ("Server", "zscaler"),
    ("Server", "mcafee"),
    ("Server", "skyhigh"),
    ("Server", "envoy-egress"),
    ("Server", "tinyproxy"),
    ("Server", "privoxy"),
    ("Server", "forcepoint"),
    ("Server", "websense"),
    ("Server", "mikrotik httpproxy"),
    ("Proxy-Agent", ""),
    ("Via", ""),
];

/// What a content delivery network writes into `Via`: the service's own front.
const CDNS: &[&str] =
    &["cloudfront", "varnish", "akamai", "fastly", "google", "azure", "ecacc", "edgecast"];

/// A block page, and whose.
pub(super) fn judge(answer: &HttpAnswer, session: Session) -> Option<Draft> {
    let page = page(answer, session)?;
    let draft =
        Draft::new(Cause::HttpBlockPage, format!("shows the block page of {}", page.product))
            .evidence(page.told_by)
            .evidence(format!("HTTP {}", answer.status));
    Some(if page.is_named { draft.proven() } else { draft })
}

/// A block page that was recognised.
pub(super) struct BlockPage {
    pub(super) product: &'static str,
    /// The header or words, as evidence.
    pub(super) told_by: String,
    /// It names its product: no service says so of itself.
    pub(super) is_named: bool,
}

/// Which product's block page `answer` is, if it is one.
pub(super) fn page(answer: &HttpAnswer, session: Session) -> Option<BlockPage> {
    if let Some((name, value, product)) = header_mark(answer) {
        return Some(BlockPage { product, told_by: format!("{name}: {value}"), is_named: true });
    }
    if answer.body.is_empty() || !is_page(answer) {
        return None;
    }
    let found = WORDS.occurring(answer.body.as_bytes());
    if found == 0 {
        return None;
    }
    let told_by = |words| format!("words of the page: {words}");
    if let Some((product, words)) = PAGES.iter().find_map(|page| WORDS.of_page(page, found)) {
        return Some(BlockPage { product, told_by: told_by(words), is_named: true });
    }
    if session == Session::Verified {
        return None;
    }
    let (product, words) = WORDS.of_page(&GENERIC, found)?;
    Some(BlockPage { product, told_by: told_by(words), is_named: false })
}

/// Whether a `Server` field names a proxy product.
pub(super) fn is_proxy_product(server: &str) -> bool {
    let mut products = MIDDLEBOXES.iter().filter(|(field, _)| *field == "Server");
    products.any(|(_, product)| contains(server, product))
}

/// A header that names a proxy on the way, and its value.
pub(super) fn middlebox_mark(answer: &HttpAnswer) -> Option<(&'static str, &str)> {
    MIDDLEBOXES.iter().find_map(|(name, needle)| {
        let value = answer.header(name)?;
        let is_cdn = *name == "Via" && CDNS.iter().any(|cdn| contains(value, cdn));
        (!is_cdn && (needle.is_empty() || contains(value, needle))).then_some((*name, value))
    })
}

fn header_mark(answer: &HttpAnswer) -> Option<(&'static str, &str, &'static str)> {
    HEADERS.iter().find_map(|(name, needle, product)| {
        let value = answer.header(name)?;
        (needle.is_empty() || contains(value, needle)).then_some((*name, value, *product))
    })
}

/// Pages are text for people; data formats are the service's own.
fn is_page(answer: &HttpAnswer) -> bool {
    answer.header("Content-Type").is_none_or(|kind| {
        !["json", "atom+xml", "octet-stream"].iter().any(|data| contains(kind, data))
    })
}

/// All words of all pages, found in one pass over a body, whatever their case.
struct Words {
    /// Each once, with the slot of its front, sorted by slot.
    words: Vec<(usize, &'static [u8])>,
    /// For each slot the place of its first word, counted from 1, or 0 where it has none: most of
    /// a body is passed with one look.
    first: Vec<u8>,
}

/// How many bytes of a word's beginning are looked at first; no word is shorter.
const FRONT: usize = 3;

/// The last [`FRONT`] bytes, as a number, after one more.
const fn roll(front: u32, byte: u8) -> u32 {
    (front << 8 | byte.to_ascii_lowercase() as u32) & 0x00ff_ffff
}

/// Where a front has its place in [`Words::first`] (Fibonacci hashing to 16 bits).
fn slot(front: u32) -> usize {
    usize::from((front.wrapping_mul(0x9e37_79b1) >> 16) as u16)
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let of_pages = PAGES.iter().chain([&GENERIC]).flat_map(|page| page.words.iter().copied());
    let mut words: Vec<(usize, &[u8])> = of_pages
        .flatten()
        .map(|word| word.as_bytes())
        .map(|word| (slot(word[..FRONT].iter().copied().fold(0, roll)), word))
        .collect();
    words.sort_unstable();
    words.dedup();
    let mut first = vec![0; 1 << 16];
    for ((slot, _), place) in words.iter().zip(1..) {
        if first[*slot] == 0 {
            first[*slot] = place;
        }
    }
    Words { words, first }
});

impl Words {
    /// Which words occur in `body`, as bits by place.
    fn occurring(&self, body: &[u8]) -> u128 {
        let mut found = 0;
        let mut front = 0;
        for (end, byte) in body.iter().enumerate() {
            front = roll(front, *byte);
            let slot = slot(front);
            let Some(first) = usize::from(self.first[slot]).checked_sub(1) else { continue };
            let rest = &body[(end + 1).saturating_sub(FRONT)..];
            let alike = self.words[first..].iter().take_while(|(other, _)| *other == slot);
            for (place, (_, word)) in (first..).zip(alike) {
                if rest.get(..word.len()).is_some_and(|at| at.eq_ignore_ascii_case(word)) {
                    found |= 1 << place;
                }
            }
        }
        found
    }

    /// The page's product and the words it is known by, where one alternative occurs in full.
    fn of_page(&self, page: &Page, found: u128) -> Option<(&'static str, String)> {
        let occurs = |word: &&str| {
            let place = self.words.iter().position(|(_, known)| *known == word.as_bytes());
            place.is_some_and(|place| found >> place & 1 == 1)
        };
        let words = page.words.iter().find(|words| words.iter().all(occurs))?;
        Some((page.product, words.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn page(status: u16, headers: &[(&str, &str)], body: &str) -> HttpAnswer {
        HttpAnswer {
            status,
            reason: String::new(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: body.to_owned(),
            is_cut: false,
        }
    }

    fn words_of(draft: Option<Draft>) -> String {
        draft.map_or("nothing".to_owned(), |draft| draft.words().to_owned())
    }

    #[test]
    fn all_words_fit_the_bits_and_are_lower_case() {
        assert!(WORDS.words.len() <= 128, "{}", WORDS.words.len());
        for (_, word) in &WORDS.words {
            assert_eq!(**word, word.to_ascii_lowercase(), "{}", word.escape_ascii());
            assert!(word.len() >= FRONT, "{}", word.escape_ascii());
        }
    }

    #[test]
    fn products_are_known_by_their_pages() {
        for (body, expected) in [
            ("<title>Web Page Blocked!</title> FortiGuard", "FortiGuard"),
            (
                "<h1>Action: Deny. Reason: No rule matched. Proceeding with default action.",
                "Azure Firewall",
            ),
            (
                "Access to the web page has been blocked in accordance with company policy.",
                "Palo Alto Networks",
            ),
            ("<!-- ERR_ACCESS_DENIED --> The following error was encountered", "Squid"),
            ("<b>This page has been blocked by Kerio Control!</b>", "Kerio Control"),
            ("You are not allowed to visit this page. Internet Security by Zscaler", "Zscaler"),
        ] {
            let found = words_of(judge(&page(403, &[], body), Session::Verified));
            assert_eq!(found, format!("shows the block page of {expected}"), "{body}");
        }
    }

    #[test]
    fn answers_of_services_and_their_fronts_are_no_block_pages() {
        for answer in [
            // Akamai
            page(
                403,
                &[("Server", "AkamaiGHost")],
                "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>You don't have permission to access \"http&#58;&#47;&#47;download&#46;microsoft&#46;com&#47;\" on this server.<P>Reference&#32;&#35;18.5e</BODY>",
            ),
            // Azure Front Door
            page(
                403,
                &[("X-Azure-Ref", "0abc")],
                "<h2>Our services aren't available right now</h2><p>The request is blocked.</p>",
            ),
            // Application Gateway
            page(
                403,
                &[("Server", "Microsoft-Azure-Application-Gateway/v2")],
                "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center>",
            ),
            // Storage
            page(
                403,
                &[("Content-Type", "application/json")],
                "{\"error\": \"blocked by your organization\"}",
            ),
            page(404, &[("Server", "nginx")], ""),
        ] {
            assert!(judge(&answer, Session::Verified).is_none(), "{answer:?}");
        }
    }

    #[test]
    fn general_words_count_only_where_the_service_is_not_proven() {
        let page = page(403, &[], "This site was Blocked. Category: Unrated");
        assert!(judge(&page, Session::Verified).is_none());
        for session in [Session::Unverified, Session::Open] {
            assert!(words_of(judge(&page, session)).ends_with("an unnamed filter"));
        }
    }

    #[test]
    fn headers_name_products_and_proxies() {
        let squid = page(403, &[("x-squid-error", "ERR_ACCESS_DENIED 0")], "");
        assert!(words_of(judge(&squid, Session::Open)).ends_with("Squid"));
        let failed = page(503, &[("X-Squid-Error", "ERR_DNS_FAIL 0")], "");
        assert!(judge(&failed, Session::Open).is_none());
        assert_eq!(middlebox_mark(&failed), Some(("X-Squid-Error", "ERR_DNS_FAIL 0")));
        for (via, expected) in [("1.1 proxy.contoso.com (squid/6.6)", true), ("1.1 varnish", false)]
        {
            let answer = page(502, &[("Via", via)], "");
            assert_eq!(middlebox_mark(&answer).is_some(), expected, "{via}");
        }
    }

    /// Real pages, where they are at hand: the body is cut as a probe cuts it.
    #[test]
    fn captured_pages_are_known() {
        let shared = std::env::var_os("PATHPROOF_SHARED").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
            PathBuf::from,
        );
        let folder = shared.join("data/block-pages/captured");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: no captured block pages (set PATHPROOF_SHARED)");
            return;
        };
        let mut count = 0;
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.extension().is_none_or(|extension| extension != "html") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let kept = &bytes[..bytes.len().min(HttpAnswer::BODY_KEPT)];
            let answer = page(200, &[], &String::from_utf8_lossy(kept));
            assert!(judge(&answer, Session::Verified).is_some(), "{}", path.display());
            count += 1;
        }
        assert!(count >= 9, "only {count} pages in {}", folder.display());
    }

    proptest::proptest! {
        #[test]
        fn no_page_panics_and_a_word_is_found_wherever_it_stands(
            before in ".{0,60}",
            after in ".{0,60}",
        ) {
            let answer = page(200, &[], &format!("{before}Blocked by KERIO Control{after}"));
            proptest::prop_assert!(judge(&answer, Session::Verified).is_some());
        }
    }
}
