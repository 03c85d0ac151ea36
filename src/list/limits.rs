//! How much of an input is read at all.

/// The size of the largest input file that is worth reading. The longest real one, the status of a
/// runtime with 256 gateways, has 14 KiB. The parsers of this room refuse larger texts, so that
/// whoever reads a file can stop one byte above this size.
pub const MAX_INPUT_BYTES: usize = 4 << 20;

/// The size of the largest endpoint list: twenty times the longest of ours. The parser of TOML
/// needs some three hundred bytes of memory for each byte of a text that is made to be costly.
pub(super) const MAX_LIST_BYTES: usize = 256 << 10;
