//! Faults of the Pub/Sub API. In come orders that strike a call or an answer of a stream; out go waits, and how
//! what was struck ends. It must not know the gRPC library.

use std::{sync::Arc, time::Duration};

use super::{Code, Hub, Refused, Told, address};
use crate::{
    call::{Call, Method},
    fault::{Kind, Strike},
    salesforce::auth,
    serve::System,
    wire::{Script, Wire},
};

/// How a call ends that a fault struck.
#[derive(Debug)]
pub(super) enum Ending {
    /// With a status.
    Refused(Refused),
    /// With a page for people, as front doors send it.
    Page,
    /// With its connection, and all others on it.
    Broken(Script),
}

/// What the orders made of a call or an answer.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// The kind of fault.
    pub(super) fault: Option<&'static str>,
    /// `None`: it goes on.
    pub(super) ending: Option<Ending>,
    /// Whether an answer is given twice.
    pub(super) twice: bool,
}

impl Hub {
    /// Lets the orders strike `Subscribe`, or `Subscribe/answers` for an answer of a stream; waits if they say
    /// so.
    pub(super) async fn meet(self: &Arc<Self>, method: &str, token: &str) -> Met {
        if !self.faults.are_armed() {
            return Met::default();
        }
        let here = Arc::clone(self);
        let call = Call::new(Method::Post, &address(method), Vec::new(), Vec::new());
        let struck = tokio::task::spawn_blocking(move || {
            here.faults.strike(&here.store, System::PubSub, &call)
        });
        let Ok(Some(strike)) = struck.await else {
            return Met::default();
        };
        if strike.kind == Kind::ExpiredToken {
            let token = token.to_owned();
            let ended: Told<()> = self.with_state(move |_, tx| Ok(auth::expire(tx, &token)?)).await;
            // The answer says that the token ended; one that is still good is a smaller fault.
            drop(ended);
        }
        tokio::time::sleep(Duration::from_millis(strike.milliseconds)).await;
        Met {
            fault: Some(strike.kind.word()),
            ending: ending(&strike),
            twice: strike.kind == Kind::DuplicateReply,
        }
    }
}

impl Ending {
    /// What the client is told, if it hears anything at all.
    pub(super) fn refusal(self, wire: &Wire) -> Refused {
        match self {
            Self::Refused(refused) => refused,
            Self::Page => Refused::unavailable(),
            Self::Broken(script) => {
                wire.tell(script);
                Refused::unavailable()
            }
        }
    }
}

fn ending(strike: &Strike) -> Option<Ending> {
    match strike.kind {
        Kind::Status(status) => Some(Ending::Refused(by_status(status))),
        Kind::ExpiredToken => Some(Ending::Refused(Refused::unauthenticated())),
        Kind::Html | Kind::WrongType => Some(Ending::Page),
        Kind::Reset | Kind::AppliedThenReset => Some(Ending::Broken(Script::Reset)),
        Kind::CutBody
        | Kind::Close
        | Kind::AppliedThenClose
        | Kind::Timeout
        | Kind::AppliedThenTimeout => Some(Ending::Broken(Script::Close)),
        // The others are late or doubled, or cannot be ordered.
        Kind::SlowHeader
        | Kind::SlowBody
        | Kind::DuplicateReply
        | Kind::DailyLimit
        | Kind::ConcurrentLimit
        | Kind::LockRow
        | Kind::AppliedTwice
        | Kind::PartialBatch
        | Kind::StaleRead => None,
    }
}

/// The refusal that stands for a status of HTTP.
fn by_status(status: u16) -> Refused {
    let (code, word, message) = match status {
        400 => (Code::InvalidArgument, "service.invalid.argument", "The request is not valid."),
        401 => return Refused::unauthenticated(),
        403 => (
            Code::PermissionDenied,
            "subscription.topic.cannot.subscribe",
            "The user has no permission for this topic.",
        ),
        404 => (Code::NotFound, "topic.not.found", "The topic was not found."),
        429 => (
            Code::ResourceExhausted,
            "subscription.limit.exceeded",
            "You have exceeded the event delivery limit for your org.",
        ),
        500 => (Code::Internal, "subscription.internal.error", "An internal error occurred."),
        _ => return Refused::unavailable(),
    };
    Refused::new(code, word, message)
}
