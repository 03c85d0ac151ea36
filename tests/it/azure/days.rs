//! Sixty days of the daily job, as systemd starts it and with the clock of each day (libfaketime):
//! names move, tags age, Azure fails, hands edit the rule. What may happen is drawn from a seed,
//! and what must come of it is worked out here from the documentation alone (docs/daily-job.md):
//!
//! * an address that DNS gives, or gave within seven days, is in the rule wherever a run could see
//!   to it, and nothing else is but what a person put there within seven days;
//! * nothing is written on a day on which a guard refuses or the job cannot work;
//! * each day ends with the code that people are told to look for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::arm::{Answer, Fault, TOKEN};
use super::daily::{Job, RULE, of_systemd, release};
use super::{Ended, NAME};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const DAYS: u64 = 60;
const KEEP: u64 = 7;
const ANSWER_AGE: u64 = 7;
const TAGS_AGE: u64 = 30;
const OTHER: &str = "contoso-2.servicebus.windows.net";

/// A generator of numbers that are the same on every host (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % most
    }

    fn is(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What Azure does on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// One answer is lost or late, and the next attempt succeeds.
    Passing(u16),
    /// The runtime's status is not answered.
    NoStatus(u16),
    /// The service tags are not answered.
    NoTags(u16),
    /// The group cannot be read.
    NoGroup(u16),
    /// The rule cannot be written.
    NoWrite(u16),
    /// No token is accepted.
    NoToken,
}

/// What a person does to the rule before the job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    Nothing,
    Removes,
    Adds,
    /// Opens another port, which another hand takes back after some days.
    Port,
    Deletes,
}

/// What is known here of the world, apart from the program.
#[derive(Default)]
struct Oracle {
    /// The last day on which a run saw an address for a name, inside the published ranges.
    seen: BTreeMap<(String, String), u64>,
    /// Every address that a run saw, or that stood in the rule then.
    known: BTreeSet<String>,
    /// The last day on which an address counted as seen because it stood in the rule.
    stood: BTreeMap<String, u64>,
    /// The names of the runtime: today's, and those of the last answer with its day.
    names: Vec<&'static str>,
    answer: Option<(u64, Vec<&'static str>)>,
    /// What the tag file holds, and of which day.
    tags: Option<(u64, usize)>,
    is_port_changed: bool,
}

/// The rule's addresses; `None` where it is not there.
type Addresses = Option<BTreeSet<String>>;

fn live(job: &Job) -> Addresses {
    job.scene.live(RULE).map(|addresses| addresses.into_iter().collect())
}

/// Prefixes that are published from a day on.
const RANGES: [&str; 6] = [
    "40.112.72.0/24",
    "40.113.10.0/24",
    "40.114.20.0/24",
    "20.50.30.0/24",
    "20.60.40.0/24",
    "52.236.50.0/24",
];

fn run(job: &Job, day: u64, words: &[String], more: &[&str]) -> Ended {
    let mut here = job.here(words);
    here.extend(more.iter().map(|&word| word.to_owned()));
    let words: Vec<&str> = here.iter().map(String::as_str).collect();
    let mut command = job.scene.command(&words);
    // Five o'clock, and a minute later each day, so that a week is never shorter than one. Waiting
    // is real; the times of files are those that the program sets.
    let begin: Timestamp = "2026-03-01T05:00:00Z".parse().unwrap();
    let now = begin + SignedDuration::from_mins(i64::try_from(day * (24 * 60 + 1)).unwrap());
    command.env("LD_PRELOAD", LIBRARY).env("TZ", "UTC");
    command.env("FAKETIME", now.strftime("@%Y-%m-%d %H:%M:%S").to_string());
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    Ended::of(&mut command)
}

impl Oracle {
    /// The addresses that the rule should hold after a run that sees these.
    fn desired(
        &self,
        day: u64,
        now: &BTreeMap<&str, Vec<String>>,
        live: &Addresses,
    ) -> BTreeSet<String> {
        let is_recent = |last: &u64| day < last + KEEP;
        let live = live.clone().unwrap_or_default();
        let mut desired: BTreeSet<String> = now.values().flatten().cloned().collect();
        for ((name, address), last) in &self.seen {
            let is_needed = now.contains_key(name.as_str()) || live.contains(address);
            if is_recent(last) && is_needed {
                desired.insert(address.clone());
            }
        }
        for address in &live {
            let is_known =
                self.stood.contains_key(address) || self.seen.keys().any(|(_, own)| own == address);
            let stood_lately = self.stood.get(address).is_some_and(is_recent);
            if !is_known || stood_lately {
                desired.insert(address.clone());
            }
        }
        desired
    }

    /// What a run that read the group leaves in the ledger; `all` are addresses that DNS gave,
    /// `now` those of them that are published.
    fn note(
        &mut self,
        day: u64,
        all: &BTreeSet<String>,
        now: &BTreeMap<&str, Vec<String>>,
        live: &Addresses,
    ) {
        for address in live.iter().flatten().filter(|own| !self.known.contains(*own)) {
            self.stood.insert(address.clone(), day);
        }
        for (name, addresses) in now {
            for address in addresses {
                self.seen.insert(((*name).to_owned(), address.clone()), day);
            }
        }
        self.known.extend(all.iter().chain(live.iter().flatten()).cloned());
    }
}

/// Draws what happens, in words that a failure shows.
struct Story {
    dice: Dice,
    text: String,
    /// The days left of an outage that lasts.
    outage: (Trouble, u64),
    n_addresses: u64,
    n_ranges: usize,
}

impl Story {
    fn trouble(&mut self, day: u64) -> Trouble {
        const CODES: [u16; 4] = [429, 500, 503, 408];
        if day == 0 {
            return Trouble::None;
        }
        if self.outage.1 > 0 {
            self.outage.1 -= 1;
            return self.outage.0;
        }
        let code = CODES[usize::try_from(self.dice.below(4)).unwrap()];
        // Long enough that an answer, and once that tags, become too old.
        if day == 4 {
            self.outage = (Trouble::NoStatus(code), 9);
        } else if day == 20 {
            self.outage = (Trouble::NoTags(code), 33);
        }
        // Whatever the seed, each of these happens once.
        match day {
            2 => return Trouble::NoWrite(code),
            15 => return Trouble::NoGroup(code),
            18 => return Trouble::NoToken,
            _ => {}
        }
        match self.dice.below(12) {
            0 => Trouble::NoStatus(code),
            1 => Trouble::NoTags(code),
            2 => Trouble::NoGroup(code),
            3 => Trouble::NoWrite(code),
            4 => Trouble::NoToken,
            5 | 6 => Trouble::Passing(code),
            _ => Trouble::None,
        }
    }

    fn hand(&mut self, day: u64) -> Hand {
        if day == 56 {
            return Hand::Port;
        }
        match self.dice.below(14) {
            0 => Hand::Removes,
            1 => Hand::Adds,
            2 => Hand::Port,
            3 => Hand::Deletes,
            _ => Hand::Nothing,
        }
    }

    /// A new address, of a range that is published by now.
    fn address(&mut self) -> String {
        self.n_addresses += 1;
        let range = usize::try_from(self.dice.below(self.n_ranges as u64)).unwrap();
        let range = RANGES[range].strip_suffix("0/24").unwrap();
        // No two are neighbours, which would be one prefix.
        format!("{range}{}", 2 * self.n_addresses % 250 + 1)
    }
}

fn say(code: u16) -> Fault {
    Fault::Say(Answer::error(code, "Busy", "no").with("retry-after", "0"))
}

fn arrange(job: &Job, trouble: Trouble) {
    let manager = &job.scene.manager;
    manager.recover();
    manager.accept(if trouble == Trouble::NoToken { &[] } else { &[TOKEN] });
    match trouble {
        Trouble::None | Trouble::NoToken => {}
        Trouble::Passing(code) => {
            for (method, part) in
                [("POST", "/getStatus"), ("GET", "nsg-1"), ("PUT", "/securityRules")]
            {
                manager.fault(method, part, 1, say(code));
            }
        }
        Trouble::NoStatus(code) => manager.fault("POST", "/getStatus", 100, say(code)),
        Trouble::NoTags(code) => manager.fault("GET", "/serviceTags", 100, say(code)),
        Trouble::NoGroup(code) => manager.fault("GET", "nsg-1", 100, say(code)),
        Trouble::NoWrite(code) => manager.fault("PUT", "/securityRules", 100, say(code)),
    }
}

/// Does to the live rule what a person does.
fn meddle(job: &Job, hand: Hand, oracle: &mut Oracle, story: &mut Story) {
    let Some(mut properties) = job.scene.properties(RULE) else { return };
    let meddle = |properties| job.scene.manager.meddle(&job.scene.nsg, RULE, properties);
    let prefixes = properties["destinationAddressPrefixes"].as_array_mut().unwrap();
    if oracle.is_port_changed {
        if hand == Hand::Nothing {
            return;
        }
        // Whoever opened the port takes it back.
        oracle.is_port_changed = false;
        properties["destinationPortRange"] = json!("");
        properties["destinationPortRanges"] = json!(["443"]);
        return meddle(Some(properties));
    }
    match hand {
        Hand::Nothing => {}
        Hand::Removes => {
            prefixes.remove(0);
            meddle((!prefixes.is_empty()).then_some(properties));
        }
        Hand::Adds => {
            prefixes.push(json!(format!("{}/32", story.address())));
            meddle(Some(properties));
        }
        Hand::Port => {
            oracle.is_port_changed = true;
            properties["destinationPortRange"] = json!("");
            properties["destinationPortRanges"] = json!(["443", "5671"]);
            meddle(Some(properties));
        }
        Hand::Deletes => meddle(None),
    }
}

/// How a day ends, and how the rule is then.
struct Expected {
    code: i32,
    why: &'static str,
    live: Addresses,
}

#[test]
fn sixty_days() {
    if !Path::new(LIBRARY).exists() {
        let required = std::env::var_os("LAB_REQUIRED").is_some_and(|value| value == "1");
        assert!(!required, "LAB_REQUIRED=1, and faketime is not installed: .ci/install does it");
        eprintln!("skipped: faketime is not installed");
        return;
    }
    let seed = 0x5eed_0000_0000_0015;
    let dice = Dice(seed);
    let job = Job::new();
    let mut story = Story {
        dice,
        text: format!("seed {seed:#x}\n"),
        outage: (Trouble::None, 0),
        n_addresses: 0,
        n_ranges: 1,
    };
    let mut oracle = Oracle { names: vec![NAME], ..Oracle::default() };
    let mut zone: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    zone.insert(NAME, vec![story.address(), story.address()]);
    let foreign = |job: &Job| {
        let mut rules = job.scene.manager.rules(&job.scene.nsg);
        rules.retain(|rule| rule["name"] != RULE);
        rules.into_iter().map(|rule| rule["properties"].clone()).collect::<Vec<_>>()
    };
    let theirs = foreign(&job);
    let mut codes: BTreeMap<(i32, &str), u64> = BTreeMap::new();
    for day in 0..DAYS {
        move_names(&job, day, &mut story, &mut oracle, &mut zone);
        let is_unresolved = day == 19 || day > 0 && story.dice.is(5);
        for (name, addresses) in &zone {
            let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
            job.resolves(name, &addresses);
        }
        if is_unresolved {
            job.zone.lock().unwrap().clear();
        }
        let trouble = story.trouble(day);
        let hand = story.hand(day);
        meddle(&job, hand, &mut oracle, &mut story);
        arrange(&job, trouble);
        let before = live(&job);
        let _ = writeln!(
            story.text,
            "day {day}: {trouble:?}, hand {hand:?}, unresolved {is_unresolved}, zone {zone:?}, \
             published {}, rule {before:?}",
            story.n_ranges
        );
        let expected = expect(&mut oracle, day, trouble, is_unresolved, &zone, &before, &story);
        let n_writes = job.scene.manager.n_writes();
        let [tags, rules] = of_systemd();
        let _ = run(&job, day, &tags, &[]);
        let ended = run(&job, day, &rules, &["--no-gateways"]);
        let after = live(&job);
        let shown =
            format!("{}expected {} ({})\n{ended:#?}", story.text, expected.code, expected.why);
        assert_eq!(ended.code, Some(expected.code), "{shown}");
        assert_eq!(after, expected.live, "{shown}");
        assert_eq!(foreign(&job), theirs, "{shown}");
        let has_written = job.scene.manager.n_writes() > n_writes;
        let may_write = expected.code == 0 || matches!(trouble, Trouble::NoWrite(_));
        assert!(may_write || !has_written, "a write that was to be refused: {shown}");
        *codes.entry((expected.code, expected.why)).or_default() += 1;
        if expected.why == "shrink" {
            // A person looks, and finds the move right.
            if matches!(trouble, Trouble::NoWrite(_)) {
                arrange(&job, Trouble::None);
            }
            let by_hand = ["--no-gateways", "--max-shrink", "100"];
            let ended = run(&job, day, &rules, &by_hand);
            assert_eq!(ended.code, Some(0), "{}{ended:#?}", story.text);
        }
    }
    // The seed is one by which all of it happens.
    let why: BTreeSet<&str> = codes.keys().map(|(_, why)| *why).collect();
    let all =
        ["done", "as it is", "unresolved", "not published", "tags too old", "changed by hand"];
    for one in all.iter().chain(&["no answer", "no token", "no group", "no write", "shrink"]) {
        assert!(why.contains(one), "no day of '{one}': {codes:?}\n{}", story.text);
    }
}

/// Addresses come and go, the runtime gets another relay, and Azure publishes new ranges.
fn move_names(
    job: &Job,
    day: u64,
    story: &mut Story,
    oracle: &mut Oracle,
    zone: &mut BTreeMap<&'static str, Vec<String>>,
) {
    if day % 10 == 5 && story.n_ranges < RANGES.len() {
        story.n_ranges += 1;
        job.scene.manager.publish(release(story.n_ranges as u64, &RANGES[..story.n_ranges]));
    }
    if day % 17 == 16 {
        let name = if oracle.names == [NAME] { OTHER } else { NAME };
        oracle.names = vec![name];
        zone.clear();
        zone.insert(name, vec![story.address()]);
        job.zone.lock().unwrap().clear();
        job.scene.manager.runtime(&job.runtime, &[name]);
    }
    for name in oracle.names.clone() {
        if day == 2 || day > 0 && story.dice.is(25) {
            let address = story.address();
            let addresses = zone.get_mut(name).unwrap();
            addresses.push(address);
            if addresses.len() > 2 {
                addresses.remove(0);
            }
        }
    }
}

/// What must come of a day. Errors come before guards, in the order in which the job works.
fn expect(
    oracle: &mut Oracle,
    day: u64,
    trouble: Trouble,
    is_unresolved: bool,
    zone: &BTreeMap<&'static str, Vec<String>>,
    before: &Addresses,
    story: &Story,
) -> Expected {
    let stays = |code, why| Expected { code, why, live: before.clone() };
    if !matches!(trouble, Trouble::NoTags(_) | Trouble::NoToken) {
        oracle.tags = Some((day, story.n_ranges));
    }
    if trouble == Trouble::NoToken {
        return stays(2, "no token");
    }
    if matches!(trouble, Trouble::NoStatus(_)) {
        match &oracle.answer {
            Some((of, _)) if day < of + ANSWER_AGE => {}
            _ => return stays(2, "no answer"),
        }
    } else {
        oracle.answer = Some((day, oracle.names.clone()));
    }
    let names = oracle.answer.as_ref().unwrap().1.clone();
    if matches!(trouble, Trouble::NoGroup(_)) {
        return stays(2, "no group");
    }
    let (tags_day, n_ranges) = oracle.tags.unwrap();
    let is_published = |address: &String| {
        let of = |range: &&str| address.starts_with(range.strip_suffix("0/24").unwrap());
        RANGES[..n_ranges].iter().any(of)
    };
    let mut refused = None;
    let mut now: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for name in names {
        let addresses = zone.get(name).filter(|_| !is_unresolved).cloned().unwrap_or_default();
        if addresses.is_empty() {
            refused = Some("unresolved");
            continue;
        }
        if !addresses.iter().all(is_published) {
            refused = Some("not published");
        }
        now.insert(name, addresses.iter().filter(|own| is_published(own)).cloned().collect());
        all.extend(addresses);
    }
    // A tag file is of a day: it is too old when that many whole days are over.
    if day - tags_day >= TAGS_AGE {
        refused = Some("tags too old");
    }
    if oracle.is_port_changed && refused.is_none() {
        refused = Some("changed by hand");
    }
    let desired = Some(oracle.desired(day, &now, before));
    let held = before.clone().unwrap_or_default();
    let leaving = held.difference(desired.as_ref().unwrap()).count();
    if refused.is_none() && 2 * leaving > held.len() {
        refused = Some("shrink");
    }
    // What was seen is remembered, whatever comes of it.
    oracle.note(day, &all, &now, before);
    if let Some(why) = refused {
        return stays(4, why);
    }
    if desired == *before {
        return stays(0, "as it is");
    }
    if matches!(trouble, Trouble::NoWrite(_)) {
        return stays(2, "no write");
    }
    Expected { code: 0, why: "done", live: desired }
}
