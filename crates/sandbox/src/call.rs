//! Plain requests and answers. In come method, path, query, headers and body as text and bytes; out goes
//! a status, headers and a body. It must not know any HTTP library, nor what the systems mean by them.

use serde_json::Value;

use crate::edge::Flaw;

/// The methods the sandbox tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Other,
}

impl Method {
    /// Reads the word of a request line; unknown words are `Other`.
    pub(crate) fn parse(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    /// The word of a request line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "OTHER",
        }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query as they came.
    pub(crate) target: String,
    /// The path's parts between slashes, percent-decoded; empty parts are left out.
    pub(crate) path: Vec<String>,
    /// The query's pairs, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Header names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it came over https.
    pub(crate) secure: bool,
    /// Why it cannot be carried out, if the connection knows.
    pub(crate) flaw: Option<Flaw>,
}

impl Call {
    /// Takes a request apart. `target` is path and query, without host.
    pub(crate) fn new(
        method: Method,
        target: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path =
            path.split('/').filter(|part| !part.is_empty()).map(|p| decode(p, false)).collect();
        Self {
            method,
            target: target.to_owned(),
            path,
            query: pairs(query),
            headers,
            body,
            secure: false,
            flaw: None,
        }
    }

    /// The path's parts as text slices, for matching.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter, its name in any case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The token of an `Authorization: Bearer` (or Salesforce's older `OAuth`) header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth"))
            .then_some(token.trim())
    }

    /// The body as JSON, nothing being null; `None`: it is something else.
    pub(crate) fn json_or_null(&self) -> Option<Value> {
        if self.body.is_empty() {
            Some(Value::Null)
        } else {
            serde_json::from_slice(&self.body).ok()
        }
    }

    /// The pairs of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }
}

/// What a body of an answer is.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Bytes(&'static str, Vec<u8>),
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

impl Answer {
    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body) }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    /// The same answer with one more header.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Whether what was asked was done.
    pub(crate) fn is_success(&self) -> bool {
        self.status < 400 && self.status != 300
    }
}

/// An answer and who asked, for the request log.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) user: Option<String>,
}

/// Reads `a=b&c=d`, decoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Undoes percent-encoding; bytes that are not UTF-8 become replacement characters.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' if plus_is_space => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                let pair = ahead.next().and_then(hex).zip(ahead.next().and_then(hex));
                if let Some((high, low)) = pair {
                    out.push(high << 4 | low);
                    bytes = ahead;
                } else {
                    out.push(b'%');
                }
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_taken_apart_and_decoded() {
        let call =
            Call::new(Method::Get, "/a/b%2Fc/?q=x+y%20z&bad=%zz&none", Vec::new(), Vec::new());
        assert_eq!(call.parts(), ["a", "b/c"]);
        assert_eq!(call.parameter("Q"), Some("x y z"));
        assert_eq!(call.parameter("bad"), Some("%zz"));
        assert_eq!(call.parameter("none"), Some(""));
    }
}
