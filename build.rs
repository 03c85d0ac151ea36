//! Says which commit the program is built from, and gives Windows' executable its version and its
//! manifest.

#![expect(clippy::disallowed_methods, reason = "a build script reads its environment and files")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = "deploy/windows/pathproof.exe.manifest";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PATHPROOF_COMMIT");
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let commit = commit(&package).unwrap_or_default();
    println!("cargo::rustc-env=PATHPROOF_BUILT_FROM={commit}");

    println!("cargo::rerun-if-changed={MANIFEST}");
    if env::var("CARGO_CFG_WINDOWS").is_ok()
        && let Err(error) = windows_resources()
    {
        println!("cargo::warning=pathproof.exe has no version and no manifest: {error}");
    }
}

/// The commit: what `PATHPROOF_COMMIT` says, what Cargo wrote into a package, or what git says of
/// this folder. Nobody knows it where there is none of them, and the program says so.
///
/// git is asked for release builds alone. A build for development would be made anew after each
/// commit, and claim a commit that the files have left since.
fn commit(package: &Path) -> Option<String> {
    if let Ok(given) = env::var("PATHPROOF_COMMIT")
        && !given.is_empty()
    {
        return short(&given);
    }
    if let Ok(packed) = fs::read_to_string(package.join(".cargo_vcs_info.json")) {
        let (_, after) = packed.split_once("\"sha1\"")?;
        return short(after.split('"').nth(1)?);
    }
    if env::var("PROFILE").as_deref() != Ok("release") {
        return None;
    }
    // A package that was unpacked inside another repository is not that repository's commit.
    let root = git(package, &["rev-parse", "--show-toplevel"])?;
    if fs::canonicalize(root).ok()? != fs::canonicalize(package).ok()? {
        return None;
    }
    let head = git(package, &["rev-parse", "HEAD"])?;
    let branch = git(package, &["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let file = git(package, &["rev-parse", "--git-path", name])?;
        // A file that is not there counts as changed in every build.
        if package.join(&file).exists() {
            println!("cargo::rerun-if-changed={file}");
        }
    }
    // What the program is made of: a build of changed files is not the commit's.
    const SOURCES: [&str; 5] = ["src", "endpoint-lists", "docs", "Cargo.toml", "Cargo.lock"];
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut changed = vec!["status", "--porcelain", "--"];
    changed.extend(SOURCES);
    let changed = git(package, &changed).is_none_or(|files| !files.is_empty());
    let commit = short(&head)?;
    Some(if changed { format!("{commit} and changes") } else { commit })
}

/// The first 12 digits, where the text is a commit.
fn short(commit: &str) -> Option<String> {
    let commit = commit.trim();
    let is_commit = commit.len() >= 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| commit[..12].to_ascii_lowercase())
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The version as Explorer and inventories show it, and the manifest.
fn windows_resources() -> std::io::Result<()> {
    let mut resources = winresource::WindowsResource::new();
    resources
        .set("FileDescription", &env::var("CARGO_PKG_DESCRIPTION").unwrap_or_default())
        .set("LegalCopyright", "MIT or Apache-2.0")
        .set("OriginalFilename", "pathproof.exe")
        .set("InternalName", "pathproof")
        .set_manifest_file(MANIFEST);
    resources.compile_for("pathproof")
}
