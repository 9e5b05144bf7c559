//! The sentences of the problems that `parse` finds.
//!
//! In: places and the user's words. Out: [`Problem`]s. Must not know: the grammar, lines, trees.

use super::{Code, MOST_PROBLEMS, Problem};
use crate::tree::Span;

const ARROWS: &str = "`<->` (both ways), `->` (to the right) or `<-` (to the left)";

const SELECTORS: &str = "`[first]`, `[first with email]` or `[type is \"x\"]`";

/// A user's words as a message shows them: one line, not longer than 40 characters.
pub fn shown(text: &str) -> String {
    let flat = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().nth(40).is_none() {
        return text.chars().map(flat).collect();
    }
    text.chars().take(39).map(flat).chain(['…']).collect()
}

/// The general one: `expected` and `found` are readers' words, backticks included.
pub fn unexpected(at: Span, expected: &str, found: &str, help: &str) -> Problem {
    Problem::new(Code::Syntax, at, format!("expected {expected}, found {found}"))
        .label(if found.starts_with("the end") {
            "something is missing here"
        } else {
            "not expected here"
        })
        .help(help)
}

/// A clause that breaks off behind its first word.
pub fn unfinished(at: Span, word: &str, wanted: &str) -> Problem {
    Problem::new(Code::Syntax, at, format!("expected {wanted} behind `{word}`"))
        .label("the clause is not complete")
        .help(format!("write {wanted} behind it, or remove `{word}`"))
}

/// A line that says nothing that can be read.
pub fn unreadable(at: Span) -> Problem {
    Problem::new(Code::Syntax, at, "this line cannot be read")
        .label("not understood")
        .help("compare the line with the examples in the manual and write it anew")
}

/// A word that does not exist, where one of several `known` words belongs.
pub fn unknown_word(at: Span, word: &str, meant: Option<&str>, known: &str) -> Problem {
    let message = format!("expected {known}, found `{}`", shown(word));
    known_or_not(Problem::new(Code::UnknownWord, at, message), at, meant, known)
}

/// The same where a clause or block is meant; `what` says which.
pub fn unknown(at: Span, word: &str, what: &str, meant: Option<&str>, known: &str) -> Problem {
    let message = format!("`{}` is no {what}", shown(word));
    known_or_not(Problem::new(Code::UnknownWord, at, message), at, meant, known)
}

fn known_or_not(problem: Problem, at: Span, meant: Option<&str>, known: &str) -> Problem {
    let problem = problem.label("not a word of the language here");
    match meant {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")).fix(at, meant),
        None => problem.help(format!("write {known}")),
    }
}

/// A block that is not closed; `insert` is the end of its last line.
pub fn missing_end(head: Span, word: &str, insert: usize) -> Problem {
    Problem::new(Code::MissingEnd, head, format!("this `{word}` block is not closed by `end`"))
        .label("the block begins here")
        .also(Span::new(insert, insert), "its last line ends here")
        .help("write `end` on a line of its own behind the last line of the block")
        .fix(Span::new(insert, insert), "\nend")
}

/// `end` where nothing is open.
pub fn stray_end(at: Span) -> Problem {
    Problem::new(Code::StrayEnd, at, "`end` closes nothing, no block is open here")
        .label("no block is open")
        .help("remove this line, or put the head of the block before its first line")
        .fix(at, "")
}

/// `end fields`: more than `end` on the line.
pub fn end_not_alone(end: Span, more: Span, text: &str) -> Problem {
    let text = shown(text);
    Problem::new(Code::Syntax, more, format!("`end` must stand alone on its line, found `{text}`"))
        .label("nothing may follow `end`")
        .help(format!("remove `{text}`"))
        .fix(Span::new(end.end, more.end), "")
}

/// A line of `fields` or `values` without an arrow. `slip` is a sign that was meant as one;
/// `example` is the line with an arrow.
pub fn missing_arrow(at: Span, slip: Option<&str>, example: Option<&str>) -> Problem {
    let Some(slip) = slip else {
        let example = example.unwrap_or("an arrow between the left side and the right side");
        return Problem::new(Code::MissingArrow, at, "this line has no arrow")
            .label("expected an arrow")
            .help(format!("write {example}; the arrows are {ARROWS}"));
    };
    let problem =
        Problem::new(Code::MissingArrow, at, format!("expected an arrow, found `{}`", shown(slip)))
            .label("this is no arrow");
    let meant = match (slip.starts_with('<'), slip.ends_with('>')) {
        (true, true) => "<->",
        (false, true) if slip.len() > 1 => "->",
        (true, false) if slip.len() > 1 => "<-",
        (_, _) => return problem.help(format!("write an arrow instead: {ARROWS}")),
    };
    problem.help(format!("write `{meant}`; the arrows are {ARROWS}")).fix(at, meant)
}

/// A second arrow on a line.
pub fn second_arrow(at: Span) -> Problem {
    Problem::new(Code::Syntax, at, "this line has a second arrow")
        .label("expected a clause or the end of the line")
        .help("write one line for each pair of fields")
}

/// `to SIDE` before and behind `blank clear`.
pub fn second_side(at: Span) -> Problem {
    Problem::new(Code::Syntax, at, "this clause has two sides that it holds for")
        .label("the second `to`")
        .help("write one `to SIDE`, and another clause for the other side")
}

/// A line with an arrow outside every block.
pub fn arrow_outside(at: Span) -> Problem {
    Problem::new(Code::Syntax, at, "a line with an arrow stands outside every block")
        .label("no block is open here")
        .help("put the line between `fields` and `end`, or between `values NAME` and `end`")
}

/// A line with an arrow in a block that has none.
pub fn arrow_misplaced(at: Span, block: &str) -> Problem {
    Problem::new(Code::Syntax, at, format!("a `{block}` block has no lines with an arrow"))
        .label(format!("this line does not belong in `{block}`"))
        .help("put the line into `fields`, `related`, `each` or `values`")
}

/// `match` in `fields` and the like: a line of another block.
pub fn misplaced_line(at: Span, word: &str, block: &str) -> Problem {
    Problem::new(Code::Syntax, at, format!("a `{word}` line stands only in {block}"))
        .label(format!("expected a line of another kind, found `{word}`"))
        .help(format!("move the line into {block}"))
}

/// A clause with no line above it that it could continue.
pub fn dangling_clause(at: Span, word: &str) -> Problem {
    let word = shown(word);
    Problem::new(
        Code::DanglingClause,
        at,
        format!("`{word}` begins a clause, but no line stands above that it could continue"),
    )
    .label("this clause belongs to nothing")
    .help(format!(
        "put the clause behind the line it belongs to; for a field with this name write `` `{word}` ``"
    ))
}

/// A line of an overlay inside a block.
pub fn overlay_inside(at: Span, word: &str) -> Problem {
    let word = shown(word);
    Problem::new(Code::Syntax, at, format!("lines with `{word}` stand outside of blocks"))
        .label("changes the map that this one extends")
        .help("put the line behind the `end` of the block")
}

/// `in` or `add to` with something behind it that is no block with lines to change.
pub fn no_block(at: Span, word: &str, meant: Option<&str>) -> Problem {
    let word = shown(word);
    let found = if word.is_empty() { "the end of the line".into() } else { format!("`{word}`") };
    let problem =
        Problem::new(Code::UnknownWord, at, format!("expected a block of the base, found {found}"))
            .label("no block whose lines can be changed");
    match meant {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")).fix(at, meant),
        None => problem.help(
            "write `sync`, `defaults`, `values NAME`, `fields`, `related OBJECT`, `each LIST`, \
             `require` or `report`",
        ),
    }
}

/// One or more odd blanks.
pub fn odd_blank(at: Span, plain: &str) -> Problem {
    Problem::new(
        Code::OddCharacter,
        at,
        "a blank here is not a plain one, such as a non-breaking blank",
    )
    .label("looks like a plain blank")
    .help("put a plain blank here")
    .fix(at, plain)
}

/// Another odd character; `name` says what it is.
pub fn odd_mark(at: Span, name: &str, plain: &str) -> Problem {
    let problem = Problem::new(Code::OddCharacter, at, format!("{name} stands here"));
    if plain.is_empty() {
        problem.label("nothing can be seen here").help("remove it").fix(at, "")
    } else {
        problem
            .label(format!("looks like `{plain}`"))
            .help(format!("write `{plain}`"))
            .fix(at, plain)
    }
}

/// A typographic arrow or dash.
pub fn odd_sign(at: Span, found: &str, plain: &str) -> Problem {
    Problem::new(
        Code::OddCharacter,
        at,
        format!("expected plain characters, found `{}`", shown(found)),
    )
    .label("an arrow or dash of another typeface")
    .help(format!("write `{}`", shown(plain)))
    .fix(at, plain)
}

/// A text in typographic or single quotes.
pub fn odd_quotes(at: Span, open: char, plain: &str) -> Problem {
    let kind = if open == '\'' { "single" } else { "typographic" };
    Problem::new(Code::OddCharacter, at, format!("expected plain double quotes, found {kind} ones"))
        .label(format!("a text in {kind} quotes"))
        .help(format!("write {}", shown(plain)))
        .fix(at, plain)
}

/// `\x` in a text.
pub fn bad_escape(at: Span, following: Option<char>) -> Problem {
    let found = following.map_or_else(|| "`\\`".to_owned(), |c| format!("`\\{c}`"));
    Problem::new(Code::Syntax, at, format!("expected `\\\"`, `\\\\` or `\\n`, found {found}"))
        .label("a backslash stands before a quote, a backslash or `n` (a line end) only")
        .help("write `\\\\` for a backslash")
        .fix(at, "\\\\")
}

/// A quote or backtick that is not closed on its line.
pub fn unclosed_quote(at: Span, open: char) -> Problem {
    let (message, close) = match open {
        '`' => ("a name in backticks is not closed on its line".to_owned(), '`'),
        '"' | '\'' => ("a text is not closed on its line".to_owned(), open),
        _ => (format!("a text is opened with `{open}` and not closed on its line"), '"'),
    };
    let help = match open {
        '\'' => "write texts in double quotes, and `\"` behind the last character".to_owned(),
        '`' => "write a backtick behind its last character, on the same line".to_owned(),
        _ => format!("write `{close}` behind its last character, on the same line"),
    };
    Problem::new(Code::UnclosedQuote, at, message).label("opened here").help(help)
}

/// A bracket of a `JSONPath` that is not closed on its line.
pub fn unclosed_bracket(at: Span) -> Problem {
    Problem::new(Code::BadPath, at, "a bracket of this JSONPath is not closed on its line")
        .label("opened here")
        .help("write `]` or `)` where it ends")
}

/// Brackets nested too deep.
pub fn too_deep(at: Span) -> Problem {
    Problem::new(Code::TooDeep, at, "brackets are nested deeper than 64 levels")
        .label("the 65th level begins here")
        .help("write a simpler path")
}

/// A file that is too large to be meant.
pub fn too_large(bytes: usize) -> Problem {
    Problem::new(
        Code::TooLarge,
        Span::new(0, 0),
        format!("the file is larger than 1 MiB, it has {bytes} bytes"),
    )
    .label("nothing of it was read")
    .help("split it into several maps")
}

/// So many problems that the rest is not looked at.
pub fn too_many(last: Span) -> Problem {
    let message = format!("{MOST_PROBLEMS} problems were found, and the rest was not looked at");
    Problem::new(Code::TooLarge, last, message)
        .label("the search ended here")
        .help("fix some of the problems above, and check again")
}

/// `1e5`.
pub fn exponent(at: Span, text: &str) -> Problem {
    let message = format!("expected a number written out, found `{}`", shown(text));
    Problem::new(Code::Syntax, at, message)
        .label("exponents are not part of the language")
        .help("write all its digits, such as `100000` for `1e5`")
}

/// A number that is too large for what it counts.
pub fn number_too_large(at: Span, text: &str, what: &str) -> Problem {
    Problem::new(Code::Syntax, at, format!("`{}` is too large for {what}", shown(text)))
        .label("too many digits")
        .help("write a smaller number")
}

/// A name with characters that need backticks.
pub fn odd_name(at: Span, name: &str) -> Problem {
    let name = shown(name);
    Problem::new(
        Code::BadPath,
        at,
        format!(
            "expected a name of letters, digits and `_`, not beginning with a digit, found `{name}`"
        ),
    )
    .label("this name needs backticks")
    .help(format!("write `` `{name}` ``"))
}

/// `or` between tests.
pub fn no_or(at: Span) -> Problem {
    Problem::new(Code::Syntax, at, "expected `and`, found `or`: tests are joined by `and` only")
        .label("not part of the language")
        .help("write `is one of A, B` for several values of one field, else one line for each case")
}

/// A value of more than one plain word that has no quotes.
pub fn odd_word(at: Span, word: &str) -> Problem {
    let word = shown(word);
    Problem::new(
        Code::Syntax,
        at,
        format!("expected one plain word or a text in double quotes, found `{word}`"),
    )
    .label("this value needs double quotes")
    .help(format!("write \"{word}\""))
}

/// A path that breaks off behind a dot.
pub fn missing_name(at: Span, found: &str) -> Problem {
    Problem::new(Code::BadPath, at, format!("expected a name behind `.`, found {found}"))
        .label("a name is missing before this")
        .help("write the name of a field behind the `.`, or remove the `.`")
}

/// `[…]` that is no selector.
pub fn bad_selector(at: Span, found: &str) -> Problem {
    Problem::new(Code::BadPath, at, format!("this selector cannot be read, found {found}"))
        .label("not understood")
        .help(format!("write {SELECTORS}, or a JSONPath that begins with `$`"))
}

/// `[` of a path without `]`.
pub fn unclosed_selector(at: Span) -> Problem {
    Problem::new(Code::BadPath, at, "a bracket of this path is not closed")
        .label("opened here")
        .help(format!("write {SELECTORS}"))
}

/// `$"…"` whose text does not begin with `$`.
pub fn jsonpath_start(at: Span, text: &str) -> Problem {
    Problem::new(
        Code::BadPath,
        at,
        format!("expected a JSONPath that begins with `$`, found `{}`", shown(text)),
    )
    .label("`$` is missing here")
    .help("write `$` before it, inside the quotes")
    .fix(Span::new(at.start, at.start), "$")
}

/// `=`, `>` and the like in a condition; `word` is what is written instead.
pub fn sign_for_word(at: Span, sign: &str, word: Option<&str>) -> Problem {
    let sign = shown(sign);
    let problem = Problem::new(Code::Syntax, at, format!("expected a word, found `{sign}`"))
        .label("a word belongs here, no sign");
    match word {
        Some(word) => problem.help(format!("write `{word}`")).fix(at, word),
        None => problem.help("write `is`, `is not`, `above` or `below`"),
    }
}

/// `#` that touches the word before it.
pub fn tight_comment(at: Span) -> Problem {
    Problem::new(Code::Syntax, at, "a comment begins with a blank before its `#`")
        .label("read as part of the line")
        .help("put a blank before `#`")
        .fix(Span::new(at.start, at.start), " ")
}
