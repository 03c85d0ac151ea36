use std::sync::Arc;

use jiff::Timestamp;
use pathproof::model::{ChainTrust, Trust, Validity};
use pathproof::probe::trust::{ChainJudge, TrustError, is_der, read_der, read_pem};
use rustls::pki_types::CertificateDer;

use super::{judge, now};
use crate::loopback::pki::{Authority, Dates, Identity};

const NAMES: &[&str] = &["we.example", "*.wild.example"];

fn trust_of(judge: &ChainJudge, chain: &[CertificateDer<'_>]) -> Trust {
    Trust::clone(&judge.judge(chain, now()).trust)
}

fn is_invalid(trust: &ChainTrust, words: &str) -> bool {
    matches!(trust, ChainTrust::Invalid { reason } if reason.contains(words))
}

#[test]
fn chains_are_judged_by_each_set_of_roots_for_itself() {
    use ChainTrust::{Trusted, UnknownIssuer};
    let (public, inspecting, strange) =
        (Authority::root("Public"), Authority::root("Inspecting"), Authority::root("Strange"));
    let issuing = public.intermediate("Issuing", Dates::Current);
    let judge = judge(&public, &[&inspecting]);
    for (what, chain, by_public, by_host) in [
        ("public", public.issue(NAMES, Dates::Current).chain, Trusted, UnknownIssuer),
        ("by an intermediate", issuing.issue(NAMES, Dates::Current).chain, Trusted, UnknownIssuer),
        ("intercepted", inspecting.issue(NAMES, Dates::Current).chain, UnknownIssuer, Trusted),
        ("without names", inspecting.issue(&[], Dates::Current).chain, UnknownIssuer, Trusted),
        ("a stranger's", strange.issue(NAMES, Dates::Current).chain, UnknownIssuer, UnknownIssuer),
        (
            "without its intermediate",
            issuing.issue(NAMES, Dates::Current).chain[..1].to_vec(),
            UnknownIssuer,
            UnknownIssuer,
        ),
        ("self-signed", Identity::self_signed(NAMES, false).chain, UnknownIssuer, UnknownIssuer),
        (
            "self-signed, as openssl makes them",
            Identity::self_signed(NAMES, true).chain,
            UnknownIssuer,
            UnknownIssuer,
        ),
    ] {
        let expected = Trust { public: by_public, host: by_host, validity: Validity::Current };
        assert_eq!(trust_of(&judge, &chain), expected, "{what}");
    }
}

#[test]
fn dates_are_judged_apart_from_trust() {
    use ChainTrust::{Trusted, UnknownIssuer};
    let (public, strange) = (Authority::root("Public"), Authority::root("Strange"));
    let late = public.intermediate("Late", Dates::Expired);
    let judge = judge(&public, &[]);
    let expired = |subject: &str| Validity::Expired {
        subject: format!("O=Pathproof Tests, CN={subject}"),
        not_after: "2021-01-01T00:00:00Z".parse().unwrap(),
    };
    let not_yet = || Validity::NotYet {
        subject: "O=Pathproof Tests, CN=we.example".to_owned(),
        not_before: "2090-01-01T00:00:00Z".parse().unwrap(),
    };
    // An expired certificate that was sent along, under which nothing was issued.
    let mut with_stray = public.issue(NAMES, Dates::Current).chain;
    with_stray.push(late.certificate());
    for (what, chain, by_public, validity) in [
        ("expired", public.issue(NAMES, Dates::Expired).chain, Trusted, expired("we.example")),
        ("not yet", public.issue(NAMES, Dates::NotYet).chain, Trusted, not_yet()),
        (
            "a stranger's, expired",
            strange.issue(NAMES, Dates::Expired).chain,
            UnknownIssuer,
            expired("we.example"),
        ),
        (
            "by an expired intermediate",
            late.issue(NAMES, Dates::Years(2020, 2090)).chain,
            Trusted,
            expired("Late"),
        ),
        ("with an expired stray", with_stray, Trusted, Validity::Current),
    ] {
        let trust = trust_of(&judge, &chain);
        assert_eq!((trust.public, trust.validity), (by_public, validity), "{what}");
    }
}

/// A renewed intermediate (same name, same key) beside its expired elder: the path is the renewed.
#[test]
fn what_the_host_trusts_has_the_dates_of_the_path_it_took() {
    let (public, corporate) = (Authority::root("Public"), Authority::root("Corporate"));
    let renewed = corporate.intermediate("Issuing", Dates::Current);
    let elder = corporate.intermediate("Issuing", Dates::Expired);
    let mut chain = renewed.issue(NAMES, Dates::Current).chain;
    chain.insert(1, elder.certificate());
    let trust = trust_of(&judge(&public, &[&corporate]), &chain);
    assert_eq!((trust.host, trust.validity), (ChainTrust::Trusted, Validity::Current));
}

#[test]
fn a_chain_with_no_common_time_is_a_defect_of_its_own() {
    let public = Authority::root("Public");
    let late = public.intermediate("Late", Dates::Expired);
    let chain = late.issue(NAMES, Dates::Years(2022, 2090)).chain;
    let trust = trust_of(&judge(&public, &[]), &chain);
    assert!(is_invalid(&trust.public, "no time at which"), "{:?}", trust.public);
    assert!(matches!(trust.validity, Validity::Expired { .. }));
}

#[test]
fn defects_are_told_in_words() {
    let public = Authority::root("Public");
    // A root of the same name and another key: the signature cannot fit.
    let namesake = Authority::root("Public");
    let judge = judge(&public, &[]);
    let trust = trust_of(&judge, &namesake.issue(NAMES, Dates::Current).chain);
    assert!(is_invalid(&trust.public, "signature"), "{:?}", trust.public);

    let presented = judge.judge(&[CertificateDer::from(b"no DER".to_vec())], now());
    assert!(is_invalid(&presented.trust.public, "cannot be read"), "{:?}", presented.trust);
    assert_eq!(presented.trust.validity, Validity::Current);
    assert!(presented.chain[0].subject.starts_with("unreadable certificate"));

    let trust = trust_of(&judge, &[]);
    assert!(is_invalid(&trust.public, "no certificate"), "{trust:?}");
}

#[test]
fn an_added_leaf_trusts_itself() {
    let public = Authority::root("Public");
    for is_authority in [false, true] {
        let leaf = Identity::self_signed(NAMES, is_authority);
        let roots = Some(vec![public.certificate()]);
        let judge = ChainJudge::new(roots, leaf.chain.clone()).unwrap();
        let trust = trust_of(&judge, &leaf.chain);
        assert_eq!(trust.host, ChainTrust::Trusted, "authority: {is_authority}");
        assert_eq!(trust.public, ChainTrust::UnknownIssuer);
    }
}

#[test]
fn equal_chains_are_judged_once_and_dated_each_time() {
    let public = Authority::root("Public");
    let issuing = public.intermediate("Issuing", Dates::Current);
    let (one, two) = (issuing.issue(NAMES, Dates::Current), issuing.issue(NAMES, Dates::Current));
    let judge = judge(&public, &[]);
    let first = judge.judge(&one.chain, now());
    let again = judge.judge(&one.chain.clone(), now());
    assert!(Arc::ptr_eq(&first.chain, &again.chain) && Arc::ptr_eq(&first.trust, &again.trust));

    let other = judge.judge(&two.chain, now());
    assert!(Arc::ptr_eq(&first.chain[1], &other.chain[1]), "the intermediate is shared");
    assert!(!Arc::ptr_eq(&first.chain[0], &other.chain[0]));

    let later: Timestamp = "2095-01-01T00:00:00Z".parse().unwrap();
    let trust = judge.judge(&one.chain, later).trust;
    assert!(matches!(trust.validity, Validity::Expired { .. }), "{:?}", trust.validity);
    assert_eq!(trust.public, ChainTrust::Trusted);
}

/// The store is read from the environment, which a test cannot change for itself alone: it runs
/// the test below as a process of its own.
#[cfg(target_os = "linux")]
#[test]
fn the_hosts_store_is_the_one_the_environment_names() {
    let corporate = Authority::root("Corporate");
    let files = tempfile::tempdir().unwrap();
    let chain = files.path().join("chain.der");
    std::fs::write(&chain, &corporate.issue(NAMES, Dates::Current).chain[0]).unwrap();
    let store = files.path().join("store.pem");
    for (content, expected) in [
        (corporate.pem(), "Trusted"),
        (Authority::root("Another").pem(), "UnknownIssuer"),
        ("", "NotJudged"),
    ] {
        std::fs::write(&store, content).unwrap();
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "stages::trust::judged_by_the_store", "--ignored", "--nocapture"])
            .env("SSL_CERT_FILE", &store)
            .env_remove("SSL_CERT_DIR")
            .env("PATHPROOF_TEST_CHAIN", &chain)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("judged: {expected}")), "{expected}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by the_hosts_store_is_the_one_the_environment_names"]
fn judged_by_the_store() {
    let Some(chain) = std::env::var_os("PATHPROOF_TEST_CHAIN") else {
        eprintln!("skipped: PATHPROOF_TEST_CHAIN names no file");
        return;
    };
    let leaf = CertificateDer::from(std::fs::read(chain).unwrap());
    let judge = ChainJudge::new(None, Vec::new()).unwrap();
    println!("judged: {:?}", trust_of(&judge, &[leaf]).host);
}

#[test]
fn files_of_roots_are_read_or_refused_with_the_place() {
    let (one, two) = (Authority::root("One"), Authority::root("Two"));
    let bundle = format!("# ours\n{}\n{}", one.pem(), two.pem());
    let roots = read_pem(&bundle, "ours.pem").unwrap();
    let chain = || Err(TrustError::Pkcs7 { name: "ours.pem".to_owned() });
    let exported = "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n";
    assert_eq!(read_pem(exported, "ours.pem"), chain());
    // SignedData, as `openssl crl2pkcs7 -nocrl -outform DER` and Windows write it.
    let mut exported = vec![0x30, 0x82, 4, 0, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 7, 2];
    exported.resize(1028, 0);
    assert!(is_der(&exported));
    assert_eq!(read_der(exported, "ours.pem"), chain());
    assert_eq!(roots, [one.certificate(), two.certificate()]);

    let name = || "ours.pem".to_owned();
    assert_eq!(read_pem("", "ours.pem"), Err(TrustError::Empty { name: name() }));
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(read_pem(key, "ours.pem"), Err(TrustError::Empty { name: name() }));
    // As certmgr exports it.
    assert!(is_der(&one.certificate()) && !is_der(bundle.as_bytes()));
    assert_eq!(read_der(one.certificate().to_vec(), "ours.cer").unwrap(), [one.certificate()]);
    match read_der(b"\x30\x82\x01\x00".to_vec(), "ours.cer") {
        Err(TrustError::NotACertificate { number: 1, .. }) => {}
        other => panic!("{other:?}"),
    }

    let cut = &bundle[..bundle.len() - 40];
    let no_base64 = format!("{}{}", one.pem(), two.pem().replacen("MII", "M*I", 1));
    for broken in [cut, &no_base64] {
        match read_pem(broken, "ours.pem") {
            Err(TrustError::Pem { number: 2, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    match read_pem(no_certificate, "ours.pem") {
        Err(TrustError::NotACertificate { number: 1, .. }) => {}
        other => panic!("{other:?}"),
    }
}
