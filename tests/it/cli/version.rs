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
    let mut n_judged = 0;
    for entry in std::fs::read_dir(CASES).unwrap() {
        let case = entry.unwrap().file_name().into_string().unwrap();
        let report = std::fs::read_to_string(format!("{CASES}/{case}/report.json")).unwrap();
        let is_judged = report.contains("\"cause\": \"path_not_azure\"");
        let ended = replay(&case, &[]);
        assert_eq!(ended.stderr.matches(HINT).count(), usize::from(is_judged), "{case}: {ended:?}");
        if is_judged {
            assert!(!replay(&case, &["--quiet"]).stderr.contains(HINT), "{case}");
            n_judged += 1;
        }
    }
    assert!(n_judged > 0, "no golden case is judged by service tags");

    let lookup = run(&["tags", "lookup", "20.42.64.44", "AzureCloud"]);
    assert_eq!(lookup.stderr.matches(HINT).count(), 1, "{lookup:?}");
    assert!(lookup.stderr.contains("pathproof tags update"), "{lookup:?}");
    // Nothing is decided by tags here.
    for arguments in [&["lists", "list"][..], &["explain", "path_not_azure"]] {
        assert_eq!(run(arguments).stderr, "");
    }
}
