//! The only room that touches the measured network: sockets and clocks.

pub mod dns;
pub mod os_error;
