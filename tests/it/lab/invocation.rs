//! How the lab's rows become arguments of `pathproof`, and how its report is read.

use std::borrow::Borrow;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use super::Lab;
use super::situation::{FACTORY, Given, PRIVATE_NETWORK, Situation};
use crate::schema;

/// Of each step. Long enough for a handshake on a machine that is busy with other tests.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

impl Lab {
    /// `pathproof check --format json` of these rows.
    pub(super) fn check(&self, rows: impl IntoIterator<Item = impl Borrow<Situation>>) -> Command {
        self.check_within(TIMEOUT, rows)
    }

    /// The same with a time-out of its own.
    pub(super) fn check_within(
        &self,
        timeout: Duration,
        rows: impl IntoIterator<Item = impl Borrow<Situation>>,
    ) -> Command {
        let mut command = self.pathproof("check");
        command.args(["--format", "json", "--timeout", &format!("{}s", timeout.as_secs())]);
        command.arg("--public-roots").arg(self.pki.public_roots());
        command.arg("--ca-file").arg(self.pki.host_roots());
        command.args(["--factory", FACTORY.0, "--region", FACTORY.1]);
        command.args(["--private-cidr", PRIVATE_NETWORK]);
        // As `az datafactory integration-runtime get-status` prints it, null included.
        let mut urls = vec![Value::Null];
        for row in rows {
            let row: &Situation = row.borrow();
            let host = row.host;
            match row.given {
                Given::List | Given::Gateway => {}
                Given::ServiceUrls => urls.push(host.into()),
                Given::Endpoint(kind) => {
                    command.args(["--endpoint", &format!("{kind}://{host}")]);
                }
                Given::Private => {
                    command.args(["--endpoint", host, "--private", host]);
                }
                Given::Peer => {
                    command.args(["--peer", host]);
                }
            }
        }
        if urls.len() > 1 {
            let status = json!({"name": "shir", "properties": {"serviceUrls": urls}});
            command.arg("--service-urls").arg(self.file("json", status.to_string()));
        }
        command
    }
}

/// A JSON report, and what stood on stderr beside it.
pub(super) struct Report {
    pub(super) value: Value,
    pub(super) stderr: String,
}

impl Report {
    pub(super) fn read(command: &Command, output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{command:?}\n{}, no report on stdout: {error}\n{stderr}", output.status)
        });
        // The names that `resolve` writes have a schema of their own, which is not published.
        let is_names = value["schema"] == "pathproof.names/1";
        let faults = if is_names { Vec::new() } else { schema::faults(&value) };
        assert!(faults.is_empty(), "{command:?}\nbreaks docs/report.schema.json: {faults:?}");
        Self { value, stderr }
    }

    /// Runs it and reads its report.
    pub(super) fn of(command: &mut Command) -> (Self, Output) {
        let output = command.output().unwrap();
        (Self::read(command, &output), output)
    }

    /// How long the run took, by its own clock: without the start of the process.
    pub(super) fn took(&self) -> Duration {
        let took = self.value["run"]["took_ms"].as_f64().expect("`took_ms` is a number");
        Duration::from_secs_f64(took / 1e3)
    }

    /// The endpoints of a host.
    pub(super) fn endpoints(&self, host: &str) -> Vec<&Value> {
        let all = self.value["endpoints"].as_array().expect("`endpoints` is an array");
        all.iter().filter(|endpoint| endpoint["host"] == host).collect()
    }

    /// The only endpoint of a host.
    pub(super) fn endpoint(&self, host: &str) -> Result<&Value, String> {
        match self.endpoints(host)[..] {
            [endpoint] => Ok(endpoint),
            ref several => Err(format!("{host}: {} endpoints in the report", several.len())),
        }
    }

    /// Whether a row was concluded as the table says; else what was concluded, with its words.
    pub(super) fn compare(&self, row: &Situation) -> Result<(), String> {
        self.expect(row.host, row.status, row.cause)
    }

    /// The same, where a row alone does not say.
    pub(super) fn expect(
        &self,
        host: &str,
        status: &str,
        cause: Option<&str>,
    ) -> Result<(), String> {
        let endpoint = self.endpoint(host)?;
        if endpoint["status"] == status && endpoint["cause"].as_str() == cause {
            return Ok(());
        }
        let said: Vec<&str> = endpoint["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|finding| finding["message"].as_str())
            .collect();
        Err(format!(
            "{host}: expected {status} {}, got {} {}: {}",
            cause.unwrap_or("-"),
            endpoint["status"],
            endpoint["cause"],
            said.join(" | ")
        ))
    }
}
