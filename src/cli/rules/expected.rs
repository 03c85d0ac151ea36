//! `check --expect`: the rules that are held against what was measured.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::loaded::{LoadedFiles, RuleFacts};
use crate::cli::arguments::{ExpectArgs, GroupChoiceArgs, RuleFactArgs};
use crate::cli::input::Stdin;
use crate::firewall::expected_flows;
use crate::model::{Cloud, Conclusion, Records};

/// The rules of `--expect`, read before anything is measured.
pub(in crate::cli) struct ExpectedRules {
    files: LoadedFiles,
    facts: RuleFactArgs,
    service_tags: Option<PathBuf>,
}

impl ExpectedRules {
    /// Reads them; `None` where none are given.
    ///
    /// # Errors
    /// As for any command that is given RULES.
    pub(in crate::cli) fn read(
        given: &ExpectArgs,
        service_tags: Option<&Path>,
        stdin: &mut Stdin,
    ) -> Result<Option<Self>> {
        if given.expect.is_empty() {
            return Ok(None);
        }
        let choice = GroupChoiceArgs { group: given.group.clone(), in_a_row: given.in_a_row };
        let files = LoadedFiles::read(&given.expect, &choice, &given.vnet, stdin)?;
        files.show_notes();
        let facts = RuleFactArgs {
            vnet: given.vnet.clone(),
            source_address: Vec::new(),
            asg: given.asg.clone(),
        };
        Ok(Some(Self { files, facts, service_tags: service_tags.map(Into::into) }))
    }

    /// Adds to each verdict what the rules predict of its flows.
    ///
    /// # Errors
    /// The file of the service tags cannot be read.
    pub(in crate::cli) fn hold_against(
        &self,
        records: &Records,
        conclusion: &mut Conclusion,
    ) -> Result<()> {
        let cloud = Cloud::parse(&records.run.cloud);
        let facts = RuleFacts::of(&self.facts, self.service_tags.as_deref(), cloud)?;
        facts.warn_if_old(&self.files.sets);
        let expected = expected_flows(records, conclusion, &facts.judges(&self.files.sets));
        for (verdict, flows) in conclusion.verdicts.iter_mut().zip(expected) {
            verdict.expected = flows;
        }
        Ok(())
    }
}
