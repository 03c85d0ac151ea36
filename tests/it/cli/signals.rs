//! What ends a run early leaves a report of what is known by then.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::pathproof;

/// A time-out that no test waits for.
const NEVER: &str = "10m";
const PATIENCE: Duration = Duration::from_mins(1);

/// A run whose only endpoint has accepted the connection and keeps silent.
struct Waiting {
    run: Child,
    _silent: TcpStream,
}

impl Waiting {
    /// Starts it by a shell that runs `first` before.
    fn begun(first: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        // Tests may run under nohup, whose ignored SIGHUP a shell hands on.
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP", "/bin/sh"]);
        command.arg("-c").arg(format!("{first} exec \"$0\" \"$@\""));
        command.arg(pathproof(&[]).get_program());
        command.args(["check", "--endpoint", &endpoint, "--only", "endpoint", "--proxy", "none"]);
        command.args(["--resolver", "127.0.0.1:1", "--timeout", NEVER, "--format", "json"]);
        let mut run = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        listener.set_nonblocking(true).unwrap();
        loop {
            if let Ok((silent, _)) = listener.accept() {
                return Self { run, _silent: silent };
            }
            assert_eq!(run.try_wait().unwrap(), None, "it ended before it connected");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn send(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.run.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Whether SIGHUP is in this mask of proc(5).
    fn has_hangup(&self, mask: &str) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.run.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(mask)).unwrap();
        u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap() & 1 != 0
    }

    /// The report that it leaves when it ends.
    fn report(mut self) -> Value {
        let begun = Instant::now();
        let mut text = String::new();
        self.run.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        self.run.wait().unwrap();
        assert!(begun.elapsed() < PATIENCE, "it waited for the endpoint");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
    }
}

#[test]
fn every_signal_that_ends_a_run_leaves_its_report() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let waiting = Waiting::begun("");
        waiting.send(signal);
        let report = waiting.report();
        assert_eq!(report["endpoints"][0]["host"], "127.0.0.1", "{signal}: {report}");
        assert_eq!(report["endpoints"][0]["status"], "unknown", "{signal}: {report}");
    }
}

#[test]
fn a_hangup_that_was_ignored_at_the_start_stays_ignored() {
    let waiting = Waiting::begun("trap '' HUP;");
    assert!(waiting.has_hangup("SigIgn") && !waiting.has_hangup("SigCgt"));
    waiting.send("-TERM");
    assert_eq!(waiting.report()["endpoints"][0]["status"], "unknown");
}
