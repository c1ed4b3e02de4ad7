//! What submitting jobs to clusters of other engines has in common: where their programs and our jars
//! are, what of a job file is meant for them, the command that is run.

pub mod codes;
mod command;
mod home;
mod jar;
mod settings;

pub use command::SubmitCommand;
pub use home::Home;
pub use jar::find_jar;
pub use settings::{Setting, settings_under};

use std::path::PathBuf;

/// A job on its way to a cluster.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The job's name.
    pub name: String,
    /// `--master`.
    pub master: Option<String>,
    /// `--deploy-mode`.
    pub deploy_mode: Option<String>,
    /// What the job file says to the engine.
    pub settings: Vec<Setting>,
    /// The file that holds the job for the driver; it has secrets.
    pub payload: PathBuf,
    /// The same as text, for drivers that can't be given a file.
    pub payload_text: String,
    /// Our jar.
    pub jar: PathBuf,
    /// Arguments that the user wants handed on.
    pub more: Vec<String>,
}
