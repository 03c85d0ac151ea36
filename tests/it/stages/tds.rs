use std::time::Duration;

use pathproof::model::{TdsAnswer, TdsFailure, TimeoutBy};
use pathproof::probe::tds::prelogin;

use super::{BRIEF, PATIENT, connected};
use crate::loopback::{Behaviour, Server, Talk, tds};

async fn answer_to(talk: Talk, timeout: Duration) -> Result<TdsAnswer, TdsFailure> {
    let server = Server::start(Behaviour::Plain(talk));
    let stream = connected(server.address).await;
    prelogin(stream, timeout).await.map(|(answer, _)| answer).map_err(|(failure, _)| failure)
}

#[tokio::test]
async fn sql_server_answers_in_one_piece_or_two() {
    let expected = TdsAnswer { version: "16.0.1000".to_owned(), encryption: 3 };
    let answer = tds::answer();
    let (first, second) = answer.split_at(9);
    let halves = Talk::Answer(vec![first.to_vec(), second.to_vec()], Duration::from_millis(20));
    for talk in [Talk::answer(tds::answer()), Talk::AnswerAndStay(tds::answer()), halves] {
        assert_eq!(answer_to(talk, PATIENT).await.as_ref(), Ok(&expected));
    }
}

#[tokio::test]
async fn what_does_not_answer_like_sql_server_fails_with_its_evidence() {
    let ours = || TimeoutBy::Ours(BRIEF);
    let page = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    for (talk, timeout, expected) in [
        (Talk::answer(page), PATIENT, TdsFailure::NotTds { first_bytes: page.to_vec() }),
        (Talk::Close, PATIENT, TdsFailure::Closed { received: 0 }),
        (Talk::answer(&tds::answer()[..9]), PATIENT, TdsFailure::Closed { received: 9 }),
        (Talk::Silence, BRIEF, TdsFailure::TimedOut { whose: ours(), received: 0 }),
        (
            Talk::AnswerAndStay(tds::answer()[..9].to_vec()),
            BRIEF,
            TdsFailure::TimedOut { whose: ours(), received: 9 },
        ),
    ] {
        assert_eq!(answer_to(talk, timeout).await, Err(expected));
    }
    assert!(matches!(answer_to(Talk::Reset, PATIENT).await, Err(TdsFailure::Reset(_))));
}
