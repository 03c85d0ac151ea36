use super::super::agent_config::AgentProxy;
use super::*;

fn now() -> Zoned {
    "2026-07-15T12:00:00+00:00[UTC]".parse().unwrap()
}

fn agent(section: &str) -> Result<AgentRoute, RouteError> {
    let text = format!("<configuration><system.net>{section}</system.net></configuration>");
    let read = AgentProxy::parse("diahost.exe.config", &text).unwrap();
    AgentRoute::new(&read, LocalView::default(), Vec::new())
}

fn decide(configuration: &Configuration, host: &str, scheme: Scheme) -> (String, String) {
    let host = Host::parse(host).unwrap();
    let port = scheme.default_port();
    let decision = configuration.decide(&host, port, scheme, &now()).unwrap();
    (decision.way.route().to_string(), decision.why)
}

fn check(configuration: &Configuration, host: &str, route: &str, why: &str) {
    let expected = (route.to_owned(), why.to_owned());
    assert_eq!(decide(configuration, host, Scheme::Https), expected, "{host}");
}

fn exceptions(list: &str) -> Vec<Exceptions> {
    vec![Exceptions::of_convention(list, "--no-proxy")]
}

#[test]
fn nothing_and_one_proxy() {
    let none = Configuration::Direct { source: "--proxy none".to_owned() };
    check(&none, "a.example", "direct", "--proxy none");
    let proxy = ProxyUrl::parse("http://u:p@proxy:3128").unwrap();
    let fixed = Configuration::url(proxy, "--proxy", exceptions("x.example, .b.example"));
    check(&fixed, "a.example", "http://proxy:3128", "--proxy");
    check(&fixed, "a.b.example", "direct", "rule 2 of --no-proxy: .b.example");
}

#[test]
fn a_scheme_without_a_proxy_goes_direct() {
    let value = ProxyUrl::parse("http://proxy:3128").unwrap();
    let https = Some(WithSource { value, source: "HTTPS_PROXY".to_owned() });
    let fixed = Configuration::Fixed(FixedProxy { https, http: None, exceptions: Vec::new() });
    check(&fixed, "a.example", "http://proxy:3128", "HTTPS_PROXY");
    let found = decide(&fixed, "a.example", Scheme::Http);
    assert_eq!(found, ("direct".to_owned(), "http_proxy is not set".to_owned()));
}

#[test]
fn the_agents_file_decides_as_dotnet_would() {
    const PROXY: &str = r#"<proxy proxyaddress="http://p:1" bypassonlocal="True"/>"#;
    for (section, host, route, why) in [
        ("", "a.example", "direct", "diahost.exe.config has no <defaultProxy>"),
        (
            r#"<defaultProxy useDefaultCredentials="true"/>"#,
            "a.example",
            "direct",
            "diahost.exe.config names no proxy",
        ),
        (
            &format!(r#"<defaultProxy enabled="false">{PROXY}</defaultProxy>"#),
            "a.example",
            "direct",
            r#"diahost.exe.config says enabled="false""#,
        ),
        (
            &format!("<defaultProxy>{PROXY}</defaultProxy>"),
            "a.example",
            "http://p:1",
            "proxyaddress of diahost.exe.config",
        ),
        (
            &format!("<defaultProxy>{PROXY}</defaultProxy>"),
            "intranet",
            "direct",
            "bypassonlocal: the host is local (diahost.exe.config)",
        ),
        (
            &format!(
                r#"<defaultProxy><bypasslist><add address="other"/><add address="a\.example$"/></bypasslist>{PROXY}</defaultProxy>"#
            ),
            "a.example",
            "direct",
            r"bypass rule 2 of diahost.exe.config: a\.example$",
        ),
        // Any of these switches the script off (WebProxy.DeleteScriptEngine).
        (
            r#"<defaultProxy><proxy scriptLocation="http://w/p.pac" bypassonlocal="false"/></defaultProxy>"#,
            "a.example",
            "direct",
            "diahost.exe.config names no proxy",
        ),
        (
            r#"<defaultProxy><proxy scriptLocation="http://w/p.pac" proxyaddress="http://p:1"/></defaultProxy>"#,
            "a.example",
            "http://p:1",
            "proxyaddress of diahost.exe.config",
        ),
    ] {
        check(&Configuration::Agent(agent(section).unwrap()), host, route, why);
    }
}

#[test]
fn what_dotnet_would_refuse_is_no_decision() {
    for (section, part) in [
        (r#"<defaultProxy><proxy bypassonlocal="yes"/></defaultProxy>"#, "bypassonlocal"),
        (
            r#"<defaultProxy><proxy proxyaddress="p.contoso.com:1"/></defaultProxy>"#,
            "has no http://, as in http://p.contoso.com:1/",
        ),
        (r#"<defaultProxy><proxy proxyaddress="https://p:1"/></defaultProxy>"#, "https://, which"),
        (r#"<defaultProxy><proxy proxyaddress="http://p:0"/></defaultProxy>"#, "port 0"),
        (
            r#"<defaultProxy><bypasslist><add address="*.a"/></bypasslist></defaultProxy>"#,
            "line 1: bypass rule 1 ('*.a')",
        ),
        (
            r#"<defaultProxy><bypasslist><add address="*.a"/></bypasslist><proxy proxyaddress="http://p:1"/></defaultProxy>"#,
            "'*' stands after nothing",
        ),
        (
            r#"<defaultProxy><module type="Contoso.Proxy, Contoso"/></defaultProxy>"#,
            "the module Contoso.Proxy",
        ),
        (r#"<defaultProxy configSource="proxy.config"/>"#, "the file proxy.config"),
        (r#"<defaultProxy><proxy autoDetect="true"/></defaultProxy>"#, "WPAD"),
    ] {
        let error = agent(section).unwrap_err();
        assert!(error.to_string().contains(part), "{section}: {error}");
        assert_eq!(error.cause(), None);
    }
}

#[test]
fn a_rule_that_is_not_understood_leaves_it_undecided() {
    let section = r#"<defaultProxy><bypasslist><add address="\p{IsGreek}"/></bypasslist><proxy proxyaddress="http://p:1"/></defaultProxy>"#;
    let configuration = Configuration::Agent(agent(section).unwrap());
    let host = Host::parse("a.example").unwrap();
    let error = configuration.decide(&host, 443, Scheme::Https, &now()).unwrap_err();
    assert!(error.to_string().contains("bypass rule 1"), "{error}");
}

#[test]
fn credentials_of_the_agents_address_are_not_used() {
    let section = r#"<defaultProxy><proxy proxyaddress="http://u:p@p:1"/></defaultProxy>"#;
    let decided = agent(section).unwrap();
    assert_eq!(decided.proxy().unwrap().credentials(), None);
}

/// Whether .NET would sign in as its own account at each proxy that a decision names.
fn signs_in(route: AgentRoute) -> Vec<bool> {
    let host = Host::parse("a.example").unwrap();
    let decision = Configuration::Agent(route).decide(&host, 443, Scheme::Https, &now()).unwrap();
    let ways = std::iter::once(decision.way).chain(decision.fallbacks);
    ways.filter_map(|way| match way {
        Way::Direct => None,
        Way::Proxy(proxy) => Some(proxy.signs_in_account()),
    })
    .collect()
}

#[test]
fn the_account_signs_in_at_an_address_only_where_the_file_says_so() {
    let file = |attribute: &str| {
        let address = r#"<proxy proxyaddress="http://p:1"/>"#;
        agent(&format!("<defaultProxy {attribute}>{address}</defaultProxy>")).unwrap()
    };
    assert_eq!(signs_in(file("")), [false]);
    assert_eq!(signs_in(file(r#"useDefaultCredentials="true""#)), [true]);
}

#[test]
fn exceptions_of_the_command_line_add_to_the_agents_list() {
    let text = r#"<configuration><system.net><defaultProxy><proxy proxyaddress="http://p:1"/></defaultProxy></system.net></configuration>"#;
    let read = AgentProxy::parse("diahost.exe.config", text).unwrap();
    let agent = AgentRoute::new(&read, LocalView::default(), exceptions("a.example")).unwrap();
    let configuration = Configuration::Agent(agent);
    check(&configuration, "a.example", "direct", "rule 1 of --no-proxy: a.example");
    check(&configuration, "b.example", "http://p:1", "proxyaddress of diahost.exe.config");
}

#[cfg(feature = "pac")]
mod scripts {
    use std::time::Duration;

    use super::super::super::pac::{PacLimits, PacSurroundings};
    use super::*;

    fn script(statements: &str) -> PacScript {
        let source = format!("function FindProxyForURL(url, host) {{ {statements} }}");
        let surroundings = PacSurroundings {
            resolve: Box::new(|_| vec!["10.0.0.1".parse().unwrap()]),
            own_addresses: Vec::new(),
            clock: Box::new(|| Duration::ZERO),
        };
        let limits = PacLimits::default();
        PacScript::load(source.as_bytes(), surroundings, limits, &now()).unwrap()
    }

    #[test]
    fn a_script_answers_with_fallbacks_and_questions() {
        let configuration = Configuration::Pac {
            script: Ok(script(
                "dnsResolve(host); return 'QUIC x:1; PROXY p:1; SOCKS5 s:2; DIRECT'",
            )),
            source: "pac:http://w/p.pac".to_owned(),
            exceptions: exceptions("b.example"),
        };
        let host = Host::parse("a.example").unwrap();
        let found = configuration.decide(&host, 443, Scheme::Https, &now()).unwrap();
        assert_eq!(found.way.route().to_string(), "http://p:1");
        assert_eq!(found.why, "answer of pac:http://w/p.pac");
        let fallbacks: Vec<String> =
            found.fallbacks.iter().map(|way| way.route().to_string()).collect();
        assert_eq!(fallbacks, ["socks5://s:2", "direct"]);
        assert_eq!(found.questions.len(), 1);
        let choice = found.choice(RouteIntent::Any);
        assert_eq!(choice.proxy().map(|proxy| &*proxy.url), Some("http://p:1"));
        check(&configuration, "b.example", "direct", "rule 1 of --no-proxy: b.example");
    }

    #[test]
    fn a_script_that_throws_is_the_cause_it_is() {
        let configuration = Configuration::Pac {
            script: Ok(script("\n\n  nothing()")),
            source: "pac:p.pac".to_owned(),
            exceptions: Vec::new(),
        };
        let host = Host::parse("a.example").unwrap();
        let error = configuration.decide(&host, 443, Scheme::Https, &now()).unwrap_err();
        assert_eq!(error.cause(), Some(Cause::ProxyPacError));
        assert!(error.to_string().starts_with("pac:p.pac: line 3: "), "{error}");
    }

    #[test]
    fn without_its_script_nothing_is_known_but_the_exceptions() {
        let configuration = Configuration::Pac {
            script: Err("no answer".to_owned()),
            source: "pac:http://w/p.pac".to_owned(),
            exceptions: exceptions("b.example"),
        };
        let host = Host::parse("a.example").unwrap();
        let error = configuration.decide(&host, 443, Scheme::Https, &now()).unwrap_err();
        assert_eq!(error.to_string(), "pac:http://w/p.pac: no answer");
        check(&configuration, "b.example", "direct", "rule 1 of --no-proxy: b.example");
    }

    #[test]
    fn the_account_signs_in_at_a_scripts_proxies_only_where_the_file_says_so() {
        let file = |attribute: &str| {
            let script_location = r#"<proxy scriptLocation="http://w/p.pac"/>"#;
            let section = format!("<defaultProxy {attribute}>{script_location}</defaultProxy>");
            let answer = script("return 'PROXY p:1; PROXY q:2; DIRECT'");
            agent(&section).unwrap().with_script(Ok(answer))
        };
        assert_eq!(signs_in(file("")), [false, false]);
        assert_eq!(signs_in(file(r#"useDefaultCredentials="true""#)), [true, true]);
    }

    #[test]
    fn the_agents_script_must_be_loaded_first() {
        let section = r#"<defaultProxy><proxy scriptLocation="http://w/p.pac"/></defaultProxy>"#;
        let host = Host::parse("a.example").unwrap();
        let route = agent(section).unwrap();
        assert_eq!(route.script_location(), Some("http://w/p.pac"));
        let error = Configuration::Agent(route).decide(&host, 443, Scheme::Https, &now());
        assert_eq!(error.unwrap_err().cause(), Some(Cause::ProxyPacError));
        let route = agent(section).unwrap().with_script(Ok(script("return 'PROXY p:1'")));
        let why = "answer of scriptLocation of diahost.exe.config (http://w/p.pac)";
        check(&Configuration::Agent(route), "a.example", "http://p:1", why);
    }

    #[test]
    fn no_record_holds_the_password_of_a_scripts_location() {
        const LOCATION: &str = "http://svc:Geheim@w:9/p.pac?token=Geheim";
        let section =
            format!(r#"<defaultProxy><proxy scriptLocation="{LOCATION}"/></defaultProxy>"#);
        let host = Host::parse("a.example").unwrap();
        let route = || agent(&section).unwrap();
        // What fetches the script needs all of it.
        assert_eq!(route().script_location(), Some(LOCATION));
        for route in [
            route(),
            route().with_script(Err("no answer".to_owned())),
            route().with_script(Ok(script("return 'PROXY p:1'"))),
        ] {
            let intended = RouteIntent::Any;
            let choice = match Configuration::Agent(route).decide(&host, 443, Scheme::Https, &now())
            {
                Ok(decision) => decision.choice(intended),
                Err(error) => error.choice(intended),
            };
            let record = format!("{choice:?}");
            assert!(record.contains("http://***@w:9/p.pac?***"), "{record}");
            assert!(!record.contains("Geheim"), "{record}");
        }
    }
}

#[test]
fn no_decision_repeats_a_password_of_a_bypass_rule() {
    let with = |pattern: &str| {
        agent(&format!(
            r#"<defaultProxy><bypasslist><add address="{pattern}"/></bypasslist>
            <proxy proxyaddress="http://p:1"/></defaultProxy>"#
        ))
    };
    let error = with("http://u:Geheim@host(").unwrap_err().to_string();
    assert!(error.contains("('http://***@host(')") && !error.contains("Geheim"), "{error}");
    let route = Configuration::Agent(with("u:Geheim@|a").unwrap());
    check(&route, "a.example", "direct", "bypass rule 1 of diahost.exe.config: ***@|a");
    let proxy = ProxyUrl::parse("http://p:1").unwrap();
    let fixed = Configuration::url(proxy, "--proxy", exceptions("u:Geheim@x, a.example"));
    check(&fixed, "a.example", "direct", "rule 2 of --no-proxy: a.example");
}
