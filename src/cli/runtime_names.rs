//! The names that Azure reports of a runtime (`--runtime`), and the last good answer where Azure
//! does not answer (`--last-answer`).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arguments::TargetArgs;
use super::azure;
use super::input::Stdin;
use super::output;
use crate::azure::{ArmError, RuntimeId};
use crate::list::{self, ServiceUrls};
use crate::model::Cloud;

const LAST_ANSWER: &str = "pathproof.last-answer/1";
/// As long as an address stays in a rule (`--keep`).
const DEFAULT_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The names of a runtime.
pub(super) struct AskedNames {
    pub(super) urls: ServiceUrls,
    /// The identity that they were asked with; `None` where they are remembered.
    pub(super) signed: Option<String>,
    /// Why they are not today's, and how old they are.
    pub(super) remembered: Option<String>,
}

/// What Azure answered once, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct LastAnswer {
    schema: String,
    /// The runtime's resource id.
    runtime: String,
    read_at: Timestamp,
    /// The answer as it was.
    status: Value,
}

/// Asks Azure. A good answer is kept where the options name a file, and what is kept counts where
/// Azure does not answer. A refusal is an answer: it is never covered up.
pub(super) fn ask(id: &str, targets: &TargetArgs) -> Result<AskedNames> {
    let id = RuntimeId::parse(id).context("--runtime")?;
    let kept = targets.last_answer.as_deref();
    if let Some(path) = kept {
        output::check_writable(path)?;
    }
    // The cloud cannot be inferred from names yet: this request reads them.
    let cloud = targets.cloud.map(Cloud::from).unwrap_or_default();
    let mut client = azure::client(&targets.azure, cloud)?;
    let now = Timestamp::now();
    match (azure::runtime()?.block_on(client.runtime_status(&id)), kept) {
        (Ok(status), kept) => {
            let urls = parse(&status)?;
            if let Some(path) = kept.filter(|_| !urls.urls.is_empty()) {
                keep(path, &id, status, now)?;
            }
            Ok(AskedNames { urls, signed: azure::signed_in(&client), remembered: None })
        }
        (Err(error), Some(path)) if error.is_no_answer() && path.exists() => {
            remember(path, &id, targets.max_answer_age.unwrap_or(DEFAULT_AGE), now, &error)
        }
        (Err(error), _) => Err(anyhow!(error).context("--runtime")),
    }
}

fn parse(status: &Value) -> Result<ServiceUrls> {
    list::service_urls::parse(&status.to_string(), "Azure's answer").context("--runtime")
}

fn keep(path: &Path, id: &RuntimeId, status: Value, now: Timestamp) -> Result<()> {
    let answer = LastAnswer {
        schema: LAST_ANSWER.to_owned(),
        runtime: id.to_string(),
        read_at: now,
        status,
    };
    let text = serde_json::to_string_pretty(&answer)? + "\n";
    output::write(Some(path), |out| out.write_all(text.as_bytes())).context("--last-answer")
}

/// Reads what is kept, where it is of this runtime and not too old.
fn remember(
    path: &Path,
    id: &RuntimeId,
    most: Duration,
    now: Timestamp,
    error: &ArmError,
) -> Result<AskedNames> {
    let context = || format!("--last-answer {}", path.display());
    let text = Stdin::default().read_text(path, "--last-answer")?;
    let answer: LastAnswer = serde_json::from_str(&text).with_context(context)?;
    if answer.schema != LAST_ANSWER {
        bail!("{}: expected {LAST_ANSWER}, and it says otherwise", context());
    }
    if !answer.runtime.eq_ignore_ascii_case(&id.to_string()) {
        bail!(
            "{error}; and {} is the answer for another runtime, {}",
            path.display(),
            answer.runtime
        );
    }
    let age = now.duration_since(answer.read_at);
    let at = answer.read_at.strftime("%Y-%m-%d %H:%M UTC");
    if age < SignedDuration::ZERO {
        bail!(
            "{error}; and the last good answer is of {at}, which is later than this host's clock"
        );
    }
    if age.unsigned_abs() > most {
        bail!(
            "{error}; and the last good answer is of {at}, {} days old: --max-answer-age accepts \
             {} days",
            age.as_hours() / 24,
            most.as_secs().div_ceil(24 * 3600)
        );
    }
    let urls = parse(&answer.status).with_context(context)?;
    let age = match age.as_hours() {
        hours if hours < 48 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    };
    let remembered =
        format!("Azure did not answer ({error}): the runtime's names are those of {at}, {age} old");
    Ok(AskedNames { urls, signed: None, remembered: Some(remembered) })
}
