//! The plugins that stand where a DataFrame is one end of a job.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, Error, Output, PluginInfo, Registry, Result, Sink,
    SinkContext, SinkFactory, SinkWriter, Source, SourceContext, SourceFactory, SourceReader,
    Split, State, TablePath, TableSchema, TaskContext, codes as api_codes, erase_sink,
    erase_source,
};
use serde::{Deserialize, Serialize};

use super::{ROW_KIND, schema};

/// What the source is called.
pub(crate) const ROWS: &str = "SparkRows";
/// What the sink is called.
pub(crate) const TABLE: &str = "SparkTable";

/// Adds them to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.source(RowsFactory).sink(TableFactory)
}

/// The rows of a DataFrame that is written.
#[derive(Clone, Debug, Options)]
pub(crate) struct RowsOptions {
    /// Its schema as Spark's JSON.
    schema: String,
    /// The table that its rows are of.
    table: Option<String>,
}

struct RowsFactory;

#[async_trait]
impl SourceFactory for RowsFactory {
    type Options = RowsOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: ROWS,
            aliases: &[],
            summary: "The rows of a DataFrame",
        }
    }

    async fn create(
        &self,
        options: RowsOptions,
        _context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        let mut columns = schema::from_spark(&options.schema)?;
        columns.retain(|column| column.name != ROW_KIND);
        let path = options
            .table
            .map_or_else(TablePath::unnamed, |text| TablePath::parse(&text, false));
        let table = CatalogTable::new("Spark", path, TableSchema::new(columns));
        Ok(erase_source(Rows(Arc::new(table))))
    }
}

struct Rows(Arc<CatalogTable>);

/// There are none: rows come by another way.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct NoSplit;

impl State for NoSplit {}

impl Split for NoSplit {
    fn id(&self) -> String {
        String::new()
    }
}

#[async_trait]
impl Source for Rows {
    type Split = NoSplit;
    type Reader = NoReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.0.clone()]
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<NoSplit>> {
        Ok(Vec::new())
    }

    async fn reader(&self, _context: TaskContext) -> Result<NoReader> {
        Ok(NoReader)
    }
}

struct NoReader;

#[async_trait]
impl SourceReader for NoReader {
    type Split = NoSplit;

    async fn read(&mut self, _split: NoSplit, _out: &mut Output<'_, NoSplit>) -> Result<()> {
        Err(Error::new(
            api_codes::INTERNAL,
            "the rows of a DataFrame are not read",
        ))
    }
}

/// A DataFrame that is read. It has no options.
#[derive(Clone, Debug, Options)]
pub(crate) struct TableOptions {}

struct TableFactory;

#[async_trait]
impl SinkFactory for TableFactory {
    type Options = TableOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: TABLE,
            aliases: &[],
            summary: "Rows that become a DataFrame",
        }
    }

    async fn create(
        &self,
        _options: TableOptions,
        _context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(Table))
    }
}

struct Table;

#[async_trait]
impl Sink for Table {
    type Committable = ();
    type Writer = NoWriter;

    async fn writer(&self, _context: TaskContext) -> Result<NoWriter> {
        Ok(NoWriter)
    }
}

struct NoWriter;

#[async_trait]
impl SinkWriter for NoWriter {
    type Committable = ();

    async fn write(&mut self, _batch: Batch) -> Result<()> {
        Err(Error::new(
            api_codes::INTERNAL,
            "the rows of a DataFrame are not written",
        ))
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        Ok(Vec::new())
    }
}
