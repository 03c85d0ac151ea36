//! One server and the course of a question: repeated while no answer comes, without EDNS where the
//! server knows none, over TCP where the answer is truncated.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};

use super::lock;
use super::pool::Pool;
use super::socket::Slot;
use super::stream;
use crate::model::{Answer, DnsFailure, Exchange, Family, HostName, Transport};
use crate::probe::Connector;
use crate::probe::tcp::NotConnected;
use crate::wire::dns::{DnsQuestion, Extension};

/// How many questions may be on their way at once. A server's socket commonly holds some 270
/// packets; what does not fit is lost, and has to be repeated.
const WINDOW: usize = 256;

/// A question without an answer after this long is no longer in a buffer: it is lost, or waits
/// inside the server. It makes way for the next, so that silence does not hold up the run.
const ON_ITS_WAY: Duration = Duration::from_millis(50);

/// How many connections over TCP may be open at once.
const STREAMS: usize = 256;

#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    source: Option<IpAddr>,
    timeout: Duration,
    connector: Connector,
    pool: Pool,
    window: Semaphore,
    streams: Semaphore,
    /// The last ICMP error about this server, until it answers. Hosts send few ICMP errors
    /// (Linux six at once to one peer, then one a second), so what one question met holds for all.
    trouble: Mutex<Option<DnsFailure>>,
}

/// How a question over UDP ended.
enum UdpOutcome {
    Answer(Answer),
    /// The question is to be asked again over TCP, with or without EDNS.
    Truncated(Extension),
}

/// A question on its way.
struct Course<'s> {
    server: &'s Server,
    question: Arc<DnsQuestion>,
    began: Instant,
    /// How many packets were sent.
    asked: u32,
    /// The question's part of the window, held while a packet may be in a buffer.
    permit: Option<SemaphorePermit<'s>>,
}

/// What is to be done while no answer comes.
#[derive(Clone, Copy)]
enum Due {
    LetGo,
    Repeat,
    RepeatWithoutEdns,
    GiveUp,
}

impl Server {
    pub(super) fn new(
        address: SocketAddr,
        source: Option<IpAddr>,
        timeout: Duration,
        connector: Connector,
    ) -> Self {
        let source = source.filter(|_| !address.ip().is_loopback());
        Self {
            address,
            source,
            timeout,
            pool: Pool::new(address, source, connector.clone()),
            connector,
            window: Semaphore::new(WINDOW),
            streams: Semaphore::new(STREAMS),
            trouble: Mutex::default(),
        }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Connects to it over TCP.
    pub(super) async fn connect(&self) -> Result<(TcpStream, Duration), NotConnected> {
        self.connector.connect(self.address, self.source, self.timeout).await
    }

    /// Asks for the addresses of `name` of one family. The clock starts with the first packet.
    pub(super) async fn ask(&self, name: &HostName, family: Family) -> Exchange {
        let question = Arc::new(DnsQuestion::new(name, family));
        // The semaphore is never closed; without a permit the question would merely be sent at
        // once.
        let permit = self.window.acquire().await.ok();
        let began = Instant::now();
        let mut course =
            Course { server: self, question: Arc::clone(&question), began, asked: 0, permit };
        let heard = course.run().await;
        drop(course);
        let (result, transport) = match heard {
            Ok(UdpOutcome::Answer(answer)) => (Ok(answer), Transport::Udp),
            Ok(UdpOutcome::Truncated(extension)) => {
                let _stream = self.streams.acquire().await;
                let asking = stream::ask(self, &question, extension);
                (asking.await, Transport::Tcp)
            }
            Err(failure) => (Err(failure), Transport::Udp),
        };
        Exchange { family, result, transport, took: began.elapsed() }
    }

    /// What is due when, counted from the question's beginning: the packet is repeated after a
    /// fifth and after three fifths of the time-out (1 s and 3 s of 5 s). The last time it goes
    /// without EDNS, which some firewalls drop and which the Windows DNS client does not send.
    fn schedule(&self) -> [(Duration, Due); 4] {
        let fifth = self.timeout / 5;
        [
            (ON_ITS_WAY.min(fifth), Due::LetGo),
            (fifth, Due::Repeat),
            (3 * fifth, Due::RepeatWithoutEdns),
            (self.timeout, Due::GiveUp),
        ]
    }

    /// How long after an error a question is asked once more. Long enough for a server that is
    /// being restarted, short enough to report a closed port at once.
    fn pause(&self) -> Duration {
        self.timeout / 20
    }
}

impl Course<'_> {
    async fn run(&mut self) -> Result<UdpOutcome, DnsFailure> {
        let question = Arc::clone(&self.question);
        let mut extension = Extension::Edns;
        let mut has_met_error = false;
        loop {
            let (id, packet) = match self.attempt(extension).await {
                Ok(arrival) => arrival,
                Err(failure @ (DnsFailure::PortClosed(_) | DnsFailure::Unreachable(_)))
                    if !has_met_error =>
                {
                    has_met_error = true;
                    *lock(&self.server.trouble) = Some(failure);
                    self.permit = None;
                    sleep(self.server.pause()).await;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            *lock(&self.server.trouble) = None;
            let malformed = |detail: String| DnsFailure::Malformed { detail };
            let response = question
                .response(id, &packet)
                .map_err(|mismatch| malformed(mismatch.to_string()))?;
            if response.is_truncated() {
                return Ok(UdpOutcome::Truncated(extension));
            }
            if extension == Extension::Edns && response.refuses_edns() {
                extension = Extension::None;
                continue;
            }
            let answer = response.read().map_err(|error| malformed(error.to_string()))?;
            return Ok(UdpOutcome::Answer(answer));
        }
    }

    /// Asks under one id on one socket: the packet that answers, or why there is none.
    async fn attempt(&mut self, extension: Extension) -> Result<(u16, Vec<u8>), DnsFailure> {
        let mut slot = self.server.pool.take(&self.question)?;
        let packet = self.hear(&mut slot, extension).await?;
        Ok((slot.id(), packet))
    }

    /// Sends the question, and again by the schedule, until it is answered or given up.
    async fn hear(&mut self, slot: &mut Slot, extension: Extension) -> Result<Vec<u8>, DnsFailure> {
        self.send(slot, extension).await?;
        for (after, due) in self.server.schedule() {
            let deadline = self.began + after;
            if deadline <= Instant::now() && !matches!(due, Due::GiveUp) {
                continue;
            }
            if let Ok(arrival) = timeout_at(deadline, slot.arrival()).await {
                return arrival;
            }
            if matches!(due, Due::LetGo) {
                self.permit = None;
                continue;
            }
            if let Some(trouble) = self.trouble() {
                return Err(trouble);
            }
            match due {
                Due::Repeat => self.send(slot, extension).await?,
                Due::RepeatWithoutEdns => self.send(slot, Extension::None).await?,
                Due::LetGo | Due::GiveUp => {}
            }
        }
        Err(match slot.strays().describe() {
            Some(detail) => DnsFailure::Malformed { detail },
            None => DnsFailure::TimedOut { asked: self.asked },
        })
    }

    /// The last ICMP error about the server, for a question that was asked twice in vain.
    fn trouble(&self) -> Option<DnsFailure> {
        lock(&self.server.trouble).clone().filter(|_| self.asked > 1)
    }

    async fn send(&mut self, slot: &Slot, extension: Extension) -> Result<(), DnsFailure> {
        // A send waits where this host's queue is full, as under an ARP that nobody answers.
        let deadline = self.began + self.server.timeout;
        if let Ok(sent) = timeout_at(deadline, slot.send(extension)).await {
            sent?;
        }
        self.asked += 1;
        Ok(())
    }
}
