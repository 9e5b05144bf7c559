//! What other maps would write to the deals there are, before they may.
//!
//! In: the state file, both systems, the maps in service and those that may take their place. Out: deals as they
//! are now, one at a time; figures by line. Must not know: files, terminals. Nothing is written anywhere.

use std::collections::BTreeMap;
use std::time::Duration;

use connect::Error;
use connect::partner_center::Referral;
use connect::salesforce::{ChildSelect, Filter, Select};
use mapping::decision::Base;
use mapping::diff::{Differ, Recorded, Summary};
use mapping::plan::Plan;
use mapping::schema::System;
use serde::Serialize;

use crate::deal_map::DealMap;
use crate::half::{self, Half};
use crate::poll::Setback;
use crate::store::{DealView, KeyId, Store, StoreError, record_of, referral_of};
use crate::wires::Wires;

/// How many keys are asked for at once.
const PAGE: u32 = 1000;

/// How much is looked at, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// So many deals at most, spread over all of them.
    pub most: usize,
    /// At least so long from one deal to the next.
    pub pace: Duration,
}

/// Why it could not be said what other maps would write.
#[derive(Debug)]
pub enum Unknown {
    /// A system refuses what the new maps read: the field is not there, or not for this user.
    Refused(String),
    /// It may work later.
    Later(String),
}

impl From<Setback> for Unknown {
    fn from(setback: Setback) -> Self {
        match setback {
            Setback::Store(error) => Unknown::Later(error.to_string()),
            Setback::Wire(system, Error::Refused { code, why, .. }) => Unknown::Refused(format!(
                "{system} refuses to read what the map names: {why} ({code})"
            )),
            Setback::Wire(system, error) => Unknown::Later(format!("{system}: {error}")),
        }
    }
}

/// What other maps would do with the deals that were looked at. No value of a record is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// Deals that were looked at.
    pub looked_at: u64,
    /// Deals that have both records.
    pub of: u64,
    /// Deals that one of the two records could not be read of.
    pub unreadable: u64,
    /// Deals that would be written to otherwise, or parked otherwise.
    pub changed: u64,
    /// The lines that are why, in the order of the maps.
    pub lines: Vec<LineFigure>,
}

/// What one line of a map would do otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineFigure {
    /// The file.
    pub map: String,
    /// The line, from 1.
    pub line: usize,
    /// What it says.
    pub says: String,
    /// `writes`, `gone`, `new-fault`, `new-conflict`, `solved-fault` or `solved-conflict`.
    pub what: &'static str,
    /// The fields that are written otherwise.
    pub fields: Vec<String>,
    /// How many of the deals.
    pub deals: u64,
}

/// A deal as both systems have it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The deal.
    pub key: KeyId,
    /// The object of its record, which tells the map.
    pub object: String,
    /// Both records and the base; none when one of the records cannot be read.
    pub recorded: Option<Recorded>,
}

/// Every deal that has both records, by number.
pub async fn linked<S: Store>(store: &S) -> Result<Vec<KeyId>, StoreError> {
    let mut all = Vec::new();
    let mut after = KeyId(0);
    loop {
        let page = store.linked(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = *last;
        all.extend(page);
    }
}

/// So many of the deals, spread evenly.
pub fn spread(all: &[KeyId], most: usize) -> Vec<KeyId> {
    if all.len() <= most {
        return all.to_vec();
    }
    (0..most).filter_map(|number| all.get(number * all.len() / most).copied()).collect()
}

/// Reads both records of a deal, with every field that any of the maps reads. None: no map is about it.
pub async fn live<S: Store, W: Wires>(
    store: &S,
    wires: &W,
    maps: &[&DealMap],
    key: KeyId,
) -> Result<Option<Live>, Unknown> {
    let deal = store.deal(key.to_string()).await.map_err(Setback::Store)?;
    let Some(deal) = deal else { return Ok(None) };
    let Some((object, id)) = record_of(&deal.aliases) else { return Ok(None) };
    let Some(referral) = referral_of(&deal.aliases) else { return Ok(None) };
    let selects = maps.iter().filter(|map| map.object() == object).map(|map| map.select());
    let Some(select) = both(selects) else { return Ok(None) };
    let wire = |system| move |error| Setback::Wire(system, error);
    let rows = wires.rows(object, &select, &Filter::Id(id.clone())).await;
    let row = rows.map_err(wire(System::Salesforce))?.into_iter().next();
    let left = match wires.referral(referral).await {
        Err(Error::Gone { .. }) => None,
        other => other.map_err(wire(System::PartnerCenter))?,
    };
    let any =
        |says: fn(&DealMap) -> bool| maps.iter().any(|map| map.object() == object && says(map));
    let id = half::half_of(&deal.aliases).filter(|_| any(DealMap::names_half));
    let half = match id.filter(|_| any(DealMap::reads_half) && left.is_some()) {
        Some(id) => half::read(wires, id).await.map_err(wire(System::PartnerCenter))?,
        None => Half::Absent,
    };
    let left = left.map(|left| Referral { body: half.woven_into(&left.body, id), ..left });
    let recorded = left.zip(row).map(|(left, row)| Recorded {
        left: Some(left.body),
        right: Some(row.body),
        base: Some(base_of(&deal)),
    });
    Ok(Some(Live { key, object: object.to_owned(), recorded }))
}

fn base_of(deal: &DealView) -> Base {
    let base = deal.base.as_deref();
    base.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Everything that any of the selections reads.
fn both<'s>(selects: impl Iterator<Item = &'s Select>) -> Option<Select> {
    let mut all: Option<Select> = None;
    for select in selects {
        let known = all.get_or_insert_with(Select::default);
        add(&mut known.fields, &select.fields);
        for child in &select.children {
            let name = &child.relationship;
            match known.children.iter_mut().find(|other| other.relationship == *name) {
                Some(other) => add(&mut other.fields, &child.fields),
                None => known
                    .children
                    .push(ChildSelect { relationship: name.clone(), fields: child.fields.clone() }),
            }
        }
    }
    all
}

fn add(known: &mut Vec<String>, names: &[String]) {
    for name in names {
        if !known.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            known.push(name.clone());
        }
    }
}

/// What `new` would do that `old` does not, over a sample of the deals.
pub async fn figures<S: Store, W: Wires>(
    store: &S,
    wires: &W,
    old: &[DealMap],
    new: &[DealMap],
    sample: Sample,
) -> Result<Figures, Unknown> {
    let all = linked(store).await.map_err(Setback::Store)?;
    let mut figures = Figures { of: count(all.len()), ..Figures::default() };
    let mut told: BTreeMap<&str, (Differ<'_>, Summary)> = BTreeMap::new();
    for map in new {
        if let Some(before) = old.iter().find(|before| before.object() == map.object()) {
            let differ = Differ::new(before.plan(), map.plan());
            told.insert(map.object(), (differ, Summary::showing(0)));
        }
    }
    let maps: Vec<&DealMap> = old.iter().chain(new).collect();
    for key in spread(&all, sample.most) {
        let began = tokio::time::Instant::now();
        let Some(live) = live(store, wires, &maps, key).await? else { continue };
        figures.looked_at += 1;
        match (&live.recorded, told.get_mut(live.object.as_str())) {
            (Some(recorded), Some((differ, summary))) => summary.add(0, differ.compare(recorded)),
            (None, _) => figures.unreadable += 1,
            (Some(_), None) => {}
        }
        tokio::time::sleep_until(began + sample.pace).await;
    }
    for (object, (_, summary)) in &told {
        figures.changed += summary.changed;
        let of = |maps: &'_ [DealMap]| maps.iter().position(|map| map.object() == *object);
        let pair = (of(old).and_then(|at| old.get(at)), of(new).and_then(|at| new.get(at)));
        if let (Some(old), Some(new)) = pair {
            lines(old, new, summary, &mut figures.lines);
        }
    }
    Ok(figures)
}

fn lines(old: &DealMap, new: &DealMap, summary: &Summary, lines: &mut Vec<LineFigure>) {
    let line = |map: &DealMap, map_line: usize, what, fields, deals| {
        let (file, line) = map.plan().place(map_line);
        let says = on_one_line(map.line(map_line).unwrap_or_default());
        LineFigure { map: file.to_owned(), line, says, what, fields, deals }
    };
    for (cause, group) in summary.groups() {
        let (map, what) = if cause.gone { (old, "gone") } else { (new, "writes") };
        let plan: &Plan = new.plan();
        let fields = group.fields.iter();
        let fields = fields.map(|(side, field)| format!("{} {field}", plan.side_name(*side)));
        lines.push(line(map, cause.line, what, fields.collect(), group.records));
    }
    for group in summary.faults() {
        let (map, what) = match (group.solved, group.conflict) {
            (false, false) => (new, "new-fault"),
            (false, true) => (new, "new-conflict"),
            (true, false) => (old, "solved-fault"),
            (true, true) => (old, "solved-conflict"),
        };
        let fault = &group.fault;
        let fields = fault.field.iter().cloned().collect();
        let says = format!("{} ({})", fault.message, fault.code.name());
        let (file, at) = (fault.map.clone(), fault.map_line);
        let place = if file.is_empty() { map.plan().file().to_owned() } else { file };
        lines.push(LineFigure { map: place, line: at, says, what, fields, deals: group.records });
    }
}

/// Blanks count once.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
