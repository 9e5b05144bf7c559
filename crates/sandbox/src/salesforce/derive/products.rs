//! What follows from prices and from the lines of a deal. In come rows as they will be; out go the same with
//! names, prices and totals worked out, or a refusal. It must not know how rows are stored.

use serde_json::{Map, Value, json};

use super::{decimal, is_empty, text};
use crate::{
    decimal::Decimal,
    salesforce::{
        refusal::{Done, Wrong, bad},
        session::Session,
        values,
    },
    store::{Pick, StoredRow},
};

/// The rows, not deleted, that have this id in a reference.
pub(super) fn rows_of(
    session: &Session<'_>,
    object: &str,
    field: &str,
    id: &str,
) -> Done<Vec<StoredRow>> {
    let pick = Pick::Key(field.to_owned(), vec![id.to_owned()]);
    let mut rows = session.tx.rows(object, &pick)?;
    rows.retain(|row| !row.deleted);
    Ok(rows)
}

/// A price of a product in a price book.
pub(super) fn entry(session: &Session<'_>, row: &mut Map<String, Value>) -> Done<()> {
    let product = text(row, "Product2Id").unwrap_or_default().to_owned();
    let book = text(row, "Pricebook2Id").unwrap_or_default();
    let others = rows_of(session, "PricebookEntry", "Product2Id", &product)?;
    let same = |other: &StoredRow, name: &str| other.body.get(name) == row.get(name);
    let mut in_currency = others.iter().filter(|other| same(other, "CurrencyIsoCode"));
    if in_currency.clone().any(|other| same(other, "Pricebook2Id") && !same(other, "Id")) {
        let message = "This price definition already exists in this price book";
        return Err(bad(Wrong::nowhere("DUPLICATE_VALUE", message)));
    }
    let is_standard = |id: &str| -> Done<bool> {
        let book = session.tx.row("Pricebook2", id)?;
        Ok(book.is_some_and(|book| book.body.get("IsStandard") == Some(&json!(true))))
    };
    if !is_standard(book)? {
        let mut standard = None;
        for other in in_currency.by_ref() {
            if is_standard(text(&other.body, "Pricebook2Id").unwrap_or_default())? {
                standard = other.body.get("UnitPrice").cloned();
            }
        }
        let Some(price) = standard else {
            let message = "No standard price defined for this product";
            return Err(bad(Wrong::nowhere("STANDARD_PRICE_NOT_DEFINED", message)));
        };
        if row.get("UseStandardPrice") == Some(&json!(true)) {
            row.insert("UnitPrice".to_owned(), price);
        }
    }
    let product = session.tx.row("Product2", &product)?.map(|row| row.body).unwrap_or_default();
    for name in ["Name", "ProductCode"] {
        row.insert(name.to_owned(), product.get(name).cloned().unwrap_or_default());
    }
    Ok(())
}

/// A line of a deal.
pub(super) fn item(
    session: &Session<'_>,
    row: &mut Map<String, Value>,
    sent: super::Changed<'_>,
) -> Done<()> {
    if is_empty(row, "ListPrice") {
        place(session, row)?;
    }
    let Some(quantity) = decimal(row, "Quantity") else { return Ok(()) };
    let share = decimal(row, "Discount").and_then(|discount| {
        let hundred = Decimal::parse("100")?;
        let rest = hundred.plus(discount.times(Decimal::parse("-1")?)?)?;
        Some(rest.percent())
    });
    let discounted = |price: Decimal| share.map_or(Some(price), |share| price.times(share));
    let total = decimal(row, "TotalPrice").filter(|_| sent("TotalPrice") && !sent("UnitPrice"));
    if let Some(total) = total {
        let one = price_of_one(total, quantity).map(|price| values::number(&price.text(1)));
        row.insert("UnitPrice".to_owned(), one.unwrap_or_default());
    }
    let Some(price) = decimal(row, "UnitPrice") else {
        let message = "Required fields are missing: [TotalPrice]";
        let fields = Some(vec!["TotalPrice".to_owned()]);
        return Err(bad(Wrong {
            code: "REQUIRED_FIELD_MISSING",
            message: message.to_owned(),
            fields,
        }));
    };
    let rounded = |sum: Option<Decimal>| {
        let sum = sum.and_then(|sum| sum.round(2));
        sum.map(|sum| values::number(&sum.text(1))).unwrap_or_default()
    };
    let subtotal = quantity.times(price);
    row.insert("Subtotal".to_owned(), rounded(subtotal));
    if total.is_none() {
        row.insert("TotalPrice".to_owned(), rounded(subtotal.and_then(discounted)));
    }
    Ok(())
}

/// The total by the quantity, which has two places at most.
fn price_of_one(total: Decimal, quantity: Decimal) -> Option<Decimal> {
    let hundred = Decimal::parse("100")?;
    let count = quantity.times(hundred)?.text(0).parse().ok().filter(|count| *count != 0)?;
    total.times(hundred)?.over(count)?.round(2)
}

/// Finds the price that a new line is of, and takes over what it tells.
fn place(session: &Session<'_>, row: &mut Map<String, Value>) -> Done<()> {
    let deal = text(row, "OpportunityId").unwrap_or_default();
    let deal = session.tx.row("Opportunity", deal)?.map(|row| row.body).unwrap_or_default();
    let entry = match (text(row, "PricebookEntryId"), text(row, "Product2Id")) {
        (Some(id), _) => session.tx.row("PricebookEntry", id)?,
        (None, Some(product)) => {
            let same = |entry: &StoredRow, name: &str| entry.body.get(name) == deal.get(name);
            let entries = rows_of(session, "PricebookEntry", "Product2Id", product)?;
            let mut entries = entries.into_iter().filter(|entry| same(entry, "CurrencyIsoCode"));
            entries.find(|entry| is_empty(&deal, "Pricebook2Id") || same(entry, "Pricebook2Id"))
        }
        (None, None) => None,
    };
    let Some(entry) = entry.map(|entry| entry.body) else {
        let message = "Required fields are missing: [PricebookEntryId]".to_owned();
        let fields = Some(vec!["PricebookEntryId".to_owned()]);
        return Err(bad(Wrong { code: "REQUIRED_FIELD_MISSING", message, fields }));
    };
    let differs = |name: &str| !is_empty(&deal, name) && deal.get(name) != entry.get(name);
    let why = if differs("Pricebook2Id") {
        Some("pricebook entry is in a different pricebook than the one assigned to the opportunity")
    } else if differs("CurrencyIsoCode") {
        Some("The pricebook entry currency code does not match the opportunity currency code")
    } else {
        None
    };
    if let Some(why) = why {
        let message = format!("field integrity exception: PricebookEntryId ({why})");
        let fields = Some(vec!["PricebookEntryId".to_owned()]);
        return Err(bad(Wrong { code: "FIELD_INTEGRITY_EXCEPTION", message, fields }));
    }
    let name = format!(
        "{} {}",
        text(&deal, "Name").unwrap_or_default(),
        text(&entry, "Name").unwrap_or_default()
    );
    row.insert("Name".to_owned(), json!(name));
    for (name, of) in [
        ("PricebookEntryId", "Id"),
        ("Product2Id", "Product2Id"),
        ("ProductCode", "ProductCode"),
        ("ListPrice", "UnitPrice"),
        ("CurrencyIsoCode", "CurrencyIsoCode"),
    ] {
        row.insert(name.to_owned(), entry.get(of).cloned().unwrap_or_default());
    }
    Ok(())
}

/// A deal with lines: its amount and quantity are those of the lines, whatever is written to it.
pub(super) fn total(session: &Session<'_>, row: &mut Map<String, Value>) -> Done<()> {
    if row.get("HasOpportunityLineItem") != Some(&json!(true)) {
        return Ok(());
    }
    let id = text(row, "Id").unwrap_or_default();
    let items = rows_of(session, "OpportunityLineItem", "OpportunityId", id)?;
    for (name, of) in [("Amount", "TotalPrice"), ("TotalOpportunityQuantity", "Quantity")] {
        let values = items.iter().filter_map(|item| decimal(&item.body, of));
        let sum = values.reduce(|sum, value| sum.plus(value).unwrap_or(sum));
        if let Some(sum) = sum {
            row.insert(name.to_owned(), values::number(&sum.text(1)));
        }
    }
    Ok(())
}
