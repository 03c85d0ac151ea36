//! Values of proxy options without the secrets in them, for reports and messages.

const SCHEMES: [&str; 4] = ["http://", "https://", "socks5://", "socks5h://"];

/// The URL of a proxy or of a script, as somebody wrote it, without user information and query.
#[must_use]
pub fn redacted_url(value: &str) -> String {
    let (value, query) = match value.split_once('?') {
        // A question mark before an `@` is part of a password.
        Some((front, query)) if !query.contains('@') => {
            (front, if query.is_empty() { "?" } else { "?***" })
        }
        _ => (value, ""),
    };
    let Some((front, host)) = value.rsplit_once('@') else { return format!("{value}{query}") };
    let script = if front.starts_with("pac:") { "pac:" } else { "" };
    let scheme = SCHEMES.iter().find(|scheme| front[script.len()..].starts_with(**scheme));
    // Whatever else precedes `://` may be a part of the secret.
    format!("{script}{}***@{host}{query}", scheme.unwrap_or(&""))
}

/// The path of a file that is not there. Where it looks like a misspelt address, what could be a
/// password is taken out.
#[must_use]
pub fn redacted_path(path: &str) -> String {
    let is_meant_as_address = path.starts_with("http") || path.contains("//");
    if is_meant_as_address { redacted_url(path) } else { path.to_owned() }
}
