//! The toy source: splits are ranges of the column that rows are split by, and one for its nulls.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_buffer::i256;
use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, DataType, Discovery, Error, NextDiscovery, Output,
    PluginInfo, Registry, Result, RowKind, Source, SourceContext, SourceFactory, SourceReader,
    Split, SplitEnumerator, State, StateKind, TableSchema, TaskContext, Value, codes, erase_source,
    state,
};
use seatunnel_conformance::{Bad, Connection, Data, Fixture, FixtureResult, SourceFixture, Stored};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{MALFORMED, MISSING, Server, cut, filled};

/// One mistake each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    DropsLastBatch,
    LosesNullSplit,
    RepeatsBoundaryRows,
    PositionOffByOne,
    IgnoresPosition,
    NeverSaysWhereItIs,
    SwallowsCancel,
    LeavesTaskRunning,
    BuffersEverything,
    CutsTexts,
    NullBecomesEmptyText,
    AnnouncesOtherScale,
    AnnouncesNoNulls,
    HangsWhenKilled,
    EndsWhenKilled,
    ReportsLossAsFinal,
    ErrorWithoutCode,
    ErrorWithoutTable,
    PanicsAtMalformedValue,
    ListsAgainAfterRestart,
    ForgetsToListAfterRestart,
    IgnoresBatchSize,
    MakesTablesAnew,
    FailsOnEmptyTable,
}

/// A fixture of the toy source with a mistake.
pub(crate) struct Toy {
    pub(crate) bug: Bug,
    server: Arc<Server>,
}

impl Toy {
    pub(crate) fn new(bug: Bug) -> Self {
        Self {
            bug,
            server: Arc::default(),
        }
    }
}

impl Fixture for Toy {
    fn plugin(&self) -> (Registry, &'static str) {
        let factory = ToyFactory {
            bug: self.bug,
            server: self.server.clone(),
        };
        (Registry::new().source(factory), "Toy")
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self.server.as_ref())
    }
}

#[async_trait]
impl SourceFixture for Toy {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let mut tables = self.server.tables.lock().unwrap();
        tables.insert(data.name().to_owned(), Arc::new(data.clone()));
        Ok(Stored::new(
            json!({ "table": data.name(), "split_by": data.split_by() }),
        ))
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        let column = seatunnel_api::Column::new("amount", DataType::BigInt);
        let rows = (1..=50).map(|id| match id {
            41 => vec![Value::BigInt(41), Value::String("x".to_owned())],
            _ => vec![Value::BigInt(id), Value::BigInt(1)],
        });
        let malformed = Data::new("malformed", vec![column], rows.collect());
        let config = self.store(&malformed).await?;
        let _ = config;
        Ok(vec![
            Bad::new("a missing table", json!({ "table": "nowhere" })).mentions("nowhere"),
            Bad::new("a malformed value", json!({ "table": malformed.name() }))
                .mentions(malformed.name())
                .mentions("41"),
        ])
    }
}

struct ToyFactory {
    bug: Bug,
    server: Arc<Server>,
}

/// Options of the toy.
#[derive(Clone, Debug, Options)]
struct ToyOptions {
    /// The table.
    table: String,
    /// The column to split by.
    split_by: Option<String>,
}

#[async_trait]
impl SourceFactory for ToyFactory {
    type Options = ToyOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Toy",
            aliases: &[],
            summary: "A source for tests.",
        }
    }

    async fn create(&self, options: ToyOptions, _: SourceContext) -> Result<Arc<dyn DynSource>> {
        let data = self
            .server
            .tables
            .lock()
            .unwrap()
            .get(&options.table)
            .cloned();
        let data = data.ok_or_else(|| match self.bug {
            Bug::ErrorWithoutCode => Error::new(codes::INTERNAL, format!("no {}", options.table)),
            Bug::ErrorWithoutTable => Error::new(MISSING, "the table is not there"),
            _ => Error::new(MISSING, format!("there is no table {}", options.table)),
        })?;
        let split_by = options.split_by.as_deref();
        let split_by = split_by.and_then(|name| data.table().schema().index_of(name));
        Ok(erase_source(ToySource {
            reader: ToyReader {
                table: announced(&data, self.bug),
                data,
                split_by,
                bug: self.bug,
                server: self.server.clone(),
            },
        }))
    }
}

fn announced(data: &Data, bug: Bug) -> Arc<CatalogTable> {
    let mut columns = data.table().columns().to_vec();
    for column in &mut columns[1..] {
        if bug == Bug::AnnouncesNoNulls {
            column.nullable = false;
        }
        if let (Bug::AnnouncesOtherScale, DataType::Decimal { scale, .. }) =
            (bug, &mut column.data_type)
        {
            *scale = (*scale).min(10);
        }
    }
    Arc::new(data.table().with_schema(TableSchema::new(columns)))
}

struct ToySource {
    reader: ToyReader,
}

/// Rows whose split value is in the range, or null, or any; so many of them are done.
#[derive(Clone, Serialize, Deserialize)]
struct ToySplit {
    part: Part,
    done: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Part {
    All,
    Null,
    Range(i32, i32),
}

impl State for ToySplit {}

impl Split for ToySplit {
    fn id(&self) -> String {
        format!("{:?}", self.part)
    }
}

#[async_trait]
impl Source for ToySource {
    type Split = ToySplit;
    type Reader = ToyReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.reader.table.clone()]
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<ToySplit>> {
        let Some(column) = self.reader.split_by else {
            return Ok(vec![ToySplit {
                part: Part::All,
                done: 0,
            }]);
        };
        let mut values = BTreeSet::new();
        let mut nulls = false;
        for row in self.reader.data.rows() {
            match row[column] {
                Value::Int(value) => drop(values.insert(value)),
                _ => nulls = true,
            }
        }
        let values: Vec<i32> = values.into_iter().collect();
        let mut parts: Vec<Part> = values
            .chunks(values.len().div_ceil(2 * parallelism).max(1))
            .map(|chunk| Part::Range(chunk[0], *chunk.last().unwrap()))
            .collect();
        if self.reader.bug == Bug::RepeatsBoundaryRows {
            for at in 1..parts.len() {
                if let (Part::Range(from, _), Part::Range(_, to)) =
                    (parts[at].clone(), &mut parts[at - 1])
                {
                    *to = from;
                }
            }
        }
        if nulls && self.reader.bug != Bug::LosesNullSplit {
            parts.push(Part::Null);
        }
        let splits = parts.into_iter().map(|part| ToySplit { part, done: 0 });
        Ok(splits.collect())
    }

    async fn enumerator(
        &self,
        parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn SplitEnumerator<ToySplit>>> {
        let listed = match (self.reader.bug, state) {
            (_, None) | (Bug::ListsAgainAfterRestart, _) => false,
            (Bug::ForgetsToListAfterRestart, Some(_)) => true,
            (_, Some(bytes)) => state::decode::<Listed>(StateKind::Enumerator, bytes)?.0,
        };
        let splits = match listed {
            true => None,
            false => Some(self.splits(parallelism).await?),
        };
        Ok(Box::new(ToyEnumerator(splits)))
    }

    async fn reader(&self, _: TaskContext) -> Result<ToyReader> {
        self.reader.server.ask()?;
        Ok(self.reader.clone())
    }
}

#[derive(Serialize, Deserialize)]
struct Listed(bool);

impl State for Listed {}

struct ToyEnumerator(Option<Vec<ToySplit>>);

#[async_trait]
impl SplitEnumerator<ToySplit> for ToyEnumerator {
    async fn discover(&mut self) -> Result<Discovery<ToySplit>> {
        Ok(Discovery {
            splits: self.0.take().unwrap_or_default(),
            next: NextDiscovery::Never,
        })
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        state::encode(StateKind::Enumerator, &Listed(self.0.is_none()))
    }
}

#[derive(Clone)]
struct ToyReader {
    table: Arc<CatalogTable>,
    data: Arc<Data>,
    split_by: Option<usize>,
    bug: Bug,
    server: Arc<Server>,
}

#[async_trait]
impl SourceReader for ToyReader {
    type Split = ToySplit;

    async fn read(&mut self, mut split: ToySplit, out: &mut Output<'_, ToySplit>) -> Result<()> {
        if self.bug == Bug::LeavesTaskRunning {
            let table = self.table.clone();
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_secs(600)).await;
                drop(table);
            });
        }
        let data = self.data.clone();
        if data.rows().is_empty() && self.bug == Bug::FailsOnEmptyTable {
            return Err(Error::new(MISSING, "the table has no rows"));
        }
        let rows = data
            .rows()
            .iter()
            .filter(|row| match (&split.part, self.split_by) {
                (Part::Range(from, to), Some(column)) => {
                    matches!(row[column], Value::Int(v) if v >= *from && v <= *to)
                }
                (Part::Null, Some(column)) => row[column].is_null(),
                _ => true,
            });
        let rows: Vec<&Vec<Value>> = rows.collect();
        if self.bug == Bug::IgnoresPosition {
            split.done = 0;
        }
        let size = out.batch_size();
        let mut builder = BatchBuilder::new(self.table.clone());
        let mut kept = Vec::new();
        for row in rows.into_iter().skip(split.done) {
            match (self.server.ask(), self.bug) {
                (Ok(()), _) => {}
                (Err(_), Bug::HangsWhenKilled) => std::future::pending().await,
                (Err(_), Bug::EndsWhenKilled) => return Ok(()),
                (Err(_), Bug::ReportsLossAsFinal) => {
                    return Err(Error::new(super::LOST, "connection reset by peer"));
                }
                (Err(error), _) => return Err(error),
            }
            self.push(&mut builder, row)?;
            split.done += 1;
            let full = builder.len() >= size.rows || builder.bytes() >= size.bytes;
            if full && self.bug == Bug::BuffersEverything {
                kept.push((builder.finish(), split.clone()));
            } else if full && self.bug != Bug::IgnoresBatchSize {
                self.emit(builder.finish(), &split, out).await?;
                tokio::task::yield_now().await;
                if self.bug == Bug::SwallowsCancel && out.flush().await.is_err() {
                    return Ok(());
                }
            }
        }
        for (batch, position) in kept {
            self.emit(batch, &position, out).await?;
        }
        if !builder.is_empty() && self.bug != Bug::DropsLastBatch {
            self.emit(builder.finish(), &split, out).await?;
        }
        Ok(())
    }
}

impl ToyReader {
    fn push(&self, builder: &mut BatchBuilder, row: &[Value]) -> Result<()> {
        let id = row[0].to_string();
        let row: Vec<Value> = row
            .iter()
            .zip(self.table.columns())
            .map(
                |(value, column)| match (self.bug, &column.data_type, value) {
                    (Bug::CutsTexts, ..) => cut(value),
                    (Bug::NullBecomesEmptyText, data_type, _) => filled(value, data_type),
                    (
                        Bug::AnnouncesOtherScale,
                        DataType::Decimal { scale, .. },
                        Value::Decimal(digits, old),
                    ) => {
                        let ten = i256::from(10_i64);
                        let digits = (*scale..*old).fold(*digits, |d, _| d.wrapping_div(ten));
                        Value::Decimal(digits, *scale)
                    }
                    _ => value.clone(),
                },
            )
            .collect();
        builder
            .push(RowKind::Insert, &row)
            .map_err(|error| match self.bug {
                Bug::PanicsAtMalformedValue => panic!("{error}"),
                _ => Error::new(MALFORMED, error.message())
                    .with_context("table", self.table.path())
                    .with_context("row", id),
            })
    }

    async fn emit(
        &self,
        batch: Batch,
        position: &ToySplit,
        out: &mut Output<'_, ToySplit>,
    ) -> Result<()> {
        let mut position = position.clone();
        let mut batch = batch;
        match self.bug {
            Bug::PositionOffByOne => position.done -= 1,
            Bug::MakesTablesAnew => {
                let (table, records, kinds) = batch.into_parts();
                batch = Batch::new(Arc::new(CatalogTable::clone(&table)), records, kinds);
            }
            Bug::NeverSaysWhereItIs => {
                for row in batch.rows() {
                    out.row(batch.table(), &row.values()).await?;
                }
                return out.flush().await;
            }
            Bug::SwallowsCancel => {
                let _ = out.emit(batch, &position).await;
                return Ok(());
            }
            _ => {}
        }
        out.emit(batch, &position).await
    }
}
