//! The only room that touches the measured network: sockets and clocks.

mod crypto;
pub mod dns;
pub mod os_error;
pub mod tcp;
pub mod trust;
