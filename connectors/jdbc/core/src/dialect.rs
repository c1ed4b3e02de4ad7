//! What a database is to the connector, and how one is told from `url`.
//!
//! A dialect makes its own source and sink: what is fast differs too much between databases to be
//! shared (COPY, LOAD DATA, a file in this process). What they share is this crate.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::nearest;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::{Error, Result, SinkContext, SourceContext};

use crate::errors;
use crate::options::{ConnectionOptions, JdbcSinkOptions, JdbcSourceOptions};

/// A database.
#[async_trait]
pub trait Dialect: Send + Sync {
    /// Its names, as they follow `jdbc:` in urls and as the option `dialect` has them; the first is
    /// what messages call it.
    fn names(&self) -> &'static [&'static str];

    /// What its users must know: paths, types, parameters of the url. Markdown, with a heading of the
    /// second level; part of the connector's page in the documentation.
    fn notes(&self) -> &'static str;

    /// Makes a source; reads the schemas of what it will read.
    ///
    /// # Errors
    /// If the options make no sense together, or the database can't be asked.
    async fn source(
        &self,
        options: JdbcSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>>;

    /// Makes a sink; changes nothing.
    ///
    /// # Errors
    /// If the options make no sense together.
    fn sink(&self, options: &JdbcSinkOptions, context: &SinkContext) -> Result<Arc<dyn DynSink>>;
}

/// The database that the options speak of, among those that are built in.
///
/// # Errors
/// If the url names none, or one that is not built in.
pub fn find<'a>(
    built_in: &[&'a dyn Dialect],
    connection: &ConnectionOptions,
) -> Result<&'a dyn Dialect> {
    let in_url = connection
        .url
        .strip_prefix("jdbc:")
        .and_then(|rest| rest.split_once(':'))
        .map(|(name, _)| name);
    let Some(name) = in_url.or(connection.dialect.as_deref()) else {
        return Err(Error::new(
            errors::URL_INVALID,
            "the url does not begin with `jdbc:` and the name of a database",
        )
        .with_help(
            "write url = \"jdbc:postgresql://host:5432/database\", \
             \"jdbc:mysql://host:3306/database\" or \"jdbc:sqlite:/path/to/file.db\"",
        ));
    };
    let called = |dialect: &&&'a dyn Dialect| {
        let mut names = dialect.names().iter();
        names.any(|known| known.eq_ignore_ascii_case(name))
    };
    if let Some(found) = built_in.iter().find(called) {
        return Ok(*found);
    }
    let all: Vec<&str> = built_in.iter().map(|d| d.names()[0]).collect();
    let error = Error::new(
        errors::URL_INVALID,
        format!(
            "the database `{name}` is not built in yet, built in: {}",
            all.join(", ")
        ),
    );
    Err(match nearest(name, all.iter().copied()) {
        Some(near) => error.with_help(format!("did you mean `jdbc:{near}:`?")),
        None => error,
    })
}
