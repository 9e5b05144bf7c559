//! The organisation's pages. In come texts; out goes HTML. It must not know who signs in.

use crate::{
    call::Answer,
    html::{encode, escape, page},
};

const TITLE: &str = "Login | Salesforce sandbox";

fn note(wrong: Option<&str>) -> String {
    wrong
        .map(|text| format!("<p class=\"wrong\" id=\"error\">{}</p>\n", escape(text)))
        .unwrap_or_default()
}

/// The sign-in form, which goes to where it was asked for; `more` is what else it holds.
pub(super) fn sign_in(target: &str, name: Option<&str>, wrong: Option<&str>, more: &str) -> Answer {
    let body = format!(
        "<h1>Log in to the sandbox</h1>\n{}<form method=\"post\" action=\"{}\">\n{more}\
         <p><label>Username <input type=\"text\" id=\"username\" name=\"username\" value=\"{}\" required \
         autocomplete=\"username\"></label></p>\n\
         <p><label>Password <input type=\"password\" id=\"password\" name=\"pw\" required \
         autocomplete=\"current-password\"></label></p>\n\
         <p><button type=\"submit\" id=\"Login\" name=\"Login\" value=\"Login\">Log In</button></p>\n</form>",
        note(wrong),
        escape(target),
        escape(name.unwrap_or_default())
    );
    page(200, TITLE, &body)
}

/// A code's field, for the form of whoever connects a device.
pub(super) fn code_field(typed: &str) -> String {
    format!(
        "<p><label>Code <input type=\"text\" id=\"user_code\" name=\"user_code\" value=\"{}\" required \
         autocomplete=\"off\"></label></p>\n",
        escape(typed)
    )
}

/// The question whether an application may act for somebody; `more` is what else the form holds.
pub(super) fn consent(
    target: &str,
    ticket: &str,
    who: &str,
    client: &str,
    scope: &str,
    more: &str,
) -> Answer {
    let scopes: Vec<String> = scope.split_whitespace().map(escape).collect();
    let scopes = scopes.join("</li><li>");
    let body = format!(
        "<h1>Allow Access?</h1>\n<p>{} is asking to:</p>\n<ul><li>{scopes}</li></ul>\n\
         <form method=\"post\" action=\"{}\">\n{more}<input type=\"hidden\" name=\"ticket\" value=\"{}\">\n\
         <p><button type=\"submit\" id=\"oadeny\" name=\"answer\" value=\"deny\">Deny</button> \
         <button type=\"submit\" id=\"oaapprove\" name=\"answer\" value=\"allow\">Allow</button></p>\n</form>\n\
         <p>Logged in as {}</p>",
        escape(client),
        escape(target),
        escape(ticket),
        escape(who)
    );
    page(200, TITLE, &body)
}

/// A page that says one thing.
pub(super) fn said(status: u16, text: &str) -> Answer {
    page(status, TITLE, &format!("<h1>Sandbox</h1>\n<p>{}</p>", escape(text)))
}

/// For people whom an application that is not set up sent here.
pub(super) fn wrong(error: &str, description: &str) -> Answer {
    let text = format!("error={error}&error_description={}", encode(description));
    let body = format!("<h1>OAuth Error</h1>\n<p class=\"wrong\">{}</p>", escape(&text));
    page(400, TITLE, &body)
}

/// Where applications without an address of their own send people back to.
pub(crate) fn success() -> Answer {
    said(
        200,
        "Authorization Successful. You may close this window; the application reads its address.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Body;

    #[test]
    fn no_text_becomes_markup() {
        let bad = "\"><script>alert(1)</script>";
        for answer in [
            sign_in(bad, Some(bad), Some(bad), &code_field(bad)),
            consent(bad, bad, bad, bad, bad, ""),
            said(200, bad),
            wrong("x", bad),
        ] {
            let Body::Bytes(_, bytes) = answer.body else { panic!("no page") };
            let html = String::from_utf8(bytes).unwrap();
            assert!(!html.contains("<script>"), "{html}");
        }
    }
}
