//! TextChunk: a long text as several rows.

mod chunks;

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow_select::take::take;
use async_trait::async_trait;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    Batch, CatalogTable, Column, ConstraintKind, DataType, Error, PluginInfo, Result, RowKind,
    RowKinds, SortOrder, TableSchema, Transform, TransformContext, TransformFactory,
    codes as api_codes,
};

use crate::codes;
use crate::columns::{as_text, check_text, column_index, put_column, text};
use crate::tables::{Rule, Stage, StageOutput, per_table};
use chunks::Cutter;

const NAME: &str = "TextChunk";
/// Rows of a batch that comes out.
const BATCH_ROWS: usize = 8192;
/// Bytes of a batch that comes out, about.
const BATCH_BYTES: usize = 8 << 20;
/// Bytes that may come out of one batch: the other columns are repeated in each chunk's row.
const MOST_BYTES: usize = 1 << 30;

const SEPARATORS: [&str; 7] = ["\n\n", "\n", "。", "！", "？", ". ", " "];

/// What is cut.
#[derive(Clone, Debug, Options)]
struct TextChunkRule {
    /// The column with the text.
    text_field: Option<Located<String>>,
    /// The column that gets the chunk; one that exists is overwritten, unless it belongs to a key.
    #[option(default = Located { value: "chunk".to_owned(), span: Default::default() })]
    output_field: Located<String>,
    /// The column that gets the number of the chunk in its text, from 0 on. It becomes part of the
    /// primary key and of unique keys.
    #[option(default = Located { value: "chunk_index".to_owned(), span: Default::default() })]
    chunk_index_field: Located<String>,
    /// Longest chunk, in characters (Unicode code points).
    #[option(default = 1000, min = 1)]
    chunk_size: usize,
    /// How much of the end of a chunk the next one begins with, at most, in characters: whole pieces
    /// between separators.
    #[option(default = 0)]
    overlap_size: usize,
    /// Where a text is cut, the best place first; each stays at the end of what is in front of it.
    /// With none, texts are cut at `chunk_size`.
    #[option(default = SEPARATORS.iter().map(|s| (*s).to_owned()).collect())]
    separators: Vec<String>,
    /// Whether a row whose text is null or empty is left out. If not, it stays, with a null and 0.
    #[option(default = true)]
    skip_empty_text: bool,
}

impl Rule for TextChunkRule {
    fn is_given(&self) -> bool {
        self.text_field.is_some()
    }
}

impl TextChunkRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<ChunkStep> {
        let Some(field) = &self.text_field else {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!(
                    "{NAME} needs the option `text_field` for table {}",
                    table.path()
                ),
            ));
        };
        if self.overlap_size >= self.chunk_size {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!(
                    "{NAME}: `overlap_size`, {}, must be less than `chunk_size`, {}",
                    self.overlap_size, self.chunk_size
                ),
            ));
        }
        if self.overlap_size * 2 >= self.chunk_size {
            tracing::warn!(
                "{NAME}: with an `overlap_size` of {} and a `chunk_size` of {} texts are repeated many times",
                self.overlap_size,
                self.chunk_size
            );
        }
        let from = column_index(NAME, table, field)?;
        check_text(NAME, &table.columns()[from]).map_err(|e| e.or_at(&field.span))?;
        let (chunk, index) = (&self.output_field, &self.chunk_index_field);
        if chunk.value == index.value {
            return Err(Error::new(
                codes::COLUMN_TWICE,
                format!(
                    "{NAME}: chunk and number would both go to `{}`",
                    chunk.value
                ),
            )
            .at(&chunk.span));
        }
        for target in [chunk, index] {
            if is_in_key(table.schema(), &target.value) {
                return Err(Error::new(
                    codes::RULE_INVALID,
                    format!(
                        "{NAME}: the column `{}` belongs to a key of table {} and can't be overwritten",
                        target.value,
                        table.path()
                    ),
                )
                .with_help("choose other names with `output_field` and `chunk_index_field`")
                .at(&target.span));
            }
        }
        let mut schema = table.schema().clone();
        let chunk_at = put_column(
            &mut schema.columns,
            Column::new(&chunk.value, DataType::String),
        );
        let index_at = put_column(
            &mut schema.columns,
            Column::new(&index.value, DataType::Int).not_null(),
        );
        // Rows of one text share its key: the number tells them apart.
        if let Some(key) = &mut schema.primary_key {
            key.columns.push(index.value.clone());
        }
        for key in &mut schema.constraint_keys {
            if key.kind == ConstraintKind::Unique {
                key.columns.push((index.value.clone(), SortOrder::Asc));
            }
        }
        Ok(ChunkStep {
            table: Arc::new(table.with_schema(schema).without_facts()),
            from,
            chunk_at,
            index_at,
            cutter: Cutter {
                separators: self.separators.clone(),
                size: self.chunk_size,
                overlap: self.overlap_size,
            },
            keep_empty: !self.skip_empty_text,
        })
    }
}

fn is_in_key(schema: &TableSchema, column: &str) -> bool {
    let primary = schema.primary_key.as_ref();
    primary.is_some_and(|key| key.columns.iter().any(|c| c == column))
        || schema.constraint_keys.iter().any(|key| {
            key.kind == ConstraintKind::Unique && key.columns.iter().any(|(c, _)| c == column)
        })
}

struct ChunkStep {
    table: Arc<CatalogTable>,
    from: usize,
    chunk_at: usize,
    index_at: usize,
    cutter: Cutter,
    keep_empty: bool,
}

/// Rows that come out, before they are a batch.
#[derive(Default)]
struct Pending {
    /// The row that each comes from.
    sources: Vec<u32>,
    numbers: Vec<i32>,
    chunks: StringBuilder,
    bytes: usize,
}

#[async_trait]
impl Stage for ChunkStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    async fn apply(&self, batch: Batch, out: &mut StageOutput) -> Result<()> {
        self.cut(&batch, &mut out.rows)
    }
}

impl ChunkStep {
    fn cut(&self, batch: &Batch, out: &mut Vec<Batch>) -> Result<()> {
        let column = as_text(&batch.records().columns()[self.from])?;
        let column: &StringArray = text(&column);
        let row_bytes = self.bytes_repeated(batch);
        let mut pending = Pending::default();
        let mut total = 0;
        let mut chunks = Vec::new();
        for row in 0..column.len() {
            let value = if column.is_valid(row) {
                column.value(row)
            } else {
                ""
            };
            self.cutter.cut(value, &mut chunks);
            if chunks.is_empty() && self.keep_empty {
                pending.push(row, 0, None, row_bytes(row));
            }
            for (number, (start, end)) in chunks.iter().enumerate() {
                let bytes = row_bytes(row) + (end - start);
                total += bytes;
                if total > MOST_BYTES {
                    return Err(self.too_much());
                }
                pending.push(row, number as i32, Some(&value[*start..*end]), bytes);
                if pending.sources.len() >= BATCH_ROWS || pending.bytes >= BATCH_BYTES {
                    out.push(self.batch(batch, &mut pending)?);
                }
            }
        }
        if !pending.sources.is_empty() {
            out.push(self.batch(batch, &mut pending)?);
        }
        Ok(())
    }

    /// Bytes of the columns that a row repeats, about: the widest columns are texts.
    fn bytes_repeated<'b>(&self, batch: &'b Batch) -> impl Fn(usize) -> usize + 'b {
        let columns = batch.records().columns().iter().enumerate();
        let overwritten = [self.chunk_at, self.index_at];
        let mut texts = Vec::new();
        let mut others = 0;
        for (at, column) in columns {
            if overwritten.contains(&at) {
                continue;
            }
            match column.as_any().downcast_ref::<StringArray>() {
                Some(text) => texts.push(text),
                None => others += column.get_array_memory_size() / batch.num_rows().max(1),
            }
        }
        move |row| {
            others
                + texts
                    .iter()
                    .map(|t| t.value_length(row) as usize)
                    .sum::<usize>()
        }
    }

    fn too_much(&self) -> Error {
        let field = &self.table.columns()[self.from].name;
        Error::new(
            codes::ROW_INVALID,
            format!("{NAME}: the chunks of a text, with all other columns in each row, take more than 1 GiB"),
        )
        .with_context("table", self.table.path())
        .with_context("column", field)
        .with_help(format!(
            "write the chunk over the text itself, with output_field = \"{field}\", or leave large columns out before"
        ))
        .of_row()
    }

    fn batch(&self, from: &Batch, pending: &mut Pending) -> Result<Batch> {
        let sources = UInt32Array::from(std::mem::take(&mut pending.sources));
        let chunk: ArrayRef = Arc::new(pending.chunks.finish());
        let number: ArrayRef = Arc::new(Int32Array::from(std::mem::take(&mut pending.numbers)));
        pending.bytes = 0;
        let mut columns = Vec::with_capacity(self.table.columns().len());
        for at in 0..self.table.columns().len() {
            columns.push(match from.records().columns().get(at) {
                _ if at == self.chunk_at => chunk.clone(),
                _ if at == self.index_at => number.clone(),
                Some(column) => take(column.as_ref(), &sources, None)?,
                None => return Err(Error::new(api_codes::INTERNAL, "a column is missing")),
            });
        }
        let kinds = match from.kinds() {
            RowKinds::All(kind) => RowKinds::All(*kind),
            each => {
                let kinds = sources.values().iter();
                let kinds: Vec<RowKind> = kinds.map(|row| each.get(*row as usize)).collect();
                RowKinds::from_kinds(kinds)
            }
        };
        let records = RecordBatch::try_new(self.table.arrow_schema().clone(), columns)?;
        Ok(Batch::new(self.table.clone(), records, kinds))
    }
}

impl Pending {
    fn push(&mut self, row: usize, number: i32, chunk: Option<&str>, bytes: usize) {
        self.sources.push(row as u32);
        self.numbers.push(number);
        self.chunks.append_option(chunk);
        self.bytes += bytes;
    }
}

crate::options_with_table_rules!(
    /// Cuts a long text into several rows.
    "TextChunk",
    TextChunkOptions,
    TextChunkTableRule,
    TextChunkRule
);

/// Makes TextChunk transforms.
pub struct TextChunkFactory;

#[async_trait]
impl TransformFactory for TextChunkFactory {
    type Options = TextChunkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Cuts a long text into chunks, each a row with all other columns.",
        }
    }

    async fn create(
        &self,
        options: TextChunkOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, TextChunkRule::step)
    }
}
