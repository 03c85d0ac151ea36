//! Infers the cloud that names belong to.

use super::pasted;
use crate::model::Cloud;

/// The domains of one cloud alone. Names that all clouds share, such as `download.microsoft.com`,
/// are in none of them. The sources are Microsoft's pages "Compare Azure Government and global
/// Azure" and "Azure in China developer guide".
const DOMAINS: &[(&str, Cloud)] = &[
    ("windows.net", Cloud::Public),
    ("azure.net", Cloud::Public),
    ("azure.com", Cloud::Public),
    ("azuresynapse.net", Cloud::Public),
    ("clouddatahub.net", Cloud::Public),
    ("azuredatalakestore.net", Cloud::Public),
    ("microsoftonline.com", Cloud::Public),
    ("usgovcloudapi.net", Cloud::UsGov),
    ("azure.us", Cloud::UsGov),
    ("microsoftonline.us", Cloud::UsGov),
    ("chinacloudapi.cn", Cloud::China),
    ("azure.cn", Cloud::China),
];

/// The prefixes of regions outside the public cloud, such as `usgovvirginia`.
const REGIONS: &[(&str, Cloud)] =
    &[("usgov", Cloud::UsGov), ("usdod", Cloud::UsGov), ("china", Cloud::China)];

/// The cloud that `names` belong to (hosts, URLs, wildcards and regions, as pasted), unless they
/// belong to different ones.
#[must_use]
pub fn infer_cloud<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Cloud> {
    let mut told = names.into_iter().filter_map(cloud_of);
    let first = told.next()?;
    told.all(|cloud| cloud == first).then_some(first)
}

/// The cloud that one name belongs to, where that is known.
pub(super) fn cloud_of(name: &str) -> Option<Cloud> {
    let host = pasted::split(name).ok()?.host.trim_end_matches('.').to_ascii_lowercase();
    if !host.contains('.') {
        let region: String = host.chars().filter(|c| !c.is_whitespace()).collect();
        return REGIONS
            .iter()
            .find(|(beginning, _)| region.starts_with(beginning))
            .map(|(_, cloud)| *cloud);
    }
    DOMAINS
        .iter()
        .find(|(domain, _)| {
            host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        })
        .map(|(_, cloud)| *cloud)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_cloud() {
        for (names, expected) in [
            (&["x.westeurope.datafactory.azure.net"][..], Some(Cloud::Public)),
            (&["https://X.usgovvirginia.datafactory.azure.us/"], Some(Cloud::UsGov)),
            (&["*.servicebus.chinacloudapi.cn"], Some(Cloud::China)),
            (&["download.microsoft.com", "a.servicebus.usgovcloudapi.net:443"], Some(Cloud::UsGov)),
            (&["US Gov Virginia"], Some(Cloud::UsGov)),
            (&["chinanorth2"], Some(Cloud::China)),
            (&["West Europe"], None),
            (&["a.azure.us", "b.azure.cn"], None),
            (&["notazure.us", "contoso.com"], None),
            (&[], None),
        ] {
            assert_eq!(infer_cloud(names.iter().copied()), expected, "{names:?}");
        }
    }
}
