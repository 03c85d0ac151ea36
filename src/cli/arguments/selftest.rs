//! The options of `selftest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(in crate::cli) struct SelfTestArgs {
    /// The output's format
    #[arg(long, short, value_enum, default_value = "table")]
    pub(in crate::cli) format: SelfTestFormat,
    /// Write it there instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// How the program tries its own handlers of signals, in a process of its own
    #[arg(long, value_enum, hide = true)]
    pub(in crate::cli) end_by: Option<EndSignal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SelfTestFormat {
    /// For people
    Table,
    /// One object, `pathproof.selftest/1`
    Json,
}

/// What ends a run before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum EndSignal {
    /// SIGINT, or Ctrl-C of a console of Windows
    Interrupt,
    /// SIGTERM, or Ctrl-Break of a console of Windows
    Terminate,
}

impl EndSignal {
    /// As the option takes it.
    pub(in crate::cli) const fn as_str(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupt",
            Self::Terminate => "terminate",
        }
    }

    /// What people call it on this system.
    pub(in crate::cli) const fn called(self) -> &'static str {
        match (self, cfg!(windows)) {
            (Self::Interrupt, true) => "Ctrl-C",
            (Self::Interrupt, false) => "SIGINT",
            (Self::Terminate, true) => "Ctrl-Break",
            (Self::Terminate, false) => "SIGTERM",
        }
    }
}
