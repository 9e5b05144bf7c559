//! A sandbox of realistic size. In come a number of referrals and a seed; out go as many referrals in all their
//! states, and the accounts, contacts and opportunities beside them, the same for the same seed. They are made by
//! the calls that clients make; it must not know how records are kept.

mod deal;
mod words;

use std::sync::Arc;

use serde_json::{Value, json};

use self::deal::{Deal, Moment};
use crate::{
    call::{Body, Call, Method},
    database::StoreError,
    partner_center::{self, PartnerHome, Stop},
    salesforce::{self, Home, Salesforce},
    store::{End, Store},
};

/// Why the records could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PlantError {
    /// The state could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of the two systems refused a record.
    #[error("the records that the sandbox begins with were refused: {0}")]
    Refused(String),
}

impl From<Stop> for PlantError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(answer) => Self::Refused(match answer.body {
                Body::Json(body) => body.to_string(),
                Body::Empty | Body::Bytes(..) => format!("status {}", answer.status),
            }),
            Stop::Store(error) => Self::Store(error),
        }
    }
}

/// Rows of one call.
const ROWS: usize = 200;
/// Referrals of one transaction.
const REFERRALS: usize = 500;
const PLANTED: (&str, &str) = ("meta", "planted");

/// Both systems, and what lets in.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) salesforce: Salesforce,
    pub(crate) home: Home,
    pub(crate) partner: PartnerHome,
    pub(crate) store: Arc<Store>,
    /// The rep's access token.
    pub(crate) token: String,
}

impl Ground {
    /// Makes everything, once in the life of a state.
    pub(crate) fn plant(&self, count: u32, seed: u64) -> Result<(), PlantError> {
        if count == 0 || !self.is_new()? {
            return Ok(());
        }
        let companies = (count / 5 * 2).max(1);
        let accounts: Vec<Value> =
            (0..companies).map(|n| deal::company(seed, n).account()).collect();
        let accounts = self.rows("Account", 0, &accounts)?;
        let at = |n: u32| accounts.get(usize::try_from(n).unwrap_or_default()).cloned();
        let contacts =
            (0..companies).map(|n| deal::company(seed, n).contact(&at(n).unwrap_or_default()));
        self.rows("Contact", 0, &contacts.collect::<Vec<_>>())?;
        let now = Moment::new(self.store.clock.now_ticks());
        let deals: Vec<Deal> = (0..count).map(|n| Deal::new(seed, n, companies)).collect();
        let linked: Vec<&Deal> = deals.iter().filter(|deal| deal.is_linked).collect();
        let opportunities = linked
            .iter()
            .map(|deal| deal.opportunity(now, &at(deal.company_number).unwrap_or_default()));
        let opportunities = self.rows("Opportunity", 0, &opportunities.collect::<Vec<_>>())?;
        let solutions: Vec<Value> =
            linked.iter().zip(&opportunities).map(|(deal, id)| deal.solution(id)).collect();
        self.rows("Microsoft_Solution__c", 0, &solutions)?;
        // A quarter more have nothing to do with Microsoft.
        let others = (count..count + count / 4).map(|n| {
            let deal = Deal::new(seed, n, companies);
            deal.plain_opportunity(now, &at(deal.company_number).unwrap_or_default())
        });
        self.rows("Opportunity", linked.len(), &others.collect::<Vec<_>>())?;
        let mut ids = opportunities.into_iter();
        let external: Vec<Option<String>> =
            deals.iter().map(|deal| if deal.is_linked { ids.next() } else { None }).collect();
        let both: Vec<(&Deal, Option<String>)> = deals.iter().zip(external).collect();
        for some in both.chunks(REFERRALS) {
            self.referrals(now, some)?;
        }
        self.store.transaction::<_, PlantError>(|tx| {
            tx.drop_counts()?;
            Ok(End::Keep(tx.put_doc(PLANTED.0, PLANTED.1, &json!("done"))?))
        })?;
        self.store.clear_light_counts();
        Ok(())
    }

    /// Whether nothing is there yet. What was broken off half-way is taken away.
    fn is_new(&self) -> Result<bool, PlantError> {
        self.store.transaction::<_, PlantError>(|tx| {
            let kept = tx.doc(PLANTED.0, PLANTED.1)?;
            if kept.is_some_and(|kept| kept == json!("begun")) {
                salesforce::reset(tx, &self.home)?;
                partner_center::reset(tx, true)?;
            }
            let is_new =
                tx.referral_count()? == 0 && tx.doc(PLANTED.0, PLANTED.1)? != Some(json!("done"));
            if is_new {
                tx.put_doc(PLANTED.0, PLANTED.1, &json!("begun"))?;
            }
            Ok(End::Keep(is_new))
        })
    }

    /// Makes rows as the rep does, of which there are `before` already; answers their ids.
    fn rows(&self, object: &str, before: usize, rows: &[Value]) -> Result<Vec<String>, PlantError> {
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", self.token))];
        let mut ids = Vec::with_capacity(rows.len());
        let orgs = self.home.orgs.now();
        let of = orgs.whole.named(object);
        let of = of.ok_or_else(|| PlantError::Refused(format!("there is no {object}")))?;
        for some in rows.chunks(ROWS) {
            let records: Vec<Value> = some
                .iter()
                .zip(before + ids.len()..)
                .map(|(row, number)| {
                    let mut record = salesforce::fit(of, row, number);
                    record.insert("attributes".to_owned(), json!({ "type": object }));
                    Value::Object(record)
                })
                .collect();
            let body = json!({ "allOrNone": true, "records": records }).to_string().into_bytes();
            let target = "/services/data/v60.0/composite/sobjects";
            let call = Call::new(Method::Post, target, headers.clone(), body);
            let answer = self.salesforce.answer(&call).answer;
            let results = match &answer.body {
                Body::Json(Value::Array(results)) if answer.status == 200 => results.as_slice(),
                Body::Json(other) => return Err(PlantError::Refused(other.to_string())),
                Body::Empty | Body::Bytes(..) => &[],
            };
            for result in results {
                let id = result.get("id").and_then(Value::as_str);
                let id = id.ok_or_else(|| PlantError::Refused(format!("{object}: {result}")))?;
                ids.push(id.to_owned());
            }
        }
        Ok(ids)
    }

    fn referrals(&self, now: Moment, deals: &[(&Deal, Option<String>)]) -> Result<(), PlantError> {
        self.store.transaction::<_, PlantError>(|tx| {
            for (deal, opportunity) in deals {
                let own = deal.referral(now, opportunity.as_deref());
                let halves = [Some(own), deal.half_of_microsoft(now)];
                for half in halves.into_iter().flatten() {
                    let mut made = partner_center::arrive(&self.partner, tx, &half)?;
                    if deal.ages(&mut made, now) {
                        tx.put_referral(&made)?;
                    }
                }
            }
            Ok(End::Keep(()))
        })
    }
}
