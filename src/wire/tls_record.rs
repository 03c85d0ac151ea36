//! TLS records in clear text: whether bytes are records at all, and the names of alerts.

/// The largest record a peer may send before keys are agreed: 2^14 bytes of plaintext
/// (RFC 8446 §5.1).
const PLAINTEXT_LIMIT: usize = 1 << 14;

/// What the first bytes of an answer to a ClientHello are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    /// Too few bytes to tell, and nothing against TLS so far.
    Undecided,
    /// The beginning of a TLS record.
    Tls,
    /// The beginning of something else.
    NotTls,
}

/// Judges the first bytes of an answer to a ClientHello. A server begins with a handshake (22) or
/// an alert (21) record of version 3.x: RFC 8446 §5.1, and RFC 5246 §6.2.1 for older ones.
#[must_use]
pub fn sniff(first: &[u8]) -> Sniff {
    let is_possible = [
        first.first().is_none_or(|kind| matches!(kind, 21 | 22)),
        first.get(1).is_none_or(|major| *major == 3),
        first.get(2).is_none_or(|minor| *minor <= 4),
    ];
    if is_possible.contains(&false) {
        return Sniff::NotTls;
    }
    match first {
        [_, _, _, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if (1..=PLAINTEXT_LIMIT).contains(&length) { Sniff::Tls } else { Sniff::NotTls }
        }
        _ => Sniff::Undecided,
    }
}

/// The fatal alert among whole records in clear text (RFC 8446 §6): a peer's last words, where they
/// were not yet encrypted.
#[must_use]
pub fn fatal_alert(mut records: &[u8]) -> Option<u8> {
    const FATAL: u8 = 2;
    while let [kind, 3, _, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (record, after) = rest.split_at_checked(length)?;
        match (*kind, record) {
            (21, [FATAL, code]) => return Some(*code),
            _ => records = after,
        }
    }
    None
}

/// The name of an alert (RFC 8446 §6, RFC 7301 §3.2, RFC 6066, and the historic ones of RFC 5246
/// §7.2), or `alert_N` for a number without one.
#[must_use]
pub fn alert_name(code: u8) -> String {
    let known = match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return format!("alert_{code}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_are_told_from_other_protocols() {
        for (first, expected) in [
            (&b""[..], Sniff::Undecided),
            (b"\x16", Sniff::Undecided),
            (b"\x16\x03\x03\x00", Sniff::Undecided),
            (b"\x16\x03\x03\x00\x7a\x02", Sniff::Tls),
            (b"\x15\x03\x01\x00\x02\x02\x46", Sniff::Tls),
            (b"\x15\x03\x00\x00\x02\x02\x28", Sniff::Tls),
            (b"H", Sniff::NotTls),
            (b"HTTP/1.1 403 Forbidden", Sniff::NotTls),
            (b"SSH-2.0-OpenSSH", Sniff::NotTls),
            // Application data cannot come first, nor an empty or an oversized record.
            (b"\x17\x03\x03\x00\x10", Sniff::NotTls),
            (b"\x16\x03\x03\x00\x00", Sniff::NotTls),
            (b"\x16\x03\x03\x40\x01", Sniff::NotTls),
            (b"\x16\x02", Sniff::NotTls),
            (b"\x16\x03\x05", Sniff::NotTls),
        ] {
            assert_eq!(sniff(first), expected, "{first:02x?}");
        }
    }

    #[test]
    fn alerts_have_the_names_of_the_rfc() {
        for (code, expected) in [
            (40, "handshake_failure"),
            (49, "access_denied"),
            (70, "protocol_version"),
            (112, "unrecognized_name"),
            (116, "certificate_required"),
            (200, "alert_200"),
        ] {
            assert_eq!(alert_name(code), expected);
        }
    }

    #[test]
    fn an_alert_is_found_behind_other_records() {
        for (records, expected) in [
            (&b"\x15\x03\x03\x00\x02\x02\x28"[..], Some(40)),
            (b"\x16\x03\x03\x00\x01\x00\x15\x03\x03\x00\x02\x02\x74", Some(116)),
            // A warning, an encrypted alert, one that is cut off, and no record at all.
            (b"\x15\x03\x03\x00\x02\x01\x00", None),
            (b"\x15\x03\x03\x00\x03\x02\x28\x00", None),
            (b"\x15\x03\x03\x00\x02\x02", None),
            (b"HTTP/1.1", None),
            (b"", None),
        ] {
            assert_eq!(fatal_alert(records), expected, "{records:02x?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_records_are_read_without_panic(
            records in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 3, 21, 22]), 0..64),
        ) {
            if fatal_alert(&records).is_some() {
                prop_assert!(records.len() >= 7);
            }
        }

        #[test]
        fn a_verdict_stands_whatever_follows(first in prop::collection::vec(any::<u8>(), 0..16)) {
            let whole = sniff(&first);
            for end in 0..first.len() {
                let early = sniff(&first[..end]);
                prop_assert!(early == Sniff::Undecided || early == whole);
            }
        }
    }
}
