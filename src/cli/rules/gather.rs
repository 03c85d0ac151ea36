//! Gathers what a plan is made from: what earlier runs saw, or what is resolved now.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use jiff::Timestamp;

use super::from_file::{self, FromFile};
use super::tag_age::TagAge;
use super::{CONTROL_TAG, TagRelease, shown};
use crate::cli::arguments::{PlanningArgs, ServiceTagArgs};
use crate::cli::check;
use crate::cli::hint;
use crate::cli::input::Stdin;
use crate::cli::measure::Measurement;
use crate::cli::request;
use crate::firewall::nsg::{self, RuleFile};
use crate::firewall::{Evidence, EvidenceTarget, NamePattern, ProofLevel, Proven, RuleSet, prove};
use crate::ledger::{LedgerSighting, Proof};
use crate::list;
use crate::model::{AddressClass, AddressSet, Cloud, Role};
use crate::nsg_rules::{GuardRefusal, LeftOut, LeftOutReason, SeenPrefix, job_of, left_out, unmet};
use crate::probe::Wishes;
use crate::probe::tls::TlsClient;

/// What the sources of a plan give.
#[derive(Default)]
pub(super) struct Gathered {
    /// The prefixes that may enter the rule.
    pub(super) seen: Vec<SeenPrefix>,
    /// The refusals that are known already.
    pub(super) refusals: Vec<GuardRefusal>,
    /// The addresses that may not enter the rule.
    pub(super) left_out: Vec<LeftOut>,
    /// The job's name where the user gave none.
    pub(super) job: String,
    /// Every public address, for the ledger.
    pub(super) sightings: Vec<LedgerSighting>,
    /// What the person who approves the plan should know.
    pub(super) notes: Vec<String>,
    /// The cloud of the names.
    pub(super) cloud: Cloud,
}

/// Reads every `--from`, or resolves now; addresses are proven as `rules emit` proves them.
pub(super) fn gather(
    planning: &PlanningArgs,
    arguments: &[OsString],
    now: Timestamp,
) -> Result<Gathered> {
    let mut stdin = Stdin::default();
    let mut files = Vec::new();
    let mut notes = Vec::new();
    for path in &planning.from {
        files.push((shown(path), path.display().to_string(), from_file::read(path, &mut stdin)?));
    }
    if files.is_empty() {
        let (evidence, remembered) = resolve(planning, arguments, &mut stdin)?;
        notes.extend(remembered);
        files.push(("dns".to_owned(), "this run".to_owned(), FromFile::Evidence(evidence)));
    }
    let only = match &planning.targets.only[..] {
        [] => vec![Role::Relay.as_str().to_owned()],
        given => given.to_vec(),
    };
    let told: Vec<String> = files.iter().flat_map(|(_, _, file)| names(file)).collect();
    let world = ServiceTagArgs {
        service_tags: planning.service_tags.clone(),
        cloud: planning.targets.cloud,
    };
    let inferred = list::infer_cloud(told.iter().map(String::as_str));
    let tags = TagRelease::read(&world, inferred)?;
    tags.warn_if_old();
    let cloud = world.cloud.map(Cloud::from).or(inferred).unwrap_or_default();
    let age = TagAge::of(&tags, planning.service_tags.as_deref(), now);
    let refusals = planning.max_tags_age.and_then(|most| too_old(&age, most)).into_iter().collect();
    let job = job_of(&job_sources(planning, &files));
    let mut gathered = Gathered { refusals, job, notes, cloud, ..Gathered::default() };
    for (source, file_name, file) in &files {
        match file {
            FromFile::Evidence(evidence) => {
                let targets =
                    evidence.choose(&only).map_err(|error| anyhow!("{file_name} holds {error}"))?;
                from_file::require_ports(&targets, file_name)?;
                gathered.add(
                    &targets,
                    planning.proof,
                    &tags,
                    &age,
                    source,
                    seen_at(evidence, file_name, now),
                );
            }
            FromFile::List(text) => {
                gathered.add_list(text, file_name, source, planning.proof, &tags)?;
            }
        }
    }
    Ok(gathered)
}

/// When a report saw its addresses: never in the future, with a hint where that is long ago.
fn seen_at(evidence: &Evidence, file_name: &str, now: Timestamp) -> Timestamp {
    const OLD_HOURS: i64 = 25;
    let at = evidence.seen_at.unwrap_or(now).min(now);
    let hours = now.duration_since(at).as_hours();
    if hours >= OLD_HOURS {
        hint::hint(&format!(
            "{file_name} is of {}: {hours} hours old",
            at.strftime("%Y-%m-%d %H:%M")
        ));
    }
    at
}

/// Resolves names now; connects only where TLS has to prove addresses. Says so where the names
/// themselves are remembered.
fn resolve(
    planning: &PlanningArgs,
    arguments: &[OsString],
    stdin: &mut Stdin,
) -> Result<(Evidence, Option<String>)> {
    let mut targets = planning.targets.clone();
    if targets.only.is_empty() {
        targets.only = vec![Role::Relay.as_str().to_owned()];
    }
    let prepared = request::prepare(&targets, &planning.measuring, &[], stdin)?;
    let remembered = prepared.remembered.clone();
    let tls = TlsClient::new(check::judge(&planning.trust)?);
    let resolve_only = planning.proof != ProofLevel::Tls;
    let measurement =
        Measurement::new(prepared, &planning.measuring, tls, resolve_only, arguments)?;
    // Hosts that certificates name are not what these rules are for.
    let measurement = measurement.wish(Wishes { no_revocation: true, ..Wishes::default() });
    let evidence = from_file::of_records(&measurement.carry_out(|_, _| {})?);
    Ok((evidence, remembered))
}

fn too_old(age: &TagAge, most: Duration) -> Option<GuardRefusal> {
    let is_old = !age.is_at_most(most);
    let most_days = most.as_secs().div_ceil(24 * 3600);
    is_old.then(|| GuardRefusal::TagsTooOld { tags: age.shown.clone(), most_days })
}

/// What stays the same in every run of one job: the runtime, else the relay namespaces, else the
/// other targets. Gateways come and go.
fn job_sources(planning: &PlanningArgs, files: &[(String, String, FromFile)]) -> Vec<String> {
    if let Some(runtime) = &planning.targets.runtime {
        return vec![runtime.clone()];
    }
    let targets = || {
        files.iter().flat_map(|(_, _, file)| match file {
            FromFile::Evidence(evidence) => &evidence.targets[..],
            FromFile::List(_) => &[],
        })
    };
    let names = |is_of: fn(&EvidenceTarget) -> bool| -> Vec<String> {
        targets().filter(|target| is_of(target)).map(EvidenceTarget::shown).collect()
    };
    let relays = names(|target| target.role == Role::Relay);
    if !relays.is_empty() {
        return relays;
    }
    let others = names(|target| target.role != Role::Gateway);
    if others.is_empty() {
        files.iter().map(|(source, ..)| source.clone()).collect()
    } else {
        others
    }
}

fn names(file: &FromFile) -> Vec<String> {
    match file {
        FromFile::Evidence(evidence) => {
            let names = evidence.targets.iter().filter_map(|target| target.name.as_ref());
            names.map(ToString::to_string).collect()
        }
        FromFile::List(_) => Vec::new(),
    }
}

impl Gathered {
    fn add(
        &mut self,
        targets: &[&EvidenceTarget],
        level: ProofLevel,
        tags: &TagRelease,
        age: &TagAge,
        source: &str,
        at: Timestamp,
    ) {
        let (proven, refused) = prove(targets.iter().copied(), level, tags.published());
        let n_proxied = targets.iter().filter(|target| target.is_proxied()).count();
        if n_proxied > 0 {
            let (names, go, these) = match n_proxied {
                1 => ("name", "goes", "this one"),
                _ => ("names", "go", "these"),
            };
            hint::hint(&format!(
                "{n_proxied} {names} of {source} {go} through a proxy: that host's group needs a rule \
                 for the proxy, and the proxy's group needs {these}"
            ));
        }
        self.note_control(&proven, tags);
        self.refusals.extend(unmet(targets, &proven, &refused, &age.shown));
        self.left_out.extend(left_out(targets, &refused));
        self.seen.extend(proven.into_iter().map(|proven| SeenPrefix {
            net: proven.address.into(),
            ports: proven.port.into(),
            name: proven.name,
            how: proven.how,
        }));
        // The ledger learns every public address, also those proven less well than `level` asks.
        let (public, _) = prove(targets.iter().copied(), ProofLevel::Resolved, tags.published());
        self.sightings.extend(public.into_iter().map(|one| LedgerSighting {
            proof: match one.level {
                ProofLevel::Tls => Proof::Tls,
                ProofLevel::Published => Proof::Published,
                ProofLevel::Resolved => Proof::Resolved,
            },
            net: one.address.into(),
            name: one.name,
            at,
            source: source.to_owned(),
        }));
    }

    /// Notes where the control plane's tag would do: a rule with the tag needs no daily job.
    fn note_control(&mut self, proven: &[Proven], tags: &TagRelease) {
        let control: Vec<_> = proven.iter().filter(|one| one.is_control()).cloned().collect();
        if control.is_empty() {
            return;
        }
        let uncovered = tags.outside_control_tag(&control);
        self.notes.push(if uncovered.is_empty() {
            format!(
                "the tag {CONTROL_TAG} holds all of the control plane's addresses seen here: a rule \
                 with the tag needs no daily job (rules emit --only control)"
            )
        } else {
            format!(
                "the tag {CONTROL_TAG} does not hold {}: the control plane needs these addresses",
                uncovered.join(", ")
            )
        });
    }

    /// Adds a list. It proves nothing by itself: its addresses must be public, and published where
    /// `level` asks for that. The ledger does not learn them, as nobody saw them.
    fn add_list(
        &mut self,
        text: &str,
        file_name: &str,
        source: &str,
        level: ProofLevel,
        tags: &TagRelease,
    ) -> Result<()> {
        if level == ProofLevel::Tls {
            bail!("--proof tls: {file_name} is a list and holds no handshakes; give a report");
        }
        let sets = nsg::read(&[RuleFile { name: file_name, text }])?;
        let rules = sets.iter().flat_map(RuleSet::rules);
        for rule in rules.filter(|rule| !rule.destination.addresses.is_everything()) {
            for name in &rule.destination.names {
                let name = NamePattern::to_string(name);
                hint::hint(&format!(
                    "{file_name}: {name} is not resolved here: pathproof resolve does"
                ));
            }
            let ports = match rule.destination_ports.known() {
                Some(ports) if !ports.is_any() => ports.clone(),
                _ => 443.into(),
            };
            let public = AddressSet::of_class(AddressClass::Public);
            let mut addresses = rule.destination.addresses.intersection(&public);
            if level == ProofLevel::Published {
                addresses = addresses.intersection(tags.published().addresses);
            }
            let left_out = rule.destination.addresses.difference(&addresses);
            self.left_out.extend(left_out.prefixes().into_iter().map(|net| LeftOut {
                name: format!("{source} ({})", rule.location),
                address: Some(net.to_string()),
                reason: LeftOutReason::of_class(net.network()),
            }));
            self.seen.extend(addresses.prefixes().into_iter().map(|net| SeenPrefix {
                net,
                ports: ports.clone(),
                name: source.to_owned(),
                how: "given".to_owned(),
            }));
        }
        Ok(())
    }
}
