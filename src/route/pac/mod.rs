//! Proxy auto-configuration: scripts of other people, run in a sandbox.
//!
//! The sandbox has no files, sockets or clock. Lookups, this host's addresses and the time are
//! passed in, every DNS question is recorded, and time, memory, stack and questions are bounded. A
//! script is loaded once and evaluated often; it stays on the thread that loaded it.
//!
//! The engine looks at the clock after every ten thousand steps of the script. A single step that
//! takes long (`new Array(1e9).join('')`) is not cut short, and neither is a lookup: a caller that
//! must not wait runs the script on a thread of its own and abandons it.

mod answer;
mod error;
mod host;
mod surroundings;

use std::fmt;
use std::rc::Rc;

use jiff::Zoned;
use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Persistent, Runtime, Value};

pub use self::answer::{PacAnswer, PacChoice};
pub use self::error::{PacError, PacErrorKind};
use self::host::PacHost;
pub use self::surroundings::{PacLimits, PacResolver, PacSurroundings};
use super::bypass::uri_form;
use super::no_proxy::Scheme;
use crate::model::Host;
use crate::model::PacQuestion;

/// A loaded script.
pub struct PacScript {
    /// Clears what the prelude's functions kept from the previous evaluation. It must be dropped
    /// before its context.
    reset: Persistent<Function<'static>>,
    context: Context,
    shared: Rc<PacHost>,
    limits: PacLimits,
    entry: &'static str,
    /// The questions that the script asked while it was loaded: every answer may depend on them.
    asked_at_load: Vec<PacQuestion>,
}

/// The result of one evaluation, and what it asked of DNS even if it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacEvaluation {
    pub answer: Result<PacAnswer, PacError>,
    /// The DNS questions in order, each name once.
    pub questions: Vec<PacQuestion>,
}

impl PacScript {
    /// The name of the script in the engine's stack traces.
    const NAME: &str = "pac";

    /// Loads a script: UTF-8, or else ISO 8859-1, as browsers read it.
    ///
    /// # Errors
    /// [`PacError`] where the source is no script, does not end, or defines no function to call.
    pub fn load(
        source: &[u8],
        surroundings: PacSurroundings,
        limits: PacLimits,
        now: &Zoned,
    ) -> Result<Self, PacError> {
        let source = readable(source, limits.source)?;
        let shared = Rc::new(PacHost::new(surroundings, limits));
        let context = sandbox(&shared, limits).map_err(|error| out_of_memory(&error))?;
        shared.begin(now);
        let (reset, entry) = context.with(|ctx| {
            let reset = provide(&ctx, &shared).map_err(|error| out_of_memory(&error))?;
            let mut options = EvalOptions::default();
            // Many scripts were written before there was a strict mode, and fail in it.
            options.strict = false;
            options.filename = Some(Self::NAME.to_owned());
            ctx.eval_with_options::<(), _>(source, options)
                .catch(&ctx)
                .map_err(|caught| error_of(&caught, &shared, limits))?;
            // Windows calls the function for IPv6 where a script defines it.
            ["FindProxyForURLEx", "FindProxyForURL"]
                .into_iter()
                .find(|name| ctx.globals().get::<_, Function>(*name).is_ok())
                .map(|entry| (Persistent::save(&ctx, reset), entry))
                .ok_or_else(|| PacError::from(PacErrorKind::NoFunction))
        })?;
        let asked_at_load = shared.take_questions();
        Ok(Self { reset, context, shared, limits, entry, asked_at_load })
    }

    /// Asks the script for the route to `host`. It does not see the path of a URL, as in browsers.
    #[must_use]
    pub fn evaluate(&self, host: &Host, port: u16, scheme: Scheme, now: &Zoned) -> PacEvaluation {
        self.shared.begin(now);
        let url = format!("{}/", uri_form(host, port, scheme));
        let answer = self.context.with(|ctx| {
            let returned = self
                .reset
                .clone()
                .restore(&ctx)
                .and_then(|reset| reset.call::<_, ()>(()))
                .and_then(|()| ctx.globals().get::<_, Function>(self.entry))
                .and_then(|function| function.call::<_, Value>((url, host.to_string())))
                .catch(&ctx)
                .map_err(|caught| error_of(&caught, &self.shared, self.limits))?;
            if self.shared.has_asked_too_much() {
                return Err(PacErrorKind::TooManyQuestions(self.limits.questions).into());
            }
            PacAnswer::parse(&text_of(&returned)?)
        });
        let mut questions = self.asked_at_load.clone();
        let asked_now = self.shared.take_questions();
        questions.extend(asked_now.into_iter().filter(|asked| !self.asked_at_load.contains(asked)));
        PacEvaluation { answer, questions }
    }
}

impl fmt::Debug for PacScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacScript").field("entry", &self.entry).finish_non_exhaustive()
    }
}

fn readable(source: &[u8], longest: usize) -> Result<String, PacErrorKind> {
    if source.len() > longest {
        return Err(PacErrorKind::TooLong(source.len()));
    }
    let text = match std::str::from_utf8(source) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => source.iter().copied().map(char::from).collect(),
    };
    let begin = text.trim_start();
    let is_page = |tag: &str| begin.get(..tag.len()).is_some_and(|t| t.eq_ignore_ascii_case(tag));
    if begin.is_empty() {
        Err(PacErrorKind::Empty)
    } else if ["<!doctype", "<html", "<?xml", "<head"].into_iter().any(is_page) {
        Err(PacErrorKind::WebPage)
    } else {
        Ok(text)
    }
}

/// A context of a runtime that stops the script when its time is up.
fn sandbox(shared: &Rc<PacHost>, limits: PacLimits) -> rquickjs::Result<Context> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(limits.memory);
    runtime.set_max_stack_size(limits.stack);
    let watch = Rc::clone(shared);
    runtime.set_interrupt_handler(Some(Box::new(move || watch.must_stop())));
    Context::full(&runtime)
}

/// Defines the functions that scripts call, and returns the one that must be called before each
/// evaluation.
fn provide<'js>(ctx: &Ctx<'js>, shared: &Rc<PacHost>) -> rquickjs::Result<Function<'js>> {
    let install: Function = ctx.eval(include_str!("prelude.js"))?;
    install.call((ctx.globals(), shared.object(ctx)?))
}

fn out_of_memory(_: &rquickjs::Error) -> PacError {
    PacErrorKind::OutOf("memory").into()
}

/// The text that the script returned. `null` and `undefined` mean direct, as the empty text does in
/// every browser.
fn text_of(returned: &Value) -> Result<String, PacErrorKind> {
    if returned.is_null() || returned.is_undefined() {
        return Ok(String::new());
    }
    returned
        .as_string()
        .and_then(|text| text.to_string().ok())
        .ok_or(PacErrorKind::NotText(returned.type_name()))
}

fn error_of(caught: &CaughtError, shared: &PacHost, limits: PacLimits) -> PacError {
    /// The script chooses the message, and must not flood the report with it.
    const SHOWN: usize = 200;
    if shared.has_asked_too_much() {
        return PacErrorKind::TooManyQuestions(limits.questions).into();
    }
    if shared.was_stopped() {
        return PacErrorKind::OutOfTime(limits.time).into();
    }
    match caught {
        CaughtError::Exception(thrown) => {
            let message: String =
                thrown.message().unwrap_or_default().chars().take(SHOWN).collect();
            let line = thrown.stack().as_deref().and_then(line_in);
            let name: String = thrown.as_object().get("name").unwrap_or_default();
            let kind = match (name.as_str(), message.as_str()) {
                ("InternalError", "out of memory") => PacErrorKind::OutOf("memory"),
                ("InternalError" | "RangeError", text) if text.contains("stack") => {
                    PacErrorKind::OutOf("stack")
                }
                ("SyntaxError", _) => PacErrorKind::Syntax(format!("not JavaScript: {message}")),
                ("", _) => PacErrorKind::Threw(message),
                _ => PacErrorKind::Threw(format!("{name}: {message}")),
            };
            PacError { kind, line }
        }
        // The engine throws null when there is no memory left for an error.
        CaughtError::Value(thrown) if thrown.is_null() => PacErrorKind::OutOf("memory").into(),
        CaughtError::Value(thrown) => {
            let text = thrown.as_string().and_then(|text| text.to_string().ok());
            let text = text.unwrap_or_else(|| thrown.type_name().to_owned());
            PacErrorKind::Threw(text.chars().take(SHOWN).collect()).into()
        }
        CaughtError::Error(error) => PacErrorKind::Syntax(error.to_string()).into(),
    }
}

/// The first line of the script that is named in a trace such as `    at f (pac:12:7)`.
fn line_in(stack: &str) -> Option<u32> {
    stack
        .match_indices(PacScript::NAME)
        .filter_map(|(at, name)| stack[at + name.len()..].strip_prefix(':'))
        .find_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}

#[cfg(test)]
mod tests;
