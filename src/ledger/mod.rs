//! Which address was seen for which name, when first and last, and how proven: one `SQLite` file.
//!
//! A run writes in one transaction, so that a run that is killed leaves what was there before;
//! two runs at once wait for each other. Times are given, never asked of a clock.

mod export;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params};

pub use export::{csv, json, table};

/// `PRAGMA user_version` of this layout.
const SCHEMA: i32 = 1;
/// `PRAGMA application_id`: "pthp". It tells our files from other databases.
const APPLICATION: i32 = 0x7074_6870;
/// How long one run waits for another.
const PATIENCE: Duration = Duration::from_secs(10);

/// How an address was proven to belong to a name, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// It stood in the live rule, and no name was known for it.
    Live,
    /// Resolved.
    Resolved,
    /// Also inside the cloud's published ranges, by a chain of the expected domains.
    Published,
    /// Also by TLS for that name.
    Tls,
}

impl Proof {
    const ALL: [Self; 4] = [Self::Live, Self::Resolved, Self::Published, Self::Tls];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Resolved => "resolved",
            Self::Published => "published",
            Self::Tls => "tls",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.as_str() == text)
    }
}

/// An address as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// For which name.
    pub name: String,
    /// The address; or a prefix that stood in a live rule.
    pub net: IpNet,
    /// When.
    pub at: Timestamp,
    /// How proven.
    pub proof: Proof,
    /// By what: a file, `dns`, or the group whose rule it stood in.
    pub source: String,
}

/// What is remembered of a name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// The address or prefix.
    pub net: IpNet,
    /// When first.
    pub first_seen: Timestamp,
    /// When last.
    pub last_seen: Timestamp,
    /// How it was proven the last time.
    pub proof: Proof,
    /// By what it was seen the last time.
    pub source: String,
}

/// Why a ledger cannot be used. Nothing was changed by what failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Not there.
    #[error("{path}: there is no ledger here; rules plan --ledger writes one")]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// Not readable or writable.
    #[error("{path}: cannot open the ledger: {message}; its folder must be there and writable")]
    Open {
        /// The file.
        path: PathBuf,
        /// `SQLite`'s words.
        message: String,
    },
    /// Another kind of file.
    #[error("{path}: this is no ledger of pathproof; give another file (--ledger)")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error(
        "{path}: a newer pathproof wrote this ledger (layout {found}; this one knows {SCHEMA}): update pathproof"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i32,
    },
    /// The disk.
    #[error(
        "{path}: no space is left for the ledger; what it held is intact: make room and run again"
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another run.
    #[error("{path}: another run holds the ledger for more than {} s: wait for it to end", PATIENCE.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Damaged content.
    #[error(
        "{path}: the ledger is damaged ({what}): move it away; without it the live rule's addresses count as seen now"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        what: String,
    },
    /// Anything else.
    #[error("{path}: {message}")]
    Other {
        /// The file.
        path: PathBuf,
        /// `SQLite`'s words.
        message: String,
    },
}

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
}

impl Ledger {
    /// Opens the ledger at `path`, and makes one where there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_with(path, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens the ledger at `path`, which must be there.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        if !path.exists() {
            return Err(LedgerError::Absent { path: path.to_owned() });
        }
        Self::open_with(path, OpenFlags::empty())
    }

    fn open_with(path: &Path, flags: OpenFlags) -> Result<Self, LedgerError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| {
            LedgerError::Open { path: path.to_owned(), message: error.to_string() }
        })?;
        let mut ledger = Self { path: path.to_owned(), connection };
        ledger.prepare().map_err(|error| ledger.explain(error))??;
        Ok(ledger)
    }

    fn prepare(&mut self) -> rusqlite::Result<Result<(), LedgerError>> {
        self.connection.busy_timeout(PATIENCE)?;
        // Nothing is written to a file before it is known to be ours, or empty.
        let pragma = |name: &str| -> rusqlite::Result<i32> {
            self.connection.pragma_query_value(None, name, |row| row.get(0))
        };
        let n_tables: i64 =
            self.connection
                .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        let (application, version) = (pragma("application_id")?, pragma("user_version")?);
        let is_empty = n_tables == 0 && application == 0 && version == 0;
        if !is_empty && application != APPLICATION {
            return Ok(Err(LedgerError::Foreign { path: self.path.clone() }));
        }
        if version > SCHEMA {
            return Ok(Err(LedgerError::Newer { path: self.path.clone(), found: version }));
        }
        // Readers do not block the writer, and a killed writer leaves whole transactions only.
        // Every commit reaches the disk: a job that runs once a day can wait for it.
        self.connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        if !is_empty {
            return Ok(Ok(()));
        }
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another run may have made it while this one waited.
        transaction.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS sighting (
                 name TEXT NOT NULL,
                 net TEXT NOT NULL,
                 first_seen TEXT NOT NULL,
                 last_seen TEXT NOT NULL,
                 proof TEXT NOT NULL,
                 source TEXT NOT NULL,
                 PRIMARY KEY (name, net)
             ) STRICT, WITHOUT ROWID;
             PRAGMA application_id = {APPLICATION};
             PRAGMA user_version = {SCHEMA};"
        ))?;
        transaction.commit()?;
        Ok(Ok(()))
    }

    /// Notes what a run saw: all of it, or nothing.
    ///
    /// # Errors
    /// [`LedgerError`]; what was there before stays.
    pub fn note(&mut self, sightings: &[Sighting]) -> Result<(), LedgerError> {
        self.note_all(sightings).map_err(|error| self.explain(error))
    }

    fn note_all(&mut self, sightings: &[Sighting]) -> rusqlite::Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            // Times are texts of one length in UTC: their order is that of time. An older report
            // read late moves nothing back.
            let mut note = transaction.prepare(
                "INSERT INTO sighting (name, net, first_seen, last_seen, proof, source)
                 VALUES (?1, ?2, ?3, ?3, ?4, ?5)
                 ON CONFLICT (name, net) DO UPDATE SET
                     first_seen = min(first_seen, excluded.first_seen),
                     proof = iif(excluded.last_seen >= last_seen, excluded.proof, proof),
                     source = iif(excluded.last_seen >= last_seen, excluded.source, source),
                     last_seen = max(last_seen, excluded.last_seen)",
            )?;
            for sighting in sightings {
                note.execute(params![
                    sighting.name,
                    sighting.net.to_string(),
                    stamp(sighting.at),
                    sighting.proof.as_str(),
                    sighting.source,
                ])?;
            }
        }
        transaction.commit()
    }

    /// Everything that is remembered, by name and address.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn rows(&self) -> Result<Vec<Row>, LedgerError> {
        let raw = self.raw_rows().map_err(|error| self.explain(error))?;
        let mut rows = raw
            .into_iter()
            .map(|[name, net, first, last, proof, source]| {
                let damaged = |what: &str| LedgerError::Damaged {
                    path: self.path.clone(),
                    what: format!("'{what}' of {name}"),
                };
                Ok(Row {
                    net: net.parse().map_err(|_| damaged(&net))?,
                    first_seen: first.parse().map_err(|_| damaged(&first))?,
                    last_seen: last.parse().map_err(|_| damaged(&last))?,
                    proof: Proof::parse(&proof).ok_or_else(|| damaged(&proof))?,
                    source,
                    name,
                })
            })
            .collect::<Result<Vec<_>, LedgerError>>()?;
        rows.sort_by(|a, b| (&a.name, a.net).cmp(&(&b.name, b.net)));
        Ok(rows)
    }

    fn raw_rows(&self) -> rusqlite::Result<Vec<[String; 6]>> {
        let mut query = self
            .connection
            .prepare("SELECT name, net, first_seen, last_seen, proof, source FROM sighting")?;
        let rows = query.query_map([], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?])
        })?;
        rows.collect()
    }

    /// Forgets what was not seen since; says how much that was.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn prune(&mut self, before: Timestamp) -> Result<usize, LedgerError> {
        self.connection
            .execute("DELETE FROM sighting WHERE last_seen < ?1", [stamp(before)])
            .map_err(|error| self.explain(error))
    }

    #[expect(clippy::needless_pass_by_value, reason = "the error ends here")]
    fn explain(&self, error: rusqlite::Error) -> LedgerError {
        let path = self.path.clone();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => LedgerError::Foreign { path },
            Some(ErrorCode::DiskFull) => LedgerError::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy { path },
            Some(ErrorCode::DatabaseCorrupt) => {
                LedgerError::Damaged { path, what: error.to_string() }
            }
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                LedgerError::Open { path, message: error.to_string() }
            }
            _ => LedgerError::Other { path, message: error.to_string() },
        }
    }
}

/// RFC 3339 with milliseconds: all of one length.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests;
