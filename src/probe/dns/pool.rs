//! The sockets to one server.

use std::array;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::errors::OpenError;
use super::lock;
use super::socket::{Slot, Socket};
use crate::model::DnsFailure;
use crate::probe::Connector;
use crate::wire::dns::DnsQuestion;

/// Questions in a row leave from different ports.
const SOCKETS: usize = 4;

#[derive(Debug)]
pub(super) struct Pool {
    remote: SocketAddr,
    source: Option<IpAddr>,
    connector: Connector,
    sockets: [Mutex<Option<Arc<Socket>>>; SOCKETS],
    next: AtomicUsize,
}

impl Pool {
    pub(super) fn new(remote: SocketAddr, source: Option<IpAddr>, connector: Connector) -> Self {
        let sockets = array::from_fn(|_| Mutex::default());
        Self { remote, source, connector, sockets, next: AtomicUsize::new(0) }
    }

    /// A row for `question` in the next socket in turn. A socket that is spent is replaced, and
    /// closed when its last question is done.
    pub(super) fn take(&self, question: &Arc<DnsQuestion>) -> Result<Slot, DnsFailure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let mut current = lock(&self.sockets[turn % SOCKETS]);
        if let Some(socket) = current.as_ref().filter(|socket| socket.is_fresh()) {
            return socket.take(question);
        }
        let opened = self
            .connector
            .address_of(self.remote)
            .map_err(|error| OpenError::Connect { error, is_bound: self.source.is_some() })
            .and_then(|server| Socket::open(server, self.source));
        match (opened, &*current) {
            (Ok(socket), _) => current.insert(Arc::new(socket)).take(question),
            // Out of descriptors: the old socket still works, unless it has ended.
            (Err(error), Some(old)) => old.take(question).map_err(|_| error.into_failure()),
            (Err(error), None) => Err(error.into_failure()),
        }
    }
}
