//! One answer out of many hosts: how often what `report merge` names was planted and how often it
//! names what was, on generated fleets with up to 5 % of wrong observations, and what 2,000 reports
//! cost. The budgets: both shares at least 0.95, 10 s and 1 GiB; a missed one ends with 1.
//!
//! `cargo bench --bench fleet`, or `-- 5` for five fleets of each kind.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "time is what is measured, of the program over files"
)]

#[path = "../tests/it/fleet/generator.rs"]
mod generator;
#[path = "../tests/it/fleet/numbers.rs"]
mod numbers;
#[path = "../tests/it/fleet/score.rs"]
mod score;

use std::env;
use std::fs;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use generator::{Fleet, FleetLayout, FleetPlan};
use score::Score;

/// How many fleets of each kind.
const FLEETS: u64 = 50;
const LEAST_SHARE: f64 = 0.95;
const REPORTS: usize = 2000;
/// With so many gateways a report has the size of a real one.
const GATEWAYS: usize = 64;
const LONGEST: Duration = Duration::from_secs(10);
const LARGEST_KIB: u64 = 1 << 20;

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let given = env::args().skip(1).find(|argument| argument != "--bench");
    let n_fleets = given.map_or(FLEETS, |given| given.parse().expect("a number of fleets"));
    let is_right = (0..=2).all(|faults| shares(faults, n_fleets, FleetLayout::Shared))
        && shares(1, n_fleets, FleetLayout::OwnResolvers);
    let is_quick = cost();
    if is_right && is_quick { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Precision and recall with so many planted faults; where each site has its own name server, the
/// share in which the right team alone is named counts too.
fn shares(faults: usize, n_fleets: u64, layout: FleetLayout) -> bool {
    let mut is_kept = true;
    for hosts in [60, 200, 1000] {
        for noise in [0, 2, 5] {
            let mut score = Score::default();
            for seed in 0..n_fleets {
                let (missing, gateways) = (10, 0);
                let plan = FleetPlan { seed, hosts, faults, noise, missing, gateways, layout };
                let fleet = Fleet::of(&plan);
                score.take(&fleet.planted, &fleet.merged());
            }
            println!("{layout:?}, {faults} faults, {hosts} hosts, {noise} % noise: {score}");
            // Where nothing is planted, whatever is named is wrong: one fleet in twenty may be.
            let is_fine = if faults == 0 {
                score.n_named() as u64 * 20 <= n_fleets
            } else {
                let is_one_team =
                    layout == FleetLayout::Shared || score.right_teams() >= LEAST_SHARE;
                score.precision() >= LEAST_SHARE && score.recall() >= LEAST_SHARE && is_one_team
            };
            is_kept &= is_fine;
        }
    }
    println!("  shares of at least {LEAST_SHARE}: {}", kept(is_kept));
    is_kept
}

/// What the program takes for many reports in a folder.
fn cost() -> bool {
    let plan = FleetPlan {
        seed: 1,
        hosts: REPORTS,
        faults: 2,
        noise: 5,
        missing: 0,
        gateways: GATEWAYS,
        layout: FleetLayout::Shared,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = 0;
    for (at, report) in Fleet::of(&plan).reports.iter().enumerate() {
        bytes += report.len();
        fs::write(folder.path().join(format!("{at}.json")), report).expect("it is written");
    }
    let begun = Instant::now();
    let mut merge = Command::new(env!("CARGO_BIN_EXE_pathproof"))
        .args(["report", "merge", "--quiet", "--format", "json"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let peak = peak_until_end(&mut merge);
    let took = begun.elapsed();
    println!(
        "{REPORTS} reports of {} KiB: {took:.2?}, peak {} MiB",
        (bytes / REPORTS) >> 10,
        peak >> 10
    );
    let is_kept = took <= LONGEST && peak <= LARGEST_KIB;
    println!("  {LONGEST:?} and {} MiB: {}", LARGEST_KIB >> 10, kept(is_kept));
    is_kept
}

/// The peak of its memory, KiB, where the system says it: asked again and again, since it is gone
/// with the process.
fn peak_until_end(child: &mut Child) -> u64 {
    let mut peak = 0;
    while child.try_wait().expect("it can be waited for").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    peak
}

const fn kept(is_kept: bool) -> &'static str {
    if is_kept { "kept" } else { "missed" }
}
