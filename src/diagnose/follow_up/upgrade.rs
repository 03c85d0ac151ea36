//! `http_upgrade_blocked`: the relay answers plain requests, but not the WebSocket upgrade by which
//! its listeners connect.

use crate::diagnose::case::Case;
use crate::diagnose::finding::{Draft, reached};
use crate::diagnose::relay;
use crate::diagnose::words::duration;
use crate::model::{Cause, End, Failure, HttpAnswer};

/// `None` where the relay itself answered the upgrade: with 401, as no token was sent, or with
/// another answer that carries its tracking id (Microsoft, relay-hybrid-connections-protocol).
pub(super) fn judge(case: &Case<'_>) -> Option<Draft> {
    let upgrade = case.record.follow_ups.upgrade.as_ref()?;
    let host_port = case.endpoint().host_port();
    let draft = match (upgrade.http(), upgrade.end()) {
        (Some(answer), _) if is_of_relay(answer) => return None,
        (Some(answer), _) => Draft::new(
            Cause::HttpUpgradeBlocked,
            format!(
                "{host_port}: the WebSocket upgrade was answered with {} and no tracking id: the relay \
                 did not see it",
                answer.status
            ),
        )
        .evidence(format!("HTTP {} {}", answer.status, answer.reason).trim_end().to_owned()),
        (None, End::Failed { failure: Failure::Http(failure), took }) => {
            let what = crate::diagnose::http::failed(failure, *took);
            Draft::new(
                Cause::HttpUpgradeBlocked,
                format!("{host_port}: plain requests are answered, and the WebSocket upgrade is not"),
            )
            .evidence(format!("after {}: it {}", duration(*took), what.message()))
        }
        // Nothing of the upgrade was seen.
        _ => return None,
    };
    Some(
        draft
            .seen_in(upgrade)
            .evidence("the same connection by GET / reaches the relay")
            .destinations(reached(case.endpoint(), upgrade)),
    )
}

fn is_of_relay(answer: &HttpAnswer) -> bool {
    const SWITCHING_PROTOCOLS: u16 = 101;
    answer.status == SWITCHING_PROTOCOLS || relay::has_tracking_id(answer)
}
