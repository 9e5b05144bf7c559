//! Microsoft's half of a deal: a referral of its own in the same engagement.
//!
//! In: the names of a deal and its own referral. Out: that referral with the half as one member, as
//! the schema describes it. Must not know: what a plan reads of the half.

use connect::partner_center::Referral;
use connect::{Error, ReferralId};
use serde_json::{Map, Value};

use crate::store::Alias;
use crate::wires::Wires;

/// The member of a referral, in the schema, that stands for Microsoft's half.
pub(crate) const MEMBER: &str = "microsoft";

/// The organisation whose halves never create anything.
const MICROSOFT: &str = "msft";

/// What Microsoft's half is called in the member.
const ID: &str = "id";

/// What is known of Microsoft's half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Half {
    /// Nobody has looked yet.
    Unread,
    /// It is not there for us, may not be read, or nobody needs it: nothing of the deal itself depends on it.
    Absent,
    /// Its text.
    There(String),
}

impl Half {
    /// Our own referral's text, with the half `id` of a deal as its member. Of one that cannot be read it is
    /// known that it is there, and nothing else.
    pub(crate) fn woven_into(&self, own: &str, id: Option<&ReferralId>) -> String {
        match (self, id) {
            (Half::There(half), _) => woven(own, half),
            (Half::Unread | Half::Absent, Some(id)) => {
                woven(own, &serde_json::json!({ ID: id.as_str() }).to_string())
            }
            (Half::Unread | Half::Absent, None) => own.to_owned(),
        }
    }
}

pub(crate) fn is_microsofts(referral: &Referral) -> bool {
    referral.organization_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(MICROSOFT))
}

/// Whether a path leads to Microsoft's half.
pub(crate) fn is_of_half(path: &str) -> bool {
    path.split('.').next() == Some(MEMBER)
}

/// Whether a path of it needs the half to be read: that it is there is known without.
pub(crate) fn is_read_of_half(path: &str) -> bool {
    is_of_half(path) && path.split('.').nth(1) != Some(ID)
}

/// Whether a text may stand in a question about an engagement.
pub(crate) fn is_engagement(text: &str) -> bool {
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(is_id)
}

/// The text that makes Microsoft's half in an engagement; none when it would be no referral.
pub(crate) fn invitation(half: &str, engagement: &str) -> Option<String> {
    if !is_engagement(engagement) {
        return None;
    }
    let mut half: Map<String, Value> = serde_json::from_str(half).ok()?;
    half.insert("engagementId".to_owned(), engagement.into());
    let target = serde_json::json!([{ "type": "BusinessProfileLocation", "id": MICROSOFT }]);
    half.insert("target".to_owned(), target);
    Some(Value::Object(half).to_string())
}

/// Microsoft's half among the names of a deal, once it was heard of.
pub(crate) fn half_of(aliases: &[Alias]) -> Option<&ReferralId> {
    aliases.iter().find_map(|alias| match alias {
        Alias::Half(id) => Some(id),
        Alias::Referral(_) | Alias::Record { .. } | Alias::Former { .. } | Alias::Engagement(_) => {
            None
        }
    })
}

/// Looks for the half; an error is the wire's alone.
pub(crate) async fn read<W: Wires>(wires: &W, id: &ReferralId) -> Result<Half, Error> {
    match wires.referral(id).await {
        Ok(half) => {
            Ok(half.filter(is_microsofts).map_or(Half::Absent, |half| Half::There(half.body)))
        }
        Err(Error::Gone { .. } | Error::Refused { .. } | Error::Changed) => {
            tracing::debug!("microsoft's half may not be read");
            Ok(Half::Absent)
        }
        // The wire itself: the deal's own referral could not be read either.
        Err(error @ (Error::Denied { .. } | Error::Resting { .. } | Error::Later { .. })) => {
            Err(error)
        }
    }
}

/// The referral with the half as its member; as it is when either is no object.
fn woven(own: &str, half: &str) -> String {
    let both = serde_json::from_str::<Map<String, Value>>(own)
        .and_then(|own| Ok((own, serde_json::from_str::<Map<String, Value>>(half)?)));
    let Ok((mut all, half)) = both else { return own.to_owned() };
    all.retain(|name, _| !name.eq_ignore_ascii_case(MEMBER));
    all.insert(MEMBER.to_owned(), Value::Object(half));
    Value::Object(all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_becomes_a_member_and_every_other_text_stays() {
        let own = r#"{"id":"a","details":{"dealValue":1.10},"Microsoft":"x"}"#;
        let woven_text = woven(own, r#"{"id":"b","status":"Active"}"#);
        let wanted =
            r#"{"id":"a","details":{"dealValue":1.10},"microsoft":{"id":"b","status":"Active"}}"#;
        assert_eq!(woven_text, wanted);
        assert_eq!(woven(own, "[]"), own);
        assert!(is_of_half("microsoft.status") && !is_of_half("microsoftMsxId"));
    }
}
