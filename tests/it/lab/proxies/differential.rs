//! What other programs reach through the same proxies, and that ours reaches the same.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::super::differential::{answers_of, peers};
use super::super::invocation::Report;
use super::super::pki::Leaf;
use super::super::situation::Answer;
use super::Site;
use super::names::{NAMES, Name};
use super::servers::{squid, squid_authenticated, tinyproxy};

/// Host → the status of the service's own answer, `None` where there is none.
type Answers = BTreeMap<String, Option<u64>>;

/// What may be sent to a proxy and is proven by an HTTP answer.
fn names() -> impl Iterator<Item = &'static Name> + Clone {
    const PROVEN: [&str; 3] = ["https", "relay", "http"];
    NAMES.iter().filter(|name| !name.must_stay() && PROVEN.contains(&name.kind))
}

fn url(name: &Name) -> String {
    let scheme = if name.kind == "http" { "http" } else { "https" };
    format!("{scheme}://{}:{}/", name.host, name.port)
}

#[test]
fn curl_and_reqwest_through_squid() {
    reach_the_same(&squid());
}

#[test]
fn curl_and_reqwest_through_squid_with_credentials() {
    reach_the_same(&squid_authenticated());
}

#[test]
fn curl_and_reqwest_through_tinyproxy() {
    reach_the_same(&tinyproxy());
}

fn reach_the_same(proxy: &str) {
    let Some(site) = Site::shared() else { return };
    assert!(names().count() >= 40);
    let curl = curl(&site, proxy);
    let urls: Map<String, Value> =
        names().map(|name| (name.host.clone(), url(name).into())).collect();
    let reqwest = peers::answers_through(
        site.client(env::current_exe().unwrap()),
        site.folder.path(),
        &site.pki.host_roots(),
        proxy,
        &urls,
    );
    let (report, _) = Report::of(&mut site.check(names(), &["--proxy", proxy]));

    let mut wrong = Vec::new();
    for name in names() {
        let (curl, reqwest) = (curl[&name.host], reqwest[&name.host]);
        let endpoint = report.endpoint(&name.host).unwrap();
        // In absolute form the proxy's own answers are answers too.
        let is_the_proxys =
            endpoint["cause"].as_str().is_some_and(|cause| cause.starts_with("proxy_"));
        let ours = if is_the_proxys { BTreeSet::new() } else { answers_of(endpoint) };
        // What is reached and still judged: another's page, the service's own error, inspection.
        let is_judged = name.leaf == Leaf::Corporate
            || matches!(name.answer, Answer::BlockPage | Answer::Welcome | Answer::RelayError);
        let passes = endpoint["status"] == "pass";
        let agrees = curl == reqwest
            && ours == BTreeSet::from_iter(curl)
            && (is_judged || passes == curl.is_some());
        if !agrees {
            wrong.push(format!(
                "{}: curl {curl:?}, reqwest {reqwest:?}, ours {ours:?} {}",
                name.host, endpoint["cause"]
            ));
        }
    }
    assert!(wrong.is_empty(), "reached otherwise:\n{}\n{}", wrong.join("\n"), report.stderr);
    let reached = reqwest.values().filter(|answer| answer.is_some()).count();
    let missed = reqwest.len() - reached;
    assert!(reached >= 25 && missed >= 12, "{reached} reached and {missed} not: too few");
}

/// `curl -x` of every name, side by side.
fn curl(site: &Site, proxy: &str) -> Answers {
    // Headers say whose the answer is: squid's error pages and tinyproxy's are no service's.
    let mut configuration = format!(
        "silent\nno-progress-meter\ncacert = \"{}\"\nproxy = \"{proxy}\"\nconnect-timeout = 10\n\
         max-time = 12\n\
         write-out = \"%{{urlnum}}|%{{exitcode}}|%{{http_code}}|%header{{x-squid-error}}|\
         %header{{server}}\\n\"\n",
        site.pki.host_roots().display()
    );
    for name in names() {
        let _infallible =
            writeln!(configuration, "url = \"{}\"\noutput = \"/dev/null\"", url(name));
    }
    let file = site.file("curl", configuration);
    let mut command = site.client("curl");
    command.args(["--disable", "--parallel", "--config"]).arg(file);
    // Its exit code is that of one of them.
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let hosts: Vec<&Name> = names().collect();
    let answers: Answers = text
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('|').collect();
            let &[number, exit, status, squid, server] = &fields[..] else {
                panic!("curl said {line}");
            };
            let is_the_services =
                exit == "0" && squid.is_empty() && !server.starts_with("tinyproxy/");
            let host = &hosts[number.parse::<usize>().unwrap()].host;
            (host.clone(), is_the_services.then(|| status.parse().unwrap()))
        })
        .collect();
    assert_eq!(answers.len(), hosts.len(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    answers
}
