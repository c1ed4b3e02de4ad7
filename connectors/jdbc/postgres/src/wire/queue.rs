//! Many executions of prepared statements in few round trips.

use postgres_protocol::message::backend::Message;
use seatunnel_api::Error;

use super::connection::{Connection, affected};
use super::failure::Failure;
use super::stream::put_text;

/// Which of the queued executions failed, and why.
#[derive(Debug)]
pub(crate) struct QueueFailure {
    /// Counted from 0, since the last [`Connection::sync`].
    pub(crate) index: usize,
    /// Why.
    pub(crate) failure: Failure,
}

impl From<QueueFailure> for Error {
    fn from(failure: QueueFailure) -> Self {
        failure.failure.into()
    }
}

impl Connection {
    /// Queues an execution of a prepared statement. `parameters` are `count` fields, each with its
    /// length in front as COPY has them; `formats` has 0 for text and 1 for binary: none is all text,
    /// one is for all, else one for each.
    ///
    /// Outside of a transaction, everything up to the next [`Connection::sync`] is one.
    pub(crate) fn queue_execute(
        &mut self,
        name: &str,
        formats: &[i16],
        count: usize,
        parameters: &[u8],
    ) {
        self.queued += 1;
        self.stream.put(b'B', |out| {
            // The unnamed portal.
            out.push(0);
            put_text(out, name);
            out.extend_from_slice(&(formats.len() as u16).to_be_bytes());
            for format in formats {
                out.extend_from_slice(&format.to_be_bytes());
            }
            out.extend_from_slice(&(count as u16).to_be_bytes());
            out.extend_from_slice(parameters);
            // Results, if any, as text.
            out.extend_from_slice(&[0, 0]);
        });
        self.stream.put(b'E', |out| {
            out.push(0);
            // All rows.
            out.extend_from_slice(&[0; 4]);
        });
    }

    /// Bytes queued and not yet sent.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.stream.write.len()
    }

    /// Sends what is queued, while more is to come.
    pub(crate) async fn flush_queue(&mut self) -> Result<(), Failure> {
        if !self.busy {
            self.busy = true;
        }
        self.stream.flush().await
    }

    /// Sends what is queued and waits for all of it. Gives how many rows each execution affected.
    pub(crate) async fn sync(&mut self) -> Result<Vec<u64>, QueueFailure> {
        let mut counts = Vec::with_capacity(self.queued);
        match self.try_sync(&mut counts).await {
            Ok(()) => Ok(counts),
            Err(failure) => Err(QueueFailure {
                index: counts.len(),
                failure,
            }),
        }
    }

    async fn try_sync(&mut self, counts: &mut Vec<u64>) -> Result<(), Failure> {
        self.busy = true;
        self.stream.put(b'S', |_| {});
        self.stream.flush().await?;
        loop {
            match self.next().await? {
                Message::CommandComplete(body) => {
                    counts.push(body.tag().ok().and_then(affected).unwrap_or(0));
                }
                Message::EmptyQueryResponse => counts.push(0),
                Message::ErrorResponse(body) => {
                    let failure = Failure::server(self.place(), &body);
                    return self.drain(Some(failure)).await;
                }
                Message::ReadyForQuery(body) => {
                    self.end_call(body.status());
                    return Ok(());
                }
                // Rows that a statement gives to nobody.
                _ => {}
            }
        }
    }
}
