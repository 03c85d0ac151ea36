//! The functions that the prelude calls on the Rust side.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Zoned;
use jiff::tz::TimeZone;
use rquickjs::{Ctx, Function, Object};

use super::surroundings::{PacLimits, PacSurroundings};
use crate::model::PacQuestion;

/// The state that a script's functions share with its caller.
pub(super) struct PacHost {
    surroundings: PacSurroundings,
    limits: PacLimits,
    now: RefCell<Zoned>,
    deadline: Cell<Duration>,
    was_stopped: Cell<bool>,
    has_asked_too_much: Cell<bool>,
    questions: RefCell<Vec<PacQuestion>>,
}

impl PacHost {
    pub(super) fn new(surroundings: PacSurroundings, limits: PacLimits) -> Self {
        Self {
            surroundings,
            limits,
            now: RefCell::default(),
            deadline: Cell::new(Duration::MAX),
            was_stopped: Cell::new(false),
            has_asked_too_much: Cell::new(false),
            questions: RefCell::default(),
        }
    }

    /// Prepares for a new evaluation.
    pub(super) fn begin(&self, now: &Zoned) {
        self.now.replace(now.clone());
        self.deadline.set((self.surroundings.clock)().saturating_add(self.limits.time));
        self.was_stopped.set(false);
        self.has_asked_too_much.set(false);
        self.questions.borrow_mut().clear();
    }

    /// The engine's interrupt handler, which it calls every few thousand steps: `true` ends the
    /// script.
    pub(super) fn must_stop(&self) -> bool {
        self.has_asked_too_much.get() || self.is_time_up()
    }

    fn is_time_up(&self) -> bool {
        let is_up = (self.surroundings.clock)() > self.deadline.get();
        if is_up {
            self.was_stopped.set(true);
        }
        is_up
    }

    pub(super) fn was_stopped(&self) -> bool {
        self.was_stopped.get()
    }

    pub(super) fn has_asked_too_much(&self) -> bool {
        self.has_asked_too_much.get()
    }

    pub(super) fn take_questions(&self) -> Vec<PacQuestion> {
        self.questions.take()
    }

    /// The object that the prelude calls `host`.
    pub(super) fn object<'js>(self: &Rc<Self>, ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
        let host = Object::new(ctx.clone())?;
        let this = Rc::clone(self);
        let resolve4 = move |name: String| {
            this.first_v4(&name).map_or_else(String::new, |address| address.to_string())
        };
        host.set("resolve4", Function::new(ctx.clone(), resolve4)?)?;
        let this = Rc::clone(self);
        let resolve_all = move |name: String| joined(this.resolve(&name));
        host.set("resolveAll", Function::new(ctx.clone(), resolve_all)?)?;
        let this = Rc::clone(self);
        let is_in_net_ex = move |name: String, prefix: String| this.is_in_net_ex(&name, &prefix);
        host.set("isInNetEx", Function::new(ctx.clone(), is_in_net_ex)?)?;
        let this = Rc::clone(self);
        let own_address = move || this.own_address().to_string();
        host.set("ownAddress", Function::new(ctx.clone(), own_address)?)?;
        let this = Rc::clone(self);
        let own_addresses = move || joined(this.surroundings.own_addresses.clone());
        host.set("ownAddresses", Function::new(ctx.clone(), own_addresses)?)?;
        let bits =
            |text: String| text.parse::<Ipv4Addr>().map_or(-1.0, |v4| f64::from(v4.to_bits()));
        host.set("bits", Function::new(ctx.clone(), bits)?)?;
        host.set("sort", Function::new(ctx.clone(), |list: String| sorted(&list))?)?;
        let this = Rc::clone(self);
        host.set("now", Function::new(ctx.clone(), move |is_gmt: bool| this.now(is_gmt))?)?;
        let this = Rc::clone(self);
        let milliseconds = move || this.milliseconds();
        host.set("milliseconds", Function::new(ctx.clone(), milliseconds)?)?;
        Ok(host)
    }

    /// An address literal is its own answer, and is not recorded as a question.
    fn resolve(&self, name: &str) -> Vec<IpAddr> {
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return vec![address];
        }
        if let Some(known) = self.questions.borrow().iter().find(|asked| asked.name == name) {
            return known.addresses.clone();
        }
        if self.questions.borrow().len() >= self.limits.questions {
            self.has_asked_too_much.set(true);
            return Vec::new();
        }
        if self.is_time_up() {
            return Vec::new();
        }
        let addresses = (self.surroundings.resolve)(name);
        let question = PacQuestion { name: name.to_owned(), addresses: addresses.clone() };
        self.questions.borrow_mut().push(question);
        addresses
    }

    fn first_v4(&self, name: &str) -> Option<Ipv4Addr> {
        self.resolve(name).into_iter().find_map(|address| match address.to_canonical() {
            IpAddr::V4(v4) => Some(v4),
            IpAddr::V6(_) => None,
        })
    }

    fn is_in_net_ex(&self, name: &str, prefix: &str) -> bool {
        let Ok(network) = prefix.parse::<IpNet>() else { return false };
        self.resolve(name).iter().any(|address| network.contains(address))
    }

    /// The result of `myIpAddress`, which knows only IPv4. A host without an address has loopback,
    /// as in browsers.
    fn own_address(&self) -> Ipv4Addr {
        let v4 = self.surroundings.own_addresses.iter().find_map(|address| match address {
            IpAddr::V4(v4) => Some(*v4),
            IpAddr::V6(_) => None,
        });
        v4.unwrap_or(Ipv4Addr::LOCALHOST)
    }

    /// The year, the month from 0, the day of the month, the day of the week from Sunday, the hour,
    /// the minute and the second.
    fn now(&self, is_gmt: bool) -> Vec<i32> {
        let local = self.now.borrow();
        let now = if is_gmt { local.with_time_zone(TimeZone::UTC) } else { local.clone() };
        vec![
            i32::from(now.year()),
            i32::from(now.month()) - 1,
            i32::from(now.day()),
            i32::from(now.weekday().to_sunday_zero_offset()),
            i32::from(now.hour()),
            i32::from(now.minute()),
            i32::from(now.second()),
        ]
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of any date that jiff has fit into 53 bits"
    )]
    fn milliseconds(&self) -> f64 {
        self.now.borrow().timestamp().as_millisecond() as f64
    }
}

/// Joins addresses by `;`, IPv6 before IPv4 as Microsoft's functions do.
fn joined(mut addresses: Vec<IpAddr>) -> String {
    addresses.sort_by_key(IpAddr::is_ipv4);
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    texts.join(";")
}

/// Sorts a list of addresses; an empty text where one of them is malformed, as Microsoft's function
/// returns it.
fn sorted(list: &str) -> String {
    let addresses: Result<Vec<IpAddr>, _> =
        list.split(';').map(|text| text.trim().parse::<IpAddr>()).collect();
    addresses.map_or_else(
        |_| String::new(),
        |mut addresses| {
            addresses.sort();
            joined(addresses)
        },
    )
}
