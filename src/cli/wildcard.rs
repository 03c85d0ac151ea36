//! `*` and `?` in the names of files: the shells of Unix expand them, those of Windows leave them
//! to the program.
//!
//! Only arguments that are read as files are expanded, before the command line is parsed: a name
//! such as `--private *.contoso.com` stays, and every command takes `*.json` as it does on Unix.

use std::any::TypeId;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, ArgAction, Command};

use super::file_options::WRITTEN;

/// How many files an error names.
const NAMED: usize = 5;

/// The arguments with the names of the files in place of patterns. `command` is that of the whole
/// program.
///
/// # Errors
/// A pattern matches no file, or several where one is meant; the folder cannot be read.
pub(super) fn expanded(arguments: Vec<OsString>, mut command: Command) -> Result<Vec<OsString>> {
    command.build();
    let mut words = arguments.into_iter();
    let mut done: Vec<OsString> = words.next().into_iter().collect();
    // The command that is being read, behind those that it stands in: their options are its own.
    let mut commands = vec![&command];
    let mut n_positional = 0;
    let mut is_behind_options = false;
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if is_behind_options || !text.starts_with('-') || text == "-" {
            let inner = commands.last().and_then(|own| own.find_subcommand(&*text));
            if let Some(inner) = inner.filter(|_| !is_behind_options && n_positional == 0) {
                commands.push(inner);
                done.push(word);
                continue;
            }
            let own = commands.last().and_then(|own| positional(own, n_positional));
            n_positional += 1;
            match own.filter(|own| takes_patterns(own, &word)) {
                Some(own) => done.extend(files(own, &word)?),
                None => done.push(word),
            }
            continue;
        }
        if text == "--" {
            is_behind_options = true;
            done.push(word);
            continue;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (&*text, None),
        };
        let own = commands.iter().rev().find_map(|command| option(command, name));
        let is_joined = value.is_some();
        let takes_next = own.is_some_and(takes_value) && !is_joined;
        let value = if takes_next { words.next() } else { value };
        match (own, value) {
            (Some(own), Some(value)) if takes_patterns(own, &value) => {
                for file in files(own, &value)? {
                    if is_joined {
                        let mut whole = OsString::from(format!("{name}="));
                        whole.push(file);
                        done.push(whole);
                    } else {
                        done.extend([OsString::from(name), file]);
                    }
                }
            }
            (_, Some(next)) if takes_next => done.extend([word, next]),
            _ => done.push(word),
        }
    }
    Ok(done)
}

/// The argument that takes the positional word of this number; the last may take several.
fn positional(command: &Command, number: usize) -> Option<&Arg> {
    let all: Vec<_> = command.get_positionals().collect();
    all.get(number).or_else(|| all.last().filter(|last| !is_single(last))).copied()
}

fn option<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|own| match name.strip_prefix("--") {
        Some(long) => own.get_long() == Some(long),
        None => {
            own.get_short().is_some_and(|short| name.strip_prefix('-') == Some(&*short.to_string()))
        }
    })
}

fn takes_value(own: &Arg) -> bool {
    own.get_action().takes_values() && own.get_num_args().is_none_or(|it| it.min_values() > 0)
}

fn is_single(own: &Arg) -> bool {
    matches!(own.get_action(), ArgAction::Set)
}

/// Whether an argument names files that are read, and the word is a pattern and no file's own name.
fn takes_patterns(own: &Arg, word: &OsString) -> bool {
    own.get_value_parser().type_id() == TypeId::of::<PathBuf>()
        && !WRITTEN.contains(&own.get_id().as_str())
        && name_of(Path::new(word)).is_some_and(|name| name.contains(['*', '?']))
        && !Path::new(word).exists()
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The files that a pattern names, in the order of their names.
fn files(own: &Arg, pattern: &OsString) -> Result<Vec<OsString>> {
    let path = Path::new(pattern);
    let shown = if let Some(long) = own.get_long() {
        format!("--{long} {}", path.display())
    } else {
        let name = own.get_value_names().and_then(|names| names.first());
        format!("{} {}", name.map_or("FILE", |name| name.as_str()), path.display())
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let context = || format!("{shown}: cannot read the folder {}", listed.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(listed).with_context(context)? {
        let entry = entry.with_context(context)?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let names = matching(&name_of(path).unwrap_or_default(), names);
    match &*names {
        [] => bail!("{shown}: no file in the folder {} has such a name", listed.display()),
        [_, _, ..] if is_single(own) => {
            let more = if names.len() > NAMED { ", …" } else { "" };
            let first = &names[..names.len().min(NAMED)];
            bail!(
                "{shown}: one file is meant here, and {} have such names: {}{more}",
                names.len(),
                first.join(", ")
            )
        }
        _ => Ok(names.iter().map(|name| folder.join(name).into_os_string()).collect()),
    }
}

/// Those of the names that a pattern covers, in order. Windows knows a file by its name in any
/// case.
fn matching(pattern: &str, names: Vec<String>) -> Vec<String> {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let mut covered: Vec<String> = names
        .into_iter()
        .filter(|name| covers(&pattern, &name.to_lowercase().chars().collect::<Vec<_>>()))
        .collect();
    covered.sort();
    covered
}

/// Whether a pattern covers a name: `*` any characters, `?` one. After a mismatch the last `*`
/// takes one character more, so that no pattern takes long.
fn covers(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut last_star = None;
    while read < name.len() {
        match pattern.get(at) {
            Some('*') => {
                last_star = Some((at, read));
                at += 1;
            }
            Some(own) if *own == '?' || *own == name[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star, taken)) = last_star else { return false };
                last_star = Some((star, taken + 1));
                (at, read) = (star + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|own| *own == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments;

    #[test]
    fn patterns_cover_names_as_shells_have_it() {
        let names = ["a.json", "B.JSON", "ab.json", "a.jsonl", ".json", "a"].map(str::to_owned);
        for (pattern, expected) in [
            ("*.json", &[".json", "B.JSON", "a.json", "ab.json"][..]),
            ("?.json", &["B.JSON", "a.json"]),
            ("a*", &["a", "a.json", "a.jsonl", "ab.json"]),
            ("*a*.js*n", &["a.json", "ab.json"]),
            ("*", &[".json", "B.JSON", "a", "a.json", "a.jsonl", "ab.json"]),
            ("*.xml", &[]),
            ("*b", &[]),
        ] {
            assert_eq!(matching(pattern, names.to_vec()), expected, "{pattern}");
        }
        let long: Vec<char> = "a".repeat(2_000).chars().collect();
        let slow: Vec<char> = "a*".repeat(500).chars().chain(['b']).collect();
        assert!(!covers(&slow, &long));
    }

    #[test]
    fn files_take_the_place_of_patterns_and_nothing_else_changes() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1.json", "2.json", "urls.txt", "r.jsonl"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("folder.json")).unwrap();
        // `@` stands for the folder.
        let at = |text: &str| text.replace('@', folder.path().to_str().unwrap());
        let expand = |line: &str| {
            let words = line.split(' ').map(|word| OsString::from(at(word))).collect();
            let words = expanded(words, arguments::command());
            words.map(|words| {
                let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
                words.join(" ").replace(folder.path().to_str().unwrap(), "@")
            })
        };
        for (line, expected) in [
            ("p report merge @/*.json", "p report merge @/1.json @/2.json"),
            ("p report merge -o @/*.json @/1.json", "p report merge -o @/*.json @/1.json"),
            (
                "p report merge --quiet @/?.json -- @/*.json",
                "p report merge --quiet @/1.json @/2.json -- @/1.json @/2.json",
            ),
            ("p replay @/*.jsonl --format json", "p replay @/r.jsonl --format json"),
            ("p check --service-urls @/*.txt", "p check --service-urls @/urls.txt"),
            ("p check --ca-file=@/?.json", "p check --ca-file=@/1.json --ca-file=@/2.json"),
            (
                "p check --ca-file @/?.json --locate",
                "p check --ca-file @/1.json --ca-file @/2.json --locate",
            ),
            // Names, ids and what is written are no patterns of files.
            (
                "p check --private *.json --only @/*.json",
                "p check --private *.json --only @/*.json",
            ),
            ("p check --save-records @/*.jsonl", "p check --save-records @/*.jsonl"),
            ("p explain @/*.json", "p explain @/*.json"),
            ("p check --no-such @/*.json", "p check --no-such @/*.json"),
            ("p replay -", "p replay -"),
            ("p", "p"),
        ] {
            assert_eq!(expand(line).unwrap(), expected, "{line}");
        }
        for (line, words) in [
            ("p report merge @/*.xml", &["REPORT|DIR @/*.xml: no file in the folder @ has"][..]),
            (
                "p replay @/*",
                &["RECORDS @/*: one file is meant here, and 4 have", "1.json, 2.json"],
            ),
            ("p check --auth-key @/?.json", &["--auth-key @/?.json: one file", "2 have"]),
            ("p report merge @/none/*.json", &["cannot read the folder @/none"]),
        ] {
            let error = format!("{:#}", expand(line).unwrap_err());
            for word in words {
                assert!(error.contains(&at(word)), "{line}: no {word:?} in {error}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_really_called_so_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["*.json", "1.json"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let word = folder.path().join("*.json").into_os_string();
        let line: Vec<OsString> = ["p", "report", "merge"].iter().map(Into::into).collect();
        let line = [line, vec![word]].concat();
        assert_eq!(expanded(line.clone(), arguments::command()).unwrap(), line);
    }
}
