//! `pathproof`: a network path probe and endpoint allowlist verifier for hosts that run Azure's
//! self-hosted integration runtime. The library is the program's; it promises no stable API. What
//! other programs may rely on is the command line and its JSON.
//!
//! # The rooms, in the order in which values pass through them
//!
//! | room | does | holds |
//! |---|---|---|
//! | [`model`] | the nouns everyone shares | names, endpoints, lookups, trails, records, causes, verdicts |
//! | [`ordered_work`] | parts of a large job side by side, results in order | the threads of `archive`, `diagnose`, `report` and of merging |
//! | [`list`] | text to entries, entries to endpoints | endpoint lists, service URLs, authentication keys |
//! | [`route`] | which way each name is configured to go | proxy URLs, `NO_PROXY`, the agent's files, PAC |
//! | [`plan`] | endpoints to probes | order, deduplication, ways to measure, relay gateways |
//! | [`wire`] | byte codecs without sockets | DNS messages, CONNECT, SOCKS, HTTP heads, TDS pre-login, TLS records |
//! | [`probe`] | the only room that touches the measured network | runner, DNS, TCP, proxies, TLS, trust, HTTP, TDS, follow-ups (locate, hold, segments, revocation, old hello), scripts to fetch, the system's errors |
//! | [`demo`] | the network on loopback that `pathproof demo` probes | the table of what is staged, its servers, what was said of it |
//! | [`files`] | files of this host, read up to a limit | the one reader of text, UTF-8 or UTF-16 |
//! | [`host`] | the runtime on this host | installation, service, event logs without keys, names it uses |
//! | [`proxy_config`] | how this host and its runtime are configured to use proxies | options, environment, the runtime's files, Windows' settings, the thread that runs scripts |
//! | [`archive`] | records to and from JSON Lines | what `--save-records` writes and `replay` reads |
//! | [`report_v1`] | the JSON report as types, written and read | what `report` makes, shows and compares, and `firewall` writes rules for |
//! | [`tags`] | which service tags hold an address | Microsoft's weekly file, snapshots of it, differences |
//! | [`arm_template`] | templates of Resource Manager evaluated as far as the file goes | JSON with unknown values, the expression language, copy loops, nested deployments |
//! | [`firewall`] | what rules do with a flow | address, port and rule sets, decisions, gaps, readers and writers of rules |
//! | [`nsg_rules`] | the rules that pathproof keeps in a live group | desired, assigned, compared, guarded, planned, applied, rolled back |
//! | [`ledger`] | what was seen when | names, addresses, first and last seen, in one `SQLite` file |
//! | [`azure`] | Resource Manager and tokens | credentials, security rules, operations that end later |
//! | [`diagnose`] | records to verdicts | a file a layer, the catalogue of causes, `explain` |
//! | [`redact`] | records and saved reports to ones that may be forwarded | placeholders for names, users and addresses of this side |
//! | [`report`] | verdicts to reports, and reports to bytes | every format; differences, hosts side by side; handouts of rules and plans |
//! | [`exporter`] | runs over HTTP | routes, limits on clients, what may be asked for, the web configuration, modules in the background |
//! | [`cli`] | arguments to configuration, then commands | files, environment, exit codes |
//!
//! Imports go down only: `cli` → {`proxy_config`, `demo`, `exporter`} → {`report`, `redact`,
//! `probe`, `ledger`, `azure`} → {`diagnose`, `plan`, `host`, `wire`, `archive`, `nsg_rules`} →
//! {`firewall`, `list`} → {`arm_template`, `route`, `report_v1`, `tags`, `ordered_work`, `files`} →
//! `model`. `probe` does not know `diagnose`; `diagnose` does not know sockets; only `cli`,
//! `proxy_config`, `host`, `probe`, `demo`, `exporter`, `ledger`, `azure` and `files` touch the
//! world, only `azure` uses reqwest, and only `exporter` hyper. Concurrency is in `probe::runner`,
//! in the script thread of `proxy_config`, in the servers of `demo` and `exporter` and, for large
//! inputs, in `ordered_work`; nowhere else. `model` names serde's derives and no format.
//! `tests/it/tidy` holds the table and fails on any other edge.
//!
//! # Where a change goes
//!
//! * a new cause: `model/cause.rs`, `diagnose/catalogue/`, the layer's file in `diagnose/`, a case
//!   in `tests/cases/`;
//! * what someone has to do: the remedy's template in `diagnose/catalogue/`, with placeholders for
//!   what differs, and its destinations by `Draft::destinations`; `diagnose/action.rs` says it once
//!   for all alike;
//! * a new endpoint: `endpoint-lists/`;
//! * a new step of a trail: `model/step.rs`, a stage in `probe/`, `probe/walk.rs`, a file in
//!   `diagnose/`; the compiler finds the rest, `archive/v1/trail.rs` among it;
//! * a new format: `report/`, from a whole `report_v1::Report`, and one arm in `cli/formats.rs`; a
//!   new field of the report: `report_v1/`, and where it comes from in `report/json/of_model/`;
//! * a new setting that says which proxy is configured: what its text means in `route/`, who reads
//!   it in `proxy_config/`;
//! * a new credential of Azure: `azure/credential/`; a new guard of writes:
//!   `nsg_rules/guard.rs`;
//! * new text for people: through `cli/output.rs` or `cli/hint.rs`, what strangers chose in it by
//!   [`model::visible`]; an option whose file is written: its name in `cli/file_options.rs`;
//! * a new staged fault: a row of `demo/stage.rs`;
//! * a new option: `cli/arguments/`, and what it means in `cli/request.rs` or `cli/measure.rs`;
//!   files and variables give it without more (`cli/configuration/`);
//! * a new command: `cli/arguments/`, and its examples in `cli/arguments/examples.rs`.
//!
//! # Words
//!
//! *entry*: one line of an endpoint list. *endpoint*: an entry made concrete. *route*: direct, or
//! through one proxy. *probe*: endpoint × route. *record*: everything seen for one probe. *trail*:
//! what was seen at one address, as steps, of which only the last can have failed. *cause*: a
//! stable code for what is wrong. *finding*: cause, severity, certainty, evidence, rivals, owner,
//! remedy. *verdict*: an endpoint's status and findings.

pub mod archive;
pub mod arm_template;
pub mod azure;
pub mod cli;
pub mod demo;
pub mod diagnose;
pub mod exporter;
pub mod files;
pub mod firewall;
pub mod host;
pub mod ledger;
pub mod list;
pub mod model;
pub mod nsg_rules;
pub mod ordered_work;
pub mod plan;
pub mod probe;
pub mod proxy_config;
pub mod redact;
pub mod report;
pub mod report_v1;
pub mod route;
pub mod tags;
pub mod wire;
