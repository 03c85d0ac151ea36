#![expect(clippy::disallowed_methods, reason = "the time that a long file takes is measured")]

use proptest::prelude::*;

use super::*;

/// The file as the runtime's page of Microsoft shows it with a private endpoint.
const PRIVATE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <startup><supportedRuntime version="v4.0"/></startup>
  <system.net>
    <defaultProxy>
      <bypasslist>
        <add address = "df.westeurope.datafactory.azure.net" />
      </bypasslist>
      <proxy
        usesystemdefault="True"
        proxyaddress="http://proxy.domain.org:8888/"
        bypassonlocal="True"
      />
    </defaultProxy>
  </system.net>
</configuration>
"#;

fn parse(text: &str) -> AgentProxy {
    AgentProxy::parse("diahost.exe.config", text).unwrap()
}

fn section(inner: &str) -> AgentProxy {
    parse(&format!("<configuration><system.net>\n{inner}\n</system.net></configuration>"))
}

fn patterns(read: &AgentProxy) -> Vec<&str> {
    read.default_proxy.as_ref().unwrap().bypass.iter().map(|e| e.pattern.as_str()).collect()
}

#[test]
fn the_documented_file_is_read() {
    let read = parse(PRIVATE);
    assert_eq!(read.faults, []);
    let section = read.default_proxy.unwrap();
    assert_eq!(section.line, 5);
    assert!(section.enabled && !section.use_default_credentials);
    assert_eq!(
        section.bypass,
        [BypassEntry { pattern: "df.westeurope.datafactory.azure.net".to_owned(), line: 7 }]
    );
    assert_eq!(section.proxy.line, 9);
    assert_eq!(section.proxy.use_system_default, Setting::True);
    assert_eq!(section.proxy.bypass_on_local, Setting::True);
    assert_eq!(section.proxy.auto_detect, Setting::Unspecified);
    assert_eq!(
        section.proxy.address.unwrap().meant().unwrap().shown(),
        "http://proxy.domain.org:8888"
    );
}

#[test]
fn the_default_file_and_the_empty_one() {
    let read = section(r#"<defaultProxy useDefaultCredentials="true" />"#);
    let found = read.default_proxy.unwrap();
    assert!(found.use_default_credentials && found.enabled);
    assert_eq!(found.proxy, ProxyElement::default());
    assert_eq!(parse("<configuration/>").default_proxy, None);
    assert!(!section(r#"<defaultProxy enabled="False"/>"#).default_proxy.unwrap().enabled);
}

#[test]
fn add_remove_and_clear_count_in_order() {
    for (list, expected) in [
        (r#"<add address="a"/><add address="b"/>"#, &["a", "b"][..]),
        (r#"<add address="a"/><clear/><add address="b"/>"#, &["b"]),
        (r#"<add address="a"/><add address="b"/><remove address="a"/>"#, &["b"]),
        (r#"<remove address="a"/><add address="a"/>"#, &["a"]),
        (r#"<add address="a"/><remove address="A"/>"#, &["a"]),
        (r#"<add address="a"/><add address="a"/>"#, &["a"]),
        (r#"<add address=""/>"#, &[""]),
        (r#"<add address="a&amp;b&#46;c"/>"#, &["a&b.c"]),
        ("<clear/>", &[]),
    ] {
        let read =
            section(&format!("<defaultProxy><bypasslist>{list}</bypasslist></defaultProxy>"));
        assert_eq!((patterns(&read), &read.faults[..]), (expected.to_vec(), &[][..]), "{list}");
    }
}

#[test]
fn addresses_are_read_as_dotnet_would() {
    let url = |text| ProxyUrl::parse(text).unwrap();
    for (given, expected) in [
        ("http://p:8080", ProxyAddress::Usable(url("http://p:8080"))),
        (" http://p ", ProxyAddress::Usable(url("http://p:80"))),
        ("p.contoso.com:8080", ProxyAddress::NoScheme(url("http://p.contoso.com:8080"))),
        ("https://p:8080", ProxyAddress::WrongScheme(url("https://p:8080"))),
        ("socks5://p:1080", ProxyAddress::WrongScheme(url("socks5://p:1080"))),
        ("http://p:0", ProxyAddress::Malformed(ProxyUrlError::PortZero)),
    ] {
        let read =
            section(&format!(r#"<defaultProxy><proxy proxyaddress="{given}"/></defaultProxy>"#));
        assert_eq!(read.default_proxy.unwrap().proxy.address, Some(expected), "{given}");
    }
    let read = section(r#"<defaultProxy><proxy proxyaddress=""/></defaultProxy>"#);
    assert_eq!(read.default_proxy.unwrap().proxy.address, None);
}

#[test]
fn what_dotnet_refuses_is_named_with_its_line() {
    for (inner, line, part) in [
        ("<defaultproxy/>", 2, "written <defaultProxy>"),
        ("<defaultProxy/>\n<defaultProxy/>", 3, "the first is on line 2"),
        ("<defaultProxy>\n<bypassList/></defaultProxy>", 3, "written 'bypasslist'"),
        ("<defaultProxy>\n<somethingElse/></defaultProxy>", 3, "<somethingElse>"),
        (
            "<defaultProxy>\n<proxy bypassOnLocal='true'/></defaultProxy>",
            3,
            "written 'bypassonlocal'",
        ),
        (
            "<defaultProxy>\n<proxy proxyadress='http://p'/></defaultProxy>",
            3,
            "written 'proxyaddress'",
        ),
        (
            "<defaultProxy>\n<proxy bypassonlocal='yes'/></defaultProxy>",
            3,
            "true, false or unspecified",
        ),
        ("<defaultProxy enabled='1'/>", 2, "expected true or false"),
        (
            "<defaultProxy><bypasslist>\n<add adress='a'/></bypasslist></defaultProxy>",
            3,
            "needs an attribute",
        ),
        (
            "<defaultProxy><bypasslist>\n<delete address='a'/></bypasslist></defaultProxy>",
            3,
            "<delete>",
        ),
        (
            "<defaultProxy><bypasslist>\n<clear address='a'/></bypasslist></defaultProxy>",
            3,
            "'address'",
        ),
    ] {
        let read = section(inner);
        let found = read.faults.iter().any(|f| f.line == line && f.message.contains(part));
        assert!(found, "{inner}: {:?}", read.faults);
    }
    assert_eq!(section("<defaultProxy lockItem='true'/>").faults, []);
    assert_eq!(
        parse("<configuration>\n<System.Net/></configuration>").faults[0].to_string(),
        "line 2: unrecognised element <System.Net>: it is written <system.net>"
    );
}

#[test]
fn line_ends_of_windows_are_read() {
    assert_eq!(parse(&PRIVATE.replace('\n', "\r\n")), parse(PRIVATE));
}

#[test]
fn what_is_no_configuration_is_refused_with_its_place() {
    let bomb = "<?xml version='1.0'?>\n<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>\n\
                <configuration>&b;</configuration>";
    let deep = "<a>".repeat(200_000);
    let huge = " ".repeat(5 << 20);
    for (text, expected) in [
        ("", "f is empty"),
        (" \r\n", "f is empty"),
        (&huge, "at most 1048576 are read"),
        (bomb, "f, line 2: a document type"),
        (
            "<configuration>\n  <system.net>\n</configuration>",
            "f, line 3, column 1: not well-formed",
        ),
        ("<configuration>\n<a b=1/></configuration>", "f, line 2, column 6: not well-formed"),
        ("<configuration>", "not well-formed"),
        ("not xml", "f, line 1, column 1: not well-formed"),
        (&deep, "not well-formed"),
        (
            "<configuration><p a='u:p&secret;@h'/></configuration>",
            "column 25: not well-formed XML: an unknown entity",
        ),
        ("<!-- x -->\n<html/>", "f, line 2: expected <configuration>, found <html>"),
    ] {
        let error = AgentProxy::parse("f", text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} (expected {expected})");
    }
}

#[test]
fn credentials_in_the_address_are_not_shown() {
    let read =
        section(r#"<defaultProxy><proxy proxyaddress="http://anna:geheim@p:1"/></defaultProxy>"#);
    let shown = format!("{read:?}");
    assert!(!shown.contains("anna") && !shown.contains("geheim"), "{shown}");
}

#[test]
fn a_password_in_the_wrong_attribute_is_not_repeated() {
    for (given, part) in [
        ("<defaultProxy useDefaultCredentials='maybe svc:Geheim1'/>", "=\"…\": expected true or"),
        ("<defaultProxy><proxy bypassonlocal='u:Geheim1'/></defaultProxy>", "=\"…\": expected"),
        ("<defaultProxy><proxy autoDetect='Geheim1'/></defaultProxy>", "=\"…\": expected true,"),
        ("<defaultProxy enabled='yes'/>", "enabled=\"yes\": expected true or false"),
    ] {
        let message = &section(given).faults[0].message;
        assert!(message.contains(part) && !message.contains("Geheim"), "{message}");
    }
}

proptest! {
    #[test]
    fn no_file_panics(inner in "[<>/a-z='\" .&;#!\\[\\]-]{0,60}", attribute in "\\PC{0,20}") {
        let _ = AgentProxy::parse("f", &inner);
        for text in [
            format!("<configuration><system.net><defaultProxy>{inner}</defaultProxy></system.net></configuration>"),
            format!("<configuration><system.net><defaultProxy><proxy proxyaddress='{attribute}' bypassonlocal='{attribute}'/></defaultProxy></system.net></configuration>"),
        ] {
            let _ = AgentProxy::parse("f", &text);
        }
    }
}

#[test]
fn what_is_made_to_be_slow_is_refused_unparsed() {
    let attributes = |n: usize| (0..n).fold(String::new(), |all, at| all + &format!(" a{at}='1'"));
    let file = |n| format!("<configuration>\n<x{}/></configuration>", attributes(n));
    let parse = |text: &str| AgentProxy::parse("diahost.exe.config", text);
    assert!(parse(&file(AgentProxy::MAX_ATTRIBUTES)).is_ok());
    let error = parse(&file(AgentProxy::MAX_ATTRIBUTES + 1)).unwrap_err();
    assert!(matches!(error, AgentConfigError::Crowded { line: 2, .. }), "{error}");
    let begun = std::time::Instant::now();
    for n in [100_000, 300_000] {
        let error = parse(&file(n)).unwrap_err().to_string();
        assert!(error.contains("1000") || error.contains("1048576"), "no bound named: {error}");
    }
    assert!(begun.elapsed().as_secs() < 5);
}
