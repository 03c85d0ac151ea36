//! Makes `endpoint-lists/azure-ranges.CLOUD.txt`, the snapshot that `path_not_azure` is judged by,
//! from one of Microsoft's weekly service tag files:
//!
//! ```text
//! cargo run --example azure_ranges -- ServiceTags_Public_20251117.json 2025-11-17 \
//!     > endpoint-lists/azure-ranges.public.txt
//! ```
//!
//! The ranges are those of all tags together, aggregated without widening: the tag `AzureCloud`
//! alone leaves out addresses that `AzureActiveDirectory`, `Storage` and `DataFactoryManagement`
//! hold.

use std::io::Write;

use anyhow::{Context, bail};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::Value;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, date] = arguments.as_slice() else {
        bail!("usage: azure_ranges SERVICE_TAGS.json DATE (the file's date, as 2025-11-17)");
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let file: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .with_context(|| format!("{path} is not JSON"))?;
    let cloud = file["cloud"].as_str().context("the file names no cloud")?;
    let change = file["changeNumber"].as_u64().context("the file has no changeNumber")?;
    let tags = file["values"].as_array().context("the file has no tags")?;

    let (mut v4, mut v6) = (Vec::<Ipv4Net>::new(), Vec::<Ipv6Net>::new());
    for tag in tags {
        let prefixes = tag["properties"]["addressPrefixes"].as_array();
        for prefix in prefixes.with_context(|| format!("{} has no prefixes", tag["name"]))? {
            let prefix = prefix.as_str().context("a prefix is no string")?;
            match prefix.parse().with_context(|| format!("{prefix} is no prefix"))? {
                IpNet::V4(net) => v4.push(net.trunc()),
                IpNet::V6(net) => v6.push(net.trunc()),
            }
        }
    }
    let (v4, v6) = (Ipv4Net::aggregate(&v4), Ipv6Net::aggregate(&v6));

    let mut out = std::io::stdout().lock();
    writeln!(out, "# The published addresses of the cloud {cloud}: all service tags together,")?;
    writeln!(out, "# aggregated without widening.")?;
    writeln!(out, "# source: Microsoft, Azure IP Ranges and Service Tags, {cloud}")?;
    writeln!(out, "# change: {change}")?;
    writeln!(out, "# date: {date}")?;
    writeln!(out, "# made by: cargo run --example azure_ranges")?;
    for net in v4 {
        writeln!(out, "{net}")?;
    }
    for net in v6 {
        writeln!(out, "{net}")?;
    }
    Ok(())
}
