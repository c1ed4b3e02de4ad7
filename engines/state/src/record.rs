//! What is written down of a run.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use seatunnel_api::{Error, Result, codes as api_codes};
use serde::{Deserialize, Serialize};

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunStatus {
    /// A process works on it; if none holds the lock, it was killed.
    Running,
    /// It was stopped at a savepoint.
    Stopped,
    /// It failed.
    Failed,
    /// It was cancelled: nobody is to go on with it unless asked to.
    Cancelled,
    /// All is done.
    Finished,
}

/// A run, as it is written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this layout.
    pub version: u32,
    /// The run's number, as SeaTunnel's job ids.
    pub id: String,
    /// The job's name.
    pub name: String,
    /// The job file.
    pub file: PathBuf,
    /// Whether it runs until it is stopped.
    pub streaming: bool,
    /// How far it is.
    pub status: RunStatus,
    /// The process that works or last worked on it.
    pub pid: u32,
    /// When that process began, in milliseconds since 1970.
    pub started: u64,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<u64>,
    /// The savepoint it was stopped at.
    #[serde(default)]
    pub savepoint: Option<u64>,
    /// What it failed with.
    #[serde(default)]
    pub error: Option<String>,
    /// Earlier runs that are given up and whose leftovers in the sinks may still be there.
    #[serde(default)]
    pub discard: Vec<String>,
}

/// Of [`RunRecord::version`].
pub const RECORD_VERSION: u32 = 1;

/// Milliseconds since 1970.
pub fn now_millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_millis() as u64)
}

/// Reads a record.
///
/// # Errors
/// [`api_codes::STATE_INVALID`] if it is damaged or of a newer release.
pub(crate) fn parse(bytes: &[u8]) -> Result<RunRecord> {
    /// What every version of the layout has.
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |error: serde_json::Error| {
        Error::new(
            api_codes::STATE_INVALID,
            "what is known of the last run can't be read",
        )
        .with_cause(error)
    };
    let Versioned { version } = serde_json::from_slice(bytes).map_err(damaged)?;
    if version > RECORD_VERSION {
        return Err(Error::new(
            api_codes::STATE_INVALID,
            format!(
                "the last run was written down by a newer release (layout {version}, known is {RECORD_VERSION})"
            ),
        ));
    }
    serde_json::from_slice(bytes).map_err(damaged)
}
