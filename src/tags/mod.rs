//! Which addresses the cloud publishes as its own. Pure.
