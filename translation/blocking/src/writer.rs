//! A writer that an engine gives rows to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seatunnel_api::erased::DynWriter;
use seatunnel_api::{Batch, CheckpointId, Error, Result, TaskContext, codes as api_codes};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::element;
use crate::encoded::Encoded;
use crate::job::{Job, panicked};
use crate::part::Part;

/// Batches that wait for the writer: one more is in work on either side.
const DEPTH: usize = 2;
/// How long a writer that is given up may take to clean up before the engine goes on without it.
const LAST_ORDERS: Duration = Duration::from_secs(30);

/// A writer at work in threads of its own.
pub struct Writer {
    job: Arc<Job>,
    state: Mutex<State>,
}

struct State {
    commands: Option<mpsc::Sender<Command>>,
    prepared: mpsc::Receiver<Part>,
    task: Option<JoinHandle<Result<()>>>,
    name: String,
}

enum Command {
    Write(Batch),
    Prepare {
        checkpoint: CheckpointId,
        last: bool,
    },
}

impl Writer {
    /// Opens a writer of the sink at this position of the plan.
    ///
    /// # Errors
    /// If there is no such sink. That it can't be opened the next call says.
    pub fn open(job: Arc<Job>, sink: usize, subtask: usize, parallelism: usize) -> Result<Self> {
        let (dyn_sink, name) = job.sink(sink)?;
        let (commands, receiver) = mpsc::channel(DEPTH);
        let (ready, prepared) = mpsc::channel(1);
        let task = WriterTask {
            node: sink,
            sinks: job.sink_names(),
            context: job.context(sink, subtask, parallelism),
            commands: receiver,
            ready,
        };
        let (dyn_sink, name) = (dyn_sink.clone(), name.to_owned());
        let task = job.workers().spawn(async move {
            let mut writer = dyn_sink.writer(task.context.clone()).await?;
            task.run(writer.as_mut()).await
        });
        Ok(Self {
            state: Mutex::new(State {
                commands: Some(commands),
                prepared,
                task: Some(task),
                name,
            }),
            job,
        })
    }

    /// Writes an element; false if there was no room within this time.
    ///
    /// # Errors
    /// If the writer has failed, with this row or with one before.
    pub fn write(
        &self,
        element: impl FnOnce() -> Result<Vec<u8>>,
        timeout: Duration,
    ) -> Result<bool> {
        self.write_batch(
            || Ok(element::decode(element()?, self.job.plan())?.1),
            timeout,
        )
    }

    /// Writes rows that are none of another process; false if there was no room within this time.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn write_batch(
        &self,
        batch: impl FnOnce() -> Result<Batch>,
        timeout: Duration,
    ) -> Result<bool> {
        self.command(timeout, || Ok(Command::Write(batch()?)))
    }

    /// Asks the writer to make ready what it was given; `last` if nothing will follow. Waits for room.
    ///
    /// # Errors
    /// If the writer has failed.
    pub fn prepare(&self, checkpoint: CheckpointId, last: bool) -> Result<()> {
        let prepare = || Ok(Command::Prepare { checkpoint, last });
        while !self.command(Duration::from_secs(1), prepare)? {}
        Ok(())
    }

    /// What [`Writer::prepare`] has led to, if it is ready within this time.
    ///
    /// # Errors
    /// If the writer has failed.
    pub fn prepared(&self, timeout: Duration) -> Result<Option<Part>> {
        let mut state = self.state();
        let workers = self.job.workers();
        match workers.wait_for(timeout, state.prepared.recv()) {
            None => Ok(None),
            Some(Some(part)) => Ok(Some(part)),
            Some(None) => Err(self.failure(&mut state)),
        }
    }

    /// Throws away what is not prepared, and waits until that is done.
    pub fn abort(&self) {
        let mut state = self.state();
        // The writer sees that nothing will come any more.
        state.commands = None;
        if let Some(task) = state.task.take()
            && self.job.workers().wait_for(LAST_ORDERS, task).is_none()
        {
            warn!(sink = %state.name, "a writer that was given up still cleans up");
        }
    }

    fn command(&self, timeout: Duration, make: impl FnOnce() -> Result<Command>) -> Result<bool> {
        let mut state = self.state();
        let Some(commands) = state.commands.clone() else {
            return Err(Error::new(
                api_codes::INTERNAL,
                "a writer that was given up is used",
            ));
        };
        match self.job.workers().wait_for(timeout, commands.reserve()) {
            None => Ok(false),
            Some(Ok(permit)) => {
                permit.send(make()?);
                Ok(true)
            }
            Some(Err(_)) => Err(self.failure(&mut state)),
        }
    }

    /// Why the writer is gone.
    fn failure(&self, state: &mut State) -> Error {
        state.commands = None;
        let ended = state.task.take().map(|task| self.job.workers().wait(task));
        match ended {
            Some(Ok(Err(error))) => error.with_context("plugin", &state.name),
            Some(Err(join)) => panicked(&state.name, join),
            Some(Ok(Ok(()))) | None => Error::new(
                api_codes::INTERNAL,
                "a writer is used after its end or its failure",
            ),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.abort();
    }
}

struct WriterTask {
    node: usize,
    /// See [`Part`].
    sinks: Vec<(usize, String)>,
    context: TaskContext,
    commands: mpsc::Receiver<Command>,
    ready: mpsc::Sender<Part>,
}

impl WriterTask {
    async fn run(mut self, writer: &mut dyn DynWriter) -> Result<()> {
        match self.write_all(writer).await {
            Ok(true) => writer.close().await,
            Ok(false) => writer.abort().await,
            Err(error) => {
                if let Err(left) = writer.abort().await {
                    warn!(error = %left, "a writer could not clean up");
                }
                Err(error)
            }
        }
    }

    /// Says whether it came to its end; otherwise it was given up.
    async fn write_all(&mut self, writer: &mut dyn DynWriter) -> Result<bool> {
        let (mut rows, mut bytes, mut failed_before) = (0, 0, 0);
        while let Some(command) = self.commands.recv().await {
            let (checkpoint, last) = match command {
                Command::Write(batch) => {
                    let (own_rows, own_bytes) = (batch.num_rows() as u64, batch.num_bytes() as u64);
                    writer.write(batch).await?;
                    self.context.metrics.rows().add(own_rows);
                    self.context.metrics.bytes().add(own_bytes);
                    rows += own_rows;
                    bytes += own_bytes;
                    continue;
                }
                Command::Prepare { checkpoint, last } => (checkpoint, last),
            };
            let committables = writer.prepare_commit(checkpoint).await?;
            // Before the rows around them are committed.
            self.context.dirty.flush().await?;
            let failed = self.context.metrics.failed_rows().get();
            let part = Part {
                sink: self.node,
                sinks: self.sinks.clone(),
                subtask: self.context.subtask,
                checkpoint,
                last,
                rows,
                bytes,
                rows_failed: failed - failed_before,
                committables: committables.into_iter().map(Encoded).collect(),
            };
            (rows, bytes, failed_before) = (0, 0, failed);
            if self.ready.send(part).await.is_err() {
                return Ok(false);
            }
            if last {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
