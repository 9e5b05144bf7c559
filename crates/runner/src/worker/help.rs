//! Microsoft's half of a deal: made once, by a second referral in the deal's engagement.
//!
//! In: a deal whose seller asks for help, and the draft of that half. Out: the half, linked. Must not
//! know: how the draft was made. An engagement has at most one half of Microsoft's: it is looked for
//! before it is made, and after an unknown outcome several times.

use connect::ReferralId;
use connect::partner_center::{List, Order, Referral};
use mapping::decision::{Decision, Draft};
use mapping::schema::System;

use crate::half::{self, is_microsofts};
use crate::store::{Alias, Cause, Commit, Ending, IntentId, IntentKind, Linked, OpenIntent, Store};
use crate::wires::Wires;

use super::identity::Scene;
use super::round::Announced;
use super::{Deal, Halt, note};

/// What the seller reads first of all.
const ASKED: &str = "Microsoft was asked for help.";

/// The most pages of one engagement.
const MOST_PAGES: usize = 20;

impl<S: Store, W: Wires> Deal<'_, S, W> {
    /// The decision, with Microsoft asked for the help that the referral was made with.
    pub(super) fn with_help(
        &self,
        scene: &Scene<'_>,
        decision: Decision,
    ) -> Result<Decision, Halt> {
        let (Some(left), Some(right)) = (&scene.left, &scene.right) else { return Ok(decision) };
        if !self.memo.asks || half::half_of(&self.claim.aliases).is_some() {
            return Ok(decision);
        }
        Ok(scene.map.plan().ask(decision, &left.body, &right.body)?)
    }

    /// Whether Microsoft has joined already: somebody asked in the portal, or its event is still to come.
    pub(super) async fn has_joined(&mut self, scene: &Scene<'_>) -> Result<bool, Halt> {
        let engagement = scene.left.as_ref().and_then(|left| left.engagement_id.as_deref());
        let Some(engagement) = engagement else { return Ok(false) };
        let Some(half) = self.half_in(engagement).await? else { return Ok(false) };
        self.join_half(&half).await?;
        Ok(true)
    }

    /// Makes Microsoft's half.
    pub(super) async fn ask(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        draft: &Draft,
    ) -> Result<Option<Commit>, Halt> {
        let (Some(left), Some(right)) = (&scene.left, &scene.right) else { return Ok(None) };
        let engagement = left.engagement_id.as_deref();
        let Some((engagement, body)) = engagement.and_then(|engagement| {
            Some((engagement.to_owned(), half::invitation(&draft.to_json(), engagement)?))
        }) else {
            let cause = no_engagement();
            let reason = cause.message.clone();
            return self.refuse(scene, decision, vec![cause], reason).await.map(Some);
        };
        self.check_pace().await?;
        let mut announced = Announced {
            object: scene.map.object().to_owned(),
            record: right.id.to_string(),
            referral: Some(left.id.to_string()),
            engagement,
            entry: self.entry("ask-microsoft", scene, decision, None),
            draft: body,
            ..Announced::default()
        };
        let intent = self.announce(IntentKind::AskMicrosoft, &announced).await?;
        if !self.may_still_leave(scene, right).await? {
            self.close(intent, Ending::NotApplied).await?;
            return Ok(None);
        }
        self.confirm().await?;
        self.worker.tripwire.pass()?;
        let made = self.worker.wires.create_referral(&announced.draft).await;
        self.worker.tripwire.pass()?;
        let error = match made {
            Ok(half) => {
                announced.half = Some(half.id.to_string());
                self.remember(intent, &announced).await?;
                self.asked(intent, &half.id, &announced, false).await?;
                return Ok(None);
            }
            Err(error) => error,
        };
        if matches!(error, connect::Error::Refused { .. }) {
            // Somebody else was quicker: what was asked for is there.
            if let Some(half) = self.half_in(&announced.engagement).await? {
                self.close(intent, Ending::NotApplied).await?;
                self.join_half(&half).await?;
                return Ok(None);
            }
        }
        let failure = (System::PartnerCenter, error);
        self.after_failure(scene, decision, intent, None, failure).await
    }

    /// The half is there: the intent is over, the seller is to be told.
    async fn asked(
        &mut self,
        intent: IntentId,
        half: &ReferralId,
        announced: &Announced,
        is_found: bool,
    ) -> Result<(), Halt> {
        let mut count =
            vec![("asks_microsoft".to_owned(), 1), ("writes_partner_center".to_owned(), 1)];
        count.extend(is_found.then(|| ("creates_found_again".to_owned(), 1)));
        // While its own event is in work, this waits, and is found again.
        self.join_half(half).await?;
        let before = self.memo.followed.take();
        let said = before.into_iter().chain([ASKED.to_owned()]).collect::<Vec<_>>();
        self.memo.followed = Some(said.join(" "));
        self.memo.writes += 1;
        let audit = announced.audit();
        let close = vec![(intent, Ending::Applied)];
        self.hold(Commit { audit, close, count, ..Commit::default() }).await
    }

    /// The half belongs to this deal from now on.
    async fn join_half(&mut self, half: &ReferralId) -> Result<(), Halt> {
        self.worker.tripwire.pass()?;
        let now = self.now();
        let alias = Alias::Half(half.clone());
        let linked = self.worker.store.link(&mut self.claim, alias, now).await?;
        self.worker.tripwire.pass()?;
        match linked {
            Linked::Here => Ok(()),
            Linked::Merged(_) => Err(Halt::Merged),
            Linked::Busy(other) => Err(Halt::Busy(other)),
            // Another deal has it, of another engagement: nothing here depends on it.
            Linked::Taken(other) => {
                tracing::warn!(key = %self.claim.key, %other, "microsoft's half belongs to another deal");
                Ok(())
            }
        }
    }

    /// What came of an invitation whose outcome is not known.
    pub(super) async fn recover_ask(
        &mut self,
        intent: &OpenIntent,
        announced: Announced,
    ) -> Result<(), Halt> {
        let known = announced.half.as_deref().and_then(|id| ReferralId::parse(id).ok());
        let known = known.or_else(|| half::half_of(&self.claim.aliases).cloned());
        let found = match known {
            Some(id) => Some(id),
            None => self.half_in(&announced.engagement).await?,
        };
        if let Some(id) = found {
            return self.asked(intent.id, &id, &announced, true).await;
        }
        self.has_missed(intent, announced).await
    }

    /// Microsoft's half of an engagement.
    async fn half_in(&mut self, engagement: &str) -> Result<Option<ReferralId>, Halt> {
        if !half::is_engagement(engagement) {
            return Ok(None);
        }
        let filter = Some(format!("engagementId eq '{engagement}'"));
        let list = List { filter, order: Order::CreatedDescending, token: None };
        let is_it = |referral: &Referral| {
            let of = referral.engagement_id.as_deref();
            is_microsofts(referral) && of.is_some_and(|of| of.eq_ignore_ascii_case(engagement))
        };
        self.listed(list, MOST_PAGES, is_it, |_| false).await
    }
}

fn no_engagement() -> Cause {
    note::plain(
        "no-engagement",
        "Microsoft cannot be asked for help: the referral names no engagement that it could join",
        "ask for help in Partner Center; the deal goes on with Microsoft's half from there",
    )
}
