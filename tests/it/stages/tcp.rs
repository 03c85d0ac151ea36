use std::net::Ipv4Addr;

use pathproof::model::{Obstacle, TcpFailure};
use pathproof::probe::tcp::{Attempt, NotConnected, connect, connect_noting};

use super::PATIENT;
use crate::loopback::{Behaviour, Server, Talk};

#[tokio::test]
async fn a_connection_leaves_from_the_source_given() {
    let server = Server::start(Behaviour::Plain(Talk::Silence));
    let source = Ipv4Addr::LOCALHOST.into();
    let (stream, took) = connect(server.address, Some(source), PATIENT).await.unwrap();
    assert_eq!(stream.local_addr().unwrap().ip(), source);
    assert!(stream.nodelay().unwrap());
    assert!(took < PATIENT);
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let attempt = Attempt::default();
    match connect_noting(closed, None, PATIENT, &attempt).await {
        Err(NotConnected::Failed(TcpFailure::Refused(os), _)) => assert!(os.code != 0, "{os}"),
        other => panic!("{other:?}"),
    }
    let local = attempt.local().expect("what a firewall's log is searched by");
    assert_eq!(local.ip(), closed.ip());
    assert!(local.port() != 0);
}

#[tokio::test]
async fn a_source_that_is_not_ours_is_an_obstacle() {
    let server = Server::start(Behaviour::Plain(Talk::Silence));
    for source in ["192.0.2.7", "2001:db8::7"] {
        match connect(server.address, Some(source.parse().unwrap()), PATIENT).await {
            Err(NotConnected::Obstacle(Obstacle::NoLocalAddress(_))) => {}
            other => panic!("{source}: {other:?}"),
        }
    }
}

/// A listener whose queue is full drops SYNs, which is silence without leaving this host.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn silence_ends_at_our_own_time_out() {
    use std::net::SocketAddr;
    use std::time::Duration;

    use pathproof::model::TimeoutBy;

    use super::BRIEF;

    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let full = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queued = Vec::new();
    for _ in 0..8 {
        let attempt = Attempt::default();
        match connect_noting(full, None, BRIEF, &attempt).await {
            Ok(connection) => queued.push(connection),
            Err(NotConnected::Failed(TcpFailure::TimedOut(TimeoutBy::Ours(limit)), took)) => {
                assert_eq!(limit, BRIEF);
                assert!((BRIEF..BRIEF + Duration::from_secs(2)).contains(&took), "{took:?}");
                assert!(attempt.local().is_some_and(|local| local.port() != 0), "{attempt:?}");
                assert!(attempt.syns() >= Some(1), "{attempt:?}");
                return;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("a queue of one took {} connections", queued.len());
}
