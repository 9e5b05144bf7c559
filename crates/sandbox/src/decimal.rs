//! Exact decimals. In come number texts of JSON or SOQL; out go comparisons, roundings and texts without
//! loss. It must not know records, and never goes through binary floating point.

use std::cmp::Ordering;

/// A number `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// More digits than any field of either system can hold.
const MOST_DIGITS: usize = 30;

impl Decimal {
    /// Reads `-12.50`, `1e3` and the like; `None` when it is no number or beyond thirty digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let all = all.trim_start_matches('0');
        let places = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let grown = usize::try_from(places.checked_neg()?.max(0)).ok()?;
        if all.is_empty() {
            return Some(Self { mantissa: 0, scale: 0 });
        }
        if all.len().checked_add(grown)? > MOST_DIGITS || places > 30 {
            return None;
        }
        let mut mantissa: i128 = all.parse().ok()?;
        mantissa = mantissa.checked_mul(power(u32::try_from(grown).ok()?)?)?;
        let scale = u32::try_from(places.max(0)).ok()?;
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }

    /// The nearest number with `scale` places; halves go away from zero.
    pub(crate) fn round(self, scale: u32) -> Option<Self> {
        if self.scale <= scale {
            let mantissa = self.mantissa.checked_mul(power(scale - self.scale)?)?;
            return Some(Self { mantissa, scale });
        }
        let divisor = power(self.scale - scale)?;
        let half = (divisor / 2) * self.mantissa.signum();
        Some(Self { mantissa: self.mantissa.checked_add(half)? / divisor, scale })
    }

    /// The product, exact.
    pub(crate) fn times(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, scale: self.scale.checked_add(other.scale)? })
    }

    /// The sum, exact.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.round(scale)?.mantissa.checked_add(other.round(scale)?.mantissa)?;
        Some(Self { mantissa, scale })
    }

    /// This divided, to eight places more than it has.
    pub(crate) fn over(self, count: i64) -> Option<Self> {
        let wide = self.round(self.scale.checked_add(8)?)?;
        Some(Self { mantissa: wide.mantissa.checked_div(count.into())?, scale: wide.scale })
    }

    /// A hundredth of this.
    pub(crate) fn percent(self) -> Self {
        Self { mantissa: self.mantissa, scale: self.scale.saturating_add(2) }
    }

    /// How many digits stand before the point; zero has none.
    pub(crate) fn whole_digits(self) -> usize {
        let whole = power(self.scale).map_or(0, |unit| self.mantissa / unit).unsigned_abs();
        if whole == 0 { 0 } else { whole.to_string().len() }
    }

    /// Whether it is more than zero.
    pub(crate) fn is_positive(self) -> bool {
        self.mantissa > 0
    }

    /// Whether nothing stands after the point.
    pub(crate) fn is_whole(self) -> bool {
        power(self.scale).is_some_and(|unit| self.mantissa % unit == 0)
    }

    /// Compares by value: `1.0` equals `1`.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.round(scale), other.round(scale)) {
            (Some(left), Some(right)) => left.mantissa.cmp(&right.mantissa),
            (None | Some(_), None) | (None, Some(_)) => {
                self.mantissa.signum().cmp(&other.mantissa.signum())
            }
        }
    }

    /// Plain digits without needless zeros; at least `places` after the point.
    pub(crate) fn text(self, places: usize) -> String {
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = usize::try_from(self.scale).unwrap_or_default();
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let mut fraction = fraction.trim_end_matches('0').to_owned();
        while fraction.len() < places {
            fraction.push('0');
        }
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }
}

fn power(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn sums_are_exact_and_quotients_end() {
        assert_eq!(read("0.1").plus(read("0.25")).unwrap().text(1), "0.35");
        assert_eq!(read("-1").plus(read("1.0")).unwrap().text(1), "0.0");
        assert_eq!(read("10").over(4).unwrap().text(1), "2.5");
        assert_eq!(read("1").over(3).unwrap().text(1), "0.33333333");
        assert!(read("1").over(0).is_none());
    }

    #[test]
    fn digits_survive() {
        for (given, shown) in [
            ("99999999999999.99", "99999999999999.99"),
            ("125000.10", "125000.1"),
            ("36000", "36000.0"),
            ("-0.05", "-0.05"),
            ("1e3", "1000.0"),
            ("12.5E-1", "1.25"),
            ("0", "0.0"),
        ] {
            assert_eq!(read(given).text(1), shown);
        }
        assert_eq!(read("7.00").text(0), "7");
        for bad in ["", "-", "1.2.3", "abc", "1e", "1e400", "0x10"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(read("1.005").round(2).unwrap().text(2), "1.01");
        assert_eq!(read("-1.005").round(2).unwrap().text(2), "-1.01");
        assert_eq!(read("1.004").round(2).unwrap().text(2), "1.00");
        assert_eq!(read("123.4").whole_digits(), 3);
        assert_eq!(read("0.4").whole_digits(), 0);
    }

    #[test]
    fn values_compare_whatever_their_zeros() {
        assert_eq!(read("1.0").compare(read("1")), Ordering::Equal);
        assert_eq!(read("0.1").compare(read("0.09")), Ordering::Greater);
        assert_eq!(read("-2").compare(read("1")), Ordering::Less);
        assert_eq!(read("100").times(read("10").percent()).unwrap().text(1), "10.0");
    }
}
