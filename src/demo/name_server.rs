//! The name server of the stage: UDP on loopback.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::stage::StagedName;

const TTL: u32 = 60;
/// Room for the questions for all gateways of a relay at once, bytes; the system may grant less.
const RECEIVE_BUFFER: usize = 1 << 20;
/// A question has 512 bytes at most (RFC 1035 §4.2.1).
const LONGEST_QUESTION: usize = 512;

/// What each name leads to. A name that is not here does not exist.
#[derive(Debug, Default)]
pub(super) struct Zone(HashMap<Name, Link>);

#[derive(Clone, Debug)]
enum Link {
    Alias(Name),
    Address(Ipv4Addr),
}

impl Zone {
    /// Adds a name with its aliases and its address. Labels that are no labels are left out, which
    /// the program would then report as missing.
    pub(super) fn add(&mut self, host: &str, name: StagedName) {
        let absolute = |text: &&str| Name::from_ascii(format!("{text}.")).ok();
        let chain: Vec<Name> =
            std::iter::once(&host).chain(name.aliases).filter_map(absolute).collect();
        for pair in chain.windows(2) {
            self.0.insert(pair[0].to_lowercase(), Link::Alias(pair[1].clone()));
        }
        if let (Some(last), Some(address)) = (chain.last(), name.address) {
            self.0.insert(last.to_lowercase(), Link::Address(address));
        }
    }

    /// The answer to a question; `None` to what is none.
    fn answer(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let mut message = Message::from_vec(packet).ok()?;
        let query = message.queries.first()?.clone();
        message.metadata.message_type = MessageType::Response;
        message.metadata.recursion_available = true;
        let mut owner = query.name().to_lowercase();
        // A chain of the table is no longer than this, and none is a circle.
        for _ in 0..=self.0.len() {
            let data = match self.0.get(&owner) {
                None => {
                    message.metadata.response_code = ResponseCode::NXDomain;
                    break;
                }
                Some(Link::Address(address)) => {
                    if query.query_type() == RecordType::A {
                        let data = RData::A(A(*address));
                        message.add_answer(Record::from_rdata(owner, TTL, data));
                    }
                    break;
                }
                Some(Link::Alias(target)) => target.clone(),
            };
            let next = data.to_lowercase();
            message.add_answer(Record::from_rdata(owner, TTL, RData::CNAME(CNAME(data))));
            owner = next;
        }
        message.to_vec().ok()
    }
}

/// Starts the server at a free port of loopback, for as long as the runtime lives.
pub(super) async fn start(zone: Zone) -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // Best effort: questions that find no room are asked again.
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
    let address = socket.local_addr()?;
    let zone = Arc::new(zone);
    tokio::spawn(async move {
        let mut packet = [0; LONGEST_QUESTION];
        loop {
            // A reset is what Windows reports where an answer found the client's port closed.
            let Ok((length, client)) = socket.recv_from(&mut packet).await else { continue };
            if let Some(answer) = zone.answer(&packet[..length]) {
                let _ = socket.send_to(&answer, client).await;
            }
        }
    });
    Ok(address)
}
