//! What the catalogue holds for each cause.

use crate::model::{Cause, Owner};

/// What is known about a cause, whatever the endpoint.
#[derive(Debug)]
pub struct CatalogueEntry {
    /// The cause that the rest is about.
    pub cause: Cause,
    /// What the cause means, in one sentence.
    pub sentence: &'static str,
    /// What the cause is recognised by, and what tells it from its rivals.
    pub told_by: &'static str,
    /// Causes that can leave the same record.
    pub rivals: &'static [Cause],
    /// Who can fix it, as a rule.
    pub owner: Owner,
    /// What to do, as a template with placeholders.
    pub remedy: &'static str,
    /// The standard, documentation or part of the contract that supports the entry.
    pub source: &'static str,
}
