//! Byte codecs without sockets. Pure.

pub mod connect;
pub mod dns;
pub mod http;
mod http_url;
pub mod old_hello;
pub mod socks;
pub mod tds;
pub mod tls_record;

pub use http_url::{HttpUrl, HttpUrlError};
