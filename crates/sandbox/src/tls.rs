//! Connections, plain or over TLS. In come a listener and what it shows of itself; out come connections
//! that are ready to be read. The only file that knows the TLS library; it must not know HTTP.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
    server::TlsStream,
};

use crate::sign::{Identity, from_pem};

/// How long a client may take to say hello.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections may wait to be taken.
const WAITING: usize = 64;

/// Why there is no listener with TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The kept certificate or key is no certificate or key.
    #[error("the https certificate is damaged; remove the state folder to make a new one")]
    Damaged,
    /// The library does not take them.
    #[error("the https certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// Where connections come from.
#[derive(Debug)]
pub(crate) enum Door {
    Plain(TcpListener),
    /// Connections whose handshakes are done elsewhere.
    Secure(mpsc::Receiver<Channel>),
}

/// One connection.
#[derive(Debug)]
pub(crate) enum Channel {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl Door {
    /// A listener whose connections are TLS and speak HTTP/1.1. Must run inside a tokio runtime.
    pub(crate) fn secure(listener: TcpListener, identity: &Identity) -> Result<Self, TlsError> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(identity, b"http/1.1")?));
        Ok(Self::shaking(listener, acceptor, false))
    }

    /// A listener whose connections speak HTTP/2, some of them over TLS: their first byte says which.
    pub(crate) fn either(listener: TcpListener, identity: &Identity) -> Result<Self, TlsError> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(identity, b"h2")?));
        Ok(Self::shaking(listener, acceptor, true))
    }

    fn shaking(listener: TcpListener, acceptor: TlsAcceptor, takes_plain: bool) -> Self {
        let (give, take) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = give.closed() => return,
                };
                let Ok((stream, _)) = accepted else {
                    // Out of file handles, most likely: others must end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                // Small answers shall not wait for more to send.
                let _ = stream.set_nodelay(true);
                let (acceptor, give) = (acceptor.clone(), give.clone());
                tokio::spawn(async move {
                    let hello = shake_hands(stream, &acceptor, takes_plain);
                    if let Ok(Ok(channel)) = tokio::time::timeout(PATIENCE, hello).await {
                        // Nobody takes it any more: it is closed.
                        let _ = give.send(channel).await;
                    }
                });
            }
        });
        Self::Secure(take)
    }

    /// The next connection; never ends when the listener is gone.
    pub(crate) async fn next(&mut self) -> Channel {
        match self {
            Self::Plain(listener) => loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        // Small answers shall not wait for more to send.
                        let _ = stream.set_nodelay(true);
                        return Channel::Plain(stream);
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            },
            Self::Secure(taken) => match taken.recv().await {
                Some(channel) => channel,
                None => std::future::pending().await,
            },
        }
    }
}

impl Channel {
    /// The connection is reset when it is closed.
    pub(crate) fn set_zero_linger(&self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.set_zero_linger(),
            Self::Secure(stream) => stream.get_ref().0.set_zero_linger(),
        }
    }
}

/// The first byte of a TLS connection.
const HANDSHAKE: u8 = 0x16;

async fn shake_hands(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    takes_plain: bool,
) -> io::Result<Channel> {
    let mut first = [0];
    if takes_plain && (stream.peek(&mut first).await? == 0 || first != [HANDSHAKE]) {
        return Ok(Channel::Plain(stream));
    }
    Ok(Channel::Secure(Box::new(acceptor.accept(stream).await?)))
}

fn server_config(identity: &Identity, protocol: &[u8]) -> Result<ServerConfig, TlsError> {
    let certificate = from_pem(&identity.certificate).ok_or(TlsError::Damaged)?.1;
    let key = from_pem(&identity.key).ok_or(TlsError::Damaged)?.1;
    let key = PrivateKeyDer::try_from(key).map_err(|_| TlsError::Damaged)?;
    let provider = Arc::new(default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], key)?;
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

impl AsyncRead for Channel {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, buffers),
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(context, buffers),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }
}
