//! Where rules stand in the files that they were read from.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ptr;

use super::loaded::LoadedFiles;
use crate::firewall::Rule;
use crate::firewall::nsg::line_of;
use crate::report::sarif::FileLocation;

/// Finds the file and the line of a rule.
pub(super) struct RuleLocations<'a> {
    rows: Vec<&'a LoadedFiles>,
    /// The line of each location that was asked for: the file is read again for each.
    lines: RefCell<BTreeMap<(&'a str, String), Option<usize>>>,
}

impl<'a> RuleLocations<'a> {
    pub(super) fn new(rows: impl IntoIterator<Item = &'a LoadedFiles>) -> Self {
        Self { rows: rows.into_iter().collect(), lines: RefCell::default() }
    }

    pub(super) fn of(&self, rule: &Rule) -> FileLocation {
        let named = Some((rule.name.clone(), "rule"));
        let is_own = |own: &Rule| ptr::eq(own, rule);
        let held = self.rows.iter().find_map(|row| {
            Some((row, row.sets.iter().find(|set| set.rules().iter().any(is_own))?))
        });
        let Some((row, set)) = held else {
            // One of the platform's own, which no file holds.
            return FileLocation { named, ..FileLocation::default() };
        };
        let file = row.texts.iter().find(|(file, _)| file == set.file());
        let line = file.and_then(|(file, text)| {
            let mut lines = self.lines.borrow_mut();
            let line = || line_of(text, &rule.location);
            *lines.entry((file, rule.location.clone())).or_insert_with(line)
        });
        FileLocation { file: Some(set.file().to_owned()), line, column: None, named }
    }
}
