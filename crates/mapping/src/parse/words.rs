//! What a reader calls each thing that may stand somewhere, and the words of the language.
//!
//! In: the rules of the grammar. Out: readers' words. Must not know: lines.

use super::grammar::Rule;
use crate::problem::nearest;

/// Words that begin a line at the top of a file.
pub(super) const TOP: &[&str] = &[
    "language", "mapping", "side", "match", "sync", "defaults", "values", "fields", "related",
    "each", "require", "report", "example",
];

/// Words that begin a clause.
pub(super) const CLAUSES: &[&str] = &[
    "as", "using", "wins", "first", "conflict", "union", "blank", "default", "on", "one", "until",
    "removed", "none", "several", "when", "else", "to",
];

/// Words that go on with a clause; a line that begins with one continues the item above too.
const WITHIN: &[&str] = &["and", "or", "then", "plus", "unless", "while", "answer"];

/// Words that begin a line of an overlay: one map changes another.
pub(super) const OVERLAY: &[&str] = &["extends", "change", "remove", "add", "in"];

/// Blocks whose lines an overlay can change.
pub(super) const CHANGEABLE: &[&str] =
    &["sync", "defaults", "values", "fields", "related", "each", "require", "report"];

/// Words that people write for these.
pub(super) const OVERLAY_SYNONYMS: &[(&str, &str)] = &[
    ("extend", "extends"),
    ("modify", "change"),
    ("replace", "change"),
    ("delete", "remove"),
    ("drop", "remove"),
    ("insert", "add"),
];

/// Words that begin a line of some block, with the block.
pub(super) const LINES: &[(&str, &str)] = &[
    ("from", "`sync`"),
    ("hold", "`sync`"),
    ("match", "`related` or `each`"),
    ("otherwise", "`values`"),
    ("badge", "`report`"),
    ("audit", "`report`"),
    ("gives", "`example`"),
    ("base", "`example`"),
    ("at", "`example`"),
];

/// True for a word that, at the start of a line without an arrow, continues the item above.
pub(super) fn continues(word: &str) -> bool {
    CLAUSES.contains(&word) || WITHIN.contains(&word)
}

/// True for a word that a name at the start of a line must not be mistaken for.
pub(crate) fn begins_line(word: &str) -> bool {
    continues(word)
        || TOP.contains(&word)
        || OVERLAY.contains(&word)
        || LINES.iter().any(|(line, _)| *line == word)
        || word == "end"
}

/// True for a name that needs no backticks: letters, digits and `_`, not beginning with a digit.
pub(crate) fn is_bare_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(super::lines::is_name_char)
}

/// True for a value that needs no quotes: such a name, with `-` and `/` inside.
pub(crate) fn is_bare_word(word: &str) -> bool {
    let mut parts = word.split(['-', '/']);
    let is_rest = |part: &str| !part.is_empty() && part.chars().all(super::lines::is_name_char);
    parts.next().is_some_and(is_bare_name) && parts.all(is_rest)
}

/// The candidate that may be meant by `word`; the cheap question of length is asked first.
pub(super) fn near(word: &str, candidates: &[&'static str]) -> Option<&'static str> {
    let limit = (word.len() / 3).clamp(1, 4);
    let fits = |candidate: &&&'static str| candidate.len().abs_diff(word.len()) <= limit;
    let meant = || nearest(word, candidates.iter().filter(fits).copied());
    if word.len() > 40 { None } else { meant() }
}

/// Words that people write for words of the language.
pub(super) const SYNONYMS: &[(&str, &str)] = &[
    ("equals", "is"),
    ("equal", "is"),
    ("eq", "is"),
    ("are", "is"),
    ("exists", "is present"),
    ("over", "above"),
    ("greater", "above"),
    ("under", "below"),
    ("less", "below"),
    ("if", "when"),
    ("where", "when"),
];

/// What may stand at a place, in a reader's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// This word, as it is.
    Word(&'static str),
    /// Something that has a name.
    Thing(&'static str),
    /// One of these words, together called by a name.
    Words(&'static str, &'static [&'static str]),
    /// Something that may always follow and is not worth naming.
    Quiet,
}

macro_rules! readers_words {
    ($($kind:ident { $($rule:ident => ($($words:expr),* $(,)?)),* $(,)? })*; words $($word:ident = $text:literal)*;
     quiet $($quiet:ident)*) => {
        /// What a reader calls what `rule` reads.
        pub(super) fn expected(rule: Rule) -> Expected {
            match rule {
                $($(Rule::$rule => Expected::$kind($($words),*),)*)*
                $(Rule::$word => Expected::Word($text),)*
                $(Rule::$quiet => Expected::Quiet,)*
            }
        }
    };
}

readers_words! {
    Thing {
        EOI => ("the end of the line"),
        name => ("a name"),
        bare_name => ("a name"),
        path => ("a path"),
        pair => ("a pair such as `id with Id`"),
        operands => ("a path or a value"),
        operand => ("a path or a value"),
        subject => ("a path"),
        moment => ("a time such as `createdDateTime plus 14 days`"),
        cells => ("a value"),
        cell => ("a value"),
        constant => ("a value"),
        value => ("a value"),
        value_word => ("a word"),
        token_word => ("a word"),
        row => ("a value"),
        quoted => ("a text in double quotes"),
        quoted_text => ("a text"),
        number => ("a number"),
        exponent => ("a number"),
        digits => ("a whole number"),
        whole => ("a whole number"),
        arrow => ("an arrow (`<->`, `->` or `<-`)"),
        both => ("an arrow (`<->`, `->` or `<-`)"),
        to_right => ("an arrow (`<->`, `->` or `<-`)"),
        to_left => ("an arrow (`<->`, `->` or `<-`)"),
        condition => ("a test such as `type is Shared`"),
        test => ("a test such as `type is Shared`"),
        token => ("the name of a conversion"),
        jsonpath => ("a JSONPath"),
        jsonpath_text => ("a JSONPath"),
        assignments => ("a path and its value"),
        assignment => ("a path and its value"),
        wants => ("a path and its value"),
        want => ("a path and its value"),
        is_values => ("a value"),
        backtick_text => ("a name between the backticks"),
        comma => ("`,`"),
        equals => ("`=`"),
        close_bracket => ("`]`"),
        selector => ("a selector such as `[first]`"),
        select_is => ("a selector such as `[type is \"x\"]`"),
        select_first => ("`first`"),
        field_line => ("a path or a value"),
        row_line => ("a value"),
        demand_line => ("a test such as `type is Shared`"),
        old_field => ("a path or a value"),
        new_field => ("a path or a value"),
        old_inner => ("a path, a value or `match`"),
        new_inner => ("a path, a value or `match`"),
        old_demand => ("a test such as `type is Shared`"),
        new_demand => ("a test such as `type is Shared`"),
        a_row => ("a value"),
        block_name => ("a block of the base such as `values stage`"),
    }
    Words {
        clause => ("a clause", CLAUSES),
        test_op => (
            "`is`, `above`, `below`, `empty` or `not empty`",
            &["is", "above", "below", "empty", "not"]
        ),
        is_op => ("`is`", &["is"]),
        otherwise => ("`otherwise`", &["otherwise"]),
        given => ("the name of a side", &[]),
        gives => ("`gives`", &["gives"]),
        base => ("`base`", &["base"]),
        blank_clause => ("`blank`", &["blank"]),
        default_line => ("a clause", CLAUSES),
        note_line => ("`badge` or `audit`", &["badge", "audit"]),
        a_default => ("a clause", CLAUSES),
        a_note => ("`badge` or `audit`", &["badge", "audit"]),
        a_from => ("`from` or `hold`", &["from", "hold"]),
        from_line => ("`from` or `hold`", &["from", "hold"]),
        a_key => ("`match`", &["match"]),
        step_line => (
            "the name of a side, `base`, `at`, `gives` or `first contact`",
            &["gives", "first", "base", "at"]
        ),
    };
    words
    kw_above = "above" kw_add = "add" kw_and = "and" kw_answer = "answer" kw_any = "any" kw_at = "at" kw_by = "by" kw_as = "as" kw_ask = "ask"
    kw_audit = "audit" kw_base = "base" kw_held = "held" kw_parked = "parked" kw_badge = "badge" kw_before = "before" kw_below = "below"
    kw_blank = "blank" kw_change = "change" kw_clear = "clear" kw_conflict = "conflict"
    kw_contact = "contact" kw_create = "create" kw_days = "days" kw_default = "default"
    kw_defaults = "defaults" kw_each = "each" kw_else = "else" kw_empty = "empty"
    kw_example = "example" kw_experimental = "experimental" kw_extends = "extends" kw_false = "false" kw_fields = "fields" kw_first = "first"
    kw_from = "from" kw_gives = "gives" kw_has = "has" kw_hold = "hold" kw_hours = "hours" kw_ignore = "ignore" kw_in = "in" kw_into = "into"
    kw_invite = "invite" kw_is = "is" kw_keep = "keep" kw_language = "language"
    kw_mapping = "mapping" kw_match = "match" kw_missing = "missing" kw_newest = "newest"
    kw_none = "none" kw_not = "not" kw_of = "of" kw_on = "on" kw_one = "one" kw_only = "only"
    kw_or = "or" kw_otherwise = "otherwise" kw_park = "park" kw_plus = "plus"
    kw_prefix = "prefix" kw_present = "present" kw_related = "related" kw_remove = "remove" kw_removed = "removed"
    kw_report = "report" kw_require = "require" kw_same = "same" kw_several = "several"
    kw_shared = "shared" kw_sharing = "sharing" kw_side = "side" kw_stable = "stable" kw_sync = "sync"
    kw_then = "then" kw_through = "through" kw_to = "to" kw_true = "true"
    kw_unchanged = "unchanged" kw_union = "union" kw_unless = "unless" kw_until = "until"
    kw_using = "using" kw_values = "values" kw_warning = "warning" kw_way = "way"
    kw_when = "when" kw_while = "while" kw_wins = "wins" kw_with = "with"
    as_clause = "as" using = "using" wins = "wins" contact_wins = "first contact wins"
    conflict_ask = "conflict" default = "default" on_create_only = "on create only"
    on_create_or_invite = "on create or on invite" one_way = "one way to"
    until_shared = "until shared" removed_keep = "removed keep" none = "none"
    several = "several" when = "when" else_text = "else" unless_blank = "unless blank"
    on_create = "on create" first_contact = "first contact" above = "above" below = "below"
    not_empty = "not empty" is_present = "present" is_blank = "blank" is_empty = "empty"
    hold = "hold" answer = "answer by" not_before = "not before" at_time = "at"
    badge = "badge" badge_prefix = "prefix of" audit = "audit" to_side = "to" to_behind = "to";
    quiet
    WHITESPACE open_bracket dollar gap same_line sign name_char clause_start clause_word constant_word
    jsonpath_in
    quoted_name backtick language_line mapping_line side_line match_line sync_line defaults_line
    values_line fields_line related_line each_line require_line report_line example_line
    pairs_line from field pairs extends_line drop_line add_to_line in_block edit_key edit_from
    edit_default edit_row edit_field edit_inner edit_demand edit_note
}

/// A line of the kind that `rule` reads, to show how it is written.
pub(super) fn shape(rule: Rule) -> Option<&'static str> {
    SHAPES.iter().find(|(known, _)| *known == rule).map(|(_, shape)| *shape)
}

const SHAPES: &[(Rule, &str)] = &[
    (Rule::language_line, "language 1"),
    (Rule::mapping_line, "mapping opportunity \"Co-sell opportunities\""),
    (Rule::side_line, "side referral is partner_center Referral"),
    (Rule::match_line, "match referral.id with opportunity.Referral_Identifier__c"),
    (Rule::sync_line, "sync"),
    (Rule::defaults_line, "defaults"),
    (Rule::values_line, "values stage"),
    (Rule::fields_line, "fields"),
    (Rule::related_line, "related Account through AccountId"),
    (Rule::each_line, "each customerProfile.team with OpportunityContactRoles until shared"),
    (Rule::require_line, "require before sharing"),
    (Rule::report_line, "report"),
    (Rule::example_line, "example \"a new deal reaches Salesforce\""),
    (Rule::from_line, "from referral when type is Shared"),
    (Rule::default_line, "wins newest else opportunity"),
    (Rule::field_line, "name <-> Name as text cut at 120"),
    (Rule::pairs_line, "match email with Contact.Email"),
    (Rule::row_line, "Active, Accepted <-> \"Qualification\""),
    (Rule::demand_line, "name not empty else \"Give the deal a name.\""),
    (Rule::note_line, "audit in Audit__c"),
    (Rule::extends_line, "extends opportunity"),
    (Rule::drop_line, "remove values stage"),
    (Rule::add_to_line, "add to values stage"),
    (
        Rule::edit_key,
        "change match referral.id with opportunity.Id into match referral.id with opportunity.Key__c",
    ),
    (Rule::edit_from, "in sync remove from opportunity"),
    (Rule::edit_default, "in defaults change blank keep into blank clear"),
    (Rule::edit_row, "in values stage remove New, Received -> \"Prospecting\""),
    (Rule::edit_field, "change name <-> Name into name <-> Title__c"),
    (Rule::edit_inner, "in related Account add customerProfile.name -> Name"),
    (Rule::edit_demand, "in require remove details.dealValue above 0"),
    (Rule::edit_note, "in report change audit in Audit__c into audit in Log__c"),
    (Rule::step_line, "opportunity has StageName = \"Closed Won\""),
];
