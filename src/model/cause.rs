//! The stable codes for what is wrong (contract, Causes). Append-only.

/// How bad a finding is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// An expectation is violated.
    Fail,
    /// Something to know.
    Warn,
    /// Could not be asked.
    Unknown,
}

impl Severity {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
        }
    }
}

macro_rules! causes {
    ($($variant:ident $code:literal $severity:ident,)*) => {
        /// What is wrong. The order is the contract's order of precedence between layers; what each
        /// cause means stands in [`crate::diagnose::catalogue`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause { $($variant,)* }

        impl Cause {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The severity it has where nothing lowers it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

causes! {
    DnsViewsDiffer "dns_views_differ" Fail,
    PathPrivateEndpointAbsent "path_private_endpoint_absent" Fail,
    PathPrivateZoneNotLinked "path_private_zone_not_linked" Fail,
    PathPrivateRecordMissing "path_private_record_missing" Fail,
    PathPrivateOutsideNetwork "path_private_outside_network" Fail,
    PathMixed "path_mixed" Fail,
    PathPublicExpected "path_public_expected" Fail,
    PathNotAzure "path_not_azure" Warn,
    RoutePrivateViaProxy "route_private_via_proxy" Fail,
    RouteProxyRequired "route_proxy_required" Fail,
    RouteDirectRequired "route_direct_required" Fail,
    RouteConfigInvalid "route_config_invalid" Fail,
    RouteConfigMismatch "route_config_mismatch" Warn,
    DnsNxdomain "dns_nxdomain" Fail,
    DnsNodata "dns_nodata" Fail,
    DnsServfail "dns_servfail" Fail,
    DnsRefused "dns_refused" Fail,
    DnsTimeout "dns_timeout" Fail,
    DnsResolverUnreachable "dns_resolver_unreachable" Fail,
    DnsTcpBlocked "dns_tcp_blocked" Fail,
    DnsCnameLoop "dns_cname_loop" Fail,
    DnsMalformed "dns_malformed" Fail,
    DnsSinkhole "dns_sinkhole" Fail,
    DnsOsOverride "dns_os_override" Warn,
    DnsResolverDown "dns_resolver_down" Warn,
    ProxyUnresolvable "proxy_unresolvable" Fail,
    ProxyRefused "proxy_refused" Fail,
    ProxyTimeout "proxy_timeout" Fail,
    ProxyUnreachable "proxy_unreachable" Fail,
    ProxyAuthRequired "proxy_auth_required" Fail,
    ProxyAuthRejected "proxy_auth_rejected" Fail,
    ProxyDenied "proxy_denied" Fail,
    ProxyUpstreamDns "proxy_upstream_dns" Fail,
    ProxyUpstreamUnreachable "proxy_upstream_unreachable" Fail,
    ProxyNotAProxy "proxy_not_a_proxy" Fail,
    ProxyTunnelClosed "proxy_tunnel_closed" Fail,
    ProxyPacError "proxy_pac_error" Fail,
    TcpRefused "tcp_refused" Fail,
    TcpTimeout "tcp_timeout" Fail,
    TcpUnreachable "tcp_unreachable" Fail,
    TcpReset "tcp_reset" Fail,
    TcpLocalDenied "tcp_local_denied" Fail,
    TcpSomeAddresses "tcp_some_addresses" Fail,
    TcpFamily "tcp_family" Warn,
    TcpAnsweredByMiddlebox "tcp_answered_by_middlebox" Fail,
    TlsIntercepted "tls_intercepted" Warn,
    TlsUntrusted "tls_untrusted" Fail,
    TlsNameMismatch "tls_name_mismatch" Fail,
    TlsExpired "tls_expired" Fail,
    TlsNotYetValid "tls_not_yet_valid" Fail,
    TlsReset "tls_reset" Fail,
    TlsClosed "tls_closed" Fail,
    TlsTimeout "tls_timeout" Fail,
    TlsNotTls "tls_not_tls" Fail,
    TlsVersion "tls_version" Fail,
    TlsAlert "tls_alert" Fail,
    TlsLargePacketsLost "tls_large_packets_lost" Fail,
    TlsRevocationUnreachable "tls_revocation_unreachable" Warn,
    HttpTimeout "http_timeout" Fail,
    HttpClosed "http_closed" Fail,
    HttpBlockPage "http_block_page" Fail,
    HttpCaptivePortal "http_captive_portal" Fail,
    HttpSourceRefused "http_source_refused" Fail,
    HttpNotTheService "http_not_the_service" Fail,
    HttpUpgradeBlocked "http_upgrade_blocked" Fail,
    HttpServiceError "http_service_error" Warn,
    TdsNoAnswer "tds_no_answer" Fail,
    HoldIdleDropped "hold_idle_dropped" Fail,
    HoldReset "hold_reset" Fail,
    RelayGatewayUnassigned "relay_gateway_unassigned" Unknown,
    HostClockSkew "host_clock_skew" Warn,
    RuntimeContradiction "runtime_contradiction" Warn,
    RuntimeServiceStopped "runtime_service_stopped" Fail,
    RuntimeVersionExpired "runtime_version_expired" Fail,
    RuntimeVersionExpiring "runtime_version_expiring" Warn,
    RuntimeVersionsDiffer "runtime_versions_differ" Warn,
    RuntimeCredentialsUnsynced "runtime_credentials_unsynced" Warn,
    NotTestable "not_testable" Unknown,
    NotRun "not_run" Unknown,
    VantageBroken "vantage_broken" Unknown,
    BudgetSpent "budget_spent" Unknown,
}

impl Cause {
    /// The cause of this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.code() == code)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
