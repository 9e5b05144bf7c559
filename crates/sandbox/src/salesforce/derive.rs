//! Fields that Salesforce fills by itself. In come the fields of a row as they will be; out go the same
//! with stage, forecast, fiscal period and names worked out. It must not know how rows are stored.

use serde_json::{Map, Value, json};

use crate::{
    clock,
    database::StoreError,
    decimal::Decimal,
    salesforce::{
        model::{Kind, Object},
        objects::lists::{FORECAST_NAMES, FORECASTS, STAGES},
        session::Session,
        values,
    },
};

/// Which fields this write changed, by name.
pub(crate) type Changed<'a> = &'a dyn Fn(&str) -> bool;

/// A row with nothing in it: checkboxes off, everything else empty.
pub(crate) fn blank(object: &Object) -> Map<String, Value> {
    object
        .fields
        .iter()
        .map(|field| {
            let value =
                if matches!(field.kind, Kind::Checkbox) { json!(false) } else { Value::Null };
            (field.name.clone(), value)
        })
        .collect()
}

/// Fills what a create left out.
pub(crate) fn fill_defaults(session: &Session<'_>, object: &Object, row: &mut Map<String, Value>) {
    let defaults = [
        ("OwnerId", json!(session.caller.id)),
        ("CurrencyIsoCode", json!("USD")),
        ("DefaultCurrencyIsoCode", json!("USD")),
        ("OpportunityAccessLevel", json!("Read")),
        ("Status", json!("Open - Not Contacted")),
        ("UserType", json!("Standard")),
    ];
    for (name, value) in defaults {
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
) -> Result<(), StoreError> {
    match object.name.as_str() {
        "Opportunity" => opportunity(row, changed, sent),
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
        _ => {}
    }
    Ok(())
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
