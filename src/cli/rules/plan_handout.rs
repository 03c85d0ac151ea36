//! A plan as a page for those who approve it: what changes property by property, what stays out
//! and why, which guards were asked, who has to agree, and how it is undone.

use crate::model::Status;
use crate::nsg_rules::{
    LeftOut, PlanState, PrefixReason, RuleAction, RuleChange, RuleDocument, RulePlan,
    RuleProperties, conclusion, property_lines,
};
use crate::report::handout::{Handout, HandoutSection};

/// What a group means where the plan was made from a file.
const OF_A_FILE: &str = "the group of the file";

pub(super) fn handout(plan: &RulePlan) -> Handout {
    let group = plan.nsg.as_deref().unwrap_or(OF_A_FILE);
    let status = match plan.state() {
        PlanState::Refused => Status::Fail,
        PlanState::Pending => Status::Warn,
        PlanState::Unchanged => Status::Pass,
    };
    let changes = plan.changes.iter().flat_map(|change| change_sections(plan, change));
    let sections = changes
        .chain([left_out(plan), notes(plan), guards(plan), approval(plan), undoing(plan)])
        .chain(plan.rules.iter().map(whole_rule))
        .filter(|section| !section.is_empty())
        .collect();
    Handout {
        status,
        headline: format!("{} in {group}. {}", plan.rule_name, conclusion(plan)),
        lines: vec![made(plan)],
        sections,
        from: format!("{} {} rules plan", plan.tool.name, plan.tool.version),
    }
}

fn made(plan: &RulePlan) -> String {
    let job = plan.job.as_ref().map_or_else(String::new, |job| format!(" for the job {job}"));
    let signed = match (&plan.arm_endpoint, &plan.credential) {
        (Some(endpoint), Some(kind)) => {
            format!(" The group was read from {endpoint}, signed in by {kind}.")
        }
        _ => " The group was read from a file.".to_owned(),
    };
    let made_at = plan.made_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("Made at {made_at}{job}.{signed}")
}

/// The properties of one change, then its prefixes.
fn change_sections(plan: &RulePlan, change: &RuleChange) -> [HandoutSection; 2] {
    let heading = format!("Change: {} {}", change.action.as_str(), change.name);
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let mut properties =
        HandoutSection::of_table(&heading, &["Property", "Now", "Then"], rows(before, after));
    properties.lines.push(sentence(change));
    let added = change
        .add
        .iter()
        .map(|held| vec!["added".to_owned(), held.prefix.to_string(), held.why.clone()]);
    let removed = change.remove.iter().map(|removed| {
        let why = match &removed.last_seen {
            Some(day) => format!("last seen {day}"),
            None => "not remembered".to_owned(),
        };
        vec!["removed".to_owned(), removed.prefix.to_string(), why]
    });
    let mut prefixes = HandoutSection::of_table(
        &format!("Prefixes of {}", change.name),
        &["Change", "Prefix", "Why"],
        removed.chain(added).collect(),
    );
    let rule = plan.rules.iter().find(|rule| change.is_of(&rule.name));
    let n_same = rule.map_or(0, |rule| rule.prefixes.len().saturating_sub(change.add.len()));
    if n_same > 0 {
        prefixes.lines.push(format!("Prefixes that stay: {n_same}."));
    }
    [properties, prefixes]
}

fn sentence(change: &RuleChange) -> String {
    let (n_added, n_removed) = (change.add.len(), change.remove.len());
    let what = match change.action {
        RuleAction::Create => "A new rule",
        RuleAction::Update => "A rule that is there gets other properties",
        RuleAction::Delete => "A rule goes",
    };
    format!("{what}. Prefixes added: {n_added}; removed: {n_removed}.")
}

/// Every property that changes; of a rule that is new or goes, each.
fn rows(before: Option<&RuleProperties>, after: Option<&RuleProperties>) -> Vec<Vec<String>> {
    let shown = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let of = |properties: Option<&RuleProperties>| properties.map(property_lines);
    let (before, after) = (of(before), of(after));
    let Some(either) = after.as_ref().or(before.as_ref()) else { return Vec::new() };
    let mut rows = Vec::new();
    for (at, (name, _)) in either.iter().enumerate() {
        let value = |lines: &Option<[(&str, String); 10]>| {
            lines.as_ref().map_or_else(|| "-".to_owned(), |lines| shown(lines[at].1.clone()))
        };
        let (now, then) = (value(&before), value(&after));
        if now != then {
            rows.push(vec![(*name).to_owned(), now, then]);
        }
    }
    rows
}

fn left_out(plan: &RulePlan) -> HandoutSection {
    let row = |one: &LeftOut| {
        let address = one.address.clone().unwrap_or_else(|| "-".to_owned());
        vec![one.name.clone(), address, one.reason.words().to_owned()]
    };
    HandoutSection::of_table(
        "Left out of the rules, and why",
        &["Name", "Address", "Reason"],
        plan.left_out.iter().map(row).collect(),
    )
}

fn notes(plan: &RulePlan) -> HandoutSection {
    HandoutSection::of_lines("To know before it is approved", plan.notes.iter().cloned())
}

fn guards(plan: &RulePlan) -> HandoutSection {
    let rows: Vec<_> = plan
        .refusals
        .iter()
        .map(|refusal| vec![refusal.guard.clone(), refusal.message.clone()])
        .collect();
    let asked = format!(
        "An address enters a rule only where it is {}, stays for {} after it was \
         last seen, and at most {} percent of the live addresses may go at once. Rules that \
         pathproof did not write are not touched.",
        match &*plan.proof {
            "tls" => "proven by TLS and inside the published ranges of the cloud",
            "resolved" => "resolved, and public",
            _ => "inside the published ranges of the cloud",
        },
        length_of_time(plan.keep_s),
        plan.max_shrink,
    );
    let came_to = if rows.is_empty() {
        "No guard refuses it. All of them are asked again before it is written."
    } else {
        "These guards refuse it: nothing may be written."
    };
    let mut section = HandoutSection::of_table("Guards", &["Guard", "Why it refuses"], rows);
    if section.rows.is_empty() {
        section.columns.clear();
    }
    section.lines = vec![came_to.to_owned(), asked];
    section
}

/// In the largest unit that says it whole.
fn length_of_time(seconds: u64) -> String {
    match seconds {
        days if days.is_multiple_of(86_400) => format!("{} days", days / 86_400),
        hours if hours.is_multiple_of(3_600) => format!("{} hours", hours / 3_600),
        seconds => format!("{seconds} seconds"),
    }
}

/// Who has to agree, beside whoever runs it.
fn approval(plan: &RulePlan) -> HandoutSection {
    if plan.changes.is_empty() && plan.refusals.is_empty() {
        return HandoutSection::default();
    }
    let group = plan.nsg.as_deref().unwrap_or(OF_A_FILE);
    let mut lines = vec![format!("Whoever owns {group} (the firewall team) approves the change.")];
    let is_refused_by = |guard: &str| plan.refusals.iter().any(|own| own.guard == guard);
    for (guard, who) in [
        (
            "name_taken",
            "Whoever wrote the rule of that name has to agree before --adopt takes it over.",
        ),
        (
            "changed_by_hand",
            "Whoever changed the rule by hand has to agree before --adopt undoes the change.",
        ),
        (
            "foreign_source",
            "The owner of the other job has to agree before --adopt takes its addresses out.",
        ),
        (
            "not_published",
            "Whoever answers for the names has to say whether the addresses are right: no published \
             range of the cloud holds them.",
        ),
    ] {
        if is_refused_by(guard) {
            lines.push(who.to_owned());
        }
    }
    HandoutSection::of_lines("Who has to approve it", lines)
}

fn undoing(plan: &RulePlan) -> HandoutSection {
    let lines: &[&str] = match (plan.state(), &plan.nsg) {
        (PlanState::Unchanged, _) => &[],
        (PlanState::Refused, _) => {
            &["Nothing may be written as it is: what the guards say comes first."]
        }
        (PlanState::Pending, None) => &[
            "This plan was made from a file, for no live group: plan with --nsg to have one that \
             can be applied.",
        ],
        (PlanState::Pending, Some(_)) => &[
            "Apply: pathproof rules apply PLAN (what rules plan --out saved). It writes only if \
             nothing changed since, refuses a plan that is older than a day, and reads back what \
             it wrote.",
            "Before the first write it saves a rollback file, rollback-GROUP-RULE-TIME.json.",
            "Undo: pathproof rules rollback FILE puts back every rule with its original \
             properties, as they are in the column Now.",
        ],
    };
    HandoutSection::of_lines("Applying and undoing it", lines.iter().map(|&line| line.to_owned()))
}

/// Every prefix of a rule as it will be, with its reason.
fn whole_rule(rule: &RuleDocument) -> HandoutSection {
    let row = |held: &PrefixReason| vec![held.prefix.to_string(), held.why.clone()];
    HandoutSection {
        is_folded: true,
        ..HandoutSection::of_table(
            &format!("The whole of {} as it will be", rule.name),
            &["Prefix", "Why"],
            rule.prefixes.iter().map(row).collect(),
        )
    }
}
