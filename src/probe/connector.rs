//! Where connections really go: to the address itself, in every run from a host; on a stage, which
//! is `pathproof demo`, to the server on loopback that plays the address, and nowhere else.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::os_error::os_error;
use super::tcp::{self, Attempt, NotConnected};
use crate::model::{Obstacle, TcpFailure, TimeoutBy};

/// Connects the sockets of a run. No option of the command line sets it: what is not built in code
/// for a stage is the network.
#[derive(Clone, Debug, Default)]
pub struct Connector(Option<Arc<HashMap<SocketAddr, StagedAddress>>>);

/// What stands at an address of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StagedAddress {
    /// A server, or a closed port, at this address of loopback.
    PlayedAt(SocketAddr),
    /// Nothing that ever answers. No packet is sent: no system lets a program without privileges
    /// drop packets on loopback.
    Silent,
}

impl Connector {
    /// Each address is itself.
    #[must_use]
    pub const fn network() -> Self {
        Self(None)
    }

    /// Each address is what `stage` says, and there are no others.
    #[must_use]
    pub fn staged(stage: HashMap<SocketAddr, StagedAddress>) -> Self {
        Self(Some(Arc::new(stage)))
    }

    /// Connects as [`tcp::connect`] does.
    pub(super) async fn connect(
        &self,
        remote: SocketAddr,
        source: Option<IpAddr>,
        timeout: Duration,
    ) -> Result<(TcpStream, Duration), NotConnected> {
        self.connect_noting(remote, source, timeout, &Attempt::default()).await
    }

    /// Connects as [`tcp::connect_noting`] does. On a stage the local address is not noted: it is
    /// one of loopback, from which nothing leaves for `remote`.
    pub(super) async fn connect_noting(
        &self,
        remote: SocketAddr,
        source: Option<IpAddr>,
        timeout: Duration,
        attempt: &Attempt,
    ) -> Result<(TcpStream, Duration), NotConnected> {
        match self.stands_at(remote) {
            None => tcp::connect_noting(remote, source, timeout, attempt).await,
            Some(Ok(StagedAddress::PlayedAt(at))) => tcp::connect(at, None, timeout).await,
            Some(Ok(StagedAddress::Silent)) => {
                tokio::time::sleep(timeout).await;
                let silence = TcpFailure::TimedOut(TimeoutBy::Ours(timeout));
                Err(NotConnected::Failed(silence, timeout))
            }
            Some(Err(error)) => Err(NotConnected::Obstacle(Obstacle::NoRoute(os_error(&error)))),
        }
    }

    /// The address at which a socket of another kind is to be opened for `remote`.
    ///
    /// # Errors
    /// Nothing on the stage answers there.
    pub(super) fn address_of(&self, remote: SocketAddr) -> io::Result<SocketAddr> {
        match self.stands_at(remote) {
            None => Ok(remote),
            Some(Ok(StagedAddress::PlayedAt(at))) => Ok(at),
            Some(Ok(StagedAddress::Silent)) => Err(not_staged()),
            Some(Err(error)) => Err(error),
        }
    }

    /// `None` off the stage. A server beyond loopback plays nothing.
    fn stands_at(&self, remote: SocketAddr) -> Option<io::Result<StagedAddress>> {
        let staged = self.0.as_ref()?.get(&remote).copied();
        let is_here = |staged: &StagedAddress| match staged {
            StagedAddress::PlayedAt(at) => at.ip().is_loopback(),
            StagedAddress::Silent => true,
        };
        Some(staged.filter(is_here).ok_or_else(not_staged))
    }
}

fn not_staged() -> io::Error {
    io::Error::new(io::ErrorKind::NetworkUnreachable, "nothing is staged at this address")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn off_the_stage_each_address_is_itself() {
        for connector in [Connector::network(), Connector::default()] {
            let azure = address("52.166.10.1:443");
            assert_eq!(connector.address_of(azure).unwrap(), azure);
        }
    }

    #[tokio::test]
    async fn a_stage_leads_to_loopback_and_nowhere_else() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let played = address("52.166.10.1:443");
        let connector = Connector::staged(HashMap::from([
            (played, StagedAddress::PlayedAt(here)),
            // A stage that was set up wrongly.
            (address("52.166.10.2:443"), StagedAddress::PlayedAt(address("192.0.2.7:443"))),
        ]));
        let (stream, _) = connector.connect(played, None, PATIENCE).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), here);
        // Others, another port of a staged one, a listener that is not part of the stage.
        for elsewhere in ["192.0.2.1:443", "52.166.10.1:80", "52.166.10.2:443", &here.to_string()] {
            let elsewhere = address(elsewhere);
            let refused = connector.connect(elsewhere, None, PATIENCE).await;
            assert!(
                matches!(refused, Err(NotConnected::Obstacle(Obstacle::NoRoute(_)))),
                "{elsewhere}: {refused:?}"
            );
            assert!(connector.address_of(elsewhere).is_err(), "{elsewhere}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_takes_its_time() {
        let silent = address("52.166.20.5:443");
        let connector = Connector::staged(HashMap::from([(silent, StagedAddress::Silent)]));
        let ended = connector.connect(silent, None, PATIENCE).await.map(drop);
        let timed_out = TcpFailure::TimedOut(TimeoutBy::Ours(PATIENCE));
        assert_eq!(ended, Err(NotConnected::Failed(timed_out, PATIENCE)));
    }
}
