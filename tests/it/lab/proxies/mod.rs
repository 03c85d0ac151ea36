//! A site whose way out is a proxy: squid and tinyproxy, in a namespace of their own and with a
//! resolver of their own, between a client and names that most often only the proxies can resolve.

mod agent_files;
mod credentials;
mod differential;
mod faults;
mod names;
mod network;
mod ntlm;
mod scripts;
mod secrets;
mod servers;
mod ways;

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use self::names::{NAMES, Name};
use self::network::Network;
use super::invocation::Report;
use super::namespace::{Namespace, run};
use super::{Built, HasClient, share, wait_for};

impl HasClient for Network {
    fn client(&self) -> &Namespace {
        &self.client
    }
}

/// The site: a lab of its own.
type Site = Built<Network>;

impl Site {
    /// The site that the running tests share.
    fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Site>> = Mutex::new(Weak::new());
        share(&SHARED, Self::build)
    }

    fn build() -> Result<Self, String> {
        let mut certified: Vec<String> = NAMES.iter().map(|name| name.host.clone()).collect();
        certified.push(network::SQUID.to_owned());
        let site = Self::new(&certified, Network::create, servers::start)?;
        site.wait_for_proxies()?;
        Ok(site)
    }

    /// Until each proxy carries a name.
    fn wait_for_proxies(&self) -> Result<(), String> {
        for proxy in [servers::squid(), servers::squid_authenticated(), servers::tinyproxy()] {
            wait_for(&proxy, || {
                let mut curl = self.client("curl");
                curl.args(["--silent", "--show-error", "--insecure", "--max-time", "2", "--proxy"]);
                run(curl.args([&proxy, &format!("https://{}/", names::FACTORY)])).map(drop)
            })
            .map_err(|error| format!("{error}{}", self.logs()))?;
        }
        // This one carries nothing for curl, and answers.
        let asks = servers::squid_asks_ntlm();
        wait_for(&asks, || {
            let mut curl = self.client("curl");
            curl.args(["--silent", "--show-error", "--max-time", "2", "--proxy", &asks]);
            run(curl.arg("http://crl3.digicert.com/")).map(drop)
        })
        .map_err(|error| format!("{error}{}", self.logs()))
    }

    /// `pathproof check` of these names, in a format, and with nothing said of proxies.
    fn check_as<'a>(
        &self,
        format: &str,
        names: impl IntoIterator<Item = &'a Name>,
        arguments: &[&str],
    ) -> Command {
        let mut command = self.client(env!("CARGO_BIN_EXE_pathproof"));
        command.args(["check", "--format", format]);
        command.args(["--timeout", &format!("{}s", TIMEOUT.as_secs())]);
        command.args(["--skip", "relay", "--skip", "control", "--skip", "download"]);
        command.arg("--public-roots").arg(self.pki.public_roots());
        command.arg("--ca-file").arg(self.pki.host_roots());
        for name in names {
            command.args(["--endpoint", &format!("{}://{}:{}", name.kind, name.host, name.port)]);
            if name.is_private {
                command.args(["--private", &name.host]);
            }
        }
        command.args(arguments);
        command
    }

    /// The same, as JSON.
    fn check<'a>(&self, names: impl IntoIterator<Item = &'a Name>, arguments: &[&str]) -> Command {
        self.check_as("json", names, arguments)
    }

    /// What squid carried or refused until now. It notes a request when it ends, so that one more
    /// is made, and waited for.
    fn squid_log(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("/mark-{}-", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut curl = self.client("curl");
        curl.args(["--silent", "--output", "/dev/null", "--proxy", &servers::squid()]);
        run(curl.arg(format!("http://crl3.digicert.com{mark}"))).unwrap();
        let path = servers::squid_log(self.folder.path());
        let mut text = String::new();
        wait_for("squid's log", || {
            text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            if text.contains(&mark) { Ok(()) } else { Err(format!("holds no {mark}")) }
        })
        .unwrap();
        text
    }
}

/// Of each step of ours. The proxies' own are shorter, so that they say what failed.
const TIMEOUT: Duration = Duration::from_secs(4);

/// What must be concluded of a name: status and cause.
type Expected = (&'static str, Option<&'static str>);

const PASS: Expected = ("pass", None);

const fn fails(cause: &'static str) -> Expected {
    ("fail", Some(cause))
}

const fn warns(cause: &'static str) -> Expected {
    ("warn", Some(cause))
}

/// Runs it and compares every name with what is expected of it; all differences at once.
fn conclude<'a>(
    command: &mut Command,
    expected: impl IntoIterator<Item = (&'a Name, Expected)>,
) -> Report {
    let (report, _) = Report::of(command);
    let wrong: Vec<String> = expected
        .into_iter()
        .filter_map(|(name, (status, cause))| report.expect(&name.host, status, cause).err())
        .collect();
    assert!(wrong.is_empty(), "concluded otherwise:\n{}\n{}", wrong.join("\n"), report.stderr);
    report
}
