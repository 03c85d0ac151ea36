//! What a line says of what was seen, and that no name in it is cut.

use super::*;
use crate::model::{Held, HeldOutcome, Obstacle, OsError};

#[test]
fn names_are_not_cut() {
    let long = format!("{}.{}.servicebus.windows.net", "a".repeat(60), "b".repeat(40));
    let judged = || {
        let silent = record("relay", &long).silent("40.0.0.1");
        vec![
            (record("relay", &long).reached(&["40.0.0.2"]), passed()),
            (silent, found(timeout(&long, "40.0.0.1"))),
        ]
    };
    for width in [40, 60, 80, 120] {
        let (seen, verdicts) = judged().into_iter().unzip();
        let conclusion = conclusion(verdicts, NetworkAllows::Unknown);
        let text = table(&records(seen), &conclusion, &Style { width, color: false });
        let whole = text.matches(&format!("{long}:443")).count();
        assert_eq!(whole, 2, "{width}\n{text}");
        assert!(!text.contains("..."), "{text}");
    }
}

#[test]
fn what_passes_says_what_was_not_asked_and_what_was_kept() {
    let no_route = Obstacle::NoRoute(OsError { code: 101, symbol: "ENETUNREACH".into() });
    let mut seen = record("relay", "a.contoso.com").reached(&["40.0.0.1"]);
    let begun = |remote: &str| OpenTrail::new(Route::Direct, remote.parse().unwrap(), start());
    seen.trails.push(begun("[2603:1030::1]:443").stop(no_route));
    for idle in [60, 240] {
        let idle = Duration::from_secs(idle);
        let mut held = begun("40.0.0.1:443");
        held.pass(Seen::Hold(Held { idle, outcome: HeldOutcome::Answered }), idle);
        seen.follow_ups.holds.push(held.complete());
    }
    let text = shown(vec![(seen, passed())], NetworkAllows::Unknown).replace("\n        ", " ");
    assert!(
        text.contains(
            "a.contoso.com:443 40.0.0.1 (tcp 30.0 ms); still usable after 240.0 s idle; \
             2603:1030::1 not asked: this host has no IPv6 route (ENETUNREACH)\n"
        ),
        "{text}"
    );
}

#[test]
fn the_end_says_what_would_do_it_again() {
    let mut records = records(vec![record("relay", "a.contoso.com").reached(&["40.0.0.1"])]);
    records.run.version = "0.0.1".into();
    let options = ["check", "--factory", "contoso df", "--endpoint", "https://a.contoso.com"];
    records.run.options = options.map(str::to_owned).to_vec();
    records.run.vantage.proxy_source = "auto: os: no proxy is set in the environment".into();
    let conclusion = conclusion(vec![passed()], NetworkAllows::Unknown);
    let text = table(&records, &conclusion, &Style { width: 120, color: false });
    let own = env!("CARGO_PKG_VERSION");
    assert!(
        text.ends_with(&format!(
            "\nBy pathproof 0.0.1, judged anew by {own}: pathproof check --factory \"contoso df\" \
             --endpoint https://a.contoso.com\n"
        )),
        "{text}"
    );
    assert!(text.contains("\nRoute: direct (no proxy is set in the environment)\n"), "{text}");
}

#[test]
fn what_was_not_asked_has_no_way() {
    let mut pattern = record("relay", "*.servicebus.windows.net");
    pattern.obstacle = Some(Obstacle::NotTestable { hint: "Add --service-urls.".into() });
    let mut finding = unassigned();
    finding.cause = Cause::NotTestable;
    let by_proxy = record("control", "contoso.azure.net");
    let by_proxy = by_proxy.tunnelled("http://10.0.0.8:3128", "10.0.0.8:3128");
    let judged = vec![(pattern, found(finding)), (by_proxy, passed())];
    let text = shown(judged, NetworkAllows::Unknown);
    assert!(text.contains("*.servicebus.windows.net:443  not_testable"), "{text}");
    assert!(!text.contains("intended"), "{text}");
}
