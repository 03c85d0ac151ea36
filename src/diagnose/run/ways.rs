//! Names that are configured for the wrong route together. A route that was measured and works is
//! said once, and first.

use std::collections::BTreeMap;

use super::judged::{JudgedRecord, SEVERAL};
use crate::diagnose::exception;
use crate::diagnose::finding::Draft;
use crate::diagnose::words::{list, own_addresses};
use crate::model::{
    Cause, Certainty, ExceptionKind, Finding, Owner, Record, Records, Route, Severity, Status,
    Verdict,
};

/// How many names a sentence holds.
const NAMED: usize = 4;

/// Whether another route is proven to be the right one.
pub(super) fn is_misrouted(verdict: &Verdict) -> bool {
    verdict.findings.iter().any(is_proven_route)
}

fn is_proven_route(finding: &Finding) -> bool {
    matches!(finding.cause, Cause::RouteProxyRequired | Cause::RouteDirectRequired)
        && finding.certainty == Certainty::Proven
}

/// One draft for several names that the same change of the route would fix.
pub(super) fn misrouted(records: &Records, judged: &[JudgedRecord<'_>]) -> Vec<Draft> {
    let mut groups: BTreeMap<(Cause, Owner), Vec<(JudgedRecord<'_>, &Finding)>> = BTreeMap::new();
    for one in judged.iter().filter(|(_, verdict)| verdict.counts) {
        if let Some(finding) = one.1.findings.iter().find(|finding| is_proven_route(finding)) {
            groups.entry((finding.cause, finding.owner)).or_default().push((*one, finding));
        }
    }
    let several = groups.into_iter().filter(|(_, group)| group.len() >= SEVERAL);
    several.map(|((cause, owner), group)| of_group(records, cause, owner, &group)).collect()
}

fn of_group(
    records: &Records,
    cause: Cause,
    owner: Owner,
    group: &[(JudgedRecord<'_>, &Finding)],
) -> Draft {
    let (first, _) = group[0].0;
    let names = list(group.iter().map(|((record, _), _)| record.endpoint.host_port()), NAMED);
    let n_names = group.len();
    let is_fail = group.iter().any(|((_, verdict), _)| verdict.status == Status::Fail);
    let (message, proxy) = if cause == Cause::RouteProxyRequired {
        let proxy = working_proxy(first).unwrap_or_else(|| "the proxy".to_owned());
        let message = format!(
            "{n_names} endpoints are configured to go direct, and only {proxy} leads there"
        );
        (message, proxy)
    } else {
        let proxy = first.route.proxy().map_or("the proxy".to_owned(), |one| one.url.to_string());
        let message =
            format!("{n_names} endpoints are configured to go by {proxy}, and only direct works");
        (message, proxy)
    };
    let draft = Draft::new(cause, message)
        .proven()
        .severity(if is_fail { Severity::Fail } else { Severity::Warn })
        .evidence(names.clone())
        .all_evidence(rules(group.iter().map(|((record, _), _)| *record)))
        .owner(owner)
        .fact("host", names)
        .fact("port", first.endpoint.port.to_string())
        .fact("from", own_addresses(&records.run))
        .fact("proxy", proxy)
        .fact("rule", &*first.route.why);
    match exception::of(first).filter(|_| cause == Cause::RouteProxyRequired) {
        Some(kind) => draft.template(exception::remedy(kind)),
        None => draft,
    }
}

/// The proxy by which a name that is configured direct was reached.
fn working_proxy(record: &Record) -> Option<String> {
    let mut ways = record.route.fallbacks.iter().chain(&record.route.alternate);
    ways.find_map(|way| match way {
        Route::Proxy(proxy) => Some(proxy.url.to_string()),
        Route::Direct => None,
    })
}

/// The rules that decided the route of the names, each once.
fn rules<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    for record in records {
        let line = format!("configured by: {}", record.route.why);
        if rules.len() < NAMED && !rules.contains(&line) {
            rules.push(line);
        }
    }
    rules
}

/// Without the rivals that a measurement ruled out for every endpoint in `asked`.
pub(super) fn without_measured_rivals(
    mut draft: Draft,
    cause: Cause,
    asked: &[&JudgedRecord<'_>],
) -> Draft {
    let own = || {
        let of_cause = |finding: &&Finding| finding.cause == cause;
        asked.iter().flat_map(move |(_, verdict)| verdict.findings.iter().filter(of_cause))
    };
    for rival in Cause::ALL {
        if draft.has_rival(*rival) && !own().any(|finding| finding.rivals.contains(rival)) {
            draft.rule_out(*rival);
        }
    }
    let by_proxy = |(record, _): &&JudgedRecord<'_>| match &record.route.alternate {
        Some(Route::Proxy(proxy)) => Some(proxy.url.clone()),
        Some(Route::Direct) | None => None,
    };
    let measured: Option<Vec<_>> = asked.iter().map(by_proxy).collect();
    match measured.as_deref() {
        Some([first, ..]) => {
            draft.evidence(format!("by {first}, measured beside it, none of them works either"))
        }
        _ => draft,
    }
}

/// The rules by which every name that is asked directly bypasses the proxy.
pub(super) struct BypassRules {
    kind: ExceptionKind,
    rule: String,
    rules: Vec<String>,
    proxy: String,
    names: String,
    total: usize,
    /// How many other names the proxy carries.
    carried: usize,
}

/// The rules, if every record in `asked` goes direct because of an exception from a proxy.
pub(super) fn all_by_bypass(
    records: &Records,
    judged: &[JudgedRecord<'_>],
    asked: &[&JudgedRecord<'_>],
) -> Option<BypassRules> {
    // Where the proxy was measured too, the findings of the endpoints say how it did.
    let is_open = |(record, _): &&&JudgedRecord<'_>| record.route.alternate.is_none();
    let asked: Vec<_> = asked.iter().filter(is_open).collect();
    let kinds: Option<Vec<ExceptionKind>> =
        asked.iter().map(|(record, _)| exception::of(record)).collect();
    let kind = *kinds?.first()?;
    let is_carried = |(record, verdict): &&JudgedRecord<'_>| {
        record.route.proxy().is_some() && matches!(verdict.status, Status::Pass | Status::Warn)
    };
    let url = records.run.vantage.proxy_url.as_deref();
    Some(BypassRules {
        kind,
        rule: asked[0].0.route.why.clone(),
        rules: rules(asked.iter().map(|(record, _)| *record)),
        proxy: url.map_or("the proxy".to_owned(), |url| format!("the proxy {url}")),
        names: list(asked.iter().map(|(record, _)| record.endpoint.host_port()), NAMED),
        total: asked.len(),
        carried: judged.iter().filter(is_carried).count(),
    })
}

impl BypassRules {
    pub(super) fn describe(self, mut draft: Draft) -> Draft {
        let Self { kind, rule, rules, proxy, names, total, carried } = self;
        draft.set_message(format!(
            "{total} endpoints are sent past {proxy}, and none of them accepts a direct connection"
        ));
        let carries = match carried {
            0 => String::new(),
            1 => format!(" {proxy} carries the other name."),
            n_names => format!(" {proxy} carries the {n_names} other names."),
        };
        let carries = carries.replacen(" the proxy", " The proxy", 1);
        draft.all_evidence(rules).owner(exception::owner(kind)).remedy(format!(
            "Take what sends {names} past {proxy} out of its place: {rule}.{carries} Only if they \
             are meant to go direct, open the firewall, NSG or route between this host and the \
             internet."
        ))
    }
}
