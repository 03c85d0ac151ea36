//! `rules plan`: the changes to make in a live group, and the guards that refuse them.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use super::gather::{self, Gathered};
use super::group_client::GroupClient;
use super::{plan_handout, plan_variables};
use crate::azure::{ArmClient, GroupId};
use crate::cli::arguments::{PlanArgs, PlanFormat, PlanningArgs};
use crate::cli::azure::{client, runtime};
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::input::Stdin;
use crate::cli::output;
use crate::firewall::{ProofLevel, emit};
use crate::ledger::{Ledger, LedgerRow, LedgerSighting, Proof};
use crate::nsg_rules::{
    self, Intent, LiveGroup, PlanInputs, PlanState, Planned, Remembered, ResourceManager, RulePlan,
    RuleSource, plan_text,
};
use crate::report::{handout, html};

pub(super) fn plan(command: &PlanArgs, arguments: &[OsString]) -> Result<Exit> {
    for path in command.out.iter().chain(&command.output) {
        output::check_writable(path)?;
    }
    let planning = &command.planning;
    if planning.nsg.is_none() && planning.current.is_none() {
        bail!("which group? Give its resource id (--nsg) or a file of it (--current)");
    }
    let prepared = PreparedPlan::new(planning, arguments)?;
    let plan = match &planning.nsg {
        Some(nsg) => {
            let id = GroupId::parse(nsg).context("--nsg")?;
            let mut client = client(&planning.targets.azure, prepared.gathered.cloud)?;
            let live = runtime()?.block_on(read_group(&mut client, &id))?;
            prepared.plan(planning, &live, Some((&id, &client)))?
        }
        None => prepared.plan(planning, &from_file(planning)?, None)?,
    };
    save(&plan, command.out.as_deref())?;
    if command.format.is_variables() && plan.state() == PlanState::Refused {
        // A pipeline that applies whatever the file holds would make the refused change.
        for refusal in &plan.refusals {
            hint::refusal(&refusal.guard, &refusal.message);
        }
        return Ok(Exit::Refused);
    }
    output::write(command.output.as_deref(), |mut out| match command.format {
        PlanFormat::Table => out.write_all(shown(&plan).as_bytes()),
        PlanFormat::Json => out.write_all(json(&plan)?.as_bytes()),
        PlanFormat::Markdown => handout::markdown(&plan_handout::handout(&plan), &mut out),
        PlanFormat::Html => html::handout(&plan_handout::handout(&plan), &mut out),
        PlanFormat::TfvarsJson => out.write_all(plan_variables::tfvars(&plan).as_bytes()),
        PlanFormat::BicepParams => out.write_all(plan_variables::bicep_params(&plan).as_bytes()),
    })?;
    if command.format.is_variables() {
        for note in &plan.notes {
            hint::hint(note);
        }
        if command.format == PlanFormat::BicepParams
            && let Some(left) = plan_variables::left_by_bicep(&plan)
        {
            hint::hint(&left);
        }
        hint::hint(&emit::deleted_by_inline_rules());
    }
    Ok(match plan.state() {
        PlanState::Refused => Exit::Refused,
        PlanState::Pending => Exit::Violated,
        PlanState::Unchanged => Exit::Satisfied,
    })
}

/// The plan as text, with the identity that the group was read with.
pub(super) fn shown(plan: &RulePlan) -> String {
    let signed = match (&plan.arm_endpoint, &plan.credential) {
        (Some(endpoint), Some(kind)) => format!("Azure: {endpoint}, signed in by {kind}\n"),
        _ => String::new(),
    };
    format!("{signed}{}", plan_text(plan))
}

pub(super) fn save(plan: &RulePlan, path: Option<&Path>) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    output::write(Some(path), |out| out.write_all(json(plan)?.as_bytes()))
}

fn json(plan: &RulePlan) -> std::io::Result<String> {
    Ok(serde_json::to_string_pretty(plan)? + "\n")
}

/// Everything that a plan needs beside the live group.
pub(super) struct PreparedPlan {
    pub(super) gathered: Gathered,
    ledger: Option<Ledger>,
    now: Timestamp,
}

impl PreparedPlan {
    pub(super) fn new(planning: &PlanningArgs, arguments: &[OsString]) -> Result<Self> {
        let ledger =
            planning.ledger.as_deref().map(Ledger::open).transpose().context("--ledger")?;
        let gathered = gather::gather(planning, arguments, Timestamp::now())?;
        Ok(Self { gathered, ledger, now: Timestamp::now() })
    }

    /// Makes the plan, and adds what was seen to the ledger.
    pub(super) fn plan(
        mut self,
        planning: &PlanningArgs,
        live: &LiveGroup,
        azure: Option<(&GroupId, &ArmClient)>,
    ) -> Result<RulePlan> {
        if let Some(ledger) = &mut self.ledger {
            crate::cli::ledger::settle(ledger, self.now).context("--ledger")?;
        }
        let rows = self.ledger.as_ref().map(Ledger::rows).transpose().context("--ledger")?;
        let remembered: Option<Vec<Remembered>> =
            rows.map(|rows| rows.into_iter().map(remembered).collect());
        let intent = Intent {
            rule_name: planning.rule_name.clone(),
            job: planning.job.clone().unwrap_or_else(|| self.gathered.job.clone()),
            adopt: planning.adopt,
            source: RuleSource::parse(&planning.rule_source).context("--rule-source")?,
            priority: planning.priority,
            proof: planning.proof,
            keep: planning.keep,
            max_shrink: planning.max_shrink,
            now: self.now,
        };
        let knowledge = PlanInputs {
            seen: &self.gathered.seen,
            refusals: &self.gathered.refusals,
            left_out: &self.gathered.left_out,
            ledger: remembered.as_deref(),
            live,
        };
        let Planned { mut plan, adopted } = nsg_rules::plan(&intent, knowledge);
        plan.cloud = self.gathered.cloud.to_string();
        plan.notes.append(&mut self.gathered.notes);
        if let Some((id, client)) = azure {
            plan.nsg = Some(id.to_string());
            plan.arm_endpoint = Some(client.endpoint().to_string());
            plan.credential = client.credential().kind().map(|kind| kind.to_string());
        }
        if let Some(ledger) = &mut self.ledger {
            let mut sightings = std::mem::take(&mut self.gathered.sightings);
            let group = azure.map_or("a file", |(id, _)| id.name());
            sightings.extend(adopted.into_iter().map(|net| LedgerSighting {
                name: format!("rule {}", intent.rule_name),
                net,
                at: self.now,
                proof: Proof::Live,
                source: group.to_owned(),
            }));
            ledger.note(&sightings).context("--ledger")?;
        }
        Ok(plan)
    }
}

fn remembered(row: LedgerRow) -> Remembered {
    Remembered {
        name: row.name,
        net: row.net,
        last_seen: row.last_seen,
        proof: match row.proof {
            Proof::Live => None,
            Proof::Resolved => Some(ProofLevel::Resolved),
            Proof::Published => Some(ProofLevel::Published),
            Proof::Tls => Some(ProofLevel::Tls),
        },
    }
}

fn from_file(planning: &PlanningArgs) -> Result<LiveGroup> {
    // The caller made sure that --nsg or --current is given.
    let path = planning.current.as_deref().unwrap_or(Path::new("-"));
    let context = || format!("--current {}", path.display());
    let text = Stdin::default().read_text(path, "--current")?;
    let value = serde_json::from_str(&text).with_context(context)?;
    LiveGroup::read(&value).with_context(context)
}

/// Reads the group as it is now.
pub(super) async fn read_group(client: &mut ArmClient, id: &GroupId) -> Result<LiveGroup> {
    Ok(GroupClient { client, id }.group().await?)
}
