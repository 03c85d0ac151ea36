//! Reports that were not made at one time: what was true of a host then need not be so now.

use jiff::{SignedDuration, Timestamp};

use super::{HOSTS_SHOWN, Merged, MergedHost};
use crate::report::wording::{counted_as, listed, utc};

/// What lies further apart is told: whoever compares hosts means one state of the network.
const APART: SignedDuration = SignedDuration::from_hours(1);

/// What is to be known of when the hosts that count were measured.
pub(super) fn sentences(merged: &Merged) -> Vec<String> {
    let hosts = merged.groups.iter().flat_map(|group| &group.hosts);
    let mut dated: Vec<(Timestamp, &MergedHost)> =
        hosts.filter_map(|host| Some((host.started_at?, host))).collect();
    dated.sort_by(|a, b| (a.0, &a.1.file).cmp(&(b.0, &b.1.file)));
    let mut sentences = Vec::new();
    if let [(first, oldest), .., (last, newest)] = &dated[..]
        && last.duration_since(*first) > APART
    {
        sentences.push(format!(
            "The reports were not made at one time: that of {} is of {}, that of {} of {}. What is \
             said of a host was so when it was measured, and need not be so now.",
            merged.name_of(oldest),
            utc(*first),
            merged.name_of(newest),
            utc(*last)
        ));
    }
    let Some(now) = merged.now else { return sentences };
    let is_ahead = |time: Timestamp| time.duration_since(now) > APART;
    let ahead: Vec<String> = dated
        .iter()
        .filter(|(time, _)| is_ahead(*time))
        .map(|(time, host)| format!("{} ({})", host.file, utc(*time)))
        .collect();
    if !ahead.is_empty() {
        sentences.push(format!(
            "By the clock of this computer {} made in the future: {}. A wrong clock hides reports \
             of the same host that are newer; see which were left out.",
            counted_as(ahead.len(), "report was", "reports were"),
            listed(&ahead, HOSTS_SHOWN)
        ));
    }
    sentences
}
