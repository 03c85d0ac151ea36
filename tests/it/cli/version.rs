//! `--version`, and the hint that the embedded service tags are old.

use super::run;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

#[test]
fn the_short_version_is_one_line_and_the_long_one_says_what_is_embedded() {
    let short = run(&["-V"]);
    let expected = concat!("pathproof ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((short.code, short.stdout.as_str(), short.stderr.as_str()), (Some(0), expected, ""));
    let long = run(&["--version"]);
    let lines: Vec<&str> = long.stdout.lines().collect();
    let [program, tags, lists] = &lines[..] else { panic!("{long:?}") };
    assert!(
        program.starts_with(concat!("pathproof ", env!("CARGO_PKG_VERSION"), " (")),
        "{long:?}"
    );
    assert!(tags.starts_with("service tags: public of 20"), "{long:?}");
    assert!(lists.starts_with("endpoint lists: by Microsoft's documents up to 20"), "{long:?}");
}

/// The embedded tags are of 2025: by any clock that is right they are old.
#[test]
fn the_hint_stands_where_old_tags_decided_and_once() {
    const HINT: &str = "judged by the embedded service tags of 2025-11-17";
    let replay = |case: &str, more: &[&str]| {
        let records = format!("{CASES}/{case}/records.jsonl");
        run(&[&["replay", &records][..], more].concat())
    };
    // In one case an address lies outside the ranges; in the other nothing is judged by them.
    let judged = replay("path-public-names", &[]);
    assert!(judged.stdout.contains("path_not_azure"), "{judged:?}");
    assert_eq!(judged.stderr.matches(HINT).count(), 1, "{judged:?}");
    assert!(judged.stderr.contains("pathproof tags update"), "{judged:?}");
    assert_eq!(replay("path-public-names", &["--quiet"]).stderr, "");
    assert!(!replay("healthy", &[]).stderr.contains(HINT));

    let lookup = run(&["tags", "lookup", "20.42.64.44", "AzureCloud"]);
    assert_eq!(lookup.stderr.matches(HINT).count(), 1, "{lookup:?}");
    // Nothing is decided by tags here.
    for arguments in [&["lists", "list"][..], &["explain", "path_not_azure"]] {
        assert_eq!(run(arguments).stderr, "");
    }
}
