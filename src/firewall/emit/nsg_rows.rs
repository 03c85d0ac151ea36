//! The rules of a network security group that permits become, for the formats that write such
//! rules.

use super::emission::{Emission, Permit, ProvenPrefix};
use super::error::{EmitError, MOST_PREFIXES, RULE_PRIORITIES, check_name, check_priorities};

/// A rule of a network security group.
pub(super) struct NsgRow<'a> {
    pub(super) name: String,
    pub(super) priority: u32,
    pub(super) permit: &'a Permit,
    pub(super) destination: RowDestination<'a>,
}

pub(super) enum RowDestination<'a> {
    Tag(&'a str),
    /// Prefixes of one address family.
    Prefixes(Vec<&'a ProvenPrefix>),
}

impl Emission {
    /// One rule for each permit and address family. Azure takes one tag in a rule, and no prefixes
    /// beside it.
    pub(super) fn nsg_rows(&self) -> Result<Vec<NsgRow<'_>>, EmitError> {
        let mut rows: Vec<NsgRow<'_>> = Vec::new();
        let mut add = |permit, destination| {
            let number = rows.len();
            // There are far fewer rules than 2^32.
            let priority = self.priority.saturating_add(u32::try_from(number).unwrap_or(u32::MAX));
            rows.push(NsgRow { name: self.numbered(number), priority, permit, destination });
        };
        for permit in &self.permits {
            if let Some(tag) = &permit.tag {
                add(permit, RowDestination::Tag(tag));
                continue;
            }
            for family in permit.families() {
                add(permit, RowDestination::Prefixes(family));
            }
        }
        let lengths = rows.iter().map(|row| match &row.destination {
            RowDestination::Tag(_) => 1,
            RowDestination::Prefixes(prefixes) => prefixes.len(),
        });
        let found = lengths.sum();
        if found > MOST_PREFIXES {
            return Err(EmitError::TooManyPrefixes { found });
        }
        let last = rows.last().map_or(self.priority, |row| row.priority);
        check_priorities(self.priority, last, RULE_PRIORITIES)?;
        for row in &rows {
            check_name(&row.name)?;
        }
        Ok(rows)
    }
}

impl NsgRow<'_> {
    /// The addresses that a tag stands for, with their proofs, one comment for each line.
    pub(super) fn held_by_tag(&self) -> impl Iterator<Item = String> {
        self.permit.prefixes.iter().map(|prefix| format!("holds {}: {}", prefix.net, prefix.why))
    }
}
