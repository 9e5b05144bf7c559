//! Single values. In come JSON values for a field; out go the values that are stored, or why they are
//! not. It must not know rows other than by reference.

use serde_json::{Number, Value};

use crate::{
    clock,
    decimal::Decimal,
    salesforce::{
        ids,
        model::{Face, Field, Kind, Org, PickValue},
        refusal::Wrong,
    },
    sign,
};

/// A value whose JSON type does not suit the field: the word for the wanted type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongType(pub(crate) &'static str);

/// Reads a value into the form that is stored; numbers keep all their digits. Contents are checked later.
pub(crate) fn read(field: &Field, value: &Value) -> Result<Value, WrongType> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    match &field.kind {
        Kind::Id | Kind::Reference(_) => text(value, "string"),
        Kind::Text(_) | Kind::Phone(_) | Kind::Email(_) | Kind::Url(_) | Kind::Picklist { .. } => {
            text(value, "string").map(|value| blank_to_null(value.as_str().map_or("", str::trim)))
        }
        Kind::Area(_) => {
            text(value, "string").map(|value| blank_to_null(value.as_str().unwrap_or_default()))
        }
        Kind::Checkbox => boolean(value),
        Kind::Whole(_) => decimal(value, "int").map(|value| Value::String(value.text(0))),
        Kind::Number { scale, .. } => {
            let rounded = decimal(value, "double")?.round(*scale).ok_or(WrongType("double"))?;
            Ok(Value::String(rounded.text(1)))
        }
        Kind::Day => moment(value, "date", clock::date),
        Kind::Moment => moment(value, "datetime", clock::salesforce_moment),
        Kind::Base64 => {
            let text = text(value, "base64")?;
            let is_read = text.as_str().is_some_and(|text| sign::from_base64(text).is_some());
            if is_read { Ok(text) } else { Err(WrongType("base64")) }
        }
        // Nobody may write it as a whole, which is told later.
        Kind::Address => Ok(Value::Null),
    }
}

fn blank_to_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::String(text.to_owned()) }
}

fn text(value: &Value, wanted: &'static str) -> Result<Value, WrongType> {
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(WrongType(wanted))
        }
    }
}

fn boolean(value: &Value) -> Result<Value, WrongType> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(WrongType("boolean")),
        },
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(WrongType("boolean"))
        }
    }
}

fn decimal(value: &Value, wanted: &'static str) -> Result<Decimal, WrongType> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let number = Decimal::parse(&text).ok_or(WrongType(wanted))?;
    if wanted == "int" && !number.is_whole() {
        return Err(WrongType(wanted));
    }
    Ok(number)
}

fn moment(
    value: &Value,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<Value, WrongType> {
    let text = value.as_str().ok_or(WrongType(wanted))?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    read(text).map(Value::String).ok_or(WrongType(wanted))
}

/// Turns the digits of a stored number into the JSON number that answers carry.
pub(crate) fn number(digits: &str) -> Value {
    digits.parse::<Number>().map_or(Value::Null, Value::Number)
}

/// Checks the contents of a value that `read` made; then numbers are still texts.
pub(crate) fn check(org: &Org, field: &Field, value: &Value) -> Option<Wrong> {
    let text = value.as_str()?;
    match &field.kind {
        Kind::Text(length) | Kind::Area(length) | Kind::Phone(length) | Kind::Url(length) => {
            too_long(field, text, *length)
        }
        Kind::Email(length) => too_long(field, text, *length).or_else(|| {
            let message = format!("{}: invalid email address: {text}", field.label);
            (!is_email(text)).then(|| Wrong::at("INVALID_EMAIL_ADDRESS", field, message))
        }),
        Kind::Picklist { values, restricted, several } => {
            if *restricted && let Some(other) = unlisted(values, *several, text) {
                let message =
                    format!("{}: bad value for restricted picklist field: {other}", field.label);
                return Some(Wrong::at("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", field, message));
            }
            too_long(field, text, if *several { 4099 } else { 255 })
        }
        Kind::Whole(digits) => out_of_range(field, text, *digits),
        Kind::Number { precision, scale, .. } => out_of_range(field, text, precision - scale),
        Kind::Reference(link) => {
            let fits = ids::read(text)
                .and_then(|id| org.of_id(&id))
                .is_some_and(|object| link.leads_to(&object.name));
            let message = format!("{}: id value of incorrect type: {text}", field.label);
            (!fits).then(|| Wrong::at("MALFORMED_ID", field, message))
        }
        Kind::Id | Kind::Checkbox | Kind::Day | Kind::Moment | Kind::Address | Kind::Base64 => None,
    }
}

/// The first value that the list does not have.
fn unlisted<'t>(values: &[PickValue], several: bool, text: &'t str) -> Option<&'t str> {
    let is_listed = |text: &str| values.iter().any(|value| value.active && value.value == text);
    if several {
        return text.split(';').find(|one| !is_listed(one));
    }
    (!is_listed(text)).then_some(text)
}

fn too_long(field: &Field, text: &str, length: usize) -> Option<Wrong> {
    let message = format!("{}: data value too large: {text} (max length={length})", field.label);
    (text.chars().count() > length).then(|| Wrong::at("STRING_TOO_LONG", field, message))
}

fn out_of_range(field: &Field, digits: &str, whole: u32) -> Option<Wrong> {
    // A probability is one, whatever the digits.
    let most = (field.name == "Probability").then(|| Decimal::parse("100")).flatten();
    let fits = Decimal::parse(digits).is_some_and(|number| {
        let is_short = number.whole_digits() <= usize::try_from(whole).unwrap_or_default();
        let is_part = |most| number.compare(most).is_le() && !digits.starts_with('-');
        is_short && most.is_none_or(is_part)
    });
    let message =
        format!("{}: value outside of valid range on numeric field: {digits}", field.label);
    (!fits).then(|| Wrong::at("NUMBER_OUTSIDE_VALID_RANGE", field, message))
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain = |part: &str| !part.is_empty() && !part.contains([' ', '@', ',', ';', '<', '>']);
    plain(local) && plain(domain) && domain.split('.').count() > 1 && domain.split('.').all(plain)
}

/// The final form of a checked value: numbers become JSON numbers, ids get 18 characters.
pub(crate) fn finish(field: &Field, value: Value) -> Value {
    let Some(text) = value.as_str() else {
        return value;
    };
    match &field.kind {
        Kind::Whole(_) | Kind::Number { .. } => number(text),
        Kind::Reference(_) => ids::read(text).map_or(Value::Null, Value::String),
        Kind::Id
        | Kind::Text(_)
        | Kind::Area(_)
        | Kind::Phone(_)
        | Kind::Email(_)
        | Kind::Url(_)
        | Kind::Picklist { .. }
        | Kind::Checkbox
        | Kind::Day
        | Kind::Moment
        | Kind::Address
        | Kind::Base64 => value,
    }
}

/// The word describe uses for a field's type.
pub(crate) fn type_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Id => "id",
        Kind::Text(_) => "string",
        Kind::Area(_) => "textarea",
        Kind::Phone(_) => "phone",
        Kind::Email(_) => "email",
        Kind::Url(_) => "url",
        Kind::Picklist { several: false, .. } => "picklist",
        Kind::Picklist { several: true, .. } => "multipicklist",
        Kind::Checkbox => "boolean",
        Kind::Whole(_) => "int",
        Kind::Number { face: Face::Currency, .. } => "currency",
        Kind::Number { face: Face::Percent, .. } => "percent",
        Kind::Number { face: Face::Plain, .. } => "double",
        Kind::Day => "date",
        Kind::Moment => "datetime",
        Kind::Address => "address",
        Kind::Base64 => "base64",
        Kind::Reference(_) => "reference",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str) -> Field {
        let org = crate::salesforce::objects::standard();
        org.named("Opportunity").unwrap().field(name).unwrap().clone()
    }

    fn checked(field: &Field, value: &Value) -> Option<Wrong> {
        check(&crate::salesforce::objects::standard(), field, value)
    }

    fn stored(name: &str, value: &Value) -> Value {
        let field = field(name);
        finish(&field, read(&field, value).unwrap())
    }

    #[test]
    fn numbers_are_exact_and_rounded_to_their_scale() {
        let exact: Value = serde_json::from_str("99999999999999.99").unwrap();
        assert_eq!(stored("Amount", &exact).to_string(), "99999999999999.99");
        assert_eq!(stored("Amount", &json!("12.345")).to_string(), "12.35");
        assert_eq!(stored("Amount", &json!(36000)).to_string(), "36000.0");
        let amount = field("Amount");
        let long = read(&amount, &serde_json::from_str("99999999999999999.99").unwrap()).unwrap();
        assert_eq!(checked(&amount, &long).unwrap().code, "NUMBER_OUTSIDE_VALID_RANGE");
    }

    #[test]
    fn types_are_kept_apart() {
        for (name, value, wanted) in [
            ("Name", json!(5), "string"),
            ("Amount", json!("five"), "double"),
            ("CloseDate", json!("2026-02-30"), "date"),
            ("CloseDate", json!("2026-02-03T00:00:00Z"), "date"),
            ("Sync_with_Partner_Center__c", json!("yes"), "boolean"),
        ] {
            assert_eq!(read(&field(name), &value), Err(WrongType(wanted)), "{name}");
        }
        assert_eq!(stored("Name", &json!("  a  ")), json!("a"));
        assert_eq!(stored("NextStep", &json!("")), Value::Null);
    }

    #[test]
    fn contents_are_checked_after_types() {
        for (name, value, code) in [
            ("StageName", "Qualified".to_owned(), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
            ("Name", "x".repeat(121), "STRING_TOO_LONG"),
            ("AccountId", "0065g0000000001".to_owned(), "MALFORMED_ID"),
        ] {
            let field = field(name);
            let wrong = checked(&field, &read(&field, &json!(value)).unwrap()).unwrap();
            assert_eq!(wrong.code, code);
        }
        assert!(is_email("a.b@c.example") && !is_email("a@b") && !is_email("a b@c.de"));
    }
}
