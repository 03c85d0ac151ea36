//! Route tables in a row with groups and an appliance, as users give them.

use serde_json::{Value, json};

use super::{Folder, rule, run};

fn group(rules: &[Value]) -> String {
    json!({"name": "nsg", "properties": {"securityRules": rules}}).to_string()
}

fn open_group() -> String {
    group(&[rule("all", 100, "Allow", "*", "*")])
}

/// A route to the appliance 10.0.0.4, to `Internet`, or to another type of hop.
fn route(name: &str, prefix: &str, hop: &str) -> Value {
    json!({"name": name, "properties": {
        "addressPrefix": prefix, "nextHopType": hop, "nextHopIpAddress": "10.0.0.4"}})
}

/// A table of the subnet of this name, or of one that the file does not tell.
fn table(name: &str, subnet: Option<&str>, routes: &[Value]) -> String {
    let network = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v";
    let subnets: Vec<_> =
        subnet.iter().map(|own| json!({"id": format!("{network}/subnets/{own}")})).collect();
    json!({"name": name, "properties": {
        "disableBgpRoutePropagation": false, "subnets": subnets, "routes": routes}})
    .to_string()
}

fn spoke() -> String {
    table("rt-spoke", None, &[route("to-firewall", "0.0.0.0/0", "VirtualAppliance")])
}

/// The only line that `rules decide` prints, without the flow.
#[track_caller]
fn decided(files: &[&str], flow: &str, more: &[&str]) -> String {
    let folder = Folder::new();
    let flows = folder.put("flows.csv", flow);
    let ended = run(&[&["rules", "decide"], files, &["--flows", &flows], more].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (flow, by) = ended.stdout.trim_end().split_once("  by ").expect("a decision");
    let decision = flow.split_whitespace().next().expect("a decision");
    format!("{decision} {by}")
}

const PUBLIC: &str = "40.112.72.101,443,tcp,10.50.1.10";

#[test]
fn the_table_of_the_firewall_s_subnet_leads_nothing_past_the_firewall() {
    let folder = Folder::new();
    let nsg = folder.put("nsg.json", open_group());
    let spoke = folder.put("spoke.json", spoke());
    let firewall = folder.put("firewall.txt", "1.2.3.4\n");
    let open = folder.put("open.txt", "40.112.72.0/24\n");
    let row = |appliance: &str, own: &str| {
        decided(&[&nsg, &spoke, appliance, own], PUBLIC, &["--vnet", "10.50.0.0/16"])
    };
    let own = |hop: &str, name: &str| {
        let routes = [route("out", "0.0.0.0/0", hop)];
        folder.put(name, table("rt-firewall", Some("AzureFirewallSubnet"), &routes))
    };
    let internet = own("Internet", "internet.json");
    assert!(row(&firewall, &internet).starts_with("deny (no rule) of "));
    assert_eq!(row(&open, &internet), "allow out of rt-firewall");
    // What the firewall lets through goes where its own routes lead it.
    let none = own("None", "none.json");
    assert_eq!(row(&open, &none), "deny out of rt-firewall");
    let chained = own("VirtualAppliance", "chained.json");
    let further = row(&open, &chained);
    assert!(further.starts_with("unknown out of rt-firewall, for want of what the"), "{further}");
    assert!(row(&firewall, &chained).starts_with("deny (no rule) of "));
    // A flow that does not reach the firewall does not meet its routes.
    let flow = "10.50.1.20,1433,tcp,10.50.1.10";
    let seen = decided(&[&nsg, &spoke, &firewall, &none], flow, &["--vnet", "10.50.0.0/16"]);
    assert!(seen.starts_with("allow "), "{seen}");
}

#[test]
fn of_two_tables_in_a_row_none_is_guessed() {
    let folder = Folder::new();
    let nsg = folder.put("nsg.json", open_group());
    let spoke = folder.put("spoke.json", spoke());
    let firewall = folder.put("firewall.txt", "1.2.3.4\n");
    let flows = folder.put("flows.csv", PUBLIC);
    let out = [route("out", "0.0.0.0/0", "Internet")];
    let near = [route("near", "40.112.0.0/16", "Internet")];
    for (name, second) in [
        ("rt-other", table("rt-other", None, &out)),
        ("rt-near", table("rt-near", Some("snet-b"), &near)),
        (
            "effective routes",
            json!({"value": [{"source": "Default", "state": "Active",
                "addressPrefix": ["0.0.0.0/0"], "nextHopType": "Internet"}]})
            .to_string(),
        ),
    ] {
        let second = folder.put("second.json", second);
        for command in ["decide", "verify"] {
            run(&["rules", command, &nsg, &spoke, &second, &firewall, "--flows", &flows])
                .refuses(&["rt-spoke", name, "spoke.json", "second.json", "one route table"]);
        }
        let records = format!("{}/tests/cases/gateways/records.jsonl", env!("CARGO_MANIFEST_DIR"));
        run(&["replay", &records, "--expect", &spoke, "--expect", &second])
            .refuses(&["rt-spoke", name]);
    }
    // Two tables in one file: one of them is chosen.
    let both = format!("[{}, {}]", self::spoke(), table("rt-other", None, &out));
    let both = folder.put("both.json", both);
    let row = ["rules", "decide", &nsg, &both, &firewall, "--flows", &flows];
    run(&[&row[..], &["--in-a-row"]].concat()).refuses(&["rt-spoke", "rt-other", "--group"]);
    let chosen = run(&[&row[..], &["--group", "rt-spoke"]].concat());
    assert!(chosen.stdout.starts_with("deny "), "{chosen:?}");
}

/// The system's route for the network's own prefixes is longer than a default route.
#[test]
fn flows_inside_the_network_do_not_meet_the_appliance() {
    let folder = Folder::new();
    let nsg = folder.put("nsg.json", open_group());
    let firewall = folder.put("firewall.txt", "40.112.72.0/24\n");
    let routes = [
        route("to-firewall", "0.0.0.0/0", "VirtualAppliance"),
        route("inspected", "10.50.2.0/24", "VirtualAppliance"),
        route("all-of-ten", "10.0.0.0/8", "VirtualAppliance"),
        route("host", "10.50.1.99/32", "VirtualAppliance"),
        route("nowhere", "192.168.0.0/16", "None"),
    ];
    let table = folder.put("rt.json", table("rt", None, &routes));
    let files = [nsg.as_str(), &table, &firewall];
    let deny = "deny (no rule) of ";
    let own = "allow Azure's own route to 10.50.0.0/16 of rt";
    let same = "allow Azure's own route to 10.50.2.0/23 of rt";
    let open = "for want of which private addresses are in VirtualNetwork: give them (--vnet)";
    let [to_firewall, inspected] =
        ["all-of-ten", "inspected"].map(|name| format!("unknown {name} of rt, {open}"));
    let vnet = ["--vnet", "10.50.0.0/16"];
    let wide = ["--vnet", "10.0.0.0/8"];
    // Neighbours, which together would be as long as the user's route.
    let halves = ["--vnet", "10.50.2.0/23", "--vnet", "10.50.0.0/23"];
    let nowhere = format!("unknown nowhere of rt, {open}");
    for (to, more, expected) in [
        ("10.50.1.11", &vnet[..], own),
        ("10.50.1.11", &[], &to_firewall),
        // A user's route that is longer, or as long, wins.
        ("10.50.2.7", &vnet, deny),
        ("10.50.2.7", &[], &inspected),
        ("10.50.1.11", &wide, deny),
        ("10.50.3.7", &halves, same),
        ("10.50.1.99", &vnet, deny),
        ("10.50.1.99", &[], deny),
        // What the network does not hold goes where the table says.
        ("10.60.1.11", &vnet, deny),
        ("192.168.1.1", &vnet, "deny nowhere of rt"),
        ("192.168.1.1", &[], &nowhere),
        // So do public addresses.
        ("40.112.72.101", &vnet, "allow 40.112.72.0/24 of "),
        ("40.112.72.101", &[], "allow 40.112.72.0/24 of "),
        ("40.112.73.101", &[], deny),
    ] {
        let seen = decided(&files, &format!("{to},8060,tcp,10.50.1.10"), more);
        assert!(seen.starts_with(expected), "{to} {more:?}: {seen}, expected {expected}");
    }
    // No advice for the appliance, which is not asked.
    let flows = folder.put("flows.csv", "10.50.1.11,8060,tcp,10.50.1.10");
    let verify = [&["rules", "verify"], &files[..], &["--flows", &flows]].concat();
    let ended = run(&[&verify[..], &vnet].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains("To close the gaps"), "{}", ended.stdout);
    let ended = run(&verify);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(!ended.stdout.contains("To close the gaps"), "{}", ended.stdout);
    // Both sides of a change have them.
    let before = folder.put("before.json", format!("[{}, {}]", open_group(), spoke()));
    let diff = run(&["rules", "diff", &before, &before, "--flows", &flows, vnet[0], vnet[1]]);
    assert_eq!(diff.code, Some(0), "{diff:?}");
    assert!(diff.stdout.contains("0 are lost, 0 gained, 1 the same, 0 unknown"), "{diff:?}");
}

/// What is behind a gateway belongs to `VirtualNetwork`, and not to the routes of a table that
/// keeps out what the gateway learned.
#[test]
fn a_table_without_the_routes_of_gateways_may_lead_other_prefixes_to_the_appliance() {
    let folder = Folder::new();
    let nsg = folder.put("nsg.json", open_group());
    let firewall = folder.put("firewall.txt", "40.112.72.0/24\n");
    let said = |keeps_out: bool| format!("\"disableBgpRoutePropagation\":{keeps_out}");
    let keeps_out = spoke().replace(&said(false), &said(true));
    let (takes, keeps_out) = (folder.put("takes.json", spoke()), folder.put("out.json", keeps_out));
    let both = ["--vnet", "10.50.0.0/16", "--vnet", "192.168.0.0/16"];
    let own = "allow Azure's own route to 10.50.0.0/16 of rt-spoke";
    let other = "allow Azure's own route to 192.168.0.0/16 of rt-spoke";
    let open = "unknown Azure's own route to 192.168.0.0/16 of rt-spoke, for want of whether";
    for (table, to, more, expected) in [
        (&keeps_out, "10.50.1.11", &both[..], own),
        (&keeps_out, "10.50.1.11", &both[..2], own),
        (&keeps_out, "192.168.7.7", &both, open),
        (&takes, "192.168.7.7", &both, other),
        (&keeps_out, "192.168.7.7", &both[..2], "deny (no rule) of "),
    ] {
        let seen = decided(&[&nsg, table, &firewall], &format!("{to},443,tcp,10.50.1.10"), more);
        assert!(seen.starts_with(expected), "{to} {more:?}: {seen}, expected {expected}");
    }
}

/// Effective routes hold the system's routes, so that nothing is added to them.
#[test]
fn effective_routes_are_all_there_are() {
    let folder = Folder::new();
    let nsg = folder.put("nsg.json", open_group());
    let firewall = folder.put("firewall.txt", "40.112.72.0/24\n");
    let route = |source: &str, prefix: &str, hop: &str| {
        json!({"source": source, "state": "Active", "addressPrefix": [prefix],
            "nextHopType": hop, "nextHopIpAddress": ["10.0.0.4"]})
    };
    let routes = folder.put(
        "routes.json",
        json!({"value": [
            route("Default", "10.50.0.0/17", "VnetLocal"),
            route("User", "0.0.0.0/0", "VirtualAppliance"),
        ]})
        .to_string(),
    );
    for more in [&[][..], &["--vnet", "10.50.0.0/16"]] {
        for (to, expected) in [
            ("10.50.1.11", "allow 10.50.0.0/17 of effective routes"),
            ("10.50.200.1", "deny (no rule) of "),
        ] {
            let flow = format!("{to},8060,tcp,10.50.1.10");
            let seen = decided(&[&nsg, &routes, &firewall], &flow, more);
            assert!(seen.starts_with(expected), "{to} {more:?}: {seen}");
        }
    }
}

/// `VirtualNetwork` holds the prefixes of user-defined routes, and may hold default routes
/// (service-tags-overview).
#[test]
fn the_virtual_network_holds_what_user_defined_routes_name() {
    let folder = Folder::new();
    let mut in_network = rule("in-network", 100, "Allow", "VirtualNetwork", "*");
    in_network["properties"]["sourceAddressPrefix"] = "VirtualNetwork".into();
    let nsg = folder.put("nsg.json", group(&[in_network, rule("no", 4096, "Deny", "*", "*")]));
    let internet =
        folder.put("internet.json", group(&[rule("no-internet", 100, "Deny", "Internet", "*")]));
    let defaults = folder.put("defaults.json", group(&[]));
    let firewall = folder.put("firewall.txt", "0.0.0.0/0\n");
    let named = folder.put(
        "named.json",
        table(
            "rt",
            None,
            &[
                route("site", "192.168.0.0/16", "VirtualAppliance"),
                route("relay", "40.112.72.0/24", "VirtualAppliance"),
            ],
        ),
    );
    let default = folder.put("default.json", spoke());
    let vnet = ["--vnet", "10.50.0.0/16"];
    let open = "for want of whether VirtualNetwork holds the routes";
    let in_doubt = format!("unknown in-network of nsg, {open}");
    let not_internet = format!("unknown no-internet of nsg, {open}");
    let (site, other) = ("192.168.7.7,443,tcp,10.50.1.10", "8.8.8.8,443,tcp,10.50.1.10");
    let passed = "allow 0.0.0.0/0 of ";
    for (group, routes, flow, expected) in [
        (&nsg, &named, site, passed),
        (&nsg, &named, PUBLIC, passed),
        (&nsg, &named, other, "deny no of nsg"),
        (&nsg, &default, PUBLIC, &*in_doubt),
        (&nsg, &default, site, &in_doubt),
        // A tag that may hold an address decides nothing where the rule behind it does the same.
        (&defaults, &default, PUBLIC, passed),
        (&defaults, &named, PUBLIC, passed),
        (&internet, &default, PUBLIC, "deny no-internet of nsg"),
        // What is in VirtualNetwork may not be in Internet, which is what is outside of it.
        (&internet, &named, PUBLIC, &not_internet),
        (&internet, &named, other, "deny no-internet of nsg"),
    ] {
        let seen = decided(&[group, routes, &firewall], flow, &vnet);
        assert!(seen.starts_with(expected), "{flow}: {seen}, expected {expected}");
    }
    // Without routes in the row nothing changes.
    assert!(decided(&[&nsg], PUBLIC, &vnet).starts_with("deny no"));
}
