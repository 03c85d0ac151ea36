//! What SSPI says where it makes no message (`winerror.h`).

use crate::model::OsError;

/// The codes that a client is given, and their symbols.
const STATUSES: &[(u32, &str)] = &[
    (0x8009_0302, "SEC_E_UNSUPPORTED_FUNCTION"),
    (0x8009_0303, "SEC_E_TARGET_UNKNOWN"),
    (0x8009_0304, "SEC_E_INTERNAL_ERROR"),
    (0x8009_0305, "SEC_E_SECPKG_NOT_FOUND"),
    (0x8009_0308, "SEC_E_INVALID_TOKEN"),
    (0x8009_030c, "SEC_E_LOGON_DENIED"),
    (0x8009_030d, "SEC_E_UNKNOWN_CREDENTIALS"),
    (0x8009_030e, "SEC_E_NO_CREDENTIALS"),
    (0x8009_0311, "SEC_E_NO_AUTHENTICATING_AUTHORITY"),
    (0x8009_0322, "SEC_E_WRONG_PRINCIPAL"),
    (0x8009_0324, "SEC_E_TIME_SKEW"),
    (0x8009_0331, "SEC_E_ALGORITHM_MISMATCH"),
    (0x8009_0342, "SEC_E_KDC_UNKNOWN_ETYPE"),
    (0x8009_0350, "SEC_E_DOWNGRADE_DETECTED"),
];

/// The error of this code.
pub(super) fn error(code: i32) -> OsError {
    let known = STATUSES.iter().find(|(status, _)| status.cast_signed() == code);
    let symbol = known.map_or("SEC_E_OTHER", |(_, symbol)| symbol);
    OsError { code, symbol: symbol.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_symbols() {
        for (code, expected) in [
            (-2_146_893_042, "SEC_E_NO_CREDENTIALS"),
            (-2_146_893_039, "SEC_E_NO_AUTHENTICATING_AUTHORITY"),
            (-1, "SEC_E_OTHER"),
        ] {
            assert_eq!(error(code), OsError { code, symbol: expected.to_owned() });
        }
        assert!(STATUSES.is_sorted_by_key(|(code, _)| code));
    }
}
