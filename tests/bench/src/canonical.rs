//! Whether two JSON texts mean the same: members in any order, numbers as exact decimals.
//!
//! In: texts. Out: one spelling. Must not know: engines.

use serde_json::Value;

/// The one spelling of a JSON text. Errors: it is none.
pub(crate) fn spelling(text: &str) -> Result<String, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut out = String::new();
    spell(&value, &mut out);
    Ok(out)
}

fn spell(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => out.push_str(&decimal(&number.to_string())),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                spell(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in sorted {
                out.push_str(&Value::String(name.clone()).to_string());
                out.push(':');
                spell(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

/// The digits of a number without zeros at either end, and the power of ten behind them.
fn decimal(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return "0".to_owned();
    }
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let power = exponent.parse::<i64>().unwrap_or(i64::MAX).saturating_sub(length(fraction));
    let power = power.saturating_add(length(digits) - length(kept));
    format!("{sign}{kept}e{power}")
}

#[cfg(test)]
mod tests {
    use super::spelling;

    #[test]
    fn numbers_are_compared_exactly_and_members_in_any_order() {
        let one = spelling(r#"{"b": 125000.50, "a": [0.0, -1e2]}"#).unwrap();
        assert_eq!(one, spelling(r#"{"a": [0, -100.0], "b": 1250005e-1}"#).unwrap());
        assert_ne!(spelling("9007199254740993").unwrap(), spelling("9007199254740992").unwrap());
        assert_ne!(spelling("1").unwrap(), spelling("\"1\"").unwrap());
    }
}
