//! Writes a bypass list, a `NO_PROXY` and a PAC file for a set of private names.

use std::fmt::Write as _;

use super::agent_config::{AgentProxy, DefaultProxy, Setting};
use super::bypass::uri_form;
use super::dotnet_regex::{Pattern, PatternFault};
use super::no_proxy::Scheme;
use super::pattern_meaning::{PatternMeaning, pattern_for};
use super::proxy_url::{ProxyScheme, ProxyUrl};
use super::redacted::redacted_rule;
use crate::model::{Host, HostName};

/// Three forms of one configuration: the private names go direct, everything else to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// `<system.net>` for `diahost.exe.config` and `diawp.exe.config`.
    pub bypass_list: String,
    /// The value of `NO_PROXY`. Full names are what every dialect reads alike, except that curl and
    /// Go include the names below them.
    pub no_proxy: String,
    /// A proxy auto-configuration file.
    pub pac: String,
}

/// Suggests a configuration for these private names and this proxy, without its credentials.
#[must_use]
pub fn suggest(private: &[HostName], proxy: &ProxyUrl) -> Suggestion {
    let private = in_order(private);
    let patterns: Vec<String> = private.iter().copied().map(pattern_for).collect();
    Suggestion {
        bypass_list: fragment(&patterns, proxy, true, true),
        no_proxy: private.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(","),
        pac: script(&private, proxy),
    }
}

/// Corrects the section of a file: private names go direct, expressions match what they seem to
/// mean, no relay is bypassed, and the address has no credentials. `None` for a file that names no
/// proxy.
#[must_use]
pub fn corrected_fragment(
    agent: &AgentProxy,
    private: &[HostName],
    relay: &[HostName],
) -> Option<String> {
    let section = agent.default_proxy.as_ref()?;
    let proxy = section.proxy.address.as_ref()?.meant()?;
    let mut patterns = corrected_patterns(section, relay);
    for name in in_order(private) {
        let is_covered = patterns.iter().any(|pattern| is_match(pattern, name));
        if !is_covered {
            patterns.push(pattern_for(name));
        }
    }
    let on_local = section.proxy.bypass_on_local == Setting::True;
    Some(fragment(&patterns, proxy, on_local, section.use_default_credentials))
}

fn corrected_patterns(section: &DefaultProxy, relay: &[HostName]) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    for entry in &section.bypass {
        let Some(mut corrected) = corrected_pattern(&entry.pattern) else { continue };
        let meaning = PatternMeaning::guess(&entry.pattern);
        let is_relays_own = |relay: &HostName| {
            let domain = relay.parent().unwrap_or(relay.as_str());
            meaning.as_ref().is_some_and(|meaning| meaning.domain.is_within(domain))
        };
        let bypassed: Vec<_> = relay.iter().filter(|name| is_match(&corrected, name)).collect();
        if bypassed.iter().any(|relay| is_relays_own(relay)) {
            continue;
        }
        for relay in bypassed {
            if is_match(&corrected, relay) {
                corrected = without_relays(&corrected, relay);
            }
        }
        if !patterns.contains(&corrected) {
            patterns.push(corrected);
        }
    }
    patterns
}

/// An expression that matches what was meant and bypasses no name that the original does not. Where
/// there is none, the original stays, because it is in effect. `None` where the meaning cannot be
/// told, and for an expression that bypasses everything by oversight.
fn corrected_pattern(original: &str) -> Option<String> {
    // No host is compared with a user name and a password: such an expression is not in effect.
    if redacted_rule(original) != original {
        return None;
    }
    match (Pattern::compile(original), PatternMeaning::guess(original)) {
        (Ok(pattern), Some(meaning)) => {
            Some(meaning.pattern_within(&pattern).unwrap_or_else(|| original.to_owned()))
        }
        (Ok(_), None) if original.is_empty() || is_placeholder(original) => None,
        (Ok(_), None) | (Err(PatternFault::Unsupported(_)), _) => Some(original.to_owned()),
        // Such an expression is not in effect: .NET refuses it, and the whole proxy with it.
        (Err(PatternFault::Invalid(_)), meaning) => meaning.map(|meaning| meaning.pattern()),
    }
}

/// Excludes the names of the relay's domain from an expression, which may be in effect for others.
fn without_relays(pattern: &str, relay: &HostName) -> String {
    let domain = relay.parent().unwrap_or(relay.as_str()).replace('.', "\\.");
    format!("^(?!https?://(?:[^/:]+\\.)?{domain}(?::\\d+)?$).*(?:{pattern})")
}

/// Whether an expression still has a placeholder of Microsoft's page.
pub(super) fn is_placeholder(pattern: &str) -> bool {
    let lower = pattern.to_ascii_lowercase();
    ["[adfresourcename]", "[adfresourcelocation]", "<factory", "{factory", "<region", "{region"]
        .iter()
        .any(|sign| lower.contains(sign))
}

pub(super) fn is_match(pattern: &str, name: &HostName) -> bool {
    let uri = uri_form(&Host::Name(name.clone()), Scheme::Https.default_port(), Scheme::Https);
    Pattern::compile(pattern).is_ok_and(|pattern| pattern.is_match(&uri) == Ok(true))
}

fn in_order(names: &[HostName]) -> Vec<&HostName> {
    let mut names: Vec<&HostName> = names.iter().collect();
    names.sort();
    names.dedup();
    names
}

fn fragment(
    patterns: &[String],
    proxy: &ProxyUrl,
    on_local: bool,
    use_default_credentials: bool,
) -> String {
    let credentials = if use_default_credentials { " useDefaultCredentials=\"true\"" } else { "" };
    let mut xml = format!("<system.net>\n  <defaultProxy enabled=\"true\"{credentials}>\n");
    if !patterns.is_empty() {
        xml.push_str("    <bypasslist>\n");
        for pattern in patterns {
            let _ = writeln!(xml, "      <add address=\"{}\" />", escaped(pattern));
        }
        xml.push_str("    </bypasslist>\n");
    }
    // .NET Framework connects to proxies only in clear text.
    let address = ProxyUrl::new(ProxyScheme::Http, proxy.host().clone(), proxy.port()).shown();
    let on_local = if on_local { "True" } else { "False" };
    let _ = write!(
        xml,
        "    <proxy usesystemdefault=\"False\" proxyaddress=\"{}/\" bypassonlocal=\"{on_local}\" />\n  \
         </defaultProxy>\n</system.net>\n",
        escaped(&address)
    );
    xml
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML normalises white space in attributes, unless it is written as a number.
            c if c.is_control() => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn script(private: &[&HostName], proxy: &ProxyUrl) -> String {
    let word = match proxy.scheme() {
        ProxyScheme::Http => "PROXY",
        ProxyScheme::Https => "HTTPS",
        ProxyScheme::Socks4 => "SOCKS",
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => "SOCKS5",
    };
    let shown = proxy.shown();
    let address = shown.split_once("://").map_or(shown.as_str(), |(_, address)| address);
    let mut text = String::from(
        "function FindProxyForURL(url, host) {\n  if (isPlainHostName(host)) return \"DIRECT\";\n  \
         // Private endpoints: never through the proxy.\n  switch (host.toLowerCase()) {\n",
    );
    for name in private {
        let _ = writeln!(text, "    case \"{name}\":");
    }
    if !private.is_empty() {
        text.push_str("      return \"DIRECT\";\n");
    }
    let _ = write!(text, "  }}\n  return \"{word} {address}\";\n}}\n");
    text
}

#[cfg(test)]
mod tests;
