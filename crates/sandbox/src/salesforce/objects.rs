//! The objects of the sandbox's own organisation: tables, nothing else. Standard fields as in the object
//! reference, custom ones as the co-sell package adds them.

mod content;
mod deal;
mod lead;
pub(crate) mod lists;
mod people;
mod products;
mod rights;
mod topic;
mod work;

use super::model::{Face, Field, Kind, Link, Object, OnDelete, Org, PickValue};

fn text(name: &str, label: &str, length: usize) -> Field {
    Field::new(name, label, Kind::Text(length))
}

fn area(name: &str, label: &str, length: usize) -> Field {
    Field::new(name, label, Kind::Area(length))
}

fn list(name: &str, label: &str, values: &[&str]) -> Field {
    Field::new(name, label, picklist(values, false))
}

fn closed_list(name: &str, label: &str, values: &[&str]) -> Field {
    Field::new(name, label, picklist(values, true))
}

fn check(name: &str, label: &str) -> Field {
    Field::new(name, label, Kind::Checkbox)
}

fn number(name: &str, label: &str, face: Face, precision: u32, scale: u32) -> Field {
    Field::new(name, label, Kind::Number { face, precision, scale })
}

/// A compound address.
fn address(name: &str, label: &str) -> Field {
    Field::new(name, label, Kind::Address).read_only()
}

/// When the user last looked at a row.
fn viewed(name: &str, label: &str) -> Field {
    Field::new(name, label, Kind::Moment).read_only()
}

/// A reference to rows of one of several objects.
fn one_of(name: &str, label: &str, to: &[&str], parent: &str, children: &str) -> Field {
    let link = Link {
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        parent: parent.to_owned(),
        children: Some(children.to_owned()),
        on_delete: OnDelete::Cascade,
    };
    Field::new(name, label, Kind::Reference(link))
}

fn reference(
    name: &str,
    label: &str,
    to: &str,
    parent: &str,
    children: Option<&str>,
    on_delete: OnDelete,
) -> Field {
    let link = Link {
        to: vec![to.to_owned()],
        parent: parent.to_owned(),
        children: children.map(str::to_owned),
        on_delete,
    };
    Field::new(name, label, Kind::Reference(link))
}

/// The row into which one was merged.
fn master(object: &str) -> Field {
    let name = "MasterRecordId";
    reference(name, "Master Record ID", object, "MasterRecord", None, OnDelete::Keep).read_only()
}

fn user(name: &str, label: &str, parent: &str) -> Field {
    reference(name, label, "User", parent, None, OnDelete::Keep)
}

fn picklist(values: &[&str], restricted: bool) -> Kind {
    let values = values.iter().map(|value| PickValue::new(value)).collect();
    Kind::Picklist { values, restricted, several: false }
}

/// An object with these fields between its id and who wrote it when.
fn object(names: [&str; 4], own: &[Vec<Field>]) -> Object {
    let [name, label, plural, prefix] = names;
    let fields = [&[deal::id_fields()], own, &[deal::audit_fields()]].concat().concat();
    Object::new(name, label, plural, prefix, fields)
}

/// One whose rows can be deleted.
fn child(names: [&str; 4], own: &[Vec<Field>]) -> Object {
    object(names, &[&[deal::deleted_fields()], own, &[deal::currency_fields()]].concat())
}

/// One whose rows have an owner.
fn owned(names: [&str; 4], own: &[Vec<Field>]) -> Object {
    child(names, &[own, &[deal::owner_fields()]].concat())
}

/// One whose rows have an owner, which may be a queue.
fn queued(names: [&str; 4], own: &[Vec<Field>]) -> Object {
    child(names, &[own, &[deal::owner_or_queue_fields()]].concat())
}

/// One whose rows nobody writes.
fn setup(names: [&str; 4], own: Vec<Field>) -> Object {
    Object { writable: false, ..object(names, &[own]) }
}

/// The object whose rows are the record types of the others.
pub(crate) fn record_type() -> Object {
    setup(["RecordType", "Record Type", "Record Types", "012"], people::record_type_fields())
}

/// The organisation that the sandbox has by itself.
pub(crate) fn standard() -> Org {
    let role =
        ["OpportunityContactRole", "Opportunity Contact Role", "Opportunity Contact Roles", "00K"];
    let member =
        ["OpportunityTeamMember", "Opportunity Team Member", "Opportunity Team Members", "00q"];
    let solution = ["Microsoft_Solution__c", "Microsoft Solution", "Microsoft Solutions", "a00"];
    let stage = ["OpportunityStage", "Opportunity Stage", "Opportunity Stages", "01J"];
    let organization = ["Organization", "Organization", "Organizations", "00D"];
    let entry = ["PricebookEntry", "Price Book Entry", "Price Book Entries", "01u"];
    let item = ["OpportunityLineItem", "Opportunity Product", "Opportunity Products", "00k"];
    let topic = ["PushTopic", "Push Topic", "Push Topics", "0IF"];
    let deal = [deal::opportunity_fields(), deal::cosell_fields(), deal::cosell_deal_fields()];
    let lead = [lead::lead_fields(), vec![master("Lead")], deal::cosell_fields()];
    let mut objects = vec![
        owned(
            ["Account", "Account", "Accounts", "001"],
            &[people::account_fields(), vec![master("Account")]],
        ),
        owned(
            ["Contact", "Contact", "Contacts", "003"],
            &[people::contact_fields(), vec![master("Contact")]],
        ),
        queued(["Lead", "Lead", "Leads", "00Q"], &lead),
        object(["User", "User", "Users", "005"], &[people::user_fields()]),
        owned(["Opportunity", "Opportunity", "Opportunities", "006"], &deal),
        child(role, &[people::contact_role_fields()]),
        child(member, &[people::team_member_fields()]),
        setup(organization, people::organization_fields()),
        setup(stage, people::stage_fields()),
        child(solution, &[people::solution_fields()]),
        setup(["Group", "Group", "Groups", "00G"], people::group_fields()),
        setup(["Profile", "Profile", "Profiles", "00e"], people::profile_fields()),
        object(["UserRole", "Role", "Roles", "00E"], &[people::user_role_fields()]),
        child(["Product2", "Product", "Products", "01t"], &[products::product_fields()]),
        child(["Pricebook2", "Price Book", "Price Books", "01s"], &[products::book_fields()]),
        child(entry, &[products::entry_fields()]),
        child(item, &[products::item_fields()]),
        queued(["Task", "Task", "Tasks", "00T"], &[work::task_fields()]),
        owned(["Event", "Event", "Events", "00U"], &[work::event_fields()]),
        owned(["Note", "Note", "Notes", "002"], &[work::note_fields()]),
        queued(["Case", "Case", "Cases", "500"], &[work::case_fields()]),
        owned(["Campaign", "Campaign", "Campaigns", "701"], &[work::campaign_fields()]),
        object(topic, &[deal::deleted_fields(), topic::fields()]),
    ];
    objects.extend(rights::objects());
    objects.extend(content::objects());
    Org { objects }
}
