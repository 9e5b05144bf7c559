//! Account, contact and deal made of a lead, by SOAP: REST cannot convert leads. In come a session and an
//! envelope's text; out goes what became of each lead. It must not know how envelopes are answered.

use serde_json::{Map, Value, json};

use crate::{
    clock,
    database::StoreError,
    salesforce::{
        ids,
        model::Object,
        recycle,
        refusal::{Done, Refusal, Wrong, bad, no_such_row},
        rows,
        session::Session,
        xml,
    },
};

/// The status that says that a lead was converted.
const CONVERTED: &str = "Closed - Converted";

/// How account and contact are filled from a lead: their fields, and the lead's.
const ACCOUNT: [(&str, &str); 12] = [
    ("Name", "Company"),
    ("BillingStreet", "Street"),
    ("BillingCity", "City"),
    ("BillingState", "State"),
    ("BillingPostalCode", "PostalCode"),
    ("BillingCountry", "Country"),
    ("Phone", "Phone"),
    ("Fax", "Fax"),
    ("Website", "Website"),
    ("Industry", "Industry"),
    ("AnnualRevenue", "AnnualRevenue"),
    ("NumberOfEmployees", "NumberOfEmployees"),
];
const CONTACT: [(&str, &str); 15] = [
    ("LastName", "LastName"),
    ("FirstName", "FirstName"),
    ("Salutation", "Salutation"),
    ("Title", "Title"),
    ("Email", "Email"),
    ("Phone", "Phone"),
    ("MobilePhone", "MobilePhone"),
    ("Fax", "Fax"),
    ("MailingStreet", "Street"),
    ("MailingCity", "City"),
    ("MailingState", "State"),
    ("MailingPostalCode", "PostalCode"),
    ("MailingCountry", "Country"),
    ("LeadSource", "LeadSource"),
    ("Description", "Description"),
];

/// What a conversion is to do.
#[derive(Debug, Default)]
struct Wish {
    lead: String,
    /// An account and a contact that are there; otherwise they are made.
    account: Option<String>,
    contact: Option<String>,
    status: String,
    without_deal: bool,
    deal: Option<String>,
    owner: Option<String>,
}

/// What became of a lead.
#[derive(Debug)]
struct Converted {
    lead: String,
    account: String,
    contact: String,
    deal: Option<String>,
}

/// Converts each lead that an envelope names; answers a result each.
pub(crate) fn carry_out(session: &Session<'_>, text: &str) -> Result<String, StoreError> {
    let mut out = String::new();
    for inside in xml::insides(text, "leadConverts") {
        let given = |name: &str| xml::element(inside, name).filter(|text| !text.is_empty());
        let wish = Wish {
            lead: given("leadId").unwrap_or_default(),
            account: given("accountId").and_then(|id| ids::read(&id)),
            contact: given("contactId").and_then(|id| ids::read(&id)),
            status: given("convertedStatus").unwrap_or_default(),
            without_deal: given("doNotCreateOpportunity").is_some_and(|flag| flag == "true"),
            deal: given("opportunityName"),
            owner: given("ownerId").and_then(|id| ids::read(&id)),
        };
        out += &recycle::whole(session, || convert(session, &wish).map(|done| result(&done)))?;
    }
    Ok(out)
}

fn result(done: &Converted) -> String {
    let Converted { lead, account, contact, deal } = done;
    let deal = deal.as_ref().map(|id| format!("<opportunityId>{id}</opportunityId>"));
    format!(
        "<result><accountId>{account}</accountId><contactId>{contact}</contactId>\
         <leadId>{lead}</leadId>{}<success>true</success></result>",
        deal.unwrap_or_default()
    )
}

/// Makes account, contact and deal of a lead, which cannot be written any more then.
fn convert(session: &Session<'_>, wish: &Wish) -> Done<Converted> {
    let object = named(session, "Lead")?;
    let id = ids::read(&wish.lead).ok_or_else(no_such_row)?;
    let stored = session.tx.row(&object.name, &id)?.filter(|row| !row.deleted);
    let stored = stored.ok_or_else(no_such_row)?;
    let lead = &stored.body;
    refuse_converted(object, lead)?;
    if wish.status != CONVERTED {
        let message = format!("invalid convertedStatus: {}", wish.status);
        return Err(bad(Wrong::nowhere("INVALID_STATUS", message)));
    }
    let owner = wish.owner.clone().map_or_else(|| value(lead, "OwnerId"), |owner| json!(owner));
    let account = match wish.account.clone() {
        Some(account) => account,
        None => make(session, "Account", lead, &ACCOUNT, [("OwnerId", owner.clone())])?,
    };
    let contact = if let Some(contact) = wish.contact.clone() {
        contact
    } else {
        let more = [("OwnerId", owner.clone()), ("AccountId", json!(account))];
        make(session, "Contact", lead, &CONTACT, more)?
    };
    let deal = if wish.without_deal {
        None
    } else {
        Some(deal(
            session,
            wish,
            lead,
            &[("OwnerId", owner), ("AccountId", json!(account)), ("ContactId", json!(contact))],
        )?)
    };
    let mut row = lead.clone();
    let today =
        clock::salesforce(session.tx.now_milliseconds()).chars().take(10).collect::<String>();
    for (name, value) in [
        ("IsConverted", json!(true)),
        ("Status", json!(CONVERTED)),
        ("ConvertedDate", json!(today)),
        ("ConvertedAccountId", json!(account)),
        ("ConvertedContactId", json!(contact)),
        ("ConvertedOpportunityId", json!(deal)),
    ] {
        row.insert(name.to_owned(), value);
    }
    rows::amend(session, object, &id, &stored, row)?;
    Ok(Converted { lead: id, account, contact, deal })
}

/// A converted lead stays as it is.
pub(crate) fn refuse_converted(object: &Object, row: &Map<String, Value>) -> Done<()> {
    if object.name == "Lead" && row.get("IsConverted") == Some(&json!(true)) {
        let message = "cannot reference converted lead";
        let wrong = Wrong::nowhere("CANNOT_UPDATE_CONVERTED_LEAD", message);
        return Err(Refusal::new(400, wrong).into());
    }
    Ok(())
}

fn named<'o>(session: &Session<'o>, name: &str) -> Done<&'o Object> {
    session.whole.named(name).ok_or_else(no_such_row)
}

fn value(row: &Map<String, Value>, name: &str) -> Value {
    row.get(name).cloned().unwrap_or_default()
}

/// Makes a row of a lead's values and of others.
fn make<const N: usize>(
    session: &Session<'_>,
    object: &str,
    lead: &Map<String, Value>,
    fields: &[(&str, &str)],
    more: [(&str, Value); N],
) -> Done<String> {
    let object = named(session, object)?;
    let taken = fields.iter().map(|(name, of)| (*name, value(lead, of)));
    let row =
        taken.chain(more).filter(|(name, value)| !value.is_null() && object.field(name).is_some());
    let row: Map<String, Value> = row.map(|(name, value)| (name.to_owned(), value)).collect();
    rows::create(session, object, &row, None)
}

/// The deal: it takes over the custom fields that both objects have.
fn deal(
    session: &Session<'_>,
    wish: &Wish,
    lead: &Map<String, Value>,
    more: &[(&str, Value)],
) -> Done<String> {
    let object = named(session, "Opportunity")?;
    let company = value(lead, "Company");
    let name = format!("{}-", company.as_str().unwrap_or_default());
    let today = clock::salesforce(session.tx.now_milliseconds());
    let mut row: Map<String, Value> =
        more.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    let own = object.fields.iter().filter(|field| field.is_custom() && field.access.on_create());
    for field in own {
        let value = value(lead, &field.name);
        if !value.is_null() {
            row.insert(field.name.clone(), value);
        }
    }
    row.insert("Name".to_owned(), json!(wish.deal.clone().unwrap_or(name)));
    row.insert("StageName".to_owned(), json!("Prospecting"));
    row.insert("CloseDate".to_owned(), json!(clock::end_of_quarter(&today)));
    row.insert("LeadSource".to_owned(), value(lead, "LeadSource"));
    rows::create(session, object, &row, None)
}
