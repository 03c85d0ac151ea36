//! Resource ids: paths of words that are given and names that are not.

use super::endpoint::EndpointError;
use super::form_encoded;

/// The id as Azure takes it.
pub(super) fn path(text: &str) -> &str {
    text.trim().trim_end_matches('/')
}

/// The names that stand in `text` where `pattern` has a `*`, in their order; `None` where it is an
/// id of something else, or none. Azure's ids have no case.
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

/// A name as one segment of a URL's path. Whoever calls has checked it already; what would climb,
/// or end the path, does not even so.
///
/// # Errors
/// Dots alone, which a URL resolves however they are written (WHATWG URL, double-dot segment).
pub(super) fn segment(name: &str) -> Result<String, EndpointError> {
    if name.is_empty() || name.chars().all(|c| c == '.') {
        return Err(EndpointError::Segment(name.to_owned()));
    }
    Ok(form_encoded(name))
}

/// An id whose names were checked, as a URL's path.
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
