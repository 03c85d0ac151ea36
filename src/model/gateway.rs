//! The names of a relay's gateways.

use super::name::HostName;

/// The parts of a gateway's first label, `g12-prod-by3-010-sb` (Microsoft's `GetNamespaceInfo.ps1`
/// in Azure/azure-relay-dotnet).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GatewayName {
    /// `g` or `gv`.
    pub series: GatewaySeries,
    /// Its number within the series.
    pub number: u16,
    /// The deployment it belongs to, as `prod-by3-010`.
    pub deployment: String,
}

/// The two series of gateways of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GatewaySeries {
    /// `g0`, `g1`, …
    G,
    /// `gv0`, `gv1`, …
    Gv,
}

impl GatewaySeries {
    pub const ALL: [Self; 2] = [Self::G, Self::Gv];

    /// How the series' names begin.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::G => "g",
            Self::Gv => "gv",
        }
    }
}

impl GatewayName {
    /// The parts of `name`, where its first label is a gateway's.
    #[must_use]
    pub fn parse(name: &HostName) -> Option<Self> {
        let label = name.labels().next()?.strip_suffix("-sb")?;
        let (head, deployment) = label.split_once('-')?;
        let (series, number) = match head.strip_prefix("gv") {
            Some(number) => (GatewaySeries::Gv, number),
            None => (GatewaySeries::G, head.strip_prefix('g')?),
        };
        // `g01` and `g+1` read as numbers, and are no gateway's name.
        let is_canonical = number.bytes().all(|byte| byte.is_ascii_digit())
            && (number == "0" || !number.starts_with('0'));
        if !is_canonical || deployment.is_empty() {
            return None;
        }
        Some(Self { series, number: number.parse().ok()?, deployment: deployment.to_owned() })
    }

    /// The first label these parts make.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}{}-{}-sb", self.series.as_str(), self.number, self.deployment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_told_from_namespaces() {
        for (name, expected) in [
            ("g0-prod-cbn04-001-sb.servicebus.windows.net", Some(("g", 0, "prod-cbn04-001"))),
            ("G127-PROD-BY3-010-SB.servicebus.windows.net", Some(("g", 127, "prod-by3-010"))),
            ("gv0-prod-bn-vaz0001-sb.servicebus.windows.net", Some(("gv", 0, "prod-bn-vaz0001"))),
            ("amsprodeu2euap.servicebus.windows.net", None),
            ("g-prod-by3-010-sb.servicebus.windows.net", None),
            ("g01-prod-by3-010-sb.servicebus.windows.net", None),
            ("g99999-prod-by3-010-sb.servicebus.windows.net", None),
            ("g1-prod-by3-010.servicebus.windows.net", None),
            ("g1--sb.servicebus.windows.net", None),
            ("gateway-prod-sb.servicebus.windows.net", None),
            ("x.g1-prod-by3-010-sb.servicebus.windows.net", None),
        ] {
            let name = HostName::parse(name).unwrap();
            let parts = GatewayName::parse(&name);
            assert_eq!(
                parts.as_ref().map(|p| (p.series.as_str(), p.number, p.deployment.as_str())),
                expected,
                "{name}"
            );
            if let Some(parts) = parts {
                assert_eq!(Some(parts.label().as_str()), name.labels().next());
            }
        }
    }
}
