//! Windows repeats a SYN after a RST, twice and half a second apart, before it reports "refused":
//! within a short time-out that is silence. This switches the repeating off for one socket.

use std::io;
use std::mem::size_of;
use std::ptr::{from_ref, null_mut};

use socket2::Socket;
use windows_sys::Win32::Networking::WinSock::{
    SIO_TCP_INITIAL_RTO, SOCKET_ERROR, TCP_INITIAL_RTO_PARAMETERS, WSAIoctl,
};

use super::socket_option;

/// `TCP_INITIAL_RTO_UNSPECIFIED_RTT` of mstcpip.h: the system's own initial round-trip time.
const UNSPECIFIED_RTT: u16 = u16::MAX;
/// `TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS` of mstcpip.h, `(UCHAR)-2`.
const NO_SYN_RETRANSMISSIONS: u8 = 0xfe;

/// Bytes of the parameters.
const PARAMETERS_LENGTH: u32 = 4;
const _: () = assert!(size_of::<TCP_INITIAL_RTO_PARAMETERS>() == PARAMETERS_LENGTH as usize);

/// Sets `SIO_TCP_INITIAL_RTO` (Windows 8 and Server 2012 onwards).
///
/// # Errors
/// The code of `WSAIoctl`, where the system does not know the option.
#[expect(unsafe_code, reason = "WinSock offers the option through WSAIoctl alone")]
pub(in crate::probe) fn switch_off_syn_repeats(socket: &Socket) -> io::Result<()> {
    let parameters = TCP_INITIAL_RTO_PARAMETERS {
        Rtt: UNSPECIFIED_RTT,
        MaxSynRetransmissions: NO_SYN_RETRANSMISSIONS,
    };
    let mut returned = 0_u32;
    let handle = socket_option::handle_of(socket)?;
    // SAFETY: the handle is open for as long as `socket` is borrowed; the input points to a live
    // structure of the length given; there is no output buffer, and `returned` outlives this
    // call, which is synchronous because no OVERLAPPED and no completion routine are given.
    let outcome = unsafe {
        WSAIoctl(
            handle,
            SIO_TCP_INITIAL_RTO,
            from_ref(&parameters).cast(),
            PARAMETERS_LENGTH,
            null_mut(),
            0,
            &raw mut returned,
            null_mut(),
            None,
        )
    };
    if outcome == SOCKET_ERROR {
        return Err(socket_option::last_error());
    }
    Ok(())
}
