//! Every cause of the contract: what it means, what it is told from its rivals by, who fixes it and
//! how. Causes that only later versions will find are here too, as records outlive the program
//! that wrote them.

mod application;
mod dns;
mod entry;
mod index;
mod path;
mod proxy;
mod rival;
mod route;
mod run;
mod tcp;
mod template;
mod tls;

pub use entry::CatalogueEntry;
pub use index::{entry, further};
pub use rival::{Rival, is_worded, rival};
pub(super) use template::fill;
pub use template::in_form;
pub(super) use tls::{RENEW_BY_MICROSOFT, RENEW_BY_SERVICE};
