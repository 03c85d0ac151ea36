//! Byte codecs without sockets. Pure.

pub mod dns;
pub mod http;
pub mod tds;
pub mod tls_record;
