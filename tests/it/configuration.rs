//! Options of files, profiles and variables, as `config show` and the commands themselves see them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A folder to start the program in, with an environment that is empty but for what a test sets.
struct Host {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

/// How a command line ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Host {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn put(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        mode(&path, 0o644);
        self
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pathproof"));
        command.args(arguments).current_dir(self.folder.path());
        command.env_clear().env("HOME", self.folder.path().join("nowhere"));
        // Windows starts no sockets without it.
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The value of an option and its origin, as `config show` has them.
    #[track_caller]
    fn shows(&self, arguments: &[&str], option: &str) -> (Value, String) {
        let all = [&["config", "show", "-f", "json"], arguments].concat();
        let ended = self.run(&all);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
        let row = rows.iter().find(|row| row["option"] == option);
        let row = row.unwrap_or_else(|| panic!("no {option} in {rows:#?}"));
        (row["value"].clone(), row["from"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], words: &[&str]) {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        for word in words {
            assert!(ended.stderr.contains(word), "no {word:?} in {}", ended.stderr);
        }
    }
}

#[cfg(unix)]
fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A file that is named, so that tests of what it says need no rights.
fn named(text: &str) -> Host {
    Host::new().put("own.toml", text).set("PATHPROOF_CONFIG", "own.toml")
}

#[test]
fn the_command_line_wins_then_the_environment_the_profile_and_the_file() {
    let text = "factory = \"of-file\"\nregion = \"of-file\"\nworkspace = \"of-file\"\n\
                timeout = \"1s\"\n\
                [profile.prod]\nfactory = \"of-profile\"\nregion = \"of-profile\"\n\
                workspace = \"of-profile\"\n";
    let host =
        named(text).set("PATHPROOF_FACTORY", "of-variable").set("PATHPROOF_REGION", "of-variable");
    let given = ["--profile", "prod", "--factory", "of-line"];
    for (option, value, from) in [
        ("factory", "of-line", "command line"),
        ("region", "of-variable", "environment PATHPROOF_REGION"),
        ("workspace", "of-profile", "profile prod"),
        ("timeout", "1s", "own.toml:4"),
    ] {
        assert_eq!(host.shows(&given, option), (value.into(), from.to_owned()), "{option}");
    }
    // Without the profile the file is what is left.
    assert_eq!(host.shows(&[], "workspace"), ("of-file".into(), "own.toml:3".to_owned()));
    // What nobody gave is the default, or nothing.
    assert_eq!(named("").shows(&[], "timeout"), ("5s".into(), "default".to_owned()));
    assert_eq!(named("").shows(&[], "factory"), (Value::Null, "default".to_owned()));
    assert_eq!(named("").shows(&[], "locate"), (false.into(), "default".to_owned()));
}

#[test]
fn a_profile_may_be_chosen_by_a_variable() {
    let host = named("[profile.prod]\nregion = \"westeurope\"\n").set("PATHPROOF_PROFILE", "prod");
    assert_eq!(host.shows(&[], "region"), ("westeurope".into(), "profile prod".to_owned()));
}

#[test]
fn a_repeatable_option_is_replaced_as_a_whole() {
    let text = "with = [\"revocation\", \"login\"]\n[profile.p]\nwith = \"portal\"\n\
                [profile.none]\nwith = []\n";
    let host = named(text);
    let both: Value = serde_json::json!(["revocation", "login"]);
    assert_eq!(host.shows(&[], "with").0, both);
    assert_eq!(host.shows(&["--profile", "p"], "with").0, "portal");
    assert_eq!(host.shows(&["--profile", "none"], "with").0, Value::Null);
    assert_eq!(host.shows(&["--with", "key-vault"], "with").0, "key-vault");
    let host = host.set("PATHPROOF_WITH", "portal, login");
    assert_eq!(host.shows(&[], "with").0, serde_json::json!(["portal", "login"]));
}

#[test]
fn flags_are_true_or_false_and_false_takes_back() {
    let host = named("locate = true\nverbose = true\n[profile.p]\nlocate = false\n");
    assert_eq!(host.shows(&[], "locate"), (true.into(), "own.toml:1".to_owned()));
    assert_eq!(host.shows(&["--profile", "p"], "locate").0, false);
    assert_eq!(host.shows(&["--profile", "p", "--locate"], "locate").0, true);
    let host = host.set("PATHPROOF_VERBOSE", "false");
    let shown = host.shows(&[], "verbose");
    assert_eq!(shown, (false.into(), "environment PATHPROOF_VERBOSE".to_owned()));
    host.set("PATHPROOF_LOCATE", "perhaps")
        .refuses(&["config", "show"], &["PATHPROOF_LOCATE", "true or false"]);
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_place() {
    for (text, words) in [
        (
            "\nservice-url = \"a\"\n",
            &["own.toml:2", "service-url", "did you mean service-urls"][..],
        ),
        ("service_urls = \"a\"\n", &["own.toml:1", "did you mean service-urls"]),
        ("[profile.p]\nregoin = \"a\"\n", &["own.toml:2", "did you mean region"]),
        ("[profiles.p]\nregion = \"a\"\n", &["own.toml:1"]),
        ("profile = \"p\"\n", &["own.toml:1", "[profile.NAME]"]),
        ("[profile]\nregion = \"a\"\n", &["own.toml:2", "[profile.NAME]"]),
        ("factory = \n", &["own.toml:1"]),
        ("factory = \"a\"\nfactory = \"b\"\n", &["own.toml:2"]),
        ("\n\ntimeout = \"5\"\n", &["own.toml:3", "--timeout", "5s"]),
        ("timeout = 1.5\n", &["own.toml:1", "timeout", "float"]),
        ("cloud = \"mars\"\n", &["own.toml:1", "--cloud", "usgov"]),
        ("concurrency = 0\n", &["own.toml:1", "--concurrency"]),
        ("factory = [\"a\", \"b\"]\n", &["own.toml:1", "one value"]),
        ("locate = \"yes\"\n", &["own.toml:1", "true or false"]),
        ("factory = true\n", &["own.toml:1", "takes a value"]),
        ("ipv4 = true\n", &["own.toml:1", "no option 'ipv4'"]),
        ("help = true\n", &["own.toml:1", "no option 'help'"]),
    ] {
        let host = named(text);
        host.refuses(&["config", "show"], words);
        // The commands that it is for refuse it too, before anything is sent.
        host.refuses(&["check"], words);
    }
}

#[test]
fn some_options_stand_on_the_command_line_only() {
    for (name, value) in [
        ("arm-endpoint", "\"https://arm.contoso.com\""),
        ("credential", "\"token\""),
        ("yes", "true"),
        ("adopt", "true"),
        ("max-shrink", "100"),
        ("max-age", "\"7d\""),
        ("max-tags-age", "\"7d\""),
    ] {
        let host = named(&format!("\n{name} = {value}\n"));
        host.refuses(&["config", "show"], &["own.toml:2", name, "command line only"]);
        let host = named(&format!("[profile.p]\n{name} = {value}\n"));
        host.refuses(&["config", "show"], &["own.toml:2", name, "command line only"]);
    }
    for (name, variable) in [("config", "PATHPROOF_CONFIG"), ("profile", "PATHPROOF_PROFILE")] {
        let host = named(&format!("[profile.p]\n{name} = \"other\"\n"));
        host.refuses(&["config", "show"], &["own.toml:2", "on the command line or by", variable]);
    }
    let host = Host::new().set("PATHPROOF_MAX_SHRINK", "100").set("PATHPROOF_YES", "true");
    let planned = ["rules", "plan", "--current", "nsg.json", "--from", "run.json"];
    host.refuses(&planned, &["PATHPROOF_MAX_SHRINK", "command line only"]);
}

#[test]
fn variables_that_are_no_options_are_others() {
    let host = named("")
        .set("PATHPROOF_ACCESS_TOKEN", "secret")
        .set("PATHPROOF_NO_SUCH_OPTION", "x")
        .set("PATHPROOF_FACTORY", "");
    assert_eq!(host.shows(&[], "factory").1, "default");
}

/// A variable has no lists as a file has: commas separate its values.
#[test]
fn the_values_of_a_variable_stand_between_commas() {
    let host = Host::new().set("PATHPROOF_WITH", "key-vault login");
    let check = ["check", "--resolver", "127.0.0.1:9", "--timeout", "300ms"];
    host.refuses(&check, &["--with key-vault login", "PATHPROOF_WITH", "commas separate"]);
    let host = Host::new().set("PATHPROOF_WITH", "key-vault, login");
    let shown = host.run(&["config", "show"]);
    assert!(shown.stdout.contains("key-vault, login"), "{shown:?}");
}

#[test]
fn secrets_stand_in_files_of_their_own() {
    for (text, words) in [
        ("proxy = \"http://anna:geheim@p:1\"\n", &["own.toml:1", "proxy-credentials"][..]),
        ("alternate-proxy = \"anna:geheim@p:1\"\n", &["own.toml:1", "proxy-credentials"]),
        ("proxy = \"pac:https://w/p?sig=geheim\"\n", &["own.toml:1", "token"]),
        ("auth-key = \"IR@id@factory@x@geheim\"\n", &["own.toml:1", "authentication key"]),
        ("endpoint = \"https://anna:geheim@host\"\n", &["own.toml:1", "user name or password"]),
        ("set = [\"key=IR@id@factory@x@geheim\"]\n", &["own.toml:1", "authentication key"]),
        ("proxy-credentials = \"anna:geheim\"\n", &["own.toml:1", "user:password into a file"]),
    ] {
        let host = named(text);
        host.refuses(&["check"], words);
        let ended = host.run(&["config", "show"]);
        let said = format!("{ended:?}");
        assert!(!said.contains("geheim"), "{said}");
    }
    // A variable is as private as HTTPS_PROXY is, and is not shown.
    let host = named("").set("PATHPROOF_PROXY", "http://anna:geheim@p:1");
    assert_eq!(host.shows(&[], "proxy").0, "http://***@p:1");
    assert_eq!(host.shows(&["--proxy", "http://b:geheim@q:2"], "proxy").0, "http://***@q:2");
    let host = named("").set("PATHPROOF_AUTH_KEY", "IR@id@factory@x@geheim");
    host.refuses(&["check"], &["PATHPROOF_AUTH_KEY", "authentication key"]);
}

#[test]
fn text_is_read_as_windows_writes_it() {
    let text = "factory = \"contoso-df\"\r\nregion = \"westeurope\"\r\n";
    let utf16 = |text: &str| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect::<Vec<u8>>()
    };
    for bytes in [[b"\xef\xbb\xbf", text.as_bytes()].concat(), utf16(text)] {
        let host = Host::new().put("own.toml", bytes);
        let shown = host.shows(&["--config", "own.toml"], "region");
        assert_eq!(shown, ("westeurope".into(), "own.toml:2".to_owned()));
    }
}

#[test]
fn a_file_or_profile_that_is_missing_is_an_error() {
    let host = Host::new();
    host.refuses(&["check", "--config", "none.toml"], &["--config", "none.toml"]);
    host.refuses(&["check", "--profile", "p"], &["--profile p", "--config FILE"]);
    let host = named("[profile.prod]\n");
    host.refuses(&["check", "--profile", "prdo"], &["profile.prdo", "did you mean prod"]);
}

#[cfg(unix)]
#[test]
fn the_file_here_counts_where_this_user_alone_may_write_it() {
    let host = Host::new().put("pathproof.toml", "factory = \"trap\"\n");
    let file = host.folder.path().join("pathproof.toml");
    let used = host.run(&["config", "show"]);
    assert!(used.stdout.contains("trap"), "{used:?}");
    assert!(used.stderr.contains("taken from pathproof.toml in this folder"), "{used:?}");
    assert_eq!(host.run(&["config", "show", "-q"]).stderr, "");
    for rights in [0o664, 0o646] {
        mode(&file, rights);
        let ended = host.run(&["config", "show"]);
        assert!(!ended.stdout.contains("trap"), "{ended:?}");
        assert!(ended.stderr.contains("not used: others may write it; chmod go-w"), "{ended:?}");
    }
    // Whoever names it has looked at it.
    assert_eq!(host.shows(&["--config", "pathproof.toml"], "factory").0, "trap");
}

#[cfg(unix)]
#[test]
fn the_file_here_does_not_count_where_it_or_the_folder_is_of_another_user() {
    let host = Host::new().put("pathproof.toml", "factory = \"trap\"\n");
    let file = host.folder.path().join("pathproof.toml");
    // Only root can give files away.
    if std::os::unix::fs::chown(&file, Some(65534), None).is_err() {
        return;
    }
    let ended = host.run(&["config", "show"]);
    assert!(!ended.stdout.contains("trap"), "{ended:?}");
    assert!(ended.stderr.contains("it belongs to another user"), "{ended:?}");
    std::os::unix::fs::chown(&file, Some(0), None).unwrap();
    std::os::unix::fs::chown(host.folder.path(), Some(65534), None).unwrap();
    let ended = host.run(&["config", "show"]);
    assert!(!ended.stdout.contains("trap"), "{ended:?}");
    assert!(ended.stderr.contains("the folder belongs to another user"), "{ended:?}");
}

#[test]
fn the_users_own_file_is_the_last_that_is_looked_for() {
    let variable = if cfg!(windows) { "APPDATA" } else { "XDG_CONFIG_HOME" };
    let host = Host::new().put("home/pathproof/pathproof.toml", "factory = \"of-user\"\n");
    let home = host.folder.path().join("home").to_str().unwrap().to_owned();
    let host = host.set(variable, &home);
    let (value, from) = host.shows(&[], "factory");
    assert_eq!(value, "of-user");
    assert!(from.ends_with("pathproof.toml:1"), "{from}");
    // It is named by `config show`, and not on every run.
    assert_eq!(host.run(&["config", "show"]).stderr, "");
    #[cfg(unix)]
    {
        let host = host.put("pathproof.toml", "factory = \"of-folder\"\n");
        assert_eq!(host.shows(&[], "factory").0, "of-folder");
    }
}

#[test]
fn names_of_files_count_from_the_file_that_holds_them() {
    let host = Host::new().put(
        "etc/own.toml",
        "service-urls = [\"urls.txt\", \"-\"]\nlist = [\"adf-shir\", \"own-list.toml\"]\n",
    );
    let given = ["--config", "etc/own.toml"];
    let expected = Path::new("etc").join("urls.txt");
    let urls = serde_json::json!([expected.to_str().unwrap(), "-"]);
    assert_eq!(host.shows(&given, "service-urls").0, urls);
    let expected = Path::new("etc").join("own-list.toml");
    let lists = serde_json::json!(["adf-shir", expected.to_str().unwrap()]);
    assert_eq!(host.shows(&given, "list").0, lists);
}

/// What a file says beside the command line's `--from` is for other runs.
#[test]
fn the_command_line_sets_aside_what_cannot_stand_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let records = root.join("tests/cases/healthy/records.jsonl");
    let text = "factory = \"contoso-df\"\nregion = \"westeurope\"\nevery = \"1m\"\n\
                output = \"report.html\"\nformat = \"html\"\n";
    let host = named(text);
    let emit = ["rules", "emit", "--from", records.to_str().unwrap(), "--format", "edl-domain"];
    let ended = host.run(&emit);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The report of `check` is not overwritten by rules.
    assert!(!ended.stdout.is_empty() && !host.folder.path().join("report.html").exists());
    // What only other commands have is shown with what it says to them.
    assert_eq!(host.shows(&[], "every"), ("1m".into(), "own.toml:3".to_owned()));
    assert_eq!(host.shows(&[], "format"), ("html".into(), "own.toml:5".to_owned()));
    assert_eq!(host.shows(&[], "output"), ("report.html".into(), "own.toml:4".to_owned()));
}

/// A later error about a value says where it was written.
#[test]
fn errors_of_a_run_name_the_place_of_the_option() {
    let host = named("\nregion = \"wsteurope\"\nfactory = \"contoso-df\"\n");
    host.refuses(&["check"], &["did you mean westeurope", "--region", "own.toml:2"]);
    let host = named("").set("PATHPROOF_REGION", "wsteurope").set("PATHPROOF_FACTORY", "f-df");
    host.refuses(&["check"], &["did you mean westeurope", "PATHPROOF_REGION"]);
    let host = named("redact-key = \"key\"\n");
    host.refuses(&["check"], &["--redact", "own.toml:1"]);
}

#[test]
fn other_commands_need_no_sound_file() {
    let host = named("nonsense = 1\n");
    for arguments in [&["explain", "tls_intercepted"][..], &["lists", "list"], &["check", "-h"]] {
        assert_eq!(host.run(arguments).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn the_table_names_every_option() {
    let ended = named("timeout = \"1s\"\n").run(&["config", "show", "--factory", "contoso-df"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for words in ["timeout", "own.toml:1", "command line", "Not given: ", "proxy-credentials"] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
}
