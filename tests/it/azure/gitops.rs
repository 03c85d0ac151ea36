//! Plans as variables, for groups that Terraform or Bicep own.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{FIRST, Scene, foreign, own};
use crate::emission::{has, python, read, succeed};

const RULE: &str = "Allow-Azure-Relay";

fn deployed(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/gitops").join(name)
}

#[test]
fn a_plan_is_variables_of_terraform_that_its_resource_takes() {
    let scene = Scene::new(&[foreign("DenyInternet", 4000, "Deny", "Internet")]);
    let source = ["--rule-source", "10.50.1.0/24", "--rule-source", "10.50.2.0/24"];
    let write = ["--format", "tfvars-json", "--output", "pathproof.auto.tfvars.json"];
    let ended = scene.rules("plan", &[&source[..], &write].concat());
    let ended = ended.ends(1, &["security_rule in azurerm_network_security_group"]);
    assert_eq!(ended.stdout, "");
    let rule = &scene.json("pathproof.auto.tfvars.json")["pathproof_rules"][RULE];
    assert_eq!(rule["destination_address_prefixes"], json!(FIRST.map(|own| format!("{own}/32"))));
    assert_eq!(rule["source_address_prefixes"], json!(["10.50.1.0/24", "10.50.2.0/24"]));
    assert_eq!(rule["source_address_prefix"], Value::Null);
    assert_eq!(rule["priority"], 200);
    let description = rule["description"].as_str().unwrap();
    assert!(description.starts_with("Written by pathproof ["), "{description}");
    assert_eq!(scene.manager.n_writes(), 0);

    // Every attribute of the resource stands in the variable, and the other way round.
    let Some(python) = python() else { return };
    let texts =
        ["variables.tf", "rules.tf"].map(|name| fs::read_to_string(deployed(name)).unwrap());
    for attribute in rule.as_object().unwrap().keys() {
        assert!(texts[0].contains(&format!("    {attribute} ")), "{attribute}");
        assert!(texts[1].contains(&format!("= each.value.{attribute}\n")), "{attribute}");
    }
    for name in ["variables.tf", "rules.tf"] {
        let _: Value = read(&python, "hcl", &deployed(name));
    }
    // Where Terraform is, it reads the variables itself, which takes no provider.
    if Path::new("/usr/local/bin/terraform").exists() || Path::new("/usr/bin/terraform").exists() {
        fs::copy(deployed("variables.tf"), scene.at("variables.tf")).unwrap();
        fs::write(scene.at("out.tf"), "output \"seen\" {\n  value = var.pathproof_rules\n}\n")
            .unwrap();
        let terraform = || {
            let mut terraform = Command::new("terraform");
            terraform.current_dir(scene.folder.path()).env("CHECKPOINT_DISABLE", "1");
            terraform
        };
        succeed(terraform().args(["init", "-backend=false", "-input=false"]));
        succeed(terraform().args(["apply", "-auto-approve", "-input=false"]));
        let seen = succeed(terraform().args(["output", "-json", "seen"]));
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!(&seen[RULE], rule);
    }
}

#[test]
fn a_plan_is_parameters_of_bicep() {
    let scene = Scene::new(&[]);
    let words = ["--format", "bicep-params", "--output", "pathproof.bicepparam"];
    scene.rules("plan", &words).ends(1, &["securityRules in a template"]);
    let text = scene.text("pathproof.bicepparam");
    assert!(text.starts_with("using './pathproof.bicep'\n"), "{text}");
    assert!(deployed("pathproof.bicep").exists());
    assert!(
        text.contains("\nparam pathproofRules = [\n  {\n    name: 'Allow-Azure-Relay'\n"),
        "{text}"
    );
    for address in FIRST {
        assert!(text.contains(&format!("        '{address}/32'\n")), "{address}: {text}");
    }
    let Some(python) = python() else { return };
    let template = fs::read_to_string(deployed("pathproof.bicep")).unwrap();
    assert!(template.contains("param pathproofRules array"), "{template}");
    let _: Value = read(&python, "bicep", &deployed("pathproof.bicep"));
    // The grammar is that of templates, which has no `using`: the rest is the same.
    let rest = text.replace("using './pathproof.bicep'", "").replace("param p", "var p");
    fs::write(scene.at("rest.bicep"), rest).unwrap();
    let texts: Vec<String> = read(&python, "bicep", &scene.at("rest.bicep"));
    assert!(texts.contains(&format!("{}/32", FIRST[2])), "{texts:?}");
}

/// What a pipeline applies is never what a guard refused.
#[test]
fn a_refused_plan_writes_no_variables() {
    let old = ["13.69.0.1", "13.69.0.2", "13.69.0.3", "13.69.0.5", "13.69.0.9", "13.69.0.11"];
    for format in ["tfvars-json", "bicep-params"] {
        let scene = Scene::new(&[own(RULE, 200, &old)]);
        fs::write(scene.at("file"), "as it was").unwrap();
        scene.put("seen.json", &super::names(&[("relay", super::NAME, &[])]));
        let words = ["--format", format, "--output", "file"];
        let ended = scene.rules("plan", &words).ends(4, &["refused (relay_unresolved)"]);
        assert_eq!(ended.stdout, "");
        assert_eq!(scene.text("file"), "as it was");
    }
}

/// The same plan on two days is the same file: a pull request shows addresses and nothing else.
#[test]
fn what_did_not_change_is_the_same_file() {
    let scene = Scene::new(&[]);
    scene.apply(&["--ledger", "ledger.db"]).ends(0, &["done: create"]);
    let write = |file: &str| {
        let words = ["--ledger", "ledger.db", "--format", "tfvars-json", "--output", file];
        scene.rules("plan", &words).ends(0, &[]);
        scene.text(file)
    };
    assert_eq!(write("first.json"), write("second.json"));
    assert_eq!(
        scene.json("first.json")["pathproof_rules"][RULE]["description"],
        scene.properties(RULE).unwrap()["description"]
    );
    if has("bash") {
        succeed(Command::new("bash").arg("-n").arg(deployed("plan.sh")));
    }
}
