//! The memory of a query: shared evenly by what can go to disk, with room left for what can't.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion_common::{DataFusionError, Result};

/// DataFusion's own fair pool gives all of the memory to what can spill, until nothing is left for the merges that
/// bring the spilled rows back; and the first merge takes what there is, though it could do with less. Here
/// some of it is kept for merges, in even shares.
#[derive(Debug)]
pub(super) struct Pool {
    bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    spill: Users,
    merge: Users,
    fixed: Users,
}

/// Those of one kind.
#[derive(Debug, Default)]
struct Users {
    count: usize,
    bytes: usize,
}

/// The part of the memory that is kept for merges, of a hundred.
const KEPT: usize = 40;

impl State {
    fn users(&mut self, of: &MemoryConsumer) -> &mut Users {
        if of.can_spill() {
            &mut self.spill
        } else if is_merge(of) {
            &mut self.merge
        } else {
            &mut self.fixed
        }
    }
}

/// Whether it merges what was sorted and spilled: it merges in several rounds if it gets no more memory.
fn is_merge(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with("ExternalSorterMerge")
}

impl Pool {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.bytes >> 20)
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.state().users(consumer).count += 1;
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut state = self.state();
        let users = state.users(consumer);
        users.count = users.count.saturating_sub(1);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.state().users(reservation.consumer()).bytes += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut state = self.state();
        let users = state.users(reservation.consumer());
        users.bytes = users.bytes.saturating_sub(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let consumer = reservation.consumer();
        // Without a merge in sight nothing is kept.
        let kept = match state.merge.count {
            0 => 0,
            _ => self.bytes / 100 * KEPT,
        };
        let (wanted, most) = if consumer.can_spill() {
            let shared = self.bytes.saturating_sub(kept + state.fixed.bytes);
            (
                reservation.size() + additional,
                shared / state.spill.count.max(1),
            )
        } else if is_merge(consumer) {
            (
                reservation.size() + additional,
                kept / state.merge.count.max(1),
            )
        } else {
            let taken = state.spill.bytes + state.merge.bytes;
            (
                state.fixed.bytes + additional,
                self.bytes.saturating_sub(taken),
            )
        };
        if wanted > most {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} needs {} KiB more, and has {} KiB of {self}",
                reservation.consumer().name(),
                additional >> 10,
                reservation.size() >> 10
            )));
        }
        state.users(consumer).bytes += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        let state = self.state();
        state.spill.bytes + state.merge.bytes + state.fixed.bytes
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}
