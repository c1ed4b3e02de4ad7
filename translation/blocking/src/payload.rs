//! A job on its way to other processes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use seatunnel_api::config::{ConfigValue, Report};
use seatunnel_api::{Error, Result, codes as api_codes};
use seatunnel_config::job::JobSpec;
use seatunnel_config::{Environment, Format, LoadOptions};
use serde::{Deserialize, Serialize};

use crate::codes;

/// The layout that this program writes and reads.
const VERSION: u32 = 1;

/// A job as the launcher sends it to whoever runs it: its file with all variables filled in and all
/// secrets decrypted. It holds passwords; it is neither logged nor shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct JobPayload {
    version: u32,
    /// The run's number.
    pub id: String,
    /// What the command line says over the job's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Runs of the same job that nobody will go on with: what they have left behind is taken back.
    #[serde(default)]
    pub discard: Vec<String>,
    /// Whether an earlier process may have begun this very run.
    #[serde(default)]
    pub resumes: bool,
    /// Where a driver keeps what it is about to commit, if it does.
    #[serde(default)]
    pub state: Option<DriverState>,
    /// The job file as JSON.
    config: String,
}

/// Where a driver on the launcher's machine keeps what it is about to commit.
#[derive(Clone, Serialize, Deserialize)]
pub struct DriverState {
    /// The folder of the run's checkpoints.
    pub checkpoints: String,
    /// The file that a driver has a lock on: the launcher may be gone, and its driver still be there.
    pub lock: String,
    /// What a streaming job is to go on from, if not from what was kept last.
    #[serde(default)]
    pub from: Option<u64>,
}

impl JobPayload {
    /// The payload of a job whose file was loaded.
    pub fn new(id: impl Into<String>, root: &ConfigValue) -> Self {
        Self::of_json(id, &root.to_json())
    }

    pub(crate) fn of_json(id: impl Into<String>, root: &serde_json::Value) -> Self {
        Self {
            version: VERSION,
            id: id.into(),
            name: None,
            discard: Vec::new(),
            resumes: false,
            state: None,
            // Each option in a line of its own: an error shows the line of what it is about, and no password beside it.
            config: format!("{root:#}"),
        }
    }

    /// As bytes.
    ///
    /// # Errors
    /// None that a user can meet.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|e| Error::new(api_codes::INTERNAL, "a job can't be packed").with_cause(e))
    }

    /// The same job under another number, for an attempt of it whose leftovers can be told from those
    /// of other attempts.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// As text, for an argument of a command line.
    ///
    /// # Errors
    /// None that a user can meet.
    pub fn to_text(&self) -> Result<String> {
        self.to_bytes().map(|bytes| BASE64.encode(bytes))
    }

    /// From bytes.
    ///
    /// # Errors
    /// If they are of another version or no job.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        // The cause is left out: it might show a part of the job, and so a password.
        let payload: Self = serde_json::from_slice(bytes)
            .map_err(|_| Error::new(codes::WIRE, "a job as bytes can't be read"))?;
        match payload.version {
            VERSION => Ok(payload),
            other => Err(Error::new(
                codes::WIRE,
                format!("a job has version {other}, this program reads version {VERSION}"),
            )
            .with_help("launcher and jar must be of the same release")),
        }
    }

    /// The job's blocks. What its file deserved as warnings the launcher has said.
    ///
    /// # Errors
    /// If the job file has errors: the launcher has looked before.
    pub(crate) fn spec(&self) -> Result<JobSpec> {
        let options = LoadOptions {
            environment: Environment::Fixed(Default::default()),
            ..LoadOptions::default()
        };
        let loaded = seatunnel_config::parse_str("job", &self.config, Format::Json, &options)?;
        let mut report = Report::new();
        let spec = JobSpec::read(&loaded.root, &mut report);
        report.take_warnings();
        report.into_result()?;
        spec.ok_or_else(|| Error::new(api_codes::INTERNAL, "the job file makes no job"))
    }
}
