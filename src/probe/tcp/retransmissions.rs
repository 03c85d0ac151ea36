//! How often the kernel has repeated what a connection sent (tcp(7), `TCP_INFO`): for a connect
//! that nobody answers, its SYN.

use std::mem::{MaybeUninit, size_of};
use std::os::fd::AsRawFd as _;

use tokio::net::TcpStream;

/// The kernel's own count, `tcpi_total_retrans`. (The macros of nix for options that it does not
/// wrap panic where a kernel's structure is shorter than ours, which an older kernel's is.)
#[expect(unsafe_code, reason = "no crate here wraps TCP_INFO for kernels of any age")]
pub(super) fn of(stream: &TcpStream) -> Option<u32> {
    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: the descriptor is open while `stream` is borrowed, and the kernel writes at most
    // `length` bytes, which is the size of `info`.
    let outcome = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    // SAFETY: all-zero bytes are a valid `tcp_info`, whose fields are integers, and the kernel has
    // overwritten a beginning of them.
    (outcome == 0).then(|| unsafe { info.assume_init() }.tcpi_total_retrans)
}
