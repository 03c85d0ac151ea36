//! Exceptions, which send a name past the proxy: who can change them, and how.

use super::case::Case;
use super::finding::Draft;
use crate::model::{Cause, ExceptionKind, Owner, Record};

/// Who can change a rule of this kind.
pub(super) const fn owner(kind: ExceptionKind) -> Owner {
    match kind {
        ExceptionKind::Option | ExceptionKind::AgentFile => Owner::DataPlatform,
        ExceptionKind::Environment | ExceptionKind::System => Owner::Host,
        ExceptionKind::Script => Owner::Proxy,
    }
}

/// The remedy where the proxy is proven to carry the name.
pub(super) const fn remedy(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::Environment => {
            "Take {host} out of NO_PROXY in the environment of the runtime's service ({rule}), and \
             restart the service: the proxy {proxy} carries it, and direct traffic does not get out."
        }
        ExceptionKind::Option => {
            "Take {host} out of --no-proxy ({rule}), and out of the bypass list that the runtime \
             itself has if it stands there too: the proxy {proxy} carries it, and direct traffic \
             does not get out."
        }
        ExceptionKind::AgentFile => {
            "Take the rule that covers {host} out of the <bypasslist> of both diahost.exe.config and \
             diawp.exe.config ({rule}), and restart the runtime's service: the proxy {proxy} \
             carries it, and direct traffic does not get out."
        }
        ExceptionKind::System => {
            "Take {host} out of the exceptions of Windows' proxy settings ({rule}): the proxy \
             {proxy} carries it, and direct traffic does not get out."
        }
        ExceptionKind::Script => {
            "Let the script return the proxy {proxy} for {host} ({rule}): the proxy carries it, and \
             direct traffic does not get out."
        }
    }
}

/// The remedy where the route by the proxy was not measured.
const fn likely_remedy(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::Script => {
            "If {host} is meant to go by a proxy, let the script return it: {rule} sends it direct. \
             If it is meant to go direct, allow TCP {port} out from {from} to {addresses}{tags}."
        }
        _ => {
            "If {host} is meant to go by the proxy {proxy}, take it out of what sends it past: \
             {rule}. If it is meant to go direct, allow TCP {port} out from {from} to \
             {addresses}{tags}."
        }
    }
}

/// The kind of exception that makes a record's configured route direct.
pub(super) fn of(record: &Record) -> Option<ExceptionKind> {
    record.route.exception.filter(|_| record.route.proxy().is_none())
}

/// Where a direct connection fails and a rule sends the name past the proxy, the rule is the first
/// thing to look at, unless the proxy was measured and fails too.
pub(super) fn suspect(case: &Case<'_>, draft: Draft) -> Draft {
    let Some(kind) = of(case.record) else { return draft };
    if !draft.has_rival(Cause::RouteProxyRequired) {
        return draft;
    }
    let rule = &case.record.route.why;
    let proxy = case.run.vantage.proxy_url.as_deref();
    let past = proxy.map_or("the proxy".to_owned(), |url| format!("the proxy {url}"));
    let draft = draft
        .owner(owner(kind))
        .template(likely_remedy(kind))
        .fact("rule", rule)
        .evidence(format!("sent past {past} by {rule}"));
    match proxy {
        Some(url) => draft.fact("proxy", url),
        None => draft,
    }
}
