//! The namespace lab: the program against real parts (unbound, nsd, nginx, squid, tinyproxy,
//! nftables) on networks that the test builds and that lead nowhere.
//!
//! Needs root and the Debian packages that `.ci/install` names. Where it cannot run it says why and
//! counts as skipped; with `LAB_REQUIRED=1` that is a failure.

mod across;
mod check;
mod deep;
mod demo;
mod differential;
mod dns;
mod expected_rules;
mod faults;
mod interrupt;
mod invocation;
mod namespace;
mod network;
mod pki;
mod prometheus;
mod proxies;
mod resolvers;
mod routers;
mod rules;
mod situation;
mod web;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::{env, thread};

use tempfile::TempDir;

use self::dns::Dns;
use self::faults::Behaviour;
use self::namespace::{Namespace, run};
use self::network::{MIDDLEBOX, Network, destinations, resolver};
use self::pki::Pki;
use self::situation::{SITUATIONS, Service};

/// One situation by itself. With `LAB_SITUATION=HOST`, a host of the table in `situation.rs`, that
/// one, and the lab stands until standard input ends, for looking around in it:
///
/// `LAB_SITUATION=HOST cargo test --test it lab::one_situation -- --nocapture`
#[test]
fn one_situation() {
    let Some(lab) = Lab::shared() else { return };
    let wanted = env::var("LAB_SITUATION").ok();
    let host = wanted.as_deref().unwrap_or(situation::LONG_CHAIN);
    let row = SITUATIONS.iter().find(|row| row.host == host).unwrap_or_else(|| {
        let hosts: Vec<_> = SITUATIONS.iter().map(|row| row.host).collect();
        panic!("no situation is called {host}; there are\n{}", hosts.join("\n"))
    });
    let mut command = lab.check([row]);
    let (report, _) = invocation::Report::of(&mut command);
    if wanted.is_some() {
        println!("a shell of the client: ip netns exec {} bash", lab.network.client.name());
        println!("servers, logs and zones: {}", lab.folder.path().display());
        println!("the program as it was run: {command:?}");
        println!("{}", report.stderr);
        println!("concluded: {}", report.endpoint(host).unwrap()["findings"]);
        println!("the lab stands until standard input ends (Ctrl-D)");
        let _end = std::io::stdin().lines().count();
    }
    report.compare(row).unwrap();
}

/// What the lab needs, and the Debian package that has it.
const PROGRAMS: [(&str, &str); 9] = [
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsd", "nsd"),
    ("unbound", "unbound"),
    ("nginx", "nginx"),
    ("squid", "squid"),
    ("tinyproxy", "tinyproxy"),
    ("dig", "bind9-dnsutils"),
    ("curl", "curl"),
];

/// A network of namespaces with servers in it, an authority and files. It ends with its value.
struct Built<N> {
    // Fields are dropped in this order: the namespaces end the processes, which then are waited
    // for, and only then their files go.
    network: N,
    _servers: Servers,
    pki: Pki,
    folder: TempDir,
}

/// Namespaces with a client among them.
trait HasClient {
    fn client(&self) -> &Namespace;
}

impl<N: HasClient> Built<N> {
    /// Builds the network under a name of its own, an authority that certifies `names`, and the
    /// servers.
    fn new(
        names: &[String],
        create: impl FnOnce(&str) -> Result<N, String>,
        start: impl FnOnce(&N, &Path, &Pki) -> Result<Servers, String>,
    ) -> Result<Self, String> {
        namespace::sweep();
        let name = namespace::unique_name();
        let folder = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir()
            .map_err(|error| error.to_string())?;
        let network = create(&name)?;
        let pki = Pki::create(folder.path(), names)?;
        let servers = start(&network, folder.path(), &pki)?;
        Ok(Self { network, _servers: servers, pki, folder })
    }

    /// A program in the client's namespace.
    fn client(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        unset(self.network.client().command(program))
    }

    /// A file for the program to read; another one each time, for tests run side by side.
    fn file(&self, extension: &str, content: impl AsRef<[u8]>) -> PathBuf {
        input(self.folder.path(), extension, content)
    }

    /// What the servers wrote.
    fn logs(&self) -> String {
        logs(self.folder.path())
    }
}

impl HasClient for Network {
    fn client(&self) -> &Namespace {
        &self.client
    }
}

/// The lab of the table of situations.
type Lab = Built<Network>;

impl Lab {
    /// The lab that the running tests share.
    fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Lab>> = Mutex::new(Weak::new());
        share(&SHARED, Self::build)
    }

    fn build() -> Result<Self, String> {
        let mut names: Vec<String> = SITUATIONS.iter().map(|row| row.host.to_owned()).collect();
        names.push("*.servicebus.windows.net".to_owned());
        let lab = Self::new(&names, Network::create, |network, folder, pki| {
            network.client.etc("resolv.conf", &format!("nameserver {}\n", resolver::MAIN))?;
            Servers::start(&network.server, folder, pki)
        })?;
        lab.wait_for_dns()?;
        Ok(lab)
    }

    /// `pathproof` in the client's namespace, with a command of its own.
    fn pathproof(&self, command: &str) -> Command {
        let mut program = self.client(env!("CARGO_BIN_EXE_pathproof"));
        program.arg(command);
        program
    }

    /// A whole recursion, from the client through unbound to nsd.
    fn wait_for_dns(&self) -> Result<(), String> {
        for server in [resolver::MAIN, resolver::OTHER_VIEW] {
            wait_for(server, || {
                let mut dig = self.client("dig");
                dig.args([&format!("@{server}"), "+time=1", "+tries=1", "+short"]);
                let answer = run(dig.arg("download.microsoft.com"))?;
                if answer.stdout.is_empty() { Err("no answer".to_owned()) } else { Ok(()) }
            })
            .map_err(|error| format!("{error}{}", self.logs()))?;
        }
        Ok(())
    }
}

/// What the running tests share, built by the first of them and gone with the last; `None`, said
/// on stderr, where this machine cannot build it.
fn share<T>(shared: &Mutex<Weak<T>>, build: fn() -> Result<T, String>) -> Option<Arc<T>> {
    // A poisoned lock means that building failed in another test; this one tries, and says why.
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(value) = shared.upgrade() {
        return Some(value);
    }
    if !is_possible() {
        return None;
    }
    let value = Arc::new(build().unwrap_or_else(|error| panic!("the lab: {error}")));
    *shared = Arc::downgrade(&value);
    Some(value)
}

/// Whether this machine can build a lab; where it cannot, the reason is said on stderr.
fn is_possible() -> bool {
    if let Err(reason) = possible() {
        let required = env::var_os("LAB_REQUIRED").is_some_and(|value| value == "1");
        assert!(!required, "LAB_REQUIRED=1, and the namespace lab cannot run here: {reason}");
        eprintln!("skipped: the namespace lab cannot run here: {reason}");
        return false;
    }
    true
}

/// The command without what the shell that runs the tests may carry of its own.
fn unset(mut command: Command) -> Command {
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR", "NO_COLOR"] {
        command.env_remove(variable);
    }
    for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(variable).env_remove(variable.to_uppercase());
    }
    command.stdin(Stdio::null());
    command
}

/// A file of the folder for the program to read; another one each time, for tests run side by
/// side.
fn input(folder: &Path, extension: &str, content: impl AsRef<[u8]>) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("input-{number}.{extension}"));
    fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path
}

/// Why no lab can be built here, if so.
fn possible() -> Result<(), String> {
    for (program, package) in PROGRAMS {
        let known = env::var_os("PATH").is_some_and(|path| {
            env::split_paths(&path).any(|folder| folder.join(program).is_file())
        });
        if !known {
            return Err(format!("no {program} in PATH (Debian package {package})"));
        }
    }
    Namespace::create(&namespace::unique_name(), "trial").map(drop)
}

/// The processes of the server's namespace. The namespace ends them; this waits for that.
struct Servers(Vec<Child>);

impl Servers {
    fn start(server: &Namespace, folder: &Path, pki: &Pki) -> Result<Self, String> {
        let dns = Dns::create(folder)?;
        let nginx = web::create(folder, pki)?;
        let faults = faults_file(folder)?;
        let mut this = Self(Vec::new());
        this.spawn(folder, server.command("nsd").arg("-d").arg("-c").arg(dns.authoritative()))?;
        for configuration in [dns.resolver(), dns.other_view()] {
            this.spawn(folder, server.command("unbound").arg("-d").arg("-c").arg(configuration))?;
        }
        let foreground = ["-g", "daemon off;", "-c"];
        this.spawn(folder, server.command("nginx").args(foreground).arg(nginx))?;
        this.spawn(
            folder,
            server
                .command(env::current_exe().map_err(|error| error.to_string())?)
                .args(["--ignored", "--exact", faults::PROGRAM])
                .env(faults::INSTRUCTIONS, faults),
        )?;
        this.wait_for_files(folder, &[web::pid_file(folder), folder.join("ready")])?;
        Ok(this)
    }

    /// Waits until the servers have written these files, which say that they are ready.
    fn wait_for_files(&mut self, folder: &Path, files: &[PathBuf]) -> Result<(), String> {
        for file in files {
            wait_for(&file.display().to_string(), || {
                self.still_run()?;
                if file.exists() { Ok(()) } else { Err("is not there".to_owned()) }
            })
            .map_err(|error| format!("{error}{}", logs(folder)))?;
        }
        Ok(())
    }

    /// Starts a program; what it prints goes to a file in the lab's folder.
    fn spawn(&mut self, folder: &Path, command: &mut Command) -> Result<(), String> {
        let output = File::create(folder.join(format!("output-{}.log", self.0.len())))
            .map_err(|error| error.to_string())?;
        let error = output.try_clone().map_err(|error| error.to_string())?;
        let child = command.stdin(Stdio::null()).stdout(output).stderr(error).spawn();
        self.0
            .push(child.map_err(|error| format!("{}: {error}", command.get_program().display()))?);
        Ok(())
    }

    fn still_run(&mut self) -> Result<(), String> {
        for (number, child) in self.0.iter_mut().enumerate() {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!("server {number} ended with {status}"));
            }
        }
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Where building failed before the namespaces could end, they still run.
            let _gone = child.kill();
            let _status = child.wait();
        }
    }
}

/// What the lab's own server is told to do.
fn faults_file(folder: &Path) -> Result<PathBuf, String> {
    let socket = |address: &str, port| {
        SocketAddr::new(address.parse().expect("the table's addresses are literals"), port)
    };
    let text: String = destinations()
        .filter_map(|(row, destination)| match destination.service {
            Service::Fault(behaviour) => Some((socket(destination.address, row.port), behaviour)),
            _ => None,
        })
        .chain([
            (web::SILENT_BACKEND.parse().expect("a literal"), Behaviour::Silent),
            (web::BACKEND_AHEAD.parse().expect("a literal"), Behaviour::RelayAhead),
            (socket(MIDDLEBOX, 443), Behaviour::CloseAfterBytes),
            (socket(resolver::MALFORMED, 53), Behaviour::MalformedDns),
            (socket(resolver::OTHER_QUESTION, 53), Behaviour::OtherQuestionDns),
            (socket(resolver::LIAR, 53), Behaviour::WildcardDns),
        ])
        .map(|(address, behaviour)| faults::instruction(address, behaviour))
        .collect();
    let path = folder.join("listeners");
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Asks until it is so, for ten seconds.
fn wait_for(what: &str, is_so: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let mut is_so = is_so;
    let begun = Instant::now();
    loop {
        match is_so() {
            Ok(()) => return Ok(()),
            Err(error) if begun.elapsed() > Duration::from_secs(10) => {
                return Err(format!("{what}: {error}"));
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn logs(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let log = fs::read_to_string(&path).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(10)..].join(
                "
",
            );
            let _infallible = write!(
                text,
                "
--- {}
{tail}
",
                path.display()
            );
        }
    }
    text
}
