//! `tags lookup|diff|update`: Azure's service tags.

use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::arguments::{TagsArgs, TagsCommand, TagsFormat, TagsUpdateArgs};
use super::azure;
use super::exit::Exit;
use super::hint;
use super::input::{self, Stdin};
use super::output;
use super::rules;
use crate::azure::TagScope;
use crate::files;
use crate::model::{AddressSet, Cloud, visible};
use crate::tags::{ServiceTags, TagChange, TagsDiff, diff};

pub(super) fn tags(command: &TagsArgs) -> Result<Exit> {
    match &command.command {
        TagsCommand::Lookup { subjects, world, format } => {
            let tags = rules::TagRelease::read(world, None)?;
            tags.warn_if_old();
            let answers: Vec<_> = subjects
                .iter()
                .map(|subject| lookup(tags.tags(), subject))
                .collect::<Result<_>>()?;
            print(&match format {
                TagsFormat::Table => {
                    answers.iter().map(TagLookup::table).collect::<Vec<_>>().concat()
                }
                TagsFormat::Json => pretty(&json!({
                    "schema": "pathproof.tags/1",
                    "cloud": tags.tags().cloud(),
                    "change_number": tags.tags().change_number(),
                    "answers": answers.iter().map(TagLookup::json).collect::<Vec<_>>(),
                })),
            })
        }
        TagsCommand::Diff { old, new, only, format } => {
            let (old, new) = (read(old)?, read(new)?);
            let seen = chosen(diff(&old, &new), only);
            print(&match format {
                TagsFormat::Table => diff_table(&old, &new, &seen),
                TagsFormat::Json => pretty(&diff_json(&old, &new, &seen)),
            })
        }
        TagsCommand::Update(command) => update(command),
    }
}

fn print(text: &str) -> Result<Exit> {
    output::write(None, |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Satisfied)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn read(path: &Path) -> Result<ServiceTags> {
    let text = files::read_text(path, files::LONG)
        .with_context(|| format!("cannot read {}", path.display()))?;
    ServiceTags::parse(text.as_bytes()).with_context(|| path.display().to_string())
}

/// What the tags say about one subject.
enum TagLookup<'a> {
    /// The tags that hold all of an address or prefix.
    Holders { subject: String, tags: Vec<(&'a str, &'a str)> },
    /// The prefixes that a tag holds.
    Tag { name: &'a str, change_number: u64, prefixes: Vec<String> },
}

fn lookup<'a>(tags: &'a ServiceTags, subject: &str) -> Result<TagLookup<'a>> {
    let subject = subject.trim();
    if let Some(tag) = tags.tag(subject) {
        return Ok(TagLookup::Tag {
            name: &tag.name,
            change_number: tag.change_number,
            prefixes: tag.prefixes.iter().map(ToString::to_string).collect(),
        });
    }
    let shown = |tag: &'a crate::tags::ServiceTag| (tag.name.as_str(), tag.region.as_str());
    let holders = if let Ok(address) = subject.parse::<IpAddr>() {
        tags.holding(address).iter().filter_map(|id| tags.get(*id)).map(shown).collect()
    } else if let Ok(net) = subject.parse::<IpNet>() {
        let asked = AddressSet::from(net);
        let holds = |tag: &&crate::tags::ServiceTag| asked.is_subset(&tag.addresses);
        tags.tags().iter().filter(holds).map(shown).collect()
    } else {
        bail!("{}", no_such_tag(tags, subject));
    };
    Ok(TagLookup::Holders { subject: subject.to_owned(), tags: holders })
}

fn no_such_tag(tags: &ServiceTags, subject: &str) -> String {
    let own = subject.to_ascii_lowercase();
    let near = tags
        .tags()
        .iter()
        .map(|tag| (strsim::jaro_winkler(&own, &tag.name.to_ascii_lowercase()), &tag.name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let near = near.map(|(_, name)| format!("; did you mean {name}?")).unwrap_or_default();
    format!(
        "'{subject}' is no address, no prefix and no tag of this file ({} tags){near}",
        tags.tags().len()
    )
}

impl TagLookup<'_> {
    fn table(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Holders { subject, tags } if tags.is_empty() => {
                let _ = writeln!(text, "{}  in no tag of this file", visible(subject));
            }
            Self::Holders { subject, tags } => {
                let names: Vec<_> = tags.iter().map(|(name, _)| visible(name)).collect();
                let _ = writeln!(text, "{}  {}", visible(subject), names.join(" "));
            }
            Self::Tag { name, change_number, prefixes } => {
                let (name, n_prefixes) = (visible(name), prefixes.len());
                let _ = writeln!(text, "{name}  change {change_number}, {n_prefixes} prefixes");
                for prefix in prefixes {
                    let _ = writeln!(text, "  {prefix}");
                }
            }
        }
        text
    }

    fn json(&self) -> Value {
        match self {
            Self::Holders { subject, tags } => json!({
                "subject": subject,
                "tags": tags
                    .iter()
                    .map(|(name, region)| json!({"name": name, "region": region}))
                    .collect::<Vec<_>>(),
            }),
            Self::Tag { name, change_number, prefixes } => {
                json!({"tag": name, "change_number": change_number, "prefixes": prefixes})
            }
        }
    }
}

/// The tags of `--only`, with their regions.
fn chosen(mut seen: TagsDiff, only: &[String]) -> TagsDiff {
    let is_chosen = |name: &str| {
        let name = name.to_ascii_lowercase();
        only.is_empty()
            || only.iter().map(|own| own.to_ascii_lowercase()).any(|own| {
                name.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
    };
    seen.added.retain(|tag| is_chosen(&tag.name));
    seen.removed.retain(|tag| is_chosen(&tag.name));
    seen.changed.retain(|change| is_chosen(&change.name));
    seen
}

fn diff_table(old: &ServiceTags, new: &ServiceTags, seen: &TagsDiff) -> String {
    let mut text = format!(
        "{} {} to {} {}: {} tags added, {} removed, {} changed\n",
        old.cloud(),
        old.change_number(),
        new.cloud(),
        new.change_number(),
        seen.added.len(),
        seen.removed.len(),
        seen.changed.len()
    );
    for (sign, tags) in [('+', &seen.added), ('-', &seen.removed)] {
        for tag in tags {
            let _ =
                writeln!(text, "{sign} {}  {} prefixes", visible(&tag.name), tag.prefixes.len());
        }
    }
    for change in &seen.changed {
        let _ = writeln!(
            text,
            "~ {}  {} addresses added, {} removed",
            visible(&change.name),
            change.addresses_added.count(),
            change.addresses_removed.count()
        );
        for (sign, prefixes) in [('+', &change.prefixes_added), ('-', &change.prefixes_removed)] {
            for prefix in prefixes {
                let _ = writeln!(text, "    {sign} {prefix}");
            }
        }
    }
    text
}

fn diff_json(old: &ServiceTags, new: &ServiceTags, seen: &TagsDiff) -> Value {
    let texts = |nets: &[IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>();
    let tags = |tags: &[crate::tags::ServiceTag]| {
        tags.iter()
            .map(|tag| json!({"name": tag.name, "prefixes": texts(&tag.prefixes)}))
            .collect::<Vec<_>>()
    };
    let changed = |change: &TagChange| {
        json!({
            "name": change.name,
            "change_numbers": [change.change_numbers.0, change.change_numbers.1],
            "prefixes_added": texts(&change.prefixes_added),
            "prefixes_removed": texts(&change.prefixes_removed),
        })
    };
    json!({
        "schema": "pathproof.tags/1",
        "change_numbers": [old.change_number(), new.change_number()],
        "added": tags(&seen.added),
        "removed": tags(&seen.removed),
        "changed": seen.changed.iter().map(changed).collect::<Vec<_>>(),
    })
}

/// A newer release, and its origin.
struct NewerRelease {
    origin: String,
    bytes: Vec<u8>,
    /// The identity that it was read with, where Azure was asked.
    signed: Option<String>,
    /// The time of a given file; of an answer, now, since it is what Azure says today.
    released: SystemTime,
}

impl NewerRelease {
    fn read(command: &TagsUpdateArgs) -> Result<Self> {
        match (&command.from, &command.subscription) {
            (Some(path), _) => Ok(Self {
                origin: path.display().to_string(),
                bytes: input::read_large_text(&mut Stdin::default(), path, "--from")?.into_bytes(),
                signed: None,
                released: rules::time_of_tags(path).unwrap_or_else(SystemTime::now),
            }),
            (None, Some(subscription)) => Self::ask(command, subscription),
            (None, None) => bail!("give a file (--from), or a --subscription to ask Azure by"),
        }
    }

    fn ask(command: &TagsUpdateArgs, subscription: &str) -> Result<Self> {
        let cloud = command.cloud.map(Cloud::from).unwrap_or_default();
        let location = command.location.as_deref().unwrap_or(match cloud {
            Cloud::Public => "westeurope",
            Cloud::UsGov => "usgovvirginia",
            Cloud::China => "chinaeast2",
        });
        let scope = TagScope::new(subscription, location)?;
        let mut client = azure::client(&command.azure, cloud)?;
        let document = azure::runtime()?.block_on(client.service_tags(&scope))?;
        Ok(Self {
            origin: "Azure's answer".to_owned(),
            bytes: pretty(&document).into_bytes(),
            signed: azure::signed_in(&client),
            released: SystemTime::now(),
        })
    }
}

/// Renews the file, or says why it stays as it is while it is young enough.
fn update(command: &TagsUpdateArgs) -> Result<Exit> {
    let Err(error) = renew(command) else { return Ok(Exit::Satisfied) };
    let (Some(most), Ok(there)) = (command.max_age, read(&command.output)) else {
        return Err(error);
    };
    let age = rules::TagAge::of_file(&there, &command.output, Timestamp::now());
    if !age.is_at_most(most) {
        let days = most.as_secs().div_ceil(24 * 3600);
        bail!(
            "{error:#}; and {} holds {}: --max-age accepts {days} days",
            command.output.display(),
            age.shown
        );
    }
    hint::hint(&format!("{error:#}; {} stays as it is: {}", command.output.display(), age.shown));
    Ok(Exit::Satisfied)
}

/// Checks the newer release before anything is written: the page of a captive portal, half a
/// download or last month's file never replaces a good one.
fn renew(command: &TagsUpdateArgs) -> Result<()> {
    let output = command.output.as_path();
    output::check_writable(output)?;
    let NewerRelease { origin, bytes, signed, released } = NewerRelease::read(command)?;
    let new = ServiceTags::parse(&bytes).with_context(|| origin.clone())?;
    let (was, seen) = if output.exists() {
        let old = read(output)?;
        if old.cloud() != new.cloud() {
            bail!("{} is of cloud {}, {origin} of {}", output.display(), old.cloud(), new.cloud());
        }
        if new.change_number() < old.change_number() {
            bail!(
                "{origin} is older (change {}) than {} (change {}): left as it is",
                new.change_number(),
                output.display(),
                old.change_number()
            );
        }
        let seen = diff(&old, &new);
        (format!("from change {} ", old.change_number()), Some(seen))
    } else {
        (String::new(), None)
    };
    output::copy(output, &bytes)?;
    set_time(output, released)?;
    let what = seen.map_or_else(
        || format!("{} tags", new.tags().len()),
        |seen| {
            format!(
                "{} tags added, {} removed, {} changed",
                seen.added.len(),
                seen.removed.len(),
                seen.changed.len()
            )
        },
    );
    let signed = signed.map(|line| line + "\n").unwrap_or_default();
    print(&format!(
        "{signed}{}: {was}to change {}: {what}\n",
        output.display(),
        new.change_number()
    ))?;
    Ok(())
}

/// Sets the time of a file, by which its age is judged: a copy is as old as what was copied.
fn set_time(path: &Path, time: SystemTime) -> Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let set = || fs::File::options().write(true).open(path)?.set_modified(time);
    set().with_context(|| format!("cannot set the time of {}", path.display()))
}
