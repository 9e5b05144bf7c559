//! Who may do what: permission sets, those of profiles too, and to whom they are assigned. In come the
//! organisation as each user sees it, and the users; out go rows. It must not know HTTP, nor who asks.
//!
//! Rights only add up, as in Salesforce: a profile's own set has what all its users may, and a user who
//! may more has a set of its own for that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    database::StoreError,
    salesforce::{
        ids,
        model::{Field, Kind, Object, Org},
        objects::lists::STANDARD_PROFILE,
        rows::row_id,
        session::Session,
    },
    store::{Pick, StoredRow},
};

const SET: &str = "PermissionSet";
const ASSIGNMENT: &str = "PermissionSetAssignment";
const OBJECTS: &str = "ObjectPermissions";
const FIELDS: &str = "FieldPermissions";

/// Objects that take their rights from the deal, and tables that everybody may read.
const WITHOUT_RIGHTS: [&str; 2] = ["OpportunityContactRole", "OpportunityTeamMember"];
/// Standard fields that everybody sees.
const SEEN_BY_ALL: [&str; 5] = ["OwnerId", "RecordTypeId", "CurrencyIsoCode", "IsDeleted", "Id"];

/// By what it is for (an object, or one of its fields), whether it may be written besides read.
type Rights = BTreeMap<(usize, Option<usize>), bool>;

/// A permission set.
#[derive(Debug)]
struct Set {
    id: String,
    name: String,
    label: String,
    profile: Option<String>,
    rights: Rights,
    users: Vec<String>,
}

/// Whether rows of this object are worked out, and not kept.
pub(crate) fn are_rows_of(object: &Object) -> bool {
    [SET, ASSIGNMENT, OBJECTS, FIELDS].contains(&object.name.as_str())
}

/// Whether rights are given to the field by itself, or with the address that it is a part of.
pub(crate) fn is_permissionable(object: &Object, field: &Field) -> bool {
    if field.is_custom() {
        return !field.required && !field.is_detail();
    }
    let of_an_address = object.compound_of(&field.name).is_some_and(|whole| whole != "Name");
    let of_a_name = !of_an_address && object.compound_of(&field.name).is_some();
    let is_open = field.access != super::model::Access::ReadOnly
        || matches!(field.kind, Kind::Address)
        || field.calculated;
    object.writable
        && is_open
        && !field.required
        && !field.names_the_row
        && !of_a_name
        && !WITHOUT_RIGHTS.contains(&object.name.as_str())
        && !SEEN_BY_ALL.contains(&field.name.as_str())
}

/// The rows of one of these objects.
pub(crate) fn rows(
    session: &Session<'_>,
    object: &Object,
    pick: &Pick,
) -> Result<Vec<StoredRow>, StoreError> {
    let org = session.whole;
    let sets = sets(session)?;
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for (place, set) in sets.iter().enumerate() {
        match object.name.as_str() {
            SET => rows.push(fields([
                ("Id", json!(set.id)),
                ("Name", json!(set.name)),
                ("Label", json!(set.label)),
                ("ProfileId", json!(set.profile)),
                ("IsOwnedByProfile", json!(set.profile.is_some())),
                ("IsCustom", json!(true)),
                ("Type", json!(if set.profile.is_some() { "Profile" } else { "Regular" })),
            ])),
            ASSIGNMENT => rows.extend(set.users.iter().map(|user| {
                let number =
                    number(place, user.bytes().fold(0, |sum, b| (sum * 31 + usize::from(b)) % 899));
                fields([
                    ("Id", json!(ids::make("0Pa", number))),
                    ("AssigneeId", json!(user)),
                    ("PermissionSetId", json!(set.id)),
                    ("IsActive", json!(true)),
                ])
            })),
            OBJECTS => rows.extend(set.rights.iter().filter_map(|(right, write)| {
                let ((at, None), Some(of)) = (right, org.objects.get(right.0)) else { return None };
                Some(of_object(set, number(place, *at), of, *write))
            })),
            _ => rows.extend(set.rights.iter().filter_map(|(right, write)| {
                let (at, Some(inside)) = right else { return None };
                let of = org.objects.get(*at)?;
                let field = of.fields.get(*inside)?;
                let number = number(place, at * 1000 + inside);
                Some(of_field(set, number, of, field, *write))
            })),
        }
    }
    rows.sort_by_key(row_id);
    rows.retain(|row| is_picked(row, pick));
    Ok(rows.into_iter().map(|body| StoredRow { deleted: false, body }).collect())
}

/// The row of one of these objects with an id.
pub(crate) fn row(
    session: &Session<'_>,
    object: &Object,
    id: &str,
) -> Result<Option<StoredRow>, StoreError> {
    Ok(rows(session, object, &Pick::Ids(vec![id.to_owned()]))?.into_iter().next())
}

fn is_picked(row: &Map<String, Value>, pick: &Pick) -> bool {
    match pick {
        Pick::All | Pick::Since(_) => true,
        Pick::Ids(ids) => ids.contains(&row_id(row)),
        Pick::Key(field, values) => {
            let value = row.get(field).and_then(Value::as_str).unwrap_or_default();
            values.iter().any(|one| one.eq_ignore_ascii_case(value))
        }
    }
}

fn of_object(set: &Set, number: i64, object: &Object, write: bool) -> Map<String, Value> {
    fields([
        ("Id", json!(ids::make("110", number))),
        ("ParentId", json!(set.id)),
        ("SobjectType", json!(object.name)),
        ("PermissionsRead", json!(true)),
        ("PermissionsCreate", json!(write)),
        ("PermissionsEdit", json!(write)),
        ("PermissionsDelete", json!(write)),
        ("PermissionsViewAllRecords", json!(false)),
        ("PermissionsModifyAllRecords", json!(false)),
    ])
}

fn of_field(
    set: &Set,
    number: i64,
    object: &Object,
    field: &Field,
    edit: bool,
) -> Map<String, Value> {
    fields([
        ("Id", json!(ids::make("01k", number))),
        ("ParentId", json!(set.id)),
        ("SobjectType", json!(object.name)),
        ("Field", json!(format!("{}.{}", object.name, field.name))),
        ("PermissionsRead", json!(true)),
        ("PermissionsEdit", json!(edit)),
    ])
}

fn fields<const N: usize>(all: [(&str, Value); N]) -> Map<String, Value> {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The number of a row: each set has a million.
fn number(set: usize, inside: usize) -> i64 {
    i64::try_from(set * 1_000_000 + inside + 1).unwrap_or(i64::MAX)
}

/// The sets of profiles, then those of users who may more than their profile says.
fn sets(session: &Session<'_>) -> Result<Vec<Set>, StoreError> {
    let orgs = session.home.orgs.now();
    let text = |row: &Map<String, Value>, name: &str| {
        row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut of_profile: BTreeMap<String, Vec<(String, String, Rights)>> = BTreeMap::new();
    for user in session.tx.rows("User", &Pick::All)?.into_iter().filter(|user| !user.deleted) {
        let (id, alias) = (row_id(&user.body), text(&user.body, "Alias"));
        let given = text(&user.body, "ProfileId");
        let profile = if given.is_empty() { STANDARD_PROFILE.to_owned() } else { given };
        let rights = rights(session.whole, orgs.seen_by(&alias));
        of_profile.entry(profile).or_default().push((id, alias, rights));
    }
    let (mut sets, mut own) = (Vec::new(), Vec::new());
    for (profile, users) in of_profile {
        let common = common(users.iter().map(|(_, _, rights)| rights));
        for (user, alias, rights) in &users {
            let more: Rights = rights
                .iter()
                .filter(|(what, write)| common.get(what).is_none_or(|known| **write && !*known))
                .map(|(what, write)| (*what, *write))
                .collect();
            if !more.is_empty() {
                own.push((user.clone(), alias.clone(), more));
            }
        }
        let named = session.tx.row("Profile", &profile)?;
        let label = named.map(|row| text(&row.body, "Name")).unwrap_or_default();
        sets.push(Set {
            id: String::new(),
            name: format!("X{profile}"),
            label,
            profile: Some(profile),
            rights: common,
            users: users.into_iter().map(|(user, _, _)| user).collect(),
        });
    }
    sets.extend(own.into_iter().map(|(user, alias, rights)| Set {
        id: String::new(),
        name: format!("More_for_{alias}"),
        label: format!("More for {alias}"),
        profile: None,
        rights,
        users: vec![user],
    }));
    for (number, set) in (1_i64..).zip(&mut sets) {
        set.id = ids::make("0PS", number);
    }
    Ok(sets)
}

/// What all of these may.
fn common<'r>(mut all: impl Iterator<Item = &'r Rights>) -> Rights {
    let mut common = all.next().cloned().unwrap_or_default();
    for rights in all {
        common.retain(|what, _| rights.contains_key(what));
        for (what, write) in &mut common {
            *write &= rights.get(what).copied().unwrap_or_default();
        }
    }
    common
}

/// What somebody may who sees the organisation so.
fn rights(whole: &Org, seen: &Org) -> Rights {
    let mut rights = Rights::new();
    for (at, object) in whole.objects.iter().enumerate() {
        let Some(own) = seen.named(&object.name) else { continue };
        if !object.writable || WITHOUT_RIGHTS.contains(&object.name.as_str()) {
            continue;
        }
        rights.insert((at, None), own.writable);
        // An address has one right for all its parts.
        let (mut hidden, mut locked) = (BTreeSet::new(), BTreeSet::new());
        for part in &object.fields {
            let Some(address) = object.compound_of(&part.name) else { continue };
            match own.field(&part.name) {
                None => _ = hidden.insert(address),
                Some(seen) if seen.access != part.access => _ = locked.insert(address),
                Some(_) => {}
            }
        }
        for (inside, field) in object.fields.iter().enumerate() {
            let is_part = object.compound_of(&field.name).is_some();
            if is_part || !is_permissionable(object, field) {
                continue;
            }
            let Some(seen) = own.field(&field.name) else { continue };
            if hidden.contains(field.name.as_str()) {
                continue;
            }
            let is_address = matches!(field.kind, Kind::Address);
            let write = if is_address {
                own.writable && !locked.contains(field.name.as_str())
            } else {
                own.writable && (seen.access.on_create() || seen.access.on_update())
            };
            rights.insert((at, Some(inside)), write);
        }
    }
    rights
}
