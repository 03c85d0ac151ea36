//! Sign-ins to proxies by NTLM and Negotiate: messages both ways, all on one connection, before
//! the proxy does what it is asked for.
//!
//! With a user name and a password the messages of NTLM are made here, on every system. As the
//! account of the process they are made by the operating system, where it has security packages
//! that do it ([`SecurityPackages`]).

mod conversation;
mod ntlm;
#[cfg(windows)]
mod sspi;
#[cfg(any(windows, test))]
mod status;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub(super) use conversation::{Asked, ProxiedRequest, Unanswered, ask};

use crate::model::{AccountSource, Host, OsError, SignInScheme};
use crate::route::ProxyUrl;

/// One side of a sign-in, from its first message to its last.
pub trait SecurityContext: fmt::Debug + Send {
    /// The account, as `CONTOSO\anna`; empty where it is not known.
    fn account(&self) -> String;

    /// The service principal name that the messages are for, where they are for one.
    fn target(&self) -> Option<String>;

    /// The next message, given the challenge to the last one. It may block: domain controllers are
    /// asked.
    ///
    /// # Errors
    /// What the security package says where it makes none.
    fn next(&mut self, challenge: Option<&[u8]>) -> Result<Vec<u8>, OsError>;
}

/// What the operating system signs in by.
pub trait SecurityPackages: fmt::Debug + Send + Sync {
    /// Begins a sign-in to the proxy `host` as the account of the process. `None` where the system
    /// has no such package.
    fn begin(&self, scheme: SignInScheme, host: &Host) -> Option<Box<dyn SecurityContext>>;
}

/// The security packages of this host.
#[must_use]
pub fn of_this_host() -> Arc<dyn SecurityPackages> {
    #[cfg(windows)]
    return Arc::new(sspi::Sspi);
    #[cfg(not(windows))]
    without_account()
}

/// Never the account of the process.
#[must_use]
pub fn without_account() -> Arc<dyn SecurityPackages> {
    Arc::new(NoPackages)
}

/// A system whose accounts are unknown to proxies.
#[derive(Clone, Copy, Debug)]
pub struct NoPackages;

impl SecurityPackages for NoPackages {
    fn begin(&self, _: SignInScheme, _: &Host) -> Option<Box<dyn SecurityContext>> {
        None
    }
}

/// With what a run signs in to one proxy, and what it has learnt of that proxy.
#[derive(Clone, Copy, Debug)]
pub struct SignInMeans<'a> {
    pub packages: &'a dyn SecurityPackages,
    /// What the proxy turned out to ask for. From then on each connection begins with it: many
    /// proxies end the connection on which they ask.
    pub learnt: &'a OnceLock<SignInScheme>,
}

impl SignInMeans<'_> {
    /// Begins a sign-in by `scheme`, where there is a way to.
    fn begin(
        self,
        scheme: SignInScheme,
        proxy: &ProxyUrl,
    ) -> Option<(Box<dyn SecurityContext>, AccountSource)> {
        match (proxy.credentials(), scheme) {
            (Some(given), SignInScheme::Ntlm) => {
                Some((Box::new(ntlm::OwnNtlm::new(given)), AccountSource::Given))
            }
            // Whoever gives another account does not mean the process's own.
            (Some(_), SignInScheme::Negotiate) => None,
            (None, _) if proxy.signs_in_account() => {
                let context = self.packages.begin(scheme, proxy.host())?;
                Some((context, AccountSource::Process))
            }
            (None, _) => None,
        }
    }
}
