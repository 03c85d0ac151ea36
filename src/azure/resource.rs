//! Resource ids, which are paths of fixed words and names.

use super::endpoint::AzureEndpointError;
use super::form_encoded;

/// The id without what a copied text has around it.
pub(super) fn path(text: &str) -> &str {
    text.trim().trim_end_matches('/')
}

/// The names in `text` at the `*` of `pattern`, in their order; `None` where it is no id, or one of
/// another resource. Azure's ids are compared without case.
pub(super) fn names<'t, const N: usize>(text: &'t str, pattern: &str) -> Option<[&'t str; N]> {
    let mut found = path(text).split('/');
    let mut names = Vec::with_capacity(N);
    for word in pattern.split('/') {
        let segment = found.next()?;
        match word {
            "*" if is_segment(segment) => names.push(segment),
            "*" => return None,
            word if segment.eq_ignore_ascii_case(word) => {}
            _ => return None,
        }
    }
    if found.next().is_some() {
        return None;
    }
    names.try_into().ok()
}

/// Azure's names of resource groups hold letters, digits, `-`, `_`, `.` and parentheses, and do
/// not end with a dot (Microsoft's resource-name-rules).
fn is_segment(text: &str) -> bool {
    let is_fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    !text.is_empty() && text.chars().all(is_fine) && !text.ends_with('.')
}

/// A name as one segment of a URL's path. Callers have checked the name; this makes sure that none
/// can lead to another resource.
///
/// # Errors
/// The name is dots alone, which a URL resolves however they are encoded (WHATWG URL, double-dot
/// segment).
pub(super) fn segment(name: &str) -> Result<String, AzureEndpointError> {
    if name.is_empty() || name.chars().all(|c| c == '.') {
        return Err(AzureEndpointError::Segment(name.to_owned()));
    }
    Ok(form_encoded(name))
}

/// The id as a URL's path; its names were checked.
pub(super) fn encoded(id: &str) -> String {
    let segments: Vec<_> = id.split('/').map(form_encoded).collect();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment() {
        for (name, expected) in [
            ("Allow-Azure_Relay.1", Some("Allow-Azure_Relay.1")),
            ("x/../../roleAssignments/a", Some("x%2F..%2F..%2FroleAssignments%2Fa")),
            ("CorpBlock?a=", Some("CorpBlock%3Fa%3D")),
            ("Corp%42lock", Some("Corp%2542lock")),
            ("x\\..\\y#z", Some("x%5C..%5Cy%23z")),
            ("..", None),
            (".", None),
            ("", None),
        ] {
            assert_eq!(segment(name).ok().as_deref(), expected, "{name}");
        }
        assert_eq!(encoded("/a/rg(1)/b c"), "/a/rg%281%29/b%20c");
    }
}
