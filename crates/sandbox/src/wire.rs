//! Connections that misbehave when told to. In come the bytes of answers; out they go as they are, or slowly,
//! in part, twice, or not at all. It must not know what an answer says, nor any HTTP beyond the blank line
//! that ends a head.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::tls::Channel;

/// How the next answer on a connection goes out. Lengths are those of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Nothing: the connection is closed.
    Close,
    /// Nothing: the connection is reset.
    Reset,
    /// The head at once, the body in pieces that take so many milliseconds together.
    Slow { body: usize, milliseconds: u64 },
    /// The head and the first bytes of the body; then the connection is closed.
    Cut { after: usize },
    /// The whole answer two times.
    Twice { body: usize },
}

/// Pieces of a slow body.
const PIECES: usize = 10;

/// The other end of a connection's script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    is_told: AtomicBool,
    script: Mutex<Option<Script>>,
}

impl Wire {
    /// Says how the next answer goes out.
    pub(crate) fn tell(&self, script: Script) {
        *self.0.script.lock().unwrap_or_else(PoisonError::into_inner) = Some(script);
        self.0.is_told.store(true, Ordering::SeqCst);
    }

    fn take(&self) -> Option<Script> {
        if !self.0.is_told.swap(false, Ordering::SeqCst) {
            return None;
        }
        self.0.script.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A connection with its script.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Channel,
    wire: Wire,
    play: Option<Play>,
}

/// A script being carried out.
#[derive(Debug)]
struct Play {
    script: Script,
    /// How many bytes of the blank line have been seen: four end the head.
    blank: usize,
    /// Bytes of the body that are out.
    sent: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// All that went out, to be said again.
    again: Vec<u8>,
}

impl Play {
    fn new(script: Script) -> Self {
        Self { script, blank: 0, sent: 0, pause: None, again: Vec::new() }
    }

    /// How many of these bytes belong to the head.
    fn head(&self, bytes: &[u8]) -> usize {
        let mut blank = self.blank;
        bytes
            .iter()
            .take_while(|byte| {
                let more = blank < 4;
                blank = step(blank, **byte);
                more
            })
            .count()
    }

    /// Notes bytes that are out.
    fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.blank < 4 {
                self.blank = step(self.blank, *byte);
            } else {
                self.sent += 1;
            }
        }
        if matches!(self.script, Script::Twice { .. }) {
            self.again.extend_from_slice(bytes);
        }
    }

    /// Whether the whole answer is out.
    fn is_over(&self) -> bool {
        let length = match self.script {
            Script::Slow { body, .. } | Script::Twice { body } => body,
            Script::Cut { .. } | Script::Close | Script::Reset => usize::MAX,
        };
        self.blank == 4 && self.sent >= length
    }
}

/// The bytes of the blank line seen after one byte more.
fn step(blank: usize, byte: u8) -> usize {
    match (blank, byte) {
        (4, _) => 4,
        (0 | 2, b'\r') | (1 | 3, b'\n') => blank + 1,
        (_, b'\r') => 1,
        (_, _) => 0,
    }
}

fn closed() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl Connection {
    pub(crate) fn new(stream: Channel, wire: Wire) -> Self {
        Self { stream, wire, play: None }
    }

    /// Where its script comes from.
    pub(crate) fn wire(&self) -> Wire {
        self.wire.clone()
    }

    /// Takes up what the wire was told.
    fn listen(&mut self) -> io::Result<()> {
        if let Some(script) = self.wire.take() {
            self.play = Some(Play::new(script));
        }
        match self.play.as_ref().map(|play| play.script) {
            Some(Script::Close) => Err(closed()),
            Some(Script::Reset) => {
                self.stream.set_zero_linger()?;
                Err(closed())
            }
            Some(Script::Slow { .. } | Script::Cut { .. } | Script::Twice { .. }) | None => Ok(()),
        }
    }

    /// Says again what is to be said twice. Nothing else goes out before.
    fn repeat(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(play) = self.play.as_mut().filter(|play| play.is_over()) {
            if play.again.is_empty() {
                self.play = None;
                break;
            }
            match Pin::new(&mut self.stream).poll_write(context, &play.again) {
                Poll::Ready(Ok(count)) => drop(play.again.drain(..count)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes as the script says.
    fn perform(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(play) = self.play.as_mut() else {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        let head = play.head(bytes);
        let most = match play.script {
            Script::Slow { .. } | Script::Cut { .. } | Script::Twice { .. } if head > 0 => head,
            Script::Slow { body, milliseconds } => {
                let pause = Duration::from_millis(milliseconds / PIECES as u64);
                let sleeping = play.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
                if sleeping.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                play.pause = None;
                body.div_ceil(PIECES).max(1)
            }
            Script::Cut { after } => after.saturating_sub(play.sent),
            Script::Twice { .. } => bytes.len(),
            Script::Close | Script::Reset => 0,
        };
        let now = bytes.get(..most.min(bytes.len())).unwrap_or_default();
        if now.is_empty() && !bytes.is_empty() {
            return Poll::Ready(Err(closed()));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, now);
        if let Poll::Ready(Ok(count)) = &written {
            play.note(now.get(..*count).unwrap_or_default());
        }
        written
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.listen()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.repeat(context))?;
        self.listen()?;
        self.perform(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.repeat(context))?;
        self.listen()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.play.as_ref().is_some_and(|play| play.script == Script::Reset) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.repeat(context))?;
        self.listen()?;
        if self.play.is_some() {
            let first = buffers.iter().find(|buffer| !buffer.is_empty());
            return self.perform(context, first.map_or(&[], |buffer| buffer));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_its_blank_line_however_it_is_cut() {
        let answer = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}\r\n\r\n";
        for first in 0..answer.len() {
            let mut play = Play::new(Script::Twice { body: 6 });
            let (one, two) = answer.split_at(first);
            let head = play.head(one);
            play.note(one);
            assert_eq!(head + play.head(two), answer.len() - 6, "{first}");
            play.note(two);
            assert!(play.is_over() && play.sent == 6);
        }
    }
}
