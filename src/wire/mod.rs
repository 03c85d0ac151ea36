//! Byte codecs: what is sent, and what bytes mean that came back. Nothing here opens a socket.

pub mod connect;
pub mod dns;
pub mod http;
mod http_url;
pub mod ntlm;
pub mod old_hello;
pub mod socks;
pub mod tds;
pub mod tls_record;

pub use http_url::{HttpUrl, HttpUrlError};
