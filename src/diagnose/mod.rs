//! Records to verdicts. Pure: no sockets, no clock.
