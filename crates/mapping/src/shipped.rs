//! What we ship, built in: the maps and the records of their examples.
//!
//! In: a name. Out: its text. Must not know: what is in the texts.

use crate::overlay::Base;

/// What stands before the names of the files that are built in.
pub const FOLDER: &str = "<built in>/";

/// The maps by name.
const MAPS: [(&str, &str); 2] = [
    ("opportunity", include_str!("../../../mappings/opportunity.map")),
    ("lead", include_str!("../../../mappings/lead.map")),
];

/// The records of their examples, as the maps name them.
const RECORDS: [(&str, &str); 6] = [
    ("examples/accepted.json", include_str!("../../../mappings/examples/accepted.json")),
    ("examples/flagged.json", include_str!("../../../mappings/examples/flagged.json")),
    ("examples/inbound.json", include_str!("../../../mappings/examples/inbound.json")),
    ("examples/lead.json", include_str!("../../../mappings/examples/lead.json")),
    ("examples/own-lead.json", include_str!("../../../mappings/examples/own-lead.json")),
    ("examples/won.json", include_str!("../../../mappings/examples/won.json")),
];

/// The names of the maps.
pub fn names() -> Vec<String> {
    MAPS.iter().map(|(known, _)| (*known).to_owned()).collect()
}

/// A map. Error: the names that there are.
pub fn base(name: &str) -> Result<Base, Vec<String>> {
    let map = MAPS.iter().find(|(known, _)| *known == name);
    map.map_or_else(
        || Err(names()),
        |(known, text)| Ok(Base { file: format!("{FOLDER}{known}.map"), text: (*text).to_owned() }),
    )
}

/// A record that an example of a shipped map names.
pub fn record(file: &str) -> Option<&'static str> {
    RECORDS.iter().find(|(known, _)| *known == file).map(|(_, text)| *text)
}
