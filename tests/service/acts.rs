//! Stories of one deal each, as people on both sides play them.
//!
//! In: both systems as their users see them. Out: what was done there, each story to its outcome, which is
//! awaited and never timed; which calls it takes. Must not know: the service, nor whether it is killed
//! meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::leads;
use crate::sides::{Sides, eventually, inbound, same_number, text};

/// Who a story is about. What there is not yet is empty.
#[derive(Debug, Default)]
pub(crate) struct Deal {
    pub(crate) customer: String,
    pub(crate) referral: String,
    pub(crate) record: String,
}

/// A story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// Microsoft sends a deal.
    Arrives,
    /// The same for a customer whose account is there.
    AccountMatched,
    /// Microsoft changes a value, and then says the same again.
    ByMicrosoft,
    /// Microsoft adds a solution and takes the other one out.
    SolutionByMicrosoft,
    /// Nobody answers.
    Expired,
    /// Microsoft's half is lost.
    HalfLost,
    /// Microsoft's half tells its identifier.
    Identifier,
    /// A rep changes a value, and then something that concerns nobody.
    ByRep,
    /// A rep moves the stage on.
    Answered,
    /// A rep closes a deal that was never accepted.
    Declined,
    Lost,
    Won,
    /// A rep adds a solution, takes it out, and takes it out of the bin.
    Solutions,
    /// A rep shares an opportunity.
    Shares,
    /// The same, and asks for help.
    AsksForHelp,
    /// A rep copies a shared opportunity, without its identifier.
    Copied,
    /// A rep adds a contact role.
    Person,
    /// Somebody adds a customer's contact at Partner Center.
    PersonAtMicrosoft,
    /// A rep deletes an opportunity and undeletes it.
    Deleted,
    /// A rep clears the identifier.
    Cleared,
    /// The flag is switched off, both sides edit, and it is switched on.
    FlagOff,
    /// A referral cannot be read for a while.
    Unreadable,
    /// A lead comes in.
    Lead,
    LeadContacted,
    LeadConverted,
}

use Story::{
    AccountMatched, Answered, Arrives, AsksForHelp, ByMicrosoft, ByRep, Cleared, Copied, Declined,
    Deleted, Expired, FlagOff, HalfLost, Identifier, Lead, LeadContacted, LeadConverted, Lost,
    Person, PersonAtMicrosoft, Shares, SolutionByMicrosoft, Solutions, Unreadable, Won,
};

/// All of them.
pub(crate) const ALL: [Story; 25] = [
    Arrives,
    AccountMatched,
    ByMicrosoft,
    SolutionByMicrosoft,
    Expired,
    HalfLost,
    Identifier,
    ByRep,
    Answered,
    Declined,
    Lost,
    Won,
    Solutions,
    Shares,
    AsksForHelp,
    Copied,
    Person,
    PersonAtMicrosoft,
    Deleted,
    Cleared,
    FlagOff,
    Unreadable,
    Lead,
    LeadContacted,
    LeadConverted,
];

impl Story {
    /// Brings about what the story begins with; the service may not be done with it yet.
    pub(crate) async fn prepare(self, sides: &Sides, customer: &str) -> Deal {
        let deal = |referral: &str, record: &str| Deal {
            customer: customer.to_owned(),
            referral: referral.to_owned(),
            record: record.to_owned(),
        };
        match self {
            Arrives | Lead => deal("", ""),
            AccountMatched => {
                let known =
                    json!({"Name": format!("{customer} & Co AG"), "BillingPostalCode": "6460"});
                deal("", &sides.rep_makes("Account", &known).await)
            }
            Answered | Declined | Expired => {
                let referral = sides.microsoft_sends(&sent(customer)).await;
                deal(&referral, &sides.becomes_opportunity(&referral).await)
            }
            HalfLost => {
                let path = "/partner-center/microsoft/ask";
                let asked = sides.admin.need("POST", path, Some(&sent(customer))).await.unwrap();
                let referral = text(&asked, "/own/id");
                deal(referral, &sides.becomes_opportunity(referral).await)
            }
            Shares | AsksForHelp => {
                let record = sides.rep_prepares(customer).await;
                sides.rep_adds_solution(&record).await;
                if self == AsksForHelp {
                    has_contact(sides, &record, customer).await;
                    let help = json!({
                        "How_can_Microsoft_help__c": "Quotes or licensing",
                        "Visible_to_Microsoft__c": true
                    });
                    sides.rep_changes(&record, &help).await;
                }
                deal("", &record)
            }
            Copied | Person | PersonAtMicrosoft => {
                let record = sides.rep_shares(customer).await;
                deal(&sides.becomes_referral(&record).await, &record)
            }
            LeadContacted | LeadConverted => {
                let referral =
                    sides.microsoft_sends(&leads::lead(&format!("{customer} & Sons"))).await;
                deal(&referral, &leads::becomes_lead(sides, &referral).await)
            }
            ByMicrosoft | SolutionByMicrosoft | Identifier | ByRep | Lost | Won | Solutions
            | Deleted | Cleared | FlagOff | Unreadable => {
                let referral = sides.microsoft_sends(&sent(customer)).await;
                let record = sides.becomes_opportunity(&referral).await;
                sides.rep_accepts(&referral, &record).await;
                deal(&referral, &record)
            }
        }
    }

    /// Plays it to its outcome.
    pub(crate) async fn play(self, sides: &Sides, deal: &Deal) {
        let Deal { referral, record, .. } = deal;
        let stage = |stage: &str| json!({ "StageName": stage });
        match self {
            Arrives | AccountMatched => arrives(sides, deal).await,
            ByMicrosoft => by_microsoft(sides, deal).await,
            SolutionByMicrosoft => solution_by_microsoft(sides, deal).await,
            Expired => {
                let past = json!({"expirationDateTime": "2026-01-01T00:00:00Z"});
                sides.microsoft_changes(referral, &past).await;
                shows(sides, record, "/StageName", "Closed Lost").await;
            }
            HalfLost => {
                let path = format!("/partner-center/microsoft/{referral}/lose");
                let why = json!({"reason": "Other vendor"});
                sides.admin.need("POST", &path, Some(&why)).await.unwrap();
                shows(sides, record, "/Microsoft_Status__c", "Lost").await;
            }
            Identifier => {
                let told = json!({"trackingInfo": {"microsoftMsxId": "7-EXA"}});
                sides.microsoft_changes(referral, &told).await;
                shows(sides, record, "/Microsoft_CRM_Identifier__c", "7-EXA").await;
            }
            ByRep => by_rep(sides, deal).await,
            Answered => {
                sides.rep_changes(record, &stage("Qualification")).await;
                is(sides, referral, "Accepted").await;
            }
            Declined => {
                sides.rep_changes(record, &stage("Closed Lost")).await;
                is(sides, referral, "Declined").await;
            }
            Lost => {
                sides.rep_changes(record, &stage("Closed Lost")).await;
                is(sides, referral, "Lost").await;
            }
            Won => {
                sides.rep_changes(record, &stage("Closed Won")).await;
                is(sides, referral, "Won").await;
            }
            Solutions => solutions(sides, deal).await,
            Shares => shares(sides, record).await,
            AsksForHelp => {
                shares(sides, record).await;
                shows(sides, record, "/Microsoft_Status__c", "Asked").await;
            }
            Copied => copied(sides, deal).await,
            Person => person(sides, deal).await,
            PersonAtMicrosoft => person_at_microsoft(sides, deal).await,
            Deleted => deleted(sides, deal).await,
            Cleared => {
                sides.rep_changes(record, &json!({"Referral_Identifier__c": null})).await;
                assert_eq!(&sides.becomes_referral(record).await, referral);
            }
            FlagOff => flag_off(sides, deal).await,
            Unreadable => unreadable(sides, deal).await,
            Lead => {
                let sent =
                    sides.microsoft_sends(&leads::lead(&format!("{} & Sons", deal.customer))).await;
                leads::becomes_lead(sides, &sent).await;
            }
            LeadContacted => {
                let contacted = json!({"Status": "Working - Contacted", "Description": "Called."});
                sides.rep_edits("Lead", record, &contacted).await;
                is(sides, referral, "Accepted").await;
            }
            LeadConverted => lead_converted(sides, deal).await,
        }
    }

    /// How many deals of its customer there are in the end.
    pub(crate) fn deals(self) -> usize {
        if self == Copied { 2 } else { 1 }
    }
}

/// A deal of Microsoft's with a contact of its own.
fn sent(customer: &str) -> Value {
    let mut sent = inbound(customer);
    sent["customerProfile"]["team"] = json!([{
        "firstName": "Mira", "lastName": "Muster", "email": email(customer), "phoneNumber": "+41 41 555 01 02"
    }]);
    sent
}

/// The address of a customer's contact.
fn email(customer: &str) -> String {
    format!("mail@{}.example", customer.to_lowercase().replace(' ', "-"))
}

/// A field of the opportunity shows this.
async fn shows(sides: &Sides, record: &str, field: &str, value: &str) {
    eventually(&format!("{field} is {value}"), async || {
        let found = sides.opportunities(&format!("Id = '{record}'")).await;
        found.first().is_some_and(|found| text(found, field) == value).then_some(())
    })
    .await;
}

/// The referral has this substatus.
async fn is(sides: &Sides, referral: &str, substatus: &str) {
    eventually(&format!("the referral is {substatus}"), async || {
        (text(&sides.referral(referral).await, "/substatus") == substatus).then_some(())
    })
    .await;
}

/// The referral has this deal value.
async fn is_worth(sides: &Sides, referral: &str, amount: u64) {
    eventually(&format!("{amount} arrives at Microsoft"), async || {
        let left = sides.referral(referral).await;
        same_number(&left["details"]["dealValue"], amount).then_some(())
    })
    .await;
}

fn notes(notes: &str) -> Value {
    json!({ "details": { "notes": notes } })
}

async fn arrives(sides: &Sides, deal: &Deal) {
    let referral = sides.microsoft_sends(&sent(&deal.customer)).await;
    let record = sides.becomes_opportunity(&referral).await;
    let found = sides.opportunity(&record).await;
    assert!(deal.record.is_empty() || text(&found, "/AccountId") == deal.record, "{found:#}");
}

async fn by_microsoft(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    sides.microsoft_changes(referral, &notes("Call in May.")).await;
    shows(sides, record, "/Description", "Call in May.").await;
    // The same value again: an event, and no difference.
    sides.microsoft_changes(referral, &json!({"details": {"dealValue": 125_000}})).await;
}

async fn by_rep(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    sides.rep_changes(record, &json!({"Amount": 9000})).await;
    is_worth(sides, referral, 9000).await;
    // Else it may come before the line of *Audit*, which then has to be written twice.
    sides.settled().await;
    sides.rep_changes(record, &json!({"NextStep": "call"})).await;
}

async fn solution_by_microsoft(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    let other = json!([{"id": "SOL-2", "type": "Name", "name": "Second"}]);
    let change = json!({"details": {"requirements": {"solutions": other}}});
    sides.microsoft_changes(referral, &change).await;
    eventually("the opportunity has just the other one", async || {
        let rows = children(&sides.opportunity(record).await, "Microsoft_Solutions__r");
        matches!(rows.as_slice(), [one] if text(one, "/Solution_Identifier__c") == "SOL-2")
            .then_some(())
    })
    .await;
}

async fn solutions(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    let sold = async |count: usize| {
        eventually(&format!("{count} solutions at Microsoft"), async || {
            let left = sides.referral(referral).await;
            let found = left["details"]["requirements"]["solutions"].as_array().map_or(0, Vec::len);
            (found == count).then_some(())
        })
        .await;
        sides.settled().await;
    };
    let fields = json!({
        "Opportunity__c": record, "Name": "Depot", "Solution_Identifier__c": "SOL-30418-EXA"
    });
    let solution = sides.rep_makes("Microsoft_Solution__c", &fields).await;
    sold(2).await;
    sides.rep_deletes("Microsoft_Solution__c", &solution).await;
    sold(1).await;
    sides.rep_undeletes(&solution);
    sold(2).await;
}

async fn shares(sides: &Sides, record: &str) {
    sides.rep_changes(record, &json!({"Sync_with_Partner_Center__c": true})).await;
    sides.becomes_referral(record).await;
}

async fn copied(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    let found = sides.opportunity(record).await;
    let copy = json!({
        "Name": "Copy", "StageName": found["StageName"], "CloseDate": found["CloseDate"],
        "Amount": found["Amount"], "CurrencyIsoCode": found["CurrencyIsoCode"],
        "Customer_Consent__c": true, "AccountId": found["AccountId"],
    });
    let copy = sides.rep_makes("Opportunity", &copy).await;
    sides.rep_adds_solution(&copy).await;
    shares(sides, &copy).await;
    assert_ne!(&sides.becomes_referral(&copy).await, referral);
    assert_eq!(&sides.becomes_referral(record).await, referral);
}

/// An opportunity gets a contact of its customer.
async fn has_contact(sides: &Sides, record: &str, customer: &str) {
    let contact = json!({
        "FirstName": "Ada", "LastName": "Baker", "Email": email(customer), "Phone": "+44 113 555 0101",
        "AccountId": sides.opportunity(record).await["AccountId"],
    });
    let contact = sides.rep_makes("Contact", &contact).await;
    let role = json!({"OpportunityId": record, "ContactId": contact, "Role": "Decision Maker"});
    sides.rep_makes("OpportunityContactRole", &role).await;
}

async fn person(sides: &Sides, Deal { referral, record, customer }: &Deal) {
    has_contact(sides, record, customer).await;
    eventually("the contact arrives at Microsoft", async || {
        let left = sides.referral(referral).await;
        let team = left["customerProfile"]["team"].as_array().cloned().unwrap_or_default();
        (team.len() == 1 && text(&team[0], "/lastName") == "Baker").then_some(())
    })
    .await;
}

async fn person_at_microsoft(sides: &Sides, Deal { referral, record, customer }: &Deal) {
    let team = sent(customer)["customerProfile"]["team"].clone();
    sides.microsoft_changes(referral, &json!({"customerProfile": {"team": team}})).await;
    eventually("the contact has a role", async || {
        let rows = children(&sides.opportunity(record).await, "OpportunityContactRoles");
        matches!(rows.as_slice(), [one] if text(one, "/Contact/LastName") == "Muster").then_some(())
    })
    .await;
}

/// The children of a row that was read.
pub(crate) fn children(row: &Value, relationship: &str) -> Vec<Value> {
    row[relationship]["records"].as_array().cloned().unwrap_or_default()
}

/// Waits until a deal is parked for this.
async fn is_parked(sides: &Sides, record: &str, code: &str) {
    eventually(&format!("{record} is parked: {code}"), async || {
        (sides.parked_for(record).await == [code]).then_some(())
    })
    .await;
}

/// The service has looked at all that happened, and told Microsoft nothing since this story began.
async fn nothing_is_told(sides: &Sides) {
    sleep(Duration::from_secs(1)).await;
    eventually("all is looked at", async || {
        (sides.status_or_none().await["dirty"] == 0).then_some(())
    })
    .await;
    let told = sides.told_microsoft().await;
    assert!(told.is_empty(), "{told:#?}");
}

async fn deleted(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    sides.rep_deletes("Opportunity", record).await;
    is_parked(sides, record, "record-deleted").await;
    sides.microsoft_changes(referral, &notes("While it was gone.")).await;
    nothing_is_told(sides).await;
    is_parked(sides, record, "record-deleted").await;
    sides.rep_undeletes(record);
    shows(sides, record, "/Description", "While it was gone.").await;
}

async fn flag_off(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    let off = json!({"Sync_with_Partner_Center__c": false, "Amount": 60_000});
    sides.rep_changes(record, &off).await;
    sides.rep_changes(record, &json!({"Campaign_Code__c": "C-1"})).await;
    let both = json!({"campaignId": "M-1", "details": {"notes": "Still heard."}});
    sides.microsoft_changes(referral, &both).await;
    shows(sides, record, "/Description", "Still heard.").await;
    nothing_is_told(sides).await;
    let left = sides.referral(referral).await;
    assert!(same_number(&left["details"]["dealValue"], 125_000), "{left:#}");
    sides.rep_changes(record, &json!({"Sync_with_Partner_Center__c": true})).await;
    is_worth(sides, referral, 60_000).await;
}

async fn unreadable(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    let path = format!("*/engagements/referrals/{referral}");
    let order = json!({"system": "partner_center", "status": 404, "path": path, "times": "always"});
    sides.fault(&order).await;
    sides.rep_changes(record, &json!({"Amount": 8000})).await;
    is_parked(sides, record, "referral-unreadable").await;
    sides.microsoft_changes(referral, &notes("Not to be read.")).await;
    nothing_is_told(sides).await;
    is_parked(sides, record, "referral-unreadable").await;
    sides.admin.need("DELETE", "/faults", None).await.unwrap();
    // The next that happens to it finds it readable again.
    sides.microsoft_changes(referral, &notes("To be read again.")).await;
    shows(sides, record, "/Description", "To be read again.").await;
    is_worth(sides, referral, 8000).await;
}

async fn lead_converted(sides: &Sides, Deal { referral, record, .. }: &Deal) {
    sides.rep_converts(record);
    is(sides, referral, "Accepted").await;
    let found = sides.leads(&format!("Id = '{record}'")).await;
    let deal = text(&found[0], "/ConvertedOpportunityId").to_owned();
    shows(sides, &deal, "/Referral_Identifier__c", referral).await;
}
