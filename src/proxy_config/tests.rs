use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::model::{Endpoint, Expectation, Host, Kind, Origin, Reach, Role, Subject};
use crate::plan::Choice;
use crate::probe::Connector;
use crate::probe::dns::{DnsClient, DnsSettings};
use crate::probe::script::ScriptFetcher;
use crate::probe::tls::TlsClient;
use crate::probe::trust::ChainJudge;
use crate::route::WindowsProxies;

const PROXY: &str = r#"<proxy proxyaddress="http://agent:8080"/>"#;

fn config(section: &str) -> String {
    format!("<configuration><system.net>{section}</system.net></configuration>")
}

/// A folder with both files.
fn runtime(host: &str, worker: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILES[0]), config(host)).unwrap();
    fs::write(folder.path().join(FILES[1]), config(worker)).unwrap();
    folder
}

fn defaults(content: &str) -> String {
    format!("<defaultProxy>{content}</defaultProxy>")
}

/// What a host is like, for [`ProxyConfig::read_from`].
#[derive(Default)]
struct Situation {
    variables: HashMap<&'static str, &'static str>,
    installed: Option<PathBuf>,
    windows: WindowsSettings,
}

impl Situation {
    fn read(&self, options: ProxyOptions) -> Result<ProxyConfig, ProxyConfigError> {
        let variable = |name: &str| self.variables.get(name).map(|value| (*value).to_owned());
        ProxyConfig::read_from(
            options,
            &HostSettings {
                variable: &variable,
                installed: self.installed.clone(),
                windows: self.windows.clone(),
                local: LocalView::default(),
            },
        )
    }
}

fn options(proxy: Option<&str>, agent_config: Option<&Path>) -> ProxyOptions {
    ProxyOptions {
        mode: proxy.map(|text| text.parse().unwrap()).unwrap_or_default(),
        agent_config: agent_config.map(Path::to_owned),
        ..ProxyOptions::default()
    }
}

fn proxy(url: &str) -> Way {
    Way::Proxy(ProxyUrl::parse(url).unwrap())
}

/// The table of the contract.
#[test]
fn the_configuration_is_taken_from_where_the_contract_says() {
    let given = runtime(&defaults(PROXY), &defaults(PROXY));
    let installed = runtime(&defaults(r#"<proxy proxyaddress="http://here:1"/>"#), "");
    let environment =
        Situation { variables: [("https_proxy", "http://env:1")].into(), ..Situation::default() };
    let both = Situation {
        variables: [("https_proxy", "http://env:1")].into(),
        installed: Some(installed.path().to_owned()),
        ..Situation::default()
    };
    let nothing = Situation::default();
    let given = Some(given.path());
    for (host, proxy, agent_config, begins, shown) in [
        (&nothing, None, None, "auto: os: no proxy is set", None),
        (&environment, None, None, "auto: os: environment (https_proxy)", Some("http://env:1")),
        (&both, None, None, "auto: agent: ", Some("http://here:1")),
        (&both, Some("auto"), None, "auto: agent: ", Some("http://here:1")),
        (&both, None, given, "auto: agent: ", Some("http://agent:8080")),
        (&both, Some("auto"), given, "auto: agent: ", Some("http://agent:8080")),
        (&both, Some("agent"), given, "agent: ", Some("http://agent:8080")),
        (&both, Some("agent"), None, "agent: ", Some("http://here:1")),
        (&both, Some("os"), given, "os: environment", Some("http://env:1")),
        (&both, Some("none"), given, "--proxy none", None),
        (&both, Some("http://u:p@url:1"), given, "--proxy", Some("http://url:1")),
        (&nothing, Some("OS"), None, "os: no proxy", None),
    ] {
        let found = host.read(options(proxy, agent_config)).unwrap();
        let source = found.origin.to_string();
        assert!(source.starts_with(begins), "{proxy:?}: {source}");
        assert_eq!(found.shown.as_deref(), shown, "{proxy:?} {agent_config:?}");
    }
    let error = nothing.read(options(Some("agent"), None)).err().unwrap().to_string();
    assert!(error.contains("--agent-config"), "{error}");
}

#[test]
fn windows_settings_stand_behind_the_environment() {
    let user = WindowsProxies {
        auto_detect: true,
        proxy: Some("user:1".to_owned()),
        ..WindowsProxies::default()
    };
    let windows = WindowsSettings { user, machine: WindowsProxies::default() };
    let mut host = Situation { windows, ..Situation::default() };
    let found = host.read(options(None, None)).unwrap();
    assert_eq!(
        found.origin.to_string(),
        "auto: os: ProxyServer of the user's Internet settings for https"
    );
    assert_eq!(found.shown.as_deref(), Some("http://user:1"));
    let n_hints = found.notes.iter().filter(|note| note.contains("WPAD")).count();
    assert_eq!(n_hints, 1, "{:?}", found.notes);
    host.windows.user.script = Some(r"\\server\share\p.pac".to_owned());
    let found = host.read(options(None, None)).unwrap();
    assert!(matches!(&found.script, ScriptSource::Missing(words) if words.contains("UNC")));
    host.variables.insert("HTTPS_PROXY", "http://env:1");
    let found = host.read(options(None, None)).unwrap();
    assert_eq!(found.shown.as_deref(), Some("http://env:1"));
}

#[test]
fn what_the_agents_files_disagree_on_is_said_with_who_reads_them() {
    let apart = runtime(&defaults(PROXY), "");
    let host = Situation::default();
    let found = host.read(options(None, Some(apart.path()))).unwrap();
    let said = found.agent_files_differ.join("; ");
    for part in [
        "proxyaddress is http://agent:8080 in diahost.exe.config and not given in diawp.exe.config",
        "diahost.exe.config is read by the host service, diawp.exe.config by the worker",
        "the routes here are those of diahost.exe.config",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(found.notes.iter().any(|note| note.contains("custom proxy")), "{:?}", found.notes);
    let found = host.read(options(Some("none"), Some(apart.path()))).unwrap();
    assert!(found.agent_files_differ.join("; ").contains("--proxy decides here"));

    let alike = runtime(&defaults(PROXY), &defaults(PROXY));
    let found = host.read(options(None, Some(alike.path()))).unwrap();
    assert_eq!(found.agent_files_differ, Vec::<String>::new());
    fs::remove_file(alike.path().join(FILES[1])).unwrap();
    let found = host.read(options(None, Some(alike.path()))).unwrap();
    assert!(found.notes.iter().any(|note| note.contains("only")), "{:?}", found.notes);
}

#[test]
fn entries_that_match_nothing_are_named() {
    let host = Situation {
        variables: [("https_proxy", "p:1"), ("no_proxy", "a.com,b:http")].into(),
        ..Situation::default()
    };
    let found = host.read(options(None, None)).unwrap();
    assert!(
        found.notes.iter().any(|note| note.contains("rule 2 of no_proxy")),
        "{:?}",
        found.notes
    );
}

#[test]
fn credentials_are_the_first_line_of_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    for (bytes, expected) in [
        (&b"anna:ge:heim"[..], Some(("anna", "ge:heim"))),
        (b"anna:geheim\r\nmore\r\n", Some(("anna", "geheim"))),
        (b"\xef\xbb\xbfanna:g%40heim\n", Some(("anna", "g%40heim"))),
        ("änne:größe\n".as_bytes(), Some(("änne", "größe"))),
        (b"anna:", Some(("anna", ""))),
        (b"", None),
        (b"\nanna:geheim", None),
        (b"anna geheim", None),
        (b":geheim", None),
        (b"anna:gehe\xffim", None),
        (b"anna:gehe\x07im", None),
    ] {
        fs::write(&path, bytes).unwrap();
        match (credentials::read(&path), expected) {
            (Ok(found), Some(expected)) => {
                assert_eq!((found.user(), found.password()), expected);
            }
            (Err(error), None) => {
                let source = std::error::Error::source(&error).unwrap();
                let text = format!("{error}: {source} {error:?}");
                assert!(text.contains("--proxy-credentials") && !text.contains("gehe"), "{text}");
            }
            (found, expected) => panic!("{bytes:?}: {found:?}, expected {expected:?}"),
        }
    }
}

fn endpoint(kind: Kind, host: &str, reach: Reach) -> Endpoint {
    Endpoint {
        entry: "endpoint".to_owned(),
        role: Role::Other,
        subject: Subject::Host(Host::parse(host).unwrap()),
        port: 443,
        kind,
        purpose: String::new(),
        source_document: String::new(),
        required: true,
        origin: Origin::Option,
        discovered: None,
        order: 0,
        expect: Expectation { reach, ..Expectation::default() },
    }
}

/// Nobody to ask: no name resolves.
fn client() -> ScriptFetcher {
    let timeout = Duration::from_secs(1);
    let families = Vec::new();
    let judge = ChainJudge::new(None, Vec::new()).unwrap();
    ScriptFetcher {
        dns: Arc::new(DnsClient::new(
            Vec::new(),
            DnsSettings {
                timeout,
                families,
                source: None,
                asks_system: false,
                connector: Connector::network(),
            },
        )),
        tls: TlsClient::new(Arc::new(judge)),
        source: None,
        timeout,
        asks_system: false,
    }
}

async fn chosen(options: ProxyOptions, endpoints: &[Endpoint]) -> Vec<Choice> {
    let router = Situation::default().read(options).unwrap().into_router(client(), Vec::new());
    let router = router.await.unwrap();
    futures_util::future::join_all(endpoints.iter().map(|one| router.choose(one))).await
}

fn shown(chosen: &Choice) -> String {
    match &chosen.route.configured {
        Ok(route) => route.to_string(),
        Err(fault) => format!("{:?}: {}", fault.kind, fault.message),
    }
}

#[tokio::test]
async fn credentials_go_to_proxies_that_have_none_and_stand_in_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = folder.path().join("credentials");
    fs::write(&credentials, "anna:geheim").unwrap();
    let options = ProxyOptions {
        alternate: Some(proxy("http://own:secret@q:1")),
        credentials_file: Some(credentials),
        ..options(Some("http://p:1"), None)
    };
    let shown = format!("{options:?}");
    let found = chosen(options, &[endpoint(Kind::Https, "a.net", Reach::Any)]).await;
    let [one] = &found[..] else { panic!("{found:?}") };
    let user = |way: &Way| match way {
        Way::Proxy(proxy) => proxy.credentials().unwrap().user().to_owned(),
        Way::Direct => panic!("{way:?}"),
    };
    assert_eq!(one.ways.iter().map(user).collect::<Vec<_>>(), ["anna", "own"]);
    assert_eq!(one.route.alternate.as_ref().map(ToString::to_string), Some("http://q:1".into()));
    let text = format!("{found:?} {shown}");
    assert!(!text.contains("geheim") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn private_names_have_no_proxy_for_a_second_way_and_sql_has_none_at_all() {
    let given =
        ProxyOptions { alternate: Some(proxy("http://q:1")), ..options(Some("none"), None) };
    let endpoints = [
        endpoint(Kind::Https, "a.net", Reach::Any),
        endpoint(Kind::Https, "b.net", Reach::Private),
    ];
    let found = chosen(given, &endpoints).await;
    assert!(found[0].route.alternate.is_some() && found[1].route.alternate.is_none(), "{found:?}");

    let given = ProxyOptions { alternate: Some(Way::Direct), ..options(Some("http://p:1"), None) };
    let endpoints = [
        endpoint(Kind::Tds, "a.net", Reach::Any),
        endpoint(Kind::Tcp, "a.net", Reach::Any),
        endpoint(Kind::Tls, "a.net", Reach::Any),
        endpoint(Kind::Https, "b.net", Reach::Private),
    ];
    let found = chosen(given, &endpoints).await;
    let routes: Vec<_> = found.iter().map(shown).collect();
    assert_eq!(routes, ["direct", "direct", "http://p:1", "http://p:1"]);
    let alternates: Vec<_> = found.iter().map(|one| one.route.alternate.is_some()).collect();
    assert_eq!(alternates, [false, false, true, true]);
}

#[tokio::test]
async fn a_file_that_dotnet_refuses_is_each_endpoints_fault() {
    let broken = runtime(
        &defaults(
            r#"<proxy proxyaddress="http://p:1"/><bypasslist><add address="*.a"/></bypasslist>"#,
        ),
        "",
    );
    let options = options(None, Some(broken.path()));
    let found = chosen(options, &[endpoint(Kind::Https, "a.net", Reach::Any)]).await;
    let words = shown(&found[0]);
    assert!(words.starts_with("Refused: diahost.exe.config") && words.contains("'*.a'"), "{words}");
}

#[cfg(feature = "pac")]
mod scripts {
    use super::*;

    fn pac(folder: &TempDir, body: &str) -> ProxyOptions {
        let path = folder.path().join("proxy.pac");
        fs::write(&path, format!("function FindProxyForURL(url, host) {{\n{body}\n}}")).unwrap();
        options(Some(&format!("pac:{}", path.display())), None)
    }

    #[tokio::test]
    async fn a_script_decides_for_each_name_and_its_faults_have_lines() {
        let folder = tempfile::tempdir().unwrap();
        let options = pac(
            &folder,
            "if (host == 'b.net') return 'DIRECT';\nif (host == 'c.net') nothing();\n\
             return 'PROXY p:1; DIRECT';",
        );
        let endpoints = ["a.net", "b.net", "c.net"].map(|h| endpoint(Kind::Https, h, Reach::Any));
        let found = chosen(options, &endpoints).await;
        let routes: Vec<_> = found.iter().map(shown).collect();
        assert_eq!(routes[..2], ["http://p:1", "direct"]);
        assert!(routes[2].starts_with("Script: ") && routes[2].contains("line 3: "), "{routes:?}");
        assert_eq!(found[0].route.fallbacks.len(), 1);
    }

    /// It takes its time for three names, and not for a thousand.
    #[tokio::test]
    async fn a_script_that_does_not_end_is_given_up() {
        let recipe = Recipe::Script { source: "pac:x".to_owned(), exceptions: Vec::new() };
        let source = b"function FindProxyForURL(u, host) { if (host != 'good.net') while (true); return 'PROXY p:1' }";
        let runner = script_runner::ScriptRunner {
            recipe,
            script: Some(Ok(source.to_vec())),
            addresses: Arc::default(),
            own_addresses: Vec::new(),
            time: Duration::from_millis(50),
        };
        let requests = runner.spawn().unwrap();
        let mut found = Vec::new();
        for n in 0..1000 {
            let host = if n == 0 { "good.net".to_owned() } else { format!("a{n}.net") };
            let (reply, answer) = tokio::sync::oneshot::channel();
            let request = script_runner::RouteRequest {
                host: Host::parse(&host).unwrap(),
                port: 443,
                scheme: route::Scheme::Https,
                now: jiff::Zoned::default(),
                reply,
            };
            requests.send(request).unwrap();
            let script_runner::RouteReply::Decided(decided) = answer.await.unwrap() else {
                panic!("no lookup")
            };
            found.push(decided.map(|decision| decision.way.route().to_string()));
        }
        assert_eq!(found[0].as_deref(), Ok("http://p:1"));
        let last = found[999].as_ref().unwrap_err().to_string();
        assert!(
            last.contains("stopped after 50 ms") && last.contains("not asked for this"),
            "{last}"
        );
        assert!(!found[3].as_ref().unwrap_err().to_string().contains("not asked"));
    }

    #[tokio::test]
    async fn a_script_that_asks_for_ever_new_names_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let options = pac(&folder, "dnsResolve('a' + Math.random() + '.net'); return 'DIRECT'");
        let found = chosen(options, &[endpoint(Kind::Https, "a.net", Reach::Any)]).await;
        assert!(shown(&found[0]).contains("asks DNS for other names"), "{found:?}");
    }

    /// What a script keeps must not come from an evaluation that was stopped for a lookup.
    #[tokio::test]
    async fn what_a_script_remembers_is_what_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let options = pac(
            &folder,
            "if (typeof cache == 'undefined') { cache = 1; dnsResolve('x.net'); runs = 0 }\n\
             runs++; return 'PROXY run' + runs + ':1'",
        );
        let endpoints = ["a.net", "b.net"].map(|h| endpoint(Kind::Https, h, Reach::Any));
        let found = chosen(options, &endpoints).await;
        let mut routes: Vec<_> = found.iter().map(shown).collect();
        routes.sort();
        assert_eq!(routes, ["http://run1:1", "http://run2:1"]);
    }

    #[tokio::test]
    async fn hundreds_ask_at_once_and_each_gets_its_own_answer() {
        let folder = tempfile::tempdir().unwrap();
        let options = pac(&folder, "dnsResolve(host); return 'PROXY ' + host + ':1'");
        let hosts: Vec<String> = (0..300).map(|n| format!("a{n:03}.net")).collect();
        let endpoints: Vec<Endpoint> =
            hosts.iter().map(|host| endpoint(Kind::Https, host, Reach::Any)).collect();
        for (choice, host) in chosen(options, &endpoints).await.iter().zip(&hosts) {
            let expected = format!("http://{host}:1");
            assert_eq!(choice.route.proxy().map(|proxy| &*proxy.url), Some(expected.as_str()));
            let ways: Vec<_> = choice.ways.iter().map(|way| way.route().to_string()).collect();
            assert_eq!(ways, [expected]);
            assert_eq!(choice.route.questions.len(), 1, "{:?}", choice.route);
        }
    }
}
