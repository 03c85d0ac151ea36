//! Azure's clouds: each has names, lists and published ranges of its own.

use std::fmt;

/// One of Azure's clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cloud {
    /// Azure's public cloud.
    #[default]
    Public,
    /// Azure Government (United States).
    UsGov,
    /// Azure China, run by 21Vianet.
    China,
}

impl Cloud {
    /// Every cloud, in the contract's order.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGov, Self::China];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGov => "usgov",
            Self::China => "china",
        }
    }

    /// The cloud of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.as_str() == text)
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
