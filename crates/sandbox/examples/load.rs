//! How many simple requests a second the sandbox answers, and what they cost it.
//!
//! In: seconds, connections and referrals (`load 10 8 1000`). Out: requests a second, how long they took, and
//! what the sandbox, which is a process of its own, says of its processor time and memory. It must not know
//! how the sandbox is made.

use std::{
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

/// What the program of cosell uses, so that the sandbox costs here what it costs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error + Send + Sync>;

const DATA: &str = "/services/data/v60.0";
const REFERRALS: &str = "/v1.0/engagements/referrals";
/// The argument with which the program is the sandbox.
const SERVE: &str = "serve";

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, usual: u32| -> Result<u32, Failure> {
        words.get(place).map_or(Ok(usual), |word| Ok(word.parse()?))
    };
    if words.first().is_some_and(|word| word == SERVE) {
        return serve(number(1, 1000)?);
    }
    let (seconds, connections, referrals) = (number(0, 10)?, number(1, 8)?, number(2, 1000)?);
    let mut child = Command::new(std::env::current_exe()?)
        .args([SERVE, &referrals.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let done = measure(&mut child, seconds, connections);
    child.kill()?;
    child.wait()?;
    done
}

/// Is the sandbox until standard input ends.
fn serve(referrals: u32) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sandbox = runtime.block_on(Sandbox::start(Config { referrals, ..Config::default() }))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", sandbox.ready())?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// One kind of request: where, with which token, and what is sent.
#[derive(Debug, Clone)]
struct Kind {
    host: String,
    bytes: Vec<u8>,
    status: &'static str,
}

impl Kind {
    fn new(
        [url, token]: [&str; 2],
        method: &str,
        path: &str,
        body: &str,
        status: &'static str,
    ) -> Self {
        let host = url.trim_start_matches("http://").to_owned();
        let bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { host, bytes: bytes.into_bytes(), status }
    }
}

fn measure(child: &mut Child, seconds: u32, connections: u32) -> Result<(), Failure> {
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line)?;
    let at = |pointer: &str| {
        ready.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or("not ready")
    };
    let (url, token) = (at("/salesforce/url")?, at("/salesforce/access_token")?);
    let salesforce = [url.as_str(), token.as_str()];
    let (url, token) = (at("/partner_center/url")?, at("/partner_center/access_token")?);
    let partner = [url.as_str(), token.as_str()];
    let (url, token) = (at("/admin/url")?, at("/admin/token")?);
    let admin = Kind::new([&url, &token], "GET", "/usage", "", "200");

    let body = json!({ "Name": "load", "StageName": "Prospecting", "CloseDate": "2027-01-01" });
    let path = format!("{DATA}/sobjects/Opportunity");
    let made = once(&Kind::new(salesforce, "POST", &path, &body.to_string(), "201"))?;
    let row = made["id"].as_str().ok_or("no id")?.to_owned();
    let listed = once(&Kind::new(partner, "GET", &format!("{REFERRALS}?$top=1"), "", "200"))?;
    let referral = listed["value"][0]["id"].as_str().ok_or("no referral")?.to_owned();
    let soql = format!("SELECT+Id,Name,Amount+FROM+Opportunity+WHERE+Id='{row}'");
    let row = format!("{path}/{row}");
    let kinds = Arc::new([
        Kind::new(salesforce, "GET", &row, "", "200"),
        Kind::new(partner, "GET", &format!("{REFERRALS}/{referral}"), "", "200"),
        Kind::new(salesforce, "PATCH", &row, &json!({ "Amount": 1000 }).to_string(), "204"),
        Kind::new(salesforce, "GET", &format!("{DATA}/query?q={soql}"), "", "200"),
    ]);
    let names = ["GET row", "GET referral", "PATCH row", "query by id", "all of them in turn"];
    let before = once(&admin)?;
    let mut total = 0;
    for (place, name) in names.into_iter().enumerate() {
        let some: Vec<Kind> =
            kinds.get(place).map_or_else(|| kinds.to_vec(), |one| vec![one.clone()]);
        let usage = once(&admin)?;
        let times = run(&some, Duration::from_secs(u64::from(seconds)), connections)?;
        total += times.len();
        tell(name, seconds, times, &usage, &once(&admin)?)?;
    }
    let after = once(&admin)?;
    let memory =
        |usage: &Value| usage["memory"]["resident_bytes"].as_u64().unwrap_or(0) / 1_000_000;
    let text = format!(
        "{total} requests; memory {} MB before, {} MB after; log {} requests, {} MB\n",
        memory(&before),
        memory(&after),
        after["log"]["entries"],
        after["log"]["bytes"].as_u64().unwrap_or(0) / 1_000_000,
    );
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Says what one kind of request came to.
fn tell(
    name: &str,
    seconds: u32,
    mut times: Vec<Duration>,
    before: &Value,
    after: &Value,
) -> Result<(), Failure> {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    let cpu = |usage: &Value| {
        let part = |name: &str| usage["cpu"][name].as_u64().unwrap_or(0);
        part("user_ms") + part("system_ms")
    };
    let count = u64::try_from(times.len().max(1))?;
    let text = format!(
        "{name:<20} {:>7} a second   p50 {:>5} µs   p99 {:>6} µs   {:>4} µs processor   {:>3} MB\n",
        count / u64::from(seconds),
        at(50).as_micros(),
        at(99).as_micros(),
        (cpu(after) - cpu(before)) * 1000 / count,
        after["memory"]["resident_bytes"].as_u64().unwrap_or(0) / 1_000_000,
    );
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Sends requests over so many connections for so long; answers how long each took.
fn run(kinds: &[Kind], duration: Duration, connections: u32) -> Result<Vec<Duration>, Failure> {
    let mut threads = Vec::new();
    for number in 0..connections {
        let kinds = kinds.to_vec();
        threads.push(thread::spawn(move || -> Result<Vec<Duration>, Failure> {
            let mut wires = Vec::new();
            for kind in &kinds {
                wires.push(Wire::new(kind)?);
            }
            let (begun, mut times) = (Instant::now(), Vec::new());
            let mut place = usize::try_from(number)?;
            while begun.elapsed() < duration {
                place = (place + 1) % kinds.len();
                let asked = Instant::now();
                if let Some((wire, kind)) = wires.get_mut(place).zip(kinds.get(place)) {
                    wire.ask(kind)?;
                }
                times.push(asked.elapsed());
            }
            Ok(times)
        }));
    }
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().map_err(|_| "a connection broke off")??);
    }
    Ok(all)
}

fn once(kind: &Kind) -> Result<Value, Failure> {
    let mut wire = Wire::new(kind)?;
    wire.ask(kind)?;
    Ok(serde_json::from_slice(&wire.body)?)
}

/// One connection that is kept.
struct Wire {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Wire {
    fn new(kind: &Kind) -> Result<Self, Failure> {
        let stream = TcpStream::connect(&kind.host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), line: String::new(), body: Vec::new() })
    }

    /// Sends a request and reads its answer.
    fn ask(&mut self, kind: &Kind) -> Result<(), Failure> {
        self.stream.get_mut().write_all(&kind.bytes)?;
        let mut length = 0;
        let mut is_first = true;
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line)?;
            let line = self.line.trim_end();
            if is_first && line.split(' ').nth(1) != Some(kind.status) {
                return Err(format!("answered with {line:?}").into());
            }
            is_first = false;
            if line.is_empty() {
                break;
            }
            if let Some((_, value)) =
                line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            {
                length = value.trim().parse()?;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(())
    }
}
