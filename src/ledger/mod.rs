//! Which address was seen for which name, when first and last, and how proven: one `SQLite` file.
//!
//! A run writes in one transaction, so that a run that is killed leaves what was there before;
//! two runs at once wait for each other. Times are given, never asked of a clock. Every row has a
//! checksum, and so have all together: `SQLite` has none, and a bit that a disk flips would cut off
//! an address, or keep one.

#![expect(clippy::disallowed_methods, reason = "the ledger is a file")]

mod export;
mod raw;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

pub use export::{csv, json, table};

use raw::{RawRow, Total, checked_rows, put, put_total, raw_row, raw_rows, total};

/// `PRAGMA user_version` of this layout. Layout 1 had no checksums.
const SCHEMA: i32 = 2;
/// `PRAGMA application_id`: "pthp". It tells our files from other databases.
const APPLICATION: i32 = 0x7074_6870;
/// How long one run waits for another.
const PATIENCE: Duration = Duration::from_secs(10);

/// How an address was proven to belong to a name, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// The live rule held it, and no name was known for it.
    Live,
    /// A name server gave it for the name.
    Resolved,
    /// It is also inside the cloud's published ranges, by a chain of the expected domains.
    Published,
    /// It also presented a certificate for that name.
    Tls,
}

impl Proof {
    const ALL: [Self; 4] = [Self::Live, Self::Resolved, Self::Published, Self::Tls];

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
pub struct LedgerSighting {
    pub name: String,
    /// The address, or a prefix that a live rule held.
    pub net: IpNet,
    pub at: Timestamp,
    pub proof: Proof,
    /// Where it was seen: a file, `dns`, or the group whose rule held it.
    pub source: String,
}

/// What is remembered of a name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    pub name: String,
    /// The address or prefix.
    pub net: IpNet,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// How it was proven the last time.
    pub proof: Proof,
    /// Where it was seen the last time.
    pub source: String,
}

/// Why a ledger cannot be used. Nothing was changed by what failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("{path}: there is no ledger here; rules plan --ledger writes one")]
    Absent { path: PathBuf },
    /// A file of no bytes: a run was ended before it wrote any.
    #[error(
        "{path}: the file is empty: nothing was noted in it yet; rules plan --ledger does that"
    )]
    Empty { path: PathBuf },
    /// Not readable or writable.
    #[error("{path}: cannot open the ledger: {message}; {advice}")]
    Open {
        path: PathBuf,
        message: String,
        /// What has to be so for the ledger to open.
        advice: &'static str,
    },
    /// Another kind of file.
    #[error(
        "{path}: this is no ledger of pathproof: give another file (--ledger); where it was one, \
         its beginning is damaged: restore it from a copy"
    )]
    Foreign { path: PathBuf },
    /// Written by a later version.
    #[error(
        "{path}: a newer pathproof wrote this ledger (layout {found}; this one knows {SCHEMA}): update pathproof"
    )]
    Newer { path: PathBuf, found: i32 },
    /// The disk, or a quota.
    #[error(
        "{path}: no space is left for the ledger; what it held is intact: make room and run again"
    )]
    Full { path: PathBuf },
    /// The disk does not give what was written.
    #[error(
        "{path}: the disk or the network share does not read or write the ledger ({message}): look \
         into the system's log"
    )]
    Disk { path: PathBuf, message: String },
    #[error(
        "{path}: another run holds the ledger for more than {} s: wait for it to end",
        PATIENCE.as_secs()
    )]
    Busy { path: PathBuf },
    #[error(
        "{path}: the ledger is damaged ({what}): restore it from a copy, or move it away: without \
         it the live rule's addresses count as seen now"
    )]
    Damaged { path: PathBuf, what: String },
    #[error("{path}: {message}")]
    Other { path: PathBuf, message: String },
}

/// What ended a piece of work on the file.
enum LedgerFailure {
    Sqlite(rusqlite::Error),
    /// The content is not what was written.
    Damaged(String),
    Explained(LedgerError),
}

impl From<rusqlite::Error> for LedgerFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

type LedgerResult<T> = Result<T, LedgerFailure>;

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
    /// Ledgers before layout 2 have no checksums.
    has_sums: bool,
}

impl Ledger {
    /// Opens the ledger at `path`, and makes one where there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens the ledger at `path`, which must be there.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        if !path.exists() {
            return Err(LedgerError::Absent { path: path.to_owned() });
        }
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens the ledger at `path` to read it: the right to read the file is enough.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open_to_read(path: &Path) -> Result<Self, LedgerError> {
        let Ok(metadata) = path.metadata() else {
            return Err(LedgerError::Absent { path: path.to_owned() });
        };
        if metadata.is_file() && metadata.len() == 0 {
            return Err(LedgerError::Empty { path: path.to_owned() });
        }
        if has_pages(&beside(path, "-wal")) {
            return Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        }
        // Readers of a write-ahead log share a file beside it, which a reader without rights cannot
        // make. Without a log the file alone is whole, and nothing is made beside it. Whoever began
        // to write just now writes to a log first.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Self::open_file(path, &unchanging(path), flags)
    }

    fn open_with(path: &Path, flags: OpenFlags) -> Result<Self, LedgerError> {
        Self::open_file(path, path, flags)
    }

    fn open_file(path: &Path, file: &Path, flags: OpenFlags) -> Result<Self, LedgerError> {
        if path.is_dir() {
            let (message, advice) = ("it is a folder".to_owned(), "name a file in it");
            return Err(LedgerError::Open { path: path.to_owned(), message, advice });
        }
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)
            .map_err(|error| explain(path, LedgerFailure::Sqlite(error)))?;
        let mut ledger = Self { path: path.to_owned(), connection, has_sums: true };
        let may_write = flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE);
        ledger.prepare(may_write).map_err(|failure| explain(path, failure))?;
        Ok(ledger)
    }

    fn prepare(&mut self, may_write: bool) -> LedgerResult<()> {
        self.connection.busy_timeout(PATIENCE)?;
        // Nothing is written to a file before it is known to be ours, or empty.
        let number = |sql: &str| -> rusqlite::Result<i32> {
            self.connection.query_row(sql, [], |row| row.get(0))
        };
        let n_tables = number("SELECT count(*) FROM sqlite_master")?;
        let n_totals = number("SELECT count(*) FROM sqlite_master WHERE name = 'total'")?;
        let application = number("PRAGMA application_id")?;
        let version = number("PRAGMA user_version")?;
        let is_empty = n_tables == 0 && application == 0 && version == 0;
        if !is_empty && application != APPLICATION {
            return Err(LedgerFailure::Explained(LedgerError::Foreign { path: self.path.clone() }));
        }
        if version > SCHEMA {
            let path = self.path.clone();
            return Err(LedgerFailure::Explained(LedgerError::Newer { path, found: version }));
        }
        if !is_empty && (version < 1 || (version >= 2) != (n_totals == 1)) {
            return Err(LedgerFailure::Damaged(format!(
                "its layout says {version}, its tables do not"
            )));
        }
        self.has_sums = is_empty || version >= 2;
        if !may_write {
            return Ok(());
        }
        // Readers do not block the writer, and a killed writer leaves whole transactions only.
        // Every commit reaches the disk: a job that runs once a day can wait for it.
        self.connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        if is_empty || version < SCHEMA {
            self.make()?;
        }
        Ok(())
    }

    /// Makes the tables, and brings those of an older layout up to this one.
    fn make(&mut self) -> LedgerResult<()> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another run may have made it while this one waited.
        let version: i32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version == 0 {
            transaction.execute_batch(&format!(
                "CREATE TABLE sighting (
                     name TEXT NOT NULL,
                     net TEXT NOT NULL,
                     first_seen TEXT NOT NULL,
                     last_seen TEXT NOT NULL,
                     proof TEXT NOT NULL,
                     source TEXT NOT NULL,
                     PRIMARY KEY (name, net)
                 ) STRICT, WITHOUT ROWID;
                 PRAGMA application_id = {APPLICATION};"
            ))?;
        }
        if version < 2 {
            transaction.execute_batch(
                "ALTER TABLE sighting ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
                 CREATE TABLE total (rows INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT;
                 INSERT INTO total (rows, sum) VALUES (0, 0);",
            )?;
            let mut total = Total::default();
            for (row, _) in raw_rows(&transaction, false)? {
                put(&transaction, &row)?;
                total.add(&row);
            }
            put_total(&transaction, total)?;
        }
        transaction.pragma_update(None, "user_version", SCHEMA)?;
        transaction.commit()?;
        self.has_sums = true;
        Ok(())
    }

    /// Notes all that a run saw, or nothing of it.
    ///
    /// # Errors
    /// [`LedgerError`]; what was there before stays.
    pub fn note(&mut self, sightings: &[LedgerSighting]) -> Result<(), LedgerError> {
        self.note_all(sightings).map_err(|failure| explain(&self.path, failure))
    }

    fn note_all(&mut self, sightings: &[LedgerSighting]) -> LedgerResult<()> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut total = total(&transaction)?;
        for sighting in sightings {
            let seen = RawRow::of(sighting);
            let known = raw_row(&transaction, &seen.name, &seen.net)?;
            let row = match &known {
                Some(known) => known.with(&seen),
                None => seen,
            };
            if known.as_ref() == Some(&row) {
                continue;
            }
            if let Some(known) = &known {
                total.remove(known);
            }
            total.add(&row);
            put(&transaction, &row)?;
        }
        put_total(&transaction, total)?;
        Ok(transaction.commit()?)
    }

    /// Every row, by name and address.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn rows(&self) -> Result<Vec<LedgerRow>, LedgerError> {
        self.all_rows().map_err(|failure| explain(&self.path, failure))
    }

    fn all_rows(&self) -> LedgerResult<Vec<LedgerRow>> {
        let raw = checked_rows(&self.connection, self.has_sums)?;
        let mut rows = raw.into_iter().map(RawRow::read).collect::<LedgerResult<Vec<_>>>()?;
        rows.sort_by(|a, b| (&a.name, a.net).cmp(&(&b.name, b.net)));
        Ok(rows)
    }

    /// Sets to `now` what claims to be seen later: a clock was ahead, and such an address would
    /// never be forgotten. Gives those rows as they were.
    ///
    /// # Errors
    /// [`LedgerError`]; what was there before stays.
    pub fn settle(&mut self, now: Timestamp) -> Result<Vec<LedgerRow>, LedgerError> {
        self.settle_all(now).map_err(|failure| explain(&self.path, failure))
    }

    fn settle_all(&mut self, now: Timestamp) -> LedgerResult<Vec<LedgerRow>> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut total = total(&transaction)?;
        let mut ahead = Vec::new();
        let limit = stamp(now);
        for raw in checked_rows(&transaction, true)? {
            if raw.last_seen <= limit && raw.first_seen <= limit {
                continue;
            }
            total.remove(&raw);
            let settled = RawRow {
                first_seen: raw.first_seen.clone().min(limit.clone()),
                last_seen: raw.last_seen.clone().min(limit.clone()),
                ..raw.clone()
            };
            total.add(&settled);
            put(&transaction, &settled)?;
            ahead.push(raw.read()?);
        }
        put_total(&transaction, total)?;
        transaction.commit()?;
        Ok(ahead)
    }

    /// Forgets what was not seen since `before`, and returns how many rows that were.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn prune(&mut self, before: Timestamp) -> Result<usize, LedgerError> {
        self.prune_all(before).map_err(|failure| explain(&self.path, failure))
    }

    fn prune_all(&mut self, before: Timestamp) -> LedgerResult<usize> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let limit = stamp(before);
        let mut total = total(&transaction)?;
        let mut pruned = 0;
        for raw in checked_rows(&transaction, true)? {
            if raw.last_seen < limit {
                total.remove(&raw);
                pruned += transaction.execute(
                    "DELETE FROM sighting WHERE name = ?1 AND net = ?2",
                    [&raw.name, &raw.net],
                )?;
            }
        }
        put_total(&transaction, total)?;
        transaction.commit()?;
        Ok(pruned)
    }
}

/// The error that tells the user what to do.
fn explain(path: &Path, failure: LedgerFailure) -> LedgerError {
    let path = path.to_owned();
    let error = match failure {
        LedgerFailure::Sqlite(error) => error,
        LedgerFailure::Damaged(what) => return LedgerError::Damaged { path, what },
        LedgerFailure::Explained(error) => return error,
    };
    let message = error.to_string();
    let extended = error.sqlite_error().map(|error| error.extended_code);
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LedgerError::Foreign { path },
        Some(ErrorCode::DiskFull) => LedgerError::Full { path },
        // A quota, or a full disk that is met when the shared file beside the log grows.
        Some(ErrorCode::SystemIoFailure)
            if extended.is_some_and(|code| WRITING.contains(&code)) =>
        {
            LedgerError::Full { path }
        }
        Some(ErrorCode::SystemIoFailure) => LedgerError::Disk { path, message },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy { path },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            let advice = if path.exists() {
                "it must be a file that this user may read, and to note in it, it and its folder \
                 must be writable"
            } else {
                "its folder must be there and writable"
            };
            LedgerError::Open { path, message, advice }
        }
        Some(ErrorCode::OutOfMemory) => LedgerError::Other { path, message },
        // The statements are ours: where the file does not fit them, it is not as it was written.
        _ => LedgerError::Damaged { path, what: message },
    }
}

/// What fails where the file cannot grow (`SQLite`'s extended result codes).
const WRITING: [i32; 5] = [
    rusqlite::ffi::SQLITE_IOERR_WRITE,
    rusqlite::ffi::SQLITE_IOERR_FSYNC,
    rusqlite::ffi::SQLITE_IOERR_TRUNCATE,
    rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
    rusqlite::ffi::SQLITE_IOERR_SHMMAP,
];

/// The name of a file that `SQLite` keeps beside its own.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn has_pages(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// `path` as a URI that says that nobody writes to it meanwhile (`SQLite`'s URI filenames).
fn unchanging(path: &Path) -> PathBuf {
    use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
    const SPECIAL: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');
    let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), SPECIAL).to_string();
    // A drive is a part of the path there.
    let encoded = if cfg!(windows) && path.is_absolute() {
        format!("/{}", encoded.replace('\\', "/"))
    } else {
        encoded
    };
    format!("file:{encoded}?immutable=1").into()
}

/// RFC 3339 with milliseconds: all stamps have one length, so their order is that of time.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests;
