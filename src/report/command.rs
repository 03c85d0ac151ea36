//! Commands that go on from this run: whoever reads the report can run them as they stand.

use crate::model::Run;

/// Options of `check` that `rules emit` has too, and that take a value.
const WITH_VALUE: [&str; 34] = [
    "--list",
    "--cloud",
    "--factory",
    "--region",
    "--workspace",
    "--set",
    "--with",
    "--only",
    "--skip",
    "--service-urls",
    "--runtime",
    "--last-answer",
    "--max-answer-age",
    "--auth-key",
    "--endpoint",
    "--peer",
    "--private",
    "--private-cidr",
    "--arm-endpoint",
    "--credential",
    "--azure-deadline",
    "--resolver",
    "--timeout",
    "--deadline",
    "--source",
    "--concurrency",
    "--proxy",
    "--agent-config",
    "--proxy-credentials",
    "--no-proxy",
    "--alternate-proxy",
    "--ca-file",
    "--public-roots",
    "--service-tags",
];
/// The same without a value.
const ALONE: [&str; 4] = ["--self-contained-authoring", "--no-gateways", "-4", "-6"];

/// `rules emit` for what this run saw: from the file where it is kept, or by its options; `own` are
/// options of its own. `None` where neither says what was seen: the names of a tour are staged.
pub(crate) fn rules_emit(run: &Run, own: &[&str]) -> Option<String> {
    let mut command = "pathproof rules emit".to_owned();
    let given = match &run.kept_in {
        Some(path) => vec!["--from", path],
        None if run.options.first().is_some_and(|first| first == "demo") => return None,
        None => inherited(&run.options),
    };
    for word in given.iter().chain(own) {
        command.push(' ');
        command.push_str(&quoted(word));
    }
    Some(command)
}

/// `check` again as it was, of the entries `only`: whoever has changed something sees whether it
/// helped. `None` where the options do not say what was probed.
pub(super) fn check_again(options: &[String], only: &[&str]) -> Option<String> {
    let probed = options.first().filter(|first| ["check", "watch"].contains(&first.as_str()))?;
    let mut command = "pathproof check".to_owned();
    let own = only.iter().flat_map(|entry| ["--only", entry]);
    let given = inherited(&options[1..]);
    if given.is_empty() && probed == "watch" {
        return None;
    }
    for word in given.into_iter().chain(own) {
        command.push(' ');
        command.push_str(&quoted(word));
    }
    Some(command)
}

/// Those of the run's options that say what is probed, and how.
fn inherited(options: &[String]) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut words = options.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let (option, is_whole) = match word.split_once('=') {
            Some((option, _)) => (option, true),
            None => (word, false),
        };
        if WITH_VALUE.contains(&option) {
            kept.push(word);
            kept.extend(if is_whole { None } else { words.next() });
        } else if ALONE.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

/// The command as it was given, its secrets taken out, to be given again.
pub(super) fn as_given(options: &[String]) -> String {
    let quoted = |option: &String| {
        let is_plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+*{}[]".contains(c);
        if !option.is_empty() && option.chars().all(is_plain) {
            option.clone()
        } else {
            format!("\"{}\"", option.replace('"', "\\\""))
        }
    };
    options.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it for one: PowerShell, cmd and those of Unix know double quotes. What
/// no two of them quote alike, a stranger's report may have chosen: there `?` stands for it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,\\".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else if word.contains(['"', '$', '`', '!']) {
        format!("'{}'", word.replace('\'', "?"))
    } else {
        format!("\"{word}\"")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::report::sample;

    pub(crate) fn run() -> Run {
        sample::records(vec![]).run
    }

    #[test]
    fn no_word_ends_its_own_quotes() {
        for (word, expected) in [
            ("run.jsonl", "run.jsonl"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("it's", "\"it's\""),
            ("$(id)", "'$(id)'"),
            ("'; rm -rf \"$HOME\"; '", "'?; rm -rf \"$HOME\"; ?'"),
            ("`id`'`id`", "'`id`?`id`'"),
        ] {
            assert_eq!(quoted(word), expected, "{word}");
        }
    }

    #[test]
    fn the_run_is_gone_on_from() {
        let options = |options: &[&str]| options.iter().map(|word| (*word).to_owned()).collect();
        for (given, kept_in, expected) in [
            (&["check"][..], None, "pathproof rules emit --format csv"),
            (
                &["check", "--factory", "adf"],
                Some("run.jsonl"),
                "pathproof rules emit --from run.jsonl --format csv",
            ),
            (
                &["check", "--factory=adf", "--region", "West Europe", "--format", "json", "-6"],
                None,
                "pathproof rules emit --factory=adf --region \"West Europe\" -6 --format csv",
            ),
            (
                &["watch", "--every", "1m", "--endpoint", "tcp://a:1", "--output", "x.json"],
                None,
                "pathproof rules emit --endpoint tcp://a:1 --format csv",
            ),
            (
                &["check"],
                Some("my $x.jsonl"),
                "pathproof rules emit --from 'my $x.jsonl' --format csv",
            ),
        ] {
            let mut run = run();
            run.options = options(given);
            run.kept_in = kept_in.map(str::to_owned);
            assert_eq!(rules_emit(&run, &["--format", "csv"]).as_deref(), Some(expected));
        }
    }

    /// A tour cannot be measured again: without a file, a command would write other names.
    #[test]
    fn a_tour_is_gone_on_from_by_its_file_only() {
        let mut run = run();
        run.options = vec!["demo".to_owned()];
        assert_eq!(rules_emit(&run, &["--format", "tls-exemptions"]), None);
        run.kept_in = Some("demo.json".to_owned());
        let expected = "pathproof rules emit --from demo.json --format tls-exemptions";
        assert_eq!(rules_emit(&run, &["--format", "tls-exemptions"]).as_deref(), Some(expected));
    }
}
