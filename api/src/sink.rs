//! Where rows go.

use async_trait::async_trait;

use crate::batch::Batch;
use crate::error::Result;
use crate::job::{CheckpointId, TaskContext};
use crate::state::State;

/// What a sink promises about rows when tasks fail and are run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// A row may come twice, none is missing.
    AtLeastOnce,
    /// A row may be written twice, with the same result; the text says on what condition.
    Idempotent(&'static str),
    /// Each row is there once; the text says on what condition.
    ExactlyOnce(&'static str),
}

/// A sink. Made once by its factory; the engine calls [`Sink::prepare`], [`Sink::commit`],
/// [`Sink::abort`] and [`Sink::finish`] on one coordinator, never in a task.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// What a writer has made ready and [`Sink::commit`] makes visible; `()` where rows are visible at once.
    type Committable: State;
    /// What writes batches.
    type Writer: SinkWriter<Committable = Self::Committable>;

    /// Makes the target ready: schema and data save modes. Called once, before any writer, and not after a restore.
    ///
    /// # Errors
    /// If the target can't take the rows.
    async fn prepare(&self) -> Result<()> {
        Ok(())
    }

    /// A writer, made in the task that it runs in.
    ///
    /// # Errors
    /// If the target can't be opened.
    async fn writer(&self, context: TaskContext) -> Result<Self::Writer>;

    /// Makes visible what writers have prepared. May be called again with the same committables
    /// after a crash: doing it twice must be as doing it once.
    ///
    /// # Errors
    /// If it can't be done now; retryable where a later call may succeed.
    async fn commit(&self, _committables: Vec<Self::Committable>) -> Result<()> {
        Ok(())
    }

    /// Takes back what writers have prepared and nobody will commit.
    ///
    /// # Errors
    /// If something had to be left behind; say what and where.
    async fn abort(&self, _committables: Vec<Self::Committable>) -> Result<()> {
        Ok(())
    }

    /// All rows are written and committed; the job is at its end. Not called when it failed.
    ///
    /// # Errors
    /// If what was written is not what was asked for.
    async fn finish(&self) -> Result<()> {
        Ok(())
    }

    /// Whether the target can be reached and would take the rows, without changing it.
    ///
    /// # Errors
    /// Why not.
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    /// What the sink promises.
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }
}

/// Writes the batches of one task.
#[async_trait]
pub trait SinkWriter: Send + 'static {
    /// What it makes ready.
    type Committable: State;

    /// Writes a batch. Rows of a key come in the order they were read in.
    ///
    /// # Errors
    /// If a row can't be written.
    async fn write(&mut self, batch: Batch) -> Result<()>;

    /// Writes out all that is kept back, and hands over what is ready to be committed. Called at
    /// each checkpoint and once at the end; more batches may follow.
    ///
    /// # Errors
    /// If it can't be written out.
    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Self::Committable>>;

    /// Throws away what is not handed over by [`SinkWriter::prepare_commit`]. The last call after a failure.
    ///
    /// # Errors
    /// If something had to be left behind; say what and where.
    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }

    /// Closes the writer after its last [`SinkWriter::prepare_commit`].
    ///
    /// # Errors
    /// If it can't be closed.
    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}
