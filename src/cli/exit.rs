//! The exit codes of every command (contract, Exit codes).

use std::process::ExitCode;

pub use crate::model::Exit;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
