//! Pages for people. In come texts; out goes HTML in which no text can become markup. It must not know whose
//! pages they are.

use std::fmt::Write as _;

use crate::call::{Answer, Body};

/// A page; `body` is markup already.
pub(crate) fn page(status: u16, title: &str, body: &str) -> Answer {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}\
         button,input:not([type=radio],[type=checkbox]){{font:inherit;padding:.4rem .8rem}}\
         fieldset{{border:1px solid #999;margin:1rem 0}}.wrong{{color:#a00}}</style></head><body>\n{body}\n</body></html>\n",
        escape(title)
    );
    let body = Body::Bytes("text/html; charset=utf-8", html.into_bytes());
    let answer = Answer { status, headers: Vec::new(), body };
    answer
        .with("Cache-Control", "no-store")
        .with("X-Frame-Options", "DENY")
        .with("Referrer-Policy", "no-referrer")
}

/// A text in which nothing is markup.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A value of a query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_not_markup_and_values_are_one_value() {
        assert_eq!(escape("<a href='\"x\"'>&"), "&lt;a href=&#39;&quot;x&quot;&#39;&gt;&amp;");
        assert_eq!(encode("a b&c=ü"), "a%20b%26c%3D%C3%BC");
    }
}
