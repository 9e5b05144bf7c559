//! The listeners. In come connections; out go the answers of the system that listens there, or what a
//! fault says in their place. The only file that knows the server library; it must not know what the
//! systems say.

use std::{io, sync::Arc};

use axum::{
    Router,
    body::Body as HttpBody,
    extract::{ConnectInfo, Request, State, connect_info::Connected},
    http::{
        HeaderValue, StatusCode, Version,
        header::{HOST, HeaderName},
    },
    response::Response,
    serve::{IncomingStream, Listener},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    call::{Call, Method},
    edge::Flaw,
    house::{House, Sent},
    tls::Door,
    wire::{Connection, Wire},
};

/// Which system listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Salesforce,
    PubSub,
    PartnerCenter,
    Webhooks,
    Admin,
}

impl System {
    /// How the request log and fault orders call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Salesforce => "salesforce",
            Self::PubSub => "pubsub",
            Self::PartnerCenter => "partner_center",
            Self::Webhooks => "webhooks",
            Self::Admin => "admin",
        }
    }

    /// The system of a name that faults can be ordered for.
    pub(crate) fn faulty(name: &str) -> Option<Self> {
        [Self::Salesforce, Self::PubSub, Self::PartnerCenter, Self::Webhooks]
            .into_iter()
            .find(|system| system.name() == name)
    }
}

/// The largest body taken, in bytes.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// Serves one system until told to stop.
pub(crate) fn serve(
    door: Door,
    house: Arc<House>,
    system: System,
    stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let secure = matches!(door, Door::Secure(_));
    let router = Router::new().fallback(handle).with_state((house, system, secure));
    let service = router.into_make_service_with_connect_info::<Wire>();
    let serving = axum::serve(Doors(door), service).with_graceful_shutdown(stopped(stop));
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
    State((house, system, secure)): State<(Arc<House>, System, bool)>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_BODY).await;
    let has_host = head.version < Version::HTTP_11
        || head.headers.contains_key(HOST)
        || head.uri.host().is_some();
    let flaw =
        if body.is_err() { Some(Flaw::TooLarge) } else { (!has_host).then_some(Flaw::NoHost) };
    let body = body.map(|bytes| bytes.to_vec()).unwrap_or_default();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let method = Method::parse(head.method.as_str());
    let mut call = Call::new(method, target, headers, body);
    (call.secure, call.flaw) = (secure, flaw);
    let outcome = house.answer(system, call).await;
    if let Some(script) = outcome.script {
        wire.tell(script);
    }
    respond(outcome.sent.unwrap_or_else(|| Sent::empty(500)))
}

fn respond(sent: Sent) -> Response {
    let mut response = Response::new(HttpBody::from(sent.body));
    *response.status_mut() =
        StatusCode::from_u16(sent.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in sent.headers {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// A listener whose connections misbehave when told to.
#[derive(Debug)]
struct Doors(Door);

impl Listener for Doors {
    type Io = Connection;
    type Addr = Wire;

    async fn accept(&mut self) -> (Connection, Wire) {
        let stream = self.0.next().await;
        let wire = Wire::default();
        (Connection::new(stream, wire.clone()), wire)
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
