//! A name server that says what a test tells it to, over UDP and TCP on one port. It runs on
//! threads of its own, so that it serves the library and the whole program alike.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// A question as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Lower case, without the trailing dot.
    pub(crate) name: String,
    pub(crate) record_type: RecordType,
    pub(crate) id: u16,
    pub(crate) port: u16,
    pub(crate) over_tcp: bool,
    pub(crate) has_edns: bool,
    /// How often this name and type had been asked before.
    pub(crate) n_before: usize,
}

/// What the server says to a question.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// A response code and records, as `owner ttl type data` lines.
    Answer(u16, Vec<String>),
    /// An empty answer with the TC bit.
    Truncated,
    /// A good answer with this address, to the id before.
    OtherId(Ipv4Addr),
    /// A good answer to a question that was not asked.
    OtherQuestion,
    /// These bytes, whatever they are; `{id}` of the question in front.
    Echo(Vec<u8>),
    /// These bytes alone.
    Bytes(Vec<u8>),
    /// Over TCP, the connection is kept open.
    Nothing,
    /// Over TCP, the connection is closed.
    Close,
    /// After a while.
    Late(Duration, Box<Say>),
    /// One after the other.
    All(Vec<Say>),
}

impl Say {
    /// NOERROR with these records.
    pub(crate) fn records(lines: &[&str]) -> Self {
        Self::code(0, lines)
    }

    /// This code with these records.
    pub(crate) fn code(code: u16, lines: &[&str]) -> Self {
        Self::Answer(code, lines.iter().map(|line| (*line).to_owned()).collect())
    }

    /// `n` addresses of the asked name, 10.0.0.0 and on, to a question for A; none for AAAA.
    pub(crate) fn addresses(asked: &Asked, n: u32) -> Self {
        let line = |n| format!("{} 30 A {}", asked.name, Ipv4Addr::from(0x0a00_0000 + n));
        let n = if asked.record_type == RecordType::A { n } else { 0 };
        Self::Answer(0, (0..n).map(line).collect())
    }
}

type Script = dyn Fn(&Asked) -> Say + Send + Sync;

/// A server, for as long as it is held.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

struct State {
    script: Box<Script>,
    asked: Mutex<Vec<Asked>>,
    counts: Mutex<HashMap<(String, RecordType), usize>>,
    is_over: AtomicBool,
}

impl Server {
    /// Starts one at a free port of 127.0.0.1.
    pub(crate) fn start(script: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let (udp, tcp) = (0..50)
            .find_map(|_| {
                let udp = UdpSocket::bind("127.0.0.1:0").ok()?;
                let tcp = TcpListener::bind(udp.local_addr().ok()?).ok()?;
                Some((udp, tcp))
            })
            .expect("a port that is free for UDP and TCP");
        Self::serve(udp, Some(tcp), script)
    }

    /// Starts one at `address`, whose TCP port is closed.
    pub(crate) fn start_at(
        address: SocketAddr,
        script: impl Fn(&Asked) -> Say + Send + Sync + 'static,
    ) -> Self {
        let udp = UdpSocket::bind(address)
            .unwrap_or_else(|error| panic!("cannot bind {address}: {error}"));
        Self::serve(udp, None, script)
    }

    /// Starts one at a free port whose TCP port is closed.
    pub(crate) fn start_without_tcp(
        script: impl Fn(&Asked) -> Say + Send + Sync + 'static,
    ) -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), script)
    }

    fn serve(
        udp: UdpSocket,
        tcp: Option<TcpListener>,
        script: impl Fn(&Asked) -> Say + Send + Sync + 'static,
    ) -> Self {
        // Tests ask in bursts.
        let _ = socket2::SockRef::from(&udp).set_recv_buffer_size(1 << 22);
        let address = udp.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State {
            script: Box::new(script),
            asked: Mutex::default(),
            counts: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let mut threads = Vec::new();
        let shared = Arc::clone(&state);
        threads.push(thread::spawn(move || shared.serve_udp(&udp)));
        if let Some(tcp) = tcp {
            let shared = Arc::clone(&state);
            threads.push(thread::spawn(move || shared.serve_tcp(&tcp)));
        }
        Self { address, state, threads }
    }

    /// Every question so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        // Wakes the threads from their waiting.
        if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
            let _ = socket.send_to(&[], self.address);
        }
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl State {
    fn serve_udp(&self, udp: &UdpSocket) {
        let mut buffer = [0; 4096];
        while !self.is_over.load(Ordering::Relaxed) {
            // A reset is what Windows says where an answer found the client's port closed.
            let Ok((length, client)) = udp.recv_from(&mut buffer) else { continue };
            let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
            let say = self.decide(&question, client.port(), false);
            say_over_udp(udp, client, &question, say);
        }
    }

    fn serve_tcp(self: &Arc<Self>, tcp: &TcpListener) {
        while let Ok((stream, client)) = tcp.accept() {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let state = Arc::clone(self);
            // What the client does to the connection is for the test to judge.
            thread::spawn(move || state.serve_stream(stream, client.port()));
        }
    }

    fn serve_stream(&self, mut stream: TcpStream, port: u16) -> Option<()> {
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let mut length = [0; 2];
        stream.read_exact(&mut length).ok()?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut message).ok()?;
        let question = Message::from_vec(&message).ok()?;
        match self.decide(&question, port, true) {
            Say::Nothing => {
                // Until the client has enough of it.
                let _ = stream.read(&mut length);
            }
            Say::Close => {}
            Say::Bytes(bytes) => stream.write_all(&bytes).ok()?,
            say => {
                let packet = packet(&question, say)?;
                let length = u16::try_from(packet.len()).ok()?;
                stream.write_all(&[&length.to_be_bytes()[..], &packet].concat()).ok()?;
            }
        }
        Some(())
    }

    fn decide(&self, message: &Message, port: u16, over_tcp: bool) -> Say {
        let query = &message.queries[0];
        let name = query.name().to_lowercase().to_ascii().trim_end_matches('.').to_owned();
        let record_type = query.query_type();
        let n_before = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry((name.clone(), record_type)).or_default();
            *count += 1;
            *count - 1
        };
        let (id, has_edns) = (message.metadata.id, message.edns.is_some());
        let asked = Asked { name, record_type, id, port, over_tcp, has_edns, n_before };
        self.asked.lock().unwrap().push(asked.clone());
        (self.script)(&asked)
    }
}

fn say_over_udp(udp: &UdpSocket, client: SocketAddr, question: &Message, say: Say) {
    match say {
        Say::All(all) => all.into_iter().for_each(|say| say_over_udp(udp, client, question, say)),
        Say::Late(pause, say) => {
            let (udp, question) = (udp.try_clone().expect("a descriptor"), question.clone());
            thread::spawn(move || {
                thread::sleep(pause);
                say_over_udp(&udp, client, &question, *say);
            });
        }
        say => {
            if let Some(packet) = packet(question, say) {
                let _ = udp.send_to(&packet, client);
            }
        }
    }
}

fn packet(question: &Message, say: Say) -> Option<Vec<u8>> {
    let mut message = question.clone();
    message.metadata.message_type = MessageType::Response;
    message.metadata.recursion_available = true;
    let asked = question.queries[0].name().to_ascii();
    match say {
        Say::Answer(code, lines) => {
            message.metadata.response_code = code.into();
            message.add_answers(lines.iter().map(|line| record(line)));
        }
        Say::Truncated => message.metadata.truncation = true,
        Say::OtherId(address) => {
            message.metadata.id = message.metadata.id.wrapping_sub(1);
            message.add_answer(record(&format!("{asked} 1 A {address}")));
        }
        Say::OtherQuestion => {
            message.queries[0].set_name(Name::from_ascii("not-asked.test.").ok()?);
            message.add_answer(record("not-asked.test 1 A 10.9.9.9"));
        }
        Say::Echo(bytes) => {
            return Some([&question.metadata.id.to_be_bytes()[..], &bytes].concat());
        }
        Say::Bytes(bytes) => return Some(bytes),
        Say::Nothing | Say::Close | Say::Late(..) | Say::All(_) => return None,
    }
    Some(message.to_vec().expect("the answer can be encoded"))
}

fn record(line: &str) -> Record {
    let [owner, ttl, kind, data] = line.split(' ').collect::<Vec<_>>()[..] else {
        panic!("'{line}' is not: owner ttl type data")
    };
    let name =
        |text: &str| Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).expect("a name");
    let data = match kind {
        "A" => RData::A(A(data.parse().expect("an IPv4 address"))),
        "AAAA" => RData::AAAA(AAAA(data.parse().expect("an IPv6 address"))),
        "CNAME" => RData::CNAME(CNAME(name(data))),
        other => panic!("a record of type {other}"),
    };
    Record::from_rdata(name(owner), ttl.parse().expect("seconds"), data)
}
