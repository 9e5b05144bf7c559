//! A client of the sandbox for tests. In come methods, paths and JSON; out go status, headers and JSON. The
//! only test file that knows the client library.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sandbox::{Config, Sandbox};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Mutex,
};

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) said: String,
}

impl Got {
    /// The text at a JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer);
        value.and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {self:?}")).to_owned()
    }

    /// Checks the status and answers itself.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// A running sandbox and its users.
pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    http: reqwest::Client,
}

pub(crate) const DATA: &str = "/services/data/v60.0";
pub(crate) const REFERRALS: &str = "/v1.0/engagements/referrals";

impl Client {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { sandbox, http }
    }

    /// One call; an error means that the connection broke.
    pub(crate) async fn call(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Got, String> {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request = self.http.request(method, url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let said = response.text().await.map_err(|error| error.to_string())?;
        let body = serde_json::from_str(&said).unwrap_or(Value::Null);
        Ok(Got { status, headers, body, said })
    }

    async fn authorized(
        &self,
        method: &str,
        url: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Got {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend(headers);
        let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !body.is_null() && !is_typed {
            all.push(("Content-Type", "application/json"));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, url, &all, &body).await.unwrap()
    }

    /// A Salesforce call of the rep, below the version's path.
    pub(crate) async fn rep(&self, method: &str, path: &str, body: &Value) -> Got {
        self.rep_with(method, path, &[], body).await
    }

    pub(crate) async fn rep_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Got {
        let url = format!("{}{DATA}{path}", self.sandbox.addresses().salesforce);
        let token = self.sandbox.credentials().salesforce.access_token.clone();
        self.authorized(method, &url, &token, headers, body).await
    }

    /// A query of the rep.
    pub(crate) async fn query(&self, soql: &str) -> Got {
        let encoded = encode(soql);
        self.rep("GET", &format!("/query?q={encoded}"), &Value::Null).await
    }

    /// The names (or another field) of a query's records.
    pub(crate) async fn names(&self, field: &str, soql: &str) -> Vec<String> {
        let got = self.query(soql).await.is(200);
        let records = got.body["records"].as_array().unwrap();
        records.iter().map(|row| row[field].as_str().unwrap_or("null").to_owned()).collect()
    }

    /// Makes a Salesforce row; answers its id.
    pub(crate) async fn make(&self, object: &str, fields: &Value) -> String {
        self.rep("POST", &format!("/sobjects/{object}"), fields).await.is(201).text("/id")
    }

    /// A Salesforce token of the integration user.
    pub(crate) async fn service_token(&self) -> String {
        let keys = &self.sandbox.credentials().salesforce;
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            keys.client_id, keys.client_secret
        );
        let url = format!("{}/services/oauth2/token", self.sandbox.addresses().salesforce);
        self.call("POST", &url, &[], &form).await.unwrap().is(200).text("/access_token")
    }

    /// A Salesforce call of the integration user, by its full path.
    pub(crate) async fn service(&self, method: &str, path: &str, token: &str, body: &Value) -> Got {
        let url = format!("{}{path}", self.sandbox.addresses().salesforce);
        self.authorized(method, &url, token, &[], body).await
    }

    /// A Partner Center token of the service for a host of the real service.
    pub(crate) async fn partner_token(&self, audience: &str) -> Got {
        let keys = &self.sandbox.credentials().partner_center;
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={}&scope=https%3A%2F%2F{audience}%2F.default",
            keys.client_id, keys.refresh_token
        );
        let base = &self.sandbox.addresses().partner_center;
        let url = format!("{base}/{}/oauth2/v2.0/token", keys.tenant);
        self.form(&url, &form).await
    }

    /// Posts a form.
    pub(crate) async fn form(&self, url: &str, form: &str) -> Got {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.call("POST", url, &[kind], form).await.unwrap()
    }

    /// A Partner Center API call of a person at the partner, below the referrals' path.
    pub(crate) async fn partner(&self, method: &str, path: &str, body: &Value) -> Got {
        self.partner_with(method, path, &[], body).await
    }

    pub(crate) async fn partner_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Got {
        let url = format!("{}{REFERRALS}{path}", self.sandbox.addresses().partner_center);
        let token = self.sandbox.credentials().partner_center.access_token.clone();
        self.authorized(method, &url, &token, headers, body).await
    }

    /// A Partner Center API call with a given token, by its full path.
    pub(crate) async fn partner_as(&self, token: &str, method: &str, path: &str) -> Got {
        let url = format!("{}{path}", self.sandbox.addresses().partner_center);
        self.authorized(method, &url, token, &[], &Value::Null).await
    }

    /// A call to the webhooks host, below the registration's path.
    pub(crate) async fn hooks(&self, method: &str, path: &str, body: &Value) -> Got {
        let base = &self.sandbox.addresses().webhooks;
        let url = format!("{base}/webhooks/v1/registration{path}");
        let token = self.sandbox.credentials().partner_center.access_token.clone();
        self.authorized(method, &url, &token, &[], body).await
    }

    /// A call to the administration.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: &Value) -> Got {
        let url = format!("{}{path}", self.sandbox.addresses().admin);
        let token = self.sandbox.credentials().admin_token.clone();
        self.authorized(method, &url, &token, &[], body).await
    }
}

/// Percent-encodes everything.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}

/// One request that a receiver of webhooks got: head in lower case but for values, and body.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A receiver of webhooks that answers with given statuses, the last one for ever; 0 stands for silence.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::<Received>::new()));
        let here = Arc::clone(&got);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                let mut part = [0; 4096];
                let received = loop {
                    let count = stream.read(&mut part).await.unwrap_or(0);
                    bytes.extend_from_slice(&part[..count]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else {
                        if count == 0 {
                            break None;
                        }
                        continue;
                    };
                    let received = Received { head: head.to_owned(), body: body.to_owned() };
                    let length =
                        received.header("content-length").unwrap().parse::<usize>().unwrap();
                    if body.len() >= length {
                        break Some(received);
                    }
                };
                let Some(received) = received else { continue };
                let mut all = here.lock().await;
                let status = statuses.get(all.len()).or(statuses.last()).unwrap();
                all.push(received);
                if *status == 0 {
                    // It stays open, and nothing is said.
                    silent.push(stream);
                    continue;
                }
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\
                     Connection: close\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, got }
    }

    /// Waits until so many requests came; answers them all.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Received> {
        for _ in 0..500 {
            let got = self.got.lock().await.clone();
            if got.len() >= count {
                return got;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{count} webhooks were expected, {:?} came", self.got.lock().await);
    }
}
