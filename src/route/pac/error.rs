//! The reasons why a script gave no answer.

use std::fmt;
use std::time::Duration;

/// Why a script gave no answer: the evidence of `proxy_pac_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacError {
    pub kind: PacErrorKind,
    /// The line of the script, counted from 1, where one is known.
    pub line: Option<u32>,
}

/// What went wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacErrorKind {
    /// The script holds only white space.
    #[error("the script is empty")]
    Empty,
    /// The script is longer than [`super::PacLimits::source`].
    #[error("the script has {0} bytes, more than are read")]
    TooLong(usize),
    /// A web page was returned instead of the script, such as the page of a captive portal.
    #[error("a web page stands where the script should")]
    WebPage,
    #[error("{0}")]
    Syntax(String),
    /// The script threw an exception.
    #[error("the script threw: {0}")]
    Threw(String),
    /// The script defines neither `FindProxyForURL` nor `FindProxyForURLEx`.
    #[error("the script defines no function FindProxyForURL")]
    NoFunction,
    /// The script was stopped when [`super::PacLimits::time`] was over.
    #[error("the script was stopped after {} ms", .0.as_millis())]
    OutOfTime(Duration),
    /// [`super::PacLimits::memory`] or [`super::PacLimits::stack`] was used up.
    #[error("the script used up its {0}")]
    OutOf(&'static str),
    /// The script asked for more names than [`super::PacLimits::questions`].
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
