//! Microsoft's half in the modelled Partner Center: one in an engagement.
//!
//! In: a referral that is to be made. Out: the half, or the refusal. Must not know: calls.

use connect::Error;
use connect::partner_center::Referral;
use jiff::Timestamp;
use serde_json::Value;

use super::records::{referral, stamp_referral};
use super::{Record, State};
use crate::simulation::world::set;

fn text<'r>(record: &'r Record, name: &str) -> &'r str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether it is to be Microsoft's.
pub(super) fn is_for_microsoft(record: &Record) -> bool {
    let targets = record.get("target").and_then(Value::as_array);
    targets.into_iter().flatten().any(|target| target["id"] == "msft")
}

/// Whether a filter of an engagement lets it through.
pub(super) fn is_in(record: &Record, filter: &str) -> bool {
    filter == format!("engagementId eq '{}'", text(record, "engagementId"))
}

fn refused(code: &str) -> Error {
    let (code, why) = (code.to_owned(), format!("the model refuses it: {code}"));
    Error::Refused { code, why, fields: Vec::new() }
}

impl State {
    pub(super) fn ask(&mut self, mut half: Record, now: Timestamp) -> Result<Referral, Error> {
        let engagement = text(&half, "engagementId").to_owned();
        let of = |record: &&Record| text(record, "engagementId") == engagement;
        let is_there =
            self.referrals.values().filter(of).any(|one| text(one, "organizationId") == "msft");
        self.writes.push(format!("ask microsoft{}", if is_there { " twice" } else { "" }));
        if is_there {
            return Err(refused("exists"));
        }
        let own = self.referrals.values().find(of).ok_or_else(|| refused("notFound"))?;
        if own["consent"]["consentToShareReferralWithMicrosoftSellers"] != true {
            return Err(refused("notShared"));
        }
        let (own, code) =
            (text(own, "id").to_owned(), half["inviteContext"]["assistanceRequestCode"].clone());
        if !code.is_string() || half["customerProfile"]["team"].as_array().is_none_or(Vec::is_empty)
        {
            return Err(refused("required"));
        }
        let id = format!("00000000-0000-0000-0000-{:012}", self.next());
        for (name, value) in [
            ("id", id.as_str()),
            ("organizationId", "msft"),
            ("status", "New"),
            ("substatus", "Received"),
            ("direction", "Incoming"),
            ("createdDateTime", &now.to_string()),
        ] {
            half.insert(name.to_owned(), value.into());
        }
        stamp_referral(&mut half, now);
        let answer = referral(&half);
        self.referrals.insert(id, half);
        let own = self.referrals.get_mut(&own).ok_or_else(|| refused("notFound"))?;
        let asked = own.get("inviteContext").map(|context| &context["assistanceRequestCode"]);
        if asked != Some(&code) {
            set(own, "/inviteContext/assistanceRequestCode", code);
            stamp_referral(own, now);
        }
        Ok(answer)
    }
}
