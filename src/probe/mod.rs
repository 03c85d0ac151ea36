//! The only room that touches the measured network: sockets and clocks.
//!
//! [`run`] carries out a plan: every probe a task, every address its own trail, each trail a plain
//! sequence of stages. A stage gets its deadline, spawns nothing, and says what it saw or how it
//! failed in the model's words; what that means is diagnosis, elsewhere.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room measures: it opens sockets, waits, and reads clocks"
)]

mod absent;
mod control;
mod crypto;
pub mod dns;
mod follow_up;
pub mod http;
pub mod os_error;
mod pace;
pub mod proxy;
mod routing;
mod runner;
pub mod script;
mod stop;
mod tap;
pub mod tcp;
pub mod tds;
pub mod tls;
pub mod trust;
mod walk;

pub use follow_up::Wishes;
pub use routing::{Deciding, Routing};
pub use runner::{Outcome, Progress, Settings, run};
pub use stop::Stop;
