//! A model that makes vectors, and how it is talked to.

use reqwest::Url;
use seatunnel_api::options::Located;
use seatunnel_api::{Error, Result};
use seatunnel_transforms::json_path::Json;
use serde_json::{Value, json};

use super::NAME;
use super::options::{DOUBAO_MULTIMODAL, EmbeddingRule, Provider, QIANFAN_FIRST, QIANFAN_OAUTH};
use crate::aws::AwsKeys;
use crate::calls::{Calls, Login};
use crate::custom::{Custom, fill_text};
use crate::options::incomplete;

/// What Zhipu takes in one request.
const MOST_OF_ZHIPU: usize = 64;
/// What Cohere's models at Amazon take in one request.
const MOST_OF_COHERE: usize = 96;

/// One model.
pub(super) struct Model {
    pub(super) calls: Calls,
    name: String,
    kind: Kind,
    dimensions: Option<u32>,
    /// Values in one request.
    pub(super) inputs_of_request: usize,
}

enum Kind {
    /// `model` and `input`, as OpenAI has it.
    OpenAi {
        names_model: bool,
    },
    /// `input` alone: the model is part of the address.
    InputAlone,
    /// Parts of a kind, one value a request.
    Multimodal,
    /// `inputText`, one value a request, as Amazon's own models have it.
    Titan,
    /// `texts`, as Cohere's models at Amazon have it.
    Cohere,
    Custom(Custom),
}

/// A value, as requests hold it.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// `text`, `image_url` or `video_url`.
    pub(super) part: &'static str,
    pub(super) text: String,
}

impl Model {
    pub(super) fn new(rule: &EmbeddingRule, provider: Provider, multimodal: bool) -> Result<Self> {
        let options = &rule.model_options;
        let name = options.model(NAME)?.to_owned();
        let provider_name = provider.name();
        let first_qianfan = provider == Provider::Qianfan && rule.secret_key.is_some();
        if multimodal && provider != Provider::Doubao {
            let what = format!("makes vectors of text only with {provider_name}");
            return Err(incomplete(NAME, what).with_help("DOUBAO takes pictures and films"));
        }
        let usual = match provider {
            Provider::Doubao if multimodal => Some(DOUBAO_MULTIMODAL),
            Provider::Qianfan if first_qianfan => Some(QIANFAN_FIRST),
            other => other.usual_path(),
        };
        let amazon = match provider {
            Provider::Amazon => Some(bedrock(rule, &name)?),
            _ => None,
        };
        let usual = amazon.as_ref().map(|(host, _)| host.as_str()).or(usual);
        let mut path = options.path(NAME, provider_name, usual)?;
        path.value = fill_text(&path.value, &[("model", &name)]);
        if first_qianfan {
            path.value = format!("{}/{name}", path.value.trim_end_matches('/'));
        }
        if amazon.is_some() {
            // A colon stands for itself in addresses, but Amazon signs it as `%3A`.
            let model = name.replace(':', "%3A").replace('/', "%2F");
            let host = path.value.trim().trim_end_matches('/');
            path.value = format!("{host}/model/{model}/invoke");
        }
        let mut inputs_of_request = rule.single_vectorized_input_number;
        let kind = match provider {
            Provider::Custom => {
                let custom = Custom::new(NAME, options.custom(NAME)?)?;
                if inputs_of_request > 1 && !custom.takes_many() {
                    let what = "can send one input a request only: `custom_request_body` has no [\"${input}\"]";
                    return Err(incomplete(NAME, what)
                        .with_help("leave out `single_vectorized_input_number`"));
                }
                Kind::Custom(custom)
            }
            Provider::Doubao if multimodal => {
                if inputs_of_request > 1 {
                    let what = "takes one picture or film a request: leave out `single_vectorized_input_number`";
                    return Err(incomplete(NAME, what));
                }
                Kind::Multimodal
            }
            Provider::Microsoft => Kind::OpenAi { names_model: false },
            Provider::Amazon => amazon.map_or(Kind::Titan, |(_, kind)| kind),
            Provider::Qianfan if first_qianfan => Kind::InputAlone,
            _ => Kind::OpenAi { names_model: true },
        };
        if provider == Provider::Zhipu {
            inputs_of_request = inputs_of_request.min(MOST_OF_ZHIPU);
        }
        match kind {
            Kind::Titan => inputs_of_request = 1,
            Kind::Cohere => inputs_of_request = inputs_of_request.min(MOST_OF_COHERE),
            _ => {}
        }
        let login = login(rule, provider, first_qianfan)?;
        Ok(Self {
            calls: Calls::new(NAME, provider_name, options, &path, login)?,
            name,
            kind,
            dimensions: rule.dimension.filter(|_| {
                matches!(
                    provider,
                    Provider::OpenAi | Provider::Zhipu | Provider::Local
                ) || rule.titan_of_any_size()
            }),
            inputs_of_request,
        })
    }

    /// The number of numbers in this model's vectors, by asking it for one.
    pub(super) async fn dimension(&self) -> Result<u32> {
        let input = Input {
            part: "text",
            text: "dimension".to_owned(),
        };
        let text = self.calls.post(&self.request(&[input])).await?;
        let vectors = self.read(&text).map_err(|why| self.calls.unusable(&why))?;
        let length = vectors.first().map_or(0, Vec::len);
        match u32::try_from(length) {
            Ok(length) if length > 0 => Ok(length),
            _ => Err(self.calls.unusable("has no vector")),
        }
    }

    /// The vectors of these values, as many as there are.
    ///
    /// # Errors
    /// The number of vectors, if it is another one.
    pub(super) async fn vectors(
        &self,
        inputs: &[Input],
    ) -> Result<std::result::Result<Vec<Vec<f32>>, usize>> {
        let text = self.calls.post(&self.request(inputs)).await?;
        let vectors = self.read(&text).map_err(|why| self.calls.unusable(&why))?;
        Ok(match vectors.len() {
            found if found == inputs.len() => Ok(vectors),
            found => Err(found),
        })
    }

    /// Vectors that are not as many as the values.
    pub(super) fn miscounted(&self, found: usize, wanted: usize) -> Error {
        self.calls
            .unusable(&format!("has {found} vectors for {wanted} inputs"))
    }

    fn request(&self, inputs: &[Input]) -> Value {
        let texts: Vec<Value> = inputs.iter().map(|i| json!(i.text)).collect();
        match &self.kind {
            Kind::OpenAi { names_model } => {
                let mut body = json!({ "input": texts });
                if *names_model {
                    body["model"] = json!(self.name);
                }
                if let Some(dimensions) = self.dimensions {
                    body["dimensions"] = json!(dimensions);
                }
                body
            }
            Kind::InputAlone => json!({ "input": texts }),
            Kind::Titan => {
                let text = inputs.first().map_or("", |i| i.text.as_str());
                match self.dimensions {
                    Some(dimensions) => json!({ "inputText": text, "dimensions": dimensions }),
                    None => json!({ "inputText": text }),
                }
            }
            Kind::Cohere => json!({ "texts": texts, "input_type": "search_document" }),
            Kind::Multimodal => {
                let parts = inputs.iter().map(|input| match input.part {
                    "text" => json!({ "type": "text", "text": input.text }),
                    part => json!({ "type": part, part: { "url": input.text } }),
                });
                json!({
                    "model": self.name,
                    "encoding_format": "float",
                    "input": parts.collect::<Vec<_>>(),
                })
            }
            Kind::Custom(custom) => {
                let first = inputs.first().map_or("", |i| i.text.as_str());
                custom.body(&[("model", &self.name), ("input", first)], &texts)
            }
        }
    }

    fn read(&self, text: &str) -> std::result::Result<Vec<Vec<f32>>, String> {
        let json = Json::parse(text).map_err(|why| format!("is no JSON: {why}"))?;
        if let Kind::Custom(custom) = &self.kind {
            let found = custom.parse.read(&json);
            let found = found.map_err(|why| format!("is unexpected: {why}"))?;
            return match &*found {
                // One vector, or a list of them.
                Json::Array(items) if items.first().is_some_and(|i| i.as_f64().is_some()) => {
                    Ok(vec![vector(&found)?])
                }
                Json::Array(items) => items.iter().map(vector).collect(),
                other => Err(format!("has {} at `custom_response_parse`", other.kind())),
            };
        }
        match self.kind {
            Kind::Titan => {
                let embedding = json.get("embedding").ok_or("has no `embedding`")?;
                return Ok(vec![vector(embedding)?]);
            }
            Kind::Cohere => {
                let embeddings = json.get("embeddings");
                // By type, where a model knows several.
                let floats = embeddings.and_then(|e| e.get("float")).or(embeddings);
                let Some(Json::Array(items)) = floats else {
                    return Err("has no `embeddings`".to_owned());
                };
                return items.iter().map(vector).collect();
            }
            _ => {}
        }
        match json.get("data") {
            Some(Json::Array(items)) => {
                let mut vectors = Vec::with_capacity(items.len());
                for (place, item) in items.iter().enumerate() {
                    let index = item.get("index").and_then(Json::as_f64);
                    let embedding = item
                        .get("embedding")
                        .ok_or("has an item without `embedding`")?;
                    vectors.push((index.unwrap_or(place as f64), vector(embedding)?));
                }
                // The order of the inputs is that of the indexes.
                vectors.sort_by(|(a, _), (b, _)| a.total_cmp(b));
                Ok(vectors.into_iter().map(|(_, vector)| vector).collect())
            }
            Some(item @ Json::Object(_)) => {
                let embedding = item.get("embedding").ok_or("has no data.embedding")?;
                Ok(vec![vector(embedding)?])
            }
            _ => Err("has no `data`".to_owned()),
        }
    }
}

fn vector(json: &Json<'_>) -> std::result::Result<Vec<f32>, String> {
    let Json::Array(items) = json else {
        return Err(format!("has {} where a vector should be", json.kind()));
    };
    let numbers = items.iter().map(|item| item.as_f64().map(|n| n as f32));
    let numbers: Option<Vec<f32>> = numbers.collect();
    numbers.ok_or_else(|| "has a vector with something else than numbers".to_owned())
}

impl EmbeddingRule {
    /// Whether it is a model of Amazon that makes vectors of the size it is asked for.
    fn titan_of_any_size(&self) -> bool {
        let model = self.model_options.model.as_ref();
        self.model_provider == Some(Provider::Amazon)
            && model.is_some_and(|m| m.value.contains("titan-embed-text-v2"))
    }

    fn region(&self) -> Result<&str> {
        let region = self.aws_region.as_ref().map(|region| region.value.trim());
        region
            .filter(|region| !region.is_empty())
            .ok_or_else(|| incomplete(NAME, "needs the option `aws_region` for AMAZON"))
    }
}

/// Where Amazon's Bedrock is, and how it is spoken to: that is the model's matter.
fn bedrock(rule: &EmbeddingRule, model: &str) -> Result<(String, Kind)> {
    let host = format!("https://bedrock-runtime.{}.amazonaws.com", rule.region()?);
    let kind = match model {
        titan if titan.contains("titan-embed") => Kind::Titan,
        cohere if cohere.contains("cohere.embed") => Kind::Cohere,
        _ => {
            let what = format!("doesn't know how the model {model:?} of AMAZON is spoken to");
            return Err(incomplete(NAME, what).with_help(
                "models with `titan-embed` or `cohere.embed` in their name make vectors",
            ));
        }
    };
    Ok((host, kind))
}

fn login(rule: &EmbeddingRule, provider: Provider, first_qianfan: bool) -> Result<Login> {
    let options = &rule.model_options;
    let name = provider.name();
    Ok(match provider {
        Provider::Custom => Login::None,
        Provider::Local => match &options.api_key {
            Some(key) => Login::Bearer(key.clone()),
            None => Login::None,
        },
        Provider::Microsoft => {
            let key = options.key(NAME, name)?.clone();
            // A token of Entra ID is a JSON web token, a key of Azure is none.
            if key.expose().starts_with("eyJ") {
                Login::Bearer(key)
            } else {
                Login::ApiKey(key)
            }
        }
        Provider::Amazon => {
            let secret = rule.secret_key.clone();
            let secret = secret.filter(|secret| !secret.expose().trim().is_empty());
            Login::Aws(AwsKeys {
                key: options.key(NAME, name)?.clone(),
                secret: secret.ok_or_else(|| incomplete(NAME, "needs the option `secret_key`"))?,
                region: rule.region()?.to_owned(),
                service: "bedrock",
            })
        }
        Provider::Qianfan if first_qianfan => {
            let usual = || Located {
                value: QIANFAN_OAUTH.to_owned(),
                span: Default::default(),
            };
            let path = rule.oauth_path.clone().unwrap_or_else(usual);
            let oauth = Url::parse(path.value.trim()).ok();
            let oauth = oauth.filter(|u| matches!(u.scheme(), "http" | "https"));
            let oauth = oauth.ok_or_else(|| {
                incomplete(
                    NAME,
                    "needs an address like https://host/path as `oauth_path`",
                )
                .at(&path.span)
            })?;
            let secret = rule.secret_key.clone();
            Login::Token {
                oauth,
                key: options.key(NAME, name)?.clone(),
                secret: secret.ok_or_else(|| incomplete(NAME, "needs the option `secret_key`"))?,
            }
        }
        _ => Login::Bearer(options.key(NAME, name)?.clone()),
    })
}
