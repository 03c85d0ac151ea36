//! Where packets to a silent address get lost, as a line of evidence beside the silence.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnose::case::Case;
use crate::diagnose::finding::Draft;
use crate::model::{Cause, Certainty, Hop, HopAnswer, HopsFoundBy, Located, Record};

pub(super) fn add_last_hop(case: &Case<'_>, drafts: &mut [Draft]) {
    let Some(located) = &case.record.follow_ups.located else { return };
    let silences = drafts.iter_mut().filter(|draft| {
        matches!(draft.cause, Cause::TcpTimeout | Cause::TcpSomeAddresses | Cause::TcpFamily)
    });
    let (sentence, certainty) = sentence(located);
    for draft in silences {
        draft.add_evidence_first(format!(
            "{}: {sentence} ({})",
            located.remote,
            certainty.as_str()
        ));
    }
}

/// What the hops show, and how certain that is: a router that drops packets in silence looks like
/// one that they never reach.
fn sentence(located: &Located) -> (String, Certainty) {
    let is_answer = |hop: &&Hop| matches!(hop.tcp, HopAnswer::Answered { .. });
    if let Some(hop) = located.hops.iter().find(is_answer) {
        let words = format!("answered from hop {} when it was asked again", hop.ttl);
        return (words, Certainty::Possible);
    }
    if located.found_by() == HopsFoundBy::IcmpEcho {
        return (sentence_by_echo(located), Certainty::Possible);
    }
    let Some(last) = located.last_hop() else {
        let words = match located.hops.first().map(|hop| &hop.tcp) {
            Some(HopAnswer::NotSent(os)) => {
                format!("the hops are not known: this host could not send ({os})")
            }
            _ => "no hop answered: the first one is silent".to_owned(),
        };
        return (words, Certainty::Possible);
    };
    let name = name_of(last.address());
    let last_hop =
        format!("the last hop that answered is {name}, hop {}; the next did not", last.ttl);
    if let Some(hop) = furthest(located, last.ttl) {
        let beyond = place(hop);
        let others = if hop.echo.is_not_asked() { "other packets" } else { "ICMP echo requests" };
        let port = located.remote.port();
        let words = format!("{last_hop}, while {others} come to {beyond}: TCP {port} is filtered");
        return (words, Certainty::Likely);
    }
    let before = located.hops.iter().filter(|hop| hop.ttl <= last.ttl);
    let has_gap = before.clone().any(|hop| !hop.tcp.is_expired());
    (last_hop, if has_gap { Certainty::Possible } else { Certainty::Likely })
}

/// What echo requests show where routers' answers to a connect are not listened to. They are other
/// packets, which firewalls treat otherwise: that much is always said.
fn sentence_by_echo(located: &Located) -> String {
    let port = located.remote.port();
    let unheard =
        format!("how far TCP {port} comes is not known, as this system does not report it");
    let reached = located.hops.iter().find(|hop| matches!(hop.echo, HopAnswer::Answered { .. }));
    let (reached, last) = match reached.map(|hop| (hop, &hop.echo)) {
        Some((hop, HopAnswer::Answered { os: None, .. })) => (Some(hop), None),
        // A router that says that there is no way on is as far as they come.
        Some((hop, _)) => (None, Some(hop)),
        None => (None, located.last_hop()),
    };
    if let Some(hop) = reached {
        return format!("ICMP echo requests come to {}; {unheard}", place(hop));
    }
    if let Some(hop) = last {
        let name = name_of(from(&hop.echo));
        let says = match &hop.echo {
            HopAnswer::Answered { os: Some(os), .. } => format!(", with {os}"),
            _ => String::new(),
        };
        return format!(
            "the last hop that answered ICMP echo requests is {name}, hop {}{says}; {unheard}",
            hop.ttl
        );
    }
    match located.hops.first().map(|hop| &hop.echo) {
        Some(HopAnswer::NotSent(os)) => {
            format!("ICMP echo requests could not be sent ({os}); {unheard}")
        }
        _ => format!("no hop answered ICMP echo requests; {unheard}"),
    }
}

/// Where a packet came to that was not a SYN.
fn place(hop: &Hop) -> String {
    match from(hop.beside()) {
        Some(address) => format!("{address}, hop {}", hop.ttl),
        None => format!("hop {}", hop.ttl),
    }
}

/// How far other packets get beyond `ttl`. The far end answers packets of any greater TTL too, so
/// its first answer shows where it is. Without one, the last router that answers is the furthest.
fn furthest(located: &Located, ttl: u8) -> Option<&Hop> {
    let mut others = located.hops.iter().filter(|hop| hop.ttl > ttl);
    let answered = others.clone().find(|hop| matches!(hop.beside(), HopAnswer::Answered { .. }));
    answered.or_else(|| others.rfind(|hop| hop.beside().is_expired()))
}

/// How the last hop that answered was found, its TTL and its address.
type LastHop = (HopsFoundBy, Option<(u8, Option<IpAddr>)>);

/// Where packets to the silent addresses of a run end: one line for each last hop, with the number
/// of endpoints that it was the last for.
pub(in crate::diagnose) fn of_run<'a>(
    records: impl IntoIterator<Item = &'a Record>,
) -> Vec<String> {
    let mut ends: BTreeMap<LastHop, usize> = BTreeMap::new();
    for located in records.into_iter().filter_map(|record| record.follow_ups.located.as_ref()) {
        let last = located.last_hop().map(|hop| (hop.ttl, hop.address()));
        *ends.entry((located.found_by(), last)).or_default() += 1;
    }
    let line = |((by, last), count): (LastHop, usize)| {
        let of = if count == 1 { "1 endpoint".to_owned() } else { format!("{count} endpoints") };
        match (by, last) {
            (HopsFoundBy::Tcp, Some((ttl, address))) => {
                format!("last hop that answered: {}, hop {ttl}, for {of}", name_of(address))
            }
            (HopsFoundBy::Tcp, None) => {
                format!("no hop answered, for {of}: the first one is silent")
            }
            (HopsFoundBy::IcmpEcho, Some((ttl, address))) => format!(
                "last hop that answered ICMP echo requests: {}, hop {ttl}, for {of}",
                name_of(address)
            ),
            (HopsFoundBy::IcmpEcho, None) => {
                format!("no hop answered ICMP echo requests, for {of}; TCP was not listened to")
            }
        }
    };
    ends.into_iter().map(line).collect()
}

fn name_of(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "one without a name".to_owned(), |address| address.to_string())
}

const fn from(answer: &HopAnswer) -> Option<IpAddr> {
    match answer {
        HopAnswer::Expired { from } | HopAnswer::Answered { from, .. } => *from,
        HopAnswer::NotAsked | HopAnswer::Silence | HopAnswer::Unheard | HopAnswer::NotSent(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OsError;

    fn expired(last: u8) -> HopAnswer {
        HopAnswer::Expired { from: Some(IpAddr::from([10, 50, last, 2])) }
    }

    fn far_end() -> HopAnswer {
        let os = OsError { code: 111, symbol: "ECONNREFUSED".into() };
        HopAnswer::Answered { os: Some(os), from: Some(IpAddr::from([40, 1, 1, 1])) }
    }

    #[test]
    fn certainty_is_as_the_hops_allow() {
        use HopAnswer::Silence;
        let nameless = || HopAnswer::Expired { from: None };
        for (hops, expected, certainty) in [
            (
                vec![(expired(1), expired(1)), (expired(3), expired(3)), (Silence, Silence)],
                "the last hop that answered is 10.50.3.2, hop 2; the next did not",
                Certainty::Likely,
            ),
            (
                vec![(nameless(), expired(1)), (Silence, Silence)],
                "the last hop that answered is 10.50.1.2, hop 1; the next did not",
                Certainty::Likely,
            ),
            (
                vec![(Silence, Silence), (nameless(), Silence), (Silence, Silence)],
                "the last hop that answered is one without a name, hop 2; the next did not",
                Certainty::Possible,
            ),
            (
                vec![(expired(1), Silence), (Silence, expired(2)), (Silence, Silence)],
                "the last hop that answered is 10.50.1.2, hop 1; the next did not, while other \
                 packets come to 10.50.2.2, hop 2: TCP 443 is filtered",
                Certainty::Likely,
            ),
            // The far end is hop 3, and answers packets of a greater TTL too.
            (
                vec![
                    (expired(1), expired(1)),
                    (expired(2), expired(2)),
                    (Silence, far_end()),
                    (Silence, far_end()),
                ],
                "the last hop that answered is 10.50.2.2, hop 2; the next did not, while other \
                 packets come to 40.1.1.1, hop 3: TCP 443 is filtered",
                Certainty::Likely,
            ),
            (
                vec![(Silence, Silence)],
                "no hop answered: the first one is silent",
                Certainty::Possible,
            ),
            (
                vec![(HopAnswer::Answered { os: None, from: None }, Silence)],
                "answered from hop 1 when it was asked again",
                Certainty::Possible,
            ),
        ] {
            let hops = (1..).zip(hops).map(|(ttl, (tcp, udp))| Hop {
                ttl,
                tcp,
                udp,
                echo: HopAnswer::NotAsked,
            });
            let located = Located { remote: "40.1.1.1:443".parse().unwrap(), hops: hops.collect() };
            assert_eq!(sentence(&located), (expected.to_owned(), certainty));
        }
    }

    /// As Windows answers: echo requests go beside the SYN, and before Windows 10 2004 and Server
    /// 2022 nothing that a router says of a SYN is heard.
    #[test]
    fn what_was_not_listened_to_is_never_called_silence() {
        use HopAnswer::{NotSent, Silence, Unheard};
        let os = |code, symbol: &str| OsError { code, symbol: symbol.to_owned() };
        let reached = || HopAnswer::Answered { os: None, from: Some(IpAddr::from([40, 1, 1, 1])) };
        let unreachable = || HopAnswer::Answered {
            os: Some(os(11003, "IP_DEST_HOST_UNREACHABLE")),
            from: Some(IpAddr::from([10, 50, 2, 2])),
        };
        let unheard = "how far TCP 443 comes is not known, as this system does not report it";
        for (hops, expected, certainty) in [
            (
                vec![(Unheard, expired(1)), (Unheard, expired(2)), (Unheard, Silence)],
                format!(
                    "the last hop that answered ICMP echo requests is 10.50.2.2, hop 2; {unheard}"
                ),
                Certainty::Possible,
            ),
            (
                vec![(Unheard, expired(1)), (Unheard, reached()), (Unheard, reached())],
                format!("ICMP echo requests come to 40.1.1.1, hop 2; {unheard}"),
                Certainty::Possible,
            ),
            (
                vec![(Unheard, expired(1)), (Unheard, unreachable())],
                format!(
                    "the last hop that answered ICMP echo requests is 10.50.2.2, hop 2, with \
                     IP_DEST_HOST_UNREACHABLE (11003); {unheard}"
                ),
                Certainty::Possible,
            ),
            (
                vec![(Unheard, Silence)],
                format!("no hop answered ICMP echo requests; {unheard}"),
                Certainty::Possible,
            ),
            (
                vec![(Unheard, NotSent(os(5, "ERROR_ACCESS_DENIED")))],
                format!(
                    "ICMP echo requests could not be sent (ERROR_ACCESS_DENIED (5)); {unheard}"
                ),
                Certainty::Possible,
            ),
            (
                vec![(expired(1), expired(1)), (Silence, expired(2)), (Silence, reached())],
                "the last hop that answered is 10.50.1.2, hop 1; the next did not, while ICMP \
                 echo requests come to 40.1.1.1, hop 3: TCP 443 is filtered"
                    .to_owned(),
                Certainty::Likely,
            ),
            (
                vec![(NotSent(os(10049, "WSAEADDRNOTAVAIL")), Silence)],
                "the hops are not known: this host could not send (WSAEADDRNOTAVAIL (10049))"
                    .to_owned(),
                Certainty::Possible,
            ),
        ] {
            let hops = (1..).zip(hops).map(|(ttl, (tcp, echo))| Hop {
                ttl,
                tcp,
                udp: HopAnswer::NotAsked,
                echo,
            });
            let located = Located { remote: "40.1.1.1:443".parse().unwrap(), hops: hops.collect() };
            assert_eq!(sentence(&located), (expected, certainty));
        }
    }
}
