//! What an object and a field are. In come names in any case; out go the definitions that describe,
//! validation and queries share. It must not know rows.

use super::objects;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        values: &'static [&'static str],
        restricted: bool,
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
    Reference(Link),
}

/// How a decimal number is called in describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Currency,
    Percent,
}

/// Where a reference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// The object it leads to.
    pub(crate) to: &'static str,
    /// The parent's name in dotted paths.
    pub(crate) parent: &'static str,
    /// The children's name in sub-selects, if they have one.
    pub(crate) children: Option<&'static str>,
    pub(crate) on_delete: OnDelete,
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
    ReadOnly,
}

/// How the values of a field find rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    No,
    /// `idLookup`: upserts and parents by this field are allowed.
    Lookup,
    /// `externalId` and unique, without regard to case.
    UniqueExternalId,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    pub(crate) search: Search,
    /// Cannot be empty.
    pub(crate) required: bool,
    /// Salesforce fills it when a create leaves it out.
    pub(crate) defaulted: bool,
    pub(crate) names_the_row: bool,
}

impl Field {
    /// A writable field that may be empty.
    pub(crate) const fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self {
            name,
            label,
            kind,
            access: Access::Write,
            search: Search::No,
            required: false,
            defaulted: matches!(kind, Kind::Checkbox),
            names_the_row: false,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn defaulted(mut self) -> Self {
        self.required = true;
        self.defaulted = true;
        self
    }

    pub(crate) const fn name_of_row(mut self) -> Self {
        self.names_the_row = true;
        self
    }

    pub(crate) const fn read_only(mut self) -> Self {
        self.access = Access::ReadOnly;
        self
    }

    pub(crate) const fn create_only(mut self) -> Self {
        self.access = Access::CreateOnly;
        self
    }

    pub(crate) const fn lookup(mut self) -> Self {
        self.search = Search::Lookup;
        self
    }

    pub(crate) const fn unique_external_id(mut self) -> Self {
        self.search = Search::UniqueExternalId;
        self
    }

    /// Whether a company added it.
    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Whether an upsert or a parent may be found by it.
    pub(crate) fn finds_rows(&self) -> bool {
        match self.search {
            Search::Lookup | Search::UniqueExternalId => true,
            Search::No => matches!(self.kind, Kind::Id),
        }
    }

    /// Whether its values are kept in the index.
    pub(crate) fn is_indexed(&self) -> bool {
        match self.search {
            Search::Lookup | Search::UniqueExternalId => true,
            Search::No => matches!(self.kind, Kind::Reference(_)),
        }
    }

    /// Whether it can stand in WHERE and ORDER BY.
    pub(crate) fn is_filterable(&self) -> bool {
        !matches!(self.kind, Kind::Area(length) if length > 255)
    }

    /// Whether it can hold nothing: checkboxes cannot.
    pub(crate) fn is_nillable(&self) -> bool {
        !self.required && !matches!(self.kind, Kind::Checkbox | Kind::Id)
    }

    /// Where it leads, for references.
    pub(crate) fn link(&self) -> Option<Link> {
        match self.kind {
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
            | Kind::Moment => None,
        }
    }
}

/// One object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) plural: &'static str,
    /// The first three characters of its ids.
    pub(crate) prefix: &'static str,
    /// Whether rows can be made, changed and deleted.
    pub(crate) writable: bool,
    /// Its fields, in groups that objects share.
    pub(crate) groups: &'static [&'static [Field]],
}

impl Object {
    /// The object of a name in any case.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        objects::ALL.iter().copied().find(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// Whether a company added it.
    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// All fields, in describe's order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.groups.iter().copied().flatten()
    }

    /// The field of a name in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The reference whose parent has this name in dotted paths.
    pub(crate) fn parent(&self, name: &str) -> Option<(&'static Field, Link)> {
        self.fields()
            .filter_map(|field| field.link().map(|link| (field, link)))
            .find(|(_, link)| link.parent.eq_ignore_ascii_case(name))
    }

    /// The child objects with the reference that leads here.
    pub(crate) fn children(
        &self,
    ) -> impl Iterator<Item = (&'static Self, &'static Field, Link)> + use<> {
        let name = self.name;
        objects::ALL.iter().copied().flat_map(move |child| {
            child.fields().filter_map(move |field| {
                field.link().filter(|link| link.to == name).map(|link| (child, field, link))
            })
        })
    }

    /// The children of a name in sub-selects.
    pub(crate) fn children_named(
        &self,
        name: &str,
    ) -> Option<(&'static Self, &'static Field, Link)> {
        self.children().find(|(_, _, link)| {
            link.children.is_some_and(|children| children.eq_ignore_ascii_case(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        let object = Object::named("opportunity").unwrap();
        assert_eq!(object.field("STAGENAME").unwrap().name, "StageName");
        assert_eq!(object.parent("account").unwrap().0.name, "AccountId");
        let (child, field, _) = object.children_named("microsoft_solutions__R").unwrap();
        assert_eq!((child.name, field.name), ("Microsoft_Solution__c", "Opportunity__c"));
        assert!(Object::named("Nothing").is_none());
    }

    #[test]
    fn every_reference_leads_to_an_object_and_names_are_unique() {
        for object in objects::ALL {
            let mut names: Vec<_> = object.fields().map(|field| field.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", object.name);
            for link in object.fields().filter_map(Field::link) {
                assert!(Object::named(link.to).is_some(), "{}", link.to);
            }
        }
    }
}
