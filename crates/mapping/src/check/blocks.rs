//! `match`, `report`, `related` and `each`.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::{Audit, Badge, Child, Each, Line, Related, SlotId, Source, Via, Wins};
use crate::problem::{Code, Problem, semantics as say};
use crate::schema::{Found, Kind, Place};
use crate::tree::{
    Arrow, At, BlankPolicy, Block, Clause, ClauseKind, Item, Path, RelatedLine, ReportLine,
    Segment, Span, Tree,
};

use super::clauses::clause_name;
use super::lines::Context;
use super::scope::{Scope, path_text};
use super::{Checker, head};

impl<'c> Checker<'c> {
    /// Reads the `match` line; it becomes the first line of the plan.
    pub(super) fn read_key(&mut self, tree: &Tree) {
        let mut first: Option<Span> = None;
        for (item, span) in head::items(tree) {
            let Item::Match { left, right } = item else { continue };
            if let Some(first) = first {
                self.say(say::doubled("match", first, span));
                continue;
            }
            first = Some(span);
            self.key_line(left, right, span);
        }
        if first.is_none() {
            let (left, right) = (self.plan.side_name(Side::Left), self.plan.side_name(Side::Right));
            let example = format!("match {left}.id with {right}.Referral_Identifier__c");
            let start = tree_start(tree);
            self.say(say::missing_item(start, "match", &example));
        }
    }

    fn key_line(&mut self, left: &At<Path>, right: &At<Path>, span: Span) {
        let mut slots: [Option<(SlotId, Found<'c>, Span)>; 2] = [None, None];
        for path in [left, right] {
            let Some((side, own)) = self.sided(path) else { return };
            if slots[side.index()].is_some() {
                self.say(
                    Problem::new(Code::BadMatch, path.span, "`match` names the same side twice")
                        .label("expected a field of the other side")
                        .help("write one field of each side"),
                );
                return;
            }
            let Some((slot, found)) = self.slot_and_field(side.index(), &own) else { return };
            slots[side.index()] = Some((slot, found, path.span));
        }
        let [Some((left, left_found, left_span)), Some((right, right_found, right_span))] = slots
        else {
            return;
        };
        let kinds = ([left_found.kind()], [right_found.kind()]);
        let via = Conversion::plain(&kinds.0, &kinds.1);
        if let Err(why) = via.fits(&kinds.0, &kinds.1) {
            self.say(
                Problem::new(Code::BadMatch, left_span.to(right_span), why)
                    .label("these two cannot be compared")
                    .help("match the referral's id with a text field that is an external id"),
            );
            return;
        }
        self.plan.key = [left, right];
        let arrow = if left_found.write.updates() { Arrow::ToLeft } else { Arrow::ToRight };
        let mut line = Line {
            rule: format!("match {} with {}", path_name(left_found), path_name(right_found)),
            map_line: self.line_of(span),
            hash: String::new(),
            left: Source::Slots(vec![left]),
            right: Source::Slots(vec![right]),
            arrow,
            via: Via::Convert(via),
            wins: Wins::Side { side: Side::Left, unless_blank: false },
            first_contact: Some(Side::Left),
            blank: [BlankPolicy::Keep; 2],
            default: [None, None],
            create_only: [false, false],
            one_way: None,
        };
        self.hash_line(&mut line, [0, 1]);
        self.note_written(&line, span, [0, 1]);
        self.plan.lines.push(line);
    }

    /// A path that begins with a side's name: the side and the path behind it.
    fn sided(&mut self, path: &At<Path>) -> Option<(Side, At<Path>)> {
        let Some(Segment::Name(name)) = path.value.segments.first() else { return None };
        let side = self.plan.side_named(name);
        let Some(side) = side else {
            let names = Side::BOTH.map(|side| self.plan.side_name(side).to_owned());
            let at = Span::new(path.span.start, path.span.start + name.len());
            self.say(say::unknown_side(at, name, &names));
            return None;
        };
        let rest: Vec<Segment> = path.value.segments.iter().skip(1).cloned().collect();
        if rest.is_empty() {
            self.say(
                Problem::new(Code::BadMatch, path.span, format!("`{name}` is a side, not a field"))
                    .label("expected a field of it")
                    .help(format!("write `{name}.FIELD`")),
            );
            return None;
        }
        let start = path.span.start + name.len() + 1;
        Some((side, At::new(Path { segments: rest }, Span::new(start, path.span.end))))
    }

    /// Reads `report`. Before the fields, because the badged field leaves room for the badge.
    pub(super) fn read_report(&mut self, tree: &Tree) {
        for (item, _) in head::items(tree) {
            let Item::Report(block) = item else { continue };
            for (line, span) in block.lines() {
                let path = match line {
                    ReportLine::Badge { field, .. } => field,
                    ReportLine::Audit(field) => field,
                };
                let Some((slot, found)) = self.slot_and_field(1, path) else { continue };
                let doubled = match line {
                    ReportLine::Badge { .. } => self.plan.badge.is_some(),
                    ReportLine::Audit(_) => self.plan.audit.is_some(),
                };
                if doubled {
                    self.say(say::doubled("report line", span, span));
                    continue;
                }
                let text = found.kind().is_text();
                if !text || !found.write.updates() {
                    let name = path_text(&path.value);
                    self.say(
                        Problem::new(Code::BadReport, path.span, format!("`{name}` cannot take it"))
                            .label("expected a text field that can be written")
                            .help("name a text field of the opportunity, such as `Name` or `Audit__c`"),
                    );
                    continue;
                }
                match line {
                    ReportLine::Badge { good, bad, .. } => {
                        if let Some(slot) = self.scopes.get_mut(1).and_then(|s| s.slots.get_mut(slot.0)) {
                            slot.badged = true;
                        }
                        let (good, bad) = (good.value.clone(), bad.value.clone());
                        self.plan.badge = Some(Badge { slot, good, bad });
                    }
                    ReportLine::Audit(_) => self.plan.audit = Some(Audit { slot }),
                }
            }
        }
    }

    /// Reads `related` and `each` blocks.
    pub(super) fn read_blocks(&mut self, tree: &Tree) {
        for (item, span) in head::items(tree) {
            match item {
                Item::Related { object, through, lines } => {
                    self.related(object, through, lines, span);
                }
                Item::Each { left, right, clauses, lines } => {
                    self.each(left, right, clauses, lines, span);
                }
                _ => {}
            }
        }
        // The plan's slots are complete only now.
        for (side, scope) in self.plan.sides.iter_mut().zip(&self.scopes) {
            side.slots.clone_from(&scope.slots);
        }
    }

    fn related(
        &mut self,
        object: &At<String>,
        through: &At<String>,
        block: &Block<RelatedLine>,
        span: Span,
    ) {
        let system = self.plan.system(Side::Right);
        let Some(found) = self.schemas.object(system, &object.value) else {
            let names: Vec<&str> = self.schemas.objects(system).map(|o| o.name.as_str()).collect();
            self.say(say::unknown_object(object.span, &object.value, system.name(), &names));
            return;
        };
        let path = At::new(super::scope::named(&through.value), through.span);
        let Some((_, reference)) = self.slot_and_field(1, &path) else { return };
        let field = reference.field;
        let fits = field.reference_to.as_deref() == Some(object.value.as_str());
        let (Some(relationship), true) = (&field.relationship, fits) else {
            self.say(
                Problem::new(
                    Code::TypeMismatch,
                    through.span,
                    format!("`{}` does not refer to `{}`", through.value, object.value),
                )
                .label("expected a reference to it")
                .help(format!("name the field of the opportunity that holds the id of its {}", object.value)),
            );
            return;
        };
        let mut related = Related {
            object: object.value.clone(),
            through: through.value.clone(),
            relationship: relationship.clone(),
            matching: Vec::new(),
            create_if_none: false,
            lines: Vec::new(),
            map_line: self.line_of(span),
        };
        let place = Place::Object(found);
        for (line, at) in block.lines() {
            match line {
                RelatedLine::Match { pairs, clauses } => {
                    self.related_match(pairs, place, relationship, &mut related);
                    related.create_if_none |= self.none_and_several(clauses);
                }
                RelatedLine::Field(line) => {
                    let context = Context { scopes: [0, 1], related: Some((place, relationship)) };
                    if let Some(line) = self.field_line(line, at, context) {
                        self.note_written(&line, at, [0, 1]);
                        related.lines.push(line);
                    }
                }
            }
        }
        if related.matching.is_empty() {
            self.no_match(object.span, &format!("related {}", object.value));
        }
        if related.create_if_none {
            let given: Vec<String> = related.lines.iter().flat_map(|line| self.right_names(line)).collect();
            let missing = found.required().into_iter().filter(|required| {
                let path = format!("{relationship}.{}", required.path.join("."));
                !given.contains(&path)
            });
            let missing: Vec<String> = missing.map(|required| required.path.join(".")).collect();
            for name in missing {
                self.missing_required(object.span, &object.value, &name);
            }
        }
        self.plan.related.push(related);
    }

    fn right_names(&self, line: &Line) -> Vec<String> {
        let slots = self.scopes.get(1).map_or(&[][..], |scope| scope.slots.as_slice());
        if !line.writes(Side::Right) {
            return Vec::new();
        }
        line.right.slots().iter().filter_map(|s| slots.get(s.0)).map(|s| s.path.clone()).collect()
    }

    fn related_match(
        &mut self,
        pairs: &[(At<Path>, At<Path>)],
        place: Place<'c>,
        relationship: &str,
        related: &mut Related,
    ) {
        for (left, right) in pairs {
            let left = self.slot(0, left);
            let found = self.related_slot(1, place, relationship, right);
            if let (Some(left), Some((_, found))) = (left, found) {
                related.matching.push((left, path_text(&right.value), found.kind()));
            }
        }
    }

    /// `none create | park | ask`, `several ask`; true when none means create.
    fn none_and_several(&mut self, clauses: &[Clause]) -> bool {
        let mut create = false;
        for clause in clauses {
            match &clause.kind {
                ClauseKind::None(word) => match word.value.as_str() {
                    "create" => create = true,
                    "park" | "ask" => {}
                    other => self.say(
                        Problem::new(Code::BadArgument, word.span, format!("`none` does not take `{other}`"))
                            .label("expected `create` or `ask`")
                            .help("write `none create` or `none ask`"),
                    ),
                },
                ClauseKind::Several(word) if word.value == "ask" => {}
                ClauseKind::Several(word) => self.say(
                    Problem::new(Code::BadArgument, word.span, format!("`several` does not take `{}`", word.value))
                        .label("expected `ask`")
                        .help("write `several ask`"),
                ),
                kind => {
                    let name = clause_name(kind);
                    self.say(say::misplaced(
                        clause.span,
                        name,
                        "a `match` line takes `none` and `several`",
                        "remove it",
                    ));
                }
            }
        }
        create
    }

    fn no_match(&mut self, at: Span, block: &str) {
        self.say(
            Problem::new(Code::MissingItem, at, format!("`{block}` has no `match` line"))
                .label("how is it recognised?")
                .help("add a line such as `match id with Solution_Identifier__c`"),
        );
    }

    fn each(
        &mut self,
        left: &At<Path>,
        right: &At<Path>,
        clauses: &[Clause],
        block: &Block<RelatedLine>,
        span: Span,
    ) {
        let lists = (self.list(0, left), self.list(1, right));
        let (Some((left_slot, _, left_place)), Some((right_slot, right_found, right_place))) = lists
        else {
            return;
        };
        let inner = self.scopes.len();
        let systems = Side::BOTH.map(|side| self.plan.system(side));
        self.scopes.push(Scope::new(systems[0], left_place));
        self.scopes.push(Scope::new(systems[1], right_place));
        let scopes = [inner, inner + 1];
        let mut key: Option<[SlotId; 2]> = None;
        let mut lines: Vec<Line> = Vec::new();
        for (line, at) in block.lines() {
            match line {
                RelatedLine::Match { pairs, clauses } => {
                    self.none_and_several(clauses);
                    key = self.element_key(pairs, at, scopes).or(key);
                }
                RelatedLine::Field(line) => {
                    let checked = self.field_line(line, at, Context { scopes, related: None });
                    lines.extend(checked);
                }
            }
        }
        let (removed_keep, until_shared) = self.each_clauses(clauses);
        self.required_members(&lines, scopes, [left_place, right_place], key, span);
        let elements: Vec<Scope<'c>> = self.scopes.drain(inner..).collect();
        let Some(key) = key else {
            return self.no_match(left.span, &format!("each {}", path_text(&left.value)));
        };
        let mut elements = elements.into_iter().map(|scope| scope.slots);
        let rule = format!("{} with {}", path_text(&left.value), path_text(&right.value));
        let meaning: Vec<&str> = lines.iter().map(|line| line.hash.as_str()).collect();
        let hash = crate::plan::text::hex(&format!("{rule} {}", meaning.join(" ")));
        self.plan.lists.push(Each {
            rule,
            map_line: self.line_of(span),
            hash: hash.chars().take(12).collect(),
            left: left_slot,
            right: right_slot,
            child: right_found.child.map(|child| Child {
                relationship: child.relationship.clone(),
                object: child.object.clone(),
                parent_field: child.field.clone(),
            }),
            elements: [elements.next().unwrap_or_default(), elements.next().unwrap_or_default()],
            key,
            lines,
            removed_keep,
            until_shared,
        });
    }

    fn list(&mut self, scope: usize, path: &At<Path>) -> Option<(SlotId, Found<'c>, Place<'c>)> {
        let (slot, found) = self.slot_and_field(scope, path)?;
        let system = self.scopes.get(scope)?.system;
        if let Some(place) = self.schemas.elements(&found, system) {
            return Some((slot, found, place));
        }
        let name = path_text(&path.value);
        let problem = if found.kind() == Kind::List {
            let object = found.child.map_or("its elements", |child| child.object.as_str());
            Problem::new(Code::UnknownObject, path.span, format!("the schema of {object} is missing"))
                .label("not known")
                .help("add it to `schemas/` beside the map")
        } else {
            Problem::new(Code::TypeMismatch, path.span, format!("`{name}` is not a list"))
                .label("`each` needs a list on both sides")
                .help("map it with a line in `fields`")
        };
        self.say(problem);
        None
    }

    fn element_key(
        &mut self,
        pairs: &[(At<Path>, At<Path>)],
        at: Span,
        scopes: [usize; 2],
    ) -> Option<[SlotId; 2]> {
        if pairs.len() > 1 {
            self.not_yet(at, "match by several fields");
            return None;
        }
        let (left, right) = pairs.first()?;
        let left = self.slot(scopes[0], left);
        let right = self.slot(scopes[1], right);
        Some([left?, right?])
    }

    fn each_clauses(&mut self, clauses: &[Clause]) -> (bool, bool) {
        let (mut removed_keep, mut until_shared) = (false, false);
        for clause in clauses {
            match &clause.kind {
                ClauseKind::RemovedKeep => removed_keep = true,
                ClauseKind::UntilShared => until_shared = true,
                ClauseKind::Union => self.not_yet(clause.span, "union"),
                kind => {
                    let name = clause_name(kind);
                    self.say(say::misplaced(
                        clause.span,
                        name,
                        "`each` takes `until shared` and `removed keep`",
                        "write it behind a line of the block",
                    ));
                }
            }
        }
        (removed_keep, until_shared)
    }

    /// New elements have everything that they must have.
    fn required_members(
        &mut self,
        lines: &[Line],
        scopes: [usize; 2],
        places: [Place<'c>; 2],
        key: Option<[SlotId; 2]>,
        span: Span,
    ) {
        for side in Side::BOTH {
            if !lines.iter().any(|line| line.writes(side)) {
                continue;
            }
            let required = match places[side.index()] {
                Place::Object(object) => object.required(),
                Place::Element(list) => list.required_members(),
            };
            let slots = self.scopes.get(scopes[side.index()]).map_or(&[][..], |s| s.slots.as_slice());
            let mut given: Vec<&str> = lines
                .iter()
                .filter(|line| line.writes(side))
                .flat_map(|line| line.source(side).slots())
                .filter_map(|slot| slots.get(slot.0).map(|s| s.path.as_str()))
                .collect();
            let key = key.and_then(|key| slots.get(key[side.index()].0));
            given.extend(key.map(|slot| slot.path.as_str()));
            let parent = self.plan.side_name(side).to_owned();
            let missing: Vec<String> = required
                .iter()
                .map(|required| required.path.join("."))
                .filter(|path| !given.contains(&path.as_str()))
                .filter(|path| !self.is_parent_field(places[side.index()], path))
                .collect();
            for name in missing {
                self.missing_required(span, &format!("element of the {parent}'s list"), &name);
            }
        }
    }

    /// The field by which a child refers to its parent is filled when it is created.
    fn is_parent_field(&self, place: Place<'c>, path: &str) -> bool {
        let Place::Object(object) = place else { return false };
        let Some(Place::Object(parent)) = self.scopes.get(1).map(|scope| scope.place) else {
            return false;
        };
        parent.children.iter().any(|child| child.object == object.name && child.field == path)
    }

    /// Something that must be given has no source.
    pub(super) fn missing_required(&mut self, at: Span, holder: &str, name: &str) {
        self.say(
            Problem::new(
                Code::MissingRequired,
                at,
                format!("`{name}` must be given when the {holder} is created, and no line writes it"),
            )
            .label("has no source")
            .effect(format!("no {holder} can be created"))
            .help(format!("add a line that writes `{name}`")),
        );
    }
}

fn path_name(found: Found<'_>) -> String {
    found.field.name.clone()
}

pub(super) fn tree_start(tree: &Tree) -> Span {
    head::items(tree).next().map_or(Span::default(), |(_, span)| Span::new(span.start, span.start))
}
