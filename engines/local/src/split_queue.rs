//! Splits on their way from the enumerator to the readers.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use seatunnel_api::erased::SplitBytes;
use tokio::sync::Notify;

/// Readers take the next split when they are done with one: a slow split delays no other.
#[derive(Default)]
pub(crate) struct SplitQueue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<SplitBytes>,
    closed: bool,
}

impl SplitQueue {
    /// Adds splits behind those that wait.
    pub(crate) fn push(&self, splits: Vec<SplitBytes>) {
        self.lock().waiting.extend(splits);
        self.changed.notify_waiters();
    }

    /// No more splits will come.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
    }

    /// The next split; none when there will be no more.
    pub(crate) async fn next(&self) -> Option<SplitBytes> {
        loop {
            // Registered before looking, so that no notification in between is missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let mut state = self.lock();
                if let Some(split) = state.waiting.pop_front() {
                    return Some(split);
                }
                if state.closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
