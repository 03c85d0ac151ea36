//! Saved reports to reports that may be forwarded. What a report repeats of its records is redacted
//! as it is there; what diagnosis wrote is `prose`.

mod learned;
mod seen;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use super::Redactor;
use crate::diagnose::explain;
use crate::model::{self, FoundBy, ServiceState, StartType};
use crate::report_v1::{
    Action, Change, ChangedEndpoint, ChangedFinding, Destination, Endpoint, ExpectedFlow, Finding,
    HostRuntime, InstalledRuntime, Latency, LeftOut, LoggedError, NAMES_SCHEMA, OnlyOwners,
    PacQuestion, Prediction, Proxy, ProxyLookup, Redacted, Report, RouteChoice, Run,
    RuntimeService, SCHEMA, Sighting, Source, StandIn, Standing, Summary, Tool, Vantage, What,
};

/// Text of a report that is nobody's any more.
type Text = Cow<'static, str>;

impl Redactor<'_> {
    /// The report with placeholders. What is redacted already stays as it is.
    #[must_use]
    pub fn redact_report(&mut self, report: Report<'static>) -> Report<'static> {
        if report.run.redacted.is_some() {
            return report;
        }
        self.learn_report(&report);
        let Report {
            schema,
            tool,
            run,
            summary,
            findings,
            actions,
            endpoints,
            prediction,
            baseline,
            changes,
            only,
        } = &report;
        let Summary { pass, warn, fail, unknown } = *summary;
        let mut redacted = Report {
            schema: if schema == NAMES_SCHEMA { NAMES_SCHEMA.into() } else { SCHEMA.into() },
            tool: self.tool(tool),
            run: self.report_run(run),
            summary: Summary { pass, warn, fail, unknown },
            findings: findings.iter().map(|finding| self.finding(finding)).collect(),
            actions: actions.iter().map(|action| self.action(action)).collect(),
            endpoints: endpoints.iter().map(|one| self.report_endpoint(one)).collect(),
            prediction: self.prediction(prediction),
            baseline: baseline.as_ref().map(|source| self.source(source)),
            changes: changes
                .as_ref()
                .map(|changes| changes.iter().map(|change| self.change(change)).collect()),
            only: only.as_ref().map(|only| self.only(only)),
        };
        let model::Redacted { addresses } = self.legend();
        let stand_in = |one: model::StandIn| {
            let model::StandIn { label, shown } = one;
            StandIn { label: label.into(), shown: shown.into() }
        };
        redacted.run.redacted =
            Some(Redacted { addresses: addresses.into_iter().map(stand_in).collect() });
        redacted
    }

    /// What stands for the name of a file.
    #[must_use]
    pub fn file(&mut self, name: &str) -> String {
        self.label("file", name)
    }

    /// An error about the file `name`, which is called by its placeholder.
    #[must_use]
    pub fn error_about(&mut self, name: &str, error: &str) -> String {
        let file = self.file(name);
        let parts: Vec<String> = error.split(name).map(|part| self.prose(part)).collect();
        parts.join(&file)
    }

    fn tool(&mut self, tool: &Tool) -> Tool<'static> {
        let Tool { name, version } = tool;
        Tool { name: self.word_of(name), version: self.sentence(version).into() }
    }

    fn report_run(&mut self, run: &Run) -> Run<'static> {
        let Run { started_at, took_ms, options, vantage, exit, fail_on, redacted: _, runtime } =
            run;
        let options: Vec<String> = options.iter().map(|option| self.option(option)).collect();
        Run {
            runtime: runtime.as_ref().map(|runtime| self.report_runtime(runtime)),
            started_at: *started_at,
            took_ms: *took_ms,
            options: options.into(),
            vantage: self.report_vantage(vantage),
            exit: *exit,
            fail_on: fail_on.as_ref().map(|word| self.word_of(word)),
            redacted: None,
        }
    }

    fn report_runtime(&mut self, runtime: &HostRuntime) -> HostRuntime<'static> {
        let HostRuntime { installed, version, service, errors } = runtime;
        let error = |error: &LoggedError| {
            // What a text means is said anew, of the whole text: another program may have written
            // the report.
            let LoggedError { at, text, explained: _ } = error;
            let explained = explain::meaning(text).map(Into::into);
            LoggedError { at: *at, text: self.logged(text).into(), explained }
        };
        HostRuntime {
            errors: errors.iter().map(error).collect(),
            installed: installed.as_ref().map(|InstalledRuntime { path, found_by }| {
                InstalledRuntime {
                    path: self.sentence(path).into(),
                    found_by: self.one_of(found_by, FoundBy::ALL.map(FoundBy::as_str)),
                }
            }),
            version: version.as_ref().map(|version| self.sentence(version).into()),
            service: service.as_ref().map(|RuntimeService { state, start, account }| {
                RuntimeService {
                    state: self.one_of(state, ServiceState::ALL.map(ServiceState::as_str)),
                    start: self.one_of(start, StartType::ALL.map(StartType::as_str)),
                    account: self.account(account).into(),
                }
            }),
        }
    }

    fn report_vantage(&mut self, vantage: &Vantage) -> Vantage<'static> {
        let Vantage { hostname, os, account, addresses, resolvers, proxy } = vantage;
        let Proxy { source, url } = proxy;
        let resolvers: Vec<SocketAddr> = resolvers.iter().map(|one| self.socket(*one)).collect();
        Vantage {
            hostname: self.machine(hostname).into(),
            os: self.sentence(os).into(),
            account: self.account(account).into(),
            addresses: self.addresses(addresses).into(),
            resolvers: resolvers.into(),
            proxy: Proxy {
                source: self.sentence(source).into(),
                url: url.as_ref().map(|url| self.url(url).into()),
            },
        }
    }

    fn finding(&mut self, finding: &Finding) -> Finding<'static> {
        let Finding {
            cause,
            severity,
            certainty,
            message,
            evidence,
            rivals,
            owner,
            remedy,
            explained_by,
        } = finding;
        Finding {
            cause: self.word_of(cause),
            severity: *severity,
            certainty: self.word_of(certainty),
            message: self.prose(message).into(),
            evidence: self.sentences(evidence),
            rivals: self.words_of(rivals),
            owner: self.word_of(owner),
            remedy: self.prose(remedy).into(),
            explained_by: explained_by.as_ref().map(|cause| self.word_of(cause)),
        }
    }

    fn action(&mut self, action: &Action) -> Action<'static> {
        let Action { owner, text, causes, destinations } = action;
        let destination = |one: &Destination| {
            let Destination { name, address, port, protocol } = one;
            Destination {
                name: self.subject(name),
                address: address.map(|address| self.address(address)),
                port: *port,
                protocol: self.word_of(protocol),
            }
        };
        Action {
            destinations: destinations.iter().map(destination).collect(),
            owner: self.word_of(owner),
            text: self.prose(text).into(),
            causes: self.words_of(causes),
        }
    }

    fn report_endpoint(&mut self, endpoint: &Endpoint) -> Endpoint<'static> {
        let Endpoint {
            entry,
            role,
            host,
            port,
            kind,
            purpose,
            source_document,
            required,
            origin,
            status,
            cause,
            route,
            findings,
            lookups,
            proxies,
            trails,
            located,
            segments,
            upgrade,
            revocation,
            old_hellos,
            gateways_skipped,
            discovered,
            expected,
        } = endpoint;
        let proxy_lookup = |one: &ProxyLookup| {
            let ProxyLookup { proxy, lookups } = one;
            ProxyLookup { proxy: self.way(proxy), lookups: self.report_lookups(lookups) }
        };
        Endpoint {
            proxies: proxies.iter().map(proxy_lookup).collect(),
            entry: self.id("entry", entry).into(),
            role: role.as_ref().map(|role| self.word_of(role)),
            host: self.subject(host),
            port: *port,
            kind: kind.as_ref().map(|kind| self.word_of(kind)),
            purpose: self.sentence(purpose).into(),
            source_document: source_document.as_ref().map(|text| self.sentence(text).into()),
            required: *required,
            origin: origin.as_ref().map(|origin| self.word_of(origin)),
            status: *status,
            cause: cause.as_ref().map(|cause| self.word_of(cause)),
            route: self.report_route(route),
            findings: findings.iter().map(|finding| self.finding(finding)).collect(),
            lookups: self.report_lookups(lookups),
            trails: trails.iter().map(|trail| self.report_trail(trail)).collect(),
            located: located.as_ref().map(|located| self.report_located(located)),
            segments: segments.iter().map(|ladder| self.report_segments(ladder)).collect(),
            upgrade: upgrade.as_ref().map(|trail| self.report_trail(trail)),
            revocation: revocation.iter().map(|host| self.report_revocation(host)).collect(),
            old_hellos: old_hellos.iter().map(|hello| self.report_old_hello(hello)).collect(),
            gateways_skipped: gateways_skipped.as_ref().map(|why| self.prose(why).into()),
            discovered: discovered.as_ref().map(|Sighting { seen_in, seen_at }| Sighting {
                seen_in: self.sentence(seen_in).into(),
                seen_at: *seen_at,
            }),
            expected: expected.iter().map(|flow| self.expected_flow(flow)).collect(),
        }
    }

    /// Rules have names that this side chose, and so has what is missing to decide by them.
    fn expected_flow(&mut self, flow: &ExpectedFlow) -> ExpectedFlow<'static> {
        let ExpectedFlow { address, port, decision, rule, set, measured, agreement, missing } =
            flow;
        ExpectedFlow {
            address: address.map(|address| self.address(address)),
            port: *port,
            decision: self.word_of(decision),
            rule: self.label("rule", rule).into(),
            set: self.label("rule-set", set).into(),
            measured: measured.as_ref().map(|word| self.word_of(word)),
            agreement: self.word_of(agreement),
            missing: missing.as_ref().map(|text| self.prose(text).into()),
        }
    }

    fn report_route(&mut self, choice: &RouteChoice) -> RouteChoice<'static> {
        let RouteChoice { intended, configured, why, measured, fallbacks, alternate, questions } =
            choice;
        let question = |question: &PacQuestion| {
            let PacQuestion { name, addresses } = question;
            PacQuestion {
                name: self.machine(name).into(),
                addresses: self.addresses(addresses).into(),
            }
        };
        RouteChoice {
            questions: questions.iter().map(question).collect(),
            intended: self.word_of(intended),
            configured: self.way(configured),
            why: self.prose(why).into(),
            measured: measured.iter().map(|way| self.way(way)).collect(),
            fallbacks: fallbacks.iter().map(|way| self.way(way)).collect(),
            alternate: alternate.as_ref().map(|way| self.way(way)),
        }
    }

    fn prediction(&mut self, prediction: &Prediction) -> Prediction<'static> {
        let Prediction { network_allows, because, consequences, not_looked_at } = prediction;
        Prediction {
            network_allows: self.word_of(network_allows),
            because: self.sentences(because),
            consequences: self.sentences(consequences),
            not_looked_at: self.sentences(not_looked_at),
        }
    }

    fn source(&mut self, source: &Source) -> Source<'static> {
        let Source { hostname, started_at, network_allows } = source;
        Source {
            hostname: self.machine(hostname).into(),
            started_at: *started_at,
            network_allows: self.word_of(network_allows),
        }
    }

    fn change(&mut self, change: &Change) -> Change<'static> {
        let Change { endpoint, what } = change;
        let endpoint = endpoint.as_ref().map(|endpoint| {
            let ChangedEndpoint { entry, host, port, required } = endpoint;
            ChangedEndpoint {
                entry: self.id("entry", entry).into(),
                host: self.subject(host),
                port: *port,
                required: *required,
            }
        });
        Change { endpoint, what: self.what(what) }
    }

    fn what(&mut self, what: &What) -> What<'static> {
        match what {
            What::Regression { before, after } => {
                What::Regression { before: self.standing(before), after: self.standing(after) }
            }
            What::Recovery { before, after } => {
                What::Recovery { before: self.standing(before), after: self.standing(after) }
            }
            What::UnknownNow { before, after } => {
                What::UnknownNow { before: self.standing(before), after: self.standing(after) }
            }
            What::OtherCause { before, after } => {
                What::OtherCause { before: self.standing(before), after: self.standing(after) }
            }
            What::NewEndpoint { after } => What::NewEndpoint { after: self.standing(after) },
            What::GoneEndpoint { before } => What::GoneEndpoint { before: self.standing(before) },
            What::Addresses { new, gone } => {
                What::Addresses { new: self.addresses(new), gone: self.addresses(gone) }
            }
            What::Issuers { before, after } => What::Issuers {
                before: before.iter().map(|name| self.distinguished(name).into()).collect(),
                after: after.iter().map(|name| self.distinguished(name).into()).collect(),
            },
            What::Route { before, after, why } => What::Route {
                before: self.way(before),
                after: self.way(after),
                why: self.prose(why).into(),
            },
            What::Latency(Latency { step, before_ms, after_ms }) => What::Latency(Latency {
                step: self.word_of(step),
                before_ms: *before_ms,
                after_ms: *after_ms,
            }),
            // What a later version says of it cannot be judged here, so none of it is kept.
            What::Other(_) => {
                let kind = ("kind".to_owned(), "left_out".into());
                What::Other([kind].into_iter().collect())
            }
        }
    }

    fn standing(&mut self, standing: &Standing) -> Standing<'static> {
        let Standing { status, findings } = standing;
        let finding = |finding: &ChangedFinding| {
            let ChangedFinding { cause, severity, message, owner, remedy } = finding;
            ChangedFinding {
                cause: self.word_of(cause),
                severity: *severity,
                message: self.prose(message).into(),
                owner: self.word_of(owner),
                remedy: self.prose(remedy).into(),
            }
        };
        Standing { status: *status, findings: findings.iter().map(finding).collect() }
    }

    fn only(&mut self, only: &OnlyOwners) -> OnlyOwners<'static> {
        let OnlyOwners { owners, left_out, whole } = only;
        let LeftOut { endpoints, findings, causes_of_run } = left_out;
        let left_out = LeftOut {
            endpoints: *endpoints,
            findings: *findings,
            causes_of_run: self.words_of(causes_of_run),
        };
        OnlyOwners { owners: self.words_of(owners), left_out, whole: *whole }
    }

    /// A name, an address, or a pattern as it is written.
    fn subject(&mut self, host: &str) -> Text {
        let subject =
            if host.contains(['*', '{', '}']) { self.pattern(host) } else { self.machine(host) };
        subject.into()
    }

    /// `direct`, a proxy's URL, or `unknown`.
    fn way(&mut self, way: &str) -> Text {
        match way {
            "direct" | "unknown" => way.to_owned().into(),
            url => self.url(url).into(),
        }
    }

    fn word_of(&mut self, code: &str) -> Text {
        self.code(code).into()
    }

    /// One of the words that this program writes in a field, or a placeholder.
    fn one_of<const N: usize>(&mut self, word: &str, known: [&'static str; N]) -> Text {
        match known.into_iter().find(|own| *own == word) {
            Some(own) => own.into(),
            None => self.word_of(word),
        }
    }

    fn words_of(&mut self, codes: &[Cow<str>]) -> Vec<Text> {
        codes.iter().map(|code| self.word_of(code)).collect()
    }

    fn sentences(&mut self, texts: &[String]) -> Cow<'static, [String]> {
        texts.iter().map(|text| self.prose(text)).collect()
    }

    fn addresses(&mut self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        addresses.iter().map(|address| self.address(*address)).collect()
    }
}
