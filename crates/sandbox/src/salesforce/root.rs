//! What an organisation says about itself: resources, limits, tabs. In comes a session; out go answers. It
//! must not know single rows.

use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Call},
    salesforce::{model::Object, refusal::Done, session::Session},
    store::Pick,
};

/// Allowances of an Enterprise organisation of which the sandbox uses nothing up.
const ALLOWANCES: [(&str, i64); 24] = [
    ("ActiveScratchOrgs", 3),
    ("ConcurrentAsyncGetReportInstances", 200),
    ("ConcurrentSyncReportRuns", 20),
    ("DailyAnalyticsDataflowJobExecutions", 60),
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyBulkApiBatches", 15_000),
    ("DailyBulkV2QueryFileStorageMB", 976_562),
    ("DailyBulkV2QueryJobs", 10_000),
    ("DailyDeliveredPlatformEvents", 25_000),
    ("DailyDurableGenericStreamingApiEvents", 200_000),
    ("DailyDurableStreamingApiEvents", 200_000),
    ("DailyGenericStreamingApiEvents", 10_000),
    ("DailyScratchOrgs", 6),
    ("DailyStandardVolumePlatformEvents", 25_000),
    ("DailyStreamingApiEvents", 200_000),
    ("DailyWorkflowEmails", 2000),
    ("DataStorageMB", 1024),
    ("DurableStreamingApiConcurrentClients", 1000),
    ("FileStorageMB", 1024),
    ("HourlyODataCallout", 20_000),
    ("HourlyPublishedPlatformEvents", 250_000),
    ("MassEmail", 5000),
    ("SingleEmail", 5000),
    ("StreamingApiConcurrentClients", 1000),
];

/// `GET /services/data/vXX.0`.
pub(crate) fn resources(session: &Session<'_>) -> Value {
    let base = format!("/services/data/v{}.0", session.version);
    let names = [
        "composite",
        "jobs",
        "limits",
        "parameterizedSearch",
        "query",
        "queryAll",
        "quickActions",
        "recent",
        "search",
        "sobjects",
        "tabs",
        "theme",
    ];
    let mut all: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(format!("{base}/{name}")))).collect();
    let home = session.home;
    let me = format!("{}/id/{}/{}", home.base, home.organization, session.caller.id);
    all.insert("identity".to_owned(), json!(me));
    Value::Object(all)
}

/// `GET /composite`.
pub(crate) fn composite_resources(session: &Session<'_>) -> Value {
    let base = format!("/services/data/v{}.0/composite", session.version);
    json!({
        "tree": format!("{base}/tree"),
        "batch": format!("{base}/batch"),
        "sobjects": format!("{base}/sobjects"),
        "graph": format!("{base}/graph"),
        "composite": base,
    })
}

/// `GET /limits`.
pub(crate) fn limits(session: &Session<'_>) -> Value {
    let calls = session.home.daily_calls;
    // This call counts as well.
    let used = session.home.used.load(Ordering::Relaxed) + 1;
    let entry = |(name, most): (&str, i64), left: i64| {
        (name.to_owned(), json!({ "Max": most, "Remaining": left }))
    };
    let of_calls = entry(("DailyApiRequests", calls), (calls - used).max(0));
    let others = ALLOWANCES.into_iter().map(|allowance| entry(allowance, allowance.1));
    Value::Object(std::iter::once(of_calls).chain(others).collect())
}

/// `GET /limits/recordCount?sObjects=A,B`: how many rows there are; without names, of every object.
pub(crate) fn record_count(session: &Session<'_>, call: &Call) -> Done<Answer> {
    let names: Option<Vec<&str>> =
        call.parameter("sObjects").map(|names| names.split(',').map(str::trim).collect());
    let is_asked = |object: &&Object| {
        let names = names.as_ref();
        names.is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&object.name)))
    };
    let mut counts = Vec::new();
    for object in session.org.objects.iter().filter(is_asked) {
        let rows = session.tx.rows(&object.name, &Pick::All)?;
        let count = rows.iter().filter(|row| !row.deleted).count();
        counts.push(json!({ "count": count, "name": object.name }));
    }
    Ok(Answer::json(200, json!({ "sObjects": counts })))
}

/// Objects that people see on a page of their own.
fn shown<'o>(session: &Session<'o>) -> impl Iterator<Item = &'o Object> {
    session.org.objects.iter().filter(|object| object.writable && object.names_rows())
}

/// `GET /tabs`.
pub(crate) fn tabs(session: &Session<'_>) -> Value {
    let base = &session.home.base;
    let tab = |object: &Object| {
        let kind = if object.is_custom() { "custom" } else { "standard" };
        json!({
            "colors": colors(object),
            "custom": object.is_custom(),
            "iconUrl": null,
            "icons": [],
            "label": object.plural,
            "miniIconUrl": null,
            "name": format!("{kind}-{}", object.name),
            "sobjectName": object.name,
            "timeSetting": null,
            "url": format!("{base}/{}/o", object.prefix),
        })
    };
    shown(session).map(tab).collect()
}

/// `GET /theme`.
pub(crate) fn theme(session: &Session<'_>) -> Value {
    let item =
        |object: &Object| json!({ "colors": colors(object), "icons": [], "name": object.name });
    json!({ "themeItems": shown(session).map(item).collect::<Vec<_>>() })
}

/// The object's colour in both themes, which its prefix decides.
fn colors(object: &Object) -> Value {
    let sum = object.prefix.bytes().fold(7_u32, |sum, byte| sum * 31 + u32::from(byte));
    let color = format!("{:06X}", sum & 0x00FF_FFFF);
    let of = |theme: &str| json!({ "color": color, "context": "primary", "theme": theme });
    json!([of("theme4"), of("theme3")])
}
