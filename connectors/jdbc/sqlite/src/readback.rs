//! Reads back what the sink has written, with the source of this crate.

use seatunnel_api::{
    ChangesBecome, JobContext, Readback, ReadbackTable, Result, SourceContext, TablePath,
};
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::ConnectionOptions;
use seatunnel_jdbc_core::readback::source_of;

use crate::Sqlite;

/// What the target of a table holds.
///
/// # Errors
/// If the file or the table is missing.
pub(crate) async fn readback(
    connection: &ConnectionOptions,
    job: &JobContext,
    table: &TablePath,
    target: &TablePath,
) -> Result<Readback> {
    let options = source_of(connection, std::slice::from_ref(target))?;
    let context = SourceContext {
        job: job.clone(),
        plugin_output: None,
        parallelism: 1,
    };
    let source = Sqlite.source(options, context).await?;
    let tables = source.tables().into_iter().map(|found| ReadbackTable {
        table: table.clone(),
        target: found.path().clone(),
        columns: None,
        changes: ChangesBecome::Changes,
    });
    Ok(Readback {
        tables: tables.collect(),
        source,
    })
}
