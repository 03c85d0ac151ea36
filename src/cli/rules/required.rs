//! The flows that rules are held against.

use std::path::Path;

use anyhow::{Result, bail};

use super::from_file::{self, FromFile};
use super::loaded::RuleFacts;
use crate::cli::hint;
use crate::cli::input::{self, Stdin};
use crate::firewall::{
    Class, Flow, ProofLevel, Refused, Requirement, RuleDialect, RuleSet, prove, read_flows,
};

/// What says which flows are required.
#[derive(Clone, Copy)]
pub(super) struct RequiredFiles<'a> {
    /// What a run saw.
    pub(super) from: Option<&'a Path>,
    /// Flows as CSV.
    pub(super) flows: Option<&'a Path>,
    /// Whether gateways of relays are required too.
    pub(super) gateways: bool,
}

impl RequiredFiles<'_> {
    /// The required flows, and which of their addresses no rule of ours would hold. What is
    /// required depends on the kind of `sets`, which judge it.
    pub(super) fn read(
        self,
        sets: &[RuleSet],
        facts: &RuleFacts,
        stdin: &mut Stdin,
    ) -> Result<(Vec<Requirement>, Vec<Refused>)> {
        let (mut required, refused) = self.read_flows(sets, facts, stdin)?;
        for own in &mut required {
            if self.gateways {
                own.class = Class::Required;
            }
            // The command line wins over what was seen.
            if facts.sources.is_some() {
                own.sources.clear();
            }
        }
        Ok((required, refused))
    }

    fn read_flows(
        self,
        sets: &[RuleSet],
        facts: &RuleFacts,
        stdin: &mut Stdin,
    ) -> Result<(Vec<Requirement>, Vec<Refused>)> {
        if let Some(path) = self.flows {
            let text = input::read_large_text(stdin, path, "--flows")?;
            let flows = read_flows(&text, &path.display().to_string())?;
            let requirement = |flow: Flow| {
                let shown = flow.to_string();
                Requirement::new(flow, shown, "flow")
            };
            return Ok((flows.into_iter().map(requirement).collect(), Vec::new()));
        }
        let Some(path) = self.from else { return Ok((Vec::new(), Vec::new())) };
        let evidence = match from_file::read(path, stdin)? {
            FromFile::Evidence(evidence) => evidence,
            FromFile::List(_) => bail!(
                "--from {}: expected a JSON report, saved records or what resolve --format json \
                 wrote; flows are given with --flows",
                path.display()
            ),
        };
        let is_all = |dialect| sets.iter().all(|set| set.dialect == dialect);
        // A device that applies a list sees the names themselves, not the proxy.
        let mut required = if is_all(RuleDialect::List) {
            evidence.own_requirements()
        } else {
            evidence.requirements()
        };
        if is_all(RuleDialect::AzureFirewall) {
            // Flows to Azure's platform addresses do not pass an Azure firewall.
            required.retain(|own| !own.flow.is_to_platform());
        }
        for target in evidence.targets.iter().filter(|own| own.required && !own.is_concrete()) {
            hint::hint(&format!(
                "{} is required, and no concrete name is known for it: nothing is verified of it",
                target.shown()
            ));
        }
        let refused = prove(&evidence.targets, ProofLevel::Published, facts.tags.published()).1;
        Ok((required, refused))
    }
}

/// What [`flow_cells`] are, in their order.
const FLOW_COLUMNS: [&str; 7] =
    ["Source", "Name", "Address", "Port", "Protocol", "Direction", "Entry"];

/// The columns of a table of required flows, with those that stand before and behind the flow.
pub(super) fn flow_columns(before: &'static str, behind: &[&'static str]) -> Vec<&'static str> {
    [&[before], &FLOW_COLUMNS[..], behind].concat()
}

/// A required flow as cells of a page.
pub(super) fn flow_cells(requirement: &Requirement) -> [String; 7] {
    fn or_dash<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let Requirement { flow, sources, entry, .. } = requirement;
    let sources: Vec<_> = flow.source.iter().chain(sources).map(ToString::to_string).collect();
    [
        if sources.is_empty() { "this host".to_owned() } else { sources.join(", ") },
        or_dash(flow.name.as_ref()),
        or_dash(flow.address),
        or_dash(flow.port),
        flow.protocol.as_str().to_owned(),
        flow.direction.as_str().to_owned(),
        entry.clone(),
    ]
}
