//! A worker as a filter: records on stdin, a line each, and what becomes of them on stdout.
//!
//! In: an engine, or a way to make one for each thread. Out: the lines in the order in which they
//! came. Must not know: what an engine does.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::{Engine, Made, because};

/// How much is read at a time.
const BLOCK: usize = 256 * 1024;

/// How many blocks may wait for a thread.
const WAITING: usize = 4;

/// Whole lines, as many as one or more reads gave.
struct Blocks<R> {
    from: R,
    /// What was read behind the last line break.
    rest: Vec<u8>,
}

impl<R: Read> Blocks<R> {
    fn new(from: R) -> Self {
        Blocks { from, rest: Vec::new() }
    }

    /// Fills `block` with the next whole lines; false at the end.
    fn next(&mut self, block: &mut Vec<u8>) -> Result<bool, String> {
        block.clear();
        block.append(&mut self.rest);
        loop {
            let had = block.len();
            block.resize(had + BLOCK, 0);
            let read = self.from.read(&mut block[had..]).map_err(because("stdin"))?;
            block.truncate(had + read);
            if read == 0 {
                return Ok(!block.is_empty());
            }
            if let Some(end) = memchr::memrchr(b'\n', &block[had..]) {
                self.rest.extend_from_slice(&block[had + end + 1..]);
                block.truncate(had + end + 1);
                return Ok(true);
            }
        }
    }
}

fn map_block(engine: &mut dyn Engine, block: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', block).chain([block.len()]) {
        if from < end {
            engine.map(&block[from..end], out)?;
            out.push(b'\n');
        }
        from = end + 1;
    }
    Ok(())
}

/// With one thread.
pub(crate) fn alone(engine: &mut dyn Engine) -> Result<(), String> {
    let mut blocks = Blocks::new(io::stdin().lock());
    let mut to = io::stdout().lock();
    let (mut block, mut out) = (Vec::new(), Vec::new());
    while blocks.next(&mut block)? {
        out.clear();
        map_block(engine, &block, &mut out)?;
        to.write_all(&out).map_err(because("stdout"))?;
    }
    to.flush().map_err(because("stdout"))
}

/// With several threads, each of which has every nth block; one more writes.
pub(crate) fn threaded(make: &(dyn Fn() -> Made + Sync), threads: usize) -> Result<(), String> {
    thread::scope(|scope| {
        let mut lanes: Vec<SyncSender<Vec<u8>>> = Vec::new();
        let mut made: Vec<Receiver<Vec<u8>>> = Vec::new();
        let mut workers = Vec::new();
        for _ in 0..threads {
            let (lane, blocks) = sync_channel(WAITING);
            let (done, next) = sync_channel(WAITING);
            lanes.push(lane);
            made.push(next);
            workers.push(scope.spawn(move || map_lane(make, &blocks, &done)));
        }
        let writer = scope.spawn(move || write_in_turn(&made));
        let mut blocks = Blocks::new(io::stdin().lock());
        for lane in lanes.iter().cycle() {
            let mut block = Vec::with_capacity(2 * BLOCK);
            if !blocks.next(&mut block)? || lane.send(block).is_err() {
                break;
            }
        }
        drop(lanes);
        for worker in workers {
            worker.join().map_err(|_| "a thread broke off")??;
        }
        writer.join().map_err(|_| "the writer broke off")?
    })
}

fn map_lane(
    make: &(dyn Fn() -> Made + Sync),
    blocks: &Receiver<Vec<u8>>,
    done: &SyncSender<Vec<u8>>,
) -> Result<(), String> {
    let mut engine = make()?;
    for block in blocks {
        let mut out = Vec::with_capacity(BLOCK);
        map_block(&mut *engine, &block, &mut out)?;
        if done.send(out).is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes one block of each lane after the other, as they were given out.
fn write_in_turn(made: &[Receiver<Vec<u8>>]) -> Result<(), String> {
    let mut to = io::stdout().lock();
    for lane in made.iter().cycle() {
        let Ok(block) = lane.recv() else { break };
        to.write_all(&block).map_err(because("stdout"))?;
    }
    to.flush().map_err(because("stdout"))
}
