//! SQLite: a file in this process, no server.
//!
//! The library is called directly (rusqlite), on blocking threads: values are read and bound where
//! they lie, without an object per value or row.
//!
//! **Reading.** Ordinary tables are read by rowid: divided into its ranges, in its order, and after a
//! failure from the last rowid on. Views, `WITHOUT ROWID` tables and queries are one split unless
//! `partition_column` divides them; after a failure their rows are read again up to the position.
//! The type of a column is that of its declared name; of an expression or an untyped column it is
//! what its first rows hold, text if they hold nothing. A value that is not of its column's type is an
//! error that names it.
//!
//! **Writing.** All writers of all sinks of a process share one connection to a file, in turn: SQLite
//! has one writer, and so none waits for a lock of another. Rows kept back are written in one
//! transaction, when there are enough and at each checkpoint, so that a failed transaction leaves
//! nothing behind. With `is_exactly_once`, rows become visible only with their checkpoint
//! (`staging.rs`). The journal is a WAL with `synchronous = NORMAL` unless the url says otherwise.
//!
//! Types map as `types.rs` has it.

mod apply;
mod catalog;
mod connection;
mod database;
mod decode;
mod encode;
mod plan;
mod read;
mod readback;
mod refusal;
mod save_mode;
mod sink;
mod source;
mod split;
mod staging;
mod steps;
mod types;
mod writer;

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, InterruptHandle};
use seatunnel_api::erased::{DynSink, DynSource, erase_source};
use seatunnel_api::{Error, Result, SinkContext, SourceContext, codes};

use connection::Location;
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::{JdbcSinkOptions, JdbcSourceOptions};
use seatunnel_jdbc_core::sql::Quote;

/// How names are quoted. Not by `"`: SQLite takes an unknown name in double quotes for a text.
pub(crate) const QUOTE: Quote = Quote('`');

/// The dialect.
pub struct Sqlite;

#[async_trait]
impl Dialect for Sqlite {
    fn names(&self) -> &'static [&'static str] {
        &["sqlite"]
    }

    fn notes(&self) -> &'static str {
        include_str!("../NOTES.md")
    }

    async fn source(
        &self,
        options: JdbcSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        let location = Arc::new(Location::parse(&options.connection)?);
        let source = reading(location, move |connection, location| {
            source::create(&options, &context, connection, location)
        });
        Ok(erase_source(source.await?))
    }

    fn sink(&self, options: &JdbcSinkOptions, context: &SinkContext) -> Result<Arc<dyn DynSink>> {
        sink::create(options, context)
    }
}

/// Starts work on a thread that may block.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> impl Future<Output = Result<T>> + Send {
    let running = tokio::task::spawn_blocking(work);
    async move { running.await.map_err(panicked)? }
}

/// Opens a file for reading and works on it on a thread that may block.
pub(crate) async fn reading<T: Send + 'static>(
    location: Arc<Location>,
    work: impl FnOnce(&Connection, &Arc<Location>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let opened = location.clone();
    let connection = blocking(move || opened.open_for_reading()).await?;
    let _interrupt = InterruptOnDrop(connection.get_interrupt_handle());
    blocking(move || work(&connection, &location)).await
}

/// Ends the statement that a thread is in when the task that waits for it is cancelled. Without
/// effect on a connection that runs no statement.
pub(crate) struct InterruptOnDrop(pub(crate) InterruptHandle);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

fn panicked(error: tokio::task::JoinError) -> Error {
    Error::new(
        codes::INTERNAL,
        "a thread of the SQLite connector ended early",
    )
    .with_cause(error)
}
