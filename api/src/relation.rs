//! What makes rows out of all rows of its inputs: joins, aggregates, sorting.

use std::sync::Arc;

use async_trait::async_trait;

use crate::batch::Batch;
use crate::error::Result;
use crate::table::CatalogTable;

/// Makes rows out of all rows of its inputs, such as a join. A [`crate::Transform`] sees a batch at a
/// time and keeps nothing back; a relation asks for its inputs when it is ready for them, as often as it
/// needs them, and gives its rows when it has seen enough.
///
/// Made once by its factory. A relation exists in jobs that end only: it takes no part in checkpoints,
/// and to what stands behind it is a source that is read in one piece.
#[async_trait]
pub trait Relation: Send + Sync + 'static {
    /// The tables that come out. Batches carry these very `Arc`s.
    fn tables(&self) -> Vec<Arc<CatalogTable>>;

    /// Begins to make the rows. May be called again after a failure, and then begins anew.
    ///
    /// # Errors
    /// If it can't begin.
    async fn rows(&self, inputs: Arc<dyn RelationInputs>) -> Result<Box<dyn BatchStream>>;
}

/// What a relation takes rows from.
pub trait RelationInputs: Send + Sync + 'static {
    /// Reads a table of an input, given by its position in [`crate::RelationContext::inputs`], from the
    /// beginning. The streams share the rows, and each may be read in a task of its own; nothing is
    /// opened before the first batch is asked for. Each call reads the input anew, so that the streams
    /// of two calls never wait for each other.
    fn read(&self, input: usize, table: &Arc<CatalogTable>) -> Vec<Box<dyn BatchStream>>;
}

/// Batches, one after the other.
#[async_trait]
pub trait BatchStream: Send + 'static {
    /// The next batch; nothing at the end. Dropping the stream ends the work behind it.
    ///
    /// # Errors
    /// If there will be no next one because something failed.
    async fn next(&mut self) -> Result<Option<Batch>>;
}
