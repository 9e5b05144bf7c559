//! The fields of leads: a table, nothing else.

use super::{
    address, area, check, closed_list, list,
    lists::{INDUSTRIES, LEAD_SOURCES},
    number, reference, text, viewed,
};
use crate::salesforce::model::{Face, Field, Kind, OnDelete};

const STATUSES: &[&str] = &[
    "Open - Not Contacted",
    "Working - Contacted",
    "Closed - Converted",
    "Closed - Not Converted",
];

fn converted(name: &str, to: &str, parent: &str) -> Field {
    reference(name, name, to, parent, None, OnDelete::Clear).read_only()
}

pub(super) fn lead_fields() -> Vec<Field> {
    vec![
        text("LastName", "Last Name", 80).required(),
        text("FirstName", "First Name", 40),
        list("Salutation", "Salutation", &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]),
        text("Name", "Full Name", 121).defaulted().read_only().name_of_row(),
        text("Title", "Title", 128),
        text("Company", "Company", 255).required(),
        area("Street", "Street", 255),
        text("City", "City", 40),
        text("State", "State/Province", 80),
        text("PostalCode", "Zip/Postal Code", 20),
        text("Country", "Country", 80),
        address("Address", "Address"),
        Field::new("Phone", "Phone", Kind::Phone(40)),
        Field::new("MobilePhone", "Mobile Phone", Kind::Phone(40)),
        Field::new("Fax", "Fax", Kind::Phone(40)),
        Field::new("Email", "Email", Kind::Email(80)).lookup(),
        Field::new("Website", "Website", Kind::Url(255)),
        area("Description", "Description", 32_000),
        list("LeadSource", "Lead Source", LEAD_SOURCES),
        closed_list("Status", "Status", STATUSES).defaulted(),
        list("Industry", "Industry", INDUSTRIES),
        list("Rating", "Rating", &["Hot", "Warm", "Cold"]),
        number("AnnualRevenue", "Annual Revenue", Face::Currency, 18, 0),
        Field::new("NumberOfEmployees", "Employees", Kind::Whole(8)),
        check("HasOptedOutOfEmail", "Email Opt Out"),
        check("DoNotCall", "Do Not Call"),
        check("IsUnreadByOwner", "Unread By Owner"),
        check("IsConverted", "Converted").read_only(),
        Field::new("ConvertedDate", "Converted Date", Kind::Day).read_only(),
        converted("ConvertedAccountId", "Account", "ConvertedAccount"),
        converted("ConvertedContactId", "Contact", "ConvertedContact"),
        converted("ConvertedOpportunityId", "Opportunity", "ConvertedOpportunity"),
        Field::new("LastActivityDate", "Last Activity", Kind::Day).read_only(),
        viewed("LastViewedDate", "Last Viewed Date"),
        viewed("LastReferencedDate", "Last Referenced Date"),
    ]
}
