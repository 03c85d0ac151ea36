//! Connections: accepted up to a number, encrypted where the web configuration says so, and closed
//! where the client is slow, silent or talks nonsense.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::patience::Impatient;
use super::web_access::WebRules;
use super::{Exporter, routes};
use crate::model::Obstacle;

/// What whoever is slow or silent costs: this long for a handshake, for the head of a request, and
/// for taking an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once. Whoever is above that is hung up on.
const MOST_CONNECTIONS: usize = 512;
/// A request of Prometheus has some hundred bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// After an error of `accept`, for instance where descriptors run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers at `listener` until `ended`, and then until what is being measured has answered with
/// what is known. Must run in a tokio runtime with IO and time.
pub async fn serve(
    exporter: Arc<Exporter>,
    listener: TcpListener,
    ended: impl Future<Output = ()>,
) {
    // Whether its ledger can be read is told at the start, not by the first scrape alone.
    let _ = exporter.ledger_metrics().await;
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    exporter.background.begin(&exporter);
    let mut ended = std::pin::pin!(ended);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut ended => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
        let watcher = graceful.watcher();
        let exporter = Arc::clone(&exporter);
        tokio::spawn(async move {
            let _counted = Counted::new(&exporter, slot);
            // An answer is one write; waiting for more would only delay it.
            let _ = stream.set_nodelay(true);
            attend(&exporter, stream, watcher).await;
        });
    }
    drop(listener);
    exporter.background.end();
    exporter.ending.give(Obstacle::Cancelled);
    let _ = tokio::time::timeout(PATIENCE, graceful.shutdown()).await;
}

async fn attend(exporter: &Arc<Exporter>, stream: TcpStream, watcher: Watcher) {
    let rules = exporter.settings.web.now(|news| exporter.say(news));
    // The socket itself, not what is written into TLS: that holds 64 KiB back, and is content.
    let stream = Impatient::new(stream, PATIENCE);
    match &rules.tls {
        None => converse(exporter, &rules, stream, watcher).await,
        Some(acceptor) => {
            let handshake = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = handshake
                && rules.handshake.admits(stream.get_ref().1.peer_certificates())
            {
                converse(exporter, &rules, stream, watcher).await;
            }
        }
    }
}

async fn converse(
    exporter: &Arc<Exporter>,
    rules: &Arc<WebRules>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    watcher: Watcher,
) {
    let (exporter, rules) = (Arc::clone(exporter), Arc::clone(rules));
    let service = service_fn(move |request| {
        let (exporter, rules) = (Arc::clone(&exporter), Arc::clone(&rules));
        async move { Ok::<_, Infallible>(routes::answer(&exporter, &rules, &request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // Errors are the client's: it went away, was slow, or spoke no HTTP.
    let _ = watcher.watch(connection).await;
}

/// A connection that is counted until it ends.
struct Counted<'e> {
    exporter: &'e Exporter,
    _slot: OwnedSemaphorePermit,
}

impl<'e> Counted<'e> {
    fn new(exporter: &'e Exporter, slot: OwnedSemaphorePermit) -> Self {
        exporter.counts.connections.fetch_add(1, Ordering::Relaxed);
        Self { exporter, _slot: slot }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.exporter.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
