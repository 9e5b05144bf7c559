//! The gRPC calls of the Pub/Sub API.
//!
//! In: an address, a token, messages. Out: messages, or why there are none. Must not know: what a message
//! says. The only file that names the gRPC library.

use std::time::Duration;

use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::messages::{
    FetchRequest, FetchResponse, SchemaInfo, SchemaRequest, TopicInfo, TopicRequest,
};
use crate::error::Error;
use crate::redact;
use crate::secret::Secret;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(20);
/// How long a plain answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// Who may let the user have events.
const WHO: &str = "the Salesforce administrator (change data capture, and the sync user's access)";

/// Why a call was not answered.
#[derive(Debug)]
pub(super) enum Failure {
    /// The token is not good any more.
    Token(Error),
    /// Anything else.
    Other(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Token(error) | Failure::Other(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Other(error)
    }
}

/// A connection with a token.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    channel: tonic::transport::Channel,
    metadata: [(&'static str, MetadataValue<Ascii>); 3],
}

/// A subscription's two directions.
#[derive(Debug)]
pub(super) struct Stream {
    asks: mpsc::Sender<FetchRequest>,
    got: Streaming<FetchResponse>,
}

impl Channel {
    /// Connects to `endpoint`: https, or plain http on this machine.
    pub(super) async fn open(
        endpoint: &str,
        token: &Secret,
        instance: &str,
        tenant: &str,
    ) -> Result<Self, Failure> {
        let bad = |_| Error::bad_setting("pubsub", "expected an address such as https://host:7443");
        let mut address = Endpoint::from_shared(endpoint.to_owned()).map_err(bad)?;
        if endpoint.starts_with("https:") {
            let tls = ClientTlsConfig::new().with_enabled_roots();
            address = address
                .tls_config(tls)
                .map_err(|_| Error::bad_setting("pubsub", "TLS cannot be used"))?;
        }
        let channel = address.connect_timeout(CONNECT).connect().await;
        let channel = channel.map_err(|_| Error::later(None, "the Pub/Sub API is not reached"))?;
        let value = |text: &str| {
            let mut value: MetadataValue<Ascii> = text
                .parse()
                .map_err(|_| Error::later(None, "a token or address does not fit a header"))?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        };
        let metadata = [
            ("accesstoken", value(token.reveal())?),
            ("instanceurl", value(instance)?),
            ("tenantid", value(tenant)?),
        ];
        Ok(Self { channel, metadata })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for (name, value) in &self.metadata {
            request.metadata_mut().insert(*name, value.clone());
        }
        request
    }

    async fn call<A, B>(&self, method: &'static str, message: A) -> Result<B, Failure>
    where
        A: super::messages::Any,
        B: super::messages::Any,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        let request = self.request(message);
        let work = async {
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let path = PathAndQuery::from_static(method);
            grpc.unary(request, path, ProstCodec::<A, B>::default()).await
        };
        match tokio::time::timeout(ANSWER, work).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(failure(&status)),
            Err(_) => Err(Error::later(None, "the Pub/Sub API did not answer in time").into()),
        }
    }

    /// Refuses a topic that is not there for us.
    pub(super) async fn check(&self, topic: &str) -> Result<(), Failure> {
        let ask = TopicRequest { topic_name: topic.to_owned() };
        let info: TopicInfo = self.call("/eventbus.v1.PubSub/GetTopic", ask).await?;
        if info.can_subscribe {
            return Ok(());
        }
        Err(Error::refused("no-events", format!("{topic} may not be subscribed to")).into())
    }

    /// The layout of events, as JSON.
    pub(super) async fn schema(&self, id: &str) -> Result<String, Error> {
        let ask = SchemaRequest { schema_id: id.to_owned() };
        let info: SchemaInfo = self.call("/eventbus.v1.PubSub/GetSchema", ask).await?;
        Ok(info.schema_json)
    }

    /// Opens a subscription with its first request.
    pub(super) async fn subscribe(&self, first: FetchRequest) -> Result<Stream, Failure> {
        let (asks, asked) = mpsc::channel(4);
        let gone = || Error::later(None, "the stream of events ended");
        asks.send(first).await.map_err(|_| gone())?;
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|_| Error::later(None, "the Pub/Sub API is not reached"))?;
        let path = PathAndQuery::from_static("/eventbus.v1.PubSub/Subscribe");
        let codec = ProstCodec::<FetchRequest, FetchResponse>::default();
        let request = self.request(ReceiverStream::new(asked));
        let answer =
            grpc.streaming(request, path, codec).await.map_err(|status| failure(&status))?;
        Ok(Stream { asks, got: answer.into_inner() })
    }
}

impl Stream {
    /// What comes next.
    pub(super) async fn next(&mut self) -> Result<FetchResponse, Error> {
        match self.got.message().await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(Error::later(None, "the stream of events ended")),
            Err(status) => Err(failure(&status).into()),
        }
    }

    /// Asks for more.
    pub(super) async fn ask(&self, request: FetchRequest) -> Result<(), Error> {
        let gone = |_| Error::later(None, "the stream of events ended");
        self.asks.send(request).await.map_err(gone)
    }
}

/// What a refusal means, by its own code in the trailer, else by that of gRPC.
fn failure(status: &Status) -> Failure {
    let own = status.metadata().get("error-code").and_then(|code| code.to_str().ok());
    let own = own.unwrap_or_default();
    let said = redact::message(status.message());
    let why = format!("the Pub/Sub API answered {:?}: {said}", status.code());
    if own.contains("replayid") || said.contains("Replay ID") {
        return Error::Gone { why }.into();
    }
    match status.code() {
        Code::Unauthenticated => Failure::Token(Error::later(None, why)),
        Code::PermissionDenied => Error::denied(why, WHO).into(),
        Code::NotFound | Code::InvalidArgument | Code::Unimplemented => {
            Error::refused("no-events", why).into()
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Error::later(None, why).into(),
    }
}
