//! Several requests in one, and the paths they go to.
//!
//! In: requests with ready JSON text. Out: the body of one composite request, and from its answer one
//! answer for each request, or the first real failure. It sends nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{fault, json_object, row, soql};
use crate::error::Error;
use crate::ids::RecordId;
use crate::moment;
use crate::send::{Answer, encode};

/// The most requests in one.
const MOST_SUBS: usize = 25;

/// What one request of a composite does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates.
    Post,
    /// Changes or upserts.
    Patch,
    /// Removes.
    Delete,
}

/// One request of a composite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sub {
    /// What it does.
    pub method: Method,
    /// Where, below `/services/data/vNN.N/`, percent-encoded: `sobjects/Contact`.
    pub path: String,
    /// Its name: letters, digits and underscores. Later bodies may hold `@{name.id}`.
    pub reference: String,
    /// The text of a JSON object.
    pub body: Option<String>,
    /// Whole seconds: the record is left alone, and the request fails, when it was changed after this.
    pub unmodified_since: Option<Timestamp>,
}

/// The answer to one request of a composite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAnswer {
    /// The name of the request.
    pub reference: String,
    /// The HTTP status of this answer.
    pub status: u16,
    /// The JSON text of this answer, `null` when it had none.
    pub body: String,
    /// The id of the record that was written, when the answer says it.
    pub id: Option<RecordId>,
    /// Why this request failed; always `None` after `all_or_none`.
    pub failure: Option<Error>,
}

impl Sub {
    /// Creates a record of `object`.
    pub fn create(reference: &str, object: &str, body: String) -> Result<Self, Error> {
        Ok(Self::new(Method::Post, object_path(object)?, reference, Some(body)))
    }

    /// Changes a record by id.
    pub fn update(
        reference: &str,
        object: &str,
        id: &RecordId,
        body: String,
    ) -> Result<Self, Error> {
        Ok(Self::new(Method::Patch, row_path(object, id)?, reference, Some(body)))
    }

    /// Creates a record, or changes the one whose external-id field equals `value`.
    pub fn upsert(
        reference: &str,
        object: &str,
        field: &str,
        value: &str,
        body: String,
    ) -> Result<Self, Error> {
        let path = external_path(object, field, value)?;
        Ok(Self::new(Method::Patch, path, reference, Some(body)))
    }

    /// Removes a record by id; Salesforce keeps it in the bin.
    pub fn delete(reference: &str, object: &str, id: &RecordId) -> Result<Self, Error> {
        Ok(Self::new(Method::Delete, row_path(object, id)?, reference, None))
    }

    /// Reads from a path with its query.
    pub(super) fn read(reference: &str, path: String) -> Self {
        Self::new(Method::Get, path, reference, None)
    }

    fn new(method: Method, path: String, reference: &str, body: Option<String>) -> Self {
        Self { method, path, reference: reference.to_owned(), body, unmodified_since: None }
    }

    /// Itself, for a record that was not changed after this.
    #[must_use]
    pub fn unmodified_since(self, since: Option<Timestamp>) -> Self {
        Self { unmodified_since: since, ..self }
    }
}

/// `sobjects/Lead`.
pub(super) fn object_path(object: &str) -> Result<String, Error> {
    Ok(format!("sobjects/{}", soql::object_name(object)?))
}

/// `sobjects/Lead/00Q…`.
pub(super) fn row_path(object: &str, id: &RecordId) -> Result<String, Error> {
    Ok(format!("{}/{id}", object_path(object)?))
}

/// `sobjects/Lead/Key__c/value`. An empty value would create without a key, and one or two dots
/// would change the path even when encoded.
pub(super) fn external_path(object: &str, field: &str, value: &str) -> Result<String, Error> {
    if ["", ".", ".."].contains(&value.trim()) {
        let why = "expected an external id with more than dots in it";
        return Err(Error::refused("bad-external-id", why));
    }
    let (object, field) = (object_path(object)?, soql::object_name(field)?);
    Ok(format!("{object}/{field}/{}", encode(value)))
}

/// Adds the field to a refusal that named none.
pub(super) fn about(error: Error, field: &str) -> Error {
    match error {
        Error::Refused { code, why, fields } if fields.is_empty() && code == "MULTIPLE_CHOICES" => {
            Error::Refused { code, why, fields: vec![field.to_owned()] }
        }
        other @ (Error::Refused { .. }
        | Error::Later { .. }
        | Error::Denied { .. }
        | Error::Changed
        | Error::Resting { .. }
        | Error::Gone { .. }) => other,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    all_or_none: bool,
    collate_subrequests: bool,
    composite_request: Vec<AskedSub<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AskedSub<'a> {
    method: &'static str,
    url: String,
    reference_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_headers: Option<AskedHeaders>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct AskedHeaders {
    #[serde(rename = "If-Unmodified-Since")]
    unmodified_since: String,
}

/// The body of the request. `root` is `/services/data/vNN.N`.
pub(super) fn body(root: &str, subs: &[Sub], all_or_none: bool) -> Result<String, Error> {
    if subs.is_empty() || subs.len() > MOST_SUBS {
        let why = format!("expected 1 to {MOST_SUBS} requests in one, found {}", subs.len());
        return Err(Error::refused("bad-composite", why));
    }
    let composite_request = subs.iter().map(|sub| asked(root, sub)).collect::<Result<_, _>>()?;
    let asked = Asked { all_or_none, collate_subrequests: false, composite_request };
    serde_json::to_string(&asked).map_err(|_| Error::refused("bad-composite", "cannot be written"))
}

fn asked<'a>(root: &str, sub: &'a Sub) -> Result<AskedSub<'a>, Error> {
    let bad = |why: &str| Error::refused("bad-composite", why);
    soql::object_name(&sub.reference)?;
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\#<>\"".contains(&byte);
    let path = sub.path.as_str();
    if path.is_empty() || path.starts_with('/') || !path.bytes().all(plain) {
        return Err(bad("expected a percent-encoded path without a slash at its start"));
    }
    let body = match &sub.body {
        None => None,
        Some(text) => Some(
            serde_json::from_str::<&RawValue>(json_object(text)?)
                .map_err(|_| bad("expected the text of a json object"))?,
        ),
    };
    let method = match sub.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let date =
        |since| moment::http_date(since).ok_or_else(|| bad("the date does not fit a header"));
    let since = sub.unmodified_since.map(date).transpose()?;
    let http_headers = since.map(|unmodified_since| AskedHeaders { unmodified_since });
    let url = format!("{root}/{path}");
    Ok(AskedSub { method, url, reference_id: &sub.reference, http_headers, body })
}

#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow, rename = "compositeResponse")]
    parts: Vec<AnsweredSub<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredSub<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    http_status_code: u16,
    reference_id: String,
}

/// Reads the answers, in the order of the requests.
pub(super) fn read(
    answer: &Answer,
    subs: &[Sub],
    all_or_none: bool,
) -> Result<Vec<SubAnswer>, Error> {
    let answered: Answered<'_> = serde_json::from_str(answer.text()?)
        .map_err(|_| answer.unreadable("is no composite answer"))?;
    let mut answers = Vec::with_capacity(subs.len());
    let mut bystander = None;
    for sub in subs {
        let part = answered.parts.iter().find(|part| part.reference_id == sub.reference);
        let part = part.ok_or_else(|| answer.unreadable("leaves out a request"))?;
        let text = part.body.map_or("null", RawValue::get);
        let status = part.http_status_code;
        let failed = !(200..300).contains(&status);
        let failure = failed.then(|| failure(&sub.reference, status, text));
        if all_or_none {
            match failure.clone() {
                Some((error, false)) => return Err(error),
                Some((error, true)) => bystander = Some(error),
                None => {}
            }
        }
        answers.push(SubAnswer {
            reference: sub.reference.clone(),
            status,
            body: text.to_owned(),
            id: if failed { None } else { row::written(text) },
            failure: failure.map(|(error, _)| error),
        });
    }
    bystander.map_or(Ok(answers), Err)
}

/// The failure of one request, and whether it failed only because another one did. A complete
/// composite answer leaves no doubt about what was kept.
fn failure(reference: &str, status: u16, body: &str) -> (Error, bool) {
    if status == 300 {
        let why = format!("{reference}: several records have this value");
        return (Error::refused("MULTIPLE_CHOICES", why), false);
    }
    let refusal = fault::Refusal {
        what: reference,
        status,
        body: body.as_bytes(),
        retry_after: None,
        in_doubt: false,
    };
    (refusal.classify(), refusal.is_bystander())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "/services/data/v66.0";

    fn subs() -> Vec<Sub> {
        vec![
            Sub::upsert("acc", "Account", "Key__c", "a/b 'c'", r#"{"Name":"A"}"#.to_owned()),
            Sub::create("opp", "Opportunity", r#"{"AccountId":"@{acc.id}","Amount":1.10}"#.into()),
        ]
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap()
    }

    #[test]
    fn the_body_keeps_each_text_and_encodes_each_value() {
        assert_eq!(
            body(ROOT, &subs(), true).unwrap(),
            r#"{"allOrNone":true,"collateSubrequests":false,"compositeRequest":[{"method":"PATCH","url":"/services/data/v66.0/sobjects/Account/Key__c/a%2Fb%20%27c%27","referenceId":"acc","body":{"Name":"A"}},{"method":"POST","url":"/services/data/v66.0/sobjects/Opportunity","referenceId":"opp","body":{"AccountId":"@{acc.id}","Amount":1.10}}]}"#
        );
    }

    #[test]
    fn a_record_is_removed_without_a_body() {
        let id = RecordId::parse("a005g00000TwAbCAAV").unwrap();
        let sub = Sub::delete("gone", "Microsoft_Solution__c", &id).unwrap();
        let text = body(ROOT, &[sub], true).unwrap();
        let path = format!("{ROOT}/sobjects/Microsoft_Solution__c/a005g00000TwAbCAAV");
        assert!(text.contains(&format!(r#""method":"DELETE","url":"{path}""#)), "{text}");
        assert!(!text.contains("\"body\""), "{text}");
    }

    #[test]
    fn a_request_may_have_a_condition_of_its_own() {
        let id = RecordId::parse("0065g00000TwAbCAAV").unwrap();
        let sub = Sub::update("deal", "Opportunity", &id, "{}".to_owned()).unwrap();
        let sub = sub.unmodified_since(Timestamp::from_second(784_111_777).ok());
        let text = body(ROOT, &[sub], true).unwrap();
        let header = r#""httpHeaders":{"If-Unmodified-Since":"Sun, 06 Nov 1994 08:49:37 GMT"}"#;
        assert!(text.contains(header), "{text}");
        let changed = read(&answer((412, "null"), HALTED), &subs(), true).unwrap_err();
        assert!(matches!(changed, Error::Changed), "{changed:?}");
    }

    #[test]
    fn requests_that_make_no_sense_are_refused() {
        assert!(body(ROOT, &[], true).is_err());
        let many: Vec<Sub> = subs().into_iter().cycle().take(26).collect();
        assert!(body(ROOT, &many, true).is_err());
        for value in ["", " ", ".", ".."] {
            assert!(external_path("Lead", "Key__c", value).is_err(), "{value}");
        }
        assert!(object_path("Lead/x").is_err());
        for (path, reference, text) in [
            ("/sobjects/Lead", "a", "{}"),
            ("sobjects/Le ad", "a", "{}"),
            ("sobjects/Lead", "a b", "{}"),
            ("sobjects/Lead", "a", "[]"),
            ("sobjects/Lead", "a", "{"),
        ] {
            let sub = Sub::new(Method::Post, path.to_owned(), reference, Some(text.to_owned()));
            assert!(body(ROOT, &[sub], true).is_err(), "{path} {reference} {text}");
        }
    }

    fn answer(first: (u16, &str), second: (u16, &str)) -> Answer {
        let part = |reference: &str, (status, body): (u16, &str)| {
            format!(
                r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"{reference}"}}"#
            )
        };
        let parts = [part("opp", second), part("acc", first)].join(",");
        Answer::of(200, &format!(r#"{{"compositeResponse":[{parts}]}}"#))
    }

    const HALTED: (u16, &str) = (400, r#"[{"errorCode":"PROCESSING_HALTED","message":"x"}]"#);
    const TOO_LONG: (u16, &str) =
        (400, r#"[{"errorCode":"STRING_TOO_LONG","message":"x","fields":["Name"]}]"#);
    const MADE: (u16, &str) = (201, r#"{"id":"0065g00000TwAbCAAV","success":true,"errors":[]}"#);

    #[test]
    fn the_first_real_failure_is_the_error() {
        let error = read(&answer(HALTED, TOO_LONG), &subs(), true).unwrap_err();
        let Error::Refused { code, why, fields } = error else { panic!("expected refused") };
        assert_eq!((code.as_str(), fields), ("STRING_TOO_LONG", vec!["Name".to_owned()]));
        assert!(why.starts_with("opp: "), "{why}");
        let halted = read(&answer(HALTED, HALTED), &subs(), true).unwrap_err();
        assert!(matches!(halted, Error::Later { unknown_outcome: false, .. }));
    }

    #[test]
    fn answers_come_in_the_order_of_the_requests() {
        let answers = read(&answer((204, "null"), MADE), &subs(), true).unwrap();
        assert_eq!(answers[0].reference, "acc");
        assert_eq!((answers[0].status, answers[0].id.clone()), (204, None));
        assert_eq!(answers[1].id.as_ref().unwrap().as_str(), "0065g00000TwAbCAAV");
        let mixed = read(&answer(TOO_LONG, MADE), &subs(), false).unwrap();
        assert!(mixed[0].failure.is_some() && mixed[1].failure.is_none());
    }

    #[test]
    fn an_answer_that_leaves_out_a_request_is_in_doubt() {
        let mut short = Answer::of(200, r#"{"compositeResponse":[]}"#);
        short.wrote = true;
        assert!(read(&short, &subs(), true).unwrap_err().outcome_unknown());
    }
}
