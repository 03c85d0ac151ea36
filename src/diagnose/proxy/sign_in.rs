//! What it means that a sign-in by NTLM or Negotiate did not lead to a tunnel: how far it came, and
//! as whose account.

use std::time::Duration;

use super::answer;
use super::answer::{ACCOUNT_REMEDY, AccountRemedy, untried};
use crate::diagnose::finding::Draft;
use crate::diagnose::words::{duration, silence};
use crate::model::{
    AccountSource, Cause, HttpAnswer, OsError, Owner, ProxyFailure, Run, Severity, SignIn,
    SignInProtocol, SignInScheme,
};

macro_rules! kerberos_remedy {
    () => {
        "the runtime's service (DIAHostService) run under a domain account, name {proxy} by the \
         DNS name that its service principal (HTTP/NAME) is registered for, and see that this \
         host reaches its domain controllers (port 88)."
    };
}

/// The remedy where no ticket of Kerberos was to be had, or where nothing else is accepted (RFC
/// 4559 section 4; Microsoft, service principal names).
const KERBEROS_REMEDY: AccountRemedy = AccountRemedy {
    known: concat!("Let ", kerberos_remedy!()),
    untried: concat!(untried!(), "let ", kerberos_remedy!()),
};

/// The remedy for a connection that does not last as long as the sign-in.
const ONE_CONNECTION_REMEDY: &str = "Have {proxy}, and any load balancer before it, keep one \
     connection open from the first message of the sign-in to the last: NTLM and Negotiate sign in \
     a connection, not a request.";

/// The remedy for a proxy that offers what it does not go through with.
const HELPER_REMEDY: &str = "Ask whoever runs {proxy} why its sign-in does not go on: the program \
     that does it there, or the domain controllers that it asks, may be down.";

/// The draft for what ended the sign-in: `None` where that has nothing to do with it.
pub(super) fn judge(
    sign_in: &SignIn,
    failure: &ProxyFailure,
    took: Duration,
    destination: &str,
    run: &Run,
) -> Option<Draft> {
    let draft = match failure {
        ProxyFailure::Answered { answer, .. } if answer.status == 407 => {
            answer::quoted(asked_again(sign_in, answer, run), answer)
        }
        // Signed in, and refused for another reason.
        ProxyFailure::Answered { answer, .. } => answer::judge(answer, false, destination),
        ProxyFailure::Closed { received: 0 } => cut(sign_in)
            .evidence(format!("end of stream after {}, 0 bytes received", duration(took))),
        ProxyFailure::Reset(os) => cut(sign_in).evidence(format!("{os} after {}", duration(took))),
        ProxyFailure::TimedOut { whose, received: 0 } if is_answered(sign_in) => {
            not_made(sign_in, "did not make the next message in time", run)
                .evidence(silence(whose, 0, took))
        }
        ProxyFailure::TimedOut { whose, received: 0 } => Draft::new(
            Cause::ProxyTimeout,
            format!("does not answer the sign-in by {}", named(sign_in)),
        )
        .evidence(silence(whose, 0, took))
        .possible()
        .rivals(&[Cause::ProxyUpstreamUnreachable, Cause::ProxyUpstreamDns])
        .owner(Owner::Proxy)
        .template(HELPER_REMEDY),
        _ => return None,
    };
    Some(draft.evidence(told(sign_in)))
}

/// The draft for another 407 after a message, or for one whose challenge was not answered.
fn asked_again(sign_in: &SignIn, answer: &HttpAnswer, run: &Run) -> Draft {
    if let Some(os) = &sign_in.refusal {
        return refused_here(sign_in, os, run);
    }
    if is_answered(sign_in) {
        return cut(sign_in).evidence("says that it ends the connection, along with its challenge");
    }
    let began = sign_in.challenges > 0 || sign_in.protocol == Some(SignInProtocol::Kerberos);
    match (began, sign_in.scheme) {
        (true, _) => rejected(sign_in, answer, run),
        (false, SignInScheme::Negotiate) => {
            let draft = Draft::new(
                Cause::ProxyAuthRequired,
                "wants a sign-in by Negotiate, and does not take NTLM in it: only Kerberos",
            )
            .evidence("this host got no ticket for the proxy, and fell back to NTLM");
            unless_of_service(draft, &KERBEROS_REMEDY, sign_in, run)
        }
        (false, SignInScheme::Ntlm) => Draft::new(
            Cause::ProxyAuthRequired,
            "offers NTLM, and answers its first message without a challenge",
        )
        .owner(Owner::Proxy)
        .template(HELPER_REMEDY),
    }
}

fn rejected(sign_in: &SignIn, answer: &HttpAnswer, run: &Run) -> Draft {
    let words = format!("rejects {} in a sign-in by {}", account(sign_in), named(sign_in));
    if sign_in.source == AccountSource::Given || is_of_service(run) {
        let draft = Draft::new(Cause::ProxyAuthRejected, words).proven();
        return match sign_in.source {
            AccountSource::Given => draft,
            AccountSource::Process => draft.template(ACCOUNT_REMEDY.known),
        };
    }
    // Another account than this check's may pass: it is the service's that matters.
    let draft = Draft::new(Cause::ProxyAuthRequired, words).proven();
    if answer.offered_schemes().iter().all(|scheme| answer::is_of_account(scheme)) {
        return unless_of_service(draft, &ACCOUNT_REMEDY, sign_in, run);
    }
    draft
}

/// Lowers what was tried as an account that is not the service's: that one may pass.
fn unless_of_service(draft: Draft, remedy: &AccountRemedy, sign_in: &SignIn, run: &Run) -> Draft {
    if is_tried_by_service(sign_in, run) {
        return draft
            .template(remedy.known)
            .evidence("this check ran as the account of the runtime's service");
    }
    draft.template(remedy.untried).severity(Severity::Unknown).evidence(
        "the account of the runtime's service may pass: run the check as that account to know",
    )
}

fn is_tried_by_service(sign_in: &SignIn, run: &Run) -> bool {
    is_of_service(run) && sign_in.source == AccountSource::Process
}

/// Whether the program ran as the account that the runtime's service on this host runs as.
fn is_of_service(run: &Run) -> bool {
    let service = run.runtime.as_ref().and_then(|runtime| runtime.service.as_ref());
    let account = &run.vantage.account;
    !account.is_empty()
        && service.is_some_and(|service| service.account.eq_ignore_ascii_case(account))
}

/// The draft for a message that this host's own security package did not make.
fn refused_here(sign_in: &SignIn, os: &OsError, run: &Run) -> Draft {
    let code = format!("{} (0x{:08X})", os.symbol, os.code);
    if sign_in.challenges > 0 && os.symbol == "SEC_E_INVALID_TOKEN" {
        return Draft::new(
            Cause::ProxyAuthRequired,
            format!("gives a challenge in the sign-in by {} that is none", named(sign_in)),
        )
        .evidence(code)
        .owner(Owner::Proxy)
        .template(HELPER_REMEDY);
    }
    not_made(sign_in, "makes no message", run).evidence(code)
}

fn not_made(sign_in: &SignIn, what: &str, run: &Run) -> Draft {
    let draft = Draft::new(
        Cause::ProxyAuthRequired,
        format!("wants a sign-in by {}, for which this host {what}", sign_in.scheme.as_str()),
    )
    .severity(Severity::Unknown);
    let remedy = match sign_in.scheme {
        SignInScheme::Negotiate => KERBEROS_REMEDY,
        SignInScheme::Ntlm => ACCOUNT_REMEDY,
    };
    let is_tried = is_tried_by_service(sign_in, run);
    draft.template(if is_tried { remedy.known } else { remedy.untried })
}

fn cut(sign_in: &SignIn) -> Draft {
    Draft::new(
        Cause::ProxyAuthRequired,
        format!("ends the connection in the middle of the sign-in by {}", named(sign_in)),
    )
    .rivals(&[Cause::ProxyAuthRejected])
    .owner(Owner::Proxy)
    .template(ONE_CONNECTION_REMEDY)
}

/// Whether the last message was answered with a challenge.
const fn is_answered(sign_in: &SignIn) -> bool {
    sign_in.messages == sign_in.challenges
}

/// `NTLM`, or `Negotiate (Kerberos)`.
fn named(sign_in: &SignIn) -> String {
    let scheme = sign_in.scheme.as_str();
    match sign_in.protocol {
        Some(protocol) if protocol.as_str() != scheme => {
            format!("{scheme} ({})", protocol.as_str())
        }
        Some(_) | None => scheme.to_owned(),
    }
}

fn account(sign_in: &SignIn) -> String {
    match &*sign_in.account {
        "" => "the account of this program".to_owned(),
        account => format!("the account {account}"),
    }
}

/// How far it came.
fn told(sign_in: &SignIn) -> String {
    let source = match sign_in.source {
        AccountSource::Given => "given with the proxy",
        AccountSource::Process => "which this program runs as",
    };
    let target = sign_in.target.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
    let count = |n: u32, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "sign-in{target} by {} as {}, {source}: {} sent, {} received",
        named(sign_in),
        account(sign_in),
        count(sign_in.messages, "message"),
        count(sign_in.challenges, "challenge"),
    )
}
