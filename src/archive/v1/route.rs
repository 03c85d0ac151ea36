//! Which way a name goes, and why.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{self, ExceptionKind, PacQuestion, Route, RouteFault, RouteIntent};

#[derive(Serialize, Deserialize)]
pub(super) struct RouteChoice<'a> {
    intended: RouteIntent,
    /// Absent where `fault` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configured: Option<Cow<'a, Route>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<Cow<'a, RouteFault>>,
    why: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exception: Option<ExceptionKind>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    fallbacks: Cow<'a, [Route]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alternate: Option<Cow<'a, Route>>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    questions: Cow<'a, [PacQuestion]>,
}

impl<'a> From<&'a model::RouteChoice> for RouteChoice<'a> {
    fn from(choice: &'a model::RouteChoice) -> Self {
        Self {
            intended: choice.intended,
            configured: choice.configured.as_ref().ok().map(Cow::Borrowed),
            fault: choice.configured.as_ref().err().map(Cow::Borrowed),
            why: (&*choice.why).into(),
            exception: choice.exception,
            fallbacks: Cow::from(&choice.fallbacks),
            alternate: choice.alternate.as_ref().map(Cow::Borrowed),
            questions: Cow::from(&choice.questions),
        }
    }
}

impl From<RouteChoice<'_>> for model::RouteChoice {
    fn from(choice: RouteChoice<'_>) -> Self {
        Self {
            intended: choice.intended,
            configured: match choice.fault {
                Some(fault) => Err(fault.into_owned()),
                None => Ok(choice.configured.map_or(Route::Direct, Cow::into_owned)),
            },
            exception: choice.exception.or_else(|| exception_in(&choice.why)),
            why: choice.why.into_owned(),
            fallbacks: choice.fallbacks.into_owned(),
            alternate: choice.alternate.map(Cow::into_owned),
            questions: choice.questions.into_owned(),
        }
    }
}

/// Records of the first versions name the exception in words alone.
fn exception_in(why: &str) -> Option<ExceptionKind> {
    if why.starts_with("bypass rule ") {
        return Some(ExceptionKind::AgentFile);
    }
    let (_, source) = why.strip_prefix("rule ")?.split_once(" of ")?;
    Some(match source {
        _ if source.starts_with("--no-proxy") => ExceptionKind::Option,
        _ if source.starts_with("ProxyOverride") => ExceptionKind::System,
        _ => ExceptionKind::Environment,
    })
}
