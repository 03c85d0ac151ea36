//! What a package of Cargo holds: what the program is built from and what its user reads, and
//! nothing of its tests. Packages for systems are tried by `packaging/try`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn the_crate_holds_what_it_is_built_from() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["package", "--list", "--allow-dirty", "--offline"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let tops: BTreeSet<&str> =
        listed.lines().filter_map(|path| path.split(['/', '\\']).next()).collect();
    let expected = BTreeSet::from([
        // Written by Cargo.
        ".cargo_vcs_info.json",
        "Cargo.lock",
        "Cargo.toml",
        "Cargo.toml.orig",
        // The program.
        "askama.toml",
        "build.rs",
        "deploy",
        "docs",
        "endpoint-lists",
        "src",
        // For people.
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "SECURITY.md",
    ]);
    // A copy without a repository has no commit to write down.
    let unwritten = |name: &str| name == ".cargo_vcs_info.json";
    let missing: Vec<_> = expected.difference(&tops).filter(|name| !unwritten(name)).collect();
    let foreign: Vec<_> = tops.difference(&expected).collect();
    assert!(missing.is_empty() && foreign.is_empty(), "missing {missing:?}, foreign {foreign:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for needed in [
        "deploy/windows/pathproof.exe.manifest",
        "docs/configuration.schema.json",
        "docs/endpoint-list.schema.json",
    ] {
        assert!(
            root.join(needed).exists() && listed.lines().any(|path| path == needed),
            "{needed}"
        );
    }
}
