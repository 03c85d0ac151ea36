//! `agent status`: the runtime on this host.

use anyhow::Result;

use super::arguments::{AgentStatusArgs, AgentStatusFormat, DiscoveryArgs, YesOrNo};
use super::exit::Exit;
use super::input::Stdin;
use super::on_this_host::{self, LookedAt};
use super::{hint, output, vantage};
use crate::host::{SeenName, ServiceAccountProxies};
use crate::model::{HostRuntime, ServiceState};
use crate::proxy_config::{self, ProxyConfig, ProxyOptions, ProxyOrigin};
use crate::report::Style;
use crate::report::agent_status::{self, AgentStatus, StatusAccountProxy, StatusName, StatusProxy};

/// Exit 0: it is installed and its service runs; 1: it does not run; 3: it is not installed here,
/// or that cannot be read.
pub(super) fn status(command: &AgentStatusArgs) -> Result<Exit> {
    let output = command.output.as_deref();
    if let Some(path) = output {
        output::check_writable(path)?;
    }
    let given = DiscoveryArgs { discover: YesOrNo::Yes, events: command.events.clone() };
    let found = on_this_host::look(&given, LookedAt::ThisHost, &mut Stdin::default())?;
    for note in &found.notes {
        hint::hint(note);
    }
    let runtime = &found.runtime;
    let proxy = if runtime.installed.is_some() { proxy() } else { None };
    let status = AgentStatus {
        runtime,
        proxy,
        account_proxy: found.account_proxies.as_ref().map(account_proxy),
        names: found.discovery.names.iter().map(name).collect(),
        other_factories: found.discovery.other_factories.iter().map(name).collect(),
        is_factory_open: found.discovery.is_factory_open(),
    };
    match command.format {
        AgentStatusFormat::Table => {
            let (width, color) = output::style(output);
            output::write_table(output, &agent_status::table(&status, &Style { width, color }))?;
        }
        AgentStatusFormat::Json => {
            let json = agent_status::json(&status);
            output::write(output, |out| out.write_all(json.as_bytes()))?;
        }
    }
    if runtime.installed.is_none() {
        hint::hint(&proxy_config::none_installed_here());
    }
    Ok(exit(runtime))
}

fn exit(runtime: &HostRuntime) -> Exit {
    let state = runtime.service.as_ref().map(|service| service.state);
    match (&runtime.installed, state) {
        (None, _) | (Some(_), Some(ServiceState::Unknown)) => Exit::Unknown,
        (Some(_), Some(ServiceState::Running)) => Exit::Satisfied,
        (Some(_), _) => Exit::Violated,
    }
}

/// The proxy configuration of the installed runtime; `None` where its files cannot be read, which a
/// hint then says.
fn proxy() -> Option<StatusProxy> {
    let local = proxy_config::local_view(vantage::addresses());
    match ProxyConfig::read(ProxyOptions::default(), local) {
        Ok(config) => {
            for note in config.notes.iter().chain(&config.agent_files_differ) {
                hint::hint(note);
            }
            let ProxyOrigin { decided_by, is_auto: _, place } = config.origin;
            Some(StatusProxy { mode: decided_by.as_str(), url: config.shown, source: place })
        }
        Err(error) => {
            hint::hint(&format!("{:#}", anyhow::Error::from(error)));
            None
        }
    }
}

fn account_proxy(proxies: &ServiceAccountProxies) -> StatusAccountProxy {
    let settings = proxies.of_service.as_ref();
    StatusAccountProxy {
        account: proxies.account.clone(),
        settings: settings.ok().map(on_this_host::shown),
        is_same: proxies.are_same(),
        unreadable: settings.err().map(ToString::to_string),
    }
}

fn name(seen: &SeenName) -> StatusName {
    StatusName {
        host: seen.host.to_string(),
        entry: seen.entry.clone(),
        sighting: seen.sighting.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FoundBy, InstalledRuntime, RuntimeService, StartType};

    #[test]
    fn the_exit_code_says_whether_it_runs() {
        let installed = Some(InstalledRuntime {
            path: "D".into(),
            found_by: FoundBy::Registry,
            version: String::new(),
        });
        let service = |state| {
            Some(RuntimeService { state, start: StartType::Manual, account: String::new() })
        };
        for (installed, service, expected) in [
            (None, None, Exit::Unknown),
            (None, service(ServiceState::Running), Exit::Unknown),
            (installed.clone(), service(ServiceState::Running), Exit::Satisfied),
            (installed.clone(), service(ServiceState::Stopped), Exit::Violated),
            (installed.clone(), service(ServiceState::Starting), Exit::Violated),
            (installed.clone(), service(ServiceState::Unknown), Exit::Unknown),
            (installed, None, Exit::Violated),
        ] {
            let runtime = HostRuntime { installed, service, ..HostRuntime::default() };
            assert_eq!(exit(&runtime), expected, "{runtime:?}");
        }
    }
}
