//! Builds one field from its YAML entry: settings in, a checked field with its defaults out.
//!
//! Must not know: objects, other fields, files.

use super::form::{Complaints, Cursor, Entry, Form, did_you_mean};
use super::kind::{Access, Kind, System};
use super::model::{Field, PickValue};
use super::read::Node;

pub(super) const SETTINGS: [&str; 24] = [
    "type",
    "label",
    "length",
    "precision",
    "scale",
    "values",
    "restricted",
    "required",
    "nullable",
    "access",
    "until_shared",
    "clearable",
    "one_way",
    "consent",
    "opt_in",
    "apart",
    "to",
    "relationship",
    "through",
    "external_id",
    "unique",
    "patch",
    "fields",
    "key",
];

const ACCESS: [&str; 4] = ["read", "create", "update", "write"];

/// What a field takes over from where it stands.
#[derive(Debug, Clone)]
pub(super) struct Around {
    /// Whose schema it is.
    pub(super) system: System,
    /// The JSON pointer of the group it stands in: `/details`.
    pub(super) pointer: String,
    /// False inside something that cannot be given at create.
    pub(super) create: bool,
    /// True inside a list that a PATCH replaces whole.
    pub(super) replaced: bool,
    /// True inside something that is locked once the referral is shared.
    pub(super) until_shared: bool,
}

impl Around {
    /// The top of an object.
    pub(super) fn object(system: System) -> Around {
        Around {
            system,
            pointer: String::new(),
            create: true,
            replaced: false,
            until_shared: false,
        }
    }
}

/// The fields of a mapping of fields, with their entries.
pub(super) fn fields<'n>(
    cursor: &Cursor<'n>,
    around: &Around,
    out: &mut Complaints,
) -> Vec<(Field, Entry<'n>)> {
    let entries = cursor.entries("`fields`", out);
    entries.into_iter().map(|entry| (field(&entry, around, out), entry)).collect()
}

/// One field.
fn field(entry: &Entry<'_>, around: &Around, out: &mut Complaints) -> Field {
    let what = format!("field `{}`", entry.name);
    let form = Form::read(&entry.value, &what, &SETTINGS, out);
    let kind = kind(entry, &form, out);
    let mut field = Field::new(entry.name, kind.unwrap_or(Kind::Text));
    if let Some(label) = form.text("label", out) {
        label.clone_into(&mut field.label);
    }
    field.length = form.number("length", (1, 10_000_000), out);
    field.precision = form.number("precision", (1, 38), out);
    field.scale = form.number("scale", (0, 38), out);
    field.values = values(&form, out);
    field.restricted = form.flag("restricted", out).unwrap_or(!field.values.is_empty());
    field.required = form.flag("required", out).unwrap_or(false);
    field.one_way = form.flag("one_way", out);
    field.consent = form.flag("consent", out).unwrap_or(false);
    field.opt_in = form.flag("opt_in", out).unwrap_or(false);
    field.apart = form.flag("apart", out).unwrap_or(false);
    field.external_id = form.flag("external_id", out).unwrap_or(false);
    field.unique = form.flag("unique", out).unwrap_or(false);
    field.reference_to = form.text("to", out).map(str::to_owned);
    field.relationship = form.text("relationship", out).map(str::to_owned);
    field.through = through(&form, out);
    let inside = access(&mut field, &form, around, out);
    field.until_shared =
        form.flag("until_shared", out).unwrap_or(around.until_shared && field.update);
    field.clearable =
        form.flag("clearable", out).unwrap_or_else(|| clearable_by_default(&field, around.system));
    field.nullable =
        form.flag("nullable", out).unwrap_or_else(|| nullable_by_default(&field, around.system));
    if let Some(members) = form.entry("fields") {
        let inside = Around { until_shared: field.until_shared, ..inside };
        let members = fields(&members.value, &inside, out);
        field.fields = members.into_iter().map(|(member, _)| member).collect();
    }
    field.key = form.text("key", out).map(str::to_owned);
    if kind.is_some() {
        fits_kind(&field, entry, &form, out);
    }
    fits_itself(&field, &form, out);
    field
}

fn kind(entry: &Entry<'_>, form: &Form<'_>, out: &mut Complaints) -> Option<Kind> {
    if form.entry("type").is_none() {
        if matches!(entry.value.node, Node::Map(_)) {
            let message = format!("field `{}` has no `type`", entry.name);
            out.add(&entry.at, message, "add one, such as `type: text`");
        }
        return None;
    }
    let names = Kind::ALL.map(Kind::name);
    form.word("type", &names, out).and_then(Kind::parse)
}

fn values(form: &Form<'_>, out: &mut Complaints) -> Vec<PickValue> {
    let Some(entry) = form.entry("values") else { return Vec::new() };
    let mut values: Vec<PickValue> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for item in entry.value.items("`values`", out) {
        let value = if matches!(item.node, Node::Map(_)) {
            let form = Form::read(&item, "a value", &["value", "label", "active"], out);
            let Some(value) = form.text("value", out) else {
                if form.entry("value").is_none() {
                    out.add(&item, "a value has no `value`".into(), "add `value: \"…\"`");
                }
                continue;
            };
            PickValue {
                value: value.into(),
                label: form.text("label", out).unwrap_or(value).into(),
                active: form.flag("active", out).unwrap_or(true),
            }
        } else {
            let Some(value) = item.text("`values`", out) else { continue };
            PickValue { value: value.into(), label: value.into(), active: true }
        };
        if seen.insert(value.value.clone()) {
            values.push(value);
        } else {
            let message = format!("`values`: `{}` stands twice", value.value);
            out.add(&item, message, "remove one of the two");
        }
    }
    values
}

fn through(form: &Form<'_>, out: &mut Complaints) -> Access {
    match form.word("through", &["read", "create", "write"], out) {
        Some("create") => Access::Create,
        Some("write") => Access::Always,
        Some(_) | None => Access::Never,
    }
}

/// Sets `create`, `update` and `patch`, and says what its members take over.
fn access(field: &mut Field, form: &Form<'_>, around: &Around, out: &mut Complaints) -> Around {
    let own = form.word("access", &ACCESS, out);
    field.patch = form.text("patch", out).map(str::to_owned);
    let pointer = format!("{}/{}", around.pointer, field.name);
    let admitted = match around.system {
        System::Salesforce => true,
        System::PartnerCenter => field.patch.is_some() || around.replaced,
    };
    field.create = around.create && !matches!(own, Some("read" | "update"));
    field.update = admitted && !matches!(own, Some("read" | "create"));
    if let (Some(patch), Some(entry)) = (&field.patch, form.entry("patch")) {
        if around.system == System::Salesforce {
            let message = "`patch` is for partner_center; salesforce has no JSON Patch".into();
            out.add(&entry.value, message, "remove it");
        } else if *patch != pointer {
            let message = format!("`patch`: expected the field's own place, found `{patch}`");
            out.add(&entry.value, message, format!("write `patch: {pointer}`"));
        } else if !field.update {
            let message = "`patch` on a field that cannot be updated".into();
            out.add(&entry.value, message, "remove `patch`, or the `access` beside it");
        }
    } else if let (Some("update" | "write"), false, Some(entry)) =
        (own, admitted, form.entry("access"))
    {
        let message = "an update of partner_center needs a path that PATCH admits".into();
        out.add(&entry.value, message, format!("add `patch: {pointer}`"));
    }
    let of_list = if field.kind == Kind::List { "/0" } else { "" };
    Around {
        system: around.system,
        pointer: pointer + of_list,
        create: field.create,
        replaced: field.update && around.system == System::PartnerCenter,
        until_shared: false,
    }
}

fn clearable_by_default(field: &Field, system: System) -> bool {
    let can_be_blank =
        !field.required && !matches!(field.kind, Kind::Bool | Kind::Object | Kind::List);
    match system {
        System::Salesforce => field.update && can_be_blank,
        System::PartnerCenter => false,
    }
}

fn nullable_by_default(field: &Field, system: System) -> bool {
    match system {
        System::Salesforce => !(field.required || field.kind == Kind::Bool),
        System::PartnerCenter => true,
    }
}

/// Settings that mean nothing for the field's type.
fn fits_kind(field: &Field, entry: &Entry<'_>, form: &Form<'_>, out: &mut Complaints) {
    let kind = field.kind;
    let number = matches!(kind, Kind::Number | Kind::Percent);
    let rules = [
        ("length", kind.is_text()),
        ("precision", number),
        ("scale", number),
        ("values", kind.has_values()),
        ("restricted", kind.has_values()),
        ("to", kind == Kind::Reference),
        ("relationship", kind == Kind::Reference),
        ("through", kind == Kind::Reference),
        ("one_way", kind == Kind::Bool),
        ("consent", kind == Kind::Bool),
        ("opt_in", kind == Kind::Bool),
        ("apart", kind == Kind::Object),
        ("fields", matches!(kind, Kind::Object | Kind::List)),
        ("key", kind == Kind::List),
    ];
    for (name, fits) in rules {
        if let (false, Some(entry)) = (fits, form.entry(name)) {
            let message = format!("`{name}` means nothing for the type `{}`", kind.name());
            out.add(&entry.at, message, "remove it, or correct the `type`");
        }
    }
    let missing = match kind {
        Kind::Reference => Some("to"),
        Kind::Object => Some("fields"),
        Kind::Text
        | Kind::LongText
        | Kind::Number
        | Kind::Bool
        | Kind::Date
        | Kind::DateTime
        | Kind::Id
        | Kind::Enum
        | Kind::MultiEnum
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Country
        | Kind::Currency
        | Kind::Percent
        | Kind::List => None,
    };
    if let Some(name) = missing.filter(|name| form.entry(name).is_none()) {
        let message = format!("field `{}` is {} and has no `{name}`", field.name, kind.phrase());
        out.add(&entry.at, message, format!("add `{name}`"));
    }
}

/// Settings that contradict each other.
fn fits_itself(field: &Field, form: &Form<'_>, out: &mut Complaints) {
    if let (Some(precision), Some(scale), Some(entry)) =
        (field.precision, field.scale, form.entry("scale"))
        && scale > precision
    {
        let message = format!("`scale` {scale} is more than `precision` {precision}");
        out.add(
            &entry.value,
            message,
            "`precision` counts all digits, `scale` those behind the point",
        );
    }
    let contradictions = [
        ("restricted", field.restricted && field.values.is_empty(), "add `values`, or remove it"),
        ("required", field.required && !field.create, "it cannot be given at create: remove one"),
        ("until_shared", field.until_shared && !field.update, "it is never updated: remove it"),
        ("clearable", field.clearable && !field.update, "it is never updated: remove it"),
    ];
    for (name, wrong, help) in contradictions {
        if let (true, Some(entry)) = (wrong, form.entry(name)) {
            let message = format!("`{name}` contradicts the other settings of `{}`", field.name);
            out.add(&entry.at, message, help);
        }
    }
    if let (Some(key), Some(entry)) = (&field.key, form.entry("key"))
        && field.member(key).is_none()
    {
        let members: Vec<&str> = field.fields.iter().map(|member| member.name.as_str()).collect();
        let message = format!("`key`: the elements have no member `{key}`");
        out.add(&entry.value, message, did_you_mean(key, &members));
    }
}
