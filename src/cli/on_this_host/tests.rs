//! On hosts that answer as they are told.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use super::*;
use crate::host::{InternetSettings, ServiceAnswer, ToldHost};
use crate::model::{FoundBy, ServiceState};

/// What `Get-DnsClientCache` names on a node whose runtime tries to connect.
const CACHE: &str = include_str!("../../../tests/data/dns-cache/node.txt");
const ACCOUNT: &str = r"NT SERVICE\DIAHostService";

#[derive(Debug, Parser)]
struct DiscoveryLine {
    #[command(flatten)]
    discovery: DiscoveryArgs,
}

fn found(host: &ToldHost, line: &[&str], looked_at: LookedAt) -> FoundOnHost {
    let DiscoveryLine { discovery } = DiscoveryLine::parse_from([&["p"], line].concat());
    look_at(host, &discovery, looked_at, &mut Stdin::default()).unwrap()
}

fn names(found: &FoundOnHost) -> Vec<(String, String)> {
    let names = found.discovery.names.iter();
    names.map(|name| (name.host.to_string(), name.sighting.seen_in.clone())).collect()
}

fn stopped() -> ServiceAnswer {
    ServiceAnswer { state: 1, account: ACCOUNT.to_owned(), ..ServiceAnswer::default() }
}

fn export() -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    repository.join("tests/data/event-log/offline.xml").display().to_string()
}

/// Of all that a host asked DNS for, the names of a runtime are taken, and none is required.
#[test]
fn names_are_taken_from_the_cache_of_the_dns_client() {
    let cached_names = CACHE.lines().map(str::to_owned).collect();
    let host = ToldHost { cached_names, ..ToldHost::default() };
    let found = found(&host, &[], LookedAt::HostOfNames);
    let cache = |name: &str| (name.to_owned(), "the DNS cache".to_owned());
    assert_eq!(
        names(&found),
        [
            cache("contoso-adf.westeurope.datafactory.azure.net"),
            cache("we.frontend.clouddatahub.net"),
            cache("wu-relay-01.servicebus.windows.net"),
            cache("g3-prod-am3-006-sb.servicebus.windows.net"),
        ]
    );
    // As a run calls them.
    let entries: Vec<_> = found.discovery.names.iter().map(|name| &*name.entry).collect();
    assert_eq!(entries, ["control", "frontend", "relay", "relay-gateway"]);
    assert!(found.discovery.names.iter().all(|name| name.is_in_cache_alone));
    assert!(found.discovery.names.iter().all(|name| name.sighting.seen_at.is_some()));
}

fn installed_with(bypass: &str) -> (tempfile::TempDir, ToldHost) {
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path().join("5.0/Shared");
    fs::create_dir_all(&shared).unwrap();
    let config = format!(
        "<configuration><system.net><defaultProxy><proxy proxyaddress=\"http://p:1\"/>\
         <bypasslist><add address=\"{bypass}\"/></bypasslist></defaultProxy></system.net>\
         </configuration>"
    );
    // As the Configuration Manager of an old runtime wrote it.
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(config.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(shared.join("diahost.exe.config"), utf16).unwrap();
    let diacmd: PathBuf = shared.join("diacmd.exe");
    let diacmd = Some(diacmd.display().to_string());
    (folder, ToldHost { diacmd, service: Some(stopped()), ..ToldHost::default() })
}

/// A bypass list holds regular expressions; what it names is the runtime's own.
#[test]
fn names_are_taken_from_the_bypass_list_of_the_configuration() {
    let (_folder, mut host) = installed_with(r"contoso-adf\.westeurope\.datafactory\.azure\.net");
    let found_alone = found(&host, &[], LookedAt::HostOfNames);
    let file = "diahost.exe.config".to_owned();
    let factory = ("contoso-adf.westeurope.datafactory.azure.net".to_owned(), file);
    assert_eq!(names(&found_alone), std::slice::from_ref(&factory));
    assert!(!found_alone.discovery.names[0].is_in_cache_alone);
    assert_eq!(found_alone.runtime.installed.unwrap().found_by, FoundBy::Registry);
    // It counts more than the cache, in which the same name may be for others.
    host.cached_names = vec![factory.0.clone()];
    assert_eq!(names(&found(&host, &[], LookedAt::HostOfNames)), [factory]);
}

/// A log from another host says nothing of this one, and this one nothing of the runtime there.
#[test]
fn the_service_of_this_host_is_not_looked_at_for_the_log_of_another() {
    let (_folder, host) = installed_with("x");
    let export = export();
    let state = |line: &[&str], looked_at| {
        found(&host, line, looked_at).runtime.service.map(|service| service.state)
    };
    assert_eq!(state(&[], LookedAt::HostOfNames), Some(ServiceState::Stopped));
    assert_eq!(state(&["--events", &export], LookedAt::HostOfNames), None);
    assert_eq!(state(&["--events", &export, "--discover", "no"], LookedAt::HostOfNames), None);
    // `agent status` is about this host.
    let status = state(&["--events", &export], LookedAt::ThisHost);
    assert_eq!(status, Some(ServiceState::Stopped));
    let found = found(&host, &["--events", &export], LookedAt::HostOfNames);
    assert_eq!(found.runtime.installed, None);
    assert!(!found.runtime.errors.is_empty(), "the errors of the log are those of its host");
}

fn with_settings(proxy: &str) -> ToldHost {
    let settings = InternetSettings {
        proxy_enable: Some(1),
        proxy_server: Some(proxy.to_owned()),
        proxy_override: Some("<local>".to_owned()),
        ..InternetSettings::default()
    };
    let sid = "S-1-5-80-1-2-3-4-5".to_owned();
    ToldHost {
        service: Some(stopped()),
        accounts: [(ACCOUNT.to_owned(), sid.clone())].into(),
        settings: [(sid, Ok(settings))].into(),
        ..ToldHost::default()
    }
}

#[test]
fn other_settings_of_the_services_account_are_said_without_passwords() {
    let mut host = with_settings("anna:geheim@p.contoso.com:8080");
    let different = found(&host, &[], LookedAt::HostOfNames);
    let hint = different.other_account(false).unwrap();
    for words in [ACCOUNT, "there: proxy ***@p.contoso.com:8080, not for <local>; here: no proxy"] {
        assert!(hint.contains(words), "no {words:?} in {hint}");
    }
    assert!(!hint.contains("geheim") && !hint.contains("anna"), "{hint}");
    let redacted = different.other_account(true).unwrap();
    assert!(!redacted.contains("contoso") && !redacted.contains(ACCOUNT), "{redacted}");
    host.own_settings = host.settings.values().next().unwrap().clone().unwrap();
    assert_eq!(found(&host, &[], LookedAt::HostOfNames).other_account(false), None);
    let not_loaded = ToldHost { settings: [].into(), ..with_settings("p:1") };
    assert_eq!(found(&not_loaded, &[], LookedAt::HostOfNames).other_account(false), None);
}

#[test]
fn settings_are_shown_in_words() {
    let text = |text: &str| Some(text.to_owned());
    let all = WindowsProxies {
        auto_detect: true,
        script: text("http://w/p.pac?token=geheim"),
        proxy: text("http=p:80;https=q:443"),
        bypass: None,
    };
    assert_eq!(
        shown(&all),
        "automatic detection, script http://w/p.pac?***, proxy http=p:80;https=q:443"
    );
    assert_eq!(shown(&WindowsProxies::default()), "no proxy");
}
