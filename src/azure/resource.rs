//! Resource ids: paths of words that are given and names that are not.

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
