//! What a command reads line by line: a file or stdin, packed or not.
//!
//! In: a path, or stdin. Out: its bytes, unpacked; how far it is read; why it cannot be read. Must
//! not know: lines, records.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::packed::{Packing, Unpacker, damage};
use crate::terminal::{Stop, shown};

/// How much is asked for at once where the reader asks for less, in bytes.
const BUFFER: usize = 128 * 1024;

/// How much of an input is read.
#[derive(Debug, Clone)]
pub(crate) struct Extent {
    /// How many bytes it has, where that is known.
    pub(crate) size: Option<u64>,
    taken: Arc<AtomicU64>,
}

impl Extent {
    /// How many bytes of it are read, as it is packed.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

/// The bytes as they are outside.
struct Raw {
    from: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// The last read gave less than was asked for.
    short: bool,
    extent: Extent,
}

impl Raw {
    fn new(from: Box<dyn Read + Send>, size: Option<u64>) -> Raw {
        let extent = Extent { size, taken: Arc::new(AtomicU64::new(0)) };
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Raw { from, buffer, start: 0, end: 0, short: false, extent }
    }

    fn note(&mut self, asked: usize, got: usize) {
        self.short = got < asked;
        self.extent.taken.fetch_add(got as u64, Ordering::Relaxed);
    }

    /// Reads on behind what is in the buffer. Gives how much came.
    fn more(&mut self) -> io::Result<usize> {
        let asked = self.buffer.len() - self.end;
        let got = patient(&mut self.from, &mut self.buffer[self.end..])?;
        self.end += got;
        self.note(asked, got);
        Ok(got)
    }

    /// How the bytes are packed, after as many of them as tell it.
    fn packing(&mut self) -> io::Result<Packing> {
        loop {
            if let Some(packing) = Packing::of_start(&self.buffer[..self.end]) {
                return Ok(packing);
            }
            if self.more()? == 0 {
                return Ok(Packing::None);
            }
        }
    }

    fn waiting(&self) -> usize {
        self.end - self.start
    }
}

/// One read; a signal in between does not break it off.
fn patient(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.waiting() == 0 && into.len() >= self.buffer.len() {
            let got = patient(&mut self.from, into)?;
            self.note(into.len(), got);
            return Ok(got);
        }
        let got = self.fill_buf()?.read(into)?;
        self.consume(got);
        Ok(got)
    }
}

impl BufRead for Raw {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.waiting() == 0 {
            (self.start, self.end) = (0, 0);
            self.more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
    }
}

/// An input under way.
pub(crate) struct Input {
    name: String,
    packing: Packing,
    bytes: Unpacker<Raw>,
}

impl Input {
    /// A file.
    pub(crate) fn file(path: &Path) -> Result<Input, Stop> {
        let failed = |error: io::Error| Stop::file("read", path, &error);
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let size = about.is_file().then_some(about.len());
        Input::new(shown(path), Box::new(file), size)
    }

    /// The standard input.
    pub(crate) fn stdin() -> Result<Input, Stop> {
        let name = "the standard input".to_owned();
        match own_stdin() {
            Ok(file) => {
                let about = file.metadata().ok().filter(std::fs::Metadata::is_file);
                Input::new(name, Box::new(file), about.map(|about| about.len()))
            }
            Err(_) => Input::new(name, Box::new(io::stdin()), None),
        }
    }

    /// A file, or stdin for `-` and for none.
    pub(crate) fn of(path: Option<&Path>) -> Result<Input, Stop> {
        match path {
            Some(path) if path.as_os_str() != "-" => Input::file(path),
            Some(_) | None => Input::stdin(),
        }
    }

    fn new(name: String, from: Box<dyn Read + Send>, size: Option<u64>) -> Result<Input, Stop> {
        let mut raw = Raw::new(from, size);
        let failed = |error: io::Error| Stop::file("read", Path::new(&name), &error);
        let packing = raw.packing().map_err(failed)?;
        let bytes = Unpacker::new(packing, raw).map_err(failed)?;
        Ok(Input { name, packing, bytes })
    }

    /// How much of it is read.
    pub(crate) fn extent(&self) -> Extent {
        self.bytes.packed().extent.clone()
    }

    /// Whether it is a file, whose bytes never have to be waited for.
    pub(crate) fn is_file(&self) -> bool {
        self.bytes.packed().extent.size.is_some()
    }

    /// Whether the next byte has to be waited for, as far as can be told. A file has all its bytes.
    pub(crate) fn is_drained(&self) -> bool {
        let raw = self.bytes.packed();
        !self.is_file() && raw.short && raw.waiting() == 0
    }

    /// Why it could not be read on.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        let raw = self.bytes.packed();
        let at = raw.extent.taken() - raw.waiting() as u64;
        Failure { name: self.name.clone(), packing: self.packing, at, error }
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(into)
    }
}

/// The standard input without the buffer that the standard library puts before it.
#[cfg(unix)]
fn own_stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn own_stdin() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Why an input could not be read on.
#[derive(Debug)]
pub(crate) struct Failure {
    name: String,
    packing: Packing,
    /// The byte of it, as it is packed, at which that was noticed.
    at: u64,
    error: io::Error,
}

impl Failure {
    /// As a reason to stop. `line` is the last one that could be read, `then` what became of the
    /// lines up to it.
    pub(crate) fn stop(&self, line: u64, then: &str) -> Stop {
        if self.packing == Packing::None || self.error.raw_os_error().is_some() {
            return Stop::file("read", Path::new(&self.name), &self.error);
        }
        let Failure { name, packing, at, error } = self;
        let what = damage(error);
        Stop::because(
            format!("cannot read {name} behind line {line}: its {packing} data {what} (byte {at})"),
            format!("fetch the file again, or pack it again; {then}"),
        )
    }
}
