//! How much memory a check uses, and how checks stay out of each other's figures.

use peak_alloc::PeakAlloc;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Counts what every test binary that links the kit allocates.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Checks run at once, but the one that counts bytes runs alone.
static RUNNING: RwLock<()> = RwLock::const_new(());

pub(crate) async fn among_others() -> RwLockReadGuard<'static, ()> {
    RUNNING.read().await
}

pub(crate) async fn alone() -> RwLockWriteGuard<'static, ()> {
    RUNNING.write().await
}

/// The most that is allocated from here on, over what is allocated now.
pub(crate) struct Peak {
    before: usize,
}

impl Peak {
    pub(crate) fn start() -> Self {
        ALLOCATED.reset_peak_usage();
        Self {
            before: ALLOCATED.current_usage(),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        ALLOCATED.peak_usage().saturating_sub(self.before)
    }
}
