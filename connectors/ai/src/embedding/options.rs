//! What a job file says about Embedding.

use indexmap::IndexMap;
use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::options::{
    Located, OptionEnum, OptionReader, OptionType, OptionValue, Options, Secret,
};
use seatunnel_transforms::tables::Rule;

use super::modality::{Format, Modality};
use crate::options::ModelOptions;

/// Whose model it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(super) enum Provider {
    /// OpenAI, and all that speak as it does, with `api_path`.
    #[option(name = "OPENAI")]
    OpenAi,
    /// Doubao, also for pictures and films.
    Doubao,
    /// Baidu's Qianfan: by its first interface with `secret_key`, by its second one without.
    Qianfan,
    /// Amazon's Bedrock, in `aws_region`: its models `titan-embed` and `cohere.embed`.
    Amazon,
    /// Zhipu.
    Zhipu,
    /// Azure OpenAI; `api_path` with `${model}` for the deployment.
    Microsoft,
    /// Anything: `custom_config` says what requests and answers look like.
    Custom,
    /// A server of one's own that speaks as OpenAI does, at `api_path`; a key is not needed.
    Local,
}

/// Providers, their names in messages, and where their models usually are.
const PROVIDERS: &[(Provider, &str, Option<&str>)] = &[
    (
        Provider::OpenAi,
        "OPENAI",
        Some("https://api.openai.com/v1/embeddings"),
    ),
    (
        Provider::Doubao,
        "DOUBAO",
        Some("https://ark.cn-beijing.volces.com/api/v3/embeddings"),
    ),
    (
        Provider::Qianfan,
        "QIANFAN",
        Some("https://qianfan.baidubce.com/v2/embeddings"),
    ),
    (Provider::Amazon, "AMAZON", None),
    (
        Provider::Zhipu,
        "ZHIPU",
        Some("https://open.bigmodel.cn/api/paas/v4/embeddings"),
    ),
    (Provider::Microsoft, "MICROSOFT", None),
    (Provider::Custom, "CUSTOM", None),
    (Provider::Local, "LOCAL", None),
];

/// Where Doubao's models for pictures and films are.
pub(super) const DOUBAO_MULTIMODAL: &str =
    "https://ark.cn-beijing.volces.com/api/v3/embeddings/multimodal";
/// Where models of Qianfan's first interface are.
pub(super) const QIANFAN_FIRST: &str =
    "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/embeddings";
/// Where its tokens come from.
pub(super) const QIANFAN_OAUTH: &str = "https://aip.baidubce.com/oauth/2.0/token";

impl Provider {
    fn entry(self) -> &'static (Provider, &'static str, Option<&'static str>) {
        let entry = PROVIDERS.iter().find(|(provider, ..)| *provider == self);
        entry.unwrap_or(&PROVIDERS[0])
    }

    pub(super) fn name(self) -> &'static str {
        self.entry().1
    }

    pub(super) fn usual_path(self) -> Option<&'static str> {
        self.entry().2
    }
}

/// A column that becomes a vector: its name, or what its values are besides.
#[derive(Clone, Debug)]
pub(super) struct SourceField {
    pub(super) field: Located<String>,
    /// Told by the end of the value if not given.
    pub(super) modality: Option<Modality>,
    pub(super) format: Format,
}

/// The long form of a field.
#[derive(Clone, Debug, Options)]
struct FieldOptions {
    /// The column.
    field: Located<String>,
    /// What its values are: `text`, or a kind of picture or film such as `jpeg` and `mp4`. Without it, the
    /// end of each value says it.
    modality: Option<Modality>,
    /// How values stand in the column: as text, as an address, or as the data themselves.
    #[option(default = Format::Text)]
    format: Format,
}

impl OptionValue for SourceField {
    fn option_type() -> OptionType {
        OptionType::Any("column | object")
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        if let Kind::Object(_) = &value.kind {
            let options = <FieldOptions as OptionValue>::read(value, reader)?;
            return Some(Self {
                field: options.field,
                modality: options.modality,
                format: options.format,
            });
        }
        Some(Self {
            field: Located::read(value, reader)?,
            modality: Some(Modality::Text),
            format: Format::Text,
        })
    }

    fn render(&self) -> String {
        self.field.value.clone()
    }
}

/// What becomes a vector.
#[derive(Clone, Debug, Options)]
pub struct EmbeddingRule {
    /// Whose model is asked.
    pub(super) model_provider: Option<Provider>,
    /// New columns and the columns whose values become vectors in them: `{ intro_vector = intro }`, or
    /// `{ photo_vector = { field = photo, modality = jpeg, format = url } }`.
    pub(super) vectorization_fields: Option<IndexMap<String, SourceField>>,
    /// Values in one request, also of several rows.
    #[option(default = 1, min = 1)]
    pub(super) single_vectorized_input_number: usize,
    /// Accepted; requests are filled up to `single_vectorized_input_number`.
    #[option(alias("inference_batch_size"))]
    pub(super) process_batch_size: Option<usize>,
    /// Numbers of a vector. Without it, the model is asked once when the job begins. OPENAI and ZHIPU
    /// make vectors of this size.
    #[option(min = 1, max = 65536)]
    pub(super) dimension: Option<u32>,
    /// The second key of QIANFAN and AMAZON.
    #[option(secret)]
    pub(super) secret_key: Option<Secret>,
    /// The region of AMAZON: `us-east-1`.
    #[option(alias("region"))]
    pub(super) aws_region: Option<Located<String>>,
    /// Where QIANFAN's tokens come from.
    pub(super) oauth_path: Option<Located<String>>,
    #[option(flatten)]
    pub(super) model_options: ModelOptions,
}

impl Rule for EmbeddingRule {
    fn is_given(&self) -> bool {
        self.model_provider.is_some()
    }
}

seatunnel_transforms::options_with_table_rules!(
    /// Makes vectors of columns.
    "Embedding",
    EmbeddingOptions,
    EmbeddingTableRule,
    EmbeddingRule
);
