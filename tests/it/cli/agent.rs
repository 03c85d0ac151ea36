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
