//! No sequence of requests brings a referral where the real system would not let it go.
//!
//! Random creates, patches, orders of people and moves of the clock are sent; after each, all referrals
//! are read and compared with what they were. What is allowed is written here once more, from the tables
//! of the reference and not from the sandbox: which requests must be refused, which must be taken, and
//! what may differ afterwards.

use std::collections::BTreeMap;

use proptest::{
    bool::weighted,
    collection::vec,
    test_runner::{Config as Cases, TestRunner},
};
use sandbox::{Config, HtmlEscape};
use serde_json::{Value, json};

use crate::{
    client::{Client, Got},
    partner_center::{half, shared},
    steps::{Edit, Step, Tag, merged, operations, step},
};

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn state(referral: &Value) -> (String, String) {
    (text(referral, "/status"), text(referral, "/substatus"))
}

fn is_shared(referral: &Value) -> bool {
    referral["consent"]["consentToShareReferralWithMicrosoftSellers"] == json!(true)
}

fn help(referral: &Value) -> Option<String> {
    let code = text(referral, "/inviteContext/assistanceRequestCode");
    (!matches!(code.as_str(), "" | "Unknown")).then_some(code)
}

fn emails(referral: &Value) -> Vec<String> {
    let team = referral["customerProfile"]["team"].as_array().unwrap();
    team.iter().map(|member| text(member, "/email")).collect()
}

fn is_own(referral: &Value) -> bool {
    text(referral, "/organizationId") != "msft"
}

/// Steps from state to state that a person may take.
const STEPS: [(&str, &str, &str, &str); 10] = [
    ("New", "Received", "New", "Pending"),
    ("New", "Pending", "New", "Received"),
    ("New", "Received", "Active", "Accepted"),
    ("New", "Pending", "Active", "Accepted"),
    ("New", "Received", "Closed", "Declined"),
    ("New", "Pending", "Closed", "Declined"),
    ("Active", "Accepted", "Closed", "Won"),
    ("Active", "Accepted", "Closed", "Lost"),
    ("New", "Received", "Closed", "Expired"),
    ("New", "Pending", "Closed", "Expired"),
];

fn may_step(before: &Value, to: &(String, String)) -> bool {
    let from = state(before);
    from == *to
        || STEPS
            .iter()
            .take(8)
            .any(|step| (step.0, step.1, step.2, step.3) == (&*from.0, &*from.1, &*to.0, &*to.1))
}

/// Whether edits on a referral must be taken.
fn may_edit(before: &Value, edits: &[Edit], in_portal: bool) -> bool {
    let (mut to, mut shares, mut contacts) = (state(before), is_shared(before), emails(before));
    if to.0 == "Closed" {
        return false;
    }
    for edit in edits {
        match *edit {
            Edit::State(status, substatus) => to = (status.to_owned(), substatus.to_owned()),
            Edit::Status(status) => status.clone_into(&mut to.0),
            Edit::Substatus(substatus) => substatus.clone_into(&mut to.1),
            Edit::Share(share) => shares = share,
            Edit::Contacts(count) => {
                contacts = (0..count).map(|n| format!("c{n}@h.example")).collect();
            }
            Edit::AnotherContact => contacts.push("more@h.example".to_owned()),
            Edit::Value(value) if value > 0 => {}
            Edit::Name if in_portal => {}
            Edit::Notes | Edit::Text(_) | Edit::TeamMember | Edit::AnotherSolution => {}
            Edit::SalesStage(stage) if stage != "Sold" => {}
            Edit::Team(count) | Edit::Solutions(count) if count > 0 => {}
            Edit::Currency(code) if code != "usd" => {}
            Edit::Closing(time) if time != "soon" => {}
            Edit::SalesStage(_)
            | Edit::Team(_)
            | Edit::Solutions(_)
            | Edit::Currency(_)
            | Edit::Closing(_)
            | Edit::Value(_)
            | Edit::Name
            | Edit::Address
            | Edit::Registration => return false,
        }
    }
    let locked = is_shared(before) || help(before).is_some();
    let hides = is_shared(before) && !shares;
    let meddles = locked && contacts != emails(before);
    may_step(before, &to) && !hides && !meddles
}

/// What nobody can change, by path; and what only people at the portal and at Microsoft can.
const FIXED: [&str; 12] = [
    "/id",
    "/engagementId",
    "/organizationId",
    "/createdDateTime",
    "/direction",
    "/qualification",
    "/mpnId",
    "/target",
    "/customerProfile/name",
    "/customerProfile/address",
    "/consent/consentToContact",
    "/consent/consentToToShareInfoWithOthers",
];

/// Everything that is wrong with one referral's change.
fn wrongs(before: &Value, after: &Value, step: &Step) -> Vec<String> {
    let mut wrongs = Vec::new();
    if before == after {
        return wrongs;
    }
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrongs.push(format!("{what}: {before:#} -> {after:#}"));
        }
    };
    if matches!(step, Step::Register { .. }) {
        return unregistered(before, after);
    }
    let by_time = matches!(step, Step::Hours(_));
    let (from, to) = (state(before), state(after));
    must(from.0 != "Closed", "a closed referral changed");
    must(
        text(after, "/updatedDateTime") > text(before, "/updatedDateTime"),
        "its time is not later",
    );
    must(before["eTag"] != after["eTag"], "its tag stayed");
    for path in FIXED {
        must(before.pointer(path) == after.pointer(path), path);
    }
    let renames = matches!(step, Step::Portal { .. } | Step::Seller { act: "edit", .. });
    must(renames || before["name"] == after["name"], "its name");
    must(is_shared(after) || !is_shared(before), "it was hidden again");
    let kind = if is_shared(after) { "Shared" } else { "Independent" };
    must(!is_own(after) || text(after, "/type") == kind, "its type");
    must(help(before).is_none() || help(before) == help(after), "its help changed");
    let locked = is_shared(before) || help(before).is_some();
    must(!locked || emails(before) == emails(after), "locked contacts");
    if by_time {
        must(from.0 == "New" && to == ("Closed".to_owned(), "Expired".to_owned()), "time did this");
    } else {
        must(may_step(before, &to), "its state");
    }
    must((to.0 == "Closed") != after["closedDateTime"].is_null(), "its end");
    must((to.0 == "New") == after["acceptedDateTime"].is_null() || to.0 == "Closed", "its start");
    wrongs
}

/// Everything that is wrong with a registration: it changes nothing else, and comes once.
fn unregistered(before: &Value, after: &Value) -> Vec<String> {
    let without = |referral: &Value| {
        let mut rest = referral.clone();
        for key in ["registrations", "registrationStatus", "updatedDateTime", "eTag"] {
            rest.as_object_mut().unwrap().remove(key);
        }
        rest
    };
    let is_first = before["registrations"] == json!([]);
    let is_there = after["registrations"].as_array().is_some_and(|all| all.len() == 1);
    let is_well = is_first
        && is_there
        && state(before).1 == "Won"
        && after["registrationStatus"] == json!("ReviewPending")
        && before["eTag"] != after["eTag"]
        && without(before) == without(after);
    if is_well { Vec::new() } else { vec![format!("its registration: {before:#} -> {after:#}")] }
}

const HOUR: i64 = 3600;
/// How long an invitation waits for an answer, in hours.
const FORTNIGHT: i64 = 14 * 24;

fn seconds(moment: &str) -> i64 {
    moment.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// What must hold of all referrals together.
fn all_is_well(all: &BTreeMap<String, Value>, now: &str) {
    let mut halves: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for referral in all.values() {
        *halves.entry((text(referral, "/engagementId"), is_own(referral))).or_default() += 1;
        let age = |end: &str| (seconds(end) - seconds(&text(referral, "/createdDateTime"))) / HOUR;
        if state(referral).0 == "New" {
            assert!(age(now) < FORTNIGHT, "{referral:#}");
        }
        if state(referral).1 == "Expired" {
            assert!(age(&text(referral, "/closedDateTime")) >= FORTNIGHT, "{referral:#}");
        }
        if !is_own(referral) {
            let engagement = text(referral, "/engagementId");
            let is_half = |own: &&Value| text(own, "/engagementId") == engagement && is_own(own);
            let own =
                all.values().find(is_half).expect("Microsoft's half stands beside an own one");
            assert!(is_shared(own) && help(own).is_some() && help(referral).is_some(), "{own:#}");
        }
    }
    assert!(halves.values().all(|count| *count == 1), "{halves:?}");
}

struct World {
    client: Client,
    all: BTreeMap<String, Value>,
    /// How often a kind of step was taken, and refused.
    tally: BTreeMap<(&'static str, bool), usize>,
}

impl World {
    async fn look(&self) -> (BTreeMap<String, Value>, String) {
        let got = self.client.partner("GET", "?$top=200", &Value::Null).await.is(200);
        let value = got.body["value"].as_array().unwrap().iter();
        let all = value.map(|one| (text(one, "/id"), one.clone())).collect();
        let now = self.client.admin("GET", "/clock", &Value::Null).await.is(200).text("/now");
        (all, now)
    }

    fn pick(&self, at: usize) -> Option<Value> {
        // Ids are random; the order of creation makes a run repeatable.
        let mut all: Vec<&Value> = self.all.values().collect();
        all.sort_by_key(|it| text(it, "/createdDateTime"));
        all.get(at.checked_rem(all.len())?).map(|it| (*it).clone())
    }

    /// Carries a step out; answers what came, and whether it had to be taken. `None`: nothing to do.
    async fn send(&self, step: &Step) -> Option<(Got, bool)> {
        let client = &self.client;
        let empty = json!({});
        Some(match step {
            Step::Deal { shared: shares, help } => {
                let mut body = shared("Deal");
                body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(shares);
                if !help {
                    body["inviteContext"] = json!({ "assistanceRequestCode": "Unknown" });
                }
                (client.partner("POST", "", &body).await, *shares || !help)
            }
            Step::Half { of, help: asks } => {
                let own = self.pick(*of)?;
                let engagement = text(&own, "/engagementId");
                let mut body = half(&engagement);
                if !asks {
                    body["inviteContext"]["assistanceRequestCode"] = json!("Unknown");
                }
                (client.partner("POST", "", &body).await, *asks && self.may_ask(&own))
            }
            Step::Inbound => {
                (client.admin("POST", "/partner-center/referrals", &empty).await, true)
            }
            Step::Patch { at, edits, tag } => {
                let it = self.pick(*at)?;
                let path = format!("/{}", text(&it, "/id"));
                let present = text(&it, "/eTag");
                let headers: &[(&str, &str)] = match tag {
                    Tag::None => &[],
                    Tag::Present => &[("If-Match", present.as_str())],
                    Tag::Stale => &[("If-Match", "\"0-0000-0100-0000-0\"")],
                };
                let got = client.partner_with("PATCH", &path, headers, &operations(edits)).await;
                if *tag == Tag::Stale && is_own(&it) {
                    assert_eq!(got.status, 412, "{got:?}");
                }
                let may = is_own(&it) && *tag != Tag::Stale && may_edit(&it, edits, false);
                (got, may)
            }
            Step::Put { at, edits, tag } => {
                let it = self.pick(*at)?;
                let path = format!("/{}", text(&it, "/id"));
                let mut whole = it.clone();
                whole.as_object_mut().unwrap().remove("links");
                merge(&mut whole, &merged(edits));
                let present = text(&it, "/eTag");
                let headers: &[(&str, &str)] = match tag {
                    Tag::None => &[],
                    Tag::Present => &[("If-Match", present.as_str())],
                    Tag::Stale => &[("If-Match", "\"0-0000-0100-0000-0\"")],
                };
                let got = client.partner_with("PUT", &path, headers, &whole).await;
                let may = is_own(&it) && *tag == Tag::Present && may_edit(&it, edits, false);
                (got, may)
            }
            Step::Portal { at, edits } => {
                let it = self.pick(*at)?;
                let path = format!("/partner-center/portal/referrals/{}", text(&it, "/id"));
                let got = client.admin("PATCH", &path, &merged(edits)).await;
                let may = is_own(&it) && may_edit(&it, edits, true);
                (got, may)
            }
            Step::Help { at } => {
                let it = self.pick(*at)?;
                let path = format!("/partner-center/portal/referrals/{}", text(&it, "/id"));
                let body =
                    json!({ "inviteContext": { "assistanceRequestCode": "GeneralOrOther" } });
                let may = is_own(&it) && help(&it).is_none() && self.may_ask(&it);
                (client.admin("PATCH", &path, &body).await, may && has_phone(&it))
            }
            Step::Seller { at, act } => {
                let it = self.pick(*at)?;
                let path = format!("/partner-center/microsoft/{}/{act}", text(&it, "/id"));
                let given = if *act == "edit" { json!({ "name": "By Microsoft" }) } else { empty };
                let half = self.half_of(&text(&it, "/engagementId"));
                let may = half.is_some_and(|half| may_act(half, act));
                (client.admin("POST", &path, &given).await, may)
            }
            Step::Register { at } => {
                let it = self.pick(*at)?;
                let now = client.admin("GET", "/clock", &Value::Null).await.is(200).text("/now");
                let body = json!([{
                    "op": "add", "path": "/registrations/-", "value": contract(&it, &now),
                }]);
                let got = client.partner("PATCH", &format!("/{}", text(&it, "/id")), &body).await;
                (got, self.may_register(&it))
            }
            Step::Hours(hours) => {
                let order = json!({ "advance": format!("{hours}h") });
                (client.admin("POST", "/clock", &order).await, true)
            }
        })
    }

    fn half_of(&self, engagement: &str) -> Option<&Value> {
        self.all.values().find(|it| !is_own(it) && text(it, "/engagementId") == engagement)
    }

    /// Whether help may be asked for in the engagement of a referral.
    fn may_ask(&self, referral: &Value) -> bool {
        let engagement = text(referral, "/engagementId");
        let own =
            self.all.values().find(|it| is_own(it) && text(it, "/engagementId") == engagement);
        own.is_some_and(|own| state(own).0 == "Active" && is_shared(own))
            && self.half_of(&engagement).is_none()
    }

    /// Whether a deal may be registered: its own half was won 72 hours after its creation or later, it is
    /// shared, and Microsoft, if it was asked, has agreed.
    fn may_register(&self, it: &Value) -> bool {
        let moment = |key: &str| seconds(&text(it, key));
        is_own(it)
            && state(it).1 == "Won"
            && is_shared(it)
            && it["registrations"] == json!([])
            && moment("/closedDateTime") - moment("/createdDateTime") >= 72 * HOUR
            && self.half_of(&text(it, "/engagementId")).is_none_or(|half| {
                let (status, substatus) = state(half);
                status == "Active" || substatus == "Won"
            })
    }

    async fn run(&mut self, step: &Step) {
        let Some((got, may)) = self.send(step).await else { return };
        assert_eq!(got.status < 300, may, "{step:?}: {got:?}");
        *self.tally.entry((step.kind(), may)).or_default() += 1;
        let (all, now) = self.look().await;
        for (id, before) in &self.all {
            let after = all.get(id).expect("no referral vanishes");
            assert!(got.status < 300 || before == after, "{step:?} was refused and changed it");
            let wrongs = wrongs(before, after, step);
            assert!(wrongs.is_empty(), "{step:?}: {wrongs:#?}");
        }
        let made = all.keys().filter(|id| !self.all.contains_key(*id)).count();
        let makes = matches!(
            step,
            Step::Deal { .. } | Step::Half { .. } | Step::Inbound | Step::Help { .. }
        );
        assert_eq!(made, usize::from(makes && got.status < 300), "{step:?}");
        all_is_well(&all, &now);
        self.all = all;
    }
}

fn merge(whole: &mut Value, patch: &Value) {
    match patch.as_object() {
        Some(patch) if whole.is_object() => {
            patch.iter().for_each(|(key, value)| merge(&mut whole[key], value));
        }
        Some(_) | None => *whole = patch.clone(),
    }
}

/// A registration of a deal with a contract that is signed at a moment.
fn contract(deal: &Value, now: &str) -> Value {
    let solution = text(deal, "/details/requirements/solutions/0/id");
    json!({
        "type": "AzureIPCoSell",
        "solutionDetails": [{ "id": solution, "currency": "USD", "value": 30000 }],
        "contract": {
            "currency": "USD", "value": 30000, "term": "Perpetual",
            "signDateTime": now, "startDateTime": now,
        },
    })
}

fn has_phone(referral: &Value) -> bool {
    let team = referral["customerProfile"]["team"].as_array().unwrap();
    team.iter().any(|member| !text(member, "/phoneNumber").is_empty())
}

fn may_act(half: &Value, act: &str) -> bool {
    match state(half).0.as_str() {
        "New" => matches!(act, "accept" | "decline" | "edit" | "track"),
        "Active" => matches!(act, "accept" | "win" | "lose" | "edit" | "track"),
        _ => false,
    }
}

#[test]
fn no_sequence_of_requests_leads_to_a_forbidden_state() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config { html_escape: HtmlEscape::Off, ..Config::default() };
    let client = runtime.block_on(Client::with(config));
    let world =
        std::cell::RefCell::new(World { client, all: BTreeMap::new(), tally: BTreeMap::new() });
    let cases = Cases { cases: 28, failure_persistence: None, ..Cases::default() };
    let steps = vec(step(), 5..40);
    TestRunner::new_with_rng(
        cases,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
    .run(&(weighted(0.4), steps), |(is_accepted, steps)| {
        let mut world = world.borrow_mut();
        runtime.block_on(async {
            world.client.admin("POST", "/reset", &Value::Null).await.is(204);
            world.all = BTreeMap::new();
            let first = [
                Step::Deal { shared: true, help: true },
                Step::Half { of: 0, help: true },
                Step::Inbound,
                Step::Deal { shared: true, help: false },
            ];
            let accept = is_accepted.then_some(Step::Seller { at: 0, act: "accept" });
            // In the end a deal is won and registered, which chance alone rarely brings about.
            let won = Edit::State("Closed", "Won");
            let last = [
                Step::Hours(80),
                Step::Patch { at: 3, edits: vec![won], tag: Tag::None },
                Step::Register { at: 3 },
                Step::Register { at: 3 },
            ];
            for step in first.iter().chain(&accept).chain(&steps).chain(&last) {
                world.run(step).await;
            }
        });
        Ok(())
    })
    .unwrap();
    let tally = &world.borrow().tally;
    for kind in [
        "half", "patch", "put", "portal", "help", "accept", "decline", "win", "lose", "edit",
        "register",
    ] {
        for taken in [true, false] {
            let count = tally.get(&(kind, taken)).copied().unwrap_or_default();
            assert!(count >= 2, "too few for a check: {tally:?}");
        }
    }
}
