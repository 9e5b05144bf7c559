//! What a search asks for. In come the text of a SOSL search, or the members of a search by parameters; out
//! goes the same as data. It must not know objects or rows.

use serde_json::Value;

use super::terms::{self, Terms};
use crate::{
    call::Call,
    salesforce::refusal::{Done, Stop, Wrong, bad},
};

/// Which fields are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    All,
    Names,
    Emails,
    Phones,
}

/// An object of whose rows some are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) object: String,
    /// With commas; empty: only the id.
    pub(super) fields: String,
    /// `WHERE …` and `ORDER BY …`, as in a query.
    pub(super) clauses: String,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) struct Asked {
    pub(super) terms: Terms,
    pub(super) among: Among,
    /// None: every object that can be searched.
    pub(super) wanted: Vec<Wanted>,
    pub(super) limit: Option<usize>,
}

/// A refusal of a search that cannot be read.
fn malformed(message: impl Into<String>) -> Stop {
    bad(Wrong::new("MALFORMED_QUERY", message))
}

fn no_terms(message: impl Into<String>) -> Stop {
    bad(Wrong::new("MALFORMED_SEARCH", message))
}

fn among(word: &str) -> Option<Among> {
    match word.to_ascii_uppercase().as_str() {
        "ALL" | "SIDEBAR" => Some(Among::All),
        "NAME" => Some(Among::Names),
        "EMAIL" => Some(Among::Emails),
        "PHONE" => Some(Among::Phones),
        _ => None,
    }
}

/// Reads `FIND {…} IN … FIELDS RETURNING …`.
pub(super) fn sosl(text: &str) -> Done<Asked> {
    let text = text.trim();
    let braced = cut_word(text, "FIND").and_then(|rest| braces(rest.trim_start()));
    let Some((inside, mut rest)) = braced else {
        let message = "No search term found. The search term must be enclosed in braces.";
        return Err(no_terms(message));
    };
    let terms = checked(terms::read(inside))?;
    let mut asked = Asked { terms, among: Among::All, wanted: Vec::new(), limit: None };
    if let Some(after) = cut_word(rest, "IN") {
        let (word, after) = word(after);
        asked.among = among(word).ok_or_else(|| unexpected(word))?;
        rest = cut_word(after, "FIELDS").ok_or_else(|| unexpected(after))?;
    }
    if let Some(mut after) = cut_word(rest, "RETURNING") {
        loop {
            let (wanted, next) = returning(after)?;
            asked.wanted.push(wanted);
            after = next.trim_start();
            match after.strip_prefix(',') {
                Some(next) => after = next,
                None => break,
            }
        }
        rest = after;
    }
    if let Some(after) = cut_word(rest, "LIMIT") {
        let (number, after) = word(after);
        asked.limit = Some(number.parse().map_err(|_| unexpected(number))?);
        rest = after;
    }
    match rest.trim() {
        "" => Ok(asked),
        other => Err(unexpected(other)),
    }
}

fn unexpected(text: &str) -> Stop {
    let shown = text.split_whitespace().next().unwrap_or("<EOF>");
    malformed(format!("unexpected token: '{shown}'"))
}

fn checked(terms: Option<Terms>) -> Done<Terms> {
    let terms = terms.ok_or_else(|| malformed("the search term is malformed"))?;
    match terms.too_short() {
        Some(word) => {
            Err(no_terms(format!("search term must be longer than one character: {word}")))
        }
        None => Ok(terms),
    }
}

/// The next word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// What follows a word, if it is next.
fn cut_word<'t>(text: &'t str, wanted: &str) -> Option<&'t str> {
    let (found, rest) = word(text);
    found.eq_ignore_ascii_case(wanted).then_some(rest)
}

/// What stands between braces, and what follows.
fn braces(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('{')?;
    let mut escaped = false;
    let end = text.find(|c: char| {
        let ends = c == '}' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// One object of `RETURNING`, and what follows.
fn returning(text: &str) -> Done<(Wanted, &str)> {
    let (object, rest) = word(text);
    if object.is_empty() {
        return Err(unexpected(text));
    }
    let wanted = Wanted { object: object.to_owned(), ..Wanted::default() };
    let Some(inside) = rest.trim_start().strip_prefix('(') else {
        return Ok((wanted, rest));
    };
    let Some(end) = places(inside).find(|(_, c, depth)| *c == ')' && *depth == 0) else {
        return Err(unexpected(""));
    };
    let (inside, rest) = (inside.get(..end.0).unwrap_or_default(), inside.get(end.0 + 1..));
    let (inside, offset) = number_after(inside, "OFFSET")?;
    let (inside, limit) = number_after(inside, "LIMIT")?;
    let clauses = ["WHERE", "ORDER"].iter().filter_map(|keyword| keyword_at(inside, keyword)).min();
    let (fields, clauses) =
        inside.split_at_checked(clauses.unwrap_or(inside.len())).unwrap_or((inside, ""));
    let wanted = Wanted {
        fields: fields.trim().to_owned(),
        clauses: clauses.trim().to_owned(),
        limit,
        offset: offset.unwrap_or_default(),
        ..wanted
    };
    Ok((wanted, rest.unwrap_or_default()))
}

/// The characters outside of quotes, with their places and how many parentheses are open around them.
fn places(text: &str) -> impl Iterator<Item = (usize, char, usize)> {
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_usize);
    text.char_indices().filter_map(move |(at, character)| {
        let is_quote = character == '\'' && !escaped;
        escaped = character == '\\' && !escaped;
        if is_quote {
            quoted = !quoted;
        }
        if quoted || is_quote {
            return None;
        }
        if character == ')' && depth > 0 {
            depth -= 1;
            return Some((at, ' ', depth));
        }
        let shown = (at, character, depth);
        if character == '(' {
            depth += 1;
        }
        Some(shown)
    })
}

/// Where a keyword stands outside of quotes and parentheses.
fn keyword_at(text: &str, keyword: &str) -> Option<usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
    places(text).filter(|(_, _, depth)| *depth == 0).map(|(at, _, _)| at).find(|at| {
        let (before, rest) = text.split_at_checked(*at).unwrap_or_default();
        let found =
            rest.get(..keyword.len()).is_some_and(|found| found.eq_ignore_ascii_case(keyword));
        let after = rest.get(keyword.len()..).and_then(|after| after.chars().next());
        found && !is_part(before.chars().last()) && !is_part(after)
    })
}

/// A text without its last clause of a number, and the number.
fn number_after<'t>(text: &'t str, keyword: &str) -> Done<(&'t str, Option<usize>)> {
    let Some((before, after)) = keyword_at(text, keyword).and_then(|at| text.split_at_checked(at))
    else {
        return Ok((text, None));
    };
    let number = after.get(keyword.len()..).unwrap_or_default().trim();
    Ok((before, Some(number.parse().map_err(|_| unexpected(number))?)))
}

/// Reads a search by the parameters of its address.
pub(super) fn by_address(call: &Call) -> Done<Asked> {
    let of = |name: &str| call.parameter(name);
    let objects = of("sobject").unwrap_or_default();
    let objects = objects.split(',').map(str::trim).filter(|name| !name.is_empty());
    let wanted = objects.map(|object| {
        let own = |name: &str| of(&format!("{object}.{name}"));
        wanted(
            object,
            own("fields").or_else(|| of("fields")),
            own("where"),
            own("orderBy"),
            own("limit").or_else(|| of("defaultLimit")),
        )
    });
    let wanted = wanted.collect::<Done<Vec<_>>>()?;
    whole(of("q"), of("in"), wanted, of("overallLimit"))
}

/// Reads a search by the members of its body.
pub(super) fn by_body(body: &Value) -> Done<Asked> {
    let text = |of: &Value, name: &str| match of.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            Some(names.join(","))
        }
        Some(Value::Null | Value::Bool(_) | Value::Object(_)) | None => None,
    };
    let (fields, limit) = (text(body, "fields"), text(body, "defaultLimit"));
    let objects = body.get("sobjects").and_then(Value::as_array).into_iter().flatten();
    let wanted = objects.map(|object| {
        let own = |name: &str| text(object, name);
        let (fields, limit) =
            (own("fields").or_else(|| fields.clone()), own("limit").or_else(|| limit.clone()));
        let name = own("name").unwrap_or_default();
        wanted(
            &name,
            fields.as_deref(),
            own("where").as_deref(),
            own("orderBy").as_deref(),
            limit.as_deref(),
        )
    });
    let wanted = wanted.collect::<Done<Vec<_>>>()?;
    let own = |name: &str| text(body, name);
    whole(own("q").as_deref(), own("in").as_deref(), wanted, own("overallLimit").as_deref())
}

fn wanted(
    object: &str,
    fields: Option<&str>,
    filter: Option<&str>,
    order: Option<&str>,
    limit: Option<&str>,
) -> Done<Wanted> {
    let filter = filter.map(|filter| format!("WHERE {filter} ")).unwrap_or_default();
    let order = order.map(|order| format!("ORDER BY {order}")).unwrap_or_default();
    Ok(Wanted {
        object: object.to_owned(),
        fields: fields.unwrap_or_default().to_owned(),
        clauses: format!("{filter}{order}"),
        limit: number(limit)?,
        offset: 0,
    })
}

fn whole(
    q: Option<&str>,
    among_: Option<&str>,
    wanted: Vec<Wanted>,
    limit: Option<&str>,
) -> Done<Asked> {
    let Some(q) = q.filter(|q| !q.trim().is_empty()) else {
        return Err(no_terms("A search string has to be specified"));
    };
    let terms = checked(terms::plain(q))?;
    let among = match among_ {
        Some(word) => among(word).ok_or_else(|| unexpected(word))?,
        None => Among::All,
    };
    Ok(Asked { terms, among, wanted, limit: number(limit)? })
}

fn number(text: Option<&str>) -> Done<Option<usize>> {
    text.map(|text| text.parse().map_err(|_| unexpected(text))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_taken_apart() {
        let text = "find {joe\\} xy} in name fields returning Account(Id, Name WHERE Name LIKE '%(LIMIT 1)' \
                    ORDER BY Name LIMIT 3 OFFSET 1), Contact , Lead(Id) LIMIT 20";
        let asked = sosl(text).unwrap();
        assert_eq!((asked.among, asked.limit, asked.wanted.len()), (Among::Names, Some(20), 3));
        let wanted = Wanted {
            object: "Account".to_owned(),
            fields: "Id, Name".to_owned(),
            clauses: "WHERE Name LIKE '%(LIMIT 1)' ORDER BY Name".to_owned(),
            limit: Some(3),
            offset: 1,
        };
        assert_eq!(asked.wanted.first(), Some(&wanted));
        let text = "FIND {joe} RETURNING Account(Name WHERE Id IN (SELECT AccountId FROM Contact) LIMIT 2)";
        let asked = sosl(text).unwrap();
        assert_eq!(
            asked.wanted.first().unwrap().clauses,
            "WHERE Id IN (SELECT AccountId FROM Contact)"
        );
    }

    #[test]
    fn what_is_no_search_is_refused() {
        for text in [
            "",
            "FIND joe",
            "FIND {joe",
            "FIND {j}",
            "FIND {joe} IN SOME FIELDS",
            "FIND {joe} IN NAME",
            "FIND {joe} RETURNING",
            "FIND {joe} RETURNING Account(Id",
            "FIND {joe} LIMIT x",
            "FIND {joe} joe",
            "FIND {joe} RETURNING Account(Id LIMIT x)",
        ] {
            sosl(text).unwrap_err();
        }
    }
}
