#![expect(clippy::disallowed_methods, reason = "a test that hangs ends")]

use std::fmt;

use serde_json::json;

use super::*;

/// What happens to the next write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meets {
    /// It is written, and said to be.
    Nothing,
    /// Somebody changes the rule between our reading and our write.
    TheirChange,
    /// Somebody removes the rule between our reading and our write.
    TheirRemoval,
    /// Somebody writes just what we were about to write.
    TheSameChange,
    /// Somebody changes another rule of the group, which gives the whole group another version.
    AnotherRule,
    /// The service never finds a weak version equal.
    StrictVersions,
    /// It is written, and the answer is lost.
    LostAnswer,
    /// It never arrives.
    LostRequest,
    /// It is written after we looked twice.
    LandsLate,
    /// It is accepted and never in force.
    NeverSettles,
    /// It is accepted, and Azure fails to put it into force.
    FailsLater,
    /// It is said to be done, and Azure failed to put it into force.
    DoneAndFailed,
    /// It is said to be done, and never in force.
    DoneAndNeverSettles,
    /// Azure answers that it is in trouble, and wrote it all the same.
    TroubleWritten,
    /// Azure answers that it is in trouble, and did not write it.
    Trouble,
    /// Azure refuses it: another rule has its priority.
    Conflict,
    /// The answer is lost, and nothing can be read any more.
    Blind,
    /// Somebody else's change lands after our answer was lost.
    LostThenTheirs,
    /// It is written, and another job adds its own address before it is read back.
    AnotherJobAdds,
    /// It is said to be done, and is not.
    Lie,
    /// Somebody changes another rule each time.
    AlwaysAnotherRule,
}

#[derive(Debug)]
struct Broken(WriteFate);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Broken {}

/// A group that something happens to.
struct Fake {
    group: LiveGroup,
    version: u32,
    meets: Meets,
    n_reads_since: u32,
    pending: Option<(String, Option<RuleProperties>)>,
    is_blind: bool,
    n_writes: u32,
}

fn properties(addresses: &[&str]) -> RuleProperties {
    json!({"description": MARKER, "priority": 200, "access": "Allow", "direction": "Outbound",
        "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefixes": addresses, "destinationPortRange": "443"})
    .into()
}

impl Fake {
    fn new(before: Option<&RuleProperties>, meets: Meets) -> Self {
        let mut fake = Self {
            group: LiveGroup::default(),
            version: 0,
            meets,
            n_reads_since: 0,
            pending: None,
            is_blind: false,
            n_writes: 0,
        };
        fake.set("Relay", before.cloned());
        fake
    }

    /// Every change gives every rule of the group another version.
    fn set(&mut self, name: &str, properties: Option<RuleProperties>) {
        self.version += 1;
        self.group.rules.retain(|rule| rule.name != name);
        if let Some(properties) = properties {
            let (name, state) = (name.to_owned(), Some("Succeeded".to_owned()));
            self.group.rules.push(LiveRule { name, etag: None, state, properties });
        }
        for rule in &mut self.group.rules {
            rule.etag = Some(format!("W/{}", self.version));
        }
    }

    fn settle(&mut self, name: &str, state: &str) {
        for rule in self.group.rules.iter_mut().filter(|rule| rule.name == name) {
            rule.state = Some(state.to_owned());
        }
    }

    fn write(
        &mut self,
        name: &str,
        properties: Option<RuleProperties>,
        condition: WriteCondition<'_>,
    ) -> Result<WriteOutcome, Broken> {
        use Meets::*;
        self.n_writes += 1;
        let meets = self.meets;
        if !matches!(meets, AlwaysAnotherRule | StrictVersions) {
            self.meets = Nothing;
        }
        match meets {
            TheirChange => self.set(name, Some(self::properties(&["13.69.0.9/32"]))),
            TheirRemoval => self.set(name, None),
            TheSameChange => self.set(name, properties.clone()),
            AnotherRule | AlwaysAnotherRule => self.set("Other", None),
            _ => {}
        }
        let live = self.group.rule(name);
        let version = live.and_then(|rule| rule.etag.as_deref());
        let is_required = match condition {
            WriteCondition::None => true,
            WriteCondition::Version(required) => {
                version == Some(required) && meets != StrictVersions
            }
            WriteCondition::Absent => live.is_none(),
        };
        if !is_required {
            return Ok(WriteOutcome::Overtaken);
        }
        let unknown = Err(Broken(WriteFate::Unknown));
        match meets {
            LostRequest => return unknown,
            LandsLate => {
                self.pending = Some((name.to_owned(), properties));
                return unknown;
            }
            Trouble => return Err(Broken(WriteFate::Doubtful)),
            Conflict => return Err(Broken(WriteFate::Refused)),
            Blind => {
                self.is_blind = true;
                return unknown;
            }
            Lie => return Ok(WriteOutcome::Done),
            _ => {}
        }
        self.set(name, properties);
        match meets {
            LostAnswer => unknown,
            NeverSettles => {
                self.settle(name, "Updating");
                unknown
            }
            FailsLater => {
                self.settle(name, "Failed");
                unknown
            }
            DoneAndFailed | DoneAndNeverSettles => {
                self.settle(name, if meets == DoneAndFailed { "Failed" } else { "Updating" });
                Ok(WriteOutcome::Done)
            }
            TroubleWritten => Err(Broken(WriteFate::Doubtful)),
            LostThenTheirs => {
                self.set(name, Some(self::properties(&["13.69.0.9/32"])));
                unknown
            }
            AnotherJobAdds => {
                self.set(name, Some(self::properties(&["13.69.0.2/32", "13.69.0.9/32"])));
                Ok(WriteOutcome::Done)
            }
            _ => Ok(WriteOutcome::Done),
        }
    }
}

impl ResourceManager for Fake {
    type Error = Broken;

    async fn group(&mut self) -> Result<LiveGroup, Broken> {
        if self.is_blind {
            return Err(Broken(WriteFate::Unknown));
        }
        self.n_reads_since += 1;
        if self.n_reads_since >= 3
            && let Some((name, properties)) = self.pending.take()
        {
            self.set(&name, properties);
        }
        Ok(self.group.clone())
    }

    async fn rule(&mut self, name: &str) -> Result<Option<LiveRule>, Broken> {
        Ok(self.group.rule(name).cloned())
    }

    async fn put(
        &mut self,
        name: &str,
        properties: &RuleProperties,
        condition: WriteCondition<'_>,
    ) -> Result<WriteOutcome, Broken> {
        self.write(name, Some(properties.clone()), condition)
    }

    async fn delete(
        &mut self,
        name: &str,
        condition: WriteCondition<'_>,
    ) -> Result<WriteOutcome, Broken> {
        self.write(name, None, condition)
    }

    fn fate(error: &Broken) -> WriteFate {
        error.0
    }

    async fn pause(&mut self, _: Duration) {}
}

/// How a run of one step ends: the outcome, what stopped it, and what the rule then holds.
async fn run(
    before: Option<&RuleProperties>,
    after: Option<&RuleProperties>,
    meets: Meets,
) -> String {
    let steps =
        [RuleStep { name: "Relay".to_owned(), before: before.cloned(), after: after.cloned() }];
    let mut fake = Fake::new(before, meets);
    let live = fake.group.clone();
    let mut work = Work::new(&steps);
    let stopped = match work.carry_out(&mut fake, live).await {
        Ok(()) => "ok",
        Err(ApplyError::Refused(_)) => "refused",
        Err(ApplyError::Failed { .. }) => "failed",
        Err(ApplyError::ShownOtherwise(_)) => "otherwise",
        Err(ApplyError::NotInForce { .. }) => "inert",
        Err(ApplyError::Crowded(_)) => "crowded",
    };
    let outcome = work.outcomes().next().unwrap().1.as_str();
    let is = |properties: Option<&RuleProperties>| {
        fake.group.rule("Relay").map(|rule| &rule.properties) == properties
    };
    let holds = match () {
        () if is(after) => "new",
        () if is(before) => "old",
        () => "theirs",
    };
    assert!(fake.n_writes <= 4, "bounded");
    format!("{outcome} {stopped} {holds}")
}

#[tokio::test]
async fn every_way_in_which_a_write_meets_another_or_loses_its_answer() {
    use Meets::*;
    let (old, new) = (properties(&["13.69.0.1/32"]), properties(&["13.69.0.2/32"]));
    // What becomes of an update, of a creation, and of a removal.
    for (meets, update, create, delete) in [
        (Nothing, "done ok new", "done ok new", "done ok new"),
        (
            TheirChange,
            "not_done refused theirs",
            "not_done refused theirs",
            "not_done refused theirs",
        ),
        (TheirRemoval, "not_done refused theirs", "done ok new", "done ok new"),
        (TheSameChange, "done ok new", "done ok new", "done ok new"),
        (AnotherRule, "done ok new", "done ok new", "done ok new"),
        (StrictVersions, "done ok new", "done ok new", "done ok new"),
        (LostAnswer, "done ok new", "done ok new", "done ok new"),
        (LostRequest, "undecided failed old", "undecided failed old", "undecided failed old"),
        (LandsLate, "done ok new", "done ok new", "done ok new"),
        (NeverSettles, "undecided failed new", "undecided failed new", "done ok new"),
        (FailsLater, "not_done failed new", "not_done failed new", "done ok new"),
        (DoneAndFailed, "not_done inert new", "not_done inert new", "done ok new"),
        (DoneAndNeverSettles, "undecided inert new", "undecided inert new", "done ok new"),
        (TroubleWritten, "done ok new", "done ok new", "done ok new"),
        (Trouble, "not_done failed old", "not_done failed old", "not_done failed old"),
        (Conflict, "not_done failed old", "not_done failed old", "not_done failed old"),
        (Blind, "undecided failed old", "undecided failed old", "undecided failed old"),
        (
            LostThenTheirs,
            "not_done refused theirs",
            "not_done refused theirs",
            "not_done refused theirs",
        ),
        (AnotherJobAdds, "done ok theirs", "done ok theirs", "undecided otherwise theirs"),
        (Lie, "undecided otherwise old", "undecided otherwise old", "undecided otherwise old"),
        (AlwaysAnotherRule, "not_done crowded old", "done ok new", "not_done crowded old"),
    ] {
        assert_eq!(run(Some(&old), Some(&new), meets).await, update, "update, {meets:?}");
        assert_eq!(run(None, Some(&new), meets).await, create, "create, {meets:?}");
        assert_eq!(run(Some(&old), None, meets).await, delete, "delete, {meets:?}");
    }
}

#[tokio::test]
async fn what_azure_could_not_put_into_force_is_written_again() {
    let (old, new) = (properties(&["13.69.0.1/32"]), properties(&["13.69.0.2/32"]));
    let name = "Relay".to_owned();
    let steps = [RuleStep { name, before: Some(old), after: Some(new.clone()) }];
    for (state, n_writes) in [("Succeeded", 0), ("Failed", 1)] {
        let mut fake = Fake::new(Some(&new), Meets::Nothing);
        fake.settle("Relay", state);
        let live = fake.group.clone();
        let mut work = Work::new(&steps);
        work.carry_out(&mut fake, live).await.unwrap();
        assert_eq!(work.outcomes().next().unwrap().1, &StepOutcome::Done);
        assert_eq!(fake.n_writes, n_writes, "{state}");
    }
}

#[tokio::test]
async fn what_is_under_way_when_it_is_interrupted_is_undecided() {
    /// Never answers a write.
    struct Silent(Fake);
    impl ResourceManager for Silent {
        type Error = Broken;
        async fn group(&mut self) -> Result<LiveGroup, Broken> {
            self.0.group().await
        }
        async fn rule(&mut self, name: &str) -> Result<Option<LiveRule>, Broken> {
            self.0.rule(name).await
        }
        async fn put(
            &mut self,
            name: &str,
            properties: &RuleProperties,
            condition: WriteCondition<'_>,
        ) -> Result<WriteOutcome, Broken> {
            if name == "Relay-2" {
                std::future::pending::<()>().await;
            }
            self.0.put(name, properties, condition).await
        }
        async fn delete(
            &mut self,
            name: &str,
            _: WriteCondition<'_>,
        ) -> Result<WriteOutcome, Broken> {
            unreachable!("{name} stays")
        }
        fn fate(error: &Broken) -> WriteFate {
            error.0
        }
        async fn pause(&mut self, _: Duration) {}
    }
    let steps: Vec<RuleStep> = ["Relay", "Relay-2", "Relay-3"]
        .into_iter()
        .zip(200u16..)
        .map(|(name, priority)| {
            let mut json = properties(&["13.69.0.2/32"]).json().clone();
            json["priority"] = json!(priority);
            RuleStep { name: name.to_owned(), before: None, after: Some(json.into()) }
        })
        .collect();
    let mut silent = Silent(Fake::new(None, Meets::Nothing));
    let mut work = Work::new(&steps);
    let under_way = work.carry_out(&mut silent, LiveGroup::default());
    let ended = tokio::time::timeout(Duration::from_millis(50), under_way).await;
    assert!(ended.is_err());
    let words: Vec<_> = work.outcomes().map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!(words, ["done", "undecided", "not_done"]);
}

#[test]
fn a_priority_that_another_rule_keeps_is_taken_whoever_wrote_it() {
    let step = |name: &str, priority: u16| {
        let mut json = properties(&["13.69.0.2/32"]).json().clone();
        json["priority"] = json!(priority);
        RuleStep { name: name.to_owned(), before: None, after: Some(json.into()) }
    };
    let mut fake = Fake::new(None, Meets::Nothing);
    fake.set("Another-Job", Some(properties(&["13.69.0.1/32"])));
    let steps = [step("Relay", 200)];
    let taken = Drift::Drifted(GuardRefusal::PriorityTaken {
        priority: 200,
        by: "Another-Job".to_owned(),
        free: None,
    });
    assert_eq!(drift(&fake.group, &steps[0], &steps), taken);
    // A rule that moves on its own account makes room.
    let steps = [step("Relay", 200), step("another-job", 201)];
    assert_eq!(drift(&fake.group, &steps[0], &steps), Drift::AsBefore);
}
