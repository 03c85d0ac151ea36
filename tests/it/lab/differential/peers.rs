//! hickory-resolver and reqwest, in a process of their own in the client's namespace: this test
//! binary, started again with the name of [`see`].

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::super::Lab;
use super::super::namespace::run;
use super::super::situation::Situation;
use super::{Seen, View, text};

/// The file with the task: `{"names": […], "urls": {HOST: URL}, "roots": PEM}`; the answer
/// replaces it.
const TASK: &str = "PATHPROOF_LAB_TASK";
const PROGRAM: &str = "lab::differential::peers::see";

/// What hickory-resolver sees, with the system's configuration.
pub(super) fn names<'a>(lab: &Lab, rows: impl Iterator<Item = &'a Situation>) -> View {
    let names: Vec<&str> = rows.map(|row| row.host).collect();
    let said = ask(lab, &json!({"names": names, "urls": {}}));
    let seen = |value: &Value| Seen {
        outcome: text(&value["outcome"]),
        chain: Vec::new(),
        addresses: value["addresses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|address| text(address).parse().unwrap())
            .collect(),
    };
    said["names"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(host, value)| (host.clone(), seen(value)))
        .collect()
}

/// The HTTP status that reqwest gets from each host, `None` where it gets an error.
pub(super) fn answers<'a>(
    lab: &Lab,
    rows: impl Iterator<Item = &'a Situation>,
) -> BTreeMap<String, Option<u64>> {
    let url = |row: &Situation| {
        let scheme = if row.port == 80 { "http" } else { "https" };
        (row.host.to_owned(), Value::from(format!("{scheme}://{}/", row.host)))
    };
    let urls: Map<String, Value> = rows.map(url).collect();
    let said = ask(lab, &json!({"names": [], "urls": urls}));
    said["urls"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(host, status)| (host.clone(), status.as_u64()))
        .collect()
}

fn ask(lab: &Lab, task: &Value) -> Value {
    let file = lab.file("json", &task.to_string());
    let mut program = lab.client(env::current_exe().unwrap());
    program.args(["--ignored", "--exact", PROGRAM]).env(TASK, &file);
    program.env("PATHPROOF_LAB_ROOTS", lab.pki.host_roots());
    run(&mut program).unwrap();
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// Not a test: the program itself.
#[test]
#[ignore = "a program of the lab, started by it"]
fn see() {
    let Some(file) = env::var_os(TASK) else {
        eprintln!("nothing to see: this program belongs to the lab");
        return;
    };
    let file = Path::new(&file);
    let task: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let roots = fs::read(env::var_os("PATHPROOF_LAB_ROOTS").unwrap()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let said = runtime.block_on(async {
        json!({"names": resolve(&task["names"]).await, "urls": fetch(&task["urls"], &roots).await})
    });
    fs::write(file, said.to_string()).unwrap();
}

async fn resolve(names: &Value) -> Value {
    let mut builder = TokioResolver::builder_tokio().unwrap();
    let options = builder.options_mut();
    options.cache_size = 0;
    // The hosts file is not what name servers say.
    options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
    let resolver = builder.build().unwrap();
    let mut said = Map::new();
    for name in names.as_array().unwrap() {
        let name = text(name);
        said.insert(name.clone(), resolve_one(&resolver, &name).await);
    }
    Value::Object(said)
}

async fn resolve_one(resolver: &TokioResolver, name: &str) -> Value {
    let mut addresses = BTreeSet::new();
    let mut outcome = String::new();
    for kind in [RecordType::AAAA, RecordType::A] {
        // Absolute, so that no search domain is tried.
        match resolver.lookup(format!("{name}."), kind).await {
            Ok(lookup) => {
                addresses
                    .extend(lookup.answers().iter().filter_map(|record| record.data.ip_addr()));
            }
            Err(error) => outcome = word(&error),
        }
    }
    if !addresses.is_empty() {
        "ok".clone_into(&mut outcome);
    }
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    json!({"outcome": outcome, "addresses": addresses})
}

fn word(error: &NetError) -> String {
    let code = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => none.response_code,
        NetError::Dns(DnsError::ResponseCode(code)) => *code,
        other => return other.to_string(),
    };
    match code {
        ResponseCode::NoError => "nodata".to_owned(),
        ResponseCode::NXDomain => "nxdomain".to_owned(),
        ResponseCode::ServFail => "servfail".to_owned(),
        ResponseCode::Refused => "refused".to_owned(),
        other => other.to_string(),
    }
}

async fn fetch(urls: &Value, roots: &[u8]) -> Value {
    let roots = reqwest::Certificate::from_pem_bundle(roots).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only(roots)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(4))
        .timeout(Duration::from_secs(6))
        .build()
        .unwrap();
    let mut asked = JoinSet::new();
    for (host, url) in urls.as_object().unwrap() {
        let (host, request) = (host.clone(), client.get(text(url)));
        asked.spawn(async move { (host, request.send().await.ok()) });
    }
    asked
        .join_all()
        .await
        .into_iter()
        .map(|(host, answer)| {
            (host, answer.map_or(Value::Null, |answer| answer.status().as_u16().into()))
        })
        .collect::<Map<_, _>>()
        .into()
}
