//! What people and code hosts are given of rules and files: Markdown, pages and SARIF.

use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use super::{Folder, rule, run, shown};
use crate::sarif;

/// Markup of every format that these are written in, and what turns text around.
pub(super) const EVIL: &str = "p|wn `x` **b** [l](http://evil.example) ![i](x) ~~s~~ \
    <script>alert(1)</script> ]]> --> \" ' &lt; {0} www.evil.example <b> $x$ @team \u{1b}[31m\u{202e}gnp.exe";

/// What readers add to `CommonMark`, but for quotes and dashes that they make prettier.
const DIALECTS: Options = Options::all().difference(Options::ENABLE_SMART_PUNCTUATION);

fn case(name: &str) -> String {
    shown(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).to_owned()
}

fn group(name: &str, rules: &[Value]) -> Value {
    json!({"name": name, "properties": {"securityRules": rules}})
}

/// What a reader of `CommonMark` shows of `text`: the rows of its tables, and its words. Nothing in
/// it is markup of a stranger.
#[track_caller]
pub(super) fn read_markdown(text: &str) -> (Vec<Vec<String>>, String) {
    let (mut rows, mut words) = (Vec::new(), String::new());
    let mut row: Option<Vec<String>> = None;
    for event in Parser::new_ext(text, DIALECTS) {
        match event {
            Event::Start(
                Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::CodeBlock(_)
                | Tag::Strikethrough
                | Tag::Emphasis,
            )
            | Event::InlineMath(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_) => {
                panic!("markup of a stranger: {event:?} in {text}")
            }
            Event::Html(html) => {
                const OWN: [&str; 5] =
                    ["<details>", "</details>", "<summary>", "</summary>", " rows"];
                let rest = OWN.iter().fold(html.to_string(), |rest, own| rest.replace(own, ""));
                assert!(!rest.contains('<'), "HTML of a stranger: {html}");
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => row = Some(Vec::new()),
            Event::Start(Tag::TableCell) => row.as_mut().expect("a row").push(String::new()),
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => {
                rows.extend(row.take());
            }
            Event::Text(text) | Event::Code(text) => {
                match row.as_mut().and_then(|row| row.last_mut()) {
                    Some(cell) => cell.push_str(&text),
                    None => words.push_str(&text),
                }
            }
            Event::End(_) => words.push('\n'),
            _ => {}
        }
    }
    (rows, words)
}

/// A group that denies the control plane, admits too much and holds a rule that nothing reaches.
fn verified(format: &[&str]) -> (Folder, super::Ended) {
    let folder = Folder::new();
    let rules = [
        rule(&format!("relay {EVIL}"), 100, "Allow", "40.112.72.0/24", "443"),
        rule("again", 150, "Allow", "40.112.72.101", "443"),
        rule(&format!("deny {EVIL}"), 200, "Deny", "*", "*"),
    ];
    let rules = folder.put("nsg.json", serde_json::to_string_pretty(&group(EVIL, &rules)).unwrap());
    let from = case("healthy/report.json");
    let ended = run(&[&["rules", "verify", &rules, "--from", &from][..], format].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    (folder, ended)
}

#[test]
fn a_verification_is_a_page_and_a_ticket() {
    let seen = |format: &[&str]| verified(format).1.stdout;
    let table = seen(&[]);
    let (rows, words) = read_markdown(&seen(&["--format", "markdown"]));
    let page = seen(&["--format", "html"]);
    for words_of_both in [
        "1 of 4 required flows are allowed, 3 denied, 0 unknown",
        "To close the gaps",
        "Measured otherwise",
        "Let through beyond what is required",
        "By rule",
        "Rules that no flow reaches",
    ] {
        assert!(table.contains(words_of_both), "{words_of_both}: {table}");
        assert!(words.contains(words_of_both), "{words_of_both}: {words}");
        assert!(page.contains(words_of_both), "{words_of_both}: {page}");
    }
    let dns = rows.iter().find(|row| row[3] == "10.0.0.53" && row[5] == "udp").expect("a gap");
    assert_eq!((&*dns[0], &*dns[4], &*dns[6], &*dns[7]), ("deny", "53", "outbound", "dns"));
    assert_eq!(
        dns[8],
        pathproof::model::visible(EVIL.rsplit('/').next().unwrap()),
        "the rule that denies"
    );
    assert_eq!(rows.iter().filter(|row| row[0] == "deny").count(), 3, "{rows:?}");
    assert!(page.contains("<td>10.0.0.53</td>"), "{page}");
    assert!(
        !page.contains("<script>alert") && !page.contains("<b>"),
        "markup of a stranger: {page}"
    );
    assert!(
        page.contains("&#60;script&#62;alert") || page.contains("&lt;script&gt;alert"),
        "{page}"
    );
}

#[test]
fn a_verification_stands_at_the_lines_of_the_rules() {
    let (folder, ended) = verified(&["--format", "sarif"]);
    let log = sarif::read(&ended.stdout);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let of = |id: &str| results.iter().filter(|one| one["ruleId"] == id).collect::<Vec<_>>();
    assert_eq!(of("required-flow-denied").len(), 3);
    let text = fs::read_to_string(folder.at("nsg.json")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for (id, priority) in
        [("required-flow-denied", 200), ("admits-more", 100), ("rule-not-reached", 150)]
    {
        let found = of(id)[0];
        let place = &found["locations"][0]["physicalLocation"];
        assert!(
            place["artifactLocation"]["uri"].as_str().unwrap().ends_with("/nsg.json"),
            "{place}"
        );
        let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
        let from_there = lines[line - 1..].join("\n");
        // The rule is the first whose priority comes after its line.
        let first = from_there.find("\"priority\"").unwrap();
        assert!(
            from_there[first..].starts_with(&format!("\"priority\": {priority}")),
            "{id}: {line}"
        );
    }
    assert_eq!(run["properties"]["verification"]["summary"]["deny"], 3);
    // A list has lines of its own, and what decides there may stand in no file at all.
    let list = folder.put("list.txt", "# relay\n40.112.72.101\n40.0.0.0/8\n");
    let ended = super::run(&[
        "rules",
        "verify",
        &list,
        "--from",
        &case("healthy/report.json"),
        "--format",
        "sarif",
    ]);
    let log = sarif::read(&ended.stdout);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let wide = results.iter().find(|one| one["ruleId"] == "admits-more").unwrap();
    assert_eq!(wide["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
}

#[test]
fn a_lint_of_the_agent_has_its_files_and_lines() {
    let folder = Folder::new();
    let file = |bypass: &str| {
        format!(
            "<configuration>\n<system.net>\n<defaultProxy>\n<proxy usesystemdefault=\"false\" \
             proxyaddress=\"http://proxy:3128\"/>\n<bypasslist>\n<add address=\"{bypass}\"/>\n\
             </bypasslist>\n</defaultProxy>\n</system.net>\n</configuration>"
        )
    };
    let evil = "[a](http://evil.example) {0} ((";
    for name in ["diahost.exe.config", "diawp.exe.config"] {
        folder.put(name, file(evil));
    }
    let folder_name = shown(folder.0.path()).to_owned();
    let table = run(&["agent", "lint", &folder_name]);
    let out = shown(&folder.at("lint.sarif")).to_owned();
    let ended = run(&["agent", "lint", &folder_name, "--format", "sarif", "--output", &out]);
    assert_eq!((ended.code, &*ended.stdout), (table.code, ""), "{ended:?}");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let log = sarif::read(&fs::read_to_string(out).unwrap());
    let results = log["runs"][0]["results"].as_array().unwrap();
    let found = results.iter().find(|one| one["ruleId"] == "pattern-invalid").expect("a pattern");
    assert_eq!(found["level"], "error");
    let places = found["locations"].as_array().unwrap();
    assert_eq!(places.len(), 2, "both files say the same: {found}");
    for (place, name) in places.iter().zip(["diahost.exe.config", "diawp.exe.config"]) {
        let place = &place["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().unwrap().ends_with(name), "{place}");
        assert_eq!(place["region"]["startLine"], 6, "{place}");
    }
    run(&["agent", "lint", &folder_name, "--format", "sarif", "--suggest"]).refuses(&["--suggest"]);
}

#[test]
fn a_lint_of_a_list_has_its_lines_and_columns() {
    let folder = Folder::new();
    let name = "a b#[{0}].toml";
    let bad = folder
        .put(name, "id = 'mine'\ntitle = 'x'\ncolour = '[a](b) {0} <b>'\n[[entry]]\nid = 'a'\n");
    let ended = run(&["lists", "lint", &bad, "--format", "sarif"]);
    assert_eq!((ended.code, &*ended.stderr), (Some(2), ""), "{ended:?}");
    let log = sarif::read(&ended.stdout);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let unknown = results.iter().find(|one| one["ruleId"] == "unknown-key").expect("a key");
    let place = &unknown["locations"][0]["physicalLocation"];
    assert_eq!(place["region"], json!({"startLine": 3, "startColumn": 1}));
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.ends_with("/a%20b%23%5B%7B0%7D%5D.toml"), "{uri}");
    assert_eq!(results.len(), run(&["lists", "lint", &bad]).stderr.lines().count());
    let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("endpoint-lists");
    let sound = fs::read_dir(sound).unwrap().map(|entry| entry.unwrap().path());
    let sound = sound.filter(|path| path.extension().is_some_and(|it| it == "toml")).min().unwrap();
    let ended = run(&["lists", "lint", shown(&sound), "--format", "sarif"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(sarif::read(&ended.stdout)["runs"][0]["results"], json!([]));
}

/// A plan of a file: the rule is there with another source and prefix, in words of a stranger.
#[test]
fn a_plan_is_a_page_and_a_ticket_for_who_approves_it() {
    let folder = Folder::new();
    let ours = |name: &str, prefix: &str| {
        let mut rule = rule(name, 300, "Allow", prefix, "443");
        rule["properties"]["description"] = json!(format!("Written by pathproof {EVIL}"));
        rule
    };
    let current = folder
        .put("nsg.json", group("nsg", &[ours("Allow-Azure-Relay", "40.112.72.99")]).to_string());
    let from = case("healthy/report.json");
    let plan =
        ["rules", "plan", "--current", &current, "--from", &from, "--rule-source", "10.50.1.0/24"];
    let planned = |more: &[&str]| run(&[&plan[..], more].concat());
    let table = planned(&[]);
    let (rows, words) = read_markdown(&planned(&["--format", "markdown"]).stdout);
    let out = shown(&folder.at("plan.html")).to_owned();
    let written = planned(&["--format", "html", "--output", &out]);
    assert_eq!((written.code, &*written.stdout), (table.code, ""), "{written:?}");
    let page = fs::read_to_string(out).unwrap();
    assert!(
        !page.contains("<script>alert") && !page.contains("<b>"),
        "markup of a stranger: {page}"
    );
    // Every property that the diff shows is a row, as it is and as it will be.
    let mut n_lines = 0;
    for line in table.stdout.lines().filter_map(|line| line.strip_prefix("    - ")) {
        let Some((property, now)) = line.split_once(": ") else { continue };
        let row = rows
            .iter()
            .find(|row| row[0] == property)
            .unwrap_or_else(|| panic!("no {line}: {rows:?}"));
        assert_eq!(row[1].trim(), now.trim(), "{property}");
        assert!(page.contains(&format!("<td>{property}</td>")), "{property}");
        n_lines += 1;
    }
    assert!(n_lines >= 2, "{}", table.stdout);
    for change in [["added", "40.112.72.101/32"], ["removed", "40.112.72.99/32"]] {
        let shown = table.stdout.contains(change[1]);
        assert_eq!(
            rows.iter().any(|row| row[..2] == change),
            shown,
            "{change:?}: {}",
            table.stdout
        );
    }
    assert!(rows.iter().any(|row| row[..2] == ["added", "40.112.72.101/32"]), "{rows:?}");
    for section in [
        "Guards",
        "Who has to approve it",
        "Applying and undoing it",
        "The whole of Allow-Azure-Relay",
    ] {
        assert!(words.contains(section), "{section}: {words}");
        assert!(page.contains(section), "{section}: {page}");
    }
}
