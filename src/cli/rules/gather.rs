//! What a plan is made of: what runs saw, or what is resolved now.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use jiff::{SignedDuration, Timestamp};

use super::seen::{self, Seen as SeenFile};
use super::tag_age::TagAge;
use super::{CONTROL_TAG, Tags, shown};
use crate::cli::arguments::{Planning, World};
use crate::cli::check;
use crate::cli::hint;
use crate::cli::input::Stdin;
use crate::cli::measure::Measurement;
use crate::cli::request;
use crate::firewall::nsg::{self, RuleFile};
use crate::firewall::{Evidence, EvidenceTarget, NamePattern, ProofLevel, Proven, RuleSet, prove};
use crate::ledger::{Proof, Sighting};
use crate::list;
use crate::model::{AddressClass, AddressSet, Cloud, Role};
use crate::nsg_rules::{LeftOut, Reason, Refusal, Seen, job_of, left_out, unmet};
use crate::probe::{Wishes, tls};

/// What was gathered.
#[derive(Default)]
pub(super) struct Gathered {
    /// What may enter the rule.
    pub(super) seen: Vec<Seen>,
    /// What speaks against a write already.
    pub(super) refusals: Vec<Refusal>,
    /// What may not enter the rule.
    pub(super) left_out: Vec<LeftOut>,
    /// Who writes the rule, where no name was given.
    pub(super) job: String,
    /// Everything public, for the ledger, whatever it is good for.
    pub(super) sightings: Vec<Sighting>,
    /// What whoever approves the plan should know.
    pub(super) notes: Vec<String>,
    /// Which cloud the names are of.
    pub(super) cloud: Cloud,
}

/// Reads every `--from`, or resolves now; addresses are proven as `rules emit` proves them.
pub(super) fn gather(
    planning: &Planning,
    arguments: &[OsString],
    now: Timestamp,
) -> Result<Gathered> {
    let mut stdin = Stdin::default();
    let mut files = Vec::new();
    for path in &planning.from {
        files.push((shown(path), path.display().to_string(), seen::read(path, &mut stdin)?));
    }
    if files.is_empty() {
        let evidence = resolve(planning, arguments, &mut stdin)?;
        files.push(("dns".to_owned(), "this run".to_owned(), SeenFile::Evidence(evidence)));
    }
    let only = match &planning.targets.only[..] {
        [] => vec![Role::Relay.as_str().to_owned()],
        given => given.to_vec(),
    };
    let told: Vec<String> = files.iter().flat_map(|(_, _, file)| names(file)).collect();
    let world =
        World { service_tags: planning.service_tags.clone(), cloud: planning.targets.cloud };
    let inferred = list::infer_cloud(told.iter().map(String::as_str));
    let tags = Tags::read(&world, inferred)?;
    tags.warn_if_stale();
    let cloud = world.cloud.map(Cloud::from).or(inferred).unwrap_or_default();
    let age = TagAge::of(&tags, planning.service_tags.as_deref(), now);
    let refusals = planning.max_tags_age.and_then(|most| too_old(&age, most)).into_iter().collect();
    let job = job_of(&job_sources(planning, &files));
    let mut gathered = Gathered { refusals, job, cloud, ..Gathered::default() };
    for (source, place, file) in &files {
        match file {
            SeenFile::Evidence(evidence) => {
                let targets =
                    evidence.choose(&only).map_err(|error| anyhow!("{place} holds {error}"))?;
                seen::require_ports(&targets, place)?;
                gathered.add(
                    &targets,
                    planning.proof,
                    &tags,
                    &age,
                    source,
                    seen_at(evidence, place, now),
                );
            }
            SeenFile::List(text) => {
                gathered.add_list(text, place, source, planning.proof, &tags)?;
            }
        }
    }
    Ok(gathered)
}

/// A report may be old, and is never of the future.
fn seen_at(evidence: &Evidence, place: &str, now: Timestamp) -> Timestamp {
    const OLD_HOURS: i64 = 25;
    let at = evidence.seen_at.unwrap_or(now).min(now);
    let hours = now.duration_since(at).as_hours();
    if hours >= OLD_HOURS {
        hint::hint(&format!("{place} is of {}: {hours} hours old", at.strftime("%Y-%m-%d %H:%M")));
    }
    at
}

/// Names to addresses; connections are made only where TLS is to prove them.
fn resolve(planning: &Planning, arguments: &[OsString], stdin: &mut Stdin) -> Result<Evidence> {
    let mut targets = planning.targets.clone();
    if targets.only.is_empty() {
        targets.only = vec![Role::Relay.as_str().to_owned()];
    }
    let prepared = request::prepare(&targets, &planning.measuring, &[], stdin)?;
    for text in &prepared.hints {
        hint::hint(text);
    }
    let tls = tls::Client::new(check::judge(&planning.trust)?);
    let resolve_only = planning.proof != ProofLevel::Tls;
    let measurement =
        Measurement::new(prepared, &planning.measuring, tls, resolve_only, arguments)?;
    // What certificates name is nothing that these rules are for.
    let measurement = measurement.wish(Wishes { no_revocation: true, ..Wishes::default() });
    Ok(seen::of_records(&measurement.carry_out(|_, _| {})?))
}

fn too_old(age: &TagAge, most: Duration) -> Option<Refusal> {
    let most_signed = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
    let is_old = age.age.is_none_or(|age| age > most_signed);
    let most_days = most.as_secs().div_ceil(24 * 3600);
    is_old.then(|| Refusal::TagsTooOld { tags: age.shown.clone(), most_days })
}

/// What stays the same from run to run of one job: the runtime, else the relay namespaces, else
/// what the rule is for. Never gateways, which come and go.
fn job_sources(planning: &Planning, files: &[(String, String, SeenFile)]) -> Vec<String> {
    if let Some(runtime) = &planning.targets.runtime {
        return vec![runtime.clone()];
    }
    let targets = || {
        files.iter().flat_map(|(_, _, file)| match file {
            SeenFile::Evidence(evidence) => &evidence.targets[..],
            SeenFile::List(_) => &[],
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

fn names(file: &SeenFile) -> Vec<String> {
    match file {
        SeenFile::Evidence(evidence) => {
            let names = evidence.targets.iter().filter_map(|target| target.name.as_ref());
            names.map(ToString::to_string).collect()
        }
        SeenFile::List(_) => Vec::new(),
    }
}

impl Gathered {
    fn add(
        &mut self,
        targets: &[&EvidenceTarget],
        level: ProofLevel,
        tags: &Tags,
        age: &TagAge,
        source: &str,
        at: Timestamp,
    ) {
        let (proven, refused) = prove(targets.iter().copied(), level, tags.published());
        let n_proxied = targets.iter().filter(|target| target.is_proxied()).count();
        if n_proxied > 0 {
            hint::hint(&format!(
                "{n_proxied} names of {source} go through a proxy: that host's group needs a rule for \
                 the proxy, and the proxy's group needs these"
            ));
        }
        self.note_control(&proven, tags);
        self.refusals.extend(unmet(targets, &proven, &refused, &age.shown));
        self.left_out.extend(left_out(targets, &refused));
        self.seen.extend(proven.into_iter().map(|proven| Seen {
            net: proven.address.into(),
            ports: proven.port.into(),
            name: proven.name,
            how: proven.how,
        }));
        // The ledger learns every public address, also what is not proven as well as is asked here.
        let (public, _) = prove(targets.iter().copied(), ProofLevel::Resolved, tags.published());
        self.sightings.extend(public.into_iter().map(|one| Sighting {
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

    /// What is kept right from day to day are addresses: a tag needs no keeping, so whoever plans
    /// for the control plane is told where the tag would do.
    fn note_control(&mut self, proven: &[Proven], tags: &Tags) {
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

    /// A list proves nothing by itself: what it holds must be public, and published where that is
    /// asked for. It is given, not seen: the ledger does not learn it.
    fn add_list(
        &mut self,
        text: &str,
        place: &str,
        source: &str,
        level: ProofLevel,
        tags: &Tags,
    ) -> Result<()> {
        if level == ProofLevel::Tls {
            bail!("--proof tls: {place} is a list and holds no handshakes; give a report");
        }
        let sets = nsg::read(&[RuleFile { name: place, text }])?;
        let rules = sets.iter().flat_map(RuleSet::rules);
        for rule in rules.filter(|rule| !rule.destination.addresses.is_everything()) {
            for name in &rule.destination.names {
                let name = NamePattern::to_string(name);
                hint::hint(&format!(
                    "{place}: {name} is not resolved here: pathproof resolve does"
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
                reason: Reason::of_class(net.network()),
            }));
            self.seen.extend(addresses.prefixes().into_iter().map(|net| Seen {
                net,
                ports: ports.clone(),
                name: source.to_owned(),
                how: "given".to_owned(),
            }));
        }
        Ok(())
    }
}
