//! The server for what nginx cannot do: silence, resets, banners, SQL Server's first word, and a
//! name server whose answers are broken.
//!
//! It runs in the server's namespace as a process of its own: this test binary, started again with
//! the name of [`serve`] and a folder of instructions in its environment.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

use jiff::SignedDuration;

use super::network::LIE;

/// How far the clock of [`Behaviour::RelayAhead`] is ahead of this host's.
pub(super) const FAST: SignedDuration = SignedDuration::from_mins(17);

/// Names the file of listeners, one `ADDRESS BEHAVIOUR` a line.
pub(super) const INSTRUCTIONS: &str = "PATHPROOF_LAB_LISTENERS";
/// What [`serve`] is to the test harness.
pub(super) const PROGRAM: &str = "lab::faults::serve";

/// What a listener does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// Accepts, reads, and never answers.
    Silent,
    /// Ends the stream after the first bytes.
    CloseAfterBytes,
    /// Resets the connection after the first bytes.
    ResetAfterBytes,
    /// Resets a ClientHello that offers TLS 1.2 and newer, and never answers an older one: a
    /// filter that resets first and drops what comes after.
    ResetThenSilent,
    /// Speaks first, as an SSH server.
    Banner,
    /// Answers a pre-login as SQL Server does (MS-TDS 2.2.6.5).
    Tds,
    /// Answers whatever comes with a web filter's page in clear text.
    ClearBlockPage,
    /// Answers HTTP as a relay does, with a `Date` that is [`FAST`] ahead.
    RelayAhead,
    /// A name server that answers the right question with a record that cannot be read.
    MalformedDns,
    /// A name server that answers another question.
    OtherQuestionDns,
    /// A name server that gives every name the same address.
    WildcardDns,
}

impl Behaviour {
    const ALL: [Self; 11] = [
        Self::Silent,
        Self::CloseAfterBytes,
        Self::ResetAfterBytes,
        Self::ResetThenSilent,
        Self::Banner,
        Self::Tds,
        Self::ClearBlockPage,
        Self::RelayAhead,
        Self::MalformedDns,
        Self::OtherQuestionDns,
        Self::WildcardDns,
    ];
}

/// A line of the instructions.
pub(super) fn instruction(address: SocketAddr, behaviour: Behaviour) -> String {
    format!("{address} {behaviour:?}\n")
}

/// Not a test: the program itself. It writes a file `ready` beside its instructions once every
/// listener stands, and ends when its namespace does.
#[test]
#[ignore = "a program of the lab, started by it"]
fn serve() {
    let Some(instructions) = env::var_os(INSTRUCTIONS) else {
        eprintln!("nothing to serve: this program belongs to the lab");
        return;
    };
    let instructions = Path::new(&instructions);
    let threads: Vec<_> = fs::read_to_string(instructions).unwrap().lines().map(listen).collect();
    fs::write(instructions.with_file_name("ready"), "").unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn listen(line: &str) -> thread::JoinHandle<()> {
    let (address, word) = line.split_once(' ').unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let behaviour =
        Behaviour::ALL.into_iter().find(|behaviour| format!("{behaviour:?}") == word).unwrap();
    match behaviour {
        Behaviour::MalformedDns | Behaviour::OtherQuestionDns | Behaviour::WildcardDns => {
            let socket = UdpSocket::bind(address).unwrap();
            thread::spawn(move || answer_questions(&socket, behaviour))
        }
        _ => {
            let listener = TcpListener::bind(address).unwrap();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    // A client that goes away in the middle is no fault of this server.
                    thread::spawn(move || drop(converse(stream, behaviour)));
                }
            })
        }
    }
}

fn converse(mut stream: TcpStream, behaviour: Behaviour) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut bytes = [0; 4096];
    match behaviour {
        Behaviour::Silent => while stream.read(&mut bytes)? > 0 {},
        Behaviour::CloseAfterBytes => {
            let _hello = stream.read(&mut bytes)?;
        }
        Behaviour::ResetAfterBytes => {
            // Bytes that nobody has read make the kernel reset instead of closing (RFC 1122
            // §4.2.2.13); one byte is read so that the rest has come.
            let _first = stream.read(&mut bytes[..1])?;
        }
        Behaviour::ResetThenSilent => {
            // As above; the version stands behind the headers of the record (5 bytes) and of the
            // handshake (4 bytes, RFC 5246 section 7.4.1.2), and is TLS 1.2's in every newer one.
            let mut start = [0; 11];
            stream.read_exact(&mut start)?;
            if start[9..] < [3, 3][..] {
                while stream.read(&mut bytes)? > 0 {}
            }
        }
        Behaviour::Banner => {
            stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")?;
            while stream.read(&mut bytes)? > 0 {}
        }
        Behaviour::Tds => {
            let _prelogin = stream.read(&mut bytes)?;
            stream.write_all(&PRELOGIN_ANSWER)?;
            while stream.read(&mut bytes)? > 0 {}
        }
        Behaviour::ClearBlockPage => {
            let _hello = stream.read(&mut bytes)?;
            stream.write_all(clear_block_page().as_bytes())?;
        }
        Behaviour::RelayAhead => {
            let _request = stream.read(&mut bytes)?;
            stream.write_all(dated(jiff::Timestamp::now() + FAST).as_bytes())?;
        }
        Behaviour::MalformedDns | Behaviour::OtherQuestionDns | Behaviour::WildcardDns => {}
    }
    Ok(())
}

/// VERSION 12.0.2000.8 and ENCRYPTION on, as Azure SQL's gateways say.
const PRELOGIN_ANSWER: [u8; 26] = [
    0x04, 0x01, 0x00, 0x1a, 0x00, 0x00, 0x01,
    0x00, // header: tabular result, last packet, length
    0x00, 0x00, 0x0b, 0x00, 0x06, // VERSION: 6 bytes at 11
    0x01, 0x00, 0x11, 0x00, 0x01, // ENCRYPTION: 1 byte at 17
    0xff, // end of tokens
    0x0c, 0x00, 0x07, 0xd0, 0x00, 0x08, // 12.0.2000, sub-build 8
    0x01,
];

/// The page of a web filter, as nginx and the clear-text server show it.
pub(super) const BLOCK_PAGE: &str = "<!DOCTYPE html><html><head><title>Web Site Blocked</title>\
    <meta name=\"id\" content=\"siteBlocked\"></head><body><h1>Web Site Blocked</h1>\
    <p>This site has been blocked by the network administrator. SonicWall Content Filter</p>\
    </body></html>";

fn clear_block_page() -> String {
    let mut page = String::from("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n");
    let _infallible = write!(page, "Content-Length: {}\r\n", BLOCK_PAGE.len());
    page + "Connection: close\r\n\r\n" + BLOCK_PAGE
}

/// An answer that proves a relay, sent at `time`.
fn dated(time: jiff::Timestamp) -> String {
    let body = "<feed><subtitle>This is the list of publicly-listed services currently available.\
                </subtitle><generator>Service Bus 1.1</generator></feed>";
    let date = time.strftime("%a, %d %b %Y %H:%M:%S GMT");
    format!(
        "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/atom+xml\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn answer_questions(socket: &UdpSocket, behaviour: Behaviour) {
    let mut bytes = [0; 1500];
    // An ICMP error of an earlier client ends a `recv_from`, not the server.
    loop {
        if let Ok((length, client)) = socket.recv_from(&mut bytes) {
            let _gone = dns_answer(&bytes[..length], behaviour)
                .map(|answer| socket.send_to(&answer, client));
        }
    }
}

/// The question's own header and question section, then what is wrong.
fn dns_answer(question: &[u8], behaviour: Behaviour) -> Option<Vec<u8>> {
    // Header, name, type and class (RFC 1035 §4.1); names in questions are not compressed.
    let mut end = 12;
    while *question.get(end)? != 0 {
        end += usize::from(question[end]) + 1;
    }
    let mut answer = question.get(..end + 5)?.to_vec();
    answer[2] = 0x84; // response, authoritative
    answer[3] = 0;
    answer[6..12].copy_from_slice(&[0, 1, 0, 0, 0, 0]); // one answer, nothing else
    // The question's type stands before its class.
    let is_v4 = answer[end + 1..end + 3] == [0, 1];
    match behaviour {
        Behaviour::WildcardDns if is_v4 => {
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4]);
            answer.extend(LIE);
        }
        Behaviour::WildcardDns => answer[7] = 0,
        Behaviour::OtherQuestionDns => {
            answer[13] ^= 0x01; // another first letter
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 52, 166, 10, 1]);
        }
        // An A record that claims four bytes and has two.
        _ => answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 52, 166]),
    }
    Some(answer)
}
