//! The files of `deploy/`: read by those they are written for. That their command lines are ones of
//! this program is tested beside its arguments.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::emission::{has, python, read, succeed};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// `systemd-analyze` finds nothing wrong, and the service is confined.
#[test]
fn systemd_takes_the_units() {
    if !Path::new("/usr/bin/systemd-analyze").exists() {
        eprintln!("skipped: systemd-analyze is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["pathproof-rules.service", "pathproof-rules.timer", "pathproof-alert@.service"] {
        let text = fs::read_to_string(file("systemd").join(name)).unwrap();
        // It looks for the program, which is not installed here.
        let text = text.replace("/usr/bin/pathproof", env!("CARGO_BIN_EXE_pathproof"));
        fs::write(folder.path().join(name), text).unwrap();
    }
    let unit = |name: &str| folder.path().join(name);
    let mut verify = Command::new("systemd-analyze");
    verify.arg("verify").arg(unit("pathproof-rules.service")).arg(unit("pathproof-rules.timer"));
    let output = verify.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");

    // 20 of 100 is what systemd calls OK.
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--offline=true", "--threshold=20"]);
    succeed(security.arg(unit("pathproof-rules.service")));
    let service = fs::read_to_string(unit("pathproof-rules.service")).unwrap();
    assert!(service.contains("\nOnFailure=pathproof-alert@%n.service\n"));
}

#[test]
fn the_scheduled_tasks_are_well_formed_and_the_alert_watches_the_other() {
    let texts = ["rules", "alert"]
        .map(|name| fs::read_to_string(file(&format!("windows/pathproof-{name}.xml"))).unwrap());
    let [rules, alert] = texts.each_ref().map(|text| roxmltree::Document::parse(text).unwrap());
    let content = |document: &roxmltree::Document<'_>, tag: &str| {
        let node = document.descendants().find(|node| node.tag_name().name() == tag);
        node.and_then(|node| node.text().map(str::to_owned)).unwrap_or_default()
    };
    let task = content(&rules, "URI");
    assert_eq!(task, r"\pathproof\rules");
    // A document within the document.
    let query = content(&alert, "Subscription");
    let query = roxmltree::Document::parse(&query).unwrap();
    let select = content(&query, "Select");
    assert!(select.contains(&format!("[Data[@Name='TaskName']='{task}']")), "{select}");
    assert!(select.contains("[Data[@Name='ResultCode']!='0']"), "{select}");
    let Some(python) = python() else { return };
    // The grammar finds no error in the script that registers both, nor in the one that they start.
    let texts: Vec<String> = read(&python, "az-powershell", &file("windows/register.ps1"));
    for name in ["rules", "alert"] {
        assert!(texts.contains(&format!("pathproof-{name}.xml")), "{texts:?}");
    }
    let started = content(&rules, "Arguments");
    assert!(started.contains(r#"-File "C:\Program Files\pathproof\deploy\windows\run.ps1""#));
    let script = fs::read_to_string(file("windows/run.ps1")).unwrap();
    let registering = fs::read_to_string(file("windows/register.ps1")).unwrap();
    for name in ["Nsg", "Runtime", "Subscription", "Job"] {
        // What register.ps1 replaces, and run.ps1 takes.
        assert!(started.contains(&format!("-{name} {}", name.to_uppercase())), "{started}");
        assert!(script.contains(&format!("[string] ${name}")), "{name}");
        assert!(registering.contains(&format!("{name} = ${name}")), "{name}");
    }
    let texts: Vec<String> = read(&python, "az-powershell", &file("windows/run.ps1"));
    assert!(texts.iter().any(|text| text.starts_with("rules apply --yes ")), "{texts:?}");
}

/// The schema of Task Scheduler 1.4 wants its elements in their order.
#[test]
fn the_scheduled_tasks_have_their_elements_in_the_schema_s_order() {
    const ORDER: [&str; 7] =
        ["RegistrationInfo", "Triggers", "Principals", "Data", "Settings", "Actions", ""];
    const SETTINGS: [&str; 14] = [
        "AllowStartOnDemand",
        "RestartOnFailure",
        "MultipleInstancesPolicy",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "AllowHardTerminate",
        "StartWhenAvailable",
        "NetworkProfileName",
        "RunOnlyIfNetworkAvailable",
        "WakeToRun",
        "Enabled",
        "Hidden",
        "DeleteExpiredTaskAfter",
        "ExecutionTimeLimit",
    ];
    for name in ["rules", "alert"] {
        let text = fs::read_to_string(file(&format!("windows/pathproof-{name}.xml"))).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        let places: Vec<_> = root
            .children()
            .filter(roxmltree::Node::is_element)
            .map(|node| ORDER.iter().position(|own| node.has_tag_name((NAMESPACE, *own))).unwrap())
            .collect();
        assert!(places.is_sorted(), "{name}: {places:?}");
        // The settings are an xs:all: in any order, each once, and none that is not known.
        let settings = root.descendants().find(|node| node.has_tag_name((NAMESPACE, "Settings")));
        let settings = settings.unwrap().children().filter(roxmltree::Node::is_element);
        let names: Vec<_> = settings.map(|node| node.tag_name().name().to_owned()).collect();
        assert!(names.iter().all(|own| SETTINGS.contains(&own.as_str())), "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}

const NAMESPACE: &str = "http://schemas.microsoft.com/windows/2004/02/mit/task";

/// A failure that recovers, a retry that succeeds, a job that never was: what Prometheus makes of
/// the rules, by its own tests.
#[test]
fn the_alerts_fire_when_they_should_and_no_longer() {
    let Some(python) = python() else { return };
    if !has("promtool") {
        return;
    }
    for (rules, tests) in
        [("kubernetes/alert.yaml", "kubernetes.yaml"), ("systemd/alerts.yaml", "systemd.yaml")]
    {
        let folder = tempfile::tempdir().unwrap();
        let documents: Vec<Value> = read(&python, "yaml", &file(rules));
        // What the operator of Prometheus hands on of its resource.
        let groups = documents[0].get("spec").unwrap_or(&documents[0]);
        fs::write(folder.path().join("rules.yaml"), groups.to_string()).unwrap();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alerts").join(tests);
        fs::copy(data, folder.path().join("test.yaml")).unwrap();
        for words in [["check", "rules", "rules.yaml"], ["test", "rules", "test.yaml"]] {
            succeed(Command::new("promtool").args(words).current_dir(folder.path()));
        }
    }
}

#[test]
fn the_manifests_are_yaml_and_wire_the_exit_codes() {
    let Some(python) = python() else { return };
    let documents: Vec<Value> = read(&python, "yaml", &file("kubernetes/cronjob.yaml"));
    let job = documents.iter().find(|document| document["kind"] == "CronJob").unwrap();
    let job = &job["spec"]["jobTemplate"]["spec"];
    let codes = &job["podFailurePolicy"]["rules"][0]["onExitCodes"];
    let container = &job["template"]["spec"]["containers"][0];
    assert_eq!(codes["values"], serde_json::json!([1, 3, 4]));
    assert_eq!(codes["containerName"], container["name"]);
    // A pod failure policy needs it.
    assert_eq!(job["template"]["spec"]["restartPolicy"], "Never");
    let volumes = &job["template"]["spec"]["volumes"];
    assert_eq!(names(&container["volumeMounts"]), names(volumes));

    let alerts: Vec<Value> = read(&python, "yaml", &file("kubernetes/alert.yaml"));
    let named = alerts[0]["spec"]["groups"][0]["rules"].as_array().unwrap();
    let cron_job = documents.iter().find(|document| document["kind"] == "CronJob").unwrap();
    let name = cron_job["metadata"]["name"].as_str().unwrap();
    assert!(named.iter().all(|rule| rule["expr"].as_str().unwrap().contains(name)), "{named:?}");
    assert_eq!(job["template"]["spec"]["initContainers"][0]["image"], container["image"]);
    assert!(container["image"].as_str().unwrap().contains("@sha256:"), "pinned by its digest");
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);

    let jobs: Vec<Value> = read(&python, "yaml", &file("container-apps/job.yaml"));
    let properties = &jobs[0]["properties"];
    assert_eq!(properties["configuration"]["triggerType"], "Schedule");
    assert_eq!(properties["configuration"]["replicaRetryLimit"], 0);
    let mounts = properties["template"]["containers"][0]["volumeMounts"].as_array().unwrap();
    let mounted: BTreeSet<_> = mounts.iter().map(|mount| mount["volumeName"].as_str()).collect();
    let volumes = properties["template"]["volumes"].as_array().unwrap();
    assert_eq!(mounted, volumes.iter().map(|volume| volume["name"].as_str()).collect());
    // That the tags were renewed is no sign of life of the rules.
    let alerts = fs::read_to_string(file("container-apps/alert.sh")).unwrap();
    let name = properties["template"]["containers"][0]["name"].as_str().unwrap();
    let line = alerts.lines().find(|line| line.contains("ago(26h)")).unwrap();
    assert!(line.contains(&format!("Container '{name}' was terminated with exit code '0'")));
    assert_ne!(properties["template"]["initContainers"][0]["name"], name);
    if has("bash") {
        for script in ["container-apps/alert.sh", "windows/alert.sh", "container/build"] {
            succeed(Command::new("bash").arg("-n").arg(file(script)));
        }
    }
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect()
}
