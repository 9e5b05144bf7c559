//! What a certain seller may not see or edit of what the maps need.
//!
//! In: a client, a user, what the maps use, objects as the org describes them. Out: checks. Must not know:
//! what is written. Rights only add up: those of the profile, of permission sets, and of groups of them.

use std::collections::{BTreeMap, BTreeSet};

use connect::salesforce::{Equality, Filter, Row, Select};
use connect::{Error, RecordId, Salesforce};
use mapping::plan::Uses;
use serde_json::Value;

use super::{Check, failed};

/// Objects that take their rights from the deal.
const OF_THE_DEAL: [&str; 2] = ["OpportunityContactRole", "OpportunityTeamMember"];

/// What the maps need of the objects that sellers work on.
#[derive(Debug, Default)]
pub(super) struct Needed {
    /// By object, by field: whether people fill it in.
    fields: BTreeMap<String, BTreeMap<String, bool>>,
    /// Objects whose records are the deals, or stand in a list of them: people change those.
    own: BTreeSet<String>,
}

/// What a user may do with each object or field that has a right of its own: read, or edit too.
type Rights = BTreeMap<String, bool>;

impl Needed {
    /// Adds what a map uses; `root` is the object of its deals.
    pub(super) fn add(&mut self, root: &str, uses: &Uses) {
        for (object, used) in uses.iter().filter(|(name, _)| !OF_THE_DEAL.contains(&name.as_str()))
        {
            if object == root || object.ends_with("__c") {
                self.own.insert(object.clone());
            }
            let fields = self.fields.entry(object.clone()).or_default();
            for (name, with) in &used.fields {
                *fields.entry(name.clone()).or_default() |= with.told;
            }
        }
    }

    /// Only those that rights are given to, as rights call them. `files` are describes.
    fn with_rights(&self, files: &[(String, String)]) -> BTreeMap<String, BTreeMap<String, bool>> {
        let mut found = BTreeMap::new();
        for (_, text) in files {
            let Ok(described) = serde_json::from_str::<Value>(text) else { continue };
            let object = described.get("name").and_then(Value::as_str).unwrap_or_default();
            let Some(wanted) = self.fields.get(object) else { continue };
            let mut named = BTreeMap::new();
            let known = described.get("fields").and_then(Value::as_array);
            for field in known.into_iter().flatten() {
                let text = |name: &str| field.get(name).and_then(Value::as_str);
                let name = text("name").unwrap_or_default();
                let Some(told) = wanted.get(name) else { continue };
                // An address has one right; a name, and what everybody sees, has none.
                let whole = text("compoundFieldName").filter(|whole| *whole != "Name");
                let is_given = field.get("permissionable").and_then(Value::as_bool) == Some(true);
                if is_given || whole.is_some() {
                    *named.entry(whole.unwrap_or(name).to_owned()).or_default() |= *told;
                }
            }
            found.insert(object.to_owned(), named);
        }
        found
    }
}

/// All of them.
pub(super) async fn look(
    org: &Salesforce,
    seller: &str,
    needed: &Needed,
    files: &[(String, String)],
) -> Vec<Check> {
    let user = match find(org, seller).await {
        Ok(Some(user)) => user,
        Ok(None) => {
            let to_do =
                "give the user name, as in Setup, Users; or the alias, the address, or the id";
            return vec![Check::wrong("seller", format!("there is no one user `{seller}`"), to_do)];
        }
        Err(error) => return vec![failed("seller", &error)],
    };
    let mut checks = vec![known(&user)];
    let wanted = needed.with_rights(files);
    let objects = asked(&wanted.keys().map(String::as_str).collect::<Vec<_>>());
    let of_user = format!(
        "SobjectType IN ({objects}) AND ParentId IN (SELECT PermissionSetId FROM PermissionSetAssignment \
         WHERE AssigneeId = '{}')",
        user.id
    );
    let rights = async |columns: &str, name: &str| {
        let soql = format!("SELECT {columns} WHERE {of_user}");
        Ok::<Rights, Error>(added_up(&org.query(&soql).await?, name))
    };
    let of_objects = "SobjectType, PermissionsRead, PermissionsEdit FROM ObjectPermissions";
    let of_fields = "Field, PermissionsRead, PermissionsEdit FROM FieldPermissions";
    let (objects, fields) =
        match (rights(of_objects, "SobjectType").await, rights(of_fields, "Field").await) {
            (Ok(objects), Ok(fields)) => (objects, fields),
            (Err(error), _) | (_, Err(error)) => {
                checks.push(unreadable(&error));
                return checks;
            }
        };
    checks.push(objects_of(&wanted, &needed.own, &objects));
    checks.push(fields_of(&wanted, &needed.own, &objects, &fields));
    checks
}

/// The one user of a name.
async fn find(org: &Salesforce, seller: &str) -> Result<Option<Row>, Error> {
    let fields = ["Name", "IsActive", "Profile.Name"].map(str::to_owned).to_vec();
    let select = Select { fields, ..Select::default() };
    let by_id = RecordId::parse(seller).ok().filter(|id| id.as_str().starts_with("005"));
    let filters = match by_id {
        Some(id) => vec![Filter::Id(id)],
        None => ["Username", "Alias", "Email"]
            .map(|field| Filter::Equal(vec![Equality::new(field, seller)]))
            .to_vec(),
    };
    for filter in filters {
        let mut found = org.select("User", &select, &filter).await?;
        if let (Some(user), true) = (found.pop(), found.is_empty()) {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// Who was found.
fn known(user: &Row) -> Check {
    let body: Value = serde_json::from_str(&user.body).unwrap_or_default();
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or("?").to_owned();
    let said = format!("{} ({}), profile {}", text("/Name"), user.id, text("/Profile/Name"));
    if body.get("IsActive").and_then(Value::as_bool) == Some(false) {
        return Check::note(
            "seller",
            format!("{said}: not active"),
            "look at a user who is active",
        );
    }
    Check::fine("seller", said)
}

fn unreadable(error: &Error) -> Check {
    match error {
        Error::Refused { why, .. } => Check::wrong(
            "seller-objects",
            format!("the sync user may not read who has which rights: {why}"),
            "give it the right View Setup and Configuration for this look; the service does not need it",
        ),
        error => failed("seller-objects", error),
    }
}

fn asked(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// The rights of several sets together.
fn added_up(rows: &[String], name: &str) -> Rights {
    let mut rights = Rights::new();
    for row in rows.iter().filter_map(|row| serde_json::from_str::<Value>(row).ok()) {
        let may = |what: &str| row.get(what).and_then(Value::as_bool) == Some(true);
        if let (Some(of), true) = (row.get(name).and_then(Value::as_str), may("PermissionsRead")) {
            *rights.entry(of.to_owned()).or_default() |= may("PermissionsEdit");
        }
    }
    rights
}

const TO_DO: &str = "assign the permission set `Cosell_Seller` of `cosell salesforce package`, or give the rights in a \
                     permission set of your own: Setup, Users, Permission Set Assignments";

/// What is lacking: nothing, what is not seen, or what is seen and cannot be edited.
fn lacking(hidden: &[String], locked: &[String]) -> Option<String> {
    let part = |names: &[String], words: &str| {
        (!names.is_empty()).then(|| format!("{words} {}", names.join(", ")))
    };
    let parts = [part(hidden, "does not see"), part(locked, "may not edit")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("the seller {}", parts.join("; ")))
}

fn objects_of(
    wanted: &BTreeMap<String, BTreeMap<String, bool>>,
    own: &BTreeSet<String>,
    rights: &Rights,
) -> Check {
    let id = "seller-objects";
    let (mut hidden, mut locked) = (Vec::new(), Vec::new());
    for object in wanted.keys() {
        match rights.get(object) {
            None => hidden.push(object.clone()),
            Some(false) if own.contains(object) => locked.push(object.clone()),
            Some(_) => {}
        }
    }
    match lacking(&hidden, &locked) {
        Some(said) => Check::wrong(
            id,
            format!("{said}; a list of such records is not on the page then"),
            TO_DO,
        ),
        None => Check::fine(
            id,
            "the seller sees the objects of the maps, and may work on deals and their lists",
        ),
    }
}

fn fields_of(
    wanted: &BTreeMap<String, BTreeMap<String, bool>>,
    own: &BTreeSet<String>,
    objects: &Rights,
    rights: &Rights,
) -> Check {
    let id = "seller-fields";
    let (mut hidden, mut locked) = (Vec::new(), Vec::new());
    // An object that is not seen was told; its fields are not told one by one.
    for (object, fields) in wanted.iter().filter(|(object, _)| objects.contains_key(*object)) {
        for (field, told) in fields {
            let name = format!("{object}.{field}");
            match rights.get(&name) {
                None => hidden.push(name),
                Some(false) if *told && own.contains(object) => locked.push(name),
                Some(_) => {}
            }
        }
    }
    match lacking(&hidden, &locked) {
        Some(said) => Check::wrong(id, said, TO_DO),
        None => Check::fine(
            id,
            "the seller sees each field of the maps, and may edit what people fill in",
        ),
    }
}
