#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "files are damaged, and a second process writes to the ledger"
)]

use std::fs;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn sighting(name: &str, address: &str, seconds: i64, proof: Proof) -> LedgerSighting {
    let net =
        address.parse().unwrap_or_else(|_| address.parse::<std::net::IpAddr>().unwrap().into());
    LedgerSighting {
        name: name.to_owned(),
        net,
        at: at(seconds),
        proof,
        source: format!("run {seconds}"),
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    (folder, path)
}

#[test]
fn first_and_last_are_kept_whatever_the_order() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.note(&[sighting("a.net", "1.2.3.4", 50, Proof::Tls)]).unwrap();
    ledger.note(&[sighting("a.net", "1.2.3.4", 90, Proof::Resolved)]).unwrap();
    // An old report that is read late.
    ledger.note(&[sighting("a.net", "1.2.3.4", 10, Proof::Published)]).unwrap();
    ledger.note(&[sighting("b.net", "13.69.0.0/24", 20, Proof::Live)]).unwrap();
    drop(ledger);
    let rows = Ledger::open_existing(&path).unwrap().rows().unwrap();
    assert_eq!(rows.len(), 2);
    let row = &rows[0];
    assert_eq!((row.first_seen, row.last_seen), (at(10), at(90)));
    assert_eq!((row.proof, row.source.as_str()), (Proof::Resolved, "run 90"));
    assert_eq!(rows[1].net.to_string(), "13.69.0.0/24");
}

#[test]
fn only_what_is_older_is_pruned() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path).unwrap();
    let all = [10, 20, 30].map(|n| sighting(&format!("{n}.net"), "1.2.3.4", n, Proof::Tls));
    ledger.note(&all).unwrap();
    assert_eq!(ledger.prune(at(20)).unwrap(), 1);
    let names: Vec<_> = ledger.rows().unwrap().into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["20.net", "30.net"]);
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.note(&[sighting("a.net", "1.2.3.4", 1, Proof::Tls)]).unwrap();
    ledger.connection.pragma_update(None, "max_page_count", 8).unwrap();
    let many: Vec<_> = (0..20_000)
        .map(|n| sighting(&format!("{n}.contoso.net"), "1.2.3.4", 2, Proof::Tls))
        .collect();
    let error = ledger.note(&many).unwrap_err();
    assert!(matches!(error, LedgerError::Full { .. }), "{error}");
    assert!(error.to_string().contains("make room"));
    assert_eq!(ledger.rows().unwrap().len(), 1, "all of a run or nothing");
}

#[test]
fn damage_is_told_from_a_foreign_file() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.note(&[sighting("a.net", "1.2.3.4", 1, Proof::Tls)]).unwrap();
    ledger.connection.execute("UPDATE sighting SET last_seen = 'soon'", []).unwrap();
    let error = ledger.rows().unwrap_err();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

#[test]
fn a_field_cannot_break_out_of_its_column() {
    for (field, expected) in [
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("say \"x\"\n", "\"say \"\"x\"\"\n\""),
        ("=cmd()", "'=cmd()"),
    ] {
        let row = LedgerRow {
            name: field.to_owned(),
            net: "1.2.3.4/32".parse().unwrap(),
            first_seen: at(0),
            last_seen: at(0),
            proof: Proof::Tls,
            source: "dns".to_owned(),
        };
        let text = csv(&[row]);
        let line = text.split_once("\r\n").unwrap().1;
        assert!(
            line.starts_with(&format!("{expected},1.2.3.4,2023-11-14T22:13:20.000Z,")),
            "{line}"
        );
    }
}

/// The writer of the next test, in a process of its own: it notes run after run until it is killed.
#[test]
fn notes_until_it_is_killed() {
    let Some(path) = std::env::var_os("PATHPROOF_TEST_LEDGER") else { return };
    let mut ledger = Ledger::open(Path::new(&path)).unwrap();
    for run in 0.. {
        let name = format!("run-{}-{run}.net", std::process::id());
        let all: Vec<_> =
            (0..RUN).map(|n| sighting(&name, &format!("10.0.0.{n}"), 0, Proof::Tls)).collect();
        ledger.note(&all).unwrap();
    }
}

const RUN: usize = 40;

fn writer(path: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ledger::tests::notes_until_it_is_killed"])
        .env("PATHPROOF_TEST_LEDGER", path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn kill_9_at_any_moment_leaves_whole_runs() {
    const KILLS: u64 = 12;
    let (_folder, path) = folder();
    let mut n_rows = 0;
    for kill in 0..KILLS {
        // Two at once: one is killed early, perhaps while it makes the file.
        let mut children = [writer(&path), writer(&path)];
        for (index, child) in children.iter_mut().enumerate() {
            let millis = 5 + 23 * kill * (index as u64 + 1) % 170;
            std::thread::sleep(Duration::from_millis(millis));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let ledger = Ledger::open(&path).unwrap();
        let sound: String =
            ledger.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        let mut by_run = std::collections::BTreeMap::<String, usize>::new();
        for row in ledger.rows().unwrap() {
            *by_run.entry(row.name).or_default() += 1;
        }
        assert!(by_run.values().all(|n| *n == RUN), "half a run: {by_run:?}");
        let now: usize = by_run.values().sum();
        assert!(now >= n_rows, "a run that was committed is gone");
        n_rows = now;
    }
    assert!(n_rows > 0, "no writer ever came to write");
}

#[test]
fn a_file_that_cannot_be_made_is_said() {
    let (folder, _) = folder();
    let error = Ledger::open(&folder.path().join("none/ledger.db")).unwrap_err();
    assert!(matches!(error, LedgerError::Open { .. }), "{error}");
    fs::write(folder.path().join("text"), "text".repeat(2000)).unwrap();
    let error = Ledger::open(&folder.path().join("text")).unwrap_err();
    assert!(matches!(error, LedgerError::Foreign { .. }), "{error}");
}

/// A ledger of many pages, closed.
fn filled() -> (tempfile::TempDir, PathBuf, Vec<LedgerRow>) {
    let (folder, path) = folder();
    let mut ledger = Ledger::open(&path).unwrap();
    let all: Vec<_> = (0..120)
        .map(|n| sighting(&format!("{n}.contoso.net"), &format!("10.0.0.{n}"), n, Proof::Tls))
        .collect();
    ledger.note(&all).unwrap();
    let rows = ledger.rows().unwrap();
    assert_eq!(rows.len(), 120);
    (folder, path, rows)
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing() {
    const STRIDE: usize = 131;
    let (_folder, path, rows) = filled();
    let sound = fs::read(&path).unwrap();
    let (mut n_refused, mut n_same) = (0, 0);
    // The beginning of the file, of whose bytes each means something, and some of every page.
    for at in (0..100).step_by(9).chain((100..sound.len()).step_by(STRIDE)) {
        for bit in 0..8 {
            let mut flipped = sound.clone();
            flipped[at] ^= 1 << bit;
            fs::write(&path, &flipped).unwrap();
            match Ledger::open_to_read(&path).and_then(|ledger| ledger.rows()) {
                Err(error) => {
                    let words = error.to_string();
                    let is_helpful = ["restore it", "update pathproof", "look", "writable"];
                    assert!(is_helpful.iter().any(|word| words.contains(word)), "{words}");
                    n_refused += 1;
                }
                Ok(read) => {
                    assert_eq!(read, rows, "bit {bit} of byte {at}");
                    n_same += 1;
                }
            }
        }
    }
    assert!(n_refused > n_same / 4, "{n_refused} refused, {n_same} the same");
}

#[test]
fn a_row_that_is_changed_or_gone_is_damage() {
    for change in [
        "UPDATE sighting SET last_seen = '2030-01-01T00:00:00.000Z' WHERE net = '10.0.0.7/32'",
        "UPDATE sighting SET sum = sum + 1 WHERE net = '10.0.0.7/32'",
        "DELETE FROM sighting WHERE net = '10.0.0.7/32'",
        "UPDATE total SET rows = rows - 1",
        "DELETE FROM total",
        "DROP TABLE total",
    ] {
        let (_folder, path, _) = filled();
        let ledger = Ledger::open(&path).unwrap();
        ledger.connection.execute_batch(change).unwrap();
        drop(ledger);
        let error = Ledger::open_to_read(&path).and_then(|ledger| ledger.rows()).unwrap_err();
        assert!(matches!(error, LedgerError::Damaged { .. }), "{change}: {error}");
    }
}

#[test]
fn a_ledger_of_layout_1_is_read_and_then_brought_up() {
    let (_folder, path) = folder();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(&format!(
        "CREATE TABLE sighting (
             name TEXT NOT NULL, net TEXT NOT NULL, first_seen TEXT NOT NULL,
             last_seen TEXT NOT NULL, proof TEXT NOT NULL, source TEXT NOT NULL,
             PRIMARY KEY (name, net)
         ) STRICT, WITHOUT ROWID;
         INSERT INTO sighting VALUES ('a.net', '1.2.3.4/32', '2023-11-14T22:13:20.000Z',
             '2023-11-14T22:13:50.000Z', 'tls', 'dns');
         PRAGMA application_id = {APPLICATION};
         PRAGMA user_version = 1;"
    ))
    .unwrap();
    drop(old);
    let read = Ledger::open_to_read(&path).unwrap().rows().unwrap();
    assert_eq!((read.len(), read[0].last_seen), (1, at(30)));
    let mut ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.rows().unwrap(), read);
    ledger.note(&[sighting("b.net", "1.2.3.5", 40, Proof::Tls)]).unwrap();
    drop(ledger);
    assert_eq!(Ledger::open_to_read(&path).unwrap().rows().unwrap().len(), 2);
    let ledger = Ledger::open(&path).unwrap();
    let version: i32 =
        ledger.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, SCHEMA);
}

#[test]
fn what_is_later_than_now_is_set_to_now_once() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path).unwrap();
    let years = 75 * 365 * 24 * 3600;
    ledger
        .note(&[
            sighting("a.net", "1.2.3.4", 10, Proof::Tls),
            sighting("b.net", "1.2.3.5", years, Proof::Tls),
        ])
        .unwrap();
    let ahead = ledger.settle(at(100)).unwrap();
    assert_eq!(ahead.len(), 1);
    assert_eq!((ahead[0].name.as_str(), ahead[0].last_seen), ("b.net", at(years)));
    let rows = ledger.rows().unwrap();
    assert_eq!((rows[1].first_seen, rows[1].last_seen), (at(100), at(100)));
    assert_eq!(rows[0].last_seen, at(10));
    assert!(ledger.settle(at(100)).unwrap().is_empty());
    assert_eq!(ledger.prune(at(101)).unwrap(), 2);
}

#[test]
fn an_empty_file_is_new_to_a_writer_and_nothing_to_a_reader() {
    let (_folder, path) = folder();
    fs::write(&path, "").unwrap();
    let error = Ledger::open_to_read(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Empty { .. }), "{error}");
    assert_eq!(Ledger::open(&path).unwrap().rows().unwrap(), []);
}

#[test]
#[cfg(unix)]
fn whoever_may_read_the_file_reads_the_ledger() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path, rows) = filled();
    // Characters that a URI has other uses for.
    let odd = folder.path().join("a %41?#b.db");
    fs::rename(&path, &odd).unwrap();
    for (path, mode) in [(&odd, 0o444), (&folder.path().to_owned(), 0o555)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(Ledger::open_to_read(&odd).unwrap().rows().unwrap(), rows);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(beside.len(), 1, "nothing is left beside it: {beside:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// The row of a name and address is its earliest and latest sighting, in whatever order and
    /// however often they are noted.
    #[test]
    fn the_order_of_notes_does_not_matter(
        mut times in proptest::collection::vec((0i64..1000, 0u8..3), 1..12),
        seed in any::<u64>(),
    ) {
        let (_folder, path) = folder();
        let mut ledger = Ledger::open(&path).unwrap();
        let len = times.len();
        times.rotate_left(usize::try_from(seed % 64).unwrap() % len);
        for (seconds, address) in &times {
            let address = format!("1.2.3.{address}");
            ledger.note(&[sighting("a.net", &address, *seconds, Proof::Tls)]).unwrap();
        }
        for row in ledger.rows().unwrap() {
            let of_it: Vec<i64> = times
                .iter()
                .filter(|(_, address)| row.net.to_string() == format!("1.2.3.{address}/32"))
                .map(|(seconds, _)| *seconds)
                .collect();
            prop_assert_eq!(row.first_seen, at(*of_it.iter().min().unwrap()));
            prop_assert_eq!(row.last_seen, at(*of_it.iter().max().unwrap()));
        }
    }
}
