//! LLM: what a language model makes of a row, as a column.

mod answers;
mod options;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::ArrayRef;
use async_trait::async_trait;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use seatunnel_api::{
    Batch, CatalogTable, Column, Error, PluginInfo, Result, TableSchema, Transform,
    TransformContext, TransformFactory,
};
use seatunnel_transforms::codes::COLUMN_TWICE;
use seatunnel_transforms::columns::{Projection, column_index, rebuilt, with_columns};
use seatunnel_transforms::json_path::Json;
use seatunnel_transforms::tables::{Rules, Stage, StageOutput, TableStep, of_plans, plans};
use serde_json::{Value, json};

use crate::calls::{Calls, Login};
use crate::custom::{Custom, fill_text};
use crate::options::incomplete;
use answers::{column_of, of_text, one_for_each};
use options::{LlmOptions, LlmRule, OutputType, Provider};

const NAME: &str = "LLM";

/// A model and how it is talked to.
struct Chat {
    calls: Calls,
    model: String,
    prompt: String,
    output: OutputType,
    rows_of_request: usize,
    kind: Kind,
}

enum Kind {
    /// Messages of two roles, as OpenAI has them.
    Messages {
        names_model: bool,
    },
    Custom(Custom),
}

impl LlmRule {
    fn chat(&self) -> Result<Chat> {
        let given = self.model_provider;
        let provider =
            given.ok_or_else(|| incomplete(NAME, "needs the option `model_provider`"))?;
        let prompt = self.prompt.as_ref().filter(|p| !p.trim().is_empty());
        let prompt = prompt.ok_or_else(|| incomplete(NAME, "needs the option `prompt`"))?;
        let name = provider.name();
        let options = &self.model_options;
        let model = options.model(NAME)?.to_owned();
        let mut path = options.path(NAME, name, provider.usual_path())?;
        path.value = fill_text(&path.value, &[("model", &model)]);
        let login = match provider {
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
            _ => Login::Bearer(options.key(NAME, name)?.clone()),
        };
        let kind = match provider {
            Provider::Custom => Kind::Custom(Custom::new(NAME, options.custom(NAME)?)?),
            // The model is part of Azure's address.
            Provider::Microsoft => Kind::Messages { names_model: false },
            _ => Kind::Messages { names_model: true },
        };
        Ok(Chat {
            calls: Calls::new(NAME, name, options, &path, login)?,
            model,
            prompt: prompt.clone(),
            output: self.output_data_type,
            rows_of_request: self.inference_batch_size,
            kind,
        })
    }

    fn step(&self, chat: Arc<Chat>, table: &Arc<CatalogTable>) -> Result<LlmStep> {
        let name = &self.output_column_name;
        if table.schema().index_of(&name.value).is_some() {
            return Err(Error::new(
                COLUMN_TWICE,
                format!(
                    "{NAME}: table {} has a column `{}` already",
                    table.path(),
                    name.value
                ),
            )
            .with_help("choose another name with `output_column_name`")
            .at(&name.span));
        }
        let chosen: Vec<usize> = match self.inference_columns.as_deref() {
            None | Some([]) => (0..table.columns().len()).collect(),
            Some(names) => names
                .iter()
                .map(|name| column_index(NAME, table, name))
                .collect::<Result<_>>()?,
        };
        let asked = chosen.iter().map(|at| table.columns()[*at].clone());
        let asked = Arc::new(table.with_schema(TableSchema::new(asked.collect())));
        let mut columns = table.columns().to_vec();
        let mut column = Column::new(name.value.clone(), self.output_data_type.data_type());
        column.comment = Some("Output column of LLM".to_owned());
        columns.push(column);
        Ok(LlmStep {
            chat,
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            asked: Projection::new(asked, chosen),
        })
    }
}

struct LlmStep {
    chat: Arc<Chat>,
    table: Arc<CatalogTable>,
    /// The columns that the model sees.
    asked: Projection,
}

#[async_trait]
impl Stage for LlmStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    async fn apply(&self, batch: Batch, out: &mut StageOutput) -> Result<()> {
        let rows = batch.num_rows();
        let Some(seen) = TableStep::apply(&self.asked, batch.clone())? else {
            return Ok(());
        };
        let size = self.chat.rows_of_request;
        let parts = (0..rows.div_ceil(size)).map(|part| part * size..rows.min((part + 1) * size));
        // Collected first: closures that borrow would not be `Send` for every lifetime.
        let requests: Vec<_> = parts.map(|range| self.chat.ask(&seen, range)).collect();
        let answers: Vec<Vec<Option<String>>> = iter(requests)
            .buffered(self.chat.calls.concurrency)
            .try_collect()
            .await?;
        let answers: Vec<Option<String>> = answers.into_iter().flatten().collect();
        let column = column_of(self.chat.output, &answers).map_err(|why| {
            self.chat
                .calls
                .unusable(&why)
                .with_context("table", self.table.path())
                .with_help("say in the prompt what is allowed, or take output_data_type = STRING")
                .of_row()
        })?;
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        columns.push(column);
        out.rows.push(rebuilt(&self.table, columns, &batch)?);
        Ok(())
    }
}

impl Chat {
    /// Answers for these rows. A model that gives another number of answers is asked again with half
    /// of the rows.
    async fn ask(&self, rows: &Batch, range: Range<usize>) -> Result<Vec<Option<String>>> {
        let mut answers = Vec::with_capacity(range.len());
        let mut todo = vec![range];
        let mut tries = 1;
        while let Some(range) = todo.pop() {
            let count = range.len();
            let text = self.calls.post(&self.request(rows, range.clone())).await?;
            match self.read(&text, count) {
                Ok(found) => {
                    answers.extend(found);
                    tries = 1;
                }
                Err(why) if count > 1 => {
                    tracing::debug!("{NAME}: asked again with fewer rows: the answer {why}");
                    let half = range.start + count / 2;
                    todo.push(half..range.end);
                    todo.push(range.start..half);
                }
                // A model may do better the next time.
                Err(_) if tries < self.calls.attempts() => {
                    tries += 1;
                    todo.push(range);
                }
                Err(why) => return Err(self.calls.unusable(&why).of_row()),
            }
        }
        Ok(answers)
    }

    fn request(&self, rows: &Batch, range: Range<usize>) -> Value {
        let count = range.len();
        let rows: Vec<String> = range.map(|row| rows.row(row).to_json()).collect();
        let input = format!("[{}]", rows.join(","));
        let element = self.output.name();
        let prompt = format!(
            "{}\nThe input is a JSON array of {count} rows. Answer with a JSON array of {count} elements \
             and nothing else: one element of type {element} for each row, in the order of the rows. \
             Example: [\"first\", \"second\"]",
            self.prompt
        );
        match &self.kind {
            Kind::Custom(custom) => {
                let texts = [
                    ("model", self.model.as_str()),
                    ("prompt", &prompt),
                    ("input", &input),
                ];
                custom.body(&texts, &[])
            }
            Kind::Messages { names_model } => {
                let mut body = json!({
                    "messages": [
                        { "role": "system", "content": prompt },
                        { "role": "user", "content": input },
                    ],
                });
                if *names_model {
                    body["model"] = json!(self.model);
                }
                body
            }
        }
    }

    /// One answer for each row.
    fn read(&self, text: &str, count: usize) -> std::result::Result<Vec<Option<String>>, String> {
        let json = Json::parse(text).map_err(|why| format!("is no JSON: {why}"))?;
        match &self.kind {
            Kind::Messages { .. } => {
                let content = json.get("choices").and_then(|choices| match choices {
                    Json::Array(choices) => choices.first()?.get("message")?.get("content"),
                    _ => None,
                });
                let content = content.and_then(Json::as_str);
                one_for_each(content.ok_or("has no choices[0].message.content")?, count)
            }
            Kind::Custom(custom) => {
                let found = custom
                    .parse
                    .read(&json)
                    .map_err(|why| format!("is unexpected: {why}"))?;
                match &*found {
                    Json::Array(texts) if texts.len() == count && count > 1 => {
                        Ok(texts.iter().map(answers::text_of).collect())
                    }
                    Json::Array(texts) => match texts.first() {
                        Some(first) => of_text(&first.to_text(), count),
                        None => Err("has nothing at `custom_response_parse`".to_owned()),
                    },
                    Json::Null => Err("has nothing at `custom_response_parse`".to_owned()),
                    other => of_text(&other.to_text(), count),
                }
            }
        }
    }
}

/// Makes LLM transforms.
pub struct LlmFactory;

#[async_trait]
impl TransformFactory for LlmFactory {
    type Options = LlmOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Asks a language model about each row and writes the answer into a column.",
        }
    }

    fn notes(&self) -> &'static str {
        include_str!("NOTES.md")
    }

    async fn create(
        &self,
        options: LlmOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        let rules: Rules<LlmRule> = options.into();
        let mut chats: Vec<(usize, Arc<Chat>)> = Vec::new();
        let mut made = Vec::new();
        for (mut plan, chosen) in plans::<_, LlmStep>(&rules, &context)? {
            for rule in chosen {
                // One pace for all tables of a rule.
                let id = std::ptr::from_ref(rule).addr();
                let known = chats.iter().find(|(of, _)| *of == id);
                let chat = match known {
                    Some((_, chat)) => chat.clone(),
                    None => {
                        let chat = Arc::new(rule.chat()?);
                        chats.push((id, chat.clone()));
                        chat
                    }
                };
                let step = rule.step(chat, plan.output())?;
                plan.push(step);
            }
            made.push(plan);
        }
        of_plans(NAME, made)
    }
}
