//! The fields of deals, and those that every row has: a table, nothing else.

use super::{
    area, check, closed_list, list,
    lists::{CURRENCIES, FORECAST_NAMES, FORECASTS, HELP, INTENTS, LEAD_SOURCES, STAGE_NAMES},
    number, reference, text, user, viewed,
};
use crate::salesforce::model::{Face, Field, Kind, Link, OnDelete};

pub(super) fn id_fields() -> Vec<Field> {
    vec![Field::new("Id", "Record ID", Kind::Id).read_only()]
}

pub(super) fn deleted_fields() -> Vec<Field> {
    vec![check("IsDeleted", "Deleted").read_only()]
}

pub(super) fn owner_fields() -> Vec<Field> {
    vec![user("OwnerId", "Owner ID", "Owner").defaulted()]
}

/// For objects whose rows a queue may own too.
pub(super) fn owner_or_queue_fields() -> Vec<Field> {
    let link = Link {
        to: vec!["Group".to_owned(), "User".to_owned()],
        parent: "Owner".to_owned(),
        children: None,
        on_delete: OnDelete::Keep,
    };
    vec![Field::new("OwnerId", "Owner ID", Kind::Reference(link)).defaulted()]
}

pub(super) fn currency_fields() -> Vec<Field> {
    vec![closed_list("CurrencyIsoCode", "Currency ISO Code", CURRENCIES).defaulted()]
}

pub(super) fn audit_fields() -> Vec<Field> {
    vec![
        Field::new("CreatedDate", "Created Date", Kind::Moment).defaulted().read_only(),
        user("CreatedById", "Created By ID", "CreatedBy").defaulted().read_only(),
        Field::new("LastModifiedDate", "Last Modified Date", Kind::Moment).defaulted().read_only(),
        user("LastModifiedById", "Last Modified By ID", "LastModifiedBy").defaulted().read_only(),
        Field::new("SystemModstamp", "System Modstamp", Kind::Moment).defaulted().read_only(),
    ]
}

pub(super) fn opportunity_fields() -> Vec<Field> {
    vec![
        reference(
            "AccountId",
            "Account ID",
            "Account",
            "Account",
            Some("Opportunities"),
            OnDelete::Cascade,
        ),
        check("IsPrivate", "Private"),
        text("Name", "Opportunity Name", 120).required().name_of_row(),
        area("Description", "Description", 32_000),
        closed_list("StageName", "Stage", STAGE_NAMES).required(),
        number("Amount", "Amount", Face::Currency, 18, 2),
        number("Probability", "Probability (%)", Face::Percent, 3, 0),
        number("ExpectedRevenue", "Expected Amount", Face::Currency, 18, 2).read_only(),
        number("TotalOpportunityQuantity", "Quantity", Face::Plain, 18, 2),
        Field::new("CloseDate", "Close Date", Kind::Day).required(),
        list("Type", "Opportunity Type", &["Existing Business", "New Business"]),
        text("NextStep", "Next Step", 255),
        list("LeadSource", "Lead Source", LEAD_SOURCES),
        check("IsClosed", "Closed").read_only(),
        check("IsWon", "Won").read_only(),
        list("ForecastCategory", "Forecast Category", FORECASTS).read_only(),
        closed_list("ForecastCategoryName", "Forecast Category", FORECAST_NAMES),
        reference("CampaignId", "Campaign ID", "Campaign", "Campaign", None, OnDelete::Clear),
        check("HasOpportunityLineItem", "Has Line Item").read_only(),
        reference(
            "Pricebook2Id",
            "Price Book ID",
            "Pricebook2",
            "Pricebook2",
            None,
            OnDelete::Clear,
        ),
        reference("ContactId", "Contact ID", "Contact", "Contact", None, OnDelete::Clear)
            .create_only(),
        Field::new("LastActivityDate", "Last Activity", Kind::Day).read_only(),
        viewed("LastViewedDate", "Last Viewed Date"),
        viewed("LastReferencedDate", "Last Referenced Date"),
        Field::new("FiscalQuarter", "Fiscal Quarter", Kind::Whole(9)).read_only(),
        Field::new("FiscalYear", "Fiscal Year", Kind::Whole(9)).read_only(),
        text("Fiscal", "Fiscal Period", 6).read_only(),
    ]
}

/// What the co-sell package adds to opportunities and leads.
pub(super) fn cosell_fields() -> Vec<Field> {
    vec![
        check("Sync_with_Partner_Center__c", "Sync with Partner Center"),
        text("Referral_Identifier__c", "Referral Identifier", 100).unique_external_id(),
        Field::new("Referral_Link__c", "Referral Link", Kind::Url(255)),
        closed_list("How_can_Microsoft_help__c", "How can Microsoft help?", HELP),
        text("Products__c", "Products", 255),
        area("Audit__c", "Audit", 100_000),
        check("Visible_to_Microsoft__c", "Referral visible to Microsoft sellers?"),
        check("Customer_Consent__c", "Customer Consent"),
        text("Microsoft_CRM_Identifier__c", "Microsoft CRM Identifier", 255),
        text("Referral_Program__c", "Referral Program", 255),
        text("Campaign_Code__c", "Campaign Code", 255),
    ]
}

pub(super) fn cosell_deal_fields() -> Vec<Field> {
    vec![
        check("Deal_Registration__c", "Register this deal with Microsoft"),
        text("Microsoft_Status__c", "Status at Microsoft", 40),
        closed_list("Marketplace_Intent__c", "Marketplace purchase intent", INTENTS),
        text("Solution_Area__c", "Solution area", 255),
        text("Solution_Play__c", "Solution play", 255),
        text("Partner_Role__c", "Partner role", 255),
        area("Requirements_Industries__c", "Industries (Microsoft)", 32_768),
        area("Requirements_Products__c", "Products (Microsoft)", 32_768),
        area("Requirements_Services__c", "Services (Microsoft)", 32_768),
    ]
}
