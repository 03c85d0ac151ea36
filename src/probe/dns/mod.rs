//! DNS, step by step: our own exchange over hickory-proto.
