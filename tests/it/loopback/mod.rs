//! Servers on loopback that behave, or misbehave on purpose. They run on a runtime of their own,
//! so that tests of the whole program can use them too, and end when they are dropped.

pub(crate) mod dns;
pub(crate) mod http;
pub(crate) mod pki;
pub(crate) mod script;
pub(crate) mod tds;
pub(crate) mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How long a connection is kept at most: longer than any time-out of a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server does with each connection.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Resets it after this long, whatever the client says.
    ResetAfter(Duration),
    /// Talks over it as it is.
    Plain(Talk),
    /// Shakes hands, then talks inside TLS.
    Tls(Arc<ServerConfig>, Talk),
    /// Answers by a script.
    Scripted(Arc<script::Script>),
}

/// What a server does once the client has said something.
#[derive(Clone)]
pub(crate) enum Talk {
    /// Says these pieces with a pause between them, then closes in order.
    Answer(Vec<Vec<u8>>, Duration),
    /// Says this and ends the connection, inside TLS without saying so (no `close_notify`).
    AnswerAndVanish(Vec<u8>),
    /// Says this and keeps the connection open.
    AnswerAndStay(Vec<u8>),
    /// Says the first, then the second again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// Closes in order without a word.
    Close,
    /// Resets.
    Reset,
    /// Says nothing.
    Silence,
}

impl Talk {
    /// Says `words`, then closes in order.
    pub(crate) fn answer(words: impl Into<Vec<u8>>) -> Self {
        Self::Answer(vec![words.into()], Duration::ZERO)
    }
}

/// A server, for as long as it is held.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts one at a free port of 127.0.0.1.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), behaviour)
    }

    /// Starts one at `address`, whose port may be 0.
    pub(crate) fn start_at(address: SocketAddr, behaviour: Behaviour) -> Self {
        static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime for the servers of the tests")
        });
        let listener = std::net::TcpListener::bind(address)
            .unwrap_or_else(|error| panic!("cannot listen at {address}: {error}"));
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a listener has an address");
        let accepting = RUNTIME.spawn(accept(listener, behaviour));
        Self { address, accepting }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: std::net::TcpListener, behaviour: Behaviour) {
    let listener = TcpListener::from_std(listener).expect("the runtime takes the listener");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let behaviour = behaviour.clone();
        tokio::spawn(async move {
            // What the client does to a connection is for the test to judge.
            let _ = tokio::time::timeout(PATIENCE, serve(stream, behaviour)).await;
        });
    }
}

async fn serve(stream: TcpStream, behaviour: Behaviour) -> io::Result<()> {
    match behaviour {
        Behaviour::ResetAfter(pause) => {
            tokio::time::sleep(pause).await;
            reset_on_close(&stream)
        }
        Behaviour::Plain(talk) => {
            if matches!(talk, Talk::Reset) {
                reset_on_close(&stream)?;
            }
            converse(stream, talk).await
        }
        Behaviour::Tls(config, talk) => {
            let stream = TlsAcceptor::from(config).accept(stream).await?;
            if matches!(talk, Talk::Reset) {
                reset_on_close(stream.get_ref().0)?;
            }
            converse(stream, talk).await
        }
        Behaviour::Scripted(script) => script::serve(stream, script).await,
    }
}

/// `SO_LINGER` of zero: the close sends RST.
fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

async fn converse<S>(mut stream: S, talk: Talk) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut heard = [0; 4096];
    if stream.read(&mut heard).await? == 0 {
        return Ok(());
    }
    match talk {
        Talk::Reset => return Ok(()),
        Talk::Close => {}
        Talk::Silence => return std::future::pending().await,
        Talk::Answer(pieces, pause) => {
            for (index, piece) in pieces.iter().enumerate() {
                if index > 0 {
                    tokio::time::sleep(pause).await;
                }
                stream.write_all(piece).await?;
                stream.flush().await?;
            }
        }
        Talk::AnswerAndVanish(words) => {
            stream.write_all(&words).await?;
            return stream.flush().await;
        }
        Talk::AnswerAndStay(words) => {
            stream.write_all(&words).await?;
            stream.flush().await?;
            return std::future::pending().await;
        }
        Talk::Endless(first, again) => {
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&again).await?;
            }
        }
    }
    stream.shutdown().await?;
    // Closing with unread bytes would reset what was just said.
    while stream.read(&mut heard).await? > 0 {}
    Ok(())
}
