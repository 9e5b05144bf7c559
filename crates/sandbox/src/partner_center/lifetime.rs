//! What time does to referrals: unanswered ones expire, call-to-action leads vanish. In comes the clock;
//! out go changed referrals and news of them. It must not know HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    PartnerCenter, PartnerHome, events,
    events::Change,
    referral::{self, set, text},
};
use crate::{
    clock,
    database::StoreError,
    serve::stopped,
    store::{End, ReferralOrder, ReferralWalk, Tx},
};

const DAY: i64 = 24 * 3600 * 10_000_000;
/// How long an unanswered invitation lives, in ticks.
const FORTNIGHT: i64 = 14 * DAY;
/// How long a lead that needs no answer is shown, in ticks: six months.
const HALF_A_YEAR: i64 = 182 * DAY;
const NOTED: (&str, &str) = ("meta", "dues");
/// How soon what time does is seen when nobody calls.
const STEP: Duration = Duration::from_millis(500);

/// When an invitation that arrives now expires.
pub(crate) fn expiry(tx: &Tx<'_>) -> String {
    clock::partner_center(tx.now_ticks() + FORTNIGHT)
}

/// Whether it is a lead that came by a call to action: it needs no answer.
pub(crate) fn needs_no_answer(referral: &Value) -> bool {
    matches!(text(referral, "/callToAction"), "Get it now" | "Free trial" | "Test drive")
}

/// Whether it is a lead rather than a co-sell opportunity.
fn is_lead(referral: &Value) -> bool {
    let by = text(referral, "/inviteContext/invitedBy/organizationId");
    text(referral, "/type") == "Independent"
        && match text(referral, "/qualification") {
            "Direct" => by.is_empty() || by == "msft",
            "SalesQualified" | "MarketingQualified" => by == "msft",
            _ => false,
        }
}

/// Writes a referral, and when its time is up.
pub(crate) fn put(tx: &Tx<'_>, referral: &Value) -> Result<(), StoreError> {
    tx.put_referral(referral)?;
    let is_new = text(referral, "/status") == "New";
    let at = if is_new && needs_no_answer(referral) {
        clock::ticks(text(referral, "/createdDateTime")).map(|made| made + HALF_A_YEAR)
    } else {
        clock::ticks(text(referral, "/expirationDateTime")).filter(|_| is_new)
    };
    tx.put_due(text(referral, "/id"), at)
}

/// Notes the ends of referrals that were kept before ends were noted.
pub(crate) fn prepare(tx: &Tx<'_>) -> Result<(), StoreError> {
    if tx.doc(NOTED.0, NOTED.1)?.is_some() {
        return Ok(());
    }
    let walk = ReferralWalk {
        order: ReferralOrder::Created,
        descending: false,
        engagement: None,
        after: None,
    };
    let mut all = Vec::new();
    tx.walk_referrals(&walk, &mut |referral| {
        all.push(referral);
        true
    })?;
    for referral in &all {
        put(tx, referral)?;
    }
    tx.put_doc(NOTED.0, NOTED.1, &json!(true))
}

/// Does to all referrals what the time says; answers how many were concerned.
pub(crate) fn pass(home: &PartnerHome, tx: &Tx<'_>) -> Result<usize, StoreError> {
    let due = tx.due_referrals(tx.now_ticks())?;
    for id in &due {
        let Some(mut referral) = tx.referral(id)? else {
            tx.put_due(id, None)?;
            continue;
        };
        if needs_no_answer(&referral) {
            tx.drop_referral(id)?;
            continue;
        }
        set(&mut referral, "status", json!("Closed"));
        set(&mut referral, "substatus", json!("Expired"));
        if is_lead(&referral)
            && let Some(team) = referral.pointer_mut("/customerProfile/team")
        {
            *team = json!([]);
        }
        referral::touch(tx, &mut referral)?;
        referral::follow_status(&mut referral);
        put(tx, &referral)?;
        events::notify(home, tx, Change::Updated, &referral)?;
    }
    Ok(due.len())
}

impl PartnerCenter {
    /// Brings all referrals up to the present, if any is behind.
    pub(crate) fn catch_up(&self) -> Result<usize, StoreError> {
        self.store.transaction(|tx| {
            if !tx.is_any_due(tx.now_ticks())? {
                return Ok(End::Undo(0));
            }
            Ok(End::Keep(pass(&self.home, tx)?))
        })
    }
}

/// Brings referrals up to the present again and again, until told to stop.
pub(crate) fn live(partner_center: &PartnerCenter, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    let here = partner_center.clone();
    tokio::spawn(async move {
        let work = async move {
            loop {
                tokio::time::sleep(STEP).await;
                let here = here.clone();
                // What fails now is done in the next step.
                let _ = tokio::task::spawn_blocking(move || here.catch_up()).await;
            }
        };
        tokio::select! {
            () = stopped(stop) => {}
            () = work => {}
        }
    })
}
