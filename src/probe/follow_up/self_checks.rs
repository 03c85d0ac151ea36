//! What `selftest` tries of the sockets of this system, on loopback alone.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::AsyncWriteExt as _;

use super::{locate, segments};
use crate::model::{CheckOutcome, Hop, HopAnswer, SegmentBound, SelfCheck, TcpFailure};
use crate::probe::os_error::os_error;
use crate::probe::tcp::{self, NotConnected};

/// Of each check: loopback answers within a millisecond, and a busy host within some hundreds.
const PATIENCE: Duration = Duration::from_secs(3);
/// A system that repeats a SYN after a reset reports "refused" after a second or more.
const LONGEST_REFUSAL: Duration = Duration::from_millis(900);
/// What is sent in small segments, bytes: several of them.
const SENT: usize = 8 * 1024;

/// Tries what probes and follow-ups need. Must run in a tokio runtime with IO and time.
pub async fn self_checks() -> Vec<SelfCheck> {
    let hop = |address: IpAddr| {
        let remote = SocketAddr::new(address, closed_port(address)?);
        Ok::<_, io::Error>(locate::self_probe(remote, PATIENCE))
    };
    let v4 = tokio::task::spawn_blocking(move || hop(Ipv4Addr::LOCALHOST.into())).await;
    let v6 = tokio::task::spawn_blocking(move || hop(Ipv6Addr::LOCALHOST.into())).await;
    vec![
        SelfCheck { name: "refused_connect", outcome: outcome(refused_connect().await) },
        SelfCheck { name: "small_segments", outcome: small_segments().await },
        SelfCheck { name: "icmp_errors", outcome: icmp_errors() },
        SelfCheck { name: "hop_answers", outcome: hop_answers(v4.map_err(io::Error::other)) },
        SelfCheck {
            name: "hop_answers_v6",
            outcome: match UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) {
                Ok(_) => hop_answers(v6.map_err(io::Error::other)),
                Err(error) => {
                    CheckOutcome::NotHere(format!("this host has no IPv6 ({})", os_error(&error)))
                }
            },
        },
    ]
}

fn outcome(tried: Result<String, String>) -> CheckOutcome {
    SelfCheck::of("", tried).outcome
}

/// A port of this host where nobody listens.
fn closed_port(address: IpAddr) -> io::Result<u16> {
    Ok(TcpListener::bind((address, 0))?.local_addr()?.port())
}

async fn refused_connect() -> Result<String, String> {
    let address = Ipv4Addr::LOCALHOST.into();
    let port = closed_port(address).map_err(|error| format!("no port: {}", os_error(&error)))?;
    match tcp::connect(SocketAddr::new(address, port), None, PATIENCE).await {
        Err(NotConnected::Failed(TcpFailure::Refused(_), took)) if took < LONGEST_REFUSAL => {
            Ok(format!("a closed port refuses after {} ms", took.as_millis()))
        }
        Err(NotConnected::Failed(TcpFailure::Refused(_), took)) => Err(format!(
            "a closed port refuses after {} ms only: a short time-out would call that silence",
            took.as_millis()
        )),
        Ok(_) => Err("a connection to a closed port was made".to_owned()),
        Err(other) => Err(format!("a connection to a closed port ends otherwise: {other:?}")),
    }
}

/// A connection whose segments are small, and whether what it sends arrives.
async fn small_segments() -> CheckOutcome {
    match send_in_small_segments().await {
        Ok(SegmentBound::Both) => {
            CheckOutcome::Works("segments of 536 bytes can be asked for, both ways".to_owned())
        }
        Ok(SegmentBound::Incoming) => CheckOutcome::NotHere(
            "IP_USER_MTU is not known here (Windows 10 2004 and Server 2022 know it): segments \
             are kept small in what comes in alone"
                .to_owned(),
        ),
        Err(reason) => CheckOutcome::Fails(reason),
    }
}

async fn send_in_small_segments() -> Result<SegmentBound, String> {
    use tokio::io::AsyncReadExt as _;
    let failed = |error: io::Error| format!("loopback with small segments: {}", os_error(&error));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let remote = listener.local_addr().map_err(failed)?;
    let (mut stream, bound) = segments::connect(remote, None, Some(536), PATIENCE)
        .await
        .map_err(|failure| format!("no connection with small segments: {failure:?}"))?;
    let (mut accepted, _) = listener.accept().await.map_err(failed)?;
    let sending = async {
        stream.write_all(&[b'x'; SENT]).await?;
        stream.shutdown().await
    };
    let mut received = Vec::new();
    let both = async { tokio::try_join!(sending, accepted.read_to_end(&mut received)) };
    match tokio::time::timeout(PATIENCE, both).await {
        Ok(Ok(_)) if received.len() == SENT => Ok(bound),
        Ok(Ok(_)) => Err(format!("{} of {SENT} bytes arrived in small segments", received.len())),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err("what was sent in small segments did not arrive".to_owned()),
    }
}

/// Whether a connect is told what routers say.
fn icmp_errors() -> CheckOutcome {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP));
    match socket.and_then(|socket| locate::hear_routers(&socket)) {
        Ok(()) => CheckOutcome::Works("a connect is told what routers say (--locate)".to_owned()),
        Err(error) => CheckOutcome::NotHere(format!(
            "a connect is not told what routers say ({}): {}",
            os_error(&error),
            locate::WITHOUT_ROUTERS
        )),
    }
}

/// What loopback answered to a SYN to a closed port, and to the packet beside it.
fn hop_answers(probed: io::Result<io::Result<Hop>>) -> CheckOutcome {
    let hop = match probed.flatten() {
        Ok(hop) => hop,
        Err(error) => return CheckOutcome::Fails(format!("not tried: {}", os_error(&error))),
    };
    let beside = if hop.echo.is_not_asked() { "a datagram" } else { "an ICMP echo request" };
    let is_answer = |answer: &HopAnswer| matches!(answer, HopAnswer::Answered { .. });
    let failed = |what: &str, answer: &HopAnswer| match answer {
        HopAnswer::NotSent(os) => CheckOutcome::Fails(format!("{what} could not be sent: {os}")),
        _ => CheckOutcome::Fails(format!("{what} to loopback was not answered")),
    };
    if !is_answer(&hop.tcp) {
        return failed("a SYN of one hop's life", &hop.tcp);
    }
    if !is_answer(hop.beside()) {
        return failed(&format!("{beside} of one hop's life"), hop.beside());
    }
    CheckOutcome::Works(format!("loopback answers a SYN and {beside} of one hop's life"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OsError;

    #[test]
    fn what_loopback_does_not_answer_is_a_failure() {
        let answered = || HopAnswer::Answered { os: None, from: None };
        let os = || OsError { code: 120, symbol: "ERROR_CALL_NOT_IMPLEMENTED".to_owned() };
        let hop = |tcp, echo| Ok(Ok(Hop { ttl: 1, tcp, udp: HopAnswer::NotAsked, echo }));
        for (probed, expected) in [
            (hop(answered(), answered()), "ok"),
            (hop(HopAnswer::Unheard, answered()), "a SYN of one hop's life to loopback was not"),
            (
                hop(answered(), HopAnswer::NotSent(os())),
                "an ICMP echo request of one hop's life could not be sent: \
                 ERROR_CALL_NOT_IMPLEMENTED (120)",
            ),
            (Ok(Err(io::ErrorKind::Unsupported.into())), "not tried: "),
        ] {
            let outcome = hop_answers(probed);
            let said = format!("{} {}", outcome.as_str(), outcome.text());
            assert!(said.contains(expected), "no {expected:?} in {said:?}");
        }
    }

    #[tokio::test]
    async fn this_system_has_what_probes_need() {
        let all = self_checks().await;
        assert!(all.iter().all(|check| !check.outcome.is_failure()), "{all:?}");
    }
}
