//! Which way a name goes, and why.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::words;
use crate::model;

#[derive(Serialize, Deserialize)]
pub(super) struct RouteChoice<'a> {
    intended: RouteIntent,
    /// Absent where `fault` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configured: Option<Route<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<RouteFault<'a>>,
    why: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exception: Option<ExceptionKind>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fallbacks: Vec<Route<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alternate: Option<Route<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    questions: Vec<PacQuestion<'a>>,
}

words!(RouteIntent { Direct, Proxy, Any });
words!(ExceptionKind { Environment, Option, AgentFile, System, Script });

impl<'a> From<&'a model::RouteChoice> for RouteChoice<'a> {
    fn from(choice: &'a model::RouteChoice) -> Self {
        Self {
            intended: choice.intended.into(),
            configured: choice.configured.as_ref().ok().map(Route::from),
            fault: choice.configured.as_ref().err().map(RouteFault::from),
            why: (&*choice.why).into(),
            exception: choice.exception.map(ExceptionKind::from),
            fallbacks: choice.fallbacks.iter().map(Route::from).collect(),
            alternate: choice.alternate.as_ref().map(Route::from),
            questions: choice.questions.iter().map(PacQuestion::from).collect(),
        }
    }
}

impl From<RouteChoice<'_>> for model::RouteChoice {
    fn from(choice: RouteChoice<'_>) -> Self {
        Self {
            intended: choice.intended.into(),
            configured: match choice.fault {
                Some(fault) => Err(fault.into()),
                None => Ok(choice.configured.map_or(model::Route::Direct, model::Route::from)),
            },
            exception: choice
                .exception
                .map(model::ExceptionKind::from)
                .or_else(|| told_in_words(&choice.why)),
            why: choice.why.into_owned(),
            fallbacks: choice.fallbacks.into_iter().map(model::Route::from).collect(),
            alternate: choice.alternate.map(model::Route::from),
            questions: choice.questions.into_iter().map(model::PacQuestion::from).collect(),
        }
    }
}

/// Records of the first versions name the exception in words alone.
fn told_in_words(why: &str) -> Option<model::ExceptionKind> {
    if why.starts_with("bypass rule ") {
        return Some(model::ExceptionKind::AgentFile);
    }
    let (_, place) = why.strip_prefix("rule ")?.split_once(" of ")?;
    Some(match place {
        _ if place.starts_with("--no-proxy") => model::ExceptionKind::Option,
        _ if place.starts_with("ProxyOverride") => model::ExceptionKind::System,
        _ => model::ExceptionKind::Environment,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Route<'a> {
    Direct,
    Proxy(Cow<'a, str>),
}

impl<'a> From<&'a model::Route> for Route<'a> {
    fn from(route: &'a model::Route) -> Self {
        match route {
            model::Route::Direct => Self::Direct,
            model::Route::Proxy(proxy) => Self::Proxy((&*proxy.url).into()),
        }
    }
}

impl From<Route<'_>> for model::Route {
    fn from(route: Route<'_>) -> Self {
        match route {
            Route::Direct => Self::Direct,
            Route::Proxy(url) => Self::Proxy(model::Proxied { url: Arc::from(&*url) }),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct RouteFault<'a> {
    kind: RouteFaultKind,
    message: Cow<'a, str>,
}

words!(RouteFaultKind { Script, Refused, Elsewhere });

impl<'a> From<&'a model::RouteFault> for RouteFault<'a> {
    fn from(fault: &'a model::RouteFault) -> Self {
        Self { kind: fault.kind.into(), message: (&*fault.message).into() }
    }
}

impl From<RouteFault<'_>> for model::RouteFault {
    fn from(fault: RouteFault<'_>) -> Self {
        Self { kind: fault.kind.into(), message: fault.message.into_owned() }
    }
}

#[derive(Serialize, Deserialize)]
struct PacQuestion<'a> {
    name: Cow<'a, str>,
    addresses: Vec<IpAddr>,
}

impl<'a> From<&'a model::PacQuestion> for PacQuestion<'a> {
    fn from(question: &'a model::PacQuestion) -> Self {
        Self { name: (&*question.name).into(), addresses: question.addresses.clone() }
    }
}

impl From<PacQuestion<'_>> for model::PacQuestion {
    fn from(question: PacQuestion<'_>) -> Self {
        Self { name: question.name.into_owned(), addresses: question.addresses }
    }
}
