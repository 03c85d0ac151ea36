//! Records to and from JSON Lines. Pure.
