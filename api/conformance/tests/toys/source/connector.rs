//! The factory, the splits and who hands them out.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::options::Options;
use seatunnel_api::{
    CatalogTable, DataType, Discovery, Error, NextDiscovery, PluginInfo, Result, Source,
    SourceContext, SourceFactory, Split, SplitEnumerator, State, StateKind, TableSchema,
    TaskContext, Value, codes, erase_source, state,
};
use seatunnel_conformance::Data;
use serde::{Deserialize, Serialize};

use super::Bug;
use super::reader::ToyReader;
use crate::toys::{MISSING, Server};

pub(super) struct ToyFactory {
    pub(super) bug: Bug,
    pub(super) server: Arc<Server>,
}

/// Options of the toy.
#[derive(Clone, Debug, Options)]
pub(super) struct ToyOptions {
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

pub(super) fn announced(data: &Data, bug: Bug) -> Arc<CatalogTable> {
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

pub(super) struct ToySource {
    reader: ToyReader,
}

/// Rows whose split value is in the range, or null, or any; so many of them are done.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ToySplit {
    pub(super) part: Part,
    pub(super) done: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Part {
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
pub(super) struct Listed(bool);

impl State for Listed {}

pub(super) struct ToyEnumerator(Option<Vec<ToySplit>>);

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
