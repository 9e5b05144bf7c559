//! Both systems and their administration under one roof. In come calls; out go the answers as bytes, and how they
//! are to go out when a fault struck. It must not know connections, nor what the systems say.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    admin::Admin,
    call::{Answer, Body, Call, Method, Reply},
    deliver::Courier,
    edge,
    fault::{self, Faults, Kind, Strike},
    journal::{About, Journal, Told},
    partner_center::{self, PartnerCenter},
    salesforce::{self, Notifier, Salesforce, is_for_cometd},
    serve::System,
    store::{End, Store},
    undo::Lag,
    usage::Usage,
    wire::Script,
};

/// Everything that answers.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) salesforce: Salesforce,
    pub(crate) partner_center: PartnerCenter,
    pub(crate) admin: Admin,
    pub(crate) courier: Arc<Courier>,
    pub(crate) store: Arc<Store>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) usage: Arc<Usage>,
    pub(crate) notifier: Arc<Notifier>,
}

/// An answer as it goes out.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What becomes of a call.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Before anything goes out.
    pub(crate) wait: Duration,
    /// `None`: the script says what goes out in its place.
    pub(crate) sent: Option<Sent>,
    pub(crate) script: Option<Script>,
}

impl Sent {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    fn new(answer: Answer) -> Self {
        let (kind, body) = match answer.body {
            Body::Empty => (None, Vec::new()),
            Body::Json(json) => {
                (Some("application/json;charset=UTF-8"), json.to_string().into_bytes())
            }
            Body::Bytes(kind, bytes) => (Some(kind), bytes),
        };
        let kind = kind.map(|kind| ("content-type".to_owned(), kind.to_owned()));
        let headers = kind.into_iter().chain(answer.headers).collect();
        Self { status: answer.status, headers, body }
    }

    fn with_wrong_type(mut self) -> Self {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        self.headers.push(("content-type".to_owned(), "text/html;charset=UTF-8".to_owned()));
        self
    }
}

impl House {
    /// Answers one call.
    pub(crate) async fn answer(self: Arc<Self>, system: System, call: Call) -> Outcome {
        if system == System::Admin {
            let sent = Sent::new(self.admin.answer(&call).await);
            self.usage.count(system, call.body.len(), sent.body.len());
            return Outcome { wait: Duration::ZERO, sent: Some(sent), script: None };
        }
        if let Some(answer) = edge::refuse(&call) {
            return self.refuse(system, &call, answer);
        }
        if system == System::Salesforce && is_for_cometd(&call) {
            return self.poll(call).await;
        }
        // In memory a call takes microseconds; on a disk it waits.
        let outcome = if self.store.is_kept() {
            let here = Arc::clone(&self);
            let work = tokio::task::spawn_blocking(move || here.work(system, &call)).await;
            let broken = Outcome { wait: Duration::ZERO, sent: None, script: Some(Script::Close) };
            work.unwrap_or(broken)
        } else {
            self.work(system, &call)
        };
        if !outcome.wait.is_zero() {
            tokio::time::sleep(outcome.wait).await;
        }
        outcome
    }

    /// Answers for the web server, which no fault strikes; the log has it too.
    fn refuse(&self, system: System, call: &Call, answer: Answer) -> Outcome {
        let (begun, at) = (Instant::now(), self.store.clock.now_ticks());
        let about = About { system: system.name(), at, microseconds: 0, user: None, fault: None };
        self.finish((system, call), None, Some(answer), begun, about)
    }

    /// Answers a poll of the Streaming API, which may be held for long.
    async fn poll(&self, call: Call) -> Outcome {
        let (begun, at) = (Instant::now(), self.store.clock.now_ticks());
        let system = System::Salesforce;
        let strike = self.faults.strike(&self.store, system, &call);
        let kind = strike.as_ref().map(|strike| strike.kind);
        if kind == Some(Kind::ExpiredToken) {
            self.expire(&call);
        }
        let told = strike.as_ref().and_then(|s| fault::answer(system, s.kind, s.retry_after));
        let answer = match (told, kind) {
            (Some(answer), _) => Some(answer),
            (None, Some(Kind::Close | Kind::Reset | Kind::Timeout)) => None,
            (None, _) => Some(self.notifier.cometd.answer(call.clone()).await),
        };
        let about = About { system: system.name(), at, microseconds: 0, user: None, fault: None };
        let outcome = self.finish((system, &call), strike.as_ref(), answer, begun, about);
        tokio::time::sleep(outcome.wait).await;
        outcome
    }

    fn work(&self, system: System, call: &Call) -> Outcome {
        let (begun, at) = (Instant::now(), self.store.clock.now_ticks());
        let strike = self.faults.strike(&self.store, system, call);
        let reply = match &strike {
            Some(strike) => self.carry_out_with(system, call, strike),
            None => Some(self.carry_out(system, call)),
        };
        let (answer, user) = reply.map_or((None, None), |reply| (Some(reply.answer), reply.user));
        let about = About { system: system.name(), at, microseconds: 0, user, fault: None };
        self.finish((system, call), strike.as_ref(), answer, begun, about)
    }

    /// Makes of an answer what goes out, and notes it.
    fn finish(
        &self,
        (system, call): (System, &Call),
        strike: Option<&Strike>,
        answer: Option<Answer>,
        begun: Instant,
        about: About,
    ) -> Outcome {
        let kind = strike.map(|strike| strike.kind);
        let sent = answer.filter(|_| !kind.is_some_and(is_silent)).map(Sent::new);
        let sent = sent.map(|sent| match kind {
            Some(Kind::WrongType) => sent.with_wrong_type(),
            Some(_) | None => sent,
        });
        let told = sent.as_ref().map(|sent| Told {
            status: sent.status,
            headers: &sent.headers,
            body: &sent.body,
        });
        let microseconds = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let fault = kind.map(Kind::word);
        self.journal.add(call, told, About { microseconds, fault, ..about });
        let bytes = sent.as_ref().map_or(0, |sent| sent.body.len());
        self.usage.count(system, call.body.len(), bytes);
        let length = if call.method == Method::Head { 0 } else { bytes };
        let (wait, script) = strike.map_or((0, None), |strike| goes_out(strike, length));
        Outcome { wait: Duration::from_millis(wait), sent, script }
    }

    fn carry_out(&self, system: System, call: &Call) -> Reply {
        match (system, call.parts().as_slice()) {
            (System::Webhooks, ["cert", _]) => {
                let bytes = self.courier.certificate_der().to_vec();
                let body = Body::Bytes("application/pkix-cert", bytes);
                Reply { answer: Answer { status: 200, headers: Vec::new(), body }, user: None }
            }
            (System::Webhooks, _) => self.partner_center.answer_webhooks(call),
            (System::PartnerCenter, _) => self.partner_center.answer(call),
            (System::Salesforce | System::PubSub | System::Admin, _) => {
                self.salesforce.answer(call)
            }
        }
    }

    /// Carries out a call as far as its fault lets it; `None`: not at all, and there is no answer.
    fn carry_out_with(&self, system: System, call: &Call, strike: &Strike) -> Option<Reply> {
        match strike.kind {
            Kind::SlowHeader
            | Kind::SlowBody
            | Kind::CutBody
            | Kind::WrongType
            | Kind::DuplicateReply
            | Kind::AppliedThenClose
            | Kind::AppliedThenReset
            | Kind::AppliedThenTimeout => Some(self.carry_out(system, call)),
            Kind::AppliedTwice => {
                self.carry_out(system, call);
                Some(self.carry_out(system, call))
            }
            Kind::PartialBatch => Some(self.carry_out_some(system, call, strike.roll)),
            Kind::StaleRead => Some(self.look_behind(system, call, strike.behind)),
            Kind::ExpiredToken => {
                self.expire(call);
                salesforce::ended(call)
                    .or_else(|| fault::answer(system, strike.kind, strike.retry_after))
                    .map(|answer| Reply { answer, user: None })
            }
            Kind::Status(_)
            | Kind::Html
            | Kind::DailyLimit
            | Kind::ConcurrentLimit
            | Kind::LockRow
            | Kind::Close
            | Kind::Reset
            | Kind::Timeout => fault::answer(system, strike.kind, strike.retry_after)
                .map(|answer| Reply { answer, user: None }),
        }
    }

    fn carry_out_some(&self, system: System, call: &Call, roll: u64) -> Reply {
        let Some(part) = fault::fail_some(call, roll) else {
            return self.carry_out(system, call);
        };
        let reply = part.call.as_ref().map(|call| self.carry_out(system, call));
        let (done, user) = reply.map_or((None, None), |reply| (Some(reply.answer), reply.user));
        Reply { answer: part.join(done), user }
    }

    fn look_behind(&self, system: System, call: &Call, behind: usize) -> Reply {
        match system {
            System::Salesforce | System::PubSub | System::Admin => {
                self.salesforce.lagging(Lag::Rows(behind)).answer(call)
            }
            System::PartnerCenter => {
                self.partner_center.lagging(Lag::Referrals(behind)).answer(call)
            }
            System::Webhooks => self.carry_out(system, call),
        }
    }

    /// Ends the call's token, if it can end.
    fn expire(&self, call: &Call) {
        let Some(token) = call.bearer().or_else(|| call.header("x-sfdc-session")) else {
            return;
        };
        let ended = self.store.transaction::<_, crate::StoreError>(|tx| {
            salesforce::expire(tx, token)?;
            partner_center::expire(tx, token)?;
            Ok(End::Keep(()))
        });
        // The answer says that the token ended; one that is still good is a smaller fault.
        drop(ended);
    }
}

/// Whether nothing is said although there may be an answer.
fn is_silent(kind: Kind) -> bool {
    match kind {
        Kind::Close
        | Kind::AppliedThenClose
        | Kind::Reset
        | Kind::AppliedThenReset
        | Kind::Timeout
        | Kind::AppliedThenTimeout => true,
        Kind::SlowHeader
        | Kind::SlowBody
        | Kind::CutBody
        | Kind::Status(_)
        | Kind::Html
        | Kind::WrongType
        | Kind::ExpiredToken
        | Kind::DailyLimit
        | Kind::ConcurrentLimit
        | Kind::LockRow
        | Kind::DuplicateReply
        | Kind::AppliedTwice
        | Kind::PartialBatch
        | Kind::StaleRead => false,
    }
}

/// Milliseconds to wait first, and how an answer with a body of so many bytes goes out.
fn goes_out(strike: &Strike, body: usize) -> (u64, Option<Script>) {
    let milliseconds = strike.milliseconds;
    match strike.kind {
        Kind::SlowBody if body > 0 => (0, Some(Script::Slow { body, milliseconds })),
        Kind::CutBody if body > 1 => (milliseconds, Some(Script::Cut { after: body / 2 })),
        Kind::DuplicateReply => (milliseconds, Some(Script::Twice { body })),
        Kind::Reset | Kind::AppliedThenReset => (milliseconds, Some(Script::Reset)),
        Kind::CutBody
        | Kind::Close
        | Kind::AppliedThenClose
        | Kind::Timeout
        | Kind::AppliedThenTimeout => (milliseconds, Some(Script::Close)),
        Kind::SlowBody
        | Kind::SlowHeader
        | Kind::Status(_)
        | Kind::Html
        | Kind::WrongType
        | Kind::ExpiredToken
        | Kind::DailyLimit
        | Kind::ConcurrentLimit
        | Kind::LockRow
        | Kind::AppliedTwice
        | Kind::PartialBatch
        | Kind::StaleRead => (milliseconds, None),
    }
}
