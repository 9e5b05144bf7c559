//! Secrets left out. In come headers, addresses and bodies of sign-in calls; out they go with `[redacted]` in
//! the place of every secret. It must not know which system they are of.

use serde_json::{Value, json};

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// Names of secrets in addresses, forms, JSON and XML, in lower case.
const SECRETS: [&str; 18] = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "assertion",
    "password",
    "pw",
    "ticket",
    "token",
    "signature",
    "code",
    "code_verifier",
    "device_code",
    "user_code",
    "sid",
    "sessionid",
    "session_id",
];

fn is_secret(name: &str) -> bool {
    let name = name.rsplit(':').next().unwrap_or(name).to_lowercase();
    SECRETS.contains(&name.as_str())
}

/// Whether bodies of this address carry secrets: sign-in, and the older XML.
pub(super) fn has_secrets(target: &str) -> bool {
    ["/oauth2/", "/services/Soap/", "/setup/connect"].iter().any(|part| target.contains(part))
}

/// Headers whose secrets are left out; the scheme of an authorization stays.
pub(super) fn headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let hidden = match name.to_lowercase().as_str() {
                "authorization" | "proxy-authorization" => {
                    let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
                    Some(format!("{scheme} {REDACTED}").trim_start().to_owned())
                }
                "location" => Some(target(value)),
                "cookie" | "set-cookie" | "x-ms-signature" | "x-sfdc-session" => {
                    Some(REDACTED.to_owned())
                }
                _ => None,
            };
            (name.clone(), hidden.unwrap_or_else(|| value.clone()))
        })
        .collect()
}

/// Path and query whose secrets are left out.
pub(super) fn target(target: &str) -> String {
    match target.split_once('?') {
        Some((path, query)) => format!("{path}?{}", pairs(query)),
        None => target.to_owned(),
    }
}

fn pairs(text: &str) -> String {
    let shown = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        Some(_) | None => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

/// A body of a sign-in call whose secrets are left out. One that cannot be read is left out whole.
pub(super) fn body(text: &str) -> String {
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        return serde_json::from_str(text).map_or_else(
            |_| REDACTED.to_owned(),
            |mut value: Value| {
                hide(&mut value);
                value.to_string()
            },
        );
    }
    if start.contains("type=\"hidden\"") {
        // A page that hands a code over.
        return REDACTED.to_owned();
    }
    if start.starts_with('<') { elements(text) } else { pairs(text) }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if is_secret(name) {
                    *value = json!(REDACTED);
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// XML in which the text of secret elements is left out.
fn elements(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        out.push('<');
        let Some((tag, content)) = after.split_once('>') else {
            return out + after;
        };
        out.push_str(tag);
        out.push('>');
        rest = content;
        let name = tag.split_whitespace().next().unwrap_or_default();
        if is_secret(name) && !tag.starts_with('/') && !tag.ends_with('/') {
            out.push_str(REDACTED);
            rest = content.find('<').and_then(|end| content.get(end..)).unwrap_or_default();
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_left() {
        let shown = headers(&[
            ("authorization".to_owned(), "Bearer s3cret".to_owned()),
            ("accept".to_owned(), "*/*".to_owned()),
        ]);
        assert_eq!(shown[0].1, "Bearer [redacted]");
        assert_eq!(shown[1].1, "*/*");
        let to = headers(&[("Location".to_owned(), "http://x/?code=s3cret&state=1".to_owned())]);
        assert_eq!(to[0].1, "http://x/?code=[redacted]&state=1");
        assert_eq!(target("/a?access_token=s3cret&q=x"), "/a?access_token=[redacted]&q=x");
        assert_eq!(target("/a"), "/a");
        for (given, shown) in [
            (
                "grant_type=refresh_token&refresh_token=s3cret&client_secret=s3cret",
                "grant_type=refresh_token&refresh_token=[redacted]&client_secret=[redacted]",
            ),
            (
                r#"{"a":[{"access_token":"s3cret"}],"scope":"api"}"#,
                r#"{"a":[{"access_token":"[redacted]"}],"scope":"api"}"#,
            ),
            (
                "<a:login><a:username>u</a:username><a:password>s3cret</a:password></a:login>",
                "<a:login><a:username>u</a:username><a:password>[redacted]</a:password></a:login>",
            ),
            ("{\"access_token\":\"s3cr", "[redacted]"),
            ("<form><input type=\"hidden\" name=\"code\" value=\"s3cret\"></form>", "[redacted]"),
        ] {
            assert_eq!(body(given), shown);
        }
        assert!(has_secrets("/x/oauth2/v2.0/token") && !has_secrets("/services/data/v60.0/query"));
    }
}
