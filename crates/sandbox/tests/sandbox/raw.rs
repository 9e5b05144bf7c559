//! Answers as they come over the wire. In come requests as text; out go bytes, when they came, and how the
//! connection ended. It must not know what an answer says.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    /// It is still open.
    Open,
}

/// What came over one connection.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) text: String,
    pub(crate) end: End,
    /// When bytes came, from the request on, and how many there were by then.
    pub(crate) times: Vec<(Duration, usize)>,
}

impl Wire {
    /// The head of the first answer.
    pub(crate) fn head(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or(self.text.as_str(), |(head, _)| head)
    }

    /// What came behind it.
    pub(crate) fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// The length that the head promises.
    pub(crate) fn promised(&self) -> usize {
        let head = self.head().to_lowercase();
        let line = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        line.parse().unwrap()
    }
}

/// Sends one request and listens until the connection ends, or for so long that nothing comes.
pub(crate) async fn ask(
    base: &str,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
    patience: Duration,
) -> Wire {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let (mut bytes, mut times) = (Vec::new(), Vec::new());
    let mut part = [0; 4096];
    let end = loop {
        match timeout(patience, stream.read(&mut part)).await {
            Err(_) => break End::Open,
            Ok(Ok(0)) => break End::Closed,
            Ok(Ok(count)) => {
                bytes.extend_from_slice(&part[..count]);
                times.push((begun.elapsed(), bytes.len()));
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                break End::Reset;
            }
            Ok(Err(error)) => panic!("{error}"),
        }
    };
    Wire { text: String::from_utf8(bytes).unwrap(), end, times }
}
