//! The address of this machine that a browser comes back to after a sign-in (RFC 8252).
//!
//! In: a port, and somebody who reads the query of what comes. Out: what was read, and a page for the person.
//! Must not know: what the query means. Only this machine can reach it, and only one path is answered.

use std::process::{Command, Stdio};
use std::time::Duration;

use connect::browser::NotOurs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::terminal::Stop;

/// How long a person may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(10);
/// The largest request head that is read.
const LARGEST: usize = 16 * 1024;

/// Listens on this machine alone.
pub(super) struct Loopback {
    four: TcpListener,
    /// The same port of IPv6, where there is one: `localhost` may be either.
    six: Option<TcpListener>,
    port: u16,
    path: &'static str,
}

impl Loopback {
    /// Listens on a port, any with 0.
    pub(super) async fn listen(port: u16, path: &'static str) -> Result<Self, Stop> {
        let cannot = |error: std::io::Error| {
            let help = "name a free port with --port; the app must know the address it makes";
            Stop::because(format!("cannot listen on 127.0.0.1:{port}: {error}"), help)
        };
        let four = TcpListener::bind(("127.0.0.1", port)).await.map_err(cannot)?;
        let port = four.local_addr().map_err(cannot)?.port();
        let six = TcpListener::bind(("::1", port)).await.ok();
        Ok(Self { four, six, port, path })
    }

    /// The address that the browser is to come back to.
    pub(super) fn address(&self) -> String {
        format!("http://localhost:{}{}", self.port, self.path)
    }

    /// Waits for the answer to our question; whatever else comes is turned away.
    pub(super) async fn wait<T>(
        &self,
        read: impl Fn(&str) -> Result<T, NotOurs>,
    ) -> Result<T, Stop> {
        let come = async {
            loop {
                let mut stream = self.accept().await;
                let asked = tokio::time::timeout(REQUEST, head(&mut stream)).await.ok().flatten();
                let Some(query) = asked.as_deref().and_then(|head| self.query(head)) else {
                    answer(&mut stream, 404, "There is nothing here.").await;
                    continue;
                };
                match read(query) {
                    Ok(came) => {
                        answer(
                            &mut stream,
                            200,
                            "cosell has your answer. You can close this window.",
                        )
                        .await;
                        return came;
                    }
                    Err(not_ours) => {
                        let text = format!("This is not what cosell waits for: {not_ours}.");
                        answer(&mut stream, 400, &text).await;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, come).await.map_err(|_| {
            let help = "say it again; without a browser on this machine leave out --browser";
            Stop::because("nobody signed in within 10 minutes", help)
        })
    }

    async fn accept(&self) -> TcpStream {
        loop {
            let came = tokio::select! {
                came = self.four.accept() => came,
                came = async {
                    match &self.six {
                        Some(six) => six.accept().await,
                        None => std::future::pending().await,
                    }
                } => came,
            };
            if let Ok((stream, _)) = came {
                return stream;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The query of a GET of our path.
    fn query<'h>(&self, head: &'h str) -> Option<&'h str> {
        let target = head.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
        let (path, query) = target.split_once('?')?;
        (path == self.path).then_some(query)
    }
}

/// The head of a request; none when it is none, or too large.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 2048];
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(chunk.get(..count)?);
        if bytes.len() > LARGEST {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

/// `text` is ours: nothing of the request is in it.
async fn answer(stream: &mut TcpStream, status: u16, text: &str) {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        _ => "Not Found",
    };
    let page =
        format!("<!doctype html><meta charset=\"utf-8\"><title>cosell</title><p>{text}</p>\n");
    let whole = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
         content-security-policy: default-src 'none'\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    // Whoever does not listen any more is not told.
    let _ = stream.write_all(whole.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Opens a page in the person's browser, where there is a screen. It is shown as text all the same.
pub(super) fn open(page: &str) {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let (program, first) = match std::env::consts::OS {
        "macos" => ("open", None),
        "windows" => ("rundll32", Some("url.dll,FileProtocolHandler")),
        _ if screen => ("xdg-open", None),
        _ => return,
    };
    let mut command = Command::new(program);
    command.args(first).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = command.spawn();
}
