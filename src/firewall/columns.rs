//! Comma-separated values whose columns have names.

use std::collections::HashMap;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

/// The rows of a file, each with the number of its line.
pub(super) struct Columns {
    rows: Vec<(u64, CsvRow)>,
}

/// The index of each column by its name in lower case.
type ColumnIndex = HashMap<String, usize>;

pub(super) struct CsvRow {
    names: Arc<ColumnIndex>,
    has_head: bool,
    cells: StringRecord,
}

impl Columns {
    /// Reads a file whose columns are `usual`, unless its first line names a `destination` or an
    /// `address`. The separator is `;` where the first line has more of these than commas.
    ///
    /// # Errors
    /// The line and the message of the reader, where a quoted cell does not end.
    pub(super) fn read(text: &str, usual: &[&str]) -> Result<Self, (u64, String)> {
        // Lines can be counted if all line ends are alike and the last row has one too.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n") + "\n";
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(Trim::All)
            .delimiter(separator(&text))
            .from_reader(text.as_bytes());
        let mut names: ColumnIndex =
            usual.iter().enumerate().map(|(index, name)| ((*name).to_owned(), index)).collect();
        let mut has_head = false;
        let mut shared = None;
        let mut rows = Vec::new();
        let mut cells = StringRecord::new();
        loop {
            let is_row = reader
                .read_record(&mut cells)
                .map_err(|error| (reader.position().line(), error.to_string()))?;
            if !is_row {
                return Ok(Self { rows });
            }
            // The reader takes a line of blanks for a row.
            if cells.iter().all(str::is_empty) {
                continue;
            }
            if shared.is_none() && !has_head && is_head(&cells) {
                has_head = true;
                names.clear();
                for (index, name) in cells.iter().enumerate() {
                    names.entry(name.to_ascii_lowercase()).or_insert(index);
                }
                continue;
            }
            let names = shared.get_or_insert_with(|| Arc::new(std::mem::take(&mut names)));
            let line = reader.position().line() - 1;
            let row = CsvRow { names: Arc::clone(names), has_head, cells: cells.clone() };
            rows.push((line, row));
        }
    }
}

impl IntoIterator for Columns {
    type Item = (u64, CsvRow);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

/// Whether the first line of a text names the columns of such a file.
pub(super) fn begins_with_head(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let cells: StringRecord =
        first.split([',', ';']).map(|cell| cell.trim().trim_matches('"')).collect();
    cells.len() > 1 && is_head(&cells)
}

fn is_head(cells: &StringRecord) -> bool {
    cells.iter().any(|cell| {
        cell.eq_ignore_ascii_case("destination") || cell.eq_ignore_ascii_case("address")
    })
}

fn separator(text: &str) -> u8 {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    if count(';') > count(',') { b';' } else { b',' }
}

impl CsvRow {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether the file names its columns.
    pub(super) const fn has_head(&self) -> bool {
        self.has_head
    }

    /// Whether there is a column of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The cell of this column; empty, where the row has none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.names.get(name).and_then(|index| self.cells.get(*index)).unwrap_or_default()
    }

    /// The first of these cells that is not empty.
    pub(super) fn get_any(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.get(name)).find(|cell| !cell.is_empty()).unwrap_or_default()
    }
}
