//! Webhooks sent. In come bodies from the outbox; out they go, signed, until the receiver takes them or
//! patience ends. The only file that knows the client library; it must not know referrals.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{
    clock,
    database::StoreError,
    outbox::Delivery,
    partner_center::note,
    serve::stopped,
    sign::{SignError, Signer},
    store::{End, Store},
};

/// How often and how fast webhooks are tried.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Attempts before a webhook is put aside for good.
    pub attempts: u32,
    /// The wait after the first failed attempt; it doubles each time.
    pub first_wait: Duration,
    /// The longest wait between two attempts.
    pub longest_wait: Duration,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 10,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(10),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Webhooks tried at the same time.
const AT_ONCE: i64 = 16;

/// The sender of webhooks.
#[derive(Debug)]
pub(crate) struct Courier {
    pub(crate) store: Arc<Store>,
    pub(crate) signer: Signer,
    /// Where receivers are told to find the certificate.
    pub(crate) certificate_url: String,
    patience: Patience,
    client: reqwest::Client,
}

impl Courier {
    /// A sender that does not run yet.
    pub(crate) fn new(
        store: Arc<Store>,
        signer: Signer,
        certificate_url: String,
        patience: Patience,
    ) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(patience.timeout)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { store, signer, certificate_url, patience, client })
    }

    /// The signer's certificate.
    pub(crate) fn certificate_der(&self) -> &[u8] {
        self.signer.certificate_der()
    }

    /// The headers that carry a body's signature.
    pub(crate) fn headers(
        &self,
        body: &[u8],
        aside: bool,
    ) -> Result<[(&'static str, String); 3], SignError> {
        let name = if aside { "x-ms-signature" } else { "Authorization" };
        Ok([
            (name, format!("Signature {}", self.signer.sign(body)?)),
            ("X-MS-Certificate-Url", self.certificate_url.clone()),
            ("X-MS-Signature-Algorithm", "rsa-sha256".to_owned()),
        ])
    }

    /// Signs a body and posts it; answers the receiver's status, or `None` when nothing answered.
    pub(crate) async fn post(&self, url: &str, body: &[u8], aside: bool) -> Option<u16> {
        let mut request = self.client.post(url).header("Content-Type", "application/json");
        for (name, value) in self.headers(body, aside).ok()? {
            request = request.header(name, value);
        }
        let response = request.body(body.to_vec()).send().await.ok()?;
        Some(response.status().as_u16())
    }

    /// Sends what is due, again and again, until told to stop.
    pub(crate) fn run(self: &Arc<Self>, stop: watch::Receiver<bool>) -> JoinHandle<()> {
        let courier = Arc::clone(self);
        tokio::spawn(async move {
            tokio::select! {
                () = stopped(stop) => {}
                () = courier.work() => {}
            }
        })
    }

    async fn work(self: &Arc<Self>) {
        let mut busy: HashSet<i64> = HashSet::new();
        let mut tries: JoinSet<i64> = JoinSet::new();
        let mut deliveries = self.store.deliveries();
        loop {
            let now = clock::now_milliseconds();
            let here = Arc::clone(self);
            let due = tokio::task::spawn_blocking(move || here.due(now)).await;
            // A state that cannot be read now may be readable in a second.
            let (due, next) = match due {
                Ok(Ok(found)) => found,
                Ok(Err(_)) | Err(_) => (Vec::new(), Some(now + 1000)),
            };
            for delivery in due {
                if busy.len() < usize::try_from(AT_ONCE).unwrap_or(1)
                    && busy.insert(delivery.number)
                {
                    let here = Arc::clone(self);
                    tries.spawn(async move { here.attempt(delivery).await });
                }
            }
            let wait = next.map_or(60_000, |next| next - clock::now_milliseconds());
            let wait = Duration::from_millis(u64::try_from(wait.max(1)).unwrap_or(1));
            tokio::select! {
                Some(done) = tries.join_next() => {
                    match done {
                        Ok(number) => { busy.remove(&number); }
                        // A try that broke off is tried again like any other.
                        Err(_) => { busy.clear(); }
                    }
                }
                // The store, and with it the bell, lasts as long as this.
                _ = deliveries.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn due(&self, now: i64) -> Result<(Vec<Delivery>, Option<i64>), StoreError> {
        self.store.transaction(|tx| Ok(End::Keep(tx.due(now, AT_ONCE * 2)?)))
    }

    async fn attempt(self: Arc<Self>, delivery: Delivery) -> i64 {
        let number = delivery.number;
        let body = delivery.body.as_bytes();
        let status = self.post(&delivery.url, body, delivery.signature_aside).await;
        let here = Arc::clone(&self);
        let noted = tokio::task::spawn_blocking(move || here.note(&delivery, status)).await;
        if !matches!(noted, Ok(Ok(()))) {
            // What cannot be noted stays due; not at once, so that a full disk is not hammered.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        number
    }

    fn note(&self, delivery: &Delivery, status: Option<u16>) -> Result<(), StoreError> {
        let is_taken = status.is_some_and(|status| (200..300).contains(&status));
        let attempts = u32::try_from(delivery.attempts).unwrap_or(u32::MAX).saturating_add(1);
        let is_last = is_taken || attempts >= self.patience.attempts;
        self.store.transaction(|tx| {
            if is_taken {
                tx.delivered(delivery)?;
            } else {
                let due = clock::now_milliseconds() + self.wait(attempts);
                tx.postpone(delivery, (!is_last).then_some(due))?;
            }
            if let Some(correlation) = &delivery.correlation {
                note(tx, correlation, status, is_last)?;
            }
            Ok(End::Keep(()))
        })
    }

    /// Milliseconds to wait after so many failed attempts.
    fn wait(&self, attempts: u32) -> i64 {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let wait = self.patience.first_wait.saturating_mul(doubled);
        let wait = wait.min(self.patience.longest_wait);
        i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
    }
}
