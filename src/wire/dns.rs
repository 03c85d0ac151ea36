//! Codecs for DNS messages: a question to bytes, bytes to an [`crate::model::Answer`].
