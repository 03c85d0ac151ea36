//! `docs/report.schema.json`: the JSON Schema of what this version writes, generated from the
//! types of this room. `PATHPROOF_BLESS=1 cargo test --lib report_v1` writes it anew; read the
//! difference before it is committed. `tests/it/schema.rs` validates reports against it.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::model::{
    Certainty, FailOn, FoundBy, Kind, NetworkAllows, Origin, Owner, Role, RouteIntent,
    RuleAgreement, RuleAnswer, ServiceState, StartType,
};
use crate::report_v1::{Certificate, Chain, Milliseconds, Report, SCHEMA};

/// What an older program did not write, and this one always does: reading forgives its absence.
const ALWAYS_WRITTEN: [&str; 16] = [
    "Run.started_at",
    "Run.took_ms",
    "Run.exit",
    "Run.fail_on",
    "Endpoint.role",
    "Endpoint.port",
    "Endpoint.kind",
    "Endpoint.required",
    "Endpoint.origin",
    "Trail.remote",
    "Trail.at",
    "Located.remote",
    "SegmentLadder.remote",
    "OldHello.remote",
    "Certificate.not_before",
    "Certificate.not_after",
];

/// A code of ours: the contract adds to these, so that they are known by their form alone.
const CODE: &str = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$";
const SOCKET: &str = r"^([0-9.]+|\[[0-9a-fA-F:.]+(%[0-9]+)?\]):[0-9]{1,5}$";
const RESOLVER: &str = r"^(os|([0-9.]+|\[[0-9a-fA-F:.]+(%[0-9]+)?\]):[0-9]{1,5})$";
const SHA256: &str = "^[0-9a-f]{64}$";

/// The fields that are text in the form of...
const FORMS: [(&str, &[&str]); 4] = [
    (
        CODE,
        &[
            "Finding.cause",
            "Finding.rivals",
            "Finding.explained_by",
            "ChangedFinding.cause",
            "Action.causes",
            "Endpoint.cause",
            "Lookup.outcome",
            "Step.outcome",
            "Rung.outcome",
            "OldHello.outcome",
            "ExpectedFlow.measured",
        ],
    ),
    (
        SOCKET,
        &[
            "Vantage.resolvers",
            "Trail.local",
            "Trail.remote",
            "Located.remote",
            "SegmentLadder.remote",
            "OldHello.remote",
        ],
    ),
    (RESOLVER, &["Lookup.resolver"]),
    (SHA256, &["Certificate.sha256"]),
];

/// The fields whose words are closed sets of the contract.
fn closed() -> Vec<(&'static str, Vec<&'static str>)> {
    let owners = || Owner::ALL.map(Owner::as_str).to_vec();
    let certainties = [Certainty::Proven, Certainty::Likely, Certainty::Possible];
    let intents = [RouteIntent::Direct, RouteIntent::Proxy, RouteIntent::Any];
    let thresholds = [FailOn::Warn, FailOn::Unknown, FailOn::Fail];
    let states = [
        NetworkAllows::Online,
        NetworkAllows::Limited,
        NetworkAllows::Offline,
        NetworkAllows::Unknown,
    ];
    vec![
        ("Report.schema", vec![SCHEMA]),
        ("Run.fail_on", thresholds.map(FailOn::as_str).to_vec()),
        ("Prediction.network_allows", states.map(NetworkAllows::as_str).to_vec()),
        ("Finding.certainty", certainties.map(Certainty::as_str).to_vec()),
        ("Finding.owner", owners()),
        ("Action.owner", owners()),
        ("Destination.protocol", vec!["tcp", "udp"]),
        ("Endpoint.role", Role::ALL.map(Role::as_str).to_vec()),
        ("Endpoint.kind", Kind::ALL.map(Kind::as_str).to_vec()),
        ("Endpoint.origin", Origin::ALL.map(Origin::as_str).to_vec()),
        ("InstalledRuntime.found_by", FoundBy::ALL.map(FoundBy::as_str).to_vec()),
        ("RuntimeService.state", ServiceState::ALL.map(ServiceState::as_str).to_vec()),
        ("RuntimeService.start", StartType::ALL.map(StartType::as_str).to_vec()),
        ("RouteChoice.intended", intents.map(RouteIntent::as_str).to_vec()),
        ("ChainLink.type", vec!["CNAME", "A", "AAAA"]),
        ("ExpectedFlow.decision", RuleAnswer::ALL.map(RuleAnswer::as_str).to_vec()),
        ("ExpectedFlow.agreement", RuleAgreement::ALL.map(RuleAgreement::as_str).to_vec()),
        ("Step.step", vec!["tcp", "proxy", "tls", "http", "tds", "hold"]),
        ("Detail.unreachable", vec!["network", "host", "blackhole"]),
        ("ChainTrust.outcome", vec!["trusted", "unknown_issuer", "invalid", "not_judged"]),
        ("Validity.outcome", vec!["current", "expired", "not_yet_valid"]),
    ]
}

impl JsonSchema for Milliseconds {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Milliseconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0})
    }
}

impl JsonSchema for Chain<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Chain".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <[Certificate]>::json_schema(generator)
    }
}

fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Report>().to_value();
    schema["title"] = SCHEMA.into();
    for field in ALWAYS_WRITTEN {
        let required = &mut owner(&mut schema, field)["required"];
        let name = Value::from(field.rsplit('.').next());
        match required {
            Value::Array(names) if names.contains(&name) => {}
            Value::Array(names) => names.push(name),
            none => *none = json!([name]),
        }
    }
    for (form, fields) in FORMS {
        for field in fields {
            let text = text_of(&mut schema, field);
            text["pattern"] = form.into();
        }
    }
    for (field, words) in closed() {
        let text = text_of(&mut schema, field);
        text["enum"] = words.into();
    }
    tidy(&mut schema);
    for field in ALWAYS_WRITTEN {
        without_null(property(&mut schema, field));
    }
    schema
}

/// The object that a field such as `Run.exit` stands in.
fn owner<'a>(schema: &'a mut Value, field: &str) -> &'a mut Value {
    match field.split_once('.').expect("a type and its field").0 {
        "Report" => schema,
        name => schema["$defs"].get_mut(name).unwrap_or_else(|| panic!("no type {name}")),
    }
}

fn property<'a>(schema: &'a mut Value, field: &str) -> &'a mut Value {
    let name = field.split_once('.').expect("a type and its field").1;
    owner(schema, field)["properties"].get_mut(name).unwrap_or_else(|| panic!("no {field}"))
}

/// What says what a text is: of a field, or of each item of a list.
fn text_of<'a>(schema: &'a mut Value, field: &str) -> &'a mut Value {
    let property = property(schema, field);
    if property["type"] == "array" { &mut property["items"] } else { property }
}

/// Leaves what a JSON Schema knows: `schemars` also writes Rust's number types as formats, the
/// defaults of reading, `null` for what is left out where it is missing, and the lines of comments.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(object) => {
            object.remove("default");
            if let Some(Value::String(text)) = object.get_mut("description") {
                let paragraphs = text.split("\n\n").map(|one| one.replace('\n', " "));
                *text = paragraphs.collect::<Vec<_>>().join("\n\n");
            }
            match object.get("format").and_then(Value::as_str) {
                Some("ip") => {
                    object.remove("format");
                    object.insert("anyOf".into(), json!([{"format": "ipv4"}, {"format": "ipv6"}]));
                }
                Some("date-time" | "ipv4" | "ipv6") | None => {}
                Some(_) => {
                    object.remove("format");
                }
            }
            let required = object.get("required").cloned().unwrap_or_default();
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                let is_required = |name: &str| {
                    required.as_array().is_some_and(|all| all.iter().any(|one| one == name))
                };
                let optional = properties.iter_mut().filter(|(name, _)| !is_required(name));
                optional.for_each(|(_, property)| without_null(property));
            }
            object.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

fn without_null(property: &mut Value) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = &types[..] {
            property["type"] = only.clone();
        }
    }
    let Some(Value::Array(choices)) = property.get_mut("anyOf") else { return };
    choices.retain(|choice| choice["type"] != "null");
    if let [Value::Object(only)] = &choices[..] {
        let only: Map<String, Value> = only.clone();
        let object = property.as_object_mut().expect("a property is an object");
        object.remove("anyOf");
        object.extend(only);
    }
}

#[test]
fn the_committed_schema_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let saved = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        saved == text,
        "docs/report.schema.json is not what the types say: write it anew by \
         PATHPROOF_BLESS=1 cargo test --lib report_v1"
    );
}
