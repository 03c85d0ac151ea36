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

/// A deployment leaves what is no longer in the file, and the next plan would ask for it again.
#[test]
fn a_rule_that_a_deployment_leaves_is_named_with_the_command() {
    let second = "Allow-Azure-Relay-2";
    let scene = Scene::new(&[own(RULE, 200, &FIRST), own(second, 201, &["40.112.72.115"])]);
    let plan = |format: &str| {
        let words = ["--format", format, "--output", "file"];
        scene.rules("plan", &words).ends(1, &[]).stderr
    };
    let hint = plan("bicep-params");
    let id = format!("{}/securityRules/{second}", scene.nsg);
    for words in [
        &format!("az network nsg rule delete --ids '{id}'"),
        "az stack group create",
        "--action-on-unmanage deleteResources",
    ] {
        assert!(hint.contains(words), "no {words:?} in {hint}");
    }
    assert!(!scene.text("file").contains(second));
    // Terraform deletes what its variables no longer hold.
    assert!(!plan("tfvars-json").contains("az network nsg rule delete"));
    // Once it is deleted there is nothing to do and nothing to say.
    scene.manager.meddle(&scene.nsg, second, None);
    let words = ["--format", "bicep-params", "--output", "file"];
    let ended = scene.rules("plan", &words).ends(0, &[]);
    assert!(!ended.stderr.contains("delete --ids"), "{ended:?}");
}

/// The step of the pipeline fails where the repository holds what Azure does not.
#[test]
fn a_pipeline_does_not_hide_that_a_deployment_did_not_do_it() {
    if !has("bash") || !has("git") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // What the plan wrote yesterday, and writes today.
    fs::write(
        at("pathproof"),
        "#!/bin/sh\n[ \"$1\" = tags ] && exit \"$TAGS_CODE\"\nexit \"$PLAN_CODE\"\n",
    )
    .unwrap();
    succeed(Command::new("chmod").arg("+x").arg(at("pathproof")));
    fs::write(at("file"), "as it was").unwrap();
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
        succeed(Command::new("git").args(identity).args(words).current_dir(folder.path()))
    };
    git(&["init", "--quiet"]);
    git(&["add", "file"]);
    git(&["commit", "--quiet", "--message", "first"]);
    for (tags, plan, expected, words) in [
        ("0", "0", 0, "the rules are as the repository says"),
        ("0", "1", 1, "the repository says it, and the group is not so"),
        ("0", "4", 4, ""),
        // Old tags are for the plan's guard to refuse.
        ("2", "0", 0, "the service tags stay as they are"),
        ("2", "4", 4, ""),
    ] {
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let ended = Command::new("bash")
            .arg(deployed("plan.sh"))
            .current_dir(folder.path())
            .envs([("FORMAT", "bicep-params"), ("FILE", "file"), ("NSG", "n"), ("RUNTIME", "r")])
            .envs([("SUBSCRIPTION", "s"), ("JOB", "j"), ("STATE", "."), ("PLAN_CODE", plan)])
            .env("TAGS_CODE", tags)
            .env("PATH", path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
        assert_eq!(ended.status.code(), Some(expected), "{said}");
        assert!(said.contains(words), "{said}");
    }
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
