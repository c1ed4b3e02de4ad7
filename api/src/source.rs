//! Where rows come from.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::assigned::AssignedSplits;
use crate::error::{Error, Result};
use crate::job::TaskContext;
use crate::output::Output;
use crate::state::{State, StateKind, decode, encode};
use crate::table::CatalogTable;

/// Whether a source ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundedness {
    /// It has an end.
    Bounded,
    /// It goes on until the job is stopped.
    Unbounded,
}

/// What one reader can work on alone; also how far it has come.
///
/// A split says where reading starts and where it ends. Its later self, handed to
/// [`Output::emit`] with the rows, is the position: reading it again gives what has not come yet.
pub trait Split: State + Clone {
    /// A name that is unique within the source and stays the same while the position moves.
    fn id(&self) -> String;
}

/// A source of one or more tables.
///
/// Made once by its factory. The engine asks for splits on one coordinator, hands them to readers,
/// and moves them to other readers after a failure.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// What one reader works on.
    type Split: Split;
    /// What reads splits.
    type Reader: SourceReader<Split = Self::Split>;

    /// The tables whose rows come. Batches carry these very `Arc`s.
    fn tables(&self) -> Vec<Arc<CatalogTable>>;

    /// Whether the source ends.
    fn boundedness(&self) -> Boundedness {
        Boundedness::Bounded
    }

    /// All splits of a bounded source, for so many readers. Called once a job; again only after a
    /// restore from before the splits were handed over.
    ///
    /// More splits than readers are welcome: each reader takes the next when it is done with one,
    /// so that a slow split delays no other.
    ///
    /// # Errors
    /// If what is to be read can't be listed; the job then fails.
    async fn splits(&self, parallelism: usize) -> Result<Vec<Self::Split>>;

    /// Where splits come from. The default lists [`Source::splits`] once; a source whose splits
    /// come over time, or depend on each other, brings its own.
    ///
    /// `state` is what [`SplitEnumerator::snapshot`] gave before a restart.
    ///
    /// # Errors
    /// If the state can't be read back.
    async fn enumerator(
        &self,
        parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn SplitEnumerator<Self::Split>>> {
        let listed = match state {
            None => false,
            Some(bytes) => decode::<Listed>(StateKind::Enumerator, bytes)?.0 != Some(false),
        };
        let splits = match listed {
            true => None,
            false => Some(self.splits(parallelism).await?),
        };
        Ok(Box::new(ListedSplits(splits)))
    }

    /// A reader, made in the task that it runs in. Open connections here, once for many splits.
    ///
    /// # Errors
    /// If the reader can't be opened.
    async fn reader(&self, context: TaskContext) -> Result<Self::Reader>;

    /// Whether the source can be reached, for a check without a run. The default says yes, since
    /// most sources find out when they are made.
    ///
    /// # Errors
    /// Why it can't be reached.
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Reads splits, one after the other.
#[async_trait]
pub trait SourceReader: Send + 'static {
    /// What it reads.
    type Split: Split;

    /// Reads a split from its position to its end and hands the rows to `out`.
    ///
    /// Waiting in [`Output::emit`] is back-pressure. The engine cancels by dropping the future at an
    /// await: hold nothing that dropping does not clean up.
    ///
    /// # Errors
    /// If it can't be read; mark it retryable where trying again may help.
    async fn read(&mut self, split: Self::Split, out: &mut Output<'_, Self::Split>) -> Result<()>;

    /// Reads all splits that come to this reader, until there will be no more.
    ///
    /// The default reads them one after the other. A source whose splits never end, or that reads
    /// many of them over one connection, brings its own, which takes splits as they come, hands
    /// over rows of any of them with [`Output::emit_all`], and tells which are at their end.
    ///
    /// # Errors
    /// If one can't be read; mark it retryable where trying again may help.
    async fn read_assigned(
        &mut self,
        splits: &mut AssignedSplits<'_, Self::Split>,
        out: &mut Output<'_, Self::Split>,
    ) -> Result<()> {
        while let Some(split) = splits.next().await? {
            let id = split.id();
            let read = async {
                self.read(split, out).await?;
                out.flush().await
            };
            read.await
                .map_err(|e: Error| e.with_context("split", &id))?;
            splits.finished(&id).await?;
        }
        Ok(())
    }
}

/// What an enumerator has found, and whether to ask again.
pub struct Discovery<S> {
    /// New splits. The engine keeps them, in its checkpoints too, until readers have read them.
    pub splits: Vec<S>,
    /// When to ask again.
    pub next: NextDiscovery,
}

/// When to ask an enumerator again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextDiscovery {
    /// Never: there are no more splits.
    Never,
    /// After this time, or earlier when a split has been read.
    After(Duration),
    /// Each time a split has been read to its end.
    OnSplitFinished,
}

/// Finds splits over the life of a job; one instance, on the coordinator.
#[async_trait]
pub trait SplitEnumerator<S: Split>: Send {
    /// New splits since the last call.
    ///
    /// # Errors
    /// If they can't be found.
    async fn discover(&mut self) -> Result<Discovery<S>>;

    /// A reader has read this split, given as its last position, to its end.
    ///
    /// # Errors
    /// If what follows from it can't be done.
    async fn split_finished(&mut self, _split: S) -> Result<()> {
        Ok(())
    }

    /// A checkpoint with these positions is durable: nothing before them is read again. `positions`
    /// are the splits being read as they stood at the checkpoint, and those not begun.
    ///
    /// For what the world outside may know of progress, such as offsets of a consumer group. May be
    /// missing for a checkpoint after which the process was killed.
    ///
    /// # Errors
    /// If it can't be told; the job goes on, with a warning.
    async fn checkpoint_durable(&mut self, _positions: Vec<S>) -> Result<()> {
        Ok(())
    }

    /// What must be known after a restart, as [`encode`] writes it. Splits already handed over are
    /// not part of it: the engine keeps them.
    ///
    /// # Errors
    /// If it can't be serialised.
    fn snapshot(&self) -> Result<Vec<u8>>;
}

/// Whether the splits have been handed over; nothing stands for yes in state of older versions.
#[derive(Serialize, Deserialize)]
struct Listed(Option<bool>);

impl State for Listed {}

/// The splits of a bounded source, listed once.
struct ListedSplits<S>(Option<Vec<S>>);

#[async_trait]
impl<S: Split> SplitEnumerator<S> for ListedSplits<S> {
    async fn discover(&mut self) -> Result<Discovery<S>> {
        Ok(Discovery {
            splits: self.0.take().unwrap_or_default(),
            next: NextDiscovery::Never,
        })
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        encode(StateKind::Enumerator, &Listed(Some(self.0.is_none())))
    }
}
