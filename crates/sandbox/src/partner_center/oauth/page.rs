//! The directory's pages. In come texts; out goes HTML in which no text can become markup. It must not know
//! who signs in.

use std::fmt::Write as _;

use super::super::people::ACCOUNTS;
use crate::{
    call::Answer,
    html::{self, escape},
};

fn page(status: u16, body: &str) -> Answer {
    html::page(status, "Sign in to the sandbox", body)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Body;

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
    }
}
