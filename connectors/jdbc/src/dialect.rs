//! The databases that are built in, and how one is told from `url`.
//!
//! A dialect makes its own source and sink: what is fast differs too much between databases to be
//! shared (COPY, LOAD DATA, a file in this process). What they share is SQL text ([`crate::sql`]),
//! options and errors. A new one is a folder and a line in [`DIALECTS`].

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::{Error, Result, SinkContext, SourceContext};

use crate::errors;
use crate::options::{ConnectionOptions, JdbcSinkOptions, JdbcSourceOptions};
use crate::sqlite::Sqlite;

/// A database.
#[async_trait]
pub(crate) trait Dialect: Send + Sync {
    /// Its name, as the option `dialect` has it and as it follows `jdbc:` in urls.
    fn name(&self) -> &'static str;

    /// Makes a source; reads the schemas of what it will read.
    async fn source(
        &self,
        options: JdbcSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>>;

    /// Makes a sink; changes nothing.
    fn sink(&self, options: &JdbcSinkOptions, context: &SinkContext) -> Result<Arc<dyn DynSink>>;
}

/// The databases built in.
const DIALECTS: &[&dyn Dialect] = &[&Sqlite];

/// The database that the options speak of.
pub(crate) fn find(connection: &ConnectionOptions) -> Result<&'static dyn Dialect> {
    let named = connection.dialect.as_deref();
    let in_url = connection
        .url
        .strip_prefix("jdbc:")
        .and_then(|rest| rest.split_once(':'))
        .map(|(name, _)| name);
    let Some(name) = in_url.or(named) else {
        return Err(Error::new(
            errors::URL_INVALID,
            "the url does not begin with `jdbc:` and the name of a database",
        )
        .with_help("write url = \"jdbc:sqlite:/path/to/file.db\""));
    };
    let found = DIALECTS
        .iter()
        .find(|d| d.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let built_in: Vec<&str> = DIALECTS.iter().map(|d| d.name()).collect();
        Error::new(
            errors::URL_INVALID,
            format!(
                "the database `{name}` is not built in yet, built in: {}",
                built_in.join(", ")
            ),
        )
    })
}
