//! Solutions that Microsoft would not know are not sent.
//!
//! In: a scene and a decision, the partner's catalogue. Out: nothing, or a deal that is parked with the
//! nearest solution that is known. Must not know: field names; the plan says where solutions are.
//!
//! The catalogue counts only once a list was imported: referrals that were seen name some solutions, not
//! all of them. What Microsoft's own record names already is known to it.

use mapping::decision::{Change, Decision, Effect};
use mapping::plan::Catalogued;
use mapping::problem::nearest;
use serde_json::Value;

use crate::dotted::at;
use crate::store::{Cause, Commit, Solution, Store};
use crate::wires::Wires;

use super::identity::Scene;
use super::{Deal, Halt};

/// The cause of a deal that names a solution which is not in the catalogue.
const UNKNOWN: &str = "unknown-solution";

impl<S: Store, W: Wires> Deal<'_, S, W> {
    /// Keeps the solutions that the referral names, and parks the deal when a rep's is not known.
    pub(super) async fn solutions(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
    ) -> Result<Option<Commit>, Halt> {
        let Some(place) = scene.map.plan().catalogued() else { return Ok(None) };
        let there = scene.left.as_ref().map_or_else(Vec::new, |left| named(&left.body, &place));
        let sent = sent(&decision.left, &place);
        let new: Vec<&Solution> =
            sent.iter().filter(|one| there.iter().all(|known| known.id != one.id)).collect();
        let known = self.worker.store.solutions().await?;
        let now = self.now();
        let unseen = |one: &&Solution| !known.iter().any(|known| known.id == one.id && known.seen);
        let unseen: Vec<Solution> = there.iter().filter(unseen).cloned().collect();
        if !unseen.is_empty() {
            self.worker.store.see_solutions(unseen, now).await?;
        }
        if !known.iter().any(|solution| solution.imported) {
            return Ok(None);
        }
        let unknown = new.into_iter().filter(|one| known.iter().all(|known| known.id != one.id));
        let (map, line) = scene.map.plan().place(place.map_line);
        let causes: Vec<Cause> = unknown.map(|one| cause(one, &known, map, line)).collect();
        let Some(first) = causes.first() else { return Ok(None) };
        let reason = first.message.clone();
        self.refuse(scene, decision, causes, reason).await.map(Some)
    }
}

fn cause(solution: &Solution, known: &[Solution], map: &str, map_line: usize) -> Cause {
    let Solution { id, name, .. } = solution;
    let called = |one: &&Solution| !name.is_empty() && one.name.eq_ignore_ascii_case(name);
    let near = nearest(id, known.iter().map(|one| one.id.as_str()));
    let near =
        known.iter().find(|one| near == Some(&*one.id)).or_else(|| known.iter().find(called));
    let meant = near.map_or_else(String::new, |near| {
        let name = if near.name.is_empty() { String::new() } else { format!(" ({})", near.name) };
        format!("; did you mean `{}`{name}?", near.id)
    });
    Cause {
        code: UNKNOWN.to_owned(),
        message: format!("the solution `{id}` is not in the catalogue{meant}"),
        map: Some(map.to_owned()),
        map_line: Some(map_line),
        help: "correct the solution's identifier in Salesforce, or bring the catalogue up to date with \
               `cosell solutions import FILE` and let the deal go on with `cosell release`"
            .to_owned(),
    }
}

/// The solutions that a referral names.
fn named(body: &str, place: &Catalogued) -> Vec<Solution> {
    let Ok(body) = serde_json::from_str::<Value>(body) else { return Vec::new() };
    let list = at(&body, place.list);
    list.map_or_else(Vec::new, |list| elements(list, place))
}

/// The solutions that would be sent.
fn sent(effect: &Effect, place: &Catalogued) -> Vec<Solution> {
    let changes: &[Change] = match effect {
        Effect::Create(draft) => &draft.changes,
        Effect::Update { changes, .. } => changes,
        // Those of the deal, which was shared with them.
        Effect::Nothing | Effect::Invite(_) => &[],
    };
    let lists = changes.iter().filter(|change| change.path == place.list);
    let lists = lists.filter_map(|change| serde_json::from_str::<Value>(&change.value).ok());
    lists.flat_map(|list| elements(&list, place)).collect()
}

fn elements(list: &Value, place: &Catalogued) -> Vec<Solution> {
    let text = |element: &Value, name: &str| {
        element.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    };
    let all = list.as_array().map_or(&[][..], Vec::as_slice);
    // A category of Microsoft's is no solution of the partner's.
    let all = all.iter().filter(|element| text(element, place.sort) != place.category);
    let all = all.map(|element| Solution {
        id: text(element, place.id),
        name: text(element, place.name),
        kind: text(element, place.kind),
        ..Solution::default()
    });
    all.filter(|solution| !solution.id.is_empty()).collect()
}
