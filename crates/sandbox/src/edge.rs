//! What a web server refuses before the system behind it is asked. In come calls; out goes the server's own
//! page, if the call is no good. It must not know the systems.

use crate::call::{Answer, Body, Call};

/// What is wrong with a call that could not be read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It does not say to which host it goes.
    NoHost,
    /// Its body is larger than what is taken.
    TooLarge,
}

/// The most bytes of an address, and of an address with all headers: Salesforce documents it; of Partner
/// Center it is not known.
const LONGEST: usize = 16_384;

/// The refusal of a call that is no good.
pub(crate) fn refuse(call: &Call) -> Option<Answer> {
    let path = call.target.split('?').next().unwrap_or_default();
    let (status, reason) = match call.flaw {
        Some(Flaw::NoHost) => (400, "No Host"),
        Some(Flaw::TooLarge) => (413, "Payload Too Large"),
        None if call.target.len() > LONGEST => (414, "URI Too Long"),
        None if size(call) > LONGEST => (431, "Request Header Fields Too Large"),
        None if !is_encoded(path) => (400, "Bad URI"),
        None => return None,
    };
    let page = format!("<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>");
    let body = Body::Bytes("text/html;charset=iso-8859-1", page.into_bytes());
    Some(Answer { status, headers: Vec::new(), body })
}

fn size(call: &Call) -> usize {
    let headers = call.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
    call.target.len() + headers.sum::<usize>()
}

/// Whether each `%` begins an escape, and all escapes together are UTF-8 without a zero byte.
fn is_encoded(path: &str) -> bool {
    if !path.contains('%') {
        return true;
    }
    let mut bytes = path.bytes();
    let mut plain = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        let Some((high, low)) = digit().zip(digit()) else { return false };
        plain.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    !plain.contains(&0) && std::str::from_utf8(&plain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Method;

    fn status(target: &str, header: &str, flaw: Option<Flaw>) -> Option<u16> {
        let headers = vec![("x".to_owned(), header.to_owned())];
        let mut call = Call::new(Method::Get, target, headers, Vec::new());
        call.flaw = flaw;
        refuse(&call).map(|answer| answer.status)
    }

    #[test]
    fn calls_that_are_no_good_are_refused() {
        let long = "a".repeat(17_000);
        assert_eq!(status("/a%20b/%C3%A4?x=%zz", "", None), None);
        for bad in ["/%zz", "/%", "/a%2", "/%00", "/%ff", "/%C3"] {
            assert_eq!(status(bad, "", None), Some(400), "{bad}");
        }
        assert_eq!(status(&format!("/?{long}"), "", None), Some(414));
        assert_eq!(status("/", &long, None), Some(431));
        assert_eq!(status("/", "", Some(Flaw::NoHost)), Some(400));
        assert_eq!(status("/", "", Some(Flaw::TooLarge)), Some(413));
    }
}
