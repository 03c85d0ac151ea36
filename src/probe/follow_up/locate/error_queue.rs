//! The error queue of a socket (ip(7), `IP_RECVERR`): which ICMP error came, and from whom. Kernels
//! keep it for connects too.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd as _;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use socket2::Socket;

use crate::model::HopAnswer;
use crate::probe::os_error::os_error;

/// RFC 792 and RFC 4443: time exceeded, in the two families.
const TIME_EXCEEDED_V4: u8 = 11;
const TIME_EXCEEDED_V6: u8 = 3;

/// Room for the control messages that may come, bytes: the error with its sender's address, and
/// whatever else a socket may be told.
const CONTROL_ROOM: usize = 512;

/// An ICMP error, and who sent it, where the kernel knows.
pub(super) struct IcmpError {
    is_time_exceeded: bool,
    from: Option<IpAddr>,
}

impl IcmpError {
    pub(super) fn answer(&self, error: &io::Error) -> HopAnswer {
        if self.is_time_exceeded {
            HopAnswer::Expired { from: self.from }
        } else {
            HopAnswer::Answered { os: Some(os_error(error)), from: self.from }
        }
    }
}

/// The first error in the queue; `None` where there is none, or none of ICMP's.
pub(super) fn read(socket: &Socket) -> Option<IcmpError> {
    let mut control = nix::cmsg_space!([u8; CONTROL_ROOM]);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut [], Some(&mut control), flags).ok()?;
    message.cmsgs().ok()?.find_map(|message| icmp_error(&message))
}

fn icmp_error(message: &ControlMessageOwned) -> Option<IcmpError> {
    match message {
        ControlMessageOwned::Ipv4RecvErr(error, from)
            if error.ee_origin == libc::SO_EE_ORIGIN_ICMP =>
        {
            // Without a family the kernel does not know who.
            let from = from.filter(|from| libc::c_int::from(from.sin_family) == libc::AF_INET);
            Some(IcmpError {
                is_time_exceeded: error.ee_type == TIME_EXCEEDED_V4,
                from: from.map(|from| IpAddr::from(from.sin_addr.s_addr.to_ne_bytes())),
            })
        }
        ControlMessageOwned::Ipv6RecvErr(error, from)
            if error.ee_origin == libc::SO_EE_ORIGIN_ICMP6 =>
        {
            let from = from.filter(|from| libc::c_int::from(from.sin6_family) == libc::AF_INET6);
            Some(IcmpError {
                is_time_exceeded: error.ee_type == TIME_EXCEEDED_V6,
                from: from.map(|from| IpAddr::from(from.sin6_addr.s6_addr)),
            })
        }
        _ => None,
    }
}
