//! The command line of `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct ServeArgs {
    /// Where it listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9815")]
    pub(in crate::cli) listen: SocketAddr,
    /// TLS and passwords: a web configuration file, in the format of Prometheus's exporters
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) web_config: Option<PathBuf>,
    /// Requests that measure at once; above it, the answer is 503
    #[arg(long, value_name = "N", default_value = "32",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(in crate::cli) max_probes: u32,
    /// A ledger whose names have a metric of when they were seen last; it is only read
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ledger: Option<PathBuf>,
}
