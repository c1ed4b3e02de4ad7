//! Jdbc source and sink.
//!
//! One connector for relational databases, as SeaTunnel has it: the url tells which. Each database
//! is a dialect in a folder of its own; SQLite is built in (`sqlite/mod.rs` says what it
//! guarantees and how types map; `docs/decisions/0001-sqlite-driver.md` why it goes through rusqlite).

mod dialect;
mod errors;
mod options;
mod sql;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::{
    Guarantee, PluginInfo, Registry, Result, SinkContext, SinkFactory, SourceContext, SourceFactory,
};

pub use options::{
    ConnectionOptions, DataSaveMode, FieldIde, JdbcSinkOptions, JdbcSourceOptions, SchemaSaveMode,
    StringSplitMode, TableOptions,
};

/// Makes Jdbc sources.
pub struct JdbcSourceFactory;

/// Makes Jdbc sinks.
pub struct JdbcSinkFactory;

/// Adds source and sink to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.source(JdbcSourceFactory).sink(JdbcSinkFactory)
}

#[async_trait]
impl SourceFactory for JdbcSourceFactory {
    type Options = JdbcSourceOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Jdbc",
            aliases: &[],
            summary: "Reads tables and queries of a relational database (SQLite).",
        }
    }

    async fn create(
        &self,
        options: JdbcSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        dialect::find(&options.connection)?
            .source(options, context)
            .await
    }
}

#[async_trait]
impl SinkFactory for JdbcSinkFactory {
    type Options = JdbcSinkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Jdbc",
            aliases: &[],
            summary: "Writes rows into tables of a relational database (SQLite).",
        }
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce(
            "with is_exactly_once; with a key and upsert alone, a row that comes twice is there once",
        )
    }

    async fn create(
        &self,
        options: JdbcSinkOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        dialect::find(&options.connection)?.sink(&options, &context)
    }
}
