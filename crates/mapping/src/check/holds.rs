//! `hold` lines of `sync`, and `not before` of rows.

use crate::decision::Side;
use crate::plan::{Hold, Moment, NotBefore, TestOp};
use crate::problem::{Code, Problem, semantics as say};
use crate::schema::Kind;
use crate::tree::{self, Arrow, At, Span, SyncLine};

use super::Checker;

impl Checker<'_> {
    /// Reads a `hold` line.
    pub(super) fn read_hold(&mut self, line: &SyncLine, hold: &tree::Hold, span: Span) {
        let Some(side) = self.side_of(&line.side) else {
            self.sync_unclear = true;
            return;
        };
        let during = self.condition(side.index(), &hold.during);
        let when = line.when.as_ref().map(|when| self.condition(Side::Left.index(), when));
        if let (Some(written), Side::Left) = (&line.when, side) {
            let why = format!("`while` looks at the {} already", self.plan.side_name(side));
            let help = "write `and` instead of `when`";
            self.say(say::misplaced(written.span, "when", &why, help));
        }
        let answer: Option<Vec<Moment>> =
            hold.answer.iter().map(|moment| self.moment(moment)).collect();
        let empty = during.tests.len() < hold.during.value.tests.len();
        let (Some(answer), false) = (answer, empty) else { return };
        let map_line = self.line_of(span);
        let hold = Hold { side, during, when, answer, map_line };
        let same = |known: &&Hold| {
            (known.side, &known.during, &known.when) == (hold.side, &hold.during, &hold.when)
        };
        if let Some(first) = self.plan.holds.iter().find(same).map(|known| known.map_line) {
            let first = self.whole_line(first);
            self.say(say::doubled(&format!("hold {}", line.side.value), first, span));
            return;
        }
        self.plan.holds.push(hold);
    }

    /// A field of the left record that holds a time.
    fn moment(&mut self, moment: &tree::Moment) -> Option<Moment> {
        let slot = self.slot(Side::Left.index(), &moment.path)?;
        let found = self.scopes.first().and_then(|scope| scope.slots.get(slot.0));
        if let Some((kind, path)) = found.map(|slot| (slot.kind, slot.path.clone()))
            && !matches!(kind, Kind::Date | Kind::DateTime)
        {
            let message = format!("`{path}` holds {}, and no time", kind.phrase());
            let problem = Problem::new(Code::TypeMismatch, moment.path.span, message)
                .label("expected a date or a time")
                .help("name a field such as `createdDateTime`");
            self.say(problem);
            return None;
        }
        Some(Moment { slot, plus: moment.plus })
    }

    /// Reads `not before` of a row; it holds back what is written to the left.
    pub(super) fn read_not_before(
        &mut self,
        clause: &tree::NotBefore,
        arrow: &At<Arrow>,
    ) -> Option<NotBefore> {
        let moment = self.moment(&clause.moment.value);
        let right = Side::Right.index();
        let during = clause.during.as_ref().map(|during| self.condition(right, during));
        if !Side::Left.is_target_of(arrow.value) {
            let why = format!("the row does not write the {}", self.plan.side_name(Side::Left));
            let at = clause.moment.span;
            self.say(say::misplaced(at, "not before", &why, "remove it"));
            return None;
        }
        Some(NotBefore { moment: moment?, during })
    }

    /// A hold that looks at the left record alone ends when a line writes what it looks at.
    pub(super) fn holds_end(&mut self) {
        let mut forever = Vec::new();
        for hold in self.plan.holds.iter().filter(|hold| hold.side == Side::Left) {
            let paths = hold.during.tests.iter().filter_map(|test| {
                let blank = matches!(test.op, TestOp::Blank | TestOp::Present);
                Some((self.plan.slot(Side::Left, test.slot)?.path.as_str(), blank))
            });
            let names: Vec<(&str, bool)> = paths.collect();
            let written = |path: &str| {
                self.written.iter().any(|(side, own, _)| *side == Side::Left && own == path)
                    || self.meant.iter().any(|(side, own)| *side == Side::Left && own == path)
            };
            if !names.iter().any(|(path, _)| written(path)) {
                let list: Vec<String> = names.iter().map(|(path, _)| format!("`{path}`")).collect();
                forever.push((hold.map_line, list.join(", ")));
            }
        }
        for (line, names) in forever {
            let at = self.whole_line(line);
            let target = self.plan.side_name(Side::Left);
            let message =
                format!("no line writes {names}, so nothing in Salesforce ends this hold");
            let problem = Problem::new(Code::HoldForever, at, message)
                .label("held until Microsoft changes it")
                .effect(format!("nothing of such a deal is written to the {target}"))
                .help("look at a field that a line writes, such as `status`");
            self.say(problem);
        }
    }
}
