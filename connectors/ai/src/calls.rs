//! Requests to the service of a model: paced, tried again, their failures told apart.

use std::time::{Duration, SystemTime};

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, StatusCode, Url};
use seatunnel_api::options::{Located, Secret};
use seatunnel_api::{Error, Result};
use seatunnel_transforms::json_path::Json;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::aws::AwsKeys;
use crate::codes;
use crate::options::{ModelOptions, incomplete};
use crate::pace::Pace;

/// What requests hold.
const JSON: &str = "application/json";
/// Longest answer that is read.
const LARGEST: usize = 64 << 20;
/// Longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How we say who we are.
pub(crate) enum Login {
    /// Not at all, or by headers that the user gave.
    None,
    /// `Authorization: Bearer …`
    Bearer(Secret),
    /// `api-key: …`, as Azure has it.
    ApiKey(Secret),
    /// A token that is asked for with two keys and is part of the address, as Qianfan has it.
    Token {
        oauth: Url,
        key: Secret,
        secret: Secret,
    },
    /// A signature of each request, as Amazon has it.
    Aws(AwsKeys),
}

/// One service.
pub(crate) struct Calls {
    plugin: &'static str,
    provider: &'static str,
    client: Client,
    url: Url,
    headers: HeaderMap,
    login: Login,
    token: Mutex<Option<String>>,
    attempts: u32,
    backoff: Duration,
    longest_backoff: Duration,
    pace: Pace,
    /// Requests under way at once.
    pub(crate) concurrency: usize,
}

/// Why an attempt failed.
struct Failure {
    error: Error,
    /// Whether the same request may succeed later, and how long the server wants us to wait.
    again: Option<Duration>,
    /// Whether the token is no longer good.
    token: bool,
}

impl Calls {
    pub(crate) fn new(
        plugin: &'static str,
        provider: &'static str,
        options: &ModelOptions,
        path: &Located<String>,
        login: Login,
    ) -> Result<Self> {
        let url = Url::parse(path.value.trim()).ok();
        let url = url.filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        let url = url.ok_or_else(|| {
            let what = "needs an address like https://host/path as `api_path`";
            incomplete(plugin, what).at(&path.span)
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        let given = options.custom_config.as_ref();
        for (name, value) in given.iter().flat_map(|c| &c.custom_request_headers) {
            let header = HeaderName::try_from(name.as_str()).ok();
            let value = sensitive(value.expose());
            let (Some(header), Some(value)) = (header, value) else {
                return Err(incomplete(
                    plugin,
                    format!("can't send the header `{name}`"),
                ));
            };
            headers.insert(header, value);
        }
        let no_key = || {
            incomplete(
                plugin,
                "can't send the `api_key`: it has line ends or the like",
            )
        };
        match &login {
            Login::Bearer(key) => {
                let value = sensitive(&format!("Bearer {}", key.expose().trim()));
                headers.insert(AUTHORIZATION, value.ok_or_else(no_key)?);
            }
            Login::ApiKey(key) => {
                let value = sensitive(key.expose().trim()).ok_or_else(no_key)?;
                headers.insert(HeaderName::from_static("api-key"), value);
            }
            Login::None | Login::Token { .. } | Login::Aws(_) => {}
        }
        let client = Client::builder()
            .timeout(Duration::from_millis(options.model_request_timeout_ms))
            .build()
            .map_err(|e| incomplete(plugin, "can't make an HTTP client").with_cause(e))?;
        Ok(Self {
            plugin,
            provider,
            client,
            url,
            headers,
            login,
            token: Mutex::new(None),
            attempts: options.model_retry_max_attempts,
            backoff: Duration::from_millis(options.model_retry_backoff_ms),
            longest_backoff: Duration::from_millis(options.model_retry_max_backoff_ms),
            pace: Pace::new(options.model_requests_per_minute),
            concurrency: options.model_concurrency,
        })
    }

    /// How often something is tried.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Sends a request and gives the body of the answer.
    ///
    /// # Errors
    /// What the service said, or that it was not reached (retryable).
    pub(crate) async fn post(&self, body: &Value) -> Result<String> {
        let body = body.to_string();
        let mut attempt = 1;
        loop {
            let failure = match self.once(&body).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if failure.token {
                *self.token.lock().await = None;
            }
            let Some(asked) = failure.again.filter(|_| attempt < self.attempts) else {
                let again = failure.again.is_some();
                let error = failure.error.with_context("attempts", attempt);
                return Err(if again { error.retryable() } else { error });
            };
            let wait = asked.min(LONGEST_WAIT).max(self.wait(attempt));
            tracing::debug!(
                "{}: {}; tried again in {} ms",
                self.plugin,
                failure.error,
                wait.as_millis()
            );
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// Twice as long each time, and by chance somewhat less, so that not all come back at once.
    fn wait(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX);
        let longest = self
            .backoff
            .saturating_mul(factor)
            .min(self.longest_backoff);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    async fn once(&self, body: &str) -> std::result::Result<String, Failure> {
        let mut url = self.url.clone();
        if let Login::Token { .. } = self.login {
            let token = self.token().await?;
            url.query_pairs_mut().append_pair("access_token", &token);
        }
        self.pace.turn().await;
        let mut request = self.client.post(url.clone());
        request = request.headers(self.headers.clone());
        if let Login::Aws(keys) = &self.login {
            let now = SystemTime::now();
            for (name, value) in keys.headers("POST", &url, JSON, body.as_bytes(), now) {
                request = request.header(name, value);
            }
        }
        let text = self.answer(request.body(body.to_owned())).await?;
        // Qianfan says what is wrong in an answer that is otherwise good.
        if let Login::Token { .. } = self.login
            && let Ok(json) = Json::parse(&text)
            && let Some(code) = json.get("error_code").and_then(Json::as_f64)
        {
            let stale = code == 110.0 || code == 111.0;
            let busy = code == 4.0 || code == 18.0 || code == 336_100.0;
            return Err(Failure {
                error: self.refused(&text, None),
                again: (stale || busy).then_some(Duration::ZERO),
                token: stale,
            });
        }
        Ok(text)
    }

    /// Sends a request and reads its answer.
    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
    ) -> std::result::Result<String, Failure> {
        let broken = |error: reqwest::Error| {
            // The address may hold a token.
            let error = error.without_url();
            let what = if error.is_timeout() {
                "did not answer in time"
            } else if error.is_connect() {
                "can't be reached"
            } else {
                "broke off"
            };
            Failure {
                error: self.busy(what).with_cause(error),
                again: Some(Duration::ZERO),
                token: false,
            }
        };
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        let wait = response.headers().get(RETRY_AFTER);
        let wait = wait.and_then(|w| w.to_str().ok()?.trim().parse::<f64>().ok());
        let wait = wait.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > LARGEST {
                let error = self.unusable("is larger than 64 MiB");
                return Err(Failure {
                    error,
                    again: None,
                    token: false,
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_success() {
            return Ok(text);
        }
        let passing = matches!(status.as_u16(), 408 | 409 | 425 | 429 | 500..);
        let error = if passing {
            self.busy(&format!("says {status}"))
                .with_context("reason", self.reason(&text))
        } else {
            self.refused(&text, Some(status))
        };
        Err(Failure {
            error,
            again: passing.then_some(wait.unwrap_or_default()),
            token: false,
        })
    }

    /// The token, asked for if there is none.
    async fn token(&self) -> std::result::Result<String, Failure> {
        let Login::Token { oauth, key, secret } = &self.login else {
            return Ok(String::new());
        };
        let mut held = self.token.lock().await;
        if let Some(token) = &*held {
            return Ok(token.clone());
        }
        let mut url = oauth.clone();
        url.query_pairs_mut()
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", key.expose().trim())
            .append_pair("client_secret", secret.expose().trim());
        let text = self.answer(self.client.get(url)).await?;
        let json = Json::parse(&text).ok();
        let token = json.as_ref().and_then(|j| j.get("access_token")?.as_str());
        match token {
            Some(token) => {
                *held = Some(token.to_owned());
                Ok(token.to_owned())
            }
            None => Err(Failure {
                error: self.refused(&text, None),
                again: None,
                token: false,
            }),
        }
    }

    fn busy(&self, what: &str) -> Error {
        Error::new(
            codes::MODEL_BUSY,
            format!("{}: the service of {} {what}", self.plugin, self.provider),
        )
        .with_context("address", self.shown())
    }

    fn refused(&self, text: &str, status: Option<StatusCode>) -> Error {
        let status = status.map_or_else(String::new, |s| format!(" ({s})"));
        let error = Error::new(
            codes::MODEL_REFUSES,
            format!(
                "{}: the service of {} refuses the request{status}: {}",
                self.plugin,
                self.provider,
                self.reason(text)
            ),
        )
        .with_context("address", self.shown());
        match status.contains("401") || status.contains("403") {
            true => error.with_help("look at `api_key`, and at what it may be used for"),
            false => error.with_help("look at `model`, `api_path` and the length of the input"),
        }
    }

    /// An answer that can't be used.
    pub(crate) fn unusable(&self, what: &str) -> Error {
        Error::new(
            codes::ANSWER_INVALID,
            format!("{}: the answer of {} {what}", self.plugin, self.provider),
        )
        .with_context("address", self.shown())
    }

    /// The address without what may be secret.
    fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.to_string()
    }

    /// What a service says of an error, shortened and without the key.
    fn reason(&self, text: &str) -> String {
        let json = Json::parse(text).ok();
        let said = json.as_ref().and_then(|json| {
            let error = json.get("error");
            let message = error.and_then(|e| e.get("message")).or(error);
            let message = message.or_else(|| json.get("message"));
            let message = message.or_else(|| json.get("error_msg"));
            let message = message.or_else(|| json.get("error_description"));
            message.map(|m| m.to_text().into_owned())
        });
        let mut said = said.unwrap_or_else(|| text.to_owned());
        let keys = match &self.login {
            Login::Bearer(key) | Login::ApiKey(key) => vec![key],
            Login::Token { key, secret, .. } => vec![key, secret],
            Login::Aws(keys) => vec![&keys.key, &keys.secret],
            Login::None => Vec::new(),
        };
        for key in keys {
            let key = key.expose().trim();
            if !key.is_empty() {
                said = said.replace(key, "******");
            }
        }
        let mut short: String = said.trim().chars().take(300).collect();
        if short.len() < said.trim().len() {
            short.push('…');
        }
        short
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
