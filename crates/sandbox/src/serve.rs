//! The listeners. In come connections; out go the answers of the system that listens there, or a closed
//! connection when a fault says so. The only file that knows the server library; it must not know what
//! the systems say.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body as HttpBody,
    extract::{ConnectInfo, Request, State, connect_info::Connected},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    serve::{IncomingStream, Listener},
};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{
    admin::Admin,
    call::{Answer, Body, Call, Method, Reply},
    clock,
    deliver::Courier,
    fault::{self, Effect},
    partner_center::PartnerCenter,
    salesforce::Salesforce,
    store::Store,
};

/// Which system listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Salesforce,
    PartnerCenter,
    Webhooks,
    Admin,
}

impl System {
    /// How the request log and fault orders call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Salesforce => "salesforce",
            Self::PartnerCenter => "partner_center",
            Self::Webhooks => "webhooks",
            Self::Admin => "admin",
        }
    }

    /// The system of a name that faults can be ordered for.
    pub(crate) fn faulty(name: &str) -> Option<Self> {
        [Self::Salesforce, Self::PartnerCenter, Self::Webhooks]
            .into_iter()
            .find(|system| system.name() == name)
    }
}

/// Everything that answers.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) salesforce: Salesforce,
    pub(crate) partner_center: PartnerCenter,
    pub(crate) admin: Admin,
    pub(crate) courier: Arc<Courier>,
    pub(crate) store: Arc<Store>,
}

/// The largest body taken, in bytes.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

impl House {
    /// Answers one call; `None`: the connection is to be closed without an answer.
    async fn answer(self: Arc<Self>, system: System, call: Call) -> Option<Answer> {
        if system == System::Admin {
            let answer = self.admin.answer(&call).await;
            self.courier.wake();
            return Some(answer);
        }
        let here = Arc::clone(&self);
        let result = tokio::task::spawn_blocking(move || {
            let strike = fault::strike(&here.store, system, &call).ok().flatten();
            let effect = strike.as_ref().and_then(|strike| strike.effect.clone());
            let delay = strike.map_or(0, |strike| strike.delay_milliseconds);
            let reply = match &effect {
                Some(Effect::Answer { status, retry_after }) => {
                    Some(Reply { answer: fault::answer(system, *status, *retry_after), user: None })
                }
                Some(Effect::Close) => None,
                Some(Effect::AppliedThenClose) | None => Some(here.carry_out(system, &call)),
            };
            here.log(system, &call, reply.as_ref(), effect.as_ref());
            let is_shown = effect != Some(Effect::AppliedThenClose);
            (reply.filter(|_| is_shown).map(|reply| reply.answer), delay)
        });
        let (answer, delay) = result.await.unwrap_or((None, 0));
        self.courier.wake();
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        answer
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
            (System::Salesforce | System::Admin, _) => self.salesforce.answer(call),
        }
    }

    fn log(&self, system: System, call: &Call, reply: Option<&Reply>, effect: Option<&Effect>) {
        let fault = effect.map(|effect| match effect {
            Effect::Answer { .. } => "status",
            Effect::Close => "close",
            Effect::AppliedThenClose => "applied_then_close",
        });
        let line = json!({
            "at": clock::partner_center(self.store.clock.now_ticks()),
            "system": system.name(),
            "method": call.method.word(),
            "path": call.target,
            "status": reply.map(|reply| reply.answer.status),
            "user": reply.and_then(|reply| reply.user.clone()),
            "fault": fault,
        });
        // The log is a convenience: a call does not fail because it cannot be written.
        let _ = self.store.log(&line);
    }
}

/// Serves one system until told to stop.
pub(crate) fn serve(
    listener: TcpListener,
    house: Arc<House>,
    system: System,
    stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let router = Router::new().fallback(handle).with_state((house, system));
    let service = router.into_make_service_with_connect_info::<Wire>();
    let serving = axum::serve(Doors(listener), service).with_graceful_shutdown(stopped(stop));
    tokio::spawn(async move {
        // Serving ends by the stop alone; single connections report to nobody.
        let _ = serving.await;
    })
}

/// Waits for the stop, or for the end of whoever could say it.
pub(crate) async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn handle(
    State((house, system)): State<(Arc<House>, System)>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return respond(Answer::empty(413));
    };
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let method = Method::parse(head.method.as_str());
    let call = Call::new(method, target, headers, body.to_vec());
    let answer = house.answer(system, call).await;
    respond(answer.unwrap_or_else(|| {
        wire.0.store(true, Ordering::SeqCst);
        Answer::empty(500)
    }))
}

fn respond(answer: Answer) -> Response {
    let (kind, body) = match answer.body {
        Body::Empty => (None, HttpBody::empty()),
        Body::Json(json) => {
            (Some("application/json;charset=UTF-8"), HttpBody::from(json.to_string()))
        }
        Body::Bytes(kind, bytes) => (Some(kind), HttpBody::from(bytes)),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in answer.headers {
        let name = header::HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// Whether a connection is to be cut.
#[derive(Debug, Clone, Default)]
struct Wire(Arc<AtomicBool>);

/// A listener whose connections can be cut from inside.
#[derive(Debug)]
struct Doors(TcpListener);

/// A connection that fails as soon as its wire is cut.
#[derive(Debug)]
struct Cuttable {
    stream: TcpStream,
    wire: Wire,
}

impl Listener for Doors {
    type Io = Cuttable;
    type Addr = Wire;

    async fn accept(&mut self) -> (Cuttable, Wire) {
        let (stream, _) = Listener::accept(&mut self.0).await;
        // Small answers shall not wait for more to send.
        let _ = stream.set_nodelay(true);
        let wire = Wire::default();
        (Cuttable { stream, wire: wire.clone() }, wire)
    }

    fn local_addr(&self) -> io::Result<Wire> {
        Ok(Wire::default())
    }
}

impl Connected<IncomingStream<'_, Doors>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        stream.remote_addr().clone()
    }
}

impl Cuttable {
    fn check(&self) -> io::Result<()> {
        if self.wire.0.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
