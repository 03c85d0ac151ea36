//! The operating system's own answer: hosts file, NRPT, cache, DNS, in the order it is configured
//! to use them. It is what the agent gets, and nothing else tells it.
//!
//! `getaddrinfo` blocks, for half a minute where name servers are silent, and cannot be ended. So
//! it runs on threads of its own, a bounded number of them. Neither a question nor the end of the
//! program waits for one longer than a lookup may take.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::model::{
    Answer, ChainLink, DnsFailure, Exchange, Family, HostName, LinkData, Lookup, Resolver,
    ResponseCode, Transport,
};

#[cfg(unix)]
mod getaddrinfo;
#[cfg(windows)]
mod winsock;

#[cfg(unix)]
use getaddrinfo::resolve;
#[cfg(windows)]
use winsock::resolve;

/// How many questions may be with the operating system at once. A silent name server keeps each
/// for as long as the system's own time-outs are.
const THREADS: usize = 32;
/// Resolving needs little; thirty threads of the default size would be tens of megabytes.
const STACK: usize = 256 * 1024;

/// What the operating system answered, before it is put into a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SystemAnswer {
    /// The addresses, in the system's order of preference.
    Addresses(Vec<IpAddr>),
    /// There is no such name, or the system does not say whether there is.
    NoName,
    /// The name has no address of the families that were asked.
    NoData,
    /// The system could not say, and this is its error.
    Failed(crate::model::OsError),
}

/// Asks the operating system.
#[derive(Debug)]
pub(super) struct OperatingSystem {
    families: Vec<Family>,
    timeout: Duration,
    threads: Arc<Semaphore>,
    hosts: OnceLock<HashSet<String>>,
}

impl OperatingSystem {
    pub(super) fn new(families: Vec<Family>, timeout: Duration) -> Self {
        let threads = Arc::new(Semaphore::new(THREADS));
        Self { families, timeout, threads, hosts: OnceLock::new() }
    }

    /// What it says about `name`; `None` where no thread was free in time, which says nothing
    /// about the name.
    pub(super) async fn ask(&self, name: &HostName) -> Option<Lookup> {
        let began = Instant::now();
        let deadline = began + self.timeout;
        let permit = Arc::clone(&self.threads).acquire_owned();
        let permit = timeout_at(deadline, permit).await.ok()?.ok()?;
        let (answer, answered) = oneshot::channel();
        let (asked, families) = (name.clone(), self.families.clone());
        thread::Builder::new()
            .name("getaddrinfo".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let told = resolve(asked.as_str(), &families);
                drop(permit);
                // Nobody waits any more: the time is up.
                let _ = answer.send(told);
            })
            .ok()?;
        let told = match timeout_at(deadline, answered).await {
            Ok(told) => Some(told.ok()?),
            Err(_) => None,
        };
        Some(self.lookup(name, told.as_ref(), began.elapsed()))
    }

    /// The lookup that `told` makes, which is `None` where the system was silent.
    fn lookup(&self, name: &HostName, told: Option<&SystemAnswer>, took: Duration) -> Lookup {
        let is_by_hosts_file =
            matches!(told, Some(SystemAnswer::Addresses(_))) && self.is_in_hosts(name);
        let transport = if is_by_hosts_file { Transport::HostsFile } else { Transport::System };
        let exchange = |family: &Family| {
            let result = match told {
                None => Err(DnsFailure::TimedOut { asked: 1 }),
                Some(SystemAnswer::Failed(os)) => Err(DnsFailure::System(os.clone())),
                Some(SystemAnswer::NoName) => {
                    Ok(answer(name, ResponseCode::NxDomain, &[], *family))
                }
                Some(SystemAnswer::NoData) => Ok(answer(name, ResponseCode::NoError, &[], *family)),
                Some(SystemAnswer::Addresses(all)) => {
                    Ok(answer(name, ResponseCode::NoError, all, *family))
                }
            };
            Exchange { family: *family, result, transport, took }
        };
        Lookup {
            resolver: Resolver::System,
            name: name.clone(),
            exchanges: self.families.iter().map(exchange).collect(),
        }
    }

    fn is_in_hosts(&self, name: &HostName) -> bool {
        let read = || {
            let text = std::fs::read(hosts_file()).unwrap_or_default();
            names_in(&String::from_utf8_lossy(&text))
        };
        self.hosts.get_or_init(read).contains(name.as_str())
    }
}

/// The addresses of one family, as an answer without a chain and without times to live: the system
/// tells neither.
fn answer(name: &HostName, code: ResponseCode, all: &[IpAddr], family: Family) -> Answer {
    let of_family = all.iter().filter(|address| Family::of(**address) == family);
    let link = |address: &IpAddr| ChainLink {
        name: name.clone(),
        ttl: 0,
        data: LinkData::Address(*address),
    };
    Answer { code, chain: of_family.map(link).collect(), is_loop: false, is_cut: false }
}

fn hosts_file() -> PathBuf {
    #[cfg(windows)]
    {
        let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
        PathBuf::from(root).join(r"System32\drivers\etc\hosts")
    }
    #[cfg(not(windows))]
    PathBuf::from("/etc/hosts")
}

/// The names of a hosts file (hosts(5)): an address, then names; what follows `#` is a comment.
fn names_in(text: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    for line in text.lines() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let mut words = line.split_whitespace();
        if words.next().is_some_and(|address| address.parse::<IpAddr>().is_ok()) {
            names.extend(words.map(|name| name.trim_end_matches('.').to_ascii_lowercase()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file_is_addresses_with_their_names() {
        let text = "\u{feff}127.0.0.1 bom.example\n127.0.0.1\tlocalhost Host.Example. # the.comment\n\
                    #10.0.0.1 off.example\n::1 six.example\nnot-an-address name.example\n10.0.0.2\n";
        let mut names: Vec<_> = names_in(text).into_iter().collect();
        names.sort();
        assert_eq!(names, ["host.example", "localhost", "six.example"]);
    }

    #[tokio::test]
    async fn literals_and_localhost_need_no_name_server() {
        let os = OperatingSystem::new(vec![Family::V4, Family::V6], Duration::from_secs(20));
        let lookup = os.ask(&HostName::parse("localhost").unwrap()).await.unwrap();
        assert_eq!(lookup.resolver, Resolver::System);
        assert_eq!(lookup.exchanges.len(), 2);
        assert!(lookup.addresses().iter().all(IpAddr::is_loopback), "{lookup:?}");
        assert!(!lookup.addresses().is_empty(), "{lookup:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_free_thread_nothing_is_said() {
        let os = OperatingSystem::new(vec![Family::V4], Duration::from_secs(5));
        let _taken = os.threads.acquire_many(32).await.unwrap();
        assert_eq!(os.ask(&HostName::parse("localhost").unwrap()).await, None);
    }

    #[test]
    fn each_family_has_its_own_exchange() {
        let os = OperatingSystem::new(vec![Family::V4, Family::V6], Duration::from_secs(5));
        let name = HostName::parse("name.that.no.hosts.file.has.example").unwrap();
        let outcomes = |told: Option<SystemAnswer>| {
            let lookup = os.lookup(&name, told.as_ref(), Duration::ZERO);
            assert!(lookup.exchanges.iter().all(|one| one.transport == Transport::System));
            lookup.exchanges.iter().map(|one| one.outcome().as_str()).collect::<Vec<_>>()
        };
        let v4 = SystemAnswer::Addresses(vec!["10.0.0.1".parse().unwrap()]);
        assert_eq!(outcomes(Some(v4)), ["ok", "nodata"]);
        assert_eq!(outcomes(Some(SystemAnswer::NoName)), ["nxdomain", "nxdomain"]);
        assert_eq!(outcomes(Some(SystemAnswer::NoData)), ["nodata", "nodata"]);
        assert_eq!(outcomes(None), ["timeout", "timeout"]);
    }
}
