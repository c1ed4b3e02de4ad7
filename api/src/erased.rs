//! Sources and sinks as engines see them: their own types are bytes.
//!
//! Authors write [`Source`] and [`Sink`]; the adapters here are the only place where splits and
//! committables are serialised.

use std::sync::Arc;

use async_trait::async_trait;

use crate::assigned::{AssignedSplits, SplitAssigner};
use crate::batch::Batch;
use crate::error::Result;
use crate::job::{CheckpointId, JobContext, TaskContext};
use crate::output::{Emitter, Output};
use crate::sink::{Guarantee, Readback, Sink, SinkWriter};
use crate::source::{Boundedness, Discovery, Source, SourceReader, Split, SplitEnumerator};
use crate::state::{StateKind, decode, encode};
use crate::table::CatalogTable;

/// A split as an engine carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitBytes {
    /// [`Split::id`].
    pub id: String,
    /// The split as versioned bytes.
    pub bytes: Vec<u8>,
}

/// A [`Source`] whose splits are bytes.
#[async_trait]
pub trait DynSource: Send + Sync {
    /// See [`Source::tables`].
    fn tables(&self) -> Vec<Arc<CatalogTable>>;
    /// See [`Source::boundedness`].
    fn boundedness(&self) -> Boundedness;
    /// See [`Source::enumerator`].
    async fn enumerator(
        &self,
        parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn DynEnumerator>>;
    /// See [`Source::reader`].
    async fn reader(&self, context: TaskContext) -> Result<Box<dyn DynReader>>;
    /// See [`Source::check`].
    async fn check(&self) -> Result<()>;
}

/// A [`SplitEnumerator`] whose splits are bytes.
#[async_trait]
pub trait DynEnumerator: Send {
    /// See [`SplitEnumerator::discover`].
    async fn discover(&mut self) -> Result<Discovery<SplitBytes>>;
    /// See [`SplitEnumerator::split_finished`].
    async fn split_finished(&mut self, position: &[u8]) -> Result<()>;
    /// See [`SplitEnumerator::checkpoint_durable`].
    async fn checkpoint_durable(&mut self, positions: &[Vec<u8>]) -> Result<()>;
    /// See [`SplitEnumerator::snapshot`].
    fn snapshot(&self) -> Result<Vec<u8>>;
}

/// A [`SourceReader`] whose splits are bytes.
#[async_trait]
pub trait DynReader: Send {
    /// See [`SourceReader::read`]. All rows have been emitted when it returns.
    async fn read(&mut self, split: &[u8], emitter: &mut dyn Emitter) -> Result<()>;
    /// See [`SourceReader::read_assigned`]. A position that is emitted with a batch is that of the
    /// split that was given out last. All rows have been emitted when it returns.
    async fn read_assigned(
        &mut self,
        splits: &mut dyn SplitAssigner,
        emitter: &mut dyn Emitter,
    ) -> Result<()>;
}

/// A [`Sink`] whose committables are bytes.
#[async_trait]
pub trait DynSink: Send + Sync {
    /// See [`Sink::prepare`].
    async fn prepare(&self) -> Result<()>;
    /// See [`Sink::writer`].
    async fn writer(&self, context: TaskContext) -> Result<Box<dyn DynWriter>>;
    /// See [`Sink::commit`].
    async fn commit(&self, committables: Vec<Vec<u8>>) -> Result<()>;
    /// See [`Sink::abort`].
    async fn abort(&self, committables: Vec<Vec<u8>>) -> Result<()>;
    /// See [`Sink::discard_leftovers`].
    async fn discard_leftovers(&self, job: &JobContext) -> Result<()>;
    /// See [`Sink::finish`].
    async fn finish(&self) -> Result<()>;
    /// See [`Sink::check`].
    async fn check(&self) -> Result<()>;
    /// See [`Sink::readback`].
    async fn readback(&self) -> Result<Option<Vec<Readback>>>;
    /// See [`Sink::guarantee`].
    fn guarantee(&self) -> Guarantee;
}

/// A [`SinkWriter`] whose committables are bytes.
#[async_trait]
pub trait DynWriter: Send {
    /// See [`SinkWriter::write`].
    async fn write(&mut self, batch: Batch) -> Result<()>;
    /// See [`SinkWriter::prepare_commit`].
    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Vec<u8>>>;
    /// See [`SinkWriter::abort`].
    async fn abort(&mut self) -> Result<()>;
    /// See [`SinkWriter::close`].
    async fn close(&mut self) -> Result<()>;
}

struct Erased<T>(T);
struct ErasedEnumerator<S>(Box<dyn SplitEnumerator<S>>);

/// A source for an engine.
pub fn erase_source(source: impl Source) -> Arc<dyn DynSource> {
    Arc::new(Erased(source))
}

/// A sink for an engine.
pub fn erase_sink(sink: impl Sink) -> Arc<dyn DynSink> {
    Arc::new(Erased(sink))
}

#[async_trait]
impl<T: Source> DynSource for Erased<T> {
    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.0.tables()
    }

    fn boundedness(&self) -> Boundedness {
        self.0.boundedness()
    }

    async fn enumerator(
        &self,
        parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn DynEnumerator>> {
        let enumerator = self.0.enumerator(parallelism, state).await?;
        Ok(Box::new(ErasedEnumerator(enumerator)))
    }

    async fn reader(&self, context: TaskContext) -> Result<Box<dyn DynReader>> {
        Ok(Box::new(Erased(self.0.reader(context).await?)))
    }

    async fn check(&self) -> Result<()> {
        self.0.check().await
    }
}

#[async_trait]
impl<S: Split> DynEnumerator for ErasedEnumerator<S> {
    async fn discover(&mut self) -> Result<Discovery<SplitBytes>> {
        let found = self.0.discover().await?;
        let splits = found
            .splits
            .iter()
            .map(|split| {
                Ok(SplitBytes {
                    id: split.id(),
                    bytes: encode(StateKind::Split, split)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Discovery {
            splits,
            next: found.next,
        })
    }

    async fn split_finished(&mut self, position: &[u8]) -> Result<()> {
        self.0
            .split_finished(decode(StateKind::Split, position)?)
            .await
    }

    async fn checkpoint_durable(&mut self, positions: &[Vec<u8>]) -> Result<()> {
        let positions = positions
            .iter()
            .map(|bytes| decode(StateKind::Split, bytes))
            .collect::<Result<_>>()?;
        self.0.checkpoint_durable(positions).await
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        self.0.snapshot()
    }
}

#[async_trait]
impl<T: SourceReader> DynReader for Erased<T> {
    async fn read(&mut self, split: &[u8], emitter: &mut dyn Emitter) -> Result<()> {
        let split = decode(StateKind::Split, split)?;
        let mut output = Output::new(emitter);
        self.0.read(split, &mut output).await?;
        output.flush().await
    }

    async fn read_assigned(
        &mut self,
        splits: &mut dyn SplitAssigner,
        emitter: &mut dyn Emitter,
    ) -> Result<()> {
        let mut output = Output::new(emitter);
        let mut splits = AssignedSplits::new(splits);
        self.0.read_assigned(&mut splits, &mut output).await?;
        output.flush().await
    }
}

#[async_trait]
impl<T: Sink> DynSink for Erased<T> {
    async fn prepare(&self) -> Result<()> {
        self.0.prepare().await
    }

    async fn writer(&self, context: TaskContext) -> Result<Box<dyn DynWriter>> {
        Ok(Box::new(Erased(self.0.writer(context).await?)))
    }

    async fn commit(&self, committables: Vec<Vec<u8>>) -> Result<()> {
        self.0.commit(decode_all(&committables)?).await
    }

    async fn abort(&self, committables: Vec<Vec<u8>>) -> Result<()> {
        self.0.abort(decode_all(&committables)?).await
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        self.0.discard_leftovers(job).await
    }

    async fn finish(&self) -> Result<()> {
        self.0.finish().await
    }

    async fn check(&self) -> Result<()> {
        self.0.check().await
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        self.0.readback().await
    }

    fn guarantee(&self) -> Guarantee {
        self.0.guarantee()
    }
}

fn decode_all<T: crate::state::State>(all: &[Vec<u8>]) -> Result<Vec<T>> {
    all.iter()
        .map(|bytes| decode(StateKind::Committable, bytes))
        .collect()
}

#[async_trait]
impl<T: SinkWriter> DynWriter for Erased<T> {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.0.write(batch).await
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Vec<u8>>> {
        let committables = self.0.prepare_commit(checkpoint).await?;
        committables
            .iter()
            .map(|c| encode(StateKind::Committable, c))
            .collect()
    }

    async fn abort(&mut self) -> Result<()> {
        self.0.abort().await
    }

    async fn close(&mut self) -> Result<()> {
        self.0.close().await
    }
}
