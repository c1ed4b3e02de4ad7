//! Where rows go.

use std::sync::Arc;

use async_trait::async_trait;

use crate::batch::Batch;
use crate::erased::DynSource;
use crate::error::Result;
use crate::job::{CheckpointId, JobContext, TaskContext};
use crate::state::State;
use crate::table::TablePath;

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

/// What a sink's target holds, as a source of it: for a comparison with what should be there.
#[derive(Clone)]
pub struct Readback {
    /// Reads the target as it stands, and changes nothing. It ends.
    pub source: Arc<dyn DynSource>,
    /// Which of the source's tables are the target of which tables that go into the sink.
    pub tables: Vec<ReadbackTable>,
}

/// The target of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadbackTable {
    /// The table that goes into the sink.
    pub table: TablePath,
    /// What the source calls its target; several tables may go into one.
    pub target: TablePath,
    /// Those columns that go into the sink and are written; all if not given. They are found in
    /// the target by name, in any case.
    pub columns: Option<Vec<String>>,
    /// What becomes of updates and deletes.
    pub changes: ChangesBecome,
}

/// What a sink makes of rows that are no inserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangesBecome {
    /// They are carried out: the target holds the rows that are left, the last one of a key.
    Changes,
    /// Rows of every kind are rows of the target, those of deletes too.
    Rows,
}

/// A sink. Made once by its factory; the engine calls [`Sink::prepare`], [`Sink::commit`],
/// [`Sink::abort`] and [`Sink::finish`] on one coordinator, never in a task.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// What a writer has made ready and [`Sink::commit`] makes visible; `()` where rows are visible at once.
    type Committable: State;
    /// What writes batches.
    type Writer: SinkWriter<Committable = Self::Committable>;

    /// Makes the target ready: schema and data save modes. Called once, before any writer, and not
    /// when a job goes on from a checkpoint.
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

    /// Takes back whatever earlier attempts of this job have prepared and nobody will commit, such
    /// as transactions and staged files of a process that was killed. Called before any writer when
    /// a job goes on or is run again under the same [`JobContext::id`], after what its last
    /// checkpoint holds has been committed.
    ///
    /// # Errors
    /// If something had to be left behind that would stand in the way; say what and where.
    async fn discard_leftovers(&self, _job: &JobContext) -> Result<()> {
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

    /// What the target holds, so that it can be compared with what should be there; nothing where
    /// it can't be read back, which is what the default says. Neither [`Sink::prepare`] nor
    /// [`Sink::writer`] is called before.
    ///
    /// # Errors
    /// If the target is missing or can't be reached.
    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        Ok(None)
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
    /// A writer has no state of its own in a checkpoint: after this call it holds nothing that a new
    /// writer would have to know. What has been handed over is committed, in the order of
    /// checkpoints, once the checkpoint is durable: by this process or, after it was killed, by one
    /// that has only the committables; or it is aborted.
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
