//! What was seen, folded: of the run, of each endpoint that is not as expected with every step, and
//! of the others in one table.

use std::io::{self, Write};

use super::super::step_words;
use super::super::wording::{sighted, utc};
use super::inert::{cell, code, html, inline};
use super::{word, write_items};
use crate::diagnose::catalogue;
use crate::model::{Cause, Status};
use crate::report_v1::{Endpoint, Finding, Lookup, Report, Rung, Trail};

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let (passing, others): (Vec<&Endpoint>, Vec<&Endpoint>) =
        report.endpoints.iter().partition(|endpoint| endpoint.status == Status::Pass);
    writeln!(out, "## Evidence\n")?;
    if !report.findings.is_empty() {
        begin("The run as a whole", out)?;
        for finding in &report.findings {
            write_finding(finding, out)?;
        }
        end(out)?;
    }
    if let Some(runtime) = report.run.runtime.as_ref().filter(|it| !it.errors.is_empty()) {
        begin("The latest errors in the runtime's event log", out)?;
        let lines = runtime.errors.iter().map(|error| {
            let at = error.at.map(|at| format!("{}: ", utc(at))).unwrap_or_default();
            let meaning = error.explained.as_deref().map(|own| format!(" = {own}"));
            inline(&format!("{at}{}{}", error.text, meaning.unwrap_or_default()))
        });
        write_items(out, lines)?;
        end(out)?;
    }
    for endpoint in others {
        write_endpoint(endpoint, out)?;
    }
    if !passing.is_empty() {
        write_passing(&passing, out)?;
    }
    Ok(())
}

/// The blank line after the summary makes what follows Markdown again.
fn begin(summary: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<details><summary>{}</summary>\n", html(summary))
}

fn end(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "</details>\n")
}

fn write_endpoint(endpoint: &Endpoint, out: &mut impl Write) -> io::Result<()> {
    let cause = endpoint.cause.as_deref().unwrap_or_default();
    begin(&format!("{} {} {cause}", word(endpoint.status), endpoint.host_port()), out)?;
    let required = if endpoint.is_required() { "required" } else { "not required" };
    let route = &endpoint.route;
    let found = endpoint.discovered.as_ref().map(|it| format!(", found in {}", sighted(it)));
    let about = format!(
        "{}; entry {}, {required}{}; goes {} ({})",
        endpoint.purpose,
        endpoint.entry,
        found.unwrap_or_default(),
        route.configured,
        route.why
    );
    writeln!(out, "{}\n", inline(about.trim_start_matches("; ")))?;
    for finding in &endpoint.findings {
        write_finding(finding, out)?;
    }
    let mut steps = Vec::new();
    steps.extend(endpoint.lookups.iter().map(|one| looked_up(&endpoint.host, one)));
    for proxy in &endpoint.proxies {
        steps.extend(proxy.lookups.iter().map(|one| looked_up(&proxy.proxy, one)));
    }
    for trail in endpoint.trails.iter().chain(&endpoint.upgrade) {
        steps.push(went(trail));
    }
    steps.extend(followed_up(endpoint));
    if !steps.is_empty() {
        writeln!(out, "What was done, step by step:\n")?;
        write_items(out, steps.into_iter())?;
    }
    end(out)
}

/// What was asked again, each in a line with its steps.
fn followed_up(endpoint: &Endpoint) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(located) = &endpoint.located {
        let hops: Vec<String> = located.path.iter().map(step_words::hop).collect();
        steps.push(inline(&format!("{}: {}", step_words::located(located), hops.join("; "))));
    }
    for ladder in &endpoint.segments {
        let timed = |rung: &Rung| {
            format!("{} ({})", step_words::rung(rung), step_words::time(rung.took_ms))
        };
        let rungs: Vec<String> = ladder.rungs.iter().map(timed).collect();
        steps.push(inline(&format!("{}: {}", step_words::ladder(ladder), rungs.join("; "))));
    }
    for hello in &endpoint.old_hellos {
        let took = step_words::time(hello.took_ms);
        steps.push(inline(&format!("{} ({took})", step_words::old_hello(hello))));
    }
    for host in &endpoint.revocation {
        steps.push(inline(&step_words::revocation(host)));
        steps.extend(host.lookups.iter().map(|lookup| looked_up(&host.host, lookup)));
        steps.extend(host.trails.iter().map(went));
    }
    steps
}

fn write_finding(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "**{} {}** ({}): {}\n",
        finding.severity.as_str().to_uppercase(),
        code(&finding.cause),
        inline(&finding.certainty),
        inline(&finding.message)
    )?;
    write_items(out, finding.evidence.iter().map(|fact| inline(fact)))?;
    if finding.certainty != "proven" && !finding.rivals.is_empty() {
        writeln!(out, "It could also be:\n")?;
        let rivals = finding.rivals.iter().map(|rival| match Cause::parse(rival) {
            Some(cause) => {
                let words = catalogue::rival(cause);
                format!("{} {}: {}", code(rival), inline(words.phrase), inline(words.test))
            }
            None => code(rival),
        });
        write_items(out, rivals)?;
    }
    if let Some(other) = &finding.explained_by {
        writeln!(out, "It follows from {}.\n", code(other))?;
    }
    Ok(())
}

fn looked_up(name: &str, lookup: &Lookup) -> String {
    let mut chain: Vec<String> = Vec::new();
    for link in lookup.chain.iter().filter(|link| link.record_type == "CNAME") {
        chain.push(format!("{} is {}", link.name, link.data));
    }
    let chain = if chain.is_empty() { String::new() } else { format!("; {}", chain.join(", ")) };
    let words = step_words::lookup(lookup);
    let took = step_words::time(lookup.took_ms);
    inline(&format!("DNS: {name} asked of {}: {words}{chain}; {took}", lookup.resolver))
}

/// A connection, with each of its steps.
fn went(trail: &Trail) -> String {
    let to = trail.remote.map(|remote| format!(" to {remote}")).unwrap_or_default();
    let from = trail.local.map(|local| format!(" from {local}")).unwrap_or_default();
    let at = trail.at.map(|at| at.strftime(" at %H:%M:%S UTC").to_string()).unwrap_or_default();
    let steps: Vec<String> = trail
        .steps
        .iter()
        .map(|step| {
            let took = step_words::time(step.took_ms);
            format!("{}: {} ({took})", step_words::layer(&step.name), step_words::outcome(step))
        })
        .collect();
    inline(&format!("{}{to}{from}{at}: {}", trail.route, steps.join("; ")))
}

/// Each step of what passes stands in the JSON report.
fn write_passing(passing: &[&Endpoint], out: &mut impl Write) -> io::Result<()> {
    begin(&format!("{} pass", super::counted(passing.len(), "endpoint")), out)?;
    writeln!(out, "Each of their steps stands in the JSON report.\n")?;
    writeln!(out, "| Entry | Name | Port | Addresses | Route |\n| --- | --- | ---: | --- | --- |")?;
    for endpoint in passing {
        let addresses: Vec<String> =
            endpoint.addresses().iter().flatten().map(ToString::to_string).collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            cell(&endpoint.entry),
            cell(&endpoint.host),
            endpoint.port.unwrap_or_default(),
            cell(&addresses.join(" ")),
            cell(&endpoint.route.configured)
        )?;
    }
    writeln!(out)?;
    end(out)
}
