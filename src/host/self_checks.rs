//! What `selftest` asks of Windows, without which nothing is known of a runtime: whether this
//! account gets an answer.

use super::{EVENT_LOGS, HostAnswers, service_of};
use crate::model::SelfCheck;

/// A service that every Windows has.
const ALWAYS_THERE: &str = "EventLog";
/// An event log that every Windows has, and that everybody may read.
const EVERYBODYS_LOG: &str = "Application";
/// What signs in to a proxy with the account that runs this program.
const SIGN_IN: [&str; 2] = ["Negotiate", "NTLM"];

type SelfQuestion = fn(&dyn HostAnswers) -> Result<String, String>;

/// Each check with what only Windows has of it.
const CHECKS: [(&str, &str, SelfQuestion); 6] = [
    ("account", "accounts with a domain", account),
    ("registry", "a registry", registry),
    ("services", "a service manager", services),
    ("event_log", "event logs", event_log),
    ("dns_cache", "a cache of the DNS client that can be read", dns_cache),
    ("sign_in", "SSPI, by which a program signs in as its account", sign_in),
];

/// Asks Windows; `None` is another system.
#[must_use]
pub fn self_checks(windows: Option<&dyn HostAnswers>) -> Vec<SelfCheck> {
    let check = |(name, what, asked): &(&'static str, &str, SelfQuestion)| match windows {
        Some(windows) => SelfCheck::of(name, asked(windows)),
        None => SelfCheck::not_here(name, format!("only Windows has {what}")),
    };
    CHECKS.iter().map(check).collect()
}

fn account(windows: &dyn HostAnswers) -> Result<String, String> {
    windows.account().ok_or_else(|| "the system does not name this program's account".to_owned())
}

fn registry(windows: &dyn HostAnswers) -> Result<String, String> {
    let build = windows.build().ok_or("CurrentBuildNumber of Windows NT cannot be read")?;
    Ok(format!("Windows build {build}"))
}

fn services(windows: &dyn HostAnswers) -> Result<String, String> {
    let answer = windows.service(ALWAYS_THERE).ok_or_else(|| {
        format!("the service manager does not tell this account of the service {ALWAYS_THERE}")
    })?;
    let service = service_of(&answer);
    Ok(format!(
        "{ALWAYS_THERE} is {}, start type {}",
        service.state.as_str(),
        service.start.as_str()
    ))
}

fn event_log(windows: &dyn HostAnswers) -> Result<String, String> {
    let newest = windows.events(EVERYBODYS_LOG, 1).map_err(|error| error.to_string())?;
    if newest.is_empty() {
        return Err(format!("no event of the log \"{EVERYBODYS_LOG}\" can be read"));
    }
    let mut n_with_events = 0;
    for log in EVENT_LOGS {
        // A log that is not here has no events; one that cannot be read is what is looked for.
        let events = windows.events(log, 1).map_err(|error| error.to_string())?;
        n_with_events += usize::from(!events.is_empty());
    }
    Ok(format!(
        "the newest event of \"{EVERYBODYS_LOG}\" was read; {n_with_events} of the runtime's {} \
         logs hold events",
        EVENT_LOGS.len()
    ))
}

fn dns_cache(windows: &dyn HostAnswers) -> Result<String, String> {
    let names = windows.cached_names().ok_or("DnsGetCacheDataTable gives no table")?;
    Ok(format!("{} names in the cache of the DNS client", names.len()))
}

fn sign_in(windows: &dyn HostAnswers) -> Result<String, String> {
    let packages = windows.security_packages().ok_or("SSPI lists no security packages")?;
    let is_there = |wanted: &&str| packages.iter().any(|one| one.eq_ignore_ascii_case(wanted));
    let missing: Vec<&str> = SIGN_IN.into_iter().filter(|wanted| !is_there(wanted)).collect();
    if missing.is_empty() {
        Ok(format!("SSPI has {}; nothing was signed in to", SIGN_IN.join(" and ")))
    } else {
        Err(format!("SSPI has no {}", missing.join(" and no ")))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::host::{InternetSettings, LogUnreadable, ServiceAnswer, SettingsUnreadable};
    use crate::model::CheckOutcome;

    /// A Windows that answers as it is told.
    #[derive(Default)]
    struct ToldWindows {
        build: Option<&'static str>,
        service: Option<ServiceAnswer>,
        /// The logs that hold an event.
        logs: &'static [&'static str],
        /// The log that this account may not read.
        forbidden: &'static str,
        cache: Option<usize>,
        packages: Option<&'static [&'static str]>,
    }

    impl HostAnswers for ToldWindows {
        fn diacmd_path(&self) -> Option<String> {
            None
        }

        fn service(&self, name: &str) -> Option<ServiceAnswer> {
            self.service.clone().filter(|_| name == "EventLog")
        }

        fn program_files(&self) -> Option<String> {
            None
        }

        fn file_version(&self, _: &Path) -> Option<[u16; 4]> {
            None
        }

        fn events(&self, log: &str, _: usize) -> Result<Vec<String>, LogUnreadable> {
            if log == self.forbidden {
                let reason = "Access is denied. (os error 5)".to_owned();
                return Err(LogUnreadable { log: log.to_owned(), reason });
            }
            Ok(self.logs.contains(&log).then(|| "<Event/>".to_owned()).into_iter().collect())
        }

        fn cached_names(&self) -> Option<Vec<String>> {
            self.cache.map(|length| vec!["a.test".to_owned(); length])
        }

        fn account_sid(&self, _: &str) -> Option<String> {
            None
        }

        fn internet_settings(
            &self,
            _: Option<&str>,
        ) -> Result<InternetSettings, SettingsUnreadable> {
            Ok(InternetSettings::default())
        }

        fn has_settings_per_machine(&self) -> bool {
            false
        }

        fn account(&self) -> Option<String> {
            self.build.map(|_| r"CONTOSO\svc-shir".to_owned())
        }

        fn build(&self) -> Option<String> {
            self.build.map(str::to_owned)
        }

        fn security_packages(&self) -> Option<Vec<String>> {
            self.packages.map(|all| all.iter().map(|one| (*one).to_owned()).collect())
        }
    }

    fn lines(windows: Option<&dyn HostAnswers>) -> Vec<String> {
        let line = |check: SelfCheck| {
            format!("{} {}: {}", check.outcome.as_str(), check.name, check.outcome.text())
        };
        self_checks(windows).into_iter().map(line).collect()
    }

    #[test]
    fn a_windows_that_answers_passes() {
        let windows = ToldWindows {
            build: Some("20348"),
            service: Some(ServiceAnswer { state: 4, start: Some(2), ..ServiceAnswer::default() }),
            logs: &["Application", "Integration Runtime"],
            cache: Some(12),
            packages: Some(&["NTLM", "negotiate", "Schannel"]),
            ..ToldWindows::default()
        };
        assert_eq!(
            lines(Some(&windows)),
            [
                r"ok account: CONTOSO\svc-shir",
                "ok registry: Windows build 20348",
                "ok services: EventLog is running, start type automatic",
                "ok event_log: the newest event of \"Application\" was read; 1 of the runtime's 2 \
                 logs hold events",
                "ok dns_cache: 12 names in the cache of the DNS client",
                "ok sign_in: SSPI has Negotiate and NTLM; nothing was signed in to",
            ]
        );
    }

    #[test]
    fn what_does_not_answer_is_named() {
        let silent = self_checks(Some(&ToldWindows::default()));
        assert!(silent.iter().all(|check| check.outcome.is_failure()), "{silent:?}");
        let windows = ToldWindows {
            logs: &["Application"],
            forbidden: "Integration Runtime",
            packages: Some(&["Negotiate"]),
            ..ToldWindows::default()
        };
        let found = lines(Some(&windows));
        for expected in [
            "failed event_log: the event log \"Integration Runtime\" cannot be read: Access is \
             denied. (os error 5)",
            "failed sign_in: SSPI has no NTLM",
        ] {
            assert!(found.iter().any(|line| line == expected), "no {expected:?} in {found:?}");
        }
    }

    #[test]
    fn other_systems_have_none_of_it() {
        let all = self_checks(None);
        let is_absent = |check: &SelfCheck| matches!(check.outcome, CheckOutcome::NotHere(_));
        assert!(all.len() == 6 && all.iter().all(is_absent), "{all:?}");
    }
}
