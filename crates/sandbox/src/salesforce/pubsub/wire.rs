//! The gRPC listener. In come HTTP/2 connections; out go the answers of the Pub/Sub API. The only file that
//! knows the gRPC library; it must not know topics or events.

use std::{convert::Infallible, io, sync::Arc, time::Instant};

use serde_json::Value;
use tokio::{
    sync::mpsc::{self, Receiver},
    task::JoinHandle,
};
use tonic::{
    Code as GrpcCode, Request, Response, Status, Streaming,
    body::Body,
    codegen::{
        BoxFuture, Context, Pin, Poll, Service, http,
        tokio_stream::{Stream, wrappers::ReceiverStream},
    },
    metadata::{Ascii, MetadataMap, MetadataValue},
    server::{Grpc, StreamingService, UnaryService},
    transport::{Server, server::Connected},
};
use tonic_prost::ProstCodec;

use super::{
    Code, Hub, Noted, Refused, Ticket, Told,
    faults::Ending,
    messages::{
        FetchRequest, FetchResponse, ManagedFetchRequest, NoAnswer, PublishRequest, SchemaInfo,
        SchemaRequest, TopicInfo, TopicRequest,
    },
    rpc_id, stream,
};
use crate::{
    serve::stopped,
    tls::Door,
    wire::{Connection, Wire},
};

/// Requests and answers of a stream that may wait.
const ROOM: usize = 16;
/// What a front door shows to people.
const PAGE: &str = "<!DOCTYPE html>\n<title>Login</title>\n<h1>Login</h1>\n";

/// Serves the Pub/Sub API until told to stop.
pub(crate) fn serve(mut door: Door, hub: Arc<Hub>) -> JoinHandle<()> {
    let stop = stopped(hub.stop.clone());
    let (give, take) = mpsc::channel::<io::Result<Connection>>(ROOM);
    tokio::spawn(async move {
        loop {
            let channel = tokio::select! {
                channel = door.next() => channel,
                () = give.closed() => return,
            };
            // Nobody takes it any more: it is closed.
            let _ = give.send(Ok(Connection::new(channel, Wire::default()))).await;
        }
    });
    let incoming = ReceiverStream::new(take);
    let serving = Server::builder().serve_with_incoming_shutdown(Desk { hub }, incoming, stop);
    tokio::spawn(async move {
        // Serving ends by the stop alone; single connections report to nobody.
        let _ = serving.await;
    })
}

impl Connected for Connection {
    type ConnectInfo = Wire;

    fn connect_info(&self) -> Wire {
        self.wire()
    }
}

/// Takes calls and hands them to the method of their path.
#[derive(Debug, Clone)]
struct Desk {
    hub: Arc<Hub>,
}

impl Service<http::Request<Body>> for Desk {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let hub = Arc::clone(&self.hub);
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let token = request.headers().get("accesstoken").and_then(|token| token.to_str().ok());
        let token = token.unwrap_or_default().to_owned();
        let wire = request.extensions().get::<Wire>().cloned().unwrap_or_default();
        Box::pin(async move {
            if let Some(ended) = struck(&hub, &method, &token, &wire).await {
                return Ok(ended);
            }
            Ok(match request.uri().path() {
                "/eventbus.v1.PubSub/GetTopic" => {
                    Grpc::new(ProstCodec::default()).unary(GetTopic(hub), request).await
                }
                "/eventbus.v1.PubSub/GetSchema" => {
                    Grpc::new(ProstCodec::default()).unary(GetSchema(hub), request).await
                }
                "/eventbus.v1.PubSub/Subscribe" => {
                    Grpc::new(ProstCodec::default()).streaming(Subscribe(hub), request).await
                }
                "/eventbus.v1.PubSub/Publish" => {
                    Grpc::new(ProstCodec::default()).unary(Publish(hub), request).await
                }
                "/eventbus.v1.PubSub/PublishStream" => {
                    Grpc::new(ProstCodec::default()).streaming(PublishStream(hub), request).await
                }
                "/eventbus.v1.PubSub/ManagedSubscribe" => {
                    Grpc::new(ProstCodec::default()).streaming(ManagedSubscribe(hub), request).await
                }
                _ => {
                    let message = format!("The sandbox does not serve {method}.");
                    let refused =
                        Refused::new(Code::Unimplemented, "service.unimplemented", message);
                    status(&refused, &rpc_id()).into_http()
                }
            })
        })
    }
}

/// The answer in the place of a call that a fault struck.
async fn struck(
    hub: &Arc<Hub>,
    method: &str,
    token: &str,
    wire: &Wire,
) -> Option<http::Response<Body>> {
    let begun = Instant::now();
    let met = hub.meet(method, token).await;
    let ending = met.ending?;
    let is_page = matches!(ending, Ending::Page);
    let refused = ending.refusal(wire);
    hub.note(&Noted {
        method,
        asked: Value::Null,
        told: Value::Null,
        begun,
        refused: Some(&refused),
        fault: met.fault,
    });
    if is_page {
        let mut page = http::Response::new(Body::new(PAGE.to_owned()));
        let kind = http::HeaderValue::from_static("text/html; charset=utf-8");
        page.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        return Some(page);
    }
    Some(status(&refused, &rpc_id()).into_http())
}

struct GetTopic(Arc<Hub>);

impl UnaryService<TopicRequest> for GetTopic {
    type Response = TopicInfo;
    type Future = BoxFuture<Response<TopicInfo>, Status>;

    fn call(&mut self, request: Request<TopicRequest>) -> Self::Future {
        let hub = Arc::clone(&self.0);
        Box::pin(async move {
            let ticket = ticket(&request);
            let rpc = ticket.rpc.clone();
            answer(hub.topic(ticket, request.into_inner().topic_name).await, &rpc)
        })
    }
}

struct GetSchema(Arc<Hub>);

impl UnaryService<SchemaRequest> for GetSchema {
    type Response = SchemaInfo;
    type Future = BoxFuture<Response<SchemaInfo>, Status>;

    fn call(&mut self, request: Request<SchemaRequest>) -> Self::Future {
        let hub = Arc::clone(&self.0);
        Box::pin(async move {
            let ticket = ticket(&request);
            let rpc = ticket.rpc.clone();
            answer(hub.schema(ticket, request.into_inner().schema_id).await, &rpc)
        })
    }
}

struct Publish(Arc<Hub>);

impl UnaryService<PublishRequest> for Publish {
    type Response = NoAnswer;
    type Future = BoxFuture<Response<NoAnswer>, Status>;

    fn call(&mut self, request: Request<PublishRequest>) -> Self::Future {
        let hub = Arc::clone(&self.0);
        Box::pin(async move {
            let ticket = ticket(&request);
            let rpc = ticket.rpc.clone();
            Err(status(&hub.publish("Publish", ticket, request.into_inner()).await, &rpc))
        })
    }
}

/// The first request of a stream; none is as one that says nothing.
async fn first<T: Default>(request: Request<Streaming<T>>) -> T {
    request.into_inner().message().await.ok().flatten().unwrap_or_default()
}

struct PublishStream(Arc<Hub>);

impl StreamingService<PublishRequest> for PublishStream {
    type Response = NoAnswer;
    type ResponseStream = ReceiverStream<Result<NoAnswer, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<PublishRequest>>) -> Self::Future {
        let hub = Arc::clone(&self.0);
        Box::pin(async move {
            let ticket = ticket(&request);
            let rpc = ticket.rpc.clone();
            let first = first(request).await;
            Err(status(&hub.publish("PublishStream", ticket, first).await, &rpc))
        })
    }
}

struct ManagedSubscribe(Arc<Hub>);

impl StreamingService<ManagedFetchRequest> for ManagedSubscribe {
    type Response = NoAnswer;
    type ResponseStream = ReceiverStream<Result<NoAnswer, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<ManagedFetchRequest>>) -> Self::Future {
        let hub = Arc::clone(&self.0);
        Box::pin(async move {
            let ticket = ticket(&request);
            let rpc = ticket.rpc.clone();
            let first = first(request).await;
            Err(status(&hub.managed(ticket, first).await, &rpc))
        })
    }
}

struct Subscribe(Arc<Hub>);

impl StreamingService<FetchRequest> for Subscribe {
    type Response = FetchResponse;
    type ResponseStream = Answers;
    type Future = BoxFuture<Response<Answers>, Status>;

    fn call(&mut self, request: Request<Streaming<FetchRequest>>) -> Self::Future {
        let hub = Arc::clone(&self.0);
        Box::pin(async move {
            let ticket = ticket(&request);
            let rpc = ticket.rpc.clone();
            let (asks, asked) = mpsc::channel(ROOM);
            let (answers, given) = mpsc::channel(ROOM);
            let mut requests = request.into_inner();
            tokio::spawn(async move {
                // A broken stream ends like one that was closed.
                while let Ok(Some(request)) = requests.message().await {
                    if asks.send(request).await.is_err() {
                        break;
                    }
                }
            });
            tokio::spawn(stream::run(hub, ticket, asked, answers));
            Ok(Response::new(Answers { given, rpc }))
        })
    }
}

/// The answers of one stream.
#[derive(Debug)]
struct Answers {
    given: Receiver<Told<FetchResponse>>,
    rpc: String,
}

impl Stream for Answers {
    type Item = Result<FetchResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.given.poll_recv(context);
        next.map(|next| next.map(|told| told.map_err(|refused| status(&refused, &self.rpc))))
    }
}

fn answer<T>(told: Told<T>, rpc: &str) -> Result<Response<T>, Status> {
    told.map(Response::new).map_err(|refused| status(&refused, rpc))
}

fn ticket<T>(request: &Request<T>) -> Ticket {
    let metadata = request.metadata();
    let text = |name: &str| {
        let value: Option<&MetadataValue<Ascii>> = metadata.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    Ticket {
        token: text("accesstoken"),
        instance: text("instanceurl"),
        tenant: text("tenantid"),
        rpc: rpc_id(),
        wire: request.extensions().get::<Wire>().cloned().unwrap_or_default(),
    }
}

/// A refusal as gRPC carries it: status, and Salesforce's code in a trailer.
fn status(refused: &Refused, rpc: &str) -> Status {
    let code = match refused.code {
        Code::InvalidArgument => GrpcCode::InvalidArgument,
        Code::NotFound => GrpcCode::NotFound,
        Code::PermissionDenied => GrpcCode::PermissionDenied,
        Code::ResourceExhausted => GrpcCode::ResourceExhausted,
        Code::Internal => GrpcCode::Internal,
        Code::Unauthenticated => GrpcCode::Unauthenticated,
        Code::Unavailable => GrpcCode::Unavailable,
        Code::Unimplemented => GrpcCode::Unimplemented,
    };
    let mut trailers = MetadataMap::new();
    let word = refused.trailer();
    for (name, value) in [("error-code", word.as_str()), ("rpc-id", rpc)] {
        if let Ok(value) = value.parse() {
            trailers.insert(name, value);
        }
    }
    Status::with_metadata(code, format!("{} rpcId: {rpc}", refused.message), trailers)
}
