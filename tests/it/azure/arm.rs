//! A Resource Manager on loopback: groups and their rules as Azure keeps them, operations that end
//! later, tokens, and faults on demand. `recordings.rs` holds it against recorded exchanges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use super::roles::Roles;
use super::rules::Groups;

/// The token that is good at first.
pub(crate) const TOKEN: &str = "eyJ0.secret-token.of-the-tests";
pub(crate) const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    /// Lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn writes(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "DELETE" | "PATCH")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        // As recorded: indented, with CRLF.
        let body = format!("{body:#}").replace('\n', "\r\n");
        Self { status, headers: Vec::new(), body }
            .with("content-type", "application/json; charset=utf-8")
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"error": {"code": code, "message": message, "details": []}});
        Self::json(status, &body)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// This answer; nothing is done.
    Say(Answer),
    /// The connection ends before anything is done.
    Cut,
    /// It is done, and the connection ends without an answer.
    CutAfter,
    /// It is done, and the answer ends in the middle.
    CutAnswer,
    /// Accepted, and still in progress whenever it is asked about.
    NeverEnds,
    /// Accepted, and failed when it is asked about.
    Fails,
    /// Accepted, and forgotten: done is not what was asked.
    Lost,
    /// Someone else changes the rule first.
    Overtaken(Value),
    /// Done in its time, whether or not anyone asks about it.
    Unwatched,
    /// `Location` instead of `Azure-AsyncOperation`.
    ByLocation,
    /// The operation is at another host.
    Elsewhere,
}

/// A fault and the requests it befalls.
struct Planned {
    method: &'static str,
    part: String,
    times: usize,
    fault: Fault,
}

#[derive(Default)]
struct State {
    groups: Groups,
    log: Vec<Request>,
    faults: VecDeque<Planned>,
    tokens: Vec<String>,
    /// What the identity may do; `None`: everything.
    roles: Option<Roles>,
    /// The service URLs of runtimes by their lower-case ids.
    runtimes: BTreeMap<String, Vec<String>>,
    /// The release of the service tags.
    tags: Option<Value>,
    /// The address of this server, for the URLs it names.
    host: String,
}

/// The server. It ends with its value.
pub(crate) struct Manager {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Manager {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            tokens: vec![TOKEN.to_owned()],
            host: format!("http://{address}"),
            ..State::default()
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (Arc::clone(&state), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                if let Ok(stream) = stream {
                    thread::spawn(move || serve(stream, &state));
                }
            }
        });
        Self { address, state, stop, thread: Some(thread) }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A group with these rules; its resource id.
    pub(crate) fn group(&self, name: &str, rules: &[Value]) -> String {
        self.lock().groups.create("rg", name, rules)
    }

    /// The rules of a group as they are.
    pub(crate) fn rules(&self, id: &str) -> Vec<Value> {
        self.lock().groups.rules(id)
    }

    /// Someone else's change of a rule, `None` to remove it.
    pub(crate) fn meddle(&self, id: &str, name: &str, properties: Option<Value>) {
        self.lock().groups.set(id, name, properties);
    }

    /// A fault for the next `times` requests of this method whose path holds `part`.
    pub(crate) fn fault(&self, method: &'static str, part: &str, times: usize, fault: Fault) {
        self.lock().faults.push_back(Planned { method, part: part.to_owned(), times, fault });
    }

    /// The tokens that are good from now on.
    pub(crate) fn accept(&self, tokens: &[&str]) {
        self.lock().tokens = tokens.iter().map(|&token| token.to_owned()).collect();
    }

    /// What the identity may do from now on.
    pub(crate) fn allow_only(&self, roles: Roles) {
        self.lock().roles = Some(roles);
    }

    /// The permissions that were asked for and given.
    pub(crate) fn used(&self) -> BTreeSet<String> {
        self.lock().roles.as_ref().map(|roles| roles.used.clone()).unwrap_or_default()
    }

    /// What a runtime's status says from now on.
    pub(crate) fn runtime(&self, id: &str, service_urls: &[&str]) {
        let urls = service_urls.iter().map(|&url| url.to_owned()).collect();
        self.lock().runtimes.insert(id.to_lowercase(), urls);
    }

    /// The release of the service tags from now on.
    pub(crate) fn publish(&self, tags: Value) {
        self.lock().tags = Some(tags);
    }

    /// No fault that was planned happens any more.
    pub(crate) fn recover(&self) {
        self.lock().faults.clear();
    }

    /// Every request so far.
    pub(crate) fn log(&self) -> Vec<Request> {
        self.lock().log.clone()
    }

    /// How many of them write.
    pub(crate) fn n_writes(&self) -> usize {
        self.lock().log.iter().filter(|request| request.writes()).count()
    }

    /// What it would say to a request, without a connection.
    pub(crate) fn ask(&self, request: &Request) -> Answer {
        let mut state = self.lock();
        let host = state.host.clone();
        state.groups.answer(request, &host, None)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let Some(request) = read(&stream) else { return };
    let (answer, cut) = decide(&request, state);
    let Some(answer) = answer else {
        let _ = stream.shutdown(Shutdown::Both);
        return;
    };
    let mut text = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", answer.status);
    text.push_str("x-ms-correlation-request-id: c0ffee00-0000-4000-8000-000000000000\r\n");
    for (name, value) in &answer.headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if answer.status != 204 {
        let _ = write!(text, "content-length: {}\r\n", answer.body.len());
    }
    text.push_str("\r\n");
    text.push_str(&answer.body);
    let end = if cut { text.len() - answer.body.len() / 2 - 1 } else { text.len() };
    let _ = stream.write_all(&text.as_bytes()[..end]);
}

/// What is said, and whether it ends in the middle.
fn decide(request: &Request, state: &Mutex<State>) -> (Option<Answer>, bool) {
    let mut state = state.lock().unwrap();
    state.log.push(request.clone());
    if let Some(answer) = super::tokens::answer(request) {
        return (Some(answer), false);
    }
    let fault = state.take_fault(request);
    if let Some(Fault::Say(answer)) = fault {
        return (Some(answer), false);
    }
    let token = request.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
    if !token.is_some_and(|token| state.tokens.iter().any(|own| own == token)) {
        let answer = Answer::error(
            401,
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time is earlier than current UTC time.",
        );
        return (Some(answer), false);
    }
    if let Some(denied) = state.roles.as_mut().and_then(|roles| roles.denies(request)) {
        return (Some(denied), false);
    }
    if let Some(answer) = state.service(request).filter(|_| fault.is_none()) {
        return (Some(answer), false);
    }
    // Nobody may ask how an operation ends who is not allowed to read it.
    let fault = fault.or_else(|| {
        let is_hidden = state.roles.as_ref().is_some_and(|roles| !roles.allow_operations());
        is_hidden.then_some(Fault::Unwatched)
    });
    let host = state.host.clone();
    match fault {
        Some(Fault::Cut) => (None, false),
        Some(Fault::CutAfter) => {
            state.groups.answer(request, &host, Some(&Fault::CutAfter));
            (None, false)
        }
        Some(fault @ Fault::CutAnswer) => {
            (Some(state.groups.answer(request, &host, Some(&fault))), true)
        }
        other => (Some(state.groups.answer(request, &host, other.as_ref())), false),
    }
}

impl State {
    /// What other services than the network's say.
    fn service(&self, request: &Request) -> Option<Answer> {
        let path = request.path.to_lowercase();
        if path.ends_with("/servicetags") {
            return self.tags.as_ref().map(|tags| Answer::json(200, tags));
        }
        let urls = self.runtimes.get(path.strip_suffix("/getstatus")?)?;
        let status = serde_json::json!({"name": "shir-1", "properties": {
            "type": "SelfHosted", "typeProperties": {"serviceUrls": urls}}});
        Some(Answer::json(200, &status))
    }

    fn take_fault(&mut self, request: &Request) -> Option<Fault> {
        let path = request.path.to_lowercase();
        let planned = self.faults.iter_mut().find(|planned| {
            planned.times > 0
                && planned.method == request.method
                && path.contains(&planned.part.to_lowercase())
        })?;
        planned.times -= 1;
        Some(planned.fault.clone())
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
