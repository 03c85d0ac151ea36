//! The Service Tag Discovery API (serviceTags.json): a cloud's service tags, as Resource Manager
//! lists them. The answer has the members of Microsoft's weekly file.

use reqwest::Url;
use serde_json::Value;

use super::error::ArmError;
use super::exchange::ArmClient;
use super::group::VERSION;

/// Far more than there are: today's release is one page.
const MOST_PAGES: usize = 100;
const RIGHT: &str = "the identity lacks a right: it needs \
                     Microsoft.Network/locations/serviceTags/read on the subscription, which Reader has";

/// Which release of the service tags is read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagScope {
    subscription: String,
    location: String,
}

/// Why a scope cannot be part of a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagScopeError {
    /// The subscription is no id.
    #[error("'{0}' is no subscription id: expected 00000000-0000-0000-0000-000000000000")]
    Subscription(String),
    /// The location is no name of a region.
    #[error("'{0}' is no location: expected one as westeurope")]
    Location(String),
}

impl TagScope {
    /// Takes a subscription, which decides the cloud, and a location, which decides only where the
    /// release is read: every release holds the tags of all regions.
    pub fn new(subscription: &str, location: &str) -> Result<Self, TagScopeError> {
        let shown = |text: &str| text.chars().take(80).collect();
        let subscription = subscription.trim();
        let is_id = subscription.len() == 36
            && subscription.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if !is_id {
            return Err(TagScopeError::Subscription(shown(subscription)));
        }
        let squeezed = location.replace(' ', "").to_ascii_lowercase();
        if squeezed.is_empty() || !squeezed.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(TagScopeError::Location(shown(location)));
        }
        Ok(Self { subscription: subscription.to_owned(), location: squeezed })
    }
}

impl ArmClient {
    /// Reads every page, and joins them.
    ///
    /// # Errors
    /// [`ArmError`], also where the pages are of two releases.
    pub async fn service_tags(&mut self, scope: &TagScope) -> Result<Value, ArmError> {
        let TagScope { subscription, location } = scope;
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/serviceTags"
        );
        let what = format!("reading the service tags of {location}");
        let mut document = self.tag_page(self.url(&path, VERSION)?, &what).await?;
        for _ in 1..MOST_PAGES {
            let next = document.as_object_mut().and_then(|document| document.remove("nextLink"));
            let Some(link) = next.as_ref().and_then(Value::as_str).filter(|link| !link.is_empty())
            else {
                return Ok(document);
            };
            let url = self.endpoint.follow(link)?;
            let mut page = self.tag_page(url, &what).await?;
            let malformed =
                |why: &str| ArmError::Malformed { what: what.clone(), why: why.to_owned() };
            if page["changeNumber"] != document["changeNumber"] {
                return Err(malformed("its pages are of two releases: ask again"));
            }
            document["nextLink"] = page["nextLink"].take();
            match (document["values"].as_array_mut(), page["values"].as_array_mut()) {
                (Some(all), Some(more)) => all.append(more),
                _ => return Err(malformed("a page without values")),
            }
        }
        Err(ArmError::Malformed { what, why: format!("more than {MOST_PAGES} pages") })
    }

    async fn tag_page(&mut self, url: Url, what: &str) -> Result<Value, ArmError> {
        let answer = self.get(url, what).await.map_err(|error| error.for_want_of(RIGHT))?;
        if answer.body.is_object() {
            return Ok(answer.body);
        }
        Err(ArmError::Malformed { what: what.to_owned(), why: "no object".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_and_no_location_comes_into_no_url() {
        const ID: &str = "00000000-0000-0000-0000-000000000001";
        let location = |text| TagScope::new(ID, text).map(|scope| scope.location);
        assert_eq!(location("West Europe"), Ok("westeurope".to_owned()));
        for wrong in ["", "west/europe", "..", "a?b"] {
            assert!(location(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "my-subscription", &ID[1..], &ID.replace("01", "/.")] {
            assert!(TagScope::new(wrong, "westeurope").is_err(), "{wrong}");
        }
    }
}
