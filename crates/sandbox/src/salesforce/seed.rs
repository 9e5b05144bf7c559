//! What the organisation holds before anyone works in it. In comes an open transaction; out go users,
//! stages and the ready tokens. It must not know connections.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    OrgKind,
    call::{Answer, Call},
    clock,
    database::StoreError,
    salesforce::{
        auth, automation, changes, derive, ids,
        login::Login,
        model::Org,
        objects::lists::{STAGES, STANDARD_PROFILE},
        orders::{self, Orders as _},
        orgs::{Orgs, Shared},
        outbound, recent, record_types,
        refusal::{Done, Stop},
        rows, rules,
        session::{Caller, Home, Session},
        topics,
    },
    sign,
    store::{End, Store, Tx},
};

/// Tokens made at the first start.
#[derive(Debug, Clone)]
pub(crate) struct Grants {
    /// A long-lived access token of the rep.
    pub(crate) rep_access: String,
    /// A refresh token of the integration user.
    pub(crate) refresh: String,
}

/// How the integration user signs in.
pub(crate) const INTEGRATION_USER: &str = "cosell@sandbox.example";
/// The profile of those who may do everything.
const ADMINISTRATOR: &str = "00e5g0000000001AAA";
const KEPT: (&str, &str) = ("meta", "salesforce");

/// Seeds the organisation the first time; answers its home and the ready tokens.
pub(crate) fn prepare(
    tx: &Tx<'_>,
    base: &str,
    token_seconds: i64,
    daily_calls: i64,
    (org, kind): (Org, OrgKind),
) -> Result<(Home, Grants), StoreError> {
    let kept = tx.doc(KEPT.0, KEPT.1)?;
    let text = |name: &str| {
        let kept = kept.as_ref().and_then(|kept| kept.get(name)?.as_str());
        kept.map(str::to_owned)
    };
    let home = Home {
        base: base.to_owned(),
        organization: ids::make("00D", 1),
        kind,
        client_id: text("client_id").unwrap_or_else(|| format!("3MVG9{}", sign::token())),
        client_secret: text("client_secret").unwrap_or_else(sign::token),
        token_seconds,
        daily_calls,
        integration_user: ids::make("005", 1),
        rep_user: ids::make("005", 2),
        orgs: Shared::new(org),
        login: Login::default(),
        used: Arc::default(),
    };
    home.orgs.set(rules::all(tx)?, tx.now_milliseconds() / 1000);
    changes::schema::keep_all(tx, &home.orgs.now().whole)?;
    if let (Some(rep_access), Some(refresh)) = (text("rep_access"), text("refresh")) {
        plant_record_types(tx, &home)?;
        return Ok((home, Grants { rep_access, refresh }));
    }
    seed(tx, &home)?;
    let grants = Grants {
        rep_access: auth::grant_access(&home, tx, &home.rep_user, None)?,
        refresh: auth::grant_refresh(tx, &home.integration_user)?,
    };
    let kept = json!({
        "client_id": home.client_id,
        "client_secret": home.client_secret,
        "rep_access": grants.rep_access,
        "refresh": grants.refresh,
    });
    tx.put_doc(KEPT.0, KEPT.1, &kept)?;
    Ok((home, grants))
}

/// Forgets all rows but those that every organisation has.
pub(crate) fn reset(tx: &Tx<'_>, home: &Home) -> Result<(), StoreError> {
    for object in &home.orgs.now().whole.objects {
        tx.drop_rows(&object.name)?;
    }
    for kind in ["salesforce-locator", "salesforce-job", "salesforce-batch", recent::KEPT] {
        tx.drop_docs(kind)?;
    }
    rules::Rules::forget(tx)?;
    home.orgs.set(Vec::new(), tx.now_milliseconds() / 1000);
    changes::reset(tx)?;
    topics::reset(tx)?;
    automation::Rules::forget(tx)?;
    outbound::Messages::forget(tx)?;
    seed(tx, home)
}

/// Carries out an order about the organisation's rules, which hold from the next call on.
pub(crate) fn order(
    store: &Store,
    home: &Home,
    call: &Call,
    below: &[&str],
) -> Result<Answer, StoreError> {
    let Some(body) = call.json_or_null() else {
        return Ok(Answer::json(400, json!({ "error": "the body must be JSON" })));
    };
    let org = &home.orgs.now().whole;
    let answer = store.transaction::<_, StoreError>(|tx| {
        let rules = rules::Rules(org);
        Ok(End::Keep(orders::answer(&rules, tx, call.method, below, &body)?))
    })?;
    let (rules, now) = store.transaction::<_, StoreError>(|tx| {
        Ok(End::Keep((rules::all(tx)?, tx.now_milliseconds() / 1000)))
    })?;
    home.orgs.set(rules, now);
    Ok(answer)
}

fn seed(tx: &Tx<'_>, home: &Home) -> Result<(), StoreError> {
    let caller = Caller { id: home.integration_user.clone(), alias: "cosell".to_owned() };
    let orgs = home.orgs.now();
    let session = planting(tx, home, &orgs, &caller);
    let done = plant(&session, "Organization", &home.organization, &organization(home.kind))
        .and_then(|()| plant(&session, "User", &home.integration_user, &integration_user()))
        .and_then(|()| plant(&session, "User", &home.rep_user, &rep()))
        .and_then(|()| plant(&session, "User", &automation::automated_user().id, &automated()))
        .and_then(|()| stages(&session))
        .and_then(|()| tables(&session));
    plant_record_types(tx, home)?;
    // Later users get numbers of their own.
    while tx.next("005")? < 10 {}
    match done {
        Ok(()) | Err(Stop::Refused(_)) => Ok(()),
        Err(Stop::Store(error)) => Err(error),
    }
}

/// A session of the organisation's own.
pub(crate) fn planting<'a>(
    tx: &'a Tx<'a>,
    home: &'a Home,
    orgs: &'a Orgs,
    caller: &'a Caller,
) -> Session<'a> {
    Session {
        tx,
        home,
        org: &orgs.whole,
        whole: &orgs.whole,
        rules: &[],
        allow_save: true,
        caller,
        version: 60,
        raw: "",
        origin: "",
    }
}

/// The rows of the record types, which may be others than at the last start.
fn plant_record_types(tx: &Tx<'_>, home: &Home) -> Result<(), StoreError> {
    let caller = Caller { id: home.integration_user.clone(), alias: "cosell".to_owned() };
    let orgs = home.orgs.now();
    let session = planting(tx, home, &orgs, &caller);
    for (id, row) in record_types::rows(&orgs.whole) {
        match plant(&session, record_types::OBJECT, &id, &row) {
            Ok(()) | Err(Stop::Refused(_)) => {}
            Err(Stop::Store(error)) => return Err(error),
        }
    }
    Ok(())
}

fn stages(session: &Session<'_>) -> Done<()> {
    for (number, stage) in (1_i64..).zip(&STAGES) {
        let row = json!({
            "MasterLabel": stage.name,
            "ApiName": stage.name,
            "IsActive": true,
            "SortOrder": number,
            "IsClosed": stage.closed,
            "IsWon": stage.won,
            "ForecastCategory": stage.forecast.0,
            "ForecastCategoryName": stage.forecast.1,
            "DefaultProbability": super::values::number(&format!("{}.0", stage.probability)),
        });
        plant(session, "OpportunityStage", &ids::make("01J", number), &row)?;
    }
    Ok(())
}

/// Profiles, a queue, and the price book that every organisation has.
fn tables(session: &Session<'_>) -> Done<()> {
    let administrator = json!({ "Name": "System Administrator", "UserType": "Standard" });
    plant(session, "Profile", ADMINISTRATOR, &administrator)?;
    let standard = json!({ "Name": "Standard User", "UserType": "Standard" });
    plant(session, "Profile", STANDARD_PROFILE, &standard)?;
    let director = json!({ "Name": "Director of Sales", "DeveloperName": "DirectorofSales" });
    session.tx.next("00E")?;
    plant(session, "UserRole", &ids::make("00E", 1), &director)?;
    let queue =
        json!({ "Name": "Partner Leads", "DeveloperName": "Partner_Leads", "Type": "Queue" });
    plant(session, "Group", &ids::make("00G", 1), &queue)?;
    let book = json!({ "Name": "Standard Price Book", "IsActive": true, "IsStandard": true });
    plant(session, "Pricebook2", &ids::make("01s", session.tx.next("01s")?), &book)
}

fn plant(session: &Session<'_>, object: &str, id: &str, values: &Value) -> Done<()> {
    let Some(object) = session.org.named(object) else {
        return Ok(());
    };
    let mut row: Map<String, Value> = derive::blank(object);
    row.extend(values.as_object().cloned().unwrap_or_default());
    derive::fill_defaults(session, object, &mut row);
    derive::follow(session, object, &mut row, &|_| true, &|_| false)?;
    let now = clock::salesforce(session.tx.now_milliseconds());
    for name in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
        row.insert(name.to_owned(), json!(now));
    }
    for name in ["CreatedById", "LastModifiedById"] {
        row.insert(name.to_owned(), json!(session.home.integration_user));
    }
    row.insert("Id".to_owned(), json!(id));
    rows::plant(session, object, id, row, false, &now)
}

fn organization(kind: OrgKind) -> Value {
    let (name, instance) = match kind {
        OrgKind::Sandbox => ("Sandbox", "SBX1"),
        OrgKind::Production => ("Production", "PRD1"),
    };
    json!({
        "Name": name,
        "InstanceName": instance,
        "IsSandbox": kind == OrgKind::Sandbox,
        "OrganizationType": "Enterprise Edition",
        "Country": "CH",
        "TimeZoneSidKey": "Europe/Zurich",
    })
}

fn integration_user() -> Value {
    json!({
        "Username": INTEGRATION_USER,
        "LastName": "cosell",
        "Email": INTEGRATION_USER,
        "Alias": "cosell",
        "ProfileId": ADMINISTRATOR,
        "IsActive": true,
    })
}

/// The user of rules that nobody started.
fn automated() -> Value {
    json!({
        "Username": "autoproc@sandbox.example",
        "LastName": "Automated Process",
        "Email": "autoproc@sandbox.example",
        "Alias": "autoproc",
        "IsActive": true,
    })
}

fn rep() -> Value {
    json!({
        "Username": "riley.rep@sandbox.example",
        "FirstName": "Riley",
        "LastName": "Rep",
        "Title": "Account Executive",
        "Email": "riley.rep@sandbox.example",
        "Phone": "+1 202 555 0110",
        "Alias": "rep",
        "UserRoleId": ids::make("00E", 1),
        "IsActive": true,
    })
}
