//! Which addresses the cloud publishes as its own. Pure.
use crate::model::Cloud;
pub struct AzureRanges;
impl AzureRanges { pub fn embedded(_: Cloud) -> Option<Self> { None } pub fn contains(&self, _: std::net::IpAddr) -> bool { true } }
