//! Service tags indexed and asked, flows decided, rules written.
//!
//! `PATHPROOF_BENCH_TAGS` names one of Microsoft's weekly files; without it the embedded snapshot
//! is asked and nothing is parsed.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pathproof::firewall::emit::{Aggregation, Emission, Format, Permit, emit};
use pathproof::firewall::{
    Access, Dialect, Flow, Judge, Knowledge, PortSet, Proven, Rule, RuleSet, Scope,
};
use pathproof::model::{Cloud, Host};
use pathproof::tags::{ServiceTags, Snapshot};

const FLOWS: u64 = 1_000_000;
const LOOKUPS: u64 = 1_000_000;
const RULES: u32 = 1000;
const EMITTED: u32 = 20_000;

/// A repeatable stream of numbers (SplitMix64): half of the addresses are in Azure's ranges.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("less than a usize")
    }

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
fn group_of(tags: &ServiceTags) -> RuleSet {
    let mut numbers = Numbers(2);
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
    RuleSet::by_priority("group", "", Dialect::Nsg, rules)
}

fn decide(criterion: &mut Criterion) {
    let tags = &Snapshot::embedded(Cloud::Public).tags;
    let set = group_of(tags);
    let knowledge = Knowledge { tags: Some(tags), virtual_network: None };
    let judge = Judge::new(&set, knowledge);
    let mut numbers = Numbers(3);
    let flows: Vec<_> = (0..FLOWS)
        .map(|number| Flow {
            source: (number % 2 == 0).then(|| Ipv4Addr::new(10, 0, 0, 4).into()),
            ..Flow::tcp(Host::Address(numbers.address(tags)), 443)
        })
        .collect();
    let mut group = criterion.benchmark_group("decide");
    group.sample_size(10);
    group.bench_function("make 1,000 rules ready", |bench| {
        bench.iter(|| Judge::new(black_box(&set), knowledge));
    });
    group.throughput(Throughput::Elements(FLOWS));
    group.bench_function("1,000,000 flows, 1,000 rules", |bench| {
        bench.iter(|| flows.iter().filter(|flow| judge.decide(flow).as_str() == "allow").count());
    });
    group.finish();
}

fn write(criterion: &mut Criterion) {
    let mut numbers = Numbers(4);
    let mut proven: Vec<_> = (0..EMITTED)
        .map(|number| Proven {
            address: Ipv4Addr::from_bits(0x2800_0000 + number * 7).into(),
            port: 443,
            entry: "relay".to_owned(),
            name: format!(
                "g{}-prod-am3-{}-sb.servicebus.windows.net",
                number % 128,
                numbers.below(99)
            ),
            how: "published in AzureCloud.westeurope".to_owned(),
        })
        .collect();
    proven.sort_by_key(|proven| proven.address);
    let mut group = criterion.benchmark_group("emit");
    group.sample_size(20);
    for format in [Format::EdlIp, Format::AzureFirewall, Format::Nftables] {
        group.bench_function(format!("20,000 addresses as {format}"), |bench| {
            bench.iter(|| {
                let emission = Emission {
                    name: "Allow".to_owned(),
                    priority: 200,
                    origin: "a bench".to_owned(),
                    permits: Permit::of(black_box(&proven), Aggregation::Exact),
                    names: Vec::new(),
                };
                emit(format, &emission).expect("no limit applies")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, tags, decide, write);
criterion_main!(benches);
