//! Tests of the built-in schemas: what they hold, how paths resolve, which states are legal.

use super::*;
use crate::tree::{Path, Segment};

/// Reads `a.b[first].c[type is "X"][first with y]`.
pub(super) fn path(text: &str) -> Path {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['.', '[']).or((!rest.is_empty()).then_some(rest.len())) {
        if end > 0 {
            segments.push(Segment::Name(rest[..end].into()));
        }
        rest = &rest[end..];
        if let Some((selector, behind)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            segments.push(match selector.split_once(' ') {
                None => Segment::First,
                Some(("first", rest)) => Segment::FirstWith(rest.replacen("with ", "", 1)),
                Some((name, value)) => Segment::Is {
                    name: name.into(),
                    value: value.replacen("is ", "", 1).replace('"', ""),
                },
            });
            rest = behind;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Path { segments }
}

fn object(system: System, name: &str) -> &'static Object {
    Schemas::built_in().object(system, name).unwrap()
}

fn referral() -> &'static Object {
    object(System::PartnerCenter, "Referral")
}

fn opportunity() -> &'static Object {
    object(System::Salesforce, "Opportunity")
}

fn find(object: &'static Object, text: &str) -> Found<'static> {
    Schemas::built_in().find(object, &path(text)).unwrap_or_else(|miss| panic!("{text}: {miss:?}"))
}

fn miss(object: &'static Object, text: &str) -> Miss {
    Schemas::built_in().find(object, &path(text)).expect_err(text)
}

/// All fields below, with their paths; lists as `name[]`.
fn all<'f>(fields: &'f [Field], before: &str, into: &mut Vec<(String, &'f Field)>) {
    for field in fields {
        let list = if field.kind == Kind::List { "[]" } else { "" };
        let name = format!("{before}{}{list}", field.name);
        all(&field.fields, &format!("{name}."), into);
        into.push((name, field));
    }
}

#[test]
fn the_built_in_schemas_have_no_problems() {
    let files: Vec<(String, String)> = Schemas::built_in_files()
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    assert_eq!(
        Schemas::from_yaml(&files).map_err(|p| format!("{p:#?}")),
        Ok(Schemas::built_in().clone())
    );
    let names = |system| -> Vec<&str> {
        Schemas::built_in().objects(system).map(|object| object.name.as_str()).collect()
    };
    assert_eq!(names(System::PartnerCenter), ["Referral"]);
    assert_eq!(
        names(System::Salesforce),
        [
            "Opportunity",
            "Microsoft_Solution__c",
            "OpportunityContactRole",
            "OpportunityTeamMember",
            "Lead",
            "Account",
            "Contact",
            "User",
            "RecordType",
            "Campaign",
        ]
    );
}

#[test]
fn the_patch_paths_are_those_that_the_connector_admits() {
    let mut fields = Vec::new();
    all(&referral().fields, "", &mut fields);
    let mut paths: Vec<&str> =
        fields.iter().filter_map(|(_, field)| field.patch.as_deref()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "/campaignId",
            "/consent/consentToShareReferralWithMicrosoftSellers",
            "/customerProfile/team",
            "/details/closingDateTime",
            "/details/currency",
            "/details/dealValue",
            "/details/notes",
            "/details/requirements/solutions",
            "/externalReferenceId",
            "/referralProgram",
            "/registrations/0/contract/endDateTime",
            "/registrations/0/contract/signDateTime",
            "/registrations/0/contract/startDateTime",
            "/registrations/0/contract/term",
            "/registrations/0/contract/value",
            "/registrations/0/solutionDetails/0/currency",
            "/registrations/0/solutionDetails/0/isDeployedOnAzure",
            "/registrations/0/solutionDetails/0/marketplaceTransactionDetails/isMarketplaceTransacted",
            "/registrations/0/solutionDetails/0/marketplaceTransactionDetails/marketplaceTransactionDateTime",
            "/registrations/0/solutionDetails/0/pricingModel",
            "/registrations/0/solutionDetails/0/primaryDeploymentOn",
            "/registrations/0/solutionDetails/0/value",
            "/salesStage",
            "/status",
            "/statusReason",
            "/substatus",
            "/team",
        ]
    );
    for (name, field) in &fields {
        let in_replaced_list =
            ["customerProfile.team[]", "team[]", "details.requirements.solutions[]"]
                .iter()
                .any(|list| name.starts_with(list));
        if !in_replaced_list {
            assert_eq!(field.update, field.patch.is_some(), "{name}");
        }
    }
}

#[test]
fn what_a_referral_must_have_is_known() {
    let required: Vec<String> =
        referral().required().iter().map(|required| required.path.join(".")).collect();
    assert_eq!(
        required,
        [
            "name",
            "type",
            "customerProfile.name",
            "customerProfile.address.addressLine1",
            "customerProfile.address.city",
            "customerProfile.address.country",
            "consent",
            "details.dealValue",
            "details.currency",
            "details.closingDateTime",
            "details.requirements.solutions",
        ]
    );
    let members: Vec<&str> = find(referral(), "details.requirements.solutions")
        .field
        .required_members()
        .iter()
        .map(|required| required.field.name.as_str())
        .collect();
    assert_eq!(members, ["id"]);
}

#[test]
fn what_a_salesforce_record_must_have_is_known() {
    for (name, expected) in [
        ("Opportunity", &["Name", "StageName", "CloseDate"][..]),
        ("Microsoft_Solution__c", &["Name", "Opportunity__c"]),
        ("OpportunityContactRole", &["OpportunityId", "ContactId"]),
        ("OpportunityTeamMember", &["OpportunityId", "UserId"]),
        ("Lead", &["LastName", "Company"]),
        ("Account", &["Name"]),
        ("Contact", &["LastName"]),
        ("User", &[]),
    ] {
        let object = object(System::Salesforce, name);
        let required: Vec<String> =
            object.required().iter().map(|required| required.path.join(".")).collect();
        assert_eq!(required, expected, "{name}");
    }
}

#[test]
fn each_relationship_and_child_leads_to_an_object_that_is_there_or_is_known_to_be_absent() {
    let schemas = Schemas::built_in();
    let mut absent: Vec<&str> = Vec::new();
    for object in schemas.objects(System::Salesforce) {
        for child in &object.children {
            let target = schemas.object(System::Salesforce, &child.object).unwrap();
            let field = target.field(&child.field).unwrap();
            assert_eq!(field.reference_to.as_deref(), Some(object.name.as_str()));
        }
        for target in object.fields.iter().filter_map(|field| field.reference_to.as_deref()) {
            if schemas.object(System::Salesforce, target).is_none() && !absent.contains(&target) {
                absent.push(target);
            }
        }
    }
    assert_eq!(absent, ["Pricebook2"]);
}

#[test]
fn a_dotted_path_finds_its_field() {
    let value = find(referral(), "details.dealValue");
    assert_eq!((value.kind(), value.write), (Kind::Number, Access::Always));
    assert_eq!((value.field.precision, value.field.scale), (Some(18), Some(2)));
    assert_eq!(value.patch, Some("/details/dealValue"));
    assert!(value.nullable && !value.field.clearable);
    assert_eq!(value.owner, Place::Object(referral()));

    let name = find(referral(), "customerProfile.name");
    assert_eq!((name.write, name.patch, name.nullable), (Access::Create, None, false));
    assert_eq!(find(referral(), "trackingInfo.microsoftMsxId").write, Access::Never);
    let stage = find(opportunity(), "StageName");
    assert_eq!((stage.write, stage.nullable), (Access::Always, false));
    assert_eq!(stage.field.active_values().count(), 10);
    assert!(stage.field.restricted);
}

#[test]
fn consent_and_opt_in_flags_are_marked() {
    let share = find(referral(), "consent.consentToShareReferralWithMicrosoftSellers");
    assert_eq!((share.field.one_way, share.write), (Some(true), Access::Always));
    let mut fields = Vec::new();
    all(&referral().fields, "", &mut fields);
    for (name, field) in fields {
        let statement = name.starts_with("consent.");
        assert_eq!(field.consent, statement, "{name}");
    }
    for object in [opportunity(), object(System::Salesforce, "Lead")] {
        let flags: Vec<&str> =
            object.fields.iter().filter(|f| f.opt_in).map(|f| f.name.as_str()).collect();
        assert_eq!(flags, ["Sync_with_Partner_Center__c"]);
        assert!(object.field("Customer_Consent__c").unwrap().consent);
        let id = object.field("Referral_Identifier__c").unwrap();
        assert!(id.external_id && id.unique && id.length == Some(100));
    }
}

#[test]
fn contacts_are_locked_once_shared_and_written_by_their_list() {
    let email = find(referral(), "customerProfile.team[first with email].email");
    assert!(email.field.until_shared && email.nullable);
    assert_eq!((email.write, email.patch), (Access::Always, Some("/customerProfile/team")));
    assert_eq!(email.list.map(|list| list.name.as_str()), Some("team"));
    let Place::Element(list) = email.owner else { panic!("not an element") };
    assert_eq!(list.key.as_deref(), Some("email"));
    let read_only = find(referral(), "team[first].emailValidationStatus");
    assert_eq!((read_only.write, read_only.patch), (Access::Never, None));
    assert!(!find(referral(), "team[first].email").field.until_shared);
}

#[test]
fn elements_are_picked_by_value_and_by_key() {
    let requirements = "details.requirements";
    let intent = find(
        referral(),
        &format!(
            r#"{requirements}.additionalRequirements.attributes[type is "CustomerMarketplaceIntent"].id"#
        ),
    );
    assert_eq!((intent.write, intent.nullable), (Access::Create, true));
    let one = find(referral(), &format!("{requirements}.solutions[first with id]"));
    assert_eq!((one.kind(), one.selected, one.field.kind), (Kind::Object, true, Kind::List));
    assert_eq!(find(referral(), "tags[first]").kind(), Kind::Text);
    assert_eq!(find(referral(), "tags").kind(), Kind::List);
}

#[test]
fn a_path_can_begin_in_an_element_or_a_child() {
    let schemas = Schemas::built_in();
    let solutions = find(referral(), "details.requirements.solutions");
    let element = schemas.elements(&solutions, System::PartnerCenter).unwrap();
    let name = schemas.find_in(System::PartnerCenter, element, &path("name")).unwrap();
    assert_eq!(name.patch, Some("/details/requirements/solutions"));
    assert_eq!((name.write, name.list), (Access::Always, Some(solutions.field)));

    let children = find(opportunity(), "Microsoft_Solutions__r");
    assert_eq!((children.kind(), children.write), (Kind::List, Access::Always));
    let child = schemas.elements(&children, System::Salesforce).unwrap();
    let id = schemas.find_in(System::Salesforce, child, &path("Solution_Identifier__c")).unwrap();
    assert_eq!((id.write, id.field.length), (Access::Always, Some(100)));
    assert_eq!(schemas.elements(&find(referral(), "tags"), System::PartnerCenter), None);
    assert_eq!(schemas.elements(&find(referral(), "name"), System::PartnerCenter), None);
}

#[test]
fn relationships_lead_to_other_records_that_are_not_written() {
    let name = find(opportunity(), "Account.Name");
    assert_eq!((name.write, name.nullable), (Access::Never, true));
    assert_eq!(name.reference.map(|field| field.name.as_str()), Some("AccountId"));
    assert_eq!(name.owner, Place::Object(object(System::Salesforce, "Account")));
    let email = find(opportunity(), "Owner.Email");
    assert_eq!((email.kind(), email.nullable), (Kind::Email, false));
    assert_eq!(find(opportunity(), "Account.Owner.Title").write, Access::Never);

    let role = object(System::Salesforce, "OpportunityContactRole");
    assert_eq!(find(role, "Contact.Email").write, Access::Always);
    assert_eq!(find(role, "Contact.Name").write, Access::Never);
    let member = object(System::Salesforce, "OpportunityTeamMember");
    assert_eq!(find(member, "User.Email").write, Access::Never);
    let first =
        find(opportunity(), "OpportunityContactRoles[first with Contact.Email].Contact.Phone");
    assert_eq!((first.write, first.kind()), (Access::Never, Kind::Phone));
    assert_eq!(first.child.map(|child| child.field.as_str()), Some("OpportunityId"));
}

#[test]
fn only_the_first_registration_can_be_changed() {
    let value = find(referral(), "registrations[first].contract.value");
    assert_eq!(
        (value.write, value.patch),
        (Access::Update, Some("/registrations/0/contract/value"))
    );
    let other = find(referral(), r#"registrations[type is "AzureIPCoSell"].contract.value"#);
    assert_eq!((other.write, other.patch), (Access::Never, None));
    assert_eq!(find(referral(), "registrations[first].status").write, Access::Never);
}

#[test]
fn a_miss_names_the_segment_and_the_nearest_name() {
    let wrong = miss(referral(), "details.dealValeu");
    assert_eq!((wrong.segment, wrong.why), (1, MissKind::Unknown));
    assert_eq!(wrong.nearest.as_deref(), Some("dealValue"));
    assert_eq!((wrong.holder.as_str(), wrong.holder_kind), ("details", Some(Kind::Object)));
    assert!(wrong.known.iter().any(|name| name == "closingDateTime"));

    let wrong = miss(opportunity(), "Acount.Name");
    assert_eq!((wrong.segment, wrong.nearest.as_deref()), (0, Some("Account")));
    let wrong = miss(opportunity(), "Account.Nmae");
    assert_eq!((wrong.segment, wrong.nearest.as_deref()), (1, Some("Name")));
    assert_eq!(wrong.holder, "Account");
    let wrong = miss(opportunity(), "Microsoft_Solution__r");
    assert_eq!(wrong.nearest.as_deref(), Some("Microsoft_Solutions__r"));
    let wrong = miss(opportunity(), "stagename");
    assert_eq!(wrong.nearest.as_deref(), Some("StageName"));
    assert_eq!(miss(referral(), "zzzzzz").nearest, None);
    let wrong = miss(referral(), "team[first with mail].email");
    assert_eq!((wrong.segment, wrong.nearest.as_deref()), (1, Some("email")));
}

#[test]
fn a_miss_says_what_is_not_a_list_and_what_has_no_members() {
    let wrong = miss(referral(), "details[first].notes");
    assert_eq!((wrong.segment, wrong.why), (1, MissKind::NotAList));
    let wrong = miss(referral(), "details.notes.length");
    assert_eq!((wrong.segment, wrong.why), (2, MissKind::NotAnObject));
    assert_eq!(wrong.holder_kind, Some(Kind::LongText));
    let wrong = miss(referral(), "team.email");
    assert_eq!((wrong.segment, wrong.why), (1, MissKind::NotAnObject));
    assert_eq!(wrong.holder_kind, Some(Kind::List));
    let wrong = miss(opportunity(), "Microsoft_Solutions__r.Name");
    assert_eq!((wrong.why, wrong.holder_kind), (MissKind::NotAnObject, Some(Kind::List)));
    let wrong = miss(opportunity(), "Account");
    assert_eq!((wrong.segment, wrong.nearest.as_deref()), (0, Some("AccountId")));
    let wrong = miss(opportunity(), "Pricebook2.Name");
    assert_eq!((wrong.segment, wrong.known.len(), wrong.holder.as_str()), (1, 0, "Pricebook2"));
    let wrong = miss(referral(), "");
    assert_eq!((wrong.segment, wrong.why), (0, MissKind::Unknown));
}

#[test]
fn the_states_of_a_referral_go_one_way() {
    let states = referral().states.as_ref().unwrap();
    assert_eq!(states.fields, ["status", "substatus"]);
    assert_eq!((states.pairs.len(), states.initial.len()), (7, 2));
    assert!(states.legal(&["New", "Received"]) && !states.legal(&["New", "Accepted"]));
    assert!(!states.legal(&["New"]) && !states.legal(&["Closed", "Error"]));
    assert!(states.may_start(&["Active", "Accepted"]) && !states.may_start(&["Closed", "Won"]));
    assert!(states.may_move(&["New", "Received"], &["Active", "Accepted"]));
    assert!(states.may_move(&["New", "Received"], &["Closed", "Declined"]));
    assert!(states.may_move(&["Active", "Accepted"], &["Closed", "Lost"]));
    assert!(states.may_move(&["Closed", "Won"], &["Closed", "Won"]), "to stay is allowed");
    assert!(!states.may_move(&["Active", "Accepted"], &["New", "Received"]));
    for terminal in &states.terminal {
        let from: Vec<&str> = terminal.iter().map(String::as_str).collect();
        assert!(states.is_terminal(&from));
        for pair in states.pairs.iter().filter(|pair| *pair != terminal) {
            let to: Vec<&str> = pair.iter().map(String::as_str).collect();
            assert!(!states.may_move(&from, &to), "{from:?} -> {to:?}");
        }
    }
    assert!(states.is_terminal(&["Closed", "Error"]) && !states.is_terminal(&["New", "Pending"]));
}

#[test]
fn a_later_object_takes_the_place_of_an_earlier_one() {
    let mut own = opportunity().clone();
    own.fields.retain(|field| field.name != "NextStep");
    let schemas = Schemas::built_in().clone().with([own.clone()]);
    assert_eq!(schemas.object(System::Salesforce, "Opportunity"), Some(&own));
    let count = |schemas: &Schemas| schemas.objects(System::Salesforce).count();
    assert_eq!(count(&schemas), count(Schemas::built_in()));
    assert_eq!(Schemas::new([own]).objects(System::PartnerCenter).count(), 0);
}

#[test]
fn systems_and_kinds_are_found_by_their_names() {
    for system in System::ALL {
        assert_eq!(System::parse(system.name()), Some(system));
    }
    assert_eq!(System::parse("dynamics"), None);
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
    }
    for access in [Access::Never, Access::Create, Access::Update, Access::Always] {
        assert_eq!(Access::new(access.creates(), access.updates()), access);
        assert_eq!(access.and(Access::Always), access);
    }
    assert_eq!(Access::Create.and(Access::Update), Access::Never);
}
