//! The source: splits of row numbers, and the reader that makes their rows up.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::options::SchemaOption;
use seatunnel_api::state::{decode, encode};
use seatunnel_api::{
    Batch, Boundedness, CatalogTable, DataType, Discovery, Error, JobMode, NextDiscovery, Output,
    PluginInfo, Result, RowField, Source, SourceContext, SourceFactory, SourceReader, Split,
    SplitEnumerator, State, StateKind, TaskContext, erase_source,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use crate::codes;
use crate::generator::Generator;
use crate::options::{ContentOptions, FakeSourceOptions};
use crate::rows::read_rows;

const NAME: &str = "FakeSource";

/// Makes sources of made-up rows.
pub struct FakeSourceFactory;

#[async_trait]
impl SourceFactory for FakeSourceFactory {
    type Options = FakeSourceOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &["Fake"],
            summary: "Makes up rows by a schema.",
        }
    }

    async fn create(
        &self,
        options: FakeSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        let declared = match (options.schema, options.tables_configs) {
            (_, Some(tables)) => tables.into_iter().map(|t| (t.schema, t.content)).collect(),
            (Some(schema), None) => vec![(schema, options.content)],
            (None, None) => Vec::new(),
        };
        let output = context.plugin_output.as_deref();
        let tables = declared
            .into_iter()
            .map(|(schema, content)| FakeTable::new(schema, content, output))
            .collect::<Result<Vec<_>>>()?;
        let mut paths = HashSet::new();
        if let Some(twice) = tables.iter().find(|t| !paths.insert(t.table.path())) {
            return Err(Error::new(
                codes::TABLES,
                format!("two tables are called {}", twice.table.path()),
            )
            .with_help("give each its own name with `schema { table = \"…\" }`"));
        }
        Ok(erase_source(FakeSource {
            tables: tables.into(),
            streaming: context.job.mode == JobMode::Streaming,
            seed: RandomState::new().hash_one(NAME),
        }))
    }
}

/// A table and what its rows hold.
struct FakeTable {
    table: Arc<CatalogTable>,
    content: ContentOptions,
    /// The rows that are given, once for each split; none where rows are made up.
    given: Option<Batch>,
}

impl FakeTable {
    fn new(
        mut schema: SchemaOption,
        mut content: ContentOptions,
        plugin_output: Option<&str>,
    ) -> Result<Self> {
        for column in &mut schema.schema.columns {
            set_dimension(&mut column.data_type, content.vector_dimension);
        }
        let table = schema.to_table(NAME, plugin_output);
        if table.columns().is_empty() {
            return Err(Error::new(
                seatunnel_api::codes::SCHEMA_INVALID,
                format!("the table {} has no columns to make up", table.path()),
            )
            .with_help("give it some: `schema { fields { id = bigint, name = string } }`"));
        }
        let given = match content.rows.take() {
            Some(rows) => Some(read_rows(&table, &rows)?),
            None => {
                // For its errors: readers make their own.
                Generator::new(&table, &content, 0)?;
                None
            }
        };
        Ok(Self {
            table,
            content,
            given,
        })
    }

    /// Rows of each split of one reader.
    fn split_rows(&self) -> Vec<u64> {
        let rows = self.content.row_num;
        let size = rows.div_ceil(self.content.split_num).max(1);
        (0..rows.div_ceil(size))
            .map(|split| size.min(rows - split * size))
            .collect()
    }
}

/// Vectors without a dimension of their own take that of the options.
fn set_dimension(data_type: &mut DataType, dimension: u32) {
    match data_type {
        DataType::FloatVector(own @ 0) => *own = dimension,
        DataType::Array(item) => set_dimension(item, dimension),
        DataType::Map(key, value) => {
            set_dimension(key, dimension);
            set_dimension(value, dimension);
        }
        DataType::Row(fields) => {
            *fields = fields
                .iter()
                .map(|field| {
                    let mut data_type = field.data_type.clone();
                    set_dimension(&mut data_type, dimension);
                    RowField {
                        name: field.name.clone(),
                        data_type,
                    }
                })
                .collect();
        }
        _ => {}
    }
}

struct FakeSource {
    tables: Arc<[FakeTable]>,
    streaming: bool,
    /// Of this run; splits carry it, so that a restored job goes on with the same rows.
    seed: u64,
}

/// Rows `first_row..first_row + rows` of a table, of which `done` have been read.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct FakeSplit {
    /// Number of the table among the source's.
    table: usize,
    /// Number of the split within the table.
    index: u64,
    first_row: u64,
    rows: u64,
    done: u64,
    seed: u64,
}

impl State for FakeSplit {}

impl Split for FakeSplit {
    fn id(&self) -> String {
        format!("{}-{}", self.table, self.index)
    }
}

#[async_trait]
impl Source for FakeSource {
    type Split = FakeSplit;
    type Reader = FakeReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.tables.iter().map(|t| t.table.clone()).collect()
    }

    fn boundedness(&self) -> Boundedness {
        if self.streaming {
            Boundedness::Unbounded
        } else {
            Boundedness::Bounded
        }
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<FakeSplit>> {
        let mut splits = Vec::new();
        for (number, table) in self.tables.iter().enumerate() {
            let of_reader = table.split_rows();
            let mut first_row = 0;
            for (rows, index) in (0..parallelism).flat_map(|_| &of_reader).zip(0..) {
                let rows = match &table.given {
                    Some(given) => given.num_rows() as u64,
                    None => *rows,
                };
                splits.push(FakeSplit {
                    table: number,
                    index,
                    first_row,
                    rows,
                    done: 0,
                    seed: self.seed.wrapping_add(number as u64),
                });
                first_row += rows;
            }
        }
        Ok(splits)
    }

    async fn enumerator(
        &self,
        parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn SplitEnumerator<FakeSplit>>> {
        let listed = match state {
            Some(bytes) => decode::<Listed>(StateKind::Enumerator, bytes)?.0,
            None => false,
        };
        let splits = match listed {
            false => Some(self.splits(parallelism).await?),
            true => None,
        };
        Ok(Box::new(FakeEnumerator {
            splits,
            streaming: self.streaming,
        }))
    }

    async fn reader(&self, _context: TaskContext) -> Result<FakeReader> {
        Ok(FakeReader {
            tables: self.tables.clone(),
            generators: self.tables.iter().map(|_| None).collect(),
            next_read: None,
        })
    }
}

/// Whether the splits have been handed over.
#[derive(Serialize, Deserialize)]
struct Listed(bool);

impl State for Listed {}

struct FakeEnumerator {
    splits: Option<Vec<FakeSplit>>,
    streaming: bool,
}

/// How often a stream without further splits is asked for more.
const IDLE: Duration = Duration::from_secs(1);

#[async_trait]
impl SplitEnumerator<FakeSplit> for FakeEnumerator {
    async fn discover(&mut self) -> Result<Discovery<FakeSplit>> {
        Ok(Discovery {
            splits: self.splits.take().unwrap_or_default(),
            next: match self.streaming {
                true => NextDiscovery::After(IDLE),
                false => NextDiscovery::Never,
            },
        })
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        encode(StateKind::Enumerator, &Listed(self.splits.is_none()))
    }
}

struct FakeReader {
    tables: Arc<[FakeTable]>,
    /// One for each table that has been read, with its seed.
    generators: Vec<Option<(u64, Generator)>>,
    /// When the next split may begin.
    next_read: Option<Instant>,
}

#[async_trait]
impl SourceReader for FakeReader {
    type Split = FakeSplit;

    async fn read(&mut self, split: FakeSplit, out: &mut Output<'_, FakeSplit>) -> Result<()> {
        let Some(table) = self.tables.get(split.table) else {
            return Err(Error::new(
                seatunnel_api::codes::STATE_INVALID,
                "a split belongs to a table that is not declared any more",
            ));
        };
        if let Some(moment) = self.next_read {
            sleep_until(moment).await;
        }
        let interval = Duration::from_millis(table.content.split_read_interval);
        match &table.given {
            Some(given) => emit_given(given, split, out).await?,
            None => {
                let generator = match &mut self.generators[split.table] {
                    Some((seed, generator)) if *seed == split.seed => generator,
                    slot => {
                        let made = Generator::new(&table.table, &table.content, split.seed)?;
                        &mut slot.insert((split.seed, made)).1
                    }
                };
                make_up(&table.table, generator, split, out).await?;
            }
        }
        self.next_read = Some(Instant::now() + interval);
        Ok(())
    }
}

async fn emit_given(
    given: &Batch,
    mut split: FakeSplit,
    out: &mut Output<'_, FakeSplit>,
) -> Result<()> {
    let total = given.num_rows();
    let size = out.batch_size();
    let row_bytes = (given.num_bytes() / total.max(1)).max(1);
    let most = (size.bytes / row_bytes).clamp(1, size.rows);
    let mut from = usize::try_from(split.done).unwrap_or(total);
    while from < total {
        let rows = most.min(total - from);
        split.done += rows as u64;
        out.emit(given.slice(from, rows), &split).await?;
        from += rows;
    }
    Ok(())
}

async fn make_up(
    table: &Arc<CatalogTable>,
    generator: &mut Generator,
    mut split: FakeSplit,
    out: &mut Output<'_, FakeSplit>,
) -> Result<()> {
    let size = out.batch_size();
    let by_bytes = size.bytes as u64 / generator.row_bytes().max(1);
    let most = by_bytes.clamp(1, size.rows as u64);
    generator.seek(split.first_row.wrapping_add(split.done));
    while split.done < split.rows {
        let rows = most.min(split.rows - split.done);
        let records = generator.fill(rows as usize)?;
        split.done += rows;
        out.emit(Batch::inserts(table.clone(), records), &split)
            .await?;
    }
    Ok(())
}
