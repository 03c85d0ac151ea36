use data_encoding::HEXLOWER_PERMISSIVE;
use proptest::prelude::*;

use super::*;

/// The account, nonces and time of MS-NLMP section 4.2.1.
const ACCOUNT: NtlmAccount<'_> =
    NtlmAccount { domain: "Domain", user: "User", password: "Password" };
const SERVER_NONCE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
const FRESH: NtlmFreshness = NtlmFreshness { nonce: [0xaa; 8], filetime: 0 };

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).unwrap()
}

fn attribute(id: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_attribute(&mut bytes, id, value);
    bytes
}

/// A challenge with these attributes; `None` is that of a server from before there were any.
fn challenge(flags: u32, attributes: Option<&[u8]>) -> Vec<u8> {
    let mut message = [&SIGNATURE[..], &2_u32.to_le_bytes(), &[0; 8]].concat();
    let told = if attributes.is_some() { flag::TARGET_INFO } else { 0 };
    message.extend((flags | told).to_le_bytes());
    message.extend(SERVER_NONCE);
    if let Some(attributes) = attributes {
        let length = u16::try_from(attributes.len()).unwrap().to_le_bytes();
        message.extend([0; 8]);
        message.extend([length, length].concat());
        message.extend(48_u32.to_le_bytes());
        message.extend(attributes);
    }
    message
}

/// The names of section 4.2.4.
fn names() -> Vec<u8> {
    [attribute(2, &utf16("Domain")), attribute(1, &utf16("Server"))].concat()
}

fn ended(attributes: &[u8]) -> Vec<u8> {
    [attributes, &[0; 4]].concat()
}

/// A part of the last message, by the place of its length.
fn part(message: &[u8], field: usize) -> &[u8] {
    let length = usize::from(u16_at(message, field).unwrap());
    let offset = usize::try_from(u32_at(message, field + 4).unwrap()).unwrap();
    &message[offset..offset + length]
}

fn answer(challenge: &[u8]) -> Vec<u8> {
    authenticate(&negotiate(), challenge, ACCOUNT, FRESH).unwrap()
}

#[test]
fn the_key_is_that_of_the_specification() {
    // MS-NLMP sections 4.2.2.1.2 and 4.2.4.1.1.
    assert_eq!(
        response_key("User", "Domain", "Password").to_vec(),
        hex("0c868a403bfd7a93a3001ef22ef02e3f")
    );
}

#[test]
fn the_responses_are_those_of_the_specification() {
    // MS-NLMP sections 4.2.4.2.1 and 4.2.4.2.2; its time is 0.
    let message = answer(&challenge(flag::ALL, Some(&ended(&names()))));
    assert_eq!(part(&message, 12), hex("86c35097ac9cec102554764a57cccc19 aaaaaaaaaaaaaaaa"));
    let response = part(&message, 20);
    assert_eq!(&response[..16], hex("68cd0ab851e51c96aabc927bebef6a1c"));
    assert_eq!(
        &response[16..],
        hex("0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
             02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000")
    );
    assert_eq!(
        hmac_md5(&response_key("User", "Domain", "Password"), &[&response[..16]]).to_vec(),
        hex("8de40ccadbc14a82f15cb0ad0de95ca3")
    );
    assert_eq!(part(&message, 28), utf16("Domain"));
    assert_eq!(part(&message, 36), utf16("User"));
    assert_eq!((part(&message, 44), part(&message, 52)), (&[][..], &[][..]));
    assert_eq!(u32_at(&message, 60), Some(flag::ALL & !flag::OEM));
}

#[test]
fn a_server_that_says_the_time_gets_its_time_and_an_integrity_code() {
    let time = [9, 8, 7, 6, 5, 4, 3, 2];
    let attributes = [names(), attribute(6, &1_u32.to_le_bytes()), attribute(7, &time)].concat();
    let challenge = challenge(flag::ALL, Some(&ended(&attributes)));
    let message = answer(&challenge);
    let response = part(&message, 20);
    assert_eq!(response[24..32], time);
    assert_eq!(part(&message, 12), [0; 24]);
    // The flag is added to those that the server set.
    let sent = [names(), attribute(7, &time), attribute(6, &3_u32.to_le_bytes())].concat();
    assert_eq!(response[44..response.len() - 4], ended(&sent));

    let key = response_key("User", "Domain", "Password");
    let session_key = hmac_md5(&key, &[&response[..16]]);
    let mut without_code = message.clone();
    without_code[72..88].fill(0);
    let code = hmac_md5(&session_key, &[&negotiate(), &challenge, &without_code]);
    assert_eq!(message[72..88], code);
}

#[test]
fn an_old_server_gets_the_text_that_it_reads() {
    for flags in [flag::OEM, flag::UNICODE] {
        for attributes in [None, Some(&[][..])] {
            let message = answer(&challenge(flags, attributes));
            let text = |text: &str| match flags {
                flag::OEM => text.as_bytes().to_vec(),
                _ => utf16(text),
            };
            assert_eq!(part(&message, 36), text("User"));
            assert_eq!(u32_at(&message, 60), Some(flags));
            assert_eq!(part(&message, 20).len(), 16 + 28 + 4 + 4);
        }
    }
}

/// What `ntlm_fake_auth` of squid 5.7 says: the target's name stands where newer servers have the
/// place of their attributes.
#[test]
fn what_stands_in_place_of_attributes_is_not_read_as_them() {
    let challenge = hex(
        "4e544c4d535350000200000009000900aeaaaaaa0682080097f18286638e48e50000000000003a00574f524b47\
         524f5550",
    );
    assert_eq!(part(&answer(&challenge), 20).len(), 16 + 28 + 4 + 4);
}

#[test]
fn the_first_message_names_nobody() {
    assert_eq!(
        negotiate(),
        hex("4e544c4d53535000 01000000 078208a0 0000000000000000 0000000000000000")
    );
}

#[test]
fn accounts_are_read_as_windows_writes_them() {
    for (login, domain, user) in [
        ("CONTOSO\\anna", "CONTOSO", "anna"),
        ("anna@contoso.com", "", "anna@contoso.com"),
        ("anna", "", "anna"),
        ("CONTOSO\\an\\na", "CONTOSO", "an\\na"),
    ] {
        let account = NtlmAccount::of(login, "");
        assert_eq!((account.domain, account.user), (domain, user), "{login}");
    }
}

#[test]
fn what_is_no_challenge_is_not_answered() {
    let whole = challenge(flag::ALL, Some(&ended(&names())));
    let mut of_another_kind = whole.clone();
    of_another_kind[8] = 1;
    let mut beyond_its_end = whole.clone();
    beyond_its_end[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
    let without_end = challenge(flag::ALL, Some(&names()));
    for bytes in
        [&[][..], &whole[..31], &whole[..60], &of_another_kind, &beyond_its_end, &without_end]
    {
        let answer = authenticate(&negotiate(), bytes, ACCOUNT, FRESH);
        assert_eq!(answer, Err(NotAChallenge), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn no_challenge_panics(flags: u32, attributes: Vec<u8>, cut in 0_usize..200) {
        let bytes = challenge(flags, Some(&attributes));
        let _ = authenticate(&negotiate(), &bytes, ACCOUNT, FRESH);
        let _ = authenticate(&negotiate(), &bytes[..cut.min(bytes.len())], ACCOUNT, FRESH);
    }
}
