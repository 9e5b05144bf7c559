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

/// What is known of Microsoft's half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Half {
    /// Nobody has looked yet.
    Unread,
    /// It is not there for us, or may not be read: nothing of the deal itself depends on it.
    Absent,
    /// Its text.
    There(String),
}

impl Half {
    /// Our own referral's text, with the half as its member when there is one.
    pub(crate) fn woven_into(&self, own: &str) -> String {
        match self {
            Half::Unread | Half::Absent => own.to_owned(),
            Half::There(half) => woven(own, half),
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
