//! Applies a plan rule by rule; each rule is read before it is written and again afterwards.
//! Resource Manager is reached through [`ResourceManager`], so that tests can try every way in
//! which two writers collide or an answer is lost, without a network.

use std::time::Duration;

use super::MARKER;
use super::document::{RuleAction, RuleChange};
use super::guard::GuardRefusal;
use super::live::{IN_FORCE, LiveGroup, LiveRule, NOT_IN_FORCE};
use super::rule::RuleProperties;

/// How often a write is tried while others change the group.
const MOST_ROUNDS: usize = 4;
/// How often a rule is read after a write without a clear answer.
const MOST_LOOKS: u32 = 5;
/// The pause before the second read; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Resource Manager, as far as one group's rules need it.
pub trait ResourceManager {
    /// Why a request did not succeed.
    type Error: std::error::Error;

    /// Reads the whole group.
    fn group(&mut self) -> impl Future<Output = Result<LiveGroup, Self::Error>>;

    /// Reads one rule; `None` where there is no rule of this name.
    fn rule(&mut self, name: &str) -> impl Future<Output = Result<Option<LiveRule>, Self::Error>>;

    /// Writes one rule whole and waits until that is done.
    fn put(
        &mut self,
        name: &str,
        properties: &RuleProperties,
        condition: WriteCondition<'_>,
    ) -> impl Future<Output = Result<WriteOutcome, Self::Error>>;

    /// Removes one rule and waits until that is done.
    fn delete(
        &mut self,
        name: &str,
        condition: WriteCondition<'_>,
    ) -> impl Future<Output = Result<WriteOutcome, Self::Error>>;

    /// What this error says about the write that it ended.
    fn fate(error: &Self::Error) -> WriteFate;

    fn pause(&mut self, time: Duration) -> impl Future<Output = ()>;
}

/// What a write requires of the rule as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteCondition<'a> {
    None,
    /// The rule is of this version.
    Version(&'a str),
    /// There is no rule of this name.
    Absent,
}

/// How a write ended that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Azure says that it is done.
    Done,
    /// The rule was not what the condition requires.
    Overtaken,
}

/// What is known of a write that ended with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFate {
    /// The write was refused: nothing changed.
    Refused,
    /// Azure answered that it failed; only reading the rule shows whether that is so.
    Doubtful,
    /// There was no answer, or the operation did not end: the write may still happen.
    Unknown,
}

/// One rule as it was read, and as it should become.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleStep {
    pub name: String,
    /// The properties that were read; `None` for a new rule.
    pub before: Option<RuleProperties>,
    /// The desired properties; `None` for a rule that goes.
    pub after: Option<RuleProperties>,
}

impl From<&RuleChange> for RuleStep {
    fn from(change: &RuleChange) -> Self {
        Self {
            name: change.name.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}

impl RuleStep {
    /// What the step does to the rule.
    #[must_use]
    pub const fn action(&self) -> RuleAction {
        RuleAction::between(self.before.as_ref(), self.after.as_ref())
    }
}

/// How far a live rule is from what a step expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The rule is as it was when the step was planned.
    AsBefore,
    /// The rule is as planned already.
    AsPlanned,
    /// The rule is neither, and must not be written.
    Drifted(GuardRefusal),
}

/// How `live` stands to `step`, which is one of `all`.
#[must_use]
pub fn drift(live: &LiveGroup, step: &RuleStep, all: &[RuleStep]) -> Drift {
    let rule = live.rule(&step.name);
    let is = |properties: &Option<RuleProperties>| match (rule, properties) {
        (None, None) => true,
        (Some(rule), Some(properties)) => rule.properties.is_same_as(properties),
        _ => false,
    };
    if is(&step.after) {
        return Drift::AsPlanned;
    }
    if is(&step.before) {
        return taken_priority(live, step, all).map_or(Drift::AsBefore, Drift::Drifted);
    }
    let what = match (rule, &step.before) {
        (None, _) => "was deleted".to_owned(),
        (Some(rule), None) if !rule.is_marked() => {
            return Drift::Drifted(GuardRefusal::NameTaken { name: rule.name.clone() });
        }
        (Some(_), None) => "was created".to_owned(),
        (Some(rule), Some(before)) if !rule.is_marked() && before.mark().is_some() => {
            format!("lost its description \"{MARKER}…\", which makes it foreign,")
        }
        (Some(_), Some(_)) => "was changed".to_owned(),
    };
    Drift::Drifted(GuardRefusal::Changed { rule: step.name.clone(), what })
}

/// The refusal where another rule has the priority and keeps it: a foreign one, or one of ours with
/// another name.
fn taken_priority(live: &LiveGroup, step: &RuleStep, all: &[RuleStep]) -> Option<GuardRefusal> {
    let after = step.after.as_ref()?.meaning();
    let priority = after.priority?;
    let is_changed =
        |rule: &LiveRule| all.iter().any(|own| own.name.eq_ignore_ascii_case(&rule.name));
    let other = live.rules.iter().find(|rule| {
        !is_changed(rule)
            && rule.meaning().direction == after.direction
            && rule.meaning().priority == after.priority
    })?;
    Some(GuardRefusal::PriorityTaken { priority, by: other.name.clone(), free: None })
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// The change is in force.
    Done,
    /// The change was not made.
    NotDone,
    /// The change was sent, and how that ended is not known.
    Undecided {
        /// What the last read of the rule showed.
        found: String,
    },
}

impl StepOutcome {
    /// The contract's word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not_done",
            Self::Undecided { .. } => "undecided",
        }
    }
}

/// Why a plan was not applied to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError<E: std::error::Error> {
    /// A guard refused: the rule is not as it was.
    #[error("{0}")]
    Refused(GuardRefusal),
    /// A request failed.
    #[error("{}{error}", .state.as_ref().map_or_else(String::new, |state| format!("{state}: ")))]
    Failed {
        /// What the rule is like now, where it was read.
        state: Option<String>,
        /// The failure. It is not a source: its words are part of the message.
        error: E,
    },
    /// The rule was written, and read back as something else.
    #[error(
        "Azure said that {0} is done, and shows it otherwise: someone else may have changed it in \
         between"
    )]
    ShownOtherwise(String),
    /// The rule was written, and is not in force.
    #[error(
        "Azure took {name} and {state}: look at the group there, then run the same command again"
    )]
    NotInForce {
        name: String,
        /// What Azure says of it, as the middle of a sentence.
        state: &'static str,
    },
    /// Others changed the group before every attempt.
    #[error("{0}: the group is being changed by someone else all the time: try again later")]
    Crowded(String),
}

/// The steps of a plan while they are made. The outcome of each is known at any time, so that an
/// interruption can be reported.
#[derive(Debug)]
pub struct Work<'a> {
    steps: &'a [RuleStep],
    outcomes: Vec<StepOutcome>,
    /// What the user should know although everything succeeded.
    notes: Vec<String>,
}

impl<'a> Work<'a> {
    /// Takes steps, none of which is made yet.
    #[must_use]
    pub fn new(steps: &'a [RuleStep]) -> Self {
        Self { steps, outcomes: vec![StepOutcome::NotDone; steps.len()], notes: Vec::new() }
    }

    /// Each step with its outcome.
    pub fn outcomes(&self) -> impl Iterator<Item = (&RuleStep, &StepOutcome)> {
        self.steps.iter().zip(&self.outcomes)
    }

    /// What the user should know although everything succeeded.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Makes the steps one after the other, then reads every rule back.
    ///
    /// # Errors
    /// [`ApplyError`]; [`Work::outcomes`] shows how far it got.
    pub async fn carry_out<M: ResourceManager>(
        &mut self,
        manager: &mut M,
        mut live: LiveGroup,
    ) -> Result<(), ApplyError<M::Error>> {
        for index in 0..self.steps.len() {
            if index > 0 {
                // Each write gives the whole group another version.
                live = manager.group().await.map_err(failed)?;
            }
            self.make(manager, index, &live).await?;
        }
        // Azure said that the writes are done; the rules must show it.
        for index in 0..self.steps.len() {
            self.read_back(manager, index).await?;
        }
        Ok(())
    }

    /// Reads a rule that Azure called written: it must be as planned, and in force.
    async fn read_back<M: ResourceManager>(
        &mut self,
        manager: &mut M,
        index: usize,
    ) -> Result<(), ApplyError<M::Error>> {
        let step = &self.steps[index];
        for look in 0..MOST_LOOKS {
            if look > 0 {
                manager.pause(FIRST_PAUSE * 2u32.pow(look - 1)).await;
            }
            let rule = manager.rule(&step.name).await.map_err(failed)?;
            let live = LiveGroup { rules: rule.into_iter().collect() };
            let rule = live.rule(&step.name);
            let is_added_to = || {
                let written = step.after.as_ref();
                rule.zip(written).is_some_and(|(rule, written)| rule.properties.holds(written))
            };
            if drift(&live, step, self.steps) != Drift::AsPlanned && !is_added_to() {
                let found = "it is not as planned".to_owned();
                self.outcomes[index] = StepOutcome::Undecided { found };
                return Err(ApplyError::ShownOtherwise(step.name.clone()));
            }
            match rule.map_or(IN_FORCE, LiveRule::provisioning) {
                IN_FORCE => return Ok(()),
                NOT_IN_FORCE => {
                    self.outcomes[index] = StepOutcome::NotDone;
                    let (name, state) = (step.name.clone(), "could not put it into force");
                    return Err(ApplyError::NotInForce { name, state });
                }
                _ => {}
            }
        }
        let found = "it is accepted and not in force yet".to_owned();
        self.outcomes[index] = StepOutcome::Undecided { found };
        let (name, state) = (step.name.clone(), "has not put it into force yet");
        Err(ApplyError::NotInForce { name, state })
    }

    /// Makes one step, where the rule is as it was when the step was planned.
    async fn make<M: ResourceManager>(
        &mut self,
        manager: &mut M,
        index: usize,
        live: &LiveGroup,
    ) -> Result<(), ApplyError<M::Error>> {
        let step = &self.steps[index];
        let mut reread;
        let mut live = live;
        let mut refused_version: Option<String> = None;
        for _ in 0..MOST_ROUNDS {
            let is_failed = live.rule(&step.name).is_some_and(LiveRule::is_failed);
            match drift(live, step, self.steps) {
                // What Azure could not put into force is written once more.
                Drift::AsPlanned if is_failed => {}
                Drift::AsPlanned => {
                    self.outcomes[index] = StepOutcome::Done;
                    return Ok(());
                }
                Drift::AsBefore => {}
                Drift::Drifted(refusal) => return Err(ApplyError::Refused(refusal)),
            }
            let version = live.rule(&step.name).and_then(|rule| rule.etag.clone());
            // A service that compares versions strictly never finds a weak one equal (RFC 9110
            // §8.8.3.2). The same version twice says that nothing changed: it was just compared.
            let required = version.as_deref().filter(|_| version != refused_version);
            // An interruption from here on leaves the outcome unknown.
            let found = "it was interrupted, and nobody looked".to_owned();
            self.outcomes[index] = StepOutcome::Undecided { found };
            match send(manager, step, required).await {
                Ok(WriteOutcome::Done) => {
                    self.outcomes[index] = StepOutcome::Done;
                    return Ok(());
                }
                Ok(WriteOutcome::Overtaken) => {
                    self.outcomes[index] = StepOutcome::NotDone;
                    refused_version = version.clone();
                }
                Err(error) => match M::fate(&error) {
                    WriteFate::Refused => {
                        self.outcomes[index] = StepOutcome::NotDone;
                        return Err(failed(error));
                    }
                    fate @ (WriteFate::Doubtful | WriteFate::Unknown) => {
                        return self.look(manager, index, fate, error).await;
                    }
                },
            }
            reread = manager.group().await.map_err(failed)?;
            live = &reread;
        }
        Err(ApplyError::Crowded(step.name.clone()))
    }

    /// Reads the rule after a write without a clear answer, and decides by that.
    async fn look<M: ResourceManager>(
        &mut self,
        manager: &mut M,
        index: usize,
        fate: WriteFate,
        error: M::Error,
    ) -> Result<(), ApplyError<M::Error>> {
        let name = &self.steps[index].name;
        let mut found = "the group could not be read";
        for look in 0..MOST_LOOKS {
            if look > 0 {
                manager.pause(FIRST_PAUSE * 2u32.pow(look - 1)).await;
            }
            let Ok(live) = manager.group().await else { break };
            let state = live.rule(name).map_or(IN_FORCE, LiveRule::provisioning);
            match drift(&live, &self.steps[index], self.steps) {
                Drift::AsPlanned if state == IN_FORCE => {
                    self.notes.push(format!("{error}; read back, {name} is as planned"));
                    self.outcomes[index] = StepOutcome::Done;
                    return Ok(());
                }
                Drift::AsPlanned if state == NOT_IN_FORCE => {
                    self.outcomes[index] = StepOutcome::NotDone;
                    let state = format!("Azure could not put {name} into force");
                    return Err(ApplyError::Failed { state: Some(state), error });
                }
                Drift::AsPlanned => found = "it is accepted and not in force yet",
                Drift::AsBefore if fate == WriteFate::Doubtful => {
                    self.outcomes[index] = StepOutcome::NotDone;
                    let state = format!("{name} is as it was");
                    return Err(ApplyError::Failed { state: Some(state), error });
                }
                // The write may still be on its way.
                Drift::AsBefore => found = "it is as it was",
                Drift::Drifted(refusal) => {
                    self.outcomes[index] = StepOutcome::NotDone;
                    return Err(ApplyError::Refused(refusal));
                }
            }
        }
        self.outcomes[index] = StepOutcome::Undecided { found: found.to_owned() };
        let state =
            format!("whether {name} will be written is not known; when last looked, {found}");
        Err(ApplyError::Failed { state: Some(state), error })
    }
}

async fn send<M: ResourceManager>(
    manager: &mut M,
    step: &RuleStep,
    version: Option<&str>,
) -> Result<WriteOutcome, M::Error> {
    let condition = match version {
        Some(version) => WriteCondition::Version(version),
        None if step.before.is_none() => WriteCondition::Absent,
        None => WriteCondition::None,
    };
    match &step.after {
        Some(properties) => manager.put(&step.name, properties, condition).await,
        None => manager.delete(&step.name, condition).await,
    }
}

const fn failed<E: std::error::Error>(error: E) -> ApplyError<E> {
    ApplyError::Failed { state: None, error }
}

#[cfg(test)]
mod tests;
