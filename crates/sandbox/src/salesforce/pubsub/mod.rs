//! The Pub/Sub API. In come calls with their metadata, already read; out go topics, schemas and refusals in
//! its words. It must not know the gRPC library, nor how rows change.

mod faults;
pub(crate) mod messages;
mod refuse;
mod stream;
mod wire;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::watch;

use self::messages::{SchemaInfo, TopicInfo};
pub(crate) use self::wire::serve;
use crate::{
    call::{Call, Method},
    database::{self, StoreError},
    fault::Faults,
    journal::{About, Journal, Told as Answered},
    salesforce::{
        auth,
        changes::{control, schema},
        ids,
        session::Home,
    },
    serve::System,
    sign,
    store::{End, Store, Tx},
    wire::Wire,
};

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) home: Home,
    /// The organisation's addresses, without and with TLS.
    pub(crate) instances: [String; 2],
    pub(crate) store: Arc<Store>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) faults: Arc<Faults>,
    /// Rings when all streams are to be cut.
    pub(crate) drops: watch::Sender<()>,
    pub(crate) stop: watch::Receiver<bool>,
    /// The longest silence on a stream that waits for events.
    pub(crate) keep_alive: watch::Sender<Duration>,
}

/// A call, or the end of a stream, for the request log.
#[derive(Debug)]
struct Noted<'a> {
    method: &'a str,
    asked: Value,
    told: Value,
    begun: Instant,
    refused: Option<&'a Refused>,
    fault: Option<&'static str>,
}

/// The path of a method.
fn address(method: &str) -> String {
    format!("/eventbus.v1.PubSub/{method}")
}

/// The kinds of refusal that gRPC tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Internal,
}

/// A refused call: the status, Salesforce's own code for it, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    /// What follows `sfdc.platform.eventbus.grpc.` in the trailer `error-code`.
    pub(crate) word: &'static str,
    pub(crate) message: String,
}

impl Refused {
    fn new(code: Code, word: &'static str, message: impl Into<String>) -> Self {
        Self { code, word, message: message.into() }
    }

    /// Salesforce's code for it, in full.
    pub(crate) fn trailer(&self) -> String {
        format!("sfdc.platform.eventbus.grpc.{}", self.word)
    }

    fn no_topic(name: &str) -> Self {
        if name.is_empty() {
            let message = "The topic name is empty.";
            return Self::new(Code::InvalidArgument, "topic.validation.empty", message);
        }
        let message = format!("The topic {name} was not found.");
        Self::new(Code::NotFound, "topic.not.found", message)
    }

    fn unavailable() -> Self {
        let message = "The Pub/Sub API service is unavailable.";
        Self::new(Code::Unavailable, "service.unavailable", message)
    }

    fn unauthenticated() -> Self {
        let message = "An authentication exception occurred. Provide valid authentication via \
                       metadata headers.";
        Self::new(Code::Unauthenticated, "service.auth.error", message)
    }
}

impl From<StoreError> for Refused {
    fn from(_: StoreError) -> Self {
        Self::unavailable()
    }
}

/// The result of a call.
pub(crate) type Told<T> = Result<T, Refused>;

/// Who calls: the metadata that each call carries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket {
    pub(crate) token: String,
    pub(crate) instance: String,
    pub(crate) tenant: String,
    /// The number of this call, for its answers.
    pub(crate) rpc: String,
    /// The connection that it came by.
    pub(crate) wire: Wire,
}

impl Hub {
    /// Does something with the state, aside.
    async fn with_state<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Hub, &Tx<'_>) -> Told<T> + Send + 'static,
    ) -> Told<T> {
        let here = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            here.store.transaction::<_, Refused>(|tx| Ok(End::Keep(work(&here, tx)?)))
        });
        done.await.unwrap_or_else(|_| Err(Refused::unavailable()))
    }

    /// Adds a call to the request log. Over gRPC the status is always 200; what was refused has its code.
    fn note(&self, noted: &Noted<'_>) {
        let body = noted.asked.to_string().into_bytes();
        let call = Call::new(Method::Post, &address(noted.method), Vec::new(), body);
        let code = noted.refused.map(|refused| ("error-code".to_owned(), refused.trailer()));
        let message = noted.refused.map(|r| ("grpc-message".to_owned(), r.message.clone()));
        let headers: Vec<(String, String)> = code.into_iter().chain(message).collect();
        let told = if noted.told.is_null() { Vec::new() } else { noted.told.to_string().into() };
        let answered = Answered { status: 200, headers: &headers, body: &told };
        let elapsed = noted.begun.elapsed();
        let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let at = self.store.clock.now_ticks();
        let system = System::PubSub.name();
        let about = About { system, at, microseconds, user: None, fault: noted.fault };
        self.journal.add(&call, Some(answered), about);
    }

    /// Lets in whoever has a valid token and names this organisation and its instance.
    fn admit(&self, tx: &Tx<'_>, ticket: &Ticket) -> Told<()> {
        if [&ticket.token, &ticket.instance, &ticket.tenant].iter().any(|text| text.is_empty()) {
            let message = "The metadata accesstoken, instanceurl and tenantid must not be empty.";
            let word = "service.auth.headers.invalid";
            return Err(Refused::new(Code::Unauthenticated, word, message));
        }
        let header = ("authorization".to_owned(), format!("Bearer {}", ticket.token));
        let call = Call::new(Method::Post, "/", vec![header], Vec::new());
        let instance = ticket.instance.trim_end_matches('/');
        // Clients that take the organisation's id from the token's beginning send it short.
        let is_here = ids::read(&ticket.tenant).as_ref() == Some(&self.home.organization)
            && self.instances.iter().any(|known| known == instance);
        match auth::caller(tx, &call)? {
            Some(_) if is_here => Ok(()),
            Some(_) | None => Err(Refused::unauthenticated()),
        }
    }

    async fn topic(self: &Arc<Self>, ticket: Ticket, name: String) -> Told<TopicInfo> {
        let (begun, asked) = (Instant::now(), json!({ "topicName": name }));
        let told = self.with_state(move |hub, tx| {
            hub.admit(tx, &ticket)?;
            let topic = Topic::named(tx, &name)?;
            Ok(TopicInfo {
                topic_name: name,
                tenant_guid: format!("core/sandbox/{}", hub.home.organization),
                can_publish: false,
                can_subscribe: true,
                schema_id: topic.schema(tx)?,
                rpc_id: ticket.rpc,
            })
        });
        let told = told.await;
        let answer = told.as_ref().map(|topic| json!({ "schemaId": topic.schema_id }));
        self.note(&Noted {
            method: "GetTopic",
            asked,
            told: answer.unwrap_or_default(),
            begun,
            refused: told.as_ref().err(),
            fault: None,
        });
        told
    }

    async fn schema(self: &Arc<Self>, ticket: Ticket, id: String) -> Told<SchemaInfo> {
        let (begun, asked) = (Instant::now(), json!({ "schemaId": id }));
        let told = self.with_state(move |hub, tx| {
            hub.admit(tx, &ticket)?;
            if id.is_empty() {
                let message = "The schema ID is empty.";
                let word = "schema.validation.failed";
                return Err(Refused::new(Code::InvalidArgument, word, message));
            }
            let schema_json = schema::by_id(tx, &id)?.ok_or_else(|| {
                let message = format!("The schema with ID {id} was not found.");
                Refused::new(Code::NotFound, "schema.meta.permission", message)
            })?;
            Ok(SchemaInfo { schema_json, schema_id: id, rpc_id: ticket.rpc })
        });
        let told = told.await;
        self.note(&Noted {
            method: "GetSchema",
            asked,
            told: Value::Null,
            begun,
            refused: told.as_ref().err(),
            fault: None,
        });
        told
    }
}

/// What is subscribed to: one object's changes, those of several, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Topic {
    All,
    Of(String),
    /// A channel of the administrator's own.
    Channel(Vec<String>),
}

impl Topic {
    fn named(tx: &Tx<'_>, name: &str) -> Told<Self> {
        Self::read(tx, name)?.ok_or_else(|| Refused::no_topic(name))
    }

    /// The topic of a name; names are case-sensitive.
    pub(crate) fn read(tx: &Tx<'_>, name: &str) -> database::Result<Option<Self>> {
        match name.strip_prefix("/data/").unwrap_or_default() {
            "ChangeEvents" => Ok(Some(Self::All)),
            channel if channel.ends_with("__chn") => {
                Ok(control::members(tx, channel)?.map(Self::Channel))
            }
            event => Ok(schema::object_of(tx, event)?.map(Self::Of)),
        }
    }

    /// The objects whose changes it is about; none: all.
    pub(crate) fn entities(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Of(entity) => std::slice::from_ref(entity),
            Self::Channel(entities) => entities,
        }
    }

    /// A channel of many objects has no schema of its own.
    fn schema(&self, tx: &Tx<'_>) -> database::Result<String> {
        let found = match self {
            Self::Of(entity) => schema::current(tx, entity)?,
            Self::All | Self::Channel(_) => None,
        };
        Ok(found.map(|(id, _)| id).unwrap_or_default())
    }
}

/// A number for a call.
fn rpc_id() -> String {
    sign::guid()
}
