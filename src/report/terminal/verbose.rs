//! Every step of every endpoint, as `curl -v` would tell it: what was asked, what was said, how
//! long it took.

use super::super::assemble::Judged;
use super::super::route;
use super::super::wording::counted;
use super::page::Page;
use crate::diagnose::tcp_fact;
use crate::model::{
    Answer, Awaited, Certificate, ChainTrust, DnsFailure, Elapsed, End, Exchange, Failure, Held,
    HeldOutcome, HoldFailure, HopAnswer, HttpAnswer, HttpFailure, Kind, LinkData, Located, Lookup,
    Obstacle, Presented, ProxyFailure, ProxyReply, Record, Resolver, Route, Seen, SignIn,
    TdsFailure, TimeoutBy, TlsFailure, TlsFailureKind, TlsSession, Trail, Transport, Validity,
};

/// The header fields that tell one server from another, and why it says what it says.
const TELLING: [&str; 8] = [
    "server",
    "via",
    "location",
    "content-type",
    "date",
    "proxy-authenticate",
    "proxy-status",
    "x-squid-error",
];
/// How many names of a certificate are shown.
const NAMES: usize = 6;
/// How much of foreign bytes is shown.
const BYTES: usize = 64;

pub(super) fn write(page: &mut Page, judged: &[Judged]) {
    page.heading("Every step");
    for (record, verdict) in judged {
        page.gap();
        let cause = verdict.cause.map(|cause| format!("  {cause}")).unwrap_or_default();
        page.status(verdict.status, &format!("{}{cause}", record.endpoint.host_port()));
        write_record(page, record);
    }
}

fn write_record(page: &mut Page, record: &Record) {
    for lookup in &record.lookups {
        write_lookup(page, lookup);
    }
    if record.endpoint.subject.host().is_some() {
        let configured = match &record.route.configured {
            Ok(route) => route.to_string(),
            Err(fault) => fault.message.clone(),
        };
        page.under(&format!("* route: {configured} ({})", record.route.why));
    }
    for asked in &record.proxies {
        for lookup in &asked.lookups {
            write_lookup(page, lookup);
        }
    }
    if let Some(pending) = &record.pending {
        let doing = match pending.awaited {
            Awaited::Lookup => "its name was still being looked up",
            Awaited::Route => "its way was still being decided",
            Awaited::ProxyLookup => "the name of its proxy was still being looked up",
        };
        page.under(&format!("* {doing} after {}", Elapsed(pending.took)));
    }
    if let Some(obstacle) = &record.obstacle {
        page.under(&format!("* {}", stopped(obstacle)));
    }
    let kind = record.endpoint.kind;
    for trail in &record.trails {
        write_trail(page, trail, kind);
    }
    let asked = &record.follow_ups;
    for held in &asked.holds {
        page.under("* kept idle:");
        write_trail(page, held, kind);
    }
    if let Some(upgrade) = &asked.upgrade {
        page.under("* asked for a WebSocket:");
        write_trail(page, upgrade, kind);
    }
    if let Some(located) = &asked.located {
        write_hops(page, located);
    }
    for host in &asked.revocation {
        page.under(&format!("* revocation: {}:{}", host.host, host.port));
        for trail in &host.trails {
            write_trail(page, trail, Kind::Http);
        }
    }
}

fn write_lookup(page: &mut Page, lookup: &Lookup) {
    let resolver = match lookup.resolver {
        Resolver::Server(server) => server.to_string(),
        Resolver::System => "the operating system".to_owned(),
    };
    page.under(&format!("* dns: {} asked of {resolver}", lookup.name));
    for exchange in &lookup.exchanges {
        write_exchange(page, exchange);
    }
}

fn write_exchange(page: &mut Page, exchange: &Exchange) {
    let transport = match exchange.transport {
        Transport::Udp => "",
        Transport::Tcp => " over TCP",
        Transport::System => " by the system",
        Transport::HostsFile => " by the hosts file",
    };
    let asked = exchange.family.record_type();
    let took = Elapsed(exchange.took);
    match &exchange.result {
        Ok(answer) => {
            let word = exchange.outcome().as_str();
            page.deeper(&format!("< {asked}{transport}: {word}, {took}"));
            write_chain(page, answer);
        }
        Err(failure) => {
            let words = lookup_failed(failure);
            page.deeper(&format!("< {asked}{transport}: {words}, {took}"));
        }
    }
}

fn write_chain(page: &mut Page, answer: &Answer) {
    for link in &answer.chain {
        let (of, data) = match &link.data {
            LinkData::Alias(target) => ("CNAME", target.to_string()),
            LinkData::Address(address) if address.is_ipv4() => ("A", address.to_string()),
            LinkData::Address(address) => ("AAAA", address.to_string()),
        };
        page.deeper(&format!("  {} {of} {data} (TTL {})", link.name, link.ttl));
    }
}

fn lookup_failed(failure: &DnsFailure) -> String {
    match failure {
        DnsFailure::TimedOut { asked: 1 } => "no answer to 1 packet".to_owned(),
        DnsFailure::TimedOut { asked } => format!("no answer to {asked} packets"),
        DnsFailure::PortClosed(os) => format!("port closed ({})", os.symbol),
        DnsFailure::Unreachable(os) => format!("unreachable ({})", os.symbol),
        DnsFailure::TcpBlocked { .. } => "truncated, and TCP is blocked".to_owned(),
        DnsFailure::Malformed { detail } => format!("malformed: {detail}"),
        DnsFailure::System(os) => format!("failed ({})", os.symbol),
        DnsFailure::NotAsked(obstacle) => stopped(obstacle),
    }
}

fn write_trail(page: &mut Page, trail: &Trail, kind: Kind) {
    let local = trail.local().map(|local| format!(" from {local}")).unwrap_or_default();
    let by = match trail.route() {
        Route::Direct => "",
        Route::Proxy(_) => ", the proxy",
    };
    page.under(&format!(
        "* {}{by}{local} at {}",
        trail.remote(),
        trail.at().strftime("%Y-%m-%d %H:%M:%S%.3f UTC")
    ));
    for step in trail.passed() {
        let took = Elapsed(step.took);
        let name = step.seen.step();
        match &step.seen {
            Seen::Tcp => page.deeper(&format!("{name}: connected, {took}")),
            Seen::Proxy(tunnel) => {
                page.deeper(&format!("{name}: a tunnel is open, {took}"));
                if let Some(session) = &tunnel.session {
                    write_session(page, session);
                }
                if let Some(sign_in) = &tunnel.sign_in {
                    page.deeper(&signed_in(sign_in));
                }
                match &tunnel.reply {
                    ProxyReply::Connect(answer) => write_answer(page, answer),
                    ProxyReply::Socks { bound } => {
                        page.deeper(&format!("< SOCKS5: bound {bound}"));
                    }
                }
            }
            Seen::ProxySession(session) => {
                page.deeper(&format!("{name}: TLS with the proxy, {took}"));
                write_session(page, session);
            }
            Seen::Tls(session) => {
                page.deeper(&format!("{name}: handshake completed, {took}"));
                write_session(page, session);
            }
            Seen::Http(answer) => {
                page.deeper(&format!("{name}: answered, {took}"));
                write_answer(page, answer);
            }
            Seen::Tds(answer) => page.deeper(&format!(
                "{name}: SQL Server {}, encryption {}, {took}",
                answer.version, answer.encryption
            )),
            Seen::Hold(held) => page.deeper(&format!("{name}: {}", kept(held))),
        }
    }
    match trail.end() {
        End::Complete => {}
        End::Failed { failure, took } => {
            let step = failure.step();
            page.deeper(&format!("{step}: {}", failed(trail, failure, Elapsed(*took))));
            write_evidence(page, failure);
        }
        End::Stopped(obstacle) => {
            let after = trail.waited().map(|waited| format!(", after {}", Elapsed(waited)));
            let after = after.unwrap_or_default();
            page.deeper(&format!("{}: {}{after}", trail.next_step(kind), stopped(obstacle)));
        }
    }
}

fn write_session(page: &mut Page, session: &TlsSession) {
    page.deeper(&format!("< {}, {}", session.version.replace('_', "."), session.cipher_suite));
    write_presented(page, &session.presented);
}

fn write_presented(page: &mut Page, presented: &Presented) {
    for (depth, certificate) in presented.chain.iter().enumerate() {
        write_certificate(page, depth, certificate);
    }
    let trust = &presented.trust;
    let validity = match &trust.validity {
        Validity::Current => "dates are current",
        Validity::Expired { .. } => "expired",
        Validity::NotYet { .. } => "not valid yet",
    };
    page.deeper(&format!(
        "  public roots: {}; this host: {}; {validity}",
        trusted(&trust.public),
        trusted(&trust.host)
    ));
}

fn write_certificate(page: &mut Page, depth: usize, certificate: &Certificate) {
    page.deeper(&format!("  {depth} subject: {}", certificate.subject));
    page.deeper(&format!("    issuer: {}", certificate.issuer));
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    page.deeper(&format!(
        "    valid {} to {}, SHA-256 {}",
        day(certificate.not_before),
        day(certificate.not_after),
        certificate.fingerprint_hex()
    ));
    if depth == 0 && !certificate.names.is_empty() {
        page.deeper(&format!("    names: {}", super::listed(&certificate.names, NAMES)));
    }
}

fn trusted(trust: &ChainTrust) -> String {
    match trust {
        ChainTrust::Trusted => "trusted".to_owned(),
        ChainTrust::UnknownIssuer => "unknown issuer".to_owned(),
        ChainTrust::Invalid { reason } => format!("invalid, {reason}"),
        ChainTrust::NotJudged { reason } => format!("not judged, {reason}"),
    }
}

fn write_answer(page: &mut Page, answer: &HttpAnswer) {
    page.deeper(format!("< HTTP {} {}", answer.status, answer.reason).trim_end());
    for (name, value) in &answer.headers {
        if TELLING.iter().any(|telling| name.eq_ignore_ascii_case(telling)) {
            page.deeper(&format!("< {name}: {value}"));
        }
    }
}

fn kept(held: &Held) -> String {
    match held.outcome {
        HeldOutcome::Answered => format!("idle for {}, and it still works", Elapsed(held.idle)),
        HeldOutcome::Closed { after } => {
            format!("closed in order by the far end after {}", Elapsed(after))
        }
    }
}

/// What a failed step has to show besides its error.
fn write_evidence(page: &mut Page, failure: &Failure) {
    match failure {
        Failure::Proxy(failure) => {
            if let ProxyFailure::SignIn { sign_in, .. } = failure {
                page.deeper(&signed_in(sign_in));
            }
            if let ProxyFailure::Answered { answer, .. } = failure.apart_from_sign_in() {
                write_answer(page, answer);
            }
        }
        Failure::Tls(TlsFailure { presented: Some(presented), .. }) => {
            write_presented(page, presented);
        }
        _ => {}
    }
}

/// `sign-in by NTLM as CONTOSO\anna: 2 messages sent, 1 challenge received`.
fn signed_in(sign_in: &SignIn) -> String {
    let SignIn { scheme, account, messages, challenges, .. } = sign_in;
    let account = if account.is_empty() { String::new() } else { format!(" as {account}") };
    let of = |count: u32, noun| counted(count.try_into().unwrap_or(usize::MAX), noun);
    format!(
        "sign-in by {}{account}: {} sent, {} received",
        scheme.as_str(),
        of(*messages, "message"),
        of(*challenges, "challenge")
    )
}

fn failed(trail: &Trail, failure: &Failure, took: Elapsed) -> String {
    match failure {
        Failure::Tcp(failure) => tcp_fact(failure, took.0, trail.syns()),
        Failure::Proxy(failure) => format!("{}, after {took}", route::refusal(failure)),
        Failure::Tls(failure) => format!("{}, after {took}", tls_failed(&failure.kind)),
        Failure::Http(failure) => format!("{}, after {took}", http_failed(failure)),
        Failure::Tds(failure) => format!("{}, after {took}", tds_failed(failure)),
        Failure::Hold(failure) => hold_failed(failure),
    }
}

fn tls_failed(kind: &TlsFailureKind) -> String {
    match kind {
        TlsFailureKind::ResetOnWrite(os) => format!("reset before the ClientHello ({})", os.symbol),
        TlsFailureKind::Reset(os) => format!("reset after the ClientHello ({})", os.symbol),
        TlsFailureKind::Closed { received } => closed(*received),
        TlsFailureKind::TimedOut { whose, received } => silent(whose, *received),
        TlsFailureKind::NotTls { first_bytes } => format!("not TLS: {}", beginning(first_bytes)),
        TlsFailureKind::Version { detail } => format!("no common version: {detail}"),
        TlsFailureKind::Alert { name } => format!("alert {name}"),
        TlsFailureKind::Other { detail } => detail.clone(),
    }
}

fn http_failed(failure: &HttpFailure) -> String {
    match failure {
        HttpFailure::TimedOut { whose, received } => silent(whose, *received),
        HttpFailure::Closed { received } => closed(*received),
        HttpFailure::Reset(os) => format!("reset ({})", os.symbol),
        HttpFailure::NotHttp { first_bytes } => format!("not HTTP: {}", beginning(first_bytes)),
        HttpFailure::HeadTooLong { limit } => format!("no end of the head in {limit} bytes"),
        HttpFailure::Tls { detail } => format!("TLS broke: {detail}"),
        HttpFailure::Other(os) => format!("failed ({})", os.symbol),
    }
}

fn tds_failed(failure: &TdsFailure) -> String {
    match failure {
        TdsFailure::TimedOut { whose, received } => silent(whose, *received),
        TdsFailure::Closed { received } => closed(*received),
        TdsFailure::Reset(os) => format!("reset ({})", os.symbol),
        TdsFailure::NotTds { first_bytes } => {
            format!("not SQL Server: {}", beginning(first_bytes))
        }
        TdsFailure::Other(os) => format!("failed ({})", os.symbol),
    }
}

fn hold_failed(failure: &HoldFailure) -> String {
    let idle = Elapsed(failure.idle());
    match failure {
        HoldFailure::Silent { whose, .. } => format!("idle for {idle}, then {}", silent(whose, 0)),
        HoldFailure::Reset { after, os, .. } => {
            format!("to be idle for {idle}, reset after {} ({})", Elapsed(*after), os.symbol)
        }
        HoldFailure::Other { os, .. } => format!("idle for {idle}, then failed ({})", os.symbol),
    }
}

fn silent(whose: &TimeoutBy, received: usize) -> String {
    let by = match whose {
        TimeoutBy::Ours(_) => String::new(),
        TimeoutBy::Kernel(os) => format!(" ({})", os.symbol),
    };
    match received {
        0 => format!("no answer{by}"),
        _ => format!("silence after {}{by}", counted(received, "byte")),
    }
}

fn closed(received: usize) -> String {
    format!("closed by the far end, {} received", counted(received, "byte"))
}

fn beginning(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(BYTES)];
    format!("{:?}", String::from_utf8_lossy(shown))
}

fn stopped(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::NoRoute(os) => format!("this host has no route ({})", os.symbol),
        Obstacle::NoLocalAddress(os) => {
            format!("the source address cannot be used ({})", os.symbol)
        }
        Obstacle::DescriptorLimit(os) => format!("out of descriptors ({})", os.symbol),
        Obstacle::PortLimit(os) => format!("out of ephemeral ports ({})", os.symbol),
        Obstacle::Cancelled => "the run was interrupted".to_owned(),
        Obstacle::BudgetSpent => "the run's deadline passed".to_owned(),
        Obstacle::NotTestable { hint } => hint.clone(),
    }
}

fn write_hops(page: &mut Page, located: &Located) {
    let is_echo = located.hops.iter().any(|hop| !hop.echo.is_not_asked());
    let others = if is_echo { "ICMP echo" } else { "other packets" };
    page.under(&format!("* hops to {}, by TCP and by {others}:", located.remote));
    let word = |answer: &HopAnswer| match answer {
        HopAnswer::NotAsked => "not asked".to_owned(),
        HopAnswer::Unheard => "not listened to".to_owned(),
        HopAnswer::Silence => "silence".to_owned(),
        HopAnswer::Expired { .. } => "time exceeded".to_owned(),
        HopAnswer::Answered { os: None, .. } => "accepted".to_owned(),
        HopAnswer::Answered { os: Some(os), .. } | HopAnswer::NotSent(os) => os.symbol.clone(),
    };
    for hop in &located.hops {
        let address = hop.address().map(|address| format!(" {address}")).unwrap_or_default();
        page.deeper(&format!("{}{address}: {}, {}", hop.ttl, word(&hop.tcp), word(hop.beside())));
    }
}
