//! The nouns that every room shares, without IO, clock or async. The model names serde's derives
//! and no format: what its types look like in a file is known to the rooms that read and write
//! files. [`crate::archive`] saves the leaves as they derive it, so a field that is renamed here
//! keeps its name in files by `#[serde(rename)]`; [`crate::report`] converts into types of its own.

mod address;
mod address_set;
mod auth_key_mask;
mod cause;
mod certificate;
mod challenge;
mod cloud;
mod dns;
mod elapsed;
mod ending;
mod endpoint;
mod expected;
mod file_kind;
mod follow_up;
mod gateway;
mod header;
mod host_runtime;
mod interval_map;
mod name;
mod obstacle;
mod proxy;
mod ranges;
mod record;
mod role;
mod route;
mod self_check;
pub(crate) mod serial;
mod sign_in;
mod step;
mod trail;
mod verdict;
mod views;
mod visible;

pub use address::{AddressClass, classify};
pub use address_set::{AddressCount, AddressSet, AddressSetError};
pub use auth_key_mask::{
    KEY_MASK, KeyRest, holds_auth_key, key_behind, key_end, without_auth_keys,
};
pub use cause::{Cause, Severity};
pub use certificate::{Certificate, ChainTrust, Presented, Trust, Validity, certifies, proves};
pub use challenge::ProxyChallenge;
pub use cloud::Cloud;
pub use dns::{
    Answer, ChainLink, DnsFailure, Exchange, Family, LinkData, Lookup, LookupOutcome, Resolver,
    ResponseCode, Transport,
};
pub use elapsed::Elapsed;
pub use ending::{Ending, Exit, FailOn};
pub use endpoint::{
    Endpoint, Expectation, Fingerprint, Kind, Origin, RELAY_GATEWAY, Reach, Subject,
};
pub use expected::{ConnectOutcome, ExpectedFlow, FlowOutcome, RuleAgreement, RuleAnswer};
pub use file_kind::FileKind;
pub use follow_up::{
    FollowUps, Held, HeldOutcome, HoldFailure, Hop, HopAnswer, HopsFoundBy, Located, OldHello,
    OldHelloOutcome, ReportedNode, RevocationHost, Rung, SegmentBound, SegmentLadder,
};
pub use gateway::{GatewayName, GatewaySeries};
pub use header::unquoted_parts;
pub use host_runtime::{
    FoundBy, HostRuntime, InstalledRuntime, LoggedError, RuntimeService, ServiceState, Sighting,
    StartType,
};
pub use interval_map::{IntervalMap, SetId, SetInterner};
pub use name::{Host, HostName, NameError};
pub use obstacle::{Awaited, Obstacle, OsError, Pending, TimeoutBy};
pub use proxy::{ProxyFailure, ProxyReply, Tunnel};
pub use ranges::{Number, Ranges};
pub use record::{ProxyLookup, Record, Records, Redacted, Run, StandIn, Vantage};
pub use role::Role;
pub use route::{
    ExceptionKind, PacQuestion, Proxied, Route, RouteChoice, RouteFault, RouteFaultKind,
    RouteIntent,
};
pub use self_check::{CheckOutcome, SelfCheck};
pub use sign_in::{AccountSource, SignIn, SignInProtocol, SignInScheme};
pub use step::{
    Failure, HttpAnswer, HttpFailure, Seen, Step, TcpFailure, TdsAnswer, TdsFailure, TlsFailure,
    TlsFailureKind, TlsSession, Unreachable,
};
pub use trail::{End, OpenTrail, Trail};
pub use verdict::{
    Action, Advice, Certainty, Conclusion, Destination, Finding, NetworkAllows, Owner, Prediction,
    Status, Summary, Verdict,
};
pub use views::{View, deciding, going_to, overriding, servers};
pub use visible::{Escaped, is_obeyed, visible};
