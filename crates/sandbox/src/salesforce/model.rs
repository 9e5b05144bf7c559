//! What an organisation, an object and a field are. In come names in any case; out go the definitions that
//! describe, validation and queries share. It must not know rows, nor where the definitions come from.

/// What an address may be made of, as the ends of its parts' names.
pub(crate) const ADDRESS_PARTS: [&str; 10] = [
    "City",
    "Country",
    "CountryCode",
    "GeocodeAccuracy",
    "Latitude",
    "Longitude",
    "PostalCode",
    "State",
    "StateCode",
    "Street",
];

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    /// One line of text, trimmed, at most so many characters.
    Text(usize),
    /// Several lines of text.
    Area(usize),
    Phone(usize),
    Email(usize),
    Url(usize),
    Picklist {
        values: Vec<PickValue>,
        /// No other value is stored.
        restricted: bool,
        /// Several at once, with semicolons between them.
        several: bool,
    },
    Checkbox,
    /// A whole number of so many digits.
    Whole(u32),
    /// A decimal number of so many digits, some of them after the point.
    Number {
        face: Face,
        precision: u32,
        scale: u32,
    },
    Day,
    Moment,
    /// The fields together whose names begin as its own does: `BillingStreet` and so on of `BillingAddress`.
    Address,
    /// Bytes, kept as Base64; answers show the address that has them.
    Base64,
    Reference(Link),
}

/// One value of a picklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PickValue {
    pub(crate) value: String,
    pub(crate) label: String,
    /// Values that are not stay where they are stored, and are not taken any more.
    pub(crate) active: bool,
}

impl PickValue {
    /// An active value that is its own label.
    pub(crate) fn new(value: &str) -> Self {
        Self { value: value.to_owned(), label: value.to_owned(), active: true }
    }
}

/// How a decimal number is called in describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Currency,
    Percent,
    Plain,
}

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The objects it may lead to; the first is the one that dotted paths mean.
    pub(crate) to: Vec<String>,
    /// The parent's name in dotted paths.
    pub(crate) parent: String,
    /// The children's name in sub-selects, if they have one.
    pub(crate) children: Option<String>,
    pub(crate) on_delete: OnDelete,
}

impl Link {
    /// The object that dotted paths mean.
    pub(crate) fn target(&self) -> &str {
        self.to.first().map_or("", String::as_str)
    }

    /// Whether it may lead to an object of this name.
    pub(crate) fn leads_to(&self, object: &str) -> bool {
        self.to.iter().any(|to| to == object)
    }
}

/// What the deletion of a parent does to its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDelete {
    Cascade,
    Clear,
    Keep,
}

/// When a field can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    CreateOnly,
    UpdateOnly,
    ReadOnly,
}

impl Access {
    /// Whether a create may give it.
    pub(crate) fn on_create(self) -> bool {
        matches!(self, Self::Write | Self::CreateOnly)
    }

    /// Whether an update may give it.
    pub(crate) fn on_update(self) -> bool {
        matches!(self, Self::Write | Self::UpdateOnly)
    }
}

/// How the values of a field find rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    No,
    /// `idLookup`: upserts and parents by this field are allowed.
    Lookup,
    /// `externalId`, without regard to case.
    ExternalId,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of describe")]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    pub(crate) search: Search,
    /// No two rows may have the same value, without regard to case.
    pub(crate) unique: bool,
    /// Cannot be empty.
    pub(crate) required: bool,
    /// Salesforce fills it when a create leaves it out.
    pub(crate) defaulted: bool,
    pub(crate) names_the_row: bool,
    /// A formula or a roll-up.
    pub(crate) calculated: bool,
}

impl Field {
    /// A writable field that may be empty.
    pub(crate) fn new(name: &str, label: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            defaulted: matches!(kind, Kind::Checkbox),
            kind,
            access: Access::Write,
            search: Search::No,
            unique: false,
            required: false,
            names_the_row: false,
            calculated: false,
        }
    }

    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) fn defaulted(self) -> Self {
        Self { required: true, defaulted: true, ..self }
    }

    pub(crate) fn name_of_row(self) -> Self {
        Self { names_the_row: true, ..self }
    }

    pub(crate) fn read_only(self) -> Self {
        Self { access: Access::ReadOnly, ..self }
    }

    pub(crate) fn create_only(self) -> Self {
        Self { access: Access::CreateOnly, ..self }
    }

    pub(crate) fn lookup(self) -> Self {
        Self { search: Search::Lookup, ..self }
    }

    pub(crate) fn unique_external_id(self) -> Self {
        Self { search: Search::ExternalId, unique: true, ..self }
    }

    /// Whether a company added it.
    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Whether it is master-detail: the row goes with its parent, and is never without one.
    pub(crate) fn is_detail(&self) -> bool {
        self.is_custom() && self.link().is_some_and(|link| link.on_delete == OnDelete::Cascade)
    }

    /// Whether an upsert or a parent may be found by it.
    pub(crate) fn finds_rows(&self) -> bool {
        match self.search {
            Search::Lookup | Search::ExternalId => true,
            Search::No => matches!(self.kind, Kind::Id),
        }
    }

    /// Whether its values are kept in the index.
    pub(crate) fn is_indexed(&self) -> bool {
        self.unique
            || match self.search {
                Search::Lookup | Search::ExternalId => true,
                Search::No => matches!(self.kind, Kind::Reference(_)),
            }
    }

    /// Whether it can stand in WHERE and ORDER BY.
    pub(crate) fn is_filterable(&self) -> bool {
        match self.kind {
            Kind::Area(length) => length <= 255,
            Kind::Address | Kind::Base64 => false,
            Kind::Id
            | Kind::Text(_)
            | Kind::Phone(_)
            | Kind::Email(_)
            | Kind::Url(_)
            | Kind::Picklist { .. }
            | Kind::Checkbox
            | Kind::Whole(_)
            | Kind::Number { .. }
            | Kind::Day
            | Kind::Moment
            | Kind::Reference(_) => true,
        }
    }

    /// Whether it can hold nothing: checkboxes cannot.
    pub(crate) fn is_nillable(&self) -> bool {
        !self.required && !matches!(self.kind, Kind::Checkbox | Kind::Id)
    }

    /// Where it leads, for references.
    pub(crate) fn link(&self) -> Option<&Link> {
        match &self.kind {
            Kind::Reference(link) => Some(link),
            Kind::Id
            | Kind::Text(_)
            | Kind::Area(_)
            | Kind::Phone(_)
            | Kind::Email(_)
            | Kind::Url(_)
            | Kind::Picklist { .. }
            | Kind::Checkbox
            | Kind::Whole(_)
            | Kind::Number { .. }
            | Kind::Day
            | Kind::Moment
            | Kind::Address
            | Kind::Base64 => None,
        }
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) plural: String,
    /// The first three characters of its ids.
    pub(crate) prefix: String,
    /// Whether rows can be made, changed and deleted.
    pub(crate) writable: bool,
    pub(crate) fields: Vec<Field>,
    /// None: rows have no record type.
    pub(crate) record_types: Vec<RecordType>,
}

/// A variant of an object with lists of values of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordType {
    /// The id of its row, where one is given.
    pub(crate) id: Option<String>,
    /// Its developer name.
    pub(crate) name: String,
    pub(crate) label: String,
    /// Whether rows can be given it.
    pub(crate) active: bool,
    /// Rows that name none get it.
    pub(crate) default: bool,
    /// By field, the values that it admits; others admit all of theirs.
    pub(crate) values: Vec<(String, Vec<String>)>,
}

impl Object {
    /// An object whose rows can be written.
    pub(crate) fn new(
        name: &str,
        label: &str,
        plural: &str,
        prefix: &str,
        fields: Vec<Field>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            plural: plural.to_owned(),
            prefix: prefix.to_owned(),
            writable: true,
            fields,
            record_types: Vec::new(),
        }
    }

    /// Whether a company added it.
    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Whether rows can be made; documents come with their first version.
    pub(crate) fn is_createable(&self) -> bool {
        self.writable && self.name != "ContentDocument"
    }

    /// Whether rows can be deleted; versions go with their document.
    pub(crate) fn is_deletable(&self) -> bool {
        self.writable && self.name != "ContentVersion" && self.field("IsDeleted").is_some()
    }

    /// Whether its rows have names that people know them by.
    pub(crate) fn names_rows(&self) -> bool {
        self.fields.iter().any(|field| field.names_the_row)
    }

    /// The field of a name in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The field that holds this one together with others: an address, or a person's name.
    pub(crate) fn compound_of(&self, name: &str) -> Option<&str> {
        if matches!(name, "FirstName" | "LastName" | "Salutation") {
            return self.field("Name").map(|whole| whole.name.as_str());
        }
        let addresses = self.fields.iter().filter(|field| matches!(field.kind, Kind::Address));
        let mut names = addresses.map(|field| field.name.as_str());
        names.find(|whole| {
            let part = whole.strip_suffix("Address").and_then(|prefix| name.strip_prefix(prefix));
            part.is_some_and(|part| ADDRESS_PARTS.contains(&part))
        })
    }

    /// The reference whose parent has this name in dotted paths.
    pub(crate) fn parent(&self, name: &str) -> Option<(&Field, &Link)> {
        self.links().find(|(_, link)| link.parent.eq_ignore_ascii_case(name))
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = (&Field, &Link)> {
        self.fields.iter().filter_map(|field| Some((field, field.link()?)))
    }
}

/// The objects of an organisation, as one user sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Org {
    pub(crate) objects: Vec<Object>,
}

impl Org {
    /// The object of a name in any case.
    pub(crate) fn named(&self, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// The object whose ids begin as this one does.
    pub(crate) fn of_id(&self, id: &str) -> Option<&Object> {
        self.objects.iter().find(|object| id.starts_with(&object.prefix))
    }

    /// The child objects with the reference that leads to an object.
    pub(crate) fn children<'o>(
        &'o self,
        object: &'o Object,
    ) -> impl Iterator<Item = (&'o Object, &'o Field, &'o Link)> {
        self.objects.iter().flat_map(move |child| {
            let links = child.links().filter(|(_, link)| link.leads_to(&object.name));
            links.map(move |(field, link)| (child, field, link))
        })
    }

    /// The children of a name in sub-selects.
    pub(crate) fn children_named<'o>(
        &'o self,
        object: &'o Object,
        name: &str,
    ) -> Option<(&'o Object, &'o Field, &'o Link)> {
        self.children(object).find(|(_, _, link)| {
            link.children.as_ref().is_some_and(|children| children.eq_ignore_ascii_case(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::salesforce::objects;

    #[test]
    fn names_are_found_in_any_case() {
        let org = objects::standard();
        let object = org.named("opportunity").unwrap();
        assert_eq!(object.field("STAGENAME").unwrap().name, "StageName");
        assert_eq!(object.parent("account").unwrap().0.name, "AccountId");
        let (child, field, _) = org.children_named(object, "microsoft_solutions__R").unwrap();
        assert_eq!(
            (child.name.as_str(), field.name.as_str()),
            ("Microsoft_Solution__c", "Opportunity__c")
        );
        assert!(org.named("Nothing").is_none());
        assert_eq!(org.of_id("0065g0000000001AAA").unwrap().name, "Opportunity");
    }

    #[test]
    fn every_reference_leads_to_an_object_and_names_are_unique() {
        let org = objects::standard();
        for object in &org.objects {
            let mut names: Vec<_> = object.fields.iter().map(|field| &field.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", object.name);
            for (_, link) in object.links() {
                assert!(org.named(link.target()).is_some(), "{}", link.target());
            }
        }
    }
}
