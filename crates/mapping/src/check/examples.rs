//! Examples: complete, and naming only what exists. They are carried out by `example`.

use std::collections::BTreeMap;

use crate::decision::Side;
use crate::problem::{Code, Problem};
use crate::tree::{At, Block, Constant, ExampleLine, Item, Path, Span, Tree};

use super::{Checker, head};

impl Checker<'_> {
    /// Checks all `example` blocks.
    pub(super) fn read_examples(&mut self, tree: &Tree) {
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
            self.example(title, lines);
        }
    }

    fn example(&mut self, title: &At<String>, lines: &Block<ExampleLine>) {
        let (mut given, mut gives) = (false, false);
        for (line, _) in lines.lines() {
            match line {
                ExampleLine::Given { side, .. } => {
                    given = true;
                    self.side_of(side);
                }
                ExampleLine::Missing(side) => {
                    self.side_of(side);
                }
                ExampleLine::Has { side, values } => {
                    self.example_values(side, values);
                }
                ExampleLine::Gives { side, values } => {
                    gives = true;
                    self.example_values(side, values);
                }
                ExampleLine::GivesUnchanged(side) => {
                    gives = true;
                    self.side_of(side);
                }
                ExampleLine::FirstContact => {}
            }
        }
        let name = self.plan.side_name(Side::Left).to_owned();
        if !given {
            self.incomplete(
                title.span,
                "no record is given",
                &format!("{name} \"examples/one.json\""),
            );
        }
        if !gives {
            self.incomplete(title.span, "nothing is expected", &format!("gives {name} unchanged"));
        }
    }

    fn incomplete(&mut self, at: Span, what: &str, line: &str) {
        self.say(
            Problem::new(Code::BadExample, at, format!("the example is not complete: {what}"))
                .label("not complete")
                .help(format!("add a line such as `{line}`")),
        );
    }

    fn example_values(&mut self, side: &At<String>, values: &[(At<Path>, At<Constant>)]) {
        let Some(side) = self.side_of(side) else { return };
        for (path, _) in values {
            // Looked up, not kept: an example adds nothing to what the plan reads.
            let kept = self.scopes.get(side.index()).map(|scope| scope.slots.len());
            self.slot(side.index(), path);
            if let (Some(kept), Some(scope)) = (kept, self.scopes.get_mut(side.index())) {
                scope.slots.truncate(kept);
                scope.fields.truncate(kept);
            }
        }
    }
}
