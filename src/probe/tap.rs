//! A stream that remembers what came through it: how much, and the first bytes until they are
//! known to be TLS.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::model::HttpAnswer;
use crate::wire::tls_record::{Sniff, sniff};

/// A stream under a TLS session. What it heard can be read while rustls owns it.
#[derive(Debug)]
pub struct Tap<S> {
    stream: S,
    heard: Arc<Mutex<Heard>>,
}

/// What a [`Tap`] has noticed so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// How many bytes were received.
    pub(super) received: usize,
    /// Whether anything was written.
    pub(super) has_written: bool,
    first: First,
}

/// The beginning of what was received.
#[derive(Clone, Debug)]
enum First {
    /// They are not known to be TLS; at most [`HttpAnswer::BODY_KEPT`] of them are kept.
    Kept(Vec<u8>),
    /// They are TLS, and of no further interest.
    Tls,
}

impl Default for First {
    fn default() -> Self {
        Self::Kept(Vec::new())
    }
}

impl Heard {
    /// The first bytes, where they are not TLS.
    pub(super) fn plain(&self) -> Option<&[u8]> {
        match &self.first {
            First::Kept(bytes) if sniff(bytes) == Sniff::NotTls => Some(bytes),
            First::Kept(_) | First::Tls => None,
        }
    }

    /// Whether more of an answer that is not TLS would be kept.
    pub(super) const fn has_room(&self) -> bool {
        match &self.first {
            First::Kept(bytes) => bytes.len() < HttpAnswer::BODY_KEPT,
            First::Tls => false,
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.received += bytes.len();
        let First::Kept(kept) = &mut self.first else { return };
        let is_tls = if kept.is_empty() {
            // Almost always decided here, before anything is copied.
            sniff(bytes) == Sniff::Tls
        } else {
            false
        };
        if !is_tls {
            let room = HttpAnswer::BODY_KEPT - kept.len();
            kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        if is_tls || sniff(kept) == Sniff::Tls {
            self.first = First::Tls;
        }
    }
}

impl<S> Tap<S> {
    pub(super) fn new(stream: S) -> (Self, Listener) {
        let heard = Arc::default();
        (Self { stream, heard: Arc::clone(&heard) }, Listener(heard))
    }

    /// The stream under the tap.
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }
}

/// Reads what a [`Tap`] heard.
#[derive(Debug)]
pub(super) struct Listener(Arc<Mutex<Heard>>);

impl Listener {
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        lock(&self.0)
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    // Counters and bytes are whole whatever panicked elsewhere.
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        lock(&self.heard).hear(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        lock(&self.heard).has_written |= written > 0;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hearing(pieces: &[&[u8]]) -> Heard {
        let mut heard = Heard::default();
        for piece in pieces {
            heard.hear(piece);
        }
        heard
    }

    #[test]
    fn the_first_bytes_are_kept_unless_they_are_tls() {
        fn check(pieces: &[&[u8]], expected: Option<&[u8]>) {
            assert_eq!(hearing(pieces).plain(), expected, "{pieces:?}");
        }
        check(&[], None);
        check(&[b"\x16\x03\x03\x00\x7a\x02"], None);
        check(&[b"\x16\x03", b"\x03\x00\x7a", b"GET"], None);
        check(&[b"\x16\x03"], None);
        check(&[b"H", b"TTP/1.1 403"], Some(b"HTTP/1.1 403"));
        check(&[b"\x16\x03", b"XX"], Some(b"\x16\x03XX"));
    }

    #[test]
    fn a_long_answer_is_counted_whole_and_kept_in_part() {
        let page = vec![b'x'; 3000];
        let heard = hearing(&[&page]);
        assert!(heard.has_room());
        let heard = hearing(&[&page, &page]);
        assert!(!heard.has_room());
        assert_eq!(heard.received, 6000);
        assert_eq!(heard.plain().map(<[u8]>::len), Some(HttpAnswer::BODY_KEPT));
    }
}
