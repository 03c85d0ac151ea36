//! Network namespaces, and everything that runs inside them.
//!
//! The test's own threads never enter one: each program is started through `ip netns exec`, which
//! also binds what lies in `/etc/netns/NAME/` over `/etc/`, so that a program inside sees its own
//! `resolv.conf` and `hosts`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Names and temporary folders begin with it, then with the process id of the test.
const PREFIX: &str = "pathproof-lab-";

/// A namespace that ends with its value, together with every process in it.
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    /// A namespace with loopback up and nothing else: no link, no route.
    pub(super) fn create(lab: &str, role: &str) -> Result<Self, String> {
        let name = format!("{lab}-{role}");
        run(Command::new("ip").args(["netns", "add", &name]))?;
        let namespace = Self { name };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// What `ip netns` calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A program that will run inside.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Runs `ip` lines inside, one a line.
    pub(super) fn ip(&self, lines: &str) -> Result<(), String> {
        feed(Command::new("ip").args(["-n", &self.name, "-batch", "-"]), lines)
    }

    /// Sets kernel parameters of this namespace, by their path below `/proc/sys/net`.
    pub(super) fn set(&self, parameters: &[(&str, &str)]) -> Result<(), String> {
        let script = parameters
            .iter()
            .map(|(path, value)| format!("echo {value} > /proc/sys/net/{path} || exit 1\n"))
            .collect::<Vec<_>>()
            .concat();
        run(self.command("sh").args(["-c", &script])).map(drop)
    }

    /// Puts `text` where programs inside see `/etc/FILE`.
    pub(super) fn etc(&self, file: &str, text: &str) -> Result<(), String> {
        let folder = etc_folder(&self.name);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join(file), text))
            .map_err(|error| format!("{}: {error}", folder.join(file).display()))
    }

    /// Loads a ruleset.
    pub(super) fn nft(&self, ruleset: &str) -> Result<(), String> {
        feed(self.command("nft").args(["-f", "-"]), ruleset)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        destroy(&self.name);
    }
}

/// A name for a lab of this process: `pathproof-lab-PID-N`.
pub(super) fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{PREFIX}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Removes what tests left behind that were killed before they could tidy up: namespaces and
/// folders whose process id belongs to nobody any more.
pub(super) fn sweep() {
    let listed = Command::new("ip").args(["netns", "list"]).output();
    let listed = listed.map(|output| output.stdout).unwrap_or_default();
    // `NAME (id: 3)`
    let names = String::from_utf8_lossy(&listed)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect::<Vec<_>>();
    names.iter().filter(|name| is_stale(name)).for_each(|name| destroy(name));
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_stale) {
            let _gone = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_stale(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .and_then(|rest| rest.split('-').next())
        // A zombie that nobody waits for still has a folder, and no program.
        .is_some_and(|pid| fs::read_link(Path::new("/proc").join(pid).join("exe")).is_err())
}

/// Ends every process inside, then the namespace. What runs in a namespace of ours was started by
/// a lab, so that its process ids are the lab's to kill.
fn destroy(name: &str) {
    let inside = Command::new("ip").args(["netns", "pids", name]).output();
    let inside = inside.map(|output| output.stdout).unwrap_or_default();
    let pids = String::from_utf8_lossy(&inside).split_whitespace().collect::<Vec<_>>().join(" ");
    if !pids.is_empty() {
        signal("KILL", &pids);
    }
    let _gone = Command::new("ip").args(["netns", "delete", name]).output();
    let folder = etc_folder(name);
    let _gone = fs::remove_dir_all(&folder);
    // The parent is the distribution's own, or empty.
    let _stays = folder.parent().map(fs::remove_dir);
}

/// Sends a signal; by the shell's own `kill`, because the system call would need `unsafe` here.
pub(super) fn signal(signal: &str, pids: &str) {
    let _gone =
        Command::new("sh").args(["-c", &format!("kill -{signal} {pids} 2>/dev/null")]).status();
}

fn etc_folder(name: &str) -> PathBuf {
    Path::new("/etc/netns").join(name)
}

/// Runs a program to its end; an error holds its words.
pub(super) fn run(command: &mut Command) -> Result<Output, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", describe(command)))?;
    check(command, output)
}

/// The same, with something on its standard input.
fn feed(command: &mut Command, input: &str) -> Result<(), String> {
    let failed = |command: &Command, error| format!("{}: {error}", describe(command));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(command, error))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(|error| failed(command, error))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(command, error))?;
    check(command, output)
        .map(drop)
        .map_err(|error| format!("{error}\n--- its input\n{}", numbered(input)))
}

fn check(command: &Command, output: Output) -> Result<Output, String> {
    if output.status.success() {
        return Ok(output);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ended with {}: {}", describe(command), output.status, words.trim()))
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn numbered(text: &str) -> String {
    let lines = text.lines().enumerate().map(|(n, line)| format!("{:4} {line}\n", n + 1));
    lines.collect::<Vec<_>>().concat()
}
