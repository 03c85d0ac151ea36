//! What other programs see of the lab's names, and that ours agrees: `dig`, hickory-resolver and
//! reqwest ask the same servers from the same namespace.

mod dig;
pub(super) mod peers;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use super::Lab;
use super::invocation::Report;
use super::network::resolver;
use super::situation::{Given, LONG_CHAIN, Name, SITUATIONS, Situation};

/// What was seen of one name, in words that every program's view translates to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// `ok`, `nxdomain`, `nodata`, `servfail`, `refused`, `cname_loop`.
    outcome: String,
    /// Alias and target.
    chain: Vec<(String, String)>,
    addresses: BTreeSet<IpAddr>,
}

/// Host → what was seen of it.
type View = BTreeMap<String, Seen>;

/// The names that somebody answers for. A dropped question would only make this slow, and has no
/// answer to compare.
fn answered() -> impl Iterator<Item = &'static Situation> + Clone {
    SITUATIONS.iter().filter(|row| !matches!(row.name, Name::Silence))
}

/// `pathproof resolve` of every name, as the lab's resolver answered.
fn ours(lab: &Lab) -> View {
    let mut command = lab.pathproof("resolve");
    command.args(["--format", "json", "--no-gateways", "--resolver", resolver::MAIN]);
    command.args(answered().map(|row| row.host));
    let (report, _) = Report::of(&mut command);
    let names = report.value["names"].as_array().expect("`names` is an array");
    // The list's own wildcard stays as written, and is not looked up.
    let looked_up = names.iter().filter(|name| name["lookups"][0].is_object());
    looked_up.map(|name| (text(&name["host"]), seen(&name["lookups"][0]))).collect()
}

/// A lookup of the JSON report.
fn seen(lookup: &Value) -> Seen {
    let links = lookup["chain"].as_array().expect("`chain` is an array");
    Seen {
        outcome: text(&lookup["outcome"]),
        chain: links
            .iter()
            .filter(|link| link["type"] == "CNAME")
            .map(|link| (text(&link["name"]), text(&link["data"])))
            .collect(),
        addresses: lookup["addresses"]
            .as_array()
            .expect("`addresses` is an array")
            .iter()
            .map(|address| text(address).parse().expect("an address"))
            .collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Every difference, or nothing.
fn compare(theirs: &View, ours: &View) {
    let mut wrong = Vec::new();
    for row in answered() {
        let (theirs, ours) = (theirs.get(row.host), ours.get(row.host));
        if theirs.is_none() || theirs != ours {
            wrong.push(format!("{}\n  theirs {theirs:?}\n  ours   {ours:?}", row.host));
        }
    }
    assert!(wrong.is_empty(), "seen otherwise:\n{}", wrong.join("\n"));
}

#[test]
fn dig_sees_the_same_answers_and_chains() {
    let Some(lab) = Lab::shared() else { return };
    let theirs = dig::view(&lab, answered().map(|row| row.host));
    compare(&theirs, &ours(&lab));
    // The comparison is of something: a chain that is told over TCP, a loop, a refusal.
    assert_eq!(theirs[LONG_CHAIN].chain.len(), 8);
    let outcomes: BTreeSet<&str> = theirs.values().map(|seen| &*seen.outcome).collect();
    let all = ["cname_loop", "nodata", "nxdomain", "ok", "refused", "servfail"];
    assert_eq!(outcomes, BTreeSet::from(all));
}

/// hickory-resolver is the second opinion on our own exchange, which has its codec in common with
/// it and nothing else.
#[test]
fn hickory_resolver_sees_the_same_addresses_codes_and_chains() {
    let Some(lab) = Lab::shared() else { return };
    let theirs = peers::names(&lab, answered());
    let mut ours = ours(&lab);
    for (host, seen) in &mut ours {
        // It shows no chain for a name without an address, and takes a loop for that.
        if seen.addresses.is_empty() {
            seen.chain.clear();
        }
        if seen.outcome == "cname_loop" {
            assert_eq!(theirs[host].outcome, "nodata", "hickory-resolver has learnt of loops");
            "nodata".clone_into(&mut seen.outcome);
        }
    }
    compare(&theirs, &ours);
    // The comparison is of something: chains, names that do not exist, names without an address.
    assert_eq!(theirs[LONG_CHAIN].chain.len(), 8);
    let outcomes: BTreeSet<&str> = theirs.values().map(|seen| &*seen.outcome).collect();
    assert!(["ok", "nxdomain", "nodata"].iter().all(|one| outcomes.contains(one)), "{outcomes:?}");
}

/// reqwest gets an answer exactly where ours has a trail with that answer under a certificate that
/// holds: whatever else is wrong with the name's path is not reqwest's to know.
#[test]
fn reqwest_gets_the_same_answers() {
    let Some(lab) = Lab::shared() else { return };
    // Kinds whose proof is an HTTP answer.
    let rows = || {
        answered().filter(|row| match row.given {
            Given::Endpoint(kind) => ["http", "https"].contains(&kind),
            Given::List | Given::ServiceUrls | Given::Private => true,
            Given::Peer | Given::Gateway => false,
        })
    };
    let theirs = peers::answers(&lab, rows());
    let (report, _) = Report::of(&mut lab.check(rows()));
    let mut wrong = Vec::new();
    for row in rows() {
        let ours = answers_of(report.endpoint(row.host).unwrap());
        let agrees = match theirs[row.host] {
            Some(status) => ours.contains(&status),
            None => ours.is_empty(),
        };
        if !agrees {
            wrong.push(format!("{}: theirs {:?}, ours {ours:?}", row.host, theirs[row.host]));
        }
    }
    assert!(wrong.is_empty(), "answered otherwise:\n{}", wrong.join("\n"));
    let answered = theirs.values().filter(|answer| answer.is_some()).count();
    assert!(answered >= 20, "only {answered} answers to compare");
}

/// The HTTP statuses of an endpoint's trails that a client gets who refuses bad certificates.
pub(super) fn answers_of(endpoint: &Value) -> BTreeSet<u64> {
    const REFUSED: [&str; 4] =
        ["tls_untrusted", "tls_name_mismatch", "tls_expired", "tls_not_yet_valid"];
    let findings = endpoint["findings"].as_array().expect("`findings` is an array");
    if findings.iter().any(|finding| REFUSED.iter().any(|cause| finding["cause"] == *cause)) {
        return BTreeSet::new();
    }
    let trails = endpoint["trails"].as_array().expect("`trails` is an array");
    trails
        .iter()
        .flat_map(|trail| trail["steps"].as_array().into_iter().flatten())
        .filter(|step| step["step"] == "http" && step["outcome"] == "ok")
        .map(|step| {
            let status = step["detail"]["status"].as_u64();
            status.unwrap_or_else(|| panic!("{}: an answer without status", endpoint["host"]))
        })
        .collect()
}
