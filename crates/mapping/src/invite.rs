//! Microsoft's half of a deal of one's own: made once, when help is asked for.
//!
//! In: a plan, both records as read. Out: that half as it is to be made, or what it lacks. Must not
//! know: bases, engagements, how it is sent. It says what one's own half says; what is asked for, and
//! whom to call, comes from the right record.

use crate::decision::{Change, Decision, Draft, Effect, OnHold, Side, is_at_or_below, nest};
use crate::draft::{Drafted, says};
use crate::element::change;
use crate::fault::{Fault, FaultCode};
use crate::hold::Would;
use crate::json::{self, Json};
use crate::plan::{Each, InvitePlan, Line, Plan, Slot, SlotId};
use crate::record::{Listed, Record, SlotFault};
use crate::value::Value;

/// What becomes of a wish for help.
#[derive(Debug)]
pub(crate) enum Invitation {
    /// Nobody is asked: nothing is wished for, or Microsoft has joined, or cannot join.
    None,
    /// Microsoft cannot be asked yet.
    Lacks(Vec<Fault>),
    /// The deal is on hold.
    OnHold(OnHold),
    /// The half as it is to be made.
    Half(Draft),
}

impl Plan {
    /// Whether a left record, or the draft of one, asks for help.
    pub fn asks(&self, left: &str) -> bool {
        let Some(invite) = &self.invite else { return false };
        Record::read(self, Side::Left, left.as_bytes()).is_ok_and(|left| wishes(invite, &left))
    }

    /// Those changes of an invitation that ask for something.
    pub fn asking<'d>(&'d self, half: &'d Draft) -> impl Iterator<Item = &'d Change> {
        let lines = self.lines.iter().filter(|line| line.on_invite);
        let slots: Vec<SlotId> =
            lines.flat_map(|line| line.source(Side::Left).slots()).copied().collect();
        half.changes.iter().filter(move |change| {
            let own =
                |slot: &SlotId| self.slot(Side::Left, *slot).is_some_and(|s| s.path == change.path);
            slots.iter().any(own)
        })
    }

    /// The same decision for a deal whose left record was made with a wish for help, of which
    /// Microsoft does not know yet: it is told as soon as nothing else is to be written there.
    pub fn ask(&self, mut decision: Decision, left: &str, right: &str) -> Result<Decision, Fault> {
        if !decision.left.is_nothing() || decision.refused.is_some() || self.invite.is_none() {
            return Ok(decision);
        }
        let left = Record::read(self, Side::Left, left.as_bytes())?;
        let right = Record::read(self, Side::Right, right.as_bytes())?;
        if !self.opted_in(Side::Right, &right)? {
            return Ok(decision);
        }
        match self.invitation(&left, &right) {
            Invitation::None => {}
            Invitation::Lacks(faults) => add_new(&mut decision.parked, faults),
            Invitation::OnHold(hold) => decision.on_hold = Some(hold),
            Invitation::Half(half) => decision.left = Effect::Invite(half),
        }
        Ok(decision)
    }

    /// What becomes of the wish for help that the right record has.
    pub(crate) fn invitation(&self, left: &Record<'_>, right: &Record<'_>) -> Invitation {
        let Some(invite) = &self.invite else { return Invitation::None };
        let is = |(slot, wanted): &(SlotId, String)| is_text(left, *slot, wanted);
        let joined = left.value(invite.joined).is_ok_and(|value| !value.is_blank());
        if joined || !invite.during.iter().all(is) {
            return Invitation::None;
        }
        let drafted = self.draft(Side::Left, right);
        let half = self.half(left, &drafted.draft);
        let body = nest(&half.changes);
        let Ok(json) = json::read(body.as_bytes()) else { return Invitation::None };
        let record = Record::of(&self.side(Side::Left).slots, json);
        let misfits = self.misfits(&drafted);
        if !misfits.is_empty() {
            return Invitation::Lacks(misfits);
        }
        if !wishes(invite, &record) {
            return Invitation::None;
        }
        let would = Would { records: [left, right], written: Vec::new() };
        if let Some(hold) = self.holding(&would) {
            return Invitation::OnHold(OnHold {
                why: self.held_words(hold),
                map_line: hold.map_line,
            });
        }
        let faults = self.lacks(invite, left, &record, &half);
        if faults.is_empty() { Invitation::Half(half) } else { Invitation::Lacks(faults) }
    }

    /// What does not fit of that which is wished for.
    fn misfits(&self, drafted: &Drafted) -> Vec<Fault> {
        let asks = |fault: &&Fault| {
            let mut lines = self.lines.iter().filter(|line| line.on_invite);
            lines.any(|line| self.place(line.map_line) == (fault.map.as_str(), fault.map_line))
        };
        drafted.fatal.iter().chain(&drafted.faults).filter(asks).cloned().collect()
    }

    /// What stands against sending it: the lines of `require`, what must be given, and that
    /// Microsoft's sellers see the deal.
    fn lacks(
        &self,
        invite: &InvitePlan,
        left: &Record<'_>,
        record: &Record<'_>,
        half: &Draft,
    ) -> Vec<Fault> {
        let mut faults: Vec<Fault> =
            self.failing(record).map(|require| self.require_fault(require)).collect();
        let path = |slot| self.slot(Side::Left, slot).map_or("", |slot| slot.path.as_str());
        let line =
            self.lines.iter().find(|line| line.source(Side::Left).slots().contains(&invite.asks));
        let line = line.map_or(0, |line| line.map_line);
        let mut lack = |field: &str, code, message: String| {
            faults.push(self.fault_at(line, field, SlotFault { code, message }));
        };
        for required in &self.side(Side::Left).required {
            let has = |change: &Change| is_at_or_below(&change.path, required) && says(change);
            if !half.changes.iter().any(has) {
                let message =
                    format!("`{required}` must be given when Microsoft is asked for help");
                lack(required, FaultCode::MissingRequired, message);
            }
        }
        if let Some(shared) = self.shared.filter(|slot| left.value(*slot) != Ok(&Value::Bool(true)))
            && !faults.iter().any(|fault| fault.code == FaultCode::Require)
        {
            let message = "Microsoft's sellers do not see this deal yet: make it visible to them to ask for help.";
            let fault = SlotFault { code: FaultCode::Require, message: message.to_owned() };
            faults.push(self.fault_at(line, path(shared), fault));
        }
        faults
    }

    /// Microsoft's half: what one's own says, and from the right record what is asked for, whom to
    /// call, and what is blank in one's own.
    fn half(&self, left: &Record<'_>, given: &Draft) -> Draft {
        let states = self.states.as_ref().map_or(&[][..], |states| &states.slots);
        let reference = self.external_reference().unwrap_or_default();
        let given =
            |slot: &Slot| given.changes.iter().find(|change| change.path == slot.path).cloned();
        let mut changes: Vec<Change> = Vec::new();
        let related = self.related.iter().flat_map(|related| &related.lines);
        let lines = self.lines.iter().chain(related).filter(|line| line.writes(Side::Left));
        let places = lines.flat_map(|line: &Line| {
            line.source(Side::Left).slots().iter().map(move |slot| (line, *slot))
        });
        for (line, id) in places {
            let Some(slot) = self.slot(Side::Left, id) else { continue };
            let is_other = states.contains(&id) || slot.path == reference || !slot.create;
            if is_other || changes.iter().any(|change| change.path == slot.path) {
                continue;
            }
            let own = left.value(id).ok().filter(|value| !value.is_blank() && !line.on_invite);
            changes.extend(own.map(|value| change(slot, value)).or_else(|| given(slot)));
        }
        for each in &self.lists {
            let Some(slot) = self.slot(Side::Left, each.left).filter(|slot| slot.create) else {
                continue;
            };
            let (own, given) = (own_list(left, slot), given(slot));
            changes.extend(if is_locked(each, slot) { given.or(own) } else { own.or(given) });
        }
        Draft { changes, ..Draft::default() }
    }
}

/// Adds the faults that are not there yet.
pub(crate) fn add_new(known: &mut Vec<Fault>, faults: Vec<Fault>) {
    let new: Vec<Fault> = faults.into_iter().filter(|fault| !known.contains(fault)).collect();
    known.extend(new);
}

/// A list that can be completed with an invitation only, once the deal is shared.
fn is_locked(each: &Each, slot: &Slot) -> bool {
    each.until_shared || slot.until_shared
}

/// One's own elements as they stand there; none: there is none.
fn own_list(left: &Record<'_>, slot: &Slot) -> Option<Change> {
    let Ok(Listed::Items(items)) = left.elements(slot) else { return None };
    let items: Vec<Json<'_>> = items.into_iter().cloned().collect();
    let value = Json::List(items).to_string();
    (value != "[]").then(|| Change {
        path: slot.path.clone(),
        pointer: slot.pointer.clone(),
        value,
    })
}

fn wishes(invite: &InvitePlan, left: &Record<'_>) -> bool {
    match left.value(invite.asks) {
        Ok(Value::Blank) | Err(_) => false,
        Ok(Value::Text(text)) => !invite.nothing.contains(text),
        Ok(
            Value::Bool(_)
            | Value::Number(_)
            | Value::Date(_)
            | Value::Instant(_)
            | Value::List(_)
            | Value::Other(_),
        ) => true,
    }
}

fn is_text(record: &Record<'_>, slot: SlotId, wanted: &str) -> bool {
    matches!(record.value(slot), Ok(Value::Text(text)) if text == wanted)
}
