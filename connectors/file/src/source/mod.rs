//! The source.

mod boundaries;
mod cells;
mod dirty;
mod java_parse;
mod json_numbers;
mod json_rows;
mod json_texts;
mod lines;
mod listing;
mod lzop;
mod nested;
mod numbers;
mod parquet_rows;
mod progress;
mod records;
mod split;
mod streams;
mod table;
mod window;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::{
    CatalogTable, DirtyRows, Error, Output, PluginInfo, Result, Source, SourceContext,
    SourceFactory, SourceReader, TaskContext, codes as api_codes, erase_source,
};
use split::FileSplit;
use table::FileTable;

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
            summary: "Reads csv, text, json and parquet files of this machine.",
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
        let output = context.plugin_output.as_deref();
        let tables = declared
            .iter()
            .map(|table| FileTable::new(table, output))
            .collect::<Result<Vec<_>>>()?;
        let mut paths = HashSet::new();
        if let Some(twice) = tables.iter().find(|t| !paths.insert(t.table.path())) {
            return Err(Error::new(
                api_codes::SCHEMA_INVALID,
                format!("two tables are called {}", twice.table.path()),
            )
            .with_help("give each its own name with `schema { table = \"…\" }`"));
        }
        Ok(erase_source(FileSource {
            tables: tables.into(),
        }))
    }
}

/// A source of one table.
///
/// # Errors
/// If the options make no sense, the path leads nowhere or a file can't be read.
pub(crate) fn source_of(options: &FileTableOptions) -> Result<Arc<dyn DynSource>> {
    let table = FileTable::new(options, None)?;
    Ok(erase_source(FileSource {
        tables: [table].into(),
    }))
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
            splits.extend(table.splits(index, parallelism)?);
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
        self.tables.iter().try_for_each(FileTable::check)
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
        table.read(split, out, &self.dirty).await
    }
}
