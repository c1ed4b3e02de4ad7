//! A small source and a small sink that do everything right, and one variant of them for each
//! mistake that the kit must find.

#![allow(dead_code, reason = "each test binary uses one half")]

pub(crate) mod sink;
pub(crate) mod source;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::{Error, ErrorCode, Value};
use seatunnel_conformance::{Connection, Data, FixtureResult};

pub(crate) const MISSING: ErrorCode = ErrorCode::new("TOY-01", "not there");
pub(crate) const MALFORMED: ErrorCode = ErrorCode::new("TOY-02", "malformed value");
pub(crate) const LOST: ErrorCode = ErrorCode::new("TOY-03", "connection lost");

/// The server of the toys.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) tables: Mutex<HashMap<String, Arc<Data>>>,
    dead: AtomicBool,
}

impl Server {
    /// What a request to the server ends in while it is dead.
    pub(crate) fn ask(&self) -> Result<(), Error> {
        match self.dead.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(Error::new(LOST, "the server has closed the connection").retryable()),
        }
    }
}

#[async_trait]
impl Connection for Server {
    async fn kill(&self) -> FixtureResult<()> {
        self.dead.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn heal(&self) -> FixtureResult<()> {
        self.dead.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(3)
    }
}

/// What a connector with a narrow buffer makes of a text.
pub(crate) fn cut(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > 255 => Value::String(text.chars().take(255).collect()),
        other => other.clone(),
    }
}

/// What a connector that knows no null makes of one in a text column.
pub(crate) fn filled(value: &Value, data_type: &seatunnel_api::DataType) -> Value {
    match value {
        Value::Null if *data_type == seatunnel_api::DataType::String => {
            Value::String(String::new())
        }
        other => other.clone(),
    }
}
