//! What a cause, a layer, an error text of the runtime or a word of the portal means.
