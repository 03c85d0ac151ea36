//! Where a silent address is blocked: a line of evidence beside the silence.

use std::net::IpAddr;

use crate::diagnose::Case;
use crate::diagnose::finding::Draft;
use crate::model::{Cause, Certainty, Hop, HopAnswer, Located};

pub(super) fn tell(case: &Case<'_>, drafts: &mut [Draft]) {
    let Some(located) = &case.record.follow_ups.located else { return };
    let silences = drafts.iter_mut().filter(|draft| {
        matches!(draft.cause, Cause::TcpTimeout | Cause::TcpSomeAddresses | Cause::TcpFamily)
    });
    let (sentence, certainty) = sentence(located);
    for draft in silences {
        draft.note_first(format!("{}: {sentence} ({})", located.remote, certainty.as_str()));
    }
}

/// What the hops say, and how sure it is: a router that says nothing of what it drops looks like
/// one that nothing comes to.
fn sentence(located: &Located) -> (String, Certainty) {
    let is_answer = |hop: &&Hop| matches!(hop.tcp, HopAnswer::Answered { .. });
    if let Some(hop) = located.hops.iter().find(is_answer) {
        let words = format!("answered from hop {} when it was asked again", hop.ttl);
        return (words, Certainty::Possible);
    }
    let Some(last) = located.last_hop() else {
        return ("no hop answered: the first one is silent".to_owned(), Certainty::Possible);
    };
    let name = last.address().map_or_else(|| "one without a name".to_owned(), |it| it.to_string());
    let place = format!("the last hop that answered is {name}, hop {}; the next did not", last.ttl);
    let others = located.hops.iter().filter(|hop| hop.ttl > last.ttl);
    let further = others.rev().find(|hop| is_heard(&hop.udp));
    if let Some(hop) = further {
        let beyond = match from(&hop.udp) {
            Some(address) => format!("{address}, hop {}", hop.ttl),
            None => format!("hop {}", hop.ttl),
        };
        let port = located.remote.port();
        let words =
            format!("{place}, while other packets come to {beyond}: TCP {port} is filtered");
        return (words, Certainty::Likely);
    }
    let before = located.hops.iter().filter(|hop| hop.ttl <= last.ttl);
    let has_gap = before.clone().any(|hop| !hop.tcp.is_expired());
    (place, if has_gap { Certainty::Possible } else { Certainty::Likely })
}

const fn is_heard(answer: &HopAnswer) -> bool {
    matches!(answer, HopAnswer::Expired { .. } | HopAnswer::Answered { .. })
}

const fn from(answer: &HopAnswer) -> Option<IpAddr> {
    match answer {
        HopAnswer::Expired { from } | HopAnswer::Answered { from, .. } => *from,
        HopAnswer::Silence | HopAnswer::NotSent(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expired(last: u8) -> HopAnswer {
        HopAnswer::Expired { from: Some(IpAddr::from([10, 50, last, 2])) }
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
            let hops = (1..).zip(hops).map(|(ttl, (tcp, udp))| Hop { ttl, tcp, udp }).collect();
            let located = Located { remote: "40.1.1.1:443".parse().unwrap(), hops };
            assert_eq!(sentence(&located), (expected.to_owned(), certainty));
        }
    }
}
