//! Arguments to configuration, then commands.
