//! The data addresses below `/services/data/vXX.0`. In come calls of a signed-in user; out go answers.
//! It must not know tokens or connections.

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Call, Method},
    clock,
    salesforce::{
        batch, bulk, collections, composite, conditional, content, describe, graph, layouts,
        listviews,
        model::Object,
        query, recent,
        refusal::{Done, Refusal, Wrong, not_found, unreadable, wrong_method},
        related::{self, Related},
        replication, root, rows, search,
        session::{Session, parse_body},
        tree,
        upsert::{self, Upserted},
    },
};

/// How many of the rows last looked at are shown, unless the client wants more or less.
const DEFAULT_RECENT: usize = 200;

/// Answers one call; `parts` is what follows the version in its path.
pub(crate) fn dispatch(session: &Session<'_>, call: &Call, parts: &[&str]) -> Done<Answer> {
    let method = method(call);
    refuse_other_content(call, parts)?;
    match parts {
        [] => shown(method, || Ok(Answer::json(200, root::resources(session)))),
        ["limits"] => shown(method, || Ok(Answer::json(200, root::limits(session)))),
        ["limits", "recordCount"] => shown(method, || root::record_count(session, call)),
        ["tabs"] => shown(method, || Ok(Answer::json(200, root::tabs(session)))),
        ["theme"] => shown(method, || Ok(Answer::json(200, root::theme(session)))),
        // The organisation has no actions of its own.
        ["quickActions"] => shown(method, || Ok(Answer::json(200, json!([])))),
        ["recent"] => shown(method, || {
            let most = call.parameter("limit").and_then(|most| most.parse().ok());
            Ok(Answer::json(200, recent::list(session, None, most.unwrap_or(DEFAULT_RECENT))?))
        }),
        ["query"] => shown(method, || query::first(session, call, false)),
        ["queryAll"] => shown(method, || query::first(session, call, true)),
        ["query" | "queryAll", locator] => shown(method, || query::next(session, locator)),
        ["search"] => shown(method, || search::sosl(session, call)),
        ["parameterizedSearch"] => search::parameterized(session, call, method),
        ["composite"] => match method {
            Method::Post => composite::run(session),
            Method::Get => Ok(Answer::json(200, root::composite_resources(session))),
            Method::Head | Method::Put | Method::Patch | Method::Delete | Method::Other => {
                Err(wrong_method("GET,HEAD,POST"))
            }
        },
        ["composite", "tree", name] => posted(method, || tree::run(session, name)),
        ["composite", "batch"] => posted(method, || batch::run(session)),
        ["composite", "graph"] => posted(method, || graph::run(session)),
        ["composite", "sobjects", rest @ ..] => collections::dispatch(session, call, method, rest),
        ["jobs", rest @ ..] => bulk::dispatch(session, call, rest),
        ["sobjects"] => {
            Ok(described(session, call, || describe::global(session.org, session.version)))
        }
        ["sobjects", name] => object(session, call, method, session.known(name)?),
        ["sobjects", name, "describe"] => {
            let object = session.known(name)?;
            Ok(described(session, call, || describe::whole(session.org, object, session.version)))
        }
        ["sobjects", name, "describe", rest @ ..] => {
            shown(method, || layout(session, session.known(name)?, rest))
        }
        ["sobjects", name, "quickActions"] => {
            session.known(name)?;
            shown(method, || Ok(Answer::json(200, json!([]))))
        }
        ["sobjects", name, "listviews", rest @ ..] => {
            shown(method, || listviews::dispatch(session, call, session.known(name)?, rest))
        }
        ["sobjects", name, "updated"] => replication::updated(session, call, session.known(name)?),
        ["sobjects", name, "deleted"] => replication::deleted(session, call, session.known(name)?),
        ["sobjects", name, id] => row(session, call, method, session.known(name)?, id),
        ["sobjects", name, key, value] => {
            by_key(session, call, method, session.known(name)?, key, value)
        }
        _ => Err(not_found()),
    }
}

/// Refuses a body that is called something else than JSON; one that is called nothing is taken for it. Jobs
/// take tables.
fn refuse_other_content(call: &Call, parts: &[&str]) -> Done<()> {
    let Some(kind) = call.header("content-type").filter(|_| !call.body.is_empty()) else {
        return Ok(());
    };
    let word = kind.split(';').next().unwrap_or_default().trim();
    if word.eq_ignore_ascii_case("application/json") || matches!(parts, ["jobs", .., "batches"]) {
        return Ok(());
    }
    let message = format!("Content-Type header specified in HTTP request is not supported: {kind}");
    Err(Refusal::new(415, Wrong::new("UNSUPPORTED_MEDIA_TYPE", message)).into())
}

/// A description, unless the client has it as it has been since its last change.
fn described(session: &Session<'_>, call: &Call, describe: impl FnOnce() -> Value) -> Answer {
    let changed = session.home.orgs.now().since;
    let known = call.header("if-modified-since").and_then(clock::from_http);
    let answer = if known.is_some_and(|known| changed <= known) {
        Answer::empty(304)
    } else {
        Answer::json(200, describe())
    };
    answer.with("Last-Modified", clock::http_date(changed))
}

/// What is only shown.
fn shown(method: Method, show: impl FnOnce() -> Done<Answer>) -> Done<Answer> {
    match method {
        Method::Get | Method::Head => show(),
        Method::Post | Method::Put | Method::Patch | Method::Delete | Method::Other => {
            Err(wrong_method("GET,HEAD"))
        }
    }
}

/// What only takes POST.
fn posted(method: Method, run: impl FnOnce() -> Done<Answer>) -> Done<Answer> {
    if method == Method::Post { run() } else { Err(wrong_method("POST")) }
}

/// The method, which clients without PATCH may give in the address, by either of its names.
fn method(call: &Call) -> Method {
    let named = call.parameter("_HttpMethod").or_else(|| call.parameter("_HTTP_METHOD"));
    match (call.method, named) {
        (Method::Post, Some(word)) => Method::parse(word),
        (method, _) => method,
    }
}

/// How an object's pages are laid out; `rest` is what follows `describe`.
fn layout(session: &Session<'_>, object: &Object, rest: &[&str]) -> Done<Answer> {
    let answer = |body: Value| Ok(Answer::json(200, body));
    match rest {
        ["layouts"] => answer(layouts::all(session.org, object, session.version)),
        ["layouts", record_type] => answer(layouts::one(session.org, object, record_type)?),
        ["compactLayouts"] => answer(layouts::compact(object, session.version)),
        // Nothing is approved here.
        ["approvalLayouts"] => answer(json!({ "approvalLayouts": [] })),
        _ => Err(not_found()),
    }
}

/// A JSON body that must be an object.
fn fields(session: &Session<'_>) -> Done<Map<String, Value>> {
    match parse_body(session.raw)? {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(unreadable("The body must be a JSON object at [line:1, column:1]"))
        }
    }
}

fn object(session: &Session<'_>, call: &Call, method: Method, object: &Object) -> Done<Answer> {
    match method {
        Method::Get | Method::Head => {
            let recent = recent::list(session, Some(object), DEFAULT_RECENT)?;
            let described = describe::summary(object, session.version);
            let body = json!({ "objectDescribe": described, "recentItems": recent });
            Ok(Answer::json(200, body))
        }
        Method::Post => {
            let id = rows::create(session, object, &fields(session)?, None)?;
            recent::note(session, call, &id)?;
            let location = session.row_url(&object.name, &id);
            Ok(Answer::json(201, created(&id)).with("Location", location))
        }
        Method::Put | Method::Patch | Method::Delete | Method::Other => {
            Err(wrong_method("GET,HEAD,POST"))
        }
    }
}

fn created(id: &str) -> Value {
    json!({ "id": id, "success": true, "errors": [] })
}

fn row(
    session: &Session<'_>,
    call: &Call,
    method: Method,
    object: &Object,
    given: &str,
) -> Done<Answer> {
    // POST /sobjects/X/Id is a plain create.
    if method == Method::Post && given.eq_ignore_ascii_case("Id") {
        return self::object(session, call, method, object);
    }
    let id = rows::read_id(object, given)?;
    match method {
        Method::Get | Method::Head => show(session, call, object, &id),
        Method::Patch => {
            let fields = fields(session)?;
            if let Some(stored) = session.tx.row(&object.name, &id)?.filter(|row| !row.deleted) {
                rows::unmodified_since(&stored.body, call.header("if-unmodified-since"))?;
                conditional::if_match(call, &object.name, &stored.body)?;
            }
            rows::update(session, object, &id, &fields, None)?;
            recent::note(session, call, &id)?;
            let now = session.tx.row(&object.name, &id)?;
            Ok(tagged(Answer::empty(204), object, now.map(|row| row.body).as_ref()))
        }
        Method::Delete => {
            rows::delete(session, object, &id)?;
            Ok(Answer::empty(204))
        }
        Method::Post | Method::Put | Method::Other => Err(wrong_method("DELETE,GET,HEAD,PATCH")),
    }
}

fn show(session: &Session<'_>, call: &Call, object: &Object, id: &str) -> Done<Answer> {
    let row = rows::live(session, object, id)?;
    rows::unmodified_since(&row, call.header("if-unmodified-since"))?;
    conditional::if_match(call, &object.name, &row)?;
    recent::note(session, call, id)?;
    let modified = rows::modified(&row);
    let stamp = clock::http_date(modified);
    let since = call.header("if-modified-since").and_then(clock::from_http);
    let is_known = conditional::is_known(call, &object.name, &row);
    if is_known || since.is_some_and(|since| modified <= since) {
        let answer = Answer::empty(304).with("Last-Modified", stamp);
        return Ok(tagged(answer, object, Some(&row)));
    }
    let shown = rows::show(session, object, &row, call.parameter("fields"))?;
    let answer = Answer::json(200, shown).with("Last-Modified", stamp);
    Ok(tagged(answer, object, Some(&row)))
}

/// The answer with the row's entity tag, where there are such.
fn tagged(answer: Answer, object: &Object, row: Option<&Map<String, Value>>) -> Answer {
    match row.and_then(|row| conditional::tag(&object.name, row)) {
        Some(tag) => answer.with("ETag", tag),
        None => answer,
    }
}

fn by_key(
    session: &Session<'_>,
    call: &Call,
    method: Method,
    object: &Object,
    key: &str,
    value: &str,
) -> Done<Answer> {
    if let Some(id) = related::start(object, key).filter(|_| object.field(key).is_none()) {
        if let Some(bytes) = content::bytes(session, object, &id, value) {
            return shown(method, || bytes);
        }
        return match related::follow(session, call, object, &id, value)? {
            Related::Parent(parent, id) => row(session, call, method, parent, &id),
            Related::Children(shown) => related::children(method, shown),
        };
    }
    let field = upsert::key_field(object, key)?;
    if method == Method::Patch {
        let update_only =
            call.parameter("updateOnly").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let check = |row: &Map<String, Value>| {
            rows::unmodified_since(row, call.header("if-unmodified-since"))
        };
        let fields = fields(session)?;
        let done = upsert::upsert(session, object, (field, value), &fields, update_only, &check)?;
        return Ok(upserted(session, object, done));
    }
    let found = super::validate::live_rows_by(session, object, field, value)?;
    match (method, found.as_slice()) {
        (_, []) => Err(not_found()),
        (Method::Get | Method::Head, [id]) => show(session, call, object, id),
        (Method::Delete, [id]) => {
            rows::delete(session, object, id)?;
            Ok(Answer::empty(204))
        }
        (Method::Get | Method::Head | Method::Delete, several) => {
            Ok(upserted(session, object, Upserted::Several(several.to_vec())))
        }
        (Method::Post | Method::Put | Method::Patch | Method::Other, _) => {
            Err(wrong_method("DELETE,GET,HEAD,PATCH"))
        }
    }
}

fn upserted(session: &Session<'_>, object: &Object, done: Upserted) -> Answer {
    let body = |id: &str, made: bool| {
        let mut body = created(id);
        if let Some(map) = body.as_object_mut().filter(|_| session.version >= 46) {
            map.insert("created".to_owned(), json!(made));
        }
        body
    };
    match done {
        Upserted::Created(id) => {
            Answer::json(201, body(&id, true)).with("Location", session.row_url(&object.name, &id))
        }
        Upserted::Updated(_) if session.version < 46 => Answer::empty(204),
        Upserted::Updated(id) => Answer::json(200, body(&id, false)),
        Upserted::Several(ids) => {
            let urls: Vec<String> =
                ids.iter().map(|id| session.row_url(&object.name, id)).collect();
            Answer::json(300, json!(urls))
        }
    }
}

/// 400 for a request that asks for more than the resource takes.
pub(crate) fn too_much(message: &str) -> super::refusal::Stop {
    Refusal::new(400, Wrong::new("INVALID_BATCH_SIZE", message)).into()
}
