//! The pages that people see: a section for the fields, the list of solutions, notes.
//!
//! In: what the plans do with the fields, layouts that the org has. Out: layout files. Must not know:
//! maps, permission sets, folders.
//!
//! A layout file is the whole layout. Where the org's own layouts are known, section and lists are put
//! into them; otherwise a layout of its own is made, so that none is overwritten.

use std::collections::BTreeSet;

use mapping::plan::{ObjectUse, Uses};
use mapping::schema::{Field, Kind, Object, Schemas, System};

use super::fields::is_detail;
use super::xml::{Element, document, escaped, flag, fragment, group, text};
use super::{SourceFile, custom};

/// What the section is called.
pub(super) const SECTION: &str = "Microsoft Partner Center";

/// Fields below one another, each with whether it must be filled in.
type Column = &'static [(&'static str, bool)];

/// What stands on a layout of one's own above the section, for one object.
const BASICS: [(&str, Column, Column); 2] = [
    (
        "Opportunity",
        &[("Name", true), ("AccountId", false), ("Type", false), ("LeadSource", false)],
        &[("CloseDate", true), ("StageName", true), ("Amount", false), ("NextStep", false)],
    ),
    (
        "Lead",
        &[("Name", true), ("Company", true), ("Title", false), ("LeadSource", false)],
        &[("Status", true), ("Phone", false), ("Email", false), ("Address", false)],
    ),
];

/// A list of child records on a page.
struct Related {
    /// What the layout calls it, such as `Microsoft_Solution__c.Opportunity__c`.
    name: String,
    element: Element,
}

/// The pages of the objects that the maps are about, and of the objects below them.
pub(super) fn pages(
    uses: &Uses,
    roots: &BTreeSet<String>,
    new_objects: &BTreeSet<String>,
    schemas: &Schemas,
    layouts: &[SourceFile],
) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for name in roots {
        let Some(object) = schemas.object(System::Salesforce, name) else { continue };
        let Some(used) = uses.get(name) else { continue };
        let fields = shown(object, used);
        let lists = lists(object, uses, schemas);
        let own: Vec<&SourceFile> =
            layouts.iter().filter(|file| object_of(&file.path) == Some(name)).collect();
        if own.is_empty() {
            files.extend(fresh(object, &fields, &lists));
        }
        files.extend(own.into_iter().filter_map(|layout| added(layout, &fields, &lists)));
    }
    for name in new_objects {
        if let Some(object) = schemas.object(System::Salesforce, name)
            && let Some(used) = uses.get(name)
        {
            files.push(of_child(object, used));
        }
    }
    files
}

/// The object of `layouts/OBJECT-NAME.layout-meta.xml`.
fn object_of(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).next()?.split_once('-').map(|(object, _)| object)
}

/// The custom fields that maps use, with whether people fill them in: in the order in which we show them,
/// then those that we do not know, in the order of the org.
fn shown<'s>(object: &'s Object, used: &ObjectUse) -> Vec<(&'s Field, bool)> {
    let known = Schemas::built_in().object(System::Salesforce, &object.name);
    let place = |field: &Field| {
        let place = known.and_then(|known| known.fields.iter().position(|f| f.name == field.name));
        place.unwrap_or(usize::MAX)
    };
    let own = object.fields.iter().filter(|field| custom(&field.name) && !is_detail(field));
    let mut all: Vec<(&Field, bool)> =
        own.filter_map(|field| Some((field, used.fields.get(&field.name)?.told))).collect();
    all.sort_by_key(|(field, _)| place(field));
    all
}

fn item((name, behavior): (&str, &'static str)) -> Element {
    group("layoutItems", [text("behavior", behavior), text("field", name)])
}

/// Two columns; long texts stand in the second.
fn section(fields: &[(&Field, bool)]) -> Option<Element> {
    if fields.is_empty() {
        return None;
    }
    let is_long = |(field, _): &&(&Field, bool)| field.kind == Kind::LongText;
    let (long, short): (Vec<_>, Vec<_>) = fields.iter().partition(is_long);
    let half = (short.len() + long.len()).div_ceil(2).min(short.len());
    let (left, right) = short.split_at(half);
    let items = |fields: &[&(&Field, bool)]| -> Vec<Element> {
        let behavior = |told: bool| if told { "Edit" } else { "Readonly" };
        fields.iter().map(|(field, told)| item((&field.name, behavior(*told)))).collect()
    };
    let right: Vec<&(&Field, bool)> = right.iter().chain(&long).copied().collect();
    Some(whole_section(SECTION, items(left), items(&right)))
}

fn whole_section(label: &str, left: Vec<Element>, right: Vec<Element>) -> Element {
    group(
        "layoutSections",
        [
            flag("customLabel", true),
            flag("detailHeading", true),
            flag("editHeading", true),
            text("label", label),
            group("layoutColumns", left),
            group("layoutColumns", right),
            text("style", "TwoColumnsTopToBottom"),
        ],
    )
}

/// The lists of custom child records: their names and fields, by name; then the notes.
fn lists(object: &Object, uses: &Uses, schemas: &Schemas) -> Vec<Related> {
    let mut all = Vec::new();
    for child in object.children.iter().filter(|child| custom(&child.object)) {
        let Some(of) = schemas.object(System::Salesforce, &child.object) else { continue };
        let Some(used) = uses.get(&child.object) else { continue };
        let name = format!("{}.{}", child.object, child.field);
        let mut inside = vec![text("fields", "NAME")];
        inside.extend(shown(of, used).iter().map(|(field, _)| text("fields", &*field.name)));
        inside.extend([
            text("relatedList", &*name),
            text("sortField", "NAME"),
            text("sortOrder", "Asc"),
        ]);
        all.push(Related { name, element: group("relatedLists", inside) });
    }
    let notes = "RelatedContentNoteList".to_owned();
    let element = group("relatedLists", [text("relatedList", &*notes)]);
    all.push(Related { name: notes, element });
    all
}

/// A layout of its own. None: it is not known what its object must have on a page.
fn fresh(object: &Object, fields: &[(&Field, bool)], lists: &[Related]) -> Option<SourceFile> {
    let (_, left, right) = BASICS.iter().find(|(name, _, _)| *name == object.name)?;
    let items = |fields: &[(&str, bool)]| -> Vec<Element> {
        let behavior = |must: bool| if must { "Required" } else { "Edit" };
        fields.iter().map(|(name, must)| item((name, behavior(*must)))).collect()
    };
    let mut all = vec![whole_section(&object.label, items(left), items(right))];
    all.extend(section(fields));
    all.push(whole_section("Description", vec![item(("Description", "Edit"))], Vec::new()));
    all.extend(lists.iter().map(|list| list.element.clone()));
    let path = format!("layouts/{}-{SECTION}.layout-meta.xml", object.name);
    Some(SourceFile { path, text: document(&group("Layout", all)) })
}

/// The page of a new child object: Salesforce would make one without its fields.
fn of_child(object: &Object, used: &ObjectUse) -> SourceFile {
    let mut left = vec![item(("Name", "Required"))];
    let details = object.fields.iter().filter(|field| is_detail(field));
    left.extend(details.map(|field| item((&field.name, "Required"))));
    let fields = shown(object, used);
    let right = fields.iter().map(|(field, _)| item((&field.name, "Edit"))).collect();
    let label: String = object.label.chars().take(40).collect();
    let path = format!("layouts/{}-{label} Layout.layout-meta.xml", object.name);
    let all = group("Layout", [whole_section("Information", left, right)]);
    SourceFile { path, text: document(&all) }
}

/// A layout of the org with what it lacks of section and lists. None: it lacks nothing.
fn added(layout: &SourceFile, fields: &[(&Field, bool)], lists: &[Related]) -> Option<SourceFile> {
    let mut whole = layout.text.clone();
    let holds =
        |tag: &str, what: &str| layout.text.contains(&format!("<{tag}>{}</{tag}>", escaped(what)));
    let lacking: Vec<(&Field, bool)> =
        fields.iter().filter(|(field, _)| !holds("field", &field.name)).copied().collect();
    if let Some(section) = section(&lacking) {
        whole = behind(&whole, "layoutSections", &fragment(&[section], 1))?;
    }
    for list in lists.iter().filter(|list| !holds("relatedList", &list.name)) {
        let list = fragment(std::slice::from_ref(&list.element), 1);
        whole = behind(&whole, "relatedLists", &list)?;
    }
    (whole != layout.text).then(|| {
        let file = layout.path.rsplit(['/', '\\']).next().unwrap_or(&layout.path);
        SourceFile { path: format!("layouts/{file}"), text: whole }
    })
}

/// Puts a piece behind the last element of that name, or where the first one would have to be: equal
/// elements have to stand together.
fn behind(whole: &str, name: &str, piece: &str) -> Option<String> {
    let close = format!("</{name}>");
    let at = if let Some(at) = whole.rfind(&close) {
        let end = at + close.len();
        end + whole[end..].find('\n').map_or(0, |line| line + 1)
    } else {
        // What stands before it by the alphabet stays before it.
        let mut lines = whole.split_inclusive('\n').scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        });
        let later = |line: &str| {
            let tag = line.strip_prefix("    <").and_then(|rest| rest.split(['>', '/']).next());
            tag.is_some_and(|tag| !tag.is_empty() && tag > name)
        };
        match lines.find(|(_, line)| later(line)) {
            Some((at, _)) => at,
            None => whole.rfind("</Layout>")?,
        }
    };
    let (before, after) = whole.split_at(at);
    Some(format!("{before}{piece}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Layout xmlns=\"x\">\n    \
        <excludeButtons>Submit</excludeButtons>\n    <layoutSections>\n        \
        <layoutColumns>\n            <layoutItems>\n                <field>A__c</field>\n            \
        </layoutItems>\n        </layoutColumns>\n    </layoutSections>\n    \
        <showEmailCheckbox>false</showEmailCheckbox>\n</Layout>\n";

    fn names(text: &str) -> Vec<&str> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("    <"));
        lines.filter(|l| !l.starts_with([' ', '/'])).filter_map(|l| l.split('>').next()).collect()
    }

    #[test]
    fn what_a_layout_lacks_is_added_where_its_like_stands() {
        let (a, b) = (Field::new("A__c", Kind::Text), Field::new("B__c", Kind::Text));
        let list = Related {
            name: "S__c.O__c".into(),
            element: group("relatedLists", [text("relatedList", "S__c.O__c")]),
        };
        let layout =
            SourceFile { path: "Opportunity-Own.layout-meta.xml".into(), text: OWN.into() };
        let lists = [list];
        let more = added(&layout, &[(&a, true), (&b, false)], &lists).unwrap();
        assert_eq!(more.path, "layouts/Opportunity-Own.layout-meta.xml");
        let wanted = [
            "excludeButtons",
            "layoutSections",
            "layoutSections",
            "relatedLists",
            "showEmailCheckbox",
        ];
        assert_eq!(names(&more.text), wanted, "{}", more.text);
        assert_eq!(more.text.matches("<field>A__c</field>").count(), 1);
        assert!(more.text.contains("<behavior>Readonly</behavior>\n                <field>B__c<"));
        assert_eq!(added(&more, &[(&a, true), (&b, false)], &lists).map(|file| file.text), None);
    }

    #[test]
    fn a_layout_on_windows_lines_stays_whole() {
        let text = OWN.replace('\n', "\r\n");
        let layout = SourceFile { path: "Opportunity-Own.layout-meta.xml".into(), text };
        let b = Field::new("B__c", Kind::Text);
        let more = added(&layout, &[(&b, true)], &[]).unwrap();
        assert!(more.text.contains("</layoutSections>\r\n    <layoutSections>"), "{}", more.text);
    }
}
