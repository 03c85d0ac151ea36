//! `rules emit`: rules for what a run saw, or for a list.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::seen::{self, Seen};
use super::{CONTROL_TAG, Tags, is_control, shown};
use crate::cli::arguments::{Emit, Probing};
use crate::cli::check;
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::input::Stdin;
use crate::cli::measure::Measurement;
use crate::cli::output;
use crate::cli::request;
use crate::firewall::emit::{self, Emission, Holds, Permit};
use crate::firewall::nsg::{self, Source};
use crate::firewall::{Evidence, NamePattern, PortSet, ProofLevel, Proven, RuleSet, Target, prove};
use crate::list;
use crate::model::{AddressClass, AddressSet, Cloud, Role};
use crate::probe::{Wishes, tls};

pub(super) fn emit(command: &Emit, arguments: &[OsString]) -> Result<Exit> {
    if let Some(path) = &command.output {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let emission = match &command.from {
        None => of_evidence(command, &probe(command, arguments, &mut stdin)?)?,
        Some(from) => match seen::read(from, &mut stdin)? {
            Seen::Evidence(evidence) => of_evidence(command, &evidence)?,
            Seen::List(text) => of_list(command, from, &text)?,
        },
    };
    let text = emit::emit(command.format, &emission)?;
    output::write(command.output.as_deref(), |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Satisfied)
}

/// Resolves and proves from this host, as `check` does.
fn probe(command: &Emit, arguments: &[OsString], stdin: &mut Stdin) -> Result<Evidence> {
    let Probing { targets, measuring, trust } = &command.probing;
    let mut targets = targets.clone();
    // What a rule of addresses is for (contract, Rules): a factory's name that is missing does not
    // stop it.
    if targets.only.is_empty() && command.format.holds() != Holds::Names {
        targets.only = vec![Role::Relay.as_str().to_owned()];
    }
    let prepared = request::prepare(&targets, measuring, &[], stdin)?;
    for text in &prepared.hints {
        hint::hint(text);
    }
    let tls = tls::Client::new(check::judge(trust)?);
    let measurement = Measurement::new(prepared, measuring, tls, false, arguments)?;
    // What certificates name is nothing that these rules are for.
    let measurement = measurement.wish(Wishes { no_revocation: true, ..Wishes::default() });
    seen::of_records(&measurement.carry_out(|_, _| {})?)
}

fn emission(
    command: &Emit,
    tags: &Tags,
    permits: Vec<Permit>,
    names: Vec<NamePattern>,
) -> Emission {
    let mut names = names;
    names.sort();
    names.dedup();
    Emission {
        name: command.name.clone(),
        priority: command.priority,
        origin: format!("{}, {}", origin(command), tags.shown()),
        permits,
        names,
    }
}

fn of_evidence(command: &Emit, evidence: &Evidence) -> Result<Emission> {
    let chosen = chosen(command, evidence)?;
    let names: Vec<_> = chosen.iter().filter_map(|target| target.name.clone()).collect();
    let tags = tags(command, &names)?;
    if command.format.holds() == Holds::Names {
        return Ok(emission(command, &tags, Vec::new(), names));
    }
    tags.warn_if_stale();
    let (proven, refused) = prove(chosen.iter().copied(), command.proof, tags.published());
    for refused in &refused {
        hint::hint(&refused.to_string());
    }
    for target in &chosen {
        if target.sightings.is_empty() && target.required && target.role != Role::Gateway {
            hint::hint(&format!(
                "{} has no address here: nothing is written for it",
                target.shown()
            ));
        }
    }
    let n_proxied = chosen.iter().filter(|target| target.proxy.is_some()).count();
    if n_proxied > 0 {
        hint::hint(&format!(
            "{n_proxied} names go through the proxy: this host needs a rule for the proxy, and the \
             proxy needs these"
        ));
    }
    Ok(emission(command, &tags, permits(command, &tags, proven), names))
}

/// `--only`, where gateways go with their relay; by default what the rule is for.
fn chosen<'a>(command: &Emit, evidence: &'a Evidence) -> Result<Vec<&'a Target>> {
    let only: Vec<&str> = match (&command.probing.targets.only[..], command.format.holds()) {
        ([], Holds::Names) => return Ok(evidence.targets.iter().collect()),
        ([], _) => vec![Role::Relay.as_str()],
        (given, _) => given.iter().map(String::as_str).collect(),
    };
    evidence.choose(&only).map_err(|error| anyhow!("{} holds {error}", origin(command)))
}

fn origin(command: &Emit) -> String {
    command.from.as_deref().map_or_else(|| "what this host saw".to_owned(), shown)
}

fn tags(command: &Emit, names: &[NamePattern]) -> Result<Tags> {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let inferred = list::infer_cloud(names.iter().map(String::as_str));
    let given = command.probing.targets.cloud.map(Cloud::from);
    Tags::of(command.service_tags.as_deref(), given, inferred)
}

/// The control plane has a service tag, which stays true when its addresses change; the relay has
/// none (facts.md, section 4).
fn permits(command: &Emit, tags: &Tags, proven: Vec<Proven>) -> Vec<Permit> {
    let (control, other): (Vec<_>, Vec<_>) = proven.into_iter().partition(is_control);
    let mut permits = Permit::of(&other, command.aggregate);
    let uncovered = tags.outside_control_tag(&control);
    let mut own = Permit::of(&control, command.aggregate);
    if uncovered.is_empty() {
        for permit in &mut own {
            permit.tag = Some(CONTROL_TAG.to_owned());
        }
    } else if !control.is_empty() {
        hint::hint(&format!(
            "{CONTROL_TAG} does not cover {}: the control plane's addresses are written instead",
            uncovered.join(", ")
        ));
    }
    permits.append(&mut own);
    permits
}

/// A list proves nothing by itself: what it holds must be public, and published where that is
/// asked for.
fn of_list(command: &Emit, from: &Path, text: &str) -> Result<Emission> {
    if command.proof == ProofLevel::Tls {
        bail!("--proof tls: a list holds no handshakes; give a report, or --proof published");
    }
    if !command.probing.targets.only.is_empty() {
        bail!("--only: a list has no entries");
    }
    let file = from.display().to_string();
    let sets = nsg::read(&[Source { file: &file, text }])?;
    let rules = || {
        sets.iter()
            .flat_map(RuleSet::rules)
            .filter(|rule| !rule.destination.addresses.is_everything())
    };
    let names: Vec<_> = rules().flat_map(|rule| rule.destination.names.clone()).collect();
    let tags = tags(command, &names)?;
    if command.format.holds() != Holds::Names {
        tags.warn_if_stale();
    }
    let mut by_ports: Vec<(PortSet, AddressSet)> = Vec::new();
    for rule in rules() {
        let ports = match rule.destination_ports.known() {
            Some(ports) if !ports.is_any() => ports.clone(),
            _ => 443.into(),
        };
        let mut addresses =
            rule.destination.addresses.intersection(&AddressSet::of_class(AddressClass::Public));
        if command.proof == ProofLevel::Published {
            addresses = addresses.intersection(tags.published().addresses);
        }
        let left_out = rule.destination.addresses.difference(&addresses);
        if !left_out.is_empty() {
            hint::hint(&format!(
                "{} of {} ({}) are left out: private, reserved, or outside the cloud's published ranges",
                left_out.count(),
                rule.name,
                rule.place
            ));
        }
        match by_ports.iter_mut().find(|(own, _)| *own == ports) {
            Some((_, all)) => *all = all.union(&addresses),
            None => by_ports.push((ports, addresses)),
        }
    }
    let permits = by_ports
        .into_iter()
        .map(|(ports, addresses)| Permit::given(addresses, command.aggregate, ports, &shown(from)))
        .collect();
    Ok(emission(command, &tags, permits, names))
}
