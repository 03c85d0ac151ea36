//! The daily job as `deploy/` starts it: the runtime's names are asked of Azure, the service tags
//! renewed first, and Azure's last answer stands in where it does not answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use hickory_proto::rr::RecordType;
use serde_json::{Value, json};

use super::arm::{Answer, Fault, SUBSCRIPTION};
use super::roles::{Roles, actions};
use super::{Ended, FIRST, NAME, Scene, foreign};
use crate::emission::{python, read};
use crate::loopback::dns::{Asked, Say, Server};

pub(super) const RULE: &str = "Allow-Azure-Relay";
const FACTORY: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-data/providers/Microsoft.DataFactory/factories/contoso-adf";
const WORKSPACE: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-data/providers/Microsoft.Synapse/workspaces/contoso-ws";

/// What DNS says: the addresses of each name; names without any do not exist.
pub(super) type Zone = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

/// A host that runs the job, with Azure and DNS on loopback.
pub(super) struct Job {
    pub(super) scene: Scene,
    pub(super) zone: Zone,
    pub(super) dns: Server,
    pub(super) runtime: String,
}

/// A release of the service tags in which these prefixes are published.
pub(super) fn release(change: u64, prefixes: &[&str]) -> Value {
    json!({"name": "Public", "changeNumber": change, "cloud": "Public", "values": [
        {"name": "AzureCloud", "id": "AzureCloud", "properties": {"changeNumber": change,
            "region": "", "systemService": "", "addressPrefixes": prefixes}}]})
}

fn says(asked: &Asked, zone: &Zone) -> Say {
    const DEPLOYMENT: &str = "ns-sb2-prod-am3-010.cloudapp.net";
    let zone = zone.lock().unwrap();
    let Some(addresses) = zone.get(&asked.name) else { return Say::code(3, &[]) };
    let mut lines = vec![format!("{} 60 CNAME {DEPLOYMENT}", asked.name)];
    if asked.record_type == RecordType::A {
        lines.extend(addresses.iter().map(|address| format!("{DEPLOYMENT} 60 A {address}")));
    }
    Say::Answer(0, lines)
}

impl Job {
    pub(super) fn new() -> Self {
        let scene = Scene::new(&[foreign("DenyInternet", 4000, "Deny", "Internet")]);
        let zone = Zone::default();
        let asked = Arc::clone(&zone);
        let dns = Server::start(move |question| says(question, &asked));
        let runtime = format!("{FACTORY}/integrationRuntimes/shir-1");
        scene.manager.runtime(&runtime, &[NAME]);
        scene.manager.publish(release(1, &["40.112.72.0/24"]));
        let job = Self { scene, zone, dns, runtime };
        job.resolves(NAME, &FIRST);
        job
    }

    pub(super) fn resolves(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
        self.zone.lock().unwrap().insert(name.to_owned(), addresses);
    }

    /// The words of a deployed command line, here: its files in the folder of the scene, its Azure
    /// and its DNS on loopback.
    pub(super) fn here(&self, words: &[String]) -> Vec<String> {
        let folder = self.scene.folder.path().display().to_string();
        let mut here: Vec<String> = words
            .iter()
            .map(|word| {
                let word = word.replace("%S/pathproof", &folder).replace("${NSG}", &self.scene.nsg);
                let word = word.replace("${RUNTIME}", &self.runtime).replace("${JOB}", "shir-1");
                let word = word.replace("${SUBSCRIPTION}", SUBSCRIPTION);
                let word = word.replace("/var/lib/pathproof", &folder);
                let word = word.replace(r"C:\ProgramData\pathproof\", &format!("{folder}/"));
                // The ids that the files hold as examples.
                match word {
                    id if id.ends_with("/networkSecurityGroups/nsg-shir") => self.scene.nsg.clone(),
                    id if id.ends_with("/integrationRuntimes/shir-1") => self.runtime.clone(),
                    other => other,
                }
            })
            .collect();
        here.extend(["--arm-endpoint".to_owned(), self.scene.manager.url()]);
        if here.contains(&"rules".to_owned()) {
            here.extend(["--resolver".to_owned(), self.dns.address.to_string()]);
        }
        here
    }

    pub(super) fn run(&self, words: &[String], more: &[&str]) -> Ended {
        let mut here = self.here(words);
        here.extend(more.iter().map(|&word| word.to_owned()));
        self.scene.run(&here.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Both commands of the unit, as systemd starts them: the first may fail.
    pub(super) fn day(&self, more: &[&str]) -> [Ended; 2] {
        let [tags, rules] = of_systemd();
        [self.run(&tags, &[]), self.run(&rules, &[&["--no-gateways"], more].concat())]
    }
}

fn deployed(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)).unwrap()
}

fn of_program(line: &str) -> Vec<String> {
    let words = shlex::split(line).unwrap();
    assert_eq!(words[0].trim_start_matches('-'), "/usr/bin/pathproof", "{line}");
    words[1..].to_vec()
}

/// The command lines of the unit, without the program: for the tags, and for the rules.
pub(super) fn of_systemd() -> [Vec<String>; 2] {
    let unit = deployed("systemd/pathproof-rules.service");
    ["ExecStartPre=", "ExecStart="]
        .map(|key| of_program(unit.lines().find_map(|line| line.strip_prefix(key)).unwrap()))
}

/// Those of Kubernetes and of Container Apps.
fn of_containers(file: &str, pod: &[&str]) -> [Vec<String>; 2] {
    let Some(python) = python() else { return of_systemd() };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file);
    let documents: Vec<Value> = read(&python, "yaml", &path);
    let pod = documents.iter().map(|document| pod.iter().fold(document, |value, key| &value[key]));
    let pod = pod.into_iter().find(|pod| pod.is_object()).unwrap();
    ["initContainers", "containers"].map(|kind| {
        let words = pod[kind][0]["command"].as_array().unwrap();
        words.iter().skip(1).map(|word| word.as_str().unwrap().to_owned()).collect()
    })
}

/// Those of the script that Windows' scheduler starts.
fn of_windows() -> [Vec<String>; 2] {
    let script = deployed("windows/run.ps1");
    ["tags update", "rules apply"].map(|command| {
        let line = script.lines().find(|line| line.contains(&format!("'{command} "))).unwrap();
        let words = line.split('\'').nth(1).unwrap();
        let words = words.replace("{nsg}", "${NSG}").replace("{runtime}", "${RUNTIME}");
        let words = words.replace("{subscription}", "${SUBSCRIPTION}").replace("{job}", "${JOB}");
        words.split(' ').map(str::to_owned).collect()
    })
}

#[test]
fn every_variant_of_deploy_asks_azure_for_the_names_and_renews_the_tags_first() {
    let options = |words: &[String]| -> BTreeSet<String> {
        words.iter().filter(|word| word.starts_with("--")).cloned().collect()
    };
    let [_, of_unit] = of_systemd();
    let variants = [
        ("systemd", of_systemd(), true),
        (
            "Kubernetes",
            of_containers(
                "kubernetes/cronjob.yaml",
                &["spec", "jobTemplate", "spec", "template", "spec"],
            ),
            true,
        ),
        // SQLite's locks do not hold on its shares.
        (
            "Container Apps",
            of_containers("container-apps/job.yaml", &["properties", "template"]),
            false,
        ),
        ("Windows", of_windows(), true),
    ];
    for (variant, [tags, rules], has_ledger) in variants {
        let mut expected = options(&of_unit);
        if !has_ledger {
            expected.remove("--ledger");
            expected.insert("--rollback".to_owned());
        }
        assert_eq!(options(&rules), expected, "{variant}");
        let job = Job::new();
        let words = "tags.json: to change 1: 1 tags";
        job.run(&tags, &[]).ends(0, &[words]);
        job.run(&rules, &[]).ends(0, &["done: create Allow-Azure-Relay"]);
        assert_eq!(job.scene.live(RULE).unwrap(), FIRST, "{variant}");
        assert_eq!(job.scene.json("last-answer.json")["runtime"], job.runtime, "{variant}");
        assert_eq!(job.scene.at("ledger.db").exists(), has_ledger, "{variant}");
        // On the next day the tags stay, and so does the rule.
        job.run(&tags, &[]).ends(0, &["from change 1 to change 1"]);
        job.run(&rules, &[]).ends(0, &["Nothing to do"]);
    }
}

/// The roles as the page says to assign them, without one action.
fn roles(job: &Job, but: Option<&str>) -> Roles {
    let owner = job.runtime.split_once("/integrationRuntimes/").unwrap().0;
    Roles::default()
        .assign("role.json", &job.scene.nsg, but)
        .assign("role.json", owner, but)
        .assign("role-tags.json", &format!("/subscriptions/{SUBSCRIPTION}"), but)
}

#[test]
fn the_roles_allow_what_the_job_does_and_nothing_else() {
    let mut used = BTreeSet::new();
    for owner in [FACTORY, WORKSPACE] {
        let mut job = Job::new();
        job.runtime = format!("{owner}/integrationRuntimes/shir-1");
        job.scene.manager.runtime(&job.runtime, &[NAME]);
        job.scene.manager.allow_only(roles(&job, None));
        let [tags, rules] = job.day(&["--rollback", "back.json"]);
        tags.ends(0, &["to change 1"]);
        rules.ends(0, &["done: create"]);
        assert_eq!(job.scene.live(RULE).unwrap(), FIRST);
        // The way back takes a rule away.
        job.scene.saved("rollback", "back.json", &[]).ends(0, &["done: delete"]);
        used.extend(job.scene.manager.used());
    }
    let given: BTreeSet<_> =
        ["role.json", "role-tags.json"].iter().flat_map(|file| actions(file)).collect();
    assert_eq!(used, given, "every action is needed, and no other");

    // Without one of them the job says which.
    for (but, advice) in [
        ("Microsoft.Network/networkSecurityGroups/read", "networkSecurityGroups/read"),
        (
            "Microsoft.Network/networkSecurityGroups/securityRules/write",
            "securityRules/read, write",
        ),
        (
            "Microsoft.DataFactory/factories/integrationruntimes/getstatus/read",
            "integrationruntimes/getstatus/read on the factory",
        ),
    ] {
        let job = Job::new();
        job.scene.manager.allow_only(roles(&job, Some(but)));
        let [_, rules] = job.day(&[]);
        rules.ends(2, &["status 403", advice]);
        assert_eq!(job.scene.live(RULE), None);
    }
    let job = Job::new();
    let but = "Microsoft.Network/locations/serviceTags/read";
    job.scene.manager.allow_only(roles(&job, Some(but)));
    job.day(&[])[0].said(2, &["status 403", but]);
}

/// A rule that names an application security group takes a right on that group, and no other does.
#[test]
fn a_rule_of_an_application_security_group_takes_a_right_on_that_group() {
    const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-app/providers/Microsoft.Network/applicationSecurityGroups/asg-shir";
    let file = "role-application-group.json";
    let job = Job::new();
    job.scene.manager.allow_only(roles(&job, None));
    let [_, rules] = job.day(&["--rule-source", GROUP]);
    let right = "applicationSecurityGroups/joinNetworkSecurityRule/action";
    rules.ends(2, &["status 403 LinkedAuthorizationFailed", right, file]);
    assert_eq!(job.scene.live(RULE), None);

    job.scene.manager.allow_only(roles(&job, None).assign(file, GROUP, None));
    job.day(&["--rule-source", GROUP])[1].said(0, &["done: create"]);
    assert!(job.scene.manager.used().is_superset(&actions(file)));
    let sources = &job.scene.properties(RULE).unwrap()["sourceApplicationSecurityGroups"];
    assert!(sources[0]["id"].as_str().unwrap().eq_ignore_ascii_case(GROUP), "{sources}");
    // The live source is kept, and so is the need of the right.
    job.scene.manager.allow_only(roles(&job, None));
    job.resolves(NAME, &["40.112.72.120"]);
    job.day(&[])[1].said(2, &[right]);
}

fn error(status: u16) -> Fault {
    Fault::Say(Answer::error(status, "Busy", "Azure's own words.").with("retry-after", "0"))
}

#[test]
fn the_last_answer_stands_in_where_azure_does_not_answer() {
    let job = Job::new();
    job.day(&[])[1].said(0, &["done: create"]);
    // The relay moves while Azure does not say what the runtime is called.
    job.resolves(NAME, &["40.112.72.120"]);
    for (fault, words) in [
        (error(500), "status 500"),
        (error(429), "status 429"),
        (Fault::Cut, "the connection ended in the middle"),
    ] {
        job.scene.manager.fault("POST", "/getStatus", 100, fault);
        let [_, rules] = job.day(&["--azure-deadline", "6s"]);
        let note = "the runtime's names are those of";
        rules.ends(0, &["note: Azure did not answer", words, note, "0 hours old"]);
        job.scene.manager.recover();
    }
    assert_eq!(job.scene.live(RULE).unwrap(), [FIRST.as_slice(), &["40.112.72.120"]].concat());
    // A refusal is an answer.
    for (status, words) in [(403, "which Reader has"), (404, "spelt right")] {
        job.scene.manager.fault("POST", "/getStatus", 100, error(status));
        job.day(&[])[1].said(2, &["--runtime", words]);
        job.scene.manager.recover();
    }
    // Neither is what another runtime is called, nor what was said long ago or tomorrow.
    let kept = job.scene.json("last-answer.json");
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(30);
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30);
    for (key, value, words) in [
        ("runtime", "/subscriptions/other".to_owned(), "is the answer for another runtime"),
        ("read_at", "2026-01-01T00:00:00Z".to_owned(), "--max-answer-age accepts 7 days"),
        ("read_at", tomorrow.to_string(), "later than this host's clock"),
        ("schema", "pathproof.plan/1".to_owned(), "expected pathproof.last-answer/1"),
    ] {
        let mut changed = kept.clone();
        changed[key] = json!(value);
        job.scene.put("last-answer.json", &changed);
        job.scene.manager.fault("POST", "/getStatus", 100, error(500));
        job.day(&[])[1].said(2, &[words]);
        job.scene.manager.recover();
    }
    let mut older = kept.clone();
    older["read_at"] = json!(yesterday.to_string());
    job.scene.put("last-answer.json", &older);
    job.scene.manager.fault("POST", "/getStatus", 100, error(500));
    job.day(&["--max-answer-age", "1d"])[1].said(2, &["1 days old: --max-answer-age accepts 1"]);
    job.scene.manager.recover();
    // An answer without names is none that is worth keeping.
    job.scene.put("last-answer.json", &kept);
    job.scene.manager.runtime(&job.runtime, &[]);
    let _ = job.day(&[]);
    assert_eq!(job.scene.json("last-answer.json"), kept);
}

#[test]
fn tags_that_cannot_be_renewed_are_good_for_a_while() {
    let job = Job::new();
    let [tags, rules] = of_systemd();
    job.scene.manager.fault("GET", "/serviceTags", 100, error(503));
    job.run(&tags, &[]).ends(2, &["status 503"]);
    job.run(&rules, &["--no-gateways"]).ends(2, &["--service-tags: cannot read"]);
    job.scene.manager.recover();
    job.run(&tags, &[]).ends(0, &["to change 1"]);
    let kept = job.scene.text("tags.json");

    job.scene.manager.fault("GET", "/serviceTags", 100, error(503));
    let stays = "tags.json stays as it is: service tags 1 of ";
    job.run(&tags, &[]).ends(0, &["status 503", stays]);
    for (days, code, words) in [(29, 0, stays), (31, 2, "--max-age accepts 30 days")] {
        let written = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
        let file = fs::File::options().write(true).open(job.scene.at("tags.json")).unwrap();
        file.set_modified(written).unwrap();
        job.run(&tags, &[]).ends(code, &[words]);
        assert_eq!(job.scene.text("tags.json"), kept);
    }
    // What the job then writes is nothing.
    job.run(&rules, &["--no-gateways"]).ends(4, &["refused (not_published)", "31 days old"]);
    assert_eq!(job.scene.live(RULE), None);
    job.scene.manager.recover();
    job.day(&[])[1].said(0, &["done: create"]);
}

/// A container that renews the tags first and fails keeps the rules from starting: the guard of the
/// rules is what decides about old tags, and says so.
#[test]
fn old_tags_come_to_the_guard_in_every_variant() {
    let pod = ["spec", "jobTemplate", "spec", "template", "spec"];
    for [tags, rules] in [
        of_containers("kubernetes/cronjob.yaml", &pod),
        of_containers("container-apps/job.yaml", &["properties", "template"]),
    ] {
        if python().is_none() {
            return;
        }
        let job = Job::new();
        job.run(&tags, &[]).ends(0, &["to change 1"]);
        let written = SystemTime::now() - Duration::from_hours(40 * 24);
        let file = fs::File::options().write(true).open(job.scene.at("tags.json")).unwrap();
        file.set_modified(written).unwrap();
        job.scene.manager.fault("GET", "/serviceTags", 100, error(503));
        job.run(&tags, &[]).ends(0, &["status 503", "tags.json stays as it is"]);
        let refused = job.run(&rules, &["--no-gateways"]);
        refused.ends(4, &["refused (not_published)", "40 days old"]);
        assert_eq!(job.scene.live(RULE), None);
    }
}

#[test]
fn tags_of_a_file_are_as_old_as_the_file() {
    let job = Job::new();
    let folder = job.scene.folder.path();
    for (name, age) in [
        ("ServiceTags_Public_20260105.json", "service tags 7 of 2026-01-05"),
        ("downloaded.json", "service tags 7 of 2026-02-03"),
    ] {
        job.scene.put(name, &release(7, &["40.112.72.0/24"]));
        let file = fs::File::options().write(true).open(folder.join(name)).unwrap();
        let third: jiff::Timestamp = "2026-02-03T12:00:00Z".parse().unwrap();
        file.set_modified(third.into()).unwrap();
        let update = ["tags", "update", "--from", name, "--output", "tags.json"];
        job.scene.run(&update).ends(0, &["change 7"]);
        // Copying it each day does not make it younger.
        job.run(&of_systemd()[1], &["--no-gateways"]).ends(4, &["refused (not_published)", age]);
    }
}

/// The rule of the community's script, taken over with the script's own inputs.
#[test]
fn the_script_s_rule_is_taken_over() {
    let job = Job::new();
    let runtime = format!("{WORKSPACE}/integrationRuntimes/IntegrationRuntime2");
    job.scene.manager.runtime(&runtime, &[NAME, "g0-prod-am3-010-sb.servicebus.windows.net"]);
    job.resolves("g0-prod-am3-010-sb.servicebus.windows.net", &["40.112.72.130"]);
    // As `az network nsg rule create` of the script leaves it.
    let rule = json!({
        "description": "Allow outbound access to Synapse servicebus IPs",
        "priority": 100, "access": "Allow", "direction": "Outbound", "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefixes": ["40.112.72.101", "40.112.72.99"],
        "destinationPortRange": "443",
    });
    job.scene.manager.meddle(&job.scene.nsg, "AllowSynapseServiceBusIPs", Some(rule));
    let base: Vec<String> = of_systemd()[1].clone();
    let named = ["--rule-name", "AllowSynapseServiceBusIPs", "--no-gateways"];
    let mut words = base.clone();
    let at = words.iter().position(|word| word == "${RUNTIME}").unwrap();
    words[at] = runtime;
    job.run(&of_systemd()[0], &[]).ends(0, &[]);
    job.run(&words, &named).ends(4, &["refused (name_taken)", "--adopt"]);
    let adopt = [&named[..], &["--adopt"]].concat();
    job.run(&words, &adopt).ends(0, &["done: update AllowSynapseServiceBusIPs"]);
    let properties = job.scene.properties("AllowSynapseServiceBusIPs").unwrap();
    assert_eq!((&properties["priority"], &properties["protocol"]), (&json!(100), &json!("Tcp")));
    // What the script had put there stays as long as --keep says.
    assert_eq!(
        job.scene.live("AllowSynapseServiceBusIPs").unwrap(),
        ["40.112.72.99", FIRST[0], FIRST[1], FIRST[2], "40.112.72.130"]
    );
    job.run(&words, &named).ends(0, &["Nothing to do"]);
}
