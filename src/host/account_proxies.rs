//! The Internet settings of the account that the runtime's service runs as, beside those of the
//! account that asks: what passes for one of them can fail for the other.

use super::{HostAnswers, InternetSettings, SettingsUnreadable};
use crate::model::RuntimeService;
use crate::route::WindowsProxies;

/// The settings of two accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountProxies {
    /// The account of the service.
    pub account: String,
    pub of_service: Result<WindowsProxies, SettingsUnreadable>,
    /// The settings of the account that this program runs as.
    pub own: Result<WindowsProxies, SettingsUnreadable>,
}

impl ServiceAccountProxies {
    /// Whether both are the same; `None` where one cannot be read.
    #[must_use]
    pub fn are_same(&self) -> Option<bool> {
        Some(self.of_service.as_ref().ok()? == self.own.as_ref().ok()?)
    }
}

/// Reads both; `None` where the account is not known, or where a policy leaves accounts no settings
/// of their own.
#[must_use]
pub fn service_account_proxies(
    host: &dyn HostAnswers,
    service: &RuntimeService,
) -> Option<ServiceAccountProxies> {
    if service.account.is_empty() || host.has_settings_per_machine() {
        return None;
    }
    let sid = well_known_sid(&service.account).map(str::to_owned).or_else(|| {
        // The service manager writes an account of this host with a dot for the host.
        let account = service.account.strip_prefix(r".\").unwrap_or(&service.account);
        host.account_sid(account)
    });
    let of_service = match sid {
        Some(sid) => host.internet_settings(Some(&sid)),
        None => Err(SettingsUnreadable::NoAccount),
    };
    let own = host.internet_settings(None);
    let [of_service, own] = [of_service, own].map(|read| read.map(|settings| proxies(&settings)));
    Some(ServiceAccountProxies { account: service.account.clone(), of_service, own })
}

/// The accounts of services that have the same identifier on every host (Microsoft, Well-known
/// SIDs). The service manager knows them by English names in every language of Windows.
fn well_known_sid(account: &str) -> Option<&'static str> {
    let account = account.to_ascii_lowercase();
    match account.trim_start_matches(r".\").trim_start_matches(r"nt authority\") {
        "localsystem" | "system" => Some("S-1-5-18"),
        "localservice" | "local service" => Some("S-1-5-19"),
        "networkservice" | "network service" => Some("S-1-5-20"),
        _ => None,
    }
}

fn proxies(settings: &InternetSettings) -> WindowsProxies {
    let InternetSettings { connection, proxy_enable, proxy_server, .. } = settings;
    if let Some(own) = connection.as_deref().and_then(WindowsProxies::of_connection) {
        return own;
    }
    let proxy = proxy_server.clone().filter(|_| *proxy_enable == Some(1));
    WindowsProxies {
        auto_detect: false,
        script: settings.auto_config_url.clone(),
        bypass: settings.proxy_override.clone().filter(|_| proxy.is_some()),
        proxy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::ToldHost;
    use crate::model::{ServiceState, StartType};

    const SID: &str = "S-1-5-80-1234-5-6-7-8";

    fn service(account: &str) -> RuntimeService {
        RuntimeService {
            state: ServiceState::Running,
            start: StartType::Automatic,
            account: account.to_owned(),
        }
    }

    fn with_proxy(proxy: &str) -> InternetSettings {
        InternetSettings {
            proxy_enable: Some(1),
            proxy_server: Some(proxy.to_owned()),
            ..InternetSettings::default()
        }
    }

    /// The value of an account whose proxy is switched off, as Windows keeps it.
    fn switched_off() -> InternetSettings {
        let mut bytes = [70_u32, 4, 1, 6].map(u32::to_le_bytes).concat();
        bytes.extend(b"p:8080");
        bytes.extend([0; 40]);
        InternetSettings { connection: Some(bytes), ..with_proxy("p:8080") }
    }

    fn host(settings: Result<InternetSettings, SettingsUnreadable>) -> ToldHost {
        let accounts = [r"NT SERVICE\DIAHostService", "svc"].map(|name| (name.into(), SID.into()));
        ToldHost {
            accounts: accounts.into(),
            settings: [(SID.to_owned(), settings.clone()), ("S-1-5-20".to_owned(), settings)]
                .into(),
            ..ToldHost::default()
        }
    }

    #[test]
    fn the_settings_of_the_services_account_are_compared() {
        let found = |host: &ToldHost, account: &str| {
            service_account_proxies(host, &service(account)).unwrap()
        };
        let other = host(Ok(with_proxy("p:8080")));
        for account in [r"NT SERVICE\DIAHostService", r".\svc", r"NT AUTHORITY\NetworkService"] {
            let found = found(&other, account);
            assert_eq!(found.are_same(), Some(false), "{account}");
            assert_eq!(found.of_service.unwrap().proxy.as_deref(), Some("p:8080"), "{account}");
        }
        let same =
            ToldHost { own_settings: with_proxy("p:8080"), ..host(Ok(with_proxy("p:8080"))) };
        assert_eq!(found(&same, "svc").are_same(), Some(true));
        // What is switched off is no proxy, though its value is still there.
        assert_eq!(found(&host(Ok(switched_off())), "svc").are_same(), Some(true));
        let disabled = InternetSettings { proxy_enable: Some(0), ..with_proxy("p:8080") };
        assert_eq!(found(&host(Ok(disabled)), "svc").are_same(), Some(true));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (answer, account, expected) in [
            (Ok(with_proxy("p:1")), r"CONTOSO\nobody", SettingsUnreadable::NoAccount),
            (Ok(with_proxy("p:1")), "LocalSystem", SettingsUnreadable::NotLoaded),
            (Err(SettingsUnreadable::Denied), "svc", SettingsUnreadable::Denied),
        ] {
            let found = service_account_proxies(&host(answer), &service(account)).unwrap();
            assert_eq!((found.are_same(), found.of_service), (None, Err(expected)), "{account}");
        }
        let per_machine =
            ToldHost { has_settings_per_machine: true, ..host(Ok(with_proxy("p:1"))) };
        assert_eq!(service_account_proxies(&per_machine, &service("svc")), None);
        assert_eq!(service_account_proxies(&host(Ok(with_proxy("p:1"))), &service("")), None);
    }

    #[test]
    fn accounts_of_services_have_one_identifier() {
        for (account, expected) in [
            ("LocalSystem", Some("S-1-5-18")),
            (r"NT AUTHORITY\SYSTEM", Some("S-1-5-18")),
            (r"NT AUTHORITY\LocalService", Some("S-1-5-19")),
            (r"NT Authority\NETWORK SERVICE", Some("S-1-5-20")),
            (r"NT SERVICE\DIAHostService", None),
            (r"CONTOSO\system1", None),
        ] {
            assert_eq!(well_known_sid(account), expected, "{account}");
        }
    }
}
