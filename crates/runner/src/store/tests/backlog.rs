//! The backlog: it gives way, it is resumed, nothing of it comes twice or is lost.

use super::*;

async fn begin(store: &SqliteStore, share: u32, at_once: usize) {
    store.prepare_backfill(None, share, at_once, at(0)).await.unwrap();
    assert!(store.say_backfill(BackfillWord::Start, at(0)).await.unwrap());
}

async fn page(store: &SqliteStore, expected: Option<&str>, place: &str, names: &[Alias]) -> bool {
    let records = names.iter().cloned().map(Hint::from).collect::<Vec<_>>();
    let listed = u64::try_from(records.len()).unwrap();
    let expected = expected.map(str::to_owned);
    store.keep_page("x", expected, place.to_owned(), listed, records).await.unwrap()
}

async fn stands(store: &SqliteStore) -> (BackfillState, [u64; 4]) {
    let found = store.backfill().await.unwrap();
    (found.state, [found.left, found.in_work, found.done, found.parked])
}

async fn finish(store: &SqliteStore, mut claim: Claim, now: Timestamp) {
    store.commit(&mut claim, done(), now).await.unwrap();
}

#[test]
fn what_changes_comes_first_and_old_deals_have_their_share_of_the_turns() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        begin(&store, 10, 3).await;
        let old: Vec<Alias> = (100..130).map(referral).collect();
        assert!(page(&store, None, "a", &old).await);
        // A live deal is due at each of a hundred turns: ten of them are for the backlog, not in a row.
        let mut turns = Vec::new();
        for turn in 0..100 {
            hint(&store, referral(1), at(turn)).await;
            let claim = claim(&store, at(turn)).await;
            turns.push(claim.is_old);
            finish(&store, claim, at(turn)).await;
        }
        assert_eq!(turns.iter().filter(|is_old| **is_old).count(), 10, "{turns:?}");
        assert!(!turns.windows(2).any(|two| two == [true, true]), "{turns:?}");
        // When nothing else is due it goes on with all turns.
        let live = claim(&store, at(200)).await;
        assert!(!live.is_old);
        finish(&store, live, at(200)).await;
        for left in (0..20).rev() {
            let old = claim(&store, at(200)).await;
            assert!(old.is_old && old.because[0].source == "backfill");
            finish(&store, old, at(200)).await;
            assert_eq!(store.backfill().await.unwrap().left, left);
        }
        store.end_lists(at(201)).await.unwrap();
        assert_eq!(stands(&store).await, (BackfillState::Done, [0, 0, 30, 0]));
    });
}

#[test]
fn without_a_share_old_deals_wait_until_nothing_else_is_due() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        begin(&store, 0, 3).await;
        page(&store, None, "a", &[referral(9)]).await;
        for turn in 0..250 {
            hint(&store, referral(1), at(turn)).await;
            let live = claim(&store, at(turn)).await;
            assert!(!live.is_old);
            finish(&store, live, at(turn)).await;
        }
        assert!(claim(&store, at(300)).await.is_old);
    });
}

#[test]
fn one_worker_is_always_for_what_changes() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        begin(&store, 100, 2).await;
        page(&store, None, "a", &[referral(7), referral(8), referral(9)]).await;
        let (first, second) = (claim(&store, at(1)).await, claim(&store, at(1)).await);
        assert!(first.is_old && second.is_old);
        assert!(is_idle(&store, at(1)).await, "two at once");
        hint(&store, referral(1), at(1)).await;
        assert!(!claim(&store, at(1)).await.is_old);
        finish(&store, first, at(2)).await;
        assert!(claim(&store, at(2)).await.is_old);
    });
}

#[test]
fn a_page_is_kept_with_its_place_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        begin(&store, 10, 3).await;
        assert!(page(&store, None, "a", &[referral(1), referral(2)]).await);
        // A reader that did not hear of it comes again with the same page, or with an old place.
        assert!(!page(&store, None, "a", &[referral(1), referral(3)]).await);
        assert!(page(&store, Some("a"), "b", &[referral(1), referral(2), referral(4)]).await);
        assert_eq!(store.backfill().await.unwrap().left, 3);
        // One that changes meanwhile, and one that is known before its page comes, are no part of it.
        hint(&store, referral(2), at(1)).await;
        hint(&store, referral(5), at(1)).await;
        page(&store, Some("b"), "c", &[referral(5)]).await;
        for _ in 0..2 {
            let live = claim(&store, at(1)).await;
            assert!(!live.is_old);
            finish(&store, live, at(1)).await;
        }
        for wanted in [1, 4] {
            let old = claim(&store, at(2)).await;
            assert_eq!((old.is_old, old.aliases.clone()), (true, vec![referral(wanted)]));
            finish(&store, old, at(2)).await;
        }
        assert!(is_idle(&store, at(2)).await);
        assert_eq!(stands(&store).await, (BackfillState::Running, [0, 0, 2, 0]));
    });
}

#[test]
fn what_was_begun_is_gone_on_with_after_an_end_and_during_a_pause() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let path = dir.path().join("state.db");
        let store = open(dir.path());
        begin(&store, 10, 3).await;
        page(&store, None, "a", &[referral(1), referral(2)]).await;
        let lost = claim(&store, at(1)).await;
        drop(store);
        let store = loop {
            match SqliteStore::open(&path, Role::Runner) {
                Ok(store) => break store,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        assert_eq!(stands(&store).await, (BackfillState::Running, [1, 1, 0, 0]));
        assert!(store.say_backfill(BackfillWord::Pause, at(2)).await.unwrap());
        assert!(!store.say_backfill(BackfillWord::Start, at(2)).await.unwrap());
        assert!(!page(&store, Some("a"), "b", &[referral(3)]).await, "nothing is listed");
        let again = claim(&store, at(2)).await;
        assert_eq!((again.key, again.is_old), (lost.key, true));
        finish(&store, again, at(2)).await;
        assert!(is_idle(&store, at(2)).await, "no further one is begun");
        assert!(store.say_backfill(BackfillWord::Resume, at(3)).await.unwrap());
        let next = claim(&store, at(3)).await;
        assert_eq!(next.aliases, [referral(2)]);
        finish(&store, next, at(3)).await;
        assert!(page(&store, Some("a"), "b", &[referral(3)]).await, "from where it was");
    });
}

#[test]
fn a_parked_deal_is_told_and_released_like_others() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        begin(&store, 10, 3).await;
        page(&store, None, "a", &[referral(1)]).await;
        let mut old = claim(&store, at(1)).await;
        let causes = vec![Cause {
            code: "x".to_owned(),
            message: "m".to_owned(),
            map: None,
            map_line: None,
            help: "h".to_owned(),
        }];
        let commit = Commit { next: Next::Parked(causes), ..Commit::default() };
        store.commit(&mut old, commit, at(1)).await.unwrap();
        store.end_lists(at(2)).await.unwrap();
        assert_eq!(stands(&store).await, (BackfillState::Done, [0, 0, 0, 1]));
        assert_eq!(store.release(Release::All, at(3)).await.unwrap(), 1);
        let released = claim(&store, at(3)).await;
        assert!(!released.is_old, "a person asked for it");
        finish(&store, released, at(3)).await;
        assert_eq!(stands(&store).await, (BackfillState::Done, [0, 0, 1, 0]));
    });
}

#[test]
fn old_deals_that_wait_for_their_share_are_few_and_news_of_one_brings_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        begin(&store, 10, 1).await;
        page(&store, None, "a", &(1..=9).map(referral).collect::<Vec<_>>()).await;
        let mut begun = 0;
        while let Taken::Claim(mut claim) = store.take(at(1), LEASE).await.unwrap() {
            let next = Next::Later { at: at(900), counted: false, why: "no calls".to_owned() };
            let commit = Commit { next, ..Commit::default() };
            store.commit(&mut claim, commit, at(1)).await.unwrap();
            begun += 1;
        }
        assert_eq!((begun, store.backfill().await.unwrap().left), (4, 5));
        hint(&store, referral(2), at(2)).await;
        let news = claim(&store, at(2)).await;
        assert_eq!((news.is_old, news.aliases.clone()), (false, vec![referral(2)]));
    });
}

#[test]
fn a_first_start_that_asks_leaves_old_deals_and_a_stop_leaves_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        store.prepare_backfill(Some(at(5)), 10, 3, at(5)).await.unwrap();
        let found = store.backfill().await.unwrap();
        assert_eq!((found.state, found.old_before), (BackfillState::Waiting, Some(at(5))));
        store.prepare_backfill(Some(at(9)), 10, 3, at(9)).await.unwrap();
        assert_eq!(store.backfill().await.unwrap(), found, "only the first start counts");
        assert!(!store.say_backfill(BackfillWord::Stop, at(6)).await.unwrap());
        assert!(store.say_backfill(BackfillWord::Start, at(6)).await.unwrap());
        page(&store, None, "a", &[referral(1), referral(2)]).await;
        let begun = claim(&store, at(7)).await;
        assert!(store.say_backfill(BackfillWord::Stop, at(8)).await.unwrap());
        finish(&store, begun, at(8)).await;
        assert!(is_idle(&store, at(8)).await);
        let found = store.backfill().await.unwrap();
        assert_eq!(
            (found.state, found.old_before, found.left),
            (BackfillState::Stopped, Some(at(5)), 0)
        );
        // From the beginning; what is known is left out.
        assert!(store.say_backfill(BackfillWord::Start, at(9)).await.unwrap());
        assert!(page(&store, None, "a", &[referral(1), referral(2)]).await);
        let next = claim(&store, at(9)).await;
        assert_eq!(next.aliases, [referral(2)]);
        finish(&store, next, at(9)).await;
        store.end_lists(at(9)).await.unwrap();
        let found = store.backfill().await.unwrap();
        assert_eq!(
            (found.state, found.old_before, found.done),
            (BackfillState::Done, Some(at(5)), 1)
        );
    });
}

#[test]
fn whoever_had_a_service_is_not_asked_and_who_changes_the_mind_has_them_taken() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        hint(&store, referral(1), at(0)).await;
        store.prepare_backfill(Some(at(1)), 10, 3, at(1)).await.unwrap();
        assert_eq!(stands(&store).await.0, BackfillState::None);
        drop(store);
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        store.prepare_backfill(Some(at(1)), 10, 3, at(1)).await.unwrap();
        store.prepare_backfill(None, 10, 3, at(2)).await.unwrap();
        assert_eq!(stands(&store).await.0, BackfillState::Running);
    });
}
