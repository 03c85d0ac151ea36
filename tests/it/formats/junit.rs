//! JUnit's XML, read by Jenkins' schema and Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pathproof::model::{Status, visible};
use pathproof::report::junit;
use serde::Deserialize;

use super::{reports, written};
use crate::emission::{python, reader, succeed};

#[derive(Debug, Deserialize)]
struct Document {
    errors: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    classname: String,
    name: String,
    end: String,
    r#type: String,
    text: String,
}

fn schema() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/junit/junit-10.xsd")
}

fn read(python: &Path, file: &Path) -> Document {
    let mut command = Command::new(python);
    command.arg(reader("read.py")).arg("junit").arg(file).arg(schema());
    serde_json::from_str(&succeed(&mut command)).unwrap()
}

#[test]
fn a_build_server_sees_a_case_an_endpoint() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let chosen = ["two-faults", "gateways", "pending", "inspected", "proxy-answers", "hostile"];
    for (name, report) in reports().into_iter().filter(|(name, _)| chosen.contains(&&**name)) {
        let file = folder.path().join("report.xml");
        fs::write(&file, written(|out| junit::report(&report, out))).unwrap();
        let Document { errors, cases } = read(&python, &file);
        assert!(errors.is_empty(), "{name}: {errors:?}");
        assert!(cases.len() >= report.endpoints.len() + report.findings.len(), "{name}");
        for endpoint in &report.endpoints {
            let host_port = visible(&endpoint.host_port()).into_owned();
            let of_it =
                |case: &&Case| case.name == host_port && case.classname == visible(&endpoint.entry);
            let Some(case) = cases.iter().find(of_it) else { panic!("{name}: no {host_port}") };
            if name == "hostile" {
                // All its endpoints have one name.
                continue;
            }
            let counts = endpoint.is_required() && !endpoint.is_unassigned();
            let end = match endpoint.status {
                Status::Pass | Status::Warn => "passed",
                Status::Fail => "failure",
                Status::Unknown if counts => "error",
                Status::Unknown => "skipped",
            };
            assert_eq!(case.end, end, "{name}: {case:?}");
            if end != "passed" {
                assert_eq!(case.r#type, endpoint.cause.as_deref().unwrap(), "{name}: {case:?}");
            }
            for finding in &endpoint.findings {
                assert!(case.text.contains(&*visible(&finding.message)), "{name}: {case:?}");
            }
        }
    }
}
