//! The options of `demo`.

use clap::Args;

use super::FormatArgs;

#[derive(Debug, Args)]
pub(in crate::cli) struct DemoArgs {
    #[command(flatten)]
    pub(in crate::cli) formats: FormatArgs,
    /// In the table, every step of every endpoint too: names, connects, handshakes, answers
    #[arg(long, short, help_heading = "How it is reported")]
    pub(in crate::cli) verbose: bool,
}
