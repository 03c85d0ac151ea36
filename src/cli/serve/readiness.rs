//! What systemd wants to know of a service of `Type=notify` (`sd_notify(3)`): a datagram to the
//! socket that it names.

/// Tells the service manager, where there is one that asks. One that does not listen is no reason
/// to end.
#[cfg(unix)]
pub(super) fn say(state: &str) {
    use std::os::unix::net::UnixDatagram;

    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let Ok(datagram) = UnixDatagram::unbound() else { return };
    let _ = match abstract_name(&socket) {
        Some(address) => datagram.send_to_addr(state.as_bytes(), &address),
        None => datagram.send_to(state.as_bytes(), &socket),
    };
}

/// `@NAME` is a name that no file has.
#[cfg(target_os = "linux")]
fn abstract_name(socket: &std::ffi::OsStr) -> Option<std::os::unix::net::SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;

    let name = socket.as_bytes().strip_prefix(b"@")?;
    std::os::unix::net::SocketAddr::from_abstract_name(name).ok()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn abstract_name(_: &std::ffi::OsStr) -> Option<std::os::unix::net::SocketAddr> {
    None
}

#[cfg(not(unix))]
pub(super) fn say(_: &str) {}
