//! Pages of filters, as products show them, wherever they can answer instead of a service.

use std::fs;
use std::sync::Arc;

use pathproof::diagnose;
use pathproof::model::{
    Cause, Certainty, ChainTrust, Failure, Host, HostName, HttpAnswer, Kind, NetworkAllows,
    OpenTrail, RevocationHost, Route, Seen, Status, TlsFailure, TlsFailureKind, Validity, Verdict,
};

use crate::scene::{
    Probe, azure, chain, conclude, gives, ms, naming, noon, page, records, relay_feed, run, socket,
    with_header,
};

const CONTROL: &str = "contoso-df.westeurope.datafactory.azure.net";
const RELAY: &str = "contoso.servicebus.windows.net";

/// The pages of `tests/data/block-pages`, and some that name nobody.
fn bodies() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/block-pages");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pages = paths.filter(|path| path.extension().is_some_and(|kind| kind == "html"));
    let mut bodies: Vec<String> =
        pages.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()).collect();
    assert_eq!(bodies.len(), 9, "{folder}");
    bodies.extend(
        [
            "<html><title>Page Restricted</title><p>Ask your teacher.",
            "<!DOCTYPE html><title>403 Forbidden</title>",
            "\u{feff}\n<HTML><HEAD><TITLE>ERROR: The requested URL could not be retrieved</TITLE>",
            "<!-- deny --><script>location='/why'</script>",
        ]
        .map(str::to_owned),
    );
    bodies
}

/// With and without a `Content-Type`, by every status that filters use.
fn answers() -> impl Iterator<Item = HttpAnswer> {
    let of = |body: String| {
        [200, 403, 404, 451, 503].into_iter().flat_map(move |status| {
            let plain = page(status, "", &body);
            [plain.clone(), with_header(plain, "Content-Type", "text/html; charset=utf-8")]
        })
    };
    bodies().into_iter().flat_map(of)
}

/// Behind an authority that this host trusts and the web does not.
fn inspected(entry: &str, host: &str, answer: HttpAnswer) -> Probe {
    let (public, own) = (ChainTrust::UnknownIssuer, ChainTrust::Trusted);
    let shown = chain(&[host], "CN=Contoso Inspection CA", public, own, Validity::Current);
    Probe::of(entry, host)
        .asks(gives(&["40.74.24.70"]))
        .goes("40.74.24.70", |way| way.tcp().tls(shown).http(answer).done())
}

#[test]
fn no_page_behind_a_trusted_inspecting_authority_passes_for_a_service() {
    for answer in answers() {
        let relay = Probe::of("relay", RELAY).works_at(&["40.112.72.101"]);
        let control = inspected("control", CONTROL, answer.clone());
        let conclusion = conclude(&records(run(), vec![relay, control]));
        let verdict = &conclusion.verdicts[1];
        assert!(
            matches!(verdict.status, Status::Fail | Status::Unknown),
            "{answer:?}\n{verdict:#?}"
        );
        assert_ne!(conclusion.prediction.network_allows, NetworkAllows::Online, "{answer:?}");

        let relay = inspected("relay", RELAY, answer.clone()).verdict();
        assert_eq!(relay.status, Status::Fail, "{answer:?}\n{relay:#?}");
    }
}

fn first(verdict: &Verdict) -> (Status, Cause, Certainty) {
    let first = &verdict.findings[0];
    (verdict.status, first.cause, first.certainty)
}

#[test]
fn behind_inspection_words_are_likely_refusals_possible_and_other_pages_unknown() {
    let title = "<html><title>Access Denied - Contoso Web Gateway</title>";
    let html = |status, body: &str| {
        let answer = with_header(page(status, "", body), "Server", "Contoso-GW");
        with_header(answer, "Content-Type", "text/html")
    };
    let verdict = |answer| inspected("control", CONTROL, answer).verdict();

    let found = verdict(html(403, title));
    assert_eq!(first(&found), (Status::Fail, Cause::HttpBlockPage, Certainty::Likely));
    let message = &found.findings[0].message;
    let quoted = "HTTP 403, Server: Contoso-GW, title \"Access Denied - Contoso Web Gateway\"";
    assert!(message.ends_with(quoted), "{message}");
    let evidence = found.findings[0].evidence.join("\n");
    for line in ["HTTP 403", "Content-Type: text/html", "Server: Contoso-GW", "title: Access"] {
        assert!(evidence.contains(line), "{line}: {evidence}");
    }

    let found = verdict(html(403, "<html>no"));
    assert_eq!(first(&found), (Status::Fail, Cause::HttpBlockPage, Certainty::Possible));
    assert_eq!(found.findings[0].rivals, [Cause::TlsIntercepted]);

    let found = verdict(html(200, "<html>Notice"));
    assert_eq!(found.status, Status::Unknown, "{found:#?}");
    assert_eq!(found.cause, Some(Cause::TlsIntercepted));
    assert_eq!(found.findings[0].rivals, [Cause::HttpBlockPage]);

    // The service's own: data, a page of its front, a redirect within its domains.
    let front = "<h2>Not Found</h2><hr><p>HTTP Error 404. The requested resource is not found.</p>";
    let own = |answer| {
        let found = verdict(answer);
        assert_eq!((found.status, found.cause), (Status::Warn, Some(Cause::TlsIntercepted)));
    };
    own(with_header(page(403, "", "{}"), "Content-Type", "application/json"));
    own(page(404, "Not Found", ""));
    own(with_header(page(404, "Not Found", front), "Server", "Microsoft-HTTPAPI/2.0"));
    let moved = with_header(page(302, "Found", "<html>moved"), "Content-Type", "text/html");
    own(with_header(moved, "Location", "https://adf.datafactory.azure.net/"));
    let relay = inspected("relay", RELAY, relay_feed()).verdict();
    assert_eq!((relay.status, relay.cause), (Status::Warn, Some(Cause::TlsIntercepted)));
}

#[test]
fn a_page_in_clear_text_where_tls_was_asked_for_is_a_block_page_with_its_words() {
    let found = |bytes: &[u8]| {
        let kind = TlsFailureKind::NotTls { first_bytes: bytes.to_vec() };
        let failure = Failure::Tls(TlsFailure { kind, presented: None });
        let probe = Probe::of("control", CONTROL).asks(gives(&["40.74.24.70"]));
        probe.goes("40.74.24.70", |way| way.tcp().fails(failure, 20)).verdict()
    };
    let gateway = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 113\r\nServer: Contoso-GW\r\n\r\n\
        <html><title>Access Denied - Contoso Web Gateway</title><p>Ask the service desk.";
    let verdict = found(gateway);
    assert_eq!(first(&verdict), (Status::Fail, Cause::HttpBlockPage, Certainty::Likely));
    let message = &verdict.findings[0].message;
    let quoted = "HTTP 403, Server: Contoso-GW, title \"Access Denied - Contoso Web Gateway\"";
    assert!(message.ends_with(quoted), "{message}");

    // Words that nobody knows, and a status that nobody says to a bad request.
    let silent = b"HTTP/1.1 403 No\r\nServer: fw01\r\n\r\n<html><title>Nein</title>";
    assert_eq!(found(silent).findings[0].cause, Cause::HttpBlockPage);
    assert_eq!(found(silent).findings[0].rivals, [Cause::TlsNotTls]);
    // A web server without TLS calls a ClientHello a bad request.
    let server = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html><title>400 Bad Request\
        </title>";
    let verdict = found(server);
    assert_eq!(first(&verdict), (Status::Fail, Cause::TlsNotTls, Certainty::Proven));
    let message = &verdict.findings[0].message;
    assert!(message.ends_with("HTTP 400, Server: nginx, title \"400 Bad Request\""), "{message}");
}

/// A relay that works, with a host that its chain names for revocation lists.
fn revocation(shown: &str, path: Option<&str>, answer: HttpAnswer) -> Verdict {
    let name = HostName::parse("crl3.digicert.com").unwrap();
    let mut open = OpenTrail::new(Route::Direct, socket("152.199.19.160:80"), noon());
    open.pass(Seen::Tcp, ms(9));
    open.pass(Seen::Http(Box::new(answer)), ms(8));
    let host = RevocationHost {
        lookups: vec![Arc::new(gives(&["152.199.19.160"]).of(&name))],
        host: Host::Name(name),
        port: 80,
        path: path.map(str::to_owned),
        trails: vec![open.complete()],
    };
    let session = naming(azure(RELAY), &[shown]);
    let probe = Probe::of("relay", RELAY).asks(gives(&["40.112.72.101"]));
    let probe = probe
        .goes("40.112.72.101", |way| way.tcp().tls(session).http(relay_feed()).done())
        .followed_up(|asked| asked.revocation = vec![Arc::new(host)]);
    probe.verdict()
}

#[test]
fn a_page_is_no_revocation_list() {
    let url = "http://crl3.digicert.com/G2.crl";
    for answer in answers() {
        let verdict = revocation(url, Some("/G2.crl"), answer.clone());
        assert_eq!(verdict.cause, Some(Cause::TlsRevocationUnreachable), "{answer:?}");
    }
    let list =
        with_header(page(200, "OK", "0\u{fffd}\u{1}"), "Content-Type", "application/pkix-crl");
    assert_eq!(revocation(url, Some("/G2.crl"), list).status, Status::Pass);
    // Records of earlier versions asked for `/`, where a web server's own page is an answer.
    let own = page(404, "Not Found", "<html><title>404</title>");
    assert_eq!(revocation(url, None, own).status, Status::Pass);
    let blocked = page(200, "OK", "<p>This page has been blocked by Kerio Control");
    let verdict = revocation(url, None, blocked);
    assert_eq!(verdict.cause, Some(Cause::TlsRevocationUnreachable));
    assert!(verdict.findings[0].remedy.contains("web filter"), "{verdict:#?}");
}

/// Records of earlier versions hold hosts that any certificate named, at any port.
#[test]
fn what_no_verified_chain_names_is_never_advised() {
    let silent = |host: &str, port| {
        let remote = format!("152.199.19.160:{port}");
        let open = OpenTrail::new(Route::Direct, socket(&remote), noon());
        let silence = pathproof::model::TimeoutBy::Ours(ms(5_000));
        let failure = Failure::Tcp(pathproof::model::TcpFailure::TimedOut(silence));
        let trails = vec![open.fail(failure, ms(5_000))];
        let host = Host::parse(host).unwrap();
        Arc::new(RevocationHost { host, port, path: None, lookups: Vec::new(), trails })
    };
    let urls =
        ["http://crl3.digicert.com/a", "http://127.0.0.9:8081/x", "http://pki.contoso.com:9999/"];
    let verdict = |trust: ChainTrust| {
        let shown =
            chain(&[RELAY], "CN=Anybody", trust, ChainTrust::UnknownIssuer, Validity::Current);
        let asked = vec![
            silent("crl3.digicert.com", 80),
            silent("127.0.0.9", 8081),
            silent("pki.contoso.com", 9999),
            silent("nobody-named.me", 80),
        ];
        Probe::of("relay", RELAY)
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| {
                way.tcp().tls(naming(shown, &urls)).http(relay_feed()).done()
            })
            .followed_up(|follow_ups| follow_ups.revocation = asked)
            .verdict()
    };
    let trusted = verdict(ChainTrust::Trusted);
    assert_eq!(trusted.cause, Some(Cause::TlsRevocationUnreachable));
    let text = format!("{:?}", trusted.findings);
    assert!(
        text.contains("to crl3.digicert.com (152.199.19.160), where the certificates"),
        "{text}"
    );
    for never in ["127.0.0.9", "pki.contoso.com", "nobody-named"] {
        assert!(!text.contains(never), "{text}");
    }
    let untrusted = verdict(ChainTrust::UnknownIssuer);
    assert!(untrusted.findings.iter().all(|found| found.cause != Cause::TlsRevocationUnreachable));
}

/// A private mirror that a public authority's name leads to is not asked, and says nothing.
#[test]
fn a_host_that_was_not_asked_is_no_finding() {
    let verdict = |address: &str| {
        let name = HostName::parse("crl3.digicert.com").unwrap();
        let host = RevocationHost {
            lookups: vec![Arc::new(gives(&[address]).of(&name))],
            host: Host::Name(name),
            port: 80,
            path: Some("/G2.crl".to_owned()),
            trails: Vec::new(),
        };
        let session = naming(azure(RELAY), &["http://crl3.digicert.com/G2.crl"]);
        let probe = Probe::of("relay", RELAY).asks(gives(&["40.112.72.101"]));
        let probe = probe
            .goes("40.112.72.101", |way| way.tcp().tls(session).http(relay_feed()).done())
            .followed_up(|asked| asked.revocation = vec![Arc::new(host)]);
        let record = probe.kind(Kind::Relay).record();
        diagnose::verdict(&record, &run(), &diagnose::ranges_unknown).status
    };
    assert_eq!(verdict("10.9.9.9"), Status::Pass);
    // Nobody answers there, whoever asks.
    assert_eq!(verdict("0.0.0.0"), Status::Warn);
}
