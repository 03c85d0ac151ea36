//! Where a proxy configuration comes from.

use std::fmt;

/// Where a configuration was taken from. Reports show it as one sentence: `auto: agent: FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyOrigin {
    pub decided_by: ProxyDecider,
    /// `--proxy` left the choice to the program.
    pub is_auto: bool,
    /// The file, the setting or the option, in words.
    pub place: String,
}

/// Whose configuration decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyDecider {
    /// A URL, a script or `none` was given.
    Option,
    /// The runtime's own files.
    Agent,
    /// The environment and the settings of the system.
    Os,
}

impl ProxyDecider {
    /// The word for it: that of `--proxy` which chooses it, where there is one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Option => "option",
            Self::Agent => "agent",
            Self::Os => "os",
        }
    }
}

impl fmt::Display for ProxyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { decided_by, is_auto, place } = self;
        if *is_auto {
            f.write_str("auto: ")?;
        }
        match decided_by {
            ProxyDecider::Option => {}
            ProxyDecider::Agent | ProxyDecider::Os => write!(f, "{}: ", decided_by.as_str())?,
        }
        f.write_str(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_one_sentence() {
        for (decided_by, is_auto, place, expected) in [
            (ProxyDecider::Option, false, "--proxy none", "--proxy none"),
            (ProxyDecider::Agent, false, r"D:\a: b\f", r"agent: D:\a: b\f"),
            (ProxyDecider::Agent, true, "f", "auto: agent: f"),
            (ProxyDecider::Os, true, "no proxy is set", "auto: os: no proxy is set"),
        ] {
            let origin = ProxyOrigin { decided_by, is_auto, place: place.to_owned() };
            assert_eq!(origin.to_string(), expected);
        }
    }
}
