//! DNS messages (RFC 1035): a question to bytes, bytes to an [`Answer`].
//!
//! hickory-proto decodes what servers say. Questions are written here, where a host name makes
//! them infallible and ten times as fast; and what belongs to a question is decided here, on the
//! bytes, before anything is decoded: a packet that echoes another question is not ours (RFC 5452
//! §9.1), however well it reads.

use hickory_proto::op::{Header, Message, OpCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use crate::model::{Answer, ChainLink, Family, HostName, LinkData, NameError, ResponseCode};

/// How large an answer over UDP may be, bytes: fits one packet on every path (DNS flag day 2020).
pub const EDNS_PAYLOAD: u16 = 1232;

/// How many aliases are followed. Recursive resolvers give up after 8 to 17.
pub const MAX_ALIASES: usize = 32;

/// How many addresses of one answer are kept, the first of them as sent: more than one UDP packet
/// holds, and few enough that a hostile answer costs neither memory nor probes without end.
pub const MAX_ADDRESSES: usize = 256;

/// RFC 1035 §4.1.1: id 0, recursion desired, one question and one additional record.
const HEADER: [u8; HEADER_LENGTH] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
const HEADER_LENGTH: usize = 12;

/// RFC 6891 §6.1.2: the root's name, type 41, [`EDNS_PAYLOAD`], version 0, no option.
const OPT: [u8; 11] = {
    let [high, low] = EDNS_PAYLOAD.to_be_bytes();
    [0, 0, 41, high, low, 0, 0, 0, 0, 0, 0]
};

/// One question of class IN, encoded once; it reads its own answers.
#[derive(Debug)]
pub struct DnsQuestion {
    name: HostName,
    owner: Name,
    family: Family,
    /// With id 0 and an OPT record at the end.
    packet: Vec<u8>,
    /// Where the question section ends and the OPT record begins.
    end: usize,
}

/// Whether a question offers EDNS (RFC 6891).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// With an OPT record that allows answers of [`EDNS_PAYLOAD`] bytes.
    Edns,
    /// As in 1987: answers over UDP end at 512 bytes. For servers and firewalls that know no
    /// EDNS, and what the Windows DNS client sends.
    None,
}

/// Why a packet is not a response to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Mismatch {
    /// Shorter than a header, or no standard response (QR, opcode).
    #[error("bytes that are no DNS response")]
    NoResponse,
    /// The id of another question, or of none.
    #[error("a response with another id")]
    OtherId,
    /// Our id, and another name, type or class.
    #[error("a response to another question")]
    OtherQuestion,
}

/// What is wrong with a response that echoes the question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The answer section cannot be decoded.
    #[error("the answer section cannot be read: {0}")]
    Records(String),
    /// An alias leads to something that is not a host name.
    #[error("the alias of {owner} leads to no host name: {error}")]
    Alias {
        /// The name that is the alias.
        owner: HostName,
        /// What is wrong with its target.
        error: NameError,
    },
    /// Aliases follow each other without end.
    #[error("the chain has more than {MAX_ALIASES} aliases")]
    TooManyAliases,
}

/// A response that echoes the question, not decoded yet.
#[derive(Clone, Copy, Debug)]
pub struct Response<'p> {
    question: &'p DnsQuestion,
    packet: &'p [u8],
    /// Where the answer section begins.
    answers_at: usize,
}

impl DnsQuestion {
    /// The question for the addresses of `name` of one family.
    #[must_use]
    pub fn new(name: &HostName, family: Family) -> Self {
        let invariant = "a host name has at most 253 bytes, in labels of 1 to 63";
        let owner = Name::from_labels(name.labels().map(str::as_bytes)).expect(invariant);
        let mut packet = Vec::with_capacity(HEADER.len() + name.as_str().len() + 6 + OPT.len());
        packet.extend(HEADER);
        for label in name.labels() {
            packet.push(u8::try_from(label.len()).expect(invariant));
            packet.extend(label.as_bytes());
        }
        packet.push(0);
        packet.extend(u16::from(record_type(family)).to_be_bytes());
        packet.extend(u16::from(DNSClass::IN).to_be_bytes());
        let end = packet.len();
        packet.extend(OPT);
        Self { name: name.clone(), owner, family, packet, end }
    }

    /// The name that is asked for.
    #[must_use]
    pub const fn name(&self) -> &HostName {
        &self.name
    }

    /// The bytes to send.
    #[must_use]
    pub fn packet(&self, id: u16, extension: Extension) -> Vec<u8> {
        let mut packet = match extension {
            Extension::Edns => self.packet.clone(),
            Extension::None => {
                let mut packet = self.packet[..self.end].to_vec();
                packet[10..HEADER_LENGTH].fill(0); // ARCOUNT
                packet
            }
        };
        packet[..2].copy_from_slice(&id.to_be_bytes());
        packet
    }

    /// Takes `packet` as the response to this question under `id`.
    ///
    /// An empty question section is accepted with an error code other than NXDOMAIN: old servers
    /// answer so what they did not parse or refuse. It says nothing about a name.
    ///
    /// # Errors
    /// [`Mismatch`] says why the packet is not its response.
    pub fn response<'p>(&'p self, id: u16, packet: &'p [u8]) -> Result<Response<'p>, Mismatch> {
        let found = response_id(packet).ok_or(Mismatch::NoResponse)?;
        if found != id {
            return Err(Mismatch::OtherId);
        }
        let answers_at = if self.is_echoed_in(packet) {
            self.end
        } else if packet[4..6] == [0, 0] && !matches!(packet[3] & 0x0f, 0 | 3) {
            HEADER_LENGTH
        } else {
            return Err(Mismatch::OtherQuestion);
        };
        Ok(Response { question: self, packet, answers_at })
    }

    /// Whether the question section of `packet` is this question and nothing else. Names compare
    /// without case (RFC 4343); what they are made of besides letters is below `A`.
    #[must_use]
    pub fn is_echoed_in(&self, packet: &[u8]) -> bool {
        packet.len() >= self.end
            && packet[4..6] == [0, 1]
            && packet[HEADER_LENGTH..self.end]
                .eq_ignore_ascii_case(&self.packet[HEADER_LENGTH..self.end])
    }
}

/// The id of `packet`, if it is long enough for a header and a response to a standard query.
#[must_use]
pub fn response_id(packet: &[u8]) -> Option<u16> {
    const QR_AND_OPCODE: u8 = 0b1111_1000;
    match packet {
        [high, low, flags, ..]
            if packet.len() >= HEADER_LENGTH && flags & QR_AND_OPCODE == 0b1000_0000 =>
        {
            Some(u16::from_be_bytes([*high, *low]))
        }
        _ => None,
    }
}

impl Response<'_> {
    /// Whether more would have come over TCP (TC, RFC 7766).
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.packet[2] & 0b10 != 0
    }

    /// FORMERR or NOTIMP: the answer of a server that knows no EDNS to a question that offers it
    /// (RFC 6891 §7).
    #[must_use]
    pub const fn refuses_edns(&self) -> bool {
        matches!(self.packet[3] & 0x0f, 1 | 4)
    }

    /// Decodes the answer section and follows the chain from the asked name, in whatever order
    /// the records stand. Records that the chain does not reach are left out.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong with the bytes or the chain.
    pub fn read(&self) -> Result<Answer, Malformed> {
        let unreadable = |error: &dyn std::fmt::Display| Malformed::Records(error.to_string());
        let mut decoder = BinDecoder::new(self.packet);
        let counts = Header::read(&mut decoder).map_err(|error| unreadable(&error))?.counts;
        decoder.read_slice(self.answers_at - HEADER_LENGTH).map_err(|error| unreadable(&error))?;
        let mut read = |count, is_additional| {
            Message::read_records(&mut decoder, usize::from(count), is_additional, OpCode::Query)
        };
        let (records, _, _) = read(counts.answers, false).map_err(|error| unreadable(&error))?;
        // The upper bits of the code are in the OPT record (RFC 6891 §6.1.3). What is wrong with
        // the sections around it does not spoil the answer.
        let edns = read(counts.authorities, false)
            .and_then(|_| read(counts.additionals, true))
            .ok()
            .and_then(|(_, edns, _)| edns);
        let high = edns.map_or(0, |edns| u16::from(edns.rcode_high()));
        let code = ResponseCode::from(high << 4 | u16::from(self.packet[3] & 0x0f));

        self.question.follow(code, &records)
    }
}

impl DnsQuestion {
    fn follow(&self, code: ResponseCode, records: &[Record]) -> Result<Answer, Malformed> {
        let mut chain = Vec::new();
        let mut seen = vec![&self.owner];
        let mut owner = &self.owner;
        let mut name = self.name.clone();
        while let Some((ttl, target)) = alias(records, owner) {
            if chain.len() == MAX_ALIASES {
                return Err(Malformed::TooManyAliases);
            }
            let alias = HostName::parse(&target.to_ascii())
                .map_err(|error| Malformed::Alias { owner: name.clone(), error })?;
            chain.push(ChainLink { name, ttl, data: LinkData::Alias(alias.clone()) });
            if seen.contains(&target) {
                return Ok(Answer { code, chain, is_loop: true, is_cut: false });
            }
            seen.push(target);
            (owner, name) = (target, alias);
        }
        let first = chain.len();
        let mut is_cut = false;
        for record in at(records, owner) {
            let address = match (self.family, &record.data) {
                (Family::V4, RData::A(address)) => address.0.into(),
                (Family::V6, RData::AAAA(address)) => address.0.into(),
                _ => continue,
            };
            let data = LinkData::Address(address);
            if chain[first..].iter().any(|kept| kept.data == data) {
                continue;
            }
            if chain.len() - first == MAX_ADDRESSES {
                is_cut = true;
                break;
            }
            chain.push(ChainLink { name: name.clone(), ttl: ttl(record), data });
        }
        Ok(Answer { code, chain, is_loop: false, is_cut })
    }
}

/// The alias at `owner`. A name has one at most (RFC 1034 §3.6.2); of several the first counts.
fn alias<'r>(records: &'r [Record], owner: &Name) -> Option<(u32, &'r Name)> {
    at(records, owner).find_map(|record| match &record.data {
        RData::CNAME(target) => Some((ttl(record), &target.0)),
        _ => None,
    })
}

fn at<'r>(records: &'r [Record], owner: &Name) -> impl Iterator<Item = &'r Record> {
    records.iter().filter(move |record| record.dns_class == DNSClass::IN && record.name == *owner)
}

/// RFC 2181 §8: a time to live with the top bit set is zero.
const fn ttl(record: &Record) -> u32 {
    if record.ttl > i32::MAX.cast_unsigned() { 0 } else { record.ttl }
}

const fn record_type(family: Family) -> RecordType {
    match family {
        Family::V4 => RecordType::A,
        Family::V6 => RecordType::AAAA,
    }
}

#[cfg(test)]
mod tests;
