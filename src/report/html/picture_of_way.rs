//! The picture of a way that fails: who is asked in which order, how far it goes, and where it
//! breaks. Ways of the same shape are one picture.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::verdict_line::gateway_of;
use super::super::wording::{counted_as, listed};
use super::StatusBadge;
use super::drawing::{Drawing, LINE, cut, folded};
use super::ways::{self, BreakPoint, LegEnd, LegState, MeasuredWay, WayLeg};
use crate::model::{AddressClass, AddressSet, Role, Status, classify};
use crate::report_v1::{Endpoint, Report};

/// How many legs of one kind are drawn: a host may ask a dozen name servers.
const LEGS: usize = 10;
const ROW: i32 = 46;
const HEAD: i32 = 84;
const GAP: i32 = 34;

/// A picture with what is said beside it.
#[derive(Debug)]
pub(super) struct WayPicture {
    pub(super) heading: String,
    pub(super) badge: StatusBadge,
    pub(super) cause: String,
    /// What was found, of the first of them.
    pub(super) message: String,
    pub(super) drawing: Drawing,
    /// The same in words.
    pub(super) steps: Vec<LegInWords>,
    /// Everything that goes this way, where it is more than one.
    pub(super) members: Vec<String>,
}

/// A leg in words.
#[derive(Debug)]
pub(super) struct LegInWords {
    pub(super) state: LegState,
    pub(super) words: String,
}

/// The ways that do not work, those of the same shape together.
pub(super) fn pictures(report: &Report) -> Vec<WayPicture> {
    let failing = report.endpoints.iter().filter(|endpoint| {
        let is_untested = endpoint.lookups.is_empty() && endpoint.trails.is_empty();
        endpoint.status != Status::Pass && !endpoint.is_unassigned() && !is_untested
    });
    let mut groups = ways::alike(failing.map(MeasuredWay::of));
    // What fails first; the order of the report otherwise.
    groups.sort_by_key(|group| rank(group[0].endpoint.status));
    groups.iter().enumerate().map(|(at, group)| picture(report, at, group)).collect()
}

const fn rank(status: Status) -> u8 {
    match status {
        Status::Fail => 0,
        Status::Warn => 1,
        Status::Unknown => 2,
        Status::Pass => 3,
    }
}

fn picture(report: &Report, at: usize, group: &[MeasuredWay]) -> WayPicture {
    let way = &group[0];
    let endpoint = way.endpoint;
    let who = who(group);
    let cause = endpoint.cause.as_deref().unwrap_or_default().to_owned();
    let legs = way.legs.iter().take(LEGS);
    let steps: Vec<LegInWords> =
        legs.map(|leg| LegInWords { state: leg.state, words: leg.said() }).collect();
    let mut drawing = draw(report, format!("way{at}"), group);
    drawing.title = format!("The way from this host to {who}: {cause}");
    let words: Vec<String> =
        steps.iter().map(|said| format!("{} ({})", said.words, said.state.word())).collect();
    drawing.description = format!("{}.", words.join(". "));
    let members = if group.len() > 1 { group.iter().map(member).collect() } else { Vec::new() };
    let message = endpoint.findings.first().map(|finding| finding.message.clone().into_owned());
    WayPicture {
        heading: who,
        badge: StatusBadge::of(endpoint.status),
        cause,
        message: message.unwrap_or_default(),
        drawing,
        steps,
        members,
    }
}

/// `g6-….servicebus.windows.net:443`, `256 gateways of prod-am3-010`.
fn who(group: &[MeasuredWay]) -> String {
    let first = group[0].endpoint;
    match (group.len(), gateway_of(first)) {
        (1, _) => first.host_port(),
        (many, Some(gateway)) if is_one_kind(group) => {
            format!("{many} gateways of {}", gateway.deployment)
        }
        (many, _) if is_one_kind(group) => format!("{many} endpoints: {}", kind(first)),
        (many, _) => format!("{many} endpoints"),
    }
}

/// Whether all are the same to the runtime: of one deployment, where they are gateways.
fn is_one_kind(group: &[MeasuredWay]) -> bool {
    let of = |way: &MeasuredWay| {
        (kind(way.endpoint), gateway_of(way.endpoint).map(|gateway| gateway.deployment))
    };
    group.iter().all(|way| of(way) == of(&group[0]))
}

/// One of those alike, as `name:port (address)`.
fn member(way: &MeasuredWay) -> String {
    let addresses = addresses(way.endpoint, way);
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    match &*addresses {
        [] => way.endpoint.host_port(),
        _ => format!("{} ({})", way.endpoint.host_port(), addresses.join(", ")),
    }
}

/// Where the shown trail leads; else where the name does.
fn addresses(endpoint: &Endpoint, way: &MeasuredWay) -> BTreeSet<IpAddr> {
    let is_proxied = ways::is_proxied(endpoint);
    let own = way.trail.filter(|_| !is_proxied).and_then(|trail| trail.remote);
    match own {
        Some(remote) => [remote.ip()].into(),
        None if is_proxied => BTreeSet::new(),
        None => endpoint.addresses().unwrap_or_default(),
    }
}

/// What an endpoint is to the runtime.
pub(super) fn kind(endpoint: &Endpoint) -> &'static str {
    match endpoint.role.as_deref().and_then(Role::parse) {
        Some(Role::Relay) => "Azure Relay",
        Some(Role::Gateway) => "Gateways of the relay",
        Some(Role::Control) => "Control plane",
        Some(Role::Frontend) => "Data Factory service",
        Some(Role::Download) => "Updates",
        Some(Role::Peer) => "Another node",
        Some(Role::DataStore) => "Data stores",
        Some(Role::KeyVault) => "Key Vault",
        Some(Role::Login) => "Sign-in",
        Some(Role::Revocation) => "Revocation lists",
        Some(Role::Portal) => "Portal",
        Some(Role::Other) | None => "Services",
    }
}

/// Whether it is reached by a private endpoint.
pub(super) fn is_private(addresses: &BTreeSet<IpAddr>) -> bool {
    !addresses.is_empty() && addresses.iter().all(|it| classify(*it) == AddressClass::Private)
}

/// A column of the picture: a head, and the line of life below it.
struct PictureColumn {
    is: ColumnRole,
    width: i32,
    center: i32,
    lines: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnRole {
    Host,
    NameServer,
    Network,
    Proxy,
    Far,
}

impl ColumnRole {
    const fn title(self) -> &'static str {
        match self {
            Self::Host => "This host",
            Self::NameServer => "Name server",
            Self::Network => "Firewall, NSG, route",
            Self::Proxy => "Proxy",
            Self::Far => "",
        }
    }
}

fn draw(report: &Report, id: String, group: &[MeasuredWay]) -> Drawing {
    let way = &group[0];
    let mut columns = columns(report, group);
    let mut x = 1;
    for column in &mut columns {
        column.center = x + column.width / 2;
        x += column.width + GAP;
    }
    let legs: Vec<&WayLeg> = way.legs.iter().take(LEGS).collect();
    let rows = i32::try_from(legs.len()).unwrap_or_default();
    let mut drawing = Drawing::new(id, String::new());
    drawing.width = x - GAP + 1;
    drawing.height = HEAD + 10 + ROW * rows + 12;
    for column in &columns {
        head(&mut drawing, column, group);
    }
    let center = |is: ColumnRole| columns.iter().find(|column| column.is == is).map(|it| it.center);
    let from = center(ColumnRole::Host).unwrap_or_default();
    let mut y = HEAD + 10;
    for leg in legs {
        y += ROW;
        let to = match leg.to {
            LegEnd::NameServer => center(ColumnRole::NameServer),
            LegEnd::Proxy => center(ColumnRole::Proxy),
            LegEnd::Far => center(ColumnRole::Far),
        };
        let to = to.unwrap_or(drawing.width);
        let between =
            center(ColumnRole::Network).filter(|at| *at < to && leg.to != LegEnd::NameServer);
        let breaks_at = match leg.breaks {
            BreakPoint::Here => from + 40,
            BreakPoint::Between => between.unwrap_or(i32::midpoint(from, to)),
            BreakPoint::There => to - 10,
        };
        drawing.arrow(leg.state, y - 10, (from, to), breaks_at);
        let room = usize::try_from((drawing.width - from) / 7).unwrap_or(60);
        let words = format!("{} {}", leg.state.symbol(), leg.said());
        drawing.text(leg.state.class(), (from + 10, y - 22), cut(&words, room));
    }
    drawing
}

fn head(drawing: &mut Drawing, column: &PictureColumn, group: &[MeasuredWay]) {
    let way = &group[0];
    let (left, top) = (column.center - column.width / 2, 1);
    let class = if column.is == ColumnRole::Network { "box between" } else { "box" };
    drawing.line("life", (column.center, HEAD), (column.center, drawing.height - 2));
    drawing.frame(class, (left, top), (column.width, HEAD - 1));
    let title = match column.is {
        ColumnRole::Far => {
            let title = if is_one_kind(group) { kind(way.endpoint) } else { "Services" };
            let title = title.to_owned();
            let private = is_private(&addresses(way.endpoint, way));
            if private { format!("{title}, private endpoint") } else { title }
        }
        is => is.title().to_owned(),
    };
    let mut y = top + 18;
    drawing.text("kind", (left + 10, y), title);
    for line in &column.lines {
        y += LINE;
        drawing.text("name", (left + 10, y), line.clone());
    }
}

fn columns(report: &Report, group: &[MeasuredWay]) -> Vec<PictureColumn> {
    let way = &group[0];
    let endpoint = way.endpoint;
    let column = |is, width, lines| PictureColumn { is, width, center: 0, lines };
    let vantage = &report.run.vantage;
    let mut host = vec![cut(&vantage.hostname, 22)];
    host.extend(vantage.addresses.iter().take(2).map(|it| cut(&it.to_string(), 22)));
    let mut columns = vec![column(ColumnRole::Host, 180, host)];
    let servers: Vec<&str> = way
        .legs
        .iter()
        .filter(|leg| leg.to == LegEnd::NameServer)
        .filter_map(|leg| leg.words.split_once(": ").map(|(server, _)| server))
        .collect();
    if !servers.is_empty() {
        let lines = servers.iter().take(3).map(|server| cut(server, 20)).collect();
        columns.push(column(ColumnRole::NameServer, 165, lines));
    }
    let between = way.broken().filter(|leg| leg.breaks == BreakPoint::Between);
    let breaks_on_way_to = between.map(|leg| leg.to);
    let network = || column(ColumnRole::Network, 175, between_lines(endpoint));
    if breaks_on_way_to == Some(LegEnd::Proxy) {
        columns.push(network());
    }
    if ways::is_proxied(endpoint) {
        let url = &endpoint.route.configured;
        let address = url.split_once("://").map_or(&**url, |(_, address)| address);
        columns.push(column(
            ColumnRole::Proxy,
            180,
            folded(address, 22).into_iter().take(3).collect(),
        ));
    }
    if breaks_on_way_to == Some(LegEnd::Far) {
        columns.push(network());
    }
    columns.push(column(ColumnRole::Far, 270, far(group)));
    columns
}

/// What is known of the way between: the last hop that answered (`--locate`).
fn between_lines(endpoint: &Endpoint) -> Vec<String> {
    let Some(located) = &endpoint.located else {
        return vec!["somewhere between,".to_owned(), "not seen from here".to_owned()];
    };
    let is_by_echo = located.found_by.is_some();
    match located.last_hop {
        Some(hop) => {
            let heading = if is_by_echo { "last to answer echo:" } else { "last to answer:" };
            vec![heading.to_owned(), cut(&hop.to_string(), 22), format!("hop {}", located.hops)]
        }
        None if is_by_echo => vec!["no hop answered echo".to_owned()],
        None => vec!["no hop answered".to_owned()],
    }
}

fn far(group: &[MeasuredWay]) -> Vec<String> {
    let way = &group[0];
    let port = way.endpoint.port.unwrap_or_default();
    if let [way] = group {
        let mut lines: Vec<String> = folded(&way.endpoint.host, 34).into_iter().take(2).collect();
        let addresses: Vec<IpAddr> = addresses(way.endpoint, way).into_iter().collect();
        let at = match &*addresses {
            [] => format!("port {port}"),
            [one] if one.is_ipv4() => format!("{one}:{port}"),
            some => format!("{}, port {port}", listed(some, 1)),
        };
        lines.push(cut(&at, 36));
        return lines;
    }
    let all: AddressSet = group.iter().flat_map(|way| addresses(way.endpoint, way)).collect();
    let prefixes = all.prefixes();
    let mut lines = vec![match gateway_of(way.endpoint) {
        Some(gateway) if is_one_kind(group) => {
            cut(&format!("{} of {}", group.len(), gateway.deployment), 36)
        }
        _ => format!("{} endpoints", group.len()),
    }];
    match prefixes.len() {
        0 => lines.push(format!("port {port}")),
        1 | 2 => lines.push(format!("{}, port {port}", listed(&prefixes, 2))),
        many => {
            lines.push(format!("{}, ...", prefixes[0]));
            lines.push(format!("{}, port {port}", counted_as(many, "network", "networks")));
        }
    }
    lines.iter().map(|line| cut(line, 36)).collect()
}
