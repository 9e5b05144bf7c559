//! Times that matter to deals, as people are told of them.
//!
//! In: deadlines, the time. Out: words, and what is urgent; a note and a warning in good time. Must not
//! know: where a deadline comes from.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::standing::Standing;
use crate::store::{DeadlineKey, DeadlineKind, KeyId};

/// So long before nobody may answer any more it is urgent.
const URGENT: SignedDuration = SignedDuration::from_hours(72);
/// So many deals are named in a note.
const NAMED: usize = 5;
/// How often deadlines are looked at.
pub(crate) const PAUSE: Duration = Duration::from_mins(1);
/// The note about deals that somebody has to answer soon.
const NOTE: &str = "unanswered";

/// Whether somebody has to act soon.
pub fn is_urgent(timed: &DeadlineKey, now: Timestamp) -> bool {
    match timed.kind {
        DeadlineKind::Answer => timed.at.duration_since(now) <= URGENT,
        DeadlineKind::Write => false,
    }
}

/// How long until then, in the largest unit that is not rough: `6 d`, `20 h`, `5 min`, `over`.
pub fn left(at: Timestamp, now: Timestamp) -> String {
    let minutes = at.duration_since(now).as_secs().div_euclid(60);
    match minutes {
        i64::MIN..=0 => "over".to_owned(),
        1..=119 => format!("{minutes} min"),
        120..=2879 => format!("{} h", minutes / 60),
        2880.. => format!("{} d", minutes / 1440),
    }
}

/// What was warned of, so that each deadline is told once.
#[derive(Debug, Default)]
pub(crate) struct Warned(BTreeSet<(KeyId, Timestamp)>);

impl Warned {
    /// Notes and warns of what is urgent. Names deals by their numbers only.
    pub(crate) fn look(&mut self, deadlines: &[DeadlineKey], standing: &Standing, now: Timestamp) {
        let urgent: Vec<&DeadlineKey> =
            deadlines.iter().filter(|timed| is_urgent(timed, now)).collect();
        for timed in &urgent {
            let at = timed.at;
            if self.0.insert((timed.key, at)) {
                tracing::warn!(key = %timed.key, until = %at, "nobody has answered this deal yet");
            }
        }
        self.0.retain(|(key, at)| urgent.iter().any(|timed| (timed.key, timed.at) == (*key, *at)));
        standing.note(NOTE, sentence(&urgent, now));
    }
}

/// The note: how many, which, until when.
fn sentence(urgent: &[&DeadlineKey], now: Timestamp) -> Option<String> {
    let first = urgent.iter().map(|timed| timed.at).min()?;
    let mut names: Vec<String> =
        urgent.iter().take(NAMED).map(|timed| timed.key.to_string()).collect();
    if urgent.len() > NAMED {
        names.push("…".to_owned());
    }
    let (names, until) = (names.join(", "), first.strftime("%Y-%m-%d %H:%M UTC"));
    let count = match urgent.len() {
        1 => "1 deal waits".to_owned(),
        several => format!("{several} deals wait"),
    };
    Some(format!(
        "{count} for an answer to Microsoft, the first until {until} ({}): {names}; \
         a rep accepts by moving the stage on, or declines by closing it as lost",
        left(first, now)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(key: i64, kind: DeadlineKind, hours: i64) -> DeadlineKey {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let (rule, map) = ("hold referral".to_owned(), "o.map".to_owned());
        let (referral, record) = (None, None);
        DeadlineKey { key: KeyId(key), referral, record, kind, at, rule, map, map_line: 1 }
    }

    #[test]
    fn what_is_urgent_is_noted_until_it_is_answered() {
        let (standing, mut warned) = (Standing::default(), Warned::default());
        let now = Timestamp::UNIX_EPOCH;
        let all = [
            timed(4, DeadlineKind::Answer, 30),
            timed(5, DeadlineKind::Answer, 100),
            timed(6, DeadlineKind::Write, 2),
        ];
        warned.look(&all, &standing, now);
        let note = standing.snapshot().notes.remove(NOTE).unwrap();
        let start = "1 deal waits for an answer to Microsoft, the first until 1970-01-02 06:00 UTC (30 h): deal-4;";
        assert!(note.starts_with(start), "{note}");
        warned.look(&all[1..], &standing, now);
        assert_eq!(standing.snapshot().notes.len(), 0);
    }

    #[test]
    fn times_are_told_roughly() {
        let now = Timestamp::UNIX_EPOCH;
        let told = [-1, 0, 1, 5, 47, 48, 100]
            .map(|hours| left(timed(1, DeadlineKind::Answer, hours).at, now));
        assert_eq!(told, ["over", "over", "60 min", "5 h", "47 h", "2 d", "4 d"]);
    }
}
