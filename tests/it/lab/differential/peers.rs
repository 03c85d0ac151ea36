//! hickory-resolver and reqwest, in a process of their own in the client's namespace: this test
//! binary, started again with the name of [`see`].

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::super::namespace::run;
use super::super::situation::Situation;
use super::super::{Lab, input};
use super::{Seen, View, text};

/// The file with the task: `{"names": […], "urls": {HOST: URL}, "proxy": URL}`; the answer
/// replaces it.
const TASK: &str = "PATHPROOF_LAB_TASK";
const PROGRAM: &str = "lab::differential::peers::see";

/// What hickory-resolver sees, with the system's configuration.
pub(super) fn names<'a>(lab: &Lab, rows: impl Iterator<Item = &'a Situation>) -> View {
    let names: Vec<&str> = rows.map(|row| row.host).collect();
    let said = ask(lab, &json!({"names": names, "urls": {}}));
    let link = |link: &Value| (text(&link[0]), text(&link[1]));
    let seen = |value: &Value| Seen {
        outcome: text(&value["outcome"]),
        chain: value["chain"].as_array().unwrap().iter().map(link).collect(),
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
    statuses(&ask(lab, &json!({"names": [], "urls": urls})))
}

/// The HTTP status that reqwest gets from each of these hosts through a proxy, `None` where it gets
/// an error or the answer is the proxy's own; `program` is this one in the client's namespace.
pub(in crate::lab) fn answers_through(
    program: Command,
    folder: &Path,
    roots: &Path,
    proxy: &str,
    urls: &Map<String, Value>,
) -> BTreeMap<String, Option<u64>> {
    let task = json!({"names": [], "urls": urls, "proxy": proxy});
    statuses(&work(program, input(folder, "json", task.to_string()), roots))
}

fn statuses(said: &Value) -> BTreeMap<String, Option<u64>> {
    said["urls"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(host, status)| (host.clone(), status.as_u64()))
        .collect()
}

fn ask(lab: &Lab, task: &Value) -> Value {
    let file = lab.file("json", task.to_string());
    work(lab.client(env::current_exe().unwrap()), file, &lab.pki.host_roots())
}

fn work(mut program: Command, file: PathBuf, roots: &Path) -> Value {
    program.args(["--ignored", "--exact", PROGRAM]).env(TASK, &file);
    program.env("PATHPROOF_LAB_ROOTS", roots);
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
        let urls = fetch(&task["urls"], &roots, task["proxy"].as_str()).await;
        json!({"names": resolve(&task["names"]).await, "urls": urls})
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
    let mut chain = Vec::new();
    let mut outcome = String::new();
    for kind in [RecordType::AAAA, RecordType::A] {
        // Absolute, so that no search domain is tried.
        match resolver.lookup(format!("{name}."), kind).await {
            Ok(lookup) => {
                let records = lookup.answers();
                addresses.extend(records.iter().filter_map(|record| record.data.ip_addr()));
                chain = records.iter().filter_map(alias).collect();
            }
            Err(error) => outcome = word(&error),
        }
    }
    if !addresses.is_empty() {
        "ok".clone_into(&mut outcome);
    }
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    json!({"outcome": outcome, "chain": chain, "addresses": addresses})
}

fn alias(record: &Record) -> Option<[String; 2]> {
    let bare = |name: &Name| name.to_ascii().trim_end_matches('.').to_owned();
    match &record.data {
        RData::CNAME(target) => Some([bare(&record.name), bare(&target.0)]),
        _ => None,
    }
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

async fn fetch(urls: &Value, roots: &[u8], proxy: Option<&str>) -> Value {
    let roots = reqwest::Certificate::from_pem_bundle(roots).unwrap();
    let builder = reqwest::Client::builder().no_proxy();
    let builder = match proxy {
        Some(url) => builder.proxy(reqwest::Proxy::all(url).unwrap()),
        None => builder,
    };
    let client = builder
        .tls_certs_only(roots)
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(12))
        .build()
        .unwrap();
    let mut asked = JoinSet::new();
    for (host, url) in urls.as_object().unwrap() {
        let (host, request) = (host.clone(), client.get(text(url)));
        asked.spawn(async move {
            let answer = request.send().await.ok().filter(|answer| !is_the_proxys(answer));
            (host, answer)
        });
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

/// Whether a proxy speaks for itself: squid's error pages and tinyproxy's.
fn is_the_proxys(answer: &reqwest::Response) -> bool {
    let server = answer.headers().get("server").and_then(|value| value.to_str().ok());
    answer.headers().contains_key("x-squid-error")
        || server.is_some_and(|server| server.starts_with("tinyproxy/"))
}
