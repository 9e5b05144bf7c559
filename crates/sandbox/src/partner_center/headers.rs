//! What headers say about a call. In come their values; out go whether the body is JSON, which versions and
//! which answer are wanted, or the refusal. It must not know what the call is about.

use super::refusal::{Done, Stop};
use crate::call::Call;

/// Why headers do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The body is something else than JSON in UTF-8.
    Body,
    /// The answer is wanted in a form that there is not.
    Answer,
}

impl Unfit {
    /// The status, and a text.
    pub(super) fn told(self) -> (u16, &'static str) {
        match self {
            Self::Body => (415, "The body must be application/json in UTF-8."),
            Self::Answer => (406, "The answer is application/json."),
        }
    }
}

/// Looks at the type of the body, if there is one, and at the one that is wanted.
pub(super) fn check(call: &Call, no: impl FnOnce(Unfit) -> Stop) -> Done<()> {
    let has_type = call.header("content-type").is_some_and(is_json);
    if !call.body.is_empty() && !has_type {
        return Err(no(Unfit::Body));
    }
    let mut wanted = list(call, "accept").peekable();
    if wanted.peek().is_some() && !wanted.any(takes_json) {
        return Err(no(Unfit::Answer));
    }
    Ok(())
}

/// `application/json`, with no other character set than UTF-8.
fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    is_named
        && parts.all(|part| match part.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) | None => true,
        })
}

fn takes_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_refused = parts.any(|part| {
        let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
        weight.is_some_and(|weight| weight.bytes().all(|byte| matches!(byte, b'0' | b'.')))
    });
    matches!(name.as_str(), "*/*" | "application/*" | "application/json") && !is_refused
}

/// The values of a header, which may come several times and be lists.
fn list<'a>(call: &'a Call, name: &'a str) -> impl Iterator<Item = &'a str> {
    call.headers
        .iter()
        .filter(move |(key, _)| key == name)
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

/// The versions of `If-Match`; `None` when it was not sent.
pub(super) fn versions(call: &Call) -> Option<Vec<&str>> {
    let versions: Vec<&str> = list(call, "if-match").collect();
    (!versions.is_empty()).then_some(versions)
}

/// Whether one of the versions is the present one. A weak one never is: the comparison is a strong one.
pub(super) fn matches(versions: &[&str], present: &str) -> bool {
    versions.iter().any(|version| *version == "*" || *version == present)
}

/// Whether the changed referral is wanted, by `Prefer`.
pub(super) fn wants_whole(call: &Call) -> bool {
    let mut preferred = list(call, "prefer").flat_map(|value| value.split(';')).filter_map(|one| {
        let (name, value) = one.split_once('=')?;
        name.trim().eq_ignore_ascii_case("return").then(|| value.trim().trim_matches('"'))
    });
    // Of several, the first counts.
    preferred.next().is_some_and(|value| value.eq_ignore_ascii_case("representation"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Method;

    fn call(headers: &[(&str, &str)]) -> Call {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Call::new(Method::Patch, "/", headers.collect(), Vec::new())
    }

    #[test]
    fn json_is_named_in_many_ways() {
        for fine in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; odata.metadata=minimal",
        ] {
            assert!(is_json(fine), "{fine}");
        }
        for bad in [
            "",
            "text/json",
            "application/json; charset=utf-16",
            "application/json-patch+json",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
        for (range, fits) in [
            ("*/*;q=0.1", true),
            ("application/*", true),
            ("application/json;q=0", false),
            ("application/json;q=0.0", false),
            ("text/html", false),
        ] {
            assert_eq!(takes_json(range), fits, "{range}");
        }
    }

    #[test]
    fn versions_are_compared_strongly() {
        let several = call(&[("if-match", "\"a\", \"b\""), ("if-match", "\"c\"")]);
        let versions = versions(&several).unwrap();
        assert!(matches(&versions, "\"b\"") && matches(&versions, "\"c\""));
        assert!(matches(&["*"], "\"x\""));
        assert!(!matches(&["W/\"a\""], "\"a\"") && !matches(&["a"], "\"a\""));
        assert_eq!(super::versions(&call(&[("if-match", " ")])), None);
    }

    #[test]
    fn the_first_preference_counts() {
        for (value, wants) in [
            ("return=representation", true),
            ("Return=\"Representation\"", true),
            ("respond-async, return=representation; wait=5", true),
            ("return=minimal, return=representation", false),
            ("not-return=representation", false),
            ("return", false),
        ] {
            assert_eq!(wants_whole(&call(&[("prefer", value)])), wants, "{value}");
        }
    }
}
