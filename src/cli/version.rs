//! `--version`: the program, the commit that it was built from, and how old what it knows of Azure
//! is.

use crate::list;
use crate::model::Cloud;
use crate::tags::Snapshot;

/// The version alone, as `-V` shows it.
pub(super) const SHORT: &str = env!("CARGO_PKG_VERSION");

/// The commit, where who built the program knew it.
const COMMIT: &str = env!("PATHPROOF_BUILT_FROM");

/// What `--version` shows.
pub(super) fn long() -> String {
    let commit = if COMMIT.is_empty() { "of no commit" } else { COMMIT };
    let tags: Vec<String> = Cloud::ALL
        .into_iter()
        .map(|cloud| format!("{cloud} of {}", Snapshot::embedded_date(cloud)))
        .collect();
    let documents = list::newest_source().unwrap_or("no known day");
    format!(
        "{SHORT} ({commit})\n\
         service tags: {}\n\
         endpoint lists: by Microsoft's documents up to {documents}",
        tags.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_says_how_old_the_embedded_files_are() {
        let long = long();
        let lines: Vec<&str> = long.lines().collect();
        let [program, tags, lists] = &lines[..] else { panic!("{long}") };
        assert!(program.starts_with(concat!(env!("CARGO_PKG_VERSION"), " (")), "{program}");
        for cloud in Cloud::ALL {
            let date = &Snapshot::embedded(cloud).date;
            assert!(tags.contains(&format!("{cloud} of {date}")), "{tags}");
        }
        let newest = list::embedded().iter().flat_map(|own| own.list().entries);
        let newest = newest.map(|entry| entry.date).max().unwrap();
        assert!(lists.ends_with(&newest), "{lists}");
    }
}
