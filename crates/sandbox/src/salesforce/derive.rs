//! Fields that Salesforce fills by itself. In come the fields of a row as they will be; out go the same
//! with stage, forecast, fiscal period, names and addresses worked out. It must not know how rows are stored.

mod activities;
mod products;
mod settle;

use serde_json::{Map, Value, json};

pub(crate) use self::settle::{follow_up, settle};
use crate::{
    clock,
    decimal::Decimal,
    salesforce::{
        content,
        model::{ADDRESS_PARTS, Field, Kind, Object},
        objects::lists::{FORECAST_NAMES, FORECASTS, STAGES, STANDARD_PROFILE},
        refusal::Done,
        session::Session,
        topics, values,
    },
};

/// Which fields this write changed, by name.
pub(crate) type Changed<'a> = &'a dyn Fn(&str) -> bool;

/// A row with nothing in it but checkboxes, which are off, and a topic's own, which are on. A field that is not
/// there is empty.
pub(crate) fn blank(object: &Object) -> Map<String, Value> {
    let flags = object.fields.iter().filter(|field| matches!(field.kind, Kind::Checkbox));
    let is_on = |field: &Field| object.name == topics::OBJECT && field.access.on_create();
    flags.map(|field| (field.name.clone(), json!(is_on(field)))).collect()
}

/// What users are given that a create does not name.
static USER_DEFAULTS: [(&str, &str); 6] = [
    ("UserType", "Standard"),
    ("ProfileId", STANDARD_PROFILE),
    ("TimeZoneSidKey", "Europe/Zurich"),
    ("LocaleSidKey", "en_US"),
    ("EmailEncodingKey", "UTF-8"),
    ("LanguageLocaleKey", "en_US"),
];

/// Fills what a create left out.
pub(crate) fn fill_defaults(session: &Session<'_>, object: &Object, row: &mut Map<String, Value>) {
    let of_all = [
        ("OwnerId", json!(session.caller.id)),
        ("CurrencyIsoCode", json!("USD")),
        ("DefaultCurrencyIsoCode", json!("USD")),
    ];
    let own: &[(&str, &str)] = match object.name.as_str() {
        "OpportunityTeamMember" => &[("OpportunityAccessLevel", "Read")],
        "Lead" => &[("Status", "Open - Not Contacted")],
        "Task" => &[("Status", "Not Started"), ("Priority", "Normal"), ("TaskSubtype", "Task")],
        "Case" => &[("Status", "New"), ("Priority", "Medium")],
        "Campaign" => &[("Status", "Planned")],
        topics::OBJECT => &[("NotifyForFields", "Referenced")],
        "ContentDocumentLink" => &[("Visibility", "AllUsers")],
        "FeedItem" => &[("Type", "TextPost"), ("Visibility", "AllUsers")],
        "User" => &USER_DEFAULTS,
        _ => &[],
    };
    let own = own.iter().map(|(name, value)| (*name, json!(value)));
    for (name, value) in of_all.into_iter().chain(own) {
        if object.field(name).is_some() && is_empty(row, name) {
            row.insert(name.to_owned(), value);
        }
    }
}

/// Works out the fields that follow from others.
pub(crate) fn follow(
    session: &Session<'_>,
    object: &Object,
    row: &mut Map<String, Value>,
    changed: Changed<'_>,
    sent: Changed<'_>,
) -> Done<()> {
    match object.name.as_str() {
        "Opportunity" => {
            products::total(session, row)?;
            opportunity(row, changed, sent);
        }
        "Contact" | "Lead" | "User" => {
            let parts = [text(row, "FirstName"), text(row, "LastName")];
            let name: Vec<&str> = parts.into_iter().flatten().collect();
            let name = name.join(" ");
            row.insert("Name".to_owned(), json!(name));
        }
        "OpportunityTeamMember" => {
            let id = text(row, "UserId").unwrap_or_default().to_owned();
            let user = session.tx.row("User", &id)?;
            for name in ["Name", "Title"] {
                let value = user.as_ref().and_then(|user| user.body.get(name)).cloned();
                row.insert(name.to_owned(), value.unwrap_or_default());
            }
        }
        "PricebookEntry" => products::entry(session, row)?,
        "OpportunityLineItem" => products::item(session, row, sent)?,
        "Task" => activities::task(session, row)?,
        "Event" => activities::event(session, row, sent)?,
        "Case" => activities::case(session, row)?,
        _ => content::follow(session, object, row)?,
    }
    addresses(object, row);
    Ok(())
}

/// Puts the parts of addresses together; an address without any part is empty.
fn addresses(object: &Object, row: &mut Map<String, Value>) {
    let wholes = object.fields.iter().filter(|field| matches!(field.kind, Kind::Address));
    for field in wholes {
        let prefix = field.name.strip_suffix("Address").unwrap_or_default();
        let mut whole = Map::new();
        for part in ADDRESS_PARTS {
            let value = row.get(&format!("{prefix}{part}")).cloned().unwrap_or_default();
            let is_shown = !part.ends_with("Code") || part == "PostalCode" || !value.is_null();
            if is_shown {
                whole.insert(lower_first(part), value);
            }
        }
        if whole.values().all(Value::is_null) {
            row.shift_remove(&field.name);
        } else {
            row.insert(field.name.clone(), Value::Object(whole));
        }
    }
}

/// `postalCode` of `PostalCode`.
fn lower_first(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn opportunity(row: &mut Map<String, Value>, changed: Changed<'_>, sent: Changed<'_>) {
    let stage = STAGES.iter().find(|stage| text(row, "StageName") == Some(stage.name));
    if let Some(stage) = stage.filter(|_| changed("StageName")) {
        row.insert("IsClosed".to_owned(), json!(stage.closed));
        row.insert("IsWon".to_owned(), json!(stage.won));
        if !sent("Probability") {
            let digits = format!("{}.0", stage.probability);
            row.insert("Probability".to_owned(), values::number(&digits));
        }
        if !sent("ForecastCategoryName") {
            row.insert("ForecastCategoryName".to_owned(), json!(stage.forecast.1));
        }
    }
    let category = FORECAST_NAMES
        .iter()
        .zip(FORECASTS)
        .find(|(name, _)| text(row, "ForecastCategoryName") == Some(name))
        .map(|(_, category)| json!(category));
    row.insert("ForecastCategory".to_owned(), category.unwrap_or_default());
    let expected = decimal(row, "Amount")
        .zip(decimal(row, "Probability"))
        .and_then(|(amount, probability)| amount.times(probability.percent()))
        .and_then(|expected| expected.round(2))
        .map(|expected| values::number(&expected.text(1)));
    row.insert("ExpectedRevenue".to_owned(), expected.unwrap_or_default());
    if let Some((year, quarter)) = text(row, "CloseDate").and_then(clock::fiscal) {
        row.insert("FiscalYear".to_owned(), json!(year));
        row.insert("FiscalQuarter".to_owned(), json!(quarter));
        row.insert("Fiscal".to_owned(), json!(format!("{year} {quarter}")));
    }
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    row.get(name).and_then(Value::as_str)
}

fn decimal(row: &Map<String, Value>, name: &str) -> Option<Decimal> {
    row.get(name).filter(|value| value.is_number()).and_then(|n| Decimal::parse(&n.to_string()))
}

fn is_empty(row: &Map<String, Value>, name: &str) -> bool {
    row.get(name).is_none_or(Value::is_null)
}
