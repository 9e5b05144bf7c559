//! What the tests share: small maps, deals, and writes carried out on JSON records.

use std::path::Path;
use std::sync::OnceLock;

use mapping::decision::{
    Base, Change, ChildAction, ChildChange, Decision, Effect, Input, LineTrace, Outcome, Seen, Side,
};
use mapping::plan::Plan;
use mapping::schema::Schemas;
use mapping::{Compiled, Timestamp};
use serde_json::{Map, Value};

pub(crate) const NOW: &str = "2026-04-01T12:00:00Z";

/// The plan of a map that has no error; warnings do not matter here.
pub(crate) fn compiled(text: &str, schemas: &Schemas) -> Plan {
    let Compiled { plan, report, .. } = mapping::compile("test.map", text, schemas);
    let problems: Vec<String> = report
        .problems()
        .iter()
        .map(|p| format!("{}: {} {p}", report.place(p.at.start).line, p.code.name()))
        .collect();
    plan.unwrap_or_else(|| panic!("{problems:#?}\n{text}"))
}

fn mappings() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings")
}

/// The opportunity map that we ship.
pub(crate) fn shipped() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| shipped_as("opportunity.map"))
}

/// The lead map that we ship.
pub(crate) fn shipped_lead() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| shipped_as("lead.map"))
}

fn shipped_as(name: &str) -> Plan {
    compiled(&std::fs::read_to_string(mappings().join(name)).unwrap(), Schemas::built_in())
}

/// A record beside the shipped maps.
pub(crate) fn sample(name: &str) -> Value {
    let path = mappings().join("examples").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn small_schemas() -> &'static Schemas {
    static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let files = [
            ("referral.yaml", include_str!("referral.yaml")),
            ("opportunity.yaml", include_str!("opportunity.yaml")),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Schemas::from_yaml(&files).unwrap()
    })
}

/// The schemas of the small map, with one more field of the opportunity (a line of YAML).
pub(crate) fn with_field(field: &str) -> Schemas {
    let opportunity = include_str!("opportunity.yaml");
    let more =
        opportunity.replace("    fields:\n      Id:", &format!("    fields:\n{field}      Id:"));
    assert_ne!(more, opportunity);
    let files = [("referral.yaml", include_str!("referral.yaml")), ("opportunity.yaml", &more)];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    Schemas::from_yaml(&files).unwrap()
}

/// A small map: its head, then `fields` with these lines, then these blocks.
pub(crate) fn small(fields: &str, blocks: &str) -> Plan {
    compiled(&small_text(fields, blocks), small_schemas())
}

/// The same with more lines of `sync`.
pub(crate) fn small_with(sync: &str, fields: &str, blocks: &str) -> Plan {
    compiled(&small_text_with(sync, fields, blocks), small_schemas())
}

pub(crate) fn small_text_with(sync: &str, fields: &str, blocks: &str) -> String {
    let flag = "from opportunity when Sync__c is true\n";
    small_text(fields, blocks).replace(flag, &format!("{flag}{sync}\n"))
}

/// What `check` says of such a map: the code, and the text that is underlined.
pub(crate) fn said_with(sync: &str, fields: &str, blocks: &str) -> Vec<(&'static str, String)> {
    let text = small_text_with(sync, fields, blocks);
    let report = mapping::compile("test.map", &text, small_schemas()).report;
    let said = report.problems().iter().map(|problem| {
        let name = problem.code.name().trim_start_matches("map::");
        (name, text[problem.at.start..problem.at.end].to_owned())
    });
    said.collect()
}

pub(crate) fn small_text(fields: &str, blocks: &str) -> String {
    format!(
        "language 1\nmapping small \"Small\"\n\
         side referral    is partner_center Referral\n\
         side opportunity is salesforce     Opportunity\n\
         match referral.id with opportunity.Key__c\n\
         sync\n  from referral\n  from opportunity when Sync__c is true\nend\n\
         fields\n{fields}\nend\n{blocks}\n"
    )
}

/// What `check` says of a small map: the code, and the text that is underlined.
pub(crate) fn said(fields: &str, blocks: &str) -> Vec<(&'static str, String)> {
    let text = small_text(fields, blocks);
    let report = mapping::compile("test.map", &text, small_schemas()).report;
    let said = report.problems().iter().map(|problem| {
        let name = problem.code.name().trim_start_matches("map::");
        (name, text[problem.at.start..problem.at.end].to_owned())
    });
    said.collect()
}

/// The plan of a whole map of the small schemas, when it has one.
pub(crate) fn planned(name: &str, text: &str) -> Option<Plan> {
    mapping::compile(name, text, small_schemas()).plan
}

/// What `check` says of a whole map of the small schemas.
pub(crate) fn compile(text: &str) -> mapping::problem::Report {
    mapping::compile("test.map", text, small_schemas()).report
}

/// What `check` says of a small map, whole.
pub(crate) fn problems(fields: &str, blocks: &str) -> Vec<mapping::problem::Problem> {
    let text = small_text(fields, blocks);
    let compiled = mapping::compile("test.map", &text, small_schemas());
    compiled.report.problems().to_vec()
}

/// The blocks of a small map after the proposed edit of its first problem with that code.
pub(crate) fn mended(fields: &str, blocks: &str, code: &str) -> String {
    let text = small_text(fields, blocks);
    let found = problems(fields, blocks);
    let problem = found.iter().find(|p| p.code.name().ends_with(code));
    let problem = problem.unwrap_or_else(|| panic!("no {code}: {found:#?}"));
    let fix = problem.fix.as_ref().unwrap_or_else(|| panic!("no edit: {problem:#?}"));
    let mut edited = text.clone();
    edited.replace_range(fix.span.start..fix.span.end, &fix.text);
    let again = mapping::compile("test.map", &edited, small_schemas()).report;
    let same = again.problems().iter().find(|p| p.code == problem.code && p.at == problem.at);
    assert_eq!(same, None, "{edited}");
    edited
}

/// Both records of a deal, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Deal {
    pub(crate) left: Value,
    pub(crate) right: Value,
    pub(crate) base: Base,
    /// When each side was last changed, in seconds.
    pub(crate) stamps: [Option<i64>; 2],
}

impl Deal {
    /// A deal of the small map at first contact: linked and opted in.
    pub(crate) fn new(left: &Value, right: &Value) -> Deal {
        let mut deal = Deal::of(left.clone(), right.clone());
        set(&mut deal.left, "id", "r-1");
        set(&mut deal.right, "Key__c", "r-1");
        set(&mut deal.right, "Id", "006000000000001AAA");
        set(&mut deal.right, "Sync__c", true);
        deal
    }

    pub(crate) fn of(left: Value, right: Value) -> Deal {
        Deal { left, right, base: Base::default(), stamps: [None, None] }
    }

    /// A deal of the small map that is in step, or as near to it as its map lets it be.
    pub(crate) fn settled(plan: &Plan, left: &Value, right: &Value) -> Deal {
        let mut deal = Deal::new(left, right);
        deal.quiet(plan);
        deal
    }

    pub(crate) fn decide(&self, plan: &Plan) -> Decision {
        self.decide_at(plan, NOW)
    }

    /// The same at another time.
    pub(crate) fn decide_at(&self, plan: &Plan, now: &str) -> Decision {
        let (left, right) = (self.left.to_string(), self.right.to_string());
        let stamp = |at: Option<i64>| at.map(|at| Timestamp::from_second(at).unwrap());
        let input = Input {
            left: Some(Seen { body: &left, stamp: stamp(self.stamps[0]) }),
            right: Some(Seen { body: &right, stamp: stamp(self.stamps[1]) }),
            base: &self.base,
            now: now.parse().unwrap(),
        };
        plan.reconcile(&input).unwrap()
    }

    /// One round as the service makes it: decide, write, read back, settle.
    pub(crate) fn round(&mut self, plan: &Plan) -> Decision {
        let decision = self.decide(plan);
        if decision.writes() {
            write(&mut self.left, &decision.left);
            write(&mut self.right, &decision.right);
            self.settle(plan, &decision);
        } else {
            self.base = decision.base.clone();
        }
        decision
    }

    pub(crate) fn settle(&mut self, plan: &Plan, decision: &Decision) {
        let (left, right) = (self.left.to_string(), self.right.to_string());
        self.base = plan.settle(&decision.pending, &left, &right).unwrap();
    }

    /// Rounds until nothing is written; at most three of them may write.
    pub(crate) fn quiet(&mut self, plan: &Plan) {
        for _ in 0..3 {
            if !self.round(plan).writes() {
                return;
            }
        }
        let decision = self.round(plan);
        assert!(!decision.writes(), "it does not come to rest: {decision:#?}");
    }
}

/// Puts a value at a dotted path.
pub(crate) fn set(record: &mut Value, path: &str, value: impl Into<Value>) {
    let mut at = record;
    for name in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = at.as_object_mut().unwrap().entry(name).or_insert(Value::Null);
    }
    *at = value.into();
}

/// Takes the member at a dotted path away.
pub(crate) fn unset(record: &mut Value, path: &str) {
    let (holder, name) = path.rsplit_once('.').map_or((None, path), |(h, n)| (Some(h), n));
    let holder = match holder {
        Some(holder) => record.pointer_mut(&format!("/{}", holder.replace('.', "/"))).unwrap(),
        None => record,
    };
    holder.as_object_mut().unwrap().shift_remove(name);
}

/// The value at a dotted path.
pub(crate) fn get<'v>(record: &'v Value, path: &str) -> &'v Value {
    record.pointer(&format!("/{}", path.replace('.', "/"))).unwrap_or(&Value::Null)
}

/// Carries an effect out on a record: fields by path, lists whole, children by id.
pub(crate) fn write(record: &mut Value, effect: &Effect) {
    match effect {
        Effect::Nothing => {}
        Effect::Create(draft) => {
            *record = serde_json::from_str(&draft.to_json()).unwrap();
            for related in &draft.related {
                let fields = mapping::decision::nest(&related.changes);
                set(record, &related.relationship, json(&fields));
            }
            write_children(record, &draft.children);
        }
        Effect::Update { changes, children } => {
            for change in changes {
                set(record, &change.path, json(&change.value));
            }
            write_children(record, children);
        }
        // Microsoft's half is made, and one's own knows what it was asked for.
        Effect::Invite(half) => {
            let asked = |change: &&Change| change.path.starts_with("inviteContext.");
            for change in half.changes.iter().filter(asked) {
                set(record, &change.path, json(&change.value));
            }
            set(record, "microsoft.id", "m-1");
        }
    }
}

fn write_children(record: &mut Value, children: &[ChildChange]) {
    for child in children {
        if get(record, &child.relationship).get("records").is_none() {
            set(record, &child.relationship, serde_json::json!({ "records": [] }));
        }
        let list = record[&child.relationship]["records"].as_array_mut().unwrap();
        let position = |id: &str| list.iter().position(|item| item["Id"] == id).unwrap();
        match &child.action {
            ChildAction::Create => {
                let made = json(&mapping::decision::nest(&child.changes));
                let next = list.iter().filter_map(|item| item["Id"].as_str()).max();
                let number = next.and_then(|id| id[1..].parse::<u32>().ok()).unwrap_or(0) + 1;
                let mut element = serde_json::json!({ "Id": format!("c{number:04}") });
                element.as_object_mut().unwrap().extend(made.as_object().unwrap().clone());
                list.push(element);
            }
            ChildAction::Update(id) => {
                let at = position(id);
                for change in &child.changes {
                    set(&mut list[at], &change.path, json(&change.value));
                }
            }
            ChildAction::Remove(id) => {
                let at = position(id);
                list.remove(at);
            }
        }
    }
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The fields that an effect writes.
pub(crate) fn changes(effect: &Effect) -> &[Change] {
    match effect {
        Effect::Nothing => &[],
        Effect::Create(draft) | Effect::Invite(draft) => &draft.changes,
        Effect::Update { changes, .. } => changes,
    }
}

/// The children that an effect writes.
pub(crate) fn children(effect: &Effect) -> &[ChildChange] {
    match effect {
        Effect::Nothing => &[],
        Effect::Create(draft) | Effect::Invite(draft) => &draft.children,
        Effect::Update { children, .. } => children,
    }
}

/// What a decision writes on each side, as `path = value` texts.
pub(crate) fn written(decision: &Decision) -> [Vec<String>; 2] {
    [&decision.left, &decision.right]
        .map(|effect| changes(effect).iter().map(|c| format!("{} = {}", c.path, c.value)).collect())
}

/// Asserts what is written on both sides.
#[track_caller]
pub(crate) fn writes(decision: &Decision, left: &[&str], right: &[&str]) {
    let [found_left, found_right] = written(decision);
    assert_eq!((found_left, found_right), (owned(left), owned(right)), "{:#?}", decision.lines);
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The decision about the line whose rule holds `word`.
#[track_caller]
pub(crate) fn line<'d>(decision: &'d Decision, word: &str) -> &'d LineTrace {
    let mut found = decision.lines.iter().filter(|line| line.rule.contains(word));
    let line = found.next().unwrap_or_else(|| panic!("no line has {word}: {:#?}", decision.lines));
    assert!(found.next().is_none(), "several lines have {word}");
    line
}

#[track_caller]
pub(crate) fn outcome<'d>(decision: &'d Decision, word: &str) -> &'d Outcome {
    &line(decision, word).outcome
}

/// The sentence with which a line is held.
#[track_caller]
pub(crate) fn held<'d>(decision: &'d Decision, word: &str) -> &'d str {
    match outcome(decision, word) {
        Outcome::Held(lock) => lock,
        other => panic!("expected a held line, found {other:?}"),
    }
}

/// Creates the missing record.
pub(crate) fn create(plan: &Plan, to: Side, body: &Value) -> Decision {
    let text = body.to_string();
    let seen = Some(Seen { body: &text, stamp: None });
    let base = Base::default();
    let (left, right) = if to == Side::Left { (None, seen) } else { (seen, None) };
    plan.reconcile(&Input { left, right, base: &base, now: NOW.parse().unwrap() }).unwrap()
}
