//! squid where it asks for NTLM, with the helper of its own package that believes every account
//! (`ntlm_fake_auth`): the messages, the one connection and what squid makes of them are real.

use super::names::{FACTORY, Name, name};
use super::servers::squid_asks_ntlm;
use super::{Expected, PASS, Site, conclude, fails};

const PASSWORD: &str = "CANARY-of-ntlm";

fn names() -> [&'static Name; 3] {
    [FACTORY, "contoso-relay.servicebus.windows.net", "crl3.digicert.com"].map(name)
}

/// What every name is worth to this account.
fn check(site: &Site, user: &str, expected: Expected) -> String {
    let file = site.file("credentials", format!("{user}:{PASSWORD}\n"));
    let file = file.to_str().unwrap();
    let arguments = ["--proxy", &squid_asks_ntlm(), "--proxy-credentials", file];
    let mut command = site.check(names(), &arguments);
    let report = conclude(&mut command, names().map(|name| (name, expected)));
    let text = report.value.to_string();
    for secret in ["CANARY", "TlRMTVNT"] {
        assert!(!text.contains(secret), "the report holds {secret}:\n{text}");
    }
    text
}

#[test]
fn an_account_is_let_through_and_named() {
    let Some(site) = Site::shared() else { return };
    let text = check(&site, "CONTOSO\\svc-shir", PASS);
    let named = r#""account":"CONTOSO\\svc-shir""#;
    assert!(text.contains(named), "the report does not name the account:\n{text}");
    // squid's own word for whom it let through.
    let log = std::fs::read_to_string(site.folder.path().join("squid/ntlm.log")).unwrap();
    assert!(log.contains("svc-shir"), "{log}");
}

#[test]
fn an_account_that_is_locked_out_is_rejected() {
    let Some(site) = Site::shared() else { return };
    check(&site, "CONTOSO\\locked", fails("proxy_auth_rejected"));
}

#[test]
fn without_an_account_it_is_unknown() {
    let Some(site) = Site::shared() else { return };
    let mut command = site.check(names(), &["--proxy", &squid_asks_ntlm()]);
    let unknown = ("unknown", Some("proxy_auth_required"));
    conclude(&mut command, names().map(|name| (name, unknown)));
}
