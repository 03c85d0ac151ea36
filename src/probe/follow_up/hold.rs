//! Connections that are kept idle and used again, and the WebSocket upgrade that a listener of the
//! relay begins with.

use std::time::Duration;

use crate::model::Trail;
use crate::probe::shared::RunShared;
use crate::probe::walk::{self, Purpose, WalkTarget};
use crate::route::Way;

/// Makes one connection for each rung of the ladder, and one for the upgrade, by the first way that
/// reached the relay.
pub(super) async fn ask(
    shared: &RunShared,
    target: WalkTarget<'_>,
    ways: &[Way],
    trails: &[Trail],
    hold: Duration,
) -> (Vec<Trail>, Option<Trail>) {
    let reached = trails.iter().find(|trail| trail.http().is_some());
    let Some(reached) = reached else { return (Vec::new(), None) };
    let Some(way) = ways.iter().find(|way| way.route() == *reached.route()) else {
        return (Vec::new(), None);
    };
    let again = |purpose| async move {
        let target = WalkTarget { purpose, ..target };
        match way {
            Way::Direct => walk::direct(shared, target, reached.remote()).await,
            Way::Proxy(proxy) => walk::by_proxy_at(shared, target, proxy, reached.remote()).await,
        }
    };
    let rungs = ladder(hold).into_iter().map(|idle| again(Purpose::Hold(idle)));
    let rungs = futures_util::future::join_all(rungs);
    let (holds, upgrade) = futures_util::join!(rungs, again(Purpose::Upgrade));
    (holds, Some(upgrade))
}

/// How long each connection is idle: 30, 60, 120 and 240 seconds as far as they are less than
/// `hold`, and `hold`. Below half a minute, its eighth, quarter and half.
fn ladder(hold: Duration) -> Vec<Duration> {
    const RUNGS: [Duration; 4] = [
        Duration::from_secs(30),
        Duration::from_mins(1),
        Duration::from_mins(2),
        Duration::from_mins(4),
    ];
    let below = if hold <= RUNGS[0] {
        [hold / 8, hold / 4, hold / 2].to_vec()
    } else {
        RUNGS.into_iter().filter(|rung| *rung < hold).collect()
    };
    below.into_iter().chain([hold]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_fits_into_the_time_given() {
        for (hold, expected) in [
            (240, &[30, 60, 120, 240][..]),
            (600, &[30, 60, 120, 240, 600]),
            (90, &[30, 60, 90]),
            (60, &[30, 60]),
            (24, &[3, 6, 12, 24]),
        ] {
            let found: Vec<u64> =
                ladder(Duration::from_secs(hold)).iter().map(Duration::as_secs).collect();
            assert_eq!(found, expected, "{hold}");
        }
    }
}
