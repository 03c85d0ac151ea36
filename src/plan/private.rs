//! Which names are private, without anyone having said so.

use std::sync::Arc;

use crate::model::{AddressClass, Answer, Endpoint, HostName, Lookup, Reach, classify, deciding};

/// The privatelink name by which an endpoint is taken as private without being told: its chain
/// passes one, and every address is private.
#[must_use]
pub fn taken_as_private<'l>(
    endpoint: &Endpoint,
    lookups: &'l [Arc<Lookup>],
) -> Option<&'l HostName> {
    if endpoint.expect.reach != Reach::Any {
        return None;
    }
    let mut name = None;
    for lookup in deciding(lookups) {
        let addresses = || lookup.answers().flat_map(Answer::addresses);
        let has = |class| addresses().any(|address| classify(address) == class);
        // Addresses that lead nowhere are the sinkhole's matter.
        if !has(AddressClass::Private) || has(AddressClass::Public) {
            return None;
        }
        name = name.or(lookup.privatelink());
    }
    name
}
