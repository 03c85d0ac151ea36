use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::archive::arbitrary;
use crate::model::{
    Advice, Cause, Certainty, Finding, NetworkAllows, Owner, Prediction, Severity, Status, Summary,
};
use crate::report::sample;

fn conclusion(records: &Records) -> Conclusion {
    let finding = Finding {
        cause: Cause::TcpTimeout,
        severity: Severity::Fail,
        certainty: Certainty::Likely,
        message: "m".into(),
        evidence: vec![],
        rivals: vec![],
        owner: Owner::Firewall,
        remedy: "r".into(),
        explained_by: None,
        advice: Advice::default(),
    };
    let verdict = Verdict {
        status: Status::Fail,
        cause: Some(Cause::TcpTimeout),
        findings: vec![finding],
        is_lowered: false,
        expected: vec![],
        counts: true,
    };
    Conclusion {
        verdicts: vec![verdict; records.records.len()],
        findings: vec![],
        actions: vec![],
        summary: Summary::default(),
        prediction: Prediction {
            network_allows: NetworkAllows::Unknown,
            because: vec![],
            consequences: vec![],
            not_looked_at: vec![],
        },
        ending: crate::model::Ending::default(),
    }
}

fn rendered(records: &Records) -> String {
    let mut bytes = Vec::new();
    report(records, &conclusion(records), None, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_record_is_an_endpoint_a_line(records in arbitrary::records()) {
        let text = rendered(&records);
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        let endpoints = report["endpoints"].as_array().unwrap();
        prop_assert_eq!(endpoints.len(), records.records.len());
        let lines = text.lines().filter(|line| line.starts_with(r#"{"entry":"#)).count();
        prop_assert_eq!(lines, endpoints.len());
        let mut trails: Vec<_> =
            records
                .records
                .iter()
                .flat_map(|one| one.trails.iter().chain(&one.follow_ups.holds))
                .collect();
        let mut steps: Vec<usize> = endpoints
            .iter()
            .flat_map(|one| one["trails"].as_array().unwrap())
            .map(|trail| trail["steps"].as_array().unwrap().len())
            .collect();
        // What failed or was not asked is a step too.
        trails.sort_by_key(|trail| n_steps(trail));
        steps.sort_unstable();
        prop_assert_eq!(steps, trails.iter().map(|trail| n_steps(trail)).collect::<Vec<_>>());
    }

    /// A report is the same whether it was streamed, assembled in memory or read from a file.
    #[test]
    fn every_way_to_a_report_is_the_same(records in arbitrary::records()) {
        let streamed = rendered(&records);
        let conclusion = conclusion(&records);
        let assembled = crate::report::assemble(&records, &conclusion, None);
        prop_assert_eq!(written(&assembled), &*streamed);
        let read = Report::read(&streamed).unwrap();
        prop_assert_eq!(written(&read), streamed);
        prop_assert_eq!(read, assembled);
    }

    #[test]
    fn every_line_is_read_again(records in arbitrary::records()) {
        let conclusion = conclusion(&records);
        let mut lines = Vec::new();
        begin(&records.run, &mut lines).unwrap();
        for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
            endpoint(record, verdict, &mut lines).unwrap();
        }
        end(&records.run, &conclusion, None, &mut lines).unwrap();
        for line in String::from_utf8(lines).unwrap().lines() {
            let read: Line = serde_json::from_str(line).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), line);
        }
    }
}

fn written(report: &Report) -> String {
    let mut bytes = Vec::new();
    write(report, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn n_steps(trail: &crate::model::Trail) -> usize {
    trail.passed().len() + usize::from(*trail.end() != crate::model::End::Complete)
}

/// More than one batch for each thread, so that the seams between them are seen.
#[test]
fn a_long_report_keeps_its_order_across_threads() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let base = loop {
        let records = arbitrary::records().new_tree(&mut runner).unwrap().current();
        if !records.records.is_empty() {
            break records;
        }
    };
    let n_records = 5 * BATCH + 7;
    let records = (0..n_records).map(|order| {
        let mut record = base.records[0].clone();
        let mut endpoint = (*record.endpoint).clone();
        // Backwards: the report has to sort them.
        endpoint.order = u32::try_from(n_records - order).unwrap();
        endpoint.purpose = endpoint.order.to_string();
        record.endpoint = std::sync::Arc::new(endpoint);
        record
    });
    let records = Records { run: base.run.clone(), records: records.collect() };
    let report: serde_json::Value = serde_json::from_str(&rendered(&records)).unwrap();
    let purposes: Vec<usize> = report["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["purpose"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(purposes, (1..=n_records).collect::<Vec<_>>());
}

#[test]
fn times_are_numbers_of_milliseconds_to_a_tenth() {
    for (duration, expected) in [
        (Duration::ZERO, "0"),
        (Duration::from_micros(49), "0"),
        (Duration::from_micros(50), "0.1"),
        (Duration::from_micros(412), "0.4"),
        (Duration::from_micros(951), "1"),
        (Duration::from_secs(5), "5000"),
        (Duration::from_micros(5_000_100), "5000.1"),
        (Duration::MAX, "1844674407370955161.5"),
    ] {
        let json = serde_json::to_value(crate::report_v1::Milliseconds::from(duration)).unwrap();
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(json, expected, "{duration:?}");
    }
}

#[test]
fn what_is_taken_as_private_is_said_of_what_passes() {
    let route = |alias: &str, address: &str| {
        let host = "myadf.eastus.datafactory.azure.net";
        let record = sample::record("control", host).resolved("10.0.0.53:53", alias, &[address]);
        let mut line = Vec::new();
        endpoint(&record.reached(&[address]), &sample::passed(), &mut line).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let route = &line["data"]["route"];
        format!("{}: {}", route["intended"].as_str().unwrap(), route["why"].as_str().unwrap())
    };
    let link = "myadf.eastus.privatelink.datafactory.azure.net";
    let expected =
        format!("direct: no proxy is configured; taken as private: its chain passes {link}");
    assert_eq!(route(link, "10.1.1.1"), expected);
    assert_eq!(route(link, "40.1.1.1"), "any: no proxy is configured");
}

#[test]
fn an_answer_that_was_not_kept_whole_says_so() {
    let mut record = sample::record("relay", "ns.servicebus.windows.net").resolved(
        "10.0.0.53:53",
        "ns.cloudapp.net",
        &["40.1.1.1"],
    );
    let lookup = |record: &Record| {
        let mut line = Vec::new();
        endpoint(record, &sample::passed(), &mut line).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
        line["data"]["lookups"][0].clone()
    };
    assert_eq!(lookup(&record).get("is_cut"), None);
    let exchange = &mut std::sync::Arc::make_mut(&mut record.lookups[0]).exchanges[0];
    exchange.result.as_mut().unwrap().is_cut = true;
    assert_eq!(lookup(&record)["is_cut"], true);
}

#[test]
fn what_changed_is_read_again() {
    let report = |hosts: &[(&str, Verdict)]| {
        let seen =
            hosts.iter().map(|(host, _)| sample::record("relay", host).reached(&["40.1.1.1"]));
        let records = sample::records(seen.collect());
        let verdicts = hosts.iter().map(|(_, verdict)| verdict.clone()).collect();
        (records, sample::conclusion(verdicts, NetworkAllows::Online))
    };
    let failed = || sample::found(sample::timeout("a.contoso.com", "40.1.1.1"));
    let (old, concluded) =
        report(&[("a.contoso.com", sample::passed()), ("b.contoso.com", failed())]);
    let before = crate::report::assemble(&old, &concluded, None);
    let (new, concluded) = report(&[("a.contoso.com", failed()), ("c.contoso.com", failed())]);
    let after = crate::report::assemble(&new, &concluded, None);
    let since = Diff::between(&before, &after);
    assert_eq!(since.changes.len(), 3);
    let compared = crate::report::assemble(&new, &concluded, Some(&since));
    let text = written(&compared);
    let read = Report::read(&text).unwrap();
    assert_eq!(read, compared);
    assert_eq!(written(&read), text);
}
