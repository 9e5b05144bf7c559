//! The old SOAP interface, as far as signing in and out, the recycle bin and leads go. In come envelopes;
//! out go envelopes and faults. It must not know how rows are kept.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::{
    call::{Answer, Body, Call},
    clock,
    database::StoreError,
    salesforce::{
        auth, convert, ids, login, merge,
        orgs::Orgs,
        recycle::{self, Deed},
        session::{Caller, Home, Session},
        xml::{self, element, elements, escape},
    },
    store::Tx,
};

const XML: &str = "text/xml;charset=UTF-8";

/// Answers `POST …/services/Soap/u/{version}`.
pub(crate) fn answer(
    home: &Home,
    tx: &Tx<'_>,
    call: &Call,
    version: &str,
    orgs: &Orgs,
) -> Result<Answer, StoreError> {
    let text = String::from_utf8_lossy(&call.body);
    let Some(operation) = operation(&text) else {
        return Ok(fault("soapenv:Client", None, "The SOAP envelope has no operation"));
    };
    if operation == "login" {
        return login(home, tx, &text, version);
    }
    let session = element(&text, "sessionId").unwrap_or_default();
    let Some(caller) = auth::user_of(tx, &session)? else {
        let message =
            "Invalid Session ID found in SessionHeader: Illegal Session. Session not found";
        return Ok(fault("sf:INVALID_SESSION_ID", Some("UnexpectedErrorFault"), message));
    };
    let given = (home, tx, text.as_ref());
    Ok(match operation.as_str() {
        "logout" => {
            auth::forget(tx, &session)?;
            envelope("<logoutResponse/>")
        }
        "getServerTimestamp" => {
            let now = clock::salesforce(tx.now_milliseconds()).replace("+0000", "Z");
            envelope(&format!(
                "<getServerTimestampResponse><result><timestamp>{now}</timestamp></result>\
                 </getServerTimestampResponse>"
            ))
        }
        "getUserInfo" => {
            let info = user_info(home, tx, &caller)?;
            envelope(&format!("<getUserInfoResponse><result>{info}</result></getUserInfoResponse>"))
        }
        other if let Some(deed) = Deed::named(other) => {
            in_session(given, (version, orgs, &caller), |session| {
                recycled(session, deed, other, &elements(&text, "ids"))
            })?
        }
        "convertLead" => in_session(given, (version, orgs, &caller), |session| {
            Ok(results("convertLead", &convert::carry_out(session, &text)?))
        })?,
        "merge" => in_session(given, (version, orgs, &caller), |session| {
            Ok(results("merge", &merge::carry_out(session, &text)?))
        })?,
        other => {
            let message = format!(
                "No operation available for request {{urn:partner.soap.sforce.com}}{other}"
            );
            fault("soapenv:Client", None, &message)
        }
    })
}

/// Deletes or undeletes rows, at most so many in a call.
fn recycled(
    session: &Session<'_>,
    deed: Deed,
    operation: &str,
    ids: &[String],
) -> Result<Answer, StoreError> {
    if ids.len() > recycle::MOST {
        let message = format!("{} ids at most", recycle::MOST);
        return Ok(fault("sf:EXCEEDED_ID_LIMIT", Some("ApiFault"), &message));
    }
    Ok(results(operation, &recycle::carry_out(session, deed, ids)?))
}

/// Does something to rows in the name of the user.
fn in_session(
    (home, tx, text): (&Home, &Tx<'_>, &str),
    (version, orgs, caller): (&str, &Orgs, &Caller),
    work: impl FnOnce(&Session<'_>) -> Result<Answer, StoreError>,
) -> Result<Answer, StoreError> {
    let Some(number) = super::version(&format!("v{version}")) else {
        return Ok(fault("soapenv:Client", None, "The version is not served"));
    };
    let client = element(text, "client").map(|client| format!(";client={client}"));
    let origin = format!("com/salesforce/api/soap/{number}.0{}", client.unwrap_or_default());
    work(&Session {
        tx,
        home,
        org: orgs.seen_by(&caller.alias),
        whole: &orgs.whole,
        rules: &orgs.rules,
        allow_save: false,
        caller,
        version: number,
        raw: "",
        origin: &origin,
    })
}

/// The envelope of an operation's results.
fn results(operation: &str, results: &str) -> Answer {
    envelope(&format!("<{operation}Response>{results}</{operation}Response>"))
}

fn login(home: &Home, tx: &Tx<'_>, text: &str, version: &str) -> Result<Answer, StoreError> {
    let name = element(text, "username").unwrap_or_default();
    let password = element(text, "password").unwrap_or_default();
    let granted = if home.login.by_password {
        login::by_password(home, tx, &name, &password)?.ok()
    } else {
        None
    };
    let Some(user) = granted else {
        let message = "Invalid username, password, security token; or user locked out.";
        return Ok(fault("INVALID_LOGIN", Some("LoginFault"), message));
    };
    let (session, caller) = auth::open(home, tx, &user)?;
    let info = user_info(home, tx, &caller)?;
    let short = ids::short(&home.organization);
    let base = &home.base;
    let version = escape(version);
    Ok(envelope(&format!(
        "<loginResponse><result><metadataServerUrl>{base}/services/Soap/m/{version}/{short}\
         </metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>true</sandbox>\
         <serverUrl>{base}/services/Soap/u/{version}/{short}</serverUrl>\
         <sessionId>{session}</sessionId><userId>{user}</userId><userInfo>{info}</userInfo>\
         </result></loginResponse>"
    )))
}

fn user_info(home: &Home, tx: &Tx<'_>, caller: &Caller) -> Result<String, StoreError> {
    let row = |object: &str, id: &str| -> Result<Map<String, Value>, StoreError> {
        Ok(tx.row(object, id)?.map(|row| row.body).unwrap_or_default())
    };
    let user = row("User", &caller.id)?;
    let organization = row("Organization", &home.organization)?;
    let text = |row: &Map<String, Value>, name: &str| {
        row.get(name).and_then(Value::as_str).map(escape).unwrap_or_default()
    };
    let mut info = String::new();
    for (name, value) in [
        ("accessibilityMode", "false".to_owned()),
        ("chatterExternal", "false".to_owned()),
        ("currencySymbol", String::new()),
        ("orgAttachmentFileSizeLimit", "5242880".to_owned()),
        ("orgDefaultCurrencyIsoCode", String::new()),
        ("orgDefaultCurrencyLocale", String::new()),
        ("orgDisallowHtmlAttachments", "false".to_owned()),
        ("orgHasPersonAccounts", "false".to_owned()),
        ("organizationId", home.organization.clone()),
        ("organizationMultiCurrency", "true".to_owned()),
        ("organizationName", text(&organization, "Name")),
        ("sessionSecondsValid", home.token_seconds.to_string()),
        ("userEmail", text(&user, "Email")),
        ("userFullName", text(&user, "Name")),
        ("userId", caller.id.clone()),
        ("userLanguage", "en_US".to_owned()),
        ("userLocale", "en_US".to_owned()),
        ("userName", text(&user, "Username")),
        ("userTimeZone", "Europe/Zurich".to_owned()),
        ("userType", "Standard".to_owned()),
    ] {
        // Writing to a text cannot fail.
        let _ = write!(info, "<{name}>{value}</{name}>");
    }
    Ok(info)
}

fn envelope(inner: &str) -> Answer {
    answered(
        200,
        &format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns=\"urn:partner.soap.sforce.com\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
        ),
    )
}

/// A fault; `kind` is the element of its details, which carry the code again.
fn fault(code: &str, kind: Option<&str>, message: &str) -> Answer {
    let message = escape(message);
    let bare = code.trim_start_matches("sf:");
    let (text, detail) = match kind {
        Some(kind) => (
            format!("{bare}: {message}"),
            format!(
                "<detail><sf:{kind} xsi:type=\"sf:{kind}\"><sf:exceptionCode>{bare}</sf:exceptionCode>\
                 <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail>"
            ),
        ),
        None => (message, String::new()),
    };
    answered(
        500,
        &format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:sf=\"urn:fault.partner.soap.sforce.com\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
             <faultcode>{code}</faultcode><faultstring>{text}</faultstring>{detail}\
             </soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        ),
    )
}

fn answered(status: u16, text: &str) -> Answer {
    let text = format!("{}{text}", xml::HEAD);
    Answer { status, headers: Vec::new(), body: Body::Bytes(XML, text.into_bytes()) }
}

/// The name of the first element in the envelope's body, without its prefix.
fn operation(text: &str) -> Option<String> {
    let (_, after) = text.split_once("Body")?.1.split_once('>')?;
    let tag = after.trim_start().strip_prefix('<')?;
    let end = tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
    let name = tag.get(..end)?;
    let name = name.rsplit(':').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_read_with_and_without_prefix() {
        let text = "<?xml version=\"1.0\"?><env:Envelope xmlns:env=\"e\"><env:Header/><env:Body>\n \
            <n1:login xmlns:n1=\"urn:partner.soap.sforce.com\"><n1:username>a&amp;b&#x27;c</n1:username>\
            <n1:password/><password>x&lt;y & z</password></n1:login></env:Body></env:Envelope>";
        assert_eq!(operation(text).as_deref(), Some("login"));
        assert_eq!(element(text, "username").as_deref(), Some("a&b'c"));
        assert_eq!(element(text, "password").as_deref(), Some("x<y & z"));
        assert_eq!(element(text, "sessionId"), None);
    }

    #[test]
    fn broken_envelopes_have_no_operation() {
        for text in ["", "x", "<Body>", "<Body></Body>", "<Body><", "<Body><a", "<e:Body>text"] {
            assert_eq!(operation(text), None, "{text}");
        }
    }
}
