//! Values given on the command line.
//!
//! In: `details.dealValue=52000`, and files. Out: JSON objects. Must not know: what the values are for.

use serde_json::{Map, Value};

use crate::command::sandbox::Values;
use crate::terminal::{Stop, shown};

/// Values by dotted names, as one nested object.
pub(super) fn nested(values: &Values) -> Result<Value, Stop> {
    read(values, |all, name, value| {
        let mut here = all;
        let mut names = name.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                here.insert(name.to_owned(), value);
                return;
            }
            let inner = here.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            let Value::Object(next) = inner else { return };
            here = next;
        }
    })
}

/// Values by plain names.
pub(super) fn flat(values: &Values) -> Result<Value, Stop> {
    read(values, |all, name, value| {
        all.insert(name.to_owned(), value);
    })
}

fn read(
    values: &Values,
    mut put: impl FnMut(&mut Map<String, Value>, &str, Value),
) -> Result<Value, Stop> {
    let mut all = match &values.file {
        None => Map::new(),
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|error| Stop::file("read", path, &error))?;
            serde_json::from_str(&text).map_err(|error| {
                let place = format!("line {}, column {}", error.line(), error.column());
                let message = format!("{} is not a JSON object: {place}", shown(path));
                Stop::because(
                    message,
                    "correct the file; it holds an object such as {\"name\": \"x\"}",
                )
            })?
        }
    };
    for given in &values.values {
        let Some((name, value)) = given.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Stop::because(
                format!("`{given}` is not NAME=VALUE"),
                "write for instance details.dealValue=52000 or Name='Alpine Freight AG'",
            ));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        put(&mut all, name, value);
    }
    Ok(Value::Object(all))
}

/// Stops when nothing was given.
pub(super) fn some(values: Value) -> Result<Value, Stop> {
    if values.as_object().is_some_and(|values| !values.is_empty()) {
        return Ok(values);
    }
    Err(Stop::because("nothing is to be changed", "say what: NAME=VALUE, or --file FILE"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(values: &[&str]) -> Values {
        Values { values: values.iter().map(|value| (*value).to_owned()).collect(), file: None }
    }

    #[test]
    fn dotted_names_are_nested_and_json_is_json() {
        let values = given(&["details.dealValue=52000", "details.notes=a=b", "name=null", "x=[1]"]);
        assert_eq!(
            nested(&values).unwrap(),
            json!({ "details": { "dealValue": 52000, "notes": "a=b" }, "name": null, "x": [1] })
        );
        let values = given(&["Account.Name=x", "IsX=true", "Code=007"]);
        assert_eq!(
            flat(&values).unwrap(),
            json!({ "Account.Name": "x", "IsX": true, "Code": "007" })
        );
        assert!(nested(&given(&["name"])).is_err() && nested(&given(&["=x"])).is_err());
        assert!(some(nested(&given(&[])).unwrap()).is_err());
    }
}
