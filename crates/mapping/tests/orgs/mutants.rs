//! Ways to break a correct map, or the org under it: what is broken, at which line it has to be
//! told, and with which code.

use super::maps::{Line, Map, Role, quoted};
use super::org::{Dice, Field, Org, Type};

/// A broken map, or a map whose org was changed.
#[derive(Debug, Clone)]
pub(crate) struct Mutant {
    pub(crate) kind: &'static str,
    pub(crate) map: Map,
    /// None: the org is as it was.
    pub(crate) org: Option<Org>,
    /// The line of the map at which it is told, from 1.
    pub(crate) line: usize,
    pub(crate) code: &'static str,
    /// What was done, for a failure's message.
    pub(crate) what: String,
}

/// Makes mutants of one map and one org.
pub(crate) struct Maker<'m> {
    pub(crate) map: &'m Map,
    pub(crate) org: &'m Org,
    pub(crate) made: Vec<Mutant>,
}

const WRITTEN: [Role; 12] = [
    Role::Text,
    Role::LongText,
    Role::Number,
    Role::Percent,
    Role::Flag,
    Role::Day,
    Role::Moment,
    Role::Address,
    Role::Link,
    Role::Constant,
    Role::Several,
    Role::Open,
];

impl Maker<'_> {
    fn change(&mut self, kind: &'static str, at: usize, text: String, code: &'static str) {
        let mut map = self.map.clone();
        let what = format!("{} => {text}", map.lines[at].text);
        map.lines[at].text = text;
        self.made.push(Mutant { kind, map, org: None, line: at + 1, code, what });
    }

    fn remove(
        &mut self,
        kind: &'static str,
        from: usize,
        count: usize,
        told: Role,
        code: &'static str,
    ) {
        let field = self.map.lines[from].field.clone();
        let mut map = self.map.clone();
        let what = format!("without {}", map.lines[from].text);
        map.lines.drain(from..from + count);
        let head = |line: &Line| line.role == told && (told == Role::Side || line.field == field);
        let line = map.lines.iter().position(head).unwrap() + 1;
        self.made.push(Mutant { kind, map, org: None, line, code, what });
    }

    fn reorganise(
        &mut self,
        kind: &'static str,
        at: usize,
        code: &'static str,
        what: &str,
        change: impl FnOnce(&mut Org),
    ) {
        let mut org = self.org.clone();
        change(&mut org);
        let what = format!("{what}: {}", self.map.lines[at].text);
        self.made.push(Mutant {
            kind,
            map: self.map.clone(),
            org: Some(org),
            line: at + 1,
            code,
            what,
        });
    }

    /// Every way to break the map itself.
    pub(crate) fn of_map(&mut self, dice: &mut Dice) {
        for at in 0..self.map.lines.len() {
            let line = self.map.lines[at].clone();
            self.misnamed(at, &line, dice);
            self.misfitting(at, &line, dice);
            self.words(at, &line);
            self.read_only(at, &line, dice);
            self.lists(at, &line);
            match line.role {
                Role::Required if line.field == "Name" => {
                    self.remove("required", at, 2, Role::Side, "map::missing-required");
                }
                Role::Required => {
                    self.remove("required", at, 2, Role::Side, "map::missing-required");
                }
                Role::OneWay => {
                    let open = line.text.replace(" one way to true", "");
                    self.change("one way", at, open.clone(), "map::one-way");
                    self.change("one way", at, open.replace("<->", "<-"), "map::one-way");
                    self.change("one way", at, format!("{open} one way to false"), "map::one-way");
                }
                _ => {}
            }
        }
    }

    fn misnamed(&mut self, at: usize, line: &Line, dice: &mut Dice) {
        if line.field.is_empty() || !line.text.contains(&line.field) {
            return;
        }
        let mut spelt: Vec<char> = line.field.chars().collect();
        let place = 1 + dice.roll(spelt.len() - 1);
        spelt.insert(place, 'q');
        let wrong: String = spelt.into_iter().collect();
        self.change("field", at, line.text.replace(&line.field, &wrong), "map::unknown-field");
        self.change(
            "field",
            at,
            line.text.replace(&line.field, "Gone_For_Good__c"),
            "map::unknown-field",
        );
    }

    /// Another field that the line does not fit, and texts and numbers that are too large for it.
    fn misfitting(&mut self, at: usize, line: &Line, dice: &mut Dice) {
        let misfits = |kind: &Type| match line.role {
            Role::Text | Role::LongText => {
                !matches!(
                    kind,
                    Type::Text(_)
                        | Type::Encrypted(_)
                        | Type::TextArea
                        | Type::LongText(_)
                        | Type::Html(_)
                        | Type::Phone
                        | Type::Url
                        | Type::Email
                ) && !matches!(kind, Type::Picklist(list) if !list.restricted)
            }
            Role::Number => {
                !matches!(
                    kind,
                    Type::Number(..)
                        | Type::Currency(..)
                        | Type::Percent(..)
                        | Type::Text(_)
                        | Type::LongText(_)
                        | Type::Html(_)
                        | Type::Encrypted(_)
                        | Type::TextArea
                        | Type::Phone
                ) && !matches!(kind, Type::Picklist(list) if !list.restricted)
            }
            Role::Flag => !matches!(kind, Type::Checkbox),
            Role::Day | Role::Moment => matches!(
                kind,
                Type::Checkbox
                    | Type::Number(..)
                    | Type::Picklist(_)
                    | Type::Multi(_)
                    | Type::Percent(..)
                    | Type::Text(_)
                    | Type::Url
                    | Type::Lookup(_)
            ),
            Role::Percent => {
                matches!(kind, Type::Checkbox | Type::Date | Type::DateTime | Type::Multi(_))
            }
            Role::Constant => matches!(
                kind,
                Type::Checkbox
                    | Type::Date
                    | Type::DateTime
                    | Type::Number(..)
                    | Type::Currency(..)
                    | Type::Percent(..)
            ),
            Role::Using => matches!(
                kind,
                Type::Checkbox
                    | Type::Date
                    | Type::DateTime
                    | Type::Number(..)
                    | Type::Currency(..)
                    | Type::Percent(..)
            ),
            _ => false,
        };
        let writable = |field: &&Field| {
            !matches!(
                field.kind,
                Type::Formula(_) | Type::RollUp | Type::AutoNumber | Type::Location
            )
        };
        let others: Vec<&Field> =
            self.org.fields.iter().filter(writable).filter(|field| misfits(&field.kind)).collect();
        for _ in 0..others.len().min(3) {
            let other = (*dice.pick(&others)).clone();
            let text = line.text.replace(&line.field, &other.name);
            // Digits are no word of the list.
            let code = match other.kind {
                Type::Multi(_) if line.role == Role::Percent => "map::unknown-value",
                _ => "map::type-mismatch",
            };
            self.change("type", at, text, code);
        }
        if let Some((head, limit)) = line.text.split_once(" cut at ") {
            let limit: u32 = limit.split(' ').next().unwrap().parse().unwrap();
            for more in [1, 100] {
                self.change(
                    "short",
                    at,
                    format!("{head} cut at {}", limit + more),
                    "map::too-long",
                );
            }
            if limit < 300 && line.role == Role::Text {
                let long = "x".repeat(limit as usize + 1);
                let constant = format!("  \"{long}\" -> {} on create only", line.field);
                self.change("short", at, constant, "map::too-long");
            }
        }
        if line.text.ends_with("with 2 decimals") {
            let text = line.text.replace("with 2", "with 3");
            self.change("short", at, text, "map::too-wide");
        }
    }

    /// Words that are not in the list, or are inactive there.
    fn words(&mut self, at: usize, line: &Line) {
        match line.role {
            Role::Constant | Role::Row | Role::Several | Role::StageRow => {
                let word = quoted(&line.word);
                let inner = word[1..word.len() - 1].to_owned();
                let wrong = |word: &str| line.text.replace(&inner, word);
                self.change("value", at, wrong(&format!("{inner}x")), "map::unknown-value");
                self.change("value", at, wrong("Nothing of the kind"), "map::unknown-value");
                if line.role == Role::StageRow && !line.text.contains("<-") {
                    self.change("value", at, wrong("Negotiation"), "map::unknown-value");
                }
            }
            _ => {}
        }
    }

    fn read_only(&mut self, at: usize, line: &Line, dice: &mut Dice) {
        let gives = |kind: &Type| match line.role {
            Role::Text | Role::LongText => matches!(kind, Type::Text(_)),
            Role::Number => matches!(kind, Type::Number(..)),
            Role::Flag => matches!(kind, Type::Checkbox),
            Role::Day => matches!(kind, Type::Date),
            Role::Percent => matches!(kind, Type::Percent(..)),
            _ => false,
        };
        let computed: Vec<&Field> = self
            .org
            .fields
            .iter()
            .filter(|field| match &field.kind {
                Type::Formula(kind) => gives(kind),
                Type::RollUp => gives(&Type::Number(18, 2)),
                Type::AutoNumber => gives(&Type::Text(30)),
                _ => false,
            })
            .collect();
        for _ in 0..computed.len().min(2) {
            let other = dice.pick(&computed).name.clone();
            self.change("read-only", at, line.text.replace(&line.field, &other), "map::read-only");
        }
    }

    /// Rows that ask for what is never done, and rows that are not there.
    fn lists(&mut self, at: usize, line: &Line) {
        match line.role {
            Role::StageRow => {
                let (left, rest) = line.text.split_at(line.text.find(['<', '-']).unwrap());
                for wrong in ["  Active, Won ", "  Closed, Accepted ", "  New, Lost "] {
                    let text = format!("{wrong}{rest}");
                    self.change("transition", at, text, "map::illegal-transition");
                }
                if rest.starts_with("<-") && !line.text.contains("when") {
                    let text = format!("  New, Pending {rest} when status is Closed");
                    self.change("transition", at, text, "map::illegal-transition");
                    let text = format!("{left}{rest} when status is Closed");
                    self.change("transition", at, text, "map::illegal-transition");
                }
                let others = self.map.lines.iter().filter(|other| other.role == Role::StageRow);
                let alone = |cells: &str, arrow: &str| {
                    let of =
                        |other: &&Line| other.text.contains(cells) && other.text.contains(arrow);
                    others.clone().filter(of).count() == 1
                };
                let word = quoted(&line.word);
                if (rest.starts_with("<-") && alone(&word, "<-"))
                    || (rest.contains("->") && alone(left.trim(), "->"))
                {
                    self.remove("gap", at, 1, Role::StageHead, "map::table-not-exhaustive");
                }
            }
            Role::Row => self.remove("gap", at, 1, Role::Head, "map::table-not-exhaustive"),
            _ => {}
        }
    }

    /// Every way to change the org under the map.
    pub(crate) fn of_org(&mut self, dice: &mut Dice) {
        for at in 0..self.map.lines.len() {
            let line = self.map.lines[at].clone();
            let name = line.field.clone();
            if name.ends_with("__c") && line.text.contains(&name) {
                self.reorganise("field", at, "map::unknown-field", "removed", |org| {
                    org.fields.retain(|field| field.name != name);
                });
                let new = format!("X{name}");
                self.reorganise("field", at, "map::unknown-field", "renamed", |org| {
                    org.field(&name).name = new;
                });
            }
            if WRITTEN.contains(&line.role) && name.ends_with("__c") {
                self.rebuilt(at, &line, dice);
            }
            if [Role::Constant, Role::Row, Role::Several].contains(&line.role) {
                self.reorganise("value", at, "map::unknown-value", "deactivated", |org| {
                    for value in &mut org.field(&name).list_mut().unwrap().values {
                        value.1 &= value.0 != line.word;
                    }
                });
                self.reorganise("value", at, "map::unknown-value", "removed value", |org| {
                    org.field(&name)
                        .list_mut()
                        .unwrap()
                        .values
                        .retain(|(value, _)| *value != line.word);
                });
            }
            if line.role == Role::StageRow {
                let code = "map::unknown-value";
                self.reorganise("value", at, code, "removed stage", |org| {
                    org.stages.retain(|(value, _)| *value != line.word);
                    for found in &mut org.record_types {
                        found.stages.retain(|value| *value != line.word);
                    }
                });
                if line.text.contains("->") {
                    self.reorganise("value", at, code, "deactivated stage", |org| {
                        for value in &mut org.stages {
                            value.1 &= value.0 != line.word;
                        }
                    });
                }
            }
            if line.role == Role::StageHead {
                self.reorganise("gap", at, "map::table-not-exhaustive", "new stage", |org| {
                    org.stages.push(("Brand new".to_owned(), true));
                });
            }
            if line.role == Role::Side {
                let unmapped = |field: &&Field| {
                    !self.map.lines.iter().any(|line| line.text.contains(&field.name))
                };
                let open: Vec<String> = self
                    .org
                    .fields
                    .iter()
                    .filter(unmapped)
                    .filter(|field| {
                        matches!(
                            field.kind,
                            Type::Text(_)
                                | Type::Date
                                | Type::Picklist(_)
                                | Type::Number(..)
                                | Type::Lookup(_)
                                | Type::Email
                        )
                    })
                    .map(|field| field.name.clone())
                    .collect();
                for name in open {
                    self.reorganise(
                        "required",
                        at,
                        "map::missing-required",
                        &name.clone(),
                        |org| org.field(&name).required = true,
                    );
                }
            }
        }
        self.of_record_types();
    }

    /// Another type, less room, no right to write.
    fn rebuilt(&mut self, at: usize, line: &Line, dice: &mut Dice) {
        let name = line.field.clone();
        let set = |kind: Type| {
            let name = name.clone();
            move |org: &mut Org| org.field(&name).kind = kind
        };
        let kind = self.org.clone().field(&name).kind.clone();
        match &kind {
            Type::Text(length)
            | Type::Encrypted(length)
            | Type::LongText(length)
            | Type::Html(length) => {
                let less = Type::Text((*length).min(255) / 2);
                self.reorganise("short", at, "map::too-long", "cut", set(less));
            }
            Type::Number(..) => {
                self.reorganise("short", at, "map::too-wide", "8, 0", set(Type::Number(8, 0)));
            }
            Type::Currency(..) => {
                self.reorganise("short", at, "map::too-wide", "10, 2", set(Type::Currency(10, 2)));
                self.reorganise("short", at, "map::too-wide", "18, 0", set(Type::Currency(18, 0)));
            }
            Type::Url => self.reorganise("short", at, "map::too-long", "cut", set(Type::Text(20))),
            _ => {}
        }
        let others = [
            Type::Checkbox,
            Type::Date,
            Type::DateTime,
            Type::Lookup("Contact".to_owned()),
            Type::Number(18, 2),
        ];
        let fits = |other: &&Type| match line.role {
            Role::Flag => **other == Type::Checkbox,
            Role::Day => **other == Type::Date,
            Role::Moment => matches!(other, Type::Date | Type::DateTime),
            Role::Number | Role::Percent => matches!(other, Type::Number(..)),
            Role::Constant | Role::Open | Role::Several => matches!(other, Type::Lookup(_)),
            _ => false,
        };
        let other = dice.pick(&others).clone();
        if !fits(&&other) {
            self.reorganise("type", at, "map::type-mismatch", &format!("{other:?}"), set(other));
        }
        if matches!(line.role, Role::Text | Role::LongText | Role::Flag | Role::Number) {
            let list = super::org::List::new(&["One".to_owned(), "Two".to_owned()], true);
            self.reorganise(
                "type",
                at,
                "map::type-mismatch",
                "picklist",
                set(Type::Picklist(list)),
            );
        }
        self.reorganise(
            "read-only",
            at,
            "map::read-only",
            "formula",
            set(Type::Formula(Box::new(match kind {
                Type::LongText(_) | Type::Html(_) | Type::Encrypted(_) => Type::Text(40_000),
                kind => kind,
            }))),
        );
        self.reorganise("describe only", at, "map::read-only", "no right", |org| {
            org.field(&name).editable = false;
        });
    }

    fn of_record_types(&mut self) {
        for at in 0..self.map.lines.len() {
            let line = self.map.lines[at].clone();
            let stage = line.role == Role::StageRow && line.text.contains("->");
            if !stage && ![Role::Constant, Role::Row, Role::Several].contains(&line.role) {
                continue;
            }
            self.reorganise("record type", at, "map::unknown-value", "in none", |org| {
                for found in &mut org.record_types {
                    forget(found, &line);
                }
            });
            // A stage that one type offers and another does not is only a warning.
            if !stage {
                self.reorganise("record type", at, "map::unknown-value", "not in one", |org| {
                    forget(&mut org.record_types[1], &line);
                });
            }
        }
    }
}

fn forget(found: &mut super::org::RecordType, line: &Line) {
    found.stages.retain(|value| line.role != Role::StageRow || *value != line.word);
    for (field, values) in &mut found.lists {
        values.retain(|value| *field != line.field || *value != line.word);
    }
}
