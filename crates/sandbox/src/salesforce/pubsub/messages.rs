//! The messages of `eventbus.v1.PubSub` that are served. Nothing comes in; out go types that read and write
//! themselves as protobuf. The only file that knows the protobuf library; it must not know what is said.

use prost::{Enumeration, Message};

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub(crate) enum ReplayPreset {
    Latest = 0,
    Earliest = 1,
    Custom = 2,
}

impl ReplayPreset {
    /// Its name in the protocol.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Latest => "LATEST",
            Self::Earliest => "EARLIEST",
            Self::Custom => "CUSTOM",
        }
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TopicRequest {
    #[prost(string, tag = "1")]
    pub(crate) topic_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TopicInfo {
    #[prost(string, tag = "1")]
    pub(crate) topic_name: String,
    #[prost(string, tag = "2")]
    pub(crate) tenant_guid: String,
    #[prost(bool, tag = "3")]
    pub(crate) can_publish: bool,
    #[prost(bool, tag = "4")]
    pub(crate) can_subscribe: bool,
    #[prost(string, tag = "5")]
    pub(crate) schema_id: String,
    #[prost(string, tag = "6")]
    pub(crate) rpc_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SchemaRequest {
    #[prost(string, tag = "1")]
    pub(crate) schema_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SchemaInfo {
    #[prost(string, tag = "1")]
    pub(crate) schema_json: String,
    #[prost(string, tag = "2")]
    pub(crate) schema_id: String,
    #[prost(string, tag = "3")]
    pub(crate) rpc_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct EventHeader {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ProducerEvent {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) schema_id: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) payload: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) headers: Vec<EventHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ConsumerEvent {
    #[prost(message, optional, tag = "1")]
    pub(crate) event: Option<ProducerEvent>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) replay_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FetchRequest {
    #[prost(string, tag = "1")]
    pub(crate) topic_name: String,
    #[prost(enumeration = "ReplayPreset", tag = "2")]
    pub(crate) replay_preset: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) replay_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    pub(crate) num_requested: i32,
    #[prost(string, tag = "5")]
    pub(crate) auth_refresh: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FetchResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) events: Vec<ConsumerEvent>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) latest_replay_id: Vec<u8>,
    #[prost(string, tag = "3")]
    pub(crate) rpc_id: String,
    #[prost(int32, tag = "4")]
    pub(crate) pending_num_requested: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PublishRequest {
    #[prost(string, tag = "1")]
    pub(crate) topic_name: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) events: Vec<ProducerEvent>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ManagedFetchRequest {
    #[prost(string, tag = "1")]
    pub(crate) subscription_id: String,
    #[prost(string, tag = "2")]
    pub(crate) developer_name: String,
    #[prost(int32, tag = "3")]
    pub(crate) num_requested: i32,
}

/// The answer of calls that are always refused.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NoAnswer {}
