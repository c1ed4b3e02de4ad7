//! MySQL and MariaDB.

mod catalog;
mod ddl;
mod decode;
mod infile;
mod sink;
mod source;
mod types;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::{Result, SinkContext, SourceContext};
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::{JdbcSinkOptions, JdbcSourceOptions};

/// What tables are said to come from.
const DIALECT_NAME: &str = "mysql";

/// The dialect.
pub struct MySql;

#[async_trait]
impl Dialect for MySql {
    fn names(&self) -> &'static [&'static str] {
        &[DIALECT_NAME, "mariadb"]
    }

    fn notes(&self) -> &'static str {
        include_str!("../NOTES.md")
    }

    async fn source(
        &self,
        options: JdbcSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        source::source(&options, &context).await
    }

    fn sink(&self, options: &JdbcSinkOptions, context: &SinkContext) -> Result<Arc<dyn DynSink>> {
        sink::create(options, context)
    }
}
