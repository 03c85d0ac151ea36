//! The command lines of `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell
    #[arg(value_parser = [
        Shell::Bash.to_possible_value(),
        Shell::Zsh.to_possible_value(),
        Shell::Fish.to_possible_value(),
        Shell::PowerShell.to_possible_value(),
    ].into_iter().flatten().collect::<Vec<_>>())]
    pub(in crate::cli) shell: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// Write all pages into this folder, which is made where it is missing [default: the main page,
    /// to standard output]
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(in crate::cli) dir: Option<PathBuf>,
}
