//! The records that all engines get: generated, or those of a file.
//!
//! In: flags. Out: a file of NDJSON. Must not know: engines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::build::scratch;
use crate::flags::{Flags, number};
use crate::generate::Generator;
use crate::{Stop, say};

/// The seed of the records, so that every run has the same.
pub(crate) const SEED: u64 = 0x5EED_0C05_E110_0001;

/// The file of the records; generated ones are written first.
pub(crate) fn file(flags: &Flags) -> Result<PathBuf, Stop> {
    if let Some(path) = &flags.input {
        return Ok(path.clone());
    }
    let path = scratch()?.join("records.ndjson");
    generate(&path, flags.records)?;
    Ok(path)
}

/// `write FILE N`.
pub(crate) fn write(flags: &Flags) -> Result<(), Stop> {
    let [path, count] = flags.rest.as_slice() else {
        return Err("write needs FILE and N".to_owned());
    };
    let bytes = generate(Path::new(path), number(count)?)?;
    say(&format!("{count} records, {bytes} bytes"));
    Ok(())
}

fn generate(path: &Path, count: usize) -> Result<usize, Stop> {
    let mut generator = Generator::new(SEED);
    save(path, (0..count).map(|_| generator.referral()))
}

/// Writes lines; tells how many bytes they are.
pub(crate) fn save(path: &Path, lines: impl Iterator<Item = String>) -> Result<usize, Stop> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = BufWriter::new(File::create(path).map_err(wrong)?);
    let mut bytes = 0;
    for line in lines {
        writeln!(file, "{line}").map_err(wrong)?;
        bytes += line.len() + 1;
    }
    file.flush().map_err(wrong)?;
    Ok(bytes)
}
