//! What may be done when a text is too long for its field.
//!
//! In: the conversion of a line. Out: words for people. Must not know: records, plans.

use super::{Any, Conversion};

impl Conversion {
    /// Whether it shortens what goes to the right, and nothing else.
    pub fn cuts_right_only(&self) -> bool {
        match &self.any {
            Any::Cut(_) => true,
            Any::Exactly(exactly) => exactly.cuts(),
            _ => false,
        }
    }

    /// What to write so that no text is longer than `limit` characters. A list or an id that is cut
    /// is another one, so there only a longer field helps.
    pub fn cut_advice(&self, limit: u32) -> String {
        let name = self.name();
        if self.gathers() {
            format!("cut it: `cut at {limit}`")
        } else if matches!(self.any, Any::Exactly(_)) {
            format!("cut it: `as text exactly cut at {limit}`")
        } else if self.is_plain() || name.starts_with("text") {
            format!("cut it: `as text cut at {limit}`")
        } else if matches!(
            &self.any,
            Any::Trim(_) | Any::Upper(_) | Any::Lower(_) | Any::LongText(_)
        ) {
            format!(
                "map it to a longer field, or write `as text cut at {limit}` in the place of `as {name}`"
            )
        } else {
            "map it to a longer field".to_owned()
        }
    }
}
