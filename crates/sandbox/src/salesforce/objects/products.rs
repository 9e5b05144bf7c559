//! The fields of products, their prices and the lines of deals: a table, nothing else.

use super::{area, check, list, number, reference, text};
use crate::salesforce::model::{Face, Field, Kind, OnDelete};

/// A price.
fn price(name: &str, label: &str) -> Field {
    number(name, label, Face::Currency, 18, 2)
}

pub(super) fn product_fields() -> Vec<Field> {
    vec![
        text("Name", "Product Name", 255).required().name_of_row(),
        text("ProductCode", "Product Code", 255),
        area("Description", "Product Description", 4000),
        check("IsActive", "Active"),
        list("Family", "Product Family", &["None"]),
        text("QuantityUnitOfMeasure", "Quantity Unit Of Measure", 40),
        Field::new("DisplayUrl", "Display URL", Kind::Url(1000)),
        text("StockKeepingUnit", "Product SKU", 180),
    ]
}

pub(super) fn book_fields() -> Vec<Field> {
    vec![
        text("Name", "Price Book Name", 255).required().name_of_row(),
        text("Description", "Description", 255),
        check("IsActive", "Active"),
        check("IsStandard", "Is Standard Price Book").read_only(),
    ]
}

pub(super) fn entry_fields() -> Vec<Field> {
    vec![
        text("Name", "Product Name", 255).read_only().name_of_row(),
        reference(
            "Pricebook2Id",
            "Price Book ID",
            "Pricebook2",
            "Pricebook2",
            Some("PricebookEntries"),
            OnDelete::Cascade,
        )
        .required()
        .create_only(),
        reference(
            "Product2Id",
            "Product ID",
            "Product2",
            "Product2",
            Some("PricebookEntries"),
            OnDelete::Cascade,
        )
        .required()
        .create_only(),
        price("UnitPrice", "List Price").required(),
        check("IsActive", "Active"),
        check("UseStandardPrice", "Use Standard Price"),
        text("ProductCode", "Product Code", 255).read_only(),
    ]
}

pub(super) fn item_fields() -> Vec<Field> {
    let whole_price = |name, label| price(name, label).read_only();
    vec![
        reference(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "Opportunity",
            Some("OpportunityLineItems"),
            OnDelete::Cascade,
        )
        .required()
        .create_only(),
        Field::new("SortOrder", "Sort Order", Kind::Whole(9)),
        reference(
            "PricebookEntryId",
            "Price Book Entry ID",
            "PricebookEntry",
            "PricebookEntry",
            Some("OpportunityLineItems"),
            OnDelete::Cascade,
        )
        .create_only(),
        reference("Product2Id", "Product ID", "Product2", "Product2", None, OnDelete::Keep)
            .create_only(),
        text("ProductCode", "Product Code", 255).read_only(),
        text("Name", "Opportunity Product Name", 376).read_only().name_of_row(),
        number("Quantity", "Quantity", Face::Plain, 12, 2).required(),
        number("Discount", "Discount", Face::Percent, 5, 2),
        whole_price("Subtotal", "Subtotal"),
        price("TotalPrice", "Total Price"),
        price("UnitPrice", "Sales Price"),
        whole_price("ListPrice", "List Price"),
        Field::new("ServiceDate", "Date", Kind::Day),
        text("Description", "Line Description", 255),
    ]
}
