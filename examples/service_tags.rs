//! Makes `endpoint-lists/service-tags.CLOUD.bin`, the snapshot of service tags that the program
//! carries, from one of Microsoft's weekly files:
//!
//! ```text
//! cargo run --example service_tags -- ServiceTags_Public_20251117.json 2025-11-17 \
//!     > endpoint-lists/service-tags.public.bin
//! ```
//!
//! Kept are the tags that a runtime's rules name, in all their regions, and the union of all tags,
//! by which `path_not_azure` is judged. The files are downloaded by hand: page 56519 (public),
//! 57063 (US government), 57062 (China).

#![expect(clippy::disallowed_methods, reason = "it reads one file")]

use std::io::Write;

use anyhow::{Context, bail};
use pathproof::tags::{ServiceTags, Snapshot};

const KEPT: &[&str] = &[
    "AzureActiveDirectory",
    "AzureCloud",
    "AzureFrontDoor",
    "AzureKeyVault",
    "AzureMonitor",
    "AzureResourceManager",
    "DataFactory",
    "DataFactoryManagement",
    "EventHub",
    "ServiceBus",
    "Sql",
    "Storage",
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, date] = arguments.as_slice() else {
        bail!("usage: service_tags SERVICE_TAGS.json DATE (the file's date, as 2025-11-17)");
    };
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {path}"))?;
    let tags = ServiceTags::parse(&bytes).with_context(|| format!("cannot read {path}"))?;
    let snapshot = Snapshot::encode(&tags, date, |name| {
        KEPT.contains(&name.split('.').next().unwrap_or(name))
    });
    std::io::stdout().write_all(&snapshot)?;
    Ok(())
}
