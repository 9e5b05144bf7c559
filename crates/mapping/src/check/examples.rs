//! Examples: complete, in agreement with themselves, and about what exists and is written. They
//! are carried out by `example`.

use std::collections::BTreeMap;

use crate::decision::Side;
use crate::plan::writers::{Written, path_text};
use crate::problem::{Code, Problem, Severity, nearest};
use crate::schema::Field;
use crate::tree::{At, Block, Constant, Entry, ExampleLine, Item, Path, Span, Tree, Want};

use super::conditions::typed;
use super::rules::has_unread;
use super::{Checker, head};

/// What the lines of an example say so far, by side, with the places.
#[derive(Default)]
struct Said<'w> {
    given: [Option<Span>; 2],
    with: [Option<Span>; 2],
    missing: [Option<Span>; 2],
    has: [Option<Span>; 2],
    base: [Option<Span>; 2],
    base_file: [Option<Span>; 2],
    newest: Option<Span>,
    time: Option<Span>,
    first_contact: Option<Span>,
    gives: bool,
    /// A line names no side, or could not be read: nothing is missing for sure.
    unclear: bool,
    /// What lines write, when all lines of the map have a meaning.
    written: Option<&'w [Written; 2]>,
}

impl Checker<'_> {
    /// Checks all `example` blocks.
    pub(super) fn read_examples(&mut self, tree: &Tree) {
        let sure = self
            .problems
            .iter()
            .all(|problem| problem.severity == Severity::Warning || problem.code.leaves_a_plan());
        let plan = &self.plan;
        // A map of nothing but a head is only begun.
        let begun = plan.lines.len() < 2 && plan.related.is_empty() && plan.lists.is_empty();
        let written = (sure && !begun && is_whole(tree))
            .then(|| Side::BOTH.map(|side| Written::new(plan.written(side))));
        let mut titles: BTreeMap<&str, Span> = BTreeMap::new();
        for (item, _) in head::items(tree) {
            let Item::Example { title, lines } = item else { continue };
            if self.is_full() {
                return;
            }
            if let Some(first) = titles.get(title.value.as_str()) {
                let problem = Problem::new(
                    Code::Doubled,
                    title.span,
                    format!("two examples are called `{}`", title.value),
                )
                .label("the second")
                .also(*first, "the first")
                .help("give each example a title of its own");
                self.say(problem);
            }
            titles.entry(&title.value).or_insert(title.span);
            self.example(title, lines, written.as_ref());
        }
    }

    fn example(
        &mut self,
        title: &At<String>,
        lines: &Block<ExampleLine>,
        written: Option<&[Written; 2]>,
    ) {
        let mut said = Said { unclear: has_unread(lines), written, ..Said::default() };
        for (line, span) in lines.lines() {
            self.example_line(line, span, &mut said);
        }
        if said.unclear {
            return;
        }
        let name = self.plan.side_name(Side::Left).to_owned();
        let nothing = |places: &[Option<Span>; 2]| places.iter().all(Option::is_none);
        let both_missing = said.missing.iter().all(Option::is_some);
        if nothing(&said.given) && nothing(&said.with) && !both_missing {
            self.incomplete(
                title.span,
                "no record is given",
                &format!("{name} \"examples/one.json\""),
            );
        }
        if !said.gives {
            self.incomplete(title.span, "nothing is expected", &format!("gives {name} unchanged"));
        }
        self.agrees_with_itself(&said);
    }

    fn example_line(&mut self, line: &ExampleLine, span: Span, said: &mut Said<'_>) {
        let place = |list: &mut [Option<Span>; 2], side: Option<Side>| match side {
            Some(side) => {
                let [left, right] = list;
                let slot = if side == Side::Left { left } else { right };
                slot.replace(span)
            }
            None => None,
        };
        let side = self.example_side(line);
        said.unclear |=
            side.is_none() && !matches!(line, ExampleLine::FirstContact | ExampleLine::Time(_));
        let second = match line {
            ExampleLine::Given { .. } => place(&mut said.given, side),
            ExampleLine::Missing(_) => place(&mut said.missing, side),
            ExampleLine::Base { .. } => {
                place(&mut said.base, side);
                place(&mut said.base_file, side)
            }
            ExampleLine::With { values, .. } => {
                self.has_values(&mut said.with, side, span, values);
                None
            }
            ExampleLine::BaseWith { values, .. } => {
                self.has_values(&mut said.base, side, span, values);
                None
            }
            ExampleLine::Has { values, .. } => {
                self.has_values(&mut said.has, side, span, values);
                None
            }
            ExampleLine::Newest(_) => said.newest.replace(span),
            ExampleLine::FirstContact => {
                said.first_contact = Some(span);
                None
            }
            ExampleLine::Time(at) => self.example_time(at, span, said),
            ExampleLine::GivesUnchanged(_) | ExampleLine::GivesParked { .. } => {
                said.gives = true;
                None
            }
            ExampleLine::Gives { wants, .. } => {
                said.gives = true;
                self.example_wants(side, wants, said.written);
                None
            }
        };
        if let Some(first) = second {
            let what = match line {
                ExampleLine::Newest(_) => "the newest change is said twice",
                ExampleLine::Time(_) => "the time is said twice",
                _ => "a record is given twice",
            };
            self.contradicts(span, first, what, "remove one of the two lines");
        }
    }

    fn example_side(&mut self, line: &ExampleLine) -> Option<Side> {
        match line {
            ExampleLine::Given { side, .. }
            | ExampleLine::With { side, .. }
            | ExampleLine::Missing(side)
            | ExampleLine::Base { side, .. }
            | ExampleLine::BaseWith { side, .. }
            | ExampleLine::Has { side, .. }
            | ExampleLine::Newest(side)
            | ExampleLine::GivesUnchanged(side)
            | ExampleLine::GivesParked { side, .. }
            | ExampleLine::Gives { side, .. } => self.side_of(side),
            ExampleLine::FirstContact | ExampleLine::Time(_) => None,
        }
    }

    /// Notes that a line says what a record has.
    fn has_values(
        &mut self,
        list: &mut [Option<Span>; 2],
        side: Option<Side>,
        span: Span,
        values: &[(At<Path>, At<Constant>)],
    ) {
        if let Some(side) = side {
            list[side.index()] = Some(span);
        }
        self.example_values(side, values);
    }

    fn example_time(&mut self, at: &At<String>, span: Span, said: &mut Said<'_>) -> Option<Span> {
        if at.value.trim().parse::<jiff::Timestamp>().is_err() {
            let problem = Problem::new(Code::BadExample, at.span, "this is no point in time")
                .label("expected a day and a time")
                .help("write it as `\"2026-03-03T09:00:00Z\"`");
            self.say(problem);
        }
        said.time.replace(span)
    }

    /// A record that is missing has nothing; two that never met have no base.
    fn agrees_with_itself(&mut self, said: &Said<'_>) {
        for side in Side::BOTH {
            let of = |list: &[Option<Span>; 2]| {
                let [left, right] = list;
                if side == Side::Left { *left } else { *right }
            };
            let about = [&said.given, &said.with, &said.has, &said.base].map(of);
            if let (Some(missing), Some(about)) =
                (of(&said.missing), about.into_iter().flatten().next())
            {
                let name = self.plan.side_name(side).to_owned();
                let what = format!("the {name} is missing, and this line says what it has");
                self.contradicts(about, missing, &what, "remove one of the two lines");
            }
        }
        let base = said.base.iter().flatten().next().copied();
        if let (Some(contact), Some(base)) = (said.first_contact, base) {
            let what = "records that never met have no base";
            self.contradicts(base, contact, what, "remove one of the two lines");
        }
        if let ([Some(left), _], [_, Some(right)]) | ([_, Some(right)], [Some(left), _]) =
            (said.missing, said.missing)
        {
            let what = "both records are missing, so nothing happens";
            self.contradicts(right, left, what, "give one of them, from a file or by `with`");
        }
    }

    fn contradicts(&mut self, at: Span, other: Span, what: &str, help: &str) {
        self.say(
            Problem::new(Code::BadExample, at, what)
                .label("this line")
                .also(other, "and this one")
                .help(help),
        );
    }

    fn incomplete(&mut self, at: Span, what: &str, line: &str) {
        self.say(
            Problem::new(Code::BadExample, at, format!("the example is not complete: {what}"))
                .label("not complete")
                .help(format!("add a line such as `{line}`")),
        );
    }

    fn example_values(&mut self, side: Option<Side>, values: &[(At<Path>, At<Constant>)]) {
        let Some(side) = side else { return };
        for (path, value) in values {
            let Some(found) = self.found(side.index(), path) else { continue };
            // What can no longer be chosen may still stand in a record.
            let stands = |text: &str| found.field.value(text).is_some();
            match &value.value {
                Constant::Text(text) if stands(text) => {}
                Constant::Text(_) | Constant::Number(_) | Constant::Bool(_) | Constant::Blank => {
                    self.fits_field(found.field, value);
                }
            }
        }
    }

    /// A constant is of its field's type and in its list.
    fn fits_field(&mut self, field: &Field, value: &At<Constant>) {
        if value.value == Constant::Blank {
            return;
        }
        self.known_value(field, value, false);
        let typed = typed(Some(field.kind), &value.value);
        self.of_kind(field, &typed, value.span);
    }

    fn example_wants(
        &mut self,
        side: Option<Side>,
        wants: &[(At<Path>, At<Want>)],
        written: Option<&[Written; 2]>,
    ) {
        let Some(side) = side else { return };
        for (path, want) in wants {
            let Some(found) = self.found(side.index(), path) else { continue };
            if let Want::Is(value) = &want.value {
                self.fits_field(found.field, &At::new(value.clone(), want.span));
            }
            let Some(written) = written.filter(|_| want.value != Want::Unchanged) else { continue };
            if !self.plan.is_written(side, &path.value, &written[side.index()]) {
                self.never_written(side, path);
            }
        }
    }

    fn never_written(&mut self, side: Side, path: &At<Path>) {
        let (name, text) = (self.plan.side_name(side), path_text(&path.value));
        let written = self.plan.written(side);
        let near = nearest(&text, written.iter().map(String::as_str)).map(str::to_owned);
        let problem = Problem::new(
            Code::BadExample,
            path.span,
            format!("no line of the map writes `{text}` to {name}, so nothing can come of it"),
        )
        .label("never written");
        self.say(match near {
            Some(near) => problem.fix(path.span, near),
            None => problem
                .help(format!("expect a field that a line writes to {name}, or write such a line")),
        });
    }
}

/// Whether all lines that write were read: only then it is sure that none writes a field.
fn is_whole(tree: &Tree) -> bool {
    let unread = |item: &Item| {
        if let Item::Fields(block) = item {
            return has_unread(block);
        }
        let (Item::Related { lines, .. } | Item::Each { lines, .. }) = item else { return false };
        has_unread(lines)
    };
    !head::items(tree).any(|(item, _)| unread(item))
        && tree.entries.iter().all(|entry| !matches!(entry, Entry::Unreadable(_)))
}
