//! Operations that Azure accepts now and finishes later (Microsoft's async-operations).

use std::time::Duration;

use super::error::{ApiError, ArmError};
use super::exchange::{ArmClient, ArmResponse, retry_after};

/// The shortest and longest pause between two reads of the status, whatever Azure asks for.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_mins(1);

impl ArmClient {
    /// Waits until the operation that `answer` accepted has ended, which `Azure-AsyncOperation` or
    /// else `Location` shows. An outcome that cannot be read is no refusal: it was accepted.
    pub(super) async fn finish(&mut self, answer: ArmResponse, what: &str) -> Result<(), ArmError> {
        self.follow(answer, what).await.map_err(|error| match error {
            ArmError::Unfinished { .. }
            | ArmError::Failed { .. }
            | ArmError::Unanswered { .. }
            | ArmError::Malformed { .. } => error,
            ArmError::Refused(_)
            | ArmError::Overtaken { .. }
            | ArmError::Untrusted { .. }
            | ArmError::Credential(_)
            | ArmError::Endpoint(_) => ArmError::Unanswered {
                what: what.to_owned(),
                why: format!("Azure accepted it, and its outcome is not known: {error}"),
            },
        })
    }

    async fn follow(&mut self, answer: ArmResponse, what: &str) -> Result<(), ArmError> {
        let header = |name: &str| {
            answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (url, by_status) = match (header("azure-asyncoperation"), header("location")) {
            (Some(url), _) => (url, true),
            (None, Some(url)) if answer.status != 200 => (url, false),
            _ => return Ok(()),
        };
        let mut url = self.endpoint.follow(&url)?;
        let mut wait = retry_after(&answer.headers);
        loop {
            let pause = wait.unwrap_or_else(|| self.pause()).clamp(SHORTEST, LONGEST);
            if self.remaining() <= pause {
                return Err(ArmError::Unfinished { what: what.to_owned(), waited: self.waited() });
            }
            tokio::time::sleep(pause).await;
            let status = match self.get(url.clone(), "reading the operation").await {
                // Not everyone who may write may read operations, and they are forgotten soon.
                Err(ArmError::Refused(error)) if matches!(error.status, 403 | 404 | 410) => {
                    let why = format!("its outcome cannot be read (status {})", error.status);
                    return Err(ArmError::Unanswered { what: what.to_owned(), why });
                }
                other => other?,
            };
            wait = retry_after(&status.headers);
            if !by_status {
                // The status is 202 until it is done; the address may change in between.
                if status.status != 202 {
                    return Ok(());
                }
                let next = status.headers.get("location").and_then(|value| value.to_str().ok());
                if let Some(next) = next {
                    url = self.endpoint.follow(next)?;
                }
                continue;
            }
            let word = status.body["status"].as_str().unwrap_or_default();
            let failed = |status_word| ArmError::Failed {
                what: what.to_owned(),
                status: status_word,
                error: Box::new(ApiError::read(
                    "",
                    0,
                    &status.body.to_string(),
                    self.correlation(&status.headers),
                    &self.secrets(),
                )),
            };
            match word.to_ascii_lowercase().as_str() {
                "succeeded" => return Ok(()),
                "failed" => return Err(failed("failed")),
                "canceled" | "cancelled" => return Err(failed("was cancelled")),
                "" => {
                    return Err(ArmError::Malformed {
                        what: what.to_owned(),
                        why: "an operation without a status".to_owned(),
                    });
                }
                // `InProgress`, or the provider's own word for it.
                _ => {}
            }
        }
    }
}
