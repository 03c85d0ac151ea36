//! Byte codecs without sockets. Pure.

pub mod dns;
