//! One request to an HTTP proxy, made again with the next message of a sign-in for as long as the
//! proxy asks for one.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::super::http;
use super::super::proxy::Manner;
use super::SecurityContext;
use crate::model::{
    AccountSource, Host, HttpAnswer, HttpFailure, SignIn, SignInProtocol, SignInScheme, TimeoutBy,
};
use crate::wire::connect::{Authorization, Login, connect_request, proxied_get};
use crate::wire::http::{HttpReply, Method};

const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;
/// NTLM takes two messages, Kerberos one or two; a proxy that goes on is not waited for.
const MESSAGES_MOST: u32 = 5;

/// What a proxy is asked for.
#[derive(Clone, Copy)]
pub(in super::super) struct ProxiedRequest<'a> {
    /// A tunnel, or the page `/`.
    pub(in super::super) method: Method,
    pub(in super::super) host: &'a Host,
    pub(in super::super) port: u16,
}

impl ProxiedRequest<'_> {
    fn with(self, authorization: Option<Authorization<'_>>) -> Vec<u8> {
        match self.method {
            Method::Connect => connect_request(self.host, self.port, authorization),
            Method::Get => proxied_get(self.host, self.port, authorization),
        }
    }
}

/// A proxy's last answer, and the sign-in that led to it.
pub(in super::super) struct Asked {
    pub(in super::super) reply: HttpReply,
    /// Whether the request that was answered held a user name and a password.
    pub(in super::super) with_credentials: bool,
    pub(in super::super) sign_in: Option<Box<SignIn>>,
}

/// Why there was no answer, and how far a sign-in had come by then.
pub(in super::super) struct Unanswered {
    pub(in super::super) failure: HttpFailure,
    pub(in super::super) sign_in: Option<Box<SignIn>>,
}

/// Makes the request, and signs in where the proxy asks for it. `is_proven` says whether the proxy
/// is known to be the one that was meant: no other is signed in to.
pub(in super::super) async fn ask<S>(
    stream: &mut S,
    manner: Manner<'_>,
    is_proven: bool,
    began: Instant,
    request: ProxiedRequest<'_>,
) -> Result<Asked, Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Manner { proxy, sign_in: means, timeout, .. } = manner;
    let given = proxy.credentials();
    let learnt = means.learnt.get().copied();
    let known = learnt
        .filter(|_| is_proven)
        .and_then(|scheme| Some(SignInExchange::new(scheme, means.begin(scheme, proxy)?)));
    // A proxy that asks for messages does not take a password in clear text.
    let login = given
        .filter(|_| learnt.is_none())
        .map(|given| Login { user: given.user(), password: given.password() });
    let mut turn = match known {
        Some(exchange) => exchange.advance(None, began, timeout).await?,
        None => Turn { exchange: None, message: None },
    };
    let mut asking: Option<Asked> = None;
    loop {
        let authorization = match (&turn.exchange, &turn.message) {
            (Some(exchange), Some(message)) => {
                Some(Authorization::Message { scheme: exchange.sign_in.scheme, message })
            }
            _ => login.map(Authorization::Basic),
        };
        let with_credentials = matches!(authorization, Some(Authorization::Basic(_)));
        let bytes = request.with(authorization);
        let reply = match http::ask(stream, &bytes, request.method, began, timeout).await {
            Ok(reply) => reply,
            Err(failure) => {
                // It ended the connection on which it had asked, without saying so before.
                return match asking {
                    Some(asked) if is_hang_up(&failure) => Ok(asked),
                    _ => Err(Unanswered { failure, sign_in: turn.into_sign_in() }),
                };
            }
        };
        asking = None;
        let status = reply.answer.status;
        let asked = |reply, sign_in| Asked { reply, with_credentials, sign_in };
        if status != PROXY_AUTHENTICATION_REQUIRED {
            return Ok(asked(reply, turn.into_sign_in()));
        }
        let Some(mut exchange) = turn.exchange else {
            let refused = login.is_some() && offers(&reply.answer, "Basic");
            let chosen = if refused || !is_proven { None } else { choose(&reply.answer, manner) };
            let Some(exchange) = chosen else { return Ok(asked(reply, None)) };
            // Another connection to the same proxy may have learnt it first.
            let _ = means.learnt.set(exchange.sign_in.scheme);
            if !reply.is_open {
                return Ok(asked(reply, None));
            }
            turn = exchange.advance(None, began, timeout).await?;
            if turn.message.is_none() {
                return Ok(asked(reply, turn.into_sign_in()));
            }
            asking = Some(asked(reply, None));
            continue;
        };
        let scheme = exchange.sign_in.scheme;
        let challenge = reply.messages.iter().find(|(of, _)| *of == scheme);
        let Some((_, challenge)) = challenge else {
            return Ok(asked(reply, Some(Box::new(exchange.sign_in))));
        };
        exchange.sign_in.challenges += 1;
        if !reply.is_open || exchange.sign_in.messages >= MESSAGES_MOST {
            return Ok(asked(reply, Some(Box::new(exchange.sign_in))));
        }
        let challenge = challenge.clone();
        turn = exchange.advance(Some(challenge), began, timeout).await?;
        if turn.message.is_none() {
            return Ok(asked(reply, turn.into_sign_in()));
        }
    }
}

const fn is_hang_up(failure: &HttpFailure) -> bool {
    matches!(failure, HttpFailure::Closed { received: 0 } | HttpFailure::Reset(_))
}

fn offers(answer: &HttpAnswer, scheme: &str) -> bool {
    answer.offered_schemes().iter().any(|own| own.eq_ignore_ascii_case(scheme))
}

/// The scheme to sign in by, of those that `answer` offers. A password is good for NTLM on every
/// system; as the account of the process Negotiate comes first, as Windows itself has it.
fn choose(answer: &HttpAnswer, manner: Manner<'_>) -> Option<SignInExchange> {
    let order = match manner.proxy.credentials() {
        Some(_) => [SignInScheme::Ntlm, SignInScheme::Negotiate],
        None => [SignInScheme::Negotiate, SignInScheme::Ntlm],
    };
    order.into_iter().filter(|scheme| offers(answer, scheme.as_str())).find_map(|scheme| {
        let begun = manner.sign_in.begin(scheme, manner.proxy)?;
        Some(SignInExchange::new(scheme, begun))
    })
}

/// A sign-in under way.
struct SignInExchange {
    context: Box<dyn SecurityContext>,
    sign_in: SignIn,
}

/// What is sent next, and what it belongs to.
struct Turn {
    exchange: Option<SignInExchange>,
    message: Option<Vec<u8>>,
}

impl Turn {
    fn into_sign_in(self) -> Option<Box<SignIn>> {
        self.exchange.map(|exchange| Box::new(exchange.sign_in))
    }
}

impl SignInExchange {
    fn new(
        scheme: SignInScheme,
        (context, source): (Box<dyn SecurityContext>, AccountSource),
    ) -> Self {
        let sign_in = SignIn {
            scheme,
            protocol: None,
            account: context.account(),
            source,
            target: context.target(),
            messages: 0,
            challenges: 0,
            refusal: None,
        };
        Self { context, sign_in }
    }

    /// Has the next message made, on a thread that may wait for domain controllers.
    async fn advance(
        self,
        challenge: Option<Vec<u8>>,
        began: Instant,
        timeout: Duration,
    ) -> Result<Turn, Unanswered> {
        let Self { mut context, mut sign_in } = self;
        let making = spawn_blocking(move || {
            let message = context.next(challenge.as_deref());
            (context, message)
        });
        let Ok(Ok((context, message))) = timeout_at(began + timeout, making).await else {
            let failure = HttpFailure::TimedOut { whose: TimeoutBy::Ours(timeout), received: 0 };
            return Err(Unanswered { failure, sign_in: Some(Box::new(sign_in)) });
        };
        let message = match message {
            Ok(message) => {
                sign_in.messages += 1;
                sign_in.protocol = Some(SignInProtocol::of_message(&message));
                Some(message)
            }
            Err(os) => {
                sign_in.refusal = Some(os);
                None
            }
        };
        Ok(Turn { exchange: Some(Self { context, sign_in }), message })
    }
}
