//! The messages of `eventbus.v1.PubSub` that are sent and read, with the numbers of the published protocol.
//!
//! In: nothing. Out: types that write and read themselves as protobuf. Must not know: what is said. The only
//! file that names the protobuf library.

use prost::Message;

/// Any message.
pub(super) trait Any: Message + Default + Send + Sync + 'static {}

impl<T: Message + Default + Send + Sync + 'static> Any for T {}

/// Where a subscription begins: the next event, the oldest kept, after a place.
pub(super) const LATEST: i32 = 0;
pub(super) const EARLIEST: i32 = 1;
pub(super) const CUSTOM: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub(super) struct TopicRequest {
    #[prost(string, tag = "1")]
    pub(super) topic_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TopicInfo {
    #[prost(bool, tag = "4")]
    pub(super) can_subscribe: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SchemaRequest {
    #[prost(string, tag = "1")]
    pub(super) schema_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SchemaInfo {
    #[prost(string, tag = "1")]
    pub(super) schema_json: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ProducerEvent {
    #[prost(string, tag = "2")]
    pub(super) schema_id: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) payload: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ConsumerEvent {
    #[prost(message, optional, tag = "1")]
    pub(super) event: Option<ProducerEvent>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) replay_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct FetchRequest {
    #[prost(string, tag = "1")]
    pub(super) topic_name: String,
    #[prost(int32, tag = "2")]
    pub(super) replay_preset: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) replay_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    pub(super) num_requested: i32,
    #[prost(string, tag = "5")]
    pub(super) auth_refresh: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct FetchResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) events: Vec<ConsumerEvent>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) latest_replay_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    pub(super) pending_num_requested: i32,
}
