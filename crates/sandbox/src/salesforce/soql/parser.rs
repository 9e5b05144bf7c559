//! The grammar of a query. In comes its text; out goes what it says, or where it breaks off. It must not
//! know objects or fields.

use super::{
    dates,
    lexer::{Token, cut},
    pointing, through,
    tree::{Behind, Column, Every, Filter, Function, Literal, Operator, Order, Path, Query, Scope},
};
use crate::{
    clock,
    salesforce::refusal::{Done, Stop},
};

/// Words that end a list of names.
const KEYWORDS: [&str; 18] = [
    "FROM", "WHERE", "ORDER", "LIMIT", "OFFSET", "AND", "OR", "NOT", "SELECT", "GROUP", "FOR",
    "ALL", "USING", "HAVING", "WITH", "WHEN", "THEN", "ELSE",
];
/// Most rows that may be left out.
const MOST_OFFSET: usize = 2000;
/// How deep parentheses may nest.
const MOST_DEPTH: usize = 60;

struct Parser<'t> {
    text: &'t str,
    tokens: std::iter::Peekable<std::vec::IntoIter<(Token, usize)>>,
    depth: usize,
    /// The present day, in milliseconds since 1970.
    now: i64,
}

/// Reads a whole query at a time in milliseconds since 1970.
pub(super) fn parse(text: &str, now: i64) -> Done<Query> {
    let tokens = cut(text)?.into_iter().peekable();
    let mut parser = Parser { text, tokens, depth: 0, now };
    let query = parser.query()?;
    match parser.next() {
        (Token::End, _) => Ok(query),
        other => Err(parser.unexpected(&other)),
    }
}

impl Parser<'_> {
    fn next(&mut self) -> (Token, usize) {
        self.tokens.next().unwrap_or((Token::End, self.text.len()))
    }

    fn peek(&mut self) -> Token {
        self.tokens.peek().map_or(Token::End, |(token, _)| token.clone())
    }

    fn unexpected(&self, (token, at): &(Token, usize)) -> Stop {
        let shown = match token {
            Token::Word(word) => word.clone(),
            Token::Text(text) => format!("'{text}'"),
            Token::Number(number) => number.text(0),
            Token::Day(time) | Token::Moment(time) => time.clone(),
            Token::Symbol(symbol) => (*symbol).to_owned(),
            Token::End => "<EOF>".to_owned(),
        };
        pointing(self.text, *at, "MALFORMED_QUERY", &format!("unexpected token: '{shown}'"))
    }

    /// Takes the word if it is next.
    fn takes(&mut self, word: &str) -> bool {
        let is_next = matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        if is_next {
            self.next();
        }
        is_next
    }

    fn takes_symbol(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.peek(), Token::Symbol(found) if found == symbol);
        if is_next {
            self.next();
        }
        is_next
    }

    fn word(&mut self, word: &str) -> Done<()> {
        if self.takes(word) {
            return Ok(());
        }
        let found = self.next();
        Err(self.unexpected(&found))
    }

    fn symbol(&mut self, symbol: &str) -> Done<()> {
        if self.takes_symbol(symbol) {
            return Ok(());
        }
        let found = self.next();
        Err(self.unexpected(&found))
    }

    fn path(&mut self) -> Done<Path> {
        match self.next() {
            (Token::Word(text), at)
                if !KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(&text)) =>
            {
                Ok(Path::new(text, at))
            }
            other => Err(self.unexpected(&other)),
        }
    }

    /// An object's name; two of them are also words of the language.
    fn object(&mut self) -> Done<Path> {
        let is_object =
            |word: &str| ["Group", "Order"].iter().any(|o| o.eq_ignore_ascii_case(word));
        match self.tokens.peek() {
            Some((Token::Word(word), at)) if is_object(word) => {
                let path = Path::new(word.clone(), *at);
                self.next();
                Ok(path)
            }
            _ => self.path(),
        }
    }

    /// A name, perhaps behind a function.
    fn called(&mut self) -> Done<Path> {
        let path = self.path()?;
        if !self.takes_symbol("(") {
            return Ok(path);
        }
        self.inside(&path)
    }

    /// What a function, whose parenthesis has opened, is asked of.
    fn inside(&mut self, name: &Path) -> Done<Path> {
        let behind = match (function(&name.text), through::named(&name.text)) {
            (Some(function), _) => Behind::Group(function),
            (None, Some(through)) => Behind::Value(through),
            (None, None) => {
                let at = name.at + name.text.len();
                return Err(self.unexpected(&(Token::Symbol("("), at)));
            }
        };
        let path = self.path()?;
        self.symbol(")")?;
        Ok(Path { behind, ..path })
    }

    fn query(&mut self) -> Done<Query> {
        self.word("SELECT")?;
        let mut columns = Vec::new();
        let mut counts = false;
        loop {
            match self.column()? {
                Some(column) => columns.push(column),
                None => counts = true,
            }
            if !self.takes_symbol(",") {
                break;
            }
        }
        self.word("FROM")?;
        let from = self.object()?;
        let alias = self.name()?;
        let scope = if self.takes("USING") { self.scope()? } else { Scope::Everything };
        let filter = if self.takes("WHERE") { Some(self.filter()?) } else { None };
        let group = if self.takes("GROUP") { self.group()? } else { Vec::new() };
        let having = if self.takes("HAVING") { Some(self.filter()?) } else { None };
        let order = if self.takes("ORDER") { self.order()? } else { Vec::new() };
        let limit = if self.takes("LIMIT") { Some(self.whole()?) } else { None };
        let offset = if self.takes("OFFSET") { self.offset()? } else { 0 };
        let all_rows = self.takes("ALL");
        if all_rows {
            self.word("ROWS")?;
        }
        while self.takes("FOR") {
            if !(self.takes("VIEW") || self.takes("REFERENCE")) {
                self.word("UPDATE")?;
            }
        }
        Ok(Query {
            columns,
            counts,
            from,
            alias,
            scope,
            filter,
            group,
            having,
            order,
            limit,
            offset,
            all_rows,
        })
    }

    fn scope(&mut self) -> Done<Scope> {
        self.word("SCOPE")?;
        if self.takes("everything") {
            return Ok(Scope::Everything);
        }
        self.word("mine")?;
        Ok(Scope::Mine)
    }

    fn offset(&mut self) -> Done<usize> {
        let at = self.tokens.peek().map_or(self.text.len(), |(_, at)| *at);
        let offset = self.whole()?;
        if offset > MOST_OFFSET {
            let message = format!("Maximum SOQL offset allowed is {MOST_OFFSET}");
            return Err(pointing(self.text, at, "NUMBER_OUTSIDE_VALID_RANGE", &message));
        }
        Ok(offset)
    }

    /// One column; `None` for `COUNT()`.
    fn column(&mut self) -> Done<Option<Column>> {
        if self.takes_symbol("(") {
            let query = self.query()?;
            self.symbol(")")?;
            return Ok(Some(Column::Children(Box::new(query))));
        }
        if self.takes("TYPEOF") {
            return self.kinds().map(Some);
        }
        let mut path = self.path()?;
        if self.takes_symbol("(") {
            if path.text.eq_ignore_ascii_case("COUNT") && self.takes_symbol(")") {
                return Ok(None);
            }
            if path.text.eq_ignore_ascii_case("FIELDS") {
                return self.every(path.at).map(Some);
            }
            path = self.inside(&path)?;
        }
        let alias = self.name()?;
        Ok(Some(Column::Field { path, alias }))
    }

    fn every(&mut self, at: usize) -> Done<Column> {
        let found = self.next();
        let which = match &found.0 {
            Token::Word(word) => every(word),
            Token::Text(_)
            | Token::Number(_)
            | Token::Day(_)
            | Token::Moment(_)
            | Token::Symbol(_)
            | Token::End => None,
        };
        let which = which.ok_or_else(|| self.unexpected(&found))?;
        self.symbol(")")?;
        Ok(Column::Every(which, at))
    }

    /// `TYPEOF What WHEN Account THEN Phone, Site ELSE Name END`.
    fn kinds(&mut self) -> Done<Column> {
        let path = self.path()?;
        let mut whens = Vec::new();
        self.word("WHEN")?;
        loop {
            let kind = self.object()?;
            self.word("THEN")?;
            whens.push((kind, self.paths()?));
            if !self.takes("WHEN") {
                break;
            }
        }
        let otherwise = if self.takes("ELSE") { self.paths()? } else { Vec::new() };
        self.word("END")?;
        Ok(Column::Kinds { path, whens, otherwise })
    }

    fn paths(&mut self) -> Done<Vec<Path>> {
        let mut paths = vec![self.path()?];
        while self.takes_symbol(",") {
            paths.push(self.path()?);
        }
        Ok(paths)
    }

    /// A name that may follow.
    fn name(&mut self) -> Done<Option<String>> {
        let follows = match self.peek() {
            Token::Word(word) => {
                !KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(&word))
            }
            Token::Text(_)
            | Token::Number(_)
            | Token::Day(_)
            | Token::Moment(_)
            | Token::Symbol(_)
            | Token::End => false,
        };
        if follows { Ok(Some(self.path()?.text)) } else { Ok(None) }
    }

    fn group(&mut self) -> Done<Vec<Path>> {
        self.word("BY")?;
        let mut group = vec![self.called()?];
        while self.takes_symbol(",") {
            group.push(self.called()?);
        }
        Ok(group)
    }

    fn whole(&mut self) -> Done<usize> {
        match self.next() {
            (Token::Number(number), at) => number.text(0).parse().map_err(|_| {
                let message = "a whole number is wanted here";
                pointing(self.text, at, "MALFORMED_QUERY", message)
            }),
            other => Err(self.unexpected(&other)),
        }
    }

    fn order(&mut self) -> Done<Vec<Order>> {
        self.word("BY")?;
        let mut order = Vec::new();
        loop {
            let path = self.called()?;
            let descending = if self.takes("DESC") {
                true
            } else {
                self.takes("ASC");
                false
            };
            let nulls_last = self.takes("NULLS")
                && if self.takes("LAST") {
                    true
                } else {
                    self.word("FIRST")?;
                    false
                };
            order.push(Order { path, descending, nulls_last });
            if !self.takes_symbol(",") {
                return Ok(order);
            }
        }
    }

    /// Terms joined by AND, or by OR: mixing them needs parentheses.
    fn filter(&mut self) -> Done<Filter> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            let message = "the filter is nested too deeply";
            return Err(pointing(self.text, 0, "MALFORMED_QUERY", message));
        }
        let first = self.term()?;
        let word = match self.peek() {
            Token::Word(word) if word.eq_ignore_ascii_case("AND") => "AND",
            Token::Word(word) if word.eq_ignore_ascii_case("OR") => "OR",
            Token::Word(_)
            | Token::Text(_)
            | Token::Number(_)
            | Token::Day(_)
            | Token::Moment(_)
            | Token::Symbol(_)
            | Token::End => {
                self.depth -= 1;
                return Ok(first);
            }
        };
        let mut terms = vec![first];
        while self.takes(word) {
            terms.push(self.term()?);
        }
        if matches!(self.peek(), Token::Word(next) if ["AND", "OR"].iter().any(|w| next.eq_ignore_ascii_case(w)))
        {
            let found = self.next();
            return Err(self.unexpected(&found));
        }
        self.depth -= 1;
        Ok(if word == "AND" { Filter::And(terms) } else { Filter::Or(terms) })
    }

    fn term(&mut self) -> Done<Filter> {
        if self.takes("NOT") {
            self.depth += 1;
            if self.depth > MOST_DEPTH {
                let message = "the filter is nested too deeply";
                return Err(pointing(self.text, 0, "MALFORMED_QUERY", message));
            }
            let term = self.term()?;
            self.depth -= 1;
            return Ok(Filter::Not(Box::new(term)));
        }
        if self.takes_symbol("(") {
            let filter = self.filter()?;
            self.symbol(")")?;
            return Ok(filter);
        }
        let path = self.called()?;
        let negated = self.takes("NOT");
        if negated || matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case("IN")) {
            self.word("IN")?;
            self.symbol("(")?;
            if matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case("SELECT")) {
                let query = Box::new(self.query()?);
                self.symbol(")")?;
                return Ok(Filter::Within { path, negated, query });
            }
            return Ok(Filter::In { path, negated, values: self.list()? });
        }
        let excludes = self.takes("EXCLUDES");
        if excludes || self.takes("INCLUDES") {
            self.symbol("(")?;
            return Ok(Filter::Includes { path, negated: excludes, values: self.list()? });
        }
        let operator = self.operator()?;
        let value = self.literal()?;
        Ok(Filter::Compare { path, operator, value })
    }

    fn operator(&mut self) -> Done<Operator> {
        if self.takes("LIKE") {
            return Ok(Operator::Like);
        }
        let found = self.next();
        let operator = match found.0 {
            Token::Symbol("=") => Some(Operator::Equal),
            Token::Symbol("!=") => Some(Operator::Unequal),
            Token::Symbol("<") => Some(Operator::Less),
            Token::Symbol("<=") => Some(Operator::LessOrEqual),
            Token::Symbol(">") => Some(Operator::Greater),
            Token::Symbol(">=") => Some(Operator::GreaterOrEqual),
            Token::Symbol(_)
            | Token::Word(_)
            | Token::Text(_)
            | Token::Number(_)
            | Token::Day(_)
            | Token::Moment(_)
            | Token::End => None,
        };
        operator.ok_or_else(|| self.unexpected(&found))
    }

    /// Values up to a closing parenthesis.
    fn list(&mut self) -> Done<Vec<Literal>> {
        let mut values = vec![self.literal()?];
        while self.takes_symbol(",") {
            values.push(self.literal()?);
        }
        self.symbol(")")?;
        Ok(values)
    }

    fn literal(&mut self) -> Done<Literal> {
        let found = self.next();
        let literal = match &found.0 {
            Token::Text(text) => Some(Literal::Text(text.clone())),
            Token::Number(number) => Some(Literal::Number(*number)),
            Token::Day(day) => Some(Literal::Day(day.clone())),
            Token::Moment(moment) => Some(Literal::Moment(moment.clone())),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "null" => Some(Literal::Null),
                "true" => Some(Literal::Flag(true)),
                "false" => Some(Literal::Flag(false)),
                name => clock::day(self.now)
                    .and_then(|today| dates::span(name, today))
                    .map(|(from, to)| Literal::Span(from.to_string(), to.to_string())),
            },
            Token::Symbol(_) | Token::End => None,
        };
        literal.ok_or_else(|| self.unexpected(&found))
    }
}

fn every(word: &str) -> Option<Every> {
    match word.to_ascii_uppercase().as_str() {
        "ALL" => Some(Every::All),
        "STANDARD" => Some(Every::Standard),
        "CUSTOM" => Some(Every::Custom),
        _ => None,
    }
}

fn function(word: &str) -> Option<Function> {
    match word.to_ascii_uppercase().as_str() {
        "COUNT" => Some(Function::Count),
        "COUNT_DISTINCT" => Some(Function::CountDistinct),
        "SUM" => Some(Function::Sum),
        "AVG" => Some(Function::Average),
        "MIN" => Some(Function::Least),
        "MAX" => Some(Function::Greatest),
        _ => None,
    }
}
