//! The control of name servers: names that cannot exist. A server that gives an address for one
//! gives it for every name it does not know, and a name that "resolves" then proves nothing.

use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

use super::dns::DnsClient;
use crate::model::{HostName, Kind, Lookup};
use crate::plan::ProbePlan;

/// Longer than the 50 characters that a namespace of Service Bus may have, and the same in every
/// run, so that a run asks nothing that an earlier one did not ask.
const LABEL: &str = "pathproof-asks-for-a-name-too-long-to-be-given-to-anybody";
/// Reserved never to exist (RFC 6761 section 6.4).
const RESERVED: &str = "invalid";

/// Asks once a run, beside the first lookup.
#[derive(Debug)]
pub(super) struct Absent {
    names: Vec<HostName>,
    is_asked: Mutex<bool>,
    answers: OnceLock<Vec<Arc<Lookup>>>,
}

impl Absent {
    /// A control for the names of `plan`: below the domain of its relays too, where a private zone
    /// with a wildcard hides what is missing.
    pub(super) fn beside(plan: &ProbePlan) -> Self {
        let relay = plan.endpoints.iter().find(|endpoint| endpoint.kind == Kind::Relay);
        let name = relay.and_then(|endpoint| endpoint.subject.host()?.name());
        let domain = name.and_then(|name| name.as_str().split_once('.')).map(|(_, rest)| rest);
        let names = [Some(RESERVED), domain].into_iter().flatten();
        let names = names.filter_map(|domain| HostName::parse(&format!("{LABEL}.{domain}")).ok());
        Self { names: names.collect(), is_asked: Mutex::new(false), answers: OnceLock::new() }
    }

    /// Asks, the first time.
    pub(super) async fn ask(&self, dns: &DnsClient) {
        {
            let mut is_asked = self.is_asked.lock().await;
            if *is_asked {
                return;
            }
            *is_asked = true;
        }
        let all = self.names.iter().map(|name| dns.ask_servers(name));
        let all = futures_util::future::join_all(all).await;
        // Nobody else gets here.
        let _ = self.answers.set(all.into_iter().flatten().collect());
    }

    /// The answers, by name and then by server; none where they did not all come.
    pub(super) fn into_answers(self) -> Vec<Arc<Lookup>> {
        self.answers.into_inner().unwrap_or_default()
    }
}
