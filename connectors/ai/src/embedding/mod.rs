//! Embedding: values as vectors.

mod modality;
mod model;
mod options;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, FixedSizeListArray, Float32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType as ArrowType;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Result, Transform, TransformContext,
    TransformFactory, codes as api_codes,
};
use seatunnel_transforms::columns::{
    as_text, check_text, column_index, rebuilt, refuse_twins, text, with_columns,
};
use seatunnel_transforms::tables::{Rules, Stage, StageOutput, of_plans, plans};

use crate::options::incomplete;
use modality::{Format, Modality};
use model::{Input, Model};
use options::{EmbeddingOptions, EmbeddingRule, SourceField};

const NAME: &str = "Embedding";

/// A model and the size of its vectors.
struct Maker {
    model: Model,
    dimension: u32,
}

impl EmbeddingRule {
    async fn maker(&self) -> Result<Maker> {
        let given = self.model_provider;
        let provider =
            given.ok_or_else(|| incomplete(NAME, "needs the option `model_provider`"))?;
        let fields = self.vectorization_fields.iter().flat_map(|f| f.values());
        let multimodal = fields
            .clone()
            .any(|f| f.modality != Some(Modality::Text) || f.format != Format::Text);
        if self.process_batch_size.is_some() {
            tracing::debug!("{NAME}: process_batch_size changes nothing here");
        }
        let model = Model::new(self, provider, multimodal)?;
        let dimension = match self.dimension {
            Some(dimension) => dimension,
            None => model.dimension().await?,
        };
        Ok(Maker { model, dimension })
    }

    fn step(&self, maker: Arc<Maker>, table: &Arc<CatalogTable>) -> Result<EmbeddingStep> {
        let fields = self.vectorization_fields.as_ref().filter(|f| !f.is_empty());
        let fields =
            fields.ok_or_else(|| incomplete(NAME, "needs the option `vectorization_fields`"))?;
        let mut columns = table.columns().to_vec();
        let mut sources = Vec::new();
        for (name, source) in fields {
            let at = column_index(NAME, table, &source.field)?;
            let column = &table.columns()[at];
            let is_data = source.format == Format::Binary && column.data_type == DataType::Bytes;
            if !is_data {
                check_text(NAME, column).map_err(|e| e.or_at(&source.field.span))?;
            }
            if source.format == Format::Binary && source.modality.is_none() {
                let what = format!(
                    "needs a `modality` for `{}`: data have no name",
                    source.field.value
                );
                return Err(incomplete(NAME, what).at(&source.field.span));
            }
            let data_type = DataType::FloatVector(maker.dimension);
            columns.push(Column::new(name.clone(), data_type));
            sources.push((at, source.clone()));
        }
        refuse_twins(NAME, table, &columns)?;
        Ok(EmbeddingStep {
            maker,
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            sources,
        })
    }
}

struct EmbeddingStep {
    maker: Arc<Maker>,
    table: Arc<CatalogTable>,
    /// Positions of columns and what their values are.
    sources: Vec<(usize, SourceField)>,
}

/// Values of one or more rows, in the order of the rows.
struct Request {
    inputs: Vec<Input>,
    /// How many of them each row has.
    rows: Vec<usize>,
}

#[async_trait]
impl Stage for EmbeddingStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    async fn apply(&self, batch: Batch, out: &mut StageOutput) -> Result<()> {
        let (requests, places) = self.requests(&batch)?;
        // Collected first: closures that borrow would not be `Send` for every lifetime.
        let asked: Vec<_> = requests
            .iter()
            .map(|request| self.maker.ask(request))
            .collect();
        let vectors: Vec<Vec<Vec<f32>>> = iter(asked)
            .buffered(self.maker.model.calls.concurrency)
            .try_collect()
            .await?;
        let vectors: Vec<Vec<f32>> = vectors.into_iter().flatten().collect();
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        for place in &places {
            columns.push(self.maker.column(place, &vectors)?);
        }
        out.rows.push(rebuilt(&self.table, columns, &batch)?);
        Ok(())
    }
}

/// For each source, the number of the vector of each row; none of null.
type Places = Vec<Vec<Option<usize>>>;

impl EmbeddingStep {
    /// What is asked for a batch. A request holds whole rows, unless one has more values than a request.
    fn requests(&self, batch: &Batch) -> Result<(Vec<Request>, Places)> {
        let sources = self.sources.iter();
        let values: Vec<Vec<Option<Input>>> = sources
            .map(|(at, source)| inputs(batch.records().column(*at), source))
            .collect::<Result<_>>()?;
        let most = self.maker.model.inputs_of_request;
        let mut requests: Vec<Request> = Vec::new();
        let mut places = vec![Vec::with_capacity(batch.num_rows()); values.len()];
        let mut count = 0;
        for row in 0..batch.num_rows() {
            let mut of_row = Vec::new();
            for (values, places) in values.iter().zip(&mut places) {
                places.push(values[row].as_ref().map(|input| {
                    of_row.push(input.clone());
                    count += 1;
                    count - 1
                }));
            }
            for part in of_row.chunks(most) {
                match requests.last_mut() {
                    Some(last) if last.inputs.len() + part.len() <= most => {
                        last.inputs.extend_from_slice(part);
                        last.rows.push(part.len());
                    }
                    _ => requests.push(Request {
                        inputs: part.to_vec(),
                        rows: vec![part.len()],
                    }),
                }
            }
        }
        Ok((requests, places))
    }
}

impl Maker {
    /// The vectors of a request. Services that give another number are asked for each row by itself.
    async fn ask(&self, request: &Request) -> Result<Vec<Vec<f32>>> {
        let found = match self.model.vectors(&request.inputs).await? {
            Ok(vectors) => return self.checked(vectors),
            Err(found) => found,
        };
        if request.rows.len() == 1 {
            return Err(self.model.miscounted(found, request.inputs.len()));
        }
        tracing::debug!(
            "{NAME}: {found} vectors came for {} inputs; asked again row by row",
            request.inputs.len()
        );
        let mut all = Vec::with_capacity(request.inputs.len());
        let mut start = 0;
        for count in &request.rows {
            let inputs = &request.inputs[start..start + count];
            start += count;
            match self.model.vectors(inputs).await? {
                Ok(vectors) => all.extend(vectors),
                Err(found) => return Err(self.model.miscounted(found, inputs.len())),
            }
        }
        self.checked(all)
    }

    fn checked(&self, vectors: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>> {
        let wanted = self.dimension as usize;
        match vectors.iter().find(|vector| vector.len() != wanted) {
            None => Ok(vectors),
            Some(vector) => Err(self
                .model
                .calls
                .unusable(&format!(
                    "has a vector of {} numbers, where {wanted} are expected",
                    vector.len()
                ))
                .with_help("look at `dimension` and `model`")),
        }
    }

    fn column(&self, places: &[Option<usize>], vectors: &[Vec<f32>]) -> Result<ArrayRef> {
        let size = self.dimension as usize;
        let mut values = Vec::with_capacity(places.len() * size);
        for place in places {
            match place {
                Some(at) => values.extend_from_slice(&vectors[*at]),
                None => values.resize(values.len() + size, 0.0),
            }
        }
        let arrow = DataType::FloatVector(self.dimension).to_arrow();
        let ArrowType::FixedSizeList(field, width) = arrow else {
            return Err(Error::new(api_codes::INTERNAL, "a vector has another type"));
        };
        let nulls = NullBuffer::from_iter(places.iter().map(Option::is_some));
        let nulls = Some(nulls).filter(|n| n.null_count() > 0);
        let values = Arc::new(Float32Array::from(values));
        let column = FixedSizeListArray::try_new(field, width, values, nulls)?;
        Ok(Arc::new(column))
    }
}

/// The values of a column as requests hold them.
fn inputs(column: &ArrayRef, source: &SourceField) -> Result<Vec<Option<Input>>> {
    if let (Format::Binary, Some(bytes)) = (source.format, column.as_binary_opt::<i32>()) {
        let data = bytes.iter();
        return Ok(data
            .map(|data| Some(encoded(&STANDARD.encode(data?), source)))
            .collect());
    }
    let column = as_text(column)?;
    let column = text(&column);
    let values = (0..column.len()).map(|row| column.is_valid(row).then(|| column.value(row)));
    Ok(values
        .map(|value| {
            let value = value?;
            if source.format == Format::Binary {
                return Some(encoded(value.trim(), source));
            }
            let modality = source.modality.unwrap_or_else(|| Modality::of_value(value));
            Some(Input {
                part: modality.part(),
                text: value.to_owned(),
            })
        })
        .collect())
}

/// Data in base64, as an address that holds them.
fn encoded(base64: &str, source: &SourceField) -> Input {
    let modality = source.modality.unwrap_or(Modality::Text);
    Input {
        part: modality.part(),
        text: match modality.media_type() {
            Some(media) => format!("data:{media};base64,{base64}"),
            None => base64.to_owned(),
        },
    }
}

/// Makes Embedding transforms.
pub struct EmbeddingFactory;

#[async_trait]
impl TransformFactory for EmbeddingFactory {
    type Options = EmbeddingOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Makes vectors of columns by an embedding model.",
        }
    }

    fn notes(&self) -> &'static str {
        include_str!("NOTES.md")
    }

    async fn create(
        &self,
        options: EmbeddingOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        let rules: Rules<EmbeddingRule> = options.into();
        let mut makers: Vec<(usize, Arc<Maker>)> = Vec::new();
        let mut made = Vec::new();
        for (mut plan, chosen) in plans::<_, EmbeddingStep>(&rules, &context)? {
            for rule in chosen {
                // One pace, and one question for the dimension, for all tables of a rule.
                let id = std::ptr::from_ref(rule).addr();
                let known = makers.iter().find(|(of, _)| *of == id);
                let maker = match known {
                    Some((_, maker)) => maker.clone(),
                    None => {
                        let maker = Arc::new(rule.maker().await?);
                        makers.push((id, maker.clone()));
                        maker
                    }
                };
                let step = rule.step(maker, plan.output())?;
                plan.push(step);
            }
            made.push(plan);
        }
        of_plans(NAME, made)
    }
}
