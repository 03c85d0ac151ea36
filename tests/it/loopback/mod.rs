//! Servers on loopback that behave, or misbehave on purpose.

pub(crate) mod dns;
