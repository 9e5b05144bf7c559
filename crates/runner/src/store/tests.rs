//! The store against a model, and its promises one by one.

mod backlog;
mod hints;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

const LEASE: Duration = Duration::from_mins(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn referral(n: u8) -> Alias {
    Alias::Referral(
        ReferralId::parse(&format!("00000000-0000-0000-0000-0000000000{n:02x}")).unwrap(),
    )
}

fn record(n: u8) -> Alias {
    let id = RecordId::parse(&format!("0065g000000000{}", char::from(b'a' + n))).unwrap();
    Alias::Record { object: "Opportunity".to_owned(), id }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work)
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(&dir.join("state.db"), Role::Runner).unwrap()
}

async fn hint(store: &SqliteStore, name: Alias, now: Timestamp) -> KeyId {
    store.accept(vec![name], None, Source::Poll, now).await.unwrap().keys[0]
}

async fn claim(store: &SqliteStore, now: Timestamp) -> Claim {
    match store.take(now, LEASE).await.unwrap() {
        Taken::Claim(claim) => *claim,
        Taken::Idle(due) => panic!("expected a claim, found idle until {due:?}"),
    }
}

async fn is_idle(store: &SqliteStore, now: Timestamp) -> bool {
    matches!(store.take(now, LEASE).await.unwrap(), Taken::Idle(_))
}

fn done() -> Commit {
    Commit { next: Next::Done, ..Commit::default() }
}

#[test]
fn what_was_accepted_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        let key = hint(&store, referral(1), at(0)).await;
        let mut held = claim(&store, at(1)).await;
        let base = Some(r#"{"lines":{}}"#.to_owned());
        let commit = Commit { base: base.clone(), ..Commit::default() };
        store.commit(&mut held, commit, at(1)).await.unwrap();
        drop(store);
        let store = loop {
            // The writer thread of the first one may still be closing.
            match SqliteStore::open(&dir.path().join("state.db"), Role::Runner) {
                Ok(store) => break store,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let again = claim(&store, at(2)).await;
        assert_eq!((again.key, &again.base), (key, &base));
        assert_eq!(
            again.referral(),
            Some(&ReferralId::parse("00000000-0000-0000-0000-000000000001").unwrap())
        );
    });
}

#[test]
fn a_mark_set_while_a_deal_is_worked_on_is_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        hint(&store, record(1), at(0)).await;
        let mut first = claim(&store, at(0)).await;
        hint(&store, record(1), at(1)).await;
        assert!(is_idle(&store, at(1)).await, "one live claim a key");
        store.commit(&mut first, done(), at(2)).await.unwrap();
        let mut second = claim(&store, at(2)).await;
        assert_eq!(second.key, first.key);
        store.commit(&mut second, done(), at(2)).await.unwrap();
        assert!(is_idle(&store, at(3)).await);
    });
}

#[test]
fn a_fenced_worker_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        hint(&store, record(1), at(0)).await;
        let mut slow = claim(&store, at(0)).await;
        let mut next = claim(&store, at(61)).await;
        let body = "{}".to_owned();
        let fenced = Err(StoreError::Fenced);
        let intent = store.intend(&mut slow, IntentKind::Update, body.clone(), at(61)).await;
        assert_eq!(intent.map(drop), fenced);
        assert_eq!(store.renew(&mut slow, at(200)).await, fenced);
        assert_eq!(store.commit(&mut slow, done(), at(61)).await, fenced);
        assert_eq!(store.link(&mut slow, referral(1), at(61)).await.map(drop), fenced);
        let intent = store.intend(&mut next, IntentKind::Update, body, at(61)).await.unwrap();
        let close = vec![(intent, Ending::Applied)];
        let commit = Commit { close, audit: vec!["{}".to_owned()], ..done() };
        store.commit(&mut next, commit, at(62)).await.unwrap();
        assert!(is_idle(&store, at(300)).await);
        assert_eq!(store.status().await.unwrap().open_intents, 0);
    });
}

#[test]
fn an_open_intent_comes_back_with_the_next_claim() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        hint(&store, record(1), at(0)).await;
        let mut first = claim(&store, at(0)).await;
        let body = r#"{"n":1}"#.to_owned();
        let id = store.intend(&mut first, IntentKind::CreateReferral, body, at(0)).await.unwrap();
        assert_eq!(store.open_creates(first.key).await.unwrap(), 0);
        assert_eq!(store.open_creates(KeyId(99)).await.unwrap(), 1);
        store.remember(&mut first, id, r#"{"n":2}"#.to_owned()).await.unwrap();
        let next = claim(&store, at(100)).await;
        assert_eq!(next.intents.len(), 1);
        assert_eq!((next.intents[0].id, next.intents[0].body.as_str()), (id, r#"{"n":2}"#));
    });
}

#[test]
fn two_halves_of_one_deal_become_one_key() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        let older = hint(&store, record(1), at(0)).await;
        let younger = hint(&store, referral(1), at(1)).await;
        assert_ne!(older, younger);
        let mut first = claim(&store, at(2)).await;
        let mut second = claim(&store, at(2)).await;
        assert_eq!((first.key, second.key), (older, younger));
        assert_eq!(store.link(&mut second, record(1), at(2)).await.unwrap(), Linked::Busy(older));
        store.commit(&mut first, done(), at(2)).await.unwrap();
        let merged = store.link(&mut second, record(1), at(2)).await.unwrap();
        assert_eq!(merged, Linked::Merged(older));
        assert_eq!(store.commit(&mut second, done(), at(2)).await, Err(StoreError::Fenced));
        let both = claim(&store, at(3)).await;
        assert_eq!(both.key, older);
        assert!(both.referral().is_some() && both.record().is_some());
        assert_eq!(store.status().await.unwrap().keys, 1);
    });
}

#[test]
fn a_second_record_for_a_linked_deal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        let key = hint(&store, record(1), at(0)).await;
        let mut first = claim(&store, at(0)).await;
        assert_eq!(store.link(&mut first, referral(1), at(0)).await.unwrap(), Linked::Here);
        store.commit(&mut first, done(), at(0)).await.unwrap();
        hint(&store, record(2), at(1)).await;
        let mut copy = claim(&store, at(1)).await;
        assert_eq!(store.link(&mut copy, referral(1), at(1)).await.unwrap(), Linked::Taken(key));
        assert!(copy.referral().is_none());
    });
}

#[test]
fn another_partys_half_joins_the_deal_of_its_engagement() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        let deal = hint(&store, referral(1), at(0)).await;
        let mut own = claim(&store, at(0)).await;
        let engagement = Alias::Engagement("e-1".to_owned());
        assert_eq!(store.link(&mut own, engagement, at(0)).await.unwrap(), Linked::Here);
        store.commit(&mut own, done(), at(0)).await.unwrap();
        hint(&store, referral(2), at(1)).await;
        let mut half = claim(&store, at(1)).await;
        let joined = store.join(&mut half, "e-1".to_owned(), at(1)).await.unwrap();
        assert_eq!(joined, Some(Linked::Merged(deal)));
        let mut own = claim(&store, at(2)).await;
        assert_eq!(own.key, deal);
        store.commit(&mut own, done(), at(2)).await.unwrap();
        assert_eq!(
            hint(&store, referral(2), at(3)).await,
            deal,
            "a hint on the half is the deal's"
        );
    });
}

#[test]
fn a_half_waits_under_its_engagement_until_its_deal_is_known() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        let waiting = hint(&store, referral(2), at(0)).await;
        let mut half = claim(&store, at(0)).await;
        assert_eq!(store.join(&mut half, "e-1".to_owned(), at(0)).await.unwrap(), None);
        hint(&store, referral(1), at(1)).await;
        let mut own = claim(&store, at(1)).await;
        let engagement = || Alias::Engagement("e-1".to_owned());
        assert_eq!(store.link(&mut own, engagement(), at(1)).await.unwrap(), Linked::Busy(waiting));
        store.commit(&mut half, done(), at(1)).await.unwrap();
        assert_eq!(store.link(&mut own, engagement(), at(2)).await.unwrap(), Linked::Here);
        let Alias::Referral(other) = referral(2) else { panic!("a referral") };
        assert!(own.aliases.contains(&Alias::Half(other)), "{:?}", own.aliases);
        store.commit(&mut own, done(), at(2)).await.unwrap();
        assert_eq!(store.status().await.unwrap().keys, 1);
    });
}

#[test]
fn many_at_once_are_committed_in_groups() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = Arc::new(open(dir.path()));
        let mut tasks = Vec::new();
        for n in 0..400_u32 {
            let store = store.clone();
            let name = Alias::Engagement(format!("e-{n}"));
            tasks.push(tokio::spawn(async move {
                store.accept(vec![name], None, Source::Webhook, at(0)).await.unwrap();
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(store.status().await.unwrap().keys, 400);
        assert!(store.commits() < 300, "{} commits", store.commits());
    });
}

#[test]
fn a_repeated_event_is_counted_and_harmless() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        for n in 0..3 {
            let event =
                Some(HintEvent { name: "referral-updated".to_owned(), hash: "hash".to_owned() });
            let accepted =
                store.accept(vec![referral(1)], event, Source::Webhook, at(n)).await.unwrap();
            assert_eq!(accepted.replayed, n > 0);
        }
        let status = store.status().await.unwrap();
        assert_eq!((status.keys, status.counters["replayed"]), (1, 2));
    });
}

#[test]
fn a_changed_audit_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        hint(&store, record(1), at(0)).await;
        let mut held = claim(&store, at(0)).await;
        for n in 0..5 {
            let commit = Commit { audit: vec![format!(r#"{{"n":{n}}}"#)], ..Commit::default() };
            store.commit(&mut held, commit, at(n)).await.unwrap();
        }
        let Verified { lines, last, broken_at } = store.verify().await.unwrap();
        assert_eq!((lines, last.len(), broken_at), (5, 64, None));
        let db = super::sqlite::Db::open(&dir.path().join("state.db")).unwrap();
        assert!(db.run("DELETE FROM audit WHERE seq = 2", &[]).is_err(), "append-only");
        db.batch("DROP TRIGGER audit_is_not_changed; UPDATE audit SET at = at + 1 WHERE seq = 3;")
            .unwrap();
        assert_eq!(store.verify().await.unwrap().broken_at, Some(3));
        assert_eq!(store.audit(Some(held.key), 2).await.unwrap().len(), 2);
    });
}

#[test]
fn a_newer_file_and_a_second_runner_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    let store = open(dir.path());
    let second = SqliteStore::open(&path, Role::Runner).map(drop);
    assert!(matches!(second, Err(StoreError::InUse(_))), "{second:?}");
    assert!(SqliteStore::open(&path, Role::Visitor).is_ok());
    drop(store);
    let db = super::sqlite::Db::open(&path).unwrap();
    db.batch("PRAGMA user_version = 999").unwrap();
    let newer = SqliteStore::open(&path, Role::Visitor).map(drop);
    assert!(matches!(newer, Err(StoreError::TooNew { found: 999, .. })), "{newer:?}");
}

#[test]
fn cursors_move_only_from_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        assert!(store.advance("c", None, "1".to_owned()).await.unwrap());
        assert!(!store.advance("c", None, "2".to_owned()).await.unwrap());
        assert!(!store.advance("c", Some("0".to_owned()), "2".to_owned()).await.unwrap());
        assert!(store.advance("c", Some("1".to_owned()), "2".to_owned()).await.unwrap());
        assert_eq!(store.cursor("c").await.unwrap().as_deref(), Some("2"));
    });
}

#[test]
fn a_shared_record_is_claimed_by_one_deal() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        hint(&store, referral(1), at(0)).await;
        hint(&store, referral(2), at(0)).await;
        let (mut one, two) = (claim(&store, at(0)).await, claim(&store, at(0)).await);
        let name = || "Account|Contoso".to_owned();
        assert!(store.reserve(&one, name(), at(0), at(600)).await.unwrap());
        assert!(!store.reserve(&two, name(), at(0), at(600)).await.unwrap());
        store.commit(&mut one, done(), at(1)).await.unwrap();
        assert!(store.reserve(&two, name(), at(1), at(600)).await.unwrap());
    });
}

#[test]
fn parked_deals_are_listed_kept_and_released_by_cause() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        hint(&store, referral(1), at(0)).await;
        let cause = |code: &str| Cause {
            code: code.to_owned(),
            message: "m".to_owned(),
            map: None,
            map_line: None,
            help: "h".to_owned(),
        };
        let park = || Commit { next: Next::Parked(vec![cause("a")]), ..Commit::default() };
        let mut held = claim(&store, at(1)).await;
        store.commit(&mut held, park(), at(1)).await.unwrap();
        assert!(is_idle(&store, at(2)).await);
        assert_eq!(store.release(Release::Code("b".to_owned()), at(3)).await.unwrap(), 0);
        assert_eq!(store.release(Release::Code("a".to_owned()), at(3)).await.unwrap(), 1);
        let mut held = claim(&store, at(3)).await;
        store.commit(&mut held, park(), at(4)).await.unwrap();
        let status = store.status().await.unwrap();
        assert_eq!(status.parked[0].since, at(1), "the same cause keeps its time");
        hint(&store, referral(1), at(5)).await;
        let mut held = claim(&store, at(5)).await;
        assert!(held.parked.is_some());
        store.commit(&mut held, done(), at(6)).await.unwrap();
        assert_eq!(store.status().await.unwrap().parked_count, 0);
    });
}

/// What the model test does.
#[derive(Debug, Clone)]
enum Step {
    Accept(u8),
    Take,
    Commit { claim: usize, next: u8 },
    Wait(i64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_u8).prop_map(Step::Accept),
        4 => Just(Step::Take),
        4 => (0..4_usize, 0..3_u8).prop_map(|(claim, next)| Step::Commit { claim, next }),
        2 => (1..90_i64).prop_map(Step::Wait),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..60)
}

/// One deal as the model sees it.
#[derive(Debug, Default)]
struct Model {
    dirty: u64,
    done: u64,
    due: i64,
    epoch: u64,
    lease_until: i64,
    commits: u64,
}

async fn against_model(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut now = 0_i64;
    let mut model: BTreeMap<KeyId, Model> = BTreeMap::new();
    let mut names: BTreeMap<u8, KeyId> = BTreeMap::new();
    // A claim, the epoch and the dirty marks it was given with, and the commits before it.
    let mut claims: Vec<(Claim, u64, u64, u64)> = Vec::new();
    for step in steps {
        match step {
            Step::Accept(n) => {
                let key = hint(&store, referral(n), at(now)).await;
                assert_eq!(*names.entry(n).or_insert(key), key);
                let deal = model.entry(key).or_default();
                if deal.dirty == deal.done {
                    deal.due = now;
                }
                deal.dirty += 1;
            }
            Step::Take => match store.take(at(now), LEASE).await.unwrap() {
                Taken::Claim(claim) => {
                    let deal = model.get_mut(&claim.key).unwrap();
                    assert!(deal.dirty > deal.done && deal.due <= now && deal.lease_until <= now);
                    deal.epoch += 1;
                    deal.lease_until = now + 60;
                    claims.push((*claim, deal.epoch, deal.dirty, deal.commits));
                }
                Taken::Idle(_) => {
                    let mut deals = model.values();
                    assert!(!deals.any(|deal| deal.dirty > deal.done
                        && deal.due <= now
                        && deal.lease_until <= now));
                }
            },
            Step::Commit { claim, next } => {
                if claims.is_empty() {
                    continue;
                }
                let index = claim % claims.len();
                let (mut claim, epoch, upto, commits) = claims.remove(index);
                let deal = model.get_mut(&claim.key).unwrap();
                let ok = deal.epoch == epoch && deal.commits == commits;
                let next = match next {
                    0 => Next::Hold,
                    1 => Next::Later { at: at(now + 30), counted: true, why: "w".to_owned() },
                    _ => Next::Done,
                };
                let held = next == Next::Hold;
                let commit = Commit { next: next.clone(), ..Commit::default() };
                let got = store.commit(&mut claim, commit, at(now)).await;
                assert_eq!(got.is_ok(), ok, "{got:?}");
                if !ok {
                    continue;
                }
                deal.commits += 1;
                match next {
                    Next::Later { .. } => (deal.lease_until, deal.due) = (0, now + 30),
                    Next::Done | Next::Parked(_) => {
                        (deal.lease_until, deal.due) = (0, now);
                        deal.done = deal.done.max(upto);
                    }
                    Next::Hold => {}
                }
                if held {
                    claims.push((claim, epoch, upto, deal.commits));
                }
            }
            Step::Wait(seconds) => now += seconds,
            Step::Reopen => {
                drop(store);
                store = loop {
                    let path = dir.path().join("state.db");
                    match SqliteStore::open(&path, Role::Runner) {
                        Ok(store) => break store,
                        Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
                    }
                };
                for deal in model.values_mut().filter(|deal| deal.lease_until > 0) {
                    deal.epoch += 1;
                    deal.lease_until = 0;
                }
            }
        }
        let status = store.status().await.unwrap();
        let dirty = model.values().filter(|deal| deal.dirty > deal.done).count();
        let counts = (model.len() as u64, dirty as u64);
        assert_eq!((status.keys, status.dirty), counts);
    }
    let keys: BTreeSet<KeyId> = names.values().copied().collect();
    assert_eq!(keys.len(), names.len(), "a key belongs to one name");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_its_model_does(steps in steps()) {
        run(against_model(steps));
    }
}
