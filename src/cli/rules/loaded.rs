//! The files of rules that a command names, and what is known beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use ipnet::IpNet;

use super::{TagRelease, names_of, names_service_tags};
use crate::cli::arguments::{GroupChoiceArgs, RuleFactArgs, RuleFileArgs, ServiceTagArgs};
use crate::cli::hint;
use crate::cli::input::{self, Stdin};
use crate::firewall::nsg::{self, RuleFile};
use crate::firewall::{
    NetworkContext, RuleDialect, RuleJudge, RuleSet, align_rests, in_azures_order, user_routes,
};
use crate::model::{AddressSet, Cloud};

/// Rule sets, and what is known to judge them by.
pub(super) struct Loaded {
    pub(super) files: LoadedFiles,
    pub(super) facts: RuleFacts,
}

/// Rule sets in a row, and the files that they come from.
pub(super) struct LoadedFiles {
    pub(super) sets: Vec<RuleSet>,
    /// The files of the sets by their names, as they are.
    pub(super) texts: Vec<(String, String)>,
    /// What the readers remark, and how the sets are taken.
    pub(super) notes: Vec<String>,
}

/// What is known beside the rules.
pub(super) struct RuleFacts {
    pub(super) tags: TagRelease,
    virtual_network: Option<AddressSet>,
    pub(super) sources: Option<AddressSet>,
    groups: BTreeMap<String, AddressSet>,
}

impl Loaded {
    pub(super) fn read(
        inputs: &RuleFileArgs,
        world: &ServiceTagArgs,
        stdin: &mut Stdin,
    ) -> Result<Self> {
        let files = LoadedFiles::read(&inputs.rules, &inputs.choice, &inputs.facts.vnet, stdin)?;
        let facts = RuleFacts::read(&inputs.facts, world)?;
        facts.warn_if_old(&files.sets);
        Ok(Self { files, facts })
    }

    pub(super) fn judges(&self) -> Vec<RuleJudge<'_>> {
        self.facts.judges(&self.files.sets)
    }
}

impl LoadedFiles {
    /// Reads files whose sets are in a row, in a virtual network of these prefixes.
    pub(super) fn read(
        paths: &[PathBuf],
        choice: &GroupChoiceArgs,
        vnet: &[IpNet],
        stdin: &mut Stdin,
    ) -> Result<Self> {
        Self::of_texts(read_texts(paths, stdin)?, choice, vnet)
    }

    fn of_texts(
        texts: Vec<(String, String)>,
        choice: &GroupChoiceArgs,
        vnet: &[IpNet],
    ) -> Result<Self> {
        let sources = sources(&texts);
        let sets = in_azures_order(choose(nsg::read(&sources)?, choice, &sources)?, vnet)?;
        let notes = notes_of(&sets, texts.len());
        Ok(Self { sets, texts, notes })
    }

    /// Reads a file that holds both sides of a change; `None` where it holds one.
    pub(super) fn read_change(
        path: &Path,
        choice: &GroupChoiceArgs,
        vnet: &[IpNet],
        stdin: &mut Stdin,
    ) -> Result<Option<[Self; 2]>> {
        let texts = read_texts(&[path.to_path_buf()], stdin)?;
        Self::both_of_texts(texts, choice, vnet)
    }

    /// Reads the rules as they are and the rules as they would be. Where the first file holds both
    /// sides of a change, the second one holds what is on both, such as a base policy.
    pub(super) fn read_pair(
        paths: [&Path; 2],
        choice: &GroupChoiceArgs,
        vnet: &[IpNet],
        stdin: &mut Stdin,
    ) -> Result<[Self; 2]> {
        let mut texts = read_texts(&paths.map(Path::to_path_buf), stdin)?;
        let holds_both = |at: usize| {
            let (name, text) = &texts[at];
            nsg::holds_both_sides(RuleFile { name, text })
        };
        let [first, second] = paths.map(Path::display);
        if holds_both(0)? {
            if holds_both(1)? {
                bail!(
                    "{first} and {second} each hold both sides of a change: review one at a time \
                     (rules diff {first}), or name rules that hold one side"
                );
            }
            if let Some([mut before, after]) = Self::both_of_texts(texts, choice, vnet)? {
                before.notes.push(format!(
                    "{first} holds both sides of the change, so that {second} is taken as on both"
                ));
                return Ok([before, after]);
            }
            bail!("{first} holds one side of a change");
        }
        let after = texts.split_off(1);
        let (mut before, mut after) =
            (Self::of_texts(texts, choice, vnet)?, Self::of_texts(after, choice, vnet)?);
        align_rests(&mut before.sets, &mut after.sets);
        Ok([before, after])
    }

    fn both_of_texts(
        texts: Vec<(String, String)>,
        choice: &GroupChoiceArgs,
        vnet: &[IpNet],
    ) -> Result<Option<[Self; 2]>> {
        let sources = sources(&texts);
        let Some(sides) = nsg::read_change(&sources)? else { return Ok(None) };
        let [before, after] = sides.map(|sets| choose(sets, choice, &sources));
        let (before, after) = (in_azures_order(before?, vnet)?, in_azures_order(after?, vnet)?);
        let [notes_before, notes] = [&before, &after].map(|sets| notes_of(sets, texts.len()));
        let before = Self { sets: before, texts: texts.clone(), notes: notes_before };
        Ok(Some([before, Self { sets: after, texts, notes }]))
    }

    /// Shows the notes where no document will hold them.
    pub(super) fn show_notes(&self) {
        for note in &self.notes {
            hint::hint(note);
        }
    }

    /// The notes of both sides, each once.
    pub(super) fn notes_of_change(before: &Self, after: &Self) -> Vec<String> {
        let is_new = |note: &&String| !before.notes.contains(*note);
        before.notes.iter().chain(after.notes.iter().filter(is_new)).cloned().collect()
    }
}

/// The files by their names. Plans of Terraform may be large.
fn read_texts(paths: &[PathBuf], stdin: &mut Stdin) -> Result<Vec<(String, String)>> {
    let mut read = |path: &PathBuf| {
        Ok((path.display().to_string(), input::read_large_text(stdin, path, "RULES")?))
    };
    paths.iter().map(&mut read).collect()
}

fn sources(texts: &[(String, String)]) -> Vec<RuleFile<'_>> {
    texts.iter().map(|(file, text)| RuleFile { name: file.as_str(), text }).collect()
}

/// What the readers remark of sets in a row, each remark once.
fn notes_of(sets: &[RuleSet], n_files: usize) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for set in sets {
        let of_set = set.notes.iter().map(|note| format!("{}: {note}", set.name));
        let of_file = set.file_notes.iter().map(|note| format!("{}: {note}", set.file()));
        for note in of_set.chain(of_file) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    if sets.len() > n_files {
        notes.push(format!(
            "{} rule sets are taken as in a row, so that each must allow: {}",
            sets.len(),
            names_of(sets)
        ));
    }
    notes
}

impl RuleFacts {
    pub(super) fn read(facts: &RuleFactArgs, world: &ServiceTagArgs) -> Result<Self> {
        Self::of(facts, world.service_tags.as_deref(), world.cloud.map(Cloud::from))
    }

    /// The same with the file of service tags, else with the embedded ones of `cloud`.
    pub(super) fn of(
        facts: &RuleFactArgs,
        service_tags: Option<&Path>,
        cloud: Option<Cloud>,
    ) -> Result<Self> {
        let given = |nets: &[IpNet]| {
            let all: AddressSet = nets.iter().copied().collect();
            (!all.is_empty()).then_some(all)
        };
        let mut groups: BTreeMap<String, AddressSet> = BTreeMap::new();
        for (name, net) in &facts.asg {
            let members = groups.entry(name.to_ascii_lowercase()).or_default();
            *members = members.union(&(*net).into());
        }
        Ok(Self {
            tags: TagRelease::of(service_tags, cloud, None)?,
            virtual_network: given(&facts.vnet),
            sources: given(&facts.source_address),
            groups,
        })
    }

    /// Shows a hint where a set depends on an old snapshot of the service tags.
    pub(super) fn warn_if_old<'a>(&self, sets: impl IntoIterator<Item = &'a RuleSet>) {
        if sets.into_iter().any(names_service_tags) {
            self.tags.warn_if_old();
        }
    }

    pub(super) fn judges<'a>(&self, sets: &'a [RuleSet]) -> Vec<RuleJudge<'a>> {
        let user_routes = user_routes(sets);
        let context = NetworkContext {
            tags: Some(self.tags.tags()),
            virtual_network: self.virtual_network.as_ref(),
            sources: self.sources.as_ref(),
            groups: Some(&self.groups),
            user_routes: Some(&user_routes),
        };
        sets.iter().map(|set| RuleJudge::new(set, context)).collect()
    }
}

/// The sets that a flow passes. Those of a network interface's effective rules are in a row;
/// several groups of one file are only with `--in-a-row`.
fn choose(
    sets: Vec<RuleSet>,
    choice: &GroupChoiceArgs,
    sources: &[RuleFile<'_>],
) -> Result<Vec<RuleSet>> {
    // A whole name comes before the end of a longer one.
    let is_whole = |name: &str| sets.iter().any(|set| set.name.eq_ignore_ascii_case(name));
    let means = |name: &str, set: &RuleSet| {
        if is_whole(name) { set.name.eq_ignore_ascii_case(name) } else { set.is_called(name) }
    };
    let is_named = |set: &RuleSet| choice.group.iter().any(|name| means(name, set));
    for name in &choice.group {
        let mut called: Vec<&str> =
            sets.iter().filter(|set| means(name, set)).map(|set| set.name.as_str()).collect();
        called.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        match &called[..] {
            [] => bail!("--group {name}: no such group here, only {}", names_of(&sets)),
            [_] => {}
            several => bail!(
                "--group {name}: several groups are called so: {}. Name one of them as \
                 RESOURCE-GROUP/NAME",
                several.join(", ")
            ),
        }
    }
    if !choice.group.is_empty() {
        let several =
            |set: &RuleSet| sets.iter().filter(|own| own.file() == set.file()).count() > 1;
        let kept: Vec<_> = sets.iter().map(|set| is_named(set) || !several(set)).collect();
        let mut kept = kept.into_iter();
        return Ok(sets.into_iter().filter(|_| kept.next().unwrap_or(true)).collect());
    }
    if choice.in_a_row {
        return Ok(sets);
    }
    for source in sources {
        let unrelated: Vec<_> = sets
            .iter()
            .filter(|set| set.file() == source.name && set.dialect != RuleDialect::Effective)
            .cloned()
            .collect();
        // A file that is given twice means two sets in a row. One group and one route table are in
        // a row too.
        let n_given = sources.iter().filter(|own| own.name == source.name).count();
        let n_alike =
            |set: &RuleSet| unrelated.iter().filter(|own| own.dialect == set.dialect).count();
        if unrelated.iter().any(|set| n_alike(set) > n_given) {
            let is_table = |set: &RuleSet| set.dialect.is_routes();
            let what = match unrelated.iter().filter(|set| is_table(set)).count() {
                0 => "groups",
                n_tables if n_tables == unrelated.len() => "route tables",
                _ => "groups and route tables",
            };
            bail!(
                "{} holds {} {what}: {}. Choose one with --group NAME, or say that a flow passes \
                 all of them with --in-a-row",
                source.name,
                unrelated.len(),
                names_of(&unrelated)
            );
        }
    }
    Ok(sets)
}
