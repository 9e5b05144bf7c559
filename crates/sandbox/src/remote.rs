//! One of the sandbox's addresses, driven from outside as curl would: a call in, status and JSON out.
//! For the demo and for tests, which act as Microsoft, as a rep, or as the administration. It must
//! not know what the calls mean.

use std::time::Duration;

use serde_json::Value;

/// An address and the bearer token that is sent with each call.
#[derive(Clone)]
pub struct Remote {
    url: String,
    token: String,
    client: reqwest::Client,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Remote {
    /// A client of `url`. Errors: why it could not be made.
    pub fn new(url: &str, token: &str) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(15))
            .tls_certs_only([])
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), token: token.to_owned(), client })
    }

    /// Calls `path` with a JSON body, if there is one: the status and the answer (null when it is
    /// not JSON). Errors: no answer came.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), String> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
        let mut request =
            self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| causes(&error))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Calls, and takes any status but 2xx for an error.
    pub async fn need(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        match self.call(method, path, body).await? {
            (200..=299, answer) => Ok(answer),
            (status, answer) => {
                Err(format!("{method} {path} was answered with {status}: {answer}"))
            }
        }
    }
}

/// An error with what lies behind it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
