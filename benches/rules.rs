//! Service tags indexed and asked, flows decided, rules written.
//!
//! `PATHPROOF_BENCH_TAGS` names one of Microsoft's weekly files; without it the embedded snapshot
//! is asked and nothing is parsed. After Criterion's numbers each budget is held against the best
//! of a few whole runs on one thread, and said to be kept or missed; a missed one ends with 1.

#![expect(clippy::disallowed_methods, reason = "time is what is measured")]

#[path = "../tests/it/fleet/numbers.rs"]
mod numbers;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group};
use pathproof::firewall::emit::{
    AccessRequest, Aggregation, Emission, Holds, Permit, RuleFormat, emit,
};
use pathproof::firewall::{
    Access, Flow, NetworkContext, PortSet, ProofLevel, Proven, Rule, RuleDialect, RuleJudge,
    RuleSet, Scope, diff,
};
use pathproof::model::{Cloud, Host, Role};
use pathproof::tags::{ServiceTags, Snapshot};

use numbers::Numbers;

const FLOWS: u64 = 1_000_000;
const LOOKUPS: u64 = 1_000_000;
const RULES: u32 = 1000;
const EMITTED: u32 = 20_000;

/// Half of the addresses are in Azure's ranges.
impl Numbers {
    fn address(&mut self, tags: &ServiceTags) -> IpAddr {
        let bits = u32::try_from(self.next() >> 32).expect("the upper half");
        if self.next() & 1 == 0 {
            return Ipv4Addr::from_bits(bits).into();
        }
        let tag = &tags.tags()[self.below(tags.tags().len())];
        match tag.addresses.v4().runs() {
            [] => Ipv4Addr::from_bits(bits).into(),
            runs => Ipv4Addr::from_bits(runs[self.below(runs.len())].0).into(),
        }
    }
}

fn tags(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tags");
    let read;
    let tags = if let Some(path) = std::env::var_os("PATHPROOF_BENCH_TAGS") {
        let bytes = std::fs::read(path).expect("PATHPROOF_BENCH_TAGS is readable");
        group.bench_function("read and index a file", |bench| {
            bench.iter(|| ServiceTags::parse(black_box(&bytes)).expect("a tag file"));
        });
        read = ServiceTags::parse(&bytes).expect("a tag file");
        &read
    } else {
        &Snapshot::embedded(Cloud::Public).tags
    };
    let mut numbers = Numbers(1);
    let addresses: Vec<_> = (0..LOOKUPS).map(|_| numbers.address(tags)).collect();
    group.throughput(Throughput::Elements(LOOKUPS));
    group.bench_function("which tags hold an address", |bench| {
        bench.iter(|| addresses.iter().map(|address| tags.holding(*address).len()).sum::<usize>());
    });
    group.finish();
}

/// A thousand rules as a large group has them: tags of every region, prefixes, ports, sources.
fn group_of(tags: &ServiceTags, seed: u64) -> RuleSet {
    let mut numbers = Numbers(seed);
    let rules = (0..RULES)
        .map(|number| {
            let access = if number % 3 == 0 { Access::Deny } else { Access::Allow };
            let mut rule = Rule::outbound(&format!("rule{number}"), 100 + number, access);
            rule.destination = Scope::default();
            if number % 2 == 0 {
                rule.destination.add(&tags.tags()[numbers.below(tags.tags().len())].name);
            } else {
                for _ in 0..4 {
                    rule.destination.add(&format!("{}/28", numbers.address(tags)));
                }
            }
            if number % 7 == 0 {
                rule.source = Scope::default();
                rule.source.add("10.0.0.0/16");
            }
            let port = u16::try_from(numbers.below(2000)).expect("a port");
            rule.destination_ports = PortSet::from(if number % 5 == 0 { 443 } else { port }).into();
            rule
        })
        .collect();
    RuleSet::by_priority("group", "", RuleDialect::Nsg, rules)
}

fn flows(tags: &ServiceTags) -> Vec<Flow> {
    let mut numbers = Numbers(3);
    (0..FLOWS)
        .map(|number| Flow {
            source: (number % 2 == 0).then(|| Ipv4Addr::new(10, 0, 0, 4).into()),
            ..Flow::tcp(Host::Address(numbers.address(tags)), 443)
        })
        .collect()
}

fn decide(criterion: &mut Criterion) {
    let tags = &Snapshot::embedded(Cloud::Public).tags;
    let set = group_of(tags, 2);
    let knowledge = NetworkContext { tags: Some(tags), ..NetworkContext::default() };
    let judge = RuleJudge::new(&set, knowledge);
    let flows = flows(tags);
    let mut group = criterion.benchmark_group("decide");
    group.sample_size(10);
    group.bench_function("make 1,000 rules ready", |bench| {
        bench.iter(|| RuleJudge::new(black_box(&set), knowledge));
    });
    group.bench_function("find shadowed rules among 1,000", |bench| {
        bench.iter(|| black_box(&judge).shadowed().len());
    });
    let other = group_of(tags, 5);
    let after = [RuleJudge::new(&other, knowledge)];
    let before = [RuleJudge::new(&set, knowledge)];
    group.bench_function("1,000 rules compared with 1,000 others", |bench| {
        bench.iter(|| diff(black_box(&before), &after, &[], None).admitted.len());
    });
    group.throughput(Throughput::Elements(FLOWS));
    group.bench_function("1,000,000 flows, 1,000 rules", |bench| {
        bench.iter(|| flows.iter().filter(|flow| judge.decide(flow).as_str() == "allow").count());
    });
    group.finish();
}

/// Addresses that no two of are neighbours: no prefix holds more than one.
fn proven() -> Vec<Proven> {
    let mut numbers = Numbers(4);
    (0..EMITTED)
        .map(|number| Proven {
            address: Ipv4Addr::from_bits(0x2800_0000 + number * 7).into(),
            port: 443,
            entry: "relay".to_owned(),
            role: Role::Relay,
            name: format!(
                "g{}-prod-am3-{}-sb.servicebus.windows.net",
                number % 128,
                numbers.below(99)
            ),
            level: ProofLevel::Published,
            how: "published in AzureCloud.westeurope".to_owned(),
            local: None,
        })
        .collect()
}

fn emission(proven: &[Proven]) -> Emission {
    Emission {
        name: "Allow".to_owned(),
        priority: 200,
        origin: "a bench".to_owned(),
        permits: Permit::of(black_box(proven), Aggregation::Exact),
        names: Vec::new(),
        applications: Vec::new(),
        requests: AccessRequest::of(proven, Aggregation::Exact, &[]),
    }
}

/// The formats that have room for so many: a network security group takes 4,000.
fn roomy() -> impl Iterator<Item = RuleFormat> {
    RuleFormat::ALL.iter().copied().filter(|format| format.holds() == Holds::Addresses)
}

fn write(criterion: &mut Criterion) {
    let proven = proven();
    let mut group = criterion.benchmark_group("emit");
    group.sample_size(20);
    for format in roomy() {
        group.bench_function(format!("20,000 addresses as {format}"), |bench| {
            bench.iter(|| emit(format, &emission(&proven)).expect("no limit applies"));
        });
    }
    group.finish();
}

/// The budgets; whether all were kept.
fn budgets() -> bool {
    let embedded = &Snapshot::embedded(Cloud::Public).tags;
    let mut is_kept = true;
    let mut hold = |what: &str, budget: Duration, run: &mut dyn FnMut()| {
        let took = best_of_five(run);
        let verdict = if took <= budget { "kept" } else { "MISSED" };
        println!("{verdict:<6}  {what}: {took:.1?}, budget {budget:?}");
        is_kept &= took <= budget;
    };
    let mut read = None;
    if let Some(path) = std::env::var_os("PATHPROOF_BENCH_TAGS") {
        let bytes = std::fs::read(path).expect("PATHPROOF_BENCH_TAGS is readable");
        hold("a tag file read and indexed", Duration::from_millis(60), &mut || {
            read = Some(ServiceTags::parse(black_box(&bytes)).expect("a tag file"));
        });
    } else {
        println!("not measured: a tag file read and indexed (PATHPROOF_BENCH_TAGS names none)");
    }
    let tags = read.as_ref().unwrap_or(embedded);
    let mut numbers = Numbers(1);
    let addresses: Vec<_> = (0..10 * LOOKUPS).map(|_| numbers.address(tags)).collect();
    hold("10,000,000 lookups", Duration::from_secs(1), &mut || {
        black_box(addresses.iter().map(|address| tags.holding(*address).len()).sum::<usize>());
    });
    let (set, flows) = (group_of(embedded, 2), flows(embedded));
    let knowledge = NetworkContext { tags: Some(embedded), ..NetworkContext::default() };
    hold("1,000,000 flows against 1,000 rules made ready", Duration::from_secs(2), &mut || {
        let judge = RuleJudge::new(&set, knowledge);
        black_box(flows.iter().filter(|flow| judge.decide(flow).as_str() == "allow").count());
    });
    let other = group_of(embedded, 5);
    hold("1,000 rules compared with 1,000 others", Duration::from_secs(2), &mut || {
        let [before, after] = [&set, &other].map(|set| [RuleJudge::new(set, knowledge)]);
        black_box(diff(&before, &after, &[], None).admitted.len());
    });
    let proven = proven();
    for format in roomy() {
        let what = format!("20,000 addresses as {format}");
        hold(&what, Duration::from_millis(200), &mut || {
            black_box(emit(format, &emission(&proven)).expect("no limit applies"));
        });
    }
    is_kept
}

/// The best tells what the program takes, the others what else this machine does.
fn best_of_five(run: &mut dyn FnMut()) -> Duration {
    (0..5)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .min()
        .unwrap_or_default()
}

criterion_group!(benches, tags, decide, write);

fn main() -> ExitCode {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // `cargo test --benches` only sees that they run.
    let measures = std::env::args().any(|argument| argument == "--bench");
    if !measures || budgets() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
