//! The regions that the embedded tags know, to catch a misspelt one before it becomes the name of a
//! host that nobody has.

use super::Snapshot;
use crate::model::Cloud;

/// Regions whose tag is written otherwise (`AzureCloud.germanywc`) than the region itself.
const OTHERWISE: [(&str, &str); 11] = [
    ("brazilne", "brazilnortheast"),
    ("brazilse", "brazilsoutheast"),
    ("centralfrance", "francecentral"),
    ("chilec", "chilecentral"),
    ("germanyn", "germanynorth"),
    ("germanywc", "germanywestcentral"),
    ("norwaye", "norwayeast"),
    ("norwayw", "norwaywest"),
    ("southfrance", "francesouth"),
    ("switzerlandn", "switzerlandnorth"),
    ("switzerlandw", "switzerlandwest"),
];

/// The regions of a cloud, as host names write them.
#[must_use]
pub fn regions(cloud: Cloud) -> Vec<&'static str> {
    let tags = Snapshot::embedded(cloud).tags.tags();
    let named = tags.iter().filter_map(|tag| tag.name.strip_prefix("AzureCloud."));
    let mut regions: Vec<&str> = named
        .map(|name| {
            let known = OTHERWISE.iter().find(|(tag, _)| *tag == name);
            known.map_or(name, |(_, region)| region)
        })
        .collect();
    regions.sort_unstable();
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_its_regions() {
        for (cloud, known, unknown) in [
            (Cloud::Public, &["westeurope", "germanywestcentral", "eastus2"][..], "chinaeast2"),
            (Cloud::UsGov, &["usgovvirginia", "usdodeast"], "westeurope"),
            (Cloud::China, &["chinaeast2", "chinanorth3"], "westeurope"),
        ] {
            let regions = regions(cloud);
            for region in known {
                assert!(regions.contains(region), "{cloud}: {region} is not in {regions:?}");
            }
            assert!(!regions.contains(&unknown), "{cloud}");
        }
        let public = regions(Cloud::Public);
        assert!(OTHERWISE.iter().all(|(tag, _)| !public.contains(tag)), "{public:?}");
    }
}
