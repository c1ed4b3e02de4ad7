//! The source.
//!
//! Tables and queries come as the rows of a statement, in the quickest form of each type: that costs the server a seventh
//! less than `COPY … TO STDOUT (FORMAT binary)` does. Several readers divide a table by ranges of its pages (`ctid`, since version 14), a partitioned one by those of its partitions; they read under one
//! snapshot, so that all see the table as of one moment whatever is written meanwhile. Views, foreign
//! tables and queries are one split unless `partition_column` divides them: numbers by ranges of even
//! width, sampled where the keys of a table are not spread evenly, everything else by a hash. What is
//! null is in the first range. Statements that are no queries and give rows (`SHOW`, `CALL`,
//! `INSERT … RETURNING`) are run as they are, by one reader; after a restart, again.
//!
//! A position is where the last row lies, for pages; for anything else, how many rows came: after a
//! restart these are read again and left out, which is exact as long as nothing has changed.

mod part;
mod plan;
mod queries;
mod read;
mod session;
mod split;
mod tables;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{CatalogTable, Result, Source, SourceContext, TaskContext};
use seatunnel_jdbc_core::options::JdbcSourceOptions;

use crate::wire::Settings;
use part::{Origin, Part};
use plan::Division;
use read::PgReader;
use session::Sessions;
use split::{PgSplit, Range};

/// Reads tables and queries.
pub(crate) struct PgSource {
    parts: Arc<[Part]>,
    options: JdbcSourceOptions,
    sessions: Arc<Sessions>,
}

/// Reads the schemas and makes the source.
///
/// # Errors
/// If the options make no sense together, or name what is not there.
pub(crate) async fn create(
    options: JdbcSourceOptions,
    context: &SourceContext,
) -> Result<PgSource> {
    let settings = Settings::parse(&options.connection)?;
    let mut connection = session::connect(&settings).await?;
    let parts = tables::parts(&mut connection, &options, context).await?;
    let sessions = Sessions::new(settings);
    sessions.put_aside(connection);
    Ok(PgSource {
        parts: parts.into(),
        options,
        sessions: Arc::new(sessions),
    })
}

#[async_trait]
impl Source for PgSource {
    type Split = PgSplit;
    type Reader = PgReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.parts.iter().map(|part| part.table.clone()).collect()
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<PgSplit>> {
        let mut connection = self.sessions.open().await?;
        let dividable = self.parts.iter().any(|p| plan::may_divide(p, parallelism));
        let shared = dividable && parallelism > 1 && self.sessions.share(&mut connection).await?;
        let mut divisions = Vec::with_capacity(self.parts.len());
        for part in self.parts.iter() {
            let division = if dividable && !shared && parallelism > 1 {
                Division {
                    ranges: vec![Range::All],
                    by: "no snapshot can be shared",
                }
            } else {
                plan::divide(&mut connection, part, &self.options, parallelism)
                    .await
                    .map_err(|e| e.with_context("source table", part.table.path()))?
            };
            tell(part, &division);
            divisions.push(division);
        }
        let count: usize = divisions.iter().map(|d| d.ranges.len()).sum();
        if !shared {
            self.sessions.put_aside(connection);
        } else if count > 1 {
            self.sessions.keep(connection);
        } else {
            connection.simple("ROLLBACK").await?;
            self.sessions.put_aside(connection);
        }
        let mut splits = Vec::with_capacity(count);
        for (index, (part, division)) in self.parts.iter().zip(divisions).enumerate() {
            // Of several readers, only those that share a snapshot see the same.
            let together = count > 1
                && (shared || parallelism == 1)
                && match &part.origin {
                    Origin::Table { .. } => true,
                    Origin::Query(_) => division.ranges.len() > 1,
                    Origin::Statement(_) => false,
                };
            let snapshot = self.sessions.snapshot().filter(|_| together && shared);
            let of_part = plan::splits(index, division.ranges, together);
            splits.extend(of_part.into_iter().map(|split| PgSplit {
                snapshot: snapshot.clone(),
                ..split
            }));
        }
        Ok(splits)
    }

    async fn reader(&self, context: TaskContext) -> Result<PgReader> {
        let (parts, sessions) = (self.parts.clone(), self.sessions.clone());
        let fetch_size = self.options.fetch_size;
        Ok(PgReader::new(parts, sessions, &context, fetch_size))
    }

    async fn check(&self) -> Result<()> {
        let mut connection = self.sessions.open().await?;
        // To explain a query is to begin it, which asks for the rights it takes.
        for part in self.parts.iter() {
            if !matches!(part.origin, Origin::Statement(_)) {
                let split = plan::splits(0, vec![Range::All], false);
                let select = part.select(&split[0], false);
                let explained = connection.simple(&format!("EXPLAIN {select}")).await;
                explained.map_err(|failure| {
                    seatunnel_api::Error::from(failure)
                        .with_context("source table", part.table.path())
                })?;
            }
        }
        self.sessions.put_aside(connection);
        Ok(())
    }
}

/// How a part is divided, and why.
fn tell(part: &Part, division: &Division) {
    let path = part.table.path();
    let count = division.ranges.len();
    let texts: Vec<&str> = part.cast_columns().map(|c| c.name.as_str()).collect();
    let texts = match texts.is_empty() {
        true => String::new(),
        false => format!("; cast by the server: {}", texts.join(", ")),
    };
    let plural = if count == 1 { "" } else { "s" };
    let snapshot = if count > 1 { " under one snapshot" } else { "" };
    tracing::info!(
        "reading {path}: {count} split{plural}{snapshot} ({}){texts}",
        division.by
    );
}
