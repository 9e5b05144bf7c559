//! `cosell plan`: what a map was compiled to.
//!
//! In: a map. Out: its plan as text or JSON, with its hash. Must not know: what is in a plan.

use std::path::Path;

use crate::project::open_usable;
use crate::terminal::{Color, Outcome, Stop, print};

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Prints the plan of a map.
pub(crate) fn run(
    map: &Path,
    org: Option<&str>,
    face: Face,
    color: Color,
) -> Result<Outcome, Stop> {
    let map = open_usable(map, org, color)?;
    if let Some((_, plan)) = map.usable() {
        print(&match face {
            Face::Text => format!("{}{}", plan.to_text(), plan.losses_text()),
            Face::Json => {
                let mut json = plan.to_json();
                json["losses"] = serde_json::json!(plan.losses());
                format!("{json:#}\n")
            }
        })?;
    }
    Ok(Outcome::Fine)
}
