//! What users get wrong: each gets an error that says where it is and what to do next.

use std::fs::{self, File};

use super::{pathproof, run, shown};

#[test]
fn options_that_cannot_be_meant_are_refused_with_the_next_step() {
    let long = format!("{}.contoso.com", ["abcdefgh"; 40].join("."));
    for (arguments, words) in [
        (&["check", "--list", "adf-shr"][..], &["adf-shr", "adf-shir"][..]),
        (&["check", "--list", "purview-shir", "--cloud", "china"], &["purview-shir", "public"]),
        (&["check", "--list", "missing.toml"], &["missing.toml", "No such file"]),
        (&["check", "--only", "realy"], &["--only", "relay"]),
        // Before anything is sent: a name that nobody has would become the DNS team's ticket.
        (
            &["check", "--factory", "contoso-df", "--region", "Wst Europe"],
            &["--region: 'wsteurope' is no Azure region", "did you mean westeurope"],
        ),
        (
            &["check", "--factory", "contoso-df", "--set", "region=westeurop"],
            &["'westeurop' is no Azure region", "did you mean westeurope"],
        ),
        (&["check", "--skip", "downlaod"], &["--skip", "download"]),
        (&["check", "--private", "contrl"], &["--private", "control"]),
        (&["check", "--with", "data-store"], &["--with", "data-stores"]),
        (&["check", "--endpoint", "host:0"], &["--endpoint host:0", "65535"]),
        (&["check", "--endpoint", "host:65536"], &["65536", "65535"]),
        (&["check", "--endpoint", "ftp://host"], &["ftp", "https"]),
        (&["check", "--endpoint", "tcp://host"], &["tcp", "port"]),
        (&["check", "--endpoint", "a b.contoso.com"], &["' '"]),
        (&["check", "--endpoint", &long], &["253"]),
        (&["check", "--peer", "node:0"], &["--peer node:0"]),
        (&["check", "--factory", "my factory"], &["--factory", "my factory"]),
        (&["check", "--region", "west-europe!"], &["--region", "West Europe"]),
        (&["check", "--set", "novalue"], &["--set", "KEY=VALUE"]),
        (&["check", "--timeout", "5"], &["--timeout", "500ms, 5s"]),
        (&["check", "--timeout", "0s"], &["zero"]),
        (&["check", "--resolver", "dns.contoso.com"], &["--resolver", "10.0.0.53"]),
        (
            &["check", "--private-cidr", "10.0.0.0/33"],
            &["--private-cidr", "IPv4 prefix is from 0 to 32, not '33'"],
        ),
        (&["check", "--private-cidr", "fd00::/129"], &["IPv6 prefix is from 0 to 128, not '129'"]),
        (&["check", "--private-cidr", "10.0.0/8"], &["expected an address or a prefix"]),
        (&["check", "-4", "-6"], &["-4", "-6"]),
        (&["check", "-4", "--source", "::1"], &["-4", "::1"]),
        (&["check", "--concurrency", "0"], &["--concurrency"]),
        (&["check", "--output", "report.xyz"], &["report.xyz", "--format"]),
        (&["check", "--output", "no/such/folder/report.json"], &["no/such/folder"]),
        (&["check", "--save-records", "no/such/folder/r"], &["no/such/folder"]),
        (&["check", "--ca-file", "missing.pem"], &["--ca-file", "missing.pem"]),
        (&["explain", "zzqqxx yyy"], &["nothing is known"]),
        (&["lists", "show", "adf"], &["adf-shir"]),
        (&["replay", "missing.jsonl"], &["missing.jsonl"]),
        (&["check", "--baseline", "b.json"], &["--baseline", "b.json"]),
    ] {
        run(arguments).refuses(words);
    }
}

#[test]
fn files_that_are_not_what_is_meant_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        shown(&path).to_owned()
    };
    let empty = at("empty", b"");
    let blank = at("blank", b" \n\t\n");
    let latin = at("latin", b"caf\xe9.contoso.com\n");
    let truncated =
        at("truncated.json", br#"{"properties":{"typeProperties":{"serviceUrls":["a.ser"#);
    let shape = at("shape.json", br#"{"properties":{"serviceUrls":"one"}}"#);
    let deep = at("deep.json", &vec![b'['; 200_000]);
    let huge = folder.path().join("huge");
    File::create(&huge).unwrap().set_len(100 << 20).unwrap();
    let huge = shown(&huge).to_owned();
    let here = shown(folder.path()).to_owned();

    for (file, words) in [
        (&empty, &["empty"][..]),
        (&blank, &["blank"]),
        (&latin, &["latin", "UTF-8"]),
        (&truncated, &["truncated.json"]),
        (&shape, &["shape.json"]),
        (&deep, &["deep.json"]),
        (&huge, &["huge", "MiB"]),
        (&here, &["folder"]),
    ] {
        run(&["check", "--service-urls", file]).refuses(words);
    }
    for file in [&empty, &latin, &truncated, &deep, &huge, &here] {
        run(&["replay", file]).refuses(&[]);
        run(&["lists", "lint", file]).refuses(&[]);
        run(&["check", "--auth-key", file]).refuses(&["--auth-key"]);
        run(&["check", "--ca-file", file]).refuses(&["--ca-file"]);
        run(&["check", "--public-roots", file]).refuses(&["--public-roots"]);
    }
}

#[test]
fn a_list_is_checked_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = "id = \"mine\"\ntitle = \"Mine\"\n\n[[entry]]\nid = \"one\"\nhost = \"a..b\"\nports = [0]\nknd = \"https\"\n";
    fs::write(&path, text).unwrap();
    let ended = run(&["lists", "lint", shown(&path)]);
    ended.refuses(&["mine.toml:6:", "mine.toml:7:", "mine.toml:8:", "kind"]);
    run(&["check", "--list", shown(&path)]).refuses(&["mine.toml:6:"]);
}

#[test]
fn standard_input_is_read_by_one_option_only() {
    let ended = run(&["check", "--service-urls", "-", "--auth-key", "-"]);
    // Which of the two is read first is ours to choose; that both are named is not.
    ended.refuses(&["--service-urls"]);
}

#[test]
fn secrets_of_an_authentication_key_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let secret = "c2VjcmV0LW9mLXRoZS1rZXk9";
    for text in [
        format!(
            "IR@11111111-2222-3333-4444-555555555555@contoso@ServiceEndpoint=contoso.westeurope.datafactory.azure.net@{secret}"
        ),
        format!("IR@nonsense {secret}"),
        format!("{{\"authKey1\": \"{secret}"),
    ] {
        fs::write(&path, &text).unwrap();
        let output = pathproof(&[
            "check",
            "--auth-key",
            shown(&path),
            "--resolver",
            "127.0.0.1:1",
            "--timeout",
            "200ms",
            "--format",
            "json",
            "--skip",
            "download",
        ])
        .output()
        .unwrap();
        for bytes in [&output.stdout, &output.stderr] {
            let shown = String::from_utf8_lossy(bytes);
            assert!(!shown.contains(secret) && !shown.contains("5555"), "{shown}");
        }
    }
}
