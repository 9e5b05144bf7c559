//! Which blocks there are, and how their heads look.
//!
//! In: one line. Out: whether it begins a block or another line of the top. Must not know: what
//! came before, the tree.

use super::grammar::Rule;
use super::lines::{Line, is_name_char};

/// A block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Sync,
    Defaults,
    Values,
    Fields,
    Related,
    Each,
    Require,
    Report,
    Example,
}

impl Head {
    const ALL: [Head; 9] = [
        Head::Sync,
        Head::Defaults,
        Head::Values,
        Head::Fields,
        Head::Related,
        Head::Each,
        Head::Require,
        Head::Report,
        Head::Example,
    ];

    /// The word it begins with.
    pub(super) fn word(self) -> &'static str {
        match self {
            Head::Sync => "sync",
            Head::Defaults => "defaults",
            Head::Values => "values",
            Head::Fields => "fields",
            Head::Related => "related",
            Head::Each => "each",
            Head::Require => "require",
            Head::Report => "report",
            Head::Example => "example",
        }
    }

    pub(super) fn of(word: &str) -> Option<Head> {
        Head::ALL.into_iter().find(|head| head.word() == word)
    }

    /// The rule that reads its head.
    pub(super) fn rule(self) -> Rule {
        match self {
            Head::Sync => Rule::sync_line,
            Head::Defaults => Rule::defaults_line,
            Head::Values => Rule::values_line,
            Head::Fields => Rule::fields_line,
            Head::Related => Rule::related_line,
            Head::Each => Rule::each_line,
            Head::Require => Rule::require_line,
            Head::Report => Rule::report_line,
            Head::Example => Rule::example_line,
        }
    }

    /// The rule that reads one of its lines.
    pub(super) fn line_rule(self, line: &Line) -> Rule {
        match self {
            Head::Sync => Rule::from_line,
            Head::Defaults => Rule::default_line,
            Head::Values => Rule::row_line,
            Head::Related | Head::Each if line.first_word() == "match" && !line.arrow => {
                Rule::pairs_line
            }
            Head::Fields | Head::Related | Head::Each => Rule::field_line,
            Head::Require => Rule::demand_line,
            Head::Report => Rule::note_line,
            Head::Example => Rule::step_line,
        }
    }

    /// True when its lines have an arrow.
    pub(super) fn has_arrows(self) -> bool {
        match self {
            Head::Values | Head::Fields | Head::Related | Head::Each => true,
            Head::Sync | Head::Defaults | Head::Require | Head::Report | Head::Example => false,
        }
    }

    /// True when a line that begins with a clause word continues the line above.
    pub(super) fn continues(self) -> bool {
        self.has_arrows() || matches!(self, Head::Sync | Head::Require)
    }
}

/// True for a line that closes a block.
pub(super) fn is_end(line: &Line) -> bool {
    line.plain == "end"
}

/// True for a line that, inside the block `open`, can only be meant as the start of something new
/// at the top, so that an `end` must be missing before it.
pub(super) fn begins_anew(line: &Line, open: Option<Head>) -> bool {
    if line.arrow {
        return false;
    }
    // Most lines begin with none of these words: of them the rest is not looked at.
    let rest = || line.rest();
    let second = || rest().split_whitespace().next().unwrap_or("");
    let third = || rest().split_whitespace().nth(1);
    let is_name = || {
        let second = second();
        !second.is_empty() && (second.starts_with('`') || second.chars().all(is_name_char))
    };
    match line.first_word() {
        "sync" | "defaults" | "fields" | "report" => rest().is_empty(),
        "values" => {
            let is_test = open == Some(Head::Require) && second() == "empty";
            is_name() && third().is_none() && !is_test
        }
        "related" => third() == Some("through"),
        "each" => third() == Some("with"),
        "require" => second() == "before",
        "example" => rest().starts_with('"'),
        "language" => third().is_none() && second().starts_with(|c: char| c.is_ascii_digit()),
        "mapping" => {
            let is_step = open == Some(Head::Example)
                && matches!(second(), "missing" | "has" | "with" | "newest");
            is_name() && !is_step && third().is_none_or(|third| third.starts_with('"'))
        }
        "side" => third() == Some("is"),
        "extends" => is_name() && third().is_none(),
        "remove" | "in" => Head::of(second()).is_some(),
        "add" => second() == "to" && third().is_some_and(|third| Head::of(third).is_some()),
        _ => false,
    }
}
