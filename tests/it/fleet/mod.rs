//! One answer out of many hosts: generated fleets with planted faults, in which what failures share
//! is found and nothing else is said.

mod generator;
mod numbers;
mod score;

use std::env;
use std::fs;
use std::path::Path;

use pathproof::report::{Style, merge};

use generator::{Fleet, FleetLayout, FleetPlan};
use score::Score;

/// Small fleets, so that every test run can afford them; the bench `fleet` has large ones.
fn score(faults: usize, noise: usize, layout: FleetLayout) -> Score {
    let mut score = Score::default();
    for seed in 0..10 {
        let plan = FleetPlan { seed, hosts: 100, faults, noise, missing: 10, gateways: 0, layout };
        let fleet = Fleet::of(&plan);
        score.take(&fleet.planted, &fleet.merged());
    }
    score
}

const SHARED: FleetLayout = FleetLayout::Shared;

#[test]
fn a_planted_fault_is_named_and_nothing_else_is() {
    for (faults, noise) in [(1, 0), (1, 5), (2, 0), (2, 5)] {
        let score = score(faults, noise, SHARED);
        assert!(score.precision() >= 0.95 && score.recall() >= 0.95, "{faults} {noise}: {score}");
    }
}

/// Where each site has its own name server and subnet, the same hosts have both.
#[test]
fn a_subnet_that_is_cut_off_is_not_blamed_on_its_name_server() {
    for noise in [0, 5] {
        let score = score(1, noise, FleetLayout::OwnResolvers);
        assert!(score.precision() >= 0.95 && score.recall() >= 0.95, "{noise}: {score}");
        assert!(score.right_teams() >= 0.95, "{noise}: {score}");
    }
}

#[test]
fn a_fleet_without_a_fault_shares_nothing() {
    for noise in [0, 5] {
        let score = score(0, noise, SHARED);
        assert_eq!(score.n_named(), 0, "{noise}: {score}");
    }
}

/// `docs/fleet.md` shows what the program says of such a fleet; `PATHPROOF_BLESS=1` writes it anew.
#[test]
fn the_page_shows_what_is_said_of_a_fleet() {
    const BEGIN: &str = "```text\nWhat the failing hosts share\n";
    let (noise, missing, layout) = (1, 5, SHARED);
    let plan = FleetPlan { seed: 11, hosts: 200, faults: 2, noise, missing, gateways: 0, layout };
    let table = merge::table(&Fleet::of(&plan).merged(), &Style { width: 80, color: false });
    let (_, section) = table.split_once("What the failing hosts share\n").unwrap();
    let (section, _) = section.split_once("\n\n").unwrap();
    assert!(section.lines().all(|line| line.chars().count() <= 80 || line.starts_with("      ")));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fleet.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, after) = page.split_once(BEGIN).unwrap();
    let (shown, rest) = after.split_once("```").unwrap();
    if env::var_os("PATHPROOF_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{section}\n```{rest}")).unwrap();
    } else {
        assert_eq!(shown.trim_end(), section, "docs/fleet.md: PATHPROOF_BLESS=1 writes it anew");
    }
}

/// The same files in another order say the same.
#[test]
fn the_order_of_reports_changes_nothing() {
    let (noise, missing, layout) = (5, 5, SHARED);
    let plan = FleetPlan { seed: 3, hosts: 100, faults: 2, noise, missing, gateways: 0, layout };
    let mut fleet = Fleet::of(&plan);
    let statements = |fleet: &Fleet| serde_json::to_value(fleet.merged().failures).unwrap();
    let first = statements(&fleet);
    fleet.reports.reverse();
    assert_eq!(statements(&fleet), first);
}
