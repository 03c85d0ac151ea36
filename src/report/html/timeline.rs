//! What was watched as a page: endpoints by time, and every change in words.

use std::io::{self, Write};

use askama::Template;
use jiff::Timestamp;

use super::super::wording::counted;
use super::drawing::{Drawing, cut};
use super::page::HtmlPage;
use super::{Guarded, StatusBadge};
use crate::model::Status;

/// Rounds of the same measurement, and the states that each endpoint went through.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Where it was measured.
    pub hostname: String,
    /// When the first round began.
    pub begun: Timestamp,
    /// Up to when it is known.
    pub ended: Timestamp,
    /// How many rounds were measured.
    pub rounds: u64,
    /// Every endpoint, in the order of the report.
    pub tracks: Vec<WatchedEndpoint>,
}

/// An endpoint over time.
#[derive(Clone, Debug)]
pub struct WatchedEndpoint {
    /// The entry of the endpoint list.
    pub entry: String,
    /// The host and port, as `host:port`.
    pub host_port: String,
    /// In the order of time, none like the one before it; never empty.
    pub states: Vec<WatchedState>,
}

/// A state, from a time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedState {
    /// When it was first measured.
    pub since: Timestamp,
    /// What it is.
    pub status: Status,
    /// Why it is no pass.
    pub cause: Option<String>,
    /// What was found, in one sentence; empty on a pass.
    pub message: String,
}

#[derive(Template)]
#[template(path = "timeline.html")]
struct TimelineBody {
    badge: StatusBadge,
    headline: String,
    meta: String,
    drawing: Drawing,
    steady: Vec<String>,
    changes: Vec<StateChange>,
}

/// A change from one state to another.
struct StateChange {
    at: String,
    host_port: String,
    from: String,
    badge: StatusBadge,
    to: String,
    message: String,
}

/// Writes what was watched as a page.
///
/// # Errors
/// What `out` returns.
pub fn watched(timeline: &Timeline, out: &mut impl Write) -> io::Result<()> {
    // What passed throughout has no line of its own.
    let is_steady =
        |it: &&WatchedEndpoint| matches!(&*it.states, [one] if one.status == Status::Pass);
    let (steady, moved): (Vec<_>, Vec<_>) = timeline.tracks.iter().partition(is_steady);
    let now = timeline.tracks.iter().filter_map(|track| track.states.last());
    let worst = now.map(|state| state.status).max_by_key(|status| rank(*status));
    let changes: usize = moved.iter().map(|track| track.states.len() - 1).sum();
    let badge = StatusBadge::of(worst.unwrap_or(Status::Unknown));
    let headline = format!(
        "{} in {} of {}",
        counted(changes, "change"),
        counted(usize::try_from(timeline.rounds).unwrap_or(usize::MAX), "round"),
        counted(timeline.tracks.len(), "endpoint"),
    );
    let utc = "%Y-%m-%d %H:%M:%S UTC";
    let body = TimelineBody {
        badge,
        meta: format!(
            "Watched from {} to {} on {}.",
            timeline.begun.strftime(utc),
            timeline.ended.strftime(utc),
            timeline.hostname
        ),
        drawing: draw(timeline, &moved),
        steady: steady.iter().map(|track| track.host_port.clone()).collect(),
        changes: all_changes(&moved),
        headline,
    };
    let title = format!("{}: {}", badge.word, body.headline);
    let from = format!("pathproof watch on {}", timeline.hostname);
    let mut guarded = Guarded::new(out);
    HtmlPage::new(title, from, body).write(&mut guarded)?;
    guarded.finish().map(drop)
}

const fn rank(status: Status) -> u8 {
    match status {
        Status::Pass => 0,
        Status::Unknown => 1,
        Status::Warn => 2,
        Status::Fail => 3,
    }
}

/// Status and cause as in `fail tcp_timeout`.
fn in_words(state: &WatchedState) -> String {
    let cause = state.cause.as_deref().unwrap_or_default();
    format!("{} {cause}", state.status.as_str()).trim_end().to_owned()
}

fn all_changes(tracks: &[&WatchedEndpoint]) -> Vec<StateChange> {
    let mut changes: Vec<(Timestamp, StateChange)> = Vec::new();
    for track in tracks {
        for (at, state) in track.states.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| track.states.get(before));
            changes.push((
                state.since,
                StateChange {
                    at: state.since.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
                    host_port: track.host_port.clone(),
                    from: before.map_or_else(|| "not seen before".to_owned(), in_words),
                    badge: StatusBadge::of(state.status),
                    to: in_words(state),
                    message: state.message.clone(),
                },
            ));
        }
    }
    changes.sort_by_key(|(at, _)| *at);
    changes.into_iter().map(|(_, change)| change).collect()
}

const ROW: i32 = 30;
const LEFT: i32 = 330;
const WIDTH: i32 = 960;
const TOP: i32 = 34;

fn draw(timeline: &Timeline, tracks: &[&WatchedEndpoint]) -> Drawing {
    let title = "The endpoints that changed or did not pass, over time".to_owned();
    let mut drawing = Drawing::new("timeline".to_owned(), title);
    let rows = i32::try_from(tracks.len()).unwrap_or(i32::MAX / 100);
    drawing.width = WIDTH;
    drawing.height = TOP + ROW * rows + 8;
    drawing.description =
        format!("{}; every change stands in the table below.", counted(tracks.len(), "endpoint"));
    let length = timeline.ended.as_second() - timeline.begun.as_second();
    let room = i64::from(WIDTH - LEFT - 4);
    let x = |at: Timestamp| {
        let passed = (at.as_second() - timeline.begun.as_second()).clamp(0, length.max(1));
        LEFT + i32::try_from(passed * room / length.max(1)).unwrap_or_default()
    };
    for quarter in 0..=3 {
        let Ok(at) = Timestamp::from_second(timeline.begun.as_second() + length * quarter / 4)
        else {
            continue;
        };
        drawing.line("life", (x(at), 22), (x(at), drawing.height));
        drawing.text("not", (x(at) + 3, 14), at.strftime("%m-%d %H:%M:%S").to_string());
    }
    let mut y = TOP;
    for track in tracks {
        drawing.text("name", (2, y + 17), cut(&track.host_port, 44));
        for (at, state) in track.states.iter().enumerate() {
            let until = track.states.get(at + 1).map_or(timeline.ended, |next| next.since);
            let (from, to) = (x(state.since), x(until).max(x(state.since) + 3));
            // The worse, the higher: colour is not all that tells them apart.
            let (class, height) = match state.status {
                Status::Pass => ("span pass", 6),
                Status::Unknown => ("span unknown", 10),
                Status::Warn => ("span warn", 14),
                Status::Fail => ("span fail", 22),
            };
            let tip = format!("{}: {} since {}", track.host_port, in_words(state), state.since);
            drawing.told(class, (from, y + 12 - height / 2), (to - from, height), tip);
        }
        y += ROW;
    }
    drawing
}
