//! The steps of a start. In come the set-up and the open store; out go listeners, what both systems keep
//! for life, and the records that a new state begins with. It must not know what is answered.

use std::{io, path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Addresses, Config, Credentials, Error, PartnerCenterCredentials, Ports, SECURE,
    SalesforceCredentials,
    clock::Clock,
    database::StoreError,
    deliver::{Courier, Patience},
    partner_center::{self, PartnerGrants, PartnerHome},
    plant::{self, PlantError},
    salesforce::{self, Grants, Home, Salesforce},
    serve,
    sign::{self, Identity, Signer},
    store::{End, Store, Tx},
    tls::{Door, TlsError},
};

/// The clock of the file that moves it.
pub(crate) fn clock(config: &Config) -> Clock {
    let beside = config.state.as_deref().map(|folder| folder.join("clock"));
    Clock::new(config.clock.clone().or(beside))
}

/// Who brings webhooks to their address.
pub(crate) fn courier(
    store: &Arc<Store>,
    signer: Signer,
    addresses: &Addresses,
    patience: Patience,
) -> Result<Arc<Courier>, Error> {
    let certificate_url =
        format!("{}/cert/pcnotifications-dispatch.sandbox.invalid.cer", addresses.webhooks);
    let courier = Courier::new(Arc::clone(store), signer, certificate_url, patience);
    Ok(Arc::new(courier.map_err(Error::Client)?))
}

/// The listeners in their order, one of which speaks https.
pub(crate) fn doors(listeners: Vec<TcpListener>, identity: &Identity) -> Result<Vec<Door>, Error> {
    let door = |(place, listener): (usize, TcpListener)| {
        if place == SECURE { Door::secure(listener, identity) } else { Ok(Door::Plain(listener)) }
    };
    let doors: Result<Vec<Door>, TlsError> = listeners.into_iter().enumerate().map(door).collect();
    Ok(doors?)
}

/// Makes the records that a new state begins with.
pub(crate) async fn plant(
    store: &Arc<Store>,
    config: &Config,
    credentials: &Credentials,
    home: &Home,
    partner: &PartnerHome,
) -> Result<(), Error> {
    let ground = plant::Ground {
        salesforce: Salesforce::new(home.clone(), "", Arc::clone(store)),
        home: home.clone(),
        partner: partner.clone(),
        store: Arc::clone(store),
        token: credentials.salesforce.access_token.clone(),
    };
    let (count, seed) = (config.referrals, config.seed);
    let planted = tokio::task::spawn_blocking(move || ground.plant(count, seed)).await;
    planted.unwrap_or_else(|_| Err(PlantError::Refused("it broke off".to_owned())))?;
    Ok(())
}

/// Writes the counts that need not be flushed, each second and at the end.
pub(crate) fn save(store: Arc<Store>, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut stopped = std::pin::pin!(serve::stopped(stop));
        let mut goes_on = store.is_kept();
        while goes_on {
            goes_on = tokio::time::timeout(Duration::from_secs(1), &mut stopped).await.is_err();
            let here = Arc::clone(&store);
            // Counts that could not be written now are written with the next ones.
            let _ = tokio::task::spawn_blocking(move || here.save_counts()).await;
        }
    })
}

/// Makes a folder for its owner only; one that is there keeps its rights.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens all listeners and remembers their ports.
pub(crate) async fn listen(
    store: &Store,
    ports: Ports,
) -> Result<(Vec<TcpListener>, Addresses), Error> {
    let kept = store.transaction::<_, StoreError>(|tx| Ok(End::Keep(tx.doc("meta", "ports")?)))?;
    let wanted = [
        ports.salesforce,
        ports.partner_center,
        ports.webhooks,
        ports.admin,
        ports.salesforce_https,
        ports.pubsub,
    ];
    let mut listeners = Vec::new();
    let mut numbers = Vec::new();
    let mut urls = Vec::new();
    for (place, port) in wanted.into_iter().enumerate() {
        let last = kept.as_ref().and_then(|kept| kept.get(place)?.as_u64());
        let last = last.and_then(|last| u16::try_from(last).ok()).filter(|_| port == 0);
        let remembered = match last {
            Some(last) => TcpListener::bind(("127.0.0.1", last)).await.ok(),
            None => None,
        };
        let listener = match remembered {
            Some(listener) => listener,
            None => TcpListener::bind(("127.0.0.1", port))
                .await
                .map_err(|source| Error::Listen { port, source })?,
        };
        let address = listener.local_addr().map_err(|source| Error::Listen { port, source })?;
        numbers.push(address.port());
        let scheme = if place == SECURE { "https" } else { "http" };
        urls.push(format!("{scheme}://{address}"));
        listeners.push(listener);
    }
    store.transaction::<_, StoreError>(|tx| {
        Ok(End::Keep(tx.put_doc("meta", "ports", &json!(numbers))?))
    })?;
    let mut urls = urls.into_iter();
    let mut next = || urls.next().unwrap_or_default();
    let addresses = Addresses {
        salesforce: next(),
        partner_center: next(),
        webhooks: next(),
        admin: next(),
        salesforce_https: next(),
        pubsub: next(),
    };
    Ok((listeners, addresses))
}

/// Makes or reads what both systems keep for life.
pub(crate) fn settle(
    tx: &Tx<'_>,
    config: &Config,
    addresses: &Addresses,
    org: salesforce::Org,
) -> Result<(Credentials, Home, PartnerHome, Identity), Error> {
    let seconds = i64::try_from(config.token_life.as_secs()).unwrap_or(i64::MAX / 2000);
    let calls = i64::from(config.daily_calls);
    let (mut home, Grants { rep_access, refresh }) =
        salesforce::prepare(tx, &addresses.salesforce, seconds, calls, (org, config.org_kind))?;
    let hosts = [addresses.salesforce.clone(), addresses.salesforce_https.clone()];
    home.login = salesforce::prepare_login(tx, &hosts, config.password_logins)??;
    let identity = identity(tx)?;
    let (partner, PartnerGrants { access, refresh: partner_refresh }) =
        partner_center::prepare(tx, &addresses.partner_center, seconds, config)?;
    let kept = tx.doc("meta", "admin-token")?;
    let admin_token = if let Some(token) = kept.as_ref().and_then(Value::as_str) {
        token.to_owned()
    } else {
        let token = sign::token();
        tx.put_doc("meta", "admin-token", &json!(token))?;
        token
    };
    let credentials = Credentials {
        salesforce: SalesforceCredentials {
            client_id: home.client_id.clone(),
            client_secret: home.client_secret.clone(),
            refresh_token: refresh,
            access_token: rep_access,
            username: salesforce::INTEGRATION_USER.to_owned(),
            password: home.login.password.clone(),
            security_token: home.login.security_token.clone(),
            private_key_pem: home.login.private_key.clone(),
            authority_pem: identity.authority.clone(),
            organization: home.organization.clone(),
        },
        partner_center: PartnerCenterCredentials {
            tenant: partner.tenant.clone(),
            client_id: partner.client_id.clone(),
            client_secret: partner.client_secret.clone(),
            refresh_token: partner_refresh,
            access_token: access,
        },
        admin_token,
    };
    Ok((credentials, home, partner, identity))
}

/// What the https listener shows: made the first time, and kept.
fn identity(tx: &Tx<'_>) -> Result<Identity, Error> {
    if let Some(kept) = tx.doc("meta", "https")? {
        let text =
            |name: &str| kept.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (authority, certificate) = (text("authority"), text("certificate"));
        return Ok(Identity { authority, certificate, key: text("key") });
    }
    let made = sign::identity()?;
    let Identity { authority, certificate, key } = &made;
    let kept = json!({ "authority": authority, "certificate": certificate, "key": key });
    tx.put_doc("meta", "https", &kept)?;
    Ok(made)
}
