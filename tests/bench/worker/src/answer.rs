//! A worker that keeps its records in memory and answers commands about them.
//!
//! In: an engine, a file of records, commands on stdin. Out: one line for each. Must not know: what
//! the numbers are compared with.

use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, BufWriter, Write};

use cpu_time::ProcessTime;

use crate::{Count, Engine, because};

/// The lines of a text, without the empty ones.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut from = 0;
    let ends = memchr::memchr_iter(b'\n', text).chain([text.len()]);
    let all = ends.map(|end| {
        let line = &text[from.min(end)..end];
        from = end + 1;
        line
    });
    all.filter(|line| !line.is_empty()).collect()
}

/// Answers until stdin ends.
pub(crate) fn run(
    engine: &mut dyn Engine,
    file: &str,
    counted: Option<fn() -> Count>,
) -> Result<(), String> {
    let text = fs::read(file).map_err(because(file))?;
    let records = lines(&text);
    let mut out = Vec::with_capacity(64 * 1024);
    say(&format!("{} {}", records.len(), text.len()))?;
    for command in io::stdin().lock().lines() {
        let command = command.map_err(because("a command"))?;
        match command.split_once(' ').unwrap_or((&command, "")) {
            ("round", times) => {
                let times: usize = times.parse().map_err(because("round"))?;
                let start = ProcessTime::now();
                let mut bytes = 0;
                for _ in 0..times {
                    bytes = round(engine, &records, &mut out)?;
                }
                say(&format!("{} {bytes}", start.elapsed().as_nanos()))?;
            }
            ("count", _) => {
                let counted = counted.ok_or("this worker does not count")?;
                round(engine, &records, &mut out)?;
                let before = counted();
                round(engine, &records, &mut out)?;
                let after = counted();
                say(&format!("{} {}", after.calls - before.calls, after.bytes - before.bytes))?;
            }
            ("write", path) => say(&format!("{} 0", write(engine, &records, path)?))?,
            _ => return Err(format!("unknown command `{command}`")),
        }
    }
    Ok(())
}

fn say(answer: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}").and_then(|()| out.flush()).map_err(because("an answer"))
}

/// Maps all records, and tells how many bytes came out.
fn round(engine: &mut dyn Engine, records: &[&[u8]], out: &mut Vec<u8>) -> Result<usize, String> {
    let mut bytes = 0;
    for record in records {
        out.clear();
        engine.map(record, out)?;
        bytes += out.len();
        black_box(&*out);
    }
    Ok(bytes)
}

/// Writes what comes out of all records; a record that is refused becomes a line `!` with the
/// reason. Tells how many were refused.
fn write(engine: &mut dyn Engine, records: &[&[u8]], path: &str) -> Result<usize, String> {
    let file = fs::File::create(path).map_err(because(path))?;
    let mut file = BufWriter::new(file);
    let mut out = Vec::new();
    let mut refused = 0;
    for record in records {
        out.clear();
        if let Err(why) = engine.map(record, &mut out) {
            refused += 1;
            out.clear();
            out.extend_from_slice(format!("! {}", why.replace('\n', " ")).as_bytes());
        }
        out.push(b'\n');
        file.write_all(&out).map_err(because(path))?;
    }
    file.flush().map_err(because(path))?;
    Ok(refused)
}
