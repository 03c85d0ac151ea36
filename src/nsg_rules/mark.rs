//! The mark in a rule's description says which jobs write the rule and what was written last, so
//! that a later run can tell its own work from a person's and from another job's.
//!
//! It reads `Written by pathproof [JOB+JOB outbound allow tcp 443]`; any words may follow.
//!
//! `rule` and this file name each other: a rule holds its mark, and a mark says what of the rule's
//! meaning was written.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::rule::RuleMeaning;
use crate::firewall::{MARKER, PortSet};

/// The words after the mark of a new rule.
const WORDS: &str = ", kept right by its rules apply; edits by hand do not stay";
/// Azure's limit of a description (networkSecurityGroup.json), in characters.
const LONGEST: usize = 140;
/// A longer list of ports is marked by its digest: the rule itself holds the list.
const LONGEST_PORTS: usize = 40;
/// Names of this length leave room for two of them.
const LONGEST_JOB: usize = 24;

/// What the description of a rule of ours says about its writers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The jobs that write the rule; empty where an older version wrote it, or `rules emit`.
    pub jobs: BTreeSet<String>,
    /// What was written; `None` where the description does not say.
    written: Option<Written>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    direction: String,
    access: String,
    protocol: String,
    ports: String,
}

/// Whether a job can have this name.
#[must_use]
pub fn is_job_name(name: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=LONGEST_JOB).contains(&name.len()) && name.chars().all(is_fine)
}

/// The name of a job that was given none: the same for the same runtimes or relay namespaces, in
/// any order and case.
#[must_use]
pub fn job_of(sources: &[String]) -> String {
    let mut sources: Vec<_> = sources.iter().map(|one| one.to_ascii_lowercase()).collect();
    sources.sort();
    sources.dedup();
    digest(&sources.join("\n"))
}

/// A digest of eight hexadecimal digits.
fn digest(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text)[..4])
}

fn ports_text(ports: &PortSet) -> String {
    let text = ports.texts().join(",");
    if text.len() <= LONGEST_PORTS { text } else { format!("#{}", digest(&text)) }
}

impl Mark {
    /// The mark of a rule that these jobs write, which allows outbound TCP to `ports`.
    #[must_use]
    pub fn new(jobs: BTreeSet<String>, ports: &PortSet) -> Self {
        let written = Written {
            direction: "outbound".to_owned(),
            access: "allow".to_owned(),
            protocol: "tcp".to_owned(),
            ports: ports_text(ports),
        };
        Self { jobs, written: Some(written) }
    }

    /// Reads the mark of a description; `None` where pathproof did not write the rule.
    #[must_use]
    pub fn read(description: &str) -> Option<Self> {
        let rest = description.strip_prefix(MARKER)?;
        Some(bracketed(rest).map(|(mark, _)| mark).unwrap_or_default())
    }

    fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [jobs, direction, access, protocol, ports] = words[..] else { return None };
        let jobs: BTreeSet<String> = jobs.split('+').map(str::to_owned).collect();
        let written = Written {
            direction: direction.to_ascii_lowercase(),
            access: access.to_ascii_lowercase(),
            protocol: protocol.to_ascii_lowercase(),
            ports: ports.to_owned(),
        };
        jobs.iter().all(|job| is_job_name(job)).then_some(Self { jobs, written: Some(written) })
    }

    /// Whether it says who writes the rule, and what was written.
    pub(super) fn is_whole(&self) -> bool {
        self.written.is_some() && !self.jobs.is_empty()
    }

    /// The other jobs that write the rule. A rule of an older version, which names none, has no
    /// others.
    pub(super) fn others<'a>(&'a self, job: &'a str) -> impl Iterator<Item = &'a str> {
        self.jobs.iter().map(String::as_str).filter(move |own| *own != job)
    }

    /// Says what a person changed since the rule was written: access, direction, protocol or ports.
    /// Source ports are always written as all: a runtime leaves from any.
    pub(super) fn changed_by_hand(&self, live: &RuleMeaning) -> Option<String> {
        let written = self.written.clone().unwrap_or_else(|| Written {
            ports: ports_text(&live.destination.ports),
            ..Written::unmarked()
        });
        let ports = ports_text(&live.destination.ports);
        let mut changes = Vec::new();
        for (what, then, now) in [
            ("its access is", &written.access, &live.access),
            ("its direction is", &written.direction, &live.direction),
            ("its protocol is", &written.protocol, &live.protocol),
            ("its ports are", &written.ports, &ports),
        ] {
            if then != now {
                changes.push(format!("{what} {now}, and {then} was written"));
            }
        }
        let from = &live.source.ports;
        if !from.is_any() && *from != PortSet::default() {
            changes.push(format!("its source ports are {from}, and * was written"));
        }
        (!changes.is_empty()).then(|| changes.join("; "))
    }

    /// Writes the description with this mark. A person's words after the old mark stay, as far as
    /// they fit; `None` where not even the mark fits.
    pub(super) fn describe(&self, live: Option<&str>) -> Option<String> {
        let mut text = MARKER.to_owned();
        if let Some(written) = &self.written {
            let jobs: Vec<&str> = self.jobs.iter().map(String::as_str).collect();
            let Written { direction, access, protocol, ports } = written;
            let _ = write!(text, " [{} {direction} {access} {protocol} {ports}]", jobs.join("+"));
        }
        let words = match live {
            None => WORDS.to_owned(),
            Some(live) => match live.strip_prefix(MARKER) {
                Some(rest) => bracketed(rest).map_or(rest, |(_, rest)| rest).to_owned(),
                None if live.trim().is_empty() => WORDS.to_owned(),
                // The rule is taken over, and its own words stay.
                None => format!(" {live}"),
            },
        };
        let room = LONGEST.checked_sub(text.chars().count())?;
        // Our own sentence goes where a person's words would not fit beside it.
        let words = match words.strip_prefix(WORDS) {
            Some(theirs) if words.chars().count() > room => theirs,
            _ => &words,
        };
        text.extend(words.chars().take(room));
        Some(text.trim_end().to_owned())
    }
}

impl Written {
    /// What older versions wrote, whose descriptions do not say it.
    fn unmarked() -> Self {
        Self {
            direction: "outbound".to_owned(),
            access: "allow".to_owned(),
            protocol: "tcp".to_owned(),
            ports: String::new(),
        }
    }
}

/// The mark in the brackets, and the words after them.
fn bracketed(rest: &str) -> Option<(Mark, &str)> {
    let (mark, words) = rest.strip_prefix(" [")?.split_once(']')?;
    Some((Mark::parse(mark)?, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(jobs: &[&str], ports: u16) -> Mark {
        Mark::new(jobs.iter().map(|&job| job.to_owned()).collect(), &ports.into())
    }

    #[test]
    fn a_mark_is_read_back_and_the_words_behind_it_stay() {
        let new = mark(&["job-1"], 443).describe(None).unwrap();
        assert_eq!(
            new,
            "Written by pathproof [job-1 outbound allow tcp 443], kept right by its rules apply; \
             edits by hand do not stay"
        );
        assert_eq!(Mark::read(&new), Some(mark(&["job-1"], 443)));
        for (live, expected) in [
            (
                "Written by pathproof from rep.json",
                "Written by pathproof [a+b outbound allow tcp 443] from rep.json",
            ),
            (
                "Written by pathproof [a outbound allow tcp 443] CHG0012345",
                "Written by pathproof [a+b outbound allow tcp 443] CHG0012345",
            ),
            ("CHG0012345", "Written by pathproof [a+b outbound allow tcp 443] CHG0012345"),
            (
                "Written by pathproof [no mark] x",
                "Written by pathproof [a+b outbound allow tcp 443] [no mark] x",
            ),
        ] {
            assert_eq!(mark(&["b", "a"], 443).describe(Some(live)).unwrap(), expected);
        }
        let long = format!("Written by pathproof [a outbound allow tcp 443] {}", "ü".repeat(200));
        assert_eq!(mark(&["a"], 443).describe(Some(&long)).unwrap().chars().count(), 140);
        // A change number fits where our own sentence gives way.
        let ours = format!("{new} CHG0012345");
        let both = mark(&["a-job-of-some-length", "job-1"], 443).describe(Some(&ours)).unwrap();
        assert!(both.ends_with("443] CHG0012345"), "{both}");
        let many: Vec<_> = (0..9).map(|n| format!("a-job-with-a-long-name-{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(mark(&many, 443).describe(None), None);
    }

    #[test]
    fn what_was_not_written_so_is_unmarked() {
        assert_eq!(Mark::read("by hand"), None);
        assert_eq!(Mark::read("a rule Written by pathproof"), None);
        for text in ["", " [", " []", " [a outbound allow tcp]", " [a/b outbound allow tcp 443]"] {
            let mark = Mark::read(&format!("{MARKER}{text}"));
            assert_eq!(mark, Some(Mark::default()), "{text}");
        }
    }

    #[test]
    fn a_job_has_the_same_name_whatever_the_order() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(job_of(&names(&["b", "A", "a"])), job_of(&names(&["a", "B"])));
        assert_ne!(job_of(&names(&["a"])), job_of(&names(&["b"])));
        assert!(is_job_name(&job_of(&[])));
        for wrong in ["", "a b", "a+b", "a]", "é", "a-name-that-is-much-too-long"] {
            assert!(!is_job_name(wrong), "{wrong}");
        }
    }
}
