//! The address that a partner account's webhooks call.
//!
//! In: the address, whole. Out: the same for Partner Center, and a form that may be printed: an address lets
//! whoever knows all of it call what lies there. It resolves and calls nothing.

use std::fmt;

/// So many parts of the path are shown, when they are plain words of at most so many characters.
const PARTS: usize = 2;
const LONGEST: usize = 16;

/// An address. Printed, it is its scheme, its host and the beginning of its path: `https://x.example/hooks/…?…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Keeps an address as it is.
    pub fn new(whole: impl Into<String>) -> Address {
        Address(whole.into())
    }

    /// All of it: for Partner Center and the state, not to be printed.
    pub fn whole(&self) -> &str {
        &self.0
    }

    /// Its host alone, with the port when there is one.
    pub fn host(&self) -> &str {
        self.parts().1
    }

    /// Scheme with `://`, host with port, path, and whether a query or a fragment follows.
    fn parts(&self) -> (&str, &str, &str, bool) {
        let (head, more) = match self.0.find(['?', '#']) {
            Some(at) => (self.0.get(..at).unwrap_or_default(), true),
            None => (self.0.as_str(), false),
        };
        let start = head.find("://").map_or(0, |at| at + "://".len());
        let (scheme, rest) = head.split_at(start);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        (scheme, host, path, more)
    }
}

/// A word as programs name the parts of a path: no key, no id.
fn is_plain(part: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    part.len() <= LONGEST && digits <= 2 && part.bytes().all(known)
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, path, more) = self.parts();
        let path = path.strip_suffix('/').unwrap_or(path);
        write!(out, "{scheme}{host}")?;
        for (number, part) in path.split('/').skip(1).enumerate() {
            if number >= PARTS || !is_plain(part) {
                out.write_str("/…")?;
                break;
            }
            write!(out, "/{part}")?;
        }
        out.write_str(if more { "?…" } else { "" })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_without_what_lets_one_call_it() {
        for (whole, shown, host) in [
            ("https://a.example/hook", "https://a.example/hook", "a.example"),
            ("https://a.example:443/", "https://a.example:443", "a.example:443"),
            (
                "https://cosell.example/webhooks/partner-center/open-sesame",
                "https://cosell.example/webhooks/partner-center/…",
                "cosell.example",
            ),
            (
                "https://prod-12.logic.azure.com:443/workflows/0f3c9ad2/triggers/manual/paths/invoke?api-version=1&sig=S3CRET",
                "https://prod-12.logic.azure.com:443/workflows/…?…",
                "prod-12.logic.azure.com:443",
            ),
            ("https://u:S3CRET@a.example/x?", "https://a.example/x?…", "a.example"),
            ("https://a.example?code=S3CRET", "https://a.example?…", "a.example"),
            ("https://a.example/T0S3CRET#f", "https://a.example/…?…", "a.example"),
            ("https://a.example/abcdefghijklmnopq", "https://a.example/…", "a.example"),
            ("no address", "no address", "no address"),
        ] {
            let address = Address::new(whole);
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
            assert_eq!(address.host(), host);
            assert_eq!(address.whole(), whole);
        }
    }
}
