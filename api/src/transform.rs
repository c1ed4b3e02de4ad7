//! What changes rows on their way.

use std::sync::Arc;

use async_trait::async_trait;

use crate::batch::Batch;
use crate::error::Result;
use crate::table::CatalogTable;

/// Changes batches on their way from a source to a sink.
///
/// Made once by its factory for the tables that come in, and shared by all tasks. It keeps nothing
/// back between calls: what went in has come out when [`Transform::apply`] returns, so that a
/// checkpoint never has to ask it.
#[async_trait]
pub trait Transform: Send + Sync + 'static {
    /// The tables that come out.
    fn tables(&self) -> Vec<Arc<CatalogTable>>;

    /// Changes a batch into none, one or more. Dropping rows is leaving them out.
    ///
    /// # Errors
    /// If a row can't be changed as asked.
    async fn apply(&self, batch: Batch, out: &mut Vec<Batch>) -> Result<()>;
}
