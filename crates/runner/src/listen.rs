//! Connections with a cap on their number and bounds on their patience.
//!
//! In: a bound listener. Out: connections for the HTTP server that end by themselves when the other
//! side is silent or stays too long. Must not know: HTTP.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a connection may say nothing.
const SILENCE: Duration = Duration::from_secs(15);
/// How long it may last in all.
const WHOLE: Duration = Duration::from_mins(2);

/// A listener that serves at most so many connections at once; others wait in the kernel.
#[derive(Debug)]
pub(crate) struct Capped {
    inner: TcpListener,
    places: Arc<Semaphore>,
}

impl Capped {
    pub(crate) fn new(inner: TcpListener, connections: usize) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(connections)) }
    }
}

impl axum::serve::Listener for Capped {
    type Io = Bounded;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Bounded, SocketAddr) {
        loop {
            // INVARIANT: the semaphore is never closed, so only accepting can fail.
            let Ok(place) = self.places.clone().acquire_owned().await else { continue };
            match self.inner.accept().await {
                Ok((stream, address)) => return (Bounded::new(stream, place), address),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that ends when it is silent or lasts too long.
#[derive(Debug)]
pub(crate) struct Bounded {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    end: Instant,
    /// Gives the place back when the connection is dropped.
    _place: OwnedSemaphorePermit,
}

impl Bounded {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit) -> Self {
        let now = Instant::now();
        let silence = Box::pin(sleep_until(now + SILENCE));
        Self { stream, silence, end: now + WHOLE, _place: place }
    }

    fn heard(&mut self) {
        let deadline = (Instant::now() + SILENCE).min(self.end);
        self.silence.as_mut().reset(deadline);
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(result) => {
                self.heard();
                Poll::Ready(result)
            }
            Poll::Pending => match self.silence.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
