//! The only room that touches the measured network: sockets and clocks.

mod crypto;
pub mod dns;
pub mod http;
pub mod os_error;
mod tap;
pub mod tcp;
pub mod tds;
pub mod tls;
pub mod trust;
