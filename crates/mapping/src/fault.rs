//! A record that did not fit, with the place in the `.map` that could not be fulfilled.
//!
//! In: what went wrong while a plan ran. Out: plain data for people and for machines. Must not
//! know: values of records (a fault names fields, shapes and rows, never what stood in them).

use std::fmt;

use serde::Serialize;

/// What kind of misfit it was; stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCode {
    /// The input is not well-formed JSON.
    NotJson,
    /// The input is JSON, but not a record of the side that was expected.
    NotARecord,
    /// A key that is read stands twice.
    DoubledKey,
    /// A value has another type or shape than the schema says.
    WrongType,
    /// A number has more digits than can be kept.
    TooManyDigits,
    /// A text that is to be a country is none.
    NoCountry,
    /// A value is in no row of its table.
    NotInTable,
    /// A value is not in the field's list.
    UnknownValue,
    /// A text is longer than the field it is written to.
    TooLong,
    /// A field that must be given has no value.
    MissingRequired,
    /// `blank park`: the value must not be blank.
    BlankParked,
    /// Both sides changed, and the line says to ask.
    Conflict,
    /// A `require` line does not hold.
    Require,
    /// Several or no related records were found where the line says to ask.
    Related,
    /// A system accepted a value and kept its own.
    NotKept,
    /// `--old` has no record for this one.
    NoPartner,
}

impl FaultCode {
    /// All of them, in the order of the manual.
    pub const ALL: [FaultCode; 16] = [
        FaultCode::NotJson,
        FaultCode::NotARecord,
        FaultCode::DoubledKey,
        FaultCode::WrongType,
        FaultCode::TooManyDigits,
        FaultCode::NoCountry,
        FaultCode::NotInTable,
        FaultCode::UnknownValue,
        FaultCode::TooLong,
        FaultCode::MissingRequired,
        FaultCode::BlankParked,
        FaultCode::Conflict,
        FaultCode::Require,
        FaultCode::Related,
        FaultCode::NotKept,
        FaultCode::NoPartner,
    ];

    /// When it comes up, for the manual's table.
    pub fn when(self) -> &'static str {
        match self {
            FaultCode::NotJson => "the line or event is no well-formed JSON",
            FaultCode::NotARecord => "it is JSON, but no record of the side that was expected",
            FaultCode::DoubledKey => "a member that the map reads stands twice",
            FaultCode::WrongType => {
                "a value has another type or shape than its field, or does not fit the conversion"
            }
            FaultCode::TooManyDigits => {
                "a number has more digits than its field, or than can be kept exactly"
            }
            FaultCode::NoCountry => "a text is to be a country, and is none that ISO 3166 knows",
            FaultCode::NotInTable => {
                "a value is in no row of its table, and no `otherwise` says what happens"
            }
            FaultCode::UnknownValue => "a value is not in the list of the field that is written",
            FaultCode::TooLong => "a text is longer than the field that is written",
            FaultCode::MissingRequired => "a field that a new record must have has no value",
            FaultCode::BlankParked => "`blank park`, and the value became blank",
            FaultCode::Conflict => {
                "both sides changed, or meet for the first time and differ, and the map says to ask"
            }
            FaultCode::Require => "a line of `require before sharing` does not hold",
            FaultCode::Related => {
                "several related records were found, or none where the map does not create one"
            }
            FaultCode::NotKept => {
                "a system accepted a value and kept its own: a sum over line items, or an automation that sets it back"
            }
            FaultCode::NoPartner => "`apply --old`: there is no record of the other side for it",
        }
    }

    /// `fault::not-json` and the like.
    pub fn name(self) -> &'static str {
        match self {
            FaultCode::NotJson => "fault::not-json",
            FaultCode::NotARecord => "fault::not-a-record",
            FaultCode::DoubledKey => "fault::doubled-key",
            FaultCode::WrongType => "fault::wrong-type",
            FaultCode::TooManyDigits => "fault::too-many-digits",
            FaultCode::NoCountry => "fault::no-country",
            FaultCode::NotInTable => "fault::not-in-table",
            FaultCode::UnknownValue => "fault::unknown-value",
            FaultCode::TooLong => "fault::too-long",
            FaultCode::MissingRequired => "fault::missing-required",
            FaultCode::BlankParked => "fault::blank-parked",
            FaultCode::Conflict => "fault::conflict",
            FaultCode::Require => "fault::require",
            FaultCode::Related => "fault::related",
            FaultCode::NotKept => "fault::not-kept",
            FaultCode::NoPartner => "fault::no-partner",
        }
    }
}

/// One misfit of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line of the input, from 1, where the input is a stream.
    pub line: Option<u64>,
    /// The field concerned, as written in the map.
    pub field: Option<String>,
    /// What kind.
    pub code: FaultCode,
    /// One sentence: what was expected, what was found, what to do.
    pub message: String,
    /// The map's file name.
    pub map: String,
    /// Line of the map, from 1; 0 where no line is concerned.
    pub map_line: usize,
}

#[derive(Serialize)]
struct FaultJson<'f> {
    line: Option<u64>,
    field: Option<&'f str>,
    code: &'static str,
    message: &'f str,
    map: &'f str,
    map_line: Option<usize>,
}

impl Fault {
    /// The fault as one line of JSON: `line`, `field`, `code`, `message`, `map`, `map_line`.
    pub fn to_json(&self) -> String {
        let json = FaultJson {
            line: self.line,
            field: self.field.as_deref(),
            code: self.code.name(),
            message: &self.message,
            map: &self.map,
            map_line: (self.map_line > 0).then_some(self.map_line),
        };
        serde_json::to_string(&json).unwrap_or_default()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        if self.map_line > 0 {
            write!(f, " ({}:{})", self.map, self.map_line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
