//! The error queue of a socket (ip(7), `IP_RECVERR`): which ICMP error came, and from whom. Kernels
//! keep it for connects too.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd as _;

use socket2::Socket;

use crate::model::HopAnswer;
use crate::probe::os_error::os_error;

/// RFC 792 and RFC 4443: time exceeded, in the two families.
const TIME_EXCEEDED_V4: u8 = 11;
const TIME_EXCEEDED_V6: u8 = 3;
/// linux/errqueue.h
const ORIGIN_ICMP: u8 = 2;
const ORIGIN_ICMP6: u8 = 3;

/// An ICMP error.
pub(super) struct Told {
    is_time_exceeded: bool,
    from: Option<IpAddr>,
}

impl Told {
    pub(super) fn answer(&self, error: &io::Error) -> HopAnswer {
        if self.is_time_exceeded {
            HopAnswer::Expired { from: self.from }
        } else {
            HopAnswer::Answered { os: Some(os_error(error)), from: self.from }
        }
    }
}

/// Room for the two control messages that may come: the error with its sender's address, and the
/// other family's. Aligned as control messages must be (cmsg(3)).
#[repr(C, align(8))]
struct Control([u8; CONTROL_LENGTH]);

const CONTROL_LENGTH: usize = 512;

/// The first error in the queue; `None` where there is none, or none of ICMP's.
#[expect(unsafe_code, reason = "nothing wraps MSG_ERRQUEUE")]
pub(super) fn read(socket: &Socket) -> Option<Told> {
    let mut control = Control([0; CONTROL_LENGTH]);
    // SAFETY: all-zero bytes are a valid `msghdr`: null pointers and lengths of nothing.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_control = control.0.as_mut_ptr().cast();
    #[expect(clippy::useless_conversion, reason = "musl counts in 32 bits")]
    let length = control.0.len().try_into().ok()?;
    message.msg_controllen = length;
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: the descriptor is open while `socket` is borrowed; `message` points to `control`,
    // which outlives the call, with its true length.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) };
    if received < 0 {
        return None;
    }
    // SAFETY: the kernel has filled `message` with well-formed control messages, or none.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while !next.is_null() {
        // SAFETY: not null, so a header within `control`.
        let header = unsafe { *next };
        let is_error = matches!(
            (header.cmsg_level, header.cmsg_type),
            (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
        );
        if is_error {
            // SAFETY: the message's data follow its header.
            let data = unsafe { libc::CMSG_DATA(next) }.cast_const();
            // SAFETY: a message of this type begins with a `sock_extended_err`.
            let error: libc::sock_extended_err = unsafe { copied(data) };
            // SAFETY: the sender's address follows it in the same message, and `control` has room
            // for the largest.
            let from = unsafe { sender(data.add(size_of::<libc::sock_extended_err>())) };
            return match error.ee_origin {
                ORIGIN_ICMP => {
                    Some(Told { is_time_exceeded: error.ee_type == TIME_EXCEEDED_V4, from })
                }
                ORIGIN_ICMP6 => {
                    Some(Told { is_time_exceeded: error.ee_type == TIME_EXCEEDED_V6, from })
                }
                _ => None,
            };
        }
        // SAFETY: `next` is a header of `message`.
        next = unsafe { libc::CMSG_NXTHDR(&raw const message, next) };
    }
    None
}

/// Who sent the ICMP error.
///
/// # Safety
/// `address` must point to readable memory of a socket address's size that begins with its family.
#[expect(unsafe_code, reason = "the kernel gives an untyped socket address")]
unsafe fn sender(address: *const u8) -> Option<IpAddr> {
    // SAFETY: by this function's own contract.
    let family: libc::sa_family_t = unsafe { copied(address) };
    match libc::c_int::from(family) {
        libc::AF_INET => {
            // SAFETY: as above; the family says which address it is.
            let v4: libc::sockaddr_in = unsafe { copied(address) };
            Some(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6: libc::sockaddr_in6 = unsafe { copied(address) };
            Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
        }
        // The kernel does not know who.
        _ => None,
    }
}

/// What lies at `from`, whatever its alignment.
///
/// # Safety
/// As many bytes as a `T` has must be readable there, and any bytes must make a `T`.
#[expect(unsafe_code, reason = "control messages are bytes")]
unsafe fn copied<T: Copy>(from: *const u8) -> T {
    let mut value = std::mem::MaybeUninit::<T>::uninit();
    // SAFETY: by this function's own contract; `value` is new memory of the same size.
    unsafe {
        std::ptr::copy_nonoverlapping(from, value.as_mut_ptr().cast(), size_of::<T>());
        value.assume_init()
    }
}
