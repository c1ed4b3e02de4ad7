//! What a reader hands its rows to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::batch::Batch;
use crate::batch_builder::BatchBuilder;
use crate::erased::SplitBytes;
use crate::error::Result;
use crate::row::Value;
use crate::row_kind::RowKind;
use crate::source::Split;
use crate::state::{StateKind, encode};
use crate::table::CatalogTable;

/// How large batches should be; a row is a batch at any rate. Measured: small enough for the cache beats large.
#[derive(Clone, Copy, Debug)]
pub struct BatchSize {
    /// Rows at most.
    pub rows: usize,
    /// Bytes at most, about.
    pub bytes: usize,
}

impl Default for BatchSize {
    fn default() -> Self {
        Self {
            rows: 8_192,
            bytes: 256 << 10,
        }
    }
}

/// The engine's side of [`Output`].
#[async_trait]
pub trait Emitter: Send {
    /// Takes a batch and, where the reader gave one, the position after these rows of the split that
    /// it reads. Returns when there is room for more. Without a position, the rows are not behind
    /// any until the next one comes.
    ///
    /// # Errors
    /// If the job is stopping; the reader passes it on.
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()>;

    /// Takes positions, of one or more splits, that hold after all rows handed over so far. The
    /// default forgets them, which is right where positions are of no use.
    ///
    /// # Errors
    /// If the job is stopping; the reader passes it on.
    async fn positions(&mut self, _positions: Vec<SplitBytes>) -> Result<()> {
        Ok(())
    }

    /// Whether positions are of use; without checkpoints they are not, and cost nothing.
    fn wants_positions(&self) -> bool;

    /// How large batches should be.
    fn batch_size(&self) -> BatchSize {
        BatchSize::default()
    }
}

/// Rows not handed on by size go out after this time, when the reader next gives a position.
const MAX_DELAY: Duration = Duration::from_millis(200);

/// What a reader hands its rows to, as batches ([`Output::emit`]) or one by one ([`Output::row`]).
///
/// Progress travels with the data: whoever hands over rows says where reading would go on after
/// them. That is all a reader has to do for checkpoints.
pub struct Output<'a, S> {
    emitter: &'a mut dyn Emitter,
    builders: Vec<BatchBuilder>,
    position: Option<S>,
    last_flush: Instant,
    size: BatchSize,
}

impl<'a, S: Split> Output<'a, S> {
    /// For engines: an output into `emitter`.
    pub fn new(emitter: &'a mut dyn Emitter) -> Self {
        let size = emitter.batch_size();
        let size = BatchSize {
            rows: size.rows.max(1),
            bytes: size.bytes.max(1),
        };
        Self {
            emitter,
            builders: Vec::new(),
            position: None,
            last_flush: Instant::now(),
            size,
        }
    }

    /// How large batches should be: neither rows nor bytes are 0.
    pub fn batch_size(&self) -> BatchSize {
        self.size
    }

    /// Whether positions are kept. Where they are not, a reader need not work for exact ones.
    pub fn wants_positions(&self) -> bool {
        self.emitter.wants_positions()
    }

    /// Hands over a batch; `position` is the split as it stands after these rows.
    ///
    /// # Errors
    /// If the job is stopping: return it.
    pub async fn emit(&mut self, batch: Batch, position: &S) -> Result<()> {
        self.flush_rows().await?;
        let position = self.encode(position)?;
        self.emitter.emit(batch, position).await
    }

    /// Hands over rows of several splits; `positions` are these splits as they stand after the rows.
    ///
    /// # Errors
    /// If the job is stopping: return it.
    pub async fn emit_all(&mut self, batch: Batch, positions: &[S]) -> Result<()> {
        self.flush_rows().await?;
        self.emitter.emit(batch, None).await?;
        self.positions(positions).await
    }

    /// Says where reading of several splits would go on after all rows handed over so far.
    ///
    /// # Errors
    /// If the job is stopping: return it.
    pub async fn positions(&mut self, positions: &[S]) -> Result<()> {
        self.flush_rows().await?;
        if !self.emitter.wants_positions() {
            return Ok(());
        }
        let positions = positions.iter().map(|position| {
            Ok(SplitBytes {
                id: position.id(),
                bytes: encode(StateKind::Split, position)?,
            })
        });
        let positions = positions.collect::<Result<_>>()?;
        self.emitter.positions(positions).await
    }

    /// Hands over one insert.
    ///
    /// # Errors
    /// If the values don't fit the table, or the job is stopping: return it.
    pub async fn row(&mut self, table: &Arc<CatalogTable>, values: &[Value]) -> Result<()> {
        self.row_of_kind(table, RowKind::Insert, values).await
    }

    /// Hands over one row of any kind. Rows are kept back until there are enough for a batch.
    ///
    /// # Errors
    /// If the values don't fit the table, or the job is stopping: return it.
    pub async fn row_of_kind(
        &mut self,
        table: &Arc<CatalogTable>,
        kind: RowKind,
        values: &[Value],
    ) -> Result<()> {
        let index = match self
            .builders
            .iter()
            .position(|b| Arc::ptr_eq(b.table(), table))
        {
            Some(index) => index,
            None => {
                self.builders.push(BatchBuilder::new(table.clone()));
                self.builders.len() - 1
            }
        };
        // A position from before this row does not hold after it.
        self.position = None;
        let builder = &mut self.builders[index];
        builder.push(kind, values)?;
        if builder.len() >= self.size.rows || builder.bytes() >= self.size.bytes {
            // These rows have no position of their own: the one before them stays in force, and
            // after a failure they would be read again.
            let batch = builder.finish();
            self.emitter.emit(batch, None).await?;
        }
        Ok(())
    }

    /// Says where reading would go on after all rows handed over so far. Cheap: call it as often as
    /// there is a safe point.
    ///
    /// # Errors
    /// If the job is stopping: return it.
    pub async fn position(&mut self, position: &S) -> Result<()> {
        if self.emitter.wants_positions() {
            self.position = Some(position.clone());
        }
        let waiting: usize = self.builders.iter().map(BatchBuilder::len).sum();
        if waiting * 2 >= self.size.rows || self.last_flush.elapsed() >= MAX_DELAY {
            self.flush().await?;
        }
        Ok(())
    }

    /// Hands on the rows kept back. Call it before waiting long for the next row.
    ///
    /// # Errors
    /// If the job is stopping: return it.
    pub async fn flush(&mut self) -> Result<()> {
        self.flush_rows().await?;
        self.last_flush = Instant::now();
        Ok(())
    }

    async fn flush_rows(&mut self) -> Result<()> {
        let full = self.builders.iter().filter(|b| !b.is_empty()).count();
        let mut left = full;
        for builder in &mut self.builders {
            if builder.is_empty() {
                continue;
            }
            left -= 1;
            // The position holds after the rows of all tables: it goes with the last.
            let position = match left {
                0 => self.position.take(),
                _ => None,
            };
            let position = match position {
                Some(position) => Some(encode(StateKind::Split, &position)?),
                None => None,
            };
            self.emitter.emit(builder.finish(), position).await?;
        }
        if let Some(position) = self.position.take() {
            let position = SplitBytes {
                id: position.id(),
                bytes: encode(StateKind::Split, &position)?,
            };
            self.emitter.positions(vec![position]).await?;
        }
        Ok(())
    }

    fn encode(&self, position: &S) -> Result<Option<Vec<u8>>> {
        if self.emitter.wants_positions() {
            encode(StateKind::Split, position).map(Some)
        } else {
            Ok(None)
        }
    }
}
