//! What goes wrong between here and Azure: each a clear end that says what the state now is.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::arm::{Answer, Fault, TOKEN};
use super::{FIRST, Scene, own};

const RULE: &str = "Allow-Azure-Relay";
const RULES: &str = "/securityRules/";

fn error(status: u16, code: &str) -> Fault {
    Fault::Say(Answer::error(status, code, "Azure's own words.").with("retry-after", "0"))
}

#[test]
fn what_passes_is_asked_again() {
    for (method, part, fault) in [
        ("PUT", RULES, error(429, "AnotherOperationInProgress")),
        ("PUT", RULES, error(409, "Conflict")),
        ("PUT", RULES, error(500, "InternalServerError")),
        ("PUT", RULES, error(503, "ServerBusy")),
        ("GET", "/operations/", error(503, "ServerBusy")),
        ("GET", "nsg-1", error(429, "TooManyRequests")),
    ] {
        let scene = Scene::new(&[]);
        scene.manager.fault(method, part, 3, fault.clone());
        scene.apply(&[]).ends(0, &["done: create"]);
        assert_eq!(scene.live(RULE).unwrap(), FIRST, "{fault:?}");
    }
}

#[test]
fn what_does_not_pass_is_given_up() {
    for (status, words) in [(429, "try again later"), (503, "in trouble")] {
        let scene = Scene::new(&[]);
        scene.manager.fault("PUT", RULES, 100, error(status, "Busy"));
        scene.apply(&[]).ends(
            2,
            &[
                "status ",
                "Azure's own words",
                "(5 times)",
                words,
                "correlation id c0ffee00",
                "not done: create Allow-Azure-Relay",
                "to go on:",
                "rules rollback back.json",
            ],
        );
        assert_eq!(scene.manager.n_writes(), 5, "bounded");
    }
}

#[test]
fn what_azure_refuses_is_said_once_with_advice() {
    for (status, code, words) in [
        (403, "AuthorizationFailed", "securityRules/read, write and delete"),
        (400, "SecurityRuleConflict", "plan again"),
        (404, "ResourceNotFound", "spelt right"),
    ] {
        let scene = Scene::new(&[]);
        scene.manager.fault("PUT", RULES, 100, error(status, code));
        scene.apply(&[]).ends(2, &[code, words, "not done: create"]);
        assert_eq!(scene.manager.n_writes(), 1);
    }
    let scene = Scene::new(&[]);
    scene.manager.fault("GET", "nsg-1", 1, error(404, "ResourceNotFound"));
    scene.rules("plan", &[]).ends(2, &["reading nsg-1", "spelt right"]);
}

#[test]
fn a_connection_that_ends_in_the_middle() {
    for fault in [Fault::Cut, Fault::CutAfter, Fault::CutAnswer] {
        for rules in [vec![], vec![own(RULE, 200, &["13.69.0.1"])]] {
            let scene = Scene::new(&rules);
            scene.manager.fault("PUT", RULES, 1, fault.clone());
            scene.apply(&[]).ends(0, &["done: "]);
            assert!(scene.live(RULE).unwrap().ends_with(&FIRST.map(str::to_owned)), "{fault:?}");
        }
    }
    let scene = Scene::new(&[]);
    scene.manager.fault("GET", "/operations/", 1, Fault::CutAnswer);
    scene.apply(&[]).ends(0, &["done: create"]);
}

#[test]
fn a_connection_that_always_ends_says_what_is_there() {
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"])]);
    scene.manager.fault("PUT", RULES, 100, Fault::Cut);
    scene
        .apply(&["--azure-deadline", "6s"])
        .ends(2, &["it is as it was", "ended in the middle", "undecided: update"]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.1"]);

    // The answers are lost, the writes are not.
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"])]);
    scene.manager.fault("PUT", RULES, 100, Fault::CutAfter);
    scene.apply(&["--azure-deadline", "6s"]).ends(0, &["done: update"]);
    assert_eq!(scene.live(RULE).unwrap().len(), 4);
}

#[test]
fn an_operation_that_never_ends_is_left_and_said() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 1, Fault::NeverEnds);
    let begun = Instant::now();
    scene
        .apply(&["--azure-deadline", "2s"])
        .ends(2, &["had not finished it", "not in force yet", "to go on:", "back.json"]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(scene.json("back.json")["schema"], "pathproof.rollback/1");
}

#[test]
fn an_operation_that_fails() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 1, Fault::Fails);
    scene.apply(&[]).ends(2, &["it failed", "InternalServerError", "not done: create"]);
}

#[test]
fn done_is_believed_when_it_is_seen() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 1, Fault::Lost);
    scene.apply(&[]).ends(2, &["shows it otherwise"]);
}

#[test]
fn someone_else_at_the_same_time() {
    // Another rule of the group: the version is another, ours stands as planned.
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"])]);
    let same = own(RULE, 200, &["13.69.0.1"])["properties"].clone();
    scene.manager.fault("PUT", RULES, 1, Fault::Overtaken(same));
    scene.apply(&[]).ends(0, &["done: update"]);
    // The same rule.
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"])]);
    let other = own(RULE, 200, &["13.69.0.7"])["properties"].clone();
    scene.manager.fault("PUT", RULES, 1, Fault::Overtaken(other));
    scene.apply(&[]).ends(4, &["refused (changed)", "was changed"]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.7"], "theirs stays");
}

#[test]
fn a_service_that_finds_no_weak_version_equal_is_written_to_all_the_same() {
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"])]);
    scene.manager.fault("PUT", RULES, 1, error(412, "PreconditionFailed"));
    scene.apply(&[]).ends(0, &["done: update"]);
    let log = scene.manager.log();
    let writes: Vec<_> = log.iter().filter(|request| request.writes()).collect();
    assert!(writes[0].header("if-match").is_some());
    assert_eq!(writes[1].header("if-match"), None);
}

#[test]
fn a_token_that_runs_out_on_the_way() {
    let scene = Scene::new(&[]);
    scene.manager.accept(&[]);
    scene.apply(&[]).ends(2, &["ExpiredAuthenticationToken", "is it of this tenant"]);
    assert_eq!(scene.manager.log().len(), 1, "a token of the environment cannot be renewed");
    // A managed identity is asked again, once.
    scene.manager.accept(&[super::tokens::METADATA_TOKEN]);
    scene.manager.fault("PUT", RULES, 1, error(401, "ExpiredAuthenticationToken"));
    let url = scene.manager.url();
    let mut command = scene.command(&[
        "rules",
        "apply",
        "--yes",
        "--nsg",
        &scene.nsg,
        "--arm-endpoint",
        &url,
        "--from",
        "seen.json",
    ]);
    command.env_remove("PATHPROOF_ACCESS_TOKEN").env("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url);
    super::Ended::of(&mut command).ends(0, &["signed in by managed identity", "done: create"]);
    let log = scene.manager.log();
    let asked = log.iter().filter(|request| request.path.contains("/metadata/")).count();
    assert_eq!(asked, 2);
}

#[test]
fn no_token_follows_an_operation_to_another_host() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 1, Fault::Elsewhere);
    // The write was accepted, and is looked at.
    scene.apply(&[]).ends(
        2,
        &[
            "accepted and not in force yet",
            "Azure named http://127.0.0.1:9 for what follows, which is not http://127.0.0.1:",
            "no token is sent there",
        ],
    );
}

#[test]
fn azures_words_do_not_repeat_the_token() {
    let scene = Scene::new(&[]);
    let echo = format!("You sent Bearer {TOKEN} and \u{202e}more.");
    let answer = Answer::error(403, TOKEN, &echo);
    scene.manager.fault("PUT", RULES, 100, Fault::Say(answer));
    let ended = scene.apply(&[]).ends(2, &["You sent Bearer *** and"]);
    assert!(!ended.stderr.contains('\u{202e}'), "{ended:?}");
}

#[test]
fn a_certificate_that_is_not_trusted_is_asked_for_once() {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let identity = crate::loopback::pki::Identity::self_signed(&["127.0.0.1"], false);
    let config = crate::loopback::tls::server(&identity);
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut tls = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::Stream::new(&mut tls, &mut stream);
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.flush();
        }
    });
    let scene = Scene::new(&[]);
    let begun = Instant::now();
    let plan =
        ["rules", "plan", "--nsg", &scene.nsg, "--arm-endpoint", &url, "--from", "seen.json"];
    scene.run(&plan).ends(2, &["is not trusted here", &url, "inspecting authority"]);
    // Five attempts take their pauses, fifteen seconds.
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn an_operation_may_be_told_by_its_location() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 1, Fault::ByLocation);
    scene.apply(&[]).ends(0, &["done: create"]);
    assert!(scene.manager.log().iter().any(|request| request.path.contains("operationResults")));
}

#[test]
fn a_rollback_file_that_cannot_be_written_stops_everything() {
    let scene = Scene::new(&[]);
    scene.rules("plan", &["--out", "plan.json"]).ends(1, &[]);
    let ended = scene.saved("apply", "plan.json", &["--rollback", "none/back.json"]);
    ended.ends(2, &["none", "does not exist"]);
    assert_eq!(scene.manager.n_writes(), 0);
}

#[test]
fn kill_9_in_the_middle_leaves_a_rollback_file_that_works() {
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"])]);
    scene.manager.fault("PUT", RULES, 1, Fault::NeverEnds);
    let mut child = apply(&scene).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for_a_write(&scene);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scene.live(RULE).unwrap().len(), 4, "it was written");
    assert!(fs::read_to_string(scene.at("back.json")).unwrap().contains("13.69.0.1"));
    scene.saved("rollback", "back.json", &[]).ends(0, &["done: update"]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.1"]);
}

#[test]
fn no_secret_is_in_any_file() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 100, error(403, "AuthorizationFailed"));
    scene.apply(&["--out", "plan.json", "--ledger", "ledger.db"]).ends(2, &[]);
    for entry in fs::read_dir(scene.folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN));
    }
}

/// `rules apply` of what was seen, to be started.
fn apply(scene: &Scene) -> Command {
    let url = scene.manager.url();
    let group = ["rules", "apply", "--yes", "--nsg", &scene.nsg, "--arm-endpoint", &url];
    scene.command(&[&group[..], &["--from", "seen.json", "--rollback", "back.json"]].concat())
}

/// Waits until the first write arrived.
fn wait_for_a_write(scene: &Scene) {
    let begun = Instant::now();
    while scene.manager.n_writes() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never wrote");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn whoever_interrupts_is_told_what_was_done() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 1, Fault::NeverEnds);
    let child = apply(&scene).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_a_write(&scene);
    let kill = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("undecided: create Allow-Azure-Relay"), "{text}");
    assert!(text.contains("rules rollback back.json"), "{text}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("interrupted"));
}

#[test]
fn an_outcome_that_may_not_be_read_is_seen_by_the_rule() {
    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULES, 1, Fault::Unwatched);
    scene.manager.fault("GET", "/operations/", 9, error(403, "AuthorizationFailed"));
    scene.apply(&[]).ends(0, &["outcome cannot be read", "done: create"]);
}
