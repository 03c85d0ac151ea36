//! `dig`'s output, read back.

use super::super::Lab;
use super::super::namespace::run;
use super::super::network::resolver;
use super::{Seen, View};

/// What `dig` sees of `hosts`, A and AAAA.
pub(super) fn view<'a>(lab: &Lab, hosts: impl Iterator<Item = &'a str> + Clone) -> View {
    let mut command = lab.client("dig");
    command.args([&format!("@{}", resolver::MAIN), "+noall", "+comments", "+question", "+answer"]);
    command.args(["+time=5", "+tries=2"]);
    for host in hosts.clone() {
        command.args([host, "A", host, "AAAA"]);
    }
    let output = run(&mut command).unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut view = View::new();
    // A message begins with its header; `;; Truncated, retrying in TCP mode.` may stand before.
    for message in output.split(";; ->>HEADER<<- ").skip(1) {
        add(&mut view, message);
    }
    assert_eq!(view.len(), hosts.count(), "dig answered for other names:\n{output}");
    view
}

/// Adds one message: the codes of A and AAAA are the same but where only one has an address.
fn add(view: &mut View, message: &str) {
    let status = message
        .split_once("status: ")
        .and_then(|(_, rest)| rest.split_once(','))
        .map_or_else(|| panic!("no status: {message}"), |(status, _)| status);
    // `;download.microsoft.com.		IN	A`
    let question = message
        .lines()
        .find_map(|line| line.strip_prefix(';').filter(|rest| !rest.starts_with(';')))
        .and_then(|line| line.split_whitespace().next())
        .filter(|name| *name != "EDNS:")
        .or_else(|| {
            let section = message.split_once(";; QUESTION SECTION:\n;")?.1;
            section.split_whitespace().next()
        })
        .unwrap_or_else(|| panic!("no question: {message}"));
    let seen = view.entry(bare(question)).or_default();
    let mut chain = Vec::new();
    for line in message.lines().filter(|line| !line.starts_with(';')) {
        // `g0-….servicebus.windows.net. 30 IN A 52.166.10.1`
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            [owner, _, "IN", "CNAME", target] => chain.push((bare(owner), bare(target))),
            [_, _, "IN", "A" | "AAAA", address] => {
                seen.addresses.insert(address.parse().unwrap());
            }
            _ => {}
        }
    }
    let outcome = match status {
        _ if !seen.addresses.is_empty() => "ok",
        "NOERROR" if turns_back(&chain) => "cname_loop",
        "NOERROR" => "nodata",
        "NXDOMAIN" => "nxdomain",
        "SERVFAIL" => "servfail",
        "REFUSED" => "refused",
        other => panic!("dig says {other}"),
    };
    *seen =
        Seen { outcome: outcome.to_owned(), chain, addresses: std::mem::take(&mut seen.addresses) };
}

fn turns_back(chain: &[(String, String)]) -> bool {
    chain.last().is_some_and(|(_, last)| chain.iter().any(|(owner, _)| owner == last))
}

fn bare(name: &str) -> String {
    name.trim_end_matches('.').to_owned()
}
