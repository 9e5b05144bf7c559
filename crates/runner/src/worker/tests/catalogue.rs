//! Solutions that are not in the partner's catalogue.

use serde_json::json;

use super::house::{House, REFERRAL};
use crate::store::{Imported, Release, Solution, Store};

fn solution(id: &str, name: &str) -> Solution {
    Solution { id: id.to_owned(), name: name.to_owned(), ..Solution::default() }
}

async fn import(house: &House, solutions: &[Solution]) -> Imported {
    house.worker.store.import_solutions(solutions.to_vec()).await.unwrap()
}

fn add(house: &House, deal: &str, id: &str) -> String {
    let fields = json!({"Name": "Depot", "Opportunity__c": deal, "Solution_Identifier__c": id});
    house.world.add_row("Microsoft_Solution__c", &fields)
}

#[tokio::test]
async fn a_solution_that_is_not_in_the_catalogue_is_held_before_it_is_sent() {
    let house = House::new().await;
    import(&house, &[solution("SOL-30417-EXA", "Route Planner"), solution("SOL-2-ABC", "Depot")])
        .await;
    let deal = house.flagged();
    let wrong = add(&house, &deal, "SOL-2-ABX");
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["unknown-solution"]);
    assert!(house.world.state().referrals.is_empty(), "nothing was sent");
    let status = house.worker.store.status().await.unwrap();
    let cause = &status.parked[0].causes[0];
    assert_eq!(
        cause.message,
        "the solution `SOL-2-ABX` is not in the catalogue; did you mean `SOL-2-ABC` (Depot)?"
    );
    assert!(cause.map_line.is_some() && cause.help.contains("cosell solutions import"));
    let audit = house.opportunity(&deal)["Audit__c"].to_string();
    assert!(audit.contains("SOL-2-ABX"), "the seller is told: {audit}");

    house.world.edit_row(
        "Microsoft_Solution__c",
        &wrong,
        "Solution_Identifier__c",
        json!("SOL-2-ABC"),
    );
    house.clock.advance(std::time::Duration::from_mins(2));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    let (_, referral) = house.the_referral();
    assert_eq!(referral["details"]["requirements"]["solutions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_import_lets_the_deal_go_on() {
    let house = House::new().await;
    import(&house, &[solution("SOL-1-AAA", "Other")]).await;
    house.flagged();
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["unknown-solution"]);
    let done = import(&house, &[solution("SOL-30417-EXA", "Route Planner")]).await;
    assert_eq!(done, Imported { new: 1, gone: 1, ..Imported::default() });
    let code = Release::Code("unknown-solution".to_owned());
    house.worker.store.release(code, house.clock.now()).await.unwrap();
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    house.the_referral();
}

#[tokio::test]
async fn without_an_imported_list_nothing_is_held_and_what_is_seen_is_kept() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let seen = house.worker.store.solutions().await.unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|one| one.seen && !one.imported), "{seen:?}");
    let (deal, _) = house.the_opportunity();
    house.clock.advance(std::time::Duration::from_mins(2));
    add(&house, &deal, "SOL-NEVER-SEEN");
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    let solutions = &house.referral(REFERRAL)["details"]["requirements"]["solutions"];
    assert!(solutions.to_string().contains("SOL-NEVER-SEEN"));

    // What Microsoft has already is known, also when a list does not name it.
    import(&house, &[solution("SOL-1-AAA", "Other")]).await;
    let known = house.worker.store.solutions().await.unwrap();
    assert!(known.iter().any(|one| one.id == "SOL-NEVER-SEEN" && one.seen), "{known:?}");
    house.clock.advance(std::time::Duration::from_mins(2));
    add(&house, &deal, "SOL-1-AAA");
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
}
