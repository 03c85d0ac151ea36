//! `rules`: judges given firewall rules, writes new ones, and keeps those in Azure up to date.

mod applied;
mod apply;
mod bundle;
mod bundle_folder;
mod decide;
mod diff;
mod diff_handout;
mod diff_json;
mod diff_sarif;
mod diff_text;
mod emit;
mod expected;
mod from_file;
mod gather;
mod group_client;
mod loaded;
mod plan;
mod plan_handout;
mod plan_variables;
mod required;
mod rollback_file;
mod rule_locations;
mod tag_age;
mod verify;
mod verify_handout;
mod verify_sarif;
mod verify_text;

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};

pub(super) use self::expected::ExpectedRules;
pub(super) use self::tag_age::{TagAge, time_of_tags};

use super::arguments::{RulesArgs, RulesCommand, ServiceTagArgs};
use super::exit::Exit;
use super::old_tags;
use crate::files;
use crate::firewall::{Decision, Proven, PublishedTags, RuleSet};
use crate::model::{AddressCount, AddressSet, Cloud};
use crate::tags::{ServiceTags, Snapshot};

pub(super) fn rules(command: &RulesArgs, arguments: &[OsString]) -> Result<Exit> {
    match &command.command {
        RulesCommand::Decide(command) => decide::decide(command),
        RulesCommand::Verify(command) => verify::verify(command),
        RulesCommand::Diff(command) => diff::diff(command),
        RulesCommand::Emit(command) => emit::emit(command, arguments),
        RulesCommand::Plan(command) => plan::plan(command, arguments),
        RulesCommand::Apply(command) => apply::apply(command, arguments),
        RulesCommand::Rollback(command) => apply::rollback(command),
    }
}

/// The control plane's service tag, which stays true when its addresses change; the relay has none
/// (Microsoft's virtual network service tags).
const CONTROL_TAG: &str = "DataFactoryManagement";

/// A release of the service tags, from a file or embedded.
pub(super) struct TagRelease {
    release: Cow<'static, ServiceTags>,
    published: Cow<'static, AddressSet>,
    /// The day of the embedded snapshot; `None` for a file.
    date: Option<&'static str>,
}

impl TagRelease {
    /// Reads the file that `world` names, or takes the embedded snapshot of its cloud, else of
    /// `inferred`.
    pub(super) fn read(world: &ServiceTagArgs, inferred: Option<Cloud>) -> Result<Self> {
        Self::of(world.service_tags.as_deref(), world.cloud.map(Cloud::from), inferred)
    }

    /// The same with each option on its own.
    pub(super) fn of(
        file: Option<&Path>,
        cloud: Option<Cloud>,
        inferred: Option<Cloud>,
    ) -> Result<Self> {
        if let Some(path) = file {
            let text = files::read_text(path, files::LONG)
                .with_context(|| format!("--service-tags: cannot read {}", path.display()))?;
            let tags = ServiceTags::parse(text.as_bytes())
                .with_context(|| format!("--service-tags: {}", path.display()))?;
            let published = tags.tags().iter().map(|tag| &tag.addresses).collect();
            return Ok(Self {
                release: Cow::Owned(tags),
                published: Cow::Owned(published),
                date: None,
            });
        }
        let cloud = cloud.or(inferred).unwrap_or_default();
        let snapshot = Snapshot::embedded(cloud);
        Ok(Self {
            release: Cow::Borrowed(&snapshot.tags),
            published: Cow::Borrowed(&snapshot.published),
            date: Some(&snapshot.date),
        })
    }

    pub(super) fn tags(&self) -> &ServiceTags {
        &self.release
    }

    /// The addresses that [`CONTROL_TAG`] does not hold; none where a rule with the tag would do.
    fn outside_control_tag(&self, control: &[Proven]) -> Vec<String> {
        let Some(tag) = self.tags().tag(CONTROL_TAG) else {
            return vec!["any address here: the tag file does not hold it".to_owned()];
        };
        let outside = control.iter().filter(|one| !tag.addresses.contains(one.address));
        outside.map(|one| one.address.to_string()).collect()
    }

    /// How many addresses [`CONTROL_TAG`] holds.
    fn control_addresses(&self) -> AddressCount {
        self.tags().tag(CONTROL_TAG).map(|tag| tag.addresses.count()).unwrap_or_default()
    }

    pub(super) fn published(&self) -> PublishedTags<'_> {
        PublishedTags { addresses: &self.published, tags: &self.release }
    }

    /// The release as descriptions name it.
    pub(super) fn shown(&self) -> String {
        match self.date {
            Some(date) => format!("service tags {} of {date}", self.release.change_number()),
            None => format!("service tags {}", self.release.change_number()),
        }
    }

    /// Shows a hint where the embedded snapshot is what decides, and is old.
    pub(super) fn warn_if_old(&self) {
        if let Some(date) = self.date {
            old_tags::warn_once(date);
        }
    }
}

fn names_of(sets: &[RuleSet]) -> String {
    sets.iter().map(|set| set.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Whether a set uses tags whose prefixes change from week to week, unlike those of the platform.
fn names_service_tags(set: &RuleSet) -> bool {
    const PLATFORM: [&str; 3] = ["internet", "virtualnetwork", "azureloadbalancer"];
    set.rules().iter().any(|rule| {
        let tags = &rule.destination.tags;
        tags.iter().any(|tag| !PLATFORM.contains(&tag.to_ascii_lowercase().as_str()))
    })
}

/// The name of the set that decided, where there are several in a row.
fn set_name(sets: &[RuleSet], index: usize) -> Option<&str> {
    (sets.len() > 1).then(|| sets[index].name.as_str())
}

/// What would have to be known to decide a flow that is undecided.
fn missing(decision: &Decision<'_>) -> Option<String> {
    match decision {
        Decision::Undecided { missing, .. } => Some(missing.to_string()),
        Decision::Allow { .. } | Decision::Deny { .. } => None,
    }
}

fn shown(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
