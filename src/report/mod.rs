//! Verdicts to bytes: table, JSON, JSON Lines. Pure.
