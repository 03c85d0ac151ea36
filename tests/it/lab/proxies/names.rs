//! The table of names: what the proxies' resolver and the client's say of each, what answers there,
//! and what must be concluded where squid or tinyproxy is configured to carry it.

use std::sync::LazyLock;

use super::super::pki::Leaf;
use super::super::situation::Answer;
use super::network::{DROPPED, PRIVATE, RESET, UNREACHABLE, WEB, WEB_OPEN, WEB_REJECTED};
use super::{Expected, PASS, fails, warns};

/// One endpoint.
pub(super) struct Name {
    pub(super) host: String,
    pub(super) port: u16,
    /// As `--endpoint` takes it.
    pub(super) kind: &'static str,
    /// Given as `--private` too.
    pub(super) is_private: bool,
    /// What the proxies' resolver says.
    pub(super) beyond: Known,
    /// What the client's resolver says.
    pub(super) here: Known,
    pub(super) leaf: Leaf,
    pub(super) answer: Answer,
    /// What must be concluded through squid.
    pub(super) by_squid: Expected,
    /// What must be concluded through tinyproxy.
    pub(super) by_tinyproxy: Expected,
}

/// What a resolver says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Its address.
    At(&'static str),
    /// Its address, by a name of `privatelink`.
    Link(&'static str, &'static str),
    /// No such name.
    Missing,
    /// REFUSED.
    Refused,
    /// Nothing.
    Silence,
}

/// The control name of the factory, and the first to be asked for.
pub(super) const FACTORY: &str = "contoso-df.westeurope.datafactory.azure.net";
/// A private endpoint that is stated, and one that only its chain tells.
pub(super) const STATED_PRIVATE: &str = "contoso-pe.westeurope.datafactory.azure.net";
pub(super) const FOUND_PRIVATE: &str = "sealed.vault.azure.net";
/// Known to both resolvers. The road of the client itself: dropped, rejected, open; and open, where
/// the proxies refuse the name.
pub(super) const BOTH_DROPPED: &str = "dropped.blob.core.windows.net";
pub(super) const BOTH_REJECTED: &str = "rejected.blob.core.windows.net";
pub(super) const BOTH_OPEN: &str = "open.blob.core.windows.net";
pub(super) const BOTH_OPEN_DENIED: &str = "denied-here.blob.core.windows.net";

/// What the proxies refuse to carry; a leading dot means every name below.
pub(super) const FORBIDDEN: [&str; 4] = [
    "denied.blob.core.windows.net",
    BOTH_OPEN_DENIED,
    "ctldl.windowsupdate.com",
    ".fabrikam.example",
];

pub(super) static NAMES: LazyLock<Vec<Name>> = LazyLock::new(names);

/// The only name of a host.
pub(super) fn name(host: &str) -> &'static Name {
    NAMES.iter().find(|name| name.host == host).expect("a host of the table")
}

/// What tinyproxy says of a name that it cannot resolve is what it says of one that it cannot
/// connect to (500 Unable to connect).
const UNREACHED: Expected = fails("proxy_upstream_unreachable");
const UNRESOLVED: Expected = fails("proxy_upstream_dns");
const DENIED: Expected = fails("proxy_denied");

fn names() -> Vec<Name> {
    let relay = |label: &str| Name {
        kind: "relay",
        answer: Answer::Relay,
        ..site(&format!("{label}.servicebus.windows.net"))
    };
    let blob = |label: &str| site(&format!("{label}.blob.core.windows.net"));
    let http = |host: &str| Name { kind: "http", port: 80, ..site(host) };
    let mut names = vec![
        // What works, and only the proxies resolve.
        site(FACTORY),
        relay("contoso-relay"),
        site("login.microsoftonline.com"),
        Name { kind: "tls", ..site("contoso-kv.vault.azure.net") },
        http("crl3.digicert.com"),
        // A client's resolver that says nothing is no fault of what only the proxies resolve.
        Name { here: Known::Silence, ..relay("quiet") },
        Name { here: Known::Refused, ..relay("hushed") },
        // What the proxies refuse.
        blob("denied").is(DENIED, DENIED),
        site("files.fabrikam.example").is(DENIED, DENIED),
        Name { port: 8443, ..blob("port") }.is(DENIED, DENIED),
        http("ctldl.windowsupdate.com").is(DENIED, DENIED),
        // What they cannot resolve.
        Name { beyond: Known::Missing, ..blob("missing") }.is(UNRESOLVED, UNREACHED),
        Name { beyond: Known::Refused, ..blob("dns-refused") }.is(UNRESOLVED, UNREACHED),
        Name { beyond: Known::Silence, ..blob("dns-silent") }.is(UNRESOLVED, UNREACHED),
        // In absolute form squid 5 says 502 ERR_READ_ERROR, which tells nothing of names.
        Name { beyond: Known::Missing, ..http("crl4.digicert.com") }.alike(UNREACHED),
        // Where they do not get to.
        Name { beyond: Known::At(RESET), ..relay("reset") }.is(UNREACHED, UNREACHED),
        Name { beyond: Known::At(DROPPED), ..relay("silent") }.is(UNREACHED, UNREACHED),
        Name { beyond: Known::At(UNREACHABLE), ..relay("unreachable") }.is(UNREACHED, UNREACHED),
        Name { beyond: Known::At(RESET), ..http("ocsp.digicert.com") }.is(UNREACHED, UNREACHED),
        // What is wrong beyond them.
        Name { leaf: Leaf::Corporate, ..relay("inspected") }.alike(warns("tls_intercepted")),
        Name { leaf: Leaf::Unknown, ..relay("untrusted") }.alike(fails("tls_untrusted")),
        Name { leaf: Leaf::OtherName, ..relay("other-name") }.alike(fails("tls_name_mismatch")),
        Name { leaf: Leaf::Expired, ..relay("expired") }.alike(fails("tls_expired")),
        Name { answer: Answer::Close, ..relay("closed") }.alike(fails("http_closed")),
        Name { answer: Answer::BlockPage, ..relay("blocked") }.alike(fails("http_block_page")),
        Name { answer: Answer::Welcome, ..relay("welcome") }.alike(fails("http_not_the_service")),
        Name { answer: Answer::RelayError, ..relay("ailing") }.alike(warns("http_service_error")),
        // What must not be sent to them.
        Name {
            is_private: true,
            here: Known::Link(
                "contoso-pe.westeurope.privatelink.datafactory.azure.net",
                PRIVATE[0],
            ),
            ..site(STATED_PRIVATE)
        }
        .alike(fails("route_private_via_proxy")),
        Name {
            here: Known::Link("sealed.privatelink.vaultcore.azure.net", PRIVATE[1]),
            ..site(FOUND_PRIVATE)
        }
        .alike(fails("route_private_via_proxy")),
        // What the client can resolve too.
        both(WEB, BOTH_DROPPED),
        both(WEB_REJECTED, BOTH_REJECTED),
        both(WEB_OPEN, BOTH_OPEN),
        both(WEB_OPEN, BOTH_OPEN_DENIED).is(DENIED, DENIED),
    ];
    names.extend((1..=24).map(|number| blob(&format!("landing{number:02}"))));
    names
}

/// A service that has nothing at its root and that only the proxies can resolve.
fn site(host: &str) -> Name {
    Name {
        host: host.to_owned(),
        port: 443,
        kind: "https",
        is_private: false,
        beyond: Known::At(WEB),
        here: Known::Missing,
        leaf: Leaf::Public,
        answer: Answer::NotFound,
        by_squid: PASS,
        by_tinyproxy: PASS,
    }
}

fn both(address: &'static str, host: &str) -> Name {
    Name { beyond: Known::At(address), here: Known::At(address), ..site(host) }
}

impl Name {
    /// Whether nobody may send it to a proxy.
    pub(super) const fn must_stay(&self) -> bool {
        self.is_private || matches!(self.here, Known::Link(..))
    }

    fn is(self, by_squid: Expected, by_tinyproxy: Expected) -> Self {
        Self { by_squid, by_tinyproxy, ..self }
    }

    fn alike(self, expected: Expected) -> Self {
        self.is(expected, expected)
    }
}
