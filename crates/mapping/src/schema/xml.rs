//! Reads XML: text in, a small tree of elements with the bytes at which they begin out.
//!
//! Must not know: what Salesforce writes into it. The only file of this crate that names the XML
//! library, which resolves no outside entity and refuses a text whose entities grow without end.

use super::read::LineColumn;

/// One element: its name without a prefix, its text, its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    /// The text directly in it, without outer blanks.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
    /// Its first byte.
    pub(super) at: usize,
}

/// How deep elements may be nested; metadata nests five.
const DEEPEST: usize = 64;

impl Element {
    /// The first element of that name directly in it.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All elements of that name directly in it.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of that name, when it is not empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// True when the element of that name says `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text_of(name) == Some("true")
    }

    /// The number in the element of that name.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.text_of(name)?.parse().ok()
    }
}

/// Reads one XML document.
///
/// # Errors
/// Where it cannot be read, and why.
pub(super) fn parse(text: &str) -> Result<Element, (LineColumn, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = roxmltree::Document::parse(text).map_err(|error| {
        let at = error.pos();
        (place(at), plain(&error.to_string()))
    })?;
    element(document.root_element(), &document, 0)
}

fn element(
    node: roxmltree::Node<'_, '_>,
    document: &roxmltree::Document<'_>,
    depth: usize,
) -> Result<Element, (LineColumn, String)> {
    let at = node.range().start;
    if depth > DEEPEST {
        let at = place(document.text_pos_at(at));
        return Err((at, format!("elements are nested deeper than {DEEPEST}")));
    }
    let text: String =
        node.children().filter(roxmltree::Node::is_text).filter_map(|n| n.text()).collect();
    let children = node
        .children()
        .filter(roxmltree::Node::is_element)
        .map(|child| element(child, document, depth + 1))
        .collect::<Result<_, _>>()?;
    Ok(Element { name: node.tag_name().name().into(), text: text.trim().into(), children, at })
}

fn place(at: roxmltree::TextPos) -> LineColumn {
    LineColumn {
        line: usize::try_from(at.row).unwrap_or(1),
        column: usize::try_from(at.col).unwrap_or(1),
    }
}

/// The library's sentence without the place at its end, which stands beside it already.
fn plain(message: &str) -> String {
    message.rsplit_once(" at ").map_or(message, |(said, _)| said).to_owned()
}
