//! What is asked more than once: the operating system beside DNS, names that cannot exist, small
//! segments, idle connections.

use std::process::Command;

use serde_json::Value;

use super::Lab;
use super::invocation::Report;
use super::network::{
    CLIENT, CLIENT_BEHIND_BLACK_HOLE, CLIENT_BEHIND_TRACKING, REMEMBERED, resolver,
};
use super::situation::{LONG_CHAIN, SITUATIONS, SPLIT, Situation};

fn rows<'a>(hosts: &'a [&str]) -> impl Iterator<Item = &'static Situation> + use<'a> {
    SITUATIONS.iter().filter(|row| hosts.contains(&row.host))
}

/// The finding of an endpoint, or of the run, with this cause.
fn finding<'a>(of: &'a Value, cause: &str) -> &'a Value {
    let mut all = of["findings"].as_array().into_iter().flatten();
    all.find(|finding| finding["cause"] == cause).unwrap_or_else(|| panic!("no {cause}: {of:#}"))
}

impl Lab {
    /// `check` with another hosts file than the machine's: `ip netns exec` has given the program a
    /// mount namespace of its own.
    fn check_with_hosts(&self, hosts: &str, rows: &[&str]) -> Command {
        let check = self.check(self::rows(rows));
        let file = self.file("hosts", format!("127.0.0.1 localhost\n{hosts}"));
        let mut command = self.client("sh");
        command.args(["-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]).arg(file);
        // What follows `ip netns exec NAME`.
        command.args(check.get_args().skip(3));
        command
    }
}

#[test]
fn the_hosts_file_decides_where_to_go_and_dns_is_shown_beside_it() {
    let Some(lab) = Lab::shared() else { return };
    // The other relay's address: it answers for this name too.
    let hosts = format!("40.112.72.101 {LONG_CHAIN}\n");
    let (report, output) = Report::of(&mut lab.check_with_hosts(&hosts, &[LONG_CHAIN, SPLIT]));
    report
        .expect(LONG_CHAIN, "warn", Some("dns_os_override"))
        .unwrap_or_else(|error| panic!("{error}\n{}", report.stderr));
    let endpoint = report.endpoint(LONG_CHAIN).unwrap();
    let lookups = endpoint["lookups"].as_array().unwrap();
    let of = |resolver: &str| {
        let found = lookups.iter().find(|lookup| lookup["resolver"] == resolver);
        &found.unwrap_or_else(|| panic!("no {resolver}: {lookups:?}"))["addresses"]
    };
    assert_eq!(of("os")[0], "40.112.72.101");
    assert_eq!(of(&format!("{}:53", resolver::MAIN))[0], "52.166.10.1");
    let trails = endpoint["trails"].as_array().unwrap();
    let remotes: Vec<_> = trails.iter().map(|trail| &trail["remote"]).collect();
    assert_eq!(remotes, ["40.112.72.101:443"]);
    assert_eq!(finding(endpoint, "dns_os_override")["certainty"], "proven");
    // What the hosts file does not name is as DNS says.
    report.expect(SPLIT, "pass", None).unwrap();
    assert_eq!(output.status.code(), Some(0));

    // With name servers of the user's own, the system is not judged.
    let mut command = lab.check_with_hosts(&hosts, &[LONG_CHAIN]);
    let (report, _) = Report::of(command.args(["--resolver", resolver::MAIN]));
    report.expect(LONG_CHAIN, "pass", None).unwrap();
}

/// Every name "resolves", gateways that do not exist among them.
#[test]
fn a_name_server_that_answers_for_everything_is_named() {
    let Some(lab) = Lab::shared() else { return };
    let mut command = lab.check(rows(&[SPLIT]));
    let (report, output) = Report::of(command.args(["--resolver", resolver::LIAR]));
    let relay = report.endpoint(SPLIT).unwrap();
    assert!(finding(relay, "dns_sinkhole").to_string().contains("10.9.9.9"), "{relay:#}");
    let of_the_run = finding(&report.value, "dns_sinkhole");
    assert!(of_the_run["message"].to_string().contains(resolver::LIAR), "{of_the_run}");
    assert_eq!(output.status.code(), Some(1), "{}", report.stderr);
}

#[test]
fn a_path_that_loses_large_packets_is_told_from_a_filter() {
    let Some(lab) = Lab::shared() else { return };
    let mut command = lab.check(rows(&[SPLIT]));
    let (report, _) = Report::of(command.args(["--source", CLIENT_BEHIND_BLACK_HOLE]));
    report
        .expect(SPLIT, "fail", Some("tls_large_packets_lost"))
        .unwrap_or_else(|error| panic!("{error}\n{:#}", report.value));
    let lost = finding(report.endpoint(SPLIT).unwrap(), "tls_large_packets_lost");
    assert!(lost["message"].to_string().contains("768 bytes"), "{lost}");
    assert_eq!(lost["certainty"], "likely");

    // Silence for another reason stays silence.
    let silent = "tls-silent.servicebus.windows.net";
    let (report, _) = Report::of(&mut lab.check(rows(&[silent])));
    report.expect(silent, "fail", Some("tls_timeout")).unwrap();
    let rivals = &finding(report.endpoint(silent).unwrap(), "tls_timeout")["rivals"];
    assert!(!rivals.to_string().contains("tls_large_packets_lost"), "{rivals}");
}

/// The router forgets connections that are idle for three seconds, and drops what it does not know.
#[test]
fn a_forgotten_connection_shows_the_limit() {
    let Some(lab) = Lab::shared() else { return };
    let hold = format!("{}s", REMEMBERED * 2 + 2);
    let check = |source: &str| {
        let mut command = lab.check(rows(&[SPLIT]));
        Report::of(command.args(["--hold", &hold, "--source", source])).0
    };
    let report = check(CLIENT_BEHIND_TRACKING);
    report
        .expect(SPLIT, "fail", Some("hold_idle_dropped"))
        .unwrap_or_else(|error| panic!("{error}\n{:#}", report.value));
    let endpoint = report.endpoint(SPLIT).unwrap();
    let message = finding(endpoint, "hold_idle_dropped")["message"].to_string();
    assert!(message.contains("lives for 2.0 s, and not for 4.0 s"), "{message}");
    let steps = |trail: &Value| {
        let steps = trail["steps"].as_array().into_iter().flatten();
        steps.filter_map(|step| step["step"].as_str()).collect::<Vec<_>>().join(" ")
    };
    let trails = endpoint["trails"].as_array().unwrap();
    assert_eq!(trails.iter().filter(|trail| steps(trail).contains("hold")).count(), 4);

    let report = check(CLIENT);
    report.expect(SPLIT, "pass", None).unwrap_or_else(|error| panic!("{error}"));
}
