//! `rules emit --bundle`: the folder as its users take it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::HEXLOWER;
use pulldown_cmark::{Event, Parser, Tag};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Ended, Folder, run, shown};
#[cfg(target_os = "linux")]
use crate::emission::has;

fn records() -> String {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    shown(&cases.join("gateways/records.jsonl")).to_owned()
}

fn bundle(from: &str, folder: &Path, more: &[&str]) -> Ended {
    run(&[&["rules", "emit", "--from", from, "--bundle", shown(folder)], more].concat())
}

/// All files of a folder, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The links of a page.
fn links(page: &str) -> BTreeSet<String> {
    let link = |event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    };
    Parser::new_ext(page, pulldown_cmark::Options::ENABLE_TABLES).filter_map(link).collect()
}

/// Every file is in the manifest as it is, the page leads to each, and each can be read.
fn is_whole(folder: &Path) -> Value {
    let files = files(folder);
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap())
        .expect("the manifest is JSON");
    assert_eq!(manifest["schema"], "pathproof.bundle/1");
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!(listed.len() + 1, files.len(), "{manifest:#}");
    for (name, bytes) in files.iter().filter(|(name, _)| name != "manifest.json") {
        let own = listed.iter().find(|own| own["path"] == **name).expect("it is listed");
        assert_eq!(own["bytes"], bytes.len(), "{name}");
        assert_eq!(own["sha256"], HEXLOWER.encode(&Sha256::digest(bytes)), "{name}");
    }
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    let names: BTreeSet<_> =
        files.iter().map(|(name, _)| name.clone()).filter(|name| name != "README.md").collect();
    assert_eq!(links(&page), names, "{page}");
    for (name, bytes) in &files {
        let text = str::from_utf8(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!text.is_empty() && text.ends_with(['\n', '>', '}']), "{name}");
        match Path::new(name).extension().and_then(|it| it.to_str()).unwrap() {
            "json" => drop(serde_json::from_str::<Value>(text).unwrap()),
            "csv" => {
                let rows: Vec<_> =
                    csv::Reader::from_reader(text.as_bytes()).into_records().collect();
                assert!(!rows.is_empty() && rows.iter().all(Result::is_ok), "{name}: {rows:?}");
            }
            "ps1" => {
                for (open, close) in [('(', ')'), ('{', '}')] {
                    let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
                    let code: String = code.map(|line| line.split(" # ").next().unwrap()).collect();
                    assert_eq!(code.matches(open).count(), code.matches(close).count(), "{name}");
                }
            }
            "sh" => {
                let checked = Command::new("bash").arg("-n").arg(folder.join(name)).status();
                assert!(checked.unwrap().success(), "{name}");
            }
            #[cfg(target_os = "linux")]
            "nft" if has("nft") && has("unshare") => {
                let mut checked = Command::new("unshare");
                checked.args(["--net", "nft", "-c", "-f"]).arg(folder.join(name));
                let checked = checked.output().unwrap();
                let said = String::from_utf8_lossy(&checked.stderr).into_owned();
                // Without root there is no namespace to check it in.
                assert!(checked.status.success() || said.contains("unshare"), "{said}");
            }
            _ => {}
        }
    }
    manifest
}

#[test]
fn all_that_a_change_needs_is_in_one_folder() {
    let folder = Folder::new();
    let (one, other) = (folder.at("change"), folder.at("again"));
    let ended = bundle(&records(), &one, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    let manifest = is_whole(&one);
    assert_eq!(manifest["left_out"], json!([]), "{manifest:#}");
    assert_eq!(manifest["name"], "Allow-Integration-Runtime", "{manifest:#}");
    let formats: BTreeSet<_> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["format"].clone().to_string())
        .collect();
    assert_eq!(
        formats.len(),
        16 + 3,
        "every format of rules, and html, markdown, json: {formats:?}"
    );
    // Each hint is said once, though each format has it.
    super::says_nothing_twice(&ended.stderr);
    assert_eq!(ended.stderr.matches("Windows lets everything out").count(), 1, "{ended:?}");
    let page = fs::read_to_string(one.join("README.md")).unwrap();
    for words in [
        "# Change: Allow-Integration-Runtime\n",
        "\n## How to put it in force\n",
        "nft -c -f nftables.nft && nft -f nftables.nft",
        "\n## How to test it\n",
        "    pathproof rules verify RULES --from report.json\n",
        "\n## How to undo it\n",
        "Get-NetFirewallRule -Group 'Allow-Integration-Runtime' | Remove-NetFirewallRule",
        "nft flush chain inet filter pathproof_Allow_Integration_Runtime",
    ] {
        assert!(page.contains(words), "{words} is not in {page}");
    }

    // The same input gives the same bytes, and an older bundle is replaced as a whole.
    assert_eq!(bundle(&records(), &other, &[]).code, Some(0));
    assert!(files(&one) == files(&other), "two runs differ");
    assert_eq!(bundle(&records(), &other, &["--only", "relay"]).code, Some(0));
    let manifest = is_whole(&other);
    assert_eq!(manifest["name"], "Allow-Azure-Relay", "{manifest:#}");
    let beside: Vec<_> =
        fs::read_dir(folder.at("")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 2, "nothing is left over: {beside:?}");

    // What the page says works with what is there.
    let report = one.join("report.json");
    let nsg = one.join("azure-firewall.json");
    let ended = run(&["rules", "verify", shown(&nsg), "--from", shown(&report)]);
    assert!(ended.stdout.contains("required flows are allowed"), "{ended:?}");
    let flows = one.join("addresses.csv");
    let ended = run(&["rules", "verify", shown(&nsg), "--flows", shown(&flows)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // A bundle is made of a bundle's own report too, with the same rules.
    let third = folder.at("third");
    assert_eq!(bundle(shown(&report), &third, &[]).code, Some(0));
    is_whole(&third);
    for name in ["bicep.bicep", "report.html", "flows.csv", "report.json"] {
        let text = |folder: &Path| {
            let text = fs::read_to_string(folder.join(name)).unwrap();
            text.replace("records.jsonl", "report.json")
        };
        assert!(text(&one) == text(&third), "{name} differs");
    }
}

#[test]
fn nothing_but_a_bundle_is_replaced() {
    let folder = Folder::new();
    let records = records();
    let refuses = |place: &PathBuf, words: &[&str]| {
        let before = place.is_dir().then(|| files(place));
        bundle(&records, place, &[]).refuses(words);
        assert!(place.is_dir().then(|| files(place)) == before, "{} changed", place.display());
    };
    let full = folder.at("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("theirs.txt"), "theirs").unwrap();
    refuses(&full, &["full", "theirs.txt", "no bundle of an earlier run"]);
    fs::write(full.join("manifest.json"), "{\"manifest_version\": 3}").unwrap();
    refuses(&full, &["full", "no bundle of an earlier run"]);

    let file = folder.at("file");
    fs::write(&file, "").unwrap();
    bundle(&records, &file, &[]).refuses(&["file", "no folder"]);
    bundle(&records, &folder.at("no/such"), &[]).refuses(&["no/such", "does not exist"]);
    bundle(&records, Path::new(".."), &[]).refuses(&["..", "a name of its own"]);
    bundle(&records, &folder.at("x"), &["--format", "csv"]).refuses(&["--format", "--bundle"]);
    bundle(&records, &folder.at("x"), &["--name", "a b"]).refuses(&["'a b' is no name for a rule"]);
    assert!(!folder.at("x").exists());

    // An empty folder, and then an own one until somebody adds to it or edits it.
    let own = folder.at("own");
    fs::create_dir(&own).unwrap();
    assert_eq!(bundle(&records, &own, &[]).code, Some(0));
    assert_eq!(bundle(&records, &own, &[]).code, Some(0));
    fs::write(own.join("notes.txt"), "mine").unwrap();
    refuses(&own, &["notes.txt is not as pathproof wrote it"]);
    fs::remove_file(own.join("notes.txt")).unwrap();
    fs::write(own.join("nftables.nft"), "edited").unwrap();
    refuses(&own, &["nftables.nft is not as pathproof wrote it"]);
    #[cfg(unix)]
    {
        let link = folder.at("link");
        std::os::unix::fs::symlink(&own, &link).unwrap();
        bundle(&records, &link, &[]).refuses(&["link", "name the folder itself"]);
    }
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = Folder::new();
    // A list of names holds no addresses, and saw nothing.
    let list = folder.put("names.txt", "*.servicebus.windows.net\ndownload.microsoft.com\n");
    let place = folder.at("names");
    let ended = bundle(&list, &place, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let manifest = is_whole(&place);
    let names: Vec<_> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "README.md",
            "addresses.csv",
            "azure-firewall.json",
            "edl-domain.txt",
            "squid-domains.txt",
            "tls-exemptions.txt"
        ]
    );
    let left_out = manifest["left_out"].as_array().unwrap();
    assert_eq!(left_out.len(), 11, "{manifest:#}");
    for words in ["no report is in the bundle", "nsg-json is not written: there is no address"] {
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    let page = fs::read_to_string(place.join("README.md")).unwrap();
    assert!(page.contains("- nsg-json: there is no address to allow"), "{page}");
    // Every name is a row of the table, whose address is not known.
    let table = fs::read_to_string(place.join("addresses.csv")).unwrap();
    for name in ["*.servicebus.windows.net,,", "download.microsoft.com,,"] {
        assert!(table.contains(name), "{table}");
    }
    // A name that only some formats take leaves those out.
    let place = folder.at("dotted");
    let ended = bundle(&records(), &place, &["--name", "Allow.Relay"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let manifest = is_whole(&place);
    let left_out: Vec<_> =
        manifest["left_out"].as_array().unwrap().iter().map(|own| &own["format"]).collect();
    assert_eq!(left_out, ["fortigate", "panos-set"], "{manifest:#}");
    let empty = folder.put("private.txt", "10.0.0.1\n");
    bundle(&empty, &folder.at("none"), &[]).refuses(&["nothing to write", "no address to allow"]);
}

/// Names of gateways that do not exist yet stay out of every list of names, and that is said.
#[test]
fn only_what_is_assigned_is_written_where_that_is_asked_for() {
    let reserve = "g1-prod-am3-010-sb.servicebus.windows.net";
    for format in ["edl-domain", "squid-domains", "tls-exemptions", "edl-ip"] {
        let emit = |more: &[&str]| {
            let base =
                ["rules", "emit", "--from", &records(), "--only", "relay", "--format", format]
                    .map(str::to_owned);
            let all: Vec<&str> =
                base.iter().map(String::as_str).chain(more.iter().copied()).collect();
            run(&all)
        };
        let (all, assigned) = (emit(&[]), emit(&["--assigned-only"]));
        assert_eq!((all.code, assigned.code), (Some(0), Some(0)), "{all:?} {assigned:?}");
        assert_eq!(all.stdout.contains(reserve), format != "edl-ip", "{all:?}");
        assert!(!assigned.stdout.contains(reserve), "{assigned:?}");
        assert!(assigned.stdout.contains("amsprodwe.servicebus.windows.net") || format == "edl-ip");
        assert!(assigned.stderr.contains("gateways are left out: they are not assigned yet"));
        assert_eq!(
            all.stderr.contains("in reserve (--assigned-only leaves them out)"),
            format != "edl-ip",
            "{all:?}"
        );
    }
    let folder = Folder::new();
    let list = folder.put("names.txt", "download.microsoft.com\n");
    run(&["rules", "emit", "--from", &list, "--format", "edl-domain", "--assigned-only"])
        .refuses(&["--assigned-only", "a list does not say"]);
}
