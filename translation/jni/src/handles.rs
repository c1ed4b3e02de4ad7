//! What is open, by numbers that Java holds.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use seatunnel_api::{Error, Result, codes};

type Open = Arc<dyn Any + Send + Sync>;

static OPEN: LazyLock<RwLock<HashMap<i64, Open>>> = LazyLock::new(Default::default);
static NEXT: AtomicI64 = AtomicI64::new(1);

/// Keeps something open under a new number.
pub(crate) fn put<T: Any + Send + Sync>(thing: T) -> i64 {
    let handle = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut open = OPEN.write().unwrap_or_else(PoisonError::into_inner);
    open.insert(handle, Arc::new(thing));
    handle
}

/// What a number stands for.
pub(crate) fn get<T: Any + Send + Sync>(handle: i64) -> Result<Arc<T>> {
    let open = OPEN.read().unwrap_or_else(PoisonError::into_inner);
    let found = open.get(&handle).cloned();
    drop(open);
    let wrong = |why| Error::new(codes::INTERNAL, format!("handle {handle} is {why}"));
    found
        .ok_or_else(|| wrong("closed or was never open"))?
        .downcast()
        .map_err(|_| wrong("of another kind"))
}

/// Closes something; the last call that is under way with it ends it.
pub(crate) fn remove(handle: i64) {
    let mut open = OPEN.write().unwrap_or_else(PoisonError::into_inner);
    let removed = open.remove(&handle);
    // Not under the lock: closing may take long.
    drop(open);
    drop(removed);
}

/// How many are open.
pub(crate) fn count() -> usize {
    OPEN.read().unwrap_or_else(PoisonError::into_inner).len()
}
