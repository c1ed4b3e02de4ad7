//! Counters that connectors raise and engines show.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One number that only grows. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Raises it.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of one source, transform or sink of a job, shared by all its tasks.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    rows: Counter,
    bytes: Counter,
    failed_rows: Counter,
    splits: Counter,
    splits_done: Counter,
    named: Mutex<BTreeMap<String, Counter>>,
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows that passed; the engine counts them.
    pub fn rows(&self) -> &Counter {
        &self.0.rows
    }

    /// Bytes that passed, as [`crate::Batch::num_bytes`] has them; the engine counts them.
    pub fn bytes(&self) -> &Counter {
        &self.0.bytes
    }

    /// Rows that could not be read or written and were set aside; [`crate::DirtyRows`] counts them.
    pub fn failed_rows(&self) -> &Counter {
        &self.0.failed_rows
    }

    /// Splits discovered; the engine counts them.
    pub fn splits(&self) -> &Counter {
        &self.0.splits
    }

    /// Splits read to their end; the engine counts them.
    pub fn splits_done(&self) -> &Counter {
        &self.0.splits_done
    }

    /// A counter of the connector's own. Ask once and keep it: the look-up takes a lock.
    pub fn counter(&self, name: &str) -> Counter {
        let mut named = self.0.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.entry(name.to_owned()).or_default().clone()
    }

    /// All counters of the connector's own.
    pub fn named(&self) -> Vec<(String, u64)> {
        let named = self.0.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.iter().map(|(k, v)| (k.clone(), v.get())).collect()
    }
}
