//! The source.

mod after;
mod avro_rows;
mod binary_rows;
mod boundaries;
mod cells;
mod change_rows;
mod chunks;
mod dirty;
mod discovery;
mod excel_rows;
mod formats;
mod in_hand;
mod java_parse;
mod json_columns;
mod json_numbers;
mod json_rows;
mod json_texts;
mod lines;
mod listing;
mod lzop;
mod markdown_rows;
mod nested;
mod numbers;
mod orc_rows;
mod parquet_rows;
mod progress;
mod records;
mod rules;
mod split;
mod streams;
mod table;
mod text_values;
mod update;
mod whole;
mod window;
mod word_rows;
mod xml_rows;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::{
    Boundedness, CatalogTable, DirtyRows, Error, Output, PluginInfo, Result, Source, SourceContext,
    SourceFactory, SourceReader, SplitEnumerator, TaskContext, codes as api_codes, erase_source,
};

use discovery::FileDiscovery;
use split::FileSplit;
use table::FileTable;

use crate::place::{Place, Root};
use crate::source_options::{FileTableOptions, LocalFileSourceOptions};

/// Makes sources that read files of this machine.
pub struct LocalFileSourceFactory;

#[async_trait]
impl SourceFactory for LocalFileSourceFactory {
    type Options = LocalFileSourceOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "LocalFile",
            aliases: &[],
            summary: "Reads files of this machine: csv, text, json, parquet, orc, avro, excel, xml, binary and more.",
        }
    }

    async fn create(
        &self,
        options: LocalFileSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        let declared = options
            .tables_configs
            .unwrap_or_else(|| vec![options.table]);
        let root = Root {
            plugin: "LocalFile",
            place: Place::Here,
        };
        let declared = declared.into_iter().map(|table| (table, root.clone()));
        source_of_tables(declared.collect(), context.plugin_output.as_deref())
    }
}

/// A source of tables, each with where it is.
///
/// # Errors
/// If the options make no sense, a path leads nowhere or a file can't be read.
pub(crate) fn source_of_tables(
    declared: Vec<(FileTableOptions, Root)>,
    plugin_output: Option<&str>,
) -> Result<Arc<dyn DynSource>> {
    let tables = declared
        .iter()
        .map(|(table, root)| FileTable::new(table, root, plugin_output))
        .collect::<Result<Vec<_>>>()?;
    let mut paths = HashSet::new();
    if let Some(twice) = tables.iter().find(|t| !paths.insert(t.table.path())) {
        return Err(Error::new(
            api_codes::SCHEMA_INVALID,
            format!("two tables are called {}", twice.table.path()),
        )
        .with_help("give each its own name with `schema { table = \"…\" }`"));
    }
    let endless = tables.iter().any(|table| table.discovery.is_some());
    let source = FileSource {
        tables: tables.into(),
    };
    Ok(match endless {
        true => erase_source(EndlessSource(source)),
        false => erase_source(source),
    })
}

/// A source of one table.
///
/// # Errors
/// If the options make no sense, the path leads nowhere or a file can't be read.
pub(crate) fn source_of(options: &FileTableOptions, root: &Root) -> Result<Arc<dyn DynSource>> {
    source_of_tables(vec![(options.clone(), root.clone())], None)
}

struct FileSource {
    tables: Arc<[FileTable]>,
}

#[async_trait]
impl Source for FileSource {
    type Split = FileSplit;
    type Reader = FileReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.tables.iter().map(|t| t.table.clone()).collect()
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<FileSplit>> {
        let mut splits = Vec::new();
        for (index, table) in self.tables.iter().enumerate() {
            splits.extend(table.place.tell(table.splits(index, parallelism))?);
        }
        Ok(splits)
    }

    async fn reader(&self, context: TaskContext) -> Result<FileReader> {
        Ok(FileReader {
            tables: self.tables.clone(),
            dirty: context.dirty,
        })
    }

    async fn check(&self) -> Result<()> {
        let mut tables = self.tables.iter();
        tables.try_for_each(|table| table.place.tell(table.check()))
    }
}

/// The same, whose files are looked for as long as the job runs.
struct EndlessSource(FileSource);

#[async_trait]
impl Source for EndlessSource {
    type Split = FileSplit;
    type Reader = FileReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.0.tables()
    }

    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<FileSplit>> {
        self.0.splits(parallelism).await
    }

    async fn enumerator(
        &self,
        parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn SplitEnumerator<FileSplit>>> {
        let tables = self.0.tables.clone();
        Ok(Box::new(FileDiscovery::new(tables, parallelism, state)?))
    }

    async fn reader(&self, context: TaskContext) -> Result<FileReader> {
        self.0.reader(context).await
    }

    async fn check(&self) -> Result<()> {
        self.0.check().await
    }
}

struct FileReader {
    tables: Arc<[FileTable]>,
    dirty: DirtyRows,
}

#[async_trait]
impl SourceReader for FileReader {
    type Split = FileSplit;

    async fn read(&mut self, split: FileSplit, out: &mut Output<'_, FileSplit>) -> Result<()> {
        let table = self.tables.get(split.table).ok_or_else(|| {
            Error::new(
                api_codes::STATE_INVALID,
                "a split belongs to a table that this source does not have",
            )
        })?;
        table.place.tell(table.read(split, out, &self.dirty).await)
    }
}
