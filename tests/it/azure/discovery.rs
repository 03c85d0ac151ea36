//! What else is asked of Resource Manager: service tags, and a runtime's own names.

use std::fs;

use serde_json::{Value, json};

use super::arm::{Answer, Fault, SUBSCRIPTION, TOKEN};
use super::recordings::captured;
use super::{NAME, Scene};

fn tag(name: &str, prefix: &str) -> Value {
    json!({"name": name, "id": name, "properties": {"changeNumber": "7", "region": "",
        "systemService": "", "addressPrefixes": [prefix]}})
}

fn page(change: &str, values: &[Value], next: Option<&str>) -> Answer {
    let mut page = json!({"name": "public", "type": "Microsoft.Network/serviceTags",
        "changeNumber": change, "cloud": "Public", "values": values});
    if let Some(next) = next {
        page["nextLink"] = next.into();
    }
    Answer::json(200, &page)
}

impl Scene {
    /// The next answer of the Service Tag Discovery API.
    fn next_tags(&self, answer: Answer) {
        self.manager.fault("GET", "/serviceTags", 1, Fault::Say(answer));
    }

    fn update(&self, more: &[&str]) -> super::Ended {
        let url = self.manager.url();
        let base = ["tags", "update", "--output", "tags.json", "--subscription", SUBSCRIPTION];
        self.run(&[&base, &["--arm-endpoint", &url][..], more].concat())
    }

    fn resolve(&self, runtime: &str) -> super::Ended {
        let url = self.manager.url();
        // Nobody answers questions there: what is asked is what matters.
        let nobody = ["--resolver", "127.0.0.1:1", "--timeout", "300ms", "--no-gateways"];
        let base = ["resolve", "--format", "json", "--arm-endpoint", &url, "--runtime", runtime];
        self.run(&[&base[..], &nobody].concat())
    }
}

#[test]
fn service_tags_come_from_the_discovery_api_page_by_page() {
    let scene = Scene::new(&[]);
    let next = format!("{}/subscriptions/x/serviceTags?$skipToken=2", scene.manager.url());
    scene.next_tags(page("63", &[tag("Sql", "20.0.0.0/24")], Some(&next)));
    scene.next_tags(page("63", &[tag("Storage", "20.1.0.0/24")], None));
    let signed = "signed in by PATHPROOF_ACCESS_TOKEN";
    scene.update(&[]).ends(0, &["tags.json: to change 63: 2 tags", signed]);
    let requests = scene.manager.log();
    assert_eq!(
        requests[0].path,
        format!(
            "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope/serviceTags"
        )
    );
    assert_eq!(requests[0].query, "api-version=2024-01-01");
    assert_eq!(requests[1].query, "$skipToken=2");
    let bearer = format!("Bearer {TOKEN}");
    assert!(requests.iter().all(|request| request.header("authorization") == Some(&bearer)));
    // What it wrote is a file as --service-tags and --from take it.
    let lookup = ["tags", "lookup", "20.1.0.9", "--service-tags", "tags.json"];
    scene.run(&lookup).ends(0, &["20.1.0.9  Storage"]);

    scene.next_tags(page("64", &[tag("Sql", "20.0.0.0/23")], None));
    let words = "from change 63 to change 64: 0 tags added, 1 removed, 1 changed";
    scene.update(&["--location", "North Europe"]).ends(0, &[words]);
    assert!(scene.manager.log()[2].path.contains("/locations/northeurope/"));
}

#[test]
fn an_answer_that_is_not_sound_leaves_the_file_as_it_is() {
    let scene = Scene::new(&[]);
    scene.next_tags(page("63", &[tag("Sql", "20.0.0.0/24")], None));
    scene.update(&[]).ends(0, &["to change 63"]);
    let kept = scene.text("tags.json");
    let elsewhere = "https://evil.example/serviceTags";
    let next = format!("{}/subscriptions/x/serviceTags?p=2", scene.manager.url());
    let denied = Answer::error(403, "AuthorizationFailed", "no");
    for (answers, words) in [
        (vec![page("62", &[tag("Sql", "20.0.0.0/24")], None)], "is older (change 62)"),
        (vec![page("64", &[], None)], "holds no tags"),
        (vec![page("64", &[tag("Sql", "20.0.0.0/24")], Some(elsewhere))], "no token is sent there"),
        (
            vec![
                page("64", &[tag("Sql", "20.0.0.0/24")], Some(&next)),
                page("65", &[tag("Storage", "20.1.0.0/24")], None),
            ],
            "of two releases",
        ),
        (vec![denied], "Microsoft.Network/locations/serviceTags/read"),
    ] {
        for answer in answers {
            scene.next_tags(answer);
        }
        scene.update(&[]).ends(2, &[words]);
        assert_eq!(scene.text("tags.json"), kept);
    }
    // Nothing was asked where there is nothing to ask.
    let n_asked = scene.manager.log().len();
    scene.update(&["--location", "../x"]).ends(2, &["is no location"]);
    assert_eq!(scene.manager.log().len(), n_asked);
}

#[test]
fn the_specification_s_own_example_is_a_tag_file() {
    let example = captured("arm/ServiceTagsList.json");
    let mut body = example["responses"]["200"]["body"].clone();
    // Its next page stands at Azure's own address, with a placeholder for a token.
    assert!(body.as_object_mut().unwrap().remove("nextLink").is_some());
    let scene = Scene::new(&[]);
    scene.next_tags(Answer::json(200, &body));
    scene.update(&[]).ends(0, &["to change 63"]);
    let lookup = ["tags", "lookup", "13.64.39.16", "--service-tags", "tags.json"];
    scene.run(&lookup).ends(0, &["ApiManagement"]);
}

const FACTORY: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.DataFactory/factories/contoso/integrationRuntimes/shir-1";

#[test]
fn a_runtime_s_names_are_asked_of_azure() {
    let scene = Scene::new(&[]);
    let status = json!({"name": "shir-1", "properties": {"typeProperties": {
        "serviceUrls": ["contoso.eastus.datafactory.azure.net", NAME, null]}}});
    let synapse = FACTORY.replace("DataFactory/factories", "Synapse/workspaces");
    for (id, version) in [(FACTORY, "2018-06-01"), (&synapse, "2021-06-01")] {
        let say = Fault::Say(Answer::json(200, &status));
        scene.manager.fault("POST", "/getStatus", 1, say);
        let ended = scene.resolve(id);
        let hint = "signed in by PATHPROOF_ACCESS_TOKEN";
        assert!(ended.stderr.contains(hint), "{ended:?}");
        for name in ["contoso.eastus.datafactory.azure.net", NAME] {
            assert!(ended.stdout.contains(name), "{name}: {ended:?}");
        }
        let request = scene.manager.log().pop().unwrap();
        assert_eq!(request.path, format!("{id}/getStatus"));
        assert_eq!(request.query, format!("api-version={version}"));
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert_eq!(request.header("content-length"), Some("0"));
    }
}

#[test]
fn what_azure_recorded_of_runtimes_is_read() {
    for (file, name) in [
        ("adf-get-status-1.arm.json", "examplefavv45gerdv.eastus.datafactory.azure.net"),
        ("synapse-get-status-1.arm.json", "amsprodeu2euap-1-s.servicebus.windows.net"),
    ] {
        let status = captured(&format!("runtime-status/{file}"));
        let scene = Scene::new(&[]);
        scene.manager.fault("POST", "/getStatus", 1, Fault::Say(Answer::json(200, &status)));
        let ended = scene.resolve(FACTORY);
        assert!(ended.stdout.contains(name), "{ended:?}");
    }
}

#[test]
fn a_runtime_that_azure_does_not_show_is_an_error_with_the_next_step() {
    let scene = Scene::new(&[]);
    for (status, code, words) in [
        (403, "AuthorizationFailed", "integrationruntimes/getstatus/read on the factory"),
        (404, "ResourceNotFound", "spelt right"),
    ] {
        let say = Fault::Say(Answer::error(status, code, "no"));
        scene.manager.fault("POST", "/getStatus", 1, say);
        scene.resolve(FACTORY).ends(2, &["--runtime", "status of shir-1", code, words]);
    }
    let no_urls = Answer::json(200, &json!({"properties": {"typeProperties": {}}}));
    scene.manager.fault("POST", "/getStatus", 1, Fault::Say(no_urls));
    scene.resolve(FACTORY).ends(2, &["--runtime: Azure's answer", "serviceUrls"]);
    let n_asked = scene.manager.log().len();
    scene.resolve("shir-1").ends(2, &["no resource id of an integration runtime"]);
    assert_eq!(scene.manager.log().len(), n_asked);
    assert!(fs::read_dir(scene.folder.path()).unwrap().count() < 3, "nothing was left behind");
}
