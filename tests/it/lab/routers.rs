//! `--locate`: three routers in a row, the last of which drops what goes to port 443.

use std::process::Stdio;

use super::invocation::Report;
use super::namespace::{self, Namespace};
use super::possible;

/// Client, routers and server; each link is a network of its own, `10.60.N.0/24`, the nearer side
/// `.1` and the further `.2`.
struct Chain {
    client: Namespace,
    _rest: Vec<Namespace>,
}

const SERVER: &str = "40.60.0.10";
const ROUTERS: usize = 3;

impl Chain {
    fn create() -> Result<Self, String> {
        let lab = namespace::unique_name();
        let mut all = vec![Namespace::create(&lab, "client")?];
        for number in 1..=ROUTERS {
            all.push(Namespace::create(&lab, &format!("router{number}"))?);
        }
        all.push(Namespace::create(&lab, "server")?);
        for (number, pair) in all.windows(2).enumerate() {
            let [near, far] = pair else { continue };
            near.ip(&format!(
                "link add far type veth peer name near netns {}\nlink set far up\n\
                 address add 10.60.{number}.1/24 dev far\n\
                 route add default via 10.60.{number}.2\n",
                far.name()
            ))?;
            far.ip(&format!(
                "link set near up\naddress add 10.60.{number}.2/24 dev near\n\
                 route add 10.60.0.0/16 via 10.60.{number}.1\n"
            ))?;
        }
        for router in &all[1..=ROUTERS] {
            router.set(&[("ipv4/ip_forward", "1"), ("ipv4/icmp_ratelimit", "0")])?;
        }
        let server = &all[ROUTERS + 1];
        server.ip(&format!("address add {SERVER} dev lo\n"))?;
        server.set(&[("ipv4/icmp_ratelimit", "0")])?;
        // Before it would say that a packet has expired here.
        all[ROUTERS].nft(&format!(
            "table ip filter {{\nchain prerouting {{\ntype filter hook prerouting priority raw\n\
             ip daddr {SERVER} tcp dport 443 drop\n}}\n}}\n"
        ))?;
        let mut all = all.into_iter();
        let client = all.next().ok_or("no client")?;
        Ok(Self { client, _rest: all.collect() })
    }
}

#[test]
fn the_last_hop_that_answers_is_named() {
    if let Err(reason) = possible() {
        let required = std::env::var_os("LAB_REQUIRED").is_some_and(|value| value == "1");
        assert!(!required, "LAB_REQUIRED=1, and the namespace lab cannot run here: {reason}");
        eprintln!("skipped: the namespace lab cannot run here: {reason}");
        return;
    }
    let chain = Chain::create().unwrap_or_else(|error| panic!("{error}"));
    let mut command = chain.client.command(env!("CARGO_BIN_EXE_pathproof"));
    command.args(["check", "--format", "json", "--locate", "--timeout", "2s"]);
    command.args(["--endpoint", &format!("https://{SERVER}"), "--resolver", "127.0.0.1"]);
    let (report, _) = Report::of(command.stdin(Stdio::null()));
    report.expect(SERVER, "fail", Some("tcp_timeout")).unwrap();
    let endpoint = report.endpoint(SERVER).unwrap();
    let located = &endpoint["located"];
    assert_eq!(located["last_hop"], "10.60.1.2", "{located:#}");
    assert_eq!(located["hops"], 2, "{located:#}");
    let said = endpoint["findings"].to_string();
    assert!(said.contains("the last hop that answered is 10.60.1.2, hop 2"), "{said}");
    // Datagrams come to the server itself: only TCP 443 is dropped.
    assert!(said.contains("TCP 443 is filtered"), "{said}");
    // The server is the fourth hop, and answers datagrams that could go further too.
    assert!(said.contains(&format!("come to {SERVER}, hop 4")), "{said}");
    // What a firewall's log is searched by.
    let trail = &endpoint["trails"][0];
    let local = trail["local"].as_str().unwrap_or_default();
    assert!(said.contains(&format!("{SERVER}:443 from {local} at ")), "{local} {said}");
    assert_eq!(trail["steps"][0]["detail"]["syns"], 2, "{trail:#}");
    assert!(said.contains("no answer to SYN for 2.0 s (2 SYNs sent)"), "{said}");
}
