//! The stream on several threads: some work, and the one that started them writes.
//!
//! In: an input, what makes records, what takes them. Out: how the input ended. Must not know: what
//! is done with a line.
//!
//! Of a file the threads that work read their own blocks, one after the other, so that a block is
//! still in the caches of the processor that works on it. Of all else another thread reads.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope};

use super::blocks::{Block, Blocks};
use super::lanes::{Lanes, Next};
use super::progress::EVERY;
use super::work::{Maker, Part};
use super::{BLOCK, Results};
use crate::input::{Failure, Input};
use crate::terminal::Stop;

/// How long a block is when there are very many threads, in bytes.
const SMALL_BLOCK: usize = 64 * 1024;

/// What all blocks together may be, in bytes, unless a single one is more.
const UNDER_WAY: usize = 16 * 1024 * 1024;

/// What the threads share.
struct Shared {
    lanes: Lanes<Block, Part, Failure>,
    feed: Feed,
    rooms: Pool<Vec<u8>>,
    parts: Pool<Part>,
    /// How long a block is.
    size: usize,
}

/// Where blocks come from.
enum Feed {
    /// A thread that reads.
    Reader,
    /// Whoever wants the next block; none behind the last one.
    Own(Mutex<Option<Blocks<Input>>>),
}

/// Memory that is used again.
struct Pool<T>(Mutex<Vec<T>>);

impl<T: Default> Pool<T> {
    fn new() -> Self {
        Pool(Mutex::new(Vec::new()))
    }

    fn take(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, used: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(used);
    }
}

/// Carries out blocks side by side, with so many threads that work. Each has its own `maker`.
pub(super) fn together<'p>(
    input: Input,
    results: &mut Results,
    maker: &(impl Fn() -> Maker<'p> + Sync),
    threads: usize,
) -> Result<Result<(), Failure>, Stop> {
    // One for each that works, one that is read, one that is written, and some that wait.
    let jobs = threads + threads / 2 + 2;
    let size = (UNDER_WAY / 2 / jobs).clamp(SMALL_BLOCK, BLOCK);
    let is_file = input.is_file();
    let blocks = Blocks::new(input, size);
    let (feed, blocks) = if is_file {
        (Feed::Own(Mutex::new(Some(blocks))), None)
    } else {
        (Feed::Reader, Some(blocks))
    };
    let shared = Arc::new(Shared {
        lanes: Lanes::new(jobs, UNDER_WAY),
        feed,
        rooms: Pool::new(),
        parts: Pool::new(),
        size,
    });
    if let Some(blocks) = blocks {
        let of_reader = Arc::clone(&shared);
        // Nobody waits for it: a read may take for ever when nobody reads the output any more.
        let reader = move || guarded(&of_reader, |shared| read(shared, blocks));
        thread::Builder::new().spawn(reader).map_err(|error| no_thread(&error))?;
    }
    thread::scope(|scope| {
        let started = (0..threads).try_for_each(|_| start(scope, &shared, maker));
        let end = started.and_then(|()| write(&shared, results));
        shared.lanes.stop();
        end
    })
}

fn start<'s, 'p>(
    scope: &'s Scope<'s, '_>,
    shared: &'s Shared,
    maker: &'s (impl Fn() -> Maker<'p> + Sync),
) -> Result<(), Stop> {
    let worker = move || guarded(shared, |shared| work(shared, &mut maker()));
    let started = thread::Builder::new().spawn_scoped(scope, worker);
    started.map(drop).map_err(|error| no_thread(&error))
}

fn no_thread(error: &io::Error) -> Stop {
    Stop::because(
        format!("cannot start a thread: {error}"),
        "write `--threads 1`, or end other programs first",
    )
}

/// Hands on that a thread broke off: whoever waits for it would wait for ever.
fn guarded(shared: &Shared, what: impl FnOnce(&Shared)) {
    // INVARIANT: what the thread left half done is not used afterwards.
    if let Err(broken) = catch_unwind(AssertUnwindSafe(|| what(shared))) {
        shared.lanes.break_off(broken);
    }
}

fn read(shared: &Shared, mut blocks: Blocks<Input>) {
    let end = loop {
        match blocks.block(shared.rooms.take()) {
            Ok(block) => {
                let weight = block.weight();
                if !shared.lanes.push(block, weight) {
                    return;
                }
            }
            Err(end) => break end,
        }
    };
    shared.lanes.end(end);
}

impl Shared {
    /// The next block with its number. None: there will be none.
    fn next(&self) -> Option<(u64, Block)> {
        let Feed::Own(feed) = &self.feed else { return self.lanes.take() };
        let mut feed = feed.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = feed.as_mut()?;
        match blocks.block(self.rooms.take()) {
            Ok(block) => Some((self.lanes.begin(block.weight())?, block)),
            Err(end) => {
                *feed = None;
                self.lanes.end(end);
                None
            }
        }
    }
}

fn work(shared: &Shared, maker: &mut Maker<'_>) {
    while let Some((number, block)) = shared.next() {
        let mut lines = block.lines();
        loop {
            let mut part = shared.parts.take();
            let more = maker.carry_out(&mut lines, &mut part, 2 * shared.size);
            if !shared.lanes.hand_over(number, part, !more) {
                return;
            }
            if !more {
                break;
            }
        }
        // The memory of a line that is unusually long is not kept.
        if block.weight() <= 2 * shared.size {
            shared.rooms.give(block.into_room());
        }
    }
}

fn write(shared: &Shared, results: &mut Results) -> Result<Result<(), Failure>, Stop> {
    loop {
        match shared.lanes.next(EVERY) {
            Next::Part(mut part) => {
                results.add(&mut part)?;
                part.clear();
                shared.parts.give(part);
            }
            Next::Idle => results.tick(),
            Next::End(end) => return Ok(end),
            Next::Broken(broken) => {
                shared.lanes.stop();
                resume_unwind(broken)
            }
        }
    }
}
