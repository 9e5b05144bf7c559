//! The words of outbound messages. In come notifications with their rows; out go the envelope, and whether
//! an answer acknowledges it. It must not know who is told.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// What the envelope says of the organisation and the message.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    pub(super) organization: &'a str,
    pub(super) action: &'a str,
    pub(super) session: Option<&'a str>,
    /// Scheme, host and port of the instance.
    pub(super) base: &'a str,
    pub(super) object: &'a str,
    pub(super) fields: &'a [String],
}

/// The envelope for notifications: id and row of each.
pub(super) fn envelope(
    sender: &Sender<'_>,
    notifications: &[(String, Map<String, Value>)],
) -> String {
    let mut out = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
"#,
    );
    let short = sender.organization.get(..15).unwrap_or(sender.organization);
    element(&mut out, "   ", "OrganizationId", sender.organization);
    element(&mut out, "   ", "ActionId", sender.action);
    match sender.session {
        Some(session) => element(&mut out, "   ", "SessionId", session),
        None => out.push_str("   <SessionId xsi:nil=\"true\"/>\n"),
    }
    for (name, letter) in [("EnterpriseUrl", 'c'), ("PartnerUrl", 'u')] {
        let url = format!("{}/services/Soap/{letter}/68.0/{short}", sender.base);
        element(&mut out, "   ", name, &url);
    }
    for (id, row) in notifications {
        out.push_str("   <Notification>\n");
        element(&mut out, "    ", "Id", id);
        let object = sender.object;
        // Writing to a text cannot fail.
        let _ = writeln!(
            out,
            "    <sObject xsi:type=\"sf:{object}\" xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">"
        );
        for name in std::iter::once("Id").chain(sender.fields.iter().map(String::as_str)) {
            if let Some(text) = row.get(name).and_then(text) {
                element(&mut out, "     ", &format!("sf:{name}"), &text);
            }
        }
        out.push_str("    </sObject>\n   </Notification>\n");
    }
    out.push_str("  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>\n");
    out
}

fn element(out: &mut String, indent: &str, name: &str, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(out, "{indent}<{name}>{}</{name}>", escape(text));
}

/// A value as XML Schema writes it; nothing for null.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => match text.strip_suffix(".000+0000") {
            Some(moment) if moment.len() == 19 => Some(format!("{moment}.000Z")),
            Some(_) | None => Some(text.clone()),
        },
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#13;")
}

/// Whether an answer's body says that the notifications were taken: an `Ack` of any prefix with `true`.
pub(super) fn is_acknowledged(body: &str) -> bool {
    body.split('<').any(|part| {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split_whitespace().next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        local == "Ack" && matches!(text.trim(), "true" | "1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_acknowledgement_is_found_under_any_prefix() {
        for body in [
            "<a:Ack>true</a:Ack>",
            "<notificationsResponse xmlns=\"x\"><Ack> true </Ack></notificationsResponse>",
            "<ns2:Ack xmlns:ns2=\"y\">1</ns2:Ack>",
        ] {
            assert!(is_acknowledged(body), "{body}");
        }
        for body in ["", "<Ack>false</Ack>", "<Acknowledge>true</Acknowledge>", "true"] {
            assert!(!is_acknowledged(body), "{body}");
        }
    }

    #[test]
    fn empty_fields_are_left_out_and_texts_are_escaped() {
        let fields = ["Amount".to_owned(), "Name".to_owned(), "NextStep".to_owned()];
        let sender = Sender {
            organization: "00D5g0000000001EAA",
            action: "04k5g0000000001AAA",
            session: None,
            base: "http://localhost",
            object: "Opportunity",
            fields: &fields,
        };
        let row = json!({ "Id": "006", "Amount": 1.5, "Name": "A & <B>", "NextStep": null });
        let row = row.as_object().unwrap().clone();
        let text = envelope(&sender, &[("04l".to_owned(), row)]);
        assert!(text.contains("<sf:Name>A &amp; &lt;B&gt;</sf:Name>"), "{text}");
        assert!(text.contains("<sf:Amount>1.5</sf:Amount>"), "{text}");
        assert!(!text.contains("NextStep"), "{text}");
        assert!(text.contains("<SessionId xsi:nil=\"true\"/>"), "{text}");
    }
}
