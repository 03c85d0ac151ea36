use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// A Wednesday, 23:30:15 in a zone two hours ahead of UTC.
const NOW: &str = "2026-07-15T23:30:15+02:00[+02:00]";

/// Knows a few names, and a clock that goes on by a millisecond whenever it is looked at.
fn surroundings() -> PacSurroundings {
    let looked = Cell::new(0);
    PacSurroundings {
        resolve: Box::new(|name| match name {
            "v4.test" => vec!["10.1.2.3".parse().unwrap()],
            "both.test" => vec!["192.0.2.9".parse().unwrap(), "2001:db8::9".parse().unwrap()],
            "v6.test" => vec!["2001:db8::6".parse().unwrap()],
            _ => Vec::new(),
        }),
        own_addresses: vec!["2001:db8::1".parse().unwrap(), "10.50.1.10".parse().unwrap()],
        clock: Box::new(move || {
            looked.set(looked.get() + 1);
            Duration::from_millis(looked.get())
        }),
    }
}

fn load(source: &str) -> Result<PacScript, PacError> {
    load_within(source, PacLimits { time: Duration::from_millis(200), ..PacLimits::default() })
}

fn load_within(source: &str, limits: PacLimits) -> Result<PacScript, PacError> {
    PacScript::load(source.as_bytes(), surroundings(), limits, &NOW.parse().unwrap())
}

fn ask(script: &PacScript, host: &str) -> PacEvaluation {
    script.evaluate(&Host::parse(host).unwrap(), 443, Scheme::Https, &NOW.parse().unwrap())
}

/// The routes of the answer, or the error.
fn shown(script: &PacScript, host: &str) -> String {
    match ask(script, host).answer {
        Ok(answer) => {
            let routes = answer.choices.iter().filter_map(PacChoice::route);
            routes.map(|route| route.to_string()).collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    }
}

fn body(statements: &str) -> String {
    format!("function FindProxyForURL(url, host) {{ {statements} }}")
}

#[test]
fn functions_do_what_their_documents_say() {
    for (expression, expected) in [
        // Netscape's "Proxy Auto-Config File Format", with its own examples.
        ("isPlainHostName('www')", "true"),
        ("isPlainHostName('www.netscape.com')", "false"),
        ("isPlainHostName('2001:db8::1')", "false"),
        ("dnsDomainIs('www.netscape.com', '.netscape.com')", "true"),
        ("dnsDomainIs('www', '.netscape.com')", "false"),
        ("dnsDomainIs('www.mcom.com', '.netscape.com')", "false"),
        ("localHostOrDomainIs('www.netscape.com', 'www.netscape.com')", "true"),
        ("localHostOrDomainIs('www', 'www.netscape.com')", "true"),
        ("localHostOrDomainIs('www.mcom.com', 'www.netscape.com')", "false"),
        ("localHostOrDomainIs('home.netscape.com', 'www.netscape.com')", "false"),
        ("isResolvable('v4.test')", "true"),
        ("isResolvable('none.test')", "false"),
        ("isResolvable('v6.test')", "false"),
        ("isInNet('10.1.2.3', '10.0.0.0', '255.0.0.0')", "true"),
        ("isInNet('v4.test', '10.1.0.0', '255.255.0.0')", "true"),
        ("isInNet('v4.test', '10.2.0.0', '255.255.0.0')", "false"),
        ("isInNet('none.test', '0.0.0.0', '0.0.0.0')", "false"),
        ("isInNet('v4.test', 'nonsense', '255.0.0.0')", "false"),
        ("isInNet('10.1.2.3', '192.0.0.0', '192.0.0.0')", "false"),
        ("isInNet('200.1.2.3', '192.0.0.0', '192.0.0.0')", "true"),
        ("isInNet('both.test', '192.0.2.0', '255.255.255.0')", "true"),
        ("isInNet('v6.test', '0.0.0.0', '0.0.0.0')", "false"),
        ("dnsResolve('v4.test')", "10.1.2.3"),
        ("dnsResolve('none.test')", "null"),
        ("convert_addr('104.16.41.2')", "1745889538"),
        ("myIpAddress()", "10.50.1.10"),
        ("dnsDomainLevels('www')", "0"),
        ("dnsDomainLevels('mcom.com')", "1"),
        ("dnsDomainLevels('www.mcom.com')", "2"),
        ("shExpMatch('http://home.netscape.com/people/ari/index.html', '*/ari/*')", "true"),
        ("shExpMatch('http://home.netscape.com/people/montulli/index.html', '*/ari/*')", "false"),
        ("shExpMatch('a.b', 'a?b')", "true"),
        ("shExpMatch('axb', 'a.b')", "false"),
        ("shExpMatch('a.b.c', '*.b.c')", "true"),
        ("shExpMatch('b.c', '*.b.c')", "false"),
        ("shExpMatch('a.b.c', '*.?.c')", "true"),
        ("shExpMatch('xa.b', 'a.b')", "false"),
        ("shExpMatch('a(b', 'a(b')", "true"),
        // Days: NOW is a Wednesday here and in Greenwich.
        ("weekdayRange('WED')", "true"),
        ("weekdayRange('MON', 'FRI')", "true"),
        ("weekdayRange('THU', 'FRI')", "false"),
        ("weekdayRange('SAT', 'WED')", "true"),
        ("weekdayRange('fri', 'mon')", "false"),
        ("weekdayRange('WED', 'GMT')", "true"),
        ("weekdayRange('Wednesday')", "false"),
        // Dates: the 15th of July 2026.
        ("dateRange(15)", "true"),
        ("dateRange(16)", "false"),
        ("dateRange(1, 15)", "true"),
        ("dateRange(20, 15)", "true"),
        ("dateRange('JUL')", "true"),
        ("dateRange('JAN', 'MAR')", "false"),
        ("dateRange('NOV', 'JUL')", "true"),
        ("dateRange(2026)", "true"),
        ("dateRange(2020, 2025)", "false"),
        ("dateRange(1, 'JUN', 15, 'AUG')", "true"),
        ("dateRange(16, 'JUL', 15, 'AUG')", "false"),
        ("dateRange('JUN', 2025, 'JUL', 2026)", "true"),
        ("dateRange('AUG', 2025, 'JUN', 2026)", "false"),
        ("dateRange(1, 'OCT', 2020, 15, 'JUL', 2026)", "true"),
        ("dateRange(15, 'JUL', 2026)", "true"),
        ("dateRange(24, 'DEC', 1995)", "false"),
        ("dateRange(15, 'GMT')", "true"),
        ("dateRange()", "false"),
        // Times: 23:30:15 here, 21:30:15 in Greenwich.
        ("timeRange(23)", "true"),
        ("timeRange(21, 'GMT')", "true"),
        ("timeRange(9, 17)", "false"),
        ("timeRange(22, 2)", "true"),
        ("timeRange(22, 0, 23, 30)", "true"),
        ("timeRange(22, 0, 23, 29)", "false"),
        ("timeRange(23, 30, 15, 23, 30, 15)", "true"),
        ("timeRange(23, 30, 16, 23, 40, 0)", "false"),
        ("timeRange(20, 0, 22, 0, 'GMT')", "true"),
        ("timeRange('x')", "false"),
        // Microsoft's "IPv6-Aware Proxy Helper API Definitions".
        ("isResolvableEx('v6.test')", "true"),
        ("isResolvableEx('none.test')", "false"),
        ("dnsResolveEx('both.test')", "2001:db8::9;192.0.2.9"),
        ("dnsResolveEx('none.test') === ''", "true"),
        ("myIpAddressEx()", "2001:db8::1;10.50.1.10"),
        ("isInNetEx('2001:db8::6', '2001:db8::/32')", "true"),
        ("isInNetEx('v6.test', '2001:db9::/32')", "false"),
        ("isInNetEx('both.test', '192.0.2.0/24')", "true"),
        ("sortIpAddressList('10.2.0.1;2001:db8::2;10.1.0.1')", "2001:db8::2;10.1.0.1;10.2.0.1"),
        ("sortIpAddressList('10.2.0.1;x')", "false"),
        ("getClientVersion()", "1.0"),
        // The clock of the cage.
        ("new Date().getTime() === Date.now() && Date.now()", "1784151015000"),
        ("new Date(0).getTime()", "0"),
        ("new Date() instanceof Date", "true"),
        ("Date.UTC(1970, 0, 1)", "0"),
        ("alert('x')", "undefined"),
        (
            "typeof require + typeof process + typeof std + typeof os",
            "undefinedundefinedundefinedundefined",
        ),
    ] {
        // The value travels as a thrown text.
        let script = load(&body(&format!("throw String({expression})"))).unwrap();
        let found = ask(&script, "www.contoso.com").answer.unwrap_err().kind;
        assert_eq!(found, PacErrorKind::Threw(expected.to_owned()), "{expression}");
    }
}

#[test]
fn a_script_is_given_the_url_and_the_host() {
    let script = load(&body("throw url + ' ' + host")).unwrap();
    let now = NOW.parse().unwrap();
    for (host, port, scheme, expected) in [
        ("www.contoso.com", 443, Scheme::Https, "https://www.contoso.com/ www.contoso.com"),
        ("www.contoso.com", 8443, Scheme::Https, "https://www.contoso.com:8443/ www.contoso.com"),
        ("crl.contoso.com", 80, Scheme::Http, "http://crl.contoso.com/ crl.contoso.com"),
        ("2001:db8::1", 443, Scheme::Https, "https://[2001:db8::1]/ 2001:db8::1"),
    ] {
        let found = script.evaluate(&Host::parse(host).unwrap(), port, scheme, &now).answer;
        assert_eq!(found.unwrap_err().kind, PacErrorKind::Threw(expected.to_owned()));
    }
}

#[test]
fn answers() {
    for (statements, expected) in [
        ("return 'PROXY p:3128; SOCKS5 s:1080; DIRECT'", "http://p:3128 socks5://s:1080 direct"),
        ("return null", "direct"),
        ("return", "direct"),
        ("return ''", "direct"),
        ("return 5", "the script returned int, not a text like 'PROXY host:port' or 'DIRECT'"),
        ("return {}", "the script returned object, not a text like 'PROXY host:port' or 'DIRECT'"),
        ("if (shExpMatch(host, '*.servicebus.windows.net')) return 'PROXY p:1'", "http://p:1"),
    ] {
        let script = load(&body(statements)).unwrap();
        assert_eq!(shown(&script, "x.servicebus.windows.net"), expected, "{statements}");
    }
    // Windows prefers the function for IPv6.
    let both = "function FindProxyForURL(u, h) { return 'PROXY a:1' }\n\
                function FindProxyForURLEx(u, h) { return 'PROXY b:1' }";
    assert_eq!(shown(&load(both).unwrap(), "x"), "http://b:1");
}

#[test]
fn every_question_is_recorded_once() {
    let script = load(&body(
        "dnsResolve('v4.test'); isInNet('v4.test', '10.0.0.0', '255.0.0.0'); \
         isResolvable('none.test'); dnsResolve('192.0.2.1'); dnsResolveEx('[2001:db8::1]'); \
         return 'DIRECT'",
    ))
    .unwrap();
    let expected = [
        PacQuestion { name: "v4.test".to_owned(), addresses: vec!["10.1.2.3".parse().unwrap()] },
        PacQuestion { name: "none.test".to_owned(), addresses: Vec::new() },
    ];
    // A second evaluation asks anew, and reports its own questions.
    assert_eq!(ask(&script, "a").questions, expected);
    assert_eq!(ask(&script, "b").questions, expected);
    let first = load(&body("isInNet(host, '0.0.0.0', '0.0.0.0'); return 'DIRECT'")).unwrap();
    for _ in 0..2 {
        assert_eq!(ask(&first, "v4.test").questions, expected[..1]);
    }
    let throws = load(&body("dnsResolve('v4.test'); throw 1")).unwrap();
    assert_eq!(ask(&throws, "a").questions, expected[..1]);
}

#[test]
fn faults_are_named_with_their_line() {
    for (source, line, part) in [
        ("", None, "empty"),
        (" \n", None, "empty"),
        ("<!DOCTYPE html><html></html>", None, "web page"),
        ("\n<HTML>", None, "web page"),
        (
            "var x = 1;\nfunction FindProxyForURL(u, h) {\n  retrn 'x' \n}",
            Some(3),
            "not JavaScript",
        ),
        ("var x = 1;", None, "no function FindProxyForURL"),
        ("var FindProxyForURL = 5;", None, "no function"),
        ("var a;\n\nnothing.at.all();", Some(3), "ReferenceError: "),
        ("while (true) {}", None, "stopped after 200 ms"),
        ("var a = 'x'; while (true) a += a;", Some(1), "string too long"),
        ("var a = []; while (true) a.push('x'.repeat(1 << 20));", Some(1), "used up its memory"),
        ("a\0b", None, ""),
    ] {
        let error = load(source).unwrap_err();
        assert!(error.to_string().contains(part), "{source}: {error}");
        assert_eq!(error.line, line, "{source}: {error}");
    }
    for (statements, line, part) in [
        ("\n  throw new Error('boom')", Some(2), "threw: Error: boom"),
        ("\n\n nope()", Some(3), "ReferenceError"),
        ("throw 'text'", None, "threw: text"),
        ("throw null", None, "memory"),
        ("while (true) {}", None, "stopped after 200 ms"),
        ("try { while (true) {} } catch (e) { return 'DIRECT' }", None, "stopped"),
        ("/(x+x+)+y/.test('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')", None, "stopped"),
        ("var a = []; while (true) a.push('x'.repeat(1 << 20))", None, "memory"),
        ("return FindProxyForURL(url, host)", None, "stack"),
        ("for (var i = 0; ; i++) dnsResolve('a' + i)", None, "more than 64 names"),
        (
            "for (var i = 0; i < 100; i++) dnsResolve('a' + i); return 'DIRECT'",
            None,
            "more than 64 names",
        ),
    ] {
        let script = load(&body(statements)).unwrap();
        let error = ask(&script, "www.contoso.com").answer.unwrap_err();
        assert!(error.to_string().contains(part), "{statements}: {error}");
        if line.is_some() {
            assert_eq!(error.line, line, "{statements}: {error}");
        }
    }
}

#[test]
fn a_script_that_was_stopped_can_be_asked_again() {
    let script = load(&body("if (host == 'loop') while (true) {} return 'PROXY p:1'")).unwrap();
    assert_eq!(shown(&script, "loop"), "the script was stopped after 200 ms");
    assert_eq!(shown(&script, "other"), "http://p:1");
}

#[test]
fn sources_of_every_encoding_are_read() {
    let load = |bytes: &[u8]| {
        let now = NOW.parse().unwrap();
        PacScript::load(bytes, surroundings(), PacLimits::default(), &now)
    };
    let text = body("return 'PROXY p:1' /* für */");
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for bytes in [text.clone().into_bytes(), latin, [b"\xef\xbb\xbf", text.as_bytes()].concat()] {
        assert_eq!(shown(&load(&bytes).unwrap(), "x"), "http://p:1");
    }
    let error = load(&vec![b' '; 5 << 20]).unwrap_err();
    assert_eq!(error.kind, PacErrorKind::TooLong(5 << 20));
}

/// Files that people use have 14,000 lines: names below each suffix, and the walk over them.
#[test]
fn a_file_of_14_000_lines_is_evaluated() {
    let mut source = "var direct = 'DIRECT;', wall = 'SOCKS5 127.0.0.1:1080;';\n".to_owned();
    source.push_str("var own = {\n");
    for suffix in ["am", "biz", "cc", "cn", "com", "net", "org"] {
        writeln!(source, "\"{suffix}\": {{").unwrap();
        for number in 0..2000 {
            writeln!(source, "\"{}\": 1,", number + 126).unwrap();
        }
        source.push_str("\"last\": 1 },\n");
    }
    source.push_str(
        "};
        function isOwn(host) {
            var labels = host.split('.');
            for (var i = labels.length - 2; i >= 0; i--) {
                var names = own[labels.slice(i + 1).join('.')];
                if (names && names[labels[i]] === 1) return true;
            }
            return false;
        }
        function FindProxyForURL(url, host) {
            if (isPlainHostName(host) === true) return direct;
            if (isOwn(host)) return direct;
            var address = dnsResolve(host);
            if (!address) return wall;
            return isInNet(address, '8.8.8.0', '255.255.255.0') ? wall : direct;
        }",
    );
    assert!(source.lines().count() > 14_000);
    let mut surroundings = surroundings();
    surroundings.resolve = Box::new(|name| match name {
        "abroad.test" => vec!["8.8.8.8".parse().unwrap()],
        "near.test" => vec!["8.8.9.8".parse().unwrap()],
        _ => Vec::new(),
    });
    let now = NOW.parse().unwrap();
    let script =
        PacScript::load(source.as_bytes(), surroundings, PacLimits::default(), &now).unwrap();
    for (host, expected, asked) in [
        ("intranet", "direct", 0),
        ("www.126.am", "direct", 0),
        ("www.2125.org", "direct", 0),
        ("abroad.test", "socks5://127.0.0.1:1080", 1),
        ("near.test", "direct", 1),
        ("nowhere.test", "socks5://127.0.0.1:1080", 1),
    ] {
        let found = ask(&script, host);
        assert_eq!(shown(&script, host), expected, "{host}: {found:?}");
        assert_eq!(found.questions.len(), asked, "{host}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_script_panics(
        source in "\\PC{0,60}",
        statements in "[a-z(){};'\"=+.,0-9\\[\\] ]{0,40}",
    ) {
        for text in [source, body(&statements)] {
            if let Ok(script) = load(&text) {
                let _ = ask(&script, "www.contoso.com");
            }
        }
    }
}
