//! PLAN and rollback files are foreign input: whoever may edit one gets neither the token nor a
//! write that pathproof would never have planned.

use serde_json::{Value, json};

use super::{FIRST, Scene, foreign, own};

const RULE: &str = "Allow-Azure-Relay";

/// A scene with a plan that may be applied, and a rollback file that may be rolled back.
fn approved(rules: &[Value]) -> Scene {
    let scene = Scene::new(rules);
    scene.rules("plan", &["--out", "plan.json"]).ends(1, &[]);
    scene
}

/// The file changed so is refused, with this code and these words, and no write is sent.
#[track_caller]
fn refuses(scene: &Scene, change: impl Fn(&mut Value), code: i32, words: &[&str]) {
    let mut plan = scene.json("plan.json");
    change(&mut plan);
    scene.put("changed.json", &plan);
    let n_writes = scene.manager.n_writes();
    scene.saved("apply", "changed.json", &[]).ends(code, words);
    assert_eq!(scene.manager.n_writes(), n_writes);
}

const ELSEWHERE: &str = "x/../../../../../../../../../../subscriptions/s/providers/\
    Microsoft.Authorization/roleAssignments/aaaa?api-version=2022-04-01&z=";

#[test]
fn a_name_leads_to_a_rule_and_nowhere_else() {
    let scene = approved(&[foreign("CorpBlock", 4000, "Deny", "Internet")]);
    let before = scene.manager.log().len();
    for name in [ELSEWHERE, "x/../CorpBlock", "CorpBlock?a=", "Corp%42lock", "", "a#b", "a b"] {
        let set = |plan: &mut Value| plan["changes"][0]["name"] = json!(name);
        refuses(&scene, set, 2, &["is no name of a rule"]);
        refuses(
            &scene,
            |plan| plan["rules"][0]["name"] = json!(name),
            2,
            &["is no name of a rule"],
        );
        refuses(&scene, |plan| plan["rule_name"] = json!(name), 2, &["is no name of a rule"]);
        scene.apply(&[]).ends(0, &[]);
        let mut back = scene.json("back.json");
        back["changes"][0]["name"] = json!(name);
        scene.put("rollback.json", &back);
        scene.saved("rollback", "rollback.json", &[]).ends(2, &["is no name of a rule"]);
        scene.saved("rollback", "back.json", &[]).ends(0, &["done: delete"]);
    }
    refuses(
        &scene,
        |plan| plan["changes"][0]["name"] = json!("CorpBlock"),
        2,
        &["CorpBlock is not of the rule Allow-Azure-Relay"],
    );
    for request in &scene.manager.log()[before..] {
        assert!(!request.path.contains("roleAssignments"), "{}", request.path);
        assert!(!request.writes() || request.path.ends_with(RULE), "{}", request.path);
    }
}

#[test]
fn the_token_goes_where_the_command_line_says() {
    let scene = approved(&[]);
    scene.apply(&[]).ends(0, &[]);
    let before = scene.manager.log().len();
    let words = ["that of its cloud is https://management.azure.com", "--arm-endpoint"];
    scene.run(&["rules", "apply", "plan.json"]).ends(2, &words);
    scene.run(&["rules", "rollback", "back.json"]).ends(2, &words);
    refuses(&scene, |plan| plan["cloud"] = json!("mine"), 2, &["cloud 'mine' is not known"]);
    assert_eq!(scene.manager.log().len(), before, "nothing is asked, with or without a token");
}

#[test]
fn every_guard_is_judged_again() {
    let scene = approved(&[own(RULE, 200, &[FIRST[0], "13.69.0.1", "13.69.0.2"])]);
    let after = |key: &'static str, value: Value| {
        move |plan: &mut Value| plan["changes"][0]["after"][key] = value.clone()
    };
    for (key, value, words) in [
        ("destinationAddressPrefixes", json!(["10.0.0.1/32"]), "10.0.0.1/32, private or reserved"),
        ("destinationAddressPrefixes", json!(["*"]), "it allows every address"),
        ("destinationAddressPrefixes", json!(["AzureCloud"]), "it allows azurecloud"),
        ("destinationAddressPrefixes", json!([]), "it allows no address"),
        ("destinationPortRanges", json!(["*"]), "its ports are '*'"),
        ("access", json!("Deny"), "it would be outbound, deny"),
        ("direction", json!("Inbound"), "it would be inbound, allow"),
        ("protocol", json!("*"), "its protocol is *"),
        ("priority", json!(99), "its priority is none of 100 to 4096"),
        ("description", json!("mine"), "its description is not pathproof's"),
        ("principalId", json!("x"), "it sets principalId"),
        ("sourcePortRange", json!("1"), "its source ports are '1'"),
        (
            "destinationPortRanges",
            json!(["443", "22"]),
            "its ports are 22,443, and 443 was written",
        ),
        ("sourceAddressPrefix", json!("1.2.3.4"), "others in changes than in rules"),
    ] {
        let words = ["refused (plan_altered)", words, "nothing was written"];
        refuses(&scene, after(key, value), 4, &words);
    }
    let prefixes = json!([format!("{}/32", FIRST[0])]);
    let fewer = after("destinationAddressPrefixes", prefixes);
    refuses(&scene, &fewer, 4, &["refused (shrink)", "67%"]);
    let all = |plan: &mut Value| {
        fewer(plan);
        plan["max_shrink"] = json!(100);
    };
    refuses(&scene, all, 4, &["refused (shrink)"]);
    let removed = |plan: &mut Value| {
        plan["changes"][0]["after"] = Value::Null;
        plan["changes"][0]["action"] = json!("delete");
        plan["rules"] = json!([]);
    };
    refuses(&scene, removed, 4, &["refused (empty)"]);
    for made_at in ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        let set = |plan: &mut Value| plan["made_at"] = json!(made_at);
        refuses(&scene, set, 4, &["refused (plan_stale)", made_at, "--max-age"]);
    }
    // As it was approved, it is applied.
    scene.saved("apply", "plan.json", &["--max-age", "1h"]).ends(0, &["done: update"]);
}

#[test]
fn a_plan_counts_what_it_would_write_not_what_it_says() {
    let many: Vec<String> =
        (0..4001).map(|n| format!("40.64.{}.{}/32", n / 250, n % 250)).collect();
    let scene = approved(&[]);
    let more = |plan: &mut Value| {
        plan["changes"][0]["after"]["destinationAddressPrefixes"] = json!(many);
        plan["rules"] = json!([]);
    };
    refuses(&scene, more, 4, &["refused (limit)", "4001"]);
}

#[test]
fn a_rollback_restores_what_pathproof_changed_and_nothing_else() {
    let block = foreign("CorpBlock", 4000, "Deny", "Internet");
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"]), block.clone()]);
    scene.apply(&[]).ends(0, &["done: update"]);
    let n_writes = scene.manager.n_writes();
    let back = scene.json("back.json");
    let live = scene.properties("CorpBlock").unwrap();
    for (changes, words) in [
        (json!([{"name": "CorpBlock", "before": null, "after": live}]), "did not write"),
        (json!([{"name": "Mine", "before": block["properties"], "after": null}]), "never wrote"),
    ] {
        let mut changed = back.clone();
        changed["changes"] = changes;
        scene.put("changed.json", &changed);
        let words = ["refused (plan_altered)", words, "nothing was written"];
        scene.saved("rollback", "changed.json", &[]).ends(4, &words);
    }
    assert_eq!(scene.manager.n_writes(), n_writes);
    // Neither age nor shrink nor emptiness holds it back.
    let mut old = back;
    old["made_at"] = json!("2020-01-01T00:00:00Z");
    scene.put("old.json", &old);
    scene.saved("rollback", "old.json", &[]).ends(0, &["done: update"]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.1"]);
}

#[test]
fn no_file_is_written_over_another() {
    let scene = Scene::new(&[]);
    let url = scene.manager.url();
    let base = ["rules", "apply", "--yes", "--nsg", &scene.nsg, "--arm-endpoint", &url];
    let apply = |more: &[&str]| scene.run(&[&base[..], more].concat());
    std::fs::write(scene.at("old.json"), "the only way back").unwrap();
    let from = ["--from", "seen.json"];
    apply(&[&from[..], &["--rollback", "old.json"]].concat()).ends(2, &["the file exists"]);
    assert_eq!(scene.text("old.json"), "the only way back");
    for (more, words) in [
        (&["--rollback", "x.json", "--out", "x.json"][..], "--rollback and --out name one file"),
        (&["--rollback", "./seen.json"], "--from and --rollback name one file"),
        (&["--out", "seen.json"], "--out and --from name one file"),
        (&["--out", "l.db", "--ledger", "l.db"], "--out and --ledger name one file"),
    ] {
        let words: Vec<&str> = words.split(' ').filter(|word| word.starts_with("--")).collect();
        apply(&[&from[..], more].concat()).ends(2, &[&words[..], &["name one file"]].concat());
    }
    scene.rules("plan", &["--out", "seen.json"]).ends(2, &["--out", "--from", "name one file"]);
    assert_eq!(scene.manager.n_writes(), 0);

    // Several runs within a second: each leaves its own way back.
    for n in 1..=4 {
        scene.sees("seen.json", &[FIRST[0], FIRST[1], &format!("40.112.72.{}", 104 + n)][..]);
        apply(&from).ends(0, &["done: "]);
    }
    let files = super::crash::rollback_files(&scene);
    assert_eq!(files.len(), scene.manager.n_writes(), "{files:?}");
    // A folder that is kept from run to run takes them too.
    std::fs::create_dir(scene.at("kept")).unwrap();
    scene.sees("seen.json", &FIRST);
    apply(&[&from[..], &["--rollback", "kept"]].concat()).ends(0, &["rules rollback kept"]);
    assert_eq!(std::fs::read_dir(scene.at("kept")).unwrap().count(), 1);
}
