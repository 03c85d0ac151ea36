//! Making changes: rule by rule, each read before it is written and read back after. Resource
//! Manager stands behind [`ResourceManager`], so that every way in which two writers meet and an
//! answer is lost can be tried without a network.

use std::time::Duration;

use super::MARKER;
use super::document::{RuleAction, RuleChange};
use super::guard::GuardRefusal;
use super::live::{LiveGroup, LiveRule};
use super::rule::RuleProperties;

/// How often a write is tried against a group that others change.
const MOST_ROUNDS: usize = 4;
/// How often a rule is looked at after a write without a clear answer.
const MOST_LOOKS: u32 = 5;
/// Before the second look; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Resource Manager, as far as one group's rules need it.
pub trait ResourceManager {
    /// Why something was not done.
    type Error: std::error::Error;

    /// The whole group.
    fn group(&mut self) -> impl Future<Output = Result<LiveGroup, Self::Error>>;

    /// One rule, where it is there.
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

    /// What is known of a write that ended with this error.
    fn fate(error: &Self::Error) -> WriteFate;

    /// Waits.
    fn pause(&mut self, time: Duration) -> impl Future<Output = ()>;
}

/// What a write requires of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteCondition<'a> {
    /// Nothing.
    None,
    /// This version of the rule.
    Version(&'a str),
    /// No rule of the name.
    Absent,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Azure says that it is done.
    Done,
    /// What was required is not what is there.
    Overtaken,
}

/// What is known of a write that ended with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFate {
    /// It was refused: nothing was written.
    Refused,
    /// Azure answered that it could not: what is there says whether it did.
    Doubtful,
    /// There was no answer, or no end of it: it may still be carried out.
    Unknown,
}

/// A rule as it is, and as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleStep {
    /// Its name.
    pub name: String,
    /// Its properties now; `None` where it is not there.
    pub before: Option<RuleProperties>,
    /// Its properties then; `None` where it goes.
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
    /// What is done with the rule.
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

/// Another rule that has the priority and keeps it: a foreign one, or pathproof's own of another
/// name.
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
    /// It is in force.
    Done,
    /// It was not made.
    NotDone,
    /// It was sent, and how it ended could not be followed.
    Undecided {
        /// What was found when the rule was looked at.
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

/// Why it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError<E: std::error::Error> {
    /// A guard: the rule is not what it was.
    #[error("{0}")]
    Refused(GuardRefusal),
    /// Resource Manager, with what the rule is like now.
    #[error("{}{error}", .state.as_ref().map_or_else(String::new, |state| format!("{state}: ")))]
    Failed {
        /// What was found.
        state: Option<String>,
        /// What it said. Not a source: its words are part of the message.
        error: E,
    },
    /// Written and read back as something else.
    #[error(
        "Azure said that {0} is done, and shows it otherwise: someone else may have changed it in \
         between"
    )]
    ShownOtherwise(String),
    /// Others write all the time.
    #[error("{0}: the group is being changed by someone else all the time: try again later")]
    Crowded(String),
}

/// Changes that are being made. What became of each is known at any time, so that whoever
/// interrupts them can be told.
#[derive(Debug)]
pub struct Work<'a> {
    steps: &'a [RuleStep],
    outcomes: Vec<StepOutcome>,
    /// What whoever runs it should hear although it went well.
    notes: Vec<String>,
}

impl<'a> Work<'a> {
    /// None of `steps` is done yet.
    #[must_use]
    pub fn new(steps: &'a [RuleStep]) -> Self {
        Self { steps, outcomes: vec![StepOutcome::NotDone; steps.len()], notes: Vec::new() }
    }

    /// Each step with what became of it.
    pub fn outcomes(&self) -> impl Iterator<Item = (&RuleStep, &StepOutcome)> {
        self.steps.iter().zip(&self.outcomes)
    }

    /// What whoever runs it should hear although it went well.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Makes the steps one after the other, and reads them back.
    ///
    /// # Errors
    /// [`ApplyError`], with the outcomes as they are then.
    pub async fn carry_out<M: ResourceManager>(
        &mut self,
        manager: &mut M,
        mut live: LiveGroup,
    ) -> Result<(), ApplyError<M::Error>> {
        for place in 0..self.steps.len() {
            if place > 0 {
                // Each write gives the whole group another version.
                live = manager.group().await.map_err(failed)?;
            }
            self.make(manager, place, &live).await?;
        }
        // Azure said that it is done; now it must show it.
        for (step, outcome) in self.steps.iter().zip(&mut self.outcomes) {
            let rule = manager.rule(&step.name).await.map_err(failed)?;
            let live = LiveGroup { rules: rule.into_iter().collect() };
            let is_added_to = || {
                let written = step.after.as_ref();
                live.rule(&step.name)
                    .zip(written)
                    .is_some_and(|(rule, written)| rule.properties.holds(written))
            };
            if drift(&live, step, self.steps) != Drift::AsPlanned && !is_added_to() {
                *outcome = StepOutcome::Undecided { found: "it is not as planned".to_owned() };
                return Err(ApplyError::ShownOtherwise(step.name.clone()));
            }
        }
        Ok(())
    }

    /// Makes one step, where the rule stands as it did when the step was planned.
    async fn make<M: ResourceManager>(
        &mut self,
        manager: &mut M,
        place: usize,
        live: &LiveGroup,
    ) -> Result<(), ApplyError<M::Error>> {
        let step = &self.steps[place];
        let mut reread;
        let mut live = live;
        let mut refused_version: Option<String> = None;
        for _ in 0..MOST_ROUNDS {
            match drift(live, step, self.steps) {
                Drift::AsPlanned => {
                    self.outcomes[place] = StepOutcome::Done;
                    return Ok(());
                }
                Drift::AsBefore => {}
                Drift::Drifted(refusal) => return Err(ApplyError::Refused(refusal)),
            }
            let version = live.rule(&step.name).and_then(|rule| rule.etag.clone());
            // A service that compares versions strictly never finds a weak one equal (RFC 9110
            // §8.8.3.2). The same version twice says that nothing changed: it was just compared.
            let required = version.as_deref().filter(|_| version != refused_version);
            // Whoever interrupts here cannot know more.
            let found = "it was interrupted, and nobody looked".to_owned();
            self.outcomes[place] = StepOutcome::Undecided { found };
            match send(manager, step, required).await {
                Ok(WriteOutcome::Done) => {
                    self.outcomes[place] = StepOutcome::Done;
                    return Ok(());
                }
                Ok(WriteOutcome::Overtaken) => {
                    self.outcomes[place] = StepOutcome::NotDone;
                    refused_version = version.clone();
                }
                Err(error) => match M::fate(&error) {
                    WriteFate::Refused => {
                        self.outcomes[place] = StepOutcome::NotDone;
                        return Err(failed(error));
                    }
                    fate @ (WriteFate::Doubtful | WriteFate::Unknown) => {
                        return self.look(manager, place, fate, error).await;
                    }
                },
            }
            reread = manager.group().await.map_err(failed)?;
            live = &reread;
        }
        Err(ApplyError::Crowded(step.name.clone()))
    }

    /// After a write without a clear answer: what is there decides.
    async fn look<M: ResourceManager>(
        &mut self,
        manager: &mut M,
        place: usize,
        fate: WriteFate,
        error: M::Error,
    ) -> Result<(), ApplyError<M::Error>> {
        let name = &self.steps[place].name;
        let mut found = "the group could not be read";
        for look in 0..MOST_LOOKS {
            if look > 0 {
                manager.pause(FIRST_PAUSE * 2u32.pow(look - 1)).await;
            }
            let Ok(live) = manager.group().await else { break };
            let state = live.rule(name).and_then(|rule| rule.state.clone());
            let state = state.as_deref().unwrap_or("Succeeded");
            match drift(&live, &self.steps[place], self.steps) {
                Drift::AsPlanned if state == "Succeeded" => {
                    self.notes.push(format!("{error}; read back, {name} is as planned"));
                    self.outcomes[place] = StepOutcome::Done;
                    return Ok(());
                }
                Drift::AsPlanned if state == "Failed" => {
                    self.outcomes[place] = StepOutcome::NotDone;
                    let state = format!("Azure could not put {name} into force");
                    return Err(ApplyError::Failed { state: Some(state), error });
                }
                Drift::AsPlanned => found = "it is accepted and not in force yet",
                Drift::AsBefore if fate == WriteFate::Doubtful => {
                    self.outcomes[place] = StepOutcome::NotDone;
                    let state = format!("{name} is as it was");
                    return Err(ApplyError::Failed { state: Some(state), error });
                }
                // It may still be on its way.
                Drift::AsBefore => found = "it is as it was",
                Drift::Drifted(refusal) => {
                    self.outcomes[place] = StepOutcome::NotDone;
                    return Err(ApplyError::Refused(refusal));
                }
            }
        }
        self.outcomes[place] = StepOutcome::Undecided { found: found.to_owned() };
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
