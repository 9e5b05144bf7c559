//! The two systems as the worker calls them, and their live form.
//!
//! In: ids, fields, ready JSON text. Out: records as received, or `connect::Error`. Must not know:
//! mappings, the store. The trait exists so that tests can put two modelled systems in the place of
//! the live ones.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use connect::partner_center::{List, Page, PatchOp, Referral};
use connect::salesforce::{Ask, Filter, Row, Select, Sub, SubAnswer};
use connect::{ETag, Error, PartnerCenter, RecordId, ReferralId, Salesforce};
use jiff::Timestamp;
use mapping::schema::System;

use crate::config::Reach;

/// The calls that the service makes.
pub trait Wires: fmt::Debug + Send + Sync + 'static {
    /// Reads a referral; none when it is not there for us.
    fn referral(
        &self,
        id: &ReferralId,
    ) -> impl Future<Output = Result<Option<Referral>, Error>> + Send;

    /// Changes a referral that still has this version.
    fn change_referral(
        &self,
        id: &ReferralId,
        changes: &[PatchOp],
        etag: Option<&ETag>,
    ) -> impl Future<Output = Result<Referral, Error>> + Send;

    /// Creates a referral from JSON text.
    fn create_referral(&self, body: &str) -> impl Future<Output = Result<Referral, Error>> + Send;

    /// Reads one page of referrals.
    fn referrals(&self, list: &List) -> impl Future<Output = Result<Page, Error>> + Send;

    /// Reads CRM records.
    fn rows(
        &self,
        object: &str,
        select: &Select,
        filter: &Filter,
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// Reads CRM records of several questions, with as few calls as can be; an answer for each.
    fn several(&self, asks: &[Ask]) -> impl Future<Output = Vec<Result<Vec<Row>, Error>>> + Send;

    /// Changes a CRM record that was not changed after `unmodified_since`.
    fn change_row(
        &self,
        object: &str,
        id: &RecordId,
        body: &str,
        unmodified_since: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Writes several CRM records, all or none, in their order.
    fn write_rows(
        &self,
        subs: &[Sub],
    ) -> impl Future<Output = Result<Vec<SubAnswer>, Error>> + Send;

    /// How long a wire rests: no call is made before.
    fn rests(&self, _system: System) -> Option<Duration> {
        None
    }
}

/// The live systems.
#[derive(Debug)]
pub struct LiveWires {
    /// Partner Center; one for all environments of the same account.
    pub partner_center: Arc<PartnerCenter>,
    /// Salesforce.
    pub salesforce: Salesforce,
    /// Where may be written: a write to anywhere else is refused here, whoever asks for it.
    pub reach: Reach,
}

impl LiveWires {
    /// INVARIANT: every call that changes anything at a system asks here first.
    fn may_write(&self, system: System) -> Result<(), Error> {
        if self.reach.writes(system) {
            return Ok(());
        }
        tracing::error!(%system, "a write was stopped: this environment does not write there");
        Err(Error::Refused {
            code: "no-writes".to_owned(),
            why: format!("this environment writes nothing to {system}"),
            fields: Vec::new(),
        })
    }
}

impl Wires for LiveWires {
    async fn referral(&self, id: &ReferralId) -> Result<Option<Referral>, Error> {
        self.partner_center.referral(id).await
    }

    async fn change_referral(
        &self,
        id: &ReferralId,
        changes: &[PatchOp],
        etag: Option<&ETag>,
    ) -> Result<Referral, Error> {
        self.may_write(System::PartnerCenter)?;
        self.partner_center.patch(id, changes, etag).await
    }

    async fn create_referral(&self, body: &str) -> Result<Referral, Error> {
        self.may_write(System::PartnerCenter)?;
        self.partner_center.create(body).await
    }

    async fn referrals(&self, list: &List) -> Result<Page, Error> {
        self.partner_center.list(list).await
    }

    async fn rows(
        &self,
        object: &str,
        select: &Select,
        filter: &Filter,
    ) -> Result<Vec<Row>, Error> {
        self.salesforce.select(object, select, filter).await
    }

    async fn several(&self, asks: &[Ask]) -> Vec<Result<Vec<Row>, Error>> {
        self.salesforce.select_several(asks).await
    }

    async fn change_row(
        &self,
        object: &str,
        id: &RecordId,
        body: &str,
        unmodified_since: Option<Timestamp>,
    ) -> Result<(), Error> {
        self.may_write(System::Salesforce)?;
        self.salesforce.update(object, id, body, unmodified_since).await
    }

    async fn write_rows(&self, subs: &[Sub]) -> Result<Vec<SubAnswer>, Error> {
        self.may_write(System::Salesforce)?;
        self.salesforce.composite(subs, true).await
    }

    fn rests(&self, system: System) -> Option<Duration> {
        match system {
            System::PartnerCenter => self.partner_center.rests(),
            System::Salesforce => self.salesforce.rests(),
        }
    }
}

#[cfg(test)]
mod tests {
    use connect::{PartnerCenterConfig, SalesforceConfig, Secret, Timeouts};

    use super::*;

    /// Wires to addresses at which nobody is: whatever is sent is answered with another error.
    fn wires(reach: Reach) -> LiveWires {
        let nowhere = || "http://127.0.0.1:9".to_owned();
        let partner_center = PartnerCenter::new(PartnerCenterConfig {
            api: nowhere(),
            webhooks: nowhere(),
            login: nowhere(),
            tenant: "t".to_owned(),
            client_id: "c".to_owned(),
            client_secret: None,
            refresh_token: Secret::new("r"),
            timeouts: Timeouts::default(),
        });
        let salesforce = Salesforce::new(SalesforceConfig {
            login: nowhere(),
            instance: None,
            auth: connect::salesforce::Auth::ClientCredentials {
                client_id: "c".to_owned(),
                client_secret: Secret::new("s"),
            },
            api_version: "v64.0".to_owned(),
            client: "cosell".to_owned(),
            timeouts: Timeouts::default(),
        });
        let (partner_center, salesforce) = (partner_center.unwrap(), salesforce.unwrap());
        LiveWires { partner_center: Arc::new(partner_center), salesforce, reach }
    }

    /// Which of the four ways to write are stopped before anything is sent.
    async fn stopped(reach: Reach) -> [bool; 4] {
        let wires = wires(reach);
        let referral = ReferralId::parse("c2f7b088-a98a-4d0a-b509-fdd40775fcc1").unwrap();
        let record = RecordId::parse("0065g0000000001AAA").unwrap();
        let sub = Sub::update("one", "Opportunity", &record, "{}".to_owned()).unwrap();
        let ops = [PatchOp { path: "/name".to_owned(), value: "1".to_owned() }];
        let errors = [
            wires.change_referral(&referral, &ops, None).await.unwrap_err(),
            wires.create_referral("{}").await.unwrap_err(),
            wires.change_row("Opportunity", &record, "{}", None).await.unwrap_err(),
            wires.write_rows(&[sub]).await.unwrap_err(),
        ];
        errors.map(|error| matches!(error, Error::Refused { code, .. } if code == "no-writes"))
    }

    #[tokio::test]
    async fn what_may_not_be_written_is_not_even_sent() {
        assert_eq!(stopped(Reach::Nothing).await, [true; 4]);
        assert_eq!(stopped(Reach::SalesforceOnly).await, [true, true, false, false]);
        assert_eq!(stopped(Reach::Both).await, [false; 4]);
    }
}
