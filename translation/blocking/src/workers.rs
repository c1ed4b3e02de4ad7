//! The threads that do the work.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use seatunnel_api::{Error, Result, codes};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// The threads that all jobs of this process share. They end when nothing holds them any more, so
/// that a process that has many jobs one after the other, each with a copy of this library, does not
/// gather threads.
#[derive(Clone)]
pub struct Workers(Arc<Shared>);

struct Shared(Option<Runtime>);

static CURRENT: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

impl Workers {
    /// The threads there are, or new ones: as many as `SEATUNNEL_THREADS` says, else one for each
    /// core, two at least and eight at most, since the engine has threads of its own.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn get() -> Result<Self> {
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = current.upgrade() {
            return Ok(Self(shared));
        }
        let given = std::env::var("SEATUNNEL_THREADS").ok();
        let threads = match given.and_then(|text| text.parse().ok()) {
            Some(threads) => threads,
            None => std::thread::available_parallelism()
                .map_or(2, usize::from)
                .clamp(2, 8),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name("seatunnel")
            .enable_all()
            .build()
            .map_err(|e| Error::new(codes::INTERNAL, "no threads can be started").with_cause(e))?;
        let shared = Arc::new(Shared(Some(runtime)));
        *current = Arc::downgrade(&shared);
        Ok(Self(shared))
    }

    /// Waits for a future on this thread.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    /// Waits for a future on this thread, but not longer than so; 0 is one look.
    pub(crate) fn wait_for<T>(
        &self,
        timeout: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        self.wait(async { tokio::time::timeout(timeout, future).await.ok() })
    }

    /// Starts a task.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime().spawn(task)
    }

    #[allow(clippy::expect_used, reason = "only `drop` takes it out")]
    fn runtime(&self) -> &Runtime {
        self.0.0.as_ref().expect("threads that are held")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The last holder may be one of these threads itself: it can't wait for its own end.
            runtime.shutdown_background();
        }
    }
}
