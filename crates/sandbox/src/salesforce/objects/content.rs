//! The fields of files and notes, of attachments and of posts: a table, nothing else.

use super::{area, check, closed_list, deal, list, object, one_of, reference, text, user};
use crate::salesforce::model::{Field, Kind, Object, OnDelete};

/// Whose page files and posts are shown on.
const SHOWN_ON: &[&str] = &[
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "Case",
    "Campaign",
    "Product2",
    "Microsoft_Solution__c",
    "User",
];

fn whole(name: &str, label: &str) -> Field {
    Field::new(name, label, Kind::Whole(9)).read_only()
}

/// What is told of a file's bytes.
fn file_fields() -> Vec<Field> {
    vec![
        text("FileType", "File Type", 20).read_only(),
        text("FileExtension", "File Extension", 40).read_only(),
        whole("ContentSize", "Size"),
    ]
}

fn of_document() -> Field {
    reference(
        "ContentDocumentId",
        "ContentDocument ID",
        "ContentDocument",
        "ContentDocument",
        Some("ContentVersions"),
        OnDelete::Cascade,
    )
    .create_only()
}

fn document() -> Object {
    let own = vec![
        text("Title", "Title", 255).read_only().name_of_row(),
        text("LatestPublishedVersionId", "Latest Published Version ID", 18).read_only(),
        user("OwnerId", "Owner ID", "Owner").read_only(),
    ];
    let names = ["ContentDocument", "Content Document", "Content Documents", "069"];
    object(names, &[deal::deleted_fields(), own, file_fields()])
}

fn version() -> Object {
    let own = vec![
        of_document(),
        check("IsLatest", "Is Latest").read_only(),
        text("VersionNumber", "Version Number", 20).read_only(),
        text("Title", "Title", 255).defaulted().name_of_row(),
        area("Description", "Description", 1000),
        text("PathOnClient", "Path On Client", 500).required().create_only(),
        area("ReasonForChange", "Reason For Change", 1000).create_only(),
        Field::new("VersionData", "Version Data", Kind::Base64).required().create_only(),
        one_of(
            "FirstPublishLocationId",
            "First Publish Location ID",
            SHOWN_ON,
            "FirstPublishLocation",
            "PublishedContentVersions",
        )
        .create_only(),
        user("OwnerId", "Owner ID", "Owner").read_only(),
    ];
    let names = ["ContentVersion", "Content Version", "Content Versions", "068"];
    object(names, &[deal::deleted_fields(), own, file_fields()])
}

/// A note is a document too, and has its id.
fn note() -> Object {
    let own = vec![
        text("Title", "Title", 255).required().name_of_row(),
        Field::new("Content", "Content", Kind::Base64),
        text("TextPreview", "Text Preview", 255).read_only(),
        text("LatestPublishedVersionId", "Latest Published Version ID", 18).read_only(),
        user("OwnerId", "Owner ID", "Owner").read_only(),
    ];
    let names = ["ContentNote", "Note", "Notes", "069"];
    object(names, &[deal::deleted_fields(), own, file_fields()])
}

fn link() -> Object {
    let fields = vec![
        one_of(
            "LinkedEntityId",
            "Linked Entity ID",
            SHOWN_ON,
            "LinkedEntity",
            "ContentDocumentLinks",
        )
        .required()
        .create_only(),
        reference(
            "ContentDocumentId",
            "ContentDocument ID",
            "ContentDocument",
            "ContentDocument",
            Some("ContentDocumentLinks"),
            OnDelete::Cascade,
        )
        .required()
        .create_only(),
        check("IsDeleted", "Is Deleted").read_only(),
        Field::new("SystemModstamp", "System Modstamp", Kind::Moment).defaulted().read_only(),
        closed_list("ShareType", "Share Type", &["V", "C", "I"]).required(),
        closed_list("Visibility", "Visibility", &["AllUsers", "InternalUsers", "SharedUsers"])
            .defaulted(),
    ];
    let fields = [deal::id_fields(), fields].concat();
    let (label, plural) = ("Content Document Link", "Content Document Links");
    Object::new("ContentDocumentLink", label, plural, "06A", fields)
}

fn attachment() -> Object {
    let parents = &[
        "Account",
        "Contact",
        "Lead",
        "Opportunity",
        "Case",
        "Campaign",
        "Product2",
        "Microsoft_Solution__c",
        "Task",
        "Event",
    ];
    let own = vec![
        one_of("ParentId", "Parent ID", parents, "Parent", "Attachments").required().create_only(),
        text("Name", "File Name", 255).required().name_of_row(),
        check("IsPrivate", "Private"),
        text("ContentType", "Content Type", 120),
        whole("BodyLength", "Body Length"),
        Field::new("Body", "Body", Kind::Base64).required(),
        text("Description", "Description", 500),
        user("OwnerId", "Owner ID", "Owner").defaulted(),
    ];
    object(["Attachment", "Attachment", "Attachments", "00P"], &[deal::deleted_fields(), own])
}

fn post() -> Object {
    let own = vec![
        one_of("ParentId", "Parent ID", SHOWN_ON, "Parent", "Feeds").required().create_only(),
        list("Type", "Feed Item Type", &["TextPost", "LinkPost", "ContentPost"])
            .defaulted()
            .create_only(),
        text("Title", "Title", 255),
        area("Body", "Body", 10_000),
        Field::new("LinkUrl", "Link URL", Kind::Url(1000)),
        check("IsRichText", "Is Rich Text"),
        closed_list("Visibility", "Visibility", &["AllUsers", "InternalUsers"]).defaulted(),
    ];
    object(["FeedItem", "Feed Item", "Feed Items", "0D5"], &[deal::deleted_fields(), own])
}

pub(super) fn objects() -> Vec<Object> {
    vec![document(), version(), note(), link(), attachment(), post()]
}
