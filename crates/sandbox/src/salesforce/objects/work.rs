//! The fields of what is done around a deal: tasks, events, notes, cases and campaigns. A table, nothing else.

use super::{area, check, list, number, one_of, reference, text};
use crate::salesforce::model::{Face, Field, Kind, OnDelete};

/// What an activity can be about.
const SUBJECTS: &[&str] =
    &["Account", "Opportunity", "Campaign", "Case", "Microsoft_Solution__c", "Product2"];

/// About whom and what an activity is.
fn about(children: &str) -> Vec<Field> {
    vec![
        one_of("WhoId", "Name ID", &["Contact", "Lead"], "Who", children),
        one_of("WhatId", "Related To ID", SUBJECTS, "What", children),
        reference("AccountId", "Account ID", "Account", "Account", None, OnDelete::Keep)
            .read_only(),
    ]
}

pub(super) fn task_fields() -> Vec<Field> {
    let statuses =
        &["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"];
    let own = vec![
        text("Subject", "Subject", 255).name_of_row(),
        Field::new("ActivityDate", "Due Date Only", Kind::Day),
        list("Status", "Status", statuses).defaulted(),
        list("Priority", "Priority", &["High", "Normal", "Low"]).defaulted(),
        check("IsHighPriority", "High Priority").read_only(),
        area("Description", "Description", 32_000),
        check("IsClosed", "Closed").read_only(),
        list("TaskSubtype", "Task Subtype", &["Task", "Email", "Call"]),
        Field::new("CallDurationInSeconds", "Call Duration", Kind::Whole(8)),
        list("CallType", "Call Type", &["Internal", "Inbound", "Outbound"]),
    ];
    [about("Tasks"), own].concat()
}

pub(super) fn event_fields() -> Vec<Field> {
    let own = vec![
        text("Subject", "Subject", 255).name_of_row(),
        text("Location", "Location", 255),
        check("IsAllDayEvent", "All-Day Event"),
        Field::new("ActivityDateTime", "Due Date Time", Kind::Moment),
        Field::new("ActivityDate", "Due Date Only", Kind::Day),
        Field::new("DurationInMinutes", "Duration", Kind::Whole(8)),
        Field::new("StartDateTime", "Start Date Time", Kind::Moment),
        Field::new("EndDateTime", "End Date Time", Kind::Moment),
        area("Description", "Description", 32_000),
        list("ShowAs", "Show Time As", &["Busy", "OutOfOffice", "Free"]),
        check("IsPrivate", "Private"),
    ];
    [about("Events"), own].concat()
}

pub(super) fn note_fields() -> Vec<Field> {
    let parents = &["Account", "Contact", "Lead", "Opportunity", "Case", "Microsoft_Solution__c"];
    vec![
        one_of("ParentId", "Parent ID", parents, "Parent", "Notes").required().create_only(),
        text("Title", "Title", 80).required().name_of_row(),
        area("Body", "Body", 32_000),
        check("IsPrivate", "Private"),
    ]
}

pub(super) fn case_fields() -> Vec<Field> {
    let of_account = Some("Cases");
    vec![
        text("CaseNumber", "Case Number", 30).defaulted().read_only().name_of_row(),
        reference("ContactId", "Contact ID", "Contact", "Contact", of_account, OnDelete::Clear),
        reference("AccountId", "Account ID", "Account", "Account", of_account, OnDelete::Clear),
        reference("ParentId", "Parent Case ID", "Case", "Parent", of_account, OnDelete::Clear),
        text("SuppliedName", "Name", 80),
        Field::new("SuppliedEmail", "Email Address", Kind::Email(80)),
        list("Type", "Case Type", &["Problem", "Feature Request", "Question"]),
        list("Status", "Status", &["New", "Working", "Escalated", "Closed"]).defaulted(),
        list("Reason", "Case Reason", &["Installation", "Performance", "Feedback", "Other"]),
        list("Origin", "Case Origin", &["Phone", "Email", "Web"]),
        text("Subject", "Subject", 255),
        list("Priority", "Priority", &["High", "Medium", "Low"]).defaulted(),
        area("Description", "Description", 32_000),
        check("IsClosed", "Closed").read_only(),
        Field::new("ClosedDate", "Closed Date", Kind::Moment).read_only(),
        check("IsEscalated", "Escalated"),
    ]
}

pub(super) fn campaign_fields() -> Vec<Field> {
    let money = |name, label| number(name, label, Face::Currency, 18, 2);
    vec![
        text("Name", "Campaign Name", 80).required().name_of_row(),
        reference(
            "ParentId",
            "Parent Campaign ID",
            "Campaign",
            "Parent",
            Some("ChildCampaigns"),
            OnDelete::Clear,
        ),
        list("Type", "Type", &["Conference", "Webinar", "Partners", "Email", "Other"]),
        list("Status", "Status", &["Planned", "In Progress", "Completed", "Aborted"]),
        Field::new("StartDate", "Start Date", Kind::Day),
        Field::new("EndDate", "End Date", Kind::Day),
        money("ExpectedRevenue", "Expected Revenue in Campaign"),
        money("BudgetedCost", "Budgeted Cost in Campaign"),
        money("ActualCost", "Actual Cost in Campaign"),
        check("IsActive", "Active"),
        area("Description", "Description", 32_000),
    ]
}
