//! What is kept of hints, and who may look.

use super::*;

#[test]
fn a_claim_knows_what_it_was_taken_for() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        let key = hint(&store, referral(1), at(0)).await;
        let words = |because: &[Because]| -> Vec<(String, Option<String>)> {
            because.iter().map(|hint| (hint.source.clone(), hint.event.clone())).collect()
        };
        let mut first = claim(&store, at(1)).await;
        assert_eq!(words(&first.because), [("poll".to_owned(), None)]);
        store.link(&mut first, record(1), at(2)).await.unwrap();
        store.commit(&mut first, done(), at(2)).await.unwrap();
        let name = "referral-updated".to_owned();
        let event = Some(HintEvent { name: name.clone(), hash: "h".to_owned() });
        store.accept(vec![referral(1)], event, Source::Webhook, at(3)).await.unwrap();
        let mut second = claim(&store, at(4)).await;
        assert_eq!(
            words(&second.because),
            [("webhook".to_owned(), Some(name))],
            "and not the poll"
        );
        store.commit(&mut second, done(), at(5)).await.unwrap();
        assert_eq!(store.release(Release::Linked, at(6)).await.unwrap(), 1);
        assert_eq!(words(&claim(&store, at(7)).await.because), [("census".to_owned(), None)]);
        let view = store.deal(key.to_string()).await.unwrap().unwrap();
        assert_eq!(view.hints.len(), 3);
        for name in ["00000000-0000-0000-0000-000000000001", "0065g000000000b"] {
            assert_eq!(store.deal(name.to_owned()).await.unwrap().unwrap().key, key, "{name}");
        }
        assert_eq!(store.deal("deal-9".to_owned()).await.unwrap(), None);
    });
}

#[test]
fn what_a_list_told_of_is_remembered_until_the_deal_is_in_step() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path());
        let tell = async |alias: Alias, second: i64| {
            let hint = Hint { alias, version: Some(at(second)) };
            store.accept(vec![hint], None, Source::Poll, at(10)).await.unwrap();
        };
        tell(record(1), 7).await;
        tell(record(1), 5).await;
        let mut first = claim(&store, at(11)).await;
        assert_eq!(first.told, [None, Some(at(7))], "the newest, at its side");
        store.link(&mut first, referral(1), at(11)).await.unwrap();
        tell(referral(1), 9).await;
        store.commit(&mut first, done(), at(12)).await.unwrap();
        let mut second = claim(&store, at(13)).await;
        assert_eq!(second.told, [Some(at(9)), Some(at(7))], "told while it was in work");
        store.commit(&mut second, done(), at(14)).await.unwrap();
        store.release(Release::Linked, at(15)).await.unwrap();
        assert_eq!(claim(&store, at(16)).await.told, [None, None]);
    });
}

#[test]
fn a_visitor_neither_makes_nor_changes_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    let visit = || SqliteStore::open(&path, Role::Visitor).map(drop);
    assert!(matches!(visit(), Err(StoreError::NotThere(_))));
    assert!(!path.exists());
    drop(open(dir.path()));
    visit().unwrap();
    let db = sqlite::Db::open(&path).unwrap();
    db.batch("PRAGMA user_version = 1").unwrap();
    assert!(matches!(visit(), Err(StoreError::TooOld { found: 1, .. })));
}
