//! Each row names what it was taken from:
//! `doc` curl's manual page `CURLOPT_NOPROXY(3)`, `1614` curl's `tests/unit/unit1614.c`, `c` curl's
//! `lib/noproxy.c`; `go doc` the comment of `httpproxy.Config.NoProxy`, `go test` its
//! `proxy_test.go`, `go` its `proxy.go`; `net test` .NET's `HttpEnvironmentProxyTest.cs`, `net` its
//! `HttpEnvironmentProxy.cs`; `winhttp` the page of `WINHTTP_PROXY_INFO`, `ie` Internet Explorer's
//! exceptions as Microsoft describes them.

use proptest::prelude::*;

use super::*;

/// List, URL, position of the rule that sends it direct (0: built in), source.
type Row = (&'static str, &'static str, Option<usize>, &'static str);

fn check(dialect: NoProxyDialect, rows: &[Row]) {
    for (list, url, expected, source) in rows {
        let (scheme, host, port) = split(url);
        let found = NoProxy::parse(list, dialect).decide(&host, port, scheme);
        let found = found.map(|matched| match matched {
            BypassMatch::Rule { index, .. } => index,
            BypassMatch::BuiltIn(_) => 0,
        });
        assert_eq!(found, *expected, "{dialect}: '{list}' for {url} ({source})");
    }
}

fn split(url: &str) -> (Scheme, Host, u16) {
    let (scheme, rest) = match url.split_once("://") {
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        _ => panic!("no scheme in {url}"),
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap()),
        _ => (rest, scheme.default_port()),
    };
    (scheme, Host::parse(host).unwrap(), port)
}

#[test]
fn curl() {
    check(
        NoProxyDialect::Curl,
        &[
            ("*", "https://www.example.com", Some(1), "doc: the only wildcard"),
            ("*", "https://[::1]", Some(1), "doc"),
            ("ample.com", "https://ample.com", Some(1), "doc"),
            ("ample.com", "https://ample.com:80", Some(1), "doc"),
            ("ample.com", "https://www.ample.com", Some(1), "doc"),
            ("ample.com", "https://www.example.com", None, "doc"),
            ("ample.com", "https://ample.com.org", None, "doc"),
            ("", "https://example.com", None, "doc: the proxy for all"),
            ("example.com,::1,localhost", "https://[::1]", Some(2), "doc: without brackets"),
            ("example.com,::1,localhost", "https://localhost", Some(3), "doc"),
            ("[::1]", "https://[::1]", None, "doc: without brackets"),
            ("192.168.0.0/16", "https://192.168.7.7", Some(1), "doc: CIDR"),
            ("localhost,.example.com,.example.de", "https://www.example.com", Some(2), "1614"),
            ("localhost,.example.com,.example.de", "https://example.com", Some(2), "1614"),
            ("localhost,.example.com.,.example.de", "https://www.example.com", Some(2), "1614"),
            ("localhost,www.example.com.,.example.de", "https://www.example.com", Some(2), "1614"),
            ("127.0.0.1/8,localhost,", "https://127.0.0.1", Some(1), "1614"),
            ("127.0.0.1/31,localhost,", "https://127.0.0.1", Some(1), "1614"),
            ("foobar", "https://192.168.0.1", None, "1614"),
            ("barfoo", "https://foobar", None, "1614"),
            ("192.168.0.0/32", "https://192.168.0.1", None, "1614"),
            ("192.168.0.0", "https://192.168.0.1", None, "1614"),
            ("foo, bar, 192.168.0.0/24", "https://192.168.1.1", None, "1614"),
            ("foo, bar, 192.168.0.0/16", "https://192.168.1.1", Some(3), "1614"),
            ("foo, bar, ::1/64", "https://[::1]", Some(3), "1614"),
            ("foo,,,,,              bar, ::1/64", "https://BAr", Some(2), "1614"),
            ("192.160.0.1/33", "https://192.160.0.1", None, "1614"),
            (".example.com, .example.net", "https://nonexample.com", None, "1614"),
            ("0.0.0.0/0", "https://10.0.0.1", None, "c: no bits are all bits"),
            ("*.example.com", "https://www.example.com", None, "doc: the only wildcard"),
            ("a.com,*", "https://b.com", None, "c: '*' counts alone"),
            ("example.com:443", "https://example.com", None, "c: no ports"),
            ("a.com b.com", "https://a.com", Some(1), "c"),
            ("a.com b.com", "https://b.com", None, "c: a blank without a comma ends the list"),
            ("a.com b.com,c.com", "https://c.com", None, "c"),
            ("0.0.1", "https://10.0.0.1", None, "c: addresses match addresses only"),
            ("a.com", "https://127.0.0.1", None, "c: loopback is nothing special"),
        ],
    );
}

#[test]
fn go() {
    const TESTED: &str = "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, \
         192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, \
         [2001:db8::52:0:3]:80, 2002:db8:a::45/64";
    check(
        NoProxyDialect::Go,
        &[
            (TESTED, "http://localhost", Some(0), "go test"),
            (TESTED, "http://127.0.0.2", Some(0), "go test"),
            (TESTED, "http://[::1]", Some(0), "go test"),
            (TESTED, "http://[::2]", None, "go test: not loopback"),
            (TESTED, "http://192.168.1.1", Some(4), "go test"),
            (TESTED, "http://192.168.1.2", None, "go test: another port"),
            (TESTED, "http://192.168.1.3", Some(6), "go test"),
            (TESTED, "http://192.168.1.4", None, "go test"),
            (TESTED, "http://10.0.0.2", Some(7), "go test"),
            (TESTED, "http://[2001:db8::52:0:1]", Some(8), "go test"),
            (TESTED, "http://[2001:db8::52:0:2]", None, "go test: another port"),
            (TESTED, "http://[2001:db8::52:0:3]", Some(10), "go test"),
            (TESTED, "http://[2002:db8:a::123]", Some(11), "go test"),
            (TESTED, "http://[fe80::424b:c8be:1643:a1b6]", None, "go test"),
            (TESTED, "http://barbaz.net", None, "go test: subdomains only"),
            (TESTED, "http://www.barbaz.net", Some(2), "go test"),
            (TESTED, "http://foobar.com", Some(1), "go test"),
            (TESTED, "http://www.foobar.com", Some(1), "go test"),
            (TESTED, "http://foofoobar.com", None, "go test"),
            (TESTED, "http://localhost.net", None, "go test"),
            (TESTED, "http://local.localhost", None, "go test"),
            (TESTED, "http://wildcard.io", None, "go test"),
            (TESTED, "http://nested.wildcard.io", Some(3), "go test"),
            (TESTED, "http://awildcard.io", None, "go test"),
            ("*", "https://anything.example", Some(1), "go doc"),
            ("a.com, *", "https://b.com", Some(2), "go: '*' in any position"),
            (":1", "http://example.com", None, "go test: no panic, no match"),
            ("1.2.3.4/8", "http://1.9.9.9", Some(1), "go doc: a prefix in CIDR notation"),
            ("1.2.3.4:80", "http://1.2.3.4", Some(1), "go doc"),
            ("1.2.3.4:80", "https://1.2.3.4", None, "go doc"),
            ("foo.com:443", "https://bar.foo.com", Some(1), "go doc: a literal port"),
            ("foo.com:443", "https://bar.foo.com:8443", None, "go doc"),
            (".y.com", "https://x.y.com", Some(1), "go doc"),
            (".y.com", "https://y.com", None, "go doc"),
            ("示例.com", "http://www.xn--fsq092h.com", Some(1), "go test"),
            ("xn--fsq092h.com", "http://www.示例.com", Some(1), "go test"),
            ("EXAMPLE.com", "http://www.example.COM", Some(1), "go: lower case"),
            ("[::9]", "http://[::9]", None, "go: brackets need a port"),
            ("10.0.0.1", "http://[::ffff:10.0.0.1]", Some(1), "go: net.IP.Equal"),
            ("0.0.1", "http://10.0.0.1", Some(1), "go: a suffix is a suffix"),
            ("*.*.com", "http://a.b.com", None, "go"),
        ],
    );
}

#[test]
fn dotnet() {
    check(
        NoProxyDialect::DotNet,
        &[
            (".test.com,, foo.com", "http://foo.com", Some(2), "net test"),
            (".test.com,, foo.com", "https://foo.com", Some(2), "net test"),
            (".test.com,, foo.com", "http://test.com", Some(1), "net test (the page says no)"),
            (".test.com,, foo.com", "http://1test.com", None, "net test"),
            (".test.com,, foo.com", "http://www.test.com", Some(1), "net test"),
            (".test.com, foo.com", "http://atest.com", None, "net test"),
            ("example.com", "https://www.example.com", None, "page of HttpClient.DefaultProxy"),
            ("example.com", "https://example.com", Some(1), "page of HttpClient.DefaultProxy"),
            ("*", "https://example.com", None, "page: asterisks are not supported"),
            ("*.example.com", "https://www.example.com", None, "page"),
            ("example.com:443", "https://example.com", None, "net: Uri.Host has no port"),
            ("10.0.0.0/8", "https://10.0.0.1", None, "net: text alone"),
            ("10.0.0.1", "https://10.0.0.1", Some(1), "net: text alone"),
            ("[2001:db8::1]", "https://[2001:db8::1]", Some(1), "net: Uri.Host has brackets"),
            ("2001:db8::1", "https://[2001:db8::1]", None, "net: Uri.Host has brackets"),
            ("FOO.com", "https://foo.COM", Some(1), "net: OrdinalIgnoreCase"),
            ("a.com;b.com", "https://b.com", None, "net: commas only"),
            ("a.com", "https://localhost", None, "net: loopback is nothing special"),
        ],
    );
}

#[test]
fn wininet() {
    check(
        NoProxyDialect::WinInet,
        &[
            ("<local>", "https://intranet", Some(1), "winhttp: no period"),
            ("<local>", "https://intranet.contoso.com", None, "winhttp"),
            ("<local>", "https://[2001:db8::1]", None, "ie: names, not addresses"),
            ("a.com;b.com", "https://b.com", Some(2), "winhttp: semicolons"),
            ("a.com b.com", "https://b.com", Some(2), "winhttp: or white space"),
            ("contoso.com", "https://www.contoso.com", None, "ie: a name is itself alone"),
            ("*.contoso.com", "https://www.contoso.com", Some(1), "ie"),
            ("*.contoso.com", "https://contoso.com", None, "ie"),
            ("*contoso.com", "https://contoso.com", Some(1), "ie"),
            ("157.54.*", "https://157.54.100.200", Some(1), "ie: KB262981"),
            ("157.54.*", "https://157.55.100.200", None, "ie: KB262981"),
            ("http://*.contoso.com", "http://www.contoso.com", Some(1), "ie: a protocol"),
            ("http://*.contoso.com", "https://www.contoso.com", None, "ie: a protocol"),
            ("http://contoso.com:8080", "http://contoso.com:8080", Some(1), "ie: a port"),
            ("http://contoso.com:8080", "http://contoso.com", None, "ie: a port"),
            ("", "https://localhost", Some(0), "ie: loopback goes direct"),
            ("", "https://127.0.0.1", Some(0), "ie"),
            ("<-loopback>", "https://127.0.0.1", None, "ie: unless taken out"),
            ("<-loopback>;127.*", "https://127.0.0.1", Some(2), "ie"),
            ("*", "https://anything.example", Some(1), "ie"),
            ("a*b*.net", "https://axxb.net", Some(1), "ie: '*' anywhere"),
            ("a*b*.net", "https://axxc.net", None, "ie"),
            ("ab*ba", "https://aba", None, "ie: the ends do not overlap"),
            ("10.0.0.0/8", "https://10.0.0.1", None, "ie: no CIDR"),
            ("Contoso.COM", "https://contoso.com", Some(1), "ie: whatever the case"),
        ],
    );
}

#[test]
fn what_can_match_nothing_is_said() {
    for (dialect, list, expected) in [
        (NoProxyDialect::Curl, "a.com,*.b.com,c:443,[::1],10.0.0.0/99", vec![2, 3, 4, 5]),
        (NoProxyDialect::Curl, "a.com b.com,c.com", vec![2, 3]),
        (NoProxyDialect::Go, "a.com,*.*.b,:1,a:http,[::1]", vec![2, 3, 4, 5]),
        (NoProxyDialect::DotNet, "a.com,*,b:1,10.0.0.0/8,::1", vec![2, 3, 4, 5]),
        (NoProxyDialect::WinInet, "a.com;ftp://b;c/d;e:x", vec![2, 3, 4]),
    ] {
        let list = NoProxy::parse(list, dialect);
        let found: Vec<usize> = list.ignored().iter().map(|entry| entry.index).collect();
        assert_eq!(found, expected, "{dialect}: {:?}", list.ignored());
    }
}

proptest! {
    #[test]
    fn no_list_panics(list in "\\PC{0,60}", plausible in "[a-z0-9.*:/,;<>\\[\\] -]{0,60}") {
        use NoProxyDialect::{Curl, DotNet, Go, WinInet};
        let hosts = ["a.b", "10.0.0.1", "[::1]"].map(|host| Host::parse(host).unwrap());
        for dialect in [Curl, Go, DotNet, WinInet] {
            for text in [&list, &plausible] {
                let list = NoProxy::parse(text, dialect);
                for host in &hosts {
                    let _ = list.decide(host, 443, Scheme::Https);
                }
            }
        }
    }

    /// The names this program suggests must go direct whoever reads the list.
    #[test]
    fn a_full_name_goes_direct_in_every_dialect(
        name in "[a-z]{1,8}(\\.[a-z]{1,8}){1,3}",
        other in "[a-z]{9,12}\\.[a-z]{1,8}",
    ) {
        let host = Host::parse(&name).unwrap();
        for (dialect, separator) in [
            (NoProxyDialect::Curl, ","), (NoProxyDialect::Go, ","), (NoProxyDialect::DotNet, ","), (NoProxyDialect::WinInet, ";"),
        ] {
            let list = NoProxy::parse(&format!("{other}{separator}{name}"), dialect);
            prop_assert_eq!(
                list.decide(&host, 443, Scheme::Https),
                Some(BypassMatch::Rule { index: 2, text: name.clone() })
            );
        }
    }
}
