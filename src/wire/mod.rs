//! Byte codecs without sockets. Pure.

pub mod connect;
pub mod dns;
pub mod http;
pub mod socks;
pub mod tds;
pub mod tls_record;
