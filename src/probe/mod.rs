//! The only room that touches the measured network: sockets and clocks.
//!
//! [`run`] carries out a plan: every probe a task, every address its own trail, each trail a plain
//! sequence of stages. A stage gets its deadline, spawns nothing, and returns what it saw or how it
//! failed in the types of `model`; what that means is for `diagnose` to say.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room measures: it opens sockets, waits, and reads clocks"
)]

mod absent;
mod connector;
mod control;
mod crypto;
pub mod dns;
mod follow_up;
pub mod http;
mod keep_idle;
pub mod os_error;
mod pace;
mod proxies;
pub mod proxy;
mod routing;
mod runner;
pub mod script;
mod shared;
pub mod sign_in;
mod stop;
mod tap;
pub mod tcp;
pub mod tds;
pub mod tls;
pub mod trust;
mod walk;

pub use connector::{Connector, StagedAddress};
pub use routing::{Deciding, Routing};
pub use runner::{RunOutcome, RunProgress, run};
pub use shared::{Settings, Wishes};
pub use stop::Stop;
