//! Whole runs through proxies that ask for NTLM or Negotiate.

mod server;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use pathproof::archive;
use pathproof::model::{
    AccountSource, End, Failure, Host, Kind, OsError, ProxyFailure, Reach, Record, Records, Seen,
    SignIn, SignInProtocol, SignInScheme, Trail,
};
use pathproof::probe::Stop;
use pathproof::probe::sign_in::{SecurityContext, SecurityPackages};

use self::server::{Shown, challenge, is_ntlm, proves, shown};
use crate::loopback::http;
use crate::loopback::script::{Say, Scripted};
use crate::proxied::{Scene, by, endpoint, https};
use crate::scene;

const ACCOUNT: (&str, &str, &str) = ("CONTOSO", "Anna", "ge:heim%CANARY");
/// The same in a URL.
const USER_INFO: &str = "CONTOSO%5CAnna:ge%3Aheim%25CANARY@";
const CONSENT: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";
const PAGE: &str = "<html><title>Who are you?</title></html>";

/// What a proxy does that asks for NTLM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manners {
    /// All of it on the connection on which it asked.
    Patient,
    /// It ends the connection with its question, and says so.
    EndsWithItsQuestion,
    /// The same without saying so.
    HangsUpAfterItsQuestion,
    /// It says that its challenge is its last word.
    EndsWithItsChallenge,
    /// It ends the connection when it has heard the last message.
    HangsUpAtTheEnd,
    /// It offers NTLM, and has no challenge.
    WithoutChallenge,
    /// Its challenge is none.
    Garbled,
    /// It carries nothing, whoever asks.
    Denies,
}

fn asks(offers: &str, more: &str) -> Vec<u8> {
    // More than is kept of a page, all of which stands between two messages.
    let page = PAGE.repeat(400);
    http::page("407 Proxy Authentication Required", &format!("{offers}{more}"), &page)
}

/// A proxy that asks for NTLM of [`ACCOUNT`], and leads to `far_end`.
fn proxy(manners: Manners, far_end: SocketAddr) -> Scripted {
    let first: Mutex<Vec<u8>> = Mutex::default();
    Scripted::start(move |request, n_before| {
        let offer = "Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n";
        let hangs_up = manners == Manners::HangsUpAfterItsQuestion;
        match shown(request) {
            Shown::Message(scheme, message) if scheme == "NTLM" && is_ntlm(&message, 1) => {
                if hangs_up && n_before > 0 {
                    return Say::LastWords(Vec::new());
                }
                *first.lock().unwrap() = message;
                let token = match manners {
                    Manners::WithoutChallenge => return Say::Words(asks(offer, "")),
                    Manners::Garbled => BASE64.encode(b"NTLMSSP\0\x02\0\0\0CANARY"),
                    _ => BASE64.encode(&challenge()),
                };
                let offer = format!("Proxy-Authenticate: NTLM {token}\r\n");
                match manners {
                    Manners::EndsWithItsChallenge => {
                        Say::LastWords(asks(&offer, "Proxy-Connection: close\r\n"))
                    }
                    _ => Say::Words(asks(&offer, "")),
                }
            }
            Shown::Message(scheme, message) if scheme == "NTLM" && is_ntlm(&message, 3) => {
                if manners == Manners::HangsUpAtTheEnd {
                    return Say::LastWords(Vec::new());
                }
                if manners == Manners::Denies {
                    return Say::LastWords(http::page("403 Forbidden", "Via: 1.1 p\r\n", "no"));
                }
                if proves(&first.lock().unwrap(), &message, ACCOUNT) {
                    return Say::Tunnel(CONSENT.to_vec(), far_end);
                }
                Say::LastWords(asks(offer, "Connection: close\r\n"))
            }
            Shown::Message(..) | Shown::Nothing => match manners {
                Manners::EndsWithItsQuestion => {
                    Say::LastWords(asks(offer, "Connection: close\r\n"))
                }
                _ => Say::Words(asks(offer, "")),
            },
        }
    })
}

/// The one trail of `a.test` by this proxy, and all that the proxy heard.
async fn trail_by(user_info: &str, manners: Manners) -> (Trail, Vec<String>) {
    let scene = Scene::with_the_proxys_name_alone();
    let far_end = scene.far_end(&["a.test"]);
    let proxy = proxy(manners, far_end.address);
    let url = format!("http://{user_info}{}", proxy.address);
    let [record] = <[Record; 1]>::try_from(scene.run(vec![https("a.test")], by(&url)).await)
        .expect("one record");
    let [trail] = <[Trail; 1]>::try_from(record.trails).expect("one trail");
    (trail, proxy.heard())
}

fn signed_in(trail: &Trail) -> &SignIn {
    let opened = trail.passed().iter().find_map(|step| match &step.seen {
        Seen::Proxy(tunnel) => tunnel.sign_in.as_deref(),
        _ => None,
    });
    match trail.end() {
        End::Complete => opened.expect("a sign-in"),
        End::Failed { failure: Failure::Proxy(ProxyFailure::SignIn { sign_in, .. }), .. } => {
            sign_in
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_account_that_the_proxy_knows_is_let_through() {
    for (manners, n_requests) in [
        (Manners::Patient, 3),
        // The next connection begins with the first message.
        (Manners::EndsWithItsQuestion, 3),
        (Manners::HangsUpAfterItsQuestion, 4),
    ] {
        let (trail, heard) = trail_by(USER_INFO, manners).await;
        assert_eq!(trail.end(), &End::Complete, "{manners:?}");
        let expected = SignIn {
            scheme: SignInScheme::Ntlm,
            protocol: Some(SignInProtocol::Ntlm),
            account: "CONTOSO\\Anna".to_owned(),
            source: AccountSource::Given,
            target: None,
            messages: 2,
            challenges: 1,
            refusal: None,
        };
        assert_eq!(*signed_in(&trail), expected, "{manners:?}");
        assert_eq!(heard.len(), n_requests, "{manners:?}: {heard:#?}");
        assert!(heard.iter().all(|words| words.starts_with("CONNECT a.test:443 ")));
    }
}

#[tokio::test]
async fn a_password_in_clear_text_is_sent_before_the_first_question_only() {
    let scene = Scene::with_the_proxys_name_alone();
    let far_end = scene.far_end(&["a.test", "b.test"]);
    let proxy = proxy(Manners::Patient, far_end.address);
    let url = format!("http://{USER_INFO}{}", proxy.address);
    let first = scene.run(vec![https("a.test")], by(&url)).await;
    assert_eq!(first[0].trails[0].end(), &End::Complete);
    let basic = |heard: &[String]| {
        heard.iter().filter(|words| words.contains("Proxy-Authorization: Basic ")).count()
    };
    assert_eq!(basic(&proxy.heard()), 1);
}

#[tokio::test]
async fn a_sign_in_that_ends_early_says_how_far_it_came() {
    let wrong = "CONTOSO%5CAnna:wrong@";
    for (user_info, manners, messages, challenges) in [
        (wrong, Manners::Patient, 2, 1),
        (USER_INFO, Manners::EndsWithItsChallenge, 1, 1),
        (USER_INFO, Manners::HangsUpAtTheEnd, 2, 1),
        (USER_INFO, Manners::WithoutChallenge, 1, 0),
        (USER_INFO, Manners::Garbled, 1, 1),
        (USER_INFO, Manners::Denies, 2, 1),
    ] {
        let (trail, _) = trail_by(user_info, manners).await;
        let sign_in = signed_in(&trail);
        assert_eq!((sign_in.messages, sign_in.challenges), (messages, challenges), "{manners:?}");
        assert_eq!(sign_in.refusal.is_some(), manners == Manners::Garbled, "{sign_in:?}");
        let End::Failed { failure: Failure::Proxy(failure), .. } = trail.end() else {
            panic!("{manners:?}: {trail:?}")
        };
        match (manners, failure.apart_from_sign_in()) {
            (Manners::HangsUpAtTheEnd, ProxyFailure::Closed { received: 0 }) => {}
            (Manners::Denies, ProxyFailure::Answered { answer, .. }) => {
                assert_eq!(answer.status, 403);
            }
            (_, ProxyFailure::Answered { answer, with_credentials: false }) => {
                assert_eq!(answer.status, 407, "{manners:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn clear_text_is_fetched_after_a_sign_in_too() {
    let scene = Scene::with_the_proxys_name_alone();
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let asking = proxy(Manners::EndsWithItsQuestion, nobody);
    let url = format!("http://{USER_INFO}{}", asking.address);
    let clear = endpoint("a.test", Kind::Http, Reach::Any);
    let records = scene.run(vec![clear], by(&url)).await;
    // The proxy answers the right account with 200, and goes on to a far end that is not there.
    let heard = asking.heard();
    assert!(heard.iter().all(|words| words.starts_with("GET http://a.test/ ")), "{heard:?}");
    assert_eq!(heard.len(), 3, "{:?}", records[0].trails);
}

/// A run without a password meets the same proxy: nothing is tried.
#[tokio::test]
async fn without_an_account_nothing_is_tried() {
    let (trail, heard) = trail_by("", Manners::Patient).await;
    let End::Failed { failure: Failure::Proxy(ProxyFailure::Answered { answer, .. }), .. } =
        trail.end()
    else {
        panic!("{trail:?}")
    };
    assert_eq!(answer.offered_schemes(), ["Negotiate", "NTLM"]);
    assert_eq!(heard.len(), 1);
}

/// Neither the password nor a message, of either side, is kept.
#[tokio::test]
async fn no_record_holds_a_message_or_the_password() {
    let every = [
        Manners::Patient,
        Manners::EndsWithItsChallenge,
        Manners::HangsUpAtTheEnd,
        Manners::Garbled,
        Manners::Denies,
    ];
    for manners in every {
        let scene = Scene::with_the_proxys_name_alone();
        let far_end = scene.far_end(&["a.test"]);
        let proxy = proxy(manners, far_end.address);
        let url = format!("http://{USER_INFO}{}", proxy.address);
        let outcome = scene.run_until(vec![https("a.test")], by(&url), &Stop::new()).await;
        let debugged = format!("{outcome:?}");
        let mut saved = Vec::new();
        let records = Records { run: scene::run(), records: outcome.records };
        archive::write(&records, &mut saved).unwrap();
        let text = String::from_utf8(saved).unwrap() + &debugged;
        assert!(text.contains("Anna"), "the account is named");
        for secret in ["CANARY", "geheim", "TlRMTVNT", "NTLMSSP", "PROXY01"] {
            assert!(!text.contains(secret), "{manners:?} keeps {secret}:\n{text}");
        }
    }
}

/// What the operating system would make: these messages, one after another.
#[derive(Debug)]
struct Played(Vec<Result<Vec<u8>, OsError>>);

#[derive(Debug)]
struct PlayedContext(std::vec::IntoIter<Result<Vec<u8>, OsError>>, String);

impl SecurityPackages for Played {
    fn begin(&self, _: SignInScheme, host: &Host) -> Option<Box<dyn SecurityContext>> {
        let messages = self.0.clone().into_iter();
        Some(Box::new(PlayedContext(messages, format!("HTTP/{host}"))))
    }
}

impl SecurityContext for PlayedContext {
    fn account(&self) -> String {
        "CONTOSO\\shir$".to_owned()
    }

    fn target(&self) -> Option<String> {
        Some(self.1.clone())
    }

    fn next(&mut self, _: Option<&[u8]>) -> Result<Vec<u8>, OsError> {
        self.0.next().expect("no further message is asked for")
    }
}

#[tokio::test]
async fn the_account_of_the_process_signs_in_by_what_the_system_makes() {
    let ticket = b"\x60\x82\x05\x00ticket".to_vec();
    let refused =
        OsError { code: -2_146_893_039, symbol: "SEC_E_NO_AUTHENTICATING_AUTHORITY".to_owned() };
    let kerberos = Some(SignInProtocol::Kerberos);
    for (messages, accepts, expected) in [
        // A ticket is all that it takes.
        (vec![Ok(ticket.clone())], true, (kerberos, 1, None)),
        (vec![Ok(ticket)], false, (kerberos, 1, None)),
        // Without a ticket Windows falls back to NTLM, which this proxy does not take.
        (vec![Ok(b"NTLMSSP\0\x01\0\0\0".to_vec())], false, (Some(SignInProtocol::Ntlm), 1, None)),
        (vec![Err(refused.clone())], false, (None, 0, Some(refused))),
    ] {
        let mut scene = Scene::with_the_proxys_name_alone();
        scene.packages = Arc::new(Played(messages));
        let far_end = scene.far_end(&["a.test"]);
        let address = far_end.address;
        let proxy = Scripted::start(move |request, _| match shown(request) {
            Shown::Message(scheme, _) if accepts && scheme == "Negotiate" => {
                Say::Tunnel(CONSENT.to_vec(), address)
            }
            _ => Say::Words(asks("Proxy-Authenticate: Negotiate\r\n", "")),
        });
        let port = proxy.address.port();
        let url = format!("http://proxy.test:{port}");
        let records = scene.run(vec![https("a.test")], by(&url)).await;
        let [trail] = &records[0].trails[..] else { panic!("{records:?}") };
        assert_eq!(trail.end() == &End::Complete, accepts, "{trail:?}");
        let sign_in = signed_in(trail);
        let (protocol, messages, refusal) = expected;
        let expected = SignIn {
            scheme: SignInScheme::Negotiate,
            protocol,
            account: "CONTOSO\\shir$".to_owned(),
            source: AccountSource::Process,
            target: Some("HTTP/proxy.test".to_owned()),
            messages,
            challenges: 0,
            refusal,
        };
        assert_eq!(*sign_in, expected);
    }
}
