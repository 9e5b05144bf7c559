//! The judge: who entered which value, what stood there then, and what became of it.
//!
//! In: what people enter and what the service writes, as the two systems see it. Out: values that were
//! lost, written over newer ones, or written into the wrong deal. Must not know: the runner, its store
//! or its logs. Every value that a person enters is unique, so a value says who entered it.

use std::collections::BTreeMap;

use serde_json::Value;

/// A pair of fields that mean the same on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// The deal's value: Salesforce wins when both change it.
    Amount,
    /// Long text.
    Notes,
    /// The closing date.
    Close,
    /// The campaign.
    Campaign,
}

/// The two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Referral,
    Opportunity,
}

impl Cell {
    pub(super) const ALL: [Cell; 4] = [Cell::Amount, Cell::Notes, Cell::Close, Cell::Campaign];

    pub(super) fn pointer(self) -> &'static str {
        match self {
            Cell::Amount => "/details/dealValue",
            Cell::Notes => "/details/notes",
            Cell::Close => "/details/closingDateTime",
            Cell::Campaign => "/campaignId",
        }
    }

    pub(super) fn field(self) -> &'static str {
        match self {
            Cell::Amount => "Amount",
            Cell::Notes => "Description",
            Cell::Close => "CloseDate",
            Cell::Campaign => "Campaign_Code__c",
        }
    }

    /// The value in the one spelling by which the two sides are compared.
    pub(super) fn plain(self, value: &Value) -> Option<String> {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => other.to_string(),
        };
        let text = match self {
            Cell::Amount if text.contains('.') => {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Cell::Amount | Cell::Campaign => text,
            Cell::Notes => text.replace("\r\n", "\n").trim_end().to_owned(),
            Cell::Close => text.chars().take(10).collect(),
        };
        (!text.is_empty()).then_some(text)
    }
}

/// What must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Breach {
    /// What somebody entered did not arrive, and nobody is told so.
    Lost,
    /// Two records for one, or a record that was written to for another.
    Duplicate,
    /// An older value over a newer one.
    Misordered,
    /// A write without a cause, or that is not allowed.
    Echo,
}

/// Something that somebody entered.
#[derive(Debug)]
struct Edit {
    value: String,
    deal: usize,
    /// What stood there, and what was overruled by it.
    over: Vec<usize>,
    /// What really stood there, where nobody has to know of it: a write without an answer. Whoever finds it out
    /// by the other fields of that write may go by it.
    really: Option<usize>,
}

/// All that was entered.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    edits: Vec<Edit>,
    by_value: BTreeMap<(Cell, String), usize>,
    pub(super) breaches: Vec<(Breach, String)>,
}

impl Ledger {
    pub(super) fn breach(&mut self, what: Breach, how: String) {
        self.breaches.push((what, how));
    }

    /// Somebody entered a value where `over` stood; the token by which it is known.
    pub(super) fn enters(
        &mut self,
        deal: usize,
        cell: Cell,
        value: &Value,
        over: Option<usize>,
    ) -> usize {
        let value = cell.plain(value).unwrap_or_default();
        // A copied record holds what somebody entered elsewhere.
        if let (None, Some(known)) = (over, self.by_value.get(&(cell, value.clone()))) {
            return *known;
        }
        let token = self.edits.len();
        self.by_value.insert((cell, value.clone()), token);
        self.edits.push(Edit { value, deal, over: over.into_iter().collect(), really: None });
        token
    }

    /// This was entered where `stood` really stood.
    pub(super) fn really(&mut self, edit: usize, stood: Option<usize>) {
        self.edits[edit].really = stood.filter(|stood| *stood != edit);
    }

    /// An edit over a value of which nobody knows any more that it stood there: it was entered over what stood
    /// there before that.
    pub(super) fn doubts(&mut self, edit: usize, written: Option<usize>, before: Option<usize>) {
        let over = &mut self.edits[edit].over;
        if written.is_some() && over.first().copied() == written {
            over.splice(..1, before);
            self.really(edit, written);
        }
    }

    /// The service wrote a value over `over`; the token that stands there now. `wins`: the opportunity's
    /// value wins, where a line says so.
    pub(super) fn written(
        &mut self,
        place: (usize, End, bool),
        cell: Cell,
        value: &Value,
        over: Option<usize>,
    ) -> Option<usize> {
        let (deal, end, wins) = place;
        let Some(value) = cell.plain(value) else {
            if let Some(over) = over {
                let gone = self.edits[over].value.clone();
                self.breach(Breach::Lost, format!("{cell:?} {gone:?} at the {end:?} was blanked"));
            }
            return None;
        };
        let Some(token) = self.by_value.get(&(cell, value.clone())).copied() else {
            let how = format!("{cell:?} {value:?} was written to the {end:?}; nobody entered it");
            self.breach(Breach::Misordered, how);
            return over;
        };
        if self.edits[token].deal != deal {
            let how = format!("{cell:?} {value:?} of another deal was written to the {end:?}");
            self.breach(Breach::Duplicate, how);
        }
        let Some(held) = over.filter(|held| *held != token) else { return Some(token) };
        if self.follows(held, token) {
            let newer = &self.edits[held].value;
            let how =
                format!("{cell:?} {value:?} was written over the newer {newer:?} at the {end:?}");
            self.breach(Breach::Misordered, how);
        } else if !self.follows(token, held) {
            let is_over = self.reaches(token, held, true);
            if wins && !is_over && (cell, end) == (Cell::Amount, End::Opportunity) {
                let wins = &self.edits[held].value;
                let how =
                    format!("{cell:?} {wins:?} of the opportunity wins, and was lost to {value:?}");
                self.breach(Breach::Lost, how);
            }
            self.edits[token].over.push(held);
        }
        Some(token)
    }

    /// Whether `newer` was entered, or won, over `older`.
    pub(super) fn follows(&self, newer: usize, older: usize) -> bool {
        self.reaches(newer, older, false)
    }

    /// The same, also over what `really` stood there.
    fn reaches(&self, newer: usize, older: usize, really: bool) -> bool {
        let mut seen = vec![false; self.edits.len()];
        let mut open = vec![newer];
        while let Some(at) = open.pop() {
            if at == older {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&self.edits[at].over);
                open.extend(self.edits[at].really.filter(|_| really));
            }
        }
        false
    }

    pub(super) fn value(&self, token: usize) -> &str {
        &self.edits[token].value
    }
}
