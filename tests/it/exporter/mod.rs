//! `serve` as Prometheus and others meet it. Everything is on loopback; a real Prometheus asks in
//! the lab.

mod alerts;
mod deploy;
mod exposition;
mod limits;
mod module;
mod target;
mod web;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program, serving.
struct Serving {
    child: Child,
    address: SocketAddr,
    /// What it said since.
    said: Mutex<mpsc::Receiver<String>>,
    folder: TempDir,
}

impl Serving {
    /// Serves the modules of a file, with more options.
    fn start(modules: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pathproof.toml"), modules).unwrap();
        Self::start_in(folder, options)
    }

    /// The same, where the files are already.
    fn start_in(folder: TempDir, options: &[&str]) -> Self {
        let mut child = command(&folder.path().join("pathproof.toml"), options)
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (says, said) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = says.send(line);
            }
        });
        let mut serving = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            said: Mutex::new(said),
            folder,
        };
        let line = serving.says("listening at ");
        let shown = line.split("://").nth(1).unwrap().trim_end_matches('/');
        serving.address = shown.parse().unwrap();
        serving
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until it says a line that holds `words`.
    #[track_caller]
    fn says(&self, words: &str) -> String {
        let begun = Instant::now();
        let mut before = Vec::new();
        while let Some(left) = PATIENCE.checked_sub(begun.elapsed()) {
            match self.said.lock().unwrap().recv_timeout(left) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => before.push(line),
                Err(_) => break,
            }
        }
        panic!("it did not say {words:?}, but {before:?}");
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Asks on a connection of its own; `fields` end with CRLF each.
    fn ask(&self, method: &str, path: &str, fields: &str) -> Answer {
        let mut stream = self.connect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{fields}\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        Answer::read(&mut stream)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The value of a series in `/metrics`, as it is written.
    #[track_caller]
    fn metric(&self, series: &str) -> String {
        let answer = self.get("/metrics");
        let value = answer.value(series).map(str::to_owned);
        value.unwrap_or_else(|| panic!("no {series} in\n{}", answer.body))
    }

    /// Waits until a series of `/metrics` has a value.
    #[track_caller]
    fn wait_for(&self, series: &str, value: &str) {
        let begun = Instant::now();
        loop {
            let answer = self.get("/metrics");
            if answer.value(series) == Some(value) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{series} in\n{}", answer.body);
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end.
    fn code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(config: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pathproof"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config).args(options);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NOTIFY_SOCKET"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// An answer to a request.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// The value of a series, written as it stands in the text.
    fn value(&self, series: &str) -> Option<&str> {
        let mut lines = self.body.lines();
        lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
    }
}

/// A module that measures one port of this host, without a name server.
fn module(name: &str, port: u16, more: &str) -> String {
    format!(
        "[module.{name}]\nendpoint = \"tcp://127.0.0.1:{port}\"\nonly = \"endpoint\"\n\
         resolver = \"127.0.0.1:1\"\nproxy = \"none\"\ntimeout = \"300ms\"\n{more}\n"
    )
}

/// A module whose endpoint accepts and then is silent, for as long as `timeout`.
fn silent_module(name: &str, port: u16, timeout: &str) -> String {
    format!(
        "[module.{name}]\nendpoint = \"tls://127.0.0.1:{port}\"\nonly = \"endpoint\"\n\
         resolver = \"127.0.0.1:1\"\nproxy = \"none\"\ntimeout = \"{timeout}\"\n"
    )
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A port at which nobody listens.
fn closed_port() -> u16 {
    listener().1
}
