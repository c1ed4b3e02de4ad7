//! Reads tables and queries.
//!
//! Rows come in the binary form of the protocol, as a stream, and are decoded where they lie in the
//! read buffer. A single reader reads a table by one statement. Several divide it by ranges of the
//! first column of its primary key, else of a unique key, or of `partition_column`; what has neither
//! is read by one.
//!
//! Each reader reads all its splits in one transaction `WITH CONSISTENT SNAPSHOT`: one reader sees
//! all tables as of one moment. Sessions of MySQL and MariaDB can't share a snapshot, so that several
//! readers see moments that lie as far apart as their first statements; a table that must not change
//! in between is read with `parallelism = 1`.
//!
//! Where positions are kept, rows of tables with a primary key are read in its order, and a position
//! is the last key. Of others it is the number of rows read: a table or query that gives its rows in
//! another order after a restart may then miss some and repeat others.

mod cuts;
mod domain;
mod literal;
mod parts;
mod read;
mod sampled;
mod splits;

use std::sync::Arc;

use seatunnel_api::erased::{DynSource, erase_source};
use seatunnel_api::{Error, Result, SourceContext, TablePath};
use seatunnel_jdbc_core::catalog::{Catalog, missing};
use seatunnel_jdbc_core::options::{JdbcSourceOptions, TableOptions};
use seatunnel_jdbc_core::{errors, wanted};

use crate::catalog::MyCatalog;
use crate::types::Reading;
use crate::wire::{Connection, Purpose, Settings};
use parts::PartMaker;
use read::MySqlSource;

/// Connects, reads the schemas of what is to be read, and makes the source.
///
/// # Errors
/// If the server can't be asked, or something is not there.
pub(crate) async fn create(
    options: &JdbcSourceOptions,
    context: &SourceContext,
) -> Result<MySqlSource> {
    let settings = Settings::parse(&options.connection)?;
    let mut connection = Connection::open(&settings, Purpose::Source).await?;
    let reading = Reading {
        behaviour: settings.behaviour,
        blob_as_string: options.handle_blob_as_string,
    };
    let wanted = named(wanted::wanted(options)?, &mut connection, reading).await?;
    if wanted.is_empty() {
        return Err(Error::new(
            errors::TABLE_MISSING,
            "no table matches the patterns of table_list",
        )
        .with_context("in", connection.place()));
    }
    let paths: Vec<TablePath> = wanted
        .iter()
        .filter_map(|table| table.table_path.as_deref())
        .map(|path| TablePath::parse(path, false))
        .collect();
    let mut catalog = MyCatalog::for_reading(&mut connection, reading);
    let mut infos = catalog.tables(&paths).await?.into_iter();
    let mut parts = Vec::with_capacity(wanted.len());
    let mut maker = PartMaker {
        connection: &mut connection,
        reading,
        condition: wanted::condition(options)?,
        options,
        context,
    };
    for table in &wanted {
        let info = match &table.table_path {
            Some(_) => infos.next().flatten(),
            None => None,
        };
        parts.push(match (&table.query, &table.table_path, info) {
            (Some(query), path, info) => {
                maker.of_query(query, path.as_deref(), info, table).await?
            }
            (None, _, Some(info)) => maker.of_table(&info, table)?,
            (None, path, None) => {
                let path = TablePath::parse(path.as_deref().unwrap_or_default(), false);
                let mut catalog = MyCatalog::for_reading(maker.connection, reading);
                return Err(missing(&mut catalog, &path).await);
            }
        });
    }
    Ok(MySqlSource::new(
        settings,
        options.clone(),
        parts,
        connection,
    ))
}

/// What is to be read, with the names of tables in place of patterns.
async fn named(
    wanted: Vec<TableOptions>,
    connection: &mut Connection,
    reading: Reading,
) -> Result<Vec<TableOptions>> {
    let mut all = None;
    let mut named = Vec::with_capacity(wanted.len());
    for table in wanted {
        let pattern = match (&table.table_path, &table.query, table.use_regex) {
            (Some(pattern), None, Some(true)) => wanted::TablePattern::new(pattern)?,
            _ => {
                named.push(table);
                continue;
            }
        };
        if all.is_none() {
            let mut catalog = MyCatalog::for_reading(connection, reading);
            all = Some(catalog.table_names().await?);
        }
        let matching = all.iter().flatten().filter(|path| pattern.matches(path));
        named.extend(matching.map(|path| TableOptions {
            table_path: Some(path.to_string()),
            ..table.clone()
        }));
    }
    Ok(named)
}

/// The source, for an engine.
///
/// # Errors
/// As [`create`].
pub(crate) async fn source(
    options: &JdbcSourceOptions,
    context: &SourceContext,
) -> Result<Arc<dyn DynSource>> {
    Ok(erase_source(create(options, context).await?))
}
