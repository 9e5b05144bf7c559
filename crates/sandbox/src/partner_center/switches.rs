//! What is not known of the real service. By default the sandbox does the stricter thing; a switch does
//! the other. In come names; out go switches, and which of them are on. It must not know what they change.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use serde_json::{Value, json};

use super::refusal::{Done, invalid};
use crate::{database::StoreError, store::Tx};

/// One thing that the sandbox does less strictly than by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// A referral may be closed with any closing substatus from New and from Active, as the table of
    /// statuses alone would allow. Default: declined from New, won or lost from Active, as in the portal.
    AnyClose,
    /// `/name` can be patched. Default: it is not among the connector's paths.
    PatchName,
    /// The customer's contacts can be changed after sharing. Default: they are locked, as in bulk files.
    OpenContacts,
    /// `updatedDateTime` and `createdDateTime` can be filtered by. Default: only what documents show.
    FilterByTime,
    /// `$top` is the size of a page. Default: it bounds the whole answer, no next link behind it.
    TopIsPage,
    /// A refresh token ends with its first use. Default: it stays good, as Entra's do. The one switch
    /// to the stricter side.
    RefreshOnce,
    /// A deal keeps the type that the partner gives it. Default: it follows from the consent to share.
    TypeAsGiven,
}

impl Switch {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::AnyClose,
        Self::PatchName,
        Self::OpenContacts,
        Self::FilterByTime,
        Self::TopIsPage,
        Self::RefreshOnce,
        Self::TypeAsGiven,
    ];

    /// How it is called on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnyClose => "any-close",
            Self::PatchName => "patch-name",
            Self::OpenContacts => "open-contacts",
            Self::FilterByTime => "filter-by-time",
            Self::TopIsPage => "top-is-page",
            Self::RefreshOnce => "refresh-once",
            Self::TypeAsGiven => "type-as-given",
        }
    }

    /// The switch of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.name() == name)
    }
}

const KEPT: (&str, &str) = ("meta", "partner-center-switches");

/// Which switches are on. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<AtomicU8>);

impl Board {
    /// The switches of the configuration, and those that were kept.
    pub(super) fn prepare(tx: &Tx<'_>, given: &[Switch]) -> Result<Self, StoreError> {
        let kept = tx.doc(KEPT.0, KEPT.1)?.unwrap_or_default();
        let kept = kept.as_array().into_iter().flatten();
        let kept = kept.filter_map(|name| Switch::named(name.as_str()?));
        let board = Self::default();
        board.set(&given.iter().copied().chain(kept).collect::<Vec<_>>());
        Ok(board)
    }

    /// Whether a switch is on.
    pub(super) fn has(&self, switch: Switch) -> bool {
        self.0.load(Ordering::Relaxed) & bit(switch) != 0
    }

    fn set(&self, on: &[Switch]) {
        self.0.store(on.iter().fold(0, |bits, switch| bits | bit(*switch)), Ordering::Relaxed);
    }

    /// The names of those that are on.
    pub(super) fn shown(&self) -> Value {
        let on = Switch::ALL.into_iter().filter(|switch| self.has(*switch));
        json!({ "on": on.map(Switch::name).collect::<Vec<_>>() })
    }

    /// Takes `{"on": ["any-close"]}`: these are on from now on, all others off.
    pub(super) fn order(&self, tx: &Tx<'_>, given: &Value) -> Done<Value> {
        let names = given.get("on").and_then(Value::as_array);
        let named = |name: &Value| name.as_str().and_then(Switch::named);
        let Some(on) = names.and_then(|names| names.iter().map(named).collect::<Option<Vec<_>>>())
        else {
            let known = Switch::ALL.map(Switch::name).join(", ");
            return Err(invalid("on", "invalidSwitch", &format!("A list of these: {known}.")));
        };
        self.set(&on);
        tx.put_doc(KEPT.0, KEPT.1, &json!(on.iter().map(|on| on.name()).collect::<Vec<_>>()))?;
        Ok(self.shown())
    }
}

fn bit(switch: Switch) -> u8 {
    match switch {
        Switch::AnyClose => 1,
        Switch::PatchName => 2,
        Switch::OpenContacts => 4,
        Switch::FilterByTime => 8,
        Switch::TopIsPage => 16,
        Switch::RefreshOnce => 32,
        Switch::TypeAsGiven => 64,
    }
}
