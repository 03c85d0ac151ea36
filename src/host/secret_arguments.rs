//! Secrets among the arguments of a command line, where no name with a sign stands before them.

use std::sync::LazyLock;

use regex::Regex;

use super::named_secrets::{MASK, masked_behind, pattern};
use super::secret_extent::argument;

/// An option that takes a secret.
static OF_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"(?im)(?:^|[\s"'(])--?[\w-]*(?:password|passwd|passphrase|pwd|pass|secret|token|key"#,
        r"|credential|kennwort)\s+"
    ))
});

/// Options of `dmgcmd` that take a file and the password of the backup in it (Microsoft, "set up an
/// existing self-hosted integration runtime via local PowerShell"), and the file.
static OF_BACKUP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)[-/](?:generatebackupfile|gbf|importbackupfile|ibf)\s+",
        r#"(?:\\+"[^"\r\n]*"|"[^"\r\n]*"|'[^'\r\n]*'|&quot;.*?&quot;|\S+)[ \t]+"#
    ))
});

/// An option that takes `USER:PASSWORD`, as curl and others write it.
static OF_USER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?m)(?:^|[\s"'(])(?:-[Uu]|--user|--proxy-user)(?:[ \t]+|=)"#));

/// `net use`, whose password has no name.
static NET_USE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)\bnet1?(?:\.exe)?["']?[ \t]+use[ \t]+"#));

/// The text with a mask in the place of each secret that is an argument.
pub(super) fn without_secret_arguments(text: &str) -> String {
    let text = masked_behind(text, &OF_BACKUP, |_, rest| password_of_backup(rest));
    let text = masked_behind(&text, &OF_USER, |_, rest| {
        let length = argument(rest);
        if rest[..length].contains(':') { length } else { 0 }
    });
    let text = without_password_of_share(&text);
    masked_behind(&text, &OF_SECRET, |_, rest| argument(rest))
}

/// The last argument. The words of a path with blanks that nobody quoted stand before it.
fn password_of_backup(rest: &str) -> usize {
    let mut end = 0;
    loop {
        let length = argument(&rest[end..]);
        let is_of_path = rest[end..end + length].contains('\\') && !rest[end..].starts_with('\\');
        let next = end + length;
        let blanks = rest[next..].len() - rest[next..].trim_start_matches([' ', '\t']).len();
        let is_last = rest[next + blanks..].chars().next().is_none_or(char::is_control);
        if !is_of_path || is_last {
            return next;
        }
        end = next + blanks;
    }
}

/// `net use \\SERVER\SHARE PASSWORD /user:USER`, in any order: the argument that is no share, no
/// drive and no option.
fn without_password_of_share(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = NET_USE.find(rest) {
        let (before, command) = rest.split_at(found.end());
        let end = command.find(['\r', '\n', ';', '|']).unwrap_or(command.len());
        let (command, after) = command.split_at(end);
        clean.push_str(before);
        match password_of_share(command) {
            Some((start, end)) => {
                clean.push_str(&command[..start]);
                clean.push_str(MASK);
                clean.push_str(&command[end..]);
            }
            None => clean.push_str(command),
        }
        rest = after;
    }
    clean.push_str(rest);
    clean
}

fn password_of_share(command: &str) -> Option<(usize, usize)> {
    // Without an option it cannot be told from the words of a sentence.
    let is_sentence = !command.contains(" /");
    let mut at = 0;
    let mut has_target = false;
    loop {
        at += command[at..].len() - command[at..].trim_start().len();
        let length = argument(&command[at..]);
        let word = command[at..at + length].trim_start_matches(['"', '\'']);
        if length == 0 || is_sentence {
            return None;
        }
        let is_drive = word.len() == 2 && word.ends_with(':');
        if is_drive || word.starts_with(r"\\") || word == "*" {
            has_target = true;
        } else if has_target && !word.starts_with('/') {
            return Some((at, at + length));
        }
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_among_arguments_are_masked() {
        for (text, expected) in [
            (
                r#"dmgcmd -GenerateBackupFile "C:\b\backup.dat" "BkpS3cret!" failed"#,
                r#"dmgcmd -GenerateBackupFile "C:\b\backup.dat" **** failed"#,
            ),
            (r"dmgcmd.exe -gbf C:\b.dat S3cret failed", r"dmgcmd.exe -gbf C:\b.dat **** failed"),
            (r"-ImportBackupFile 'C:\b c' 'S3 cret'", r"-ImportBackupFile 'C:\b c' ****"),
            (r"-ibf C:\my backups\b.dat S3cret", r"-ibf C:\my ****"),
            (r"-ibf C:\b.dat S3\cret", r"-ibf C:\b.dat ****"),
            (r#"-gbf \"C:\\b\" \"S3 cret\" x"#, r#"-gbf \"C:\\b\" **** x"#),
            ("curl -U svc:S3cret -x proxy:3128", "curl -U **** -x proxy:3128"),
            ("curl --proxy-user 'svc:S3 cret' x", "curl --proxy-user **** x"),
            ("curl --user=svc:S3cret x", "curl --user=**** x"),
            (
                r"net use \\srv\x /user:dom\u S3cret failed;",
                r"net use \\srv\x /user:dom\u **** failed;",
            ),
            (r"net use Z: \\srv\x S3cret /user:u", r"net use Z: \\srv\x **** /user:u"),
            ("setup -pass S3cret --token 'S3 cret' x", "setup -pass **** --token **** x"),
        ] {
            assert_eq!(without_secret_arguments(text), expected, "{text}");
        }
    }

    #[test]
    fn other_arguments_stay() {
        for text in [
            r"net use \\srv\x failed with error 1326",
            r"net use Z: \\srv\x /user:dom\u",
            "setup -u svc -x proxy:3128",
            r"dmgcmd -gbf C:\b.dat",
        ] {
            assert_eq!(without_secret_arguments(text), text);
        }
    }
}
