//! A server that answers by a script, remembers what it heard, and can hand a connection on to
//! another server: what a proxy does.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Behaviour, Server, reset_on_close};

/// What is said to what was heard.
#[derive(Clone)]
pub(crate) enum Say {
    /// This, and then the next is heard.
    Words(Vec<u8>),
    /// This, and the connection is closed in order.
    LastWords(Vec<u8>),
    /// This, and the connection is reset once it was read.
    ResetAfter(Vec<u8>),
    /// This, and from then on the connection is that of another server.
    Tunnel(Vec<u8>, SocketAddr),
}

type Answer = dyn Fn(&[u8], usize) -> Say + Send + Sync;

/// What a scripted server does, and what it has heard.
pub(crate) struct Script {
    tls: Option<Arc<ServerConfig>>,
    heard: Mutex<Vec<Vec<u8>>>,
    answer: Box<Answer>,
}

/// A scripted server, for as long as it is held.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    script: Arc<Script>,
    _server: Server,
}

impl Scripted {
    /// Starts one. `answer` is given what a client wrote, and how often it had written before on
    /// this connection.
    pub(crate) fn start(answer: impl Fn(&[u8], usize) -> Say + Send + Sync + 'static) -> Self {
        Self::start_with(None, answer)
    }

    /// The same inside TLS.
    pub(crate) fn start_with(
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&[u8], usize) -> Say + Send + Sync + 'static,
    ) -> Self {
        let script = Arc::new(Script { tls, heard: Mutex::default(), answer: Box::new(answer) });
        let server = Server::start(Behaviour::Scripted(Arc::clone(&script)));
        Self { address: server.address, script, _server: server }
    }

    /// A proxy that leads every tunnel to `far_end`.
    pub(crate) fn proxy_to(far_end: SocketAddr) -> Self {
        Self::start(move |_, _| {
            Say::Tunnel(b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec(), far_end)
        })
    }

    /// What was said to it, write by write, tunnels left out.
    pub(crate) fn heard(&self) -> Vec<String> {
        let heard = self.script.heard.lock().unwrap();
        heard.iter().map(|words| String::from_utf8_lossy(words).into_owned()).collect()
    }
}

pub(super) async fn serve(stream: TcpStream, script: Arc<Script>) -> io::Result<()> {
    match script.tls.clone() {
        Some(config) => converse(TlsAcceptor::from(config).accept(stream).await?, &script).await,
        None => converse(stream, &script).await,
    }
}

/// A stream whose end can be a reset.
trait Resettable {
    fn prepare_reset(&self) -> io::Result<()>;
}

impl Resettable for TcpStream {
    fn prepare_reset(&self) -> io::Result<()> {
        reset_on_close(self)
    }
}

impl Resettable for tokio_rustls::server::TlsStream<TcpStream> {
    fn prepare_reset(&self) -> io::Result<()> {
        reset_on_close(self.get_ref().0)
    }
}

async fn converse<S>(mut stream: S, script: &Script) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Resettable + Unpin,
{
    let mut piece = [0; 4096];
    for n_before in 0.. {
        let length = stream.read(&mut piece).await?;
        if length == 0 {
            break;
        }
        let words = &piece[..length];
        script.heard.lock().unwrap().push(words.to_vec());
        match (script.answer)(words, n_before) {
            Say::Words(words) => {
                stream.write_all(&words).await?;
                stream.flush().await?;
            }
            Say::LastWords(words) => {
                stream.write_all(&words).await?;
                stream.shutdown().await?;
                while stream.read(&mut piece).await? > 0 {}
                break;
            }
            Say::ResetAfter(words) => {
                stream.write_all(&words).await?;
                stream.flush().await?;
                // The client's next words: what was said has been read by then.
                let _ = stream.read(&mut piece).await?;
                return stream.prepare_reset();
            }
            Say::Tunnel(words, far_end) => {
                let mut far_end = TcpStream::connect(far_end).await?;
                stream.write_all(&words).await?;
                stream.flush().await?;
                let copied = tokio::io::copy_bidirectional(&mut stream, &mut far_end);
                // How long a client may take is the server's matter.
                let _ = tokio::time::timeout(Duration::from_secs(20), copied).await;
                break;
            }
        }
    }
    Ok(())
}
