//! `--service-tags`: which addresses the run's cloud publishes as its own.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::old_tags;
use crate::diagnose;
use crate::files;
use crate::model::{Cause, Cloud, Conclusion, Run};
use crate::tags::{AzureRanges, ServiceTags, Snapshot};

/// The addresses that clouds publish as their own: the embedded ones, or those of `--service-tags`.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceTagRanges(Option<Arc<AzureRanges>>);

impl ServiceTagRanges {
    /// Reads `file`; without one, the embedded ranges are used.
    pub(super) fn read(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else { return Ok(Self::default()) };
        let name = path.display().to_string();
        let text = files::read_text(path, files::LONG)
            .with_context(|| format!("--service-tags: cannot read {name}"))?;
        let tags = ServiceTags::parse(text.as_bytes())
            .with_context(|| format!("--service-tags: {name}"))?;
        Ok(Self(Some(Arc::new(AzureRanges::of(&tags, &name)))))
    }

    /// Whether the run's cloud publishes `address` as its own; `None` where its ranges are not
    /// known.
    pub(super) fn holds(&self, run: &Run, address: IpAddr) -> Option<bool> {
        diagnose::RangeLookup::holds(&self.of(run), address)
    }

    /// The day of the ranges that a cloud's addresses are judged by.
    pub(super) fn date(&self, cloud: Cloud) -> Option<String> {
        let given = self.0.as_deref().map(|ranges| ranges.date().to_owned());
        given.or_else(|| Some(Snapshot::embedded_date(cloud)))
    }

    /// Shows a hint where the embedded ranges are what a finding was concluded from, and are old.
    pub(super) fn warn_if_old(&self, run: &Run, conclusion: &Conclusion) {
        if self.0.is_some() {
            return;
        }
        let mut findings = conclusion.verdicts.iter().flat_map(|verdict| &verdict.findings);
        if let Some(cloud) = Cloud::parse(&run.cloud)
            && findings.any(|finding| finding.cause == Cause::PathNotAzure)
        {
            old_tags::warn_once(&Snapshot::embedded_date(cloud));
        }
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
