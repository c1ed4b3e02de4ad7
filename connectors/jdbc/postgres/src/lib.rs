//! PostgreSQL.
//!
//! **Reading.** Tables and queries come by `COPY … TO STDOUT (FORMAT binary)` and are decoded where they
//! were read; several readers share one snapshot. `source/mod.rs` has how they are divided, `types.rs`
//! which types become what.
//!
//! **Writing.** Rows go into a table by `COPY … (FORMAT binary)`, over one connection for each writer
//! and server. Rows that replace the row of their key do so too as long as all keys are new; from the
//! first that is not, they go through a temporary table and `INSERT … ON CONFLICT`, as do deletes and
//! updates. Everything a writer writes becomes visible with its checkpoint, unless `batch_size`,
//! `batch_interval_ms` or `max_retries` ask for commits in between. `sink/table.rs` has the paths,
//! `copy/encode_form.rs` which values go into which types.

mod catalog;
mod copy;
mod ddl;
mod sink;
mod source;
mod types;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, DynSource, erase_source};
use seatunnel_api::{Result, SinkContext, SourceContext};
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::{JdbcSinkOptions, JdbcSourceOptions};

/// The dialect.
pub struct Postgres;

#[async_trait]
impl Dialect for Postgres {
    fn names(&self) -> &'static [&'static str] {
        &["postgresql", "postgres"]
    }

    fn notes(&self) -> &'static str {
        include_str!("../NOTES.md")
    }

    async fn source(
        &self,
        options: JdbcSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        Ok(erase_source(source::create(options, &context).await?))
    }

    fn sink(&self, _options: &JdbcSinkOptions, context: &SinkContext) -> Result<Arc<dyn DynSink>> {
        sink::create(context)
    }
}
