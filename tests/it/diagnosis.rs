//! What single records come to.
