//! Proxy auto-configuration: a script of somebody else's, run in a cage.
//!
//! The cage has no files, sockets or clock of its own. Lookups, this host's addresses and the time
//! are handed in, every DNS question is recorded, and time, memory, stack and questions are
//! bounded. A script is loaded once and asked often; it stays on the thread it was loaded on.
//!
//! The engine looks at the time between steps of the script, every ten thousand of them. Steps
//! that are long by themselves (`new Array(1e9).join('')`) are not cut short, and neither is a
//! lookup: who must not wait gives a script a thread of its own and stops listening.

mod answer;
mod host;

use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use jiff::Zoned;
use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Persistent, Runtime, Value};

pub use self::answer::{PacAnswer, PacChoice};
use self::host::PacHost;
use super::bypass::uri_form;
use super::no_proxy::Scheme;
use crate::model::Host;
use crate::model::PacQuestion;

/// A loaded script.
pub struct PacScript {
    /// Forgets what the functions kept of the evaluation before. (Dropped before its context.)
    reset: Persistent<Function<'static>>,
    context: Context,
    shared: Rc<PacHost>,
    limits: PacLimits,
    entry: &'static str,
    /// What it asked while it was loaded, which every answer may rest on.
    asked_at_load: Vec<PacQuestion>,
}

/// The addresses of a name, IPv6 and IPv4; none where it does not resolve.
pub type PacResolver = dyn Fn(&str) -> Vec<IpAddr>;

/// What a script gets to know of the world.
pub struct PacSurroundings {
    /// Asked for the names that the script asks for.
    pub resolve: Box<PacResolver>,
    /// This host's own addresses, the one that leads out first.
    pub own_addresses: Vec<IpAddr>,
    /// The time since any fixed moment, which only grows: for the limit of time.
    pub clock: Box<dyn Fn() -> Duration>,
}

/// What a script may use up. Time holds for loading, and for each evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacLimits {
    /// Time, lookups included; a lookup under way is not cut short.
    pub time: Duration,
    /// Bytes of memory.
    pub memory: usize,
    /// Bytes of stack.
    pub stack: usize,
    /// Different names asked for in one evaluation.
    pub questions: usize,
    /// Bytes of source.
    pub source: usize,
}

impl Default for PacLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(5),
            memory: 64 << 20,
            stack: 512 << 10,
            questions: 64,
            source: 4 << 20,
        }
    }
}

/// What one evaluation came to. Questions are kept whatever it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacEvaluation {
    /// The script's answer.
    pub answer: Result<PacAnswer, PacError>,
    /// What it asked of DNS, in order, each name once.
    pub questions: Vec<PacQuestion>,
}

/// Why a script gave no answer: the evidence of `proxy_pac_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacError {
    /// What went wrong.
    pub kind: PacErrorKind,
    /// The line of the script, counted from 1, where one is known.
    pub line: Option<u32>,
}

/// What went wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacErrorKind {
    /// Empty, or white space alone.
    #[error("the script is empty")]
    Empty,
    /// More than [`PacLimits::source`].
    #[error("the script has {0} bytes, more than are read")]
    TooLong(usize),
    /// A page in its place: an error page, a captive portal's.
    #[error("a web page stands where the script should")]
    WebPage,
    /// Not JavaScript.
    #[error("{0}")]
    Syntax(String),
    /// It threw.
    #[error("the script threw: {0}")]
    Threw(String),
    /// Neither `FindProxyForURL` nor `FindProxyForURLEx`.
    #[error("the script defines no function FindProxyForURL")]
    NoFunction,
    /// [`PacLimits::time`] passed.
    #[error("the script was stopped after {} ms", .0.as_millis())]
    OutOfTime(Duration),
    /// [`PacLimits::memory`] or [`PacLimits::stack`] was used up.
    #[error("the script used up its {0}")]
    OutOf(&'static str),
    /// More than [`PacLimits::questions`] names.
    #[error("the script asked DNS for more than {0} names")]
    TooManyQuestions(usize),
    /// It returned something that is no text.
    #[error("the script returned {0}, not a text like 'PROXY host:port' or 'DIRECT'")]
    NotText(&'static str),
    /// It returned a text that names no usable proxy.
    #[error("the script's answer names no usable proxy: {0}")]
    Unusable(String),
}

impl fmt::Display for PacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl std::error::Error for PacError {}

impl From<PacErrorKind> for PacError {
    fn from(kind: PacErrorKind) -> Self {
        Self { kind, line: None }
    }
}

impl PacScript {
    /// How the engine calls the script in its traces.
    const NAME: &str = "pac";

    /// Loads a script: UTF-8, or else ISO 8859-1, as browsers read it.
    ///
    /// # Errors
    /// [`PacError`] where it is no script, does not end, or defines no function to ask.
    pub fn load(
        source: &[u8],
        surroundings: PacSurroundings,
        limits: PacLimits,
        now: &Zoned,
    ) -> Result<Self, PacError> {
        let source = readable(source, limits.source)?;
        let shared = Rc::new(PacHost::new(surroundings, limits));
        let context = cage(&shared, limits).map_err(|error| out_of_memory(&error))?;
        shared.begin(now);
        let (reset, entry) = context.with(|ctx| {
            let reset = provide(&ctx, &shared).map_err(|error| out_of_memory(&error))?;
            let mut options = EvalOptions::default();
            // Such scripts were written long before strict mode.
            options.strict = false;
            options.filename = Some(Self::NAME.to_owned());
            ctx.eval_with_options::<(), _>(source, options)
                .catch(&ctx)
                .map_err(|caught| error_of(&caught, &shared, limits))?;
            // Windows asks the one for IPv6 where there is one.
            ["FindProxyForURLEx", "FindProxyForURL"]
                .into_iter()
                .find(|name| ctx.globals().get::<_, Function>(*name).is_ok())
                .map(|entry| (Persistent::save(&ctx, reset), entry))
                .ok_or_else(|| PacError::from(PacErrorKind::NoFunction))
        })?;
        let asked_at_load = shared.take_questions();
        Ok(Self { reset, context, shared, limits, entry, asked_at_load })
    }

    /// Asks the script which way `host` goes. Paths are not shown to it, as browsers do not.
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

/// A runtime that stops when its time is up, and a context of it.
fn cage(shared: &Rc<PacHost>, limits: PacLimits) -> rquickjs::Result<Context> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(limits.memory);
    runtime.set_max_stack_size(limits.stack);
    let watch = Rc::clone(shared);
    runtime.set_interrupt_handler(Some(Box::new(move || watch.must_stop())));
    Context::full(&runtime)
}

/// Defines the functions that scripts call. What it returns is called before each evaluation.
fn provide<'js>(ctx: &Ctx<'js>, shared: &Rc<PacHost>) -> rquickjs::Result<Function<'js>> {
    let install: Function = ctx.eval(include_str!("prelude.js"))?;
    install.call((ctx.globals(), shared.object(ctx)?))
}

fn out_of_memory(_: &rquickjs::Error) -> PacError {
    PacErrorKind::OutOf("memory").into()
}

/// `null`, `undefined` and an empty text mean direct, as in every browser.
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
    /// A message is shown, so a script cannot flood the report with one.
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
        // Nothing is left to make an error of.
        CaughtError::Value(thrown) if thrown.is_null() => PacErrorKind::OutOf("memory").into(),
        CaughtError::Value(thrown) => {
            let text = thrown.as_string().and_then(|text| text.to_string().ok());
            let text = text.unwrap_or_else(|| thrown.type_name().to_owned());
            PacErrorKind::Threw(text.chars().take(SHOWN).collect()).into()
        }
        CaughtError::Error(error) => PacErrorKind::Syntax(error.to_string()).into(),
    }
}

/// The first line of the script in a trace like `    at f (pac:12:7)`.
fn line_in(stack: &str) -> Option<u32> {
    stack
        .match_indices(PacScript::NAME)
        .filter_map(|(at, name)| stack[at + name.len()..].strip_prefix(':'))
        .find_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}

#[cfg(test)]
mod tests;
