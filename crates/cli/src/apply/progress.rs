//! How far a stream is: one line on the terminal, written over again.
//!
//! In: counts, and how much of the input is read. Out: the line. Must not know: threads, records.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::input::Extent;
use crate::terminal::{count, tell};

/// How often it is shown.
pub(super) const EVERY: Duration = Duration::from_millis(250);

/// The line under way.
pub(super) struct Progress {
    extent: Extent,
    begun: Instant,
    shown: Instant,
    width: usize,
}

impl Progress {
    /// Of an input that is read from now on.
    pub(super) fn of(extent: Extent) -> Progress {
        let begun = Instant::now();
        Progress { extent, begun, shown: begun, width: 0 }
    }

    /// Shows how far it is, when the last time is a while ago.
    pub(super) fn tick(&mut self, done: u64, bad: u64) {
        if self.shown.elapsed() >= EVERY {
            self.shown = Instant::now();
            self.show(done, bad, "");
        }
    }

    /// Takes the line away, for other text to be written.
    pub(super) fn clear(&mut self) {
        if self.width > 0 {
            tell(&format!("\r{:width$}\r", "", width = self.width));
            self.width = 0;
        }
    }

    /// Shows how far it came.
    pub(super) fn end(&mut self, done: u64, bad: u64) {
        self.show(done, bad, "\n");
    }

    fn show(&mut self, done: u64, bad: u64, end: &str) {
        let taken = self.extent.taken();
        let text = line(done, bad, taken, self.extent.size, self.begun.elapsed());
        let width = text.len();
        tell(&format!("\r{text:before$}{end}", before = self.width));
        self.width = width;
    }
}

/// One line of progress.
fn line(done: u64, bad: u64, taken: u64, size: Option<u64>, time: Duration) -> String {
    let mut text =
        format!("{}, {}, {}", counted(done, "record"), counted(bad, "fault"), bytes(taken));
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = taken.saturating_mul(1000) / millis;
    if let Some(size) = size.filter(|size| *size > 0) {
        let percent = u128::from(taken) * 100 / u128::from(size);
        let _ = write!(text, " of {} ({}%)", bytes(size), percent.min(100));
    }
    if rate > 0 {
        let _ = write!(text, ", {}/s", bytes(rate));
    }
    match size {
        Some(size) if rate > 0 && taken < size => {
            let _ = write!(text, ", {} left", span((size - taken).div_ceil(rate)));
        }
        Some(_) | None => {}
    }
    text
}

fn counted(number: u64, one: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one)
}

/// `12 B`, `3.4 KB`: powers of 1000, so that the digits are those of the file's length.
fn bytes(number: u64) -> String {
    let mut unit = 1;
    for name in ["B", "KB", "MB", "GB"] {
        let whole = number / unit;
        if whole < 1000 || name == "GB" {
            return match unit {
                1 => format!("{whole} {name}"),
                _ => format!("{whole}.{} {name}", number % unit * 10 / unit),
            };
        }
        unit *= 1000;
    }
    String::new()
}

/// `4 s`, `2:05`, `1:02:05`.
fn span(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes}:{rest:02} min"),
        (_, _) => format!("{hours}:{minutes:02}:{rest:02} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_shown() {
        let second = Duration::from_secs(1);
        assert_eq!(line(0, 0, 0, None, Duration::ZERO), "0 records, 0 faults, 0 B");
        assert_eq!(line(1, 1, 999, None, second), "1 record, 1 fault, 999 B, 999 B/s");
        assert_eq!(
            line(250_000, 3, 512_300_000, Some(1_024_000_000), second * 4),
            "250000 records, 3 faults, 512.3 MB of 1.0 GB (50%), 128.0 MB/s, 4 s left"
        );
        assert_eq!(
            line(7, 0, 2_500, Some(2_500), second),
            "7 records, 0 faults, 2.5 KB of 2.5 KB (100%), 2.5 KB/s"
        );
        assert_eq!(line(0, 0, 0, Some(0), second), "0 records, 0 faults, 0 B");
    }

    #[test]
    fn sizes_and_spans_are_short() {
        let sizes = [0, 999, 1_000, 1_999, 12_345_678, 7_000_000_000_000].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 KB", "1.9 KB", "12.3 MB", "7000.0 GB"]);
        assert_eq!(
            [0, 59, 60, 125, 3725].map(span),
            ["0 s", "59 s", "1:00 min", "2:05 min", "1:02:05 h"]
        );
    }
}
