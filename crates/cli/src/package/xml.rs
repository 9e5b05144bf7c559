//! Writes XML as Salesforce's own tools lay it out.
//!
//! In: elements in their order. Out: text. Must not know: what the elements mean.

use std::fmt::Write as _;

/// What every metadata file belongs to.
const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// An element with a text, or with elements in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    name: &'static str,
    inside: Inside,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Inside {
    Text(String),
    Elements(Vec<Element>),
}

/// An element with a text.
pub(super) fn text(name: &'static str, text: impl Into<String>) -> Element {
    Element { name, inside: Inside::Text(text.into()) }
}

/// `true` or `false`.
pub(super) fn flag(name: &'static str, on: bool) -> Element {
    text(name, if on { "true" } else { "false" })
}

/// An element with elements in it.
pub(super) fn group(name: &'static str, elements: impl IntoIterator<Item = Element>) -> Element {
    Element { name, inside: Inside::Elements(elements.into_iter().collect()) }
}

/// A whole file.
pub(super) fn document(root: &Element) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let Inside::Elements(elements) = &root.inside else { return out };
    // INVARIANT: writing to a string cannot fail, here and below.
    let _ = writeln!(out, "<{} xmlns=\"{NAMESPACE}\">", root.name);
    out.push_str(&fragment(elements, 1));
    let _ = writeln!(out, "</{}>", root.name);
    out
}

/// Elements as they stand in a file, so many levels deep.
pub(super) fn fragment(elements: &[Element], depth: usize) -> String {
    let mut out = String::new();
    for element in elements {
        add(element, depth, &mut out);
    }
    out
}

fn add(element: &Element, depth: usize, out: &mut String) {
    let (name, indent) = (element.name, "    ".repeat(depth));
    match &element.inside {
        Inside::Text(text) => {
            let _ = writeln!(out, "{indent}<{name}>{}</{name}>", escaped(text));
        }
        Inside::Elements(elements) if elements.is_empty() => {
            let _ = writeln!(out, "{indent}<{name}/>");
        }
        Inside::Elements(elements) => {
            let _ = writeln!(out, "{indent}<{name}>");
            for element in elements {
                add(element, depth + 1, out);
            }
            let _ = writeln!(out, "{indent}</{name}>");
        }
    }
}

/// A text with nothing in it that would be markup. What XML cannot hold at all becomes a blank.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_markup() {
        assert_eq!(escaped("R&D <\"x\" 'y'>"), "R&amp;D &lt;&quot;x&quot; &apos;y&apos;&gt;");
        assert_eq!(escaped("a\u{0}b\u{1b}c"), "a b c");
        let root = group("Root", [text("label", "A & B"), group("empty", [])]);
        let wanted = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                      <Root xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    \
                      <label>A &amp; B</label>\n    <empty/>\n</Root>\n";
        assert_eq!(document(&root), wanted);
    }
}
