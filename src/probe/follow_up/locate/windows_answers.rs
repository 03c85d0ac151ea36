//! What Windows answers to a connect and to an echo request of limited life, and what that says of
//! the hop. No call of the system is made here, so that all its answers are tried on every system.

use std::net::IpAddr;

use crate::model::{HopAnswer, OsError};
use crate::probe::os_error::ErrorMeaning;

/// RFC 792 and RFC 4443: time exceeded, in the two families.
const TIME_EXCEEDED_V4: u8 = 11;
const TIME_EXCEEDED_V6: u8 = 3;

/// Whose words can end a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListenedTo {
    /// `TCP_FAIL_CONNECT_ON_ICMP_ERROR` is set: routers' too.
    Routers,
    /// Windows before 10 2004 and Server 2022 has no such option, and passes over ICMP errors.
    FarEndAlone,
}

/// An ICMP error as `TCP_ICMP_ERROR_INFO` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IcmpErrorInfo {
    /// Who sent it, where the structure holds an address.
    pub(super) from: Option<IpAddr>,
    /// The ICMP type.
    pub(super) kind: u8,
}

/// How a connect ended, or that it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConnectEnd {
    /// It was accepted.
    Connected,
    /// `SO_ERROR`, and the ICMP error behind it where there was one.
    Failed { os: OsError, meaning: ErrorMeaning, icmp: Option<IcmpErrorInfo> },
    /// Nothing had come when the time was over.
    Pending,
}

/// What the hop said to a SYN.
pub(super) fn of_connect(is_v4: bool, heard: ListenedTo, end: ConnectEnd) -> HopAnswer {
    let time_exceeded = if is_v4 { TIME_EXCEEDED_V4 } else { TIME_EXCEEDED_V6 };
    let nothing = || match heard {
        ListenedTo::Routers => HopAnswer::Silence,
        ListenedTo::FarEndAlone => HopAnswer::Unheard,
    };
    match end {
        ConnectEnd::Connected => HopAnswer::Answered { os: None, from: None },
        ConnectEnd::Pending => nothing(),
        ConnectEnd::Failed { icmp: Some(icmp), .. } if icmp.kind == time_exceeded => {
            HopAnswer::Expired { from: icmp.from }
        }
        ConnectEnd::Failed { os, icmp: Some(icmp), .. } => {
            HopAnswer::Answered { os: Some(os), from: icmp.from }
        }
        ConnectEnd::Failed { os, meaning, icmp: None } => match meaning {
            ErrorMeaning::TimedOut => nothing(),
            ErrorMeaning::Refused | ErrorMeaning::Reset => {
                HopAnswer::Answered { os: Some(os), from: None }
            }
            // Without an ICMP error these are this host's own words: no route, no neighbour, no
            // such source, not allowed.
            _ => HopAnswer::NotSent(os),
        },
    }
}

/// How an echo request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EchoEnd {
    /// A reply, with its status (ipexport.h) and its sender.
    Reply { status: u32, from: IpAddr },
    /// None, with the code of the last error: one of ipexport.h, or of Win32.
    NoReply { code: u32 },
}

/// What the hop said to an echo request.
pub(super) fn of_echo(end: EchoEnd) -> HopAnswer {
    match end {
        EchoEnd::Reply { status: IP_SUCCESS, from } => {
            HopAnswer::Answered { os: None, from: Some(from) }
        }
        EchoEnd::Reply { status: IP_TTL_EXPIRED_TRANSIT | IP_TIME_EXCEEDED, from } => {
            HopAnswer::Expired { from: Some(from) }
        }
        EchoEnd::Reply { status: IP_REQ_TIMED_OUT, .. }
        | EchoEnd::NoReply { code: IP_REQ_TIMED_OUT } => HopAnswer::Silence,
        // Of these the system knows by itself, whatever address it fills in.
        EchoEnd::Reply { status, .. } if IS_OF_THIS_HOST.contains(&status) => {
            HopAnswer::NotSent(named(status))
        }
        EchoEnd::Reply { status, from } => {
            HopAnswer::Answered { os: Some(named(status)), from: Some(from) }
        }
        EchoEnd::NoReply { code } => HopAnswer::NotSent(named(code)),
    }
}

const IP_SUCCESS: u32 = 0;
const IP_REQ_TIMED_OUT: u32 = 11010;
const IP_TTL_EXPIRED_TRANSIT: u32 = 11013;
const IP_TIME_EXCEEDED: u32 = 11041;
/// No resources, a bad request, no way to it, a general failure.
const IS_OF_THIS_HOST: [u32; 5] = [11006, 11011, 11012, 11018, 11050];

/// Status codes of ipexport.h by their names, and what else the calls of the ICMP API fail with.
const NAMES: &[(u32, &str)] = &[
    (5, "ERROR_ACCESS_DENIED"),
    (87, "ERROR_INVALID_PARAMETER"),
    (120, "ERROR_CALL_NOT_IMPLEMENTED"),
    (1231, "ERROR_NETWORK_UNREACHABLE"),
    (1232, "ERROR_HOST_UNREACHABLE"),
    (10047, "WSAEAFNOSUPPORT"),
    (10049, "WSAEADDRNOTAVAIL"),
    (10051, "WSAENETUNREACH"),
    (10065, "WSAEHOSTUNREACH"),
    (11002, "IP_DEST_NET_UNREACHABLE"),
    (11003, "IP_DEST_HOST_UNREACHABLE"),
    (11004, "IP_DEST_PROT_UNREACHABLE"),
    (11005, "IP_DEST_PORT_UNREACHABLE"),
    (11006, "IP_NO_RESOURCES"),
    (11009, "IP_PACKET_TOO_BIG"),
    (11011, "IP_BAD_REQ"),
    (11012, "IP_BAD_ROUTE"),
    (11014, "IP_TTL_EXPIRED_REASSEM"),
    (11015, "IP_PARAM_PROBLEM"),
    (11016, "IP_SOURCE_QUENCH"),
    (11018, "IP_BAD_DESTINATION"),
    (11040, "IP_DEST_UNREACHABLE"),
    (11050, "IP_GENERAL_FAILURE"),
];

/// A code with its name, or with itself as one where it has none here.
fn named(code: u32) -> OsError {
    let name = NAMES.iter().find(|(known, _)| *known == code).map(|(_, name)| (*name).to_owned());
    OsError {
        code: i32::try_from(code).unwrap_or(i32::MAX),
        symbol: name.unwrap_or_else(|| format!("IP status {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 50, 1, 1));

    fn os(code: i32, symbol: &str) -> OsError {
        OsError { code, symbol: symbol.to_owned() }
    }

    /// `SO_ERROR` after a connect, and what `TCP_ICMP_ERROR_INFO` gives beside it.
    fn failed(code: i32, meaning: ErrorMeaning, icmp: Option<(u8, Option<IpAddr>)>) -> ConnectEnd {
        let icmp = icmp.map(|(kind, from)| IcmpErrorInfo { from, kind });
        ConnectEnd::Failed { os: os(code, "X"), meaning, icmp }
    }

    #[test]
    fn a_connect_tells_of_routers_only_where_they_are_heard() {
        use ErrorMeaning::{HostUnreachable, NetworkUnreachable, NoLocalEnd, Refused, TimedOut};
        use ListenedTo::{FarEndAlone, Routers};
        let answered = |code: i32, from| HopAnswer::Answered { os: Some(os(code, "X")), from };
        for (is_v4, heard, end, expected) in [
            (true, Routers, ConnectEnd::Pending, HopAnswer::Silence),
            (true, FarEndAlone, ConnectEnd::Pending, HopAnswer::Unheard),
            (
                true,
                Routers,
                failed(10065, HostUnreachable, Some((11, Some(ROUTER)))),
                HopAnswer::Expired { from: Some(ROUTER) },
            ),
            (
                true,
                Routers,
                failed(10065, HostUnreachable, Some((11, None))),
                HopAnswer::Expired { from: None },
            ),
            // Type 3 is "destination unreachable" in ICMP, and "time exceeded" in ICMPv6.
            (
                true,
                Routers,
                failed(10065, HostUnreachable, Some((3, Some(ROUTER)))),
                answered(10065, Some(ROUTER)),
            ),
            (
                false,
                Routers,
                failed(10065, HostUnreachable, Some((3, Some(ROUTER)))),
                HopAnswer::Expired { from: Some(ROUTER) },
            ),
            // Nobody answered ARP: no router has said anything.
            (
                true,
                Routers,
                failed(10065, HostUnreachable, None),
                HopAnswer::NotSent(os(10065, "X")),
            ),
            (
                true,
                FarEndAlone,
                failed(10065, HostUnreachable, None),
                HopAnswer::NotSent(os(10065, "X")),
            ),
            (true, Routers, failed(10060, TimedOut, None), HopAnswer::Silence),
            (true, FarEndAlone, failed(10060, TimedOut, None), HopAnswer::Unheard),
            (true, FarEndAlone, failed(10061, Refused, None), answered(10061, None)),
            (
                true,
                Routers,
                failed(10051, NetworkUnreachable, None),
                HopAnswer::NotSent(os(10051, "X")),
            ),
            (true, Routers, failed(10049, NoLocalEnd, None), HopAnswer::NotSent(os(10049, "X"))),
            (
                true,
                FarEndAlone,
                ConnectEnd::Connected,
                HopAnswer::Answered { os: None, from: None },
            ),
        ] {
            assert_eq!(of_connect(is_v4, heard, end.clone()), expected, "{heard:?} {end:?}");
        }
    }

    #[test]
    fn an_echo_request_is_answered_by_a_router_the_far_end_or_nobody() {
        let reply = |status| EchoEnd::Reply { status, from: ROUTER };
        let from = Some(ROUTER);
        for (end, expected) in [
            (reply(0), HopAnswer::Answered { os: None, from }),
            (reply(11013), HopAnswer::Expired { from }),
            (reply(11041), HopAnswer::Expired { from }),
            (reply(11010), HopAnswer::Silence),
            (EchoEnd::NoReply { code: 11010 }, HopAnswer::Silence),
            (
                reply(11003),
                HopAnswer::Answered { os: Some(os(11003, "IP_DEST_HOST_UNREACHABLE")), from },
            ),
            (reply(11050), HopAnswer::NotSent(os(11050, "IP_GENERAL_FAILURE"))),
            // As wine has no ICMPv6.
            (
                EchoEnd::NoReply { code: 120 },
                HopAnswer::NotSent(os(120, "ERROR_CALL_NOT_IMPLEMENTED")),
            ),
            (EchoEnd::NoReply { code: 7 }, HopAnswer::NotSent(os(7, "IP status 7"))),
        ] {
            assert_eq!(of_echo(end), expected, "{end:?}");
        }
    }
}
