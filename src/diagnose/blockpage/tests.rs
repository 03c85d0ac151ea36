#![expect(clippy::disallowed_methods, reason = "pages that were captured are read")]

use super::*;
use crate::model::Certainty;

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
    draft.map_or("nothing".to_owned(), |draft| draft.message().to_owned())
}

#[test]
fn all_words_are_lower_case_and_searched_for() {
    assert!(WORDS.automaton.is_some());
    for word in &WORDS.words {
        assert_eq!(*word, word.to_ascii_lowercase());
        assert!(WORDS.occurring(&word.to_ascii_uppercase()).unwrap().contains(word), "{word}");
    }
}

#[test]
fn products_are_known_by_their_pages() {
    for (body, expected) in [
        ("<h1>Web Page Blocked!</h1> FortiGuard", "FortiGuard"),
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
        ("<title id=x>not read<p>iboss: this site is restricted", "iboss"),
        ("<a href='http://gw/ibreports/ibp/bp.html'>why</a>", "iboss"),
        ("<p>Juniper Web Filtering has been set to block this site.", "Juniper"),
        ("<a href='http://mobile.netsparkmobile.com/?a=block&u=x'>", "NetSpark"),
        ("<p>RM SafetyNet has filtered this page.", "RM SafetyNet"),
        ("You are not allowed to visit this page. Internet Security by Zscaler", "Zscaler"),
    ] {
        let found = words_of(judge(&page(403, &[], body), SessionTrust::Verified));
        assert_eq!(found, format!("shows a block page of {expected}: HTTP 403"), "{body}");
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
        assert!(judge(&answer, SessionTrust::Verified).is_none(), "{answer:?}");
    }
}

#[test]
fn general_words_count_only_where_the_service_is_not_proven() {
    let page = page(403, &[], "This site was Blocked. Category: Unrated");
    assert!(judge(&page, SessionTrust::Verified).is_none());
    for session in [SessionTrust::Inspected, SessionTrust::Unverified, SessionTrust::Open] {
        assert_eq!(words_of(judge(&page, session)), "shows a block page: HTTP 403");
    }
}

#[test]
fn headers_name_products_and_proxies() {
    let squid = page(403, &[("x-squid-error", "ERR_ACCESS_DENIED 0")], "");
    let found = words_of(judge(&squid, SessionTrust::Open));
    assert_eq!(found, "shows a block page of Squid: HTTP 403");
    let failed = page(503, &[("X-Squid-Error", "ERR_DNS_FAIL 0")], "");
    assert!(judge(&failed, SessionTrust::Open).is_none());
    assert_eq!(middlebox_mark(&failed), Some(("X-Squid-Error", "ERR_DNS_FAIL 0")));
    for (via, expected) in [("1.1 proxy.contoso.com (squid/6.6)", true), ("1.1 varnish", false)] {
        let answer = page(502, &[("Via", via)], "");
        assert_eq!(middlebox_mark(&answer).is_some(), expected, "{via}");
    }
}

fn html(status: u16, headers: &[(&str, &str)]) -> HttpAnswer {
    page(status, headers, "<html><title>Notice</title>")
}

#[test]
fn within_an_inspected_session_a_page_that_says_no_is_possibly_the_inspections() {
    let found = |answer: &HttpAnswer, session| {
        judge(answer, session).map(|draft| draft.into_run_finding().certainty)
    };
    for status in [401, 403, 407, 451, 500, 503, 599] {
        let refusal = html(status, &[]);
        assert_eq!(found(&refusal, SessionTrust::Inspected), Some(Certainty::Possible), "{status}");
        assert_eq!(found(&refusal, SessionTrust::Verified), None, "{status}");
        assert_eq!(found(&refusal, SessionTrust::Open), None, "{status}");
    }
    for status in [200, 302, 404, 410, 429] {
        assert_eq!(found(&html(status, &[]), SessionTrust::Inspected), None, "{status}");
    }
    // Data for programs, and no body at all.
    let json = page(403, &[("Content-Type", "application/json")], "{}");
    assert_eq!(found(&json, SessionTrust::Inspected), None);
    assert_eq!(found(&page(403, &[], ""), SessionTrust::Inspected), None);
    // A product's own words prove nothing there, as anyone there can say anything.
    let named = page(200, &[], "<p>blocked by Kerio Control");
    assert_eq!(found(&named, SessionTrust::Inspected), Some(Certainty::Likely));
    assert_eq!(found(&named, SessionTrust::Verified), Some(Certainty::Proven));
}

#[test]
fn a_gateways_marks_make_a_page_its_own_where_nobody_else_is_proven() {
    let signed = "<html>Generated Mon, 21 Nov 2016 by proxy.contoso.com (squid/3.1.19)";
    for (answer, expected) in [
        (html(403, &[("Server", "squid/6.6")]), true),
        (html(200, &[("Server", "BlueCoat-Security-Appliance")]), true),
        (html(400, &[("X-Squid-Error", "ERR_INVALID_REQ 0")]), true),
        (page(400, &[], signed), true),
        // What only passed by.
        (html(200, &[("Via", "1.1 proxy.contoso.com (squid/6.6)")]), false),
        // It speaks of the way beyond it.
        (page(504, &[], signed), false),
        (html(200, &[("Server", "nginx")]), false),
    ] {
        for session in [SessionTrust::Inspected, SessionTrust::Open] {
            let is_page = judge(&answer, session)
                .is_some_and(|draft| draft.into_run_finding().certainty == Certainty::Likely);
            assert_eq!(is_page, expected, "{answer:?}");
        }
        assert!(judge(&answer, SessionTrust::Verified).is_none(), "{answer:?}");
    }
    assert_eq!(middlebox_mark(&page(504, &[], signed)), Some(("the page", "generated by squid")));
}

#[test]
fn fronts_of_the_services_are_known_within_an_inspected_session() {
    for (server, body) in [
        (
            "Microsoft-HTTPAPI/2.0",
            "<HTML><HEAD><TITLE>Forbidden</TITLE></HEAD><BODY><h2>Forbidden</h2>\n<hr><p>HTTP Error 403. The request is forbidden.</p></BODY></HTML>",
        ),
        (
            "AkamaiGHost",
            "<HTML><TITLE>Access Denied</TITLE><H1>Access Denied</H1>Reference&#32;&#35;18.5e",
        ),
        (
            "Microsoft-IIS/10.0",
            "<title>403 - Forbidden: Access is denied.</title><h1>Server Error</h1><h2>403</h2><h3>You do not have permission.</h3>",
        ),
    ] {
        let answer = page(403, &[("Server", server)], body);
        assert!(is_of_a_front(&answer), "{server}");
        assert!(judge(&answer, SessionTrust::Inspected).is_none(), "{server}");
        let unsigned = page(403, &[], body);
        assert!(judge(&unsigned, SessionTrust::Inspected).is_some(), "{server}");
    }
}

#[test]
fn who_refuses_a_client_hello_has_not_read_a_request() {
    for (answer, expected) in [
        (html(403, &[]), true),
        (html(451, &[]), true),
        (html(503, &[]), true),
        (html(400, &[]), false),
        (html(501, &[]), false),
        (html(505, &[]), false),
        (html(200, &[]), false),
        (page(403, &[], ""), false),
    ] {
        assert_eq!(in_place_of_tls(&answer).is_some(), expected, "{answer:?}");
    }
}

/// Real pages of products, cut as a probe cuts them (`tests/data/block-pages/README.md`).
#[test]
fn captured_pages_are_known() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/block-pages");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pages = paths.filter(|path| path.extension().is_some_and(|kind| kind == "html"));
    let mut count = 0;
    for path in pages {
        let body = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        assert!(judge(&page(200, &[], &body), SessionTrust::Verified).is_some(), "{path:?}");
        count += 1;
    }
    assert_eq!(count, 9);
}

proptest::proptest! {
    #[test]
    fn no_page_panics_and_a_word_is_found_wherever_it_stands(
        before in ".{0,60}",
        after in ".{0,60}",
    ) {
        let answer = page(200, &[], &format!("{before}Blocked by KERIO Control{after}"));
        proptest::prop_assert!(judge(&answer, SessionTrust::Verified).is_some());
    }
}
