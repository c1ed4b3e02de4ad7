//! When and how things go wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use seatunnel_api::{Error, Result};
use tokio::sync::Notify;

use crate::BROKEN;

/// What happens at a point that a run comes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Blow {
    /// The process is killed.
    Kill,
    /// The step fails, in a way that may pass.
    Fail,
}

/// Lets a run go by so many points, then strikes. A point is where something outside may be seen
/// changed: right before or after a write, a prepared transaction, a commit, a stored checkpoint.
pub struct Fate {
    blows: Mutex<Vec<(u64, Blow)>>,
    passed: Mutex<u64>,
    killed: AtomicBool,
    kill: Notify,
}

impl Fate {
    /// Strikes when so many points have been passed; a fate is used for one process.
    pub fn new(blows: Vec<(u64, Blow)>) -> Arc<Self> {
        Arc::new(Self {
            blows: Mutex::new(blows),
            passed: Mutex::new(0),
            killed: AtomicBool::new(false),
            kill: Notify::new(),
        })
    }

    pub fn kind() -> Arc<Self> {
        Self::new(Vec::new())
    }

    /// A step comes by.
    pub async fn point(&self) -> Result<()> {
        let blow = {
            let mut passed = self.passed.lock().unwrap();
            *passed += 1;
            let blows = self.blows.lock().unwrap();
            let now = blows.iter().find(|(at, _)| at == &*passed);
            now.map(|(_, blow)| *blow)
        };
        if blow == Some(Blow::Kill) {
            self.killed.store(true, Ordering::SeqCst);
            self.kill.notify_one();
        }
        if self.killed.load(Ordering::SeqCst) {
            // A dead process does nothing any more.
            std::future::pending::<()>().await;
        }
        match blow {
            Some(Blow::Fail) => Err(Error::new(BROKEN, "the connection was lost").retryable()),
            _ => Ok(()),
        }
    }

    /// Waits until the process is killed.
    pub async fn killed(&self) {
        self.kill.notified().await;
    }

    pub fn was_killed(&self) -> bool {
        self.killed.load(Ordering::SeqCst)
    }
}
