//! Jdbc source and sink.
//!
//! One connector for relational databases, as SeaTunnel has it: the url tells which. Each database
//! is a crate in a folder beside this one ([`seatunnel_jdbc_core::dialect::Dialect`]) and a feature
//! of this crate; `core` has what they share.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::{
    Guarantee, PluginInfo, Registry, Result, SinkContext, SinkFactory, SourceContext, SourceFactory,
};
use seatunnel_jdbc_core::dialect::{Dialect, find};
pub use seatunnel_jdbc_core::options::{JdbcSinkOptions, JdbcSourceOptions};

/// The databases built in.
const DIALECTS: &[&dyn Dialect] = &[
    #[cfg(feature = "postgres")]
    &seatunnel_jdbc_postgres::Postgres,
    #[cfg(feature = "mysql")]
    &seatunnel_jdbc_mysql::MySql,
    #[cfg(feature = "sqlite")]
    &seatunnel_jdbc_sqlite::Sqlite,
];

/// What the databases have to say, one after the other.
static NOTES: LazyLock<String> = LazyLock::new(|| {
    let notes: Vec<&str> = DIALECTS.iter().map(|d| d.notes().trim()).collect();
    notes.join("\n\n")
});

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
            summary: "Reads tables and queries of PostgreSQL, MySQL, MariaDB and SQLite.",
        }
    }

    fn notes(&self) -> &'static str {
        &NOTES
    }

    async fn create(
        &self,
        options: JdbcSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        find(DIALECTS, &options.connection)?
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
            summary: "Writes rows into tables of PostgreSQL, MySQL, MariaDB and SQLite.",
        }
    }

    fn notes(&self) -> &'static str {
        &NOTES
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
        find(DIALECTS, &options.connection)?.sink(&options, &context)
    }
}
