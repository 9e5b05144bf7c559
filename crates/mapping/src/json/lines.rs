//! JSON on lines, for files that people read and compare.
//!
//! In: a [`Json`]. Out: its text, a line each member and item, in the order given. Must not know:
//! what it says.

use super::{Json, write_text};

impl Json<'_> {
    /// Its text with a line for each member and item, two blanks deeper each level, and a line end
    /// at the end. Numbers as they were written.
    pub fn lines(&self) -> String {
        let mut out = String::new();
        lines(self, 0, &mut out);
        out.push('\n');
        out
    }
}

fn lines(json: &Json<'_>, depth: usize, out: &mut String) {
    match json {
        Json::List(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                begin(at, depth + 1, out);
                lines(item, depth + 1, out);
            }
            end(']', depth, out);
        }
        Json::Object(members) if !members.is_empty() => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                begin(at, depth + 1, out);
                write_text(name, out);
                out.push_str(": ");
                lines(value, depth + 1, out);
            }
            end('}', depth, out);
        }
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::Text(_)
        | Json::List(_)
        | Json::Object(_) => json.write(out),
    }
}

fn begin(at: usize, depth: usize, out: &mut String) {
    out.push_str(if at > 0 { ",\n" } else { "\n" });
    out.push_str(&"  ".repeat(depth));
}

fn end(bracket: char, depth: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(bracket);
}

#[cfg(test)]
mod tests {
    use crate::json;

    #[test]
    fn each_member_has_a_line_and_nothing_is_lost() {
        let text = r#"{"b":9007199254740993.010,"a":[1,{"x":"a\n\"é"},[]],"e":{},"n":null}"#;
        let read = json::read(text.as_bytes()).unwrap();
        let lines = read.lines();
        let wanted = r#"{
  "b": 9007199254740993.010,
  "a": [
    1,
    {
      "x": "a\n\"é"
    },
    []
  ],
  "e": {},
  "n": null
}
"#;
        assert_eq!(lines, wanted);
        assert_eq!(json::read(lines.as_bytes()).unwrap().lines(), lines);
    }
}
