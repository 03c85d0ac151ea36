//! One connected UDP socket that many questions share, told apart by their ids.
//!
//! Connected, because only then does the system report that the server's port is closed, and
//! because it then drops what comes from anybody else.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fmt, io};

use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::errors::{OpenError, failure};
use super::ids::Ids;
use super::lock;
use crate::model::{DnsFailure, OsError};
use crate::probe::os_error::{ErrorMeaning, meaning};
use crate::wire::dns::{DnsQuestion, Extension, Mismatch, response_id};

/// A socket takes this many questions, for this long, and is then replaced by one with another
/// port: a port that can be guessed is half of a forged answer (RFC 5452 §9.2).
const QUESTIONS: usize = 1000;
const LIFE: Duration = Duration::from_secs(10);

/// Room for answers that come all at once, bytes; the system may grant less.
const RECEIVE_BUFFER: usize = 1 << 20;

/// The largest UDP packet. Servers may send more than they were offered.
const LONGEST_PACKET: usize = 65_535;

/// Packets that are read before other tasks get their turn.
const BATCH: usize = 64;

/// A packet that answers, or what became of the socket.
type Arrival = Result<Vec<u8>, DnsFailure>;

pub(super) struct Socket {
    shared: Arc<SocketState>,
    opened: Instant,
    receiver: AbortHandle,
}

struct SocketState {
    udp: UdpSocket,
    table: Mutex<QuestionTable>,
}

#[derive(Default)]
struct QuestionTable {
    questions: HashMap<u16, PendingQuestion>,
    ids: Ids,
    /// Questions taken so far.
    n_taken: usize,
    /// Packets that were not DNS responses at all, whichever question they were meant for.
    n_garbage: u32,
    /// What ended the socket.
    end: Option<DnsFailure>,
}

struct PendingQuestion {
    question: Arc<DnsQuestion>,
    /// Used up by the first arrival. The row itself goes with its [`Slot`], so that no other
    /// question is given the id before.
    arrival: Option<oneshot::Sender<Arrival>>,
    strays: Strays,
    /// [`QuestionTable::n_garbage`] when the question came.
    n_garbage_before: u32,
}

/// Packets that came instead of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Strays {
    count: u32,
    last: Option<Mismatch>,
}

impl Socket {
    /// Opens a socket to `remote` and a task that reads it until it is dropped.
    pub(super) fn open(remote: SocketAddr, source: Option<IpAddr>) -> Result<Self, OpenError> {
        let udp = connect(remote, source)?;
        let shared = Arc::new(SocketState { udp, table: Mutex::default() });
        let receiver = tokio::spawn(receive(Arc::clone(&shared))).abort_handle();
        Ok(Self { shared, opened: Instant::now(), receiver })
    }

    /// Whether it may take another question.
    pub(super) fn is_fresh(&self) -> bool {
        let table = lock(&self.shared.table);
        table.end.is_none() && table.n_taken < QUESTIONS && self.opened.elapsed() < LIFE
    }

    /// Takes a question in, under an id of its own. It is sent by [`Slot::send`].
    pub(super) fn take(self: &Arc<Self>, question: &Arc<DnsQuestion>) -> Result<Slot, DnsFailure> {
        let (sender, arrival) = oneshot::channel();
        let mut table = lock(&self.shared.table);
        if let Some(end) = &table.end {
            return Err(end.clone());
        }
        // Far fewer questions are in flight than there are ids.
        let id = loop {
            let id = table.ids.next()?;
            if !table.questions.contains_key(&id) {
                break id;
            }
        };
        table.n_taken += 1;
        let pending = PendingQuestion {
            question: Arc::clone(question),
            arrival: Some(sender),
            strays: Strays::default(),
            n_garbage_before: table.n_garbage,
        };
        table.questions.insert(id, pending);
        Ok(Slot { socket: Arc::clone(self), question: Arc::clone(question), id, arrival })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.receiver.abort();
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("udp", &self.shared.udp).finish_non_exhaustive()
    }
}

/// A question's row in a socket's table; dropped, its id is free again.
pub(super) struct Slot {
    socket: Arc<Socket>,
    question: Arc<DnsQuestion>,
    id: u16,
    arrival: oneshot::Receiver<Arrival>,
}

impl Slot {
    pub(super) const fn id(&self) -> u16 {
        self.id
    }

    /// Sends the question, or sends it again: under the same id, so that an answer to an earlier
    /// packet counts, and so that repeating gives a forger no second chance (RFC 5452 §5).
    ///
    /// An error ends the socket. It may be an earlier packet's: the system reports what ICMP said
    /// at the next call, whichever that is.
    pub(super) async fn send(&self, extension: Extension) -> Result<(), DnsFailure> {
        let shared = &self.socket.shared;
        match shared.udp.send(&self.question.packet(self.id, extension)).await {
            // A queue of this host is full: a lost packet, to be repeated like any other.
            Err(error) if meaning(&error) == ErrorMeaning::NoResources => Ok(()),
            Err(error) => {
                let failure = failure(&error);
                shared.end(&failure);
                Err(failure)
            }
            Ok(_) => Ok(()),
        }
    }

    /// Waits for a packet that answers the question, or for the end of the socket.
    pub(super) async fn arrival(&mut self) -> Arrival {
        match (&mut self.arrival).await {
            Ok(arrival) => arrival,
            // The sender is in the table for as long as this slot lives.
            Err(_) => Err(lock(&self.socket.shared.table).end.clone().unwrap_or_else(|| {
                let symbol = "the receiving task ended".to_owned();
                DnsFailure::System(OsError { code: 0, symbol })
            })),
        }
    }

    /// What came instead of an answer so far.
    pub(super) fn strays(&self) -> Strays {
        let table = lock(&self.socket.shared.table);
        let Some(pending) = table.questions.get(&self.id) else {
            return Strays::default();
        };
        match table.n_garbage - pending.n_garbage_before {
            0 => pending.strays,
            n_garbage => Strays {
                count: pending.strays.count + n_garbage,
                last: pending.strays.last.or(Some(Mismatch::NoResponse)),
            },
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.socket.shared.table).questions.remove(&self.id);
    }
}

impl PendingQuestion {
    fn arrive(&mut self, arrival: Arrival) {
        if let Some(sender) = self.arrival.take() {
            // Nobody waits any more where the lookup was dropped meanwhile.
            let _ = sender.send(arrival);
        }
    }
}

impl Strays {
    /// What is wrong with what came, if anything came.
    pub(super) fn describe(self) -> Option<String> {
        let last = self.last?;
        Some(match self.count {
            1 => format!("one packet came, which is no answer: {last}"),
            count => format!("{count} packets came, none of which is an answer: {last}"),
        })
    }

    const fn note(&mut self, mismatch: Mismatch) {
        self.count = self.count.saturating_add(1);
        self.last = Some(mismatch);
    }
}

async fn receive(shared: Arc<SocketState>) {
    let mut buffer = Vec::with_capacity(LONGEST_PACKET);
    loop {
        // An ICMP error makes the socket no more readable: Linux tells those who ask for errors.
        let ready = match shared.udp.ready(Interest::READABLE | Interest::ERROR).await {
            Ok(ready) => ready,
            Err(error) => return shared.end(&failure(&error)),
        };
        let mut end = None;
        for _ in 0..BATCH {
            buffer.clear();
            match shared.udp.try_recv_buf(&mut buffer) {
                Ok(_) => shared.deliver(&buffer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The system reports an error before packets that came earlier: they count.
                Err(error) => end = Some(failure(&error)),
            }
        }
        if ready.is_error() {
            end = end.or_else(|| shared.take_error());
        }
        if let Some(end) = end {
            return shared.end(&end);
        }
    }
}

impl SocketState {
    /// Hands a packet to the question it answers.
    fn deliver(&self, packet: &[u8]) {
        let mut table = lock(&self.table);
        let Some(id) = response_id(packet) else {
            table.n_garbage = table.n_garbage.saturating_add(1);
            return;
        };
        let questions = &mut table.questions;
        if let Some(pending) = questions.get_mut(&id) {
            match pending.question.response(id, packet) {
                Ok(_) => pending.arrive(Ok(packet.to_vec())),
                Err(mismatch) => pending.strays.note(mismatch),
            }
        } else if let Some(pending) =
            questions.values_mut().find(|pending| pending.question.is_echoed_in(packet))
        {
            // It echoes a question in flight under another id. A late second answer to a question
            // that was repeated counts for none.
            pending.strays.note(Mismatch::OtherId);
        }
    }

    /// The error that made the socket ready, unless a call has been given it meanwhile.
    fn take_error(&self) -> Option<DnsFailure> {
        let nothing = || io::Error::from(io::ErrorKind::WouldBlock);
        let taken = self.udp.try_io(Interest::ERROR, || self.udp.take_error()?.ok_or_else(nothing));
        taken.ok().map(|error| failure(&error))
    }

    /// No further question is taken, and those in flight learn why: whose packet an ICMP error
    /// was about is not known, so each has to find out by asking again on another socket.
    fn end(&self, failure: &DnsFailure) {
        let mut table = lock(&self.table);
        table.end.get_or_insert_with(|| failure.clone());
        for pending in table.questions.values_mut() {
            pending.arrive(Err(failure.clone()));
        }
    }
}

fn connect(remote: SocketAddr, source: Option<IpAddr>) -> Result<UdpSocket, OpenError> {
    use socket2::{Domain, Protocol, SockAddr, Socket, Type};

    let socket = Socket::new(Domain::for_address(remote), Type::DGRAM, Some(Protocol::UDP))
        .map_err(OpenError::Create)?;
    socket.set_nonblocking(true).map_err(OpenError::Create)?;
    // Best effort: without it answers that come all at once are asked for again.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    // Best effort: without it an unreachable server looks silent.
    #[cfg(target_os = "linux")]
    let _ = super::receive_errors::report_every_icmp_error(&socket, remote);
    if let Some(source) = source {
        socket.bind(&SockAddr::from(SocketAddr::new(source, 0))).map_err(OpenError::Bind)?;
    }
    socket
        .connect(&SockAddr::from(remote))
        .map_err(|error| OpenError::Connect { error, is_bound: source.is_some() })?;
    UdpSocket::from_std(socket.into()).map_err(OpenError::Create)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::{Family, HostName};

    fn question(name: &str) -> Arc<DnsQuestion> {
        Arc::new(DnsQuestion::new(&HostName::parse(name).unwrap(), Family::V4))
    }

    /// A server that says nothing, and a socket to it.
    fn silence() -> (std::net::UdpSocket, Arc<Socket>) {
        let server = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = Socket::open(server.local_addr().unwrap(), None).unwrap();
        (server, Arc::new(socket))
    }

    fn n_in_flight(socket: &Socket) -> usize {
        lock(&socket.shared.table).questions.len()
    }

    #[tokio::test]
    async fn a_dropped_question_leaves_no_trace() {
        let (_server, socket) = silence();
        let mut slot = socket.take(&question("a.test")).unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(1), slot.arrival());
        assert!(waiting.await.is_err());
        assert_eq!(n_in_flight(&socket), 1);
        drop(slot);
        assert_eq!(n_in_flight(&socket), 0);
        assert_eq!(Arc::strong_count(&socket), 1);
    }

    #[tokio::test]
    async fn an_id_is_taken_until_its_question_is_done() {
        let (_server, socket) = silence();
        let question = question("a.test");
        let mut slot = socket.take(&question).unwrap();
        let mut answer = question.packet(slot.id(), Extension::Edns);
        answer[2] |= 0x80;
        socket.shared.deliver(&answer);
        socket.shared.deliver(&answer);
        assert_eq!(slot.arrival().await, Ok(answer));
        assert_eq!(n_in_flight(&socket), 1);
        drop(slot);
        assert_eq!(n_in_flight(&socket), 0);
    }

    #[tokio::test]
    async fn ids_differ_and_are_no_sequence() {
        let (_server, socket) = silence();
        let question = question("a.test");
        let slots: Vec<Slot> = (0..600).map(|_| socket.take(&question).unwrap()).collect();
        assert_eq!(slots.iter().map(Slot::id).collect::<HashSet<_>>().len(), slots.len());
        let steps: HashSet<u16> =
            slots.windows(2).map(|pair| pair[1].id().wrapping_sub(pair[0].id())).collect();
        assert!(steps.len() > 500, "{} different steps", steps.len());
    }

    #[tokio::test]
    async fn a_socket_is_retired_after_its_questions() {
        let (_server, socket) = silence();
        let question = question("a.test");
        for _ in 1..QUESTIONS {
            drop(socket.take(&question).unwrap());
        }
        assert!(socket.is_fresh());
        drop(socket.take(&question).unwrap());
        assert!(!socket.is_fresh());
    }

    #[tokio::test]
    async fn an_error_ends_every_question_of_the_socket() {
        let (server, socket) = silence();
        let mut first = socket.take(&question("a.test")).unwrap();
        let mut second = socket.take(&question("b.test")).unwrap();
        drop(server);
        first.send(Extension::Edns).await.unwrap();
        for slot in [&mut first, &mut second] {
            let arrival = tokio::time::timeout(Duration::from_secs(5), slot.arrival()).await;
            assert!(matches!(arrival, Ok(Err(DnsFailure::PortClosed(_)))), "{arrival:?}");
        }
        assert!(matches!(socket.take(&question("c.test")), Err(DnsFailure::PortClosed(_))));
        assert!(!socket.is_fresh());
    }
}
