//! A client of the Pub/Sub API, written from the published facts alone. In come topics and requests; out go
//! answers and decoded events. The only test file that knows the gRPC library; it must not know the sandbox.

use std::time::Duration;

use prost::Message;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tonic::{
    Request, Streaming,
    client::Grpc,
    codegen::{
        http::uri::PathAndQuery,
        tokio_stream::{self, wrappers::ReceiverStream},
    },
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

pub(crate) use tonic::{Code, Status};

use crate::{client::Client, events};

pub(crate) const LATEST: i32 = 0;
pub(crate) const EARLIEST: i32 = 1;
pub(crate) const CUSTOM: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Named {
    #[prost(string, tag = "1")]
    pub(crate) it: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Topic {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bool, tag = "3")]
    pub(crate) can_publish: bool,
    #[prost(bool, tag = "4")]
    pub(crate) can_subscribe: bool,
    #[prost(string, tag = "5")]
    pub(crate) schema_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Schema {
    #[prost(string, tag = "1")]
    pub(crate) json: String,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Fetch {
    #[prost(string, tag = "1")]
    pub(crate) topic_name: String,
    #[prost(int32, tag = "2")]
    pub(crate) replay_preset: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) replay_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    pub(crate) num_requested: i32,
    #[prost(string, tag = "5")]
    pub(crate) auth_refresh: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Publish {
    #[prost(string, tag = "1")]
    pub(crate) it: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) events: Vec<Produced>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Managed {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Produced {
    #[prost(string, tag = "2")]
    pub(crate) schema_id: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) payload: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Consumed {
    #[prost(message, optional, tag = "1")]
    pub(crate) event: Option<Produced>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) replay_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Fetched {
    #[prost(message, repeated, tag = "1")]
    pub(crate) events: Vec<Consumed>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) latest_replay_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    pub(crate) pending_num_requested: i32,
}

/// A client of the Pub/Sub API, written for this test.
pub(crate) struct Bus {
    pub(crate) channel: Channel,
    pub(crate) metadata: Vec<(&'static str, String)>,
}

/// A running subscription.
pub(crate) struct Stream {
    pub(crate) asks: mpsc::Sender<Fetch>,
    pub(crate) got: Streaming<Fetched>,
}

impl Bus {
    pub(crate) async fn of(client: &Client) -> Self {
        let addresses = client.sandbox.addresses();
        let keys = &client.sandbox.credentials().salesforce;
        let endpoint = Endpoint::from_shared(addresses.pubsub.clone()).unwrap();
        Self {
            channel: endpoint.connect().await.unwrap(),
            metadata: vec![
                ("accesstoken", keys.access_token.clone()),
                ("instanceurl", addresses.salesforce.clone()),
                ("tenantid", keys.organization.clone()),
            ],
        }
    }

    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut metadata = self.metadata.clone();
        metadata.retain(|(other, _)| *other != name);
        metadata.push((name, value.to_owned()));
        Self { channel: self.channel.clone(), metadata }
    }

    pub(crate) fn signed<T>(&self, body: T) -> Request<T> {
        let mut request = Request::new(body);
        let metadata: &mut MetadataMap = request.metadata_mut();
        for (name, value) in &self.metadata {
            metadata.insert(*name, value.parse().unwrap());
        }
        request
    }

    pub(crate) async fn ask<T: Message + Default + 'static>(
        &self,
        method: &str,
        name: &str,
    ) -> Result<T, Status> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let path: PathAndQuery = format!("/eventbus.v1.PubSub/{method}").parse().unwrap();
        let request = self.signed(Named { it: name.to_owned() });
        Ok(grpc.unary(request, path, ProstCodec::default()).await?.into_inner())
    }

    /// What a call is refused with that sends one message, be it a stream's first.
    pub(crate) async fn refused<T: Message + Send + Sync + 'static>(
        &self,
        method: &str,
        body: T,
    ) -> Status {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let path: PathAndQuery = format!("/eventbus.v1.PubSub/{method}").parse().unwrap();
        let request = self.signed(tokio_stream::once(body));
        let answer = grpc.streaming(request, path, ProstCodec::<T, Topic>::default()).await;
        answer.map(|_| ()).expect_err("a refusal was expected")
    }

    pub(crate) async fn subscribe(&self, first: Fetch) -> Result<Stream, Status> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let (asks, asked) = mpsc::channel(8);
        asks.send(first).await.unwrap();
        let path = PathAndQuery::from_static("/eventbus.v1.PubSub/Subscribe");
        let request = self.signed(ReceiverStream::new(asked));
        let got = grpc.streaming(request, path, ProstCodec::default()).await?.into_inner();
        Ok(Stream { asks, got })
    }

    /// The schema of a topic's events.
    pub(crate) async fn schema(&self, id: &str) -> Value {
        let got: Schema = self.ask("GetSchema", id).await.unwrap();
        assert_eq!(got.id, id);
        serde_json::from_str(&got.json).unwrap()
    }

    /// Decodes an event and puts names in the place of bitmaps.
    pub(crate) async fn read(&self, consumed: &Consumed) -> Value {
        let event = consumed.event.as_ref().unwrap();
        let schema = self.schema(&event.schema_id).await;
        let mut value = events::decode(&schema, &event.payload);
        for set in ["changedFields", "nulledFields", "diffFields"] {
            let names = events::names(&schema, &value["ChangeEventHeader"][set]);
            value["ChangeEventHeader"][set] = json!(names);
        }
        value
    }
}

impl Stream {
    pub(crate) async fn next(&mut self) -> Result<Fetched, Status> {
        let next = tokio::time::timeout(Duration::from_secs(10), self.got.message());
        Ok(next.await.expect("nothing came").unwrap_or_else(|status| panic!("{status:?}")).unwrap())
    }

    pub(crate) async fn refusal(&mut self) -> Status {
        let next = tokio::time::timeout(Duration::from_secs(10), self.got.message());
        next.await.expect("nothing came").expect_err("an error was expected")
    }

    /// So many events, however they are spread over answers.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<Consumed> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(self.next().await.unwrap().events);
        }
        assert_eq!(events.len(), count);
        events
    }
}

pub(crate) fn fetch(topic: &str, preset: i32, count: i32) -> Fetch {
    Fetch {
        topic_name: topic.to_owned(),
        replay_preset: preset,
        replay_id: Vec::new(),
        num_requested: count,
        auth_refresh: String::new(),
    }
}

pub(crate) fn after(topic: &str, replay_id: &[u8]) -> Fetch {
    Fetch { replay_id: replay_id.to_vec(), ..fetch(topic, CUSTOM, 10) }
}

/// Salesforce's own code in the trailers of a refusal.
pub(crate) fn error_code(status: &Status) -> String {
    let code = status.metadata().get("error-code").expect("an error code").to_str().unwrap();
    code.strip_prefix("sfdc.platform.eventbus.grpc.").unwrap().to_owned()
}
