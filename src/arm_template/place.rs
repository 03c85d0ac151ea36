//! Where a resource lies: resources of one name may be in several resource groups.

/// The subscription and the resource group of a resource; `None` for what its file does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourcePlace {
    /// The id of the subscription.
    pub subscription: Option<String>,
    /// The name of the resource group, or the expression that stands for it.
    pub group: Option<String>,
}

impl ResourcePlace {
    /// The place of the resource with this id.
    #[must_use]
    pub fn of_id(id: &str) -> Self {
        let after = |word: &str| {
            let mut segments = id.split('/').skip_while(|own| !own.eq_ignore_ascii_case(word));
            segments.nth(1).filter(|own| !own.is_empty()).map(str::to_owned)
        };
        Self { subscription: after("subscriptions"), group: after("resourceGroups") }
    }

    /// The names of what the resource is in, outermost first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.subscription.iter().chain(&self.group).cloned().collect()
    }

    /// Whether both may be in one resource group.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        may_be(self.subscription.as_deref(), other.subscription.as_deref())
            && may_be(self.group.as_deref(), other.group.as_deref())
    }

    /// Whether both are in the resource group of one name, and may be in one subscription.
    #[must_use]
    pub fn is_near(&self, other: &Self) -> bool {
        may_be(self.subscription.as_deref(), other.subscription.as_deref())
            && is_same(self.group.as_deref(), other.group.as_deref())
    }

    /// Whether the file says the same of both.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        is_same(self.subscription.as_deref(), other.subscription.as_deref())
            && is_same(self.group.as_deref(), other.group.as_deref())
    }
}

fn is_same(own: Option<&str>, other: Option<&str>) -> bool {
    match (own, other) {
        (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
        (own, other) => own == other,
    }
}

/// What has no value here, an expression, may be any.
fn may_be(own: Option<&str>, other: Option<&str>) -> bool {
    let known = |text: Option<&str>| text.is_some_and(|text| !text.starts_with('['));
    is_same(own, other) || !known(own) || !known(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_compared_without_case_and_what_is_unknown_may_be_any() {
        let place = |subscription: &str, group: &str| {
            let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            ResourcePlace { subscription: known(subscription), group: known(group) }
        };
        let id = "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Network/x/y";
        assert_eq!(ResourcePlace::of_id(id), place("S", "Rg"));
        assert_eq!(ResourcePlace::of_id("nsg"), place("", ""));
        for (own, other, is_same, is_near, may_be) in [
            (place("s", "RG"), place("S", "rg"), true, true, true),
            (place("s", "rg"), place("", "rg"), false, true, true),
            (place("s", "rg"), place("t", "rg"), false, false, false),
            (place("", "rg"), place("", ""), false, false, true),
            (place("", "rg"), place("", "other"), false, false, false),
            (place("", "rg"), place("", "[parameters('g')]"), false, false, true),
        ] {
            let seen = (own.is_same(&other), own.is_near(&other), own.may_be(&other));
            assert_eq!(seen, (is_same, is_near, may_be), "{own:?} {other:?}");
        }
    }
}
