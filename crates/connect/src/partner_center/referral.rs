//! The envelope of a referral, around its raw text.
//!
//! In: an answer. Out: [`Referral`] and [`Page`]. Names are read without regard to case, as the
//! service does not promise any; the text itself is kept exactly as received.

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::ids::{ETag, ReferralId};
use crate::members::Members;
use crate::send::Answer;

/// One referral. Everything but `body` is the part of it that synchronisation itself needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The referral's own id.
    pub id: ReferralId,
    /// Its version, for `PartnerCenter::patch`.
    pub etag: Option<ETag>,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// The id of our own record, as it was given at creation or by a change; any text.
    pub external_reference_id: Option<String>,
    /// Who owns this half of the deal; `msft` for Microsoft.
    pub organization_id: Option<String>,
    /// What ties the halves of one deal together; a GUID.
    pub engagement_id: Option<String>,
    /// The JSON text of the whole referral, exactly as received.
    pub body: String,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The referrals of the page, in the order of the list.
    pub records: Vec<Referral>,
    /// The place to go on from, or `None` when this was the last page.
    pub next: Option<String>,
    /// How many entries were no referral with an id and are left out.
    pub unreadable: usize,
}

impl Referral {
    /// Reads the envelope of one referral. `None` when it is no JSON object with an id.
    pub(super) fn from_text(body: &str) -> Option<Self> {
        let members = Members::of(body)?;
        Some(Self {
            id: ReferralId::parse(&members.text("id")?).ok()?,
            etag: members.text("eTag").and_then(|text| ETag::parse(&text).ok()),
            updated: members.moment("updatedDateTime"),
            created: members.moment("createdDateTime"),
            external_reference_id: members.text("externalReferenceId"),
            organization_id: members.text("organizationId"),
            engagement_id: members.text("engagementId"),
            body: body.to_owned(),
        })
    }

    /// Reads the referral that is the whole answer; the version may stand in a header alone.
    pub(super) fn from_answer(answer: &Answer) -> Result<Self, Error> {
        let mut referral = Self::from_text(answer.text()?)
            .ok_or_else(|| answer.unreadable("is no referral with an id"))?;
        if referral.etag.is_none() {
            referral.etag = answer.header("etag").and_then(|text| ETag::parse(text).ok());
        }
        Ok(referral)
    }
}

impl Page {
    pub(super) fn from_answer(answer: &Answer) -> Result<Self, Error> {
        let no_list = || answer.unreadable("is no list of referrals");
        let members = Members::of(answer.text()?).ok_or_else(no_list)?;
        let value = members.raw("value").ok_or_else(no_list)?;
        let entries: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| no_list())?;
        let records: Vec<Referral> =
            entries.iter().filter_map(|entry| Referral::from_text(entry.get())).collect();
        let unreadable = entries.len() - records.len();
        let next = match members.text("@odata.nextLink") {
            None => None,
            Some(link) => {
                let token = skip_token(&link);
                Some(token.ok_or_else(|| answer.unreadable("has a next link without a token"))?)
            }
        };
        Ok(Self { records, next, unreadable })
    }
}

/// The decoded `$skiptoken` of a next link. Host, path and the rest of the link mean nothing.
fn skip_token(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let name = decode(name)?;
        if !name.eq_ignore_ascii_case("$skiptoken") {
            return None;
        }
        decode(value).filter(|token| !token.is_empty() && token.len() <= 4096)
    })
}

/// Undoes percent-encoding; a plus sign stays one.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok().filter(|two| !two.contains('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_of_a_next_link_is_taken() {
        let token = |link: &str| skip_token(link);
        let link = "http://evil.example/v1.0/referrals?$top=5&%24skiptoken=ab%2Bc%3D%26d&x=1#f";
        assert_eq!(token(link), Some("ab+c=&d".to_owned()));
        assert_eq!(token("https://h/p?$SkipToken=x+y"), Some("x+y".to_owned()));
        for bad in
            ["", "https://h/p", "https://h/p?a=b", "https://h/?$skiptoken=", "?$skiptoken=%4"]
        {
            assert_eq!(token(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_envelope_is_read_in_any_case_and_the_text_is_kept() {
        let body = r#"{ "ID":"C2F7B088-a98a-4d0a-b509-fdd40775fcc1", "ETag":"\"84-1\"",
            "updateddatetime":"2026-03-02T09:14:27.5510934Z", "organizationId":"msft",
            "externalReferenceId":"", "details":{"dealValue":125000.10}}"#;
        let referral = Referral::from_text(body).unwrap();
        assert_eq!(referral.id.as_str(), "c2f7b088-a98a-4d0a-b509-fdd40775fcc1");
        assert_eq!(referral.etag.unwrap().as_str(), "\"84-1\"");
        assert_eq!(referral.updated.unwrap().subsec_nanosecond(), 551_093_400);
        assert_eq!(referral.organization_id.as_deref(), Some("msft"));
        assert_eq!((referral.external_reference_id, referral.created), (None, None));
        assert_eq!(referral.body, body);
        for bad in ["", "[]", "{}", r#"{"id":"7"}"#, r#"{"id":7}"#] {
            assert!(Referral::from_text(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_page_counts_what_it_cannot_read() {
        let text = r#"{"@odata.nextLink":"http://h/v1.0/referrals?$skiptoken=abc","value":[
            {"id":"c2f7b088-a98a-4d0a-b509-fdd40775fcc1"}, {"id":null}, 7]}"#;
        let page = Page::from_answer(&Answer::of(200, text)).unwrap();
        assert_eq!((page.records.len(), page.unreadable), (1, 2));
        assert_eq!(page.next.as_deref(), Some("abc"));
        let last = Page::from_answer(&Answer::of(200, r#"{"value":[]}"#)).unwrap();
        assert_eq!((last.records.len(), last.next), (0, None));
        for bad in ["", "[]", r#"{"value":{}}"#, r#"{"value":[],"@odata.nextLink":"http://h/"}"#] {
            assert!(Page::from_answer(&Answer::of(200, bad)).is_err(), "{bad}");
        }
    }
}
