//! Selects the objects whose changes Salesforce is to tell of (Change Data Capture).
//!
//! In: the objects that the maps look into. Out: source files, and what could not be selected. Must not
//! know: maps, files.
//!
//! An edition without the add-on has five objects of standard channels in all programs together.

use std::collections::BTreeSet;

use connect::salesforce::events::change_event;

use super::xml::{document, group, text};
use super::{SourceFile, of_a_package};

/// What an org has without the add-on.
const SELECTED: usize = 5;

/// Objects that have no change events.
const WITHOUT_EVENTS: [&str; 2] = ["OpportunityTeamMember", "OpportunityStage"];

/// A member of the standard channel for each object, and what is to be known about them.
pub(super) fn members(watched: &BTreeSet<String>) -> (Vec<SourceFile>, Vec<String>) {
    let mut notes = Vec::new();
    let mut files = Vec::new();
    for object in watched {
        if WITHOUT_EVENTS.contains(&object.as_str()) {
            notes.push(format!("{object} has no change events: it is polled"));
        } else {
            files.push(member(object));
        }
    }
    if files.len() > SELECTED {
        notes.push(format!(
            "{} objects are selected for change events; an org without the add-on has {SELECTED}, \
             those of other programs counted too. What is not selected is polled: delete its file in \
             platformEventChannelMembers",
            files.len()
        ));
    }
    for object in watched.iter().filter(|object| of_a_package(object)) {
        notes.push(format!("{object} is of a package, which has to be installed first"));
    }
    (files, notes)
}

fn member(object: &str) -> SourceFile {
    let event = change_event(object);
    // A file's name has no doubled underscore, whatever the object is called.
    let name = format!("ChangeEvents_{}", event.replace("__", "_"));
    let inside = [text("eventChannel", "ChangeEvents"), text("selectedEntity", event)];
    SourceFile {
        path: format!("platformEventChannelMembers/{name}.platformEventChannelMember-meta.xml"),
        text: document(&group("PlatformEventChannelMember", inside)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_events_and_what_is_too_many_is_told() {
        let watched = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (files, notes) = members(&watched(&["Opportunity", "OpportunityTeamMember"]));
        assert_eq!(files.len(), 1);
        assert_eq!(notes, ["OpportunityTeamMember has no change events: it is polled"]);
        let (files, notes) = members(&watched(&[
            "Account",
            "Contact",
            "Lead",
            "Opportunity",
            "User",
            "acme__Deal__c",
        ]));
        assert_eq!(files.len(), 6);
        assert!(notes[0].starts_with("6 objects are selected"), "{notes:?}");
        assert!(notes[1].starts_with("acme__Deal__c is of a package"), "{notes:?}");
        let custom = files.iter().find(|file| file.path.contains("acme")).map(|file| &*file.text);
        let entity = "<selectedEntity>acme__Deal__ChangeEvent</selectedEntity>";
        assert!(custom.is_some_and(|text| text.contains(entity)));
    }
}
