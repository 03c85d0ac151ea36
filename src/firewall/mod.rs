//! Decides what firewall rules do with a flow, and verifies that they let through what is required.
//!
//! The files of this folder are free of any vendor's formats. [`nsg`] reads rules and translates
//! them into [`RuleSet`]s, [`emit`] writes rules, and nothing else here imports from these two:
//! deciding, verifying and correcting work the same for every format. `tests/it/tidy.rs` holds this
//! law.
//!
//! A decision is three-valued and names its rule. A fact that is not known is reported as
//! [`Missing`], never guessed.

mod candidates;
mod columns;
mod correct;
mod decide;
mod diff;
pub mod emit;
mod evidence;
mod expect;
mod flow;
mod missing;
pub mod nsg;
mod port;
mod prove;
mod reach;
mod requirement;
mod rest;
mod row;
mod rule;
mod scope;
mod shadow;
mod verify;

pub use correct::{Correction, CorrectionAdvice, CorrectionChange};
pub use decide::{Decision, RuleJudge};
pub use diff::{
    ChangedRule, ChangedSpace, FlowChange, RequiredChange, RuleEdit, RulesDiff, SideDecision, diff,
};
pub use evidence::{
    AddressSighting, Approach, ConfiguredRoute, Evidence, EvidenceError, EvidenceTarget, Identity,
    NotHeld,
};
pub use expect::expected_flows;
pub use flow::{Flow, FlowError, read_flows};
pub use missing::{Missing, Property};
pub use port::{PortError, PortSet, Protocol, ProtocolSet};
pub use prove::{Doubt, ProofLevel, Proven, PublishedTags, Refused, prove};
pub use requirement::{Class, ConnectOutcome, Need, Requirement, needs, synthesize};
pub use rest::align_rests;
pub use row::{RowError, decide_in_a_row, in_azures_order, user_routes};
pub use rule::{Access, Direction, MARKER, Onward, Rule, RuleDialect, RuleSet};
pub use scope::{Extent, NamePattern, NetworkContext, Scope, UserRoutes};
pub use shadow::Shadowed;
pub use verify::{Beyond, Breadth, Contradiction, Excess, Gap, Gateways, Verification, verify};
