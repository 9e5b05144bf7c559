//! A wire that rests, one call that tries it, and budgets that leave enough for the live stream.

use super::*;

fn gate(rest: Duration) -> Gate {
    let gate = Gate::new("salesforce");
    gate.set(Pace { failures: 3, rest, rest_most: rest * 4, ..Pace::default() });
    gate
}

fn no_answer() -> Came {
    Came::Failure { why: "no connection".to_owned(), about: None }
}

#[test]
fn a_wire_rests_after_failures_and_one_call_tries_it() {
    let gate = gate(Duration::from_millis(40));
    for _ in 0..3 {
        assert_eq!(gate.rests(), None);
        gate.admit(true).unwrap().tell(no_answer());
    }
    let Err(Error::Resting { after, why }) = gate.admit(true) else { panic!("it does not rest") };
    assert!(after <= Duration::from_millis(40) && why.contains("no connection"), "{why}");
    assert_eq!(gate.shown().state, "resting");
    std::thread::sleep(Duration::from_millis(45));
    let first = gate.admit(true).unwrap();
    assert!(matches!(gate.admit(true), Err(Error::Resting { .. })), "one call alone");
    assert_eq!((gate.shown().state.as_str(), gate.rests()), ("tried", Some(WHILE_TRIED)));
    first.tell(no_answer());
    // It rests for twice as long now, and what was given up leaves the next one to try.
    std::thread::sleep(Duration::from_millis(45));
    assert!(matches!(gate.admit(true), Err(Error::Resting { .. })));
    std::thread::sleep(Duration::from_millis(45));
    drop(gate.admit(true).unwrap());
    gate.admit(true).unwrap().tell(Came::Answer);
    assert_eq!((gate.shown().state.as_str(), gate.shown().rests), ("open", 2));
    gate.admit(true).unwrap().tell(no_answer());
    assert_eq!(gate.rests(), None, "failures are counted anew");
}

#[test]
fn one_record_that_the_other_side_cannot_handle_stops_no_wire() {
    let gate = gate(Duration::from_secs(9));
    let failed = |address: &str| Came::failed_at(address, "500".to_owned());
    for _ in 0..9 {
        gate.admit(true).unwrap().tell(failed("/a"));
    }
    assert_eq!(gate.rests(), None);
    gate.admit(true).unwrap().tell(failed("/b"));
    gate.admit(true).unwrap().tell(Came::Answer);
    for address in ["/a", "/b", "/c"] {
        assert_eq!(gate.rests(), None);
        gate.admit(true).unwrap().tell(failed(address));
    }
    assert!(gate.rests().is_some());
}

#[test]
fn who_is_told_to_wait_keeps_all_others_waiting() {
    let gate = gate(Duration::from_secs(9));
    gate.pause(Duration::from_secs(30), "429");
    gate.pause(Duration::from_secs(5), "429");
    let Err(Error::Resting { after, .. }) = gate.admit(true) else { panic!("it is not paused") };
    assert!(after > Duration::from_secs(25), "{after:?}");
    assert_eq!(gate.shown().state, "paused");
    gate.pause(Duration::from_hours(9), "429");
    assert!(gate.rests().unwrap() <= LONGEST_PAUSE);
}

/// How many calls of a lane go through at a moment, at most `most`.
async fn calls(gate: &Gate, lane: Lane, most: u64) -> u64 {
    lane.run(async {
        let mut count = 0;
        while count < most
            && gate.admit(true).is_ok_and(|permit| {
                permit.tell(Came::Answer);
                true
            })
        {
            count += 1;
        }
        count
    })
    .await
}

#[tokio::test]
async fn each_has_its_share_of_the_day_and_the_live_stream_the_rest() {
    let gate = Gate::new("salesforce");
    assert_eq!(calls(&gate, Lane::Census, 99).await, 99, "nobody knows the limit yet");
    // Half of 16,000 are ours: 8,000 a day, 4,000 of them at once.
    gate.used_of_day(100, 16_000);
    let within = |count: u64, wanted: u64| (wanted..=wanted + wanted / 50 + 1).contains(&count);
    let census = calls(&gate, Lane::Census, 9000).await;
    let backfill = calls(&gate, Lane::Backfill, 9000).await;
    let poll = calls(&gate, Lane::Poll, 9000).await;
    assert!(
        within(census, 100) && within(backfill, 200) && within(poll, 300),
        "{census} {backfill} {poll}"
    );
    let live = calls(&gate, Lane::Live, 2000).await;
    assert_eq!(live, 2000);
    // What is left is not for those who can wait.
    assert_eq!(calls(&gate, Lane::Sweep, 9000).await, 0);
    assert!(within(calls(&gate, Lane::Live, 9000).await, 4000 - 2000 - census - backfill - poll));
    let shown = gate.shown();
    assert_eq!((shown.of_day, shown.ours_a_day), (Some((100, 16_000)), Some(8000)));
    assert!(shown.held_back[&Lane::Sweep] == 1 && shown.calls[&Lane::Poll] == poll);
}

#[tokio::test]
async fn when_other_programs_use_the_day_up_the_background_stops_first() {
    let gate = Gate::new("salesforce");
    gate.used_of_day(13_000, 16_000);
    assert_eq!(calls(&gate, Lane::Backfill, 9).await, 0);
    assert_eq!((calls(&gate, Lane::Poll, 9).await, calls(&gate, Lane::Live, 9).await), (9, 9));
    gate.used_of_day(15_500, 16_000);
    assert_eq!((calls(&gate, Lane::Poll, 9).await, calls(&gate, Lane::Live, 9).await), (0, 9));
}

#[tokio::test]
async fn the_calls_of_a_minute_are_bounded_and_half_of_them_are_live() {
    let gate = Gate::new("partner center");
    gate.set(Pace { per_minute: 60, ..Pace::default() });
    let sweep = calls(&gate, Lane::Sweep, 99).await;
    assert!((30..=31).contains(&sweep), "{sweep}");
    let live = calls(&gate, Lane::Live, 99).await;
    assert!((30..=31).contains(&live), "{live}");
    let Err(Error::Resting { after, .. }) = gate.admit(true) else { panic!("it is bounded") };
    assert!(after <= Duration::from_secs(1), "{after:?}");
}
