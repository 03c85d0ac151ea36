//! `rules emit`: rules for what a run saw, or for a list.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::from_file::{self, FromFile};
use super::{CONTROL_TAG, TagRelease, bundle, shown};
use crate::cli::arguments::{EmitArgs, ProbingArgs};
use crate::cli::check;
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::input::Stdin;
use crate::cli::measure::Measurement;
use crate::cli::output;
use crate::cli::request;
use crate::firewall::emit::{
    self, AccessRequest, Application, Emission, Holds, Permit, RuleFormat,
};
use crate::firewall::nsg::{self, RuleFile};
use crate::firewall::{
    Evidence, EvidenceTarget, NamePattern, PortSet, ProofLevel, Proven, RuleSet, prove,
};
use crate::list;
use crate::model::{AddressClass, AddressSet, Cloud, Kind, Records};
use crate::probe::Wishes;
use crate::probe::tls::TlsClient;

pub(super) fn emit(command: &EmitArgs, arguments: &[OsString]) -> Result<Exit> {
    if let Some(folder) = &command.bundle {
        return bundle::bundle(command, folder, arguments);
    }
    let Some(format) = command.format else { bail!("--format FMT or --bundle DIR is needed") };
    if let Some(path) = &command.output {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let source = match &command.from {
        None => FromFile::Evidence(from_file::of_records(&probe(command, arguments, &mut stdin)?)),
        Some(from) => from_file::read(from, &mut stdin)?,
    };
    let mut hints = EmitHints::default();
    let emission = emission_for(command, format, &source, &mut hints);
    hints.show();
    let text = emit::emit(format, &emission?)?;
    output::write(command.output.as_deref(), |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Satisfied)
}

/// What is worth knowing of what was written, each said once.
#[derive(Debug, Default)]
pub(super) struct EmitHints(pub(super) Vec<String>);

impl EmitHints {
    pub(super) fn add(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.0.contains(&text) {
            self.0.push(text);
        }
    }

    pub(super) fn show(&self) {
        for text in &self.0 {
            hint::hint(text);
        }
    }
}

/// The content of the output in `format`.
pub(super) fn emission_for(
    command: &EmitArgs,
    format: RuleFormat,
    source: &FromFile,
    hints: &mut EmitHints,
) -> Result<Emission> {
    if format == RuleFormat::WindowsFirewall {
        hints.add(
            "Windows lets everything out by default: windows-firewall's rules change nothing until \
             outbound connections are blocked (Set-NetFirewallProfile -DefaultOutboundAction Block)",
        );
    }
    match source {
        FromFile::Evidence(evidence) => of_evidence(command, format, evidence, hints),
        FromFile::List(text) => of_list(command, format, text, hints),
    }
}

/// Resolves and proves from this host, as `check` does.
pub(super) fn probe(
    command: &EmitArgs,
    arguments: &[OsString],
    stdin: &mut Stdin,
) -> Result<Records> {
    let ProbingArgs { targets, measuring, trust } = &command.probing;
    let prepared = request::prepare(targets, measuring, &[], stdin)?;
    let tls = TlsClient::new(check::judge(trust)?);
    let measurement = Measurement::new(prepared, measuring, tls, false, arguments)?;
    // Hosts that certificates name are not what these rules are for.
    let measurement = measurement.wish(Wishes { no_revocation: true, ..Wishes::default() });
    measurement.carry_out(|_, _| {})
}

/// The contents of an emission before its name is known.
struct EmissionParts {
    permits: Vec<Permit>,
    names: Vec<NamePattern>,
    applications: Vec<Application>,
    requests: Vec<AccessRequest>,
}

fn emission(command: &EmitArgs, tags: &TagRelease, name: &str, found: EmissionParts) -> Emission {
    let EmissionParts { permits, mut names, applications, requests } = found;
    names.sort();
    names.dedup();
    Emission {
        name: command.name.clone().unwrap_or_else(|| name.to_owned()),
        priority: command.priority,
        origin: format!("{}, {}", origin(command), tags.shown()),
        permits,
        names,
        applications,
        requests,
    }
}

fn of_evidence(
    command: &EmitArgs,
    format: RuleFormat,
    evidence: &Evidence,
    hints: &mut EmitHints,
) -> Result<Emission> {
    let mut chosen = chosen(command, evidence, hints)?;
    leave_out_reserve(command, format, &mut chosen, hints);
    for target in &chosen {
        if target.name.is_none() && target.sightings.is_empty() {
            hints.add(format!(
                "{} is left out: no concrete name is known for it (--service-urls, --factory, --set)",
                target.host
            ));
        }
    }
    let names: Vec<_> = chosen.iter().filter_map(|target| target.name.clone()).collect();
    let tags = tags(command, &names)?;
    let name = default_name(&chosen);
    let mut found = EmissionParts {
        permits: Vec::new(),
        names,
        applications: Vec::new(),
        requests: Vec::new(),
    };
    if format.holds() == Holds::Names {
        return Ok(emission(command, &tags, name, found));
    }
    from_file::require_ports(&chosen, &origin(command))?;
    if format == RuleFormat::AzureFirewall && !command.addresses {
        let told =
            |target: &&EvidenceTarget| Some((target.name.clone()?, target.kind?, target.port?));
        found.applications = Application::of(chosen.iter().filter_map(told));
        chosen.retain(|target| {
            !(target.name.is_some() && target.kind.is_some_and(Application::can_tell))
        });
    }
    if !chosen.is_empty() {
        tags.warn_if_old();
    }
    let (proven, refused) = prove(chosen.iter().copied(), command.proof, tags.published());
    for refused in &refused {
        hints.add(refused.to_string());
    }
    hint_at_gaps(&chosen, hints);
    found.requests = AccessRequest::of(&proven, command.aggregate, &evidence.own_addresses);
    found.permits = permits(command, format, &tags, proven, hints);
    Ok(emission(command, &tags, name, found))
}

/// Leaves out the gateways that are not assigned yet, if so asked. Lists of names may hold them in
/// reserve; a list of addresses never does.
fn leave_out_reserve(
    command: &EmitArgs,
    format: RuleFormat,
    chosen: &mut Vec<&EvidenceTarget>,
    hints: &mut EmitHints,
) {
    let n_reserve = chosen.iter().filter(|target| target.is_unassigned).count();
    if command.assigned_only {
        chosen.retain(|target| !target.is_unassigned);
    }
    match (n_reserve, command.assigned_only) {
        (0, _) => {}
        (n, true) => hint_at_unassigned(n, hints),
        (n, false) if format.holds() == Holds::Names => hints.add(format!(
            "{n} of {} names are gateways that are not assigned yet, in reserve (--assigned-only \
             leaves them out)",
            chosen.len()
        )),
        (_, false) => {}
    }
}

/// A hint on gateways that are left out.
fn hint_at_unassigned(count: usize, hints: &mut EmitHints) {
    match count {
        0 => {}
        1 => hints.add("1 gateway is left out: it is not assigned yet"),
        n => hints.add(format!("{n} gateways are left out: they are not assigned yet")),
    }
}

/// Hints on required names without an address, and on names that go through a proxy.
fn hint_at_gaps(chosen: &[&EvidenceTarget], hints: &mut EmitHints) {
    let is_absent = |target: &&&EvidenceTarget| {
        target.sightings.is_empty() && target.name.is_some() && target.required
    };
    for target in chosen.iter().filter(is_absent) {
        let why = match &target.name {
            Some(name) if name.is_wildcard() => {
                "is a pattern, and no concrete name of it is known (--service-urls)"
            }
            _ => "has no address here",
        };
        hints.add(format!("{} {why}: nothing is written for it", target.shown()));
    }
    let n_proxied = chosen.iter().filter(|target| target.is_proxied()).count();
    if n_proxied > 0 {
        let (names, these) = match n_proxied {
            1 => ("1 name goes".to_owned(), "this one"),
            n => (format!("{n} names go"), "these"),
        };
        hints.add(format!(
            "{names} through the proxy: this host needs a rule for the proxy, and the proxy needs \
             {these}"
        ));
    }
}

/// The targets of `--only`, where gateways go with their relay. Without `--only` all required
/// targets, and the gateways in use where a relay is required.
fn chosen<'a>(
    command: &EmitArgs,
    evidence: &'a Evidence,
    hints: &mut EmitHints,
) -> Result<Vec<&'a EvidenceTarget>> {
    let only = &command.probing.targets.only;
    if !only.is_empty() {
        return evidence.choose(only).map_err(|error| anyhow!("{} holds {error}", origin(command)));
    }
    let needs_gateways = evidence.targets.iter().any(|target| target.required && target.is_relay());
    let is_needed = |target: &&EvidenceTarget| {
        target.required || (needs_gateways && target.is_derived_gateway())
    };
    let (chosen, other): (Vec<_>, Vec<_>) = evidence.targets.iter().partition(is_needed);
    let n_unassigned = other.iter().filter(|target| target.is_unassigned).count();
    hint_at_unassigned(n_unassigned, hints);
    let mut entries: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for target in other.iter().filter(|target| !target.is_unassigned) {
        entries.entry(&target.entry).or_default().push(&target.host);
    }
    for (entry, hosts) in entries {
        let more = match hosts.len() {
            0 | 1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        hints.add(format!(
            "{}{more} is left out: not required (--only {entry} writes it)",
            hosts[0]
        ));
    }
    Ok(chosen)
}

/// The default name of the rules, after what they hold.
fn default_name(chosen: &[&EvidenceTarget]) -> &'static str {
    if chosen.iter().all(|target| target.role.is_relay()) {
        "Allow-Azure-Relay"
    } else if chosen.iter().all(|target| target.is_control()) {
        "Allow-Azure-Data-Factory"
    } else {
        MIXED
    }
}

/// The name of rules for several entries.
const MIXED: &str = "Allow-Integration-Runtime";

fn origin(command: &EmitArgs) -> String {
    command.from.as_deref().map_or_else(|| "what this host saw".to_owned(), shown)
}

fn tags(command: &EmitArgs, names: &[NamePattern]) -> Result<TagRelease> {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let inferred = list::infer_cloud(names.iter().map(String::as_str));
    let given = command.probing.targets.cloud.map(Cloud::from);
    TagRelease::of(command.service_tags.as_deref(), given, inferred)
}

/// Writes the control plane's service tag where that holds every address seen, because the tag
/// stays true when addresses change. The relay has no tag (Microsoft's virtual network service
/// tags).
fn permits(
    command: &EmitArgs,
    format: RuleFormat,
    tags: &TagRelease,
    proven: Vec<Proven>,
    hints: &mut EmitHints,
) -> Vec<Permit> {
    let (control, other): (Vec<_>, Vec<_>) = proven.into_iter().partition(Proven::is_control);
    let mut permits = Permit::of(&other, command.aggregate);
    let uncovered = tags.outside_control_tag(&control);
    let mut own = Permit::of(&control, command.aggregate);
    if uncovered.is_empty() {
        for permit in &mut own {
            permit.tag = Some(CONTROL_TAG.to_owned());
        }
        if format.holds() == Holds::NsgRules && !own.is_empty() {
            hint_at_tag(&control, tags, hints);
        }
    } else if !control.is_empty() {
        hints.add(format!(
            "{CONTROL_TAG} does not cover {}: the control plane's addresses are written instead",
            uncovered.join(", ")
        ));
    }
    permits.append(&mut own);
    permits
}

/// Says that a tag lets more through than the addresses in whose place it stands.
fn hint_at_tag(control: &[Proven], tags: &TagRelease, hints: &mut EmitHints) {
    let seen: BTreeSet<_> = control.iter().map(|one| one.address).collect();
    let seen = match seen.len() {
        1 => "the 1 address".to_owned(),
        n => format!("the {n} addresses"),
    };
    hints.add(format!(
        "NSG formats allow the service tag {CONTROL_TAG} ({} addresses) in place of {seen} of the \
         control plane, which all other formats of addresses hold",
        tags.control_addresses()
    ));
}

/// Says which names of a list a format of addresses leaves out, as a list resolves none.
fn hint_at_bare_names(
    command: &EmitArgs,
    format: RuleFormat,
    names: &[NamePattern],
    hints: &mut EmitHints,
) {
    const SHOWN: usize = 3;
    let holds_names = match format {
        RuleFormat::Csv => true,
        RuleFormat::AzureFirewall => !command.addresses,
        _ => format.holds() == Holds::Names,
    };
    let names: BTreeSet<_> = names.iter().map(ToString::to_string).collect();
    if holds_names || names.is_empty() {
        return;
    }
    let origin = origin(command);
    let have = match names.len() {
        1 => format!("1 name of {origin} has"),
        n => format!("{n} names of {origin} have"),
    };
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names: Vec<_> = names.into_iter().take(SHOWN).collect();
    hints.add(format!(
        "{have} no address in it: formats of addresses hold nothing for {}{more} (pathproof \
         resolve finds the addresses of names)",
        names.join(", ")
    ));
}

/// More ports of one name are a range of a network rule, which no application rule can say.
const MOST_APPLICATION_PORTS: u128 = 16;

/// Application rules for the names of a list, which have one port each. Port 80 is without TLS.
fn of_names(on_ports: &[(NamePattern, PortSet)], hints: &mut EmitHints) -> Vec<Application> {
    let (told, ranges): (Vec<_>, Vec<_>) =
        on_ports.iter().partition(|(_, ports)| ports.count() <= MOST_APPLICATION_PORTS);
    for (name, ports) in ranges {
        hints.add(format!(
            "{name} is left out: an application rule has one port, and the list has {} for it \
             ({ports})",
            ports.count()
        ));
    }
    Application::of(told.into_iter().flat_map(|(name, ports)| {
        let ports = ports.ranges().runs().iter().flat_map(|(first, last)| *first..=*last);
        ports.map(move |port| {
            let kind = if port == 80 { Kind::Http } else { Kind::Https };
            (name.clone(), kind, port)
        })
    }))
}

/// Rules for a list. A list proves nothing by itself: its addresses must be public, and published
/// where `--proof` asks for that.
fn of_list(
    command: &EmitArgs,
    format: RuleFormat,
    text: &str,
    hints: &mut EmitHints,
) -> Result<Emission> {
    let from = command.from.as_deref().unwrap_or(Path::new("-"));
    if command.proof == ProofLevel::Tls {
        bail!("--proof tls: a list holds no handshakes; give a report, or --proof published");
    }
    if !command.probing.targets.only.is_empty() {
        bail!("--only: a list has no entries");
    }
    if command.assigned_only {
        bail!("--assigned-only: a list does not say which gateways are assigned; give a report");
    }
    let file = from.display().to_string();
    let sets = nsg::read(&[RuleFile { name: &file, text }])?;
    let rules = || {
        sets.iter()
            .flat_map(RuleSet::rules)
            .filter(|rule| !rule.destination.addresses.is_everything())
    };
    let names: Vec<_> = rules().flat_map(|rule| rule.destination.names.clone()).collect();
    let tags = tags(command, &names)?;
    if format.holds() != Holds::Names {
        tags.warn_if_old();
    }
    hint_at_bare_names(command, format, &names, hints);
    let mut by_ports: Vec<(PortSet, AddressSet)> = Vec::new();
    let mut on_ports: Vec<(NamePattern, PortSet)> = Vec::new();
    for rule in rules() {
        let ports = match rule.destination_ports.known() {
            Some(ports) if !ports.is_any() => ports.clone(),
            _ => 443.into(),
        };
        on_ports.extend(rule.destination.names.iter().map(|name| (name.clone(), ports.clone())));
        let mut addresses =
            rule.destination.addresses.intersection(&AddressSet::of_class(AddressClass::Public));
        if command.proof == ProofLevel::Published {
            addresses = addresses.intersection(tags.published().addresses);
        }
        let left_out = rule.destination.addresses.difference(&addresses);
        if !left_out.is_empty() {
            hints.add(format!(
                "{} of {} ({}) are left out: private, reserved, or outside the cloud's published ranges",
                left_out.count(),
                rule.name,
                rule.location
            ));
        }
        if addresses.is_empty() {
            continue;
        }
        match by_ports.iter_mut().find(|(own, _)| *own == ports) {
            Some((_, all)) => *all = all.union(&addresses),
            None => by_ports.push((ports, addresses)),
        }
    }
    let permits: Vec<_> = by_ports
        .into_iter()
        .map(|(ports, addresses)| Permit::given(addresses, command.aggregate, ports, &shown(from)))
        .collect();
    let mut requests = AccessRequest::given(&permits);
    requests.append(&mut AccessRequest::named(&on_ports, &shown(from)));
    let applications = match format {
        RuleFormat::AzureFirewall if !command.addresses => of_names(&on_ports, hints),
        _ => Vec::new(),
    };
    Ok(emission(command, &tags, MIXED, EmissionParts { permits, names, applications, requests }))
}
