//! Recognises what an org calls otherwise than the maps that we ship.
//!
//! In: what a map uses, our schemas, the org's. Out: names that belong together, names that are
//! lacking, names of which several may be meant. Must not know: files, the text of maps.
//!
//! Microsoft's instructions printed the same fields in several spellings, its package put a namespace
//! before them, and people typed them by hand. A field is taken for another one by its name without
//! what differs in these, by its label, or by a slip of a letter or two, and only when it holds the
//! same kind of value and nothing else fits as well.

use std::collections::{BTreeMap, BTreeSet};

use mapping::plan::{ObjectUse, Uses};
use mapping::rename::{Lacking, Renames};
use mapping::schema::{Child, Field, Kind, Object, Schemas, System};

/// Other names under which a field is known, without what `plain` takes away.
const KNOWN_AS: [(&str, &[&str]); 13] = [
    ("Referral_Identifier__c", &["referralid", "partnercenterreferralid", "referralidentifer"]),
    ("Referral_Link__c", &["referralurl", "partnercenterlink"]),
    ("Sync_with_Partner_Center__c", &["synctopartnercenter", "syncwithmicrosoftpartnercenter"]),
    (
        "How_can_Microsoft_help__c",
        &["howcanmicrosofthelpyou", "microsofthelp", "helpfrommicrosoft"],
    ),
    ("Audit__c", &["partnercenteraudit", "referralaudit", "microsoftaudit"]),
    (
        "Visible_to_Microsoft__c",
        &[
            "microsoftpartnercenterreferralvisibility",
            "partnercenterreferralvisibility",
            "referralvisibility",
        ],
    ),
    ("Microsoft_CRM_Identifier__c", &["microsoftcrmid", "mscrmidentifier", "crmidentifier"]),
    ("Customer_Consent__c", &["consent", "customerconsented"]),
    ("Campaign_Code__c", &["campaignid", "microsoftcampaign"]),
    ("Marketplace_Intent__c", &["customermarketplaceintent", "marketplacepurchaseintent"]),
    ("Solution_Identifier__c", &["solutionid", "microsoftsolutionid"]),
    ("Type__c", &["solutiontype"]),
    ("Publisher__c", &["publishername", "solutionpublisher", "solutionpublishername"]),
];

/// Shorter names are never taken for a slip of one another.
const LONG: usize = 10;
/// As many letters may be wrong in a long name.
const SLIPS: usize = 2;

/// What an org has of what a map uses.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) renames: Renames,
    pub(super) lacking: Lacking,
    /// What several fields of the org may be: the name, and these fields.
    pub(super) unclear: Vec<(String, Vec<String>)>,
    /// Fields of the org that are meant by their name and hold another kind of value.
    pub(super) misfits: Vec<Misfit>,
    /// By object of ours, what the org calls it.
    pub(super) objects: BTreeMap<String, String>,
}

/// A field that is lacking, and one of the org that is called so and cannot hold what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) ours: String,
    pub(super) wanted: Kind,
    pub(super) theirs: String,
    pub(super) found: Kind,
}

impl Misfit {
    /// `PartnerRole__c is there and is a number, Partner_Role__c is a text`.
    pub(super) fn told(&self) -> String {
        let Misfit { ours, wanted, theirs, found } = self;
        format!("{theirs} is there and is {}, {ours} is {}", found.phrase(), wanted.phrase())
    }
}

/// Compares what `uses` says with the org. `ours` are the schemas that the map was compiled with.
pub(super) fn find(root: &str, uses: &Uses, ours: &Schemas, org: &Schemas) -> Found {
    let mut found = Found::default();
    let (Some(own), Some(used)) = (ours.object(System::Salesforce, root), uses.get(root)) else {
        return found;
    };
    let Some(theirs) = org.object(System::Salesforce, root).filter(|o| o.org.is_some()) else {
        return found;
    };
    let (names, lacking) = fields(own, used, theirs, &mut found.unclear);
    found.misfits.extend(misfits(own, theirs, &names, &lacking));
    found.renames.own = names;
    found.lacking.own = lacking;
    for list in own.children.iter().filter(|list| uses.contains_key(&list.object)) {
        if is_custom(&list.object) {
            child(list, uses, (ours, org), theirs, &mut found);
        }
    }
    found
}

/// A list of custom child records.
fn child(
    list: &Child,
    uses: &Uses,
    (ours, org): (&Schemas, &Schemas),
    parent: &Object,
    found: &mut Found,
) {
    let Some(theirs) = list_of(list, ours, org, parent) else {
        found.lacking.own.insert(list.relationship.clone());
        return;
    };
    if theirs.relationship != list.relationship {
        found.renames.own.insert(list.relationship.clone(), theirs.relationship.clone());
    }
    let objects = (
        ours.object(System::Salesforce, &list.object),
        org.object(System::Salesforce, &theirs.object),
    );
    let (Some(own), Some(known)) = objects else { return };
    if own.name != known.name {
        found.objects.insert(own.name.clone(), known.name.clone());
    }
    let Some(used) = uses.get(&list.object) else { return };
    let (names, lacking) = fields(own, used, known, &mut found.unclear);
    // What leads to the parent is never named in a map.
    let lacking: BTreeSet<String> =
        lacking.into_iter().filter(|name| *name != list.field).collect();
    let names: Names = names.into_iter().filter(|(name, _)| *name != list.field).collect();
    found.misfits.extend(misfits(own, known, &names, &lacking));
    found.renames.lists.insert(list.relationship.clone(), names);
    found.lacking.lists.insert(list.relationship.clone(), lacking);
}

/// The org's list that is meant: of the same name, of a name that means the same, or the only one of
/// custom records about solutions.
fn list_of<'o>(
    list: &Child,
    ours: &Schemas,
    org: &Schemas,
    parent: &'o Object,
) -> Option<&'o Child> {
    if let Some(same) = parent.child(&list.relationship) {
        return Some(same);
    }
    let custom = || parent.children.iter().filter(|child| is_custom(&child.object));
    let label = |schemas: &Schemas, object: &str| {
        let object = schemas.object(System::Salesforce, object)?;
        Some(folded(&object.label))
    };
    let (by_list, by_object) = (plain(&list.relationship), plain(&list.object));
    let own_label = label(ours, &list.object);
    let mut alike = custom().filter(|child| {
        plain(&child.relationship) == by_list
            || plain(&child.object) == by_object
            || own_label.is_some() && label(org, &child.object) == own_label
    });
    if let (Some(one), None) = (alike.next(), alike.next()) {
        return Some(one);
    }
    let mut about = custom().filter(|child| {
        let name = format!("{} {}", plain(&child.object), plain(&child.relationship));
        name.contains("solution") && (name.contains("microsoft") || name.contains("partnercenter"))
    });
    match (about.next(), about.next()) {
        (Some(one), None) => Some(one),
        (_, _) => None,
    }
}

type Names = BTreeMap<String, String>;

/// The custom fields of an object: those that are called otherwise, and those that are lacking.
fn fields(
    own: &Object,
    used: &ObjectUse,
    theirs: &Object,
    unclear: &mut Vec<(String, Vec<String>)>,
) -> (Names, BTreeSet<String>) {
    let wanted = own.fields.iter().filter(|field| is_custom(&field.name));
    let wanted = wanted.filter(|field| used.fields.contains_key(&field.name));
    let (there, gone): (Vec<&Field>, Vec<&Field>) =
        wanted.partition(|field| theirs.field(&field.name).is_some());
    let taken: BTreeSet<&str> = there.iter().map(|field| field.name.as_str()).collect();
    let open: Vec<&Field> = theirs
        .fields
        .iter()
        .filter(|field| is_custom(&field.name) && !taken.contains(field.name.as_str()))
        .collect();
    let mut names = Names::new();
    let mut lacking: BTreeSet<String> = gone.iter().map(|field| field.name.clone()).collect();
    // A slip is looked for only among what nothing else is.
    for way in [Way::Name, Way::KnownAs, Way::Label, Way::Slip] {
        let free = |names: &Names, other: &&Field| !names.values().any(|name| *name == other.name);
        for field in gone.iter().copied() {
            if !lacking.contains(&field.name) {
                continue;
            }
            let fits: Vec<&Field> = open
                .iter()
                .copied()
                .filter(|other| free(&names, other) && holds(field, other))
                .filter(|other| way.fits(field, other))
                .collect();
            match fits.as_slice() {
                [] => {}
                [one] => {
                    names.insert(field.name.clone(), one.name.clone());
                    lacking.remove(&field.name);
                }
                several => {
                    let name = format!("{}.{}", own.name, field.name);
                    if !unclear.iter().any(|(known, _)| *known == name) {
                        let several = several.iter().map(|field| field.name.clone()).collect();
                        unclear.push((name, several));
                    }
                }
            }
        }
    }
    (names, lacking)
}

/// What of the org would be a field that is lacking, if it held the same kind of value.
fn misfits(
    own: &Object,
    theirs: &Object,
    names: &Names,
    lacking: &BTreeSet<String>,
) -> Vec<Misfit> {
    let gone = own.fields.iter().filter(|field| lacking.contains(&field.name));
    let is_free = |other: &&Field| {
        is_custom(&other.name)
            && own.field(&other.name).is_none()
            && !names.values().any(|name| *name == other.name)
    };
    let one = |field: &Field| {
        let mut others = theirs.fields.iter().filter(is_free).filter(|other| !holds(field, other));
        let meant = others.find(|other| {
            [Way::Name, Way::KnownAs, Way::Label].iter().any(|way| way.fits(field, other))
        })?;
        Some(Misfit {
            ours: field.name.clone(),
            wanted: field.kind,
            theirs: meant.name.clone(),
            found: meant.kind,
        })
    };
    gone.filter_map(one).collect()
}

/// How two fields can be the same one, the strictest first.
#[derive(Debug, Clone, Copy)]
enum Way {
    Name,
    KnownAs,
    Label,
    Slip,
}

impl Way {
    fn fits(self, field: &Field, other: &Field) -> bool {
        let (name, theirs) = (plain(&field.name), plain(&other.name));
        match self {
            Way::Name => name == theirs,
            Way::KnownAs => {
                let known = KNOWN_AS.iter().find(|(known, _)| *known == field.name);
                known.is_some_and(|(_, names)| names.contains(&theirs.as_str()))
            }
            Way::Label => folded(&field.label) == folded(&other.label),
            Way::Slip => {
                name.len() >= LONG && theirs.len() >= LONG && edits(&name, &theirs) <= SLIPS
            }
        }
    }
}

/// Letters to put in, take out or replace between two words.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        for ((y, over), before) in b.iter().zip(above.iter().skip(1)).zip(&above) {
            let left = row.last().copied().unwrap_or_default();
            row.push((before + usize::from(x != *y)).min(left + 1).min(over + 1));
        }
        above = row;
    }
    above.last().copied().unwrap_or_default()
}

/// Whether a field can hold what the other one holds.
fn holds(field: &Field, other: &Field) -> bool {
    let texts = [Kind::Text, Kind::LongText, Kind::Url];
    let words = [Kind::Text, Kind::Enum];
    field.kind == other.kind
        || texts.contains(&field.kind) && texts.contains(&other.kind)
        || words.contains(&field.kind) && words.contains(&other.kind)
}

fn is_custom(name: &str) -> bool {
    name.ends_with("__c")
}

/// A name without what the spellings differ in: namespace, ending, case, everything but letters and
/// digits. `mspc__Sync_with-partner_Center_c__c` is `syncwithpartnercenter`.
fn plain(name: &str) -> String {
    let stem = name.strip_suffix("__c").or_else(|| name.strip_suffix("__r")).unwrap_or(name);
    let own = stem.rsplit_once("__").map_or(stem, |(_, own)| own);
    let own = own.strip_suffix("_c").unwrap_or(own);
    folded(own)
}

fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use mapping::plan::FieldUse;

    use super::*;

    #[test]
    fn the_printed_spellings_mean_the_same() {
        for name in [
            "Sync_with_Partner_Center__c",
            "sync_with_partner_center__c",
            "sync_with_partner_center_c__c",
            "mspc__Sync_With_Partner_Center__c",
            "SyncWithPartnerCenter__c",
        ] {
            assert_eq!(plain(name), "syncwithpartnercenter", "{name}");
        }
    }

    fn object(fields: Vec<Field>) -> Object {
        let mut object = Schemas::built_in().object(System::Salesforce, "User").unwrap().clone();
        object.fields = fields;
        object
    }

    /// What is made of fields of ours (all used) and of an org.
    fn compared(ours: Vec<Field>, theirs: Vec<Field>) -> (Names, BTreeSet<String>, usize) {
        let fields = ours.iter().map(|field| (field.name.clone(), FieldUse::default())).collect();
        let used = ObjectUse { fields, ..ObjectUse::default() };
        let mut unclear = Vec::new();
        let (names, lacking) = super::fields(&object(ours), &used, &object(theirs), &mut unclear);
        (names, lacking, unclear.len())
    }

    fn text(name: &str) -> Field {
        Field::new(name, Kind::Text)
    }

    #[test]
    fn a_slip_is_recognised_in_long_names_of_the_same_kind_only() {
        let flag = Field::new("Referral_Identifie__c", Kind::Bool);
        let ours = || vec![text("Referral_Identifier__c"), text("Audit__c")];
        let theirs = vec![flag, text("Referral_Identfier__c"), text("Audi__c")];
        let (names, lacking, _) = compared(ours(), theirs);
        assert_eq!(names["Referral_Identifier__c"], "Referral_Identfier__c");
        assert!(lacking.contains("Audit__c") && names.len() == 1);
        assert_eq!(edits("identfier", "identifier"), 1);
        assert_eq!(edits("solutionarea", "solutionplay"), 4);
    }

    #[test]
    fn two_that_fit_alike_are_not_chosen_from() {
        let theirs = vec![text("a__Referral_Identifier__c"), text("b__Referral_Identifier__c")];
        let (names, lacking, unclear) = compared(vec![text("Referral_Identifier__c")], theirs);
        assert!(names.is_empty() && lacking.len() == 1 && unclear == 1);
    }

    #[test]
    fn what_one_field_is_another_one_is_not() {
        let ours = vec![text("Referral_Link__c"), text("Referral_Linc__c")];
        let (names, lacking, _) = compared(ours, vec![text("x__Referral_Link__c")]);
        assert_eq!(names["Referral_Link__c"], "x__Referral_Link__c");
        assert!(lacking.contains("Referral_Linc__c"));
    }
}
