//! `rules apply` and `rules rollback`: rule by rule, each read before it is written and read back
//! after, with what puts everything back on disk before the first write.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;

use super::plan::{self, Prepared, read_group};
use crate::azure::{ArmError, Client, GroupId, Wrote};
use crate::cli::arguments::{Apply, Rollback as RollbackCommand};
use crate::cli::azure::{client, runtime, signed_in};
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::input::{self, Stdin};
use crate::cli::output;
use crate::model::Cloud;
use crate::nsg_rules::{
    Change, LiveGroup, LiveRule, Plan, Refusal, Rollback, Stand, limits_now, stand,
};

pub(super) fn apply(command: &Apply, arguments: &[OsString]) -> Result<Exit> {
    for path in [&command.rollback, &command.out].into_iter().flatten() {
        output::check_writable(path)?;
    }
    match &command.plan {
        Some(path) => apply_saved(command, path),
        None if command.yes => apply_now(command, arguments),
        None => bail!(
            "what is to be written? Give a saved PLAN (rules plan --out), or --yes to plan and write \
             in one go"
        ),
    }
}

/// A plan that someone approved.
fn apply_saved(command: &Apply, path: &Path) -> Result<Exit> {
    let text = input::read_text(&mut Stdin::default(), path, "PLAN")?;
    let plan = Plan::read(&text).with_context(|| path.display().to_string())?;
    let Some(nsg) = &plan.nsg else {
        bail!("{}: made from a file, for no live group: plan with --nsg", path.display());
    };
    let id = GroupId::parse(nsg).with_context(|| path.display().to_string())?;
    if refused(&plan) {
        return Ok(Exit::Refused);
    }
    if plan.changes.is_empty() {
        say("nothing to do: the plan holds no changes")?;
        return Ok(Exit::Satisfied);
    }
    let azure = azure_of(&command.planning.targets.azure, plan.arm_endpoint.as_deref());
    let cloud = Cloud::parse(&plan.cloud).unwrap_or_default();
    let mut client = client(&azure, cloud)?;
    runtime()?.block_on(async {
        let live = read_group(&mut client, &id).await?;
        write(&mut client, &id, &plan, live, command.rollback.as_deref()).await
    })
}

/// Plan and write in one go.
fn apply_now(command: &Apply, arguments: &[OsString]) -> Result<Exit> {
    let planning = &command.planning;
    let Some(nsg) = &planning.nsg else {
        bail!("which group? --yes needs its resource id (--nsg)");
    };
    let id = GroupId::parse(nsg).context("--nsg")?;
    let prepared = Prepared::new(planning, arguments)?;
    let mut client = client(&planning.targets.azure, prepared.gathered.cloud)?;
    runtime()?.block_on(async {
        let live = read_group(&mut client, &id).await?;
        let plan = prepared.plan(planning, &live, Some((&id, &client)))?;
        plan::save(&plan, command.out.as_deref())?;
        output::write(None, |out| out.write_all(plan::shown(&plan).as_bytes()))?;
        match plan::exit_of(&plan) {
            Exit::Violated => {
                write(&mut client, &id, &plan, live, command.rollback.as_deref()).await
            }
            other => Ok(other),
        }
    })
}

/// The plan's endpoint, unless another is given.
fn azure_of(
    given: &crate::cli::arguments::Azure,
    planned: Option<&str>,
) -> crate::cli::arguments::Azure {
    crate::cli::arguments::Azure {
        arm_endpoint: given.arm_endpoint.clone().or_else(|| planned.map(str::to_owned)),
        ..given.clone()
    }
}

fn refused(plan: &Plan) -> bool {
    for refusal in &plan.refusals {
        hint::error(&anyhow!("refused ({}): {}", refusal.guard, refusal.message));
    }
    !plan.refusals.is_empty()
}

fn say(text: &str) -> Result<()> {
    output::write(None, |out| writeln!(out, "{text}"))
}

/// Everything that can refuse comes first, then the rollback file, then the writes.
async fn write(
    client: &mut Client,
    id: &GroupId,
    plan: &Plan,
    live: LiveGroup,
    rollback: Option<&Path>,
) -> Result<Exit> {
    let mut refusals = limits_now(&live, plan);
    let stands: Vec<Stand> = plan.changes.iter().map(|change| stand(&live, change)).collect();
    refusals.extend(stands.iter().filter_map(|stand| match stand {
        Stand::Neither(refusal) => Some(refusal.clone()),
        Stand::Before | Stand::After => None,
    }));
    if !refusals.is_empty() {
        for refusal in &refusals {
            hint::error(&anyhow!("refused ({}): {refusal}; nothing was written", refusal.as_str()));
        }
        return Ok(Exit::Refused);
    }
    if stands.iter().all(|stand| *stand == Stand::After) {
        say("nothing to do: the rules are as planned")?;
        return Ok(Exit::Satisfied);
    }
    let now = Timestamp::now();
    let path = rollback.map_or_else(|| default_rollback(id, plan, now), Path::to_owned);
    let document = Rollback::of(plan, &id.to_string(), &client.endpoint().to_string(), now);
    output::write(Some(&path), |out| {
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    })
    .context("nothing was written to Azure: what puts it back cannot be saved")?;
    let mut work = Work { client, id, changes: &plan.changes, n_done: 0 };
    let outcome = work.unless_interrupted(live).await;
    work.conclude(outcome, Some(&path))
}

/// Beside whoever runs it; the time keeps yesterday's.
fn default_rollback(id: &GroupId, plan: &Plan, now: Timestamp) -> PathBuf {
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    PathBuf::from(format!("rollback-{}-{}-{time}.json", id.name(), plan.rule_name))
}

pub(super) fn rollback(command: &RollbackCommand) -> Result<Exit> {
    let text = input::read_text(&mut Stdin::default(), &command.file, "FILE")?;
    let place = || command.file.display().to_string();
    let document = Rollback::read(&text).with_context(place)?;
    let id = GroupId::parse(&document.nsg).with_context(place)?;
    let azure = azure_of(&command.azure, Some(&document.arm_endpoint));
    let cloud = Cloud::parse(&document.cloud).unwrap_or_default();
    let mut client = client(&azure, cloud)?;
    let changes = document.backwards();
    runtime()?.block_on(async {
        let live = read_group(&mut client, &id).await?;
        let mut refusals = Vec::new();
        for change in &changes {
            if let Stand::Neither(refusal) = stand(&live, change) {
                refusals.push(refusal);
            }
        }
        if !refusals.is_empty() {
            for refusal in &refusals {
                let why = match refusal {
                    Refusal::Changed { rule, what } => {
                        format!("{rule} {what} after it was applied: put it right by hand")
                    }
                    other => other.to_string(),
                };
                hint::error(&anyhow!("refused ({}): {why}; nothing was written", refusal.as_str()));
            }
            return Ok(Exit::Refused);
        }
        if changes.iter().all(|change| stand(&live, change) == Stand::After) {
            say("nothing to do: what was there before is there")?;
            return Ok(Exit::Satisfied);
        }
        let mut work = Work { client: &mut client, id: &id, changes: &changes, n_done: 0 };
        let outcome = work.unless_interrupted(live).await;
        work.conclude(outcome, None)
    })
}

/// Changes that are being made.
struct Work<'a> {
    client: &'a mut Client,
    id: &'a GroupId,
    changes: &'a [Change],
    n_done: usize,
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Why it stopped.
enum Stopped {
    Refused(Refusal),
    Error(anyhow::Error),
}

impl From<anyhow::Error> for Stopped {
    fn from(error: anyhow::Error) -> Self {
        Self::Error(error)
    }
}

impl Work<'_> {
    /// Whoever interrupts is told what was done.
    async fn unless_interrupted(&mut self, live: LiveGroup) -> Result<(), Stopped> {
        tokio::select! {
            outcome = self.carry_out(live) => outcome,
            () = interrupted() => Err(Stopped::Error(anyhow!(
                "interrupted: what was being written may or may not be in force"
            ))),
        }
    }

    async fn carry_out(&mut self, mut live: LiveGroup) -> Result<(), Stopped> {
        for (place, change) in self.changes.iter().enumerate() {
            if place > 0 {
                // Each write gives the whole group another version.
                live = read_group(self.client, self.id).await?;
            }
            self.make(change, &live).await?;
            self.n_done += 1;
        }
        // Azure said that it is done; now it must show it.
        live = self.read_back().await?;
        let wrong = self.changes.iter().find(|change| stand(&live, change) != Stand::After);
        match wrong {
            None => Ok(()),
            Some(change) => Err(Stopped::Error(anyhow!(
                "Azure said that {} is done, and shows it otherwise: someone else may have changed \
                 it in between",
                change.name
            ))),
        }
    }

    /// The rules that were written, each by itself.
    async fn read_back(&mut self) -> Result<LiveGroup> {
        let mut rules = Vec::new();
        for change in self.changes {
            if let Some(rule) = self.client.rule(self.id, &change.name).await? {
                let what = || anyhow!("Azure's answer for {}", change.name);
                rules.push(LiveRule::read(&rule).map_err(|member| what().context(member))?);
            }
        }
        Ok(LiveGroup { rules })
    }

    /// Makes one change, where it stands as it did when the plan was made.
    async fn make(&mut self, change: &Change, live: &LiveGroup) -> Result<(), Stopped> {
        const MOST_ROUNDS: usize = 4;
        let mut reread;
        let mut live = live;
        let mut refused_etag: Option<String> = None;
        for _ in 0..MOST_ROUNDS {
            match stand(live, change) {
                Stand::After => return Ok(()),
                Stand::Before => {}
                Stand::Neither(refusal) => return Err(Stopped::Refused(refusal)),
            }
            let etag = live.rule(&change.name).and_then(|rule| rule.etag.clone());
            // A service that compares versions strictly never finds a weak one equal (RFC 9110
            // §8.8.3.2). The same version twice says that nothing changed: it was just compared.
            let sent = etag.as_deref().filter(|_| etag != refused_etag);
            match self.send(change, sent).await {
                Ok(Wrote::Done) => return Ok(()),
                Ok(Wrote::Overtaken) => refused_etag = etag.clone(),
                Err(error) if error.is_undecided() => {
                    return self.look(change, error).await;
                }
                Err(error) => return Err(Stopped::Error(error.into())),
            }
            reread = read_group(self.client, self.id).await?;
            live = &reread;
        }
        Err(Stopped::Error(anyhow!(
            "{} of {}: the group is being changed by someone else all the time: try again later",
            change.name,
            self.id.name()
        )))
    }

    async fn send(&mut self, change: &Change, etag: Option<&str>) -> Result<Wrote, ArmError> {
        match &change.after {
            Some(properties) => {
                let is_new = change.before.is_none();
                self.client.put_rule(self.id, &change.name, properties, etag, is_new).await
            }
            None => self.client.delete_rule(self.id, &change.name, etag).await,
        }
    }

    /// After a write without a clear answer: what is there decides.
    async fn look(&mut self, change: &Change, error: ArmError) -> Result<(), Stopped> {
        const MOST_LOOKS: u32 = 5;
        for look in 0..MOST_LOOKS {
            let Ok(live) = read_group(self.client, self.id).await else {
                let state = format!("whether {} was written is not known", change.name);
                return Err(Stopped::Error(anyhow::Error::from(error).context(state)));
            };
            let state = live.rule(&change.name).and_then(|rule| rule.state.clone());
            let is_settled = state.as_deref().is_none_or(|state| state == "Succeeded");
            match stand(&live, change) {
                Stand::After if is_settled => {
                    hint::hint(&format!("{error}; read back, {} is as planned", change.name));
                    return Ok(());
                }
                Stand::After if state.as_deref() == Some("Failed") => {
                    let state = format!("Azure could not put {} into force", change.name);
                    return Err(Stopped::Error(anyhow::Error::from(error).context(state)));
                }
                Stand::After => {}
                Stand::Before => {
                    let state = format!("{} is as it was", change.name);
                    return Err(Stopped::Error(anyhow::Error::from(error).context(state)));
                }
                Stand::Neither(refusal) => return Err(Stopped::Refused(refusal)),
            }
            tokio::time::sleep(Duration::from_millis(250) * 2u32.pow(look)).await;
        }
        let state = format!("{} is accepted and not in force yet", change.name);
        Err(Stopped::Error(anyhow::Error::from(error).context(state)))
    }

    /// Says what was done and what was not, and how to go on or back.
    fn conclude(&self, outcome: Result<(), Stopped>, rollback: Option<&Path>) -> Result<Exit> {
        let (done, open) = self.changes.split_at(self.n_done);
        let mut text = String::new();
        for change in done {
            let _ = writeln!(text, "done: {} {}", change.action.as_str(), change.name);
        }
        for change in open {
            let _ = writeln!(text, "not done: {} {}", change.action.as_str(), change.name);
        }
        if let Some(path) = rollback {
            let _ = writeln!(text, "to go back: pathproof rules rollback {}", path.display());
        }
        let (exit, error) = match outcome {
            Ok(()) => (Exit::Satisfied, None),
            Err(Stopped::Refused(refusal)) => {
                let error = anyhow!("refused ({}): {refusal}", refusal.as_str());
                (Exit::Refused, Some(error))
            }
            Err(Stopped::Error(error)) => (Exit::CouldNotWork, Some(error)),
        };
        if error.is_some() && !open.is_empty() {
            text.push_str("to go on: run the same command again; it begins where this one ended\n");
        }
        let signed = signed_in(self.client).map(|line| line + "\n").unwrap_or_default();
        output::write(None, |out| {
            out.write_all(signed.as_bytes())?;
            out.write_all(text.as_bytes())
        })?;
        if let Some(error) = error {
            hint::error(&error);
        }
        Ok(exit)
    }
}
