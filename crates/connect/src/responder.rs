//! A tiny HTTP responder on loopback, for the tests of this crate only.
//!
//! In: a function from what was asked to what is answered. Out: an address, and a list of what was
//! asked. It knows only as much HTTP as the tests need.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request as received.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    /// The value of a header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim().eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
        })
    }
}

/// What to do with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, more headers (`name: value` lines), body.
    Answer(u16, Vec<String>, String),
    /// Keep the connection open and say nothing.
    Silence,
    /// Close the connection without an answer.
    Close,
    /// Promise more bytes than are sent, then close.
    Torn,
}

/// A plain answer.
pub(crate) fn reply(status: u16, body: &str) -> Reply {
    Reply::Answer(status, Vec::new(), body.to_owned())
}

/// A running responder.
#[derive(Debug)]
pub(crate) struct Responder {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Responder {
    /// Starts to listen; `answer` is called with each request and its number from 0.
    pub(crate) async fn start<F>(answer: F) -> Self
    where
        F: Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), log.clone());
                tokio::spawn(async move { serve(stream, &*answer, &log).await });
            }
        });
        Self { url, asked }
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve<F>(mut stream: TcpStream, answer: &F, log: &Mutex<Vec<Asked>>)
where
    F: Fn(&Asked, usize) -> Reply,
{
    let Some(asked) = read(&mut stream).await else { return };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(asked.clone());
        log.len() - 1
    };
    let text = match answer(&asked, number) {
        Reply::Answer(status, headers, body) => {
            let more: String = headers.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
            format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n{body}",
                body.len()
            )
        }
        Reply::Silence => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            return;
        }
        Reply::Close => return,
        Reply::Torn => "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{".to_owned(),
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let line = head.lines().next().unwrap_or_default().to_owned();
            let asked = Asked { line, head: head.to_owned(), body: body.to_owned() };
            let length = asked.header("content-length").map_or(0, |text| text.parse().unwrap());
            if body.len() >= length {
                return Some(asked);
            }
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
}
