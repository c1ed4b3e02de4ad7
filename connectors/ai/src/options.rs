//! What LLM and Embedding have in common in a job file.

use indexmap::IndexMap;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::{Located, Options, Secret};
use seatunnel_api::{Error, Result};

use crate::codes;

/// The service of one's own.
#[derive(Clone, Debug, Options)]
pub(crate) struct CustomConfig {
    /// A JSONPath to what is wanted in the answer: `$.choices[*].message.content`, `$.data[*].embedding`.
    pub(crate) custom_response_parse: Located<String>,
    /// Headers of requests.
    #[option(default = IndexMap::new(), secret)]
    pub(crate) custom_request_headers: IndexMap<String, Secret>,
    /// The body of requests, in which `${model}`, `${input}` and, for LLM, `${prompt}` are replaced. A
    /// list `["${input}"]` becomes the list of all inputs of the request.
    pub(crate) custom_request_body: ConfigValue,
}

/// How a model is asked.
#[derive(Clone, Debug, Options)]
pub(crate) struct ModelOptions {
    /// The model, as the provider calls it.
    pub(crate) model: Option<Located<String>>,
    /// The key of the provider. CUSTOM and LOCAL need none.
    #[option(secret)]
    pub(crate) api_key: Option<Secret>,
    /// Where requests go, if not to the provider's usual address. MICROSOFT, CUSTOM and LOCAL need it;
    /// `${model}` in it is replaced.
    #[option(alias("openai.api_path"))]
    pub(crate) api_path: Option<Located<String>>,
    /// For CUSTOM: what requests and answers look like.
    pub(crate) custom_config: Option<CustomConfig>,
    /// How often a request is tried. Too many requests, timeouts and errors of the server are tried
    /// again, what the server refuses is not. (SeaTunnel: 1)
    #[option(default = 4, min = 1)]
    pub(crate) model_retry_max_attempts: u32,
    /// Milliseconds before the second try; each further wait is twice as long. If the server says how
    /// long to wait, that counts.
    #[option(default = 1000)]
    pub(crate) model_retry_backoff_ms: u64,
    /// Longest wait, in milliseconds, unless the server asks for more.
    #[option(default = 10_000)]
    pub(crate) model_retry_max_backoff_ms: u64,
    /// Milliseconds until a request without an answer counts as failed. (SeaTunnel: 20,000)
    #[option(default = 60_000, min = 1)]
    pub(crate) model_request_timeout_ms: u64,
    /// Requests under way at once, for each reader of the source.
    #[option(default = 4, min = 1, max = 1024)]
    pub(crate) model_concurrency: usize,
    /// Requests that begin within a minute, over all readers of this process; as many as possible if
    /// not given.
    #[option(min = 0.001)]
    pub(crate) model_requests_per_minute: Option<f64>,
}

/// An error about options.
pub(crate) fn incomplete(plugin: &str, what: impl std::fmt::Display) -> Error {
    Error::new(codes::MODEL_OPTIONS, format!("{plugin} {what}"))
}

impl ModelOptions {
    /// The model's name.
    pub(crate) fn model(&self, plugin: &str) -> Result<&str> {
        let model = self.model.as_ref().filter(|m| !m.value.trim().is_empty());
        let model = model.ok_or_else(|| incomplete(plugin, "needs the option `model`"))?;
        Ok(model.value.trim())
    }

    /// The key, where the provider asks for one.
    pub(crate) fn key(&self, plugin: &str, provider: &str) -> Result<&Secret> {
        let key = self
            .api_key
            .as_ref()
            .filter(|k| !k.expose().trim().is_empty());
        key.ok_or_else(|| incomplete(plugin, format!("needs the option `api_key` for {provider}")))
    }

    /// Where requests go.
    pub(crate) fn path(
        &self,
        plugin: &str,
        provider: &str,
        usual: Option<&str>,
    ) -> Result<Located<String>> {
        let given = self
            .api_path
            .as_ref()
            .filter(|p| !p.value.trim().is_empty());
        match (given, usual) {
            (Some(path), _) => Ok(path.clone()),
            (None, Some(usual)) => Ok(Located {
                value: usual.to_owned(),
                span: Default::default(),
            }),
            (None, None) => Err(incomplete(
                plugin,
                format!("needs the option `api_path` for {provider}"),
            )),
        }
    }

    /// What CUSTOM needs.
    pub(crate) fn custom(&self, plugin: &str) -> Result<&CustomConfig> {
        let custom = self.custom_config.as_ref();
        custom.ok_or_else(|| incomplete(plugin, "needs the option `custom_config` for CUSTOM"))
    }
}
