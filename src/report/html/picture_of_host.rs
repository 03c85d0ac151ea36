//! The picture of the whole host: every way that leaves it, those alike together, each as it was
//! measured.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::super::step_words;
use super::super::verdict_line::gateway_of;
use super::super::wording::{counted, counted_as};
use super::drawing::{Drawing, LINE, cut, folded};
use super::picture_of_way::{LegInWords, is_private, kind};
use super::ways::{self, BreakPoint, LegEnd, LegState, MeasuredWay, WayLeg};
use crate::diagnose::catalogue;
use crate::model::{Cause, Status};
use crate::report_v1::{Endpoint, Report};

/// How many ways are drawn one by one; where there are more, the rest are counted in the last.
const LANES: usize = 40;
const LANE: i32 = 52;
const HEADER: i32 = 46;
const HOST: (i32, i32) = (1, 180);
const MIDDLE: (i32, i32) = (330, 200);
const FAR: (i32, i32) = (640, 318);

/// The picture, and the same in words.
#[derive(Debug)]
pub(super) struct HostPicture {
    pub(super) drawing: Drawing,
    pub(super) said: Vec<LegInWords>,
}

/// A way, or several that are alike.
struct HostLane {
    state: LegState,
    breaks: (LegEnd, BreakPoint),
    /// What came of it.
    label: String,
    /// The stable code; empty where nothing is wrong.
    cause: String,
    /// What is at its end.
    kind: String,
    name: String,
    count: usize,
}

/// Lanes that leave by the same way.
struct LaneBlock {
    title: String,
    /// What the way leads through; nothing for name servers.
    through: Option<String>,
    lanes: Vec<HostLane>,
}

pub(super) fn picture(report: &Report) -> HostPicture {
    let blocks = blocks(report);
    let said = blocks.iter().flat_map(|block| {
        block.lanes.iter().map(|lane| LegInWords {
            state: lane.state,
            words: {
                let code = match &*lane.cause {
                    "" => String::new(),
                    cause => format!(" ({cause})"),
                };
                format!("{}: {} {}: {}{code}", block.title, lane.kind, lane.name, lane.label)
            },
        })
    });
    let said: Vec<LegInWords> = said.collect();
    let mut drawing = draw(report, &blocks);
    let count = |state| said.iter().filter(|said| said.state == state).count();
    drawing.description = format!(
        "{} leave this host: {} broken, {} with a finding, {} not tried, {} that work. The list \
         below says each in words.",
        counted_as(said.len(), "way", "ways"),
        count(LegState::Broken),
        count(LegState::Odd),
        count(LegState::NotTried),
        count(LegState::Works),
    );
    HostPicture { drawing, said }
}

fn blocks(report: &Report) -> Vec<LaneBlock> {
    let mut blocks = Vec::new();
    let servers = name_servers(report);
    if !servers.is_empty() {
        blocks.push(LaneBlock { title: "Name servers".to_owned(), through: None, lanes: servers });
    }
    let mut routes: Vec<&str> = Vec::new();
    for endpoint in &report.endpoints {
        let configured = &*endpoint.route.configured;
        if !routes.contains(&configured) {
            routes.push(configured);
        }
    }
    routes.sort_by_key(|route| *route != "direct");
    let mut room = LANES;
    for route in routes {
        let mut lanes = lanes(report, route);
        if lanes.is_empty() {
            continue;
        }
        if lanes.len() > room.max(1) {
            let rest = lanes.split_off(room.max(1) - 1);
            lanes.push(the_rest(&rest));
        }
        room = room.saturating_sub(lanes.len());
        let (title, through) = match route {
            "direct" => ("Direct".to_owned(), "Firewalls, NSGs, routes".to_owned()),
            "" | "unknown" => ("Route unknown".to_owned(), "Not known".to_owned()),
            proxy => (format!("By the proxy {proxy}"), format!("Proxy {proxy}")),
        };
        blocks.push(LaneBlock { title, through: Some(through), lanes });
    }
    blocks
}

/// What each name server made of the questions.
fn name_servers(report: &Report) -> Vec<HostLane> {
    let mut servers: Vec<(&str, usize, usize)> = Vec::new();
    for endpoint in &report.endpoints {
        let of_proxies = endpoint.proxies.iter().flat_map(|proxy| &proxy.lookups);
        for lookup in endpoint.lookups.iter().chain(of_proxies) {
            if lookup.outcome == "not_asked" {
                continue;
            }
            let is_silent = matches!(&*lookup.outcome, "timeout" | "unreachable" | "tcp_blocked");
            let at = servers.iter().position(|(server, ..)| *server == lookup.resolver);
            let at = at.unwrap_or_else(|| {
                servers.push((&lookup.resolver, 0, 0));
                servers.len() - 1
            });
            servers[at].1 += 1;
            servers[at].2 += usize::from(!is_silent);
        }
    }
    let lane = |(server, asked, answered): (&str, usize, usize)| HostLane {
        state: match answered {
            0 => LegState::Broken,
            all if all == asked => LegState::Works,
            _ => LegState::Odd,
        },
        breaks: (LegEnd::NameServer, BreakPoint::Between),
        label: format!("answered {answered} of {}", counted(asked, "question")),
        cause: String::new(),
        kind: if server == "os" { "Operating system" } else { "Name server" }.to_owned(),
        name: if server == "os" { "its own way to resolve" } else { server }.to_owned(),
        count: 1,
    };
    servers.into_iter().map(lane).collect()
}

fn lanes(report: &Report, route: &str) -> Vec<HostLane> {
    let own = report.endpoints.iter().filter(|it| it.route.configured == route);
    let mut lanes: Vec<HostLane> = Vec::new();
    let mut index = HashMap::new();
    for endpoint in own {
        let lane = lane(endpoint);
        let key = (lane.kind.clone(), lane.label.clone());
        let at = *index.entry(key).or_insert(lanes.len());
        match lanes.get_mut(at) {
            Some(known) => known.count += 1,
            None => lanes.push(lane),
        }
    }
    for lane in lanes.iter_mut().filter(|lane| lane.count > 1) {
        lane.name = counted(lane.count, "endpoint");
    }
    // What is broken first, the order of the report otherwise.
    lanes.sort_by_key(|lane| Reverse(lane.state));
    lanes
}

fn lane(endpoint: &Endpoint) -> HostLane {
    let way = MeasuredWay::of(endpoint);
    let broken = way.broken();
    let state = match (endpoint.status, broken) {
        (Status::Pass, _) => LegState::Works,
        // What is not required is broken all the same.
        (Status::Fail, _) | (Status::Warn, Some(_)) => LegState::Broken,
        (Status::Warn, None) => LegState::Odd,
        (Status::Unknown, _) => LegState::NotTried,
    };
    let cause = endpoint.cause.as_deref().unwrap_or_default();
    let layer = broken.map(|leg: &WayLeg| step_words::layer(&leg.layer));
    let label = match (state, layer) {
        (LegState::Works, _) => "works".to_owned(),
        (_, Some(layer)) => format!("{layer}: {}", meaning(cause)),
        (_, None) => meaning(cause),
    };
    let addresses: BTreeSet<IpAddr> = endpoint.addresses().unwrap_or_default();
    let title = match gateway_of(endpoint) {
        Some(gateway) => format!("Gateways of {}", gateway.deployment),
        None if is_private(&addresses) => format!("{}, private endpoint", kind(endpoint)),
        None => kind(endpoint).to_owned(),
    };
    let is_proxied = ways::is_proxied(endpoint);
    let breaks = broken.map_or((LegEnd::Far, BreakPoint::There), |leg| match leg.to {
        LegEnd::NameServer => (LegEnd::NameServer, BreakPoint::Here),
        to if !is_proxied && leg.breaks == BreakPoint::Between => (to, BreakPoint::Between),
        to => (to, leg.breaks),
    });
    HostLane {
        state,
        breaks,
        label,
        cause: cause.to_owned(),
        kind: title,
        name: endpoint.host_port(),
        count: 1,
    }
}

/// What a cause means, in the words of the catalogue.
fn meaning(cause: &str) -> String {
    match Cause::parse(cause) {
        Some(known) => catalogue::entry(known).sentence.trim_end_matches('.').to_owned(),
        None => cause.to_owned(),
    }
}

fn the_rest(lanes: &[HostLane]) -> HostLane {
    let count = lanes.iter().map(|lane| lane.count).sum();
    let worst = lanes.iter().map(|lane| lane.state).max().unwrap_or(LegState::NotTried);
    HostLane {
        state: worst,
        breaks: (LegEnd::Far, BreakPoint::Between),
        label: "each in the evidence below".to_owned(),
        cause: String::new(),
        kind: format!("{} more kinds of ways", lanes.len()),
        name: counted(count, "endpoint"),
        count,
    }
}

fn draw(report: &Report, blocks: &[LaneBlock]) -> Drawing {
    let mut drawing = Drawing::new("host".to_owned(), "Every way that leaves this host".to_owned());
    let n_lanes: usize = blocks.iter().map(|block| block.lanes.len()).sum();
    let as_length = |count: usize| i32::try_from(count).unwrap_or(i32::MAX / 1000);
    let headers: i32 = blocks.iter().map(header).sum();
    let height = as_length(n_lanes) * LANE + headers + 8;
    drawing.width = FAR.0 + FAR.1 + 1;
    drawing.height = height.max(150);
    host(&mut drawing, report);
    let mut y = 1;
    for block in blocks {
        let bottom = y + header(block) + as_length(block.lanes.len()) * LANE;
        let through = block.through.as_deref();
        let is_proxy = through.is_some_and(|through| through.starts_with("Proxy "));
        if let Some(through) = through {
            let class = if is_proxy { "box" } else { "box between" };
            drawing.frame(class, (MIDDLE.0, y + 2), (MIDDLE.1, bottom - y - 8));
            let (kind, name) =
                through.split_once(' ').filter(|_| is_proxy).unwrap_or((through, ""));
            drawing.text("kind", (MIDDLE.0 + 10, y + 20), kind);
            for (at, line) in folded(name, 26).into_iter().take(1).enumerate() {
                drawing.text("name", (MIDDLE.0 + 10, y + 20 + LINE * (as_length(at) + 1)), line);
            }
        }
        y += header(block);
        for lane in &block.lanes {
            draw_lane(&mut drawing, lane, y, is_proxy);
            y += LANE;
        }
    }
    drawing
}

/// The room above the lanes of a block, for what they lead through.
const fn header(block: &LaneBlock) -> i32 {
    if block.through.is_some() { HEADER } else { 0 }
}

fn host(drawing: &mut Drawing, report: &Report) {
    let vantage = &report.run.vantage;
    drawing.frame("box", (HOST.0, 1), (HOST.1, drawing.height - 2));
    let mut y = 20;
    drawing.text("kind", (HOST.0 + 10, y), "This host");
    let addresses = vantage.addresses.iter().take(4).map(ToString::to_string);
    for line in folded(&vantage.hostname, 22).into_iter().take(3).chain(addresses) {
        y += LINE;
        drawing.text("name", (HOST.0 + 10, y), cut(&line, 24));
    }
}

fn draw_lane(drawing: &mut Drawing, lane: &HostLane, top: i32, is_proxy: bool) {
    let y = top + 30;
    let (from, to) = (HOST.0 + HOST.1, FAR.0);
    let middle = MIDDLE.0 + MIDDLE.1 / 2;
    let breaks_at = match (lane.breaks, is_proxy) {
        ((LegEnd::NameServer, BreakPoint::Between), _) => middle,
        ((_, BreakPoint::Here) | (LegEnd::NameServer, _), _) => from + 24,
        ((LegEnd::Proxy, BreakPoint::Between), _) => i32::midpoint(from, MIDDLE.0),
        ((LegEnd::Proxy, BreakPoint::There), _) => MIDDLE.0 - 8,
        ((LegEnd::Far, BreakPoint::Between), true) => i32::midpoint(MIDDLE.0 + MIDDLE.1, to),
        ((LegEnd::Far, BreakPoint::Between), false) => middle,
        ((LegEnd::Far, BreakPoint::There), _) => to - 12,
    };
    drawing.arrow(lane.state, y, (from, to), breaks_at);
    let words = format!("{} {}", lane.state.symbol(), lane.label);
    drawing.text(lane.state.class(), (from + 12, y - 11), cut(&words, 56));
    drawing.frame("box", (FAR.0, top + 6), (FAR.1, LANE - 8));
    drawing.text("kind", (FAR.0 + 10, top + 24), cut(&lane.kind, 42));
    drawing.text("name", (FAR.0 + 10, top + 24 + LINE), cut(&lane.name, 42));
}
