//! The gateways of relays: a line a deployment, for a deployment has up to 256 of them.

use std::collections::BTreeMap;

use super::super::assemble::Judged;
use super::page::Page;
use crate::model::{Cause, End, Finding, GatewayName, GatewaySeries, Record, Role, Status};

pub(super) fn is_gateway(record: &Record) -> bool {
    record.endpoint.role == Role::Gateway && name_of(record).is_some()
}

fn name_of(record: &Record) -> Option<GatewayName> {
    GatewayName::parse(record.endpoint.subject.host()?.name()?)
}

/// The gateways of one deployment.
pub(super) struct DeploymentLine<'a> {
    name: String,
    unassigned: usize,
    assigned: usize,
    reachable: usize,
    status: Option<Status>,
    failing: BTreeMap<Cause, Failing<'a>>,
}

/// Gateways with the same cause.
struct Failing<'a> {
    /// The first one's.
    finding: &'a Finding,
    gateways: Vec<(GatewaySeries, u16)>,
}

impl<'a> DeploymentLine<'a> {
    fn take(&mut self, gateway: &GatewayName, (record, verdict): Judged<'a>) {
        if verdict.cause == Some(Cause::RelayGatewayUnassigned) {
            self.unassigned += 1;
            return;
        }
        self.assigned += 1;
        // Reached is not proven: a gateway behind TLS inspection is reached, with a warning.
        let is_reached = record.trails.iter().any(|trail| *trail.end() == End::Complete);
        self.reachable += usize::from(is_reached);
        if self.status.is_none_or(|own| rank(verdict.status) > rank(own)) {
            self.status = Some(verdict.status);
        }
        if let (Some(cause), Some(finding)) = (verdict.cause, verdict.findings.first()) {
            let same = Failing { finding, gateways: Vec::new() };
            let number = (gateway.series, gateway.number);
            self.failing.entry(cause).or_insert(same).gateways.push(number);
        }
    }

    /// That of the worst; where none is assigned there is none to be good or bad.
    fn status(&self) -> Status {
        self.status.unwrap_or(Status::Unknown)
    }
}

const fn rank(status: Status) -> u8 {
    match status {
        Status::Pass => 0,
        Status::Unknown => 1,
        Status::Warn => 2,
        Status::Fail => 3,
    }
}

/// The deployments of `gateways`, by name.
pub(super) fn deployments<'a>(gateways: &[Judged<'a>]) -> Vec<DeploymentLine<'a>> {
    let mut deployments: BTreeMap<String, DeploymentLine> = BTreeMap::new();
    for judged in gateways {
        let Some(gateway) = name_of(judged.0) else { continue };
        deployments
            .entry(gateway.deployment.clone())
            .or_insert_with(|| DeploymentLine {
                name: gateway.deployment.clone(),
                unassigned: 0,
                assigned: 0,
                reachable: 0,
                status: None,
                failing: BTreeMap::new(),
            })
            .take(&gateway, *judged);
    }
    deployments.into_values().collect()
}

/// The deployments of `status`.
pub(super) fn write(page: &mut Page, status: Status, deployments: &[DeploymentLine]) {
    for deployment in deployments.iter().filter(|deployment| deployment.status() == status) {
        let DeploymentLine { name, unassigned, assigned, reachable, .. } = deployment;
        let assigned = match assigned {
            0 => "none assigned yet".to_owned(),
            _ => format!("{reachable} of {assigned} reachable"),
        };
        let free = match unassigned {
            0 => String::new(),
            n_free => format!(", {n_free} not assigned yet"),
        };
        page.status(status, &format!("gateways of {name}: {assigned}{free}"));
        for (cause, failing) in &deployment.failing {
            let who = ranges(&failing.gateways);
            page.under(&format!("{cause}: {who}: {}", failing.finding.message));
        }
    }
}

/// `g0, g3-g9, gv1`.
fn ranges(gateways: &[(GatewaySeries, u16)]) -> String {
    let mut parts = Vec::new();
    for series in GatewaySeries::ALL {
        let mut numbers: Vec<u16> =
            gateways.iter().filter(|(own, _)| *own == series).map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        let letter = series.as_str();
        for run in numbers.chunk_by(|left, right| left + 1 == *right) {
            match run {
                [first, .., last] => parts.push(format!("{letter}{first}-{letter}{last}")),
                _ => parts.extend(run.iter().map(|number| format!("{letter}{number}"))),
            }
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_ranges() {
        let g = |number| (GatewaySeries::G, number);
        let gv = |number| (GatewaySeries::Gv, number);
        for (gateways, expected) in [
            (vec![], ""),
            (vec![g(7)], "g7"),
            (vec![g(9), g(0), g(8), g(7), gv(1)], "g0, g7-g9, gv1"),
            (vec![g(0), gv(1), g(2), gv(2)], "g0, g2, gv1-gv2"),
        ] {
            assert_eq!(ranges(&gateways), expected);
        }
    }
}
