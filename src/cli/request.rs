//! What the options mean together: lists, names and files become a plan of probes.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use ipnet::IpNet;

use super::arguments::{MeasuringArgs, TargetArgs};
use super::input::Stdin;
use super::recorded::redacted_value;
use super::{runtime_names, vantage};
use crate::files;
use crate::list::{
    self, AuthKey, DiscoveredName, EndpointList, Parameters, RunRequest, ServiceUrls, UrlHost,
};
use crate::model::{Cloud, Endpoint, HostRuntime, ReportedNode};
use crate::plan::{self, ProbePlan};
use crate::tags;

/// The list that is used where none is named.
const DEFAULT_LIST: &str = "adf-shir";

/// A plan of probes, ready to be run.
#[derive(Clone, Debug)]
pub(super) struct PreparedRun {
    pub(super) plan: ProbePlan,
    /// What the user should know before the run begins.
    pub(super) hints: Vec<String>,
    pub(super) cloud: Cloud,
    pub(super) lists: Vec<String>,
    pub(super) private_networks: Vec<IpNet>,
    pub(super) is_self_contained: bool,
    /// The runtime's nodes, as the cloud reports them.
    pub(super) nodes: Vec<ReportedNode>,
    pub(super) expand_gateways: bool,
    /// What was found of the runtime on this host.
    pub(super) runtime: Option<HostRuntime>,
    /// What to say of the account that its service runs as, where the system's settings decide.
    pub(super) other_account: Option<String>,
    /// That the names are an earlier answer of Azure's; one of the hints too.
    pub(super) remembered: Option<String>,
}

/// Reads everything that the options name, and makes endpoints of it. `names` are added to what the
/// options give, as service URLs are; without such options only they are probed.
///
/// # Errors
/// A file cannot be read or is malformed, an option matches nothing, nothing is left to probe, or
/// this host does not have the source address.
pub(super) fn prepare(
    targets: &TargetArgs,
    measuring: &MeasuringArgs,
    names: &[String],
    stdin: &mut Stdin,
) -> Result<PreparedRun> {
    prepare_with(targets, measuring, names, Vec::new(), stdin)
}

/// The same with the names that the runtime on this host uses.
///
/// # Errors
/// As [`prepare`].
pub(super) fn prepare_with(
    targets: &TargetArgs,
    measuring: &MeasuringArgs,
    names: &[String],
    discovered: Vec<DiscoveredName>,
    stdin: &mut Stdin,
) -> Result<PreparedRun> {
    vantage::check_source(measuring.source)?;
    let mut service_urls = Vec::new();
    for path in &targets.service_urls {
        service_urls.push(read_service_urls(path, stdin)?);
    }
    let (mut signed, mut remembered) = (None, None);
    if let Some(id) = &targets.runtime {
        let names = runtime_names::ask(id, targets)?;
        service_urls.push(names.urls);
        (signed, remembered) = (names.signed, names.remembered);
    }
    let auth_key = match &targets.auth_key {
        Some(path) => Some(read_auth_key(path, stdin)?),
        None => None,
    };
    let mut parameters = Parameters::default();
    let common = [
        ("factory", &targets.factory),
        ("region", &targets.region),
        ("workspace", &targets.workspace),
    ];
    for (key, value) in common {
        if let Some(value) = value {
            parameters.set(key, value).with_context(|| format!("--{key}"))?;
        }
    }
    for pair in &targets.set {
        parameters.set_pair(pair).context("--set")?;
    }
    let endpoints = targets
        .endpoint
        .iter()
        .map(|text| {
            list::parse_endpoint(text)
                .with_context(|| format!("--endpoint {}", redacted_value(text)))
        })
        .collect::<Result<Vec<_>>>()?;
    let peers = targets
        .peer
        .iter()
        .map(|text| {
            list::parse_peer(text).with_context(|| format!("--peer {}", redacted_value(text)))
        })
        .collect::<Result<Vec<_>>>()?;
    let asked = match names {
        [] => ServiceUrls::default(),
        names => list::service_urls::parse(&names.join("\n"), "NAME")?,
    };
    service_urls.push(asked.clone());

    let cloud = targets.cloud.map_or_else(
        || {
            let mut told = told_names(targets, &service_urls, auth_key.as_ref());
            told.extend(discovered.iter().map(|name| name.host.to_string()));
            list::infer_cloud(told.iter().map(String::as_str)).unwrap_or_default()
        },
        Cloud::from,
    );
    check_factory(&parameters, auth_key.as_ref())?;
    let strange_region = check_region(&parameters, cloud)?;
    let nodes = service_urls.iter().flat_map(|urls| urls.nodes.iter().cloned()).collect();
    let request = RunRequest {
        lists: lists(targets, cloud)?,
        parameters,
        service_urls,
        auth_key,
        discovered,
        endpoints,
        peers,
        with: targets.with.clone(),
        by_hand: asked.urls.iter().map(|url| url.host.clone()).collect(),
        only: targets.only.clone(),
        skip: targets.skip.clone(),
        private: targets.private.clone(),
        is_self_contained: targets.self_contained_authoring,
    };
    let mut concrete = list::concrete(&request)?;
    if !names.is_empty() && asks_for_names_alone(targets) {
        // The list only tells what kind of name each is.
        let is_asked = |endpoint: &Endpoint| {
            let asked = asked.urls.iter().map(|url| &url.host);
            asked.into_iter().any(|host| match host {
                UrlHost::Host(host) => endpoint.subject.host() == Some(host),
                UrlHost::Wildcard(_) => false,
            })
        };
        concrete.endpoints.retain(is_asked);
        concrete.untestable.clear();
        concrete.hints.clear();
    }
    let mut plan = plan::plan(concrete.endpoints);
    let next = names_to_add(&concrete.untestable);
    let untestable = |one: list::UntestablePattern| plan::UntestableEndpoint {
        endpoint: Arc::new(one.endpoint),
        hint: one.missing.hint,
    };
    plan.untestable = concrete.untestable.into_iter().map(untestable).collect();
    if plan.endpoints.is_empty() && plan.untestable.is_empty() {
        bail!("{}", nothing_left(targets, &request.lists));
    }
    let hints = signed
        .into_iter()
        .chain(remembered.clone())
        .chain(strange_region)
        .chain(concrete.hints)
        .chain(next)
        .collect();
    Ok(PreparedRun {
        plan,
        hints,
        cloud,
        lists: request.lists.iter().map(|list| list.id.clone()).collect(),
        private_networks: targets.private_cidr.clone(),
        is_self_contained: concrete.is_self_contained,
        nodes,
        expand_gateways: !targets.no_gateways,
        runtime: None,
        other_account: None,
        remembered,
    })
}

/// What to add to the command so that every required name can be tested. The report says of each
/// name why; this is the one line for all.
fn names_to_add(untestable: &[list::UntestablePattern]) -> Option<String> {
    let needed = || untestable.iter().filter(|one| one.endpoint.required);
    let mut options: Vec<&str> = Vec::new();
    for option in needed().flat_map(|one| &one.missing.options) {
        if !options.contains(&option.as_str()) {
            options.push(option);
        }
    }
    let names = match needed().count() {
        0 => return None,
        1 => "the required name that is".to_owned(),
        several => format!("the {several} required names that are"),
    };
    Some(format!("to test {names} not known yet, run this again with {}", options.join(" ")))
}

/// Says what to do where the options leave nothing to probe.
fn nothing_left(targets: &TargetArgs, lists: &[EndpointList]) -> String {
    let given = |option: &str, values: &[String]| {
        values.iter().map(|value| format!("{option} {value}")).collect::<Vec<_>>()
    };
    let lists = lists.iter().map(|list| &*list.id).collect::<Vec<_>>().join(", ");
    let narrowing = [given("--only", &targets.only), given("--skip", &targets.skip)].concat();
    if narrowing.is_empty() {
        return format!("nothing to probe: {lists} gives no endpoint; add --endpoint HOST");
    }
    format!(
        "nothing is left to probe: {} leave out every endpoint of {lists}; take one of them away, \
         or add --endpoint HOST",
        narrowing.join(" ")
    )
}

/// Checks a region that was typed against the embedded tags. One that they do not know is refused
/// where it looks like a misspelt known one, before DNS is asked; otherwise it may be newer than
/// the tags, which is noted. The region of a factory's whole host name was pasted, and is not
/// checked.
fn check_region(parameters: &Parameters, cloud: Cloud) -> Result<Option<String>> {
    let Some(region) = parameters.value("region") else { return Ok(None) };
    let known = tags::regions(cloud);
    if parameters.factory_host().is_some() || known.contains(&region) {
        return Ok(None);
    }
    let date = &tags::Snapshot::embedded(cloud).date;
    let what = format!("'{region}' is no Azure region in the service tags of {date}");
    let without_digits =
        |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    match list::nearest(region, known.iter().copied()) {
        // New regions are called after those that were there: westus3.
        Some(near) if without_digits(near) != without_digits(region) => bail!(
            "--region: {what}: did you mean {near}? If it is newer, give the factory's whole host \
             name, as the portal shows it: --factory FACTORY.{region}.datafactory.azure.net"
        ),
        _ => Ok(Some(format!("{what}: it may be newer than they are, or misspelt"))),
    }
}

/// Checks that a key and a factory that were given together are of one factory.
fn check_factory(parameters: &Parameters, auth_key: Option<&AuthKey>) -> Result<()> {
    let Some(host) = auth_key.and_then(|key| key.control_host.as_ref()) else { return Ok(()) };
    for (word, label) in ["factory", "region"].into_iter().zip(host.labels()) {
        if let Some(given) = parameters.value(word).filter(|given| *given != label) {
            bail!(
                "--auth-key is the key of {host}, but --{word} says {given}: give the key of the \
                 factory that is meant, or leave --{word} out"
            );
        }
    }
    Ok(())
}

/// The names by which the cloud is inferred.
fn told_names(
    targets: &TargetArgs,
    service_urls: &[ServiceUrls],
    auth_key: Option<&AuthKey>,
) -> Vec<String> {
    let urls = service_urls.iter().flat_map(|urls| &urls.urls).map(|url| match &url.host {
        UrlHost::Host(host) => host.to_string(),
        UrlHost::Wildcard(domain) => format!("*.{domain}"),
    });
    let key = auth_key.and_then(|key| key.control_host.as_ref()).map(ToString::to_string);
    urls.chain(key)
        .chain(targets.factory.clone())
        .chain(targets.region.clone())
        .chain(targets.workspace.clone())
        .chain(targets.endpoint.iter().cloned())
        .chain(targets.private.iter().cloned())
        .collect()
}

/// Whether only names were given. The list then only tells what kind of name each is.
fn asks_for_names_alone(targets: &TargetArgs) -> bool {
    targets.list.is_empty()
        && targets.factory.is_none()
        && targets.workspace.is_none()
        && targets.set.is_empty()
        && targets.with.is_empty()
        && targets.only.is_empty()
        && targets.service_urls.is_empty()
        && targets.runtime.is_none()
        && targets.auth_key.is_none()
        && targets.endpoint.is_empty()
        && targets.peer.is_empty()
}

/// The lists that are named, or the one that is used where none is.
///
/// # Errors
/// There is no such list, or its file cannot be read.
pub(super) fn lists(targets: &TargetArgs, cloud: Cloud) -> Result<Vec<EndpointList>> {
    if targets.list.is_empty() {
        return Ok(vec![list::find(DEFAULT_LIST, cloud)?]);
    }
    targets.list.iter().map(|given| named_list(given, cloud)).collect()
}

/// The embedded list of this id, or the list in the file of this name.
pub(super) fn named_list(given: &str, cloud: Cloud) -> Result<EndpointList> {
    if is_embedded(given) || !looks_like_file(given) {
        return list::find(given, cloud).map_err(anyhow::Error::from);
    }
    let text = files::read_text(Path::new(given), files::SHORT)
        .with_context(|| format!("cannot read {given}"))?;
    list::parse(&text, given).map_err(|errors| anyhow!("{errors}"))
}

fn is_embedded(given: &str) -> bool {
    list::embedded().iter().any(|embedded| embedded.id == given)
}

/// Whether this is meant as a file: ids hold no dot and no separator, and a path that exists is a
/// file whatever its name.
fn looks_like_file(given: &str) -> bool {
    given.contains(['.', '/', '\\']) || Path::new(given).exists()
}

fn read_service_urls(path: &Path, stdin: &mut Stdin) -> Result<ServiceUrls> {
    let name = path.display().to_string();
    let text = stdin.read_text(path, "--service-urls")?;
    list::service_urls::parse(&text, &name).context("--service-urls")
}

fn read_auth_key(path: &Path, stdin: &mut Stdin) -> Result<AuthKey> {
    let text = stdin.read_text(path, "--auth-key")?;
    list::auth_key::parse(&text).with_context(|| format!("--auth-key {}", path.display()))
}
