//! The clock moved on request. In come orders of the administration; out goes where the clock stands.
//! It must not know what the time is used for.

use serde_json::{Value, json};

use crate::{
    call::Answer,
    clock::{self, Clock, Setting},
};

/// Answers `GET /clock`.
pub(crate) fn shown(clock: &Clock) -> Answer {
    let setting = clock.setting();
    let body = json!({
        "now": clock::partner_center(clock.now_ticks()),
        "runs": matches!(setting, Setting::Ahead(_)),
        "setting": setting.text(),
    });
    Answer::json(200, body)
}

/// Answers `POST /clock`: `{"advance": "14d"}`, or `{"set": "+14d"}`, where a moment such as
/// `2026-03-02T09:14:27Z` makes the clock stand still.
pub(crate) fn moved(clock: &Clock, order: &Value) -> Answer {
    let text = |name: &str| order.get(name).and_then(Value::as_str);
    let setting = match (text("advance"), text("set")) {
        (Some(by), None) => clock::duration(by).map(|by| clock.setting().advanced(by)),
        (None, Some(to)) => Setting::parse(to),
        (Some(_), Some(_)) | (None, None) => None,
    };
    let Some(setting) = setting else {
        let error = "give either advance, such as 14d or 2h 30m, or set, such as +14d or 2026-03-02T09:14:27Z";
        return Answer::json(400, json!({ "error": error }));
    };
    match clock.set(setting) {
        Ok(()) => shown(clock),
        Err(error) => {
            let error = format!("the clock's file could not be written: {error}");
            Answer::json(503, json!({ "error": error }))
        }
    }
}
