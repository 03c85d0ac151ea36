//! Completions and manual pages, read by the shells and readers that they are for.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn pathproof(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pathproof")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    assert_eq!(output.stderr, b"", "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a program says of a text that it reads from standard input: its exit code and all it wrote.
fn read_by(program: &str, arguments: &[&str], text: &str) -> (Option<i32>, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; .ci/install installs it"));
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(text.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn shells_can_read_their_completions() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = pathproof(&["completions", shell]);
        assert!(script.len() > 10_000, "{shell}");
        // fish does not look at standard input without executing it.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("script");
        fs::write(&file, script).unwrap();
        let output = Command::new(shell).arg(check).arg(&file).output();
        let output = output.unwrap_or_else(|error| panic!("{shell}: {error}"));
        assert!(output.status.success(), "{shell}: {output:?}");
        assert_eq!(output.stderr, b"", "{shell}: {output:?}");
    }
    let script = pathproof(&["completions", "powershell"]);
    assert!(script.contains("Register-ArgumentCompleter"), "{script:.80}");
    assert!(script.contains("'--service-urls'"));
}

/// No PowerShell runs here: what it is given is looked at as text.
#[test]
fn powershell_is_given_values() {
    let script = pathproof(&["completions", "powershell"]);
    let line = |place: &str| {
        let start = format!("'{place}' = '");
        let lines: Vec<_> =
            script.lines().filter_map(|line| line.trim().strip_prefix(&start)).collect();
        assert_eq!(lines.len(), 1, "{place}: {lines:?}");
        lines[0].trim_end_matches('\'').split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    for (place, word) in [
        ("pathproof;check --region", "westeurope"),
        ("pathproof;check --owner", "data-platform"),
        ("pathproof;check -f", "junit"),
        ("pathproof;rules;plan --region", "chinanorth2"),
        ("pathproof;explain explain", "tls_intercepted"),
        ("pathproof;lists;show show", "synapse-shir"),
        ("pathproof;completions completions", "powershell"),
    ] {
        let words = line(place);
        assert!(words.iter().any(|one| one == word), "{place}: {words:?}");
    }
    // A table with two keys that are alike is an error, and case makes no difference.
    let keys =
        script.lines().filter_map(|line| line.trim().strip_prefix('\'')?.split_once("' = '"));
    let mut keys: Vec<String> = keys.map(|(key, _)| key.to_lowercase()).collect();
    let n_keys = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), n_keys);
}

#[test]
fn fish_offers_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pathproof.fish");
    fs::write(&file, pathproof(&["completions", "fish"])).unwrap();
    for (typed, offered) in [
        ("pathproof rules ver", "verify"),
        ("pathproof check --region westeu", "westeurope"),
        ("pathproof explain tls_inter", "tls_intercepted"),
        ("pathproof lists show syn", "synapse-shir"),
    ] {
        let words = offered_by_fish(&file, typed);
        assert!(words.iter().any(|word| word == offered), "{typed}: {words:?}");
    }
}

/// A list is an embedded one or a file.
#[test]
fn fish_offers_files_beside_the_ids_of_lists() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pathproof.fish");
    fs::write(&file, pathproof(&["completions", "fish"])).unwrap();
    fs::write(folder.path().join("adf-own.toml"), "").unwrap();
    for typed in ["pathproof check --list adf", "pathproof lists show adf"] {
        let words = offered_by_fish(&file, typed);
        for offered in ["adf-shir", "adf-own.toml"] {
            assert!(words.iter().any(|word| word == offered), "{typed}: {words:?}");
        }
    }
    let words = offered_by_fish(&file, "pathproof check --with a");
    assert!(!words.iter().any(|word| word == "adf-own.toml"), "no file is a group: {words:?}");
}

/// What fish offers for the last word in the folder of the script `file`.
fn offered_by_fish(file: &Path, typed: &str) -> Vec<String> {
    let script = format!("source '{}'; complete -C '{typed}'", file.display());
    let output = Command::new("fish")
        .args(["--no-config", "-c", &script])
        .current_dir(file.parent().unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect()
}

/// zsh completes in a terminal alone, where the line is read; what it does there is asked of its
/// function.
#[test]
fn zsh_offers_files_beside_the_ids_of_lists() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("_pathproof");
    fs::write(&file, pathproof(&["completions", "zsh"])).unwrap();
    let script = format!(
        "compdef() {{ :; }}; _alternative() {{ print -r -- \"$@\"; }}; \
         source '{}'; _pathproof_lists",
        file.display()
    );
    let output = Command::new("zsh").args(["-f", "-c", &script]).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(said, "lists:list:(adf-shir purview-shir synapse-shir) files:file:_files\n");
    let script = fs::read_to_string(&file).unwrap();
    let takes_list = |line: &&str| line.contains("--list=[") || line.contains(":id -- Its id");
    let lines: Vec<_> = script.lines().filter(takes_list).collect();
    assert!(lines.len() > 4, "{lines:?}");
    for line in lines {
        assert!(line.contains(":_pathproof_lists'"), "{line}");
    }
}

/// The words that bash offers for the last of `words` by the script `file`.
fn offered_by_bash(file: &Path, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "compopt() {{ :; }}; source '{}'; COMP_WORDS=({}); COMP_CWORD={last}; \
         _pathproof pathproof '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file.display(),
        quoted.join(" "),
        words[last],
        words[last - 1],
    );
    let output = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
    assert_eq!(output.stderr, b"", "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pathproof.bash");
    fs::write(&file, pathproof(&["completions", "bash"])).unwrap();
    for (words, offered) in [
        (&["pathproof", "rules", "ver"][..], &["verify"][..]),
        (&["pathproof", "check", "--servi"], &["--service-urls", "--service-tags"]),
        (&["pathproof", "check", "--region", "westeu"], &["westeurope"]),
        (&["pathproof", "rules", "plan", "--region", "chinanor"], &["chinanorth", "chinanorth2"]),
        (&["pathproof", "check", "--with", ""], &["data-stores", "key-vault", "revocation"]),
        (&["pathproof", "resolve", "--only", "re"], &["relay"]),
        (&["pathproof", "check", "--list", "adf"], &["adf-shir"]),
        (&["pathproof", "lists", "show", "syn"], &["synapse-shir"]),
        (&["pathproof", "check", "--owner", ""], &["firewall", "data-platform"]),
        (&["pathproof", "check", "--proxy", "a"], &["auto", "agent"]),
        (&["pathproof", "explain", "tls_inter"], &["tls_intercepted"]),
        (&["pathproof", "rules", "emit", "-f", "edl"], &["edl-ip", "edl-domain"]),
        (&["pathproof", "completions", "p"], &["powershell"]),
    ] {
        let found = offered_by_bash(&file, words);
        for word in offered {
            assert!(found.iter().any(|one| one == word), "{words:?}: {word} in {found:?}");
        }
        let typed = words.last().unwrap();
        assert!(found.iter().all(|one| one.starts_with(typed)), "{words:?}: {found:?}");
    }
}

/// Offered words are no closed set: the program takes others too.
#[test]
fn words_that_are_offered_are_not_the_only_ones() {
    let output = Command::new(env!("CARGO_BIN_EXE_pathproof"))
        .args(["explain", "no_such_cause"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("possible values"), "{stderr}");
}

#[test]
fn manual_pages_are_read_without_a_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    pathproof(&["man", pages.to_str().unwrap()]);
    let mut names = Vec::new();
    for entry in fs::read_dir(&pages).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(".SH EXAMPLES"), "{}", path.display());
        // An option without a help text is followed by nothing, or by its values.
        let mut lines = text.lines().skip_while(|line| *line != ".SH DESCRIPTION").peekable();
        while let Some(line) = lines.next() {
            let is_option = line.starts_with("\\fB\\-\\-");
            let has_help = lines.peek().is_some_and(|next| !next.is_empty());
            assert!(!is_option || has_help, "{}: {line}", path.display());
        }
        let (code, said) = read_by("mandoc", &["-T", "lint", "-W", "error"], &text);
        assert_eq!((code, said.as_str()), (Some(0), ""), "{}", path.display());
        let groff = ["-man", "-ww", "-z", "-Kutf8", "-Tutf8"];
        let (code, said) = read_by("groff", &groff, &text);
        assert_eq!((code, said.as_str()), (Some(0), ""), "{}", path.display());
    }
    for name in ["pathproof.1", "pathproof-check.1", "pathproof-rules.1", "pathproof-rules-emit.1"]
    {
        assert!(names.iter().any(|one| one == name), "{name} in {names:?}");
    }
    assert!(!names.iter().any(|one| one.contains("help")), "{names:?}");
    // Each page that another names is there.
    for name in &names {
        let text = fs::read_to_string(pages.join(name)).unwrap();
        let (_, others) = text.split_once(".SH \"SEE ALSO\"").unwrap();
        for other in others.trim().replace('\\', "").split(", ") {
            let file = other.trim().trim_end_matches("(1)").to_owned() + ".1";
            assert!(names.contains(&file), "{name}: {other}");
        }
    }
}

#[test]
fn without_a_folder_the_main_page_goes_to_standard_output() {
    let page = pathproof(&["man"]);
    let (code, text) = read_by("groff", &["-man", "-Tascii", "-P-cbuo"], &page);
    assert_eq!(code, Some(0), "{text}");
    // Lines are filled up to both margins.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("pathproof - Says which layer"), "{text}");
    assert!(text.contains("EXIT STATUS") && text.contains("pathproof-check(1)"), "{text}");
}

#[test]
fn a_folder_for_pages_is_not_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    fs::write(&file, "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pathproof"))
        .arg("man")
        .arg(Path::new(&file))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("taken"));
}
