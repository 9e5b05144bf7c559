//! The places of clauses and conditions that can be changed.
//!
//! In: clauses, a condition, and which place is wanted. Out: the same with that one change. Must
//! not know: lines, what comes of it.

use crate::tree::{At, BlankPolicy, Clause, ClauseKind, Condition, Test, TestOp, Token};

use super::Picker;

/// Takes each clause out, and turns those around that have another way to say it.
pub(super) fn clauses(list: &mut Vec<Clause>, picker: &mut Picker<'_>) {
    let mut index = 0;
    while let Some(clause) = list.get_mut(index) {
        if is_seen(&clause.kind) && picker.pick(clause.span, |text| format!("without `{text}`")) {
            list.remove(index);
            return;
        }
        turned(clause, picker);
        index += 1;
    }
}

/// What an example can notice. The rest says what people are asked.
fn is_seen(kind: &ClauseKind) -> bool {
    match kind {
        ClauseKind::Several(_) | ClauseKind::Else(_) | ClauseKind::WinsNewestAlone => false,
        ClauseKind::As(_)
        | ClauseKind::Using(_)
        | ClauseKind::Wins { .. }
        | ClauseKind::WinsNewest { .. }
        | ClauseKind::FirstContact(_)
        | ClauseKind::ConflictAsk
        | ClauseKind::Union
        | ClauseKind::Blank(_)
        | ClauseKind::Default { .. }
        | ClauseKind::OnCreateOnly
        | ClauseKind::OnCreateOrInvite
        | ClauseKind::OneWayTo(_)
        | ClauseKind::UntilShared
        | ClauseKind::RemovedKeep
        | ClauseKind::None(_)
        | ClauseKind::When(_) => true,
    }
}

fn turned(clause: &mut Clause, picker: &mut Picker<'_>) {
    let at = clause.span;
    match &mut clause.kind {
        ClauseKind::Wins { side, unless_blank } => {
            other_side(side, picker);
            if *unless_blank && picker.pick(at, |_| "without `unless blank`".to_owned()) {
                *unless_blank = false;
            }
        }
        ClauseKind::Blank(policy) => {
            let other = match policy {
                BlankPolicy::Keep => (BlankPolicy::Clear, "clear"),
                BlankPolicy::Clear | BlankPolicy::Park => (BlankPolicy::Keep, "keep"),
            };
            let what = |text: &str| format!("`blank {}` instead of `{text}`", other.1);
            if picker.pick(at, what) {
                *policy = other.0;
            }
        }
        ClauseKind::Default { plus_days, .. } => {
            if plus_days.is_some() && picker.pick(at, |_| "without `plus … days`".to_owned()) {
                *plus_days = None;
            }
        }
        ClauseKind::WinsNewest { fallback: side } | ClauseKind::FirstContact(side) => {
            other_side(side, picker);
        }
        ClauseKind::As(tokens) => shorter(tokens, picker),
        ClauseKind::Using(_)
        | ClauseKind::WinsNewestAlone
        | ClauseKind::ConflictAsk
        | ClauseKind::Union
        | ClauseKind::OnCreateOnly
        | ClauseKind::OnCreateOrInvite
        | ClauseKind::OneWayTo(_)
        | ClauseKind::UntilShared
        | ClauseKind::RemovedKeep
        | ClauseKind::None(_)
        | ClauseKind::Several(_)
        | ClauseKind::When(_)
        | ClauseKind::Else(_) => {}
    }
}

/// The other side wins.
fn other_side(side: &mut At<String>, picker: &mut Picker<'_>) {
    let other = picker.sides.iter().find(|name| **name != side.value).cloned();
    let Some(other) = other.filter(|_| picker.sides.len() == 2) else { return };
    if picker.pick(side.span, |text| format!("`{other}` wins instead of `{text}`")) {
        side.value = other;
    }
}

/// `as text cut at 120` is `as text cut at 119`, `with 2 decimals` is `with 1`.
fn shorter(tokens: &mut [At<Token>], picker: &mut Picker<'_>) {
    for token in tokens {
        let Token::Number(digits) = &token.value else { continue };
        let Some(less) = digits.parse::<u32>().ok().and_then(|number| number.checked_sub(1)) else {
            continue;
        };
        if picker.pick(token.span, |text| format!("`{less}` instead of `{text}`")) {
            token.value = Token::Number(less.to_string());
        }
    }
}

/// Takes each of several tests out, and turns each around.
pub(super) fn condition(condition: &mut At<Condition>, picker: &mut Picker<'_>) {
    let tests = &mut condition.value.tests;
    for test in tests.iter_mut() {
        negated(test, picker);
    }
    all_of(condition, picker);
}

/// Takes each of several tests out.
pub(super) fn all_of(condition: &mut At<Condition>, picker: &mut Picker<'_>) {
    let tests = &mut condition.value.tests;
    if tests.len() < 2 {
        return;
    }
    let mut index = 0;
    while let Some(test) = tests.get(index) {
        if picker.pick(test.span, |text| format!("without `{text}`")) {
            tests.remove(index);
            return;
        }
        index += 1;
    }
}

fn negated(test: &mut At<Test>, picker: &mut Picker<'_>) {
    let at = test.span;
    let op = &mut test.value.op;
    let other = match op {
        TestOp::Is(values) => TestOp::IsNot(values.clone()),
        TestOp::IsNot(values) => TestOp::Is(values.clone()),
        TestOp::Present | TestOp::NotEmpty => TestOp::Blank,
        TestOp::Blank | TestOp::Empty => TestOp::Present,
        TestOp::Above(limit) => TestOp::Below(limit.clone()),
        TestOp::Below(limit) => TestOp::Above(limit.clone()),
    };
    if picker.pick(at, |text| format!("the opposite of `{text}`")) {
        *op = other;
    }
}
