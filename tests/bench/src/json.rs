//! A JSON text, written piece by piece.
//!
//! In: names and values. Out: the text. Must not know: what it says.

/// The text so far; commas come by themselves.
#[derive(Debug, Default)]
pub(crate) struct Json {
    out: String,
}

impl Json {
    fn comma(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with(['{', '[', ':', ',']) {
            self.out.push(',');
        }
    }

    /// Opens an object or a list.
    pub(crate) fn open(&mut self, bracket: char) -> &mut Json {
        self.comma();
        self.out.push(bracket);
        self
    }

    /// Closes it.
    pub(crate) fn close(&mut self, bracket: char) -> &mut Json {
        self.out.push(bracket);
        self
    }

    /// The name of the member that comes next.
    pub(crate) fn key(&mut self, name: &str) -> &mut Json {
        self.item(name);
        self.out.push(':');
        self
    }

    /// A member that is a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) -> &mut Json {
        self.key(name).item(text)
    }

    /// A text.
    pub(crate) fn item(&mut self, text: &str) -> &mut Json {
        self.comma();
        self.out.push_str(&serde_json::Value::from(text).to_string());
        self
    }

    /// A number, `true`, `false` or `null`.
    pub(crate) fn raw(&mut self, value: &str) -> &mut Json {
        self.comma();
        self.out.push_str(value);
        self
    }

    /// What was written.
    pub(crate) fn into_text(self) -> String {
        self.out
    }
}
