use proptest::prelude::*;

use super::super::bypass::LocalView;
use super::super::decide::{AgentRoute, Configuration};
use super::super::no_proxy::{NoProxy, NoProxyDialect};
use super::*;

fn name(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

/// The way of each name by a fragment, read back as the agent would.
fn routes(fragment: &str, names: &[&HostName]) -> Vec<String> {
    let text = format!("<configuration>{fragment}</configuration>");
    let agent = AgentProxy::parse("diahost.exe.config", &text).unwrap();
    let route = AgentRoute::new(&agent, LocalView::default(), Vec::new()).unwrap();
    let configuration = Configuration::Agent(route);
    names
        .iter()
        .map(|name| {
            let host = Host::Name((*name).clone());
            let now = jiff::Zoned::default();
            let decision = configuration.decide(&host, 443, Scheme::Https, &now).unwrap();
            decision.way.route().to_string()
        })
        .collect()
}

#[test]
fn a_suggestion_in_full() {
    let proxy = ProxyUrl::parse("http://anna:geheim@proxy.contoso.com:3128").unwrap();
    let private = [name("df.we.datafactory.azure.net"), name("df.we.datafactory.azure.net")];
    let found = suggest(&private, &proxy);
    assert_eq!(
        found.bypass_list,
        r#"<system.net>
  <defaultProxy enabled="true" useDefaultCredentials="true">
    <bypasslist>
      <add address="^https?://df\.we\.datafactory\.azure\.net(:\d+)?$" />
    </bypasslist>
    <proxy usesystemdefault="False" proxyaddress="http://proxy.contoso.com:3128/" bypassonlocal="True" />
  </defaultProxy>
</system.net>
"#
    );
    assert_eq!(found.no_proxy, "df.we.datafactory.azure.net");
    assert_eq!(
        found.pac,
        r#"function FindProxyForURL(url, host) {
  if (isPlainHostName(host)) return "DIRECT";
  // Private endpoints: never through the proxy.
  switch (host.toLowerCase()) {
    case "df.we.datafactory.azure.net":
      return "DIRECT";
  }
  return "PROXY proxy.contoso.com:3128";
}
"#
    );
}

#[test]
fn a_corrected_section_says_what_was_meant() {
    let text = r#"<configuration><system.net><defaultProxy useDefaultCredentials="true">
        <bypasslist>
          <add address="*.corp.contoso.com"/>
          <add address="df.we.datafactory.azure.net"/>
          <add address="[adfresourcename].[adfresourcelocation].datafactory.azure.net"/>
          <add address="(one|two)&amp;&lt;three"/>
          <add address="[broken"/>
          <add address=".*\.servicebus\.windows\.net"/>
          <add address=""/>
        </bypasslist>
        <proxy proxyaddress="anna:geheim@proxy.contoso.com:3128" scriptLocation="http://w/p.pac"/>
        </defaultProxy></system.net></configuration>"#;
    let agent = AgentProxy::parse("diahost.exe.config", text).unwrap();
    let private = [name("df.we.datafactory.azure.net"), name("kv.vault.azure.net")];
    let relay = [name("ns.servicebus.windows.net")];
    let found = corrected_fragment(&agent, &private, &relay).unwrap();
    assert_eq!(
        found,
        r#"<system.net>
  <defaultProxy enabled="true" useDefaultCredentials="true">
    <bypasslist>
      <add address="^https?://[^/:]+\.corp\.contoso\.com(:\d+)?$" />
      <add address="^https?://df\.we\.datafactory\.azure\.net(:\d+)?$" />
      <add address="(one|two)&amp;&lt;three" />
      <add address="^https?://kv\.vault\.azure\.net(:\d+)?$" />
    </bypasslist>
    <proxy usesystemdefault="False" proxyaddress="http://proxy.contoso.com:3128/" bypassonlocal="False" />
  </defaultProxy>
</system.net>
"#
    );
    let corp = name("sql.corp.contoso.com");
    assert_eq!(
        routes(&found, &[&private[0], &private[1], &corp, &relay[0]]),
        ["direct", "direct", "direct", "http://proxy.contoso.com:3128"]
    );
    let none = AgentProxy::parse("f", "<configuration/>").unwrap();
    assert_eq!(corrected_fragment(&none, &private, &relay), None);
}

#[test]
fn a_password_in_a_pattern_is_not_written_again() {
    let text = r#"<configuration><system.net><defaultProxy>
        <bypasslist><add address="^https?://u:Geheim@a\.contoso\.com$"/></bypasslist>
        <proxy proxyaddress="http://p:3128"/></defaultProxy></system.net></configuration>"#;
    let agent = AgentProxy::parse("f", text).unwrap();
    let corrected = corrected_fragment(&agent, &[], &[]).unwrap();
    assert!(!corrected.contains("Geheim") && !corrected.contains("<add"), "{corrected}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever the names: private ones go direct by all three texts, others to the proxy.
    #[test]
    fn all_three_texts_agree(
        private in proptest::collection::vec("p[a-z]{0,5}\\.[a-z]{1,5}\\.net", 0..4),
        others in proptest::collection::vec("o[a-z]{0,5}\\.[a-z]{1,5}\\.net", 1..4),
    ) {
        let private: Vec<HostName> = private.iter().map(|text| name(text)).collect();
        let others: Vec<HostName> = others.iter().map(|text| name(text)).collect();
        let proxy = ProxyUrl::parse("http://proxy:3128").unwrap();
        let found = suggest(&private, &proxy);
        let all: Vec<&HostName> = private.iter().chain(&others).collect();
        let expected: Vec<bool> = all.iter().map(|name| private.contains(name)).collect();

        let direct: Vec<bool> =
            routes(&found.bypass_list, &all).iter().map(|route| route == "direct").collect();
        prop_assert_eq!(&direct, &expected);
        for dialect in [NoProxyDialect::Curl, NoProxyDialect::Go, NoProxyDialect::DotNet] {
            let list = NoProxy::parse(&found.no_proxy, dialect);
            let direct: Vec<bool> = all
                .iter()
                .map(|name| list.decide(&Host::Name((*name).clone()), 443, Scheme::Https).is_some())
                .collect();
            prop_assert_eq!(&direct, &expected);
        }
        #[cfg(feature = "pac")]
        {
            use super::super::pac::{PacLimits, PacScript, PacSurroundings};
            let surroundings = PacSurroundings {
                resolve: Box::new(|_| Vec::new()),
                own_addresses: Vec::new(),
                clock: Box::new(|| std::time::Duration::ZERO),
            };
            let now = jiff::Zoned::default();
            let limits = PacLimits::default();
            let script =
                PacScript::load(found.pac.as_bytes(), surroundings, limits, &now).unwrap();
            let direct: Vec<bool> = all
                .iter()
                .map(|name| {
                    let host = Host::Name((*name).clone());
                    let answer = script.evaluate(&host, 443, Scheme::Https, &now).answer.unwrap();
                    answer.choices[0].route().unwrap().to_string() == "direct"
                })
                .collect();
            prop_assert_eq!(&direct, &expected);
        }
    }
}

/// What is printed to be pasted bypasses nothing that the file did not, and drops no rule in
/// effect.
#[test]
fn a_corrected_section_is_never_wider_than_the_file() {
    let hosts = [
        "df.we.datafactory.azure.net",
        "dfxwe.datafactory.azure.net",
        "relay1.servicebus.windows.net",
        "relay.servicebus.windows.net",
        "a.b.servicebus.windows.net",
        "kv.vault.azure.net",
        "acct.blob.core.windows.net",
        "not-df.we.datafactory.azure.net",
        "df.we.datafactory.azure.net.example.net",
        "a-1.corp.contoso.com",
        "corp.contoso.com",
    ];
    // The pattern, and hosts that must still be bypassed.
    for (pattern, kept) in [
        // Seen: the section that was to narrow it made it wider.
        (r"[a-z]+\.servicebus\.windows\.net$", &["relay.servicebus.windows.net"][..]),
        (r"^https://df\.we\.datafactory\.azure\.net$", &["df.we.datafactory.azure.net"]),
        ("df.we.datafactory.azure.net", &["df.we.datafactory.azure.net"]),
        (r"^https?://[\w-]+\.corp\.contoso\.com$", &["a-1.corp.contoso.com"]),
        (r"[^.]+\.corp\.contoso\.com", &["a-1.corp.contoso.com"]),
        (r".*\.windows\.net$", &["acct.blob.core.windows.net", "relay1.servicebus.windows.net"]),
        (r"(kv|df)\.", &["kv.vault.azure.net", "df.we.datafactory.azure.net"]),
        (r"corp\.contoso\.com$", &["corp.contoso.com"]),
    ] {
        let original = Pattern::compile(pattern).unwrap();
        let text = format!(
            "<configuration><system.net><defaultProxy><bypasslist><add address=\"{}\"/>\
             </bypasslist><proxy proxyaddress=\"http://p:1\"/></defaultProxy></system.net>\
             </configuration>",
            escaped(pattern)
        );
        let agent = AgentProxy::parse("diahost.exe.config", &text).unwrap();
        let section = agent.default_proxy.as_ref().unwrap();
        for relay in [&[][..], &[name("relay9.servicebus.windows.net")]] {
            let corrected = corrected_patterns(section, relay);
            for host in hosts {
                for scheme in [Scheme::Http, Scheme::Https] {
                    for port in [80, 443, 8443] {
                        let uri = uri_form(&Host::Name(name(host)), port, scheme);
                        let is_wider = corrected
                            .iter()
                            .any(|own| Pattern::compile(own).unwrap().is_match(&uri) == Ok(true))
                            && original.is_match(&uri) != Ok(true);
                        assert!(!is_wider, "{pattern} became {corrected:?}, wider by {uri}");
                    }
                }
            }
            for host in kept {
                let is_relay = !relay.is_empty() && host.ends_with(".servicebus.windows.net");
                let is_kept = corrected.iter().any(|own| is_match(own, &name(host)));
                assert!(is_kept || is_relay, "{pattern} became {corrected:?}, without {host}");
            }
        }
    }
    // What only .NET can evaluate is in effect there: it stays as it is.
    let text = r#"<configuration><system.net><defaultProxy><bypasslist>
        <add address="^https://[a-z-[x]]+\.contoso\.com$"/></bypasslist>
        <proxy proxyaddress="http://p:1"/></defaultProxy></system.net></configuration>"#;
    let agent = AgentProxy::parse("diahost.exe.config", text).unwrap();
    let corrected = corrected_patterns(agent.default_proxy.as_ref().unwrap(), &[]);
    assert_eq!(corrected, [r"^https://[a-z-[x]]+\.contoso\.com$"]);
}
