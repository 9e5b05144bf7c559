//! Which objects of an org a map looks into.
//!
//! In: the text of a map with its bases, and the objects that are known so far. Out: the objects that
//! it looks into and that are not known yet, each with the place that first does. Must not know:
//! where objects come from, and whether the map has problems: it is read as far as it can be.
//!
//! What a relationship leads to stands in the describe of the object that has it. So whoever gathers
//! the objects asks, fetches what is missing, and asks again until nothing is.

use crate::overlay::{Bases, Composed, compose};
use crate::problem::{Code, Report, Severity};
use crate::schema::{Object, Schemas, System};
use crate::sources::Sources;
use crate::tree::{
    At, Clause, ClauseKind, Condition, Entry, ExampleLine, FieldLine, Item, Operand, Path,
    RelatedLine, ReportLine, Row, Segment, Span, SyncLine, Token, Tree,
};

/// A map, to be asked what it needs.
#[derive(Debug)]
pub struct Needs {
    sources: Sources,
    tree: Tree,
    unread: usize,
}

/// An object that a map looks into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its API name.
    pub object: String,
    /// The file of the map that needs it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl Needs {
    /// Reads a map. Error: a map that it extends is not there, or it is too large.
    pub fn read(name: &str, text: &str, bases: Bases<'_>) -> Result<Needs, Report> {
        let Composed { sources, tree, problems, complete } = compose(name, text, bases);
        if !complete || problems.iter().any(|problem| problem.code == Code::TooLarge) {
            return Err(Report::new(sources, problems));
        }
        let unread = problems.iter().filter(|p| p.severity == Severity::Error).count();
        Ok(Needs { sources, tree, unread })
    }

    /// How many problems kept parts of it from being read; what those need is not known.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// The objects of Salesforce that it looks into and that are not among `known`, each once.
    pub fn missing(&self, known: &Schemas) -> Vec<Need> {
        let mut look = Look { sources: &self.sources, known, names: Vec::new(), found: Vec::new() };
        look.map(&self.tree);
        look.found
    }
}

/// Where the paths of the left and of the right side begin; nothing where that is not known, or no
/// business of Salesforce.
type Places<'k> = [Option<&'k Object>; 2];

/// A walk over a map.
struct Look<'k> {
    sources: &'k Sources,
    known: &'k Schemas,
    /// The names of both sides.
    names: Vec<String>,
    found: Vec<Need>,
}

impl<'k> Look<'k> {
    fn map(&mut self, tree: &Tree) {
        let mut roots: Places<'k> = [None, None];
        let items = || {
            tree.entries.iter().filter_map(|entry| match entry {
                Entry::Line { item, .. } => Some(item),
                Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => None,
            })
        };
        for item in items() {
            if let Item::Side { name, system, object } = item {
                let is_ours = System::parse(&system.value) == Some(System::Salesforce);
                let place = if is_ours { self.object(&object.value, object.span) } else { None };
                if let Some(root) = roots.get_mut(self.names.len()) {
                    *root = place;
                }
                self.names.push(name.value.clone());
            }
        }
        for item in items() {
            self.item(item, roots);
        }
    }

    fn item(&mut self, item: &Item, roots: Places<'k>) {
        match item {
            Item::Match { left, right } => {
                self.sided(left, roots);
                self.sided(right, roots);
            }
            Item::Sync(block) => {
                block.lines().for_each(|(line, _)| self.sync(line, roots));
            }
            Item::Defaults(block) => {
                self.clauses(block.lines().map(|(clause, _)| clause), roots, roots);
            }
            Item::Values { rows, .. } => {
                rows.lines().for_each(|(row, _)| self.row(row, roots));
            }
            Item::Fields(block) => {
                for (line, _) in block.lines() {
                    self.field(line, roots);
                }
            }
            Item::Related { object, lines, .. } => {
                let [left, _] = roots;
                let right = self.object(&object.value, object.span);
                self.related(lines.lines().map(|(line, _)| line), [left, right]);
            }
            Item::Each { left, right, clauses, lines } => {
                let places = [self.path(roots[0], left), self.path(roots[1], right)];
                self.clauses(clauses.iter(), roots, places);
                self.related(lines.lines().map(|(line, _)| line), places);
            }
            Item::Require(block) => {
                for (line, _) in block.lines() {
                    self.condition(&line.test.value, roots);
                    self.clauses(line.clauses.iter(), roots, roots);
                }
            }
            Item::Report(block) => {
                for (line, _) in block.lines() {
                    let (ReportLine::Badge { field, .. } | ReportLine::Audit(field)) = line;
                    self.path(roots[1], field);
                }
            }
            Item::Example { lines, .. } => {
                lines.lines().for_each(|(line, _)| self.example(line, roots));
            }
            Item::Language(_)
            | Item::Mapping { .. }
            | Item::Side { .. }
            | Item::Extends(_)
            | Item::Edit { .. }
            | Item::Drop(_) => {}
        }
    }

    fn sync(&mut self, SyncLine { side, when, hold }: &SyncLine, roots: Places<'k>) {
        let from = self.place(&side.value, roots);
        if let Some(hold) = hold {
            self.condition(&hold.during.value, [from, None]);
            self.maybe(when.as_ref(), roots);
        } else {
            self.maybe(when.as_ref(), [from, None]);
        }
    }

    fn row(&mut self, row: &Row, roots: Places<'k>) {
        let Row::Cells { when, not_before, .. } = row else { return };
        self.maybe(when.as_ref(), roots);
        let [_, right] = roots;
        let during = not_before.as_ref().and_then(|clause| clause.during.as_ref());
        self.maybe(during, [right, None]);
    }

    /// A path that begins with the name of a side.
    fn sided(&mut self, path: &At<Path>, roots: Places<'k>) {
        let mut names = path.value.segments.iter();
        let Some(Segment::Name(side)) = names.next() else { return };
        let from = self.place(side, roots);
        let segments = names.cloned().collect();
        self.path(from, &At::new(Path { segments }, path.span));
    }

    fn related<'t>(
        &mut self,
        lines: impl Iterator<Item = &'t RelatedLine>,
        [left, right]: Places<'k>,
    ) {
        for line in lines {
            match line {
                RelatedLine::Match { pairs, .. } => {
                    for (one, other) in pairs {
                        self.path(left, one);
                        self.path(right, other);
                    }
                }
                RelatedLine::Field(line) => self.field(line, [left, right]),
            }
        }
    }

    fn field(&mut self, line: &FieldLine, [left, right]: Places<'k>) {
        let mut elements: Places<'k> = [None, None];
        let sides = [(&line.left, left), (&line.right, right)];
        for ((operands, from), element) in sides.into_iter().zip(&mut elements) {
            for operand in operands {
                *element = self.operand(from, operand).or(*element);
            }
        }
        self.clauses(line.clauses.iter(), [left, right], elements);
    }

    /// `elements`: what the lists of the line hold, whose members a conversion may name.
    fn clauses<'t>(
        &mut self,
        clauses: impl Iterator<Item = &'t Clause>,
        places: Places<'k>,
        elements: Places<'k>,
    ) {
        for clause in clauses {
            match &clause.kind {
                ClauseKind::Default { value, .. } => {
                    for place in places {
                        self.operand(place, value);
                    }
                }
                ClauseKind::When(condition) => self.condition(&condition.value, places),
                ClauseKind::As(tokens) => {
                    for token in tokens {
                        let Token::Word(word) = &token.value else { continue };
                        for place in elements {
                            self.names(place, word.split('.'), token.span);
                        }
                    }
                }
                ClauseKind::Using(_)
                | ClauseKind::Wins { .. }
                | ClauseKind::WinsNewest { .. }
                | ClauseKind::WinsNewestAlone
                | ClauseKind::FirstContact(_)
                | ClauseKind::ConflictAsk
                | ClauseKind::Union
                | ClauseKind::Blank(_)
                | ClauseKind::OnCreateOnly
                | ClauseKind::OnCreateOrInvite
                | ClauseKind::OneWayTo(_)
                | ClauseKind::UntilShared
                | ClauseKind::RemovedKeep
                | ClauseKind::None(_)
                | ClauseKind::Several(_)
                | ClauseKind::Else(_) => {}
            }
        }
    }

    fn maybe(&mut self, condition: Option<&At<Condition>>, places: Places<'k>) {
        if let Some(condition) = condition {
            self.condition(&condition.value, places);
        }
    }

    fn condition(&mut self, condition: &Condition, places: Places<'k>) {
        for test in &condition.tests {
            for place in places {
                self.operand(place, &test.value.subject);
            }
        }
    }

    fn example(&mut self, line: &ExampleLine, roots: Places<'k>) {
        let (side, paths): (&At<String>, Vec<&At<Path>>) = match line {
            ExampleLine::With { side, values }
            | ExampleLine::BaseWith { side, values }
            | ExampleLine::Has { side, values } => {
                (side, values.iter().map(|(path, _)| path).collect())
            }
            ExampleLine::Gives { side, wants } => {
                (side, wants.iter().map(|(path, _)| path).collect())
            }
            ExampleLine::Given { .. }
            | ExampleLine::Missing(_)
            | ExampleLine::Base { .. }
            | ExampleLine::Newest(_)
            | ExampleLine::Time(_)
            | ExampleLine::FirstContact
            | ExampleLine::GivesUnchanged(_)
            | ExampleLine::GivesParked { .. } => return,
        };
        let from = self.place(&side.value, roots);
        for path in paths {
            self.path(from, path);
        }
    }

    /// Where the paths of a side begin.
    fn place(&self, side: &str, roots: Places<'k>) -> Option<&'k Object> {
        self.names.iter().zip(roots).find(|(name, _)| *name == side).and_then(|(_, root)| root)
    }

    fn operand(&mut self, from: Option<&'k Object>, operand: &At<Operand>) -> Option<&'k Object> {
        match &operand.value {
            Operand::Path(path) => self.path(from, &At::new(path.clone(), operand.span)),
            Operand::JsonPath(text) => {
                // Every name in it that leads somewhere is followed.
                let mut here = from?;
                for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                    here = self.step(here, word, operand.span).unwrap_or(here);
                }
                None
            }
            Operand::Constant(_) => None,
        }
    }

    /// The object that a path ends in, when it does not end in a field.
    fn path(&mut self, from: Option<&'k Object>, path: &At<Path>) -> Option<&'k Object> {
        let mut here = from?;
        for segment in &path.value.segments {
            match segment {
                Segment::Name(name) => here = self.step(here, name, path.span)?,
                Segment::First => {}
                Segment::FirstWith(member) | Segment::Is { name: member, .. } => {
                    self.names(Some(here), member.split('.'), path.span);
                }
            }
        }
        Some(here)
    }

    fn names<'t>(
        &mut self,
        from: Option<&'k Object>,
        names: impl Iterator<Item = &'t str>,
        span: Span,
    ) {
        let Some(mut here) = from else { return };
        for name in names {
            let Some(next) = self.step(here, name, span) else { return };
            here = next;
        }
    }

    /// The object that a name leads to from another object: by a reference, or as its children.
    fn step(&mut self, here: &'k Object, name: &str, span: Span) -> Option<&'k Object> {
        if here.field(name).is_some() {
            return None;
        }
        let target = match here.reference(name) {
            Some(reference) => reference.reference_to.as_ref()?,
            None => &here.child(name)?.object,
        };
        self.object(target, span)
    }

    /// The object of a name; one that is not known is missing.
    fn object(&mut self, name: &str, span: Span) -> Option<&'k Object> {
        let known = self.known.object(System::Salesforce, name);
        if known.is_none() && !self.found.iter().any(|need| need.object == name) {
            let place = self.sources.place(span.start);
            let (file, line) = (place.file.to_owned(), place.line);
            self.found.push(Need { object: name.to_owned(), file, line });
        }
        known
    }
}

#[cfg(test)]
mod tests;
