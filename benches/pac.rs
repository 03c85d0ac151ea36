//! A script of 500 rules, loaded once and asked for 10,000 names: the target is 2 s.

#![expect(clippy::disallowed_methods, reason = "time is what is measured")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Zoned;
use pathproof::model::Host;
use pathproof::route::{PacLimits, PacScript, PacSurroundings, Scheme};

const RULES: usize = 500;
const NAMES: usize = 10_000;

/// Rules of three kinds, none of which matches: every name goes through all of them.
fn source() -> String {
    let mut source = String::from(
        "function FindProxyForURL(url, host) {\n  if (isPlainHostName(host)) return 'DIRECT';\n",
    );
    for rule in 0..RULES {
        let condition = match rule % 10 {
            0 => format!("shExpMatch(host, '*.zone{rule}.example.net')"),
            1 => format!("isInNet(host, '10.{}.0.0', '255.255.0.0')", rule % 256),
            _ => format!("dnsDomainIs(host, '.svc{rule}.example.test')"),
        };
        let _ = writeln!(source, "  if ({condition}) return 'PROXY p{rule}:8080; DIRECT';");
    }
    source.push_str("  return 'PROXY default:3128; SOCKS5 s:1080';\n}\n");
    source
}

fn evaluations(criterion: &mut Criterion) {
    let began = Instant::now();
    let surroundings = PacSurroundings {
        resolve: Box::new(|_| vec!["20.1.2.3".parse().expect("an address")]),
        own_addresses: Vec::new(),
        clock: Box::new(move || began.elapsed()),
    };
    let now = Zoned::default();
    let script = PacScript::load(source().as_bytes(), surroundings, PacLimits::default(), &now)
        .expect("a script");
    let hosts: Vec<Host> = (0..NAMES)
        .map(|n| Host::parse(&format!("h{n}.servicebus.windows.net")).expect("a name"))
        .collect();
    let mut group = criterion.benchmark_group("pac");
    group.throughput(Throughput::Elements(NAMES as u64)).sample_size(10);
    group.bench_function("500 rules, 10,000 names", |bencher| {
        bencher.iter(|| {
            for host in &hosts {
                let found = script.evaluate(black_box(host), 443, Scheme::Https, &now);
                assert_eq!(found.answer.expect("an answer").choices.len(), 2);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, evaluations);
criterion_main!(benches);
