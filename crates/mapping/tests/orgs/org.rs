//! An org that was made up: fields of every type, value lists, record types. The same org can be
//! written as describes, as SFDX source and as an old `.object` file (`files.rs`).

/// Numbers that look random and are the same each time (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides.max(1) as u64).unwrap()
    }

    pub(crate) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.roll(items.len())]
    }
}

/// What a field holds, as Salesforce has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Text(u32),
    Encrypted(u32),
    TextArea,
    LongText(u32),
    Html(u32),
    /// Precision (all digits) and scale.
    Number(u8, u8),
    Currency(u8, u8),
    Percent(u8, u8),
    Checkbox,
    Date,
    DateTime,
    Time,
    Email,
    Phone,
    Url,
    Picklist(List),
    Multi(List),
    Lookup(String),
    AutoNumber,
    /// A formula that gives this.
    Formula(Box<Type>),
    RollUp,
    Location,
}

/// The values of a picklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) values: Vec<(String, bool)>,
    pub(crate) restricted: bool,
    /// The global value set that holds them.
    pub(crate) global: Option<String>,
    /// The field that controls which of them can be chosen.
    pub(crate) controlled_by: Option<String>,
}

impl List {
    pub(crate) fn new(values: &[String], restricted: bool) -> List {
        let values = values.iter().map(|value| (value.clone(), true)).collect();
        List { values, restricted, global: None, controlled_by: None }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Type,
    pub(crate) required: bool,
    /// The user may change it (a describe says so; source cannot).
    pub(crate) editable: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct RecordType {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) id: String,
    pub(crate) active: bool,
    pub(crate) stages: Vec<String>,
    /// By field, what it admits.
    pub(crate) lists: Vec<(String, Vec<String>)>,
}

/// Custom fields and what people change of an opportunity; everything else every org has.
#[derive(Debug, Clone)]
pub(crate) struct Org {
    pub(crate) fields: Vec<Field>,
    pub(crate) stages: Vec<(String, bool)>,
    pub(crate) record_types: Vec<RecordType>,
}

pub(crate) const STAGES: [&str; 8] = [
    "Prospecting",
    "Qualification",
    "Needs / Analysis",
    "Proposal & Quote",
    "Negotiation",
    "Closed Won",
    "Closed Lost",
    "100 % Gone",
];

impl Org {
    /// An org with so many opportunity fields of its own.
    pub(crate) fn new(seed: u64, count: usize) -> Org {
        let mut dice = Dice::new(seed);
        let mut fields: Vec<Field> = ["Ref__c", "Mark__c", "Audit__c", "Opt_In__c", "Seen__c"]
            .iter()
            .zip([
                Type::Text(40),
                Type::Text(80),
                Type::LongText(32000),
                Type::Checkbox,
                Type::Checkbox,
            ])
            .map(|(name, kind)| Field::new(name, kind))
            .collect();
        for number in fields.len()..count {
            let kind = kind(number, &mut dice);
            let space = if number % 9 == 4 { "npe01__" } else { "" };
            fields.push(Field::new(&format!("{space}Field_{number}__c"), kind));
        }
        let mut org = Org {
            fields,
            stages: STAGES
                .iter()
                .map(|stage| ((*stage).to_owned(), *stage != "Negotiation"))
                .collect(),
            record_types: Vec::new(),
        };
        for name in ["Partner_Deal", "Direct_Deal", "Old_Deal"] {
            org.record_types.push(org.record_type(name));
        }
        org.record_types[2].active = false;
        org
    }

    /// A record type that admits everything.
    fn record_type(&self, name: &str) -> RecordType {
        let lists = self.fields.iter().filter_map(|field| {
            let list = field.list()?;
            Some((field.name.clone(), list.values.iter().map(|(value, _)| value.clone()).collect()))
        });
        RecordType {
            name: name.to_owned(),
            label: name.replace('_', " "),
            id: format!("0125g000000{}AAA", &name[..4]),
            active: true,
            stages: self.stages.iter().map(|(stage, _)| stage.clone()).collect(),
            lists: lists.collect(),
        }
    }

    pub(crate) fn field(&mut self, name: &str) -> &mut Field {
        self.fields.iter_mut().find(|field| field.name == name).unwrap()
    }
}

impl Field {
    pub(crate) fn new(name: &str, kind: Type) -> Field {
        Field { name: name.to_owned(), kind, required: false, editable: true }
    }

    pub(crate) fn list(&self) -> Option<&List> {
        match &self.kind {
            Type::Picklist(list) | Type::Multi(list) => Some(list),
            _ => None,
        }
    }

    pub(crate) fn list_mut(&mut self) -> Option<&mut List> {
        match &mut self.kind {
            Type::Picklist(list) | Type::Multi(list) => Some(list),
            _ => None,
        }
    }
}

/// A type for the field of that number: all of them come up, the usual ones more often.
fn kind(number: usize, dice: &mut Dice) -> Type {
    let values = |dice: &mut Dice| -> Vec<String> {
        let count = 3 + dice.roll(5);
        (0..count)
            .map(|at| match at {
                0 => format!("North & West {number}"),
                1 => format!("Größe {number}"),
                2 => format!("A/B \"{number}\""),
                _ => format!("Value {number}.{at}"),
            })
            .collect()
    };
    match number % 24 {
        0 | 1 => Type::Text(20 + u32::try_from(dice.roll(235)).unwrap()),
        2 => Type::Text(255),
        3 => Type::LongText(1000 + u32::try_from(dice.roll(30000)).unwrap()),
        4 => Type::TextArea,
        5 => Type::Number(18, 2),
        6 => Type::Currency(18, 2),
        7 => Type::Percent(5, 2),
        8 | 9 => Type::Checkbox,
        10 => Type::Date,
        11 => Type::DateTime,
        12 => Type::Email,
        13 => Type::Phone,
        14 => Type::Url,
        15 | 16 => Type::Picklist(List::new(&values(dice), true)),
        17 => {
            let mut list = List::new(&values(dice), true);
            list.global = Some(format!("Set_{number}"));
            if dice.roll(2) == 0 {
                list.controlled_by = Some("StageName".to_owned());
            }
            Type::Picklist(list)
        }
        18 => Type::Picklist(List::new(&values(dice), false)),
        19 => Type::Multi(List::new(&values(dice), true)),
        20 => Type::Lookup("Contact".to_owned()),
        21 => Type::Formula(Box::new(
            [
                Type::Text(1300),
                Type::Number(18, 4),
                Type::Checkbox,
                Type::Date,
                Type::Percent(18, 2),
            ][dice.roll(5)]
            .clone(),
        )),
        22 => [Type::RollUp, Type::AutoNumber, Type::Location, Type::Time][dice.roll(4)].clone(),
        _ => [Type::Html(20000), Type::Encrypted(100)][dice.roll(2)].clone(),
    }
}
