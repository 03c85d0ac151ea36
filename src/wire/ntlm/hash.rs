//! What `NTLMv2` proves a password by (MS-NLMP section 3.3.2).

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;

/// UTF-16LE, as Windows writes text.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// `NTOWFv2`: the password and whose it is.
pub(super) fn response_key(user: &str, domain: &str, password: &str) -> [u8; 16] {
    let password: [u8; 16] = Md4::digest(utf16(password)).into();
    hmac_md5(&password, &[&utf16(&upper(user)), &utf16(domain)])
}

pub(super) fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = match Hmac::<Md5>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(error) => unreachable!("HMAC takes keys of every length: {error}"),
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Upper case as Windows has it, letter for letter: ß stays.
fn upper(text: &str) -> String {
    let letter = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_to_upper_case_letter_for_letter() {
        for (text, expected) in [("anna", "ANNA"), ("Jürgen", "JÜRGEN"), ("weiß", "WEIß")] {
            assert_eq!(upper(text), expected);
        }
    }
}
