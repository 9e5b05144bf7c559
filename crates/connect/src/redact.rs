//! Takes other people's data out of messages.
//!
//! In: a message of the other system, which may repeat what somebody typed. Out: one short line in
//! which quoted values, e-mail addresses and numbers are blanked. It knows no wire; which messages
//! must not be used at all is decided by the clients.

/// The longest message kept, in characters.
const LONGEST: usize = 200;

/// What stands in place of a blanked part.
const BLANK: char = '…';

/// Blanks quoted values, e-mail addresses and numbers of `message`, and shortens it to one line.
pub(crate) fn message(message: &str) -> String {
    let unquoted = blank_quoted(message);
    let words = unquoted.split_whitespace().map(blank_word);
    let mut short = String::new();
    for word in words {
        if short.chars().count() + word.chars().count() >= LONGEST {
            short.push(BLANK);
            break;
        }
        if short.ends_with(BLANK) && word == BLANK.to_string() {
            continue;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(&word);
    }
    short
}

/// The name of a field, or of another thing of the schema: kept only when it looks like one.
pub(crate) fn name(text: &str) -> Option<String> {
    let shaped = !text.is_empty()
        && text.len() <= 120
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./-[]".contains(&b));
    shaped.then(|| text.to_owned())
}

/// Replaces what stands between quotes. An apostrophe inside a word is no quote; a quote that does
/// not close hides the rest.
fn blank_quoted(text: &str) -> String {
    let mut kept = String::new();
    let mut waiting_for: Option<char> = None;
    let mut previous = ' ';
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let next_is_word = rest.peek().is_some_and(|next| next.is_alphanumeric());
        match waiting_for {
            Some(closing) => {
                if character == closing && !(closing == '\'' && next_is_word) {
                    waiting_for = None;
                }
            }
            None => match closing_quote(character) {
                Some(closing) if !(character == '\'' && previous.is_alphanumeric()) => {
                    kept.push(BLANK);
                    waiting_for = Some(closing);
                }
                Some(_) | None => kept.push(character),
            },
        }
        previous = character;
    }
    kept
}

/// The character that ends what `opening` begins, when it is a quote.
fn closing_quote(opening: char) -> Option<char> {
    match opening {
        '"' | '\'' | '`' => Some(opening),
        '“' | '„' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        _ => None,
    }
}

/// Blanks a word that is an e-mail address, and the digits of any other word. The name of a custom
/// field or object keeps its digits.
fn blank_word(word: &str) -> String {
    if word.contains('@') {
        return BLANK.to_string();
    }
    let bare = word.trim_matches(|edge: char| !edge.is_alphanumeric() && edge != '_');
    if ["__c", "__r"].iter().any(|end| bare.ends_with(end)) && name(bare).is_some() {
        return word.to_owned();
    }
    let mut kept = String::new();
    for character in word.chars() {
        let digit = character.is_numeric();
        let joins = matches!(character, '.' | ',' | '-' | ':' | '/') && kept.ends_with(BLANK);
        if digit || joins {
            if !kept.ends_with(BLANK) {
                kept.push(BLANK);
            }
        } else if !character.is_control() {
            kept.push(character);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_people_do_not_pass() {
        for (said, kept) in [
            ("contact 'Anna O'Brien' is unknown", "contact … is unknown"),
            ("mail anna@tannwerk.example is bad", "mail … is bad"),
            ("call +41 44 668 18 00 now", "call +… now"),
            ("user hasn't approved this", "user hasn't approved this"),
            ("name \"Anna", "name …"),
            ("name “Anna” and «Bob»", "name … and …"),
            ("a deal over 100,000.50 needs approval", "a deal over … needs approval"),
            ("born 1980-02-03 here", "born … here"),
            ("field Deal_Size2__c is hidden", "field Deal_Size2__c is hidden"),
            ("two\nlines\u{7} here", "two lines here"),
        ] {
            assert_eq!(message(said), kept);
        }
    }

    #[test]
    fn a_message_is_cut_at_a_word() {
        let long = message(&"word ".repeat(100));
        assert!(long.chars().count() <= LONGEST + 1, "{long}");
        assert!(long.ends_with("word…"), "{long}");
    }

    #[test]
    fn only_names_are_taken_as_names() {
        assert_eq!(name("Account.Name"), Some("Account.Name".to_owned()));
        assert_eq!(name("details.currency"), Some("details.currency".to_owned()));
        assert_eq!(name("Anna Example"), None);
        assert_eq!(name("anna@example.com"), None);
        assert_eq!(name("12345"), None);
    }
}
