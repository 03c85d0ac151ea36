//! `--service-tags`: which addresses the run's cloud publishes as its own.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::old_tags;
use super::rules::time_of_tags;
use crate::diagnose;
use crate::files;
use crate::model::{Cause, Cloud, Conclusion, Run};
use crate::tags::{AzureRanges, ServiceTags, Snapshot};

/// The addresses that clouds publish as their own: the embedded ones, or those of `--service-tags`.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceTagRanges {
    given: Option<Arc<AzureRanges>>,
    /// When those of the file were published, as far as it shows that.
    given_at: Option<Timestamp>,
}

impl ServiceTagRanges {
    /// Reads `file`; without one, the embedded ranges are used.
    pub(super) fn read(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else { return Ok(Self::default()) };
        let name = path.display().to_string();
        let text = files::read_text(path, files::LONG)
            .with_context(|| format!("--service-tags: cannot read {name}"))?;
        let tags = ServiceTags::parse(text.as_bytes())
            .with_context(|| format!("--service-tags: {name}"))?;
        let given_at = time_of_tags(path).and_then(|time| Timestamp::try_from(time).ok());
        Ok(Self { given: Some(Arc::new(AzureRanges::of(&tags, &name))), given_at })
    }

    /// Whether the run's cloud publishes `address` as its own; `None` where its ranges are not
    /// known.
    pub(super) fn holds(&self, run: &Run, address: IpAddr) -> Option<bool> {
        diagnose::RangeLookup::holds(&self.of(run), address)
    }

    /// When the ranges were published that a cloud's addresses are judged by.
    pub(super) fn published_at(&self, cloud: Cloud) -> Option<Timestamp> {
        if self.given.is_some() {
            return self.given_at;
        }
        let day: Date = Snapshot::embedded_date(cloud).parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
    }

    /// Shows a hint where the embedded ranges are what a finding was concluded from, and are old.
    pub(super) fn warn_if_old(&self, run: &Run, conclusion: &Conclusion) {
        if self.given.is_some() {
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
        CloudRanges(self.given.as_deref().or_else(embedded))
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
