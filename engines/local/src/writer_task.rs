//! One writer of a sink.

use std::sync::Arc;

use seatunnel_api::erased::DynSink;
use seatunnel_api::{Batch, Error, Result, TaskContext};
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// What readers send to a writer.
pub(crate) enum Message {
    /// Rows.
    Batch(Batch),
    /// The reader has read all there is. A channel that closes before every reader has said so
    /// means that one failed.
    End,
}

/// The checkpoint at the end of a bounded job, the only one it has.
pub(crate) const FINAL_CHECKPOINT: u64 = 1;

pub(crate) struct WriterTask {
    pub(crate) sink: Arc<dyn DynSink>,
    pub(crate) context: TaskContext,
    pub(crate) messages: Receiver<Message>,
    /// Readers that send to this writer.
    pub(crate) readers: usize,
    pub(crate) stop: CancellationToken,
}

impl WriterTask {
    /// Writes until every reader is at its end; gives what is to be committed.
    pub(crate) async fn run(mut self) -> Result<Vec<Vec<u8>>> {
        let stop = self.stop.clone();
        let mut writer = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::cancelled()),
            writer = self.sink.writer(self.context.clone()) => writer?,
        };
        let written = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Error::cancelled()),
            written = Self::write_all(
                &mut self.messages,
                self.readers,
                writer.as_mut(),
                &self.context,
            ) => written,
        };
        match written {
            Ok(committables) => {
                writer.close().await?;
                Ok(committables)
            }
            Err(error) => {
                if let Err(left) = writer.abort().await {
                    warn!(error = %left, "a writer could not clean up");
                }
                Err(error)
            }
        }
    }

    async fn write_all(
        messages: &mut Receiver<Message>,
        readers: usize,
        writer: &mut dyn seatunnel_api::erased::DynWriter,
        context: &TaskContext,
    ) -> Result<Vec<Vec<u8>>> {
        let mut running = readers;
        while running > 0 {
            match messages.recv().await {
                Some(Message::Batch(batch)) => {
                    let (rows, bytes) = (batch.num_rows() as u64, batch.num_bytes() as u64);
                    writer.write(batch).await?;
                    context.metrics.rows().add(rows);
                    context.metrics.bytes().add(bytes);
                }
                Some(Message::End) => running -= 1,
                None => return Err(Error::cancelled()),
            }
        }
        let committables = writer.prepare_commit(FINAL_CHECKPOINT).await?;
        // Before the rows around them are committed.
        context.dirty.flush().await?;
        Ok(committables)
    }
}
