//! What a written row does to others: the lines of a deal to the deal, a first contact to the one before. In
//! come rows that were just written; out go the writes that follow. It must not know what clients sent.

use serde_json::{Map, Value, json};

use super::{is_empty, products::rows_of, text};
use crate::{
    salesforce::{content, model::Object, refusal::Done, rows, session::Session},
    store::StoredRow,
};

/// What is to be done after a row was written.
#[derive(Debug)]
pub(crate) enum FollowUp {
    /// The deal whose lines changed.
    Total { deal: String },
    /// The deal whose first contact is now the one of this role.
    FirstContact { deal: String, role: String },
    /// The file of which this is the newest version.
    Version { version: String },
    /// The note, which may be another.
    Note { note: String },
    /// The object of which a row of the same id goes, or comes back, with this one.
    Twin { object: &'static str, id: String, deleted: bool },
    /// The new deal that was made for a contact.
    Role { deal: String, contact: String },
}

/// What a row, as it is written, makes necessary.
pub(crate) fn follow_up(
    object: &Object,
    id: &str,
    row: &StoredRow,
    is_new: bool,
) -> Option<FollowUp> {
    let deal = || text(&row.body, "OpportunityId").map(str::to_owned);
    match object.name.as_str() {
        "Opportunity" if is_new => {
            let contact = text(&row.body, "ContactId")?.to_owned();
            Some(FollowUp::Role { deal: id.to_owned(), contact })
        }
        "ContentVersion" if !row.deleted && is_set(&row.body, "IsLatest") => {
            Some(FollowUp::Version { version: id.to_owned() })
        }
        "ContentNote" if !row.deleted => Some(FollowUp::Note { note: id.to_owned() }),
        "ContentNote" => {
            let object = "ContentDocument";
            Some(FollowUp::Twin { object, id: id.to_owned(), deleted: true })
        }
        "ContentDocument" if !is_new => {
            let (object, deleted) = ("ContentNote", row.deleted);
            Some(FollowUp::Twin { object, id: id.to_owned(), deleted })
        }
        "OpportunityLineItem" => Some(FollowUp::Total { deal: deal()? }),
        "OpportunityContactRole" if !row.deleted && is_set(&row.body, "IsPrimary") => {
            Some(FollowUp::FirstContact { deal: deal()?, role: id.to_owned() })
        }
        _ => None,
    }
}

/// Does it.
pub(crate) fn settle(session: &Session<'_>, what: FollowUp) -> Done<()> {
    match what {
        FollowUp::Total { deal } => total(session, &deal),
        FollowUp::Version { version } => content::settle_version(session, &version),
        FollowUp::Note { note } => content::settle_note(session, &note),
        FollowUp::Twin { object, id, deleted } => {
            content::settle_twin(session, object, &id, deleted)
        }
        FollowUp::Role { deal, contact } => {
            let Some(object) = session.whole.named("OpportunityContactRole") else { return Ok(()) };
            let row = json!({ "OpportunityId": deal, "ContactId": contact, "IsPrimary": true });
            let row = row.as_object().cloned().unwrap_or_default();
            rows::create(&Session { org: session.whole, ..*session }, object, &row, None)?;
            Ok(())
        }
        FollowUp::FirstContact { deal, role } => {
            let Some(object) = session.whole.named("OpportunityContactRole") else { return Ok(()) };
            for stored in rows_of(session, &object.name, "OpportunityId", &deal)? {
                let other = rows::row_id(&stored.body);
                if other != role && is_set(&stored.body, "IsPrimary") {
                    let mut row = stored.body.clone();
                    row.insert("IsPrimary".to_owned(), json!(false));
                    rows::amend(session, object, &other, &stored, row)?;
                }
            }
            Ok(())
        }
    }
}

/// Gives a deal the total of its lines, and the price book of the first one.
fn total(session: &Session<'_>, deal: &str) -> Done<()> {
    let Some(object) = session.whole.named("Opportunity") else { return Ok(()) };
    let Some(stored) = session.tx.row(&object.name, deal)?.filter(|row| !row.deleted) else {
        return Ok(());
    };
    let items = rows_of(session, "OpportunityLineItem", "OpportunityId", deal)?;
    let mut row = stored.body.clone();
    row.insert("HasOpportunityLineItem".to_owned(), json!(!items.is_empty()));
    if let Some(item) = items.first().filter(|_| is_empty(&row, "Pricebook2Id")) {
        let entry = text(&item.body, "PricebookEntryId").unwrap_or_default();
        let entry = session.tx.row("PricebookEntry", entry)?;
        let book = entry.and_then(|entry| entry.body.get("Pricebook2Id").cloned());
        row.insert("Pricebook2Id".to_owned(), book.unwrap_or_default());
    }
    super::follow(session, object, &mut row, &|_| false, &|_| false)?;
    rows::amend(session, object, deal, &stored, row)
}

fn is_set(row: &Map<String, Value>, name: &str) -> bool {
    row.get(name) == Some(&Value::Bool(true))
}
