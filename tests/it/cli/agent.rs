//! `agent lint` on the runtime's two files.

use std::fs;

use super::{run, shown};

fn config(bypass: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.net>
    <defaultProxy enabled="true" useDefaultCredentials="true">
      <proxy usesystemdefault="false" proxyaddress="http://proxy.contoso.example:8080" bypassonlocal="true" />
      <bypasslist>{bypass}</bypasslist>
    </defaultProxy>
  </system.net>
</configuration>
"#
    )
}

const PRIVATE: &str = "contoso.westeurope.datafactory.azure.net";
const GOOD: &str = r#"<add address="contoso\.westeurope\.datafactory\.azure\.net" />"#;

#[test]
fn files_that_disagree_are_a_violation_and_sound_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let lint = ["agent", "lint", shown(folder.path()), "--private", PRIVATE];

    write("diahost.exe.config", &config(GOOD));
    run(&lint).refuses(&["diawp.exe.config"]);

    write("diawp.exe.config", &config(GOOD));
    let sound = run(&lint);
    assert_eq!(sound.code, Some(0), "{sound:?}");

    write("diawp.exe.config", &config(""));
    let apart = run(&lint);
    assert_eq!(apart.code, Some(1), "{apart:?}");
    assert!(
        apart.stdout.contains("diawp.exe.config") && apart.stdout.contains(PRIVATE),
        "{apart:?}"
    );

    write("diawp.exe.config", "<configuration><system.net></configuration>");
    let torn = run(&lint);
    assert_eq!(torn.code, Some(1), "{torn:?}");
    assert!(torn.stdout.contains("diawp.exe.config:1:"), "no line and column: {torn:?}");
}

#[test]
fn a_suggestion_is_what_the_lint_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = "http://user:hunter2@proxy.contoso.example:8080";
    for name in ["diahost.exe.config", "diawp.exe.config"] {
        fs::write(folder.path().join(name), config("")).unwrap();
    }
    let lint = ["agent", "lint", shown(folder.path()), "--private", PRIVATE];
    let suggested = run(&[&lint[..], &["--suggest", "--proxy", proxy]].concat());
    assert!(!suggested.stdout.contains("hunter2"), "a password is never shown: {suggested:?}");
    assert!(suggested.stdout.contains(&format!("NO_PROXY={PRIVATE}")), "{suggested:?}");

    let start = suggested.stdout.find("<system.net>").unwrap();
    let end = suggested.stdout.find("</system.net>").unwrap() + "</system.net>".len();
    let fragment = &suggested.stdout[start..end];
    for name in ["diahost.exe.config", "diawp.exe.config"] {
        let text = format!("<configuration>{fragment}</configuration>");
        fs::write(folder.path().join(name), text).unwrap();
    }
    let after = run(&lint);
    assert_eq!(after.code, Some(0), "{after:?}");
}

/// What both say is said once, and what one says of it alone.
#[test]
fn both_files_are_named_where_they_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let invalid = r#"<add address="*.contoso.com" />"#;
    let host = config(invalid);
    // The same on a line further down.
    let worker = host.replacen('\n', "\n\n", 1);
    fs::write(folder.path().join("diahost.exe.config"), &host).unwrap();
    fs::write(folder.path().join("diawp.exe.config"), &worker).unwrap();
    let said = run(&["agent", "lint", shown(folder.path())]).stdout;
    let [line] = &said.lines().filter(|line| line.contains("error:")).collect::<Vec<_>>()[..]
    else {
        panic!("{said}")
    };
    assert!(line.contains("diahost.exe.config:6, ") && line.contains("diawp.exe.config:7: error:"));

    fs::write(folder.path().join("diawp.exe.config"), config(GOOD)).unwrap();
    let said = run(&["agent", "lint", shown(folder.path())]).stdout;
    let of_one = |line: &str| line.contains("diahost.exe.config:6: error:");
    assert!(said.lines().any(of_one) && !said.contains("diawp.exe.config:6: error"), "{said}");
}

/// What the lint says of both files with this text.
fn said(bytes: &[u8], more: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["diahost.exe.config", "diawp.exe.config"] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let ended = run(&[&["agent", "lint", shown(folder.path())], more].concat());
    (ended.code, ended.stdout)
}

fn section(content: &str) -> String {
    format!(
        "<configuration>\n<system.net>\n<defaultProxy>\n{content}\n</defaultProxy>\n</system.net>\n</configuration>"
    )
}

#[test]
fn files_of_every_encoding_are_read() {
    let text = config(GOOD);
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [
        [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
        [&b"\xff\xfe"[..], &little].concat(),
        [&b"\xfe\xff"[..], &big].concat(),
    ] {
        let (code, stdout) = said(&bytes, &["--private", PRIVATE]);
        assert_eq!(code, Some(0), "{stdout}");
    }
}

/// Each sentence of what the lint finds, with its line.
#[test]
fn what_is_wrong_is_said_with_its_line_and_what_to_write() {
    const PROXY: &str = r#"<proxy proxyaddress="http://p.example:1"/>"#;
    let rule = |pattern: &str| {
        section(&format!("<bypasslist><add address=\"{pattern}\"/></bypasslist>\n{PROXY}"))
    };
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]>\n<configuration>&c;</configuration>";
    for (text, words) in [
        (
            section(PROXY),
            &["diahost.exe.config:3, diawp.exe.config:3: error: the private name"][..],
        ),
        (rule("*.contoso.com"), &["config:4: error:", "no regular expression", "write ^https?://"]),
        (rule("contoso.com/x"), &["config:4: warning:", "does not match https://contoso.com"]),
        (rule(r"[a-z]+\.contoso\.com"), &["config:4: warning:", "also matches https://"]),
        (rule("contoso.example.net"), &["config:4: note:", "also matches"]),
        (
            rule(r".*\.windows\.net$"),
            &["config:3: warning: the relay any-relay.servicebus.windows.net"],
        ),
        (
            section(r#"<proxy proxyaddress="http://anna:geheim@p.example:1"/>"#),
            &["config:4: warning: proxyaddress holds credentials in clear text"],
        ),
        (section("<proxy"), &["config:5:1: error:", "line 5, column 1"]),
        (bomb.to_owned(), &["config:2: error:", "<!DOCTYPE"]),
        (
            section(r#"<proxy scriptLocation="\\server\share\p.pac"/>"#),
            &["config:4: note: scriptLocation:", "UNC"],
        ),
        (
            section(r#"<proxy scriptLocation="file:///no/such.pac"/>"#),
            &["config:4: warning: scriptLocation: cannot be read"],
        ),
    ] {
        let (_, stdout) = said(text.as_bytes(), &["--private", PRIVATE]);
        for word in words {
            assert!(stdout.contains(word), "no {word:?} in {stdout}");
        }
        assert!(!stdout.contains("geheim"), "{stdout}");
        if text.contains("p.example:1\"/>") {
            let fragment = "<add address=\"^https?://contoso\\.westeurope\\.datafactory";
            assert!(stdout.contains(fragment), "no fragment to paste: {stdout}");
        }
    }
}

#[test]
fn suggestions_are_for_the_names_given() {
    let folder = tempfile::tempdir().unwrap();
    let urls = folder.path().join("urls.json");
    fs::write(&urls, format!(r#"["one.servicebus.windows.net", "{PRIVATE}"]"#)).unwrap();
    let bypassed = section(
        r#"<bypasslist><add address="^https?://one\.servicebus\.windows\.net$"/></bypasslist><proxy proxyaddress="http://p.example:1"/>"#,
    );
    let options = ["--private", PRIVATE, "--service-urls", shown(&urls), "--suggest"];
    let (code, stdout) = said(bypassed.as_bytes(), &options);
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains("the relay one.servicebus.windows.net goes past the proxy"),
        "{stdout}"
    );
    let (_, suggested) = stdout.split_once("for both files:").unwrap();
    assert!(!suggested.contains("servicebus"), "{suggested}");
    assert!(suggested.contains(&format!("NO_PROXY={PRIVATE}\n")), "{suggested}");
    assert!(suggested.contains("PROXY p.example:1"), "{suggested}");

    let (_, none) = said(section("").as_bytes(), &options);
    assert!(!none.contains("NO_PROXY"), "no proxy, and none suggested: {none}");
    let proxy = ["--proxy", "http://q.example:3128"];
    let (_, given) = said(section("").as_bytes(), &[&options[..], &proxy].concat());
    for part in ["proxyaddress=\"http://q.example:3128/\"", "NO_PROXY=", "PROXY q.example:3128"] {
        assert!(given.contains(part), "no {part} in {given}");
    }
}

/// Purview's agent reads two files more, elsewhere below the same version.
#[test]
fn purviews_own_files_are_judged_too() {
    let installed = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = installed.path().join("5.0").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let lint = ["agent", "lint", shown(installed.path()), "--private", PRIVATE];
    let scan = "Gateway/DataScan/Microsoft.DataMap.Agent.exe.config";
    let connectors = "Gateway/DataScan/DataTransfer/\
        Microsoft.DataMap.Agent.Connectors.Azure.DataFactory.ServiceHost.exe.config";
    for name in ["Shared/diahost.exe.config", "Shared/diawp.exe.config", scan, connectors] {
        write(name, &config(GOOD));
    }
    let sound = run(&lint);
    assert_eq!(sound.code, Some(0), "{sound:?}");

    write(connectors, "<configuration />");
    let apart = run(&lint);
    assert_eq!(apart.code, Some(1), "{apart:?}");
    let name = "Microsoft.DataMap.Agent.Connectors.Azure.DataFactory.ServiceHost.exe.config";
    assert!(apart.stdout.contains(name), "{apart:?}");
    assert!(apart.stdout.contains("for all of these files:"), "{apart:?}");
}
