//! Endpoint lists, service URLs and authentication keys: text to entries, entries to endpoints. Pure.
