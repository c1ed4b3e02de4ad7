//! What a job file says about LLM.

use seatunnel_api::DataType;
use seatunnel_api::options::{Located, OptionEnum, Options};
use seatunnel_transforms::tables::Rule;

use crate::options::ModelOptions;

/// Whose model it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(super) enum Provider {
    /// OpenAI, and all that speak as it does, with `api_path`.
    #[option(name = "OPENAI")]
    OpenAi,
    /// Doubao.
    Doubao,
    /// DeepSeek.
    #[option(name = "DEEPSEEK")]
    DeepSeek,
    /// Kimi.
    #[option(name = "KIMIAI", alias = "KIMI")]
    Kimi,
    /// Azure OpenAI; `api_path` with `${model}` for the deployment.
    Microsoft,
    /// Zhipu.
    Zhipu,
    /// Baidu's Qianfan, by its second interface.
    Qianfan,
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
        Some("https://api.openai.com/v1/chat/completions"),
    ),
    (
        Provider::Doubao,
        "DOUBAO",
        Some("https://ark.cn-beijing.volces.com/api/v3/chat/completions"),
    ),
    (
        Provider::DeepSeek,
        "DEEPSEEK",
        Some("https://api.deepseek.com/chat/completions"),
    ),
    (
        Provider::Kimi,
        "KIMIAI",
        Some("https://api.moonshot.cn/v1/chat/completions"),
    ),
    (Provider::Microsoft, "MICROSOFT", None),
    (
        Provider::Zhipu,
        "ZHIPU",
        Some("https://open.bigmodel.cn/api/paas/v4/chat/completions"),
    ),
    (
        Provider::Qianfan,
        "QIANFAN",
        Some("https://qianfan.baidubce.com/v2/chat/completions"),
    ),
    (Provider::Custom, "CUSTOM", None),
    (Provider::Local, "LOCAL", None),
];

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

/// The type of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(super) enum OutputType {
    /// Text.
    String,
    /// Whole numbers of 32 bits.
    Int,
    /// Whole numbers of 64 bits.
    #[option(name = "BIGINT", alias = "LONG")]
    BigInt,
    /// Numbers.
    Double,
    /// True or false.
    Boolean,
}

impl OutputType {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::String => DataType::String,
            Self::Int => DataType::Int,
            Self::BigInt => DataType::BigInt,
            Self::Double => DataType::Double,
            Self::Boolean => DataType::Boolean,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Int => "INT",
            Self::BigInt => "BIGINT",
            Self::Double => "DOUBLE",
            Self::Boolean => "BOOLEAN",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, Options)]
pub struct LlmRule {
    /// Whose model is asked.
    pub(super) model_provider: Option<Provider>,
    /// What the model is to do with each row.
    pub(super) prompt: Option<String>,
    /// The columns that the model sees; all if not given.
    pub(super) inference_columns: Option<Vec<Located<String>>>,
    /// The type of the answers.
    #[option(default = OutputType::String)]
    pub(super) output_data_type: OutputType,
    /// The new column with the answers.
    #[option(default = Located { value: "llm_output".to_owned(), span: Default::default() })]
    pub(super) output_column_name: Located<String>,
    /// Rows in one request. More make it cheaper; models then mix rows up more easily. If the answers
    /// are not as many as the rows, fewer are asked about at once.
    #[option(default = 1, min = 1, alias("process_batch_size"))]
    pub(super) inference_batch_size: usize,
    #[option(flatten)]
    pub(super) model_options: ModelOptions,
}

impl Rule for LlmRule {
    fn is_given(&self) -> bool {
        self.model_provider.is_some()
    }
}

seatunnel_transforms::options_with_table_rules!(
    /// Asks a language model about rows.
    "LLM",
    LlmOptions,
    LlmTableRule,
    LlmRule
);
