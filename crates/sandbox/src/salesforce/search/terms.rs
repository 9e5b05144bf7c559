//! What is searched for. In come the words between a search's braces; out goes whether texts have them. It
//! must not know objects or fields.

/// A search's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Terms {
    /// Words that follow one another in one text; `*` and `?` stand for other characters.
    Phrase(Vec<String>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Without(Box<Self>, Box<Self>),
}

/// Characters that mean something in a search, or will; a backslash takes the meaning away.
const RESERVED: &str = "&|!{}[]^~:'+-";
/// How deep parentheses may nest.
const MOST_DEPTH: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word as it was written, unless it was quoted.
    Words(Vec<String>, Option<String>),
    Open,
    Close,
}

/// Reads words with `AND`, `OR`, `AND NOT`, quotes and parentheses; nothing: they make no sense.
pub(super) fn read(text: &str) -> Option<Terms> {
    let tokens = cut(text)?;
    let mut rest = tokens.as_slice();
    let terms = any(&mut rest, 0)?;
    rest.is_empty().then_some(terms)
}

/// Words without operators: all of them are wanted.
pub(super) fn plain(text: &str) -> Option<Terms> {
    let each = text.split_whitespace().map(words).filter(|words| !words.is_empty());
    let each: Vec<Terms> = each.map(Terms::Phrase).collect();
    (!each.is_empty()).then_some(Terms::All(each))
}

/// The words of a text, in lower case, with wildcards.
fn words(text: &str) -> Vec<String> {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '*' | '?');
    let words = text.split(|c| !belongs(c)).filter(|word| word.chars().any(char::is_alphanumeric));
    words.map(str::to_lowercase).collect()
}

fn cut(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            // What is not a letter only parts words.
            '\\' => word.push(characters.next().filter(|c| c.is_alphanumeric()).unwrap_or(' ')),
            '"' => {
                end(&mut tokens, &mut word, quoted);
                quoted = !quoted;
            }
            other if quoted => word.push(other),
            '(' | ')' => {
                end(&mut tokens, &mut word, false);
                tokens.push(if character == '(' { Token::Open } else { Token::Close });
            }
            other if RESERVED.contains(other) => return None,
            other if other.is_whitespace() => end(&mut tokens, &mut word, false),
            other => word.push(other),
        }
    }
    end(&mut tokens, &mut word, quoted);
    (!quoted).then_some(tokens)
}

fn end(tokens: &mut Vec<Token>, word: &mut String, quoted: bool) {
    let found = words(word);
    let written = std::mem::take(word);
    if !found.is_empty() {
        tokens.push(Token::Words(found, (!quoted).then_some(written)));
    }
}

/// Takes a word of the language, written in capitals or not.
fn takes(rest: &mut &[Token], wanted: &str) -> bool {
    match rest.split_first() {
        Some((Token::Words(_, Some(word)), after)) if word.eq_ignore_ascii_case(wanted) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn any(rest: &mut &[Token], depth: usize) -> Option<Terms> {
    let mut terms = vec![all(rest, depth)?];
    while takes(rest, "OR") {
        terms.push(all(rest, depth)?);
    }
    if terms.len() == 1 { terms.pop() } else { Some(Terms::Any(terms)) }
}

/// Terms beside one another, with or without `AND`.
fn all(rest: &mut &[Token], depth: usize) -> Option<Terms> {
    let mut terms = vec![one(rest, depth)?];
    loop {
        let ends = match rest.first() {
            None | Some(Token::Close) => true,
            Some(Token::Words(_, Some(word))) => word.eq_ignore_ascii_case("OR"),
            Some(Token::Words(_, None) | Token::Open) => false,
        };
        if ends {
            break;
        }
        let joined = takes(rest, "AND");
        if joined && takes(rest, "NOT") {
            let not = one(rest, depth)?;
            let wanted = Box::new(Terms::All(std::mem::take(&mut terms)));
            terms.push(Terms::Without(wanted, Box::new(not)));
        } else {
            terms.push(one(rest, depth)?);
        }
    }
    if terms.len() == 1 { terms.pop() } else { Some(Terms::All(terms)) }
}

fn one(rest: &mut &[Token], depth: usize) -> Option<Terms> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    match first {
        Token::Words(_, Some(word))
            if ["AND", "OR", "NOT"].contains(&word.to_uppercase().as_str()) =>
        {
            None
        }
        Token::Words(words, _) => Some(Terms::Phrase(words.clone())),
        Token::Open if depth < MOST_DEPTH => {
            let terms = any(rest, depth + 1)?;
            let (Token::Close, after) = rest.split_first()? else {
                return None;
            };
            *rest = after;
            Some(terms)
        }
        Token::Open | Token::Close => None,
    }
}

impl Terms {
    /// A word of it that is too short to be searched for.
    pub(super) fn too_short(&self) -> Option<&str> {
        match self {
            Self::Phrase(words) => match words.as_slice() {
                [word] if word.chars().filter(|c| c.is_alphanumeric()).count() < 2 => Some(word),
                _ => None,
            },
            Self::All(terms) | Self::Any(terms) => terms.iter().find_map(Self::too_short),
            Self::Without(wanted, not) => wanted.too_short().or_else(|| not.too_short()),
        }
    }

    /// Whether the texts of a row have it.
    pub(super) fn fits(&self, texts: &[&str]) -> bool {
        let texts: Vec<Vec<String>> = texts.iter().map(|text| words(text)).collect();
        self.is_in(&texts)
    }

    fn is_in(&self, texts: &[Vec<String>]) -> bool {
        match self {
            Self::Phrase(words) => {
                let follows = |part: &[String]| {
                    part.iter().zip(words).all(|(word, pattern)| matches(pattern, word))
                };
                texts.iter().any(|text| text.windows(words.len()).any(follows))
            }
            Self::All(terms) => terms.iter().all(|terms| terms.is_in(texts)),
            Self::Any(terms) => terms.iter().any(|terms| terms.is_in(texts)),
            Self::Without(wanted, not) => wanted.is_in(texts) && !not.is_in(texts),
        }
    }
}

/// Whether a word is as a pattern says.
fn matches(pattern: &str, word: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        let same = |(a, b): (char, char)| a == '?' || a == b;
        return pattern.chars().count() == word.chars().count()
            && pattern.chars().zip(word.chars()).all(same);
    };
    let length = before.chars().count();
    let begin: String = word.chars().take(length).collect();
    let rest: String = word.chars().skip(length).collect();
    let tails = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    matches(before, &begin)
        && tails.into_iter().any(|at| matches(after, rest.get(at..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_they_are_asked_for() {
        let texts = ["Acme & Söhne Ltd", "ada@oneil.example", "Joe Smith"];
        for terms in [
            "acme",
            "ACME ltd",
            "\"joe smith\"",
            "acm*",
            "a?me",
            "*cme",
            "nobody OR smith",
            "söhne",
            "acme AND NOT nobody",
            "(nobody OR joe) AND smith",
            "ada@oneil.example",
            "oneil",
            "o*l",
        ] {
            assert!(read(terms).unwrap().fits(&texts), "{terms}");
        }
        for terms in
            ["acm", "\"smith joe\"", "acme nobody", "acme AND NOT ltd", "a?e", "nobody OR none"]
        {
            assert!(!read(terms).unwrap().fits(&texts), "{terms}");
        }
        assert!(read("joe\\-smith").unwrap().fits(&["Joe-Smith"]));
        assert!(plain("acme OR").unwrap().fits(&["acme or not"]));
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        for terms in
            ["", "()", "(a", "a)", "AND", "joe AND", "OR joe", "\"joe", "joe-smith", "a & b", "!"]
        {
            assert_eq!(read(terms), None, "{terms}");
        }
        assert_eq!(read("joe a").unwrap().too_short(), Some("a"));
        assert_eq!(read("joe*").unwrap().too_short(), None);
    }
}
