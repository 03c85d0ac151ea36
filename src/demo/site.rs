//! The far ends of the stage: TCP listeners on loopback that serve or reset.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::stage::Answer;

/// More than any request of a probe.
const LONGEST_HEAD: usize = 16 * 1024;

/// What a listener does with each connection.
#[derive(Clone)]
pub(super) enum Site {
    /// Shakes hands, hears a request and answers it.
    Web(TlsAcceptor, Answer),
    /// Resets once something was said.
    Resets,
}

/// Starts a listener at a free port of loopback, for as long as the runtime lives.
pub(super) async fn start(site: Site) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            // What a client makes of it is what is being shown.
            tokio::spawn(serve(stream, site.clone()));
        }
    });
    Ok(address)
}

async fn serve(mut stream: TcpStream, site: Site) -> io::Result<()> {
    match site {
        Site::Web(acceptor, answer) => {
            let stream = acceptor.accept(stream).await?;
            answer_request(stream, words(answer)).await
        }
        Site::Resets => {
            read_some(&mut stream).await?;
            // The close sends RST.
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))
        }
    }
}

async fn answer_request<S>(mut stream: S, words: Vec<u8>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    read_head(&mut stream).await?;
    stream.write_all(&words).await?;
    stream.shutdown().await?;
    // Closing with unread bytes would reset what was just said.
    while read_some(&mut stream).await? > 0 {}
    Ok(())
}

/// Reads the head of a request, to its empty line.
pub(super) async fn read_head<S>(stream: &mut S) -> io::Result<Vec<u8>>
where
    S: AsyncRead + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_HEAD {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

async fn read_some<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<usize> {
    stream.read(&mut [0; 4096]).await
}

fn words(answer: Answer) -> Vec<u8> {
    match answer {
        Answer::NotFound => page("404 Not Found", "", ""),
        Answer::Relay => page(
            "200 OK",
            "Content-Type: application/atom+xml;type=feed;charset=utf-8\r\n\
             Server: Microsoft-HTTPAPI/2.0\r\n",
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">Publicly Listed \
             Services</title><subtitle type=\"text\">This is the list of publicly-listed services \
             currently available.</subtitle><generator>Service Bus 1.1</generator></feed>",
        ),
        Answer::BlockPage => page(
            "403 Forbidden",
            "Content-Type: text/html\r\nServer: FortiGate\r\n",
            "<html><head><title>Web Page Blocked!</title></head><body>FortiGuard Intrusion \
             Prevention: you have tried to access a web page which is in violation of your internet \
             usage policy.</body></html>",
        ),
    }
}

/// An answer with a length. `fields` end with a line break each.
pub(super) fn page(status: &str, fields: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}
