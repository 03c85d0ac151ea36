//! `rules apply` and `rules rollback`: the guards first, then the rollback file, then the writes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use super::applied::{Applied, StopReason};
use super::group_client::GroupClient;
use super::plan::{self, PreparedPlan, read_group};
use super::rollback_file;
use crate::azure::{ArmClient, AzureEndpoint, GroupId};
use crate::cli::arguments::{AppliedFormat, ApplyArgs, AzureArgs, RollbackArgs};
use crate::cli::azure::{client, runtime, signed_in};
use crate::cli::exit::Exit;
use crate::cli::input::Stdin;
use crate::cli::{output, signals};
use crate::model::Cloud;
use crate::nsg_rules::{
    ApplyError, Bounds, Drift, LiveGroup, LiveRule, PlanState, RollbackDocument, RulePlan,
    RuleStep, Work, drift, judge, judge_rollback,
};

pub(super) fn apply(command: &ApplyArgs, arguments: &[OsString]) -> Result<Exit> {
    let rollback = command.rollback.as_deref().filter(|path| !path.is_dir());
    for path in [rollback, command.out.as_deref()].into_iter().flatten() {
        output::check_writable(path)?;
    }
    if let Some(path) = rollback {
        rollback_file::check_new("--rollback", path)?;
    }
    match &command.plan {
        Some(path) => apply_saved(command, path)?.report(command.format),
        None if command.yes => apply_now(command, arguments)?.report(command.format),
        None => bail!(
            "what is to be written? Give a saved PLAN (rules plan --out), or --yes to plan and write \
             in one go"
        ),
    }
}

/// Applies a plan that was saved and approved.
fn apply_saved(command: &ApplyArgs, path: &Path) -> Result<Applied> {
    let file_name = || path.display().to_string();
    let text = Stdin::default().read_text(path, "PLAN")?;
    let plan = RulePlan::read(&text).with_context(file_name)?;
    let Some(nsg) = &plan.nsg else {
        bail!("{}: made from a file, for no live group: plan with --nsg", path.display());
    };
    let id = GroupId::parse(nsg).with_context(file_name)?;
    match plan.state() {
        PlanState::Refused => return Ok(Applied::refused(&steps(&plan), plan.refusals)),
        PlanState::Unchanged => return Ok(Applied::unchanged(Some("the plan holds no changes"))),
        PlanState::Pending => {}
    }
    let cloud = plan.cloud().with_context(file_name)?;
    let azure = &command.planning.targets.azure;
    check_endpoint(azure, plan.arm_endpoint.as_deref(), cloud).with_context(file_name)?;
    let mut client = client(azure, cloud)?;
    runtime()?.block_on(async {
        let live = read_group(&mut client, &id).await?;
        write(&mut client, &id, &plan, live, command).await
    })
}

/// Plans and writes in one go.
fn apply_now(command: &ApplyArgs, arguments: &[OsString]) -> Result<Applied> {
    let planning = &command.planning;
    let Some(nsg) = &planning.nsg else {
        bail!("which group? --yes needs its resource id (--nsg)");
    };
    let id = GroupId::parse(nsg).context("--nsg")?;
    let prepared = PreparedPlan::new(planning, arguments)?;
    let mut client = client(&planning.targets.azure, prepared.gathered.cloud)?;
    runtime()?.block_on(async {
        let live = read_group(&mut client, &id).await?;
        let plan = prepared.plan(planning, &live, Some((&id, &client)))?;
        plan::save(&plan, command.out.as_deref())?;
        if command.format == AppliedFormat::Table {
            output::write(None, |out| out.write_all(plan::shown(&plan).as_bytes()))?;
        }
        match plan.state() {
            PlanState::Refused => Ok(Applied::refused(&steps(&plan), plan.refusals)),
            PlanState::Unchanged => Ok(Applied::unchanged(None)),
            PlanState::Pending => write(&mut client, &id, &plan, live, command).await,
        }
    })
}

/// Refuses a Resource Manager that only a file names: a token goes to the cloud's own, or to the
/// one that the command line names.
fn check_endpoint(azure: &AzureArgs, named: Option<&str>, cloud: Cloud) -> Result<()> {
    let (None, Some(named)) = (&azure.arm_endpoint, named) else { return Ok(()) };
    let own = AzureEndpoint::parse(AzureEndpoint::resource_manager(cloud))?;
    if AzureEndpoint::parse(named)? != own {
        bail!(
            "it names Resource Manager at {named}, and that of its cloud is {own}: give \
             --arm-endpoint {named} if that is where the token is to be sent"
        );
    }
    Ok(())
}

fn steps(plan: &RulePlan) -> Vec<RuleStep> {
    plan.changes.iter().map(RuleStep::from).collect()
}

/// Whether the rules are as planned, and none is there that Azure could not put into force.
fn is_in_force(steps: &[RuleStep], live: &LiveGroup) -> bool {
    steps.iter().all(|step| {
        drift(live, step, steps) == Drift::AsPlanned
            && !live.rule(&step.name).is_some_and(LiveRule::is_failed)
    })
}

/// Writes the changes, after everything that can refuse them and after the rollback file.
async fn write(
    client: &mut ArmClient,
    id: &GroupId,
    plan: &RulePlan,
    live: LiveGroup,
    command: &ApplyArgs,
) -> Result<Applied> {
    let steps = steps(plan);
    let now = Timestamp::now();
    let bounds = Bounds {
        max_shrink: command.planning.max_shrink,
        max_age: command.max_age,
        adopt: command.planning.adopt,
        now,
    };
    let refusals = judge(plan, &live, bounds);
    if !refusals.is_empty() {
        return Ok(Applied::refused(&steps, refusals.iter().map(Into::into).collect()));
    }
    if is_in_force(&steps, &live) {
        return Ok(Applied::unchanged(Some("the rules are as planned")));
    }
    let document = RollbackDocument::of(plan, &id.to_string(), &client.endpoint().to_string(), now);
    let text = serde_json::to_string_pretty(&document)? + "\n";
    let path = save_rollback(command.rollback.as_deref(), id, plan, now, &text)
        .context("nothing was written to Azure: what puts it back cannot be saved")?;
    Ok(carry_out(client, id, &steps, live, Some(path)).await)
}

/// Saves the rollback file where it was asked for. In a folder, and without the option in the
/// working directory, it gets a new name, which never replaces an earlier file.
fn save_rollback(
    given: Option<&Path>,
    id: &GroupId,
    plan: &RulePlan,
    now: Timestamp,
    text: &str,
) -> Result<PathBuf> {
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    let stem = format!("rollback-{}-{}-{time}", id.name(), plan.rule_name);
    match given {
        Some(folder) if folder.is_dir() => rollback_file::create_in(folder, &stem, text),
        Some(path) => rollback_file::create(path, text).map(|()| path.to_owned()),
        None => rollback_file::create_in(Path::new(""), &stem, text),
    }
}

/// Makes the steps; an interruption is reported with what was done by then.
async fn carry_out(
    client: &mut ArmClient,
    id: &GroupId,
    steps: &[RuleStep],
    live: LiveGroup,
    rollback: Option<PathBuf>,
) -> Applied {
    let mut work = Work::new(steps);
    let mut group = GroupClient { client, id };
    let stopped = tokio::select! {
        outcome = work.carry_out(&mut group, live) => match outcome {
            Ok(()) => None,
            Err(ApplyError::Refused(refusal)) => Some(StopReason::Refused(refusal)),
            Err(other) => Some(StopReason::Failed(other.to_string())),
        },
        () = signals::interrupted() => Some(StopReason::Failed(
            "interrupted: what was being written may or may not be in force".to_owned(),
        )),
    };
    Applied::worked(&work, stopped, signed_in(client), rollback)
}

pub(super) fn rollback(command: &RollbackArgs) -> Result<Exit> {
    let text = Stdin::default().read_text(&command.file, "FILE")?;
    let file_name = || command.file.display().to_string();
    let document = RollbackDocument::read(&text).with_context(file_name)?;
    let id = GroupId::parse(&document.nsg).with_context(file_name)?;
    let cloud = document.cloud().with_context(file_name)?;
    check_endpoint(&command.azure, Some(&document.arm_endpoint), cloud).with_context(file_name)?;
    let mut client = client(&command.azure, cloud)?;
    let steps = document.backwards();
    let applied = runtime()?.block_on(async {
        let live = read_group(&mut client, &id).await?;
        let refusals = judge_rollback(&steps, &live);
        if !refusals.is_empty() {
            return anyhow::Ok(Applied::refused(&steps, refusals.iter().map(Into::into).collect()));
        }
        if is_in_force(&steps, &live) {
            return Ok(Applied::unchanged(Some("what was there before is there")));
        }
        Ok(carry_out(&mut client, &id, &steps, live, None).await)
    })?;
    applied.report(AppliedFormat::Table)
}
