//! The directory's pages. In come texts; out goes HTML in which no text can become markup. It must not know
//! who signs in.

use std::fmt::Write as _;

use super::super::{people::ACCOUNTS, referral::escape};
use crate::call::{Answer, Body};

fn page(status: u16, body: &str) -> Answer {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in to the sandbox</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}\
         button,input[type=text]{{font:inherit;padding:.4rem .8rem}}fieldset{{border:1px solid #999;margin:1rem 0}}\
         .wrong{{color:#a00}}</style></head><body>\n{body}\n</body></html>\n"
    );
    let body = Body::Bytes("text/html; charset=utf-8", html.into_bytes());
    let answer = Answer { status, headers: Vec::new(), body };
    answer
        .with("Cache-Control", "no-store")
        .with("X-Frame-Options", "DENY")
        .with("Referrer-Policy", "no-referrer")
}

/// A page that says one thing.
pub(super) fn said(text: &str) -> Answer {
    page(200, &format!("<h1>Sandbox</h1>\n<p>{}</p>", escape(text)))
}

/// 400 for people who were sent here by an application that is not set up.
pub(super) fn wrong(text: &str) -> Answer {
    page(
        400,
        &format!(
            "<h1>Sorry, but we’re having trouble signing you in.</h1>\n<p class=\"wrong\">{}</p>",
            escape(text)
        ),
    )
}

/// The accounts, and whether the second factor is used.
fn accounts(hint: Option<&str>) -> String {
    let hint = hint.and_then(|hint| hint.split('@').next()).unwrap_or("partner");
    let mut out = String::from("<fieldset><legend>Account</legend>\n");
    for (user, _, says) in ACCOUNTS {
        let checked = if user == hint { " checked" } else { "" };
        // Writing into a text cannot fail.
        let _ = writeln!(
            out,
            "<label><input type=\"radio\" name=\"user\" value=\"{user}\"{checked}> {user} ({})</label><br>",
            escape(says)
        );
    }
    out + "</fieldset>\n<p><label><input type=\"checkbox\" name=\"mfa\" value=\"yes\" checked> \
           with a second factor (MFA)</label></p>\n\
           <p><button type=\"submit\">Sign in</button> <button type=\"submit\" name=\"cancel\" value=\"yes\">Cancel</button></p>"
}

fn note(wrong: Option<&str>) -> String {
    wrong.map(|text| format!("<p class=\"wrong\">{}</p>\n", escape(text))).unwrap_or_default()
}

/// The sign-in page, whose form goes to where it was asked for.
pub(super) fn sign_in(target: &str, hint: Option<&str>, wrong: Option<&str>) -> Answer {
    let body = format!(
        "<h1>Sign in to the sandbox</h1>\n{}<form method=\"post\" action=\"{}\">\n{}\n</form>",
        note(wrong),
        escape(target),
        accounts(hint)
    );
    page(200, &body)
}

/// The page into which a device's code is typed.
pub(super) fn device(base: &str, typed: Option<&str>, wrong: Option<&str>) -> Answer {
    let body = format!(
        "<h1>Enter the code that your device shows</h1>\n{}<form method=\"post\" action=\"{}/common/oauth2/deviceauth\">\n\
         <p><label>Code <input type=\"text\" name=\"user_code\" value=\"{}\" required autocomplete=\"off\"></label></p>\n{}\n</form>",
        note(wrong),
        escape(base),
        escape(typed.unwrap_or_default()),
        accounts(None)
    );
    page(200, &body)
}

/// A page that posts what it was given to an application at once, or by a button.
pub(super) fn hand_over(to: &str, told: &[(&str, &str)]) -> Answer {
    let mut fields = String::new();
    for (name, value) in told {
        let (name, value) = (escape(name), escape(value));
        let _ = writeln!(fields, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    }
    let body = format!(
        "<form method=\"post\" action=\"{}\">\n{fields}<button type=\"submit\">Continue</button>\n</form>\n\
         <script>document.forms[0].submit()</script>",
        escape(to)
    );
    page(200, &body)
}

/// A value of a query.
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: Answer) -> String {
        match answer.body {
            Body::Bytes(_, bytes) => String::from_utf8(bytes).unwrap(),
            Body::Empty | Body::Json(_) => String::new(),
        }
    }

    #[test]
    fn no_text_becomes_markup() {
        let bad = "\"><script>alert(1)</script>";
        for html in [
            text(said(bad)),
            text(wrong(bad)),
            text(sign_in(bad, Some(bad), Some(bad))),
            text(device("http://x", Some(bad), Some(bad))),
            text(hand_over(bad, &[("state", bad)])),
        ] {
            assert!(!html.contains("<script>alert"), "{html}");
        }
        assert_eq!(encode("a b&c=ü"), "a%20b%26c%3D%C3%BC");
    }
}
