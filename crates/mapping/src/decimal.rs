//! Exact decimal numbers.
//!
//! In: digits as they were written. Out: a [`Decimal`] that keeps every digit, compares by value
//! and prints without an exponent. Must not know: JSON, fields, 64-bit floats.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// How many digits a number may have, and how large an exponent may be.
pub const MOST_DIGITS: u32 = 38;

/// One past the largest mantissa: 1 with 38 zeros.
const LIMIT: u128 = 10_u128.pow(MOST_DIGITS);

/// A number of at most 38 digits, exactly as written: `1.10` prints `1.10` and equals `1.1`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    // INVARIANT: |mantissa| < 10^38 and scale <= 38.
    mantissa: i128,
    scale: u32,
}

/// Why a text is no [`Decimal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// It has more than 38 digits, or an exponent beyond 38.
    #[error("expected a number of at most 38 digits, found a longer one")]
    TooBig,
    /// It is not digits with an optional sign, point and exponent.
    #[error("expected a number such as `12.50`, found something else")]
    NotDigits,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };

    /// Reads a JSON number or a text of digits: `10000`, `-0.50`, `1e2`. No blanks, no `+` before
    /// it, digits on both sides of a point; zeros in front are accepted.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (body, exponent) = match rest.split_once(['e', 'E']) {
            Some((body, exponent)) => (body, read_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match body.split_once('.') {
            Some((whole, fraction)) => (digits_of(whole)?, digits_of(fraction)?),
            None => (digits_of(body)?, ""),
        };
        let mut mantissa: u128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = shift(mantissa, 1)? + u128::from(digit - b'0');
        }
        let written = i64::try_from(fraction.len()).map_err(|_| DecimalError::TooBig)?;
        let scale = written - exponent;
        if scale < 0 && mantissa != 0 {
            let zeros = u32::try_from(-scale).map_err(|_| DecimalError::TooBig)?;
            mantissa = shift(mantissa, zeros)?;
        }
        let scale = u32::try_from(scale.max(0)).map_err(|_| DecimalError::TooBig)?;
        if mantissa >= LIMIT || scale > MOST_DIGITS {
            return Err(DecimalError::TooBig);
        }
        let mantissa = i128::try_from(mantissa).map_err(|_| DecimalError::TooBig)?;
        Ok(Self { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }

    /// True for any zero.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The number with at most `scale` digits behind the point; halves go to the even neighbour.
    /// A number that has no more digits than that is given back as it was written.
    #[must_use]
    pub fn round(self, scale: u32) -> Self {
        if self.scale <= scale {
            return self;
        }
        let unit = power(self.scale - scale);
        let (whole, rest) = (self.mantissa / unit, (self.mantissa % unit).abs());
        let up = match rest.cmp(&(unit - rest)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => whole % 2 != 0,
        };
        let away = if self.mantissa < 0 { -1 } else { 1 };
        Self { mantissa: if up { whole + away } else { whole }, scale }
    }

    /// How many digits the value needs before and behind the point, without zeros that say
    /// nothing: `0.50` needs (0, 1), `-1200` needs (4, 0).
    pub fn digits(self) -> (u32, u32) {
        let plain = self.shortest();
        let whole = plain.mantissa / power(plain.scale);
        let before = whole.unsigned_abs().checked_ilog10().map_or(0, |n| n + 1);
        (before, plain.scale)
    }

    /// The same value without zeros at the end of the fraction.
    fn shortest(self) -> Self {
        let mut short = self;
        while short.scale > 0 && short.mantissa % 10 == 0 {
            short = Self { mantissa: short.mantissa / 10, scale: short.scale - 1 };
        }
        short
    }
}

/// Digits and nothing else, at least one.
fn digits_of(text: &str) -> Result<&str, DecimalError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError::NotDigits);
    }
    Ok(text)
}

/// The number behind `e`, from -38 to 38.
fn read_exponent(text: &str) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let size: i64 = digits_of(digits)?.parse().map_err(|_| DecimalError::TooBig)?;
    if size > i64::from(MOST_DIGITS) {
        return Err(DecimalError::TooBig);
    }
    Ok(if negative { -size } else { size })
}

/// `mantissa` with `zeros` zeros behind it, while it stays below the limit.
fn shift(mantissa: u128, zeros: u32) -> Result<u128, DecimalError> {
    let factor = 10_u128.checked_pow(zeros).ok_or(DecimalError::TooBig)?;
    match mantissa.checked_mul(factor) {
        Some(product) if product < LIMIT => Ok(product),
        Some(_) | None => Err(DecimalError::TooBig),
    }
}

/// 10 to the power of `zeros`, which is at most 38.
fn power(zeros: u32) -> i128 {
    10_i128.pow(zeros.min(MOST_DIGITS))
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { mantissa: value.into(), scale: 0 }
    }
}

impl std::str::FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = power(self.scale).unsigned_abs();
        let size = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        match usize::try_from(self.scale) {
            Ok(0) | Err(_) => write!(f, "{sign}{size}"),
            Ok(width) => write!(f, "{sign}{}.{:0width$}", size / unit, size % unit),
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // The fraction of either, as 38 digits: below 10^38, so nothing overflows.
        let parts = |d: &Self| {
            let unit = power(d.scale);
            (d.mantissa / unit, (d.mantissa % unit) * power(MOST_DIGITS - d.scale))
        };
        parts(self).cmp(&parts(other))
    }
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let short = self.shortest();
        short.mantissa.hash(state);
        short.scale.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn digits_are_kept_as_written() {
        for text in ["1.10", "0", "0.00", "-0.50", "9007199254740993.01", "99999999999999.99"] {
            assert_eq!(dec(text).to_string(), text);
        }
        assert_eq!(dec("1e2").to_string(), "100");
        assert_eq!(dec("1.5E-3").to_string(), "0.0015");
        assert_eq!(dec("12.5e+1").to_string(), "125");
        assert_eq!(dec("-0").to_string(), "0");
        assert_eq!(dec("007").to_string(), "7");
    }

    #[test]
    fn what_is_too_big_or_no_number_is_refused() {
        let nines = "9".repeat(38);
        assert_eq!(dec(&nines).to_string(), nines);
        for text in ["1e38", "1e39", "1e-39", "0e99999999999999999999", &"1".repeat(39)] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::TooBig), "{text}");
        }
        for text in ["", "-", "+1", ".5", "5.", "1e", " 1", "1 ", "1,5", "--1", "١", "1.2.3"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::NotDigits), "{text}");
        }
        assert_eq!(dec(&format!("0.{}1", "0".repeat(37))).digits(), (0, 38));
        assert_eq!(dec("0e38").to_string(), "0");
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for (text, scale, want) in [
            ("10.005", 2, "10.00"),
            ("10.015", 2, "10.02"),
            ("10.0150001", 2, "10.02"),
            ("-10.015", 2, "-10.02"),
            ("-0.5", 0, "0"),
            ("1.5", 0, "2"),
            ("2.5", 0, "2"),
            ("10.5", 2, "10.5"),
            ("0.99999999999999999999999999999999999999", 0, "1"),
            (
                "99999999999999999999999999999999999.995",
                2,
                "100000000000000000000000000000000000.00",
            ),
        ] {
            assert_eq!(dec(text).round(scale).to_string(), want, "{text}");
        }
    }

    #[test]
    fn digits_count_what_the_value_needs() {
        assert_eq!(dec("0.50").digits(), (0, 1));
        assert_eq!(dec("-1200").digits(), (4, 0));
        assert_eq!(dec("9007199254740993.01").digits(), (16, 2));
        assert_eq!(dec("0").digits(), (0, 0));
    }

    fn hash(d: Decimal) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        d.hash(&mut hasher);
        hasher.finish()
    }

    proptest! {
        #[test]
        fn integers_survive(n: i64, m: i64) {
            prop_assert_eq!(dec(&n.to_string()).to_string(), n.to_string());
            prop_assert_eq!(Decimal::from(n), dec(&n.to_string()));
            prop_assert_eq!(Decimal::from(n).cmp(&Decimal::from(m)), n.cmp(&m));
        }

        #[test]
        fn written_digits_survive(text in "-?(0|[1-9][0-9]{0,18})\\.[0-9]{1,18}") {
            let zero = text.bytes().all(|b| !b.is_ascii_digit() || b == b'0');
            let want = if zero { text.trim_start_matches('-') } else { text.as_str() };
            prop_assert_eq!(dec(&text).to_string(), want);
            let longer = format!("{text}0");
            prop_assert_eq!(dec(&longer), dec(&text));
            prop_assert_eq!(hash(dec(&longer)), hash(dec(&text)));
        }

        #[test]
        fn order_is_that_of_scaled_integers(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000, s in 0_u32..6) {
            let at = |n: i64| dec(&format!("{n}e-{s}"));
            prop_assert_eq!(at(a).cmp(&at(b)), a.cmp(&b));
        }

        #[test]
        fn rounding_is_near_and_final(n in -10_000_000_i64..10_000_000, s in 0_u32..5) {
            let given = dec(&format!("{n}e-4"));
            let round = given.round(s);
            prop_assert_eq!(round.round(s), round);
            let unit = 10_i64.pow(4_u32.saturating_sub(s));
            let scaled: i64 = dec(&format!("{round}e4")).to_string().parse().unwrap();
            prop_assert!((scaled - n).abs() * 2 <= unit);
        }

        #[test]
        fn nothing_panics(text in ".{0,60}") {
            let _ = Decimal::parse(&text);
        }
    }
}
