//! SQL Server's pre-login over a fresh connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::os_error::{ErrorMeaning, meaning, os_error};
use crate::model::{TdsAnswer, TdsFailure, TimeoutBy};
use crate::wire::tds::{AnswerRead, prelogin as packet, read_answer};

/// How much of an answer that is not TDS is kept, bytes.
const FIRST_BYTES_KEPT: usize = 256;

/// Sends a pre-login (MS-TDS 2.2.6.5) and reads the answer within `timeout`. No login follows: the
/// server drops the session when the stream closes.
pub async fn prelogin<S>(
    mut stream: S,
    timeout: Duration,
) -> Result<(TdsAnswer, Duration), (TdsFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let mut received = Vec::new();
    let outcome = match timeout_at(began + timeout, converse(&mut stream, &mut received)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(TdsFailure::TimedOut { whose: TimeoutBy::Ours(timeout), received: received.len() })
        }
    };
    let took = began.elapsed();
    outcome.map(|answer| (answer, took)).map_err(|failure| (failure, took))
}

async fn converse<S>(stream: &mut S, received: &mut Vec<u8>) -> Result<TdsAnswer, TdsFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Err(error) = stream.write_all(&packet()).await {
        return Err(failure(&error, received.len()));
    }
    loop {
        match read_answer(received) {
            AnswerRead::Done(answer) => return Ok(answer),
            AnswerRead::NotTds => {
                let first_bytes = received[..received.len().min(FIRST_BYTES_KEPT)].to_vec();
                return Err(TdsFailure::NotTds { first_bytes });
            }
            // A packet is at most 4,096 bytes, so this ends.
            AnswerRead::Partial => {}
        }
        match stream.read_buf(received).await {
            Ok(0) => return Err(TdsFailure::Closed { received: received.len() }),
            Ok(_) => {}
            Err(error) => return Err(failure(&error, received.len())),
        }
    }
}

fn failure(error: &io::Error, received: usize) -> TdsFailure {
    let os = os_error(error);
    match meaning(error) {
        ErrorMeaning::Reset => TdsFailure::Reset(os),
        ErrorMeaning::TimedOut => TdsFailure::TimedOut { whose: TimeoutBy::Kernel(os), received },
        _ => TdsFailure::Other(os),
    }
}
