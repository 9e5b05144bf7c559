//! Tables of every shape: whatever they say, two records come to rest in one round.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::cases;
use super::laws::lawful_round;
use super::support::{Deal, problems, set, small};

const LEFT: [&str; 4] = ["a", "b", "c", "d"];
const RIGHT: [&str; 4] = ["red", "green", "blue", "pink"];
const ARROWS: [&str; 3] = ["<->", "->", "<-"];

/// What may stand where values are looked up, and where they are written.
fn cell(words: &'static [&'static str; 4], written: bool) -> impl Strategy<Value = &'static str> {
    let odd: &[&str] = if written {
        &["blank", "any", "ignore", "same", "keep", "park"]
    } else {
        &["blank", "any", "ignore"]
    };
    let odd = odd.to_vec();
    prop_oneof![5 => prop::sample::select(words.to_vec()), 1 => prop::sample::select(odd)]
}

/// One row of a table with two left columns and one right one.
fn row() -> impl Strategy<Value = String> {
    (0..3_usize).prop_flat_map(|arrow| {
        let arrow = ARROWS[arrow];
        let (to_right, to_left) = (arrow == "->", arrow == "<-");
        let when = prop_oneof![
            4 => Just(""),
            1 => Just(" when direction is Incoming"),
            1 => Just(" when direction is not Incoming"),
        ];
        (cell(&LEFT, to_left), cell(&LEFT, to_left), cell(&RIGHT, to_right), when).prop_map(
            move |(first, second, right, when)| {
                format!(" {first}, {second} {arrow} {right}{when}\n")
            },
        )
    })
}

fn otherwise() -> impl Strategy<Value = String> {
    let end = |arrow: &'static str, cells: &'static [&'static str]| {
        prop::option::of(prop::sample::select(cells.to_vec())).prop_map(move |cell| {
            cell.map_or(String::new(), |c| format!(" otherwise {arrow} {c}\n"))
        })
    };
    let to_right =
        end("->", &["keep", "park", "ignore", "red", "keep with warning", "keep, on create blue"]);
    let to_left = end("<-", &["keep", "park", "ignore", "a, b"]);
    (to_right, to_left).prop_map(|(right, left)| right + &left)
}

fn clauses() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "wins referral first contact wins referral",
        "wins opportunity first contact wins opportunity",
        "wins referral unless blank first contact wins opportunity",
        "wins newest else referral first contact wins referral",
        "conflict ask first contact wins opportunity",
        "blank clear wins opportunity first contact wins opportunity",
    ])
}

fn left() -> impl Strategy<Value = Value> {
    let word = || prop::option::of(prop::sample::select(vec!["a", "b", "c", "d", "e"]));
    (word(), word(), any::<bool>()).prop_map(|(topic, other, incoming)| {
        let direction = if incoming { "Incoming" } else { "Outgoing" };
        json!({"direction": direction, "details": {"topic": topic, "other": other}})
    })
}

fn right() -> impl Strategy<Value = Value> {
    prop::option::of(prop::sample::select(vec!["red", "green", "blue", "pink", "grey"]))
        .prop_map(|topic| json!({ "Topic__c": topic }))
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn any_table_brings_any_two_records_to_rest(
        rows in prop::collection::vec(row(), 1..7), ends in otherwise(), clauses in clauses(),
        before in (left(), right()), after in (left(), right()), stamps in any::<[bool; 2]>(),
    ) {
        let mut table = String::from("values t\n");
        let _ = write!(table, "{}{ends}end", rows.concat());
        let line = format!("details.topic, details.other <-> Topic__c using t\n {clauses}");
        let found = problems(&line, &table);
        prop_assume!(found.iter().all(|p| p.severity == mapping::problem::Severity::Warning));
        let plan = small(&line, &table);
        let mut deal = Deal::new(&before.0, &before.1);
        deal.stamps = stamps.map(|known| known.then_some(100));
        lawful_round(&plan, &mut deal)?;
        set(&mut deal.left, "details", after.0["details"].clone());
        lawful_round(&plan, &mut deal)?;
        set(&mut deal.right, "Topic__c", after.1["Topic__c"].clone());
        set(&mut deal.left, "details", before.0["details"].clone());
        lawful_round(&plan, &mut deal)?;
        let _ = plan.losses();
    }
}
