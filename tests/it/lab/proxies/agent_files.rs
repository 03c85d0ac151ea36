//! The runtime's own configuration files decide.

use std::fs;
use std::path::PathBuf;

use super::names::{BOTH_OPEN, FACTORY, FOUND_PRIVATE, STATED_PRIVATE, name};
use super::servers::{INTRANET_NAME, squid};
use super::ways::measured;
use super::{PASS, Site, conclude, fails};

/// As the runtime's installer writes it, with the `<system.net>` of Microsoft's page on private
/// endpoints ("Configure proxy server settings when using a private endpoint").
fn file(encoding: &str, bypassed: &[&str]) -> String {
    let add = |entry: &&str| format!("        <add address=\"{entry}\" />\n");
    let bypassed = bypassed.iter().map(add).collect::<Vec<_>>().concat();
    format!(
        r#"<?xml version="1.0" encoding="{encoding}"?>
<configuration>
  <configSections>
    <section name="log4net" type="log4net.Config.Log4NetConfigurationSectionHandler, log4net" />
  </configSections>
  <startup useLegacyV2RuntimeActivationPolicy="true">
    <supportedRuntime version="v4.0" sku=".NETFramework,Version=v4.7.2" />
  </startup>
  <runtime>
    <gcServer enabled="true" />
    <assemblyBinding xmlns="urn:schemas-microsoft-com:asm.v1">
      <probing privatePath="..\..\Shared" />
    </assemblyBinding>
  </runtime>
  <system.net>
    <defaultProxy>
      <bypasslist>
{bypassed}      </bypasslist>
      <proxy usesystemdefault="False" proxyaddress="{proxy}/" bypassonlocal="True" />
    </defaultProxy>
  </system.net>
</configuration>
"#,
        proxy = squid()
    )
    .replace('\n', "\r\n")
}

fn utf8_with_bom(text: &str) -> Vec<u8> {
    [b"\xEF\xBB\xBF", text.as_bytes()].concat()
}

fn utf16_with_bom(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// A folder with both files.
fn folder(site: &Site, label: &str, host: &[u8], worker: &[u8]) -> PathBuf {
    let folder = site.folder.path().join(format!("agent-{label}"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("diahost.exe.config"), host).unwrap();
    fs::write(folder.join("diawp.exe.config"), worker).unwrap();
    folder
}

const BYPASSED: [&str; 2] =
    [r"contoso-pe\.westeurope\.datafactory\.azure\.net", r"open\.blob\.core\.windows\.net"];

fn decides(label: &str, encoding: &str, encode: fn(&str) -> Vec<u8>) {
    let Some(site) = Site::shared() else { return };
    let text = encode(&file(encoding, &BYPASSED));
    let folder = folder(&site, label, &text, &text);
    let folder = folder.to_str().unwrap();
    let names = [FACTORY, BOTH_OPEN, STATED_PRIVATE, FOUND_PRIVATE].map(name);
    let expected = [PASS, PASS, PASS, fails("route_private_via_proxy")];
    let report = conclude(
        &mut site.check(names, &["--agent-config", folder]),
        names.into_iter().zip(expected),
    );

    let proxy = &report.value["run"]["vantage"]["proxy"];
    assert_eq!(proxy["url"], squid());
    assert!(proxy["source"].to_string().contains("diahost.exe.config"), "{proxy}");
    assert_eq!(measured(report.endpoint(FACTORY).unwrap()), [squid()]);
    let bypassed = report.endpoint(STATED_PRIVATE).unwrap();
    assert_eq!(measured(bypassed), ["direct"]);
    assert_eq!(bypassed["route"]["intended"], "direct");
    // The rule that matched.
    assert!(bypassed["route"]["why"].to_string().contains("bypass"), "{}", bypassed["route"]);
    assert_eq!(report.value["findings"].as_array().map(Vec::len), Some(0), "the files agree");
}

#[test]
fn in_utf8_with_a_mark() {
    decides("utf-8", "utf-8", utf8_with_bom);
}

#[test]
fn in_utf16() {
    decides("utf-16", "utf-16", utf16_with_bom);
}

/// `--no-proxy` adds to the runtime's own list.
#[test]
fn with_an_entry_more() {
    let Some(site) = Site::shared() else { return };
    let text = utf8_with_bom(&file("utf-8", &BYPASSED));
    let folder = folder(&site, "more", &text, &text);
    let names = [FACTORY, BOTH_OPEN, STATED_PRIVATE, FOUND_PRIVATE].map(name);
    let arguments = ["--agent-config", folder.to_str().unwrap(), "--no-proxy", ".vault.azure.net"];
    conclude(&mut site.check(names, &arguments), names.map(|name| (name, PASS)));
}

/// The two processes would go different ways.
#[test]
fn that_disagree() {
    let Some(site) = Site::shared() else { return };
    let host = utf8_with_bom(&file("utf-8", &BYPASSED));
    let worker = utf16_with_bom(&file("utf-16", &BYPASSED[1..]));
    let folder = folder(&site, "disagree", &host, &worker);
    let names = [FACTORY, BOTH_OPEN].map(name);
    let report = conclude(
        &mut site.check(names, &["--agent-config", folder.to_str().unwrap()]),
        names.map(|name| (name, PASS)),
    );
    let findings = report.value["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|finding| finding["cause"] == "route_config_mismatch"),
        "{findings:?}"
    );
}

/// The runtime's files may name a script.
#[test]
fn that_name_a_script() {
    let Some(site) = Site::shared() else { return };
    // `bypassonlocal` beside it would take the script away again (WebProxy.BypassProxyOnLocal).
    let text = file("utf-8", &[]).replace(" bypassonlocal=\"True\"", "").replace(
        &format!("proxyaddress=\"{}/\"", squid()),
        &format!("scriptLocation=\"http://{INTRANET_NAME}/proxy.pac\""),
    );
    let text = utf8_with_bom(&text);
    let folder = folder(&site, "script", &text, &text);
    let names = [FACTORY, BOTH_OPEN, STATED_PRIVATE, FOUND_PRIVATE].map(name);
    let report = conclude(
        &mut site.check(names, &["--agent-config", folder.to_str().unwrap()]),
        names.map(|name| (name, PASS)),
    );
    assert_eq!(measured(report.endpoint(FACTORY).unwrap()), [squid()]);
    assert_eq!(measured(report.endpoint(BOTH_OPEN).unwrap()), ["direct"]);
}

/// Given explicitly, `--proxy` wins over the files.
#[test]
fn that_are_overruled() {
    let Some(site) = Site::shared() else { return };
    let text = utf8_with_bom(&file("utf-8", &BYPASSED));
    let folder = folder(&site, "overruled", &text, &text);
    let arguments = ["--agent-config", folder.to_str().unwrap(), "--proxy", "none"];
    let report = conclude(
        &mut site.check([name(BOTH_OPEN), name(FOUND_PRIVATE)], &arguments),
        [BOTH_OPEN, FOUND_PRIVATE].map(|host| (name(host), PASS)),
    );
    for host in [BOTH_OPEN, FOUND_PRIVATE] {
        assert_eq!(measured(report.endpoint(host).unwrap()), ["direct"], "{host}");
    }
}
