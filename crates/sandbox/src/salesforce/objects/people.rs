//! The fields of accounts, contacts and whatever stands beside a deal: a table, nothing else.

use super::{
    address, area, check, closed_list, list,
    lists::{CURRENCIES, FORECAST_NAMES, FORECASTS, INDUSTRIES, LEAD_SOURCES, ROLES, TEAM_ROLES},
    number, reference, text, user, viewed,
};
use crate::salesforce::model::{Face, Field, Kind, OnDelete};

pub(super) fn account_fields() -> Vec<Field> {
    vec![
        text("Name", "Account Name", 255).required().name_of_row(),
        list(
            "Type",
            "Account Type",
            &["Prospect", "Customer - Direct", "Customer - Channel", "Other"],
        ),
        reference(
            "ParentId",
            "Parent Account ID",
            "Account",
            "Parent",
            Some("ChildAccounts"),
            OnDelete::Clear,
        ),
        area("BillingStreet", "Billing Street", 255),
        text("BillingCity", "Billing City", 40),
        text("BillingState", "Billing State/Province", 80),
        text("BillingPostalCode", "Billing Zip/Postal Code", 20),
        text("BillingCountry", "Billing Country", 80),
        address("BillingAddress", "Billing Address"),
        area("ShippingStreet", "Shipping Street", 255),
        text("ShippingCity", "Shipping City", 40),
        text("ShippingState", "Shipping State/Province", 80),
        text("ShippingPostalCode", "Shipping Zip/Postal Code", 20),
        text("ShippingCountry", "Shipping Country", 80),
        address("ShippingAddress", "Shipping Address"),
        Field::new("Phone", "Account Phone", Kind::Phone(40)),
        Field::new("Fax", "Account Fax", Kind::Phone(40)),
        text("AccountNumber", "Account Number", 40),
        Field::new("Website", "Website", Kind::Url(255)),
        text("Sic", "SIC Code", 20),
        list("Industry", "Industry", INDUSTRIES),
        number("AnnualRevenue", "Annual Revenue", Face::Currency, 18, 0),
        Field::new("NumberOfEmployees", "Employees", Kind::Whole(8)),
        list("Ownership", "Ownership", &["Public", "Private", "Subsidiary", "Other"]),
        text("TickerSymbol", "Ticker Symbol", 20),
        area("Description", "Account Description", 32_000),
        list("Rating", "Account Rating", &["Hot", "Warm", "Cold"]),
        text("Site", "Account Site", 80),
        list("AccountSource", "Account Source", LEAD_SOURCES),
        text("SicDesc", "SIC Description", 80),
        Field::new("LastActivityDate", "Last Activity", Kind::Day).read_only(),
        viewed("LastViewedDate", "Last Viewed Date"),
        viewed("LastReferencedDate", "Last Referenced Date"),
    ]
}

pub(super) fn contact_fields() -> Vec<Field> {
    vec![
        reference(
            "AccountId",
            "Account ID",
            "Account",
            "Account",
            Some("Contacts"),
            OnDelete::Cascade,
        ),
        text("LastName", "Last Name", 80).required(),
        text("FirstName", "First Name", 40),
        list("Salutation", "Salutation", &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]),
        text("Name", "Full Name", 121).defaulted().read_only().name_of_row(),
        area("MailingStreet", "Mailing Street", 255),
        text("MailingCity", "Mailing City", 40),
        text("MailingState", "Mailing State/Province", 80),
        text("MailingPostalCode", "Mailing Zip/Postal Code", 20),
        text("MailingCountry", "Mailing Country", 80),
        address("MailingAddress", "Mailing Address"),
        Field::new("Phone", "Business Phone", Kind::Phone(40)),
        Field::new("Fax", "Business Fax", Kind::Phone(40)),
        Field::new("HomePhone", "Home Phone", Kind::Phone(40)),
        Field::new("OtherPhone", "Other Phone", Kind::Phone(40)),
        reference("ReportsToId", "Reports To ID", "Contact", "ReportsTo", None, OnDelete::Clear),
        Field::new("MobilePhone", "Mobile Phone", Kind::Phone(40)),
        Field::new("Email", "Email", Kind::Email(80)).lookup(),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        text("AssistantName", "Assistant's Name", 40),
        Field::new("AssistantPhone", "Asst. Phone", Kind::Phone(40)),
        list("LeadSource", "Lead Source", LEAD_SOURCES),
        Field::new("Birthdate", "Birthdate", Kind::Day),
        area("Description", "Contact Description", 32_000),
        check("HasOptedOutOfEmail", "Email Opt Out"),
        check("DoNotCall", "Do Not Call"),
        Field::new("LastActivityDate", "Last Activity", Kind::Day).read_only(),
        viewed("LastViewedDate", "Last Viewed Date"),
        viewed("LastReferencedDate", "Last Referenced Date"),
    ]
}

pub(super) fn contact_role_fields() -> Vec<Field> {
    vec![
        reference(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "Opportunity",
            Some("OpportunityContactRoles"),
            OnDelete::Cascade,
        )
        .required()
        .create_only(),
        reference(
            "ContactId",
            "Contact ID",
            "Contact",
            "Contact",
            Some("OpportunityContactRoles"),
            OnDelete::Cascade,
        )
        .required(),
        list("Role", "Role", ROLES),
        check("IsPrimary", "Primary"),
    ]
}

pub(super) fn team_member_fields() -> Vec<Field> {
    vec![
        reference(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "Opportunity",
            Some("OpportunityTeamMembers"),
            OnDelete::Cascade,
        )
        .required()
        .create_only(),
        user("UserId", "User ID", "User").required().create_only(),
        text("Name", "Name", 361).read_only().name_of_row(),
        text("Title", "Title", 80).read_only(),
        list("TeamMemberRole", "Member Role", TEAM_ROLES),
        closed_list("OpportunityAccessLevel", "Opportunity Access", &["Read", "Edit", "All"])
            .defaulted(),
    ]
}

pub(super) fn solution_fields() -> Vec<Field> {
    vec![
        text("Name", "Solution Name", 80).required().name_of_row(),
        reference(
            "Opportunity__c",
            "Opportunity",
            "Opportunity",
            "Opportunity__r",
            Some("Microsoft_Solutions__r"),
            OnDelete::Cascade,
        )
        .required()
        .create_only(),
        text("Solution_Identifier__c", "Solution Identifier", 255),
        text("Type__c", "Type", 255),
        text("Publisher__c", "Publisher Name", 255),
    ]
}

pub(super) fn user_fields() -> Vec<Field> {
    vec![
        text("Username", "Username", 80).required().lookup(),
        text("LastName", "Last Name", 80).required(),
        text("FirstName", "First Name", 40),
        text("Name", "Full Name", 121).defaulted().read_only().name_of_row(),
        text("CompanyName", "Company Name", 80),
        text("Title", "Title", 80),
        Field::new("Email", "Email", Kind::Email(128)).required().lookup(),
        Field::new("Phone", "Phone", Kind::Phone(40)),
        Field::new("MobilePhone", "Mobile", Kind::Phone(40)),
        text("Department", "Department", 80),
        text("Country", "Country", 80),
        text("Alias", "Alias", 8).required(),
        text("CommunityNickname", "Nickname", 40),
        text("FederationIdentifier", "SAML Federation ID", 512),
        reference("ProfileId", "Profile ID", "Profile", "Profile", None, OnDelete::Keep)
            .defaulted(),
        reference("UserRoleId", "Role ID", "UserRole", "UserRole", Some("Users"), OnDelete::Keep),
        user("ManagerId", "Manager ID", "Manager"),
        list("TimeZoneSidKey", "Time Zone", &["Europe/Zurich"]).defaulted(),
        list("LocaleSidKey", "Locale", &["en_US"]).defaulted(),
        list("EmailEncodingKey", "Email Encoding", &["UTF-8"]).defaulted(),
        list("LanguageLocaleKey", "Language", &["en_US"]).defaulted(),
        Field::new("LastLoginDate", "Last Login", Kind::Moment).read_only(),
        check("IsActive", "Active"),
        list("UserType", "User Type", &["Standard"]).read_only(),
        closed_list("DefaultCurrencyIsoCode", "Default Currency ISO Code", CURRENCIES).defaulted(),
    ]
}

pub(super) fn user_role_fields() -> Vec<Field> {
    vec![
        text("Name", "Name", 80).required().name_of_row(),
        text("DeveloperName", "Developer Name", 80),
        reference("ParentRoleId", "Parent Role ID", "UserRole", "ParentRole", None, OnDelete::Keep),
        text("RollupDescription", "Description", 80),
    ]
}

pub(super) fn profile_fields() -> Vec<Field> {
    vec![
        text("Name", "Name", 255).read_only().name_of_row(),
        text("Description", "Description", 255).read_only(),
        list("UserType", "User Type", &["Standard"]).read_only(),
    ]
}

pub(super) fn group_fields() -> Vec<Field> {
    vec![
        text("Name", "Name", 40).read_only().name_of_row(),
        text("DeveloperName", "Developer Name", 80).read_only(),
        list("Type", "Type", &["Regular", "Queue"]).read_only(),
        Field::new("Email", "Email", Kind::Email(80)).read_only(),
    ]
}

pub(super) fn organization_fields() -> Vec<Field> {
    vec![
        text("Name", "Name", 80).read_only().name_of_row(),
        text("InstanceName", "Instance Name", 5).read_only(),
        check("IsSandbox", "Is Sandbox").read_only(),
        Field::new("TrialExpirationDate", "Trial Expiration Date", Kind::Moment).read_only(),
        text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
        list("OrganizationType", "Edition", &["Enterprise Edition"]).read_only(),
        text("Country", "Country", 80).read_only(),
        list("TimeZoneSidKey", "Time Zone", &["Europe/Zurich"]).read_only(),
    ]
}

pub(super) fn stage_fields() -> Vec<Field> {
    vec![
        text("MasterLabel", "Master Label", 255).read_only().name_of_row(),
        text("ApiName", "Api Name", 255).read_only(),
        check("IsActive", "Is Active").read_only(),
        Field::new("SortOrder", "Sort Order", Kind::Whole(9)).read_only(),
        check("IsClosed", "Closed").read_only(),
        check("IsWon", "Won").read_only(),
        list("ForecastCategory", "Forecast Category", FORECASTS).read_only(),
        list("ForecastCategoryName", "Forecast Category Name", FORECAST_NAMES).read_only(),
        number("DefaultProbability", "Probability (%)", Face::Percent, 3, 0).read_only(),
    ]
}

pub(super) fn record_type_fields() -> Vec<Field> {
    vec![
        text("Name", "Name", 80).read_only().name_of_row(),
        text("DeveloperName", "Record Type Name", 80).read_only(),
        text("SobjectType", "SObject Type Name", 40).read_only(),
        text("Description", "Description", 255).read_only(),
        check("IsActive", "Active").read_only(),
    ]
}
