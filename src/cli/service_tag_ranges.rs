//! `--service-tags`: which addresses the run's cloud publishes as its own.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::diagnose;
use crate::files;
use crate::model::{Cloud, Run};
use crate::tags::{AzureRanges, ServiceTags};

/// The addresses that clouds publish as their own: the embedded ones, or those of `--service-tags`.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceTagRanges(Option<Arc<AzureRanges>>);

impl ServiceTagRanges {
    /// Reads `file`; without one, the embedded ranges are used.
    pub(super) fn read(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else { return Ok(Self::default()) };
        let name = path.display().to_string();
        let bytes =
            files::read(path).with_context(|| format!("--service-tags: cannot read {name}"))?;
        let tags = ServiceTags::parse(&bytes).with_context(|| format!("--service-tags: {name}"))?;
        Ok(Self(Some(Arc::new(AzureRanges::of(&tags, &name)))))
    }

    /// Whether the run's cloud publishes `address` as its own; `None` where its ranges are not
    /// known.
    pub(super) fn holds(&self, run: &Run, address: IpAddr) -> Option<bool> {
        diagnose::RangeLookup::holds(&self.of(run), address)
    }

    /// The ranges of the run's cloud.
    pub(super) fn of(&self, run: &Run) -> CloudRanges<'_> {
        let embedded = || Cloud::parse(&run.cloud).map(AzureRanges::embedded);
        CloudRanges(self.0.as_deref().or_else(embedded))
    }
}

/// The addresses of one cloud; `None` where its ranges are not known.
pub(super) struct CloudRanges<'a>(Option<&'a AzureRanges>);

impl diagnose::RangeLookup for CloudRanges<'_> {
    fn holds(&self, address: IpAddr) -> Option<bool> {
        self.0.map(|ranges| ranges.contains(address))
    }

    fn source(&self) -> Option<String> {
        self.0.map(|ranges| ranges.shown().to_owned())
    }
}
