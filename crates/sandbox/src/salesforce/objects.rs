//! The objects of the sandbox's organisation: a table, nothing else. Standard fields as in the object
//! reference, custom ones as the co-sell package adds them.

mod lead;

use super::model::{Face, Field, Kind, Link, Object, OnDelete};

const fn text(name: &'static str, label: &'static str, length: usize) -> Field {
    Field::new(name, label, Kind::Text(length))
}

const fn area(name: &'static str, label: &'static str, length: usize) -> Field {
    Field::new(name, label, Kind::Area(length))
}

const fn list(name: &'static str, label: &'static str, values: &'static [&'static str]) -> Field {
    Field::new(name, label, Kind::Picklist { values, restricted: false })
}

const fn closed_list(
    name: &'static str,
    label: &'static str,
    values: &'static [&'static str],
) -> Field {
    Field::new(name, label, Kind::Picklist { values, restricted: true })
}

const fn check(name: &'static str, label: &'static str) -> Field {
    Field::new(name, label, Kind::Checkbox)
}

const fn number(
    name: &'static str,
    label: &'static str,
    face: Face,
    precision: u32,
    scale: u32,
) -> Field {
    Field::new(name, label, Kind::Number { face, precision, scale })
}

const fn reference(
    name: &'static str,
    label: &'static str,
    to: &'static str,
    parent: &'static str,
    children: Option<&'static str>,
    on_delete: OnDelete,
) -> Field {
    Field::new(name, label, Kind::Reference(Link { to, parent, children, on_delete }))
}

const fn user(name: &'static str, label: &'static str, parent: &'static str) -> Field {
    reference(name, label, "User", parent, None, OnDelete::Keep)
}

const ID: &[Field] = &[Field::new("Id", "Record ID", Kind::Id).read_only()];

const DELETED: &[Field] = &[check("IsDeleted", "Deleted").read_only()];

const OWNER: &[Field] = &[user("OwnerId", "Owner ID", "Owner").defaulted()];

const CURRENCY: &[Field] =
    &[closed_list("CurrencyIsoCode", "Currency ISO Code", CURRENCIES).defaulted()];

const AUDIT: &[Field] = &[
    Field::new("CreatedDate", "Created Date", Kind::Moment).defaulted().read_only(),
    user("CreatedById", "Created By ID", "CreatedBy").defaulted().read_only(),
    Field::new("LastModifiedDate", "Last Modified Date", Kind::Moment).defaulted().read_only(),
    user("LastModifiedById", "Last Modified By ID", "LastModifiedBy").defaulted().read_only(),
    Field::new("SystemModstamp", "System Modstamp", Kind::Moment).defaulted().read_only(),
];

const OPPORTUNITY: &[Field] = &[
    reference(
        "AccountId",
        "Account ID",
        "Account",
        "Account",
        Some("Opportunities"),
        OnDelete::Cascade,
    ),
    text("Name", "Opportunity Name", 120).required().name_of_row(),
    area("Description", "Description", 32_000),
    closed_list("StageName", "Stage", STAGE_NAMES).required(),
    number("Amount", "Amount", Face::Currency, 18, 2),
    number("Probability", "Probability (%)", Face::Percent, 3, 0),
    number("ExpectedRevenue", "Expected Amount", Face::Currency, 18, 2).read_only(),
    Field::new("CloseDate", "Close Date", Kind::Day).required(),
    list("Type", "Opportunity Type", &["Existing Business", "New Business"]),
    text("NextStep", "Next Step", 255),
    list("LeadSource", "Lead Source", LEAD_SOURCES),
    check("IsClosed", "Closed").read_only(),
    check("IsWon", "Won").read_only(),
    list("ForecastCategory", "Forecast Category", FORECASTS).read_only(),
    closed_list("ForecastCategoryName", "Forecast Category", FORECAST_NAMES),
    check("HasOpportunityLineItem", "Has Line Item").read_only(),
    reference("ContactId", "Contact ID", "Contact", "Contact", None, OnDelete::Clear).create_only(),
    Field::new("LastActivityDate", "Last Activity", Kind::Day).read_only(),
    Field::new("FiscalQuarter", "Fiscal Quarter", Kind::Whole(9)).read_only(),
    Field::new("FiscalYear", "Fiscal Year", Kind::Whole(9)).read_only(),
    text("Fiscal", "Fiscal Period", 6).read_only(),
];

/// What the co-sell package adds to opportunities and leads.
const COSELL: &[Field] = &[
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
];

const COSELL_DEAL: &[Field] = &[
    closed_list("Marketplace_Intent__c", "Marketplace purchase intent", INTENTS),
    text("Solution_Area__c", "Solution area", 255),
    text("Solution_Play__c", "Solution play", 255),
    text("Partner_Role__c", "Partner role", 255),
    area("Requirements_Industries__c", "Industries (Microsoft)", 32_768),
    area("Requirements_Products__c", "Products (Microsoft)", 32_768),
    area("Requirements_Services__c", "Services (Microsoft)", 32_768),
];

const ACCOUNT: &[Field] = &[
    text("Name", "Account Name", 255).required().name_of_row(),
    list("Type", "Account Type", &["Prospect", "Customer - Direct", "Customer - Channel", "Other"]),
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
    area("ShippingStreet", "Shipping Street", 255),
    text("ShippingCity", "Shipping City", 40),
    text("ShippingState", "Shipping State/Province", 80),
    text("ShippingPostalCode", "Shipping Zip/Postal Code", 20),
    text("ShippingCountry", "Shipping Country", 80),
    Field::new("Phone", "Account Phone", Kind::Phone(40)),
    text("AccountNumber", "Account Number", 40),
    Field::new("Website", "Website", Kind::Url(255)),
    list("Industry", "Industry", INDUSTRIES),
    number("AnnualRevenue", "Annual Revenue", Face::Currency, 18, 0),
    Field::new("NumberOfEmployees", "Employees", Kind::Whole(8)),
    area("Description", "Account Description", 32_000),
    text("Site", "Account Site", 80),
    list("AccountSource", "Account Source", LEAD_SOURCES),
];

const CONTACT: &[Field] = &[
    reference("AccountId", "Account ID", "Account", "Account", Some("Contacts"), OnDelete::Cascade),
    text("LastName", "Last Name", 80).required(),
    text("FirstName", "First Name", 40),
    list("Salutation", "Salutation", &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]),
    text("Name", "Full Name", 121).defaulted().read_only().name_of_row(),
    area("MailingStreet", "Mailing Street", 255),
    text("MailingCity", "Mailing City", 40),
    text("MailingState", "Mailing State/Province", 80),
    text("MailingPostalCode", "Mailing Zip/Postal Code", 20),
    text("MailingCountry", "Mailing Country", 80),
    Field::new("Phone", "Business Phone", Kind::Phone(40)),
    Field::new("MobilePhone", "Mobile Phone", Kind::Phone(40)),
    Field::new("Email", "Email", Kind::Email(80)).lookup(),
    text("Title", "Title", 128),
    text("Department", "Department", 80),
    list("LeadSource", "Lead Source", LEAD_SOURCES),
    area("Description", "Contact Description", 32_000),
    check("HasOptedOutOfEmail", "Email Opt Out"),
];

const CONTACT_ROLE: &[Field] = &[
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
];

const TEAM_MEMBER: &[Field] = &[
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
];

const SOLUTION: &[Field] = &[
    text("Name", "Solution Name", 80).required().name_of_row(),
    reference(
        "Opportunity__c",
        "Opportunity",
        "Opportunity",
        "Opportunity__r",
        Some("Microsoft_Solutions__r"),
        OnDelete::Clear,
    ),
    text("Solution_Identifier__c", "Solution Identifier", 255),
    text("Type__c", "Type", 255),
    text("Publisher__c", "Publisher Name", 255),
];

const USER: &[Field] = &[
    text("Username", "Username", 80).required().lookup(),
    text("LastName", "Last Name", 80).required(),
    text("FirstName", "First Name", 40),
    text("Name", "Full Name", 121).defaulted().read_only().name_of_row(),
    text("CompanyName", "Company Name", 80),
    text("Title", "Title", 80),
    Field::new("Email", "Email", Kind::Email(128)).required().lookup(),
    Field::new("Phone", "Phone", Kind::Phone(40)),
    text("Alias", "Alias", 8).required(),
    check("IsActive", "Active"),
    list("UserType", "User Type", &["Standard"]).read_only(),
    closed_list("DefaultCurrencyIsoCode", "Default Currency ISO Code", CURRENCIES).defaulted(),
];

const ORGANIZATION: &[Field] = &[
    text("Name", "Name", 80).read_only().name_of_row(),
    text("InstanceName", "Instance Name", 5).read_only(),
    check("IsSandbox", "Is Sandbox").read_only(),
    Field::new("TrialExpirationDate", "Trial Expiration Date", Kind::Moment).read_only(),
    text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
    list("OrganizationType", "Edition", &["Enterprise Edition"]).read_only(),
    text("Country", "Country", 80).read_only(),
    list("TimeZoneSidKey", "Time Zone", &["Europe/Zurich"]).read_only(),
];

const STAGE: &[Field] = &[
    text("MasterLabel", "Master Label", 255).read_only().name_of_row(),
    text("ApiName", "Api Name", 255).read_only(),
    check("IsActive", "Is Active").read_only(),
    Field::new("SortOrder", "Sort Order", Kind::Whole(9)).read_only(),
    check("IsClosed", "Closed").read_only(),
    check("IsWon", "Won").read_only(),
    list("ForecastCategory", "Forecast Category", FORECASTS).read_only(),
    list("ForecastCategoryName", "Forecast Category Name", FORECAST_NAMES).read_only(),
    number("DefaultProbability", "Probability (%)", Face::Percent, 3, 0).read_only(),
];

const fn object(
    name: &'static str,
    label: &'static str,
    plural: &'static str,
    prefix: &'static str,
    groups: &'static [&'static [Field]],
) -> Object {
    Object { name, label, plural, prefix, writable: true, groups }
}

const fn setup(
    name: &'static str,
    label: &'static str,
    plural: &'static str,
    prefix: &'static str,
    groups: &'static [&'static [Field]],
) -> Object {
    Object { name, label, plural, prefix, writable: false, groups }
}

/// All objects of the organisation.
pub(crate) static ALL: &[&Object] = &[
    &object(
        "Account",
        "Account",
        "Accounts",
        "001",
        &[ID, DELETED, ACCOUNT, CURRENCY, OWNER, AUDIT],
    ),
    &object(
        "Contact",
        "Contact",
        "Contacts",
        "003",
        &[ID, DELETED, CONTACT, CURRENCY, OWNER, AUDIT],
    ),
    &object(
        "Lead",
        "Lead",
        "Leads",
        "00Q",
        &[ID, DELETED, lead::LEAD, COSELL, CURRENCY, OWNER, AUDIT],
    ),
    &object("User", "User", "Users", "005", &[ID, USER, AUDIT]),
    &object(
        "Opportunity",
        "Opportunity",
        "Opportunities",
        "006",
        &[ID, DELETED, OPPORTUNITY, COSELL, COSELL_DEAL, CURRENCY, OWNER, AUDIT],
    ),
    &object(
        "OpportunityContactRole",
        "Opportunity Contact Role",
        "Opportunity Contact Roles",
        "00K",
        &[ID, DELETED, CONTACT_ROLE, CURRENCY, AUDIT],
    ),
    &object(
        "OpportunityTeamMember",
        "Opportunity Team Member",
        "Opportunity Team Members",
        "00q",
        &[ID, DELETED, TEAM_MEMBER, CURRENCY, AUDIT],
    ),
    &setup("Organization", "Organization", "Organizations", "00D", &[ID, ORGANIZATION, AUDIT]),
    &setup(
        "OpportunityStage",
        "Opportunity Stage",
        "Opportunity Stages",
        "01J",
        &[ID, STAGE, AUDIT],
    ),
    &object(
        "Microsoft_Solution__c",
        "Microsoft Solution",
        "Microsoft Solutions",
        "a00",
        &[ID, DELETED, SOLUTION, CURRENCY, OWNER, AUDIT],
    ),
];

/// One stage of the default sales process.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) probability: i64,
    /// The forecast category's enum value and its label.
    pub(crate) forecast: (&'static str, &'static str),
    pub(crate) closed: bool,
    pub(crate) won: bool,
}

const fn open(name: &'static str, probability: i64) -> Stage {
    Stage { name, probability, forecast: ("Pipeline", "Pipeline"), closed: false, won: false }
}

/// The default sales process, in order.
pub(crate) static STAGES: [Stage; 10] = [
    open("Prospecting", 10),
    open("Qualification", 10),
    open("Needs Analysis", 20),
    open("Value Proposition", 50),
    open("Id. Decision Makers", 60),
    open("Perception Analysis", 70),
    open("Proposal/Price Quote", 75),
    open("Negotiation/Review", 90),
    Stage {
        name: "Closed Won",
        probability: 100,
        forecast: ("Closed", "Closed"),
        closed: true,
        won: true,
    },
    Stage {
        name: "Closed Lost",
        probability: 0,
        forecast: ("Omitted", "Omitted"),
        closed: true,
        won: false,
    },
];

const STAGE_NAMES: &[&str] = &[
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];

/// Forecast categories: enum values, in the order of their labels below.
pub(crate) const FORECASTS: &[&str] = &["Omitted", "Pipeline", "BestCase", "Forecast", "Closed"];

/// Forecast categories: labels.
pub(crate) const FORECAST_NAMES: &[&str] =
    &["Omitted", "Pipeline", "Best Case", "Commit", "Closed"];

const HELP: &[&str] = &[
    "Workload specific value proposition",
    "Customer technical architecture",
    "Proof of concept or demo",
    "Quotes or licensing",
    "Post sales customer success",
    "General or other",
];

const INTENTS: &[&str] = &["Yes", "No", "Have not decided"];

const LEAD_SOURCES: &[&str] =
    &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];

const INDUSTRIES: &[&str] = &[
    "Agriculture",
    "Banking",
    "Communications",
    "Education",
    "Energy",
    "Government",
    "Healthcare",
    "Manufacturing",
    "Retail",
    "Technology",
    "Transportation",
    "Other",
];

const ROLES: &[&str] = &[
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Economic Decision Maker",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
    "Other",
];

const TEAM_ROLES: &[&str] = &[
    "Account Manager",
    "Channel Manager",
    "Executive Sponsor",
    "Lead Qualifier",
    "Pre-Sales Consultant",
    "Sales Manager",
    "Sales Rep",
    "Opportunity Owner",
];

/// The organisation's active currencies.
const CURRENCIES: &[&str] = &[
    "AED", "ARS", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
    "EGP", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KWD", "MAD",
    "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "QAR", "RON", "SAR", "SEK", "SGD",
    "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_picklist_is_the_stage_table() {
        assert!(STAGES.iter().map(|stage| stage.name).eq(STAGE_NAMES.iter().copied()));
        assert_eq!(FORECASTS.len(), FORECAST_NAMES.len());
    }
}
