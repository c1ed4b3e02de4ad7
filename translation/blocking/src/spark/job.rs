//! Jobs out of the text of a job file, for those who have no launcher.

use std::path::Path;

use seatunnel_api::{Error, JobMode, Result};
use seatunnel_config::{Format, LoadOptions, job};
use serde_json::{Value as Json, json};

use super::plugins;
use crate::codes;
use crate::payload::JobPayload;

/// What the rows of a DataFrame that is written are called in a job file.
const DATAFRAME: &str = "dataframe";

/// What of a job is a DataFrame.
#[derive(Clone, Debug)]
pub enum End {
    /// Nothing: the job has both ends.
    None,
    /// Its sink: rows are read.
    Sink {
        /// The `plugin_output` that is meant.
        output: Option<String>,
        /// How they are read.
        mode: Mode,
    },
    /// Its source: rows are written.
    Source {
        /// The DataFrame's schema as Spark's JSON.
        schema: String,
        /// The table that its rows are of.
        table: Option<String>,
        /// How they are written.
        mode: Mode,
    },
}

/// How a DataFrame is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As one batch: a job that streams is refused.
    Batch,
    /// As a stream of Spark's: a job that doesn't say its mode is a streaming one.
    Stream,
    /// That is not known yet.
    Unknown,
}

/// Where a job file is.
#[derive(Clone, Copy, Debug)]
pub enum Config<'a> {
    /// In a file.
    File(&'a Path),
    /// Here.
    Text(&'a str),
}

/// The job of a job file of which one end may be missing.
///
/// # Errors
/// If it can't be read, or has the end that it must not have, or lacks the other.
pub fn job_of_config(config: Config<'_>, end: End) -> Result<JobPayload> {
    let options = LoadOptions::default();
    let loaded = match config {
        Config::File(path) => seatunnel_config::load(path, &options)?,
        Config::Text(text) => {
            let format = match text.trim_start().starts_with('{') {
                true if serde_json::from_str::<Json>(text).is_ok() => Format::Json,
                _ => Format::Hocon,
            };
            seatunnel_config::parse_str("config", text, format, &options)?
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let mut root = loaded.root.to_json();
    let mode = match &end {
        End::None => Mode::Unknown,
        End::Sink { mode, .. } | End::Source { mode, .. } => *mode,
    };
    match end {
        End::None => {}
        End::Sink { output, .. } => {
            let mut block = json!({ "plugin_name": plugins::TABLE });
            if let Some(output) = output {
                block["plugin_input"] = json!(output);
            }
            put(&mut root, "sink", block, "read")?;
        }
        End::Source { schema, table, .. } => {
            let mut block = json!({
                "plugin_name": plugins::ROWS, "plugin_output": DATAFRAME, "schema": schema
            });
            if let Some(table) = table {
                block["table"] = json!(table);
            }
            put(&mut root, "source", block, "written")?;
        }
    }
    if mode == Mode::Stream {
        stream_if_not_said(&mut root);
    }
    let payload = JobPayload::of_json(job::new_job_id(), &root);
    if payload.spec()?.env.job_mode == JobMode::Streaming && mode == Mode::Batch {
        return Err(Error::new(
            codes::UNSUPPORTED,
            "a DataFrame is a batch, and the job is a streaming one",
        )
        .with_help(
            "take `job.mode` out of `env`; or read by `readStream`, and write by `writeStream`",
        ));
    }
    Ok(payload)
}

fn stream_if_not_said(root: &mut Json) {
    let said = root.pointer("/env/job.mode").is_some() || root.pointer("/env/job/mode").is_some();
    if said || !root.is_object() {
        return;
    }
    if !root["env"].is_object() {
        root["env"] = json!({});
    }
    root["env"]["job.mode"] = json!("STREAMING");
}

fn put(root: &mut Json, section: &str, block: Json, what: &str) -> Result<()> {
    let is_empty = match root.get(section) {
        None | Some(Json::Null) => true,
        Some(Json::Array(blocks)) => blocks.is_empty(),
        Some(_) => false,
    };
    if !is_empty {
        return Err(Error::new(
            codes::UNSUPPORTED,
            format!("a job whose rows are {what} as a DataFrame has no {section} of its own"),
        )
        .with_help(format!("take the `{section}` block out")));
    }
    root[section] = json!([block]);
    Ok(())
}
