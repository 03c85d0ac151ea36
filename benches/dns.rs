//! Questions to bytes and back, and whole lookups against a server.
//!
//! The server is a thread of this program that answers every A with one address, or the one named
//! by `PATHPROOF_BENCH_SERVER=127.0.0.1:5300`, which must know `h0.example.test` and on to
//! `h19999` (nsd limits its rate unless told `rrl-ratelimit: 0`).

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a server of its own answers"
)]

use std::hint::black_box;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pathproof::model::{Family, HostName, LookupOutcome};
use pathproof::probe::Connector;
use pathproof::probe::dns::{DnsClient, DnsSettings};
use pathproof::wire::dns::{DnsQuestion, Extension};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NAMES: usize = 20_000;
const TASKS: usize = 128;

fn name(n: usize) -> HostName {
    HostName::parse(&format!("h{n}.example.test")).expect("a name")
}

/// The question made an answer: one address, by a pointer to the name asked for.
fn answer(packet: &[u8]) -> Vec<u8> {
    const RECORD: &[u8] = b"\xc0\x0c\0\x01\0\x01\0\0\0\x1e\0\x04\x0a\0\0\x01";
    let length = packet.len() - if packet[11] == 0 { 0 } else { 11 };
    let is_address = packet[length - 3] == 1;
    let mut answer = packet[..length].to_vec();
    answer[2] |= 0x80;
    answer[7] = u8::from(is_address);
    answer[11] = 0;
    if is_address {
        answer.extend(RECORD);
    }
    answer
}

fn serve() -> SocketAddr {
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = udp.local_addr().expect("a bound socket has an address");
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        loop {
            if let Ok((length, client)) = udp.recv_from(&mut buffer) {
                let _ = udp.send_to(&answer(&buffer[..length]), client);
            }
        }
    });
    address
}

/// How long `n` lookups of different names take, and that each found an address.
async fn lookups(server: SocketAddr, families: &[Family], n: usize) -> Duration {
    let settings = DnsSettings {
        timeout: Duration::from_secs(5),
        families: families.to_vec(),
        source: None,
        asks_system: false,
        connector: Connector::network(),
    };
    let client = Arc::new(DnsClient::new(vec![server], settings));
    let began = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                for n in (task..n).step_by(TASKS) {
                    let lookups = client.lookup(&name(n)).await;
                    assert_eq!(lookups[0].outcome(), LookupOutcome::Addresses, "{lookups:?}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("every name has an address");
    }
    began.elapsed()
}

fn wire(c: &mut Criterion) {
    let host = name(1);
    let question = DnsQuestion::new(&host, Family::V4);
    let packet = answer(&question.packet(7, Extension::Edns));
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Elements(1));
    group.bench_function("ask", |b| {
        b.iter(|| DnsQuestion::new(black_box(&host), Family::V4).packet(7, Extension::Edns));
    });
    group.bench_function("read", |b| {
        b.iter(|| question.response(7, black_box(&packet)).expect("ours").read().expect("whole"));
    });
    group.finish();
}

fn exchange(c: &mut Criterion) {
    let server = std::env::var("PATHPROOF_BENCH_SERVER")
        .map_or_else(|_| serve(), |text| text.parse().expect("an address and a port"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("lookup");
    group.throughput(Throughput::Elements(NAMES as u64)).sample_size(10);
    for (what, families) in [("a", &[Family::V4][..]), ("a-and-aaaa", &[Family::V4, Family::V6])] {
        group.bench_function(what, |b| {
            b.iter_custom(|iterations| {
                (0..iterations).map(|_| runtime.block_on(lookups(server, families, NAMES))).sum()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, wire, exchange);
criterion_main!(benches);
