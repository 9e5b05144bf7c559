//! Generated maps of a given number of lines, with their schemas and records.
//!
//! In: a number of lines. Out: texts. Must not know: what they are used for.
//!
//! Five kinds of lines take turns: a text, a number, a date, a table, a text in lower case. Sixteen
//! fields stand in one object of the record.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Stop;
use crate::dice::Dice;
use crate::json::Json;

/// How many fields stand in one object.
const GROUP: usize = 16;

/// A map of so many lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generated(pub(crate) usize);

impl Generated {
    pub(crate) fn map(self) -> String {
        let mut text = String::from(
            "language 1\nmapping generated \"Generated\"\n\n\
             side referral    is partner_center Referral\n\
             side opportunity is salesforce     Opportunity\n\n\
             match referral.id with opportunity.Key__c\n\n\
             values grade\n  low -> \"Low\"\n  middle -> \"Middle\"\n  high -> \"High\"\n  \
             otherwise -> \"Other\"\nend\n\nfields\n",
        );
        for line in 0..self.0 {
            let how = match line % 5 {
                0 => " as text exactly",
                1 => "",
                2 => " as date in \"UTC\"",
                3 => " using grade",
                _ => " as lower",
            };
            let _ = writeln!(text, "  group{}.field{line} -> Field{line}__c{how}", line / GROUP);
        }
        text.push_str("end\n");
        text
    }

    pub(crate) fn schemas(self) -> [(String, String); 2] {
        let mut left = String::from(
            "system: partner_center\nobjects:\n  Referral:\n    label: Referral\n    key: id\n    \
             fields:\n      id: { type: id, access: read }\n",
        );
        let mut right = String::from(
            "system: salesforce\nobjects:\n  Opportunity:\n    label: Opportunity\n    key: Id\n    \
             fields:\n      Id: { type: id, length: 18, access: read }\n      Key__c: { type: \
             text, length: 100, external_id: true, unique: true }\n",
        );
        for line in 0..self.0 {
            if line % GROUP == 0 {
                let group = line / GROUP;
                let _ =
                    writeln!(left, "      group{group}:\n        type: object\n        fields:");
            }
            let (from, to) = match line % 5 {
                1 => ("number", "number"),
                2 => ("datetime", "date"),
                _ => ("text", "text, length: 255"),
            };
            let _ = writeln!(left, "          field{line}: {{ type: {from} }}");
            let _ = writeln!(right, "      Field{line}__c: {{ type: {to} }}");
        }
        [("referral.yaml".to_owned(), left), ("opportunity.yaml".to_owned(), right)]
    }

    /// A record that has a value for each line.
    pub(crate) fn record(self, dice: &mut Dice) -> String {
        let mut json = Json::default();
        json.open('{').text("id", &format!("{:016x}", dice.bits()));
        for line in 0..self.0 {
            if line % GROUP == 0 {
                if line > 0 {
                    json.close('}');
                }
                json.key(&format!("group{}", line / GROUP)).open('{');
            }
            let name = format!("field{line}");
            match line % 5 {
                0 => json.text(&name, &format!("Some text {:x}", dice.bits())),
                1 => {
                    let (whole, cents) = (dice.between(1, 9_999_999), dice.between(10, 99));
                    json.key(&name).raw(&format!("{whole}.{cents}"))
                }
                2 => json.text(&name, "2026-11-26T12:34:56.7890123Z"),
                3 => json.text(&name, dice.pick(&["low", "middle", "high", "none"])),
                _ => json.text(&name, &format!("Someone{}@Example.com", dice.between(1, 999))),
            };
        }
        json.close('}').close('}');
        json.into_text()
    }

    /// Writes the map and its schemas; tells their paths, the map's first.
    pub(crate) fn save(self, folder: &Path, name: &str) -> Result<Vec<PathBuf>, Stop> {
        let [left, right] = self.schemas();
        let files = [("map", self.map()), ("referral.yaml", left.1), ("opportunity.yaml", right.1)];
        let mut paths = Vec::new();
        for (ending, text) in files {
            let path = folder.join(format!("{name}.{ending}"));
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            paths.push(path);
        }
        Ok(paths)
    }
}
