//! Random requests about referrals, people's acts and passing time. Out come steps and the bodies that they
//! send; it must not know what is allowed.

use proptest::prelude::*;
use serde_json::{Value, json};

/// One value of a patch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit {
    State(&'static str, &'static str),
    Status(&'static str),
    Substatus(&'static str),
    Share(bool),
    Contacts(u8),
    AnotherContact,
    Notes,
    Value(i32),
    Name,
    Address,
    Registration,
    /// A text at one of the paths that take any.
    Text(&'static str),
    SalesStage(&'static str),
    Team(u8),
    TeamMember,
    Solutions(u8),
    AnotherSolution,
    Currency(&'static str),
    Closing(&'static str),
}

/// One request, or one act of a person, or time that passes. Numbers choose among the referrals there.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Deal {
        shared: bool,
        help: bool,
    },
    Half {
        of: usize,
        help: bool,
    },
    Inbound,
    Patch {
        at: usize,
        edits: Vec<Edit>,
        tag: Tag,
    },
    Portal {
        at: usize,
        edits: Vec<Edit>,
    },
    Put {
        at: usize,
        edits: Vec<Edit>,
        tag: Tag,
    },
    Help {
        at: usize,
    },
    Seller {
        at: usize,
        act: &'static str,
    },
    Hours(u32),
    /// The deal is registered, with a contract that is signed now.
    Register {
        at: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    None,
    Present,
    Stale,
}

/// Paths that take any text.
const TEXTS: [&str; 4] =
    ["/campaignId", "/externalReferenceId", "/referralProgram", "/statusReason"];

fn edit() -> impl Strategy<Value = Edit> {
    let status = prop::sample::select(vec!["New", "Active", "Closed", "None", "active"]);
    let substatus = prop::sample::select(vec![
        "Pending", "Received", "Accepted", "Won", "Lost", "Declined", "Expired", "Error",
    ]);
    let sensible = prop::sample::select(vec![
        ("New", "Pending"),
        ("Active", "Accepted"),
        ("Closed", "Won"),
        ("Closed", "Lost"),
        ("Closed", "Declined"),
    ]);
    prop_oneof![
        3 => sensible.prop_map(|(status, substatus)| Edit::State(status, substatus)),
        1 => (status.clone(), substatus.clone()).prop_map(|(s, t)| Edit::State(s, t)),
        1 => status.prop_map(Edit::Status),
        1 => substatus.prop_map(Edit::Substatus),
        3 => any::<bool>().prop_map(Edit::Share),
        1 => (0_u8..3).prop_map(Edit::Contacts),
        1 => Just(Edit::AnotherContact),
        6 => Just(Edit::Notes),
        1 => (-1..3).prop_map(Edit::Value),
        1 => Just(Edit::Name),
        1 => Just(Edit::Address),
        1 => Just(Edit::Registration),
        2 => prop::sample::select(TEXTS.to_vec()).prop_map(Edit::Text),
        1 => prop::sample::select(vec!["Develop", "40", "100", "Sold"]).prop_map(Edit::SalesStage),
        1 => (0_u8..3).prop_map(Edit::Team),
        1 => Just(Edit::TeamMember),
        1 => (0_u8..3).prop_map(Edit::Solutions),
        1 => Just(Edit::AnotherSolution),
        1 => prop::sample::select(vec!["USD", "CHF", "usd"]).prop_map(Edit::Currency),
        1 => prop::sample::select(vec!["2027-01-01T00:00:00Z", "soon"]).prop_map(Edit::Closing),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let edits = || prop::collection::vec(edit(), 1..3);
    let tag = || prop_oneof![5 => Just(Tag::None), 5 => Just(Tag::Present), 1 => Just(Tag::Stale)];
    let acts = prop::sample::select(vec![
        "accept", "accept", "decline", "win", "win", "lose", "lose", "track", "edit",
    ]);
    let at = || any::<usize>();
    // Where values are given whole, nothing can be appended.
    let whole = || {
        let appends = |edit: &Edit| {
            matches!(edit, Edit::AnotherContact | Edit::TeamMember | Edit::AnotherSolution)
        };
        let all = move |mut edits: Vec<Edit>| {
            // Of two values for one place only the last is sent.
            if let [first, second] = edits.as_slice()
                && std::mem::discriminant(first) == std::mem::discriminant(second)
            {
                edits.remove(0);
            }
            let edits = edits.into_iter();
            edits.map(|edit| if appends(&edit) { Edit::Notes } else { edit }).collect::<Vec<_>>()
        };
        edits().prop_map(all)
    };
    prop_oneof![
        1 => any::<[bool; 2]>().prop_map(|[shared, help]| Step::Deal { shared, help }),
        2 => (at(), any::<bool>()).prop_map(|(of, help)| Step::Half { of, help }),
        1 => Just(Step::Inbound),
        8 => (at(), edits(), tag()).prop_map(|(at, edits, tag)| Step::Patch { at, edits, tag }),
        3 => (at(), whole()).prop_map(|(at, edits)| Step::Portal { at, edits }),
        2 => (at(), whole(), tag()).prop_map(|(at, edits, tag)| Step::Put { at, edits, tag }),
        2 => at().prop_map(|at| Step::Help { at }),
        6 => (at(), acts).prop_map(|(at, act)| Step::Seller { at, act }),
        1 => (1_u32..200).prop_map(Step::Hours),
        2 => at().prop_map(|at| Step::Register { at }),
    ]
}

impl Step {
    /// What it is called when steps are counted.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Deal { .. } => "deal",
            Self::Half { .. } => "half",
            Self::Inbound => "inbound",
            Self::Patch { .. } => "patch",
            Self::Portal { .. } => "portal",
            Self::Put { .. } => "put",
            Self::Help { .. } => "help",
            Self::Seller { act, .. } => act,
            Self::Hours(_) => "hours",
            Self::Register { .. } => "register",
        }
    }
}

fn contact(email: &str) -> Value {
    json!({ "firstName": "C", "lastName": "D", "email": email, "phoneNumber": "1" })
}

fn contacts(count: u8) -> Value {
    (0..count).map(|n| contact(&format!("c{n}@h.example"))).collect()
}

const SHARE: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

pub(crate) fn operations(edits: &[Edit]) -> Value {
    let set =
        |path: &str, value: Value| vec![json!({ "op": "replace", "path": path, "value": value })];
    let of = |edit: &Edit| match *edit {
        Edit::State(status, substatus) => {
            [set("/status", json!(status)), set("/substatus", json!(substatus))].concat()
        }
        Edit::Status(status) => set("/status", json!(status)),
        Edit::Substatus(substatus) => set("/substatus", json!(substatus)),
        Edit::Share(share) => set(SHARE, json!(share)),
        Edit::Contacts(count) => set("/customerProfile/team", contacts(count)),
        Edit::AnotherContact => {
            let value = contact("more@h.example");
            vec![json!({ "op": "add", "path": "/customerProfile/team/-", "value": value })]
        }
        Edit::Notes => set("/details/notes", json!("Edited.")),
        Edit::Value(value) => set("/details/dealValue", json!(value)),
        Edit::Text(path) => set(path, json!("Changed.")),
        Edit::SalesStage(stage) => set("/salesStage", json!(stage)),
        Edit::Team(count) => set("/team", contacts(count)),
        Edit::TeamMember => {
            let value = contact("colleague@t.example");
            vec![json!({ "op": "add", "path": "/team/-", "value": value })]
        }
        Edit::Solutions(count) => {
            let solutions = (1..=count).map(|n| json!({ "id": format!("SOL-{n}") }));
            set("/details/requirements/solutions", solutions.collect())
        }
        Edit::AnotherSolution => {
            let path = "/details/requirements/solutions/-";
            vec![json!({ "op": "add", "path": path, "value": { "id": "SOL-9" } })]
        }
        Edit::Currency(code) => set("/details/currency", json!(code)),
        Edit::Closing(time) => set("/details/closingDateTime", json!(time)),
        Edit::Name => set("/name", json!("Renamed")),
        Edit::Address => set("/customerProfile/address/city", json!("Bern")),
        Edit::Registration => {
            let path = "/registrations/-";
            vec![json!({ "op": "add", "path": path, "value": { "type": "AzureIPCoSell" } })]
        }
    };
    Value::Array(edits.iter().flat_map(of).collect())
}

pub(crate) fn merged(edits: &[Edit]) -> Value {
    let mut patch = json!({});
    for operation in operations(edits).as_array().unwrap() {
        let mut place = &mut patch;
        for key in operation["path"].as_str().unwrap().trim_start_matches('/').split('/') {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[key];
        }
        *place = operation["value"].clone();
    }
    patch
}
