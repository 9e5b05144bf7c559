//! What the filters of a `JSONPath` compare with a number.
//!
//! In: a parsed path. Out: the members (dotted) that may be compared as numbers. Must not know:
//! records, maps.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, Literal, Segment, Selector, SingularQuery,
    SingularQuerySegment, TestFunction,
};

use super::query_of;

/// Adds the members that are compared in these segments.
pub(super) fn in_segments(segments: &[Segment], names: &mut Vec<String>) {
    for segment in segments {
        match segment {
            Segment::Descendant(inner) => {
                in_segments(std::slice::from_ref(inner.as_ref()), names);
            }
            Segment::Selector(selector) => in_selector(selector, names),
            Segment::Selectors(selectors) => {
                for selector in selectors {
                    in_selector(selector, names);
                }
            }
        }
    }
}

fn in_selector(selector: &Selector, names: &mut Vec<String>) {
    match selector {
        Selector::Filter(filter) => in_filter(filter, names),
        Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => {}
    }
}

fn in_filter(filter: &Filter, names: &mut Vec<String>) {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => {
            for part in parts {
                in_filter(part, names);
            }
        }
        Filter::Atom(FilterAtom::Filter { expr, .. }) => in_filter(expr, names),
        Filter::Atom(FilterAtom::Test { .. }) => {}
        Filter::Atom(FilterAtom::Comparison(comparison)) => compared(comparison, names),
    }
}

fn compared(comparison: &Comparison, names: &mut Vec<String>) {
    let (left, right) = comparison.vals();
    for (side, against) in [(left, right), (right, left)] {
        if let (Some(name), true) = (member_of(side), may_be_number(against)) {
            names.push(name);
        }
    }
}

/// The member that a side of a comparison names.
fn member_of(side: &Comparable) -> Option<String> {
    let names: Vec<&str> = match side {
        Comparable::SingularQuery(SingularQuery::Current(path) | SingularQuery::Root(path)) => path
            .iter()
            .filter_map(|segment| match segment {
                SingularQuerySegment::Name(name) => Some(name.as_str()),
                SingularQuerySegment::Index(_) => None,
            })
            .collect(),
        Comparable::Function(TestFunction::Value(arg)) => query_of(arg)?
            .iter()
            .filter_map(|segment| match segment {
                Segment::Selector(Selector::Name(name)) => Some(name.as_str()),
                Segment::Selector(
                    Selector::Wildcard
                    | Selector::Index(_)
                    | Selector::Slice(..)
                    | Selector::Filter(_),
                )
                | Segment::Descendant(_)
                | Segment::Selectors(_) => None,
            })
            .collect(),
        Comparable::Literal(_) | Comparable::Function(_) => return None,
    };
    if names.is_empty() { None } else { Some(names.join(".")) }
}

fn may_be_number(side: &Comparable) -> bool {
    match side {
        Comparable::Literal(Literal::Int(_) | Literal::Float(_))
        | Comparable::SingularQuery(_)
        | Comparable::Function(_) => true,
        Comparable::Literal(Literal::String(_) | Literal::Bool(_) | Literal::Null) => false,
    }
}
