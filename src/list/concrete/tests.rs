use super::*;
use crate::list::{self, auth_key, parse_endpoint, parse_peer, service_urls};

/// Builds a request as the options of `check` would.
fn request(options: &[&str]) -> RunRequest {
    request_of(&[("adf-shir", Cloud::Public)], options)
}

fn request_of(lists: &[(&str, Cloud)], options: &[&str]) -> RunRequest {
    let lists = lists.iter().map(|(id, cloud)| list::find(id, *cloud).unwrap()).collect();
    let mut request = RunRequest { lists, ..RunRequest::default() };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        if *option == "--self-contained-authoring" {
            request.is_self_contained = true;
            continue;
        }
        let value = *options.next().expect(option);
        match *option {
            "--set" => request.parameters.set_pair(value).unwrap(),
            "--service-urls" => {
                request.service_urls.push(service_urls::parse(value, "urls").unwrap());
            }
            "--auth-key" => request.auth_key = Some(auth_key::parse(value).unwrap()),
            "--endpoint" => request.endpoints.push(parse_endpoint(value).unwrap()),
            "--peer" => request.peers.push(parse_peer(value).unwrap()),
            "--with" => request.with.push(value.into()),
            "--only" => request.only.push(value.into()),
            "--skip" => request.skip.push(value.into()),
            "--private" => request.private.push(value.into()),
            parameter => request.parameters.set(&parameter[2..], value).unwrap(),
        }
    }
    request
}

/// One line for each endpoint: entry, host and port, kind, origin, `!` where required; patterns
/// with a question mark.
fn lines(concrete: &Concrete) -> Vec<String> {
    let line = |endpoint: &Endpoint, mark: &str| {
        format!(
            "{}{} {}:{} {} {}{mark}",
            endpoint.entry,
            if endpoint.required { "!" } else { "" },
            endpoint.subject,
            endpoint.port,
            endpoint.kind.as_str(),
            endpoint.origin.as_str(),
        )
    };
    let endpoints = concrete.endpoints.iter().map(|endpoint| line(endpoint, ""));
    let untestable = concrete.untestable.iter().map(|untestable| line(&untestable.endpoint, " ?"));
    endpoints.chain(untestable).collect()
}

fn check(options: &[&str], expected: &[&str]) {
    let concrete =
        concrete(&request(options)).unwrap_or_else(|error| panic!("{options:?} {error}"));
    assert_eq!(lines(&concrete), expected, "{options:?}");
}

const RELAY: &str = "relay! *.servicebus.windows.net:443 relay list ?";
const CONTROL: &str = "control! {factory}.{region}.datafactory.azure.net:443 https list ?";
const DOWNLOAD: &str = "download download.microsoft.com:443 https list";

#[test]
fn names_come_from_every_source() {
    check(&[], &[DOWNLOAD, RELAY, CONTROL]);
    check(
        &["--factory", "MyADF", "--region", "West Europe"],
        &["control! myadf.westeurope.datafactory.azure.net:443 https list", DOWNLOAD, RELAY],
    );
    check(
        &["--factory", "https://myadf.westeurope.datafactory.azure.net/"],
        &["control! myadf.westeurope.datafactory.azure.net:443 https list", DOWNLOAD, RELAY],
    );
    check(
        &["--auth-key", "IR@1@adf@ServiceEndpoint=adf.eastus.datafactory.azure.net@c2VjcmV0"],
        &["control! adf.eastus.datafactory.azure.net:443 https auth-key", DOWNLOAD, RELAY],
    );
    check(
        &[
            "--service-urls",
            "https://NS.servicebus.windows.net/\nadf.eastus.datafactory.azure.net:8443\nx.contoso.com",
        ],
        &[
            "relay! ns.servicebus.windows.net:443 relay service-urls",
            "control! adf.eastus.datafactory.azure.net:8443 https service-urls",
            DOWNLOAD,
            "endpoint! x.contoso.com:443 https service-urls",
        ],
    );
    check(
        &["--endpoint", "tds://s.contoso.com", "--peer", "node2", "--endpoint", "10.0.0.1"],
        &[
            DOWNLOAD,
            "endpoint! s.contoso.com:1433 tds option",
            "endpoint! 10.0.0.1:443 https option",
            "peer! node2:8060 tcp option",
            RELAY,
            CONTROL,
        ],
    );
}

#[test]
fn gateways_listed_by_name_are_the_relays() {
    let options = [
        "--service-urls",
        "ns.servicebus.windows.net\ng0-prod-by3-010-sb.servicebus.windows.net",
        "--only",
        "relay",
    ];
    let listed = concrete(&request(&options)).unwrap();
    assert_eq!(
        lines(&listed),
        [
            "relay! ns.servicebus.windows.net:443 relay service-urls",
            "relay-gateway! g0-prod-by3-010-sb.servicebus.windows.net:443 relay service-urls",
        ]
    );
    let [relay, gateway] = listed.endpoints.as_slice() else { unreachable!() };
    assert_eq!(relay.expect.fingerprint, Fingerprint::RelayNamespace);
    assert_eq!(gateway.expect.fingerprint, Fingerprint::None);
    assert_eq!(gateway.order, relay.order + 1);
    // A gateway alone does not tell the namespace.
    check(
        &[&["--service-urls", "g0-prod-by3-010-sb.servicebus.windows.net"], &options[2..]].concat(),
        &["relay-gateway! g0-prod-by3-010-sb.servicebus.windows.net:443 relay service-urls", RELAY],
    );
}

#[test]
fn old_factories_use_the_frontend_instead_of_a_name_of_their_own() {
    check(
        &["--service-urls", "wu2.frontend.clouddatahub.net"],
        &["frontend! wu2.frontend.clouddatahub.net:443 https service-urls", DOWNLOAD, RELAY],
    );
    // Both named: both asked.
    check(
        &["--service-urls", "wu2.frontend.clouddatahub.net\na.eastus.datafactory.azure.net"],
        &[
            "control! a.eastus.datafactory.azure.net:443 https service-urls",
            "frontend! wu2.frontend.clouddatahub.net:443 https service-urls",
            DOWNLOAD,
            RELAY,
        ],
    );
    // Derived: likely, so not required, and no stand-in for the control name.
    let status = r#"{"serviceUrls": ["ns.servicebus.windows.net"], "serviceRegion": "eu"}"#;
    check(
        &["--service-urls", status],
        &[
            "relay! ns.servicebus.windows.net:443 relay service-urls",
            "frontend eu.frontend.clouddatahub.net:443 https derived",
            DOWNLOAD,
            CONTROL,
        ],
    );
    // A named one goes before a derived one.
    let both = r#"{"serviceUrls": ["wu2.frontend.clouddatahub.net"], "serviceRegion": "eu"}"#;
    check(
        &["--service-urls", both, "--only", "frontend"],
        &["frontend! wu2.frontend.clouddatahub.net:443 https service-urls"],
    );
    check(&["--only", "frontend"], &["frontend! *.frontend.clouddatahub.net:443 https list ?"]);
    let odd = r#"{"serviceUrls": ["a.net"], "serviceRegion": "e.u"}"#;
    check(
        &["--service-urls", odd, "--skip", "download", "--skip", "relay"],
        &["endpoint! a.net:443 https service-urls", CONTROL],
    );
}

#[test]
fn wildcards_of_the_service_stay_unknown_until_a_name_is_below_them() {
    let sample = r#"["wu.frontend.int.clouddatahub-int.net", "*.servicebus.windows.net"]"#;
    check(
        &["--service-urls", sample],
        &[
            DOWNLOAD,
            "endpoint! wu.frontend.int.clouddatahub-int.net:443 https service-urls",
            RELAY,
            CONTROL,
        ],
    );
    check(
        &["--service-urls", "*.contoso.com", "--only", "endpoint"],
        &["endpoint! *.contoso.com:443 https service-urls ?"],
    );
    check(
        &["--service-urls", "*.contoso.com\na.b.contoso.com", "--only", "endpoint"],
        &["endpoint! a.b.contoso.com:443 https service-urls"],
    );
    check(
        &["--service-urls", "*.contoso.com", "--endpoint", "a.contoso.com", "--only", "endpoint"],
        &["endpoint! a.contoso.com:443 https option"],
    );
}

#[test]
fn names_take_the_most_specific_entry() {
    let text = "
        id = \"mine\"
        cloud = \"usgov\"
        [[entry]]
        id = \"all\"
        host = \"*.contoso.com\"
        [[entry]]
        id = \"deep\"
        host = \"*.db.contoso.com\"
        [[entry]]
        id = \"templated\"
        host = \"{site}.db.contoso.com\"
        [[entry]]
        id = \"literal\"
        host = \"one.db.contoso.com\"
        ports = [443, 8443]
        [[entry]]
        id = \"frontend\"
        host = \"*.frontend.clouddatahub.net\"
    ";
    let status = r#"{"serviceUrls": ["a.contoso.com", "a.b.db.contoso.com", "two.db.contoso.com",
        "one.db.contoso.com:443"], "serviceRegion": "eu"}"#;
    let request = RunRequest {
        lists: vec![list::parse(text, "mine.toml").unwrap()],
        ..request(&["--service-urls", status])
    };
    assert_eq!(
        lines(&concrete(&request).unwrap()),
        [
            "all! a.contoso.com:443 https service-urls",
            "deep! a.b.db.contoso.com:443 https service-urls",
            "templated! two.db.contoso.com:443 https service-urls",
            "literal! one.db.contoso.com:443 https list",
            "literal! one.db.contoso.com:8443 https list",
            // Frontends are derived for the public cloud alone.
            "frontend! *.frontend.clouddatahub.net:443 https list ?",
        ]
    );
}

#[test]
fn one_endpoint_for_each_host_and_port() {
    // Required wins, the list's entry wins over ad hoc, an explicit kind wins.
    check(
        &["--endpoint", "Download.Microsoft.com"],
        &["download! download.microsoft.com:443 https list", RELAY, CONTROL],
    );
    let urls = "ns.servicebus.windows.net\nns.servicebus.windows.net:443\nhttps://NS.servicebus.windows.net";
    let options = ["--service-urls", urls, "--endpoint", "https://ns.servicebus.windows.net"];
    let merged = concrete(&request(&options)).unwrap();
    assert_eq!(
        lines(&merged),
        ["relay! ns.servicebus.windows.net:443 https service-urls", DOWNLOAD, CONTROL,]
    );
    assert_eq!(merged.endpoints[0].expect.fingerprint, Fingerprint::None);
    // Two lists share what they have in common.
    let lists = [("adf-shir", Cloud::Public), ("synapse-shir", Cloud::Public)];
    let both = concrete(&request_of(&lists, &["--service-urls", urls])).unwrap();
    assert_eq!(
        lines(&both),
        [
            "relay! ns.servicebus.windows.net:443 relay service-urls",
            DOWNLOAD,
            CONTROL,
            "frontend! *.frontend.clouddatahub.net:443 https list ?",
        ]
    );
}

/// Whichever of the two were measured, nobody would be told that the other was not.
#[test]
fn two_kinds_at_one_host_and_port_are_refused() {
    let error = |options: &[&str]| concrete(&request(options)).unwrap_err().to_string();
    let two = ["--endpoint", "tls://127.0.0.1:7001", "--endpoint", "tcp://127.0.0.1:7001"];
    assert_eq!(
        error(&two),
        "--endpoint tls://127.0.0.1:7001 and --endpoint tcp://127.0.0.1:7001: one host and port is \
         one endpoint, which is measured as one kind: take one of the two out"
    );
    let peer = error(&["--endpoint", "https://[::1]:8060", "--peer", "::1"]);
    assert!(peer.contains("--endpoint https://[::1]:8060 and --peer tcp://[::1]:8060"), "{peer}");
    for fine in [
        ["--endpoint", "tls://a.net:7001", "--endpoint", "TLS://A.net.:7001"],
        ["--endpoint", "tls://a.net:7001", "--endpoint", "tcp://a.net:7002"],
        ["--endpoint", "a.net:8060", "--peer", "a.net"],
    ] {
        concrete(&request(&fine)).unwrap();
    }
}

#[test]
fn groups_entries_and_skips() {
    check(
        &["--with", "key-vault", "--with", "login", "--set", "vault=kv1", "--skip", "relay"],
        &[
            DOWNLOAD,
            "key-vault! kv1.vault.azure.net:443 https list",
            "login! login.microsoftonline.com:443 https list",
            CONTROL,
        ],
    );
    check(
        &["--only", "download", "--endpoint", "a.net"],
        &[DOWNLOAD, "endpoint! a.net:443 https option"],
    );
    check(&["--endpoint", "a.net", "--skip", "endpoint", "--only", "download"], &[DOWNLOAD]);
    // A service URL takes an entry of a group only where the group is asked for.
    let urls = ["--service-urls", "s.database.windows.net", "--skip", "relay", "--skip", "control"];
    check(&urls, &[DOWNLOAD, "endpoint! s.database.windows.net:443 https service-urls"]);
    check(
        &[&urls[..], &["--with", "data-stores", "--only", "sql"]].concat(),
        &["sql s.database.windows.net:1433 tds service-urls"],
    );
}

#[test]
fn without_a_relay_nothing_of_it_is_required() {
    let urls = "ns.servicebus.windows.net\ng0-prod-by3-010-sb.servicebus.windows.net";
    let status = |said: &str| {
        format!(
            "{{\"serviceUrls\": [\"ns.servicebus.windows.net\"],
              \"selfContainedInteractiveAuthoringEnabled\": {said}}}"
        )
    };
    check(
        &["--self-contained-authoring", "--service-urls", urls, "--only", "relay"],
        &[
            "relay ns.servicebus.windows.net:443 relay service-urls",
            "relay-gateway g0-prod-by3-010-sb.servicebus.windows.net:443 relay service-urls",
        ],
    );
    for (statuses, expected) in [
        (vec![status("true")], true),
        (vec![status("false")], false),
        (vec![status("true"), status("false")], false),
        (vec![status("true"), "ns.servicebus.windows.net".to_owned()], true),
        (vec![], false),
    ] {
        let options: Vec<&str> =
            statuses.iter().flat_map(|status| ["--service-urls", status]).collect();
        let concrete = concrete(&request(&options)).unwrap();
        assert_eq!(concrete.is_self_contained, expected, "{statuses:?}");
        let is_required = concrete.endpoints.iter().any(|e| e.kind == Kind::Relay && e.required);
        assert_eq!(is_required, !expected && !statuses.is_empty(), "{statuses:?}");
    }
}

#[test]
fn private_is_what_the_user_says() {
    let options = [
        "--factory",
        "myadf.westeurope.datafactory.azure.net",
        "--endpoint",
        "a.contoso.com",
        "--private",
        "control",
        "--private",
        "https://A.contoso.com/",
    ];
    let concrete = concrete(&request(&options)).unwrap();
    let reach =
        |entry: &str| concrete.endpoints.iter().find(|e| e.entry == entry).map(|e| e.expect.reach);
    assert_eq!(reach("control"), Some(Reach::Private));
    assert_eq!(reach("endpoint"), Some(Reach::Private));
    assert_eq!(reach("download"), Some(Reach::Public));
}

#[test]
fn ad_hoc_endpoints_know_the_zones_of_their_service() {
    let options = ["--endpoint", "acct.blob.core.windows.net", "--endpoint", "relay://ns.x.net"];
    let concrete = concrete(&request(&options)).unwrap();
    let of = |host: &str| concrete.endpoints.iter().find(|e| e.subject.to_string() == host);
    let storage = &of("acct.blob.core.windows.net").unwrap().expect;
    assert!(storage.private_zones.contains(&"privatelink.blob.core.windows.net".to_owned()));
    assert_eq!((storage.reach, storage.service_tags.len()), (Reach::Any, 0));
    assert_eq!(of("ns.x.net").unwrap().expect.fingerprint, Fingerprint::RelayNamespace);
}

#[test]
fn hints_name_the_option_that_would_help() {
    for (options, expected) in [
        (&[][..], &["--service-urls FILE", "add --factory NAME --region REGION"][..]),
        (&["--factory", "myadf"], &["--service-urls FILE", "add --region REGION"]),
        (&["--with", "key-vault", "--only", "key-vault"], &["add --set vault=VALUE"]),
        (&["--with", "data-stores", "--only", "sql"], &["a line each, by --service-urls FILE"]),
        (
            &["--service-urls", "*.servicebus.windows.net", "--only", "relay"],
            &["the service URLs give no concrete name"],
        ),
        (&["--service-urls", "*.b.net", "--only", "endpoint"], &["each by --endpoint HOST"]),
    ] {
        let concrete = concrete(&request(options)).unwrap();
        let hints: Vec<&str> =
            concrete.untestable.iter().map(|u| u.missing.hint.as_str()).collect();
        assert_eq!(hints.len(), expected.len(), "{options:?}: {hints:?}");
        for (hint, part) in hints.iter().zip(expected) {
            assert!(hint.contains(part), "{options:?}: {hint}");
        }
    }
    let old_key = "IR@1@adf@we@c2VjcmV0";
    for (options, expected) in [
        (&["--set", "colour=red"][..], Some("no entry uses {colour}")),
        (&["--factory", "myadf", "--region", "we"], None),
        (&["--auth-key", old_key], Some("frontend.clouddatahub.net")),
        (&["--auth-key", old_key, "--service-urls", "we.frontend.clouddatahub.net"], None),
        (&["--service-urls", "[null, \"a.net\"]"], Some("one entry is null or empty")),
    ] {
        let hints = concrete(&request(options)).unwrap().hints;
        match expected {
            None => assert_eq!(hints, [] as [&str; 0], "{options:?}"),
            Some(part) => assert!(hints.len() == 1 && hints[0].contains(part), "{hints:?}"),
        }
    }
}

#[test]
fn options_that_match_nothing_are_errors() {
    for (options, expected) in [
        (&["--with", "keyvault"][..], "did you mean 'key-vault'?"),
        (&["--only", "realy"], "--only realy: no such entry (did you mean 'relay'?)"),
        (&["--skip", "downlod"], "--skip downlod: no such entry (did you mean 'download'?)"),
        (&["--only", "key-vault"], "add --with key-vault"),
        (&["--private", "key-vault"], "add --with key-vault"),
        (&["--only", "peer"], "--only peer matches nothing"),
        (&["--only", "relay", "--skip", "relay"], "--only relay matches nothing"),
        (&["--private", "contrl"], "did you mean 'control'?"),
        (&["--private", "download.microsoft.co"], "did you mean 'download.microsoft.com'?"),
        (&["--private", "nothing.example"], "it takes an entry or a host of this run"),
        (
            &["--factory", "myadf.usgovvirginia.datafactory.azure.us"],
            "of the cloud usgov, the list adf-shir of public: add --cloud usgov",
        ),
    ] {
        let error = concrete(&request(options)).unwrap_err().to_string();
        assert!(error.contains(expected), "{options:?}: {error}");
    }
    let mut long = list::find("adf-shir", Cloud::Public).unwrap();
    long.entries.retain(|entry| entry.id == "control");
    let label = "a".repeat(60);
    long.entries[0].host = HostPattern::parse(&format!("x{{factory}}{label}.net")).unwrap();
    let request = RunRequest { lists: vec![long], ..request(&["--factory", "myadf"]) };
    let error = concrete(&request).unwrap_err().to_string();
    assert!(error.contains("becomes no host name") && error.contains("63 bytes"), "{error}");
}

#[test]
fn recorded_answers_become_endpoints() {
    for (text, id, n_gateways, expected) in [
        (
            include_str!("../../../tests/data/runtime-status/synapse-get-status-1.arm.json"),
            "synapse-shir",
            256,
            &[
                "relay! amsprodeu2euap.servicebus.windows.net:443 relay service-urls",
                "relay! amsprodeu2euap-1-s.servicebus.windows.net:443 relay service-urls",
                "frontend eu2euap.frontend.clouddatahub.net:443 https derived",
                DOWNLOAD,
            ][..],
        ),
        (
            include_str!("../../../tests/data/runtime-status/adf-get-status-1.arm.json"),
            "adf-shir",
            0,
            &[
                "control! examplefavv45gerdv.eastus.datafactory.azure.net:443 https service-urls",
                "frontend eu.frontend.clouddatahub.net:443 https derived",
                DOWNLOAD,
                RELAY,
            ],
        ),
    ] {
        let concrete = concrete(&request_of(&[(id, Cloud::Public)], &["--service-urls", text]));
        let mut lines = lines(&concrete.unwrap());
        let n_lines = lines.len();
        lines.retain(|line| !line.starts_with("relay-gateway!"));
        assert_eq!(n_lines - lines.len(), n_gateways, "{id}");
        assert_eq!(lines, expected, "{id}");
    }
}

#[test]
fn names_given_by_hand_stay_whatever_is_chosen() {
    let asked = service_urls::parse("ns.servicebus.windows.net\nsql.contoso.com", "NAME").unwrap();
    for (options, expected) in [
        (
            &["--only", "download"][..],
            &["ns.servicebus.windows.net", "download.microsoft.com", "sql.contoso.com"][..],
        ),
        (
            &["--skip", "relay", "--only", "relay"],
            &["ns.servicebus.windows.net", "sql.contoso.com"],
        ),
    ] {
        let mut request = request(options);
        request.by_hand = asked.urls.iter().map(|url| url.host.clone()).collect();
        request.service_urls.push(asked.clone());
        let concrete = concrete(&request).unwrap_or_else(|error| panic!("{options:?} {error}"));
        let hosts: Vec<String> =
            concrete.endpoints.iter().map(|endpoint| endpoint.subject.to_string()).collect();
        assert_eq!(hosts, expected, "{options:?}");
    }
}

/// The public list with other ids: what names, options and gateways do is decided by roles.
#[test]
fn ids_are_labels() {
    let mut own = list::find("adf-shir", Cloud::Public).unwrap();
    for entry in &mut own.entries {
        entry.id = format!("own-{}", entry.id);
        entry.instead_of = entry.instead_of.take().map(|id| format!("own-{id}"));
    }
    let of = |lists: &[EndpointList], options: &[&str]| {
        let request = RunRequest { lists: lists.to_vec(), ..request(options) };
        concrete(&request).unwrap_or_else(|error| panic!("{options:?}: {error}"))
    };
    let embedded = [list::find("adf-shir", Cloud::Public).unwrap()];
    let own = [own];
    let key = "IR@1@contoso@ServiceEndpoint=contoso.westeurope.datafactory.azure.net@secret";
    let urls = "ns.servicebus.windows.net\ng0-prod-by3-010-sb.servicebus.windows.net\n\
                wu2.frontend.clouddatahub.net";
    for options in [
        &["--service-urls", urls][..],
        &["--service-urls", urls, "--only", "relay"],
        &["--service-urls", urls, "--only", "gateway"],
        &["--service-urls", urls, "--skip", "relay"],
        &["--service-urls", urls, "--self-contained-authoring"],
        &["--auth-key", key, "--only", "control", "--private", "control"],
        &["--only", "frontend"],
        &["--with", "revocation", "--only", "revocation"],
    ] {
        let strip = |mut concrete: Concrete| {
            let own = concrete.untestable.iter_mut().map(|untestable| &mut untestable.endpoint);
            for endpoint in concrete.endpoints.iter_mut().chain(own) {
                endpoint.entry = endpoint.entry.trim_start_matches("own-").to_owned();
            }
            concrete
        };
        assert_eq!(strip(of(&own, options)), of(&embedded, options), "{options:?}");
    }
    // An id still means its entry, and a relay's id its gateways too.
    assert_eq!(
        lines(&of(&own, &["--service-urls", urls, "--only", "own-relay"])),
        [
            "own-relay! ns.servicebus.windows.net:443 relay service-urls",
            "relay-gateway! g0-prod-by3-010-sb.servicebus.windows.net:443 relay service-urls",
        ]
    );
}

/// What the portal shows for runtimes of the other clouds.
#[test]
fn the_other_clouds_have_frontends_too() {
    for (cloud, frontend) in [
        (Cloud::UsGov, "usgv.frontend.datamovement.azure.us"),
        (Cloud::China, "chinae2.frontend.datamovement.azure.cn"),
    ] {
        for list in ["adf-shir", "synapse-shir"] {
            let options = ["--service-urls", frontend, "--skip", "relay", "--skip", "download"];
            let concrete = concrete(&request_of(&[(list, cloud)], &options)).unwrap();
            assert_eq!(
                lines(&concrete),
                [format!("frontend! {frontend}:443 https service-urls")],
                "{list} {cloud}"
            );
            assert_eq!(concrete.endpoints[0].role, Role::Frontend);
        }
    }
}

#[test]
fn purviews_parameters_name_what_it_needs() {
    let lists = [("purview-shir", Cloud::Public)];
    let urls = "ns.servicebus.windows.net\nwe.frontend.clouddatahub.net";
    let sets = ["--set", "account=contosopv", "--set", "storage=scanweu", "--set", "eventhubs=1f0"];
    let others = ["--with", "event-hubs", "--skip", "download", "--service-urls", urls];
    let options = [sets, others].concat();
    let concrete = concrete(&request_of(&lists, &options)).unwrap();
    assert_eq!(
        lines(&concrete),
        [
            // A namespace of the runtime is a relay, whatever else lives in that domain.
            "relay! ns.servicebus.windows.net:443 relay service-urls",
            "frontend! we.frontend.clouddatahub.net:443 https service-urls",
            "account! contosopv.purview.azure.com:443 https list",
            "managed-blob! scanweu.blob.core.windows.net:443 https list",
            "managed-queue! scanweu.queue.core.windows.net:443 https list",
            "managed-event-hubs! atlas-1f0.servicebus.windows.net:443 https list",
            "login! login.microsoftonline.com:443 https list",
            "login-windows! login.windows.net:443 https list",
        ]
    );
    assert_eq!(concrete.hints, [""; 0]);
}
