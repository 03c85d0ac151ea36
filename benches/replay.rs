//! `replay` at size: 250,000 saved records read, judged and rendered as JSON. The budget is 3 s on
//! two cores.
//!
//! `cargo bench --bench replay` (or `-- 50000` for another number). The records are written by a
//! process of their own, so that the peak of memory is the replay's.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "time is what is measured, over files"
)]

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pathproof::model::{
    Answer, Certificate, ChainLink, ChainTrust, Endpoint, Exchange, Expectation, Failure, Family,
    Fingerprint, FollowUps, Host, HostName, HttpAnswer, Kind, LinkData, Lookup, OpenTrail, Origin,
    Presented, Reach, Record, Records, Resolver, ResponseCode, Role, Route, RouteChoice,
    RouteIntent, Run, Seen, Subject, TcpFailure, TimeoutBy, TlsSession, Trail, Transport, Trust,
    Validity, Vantage,
};
use pathproof::{archive, diagnose, report};
use sha2::{Digest, Sha256};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BUDGET: Duration = Duration::from_secs(3);
const N_RECORDS: usize = 250_000;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments[..] {
        [verb, n_records, path] if verb == "write" => write(n_records.parse()?, path.as_ref()),
        [n_records] => measure(n_records.parse()?),
        _ => measure(N_RECORDS),
    }
}

fn measure(n_records: usize) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let saved = directory.path().join("records.jsonl");
    let writer = std::process::Command::new(std::env::current_exe()?)
        .args(["write", &n_records.to_string()])
        .arg(&saved)
        .status()?;
    assert!(writer.success(), "the records could not be written");

    let mut watch = Watch::start();
    let records = archive::read(BufReader::new(File::open(&saved)?), "records.jsonl")?;
    let read = watch.lap();
    let conclusion = diagnose::conclude(&records, &diagnose::ranges_unknown);
    let judged = watch.lap();
    let rendered = directory.path().join("report.json");
    report::json::report(
        &records,
        &conclusion,
        None,
        &mut BufWriter::new(File::create(&rendered)?),
    )?;
    let written = watch.lap();

    let mebibytes = |path: &Path| std::fs::metadata(path).map(|file| file.len() >> 20);
    println!("{n_records} records, {} MiB", mebibytes(&saved)?);
    println!("  read      {read}");
    println!("  judged    {judged}");
    println!("  rendered  {written}, {} MiB", mebibytes(&rendered)?);
    let total = Lap { wall: read.wall + judged.wall + written.wall, cpu: cpu() };
    println!("  total     {total}, peak {}", peak());
    let verdict = if total.wall <= BUDGET { "kept" } else { "missed" };
    println!("  budget    {:5.2} s: {verdict}", BUDGET.as_secs_f64());
    Ok(())
}

/// A part of the work, by the clock and by the processors: on a busy machine they lie apart.
struct Lap {
    wall: Duration,
    cpu: Option<f64>,
}

impl fmt::Display for Lap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:5.2} s", self.wall.as_secs_f64())?;
        self.cpu.map_or(Ok(()), |cpu| write!(f, " ({cpu:.2} s of processor time)"))
    }
}

struct Watch {
    wall: Instant,
    cpu: Option<f64>,
}

impl Watch {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    fn lap(&mut self) -> Lap {
        let before = std::mem::replace(self, Self::start());
        Lap {
            wall: self.wall - before.wall,
            cpu: self.cpu.zip(before.cpu).map(|(now, then)| now - then),
        }
    }
}

/// What all threads of this process have used, seconds: fields 14 and 15 of `proc_pid_stat(5)`, in
/// hundredths.
fn cpu() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u32 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    Some(f64::from(ticks) / 100.0)
}

/// The peak of this process's memory, where the system says it.
fn peak() -> String {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(format!("{} MiB", kibibytes >> 10))
        })
        .unwrap_or_else(|| "not known".to_owned())
}

fn write(n_records: usize, path: &Path) -> Result<(), Box<dyn Error>> {
    let records = synthetic(n_records);
    let mut out = BufWriter::new(File::create(path)?);
    archive::write(&records, &mut out)?;
    Ok(out.flush()?)
}

/// What a large estate's relays look like: most answer, every tenth is silent.
fn synthetic(n_records: usize) -> Records {
    let presented = presented();
    let records = (0..n_records).map(|number| record(number, &presented)).collect();
    let run = Run {
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: at(),
        took: Duration::from_mins(1),
        vantage: Vantage {
            hostname: "ir-node-1".into(),
            os: "Windows Server 2022".into(),
            account: "svc".into(),
            addresses: vec!["10.50.1.10".parse().expect("an address")],
            resolvers: vec!["10.0.0.53:53".parse().expect("an address")],
            proxy_source: "none".into(),
            proxy_url: None,
        },
        cloud: "public".into(),
        lists: vec!["adf-shir".into()],
        ..Run::default()
    };
    Records { run, records }
}

fn at() -> Timestamp {
    Timestamp::constant(1_772_359_200, 123_456_789)
}

fn record(number: usize, presented: &Presented) -> Record {
    let host = name(&format!("relay-{number:06}.servicebus.windows.net"));
    let alias = name(&format!("ns-sb2-prod-by3-{:03}.cloudapp.net", number % 1000));
    let [.., third, fourth] = number.to_be_bytes();
    let address = [40, 112, third, fourth];
    let trail = match number % 10 {
        9 => silent(address),
        _ => answered(address, presented),
    };
    Record {
        endpoint: Arc::new(Endpoint {
            entry: "relay".into(),
            role: Role::Relay,
            subject: Subject::Host(Host::Name(host.clone())),
            port: 443,
            kind: Kind::Relay,
            purpose: "interactive authoring: test connection, browse, preview data".into(),
            source_document: String::new(),
            required: true,
            origin: Origin::ServiceUrls,
            discovered: None,
            order: 1,
            expect: Expectation {
                reach: Reach::Public,
                private_zones: vec!["privatelink.servicebus.windows.net".into()],
                service_domains: vec!["servicebus.windows.net".into()],
                fingerprint: Fingerprint::RelayNamespace,
                service_tags: vec!["AzureCloud".into()],
            },
        }),
        route: RouteChoice::new(RouteIntent::Any, Route::Direct, "no proxy is configured"),
        proxies: Vec::new(),
        lookups: vec![Arc::new(lookup(host, &alias, address))],
        trails: vec![trail],
        follow_ups: FollowUps::default(),
        obstacle: None,
        pending: None,
        at: at(),
    }
}

fn lookup(host: HostName, alias: &HostName, address: [u8; 4]) -> Lookup {
    let first = ChainLink { name: host.clone(), ttl: 60, data: LinkData::Alias(alias.clone()) };
    let last = ChainLink { name: alias.clone(), ttl: 10, data: LinkData::Address(address.into()) };
    let exchange = |family, chain| Exchange {
        family,
        result: Ok(Answer { code: ResponseCode::NoError, chain, is_loop: false, is_cut: false }),
        transport: Transport::Udp,
        took: Duration::from_nanos(412_345),
    };
    Lookup {
        resolver: Resolver::Server("10.0.0.53:53".parse().expect("an address")),
        name: host,
        exchanges: vec![
            exchange(Family::V4, vec![first.clone(), last]),
            exchange(Family::V6, vec![first]),
        ],
    }
}

fn answered(address: [u8; 4], presented: &Presented) -> Trail {
    let mut trail = OpenTrail::new(Route::Direct, (address, 443).into(), at());
    trail.leave_from(Some(([10, 50, 1, 10], 51_514).into()));
    trail.pass(Seen::Tcp, Duration::from_nanos(23_456_789));
    let session = TlsSession {
        version: "TLSv1_3".into(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
        presented: presented.clone(),
    };
    trail.pass(Seen::Tls(Box::new(session)), Duration::from_nanos(48_123_456));
    let answer = HttpAnswer {
        status: 200,
        reason: "OK".into(),
        headers: [
            ("Transfer-Encoding", "chunked"),
            ("Content-Type", "application/atom+xml;type=feed;charset=utf-8"),
            ("Server", "Microsoft-HTTPAPI/2.0"),
            ("Strict-Transport-Security", "max-age=31536000"),
            ("Date", "Sun, 01 Mar 2026 10:00:00 GMT"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into(),
        body: "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">Publicly Listed \
               Services</title><subtitle type=\"text\">This is the list of publicly-listed \
               services currently available.</subtitle><id>uuid:ce3ee2a5;id=1</id>\
               <updated>2026-03-01T10:00:00Z</updated><generator>Service Bus 1.1</generator>\
               </feed>"
            .into(),
        is_cut: false,
    };
    trail.pass(Seen::Http(Box::new(answer)), Duration::from_nanos(31_234_567));
    trail.complete()
}

fn silent(address: [u8; 4]) -> Trail {
    let patience = Duration::from_secs(5);
    OpenTrail::new(Route::Direct, (address, 443).into(), at())
        .fail(Failure::Tcp(TcpFailure::TimedOut(TimeoutBy::Ours(patience))), patience)
}

fn presented() -> Presented {
    let authority = "C=US, O=Microsoft Corporation, CN=Microsoft Azure RSA TLS Issuing CA 03";
    let root = "C=US, O=DigiCert Inc, OU=www.digicert.com, CN=DigiCert Global Root G2";
    let leaf = "C=US, ST=WA, L=Redmond, O=Microsoft Corporation, CN=servicebus.windows.net";
    let names = &["*.servicebus.windows.net", "servicebus.windows.net"];
    Presented {
        chain: [(leaf, authority, &names[..]), (authority, root, &[]), (root, root, &[])]
            .map(|(subject, issuer, names)| Arc::new(certificate(subject, issuer, names)))
            .into(),
        trust: Arc::new(Trust {
            public: ChainTrust::Trusted,
            host: ChainTrust::Trusted,
            validity: Validity::Current,
        }),
    }
}

fn certificate(subject: &str, issuer: &str, names: &[&str]) -> Certificate {
    let der = subject.repeat(16).into_bytes();
    Certificate {
        fingerprint: Sha256::digest(&der).into(),
        der: der.into(),
        subject: subject.into(),
        issuer: issuer.into(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        not_before: at() - Duration::from_hours(24),
        not_after: at() + Duration::from_hours(24),
        revocation: vec!["http://crl.microsoft.com/a.crl".into()],
    }
}

fn name(text: &str) -> HostName {
    HostName::parse(text).expect("a host name")
}
