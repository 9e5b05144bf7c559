//! Several services for one state file: one works, the others stand by.
//!
//! In: a sandbox and services that share a configuration, kills. Out: who works, and that each record was made
//! once. Must not know: the service inside.

use std::time::Duration;

use tokio::time::sleep;

use crate::acts::Story;
use crate::environments::Town;
use crate::sides::{Sides, eventually};

const NAMES: [&str; 3] = ["first", "second", "third"];

/// Who of these works, once one does.
async fn at_work(town: &Town, names: &[&str]) -> String {
    eventually("one of them works", async || {
        names.iter().find(|name| town.is_ready(name)).map(|name| (*name).to_owned())
    })
    .await
}

#[tokio::test]
async fn three_services_on_one_state_file_work_one_at_a_time_and_the_next_takes_over() {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    let sides = Sides::new(&town.alone("copy", &copy));
    let config = town.place("cosell.yaml").display().to_string();
    for name in NAMES {
        town.start(name, &["serve", "--config", &config]);
    }
    // Who would not wait is refused, and disturbs nobody.
    let mut left = NAMES.to_vec();
    let stories = [Story::Arrives, Story::ByRep, Story::Shares];
    for (round, story) in stories.into_iter().enumerate() {
        let customer = format!("Alpine {round}x");
        let worker = at_work(&town, &left).await;
        let ready: Vec<&&str> = left.iter().filter(|name| town.is_ready(name)).collect();
        assert_eq!(ready.len(), 1, "one alone works: {ready:?}");
        let (code, said) = town.run(&["serve"]);
        assert!(code == Some(2) && said.contains("in use by another program"), "{said}");
        assert!(said.contains("`cosell status` asks it") && !said.contains("--state"), "{said}");
        let deal = story.prepare(&sides, &customer).await;
        if left.len() == 1 {
            story.play(&sides, &deal).await;
        } else {
            left.retain(|name| *name != worker);
            let kill = async {
                sleep(Duration::from_millis(300)).await;
                town.kill(&worker);
            };
            tokio::join!(story.play(&sides, &deal), kill);
        }
        sides.settled().await;
        story.is_whole(&sides, &deal).await;
    }
    let (code, said) = town.run(&["verify"]);
    assert_eq!(code, Some(0), "{said}");
}
