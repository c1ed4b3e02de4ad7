//! How splits come to a reader.

use std::marker::PhantomData;

use async_trait::async_trait;

use crate::erased::SplitBytes;
use crate::error::Result;
use crate::source::Split;
use crate::state::{StateKind, decode};

/// The engine's side of [`AssignedSplits`].
///
/// An engine deals fairly: a reader that holds splits gets another only while no other reader of
/// its source holds fewer.
#[async_trait]
pub trait SplitAssigner: Send {
    /// The next split for this reader; nothing when there will never be another. Dropping the
    /// future loses no split.
    ///
    /// # Errors
    /// If the job is stopping; the reader passes it on.
    async fn next(&mut self) -> Result<Option<SplitBytes>>;

    /// The next split if there is one for this reader now.
    fn try_next(&mut self) -> Option<SplitBytes>;

    /// A split is read to its end, and its rows have been handed over.
    ///
    /// # Errors
    /// If the job is stopping; the reader passes it on.
    async fn finished(&mut self, id: &str) -> Result<()>;
}

/// The splits that come to a reader, as its author sees them.
pub struct AssignedSplits<'a, S> {
    assigner: &'a mut dyn SplitAssigner,
    split: PhantomData<fn() -> S>,
}

impl<'a, S: Split> AssignedSplits<'a, S> {
    /// For engines: the splits that `assigner` gives.
    pub fn new(assigner: &'a mut dyn SplitAssigner) -> Self {
        Self {
            assigner,
            split: PhantomData,
        }
    }

    /// Waits for a split; nothing means that there will never be another. May be dropped while it
    /// waits.
    ///
    /// # Errors
    /// If the job is stopping: return it.
    pub async fn next(&mut self) -> Result<Option<S>> {
        let next = self.assigner.next().await?;
        next.map(|split| decode(StateKind::Split, &split.bytes))
            .transpose()
    }

    /// A split, if one is there for this reader now.
    ///
    /// # Errors
    /// If it can't be read back.
    pub fn try_next(&mut self) -> Result<Option<S>> {
        let next = self.assigner.try_next();
        next.map(|split| decode(StateKind::Split, &split.bytes))
            .transpose()
    }

    /// Says that a split, known by its [`Split::id`], is read to its end. Its rows must have been
    /// handed over: call [`crate::Output::flush`] before.
    ///
    /// # Errors
    /// If the job is stopping: return it.
    pub async fn finished(&mut self, id: &str) -> Result<()> {
        self.assigner.finished(id).await
    }
}
