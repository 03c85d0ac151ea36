//! A socket whose reader must keep up: who does not take an answer within the time that slow
//! clients have loses the connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream that gives up on writing.
#[derive(Debug)]
pub(super) struct Impatient<S> {
    stream: S,
    patience: Duration,
    /// Runs from the first byte that was not taken at once until all are taken: who takes one now
    /// and then gains nothing by it.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, deadline: None }
    }

    /// Judges an attempt to write `offered` bytes.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        if matches!(&written, Poll::Ready(Ok(taken)) if *taken >= offered) {
            self.deadline = None;
            return written;
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        if deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judge(context, written, parts.iter().map(|part| part.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn who_takes_one_byte_now_and_then_gains_nothing() {
        let (mut client, server) = duplex(64);
        let reads = tokio::spawn(async move {
            let mut one = [0];
            while client.read_exact(&mut one).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        });
        let begun = Instant::now();
        let answer = vec![b'x'; 4096];
        let error = Impatient::new(server, PATIENCE).write_all(&answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
        reads.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_up_gets_everything() {
        let (mut client, server) = duplex(64);
        let mut server = Impatient::new(server, PATIENCE);
        let answer = vec![b'x'; 4096];
        let writes = async {
            for _ in 0..3 {
                server.write_all(&answer).await.unwrap();
                tokio::time::sleep(2 * PATIENCE).await;
            }
            drop(server);
        };
        let mut taken = Vec::new();
        let ((), read) = tokio::join!(writes, client.read_to_end(&mut taken));
        assert_eq!(read.unwrap(), 3 * 4096);
    }
}
