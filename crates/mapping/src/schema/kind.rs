//! The small words of a schema: which system, what a field holds, when it can be written.
//!
//! In: nothing. Out: the types that fields and objects are described with.
//! Must not know: fields, objects, YAML, maps.

/// One of the two systems that a map brings into agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Microsoft Partner Center: nested JSON, changed by JSON Patch.
    PartnerCenter,
    /// Salesforce: flat records with relationships.
    Salesforce,
}

impl System {
    /// Both systems.
    pub const ALL: [System; 2] = [System::PartnerCenter, System::Salesforce];

    /// The system of that name: `partner_center` or `salesforce`.
    pub fn parse(name: &str) -> Option<System> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// The name as maps and schemas write it.
    pub fn name(self) -> &'static str {
        match self {
            System::PartnerCenter => "partner_center",
            System::Salesforce => "salesforce",
        }
    }
}

impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One line of text.
    Text,
    /// Text of several lines.
    LongText,
    /// A decimal number; money is a number too.
    Number,
    /// Yes or no.
    Bool,
    /// A calendar day.
    Date,
    /// A moment.
    DateTime,
    /// A record's identifier.
    Id,
    /// One of a list of values.
    Enum,
    /// Several of a list of values.
    MultiEnum,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A web address.
    Url,
    /// A country, as the system writes it.
    Country,
    /// An ISO 4217 currency code (an amount of money is a [`Kind::Number`]).
    Currency,
    /// A number of hundredths.
    Percent,
    /// The identifier of another record.
    Reference,
    /// Named members.
    Object,
    /// Elements in order; without members they are plain values.
    List,
}

impl Kind {
    /// All kinds, in the order of the manual.
    pub const ALL: [Kind; 18] = [
        Kind::Text,
        Kind::LongText,
        Kind::Number,
        Kind::Bool,
        Kind::Date,
        Kind::DateTime,
        Kind::Id,
        Kind::Enum,
        Kind::MultiEnum,
        Kind::Email,
        Kind::Phone,
        Kind::Url,
        Kind::Country,
        Kind::Currency,
        Kind::Percent,
        Kind::Reference,
        Kind::Object,
        Kind::List,
    ];

    /// The kind of that name in a schema file.
    pub fn parse(name: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The word that schema files use.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::LongText => "long_text",
            Kind::Number => "number",
            Kind::Bool => "bool",
            Kind::Date => "date",
            Kind::DateTime => "datetime",
            Kind::Id => "id",
            Kind::Enum => "enum",
            Kind::MultiEnum => "multi_enum",
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Url => "url",
            Kind::Country => "country",
            Kind::Currency => "currency",
            Kind::Percent => "percent",
            Kind::Reference => "reference",
            Kind::Object => "object",
            Kind::List => "list",
        }
    }

    /// The kind in a sentence, with its article: `a number`.
    pub fn phrase(self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::LongText => "a long text",
            Kind::Number => "a number",
            Kind::Bool => "a yes or no",
            Kind::Date => "a date",
            Kind::DateTime => "a date with time",
            Kind::Id => "a record id",
            Kind::Enum => "a value of a list",
            Kind::MultiEnum => "several values of a list",
            Kind::Email => "an e-mail address",
            Kind::Phone => "a phone number",
            Kind::Url => "a web address",
            Kind::Country => "a country",
            Kind::Currency => "a currency code",
            Kind::Percent => "a percentage",
            Kind::Reference => "a reference to a record",
            Kind::Object => "a group of fields",
            Kind::List => "a list",
        }
    }

    /// True for kinds whose values are characters, so that `length` means something.
    pub fn is_text(self) -> bool {
        match self {
            Kind::Text
            | Kind::LongText
            | Kind::Id
            | Kind::Enum
            | Kind::MultiEnum
            | Kind::Email
            | Kind::Phone
            | Kind::Url
            | Kind::Country
            | Kind::Currency
            | Kind::Reference => true,
            Kind::Number
            | Kind::Bool
            | Kind::Date
            | Kind::DateTime
            | Kind::Percent
            | Kind::Object
            | Kind::List => false,
        }
    }

    /// True for kinds that may have a list of values.
    pub fn has_values(self) -> bool {
        matches!(self, Kind::Enum | Kind::MultiEnum | Kind::Country | Kind::Currency)
    }
}

/// When a value can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Access {
    /// Never: it is only read.
    #[default]
    Never,
    /// Only when the record is created.
    Create,
    /// Only when the record exists.
    Update,
    /// Always.
    Always,
}

impl Access {
    /// The access with these two powers.
    pub fn new(create: bool, update: bool) -> Access {
        match (create, update) {
            (false, false) => Access::Never,
            (true, false) => Access::Create,
            (false, true) => Access::Update,
            (true, true) => Access::Always,
        }
    }

    /// True when it can be given as the record is created.
    pub fn creates(self) -> bool {
        matches!(self, Access::Create | Access::Always)
    }

    /// True when it can be changed later.
    pub fn updates(self) -> bool {
        matches!(self, Access::Update | Access::Always)
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Access) -> Access {
        Access::new(self.creates() && other.creates(), self.updates() && other.updates())
    }
}
