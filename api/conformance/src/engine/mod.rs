//! A small engine: does what real ones do, one step at a time, so that checks can stop it anywhere.

pub(crate) mod read;
pub(crate) mod splits;
pub(crate) mod write;

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use seatunnel_api::{JobContext, JobMode, Metrics, TaskContext};

static JOBS: AtomicUsize = AtomicUsize::new(1);

/// A job that no other check has.
pub(crate) fn new_job() -> JobContext {
    let number = JOBS.fetch_add(1, Ordering::Relaxed);
    JobContext {
        id: format!("conformance-{}-{number}", std::process::id()).into(),
        name: "conformance".into(),
        mode: JobMode::Batch,
    }
}

pub(crate) fn task(job: &JobContext, subtask: usize, parallelism: usize) -> TaskContext {
    TaskContext {
        job: job.clone(),
        subtask,
        parallelism,
        metrics: Metrics::new(),
        dirty: seatunnel_api::DirtyRows::off(),
    }
}

/// Drives a future until it has waited so often, and drops it then: a cancel at that await.
pub(crate) async fn until_wait<F: Future>(future: F, waits: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = waits;
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left <= 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
