//! Each story of `acts`, with `kill -9` at a moment of chance in it.
//!
//! In: a machine, stories, moments from a seed. Out: the same outcome as without the kill, every record once.
//! Must not know: what the service was doing when it was killed.
//!
//! `COSELL_KILLS` says how many kills there are (8, and 200 in the test that is left out otherwise),
//! `COSELL_SEED` when they come.

use std::io::Write as _;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::acts;
use crate::chance::{self, Chance};
use crate::machine::Machine;
use crate::office::beside;
use crate::sides::Sides;

/// The latest moment of a kill, in milliseconds after the story began.
const LATEST: u64 = 2500;

/// Said also while the test runs.
fn tell(what: &str) {
    let _ = writeln!(std::io::stdout(), "{what}");
}

/// So many kills, one in each story, and the list again when all had one.
async fn kills(number: u64, count: u64) {
    let mut chance = Chance::new(number);
    let mut machine = Machine::quiet().await;
    let since = Instant::now();
    let all = u64::try_from(acts::ALL.len()).unwrap();
    // Not every seed begins with the same story.
    let first = chance.below(all);
    for round in 0..count {
        let story = acts::ALL[usize::try_from((first + round) % all).unwrap()];
        let at = chance.below(LATEST);
        tell(&format!("round {round}: {story:?}, killed after {at} ms"));
        let sides = Sides::new(&machine.ready);
        let deal = story.prepare(&sides, &format!("Alpine {round}x")).await;
        sides.settled().await;
        sides.listen().await;
        let kill = async {
            sleep(Duration::from_millis(at)).await;
            machine.kill_and_wait("serve").await;
        };
        tokio::join!(story.play(&sides, &deal), kill);
        sides.settled().await;
        story.is_whole(&sides, &deal).await;
        let status = sides.status().await;
        assert_eq!(status["parked_count"], 0, "{status:#}");
    }
    // The history of all of it fits together.
    let (code, said) = beside(&machine, &["verify"]);
    assert_eq!(code, Some(0), "{said}");
    tell(&format!(
        "kills {count}, stories {}, lost 0, duplicate 0, {:?}",
        count.min(all),
        since.elapsed()
    ));
}

#[tokio::test]
async fn a_story_that_is_killed_ends_as_if_it_had_not_been() {
    kills(4, chance::kills(8)).await;
}

#[tokio::test]
#[ignore = "half an hour: tests/soak/kills runs it"]
async fn many_stories_that_are_killed_end_as_if_they_had_not_been() {
    kills(5, chance::kills(200)).await;
}
