//! The proxy settings of Windows: a user's (Internet Options) and the machine's (`netsh winhttp`).
//!
//! .NET asks the environment first and then the user's settings (page of
//! `HttpClient.DefaultProxy`); `WinHTTP` asks the machine's (page of
//! `WinHttpGetDefaultProxyConfiguration`). Within a user's settings the script stands before the
//! fixed proxy (page of `WINHTTP_CURRENT_USER_IE_PROXY_CONFIG`).

use super::decide::{FixedProxy, WithSource};
use super::exceptions::Exceptions;
use super::no_proxy::NoProxyDialect;
use super::proxy_url::{ProxyScheme, ProxyUrl, ProxyUrlError};

/// The texts of the settings, as Windows stores them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowsSettings {
    pub user: WindowsProxies,
    /// The settings of the machine, which know no script.
    pub machine: WindowsProxies,
}

/// The proxy settings of the user or of the machine.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WindowsProxies {
    /// Automatic detection (WPAD) is on, as it is by default.
    pub auto_detect: bool,
    /// `AutoConfigURL`: the address of a script.
    pub script: Option<String>,
    /// `ProxyServer`: `proxy:8080`, or `http=p:80;https=q:443`.
    pub proxy: Option<String>,
    /// `ProxyOverride`, such as `<local>;*.contoso.com`.
    pub bypass: Option<String>,
}

/// The texts are left out, because they may hold a password.
impl std::fmt::Debug for WindowsProxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WindowsProxies")
            .field("auto_detect", &self.auto_detect)
            .field("has_script", &self.script.is_some())
            .field("has_proxy", &self.proxy.is_some())
            .finish_non_exhaustive()
    }
}

impl WindowsProxies {
    /// Reads the value `DefaultConnectionSettings`, in which Windows keeps an account's settings:
    /// numbers of 32 bits (a version, a counter, what is switched on), then the proxy, its
    /// exceptions and the script as texts behind their lengths. Microsoft names the switches and
    /// not the layout (IE support, What is `DefaultConnectionSettings` key). `None` where it is
    /// cut.
    #[must_use]
    pub fn of_connection(bytes: &[u8]) -> Option<Self> {
        const USES_PROXY: u32 = 2;
        const USES_SCRIPT: u32 = 4;
        const DETECTS: u32 = 8;
        let mut rest = bytes;
        let [_, _, switches] = [number(&mut rest)?, number(&mut rest)?, number(&mut rest)?];
        // Texts at the end that are empty may be left out.
        let mut text = || {
            let Some(length) = number(&mut rest) else { return Some(None) };
            let (own, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = behind;
            Some(Some(String::from_utf8_lossy(own).into_owned()).filter(|text| !text.is_empty()))
        };
        let [proxy, bypass, script] = [text()?, text()?, text()?];
        let is_on = |switch| switches & switch != 0;
        let proxy = proxy.filter(|_| is_on(USES_PROXY));
        Some(Self {
            auto_detect: is_on(DETECTS),
            script: script.filter(|_| is_on(USES_SCRIPT)),
            bypass: bypass.filter(|_| proxy.is_some()),
            proxy,
        })
    }
}

/// A number of 32 bits, little end first, which is taken from the bytes.
fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (own, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*own))
}

/// The proxy configuration that Windows' settings amount to.
#[derive(Clone, Debug)]
pub enum WindowsWay {
    /// The location of a script that decides.
    Script(WithSource<String>),
    /// One proxy, or one for each scheme.
    Fixed(FixedProxy),
}

const USER: &str = "the user's Internet settings";
const MACHINE: &str = "the machine's WinHTTP settings";

/// Takes the settings that decide: the user's before the machine's, a script before a fixed proxy.
/// `None` where neither names a proxy.
///
/// # Errors
/// The setting whose proxy cannot be read; the error does not repeat the proxy.
pub fn from_windows(
    settings: &WindowsSettings,
) -> Result<Option<WindowsWay>, WithSource<ProxyUrlError>> {
    for (owner, proxies) in [(USER, &settings.user), (MACHINE, &settings.machine)] {
        if let Some(script) = given(proxies.script.as_deref()) {
            let source = format!("AutoConfigURL of {owner}");
            return Ok(Some(WindowsWay::Script(WithSource { value: script.to_owned(), source })));
        }
        if let Some(servers) = given(proxies.proxy.as_deref()) {
            let fixed = fixed(servers, proxies.bypass.as_deref(), owner)
                .map_err(|value| WithSource { value, source: format!("ProxyServer of {owner}") })?;
            if fixed.https.is_some() || fixed.http.is_some() {
                return Ok(Some(WindowsWay::Fixed(fixed)));
            }
        }
    }
    Ok(None)
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// `([<scheme>=][<scheme>"://"]<server>[":"<port>])`, separated by semicolons or white space (page
/// of `WINHTTP_PROXY_INFO`). A server without a scheme is for every scheme; `socks=` is for those
/// that have no other server.
fn fixed(servers: &str, bypass: Option<&str>, owner: &str) -> Result<FixedProxy, ProxyUrlError> {
    let (mut https, mut http, mut all, mut socks) = (None, None, None, None);
    for entry in servers.split([';', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty()) {
        let (word, server) = match entry.split_once('=') {
            Some((word, server)) => (word.to_ascii_lowercase(), server),
            None => (String::new(), entry),
        };
        let slot = match word.as_str() {
            "" => &mut all,
            "https" => &mut https,
            "http" => &mut http,
            "socks" => &mut socks,
            // The rest are ftp and gopher, which the runtime does not use.
            _ => continue,
        };
        if slot.is_none() && !server.is_empty() {
            *slot = Some(server_of(server, word == "socks")?);
        }
    }
    let named = |scheme: &str, value: ProxyUrl| WithSource {
        value,
        source: format!("ProxyServer of {owner} for {scheme}"),
    };
    let of = |own: Option<ProxyUrl>| own.or_else(|| all.clone()).or_else(|| socks.clone());
    let exceptions = given(bypass).map(|list| {
        Exceptions::read(list, NoProxyDialect::WinInet, &format!("ProxyOverride of {owner}"))
    });
    Ok(FixedProxy {
        https: of(https).map(|proxy| named("https", proxy)),
        http: of(http).map(|proxy| named("http", proxy)),
        exceptions: exceptions.into_iter().collect(),
    })
}

/// `WinINET` speaks SOCKS 4, whose port is 1080.
fn server_of(server: &str, is_socks: bool) -> Result<ProxyUrl, ProxyUrlError> {
    if !is_socks {
        return ProxyUrl::parse(server);
    }
    let address = server.split_once("://").map_or(server, |(_, address)| address);
    let proxy = ProxyUrl::parse(&format!("socks5://{address}"))?;
    Ok(ProxyUrl::new(ProxyScheme::Socks4, proxy.host().clone(), proxy.port()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Host;
    use crate::route::{Configuration, Scheme};

    fn user(proxy: &str, bypass: &str) -> WindowsSettings {
        let user = WindowsProxies {
            proxy: Some(proxy.to_owned()),
            bypass: Some(bypass.to_owned()),
            ..WindowsProxies::default()
        };
        WindowsSettings { user, machine: WindowsProxies::default() }
    }

    /// The proxies for https and http.
    fn proxies(settings: &WindowsSettings) -> (Option<String>, Option<String>) {
        let Some(WindowsWay::Fixed(fixed)) = from_windows(settings).unwrap() else {
            return (None, None);
        };
        let shown =
            |named: Option<WithSource<ProxyUrl>>| named.map(|named| named.value.to_string());
        (shown(fixed.https), shown(fixed.http))
    }

    #[test]
    fn servers_are_read_by_scheme() {
        for (text, https, http) in [
            ("proxy:8080", Some("http://proxy:8080"), Some("http://proxy:8080")),
            ("proxy", Some("http://proxy:80"), Some("http://proxy:80")),
            ("http://proxy:8080/", Some("http://proxy:8080"), Some("http://proxy:8080")),
            ("http=p:80;https=q:443", Some("http://q:443"), Some("http://p:80")),
            ("HTTP=p:80", None, Some("http://p:80")),
            ("http=p:80 https=http://q:8443", Some("http://q:8443"), Some("http://p:80")),
            ("ftp=f:21;socks=s", Some("socks4://s:1080"), Some("socks4://s:1080")),
            ("http=p:80;socks=socks://s:1081", Some("socks4://s:1081"), Some("http://p:80")),
            ("https=;r:3128", Some("http://r:3128"), Some("http://r:3128")),
            ("https=a:1;https=b:2", Some("http://a:1"), None),
            ("ftp=f:21", None, None),
            (" ; ", None, None),
        ] {
            let found = proxies(&user(text, ""));
            assert_eq!((found.0.as_deref(), found.1.as_deref()), (https, http), "{text}");
        }
    }

    #[test]
    fn the_user_decides_before_the_machine_and_a_script_before_a_proxy() {
        let mut settings = user("u:1", "<local>;*.contoso.com");
        settings.machine.proxy = Some("m:1".to_owned());
        assert_eq!(proxies(&settings).0.as_deref(), Some("http://u:1"));
        settings.user.proxy = None;
        assert_eq!(proxies(&settings).0.as_deref(), Some("http://m:1"));
        settings.user.auto_detect = true;
        assert_eq!(proxies(&settings).0.as_deref(), Some("http://m:1"), "WPAD names no proxy");
        settings.user.script = Some("http://wpad/wpad.dat".to_owned());
        let Ok(Some(WindowsWay::Script(script))) = from_windows(&settings) else {
            panic!("a script")
        };
        assert_eq!(script.source, "AutoConfigURL of the user's Internet settings");
        assert!(from_windows(&WindowsSettings::default()).unwrap().is_none());
    }

    #[test]
    fn what_is_bypassed_names_its_rule() {
        let settings = user("u:1", "<local>;*.contoso.com");
        let Ok(Some(WindowsWay::Fixed(fixed))) = from_windows(&settings) else { panic!("fixed") };
        let configuration = Configuration::Fixed(fixed);
        let now = jiff::Zoned::default();
        for (host, why) in [
            (
                "a.contoso.com",
                "rule 2 of ProxyOverride of the user's Internet settings: *.contoso.com",
            ),
            ("intranet", "rule 1 of ProxyOverride of the user's Internet settings: <local>"),
            ("a.net", "ProxyServer of the user's Internet settings for https"),
        ] {
            let host = Host::parse(host).unwrap();
            let decision = configuration.decide(&host, 443, Scheme::Https, &now).unwrap();
            assert_eq!(decision.why, why);
        }
    }

    #[test]
    fn errors_name_the_setting_and_no_password() {
        let error = from_windows(&user("https=http://anna:geheim@p:0", "")).unwrap_err();
        let text = format!("{} {} {error:?}", error.source, error.value);
        assert!(text.contains("ProxyServer of the user's") && text.contains("port 0"), "{text}");
        assert!(!text.contains("geheim"), "{text}");
        assert!(!format!("{:?}", user("anna:geheim@p:1", "")).contains("geheim"));
    }

    /// As Windows writes it: what is switched off keeps its text.
    #[test]
    fn settings_are_read_as_windows_keeps_them() {
        let blob = |switches: u32, texts: &[&str]| {
            let mut bytes = [70_u32, 9, switches].map(u32::to_le_bytes).concat();
            for text in texts {
                bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
                bytes.extend(text.bytes());
            }
            bytes.extend([0; 36]);
            bytes
        };
        let all = ["p:8080", "<local>;*.contoso.com", "http://wpad/p.pac"];
        let read = |bytes: &[u8]| {
            WindowsProxies::of_connection(bytes)
                .map(|own| (own.auto_detect, own.proxy, own.bypass, own.script))
        };
        let some = |text: &str| Some(text.to_owned());
        for (switches, expected) in [
            (1, (false, None, None, None)),
            (9, (true, None, None, None)),
            (3, (false, some(all[0]), some(all[1]), None)),
            (13, (true, None, None, some(all[2]))),
            (15, (true, some(all[0]), some(all[1]), some(all[2]))),
        ] {
            assert_eq!(read(&blob(switches, &all)), Some(expected), "{switches}");
        }
        assert_eq!(read(&blob(3, &["p:1"])), Some((false, some("p:1"), None, None)));
        for cut in [0, 11, 17] {
            assert_eq!(read(&blob(3, &all)[..cut]), None, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn no_value_of_the_registry_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = WindowsProxies::of_connection(&bytes);
        }

        #[test]
        fn no_setting_panics(text in "\\PC{0,60}", plausible in "([a-z]{0,5}=?[a-z:/@0-9.]{0,12}[; ]){0,4}") {
            for text in [text, plausible] {
                let _ = from_windows(&user(&text, &text));
            }
        }
    }
}
