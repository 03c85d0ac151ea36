//! Values of proxy settings without the secrets in them, for reports and messages. An
//! authentication key in the place of a host ends with its secret, so that it is masked first.

use crate::model::without_auth_keys;

const SCHEMES: [&str; 4] = ["http://", "https://", "socks5://", "socks5h://"];
/// What bypass expressions have in the place of a scheme.
const SCHEMES_OF_RULES: [&str; 7] =
    ["https?://", "http(s)?://", "https://", "http://", ".*://", "*://", "//"];

/// The URL of a proxy or of a script, as somebody wrote it, without user information, query and
/// fragment.
#[must_use]
pub fn redacted_url(value: &str) -> String {
    let value = &*without_auth_keys(value);
    let query_in_front = start_of_query(value).filter(|at| value[*at..].contains('@'));
    if let Some(at) = query_in_front {
        return format!("{}?***", redacted_url(&value[..at]));
    }
    let (front, host) = match value.rsplit_once('@') {
        // A question mark before an `@` is part of a password.
        Some((front, host)) => (Some(front), host),
        None => (None, value),
    };
    let (host, rest) = host.split_at(host.find(['?', '#']).unwrap_or(host.len()));
    let hidden = if rest.len() > 1 { "***" } else { "" };
    let rest = format!("{}{hidden}", &rest[..rest.len().min(1)]);
    let Some(front) = front else { return format!("{host}{rest}") };
    let script = if front.starts_with("pac:") { "pac:" } else { "" };
    let scheme = SCHEMES.iter().find(|scheme| front[script.len()..].starts_with(**scheme));
    // Whatever else precedes `://` may be a part of the secret.
    format!("{script}{}***@{host}{rest}", scheme.unwrap_or(&""))
}

/// Where the query of a URL begins, if the host and a path stand before it. Elsewhere a question
/// mark may be part of a password.
fn start_of_query(value: &str) -> Option<usize> {
    let start = value.find("://")? + "://".len();
    let (authority, path) = value[start..].split_once('/')?;
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = authority.rsplit_once(':').is_none_or(|(_, port)| is_port(port));
    let at = path.find('?').filter(|_| is_host || authority.contains('@'))?;
    Some(start + authority.len() + 1 + at)
}

/// The path of a file, which may not be there. Where it looks like a misspelt address, what could
/// be a password is taken out.
#[must_use]
pub fn redacted_path(path: &str) -> String {
    const DRIVE: usize = 1;
    let has_user =
        path.rsplit_once('@').and_then(|(front, _)| front.rfind(':')).is_some_and(|at| at > DRIVE);
    let is_meant_as_address =
        path.starts_with("http") || path.contains("//") || path.contains('?') || has_user;
    if is_meant_as_address { redacted_url(path) } else { path.to_owned() }
}

/// A rule of a bypass list, without the user information that somebody wrote into it. No client
/// compares it with anything that holds an `@`, so that one elsewhere is in a set (`[^@]`).
pub(super) fn redacted_rule(rule: &str) -> String {
    let rule = &*without_auth_keys(rule);
    let Some((front, host)) = rule.rsplit_once('@') else { return rule.to_owned() };
    let is_in_set = front.rfind('[').is_some_and(|at| !front[at..].contains([']', ':']));
    if is_in_set && host.contains(']') {
        return rule.to_owned();
    }
    let (anchor, front) = front.split_at(usize::from(front.starts_with('^')));
    let scheme = SCHEMES_OF_RULES.iter().find(|scheme| front.starts_with(**scheme));
    format!("{anchor}{}***@{host}", scheme.unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_their_host_and_path_alone() {
        for (given, shown) in [
            ("http://w/p.pac", "http://w/p.pac"),
            ("http://svc:Geheim@w:9/p.pac?token=Geheim", "http://***@w:9/p.pac?***"),
            ("http://w/p.pac?user=a@b&token=Geheim", "http://w/p.pac?***"),
            ("http://svc:Geheim@w/p.pac?t=x@Geheim", "http://***@w/p.pac?***"),
            ("http://svc:Gehe?im@w/p.pac?t=Geheim", "http://***@w/p.pac?***"),
            ("http://w/p.pac#Geheim", "http://w/p.pac#***"),
            ("pac:http://svc:Geheim@w/p?", "pac:http://***@w/p?"),
            ("https:/svc:Geheim@w/p.pac?sig=Geheim", "***@w/p.pac?***"),
            ("svc:Geheim@w/p.pac", "***@w/p.pac"),
            ("http://IR@1d@adf@we@Geheim=:3128/", "http://***@****"),
            ("IR%401d%40adf%40we%40Geheim=", "***@****"),
        ] {
            assert_eq!(redacted_url(given), shown, "{given}");
        }
    }

    #[test]
    fn paths_stay_unless_they_look_like_addresses() {
        for (given, shown) in [
            ("/home/a@b/p.pac", "/home/a@b/p.pac"),
            (r"C:\a@b\p.pac", r"C:\a@b\p.pac"),
            ("svc:Geheim@w/p.pac", "***@w/p.pac"),
            ("/etc/p.pac?token=Geheim", "/etc/p.pac?***"),
        ] {
            assert_eq!(redacted_path(given), shown, "{given}");
        }
    }

    #[test]
    fn rules_lose_their_users() {
        for (given, shown) in [
            (r"^https?://df\.contoso\.com(:\d+)?$", r"^https?://df\.contoso\.com(:\d+)?$"),
            (r"^https?://u:Geheim@df\.contoso\.com$", r"^https?://***@df\.contoso\.com$"),
            ("http://u:Geh@eim@host(", "http://***@host("),
            ("Geheim://u@host", "***@host"),
            (r"^https://[^@/]+\.contoso\.com", r"^https://[^@/]+\.contoso\.com"),
            ("http://u:G[eheim@host", "http://***@host"),
            ("IR@1d@adf@we@Geheim=", "***@****"),
        ] {
            assert_eq!(redacted_rule(given), shown, "{given}");
        }
    }
}
