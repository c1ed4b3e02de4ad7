//! Questions about jobs that run on this machine, or were left unfinished.

use std::thread::sleep;
use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, Local};
use seatunnel_api::{Error, Registry, Result};
use seatunnel_state::codes;
use seatunnel_state::control::{Request, ask};
use seatunnel_state::runs::{JobFolder, RunRecord, RunStatus, StateFolder};
use serde_json::{Value, json};

use super::job;
use crate::args::Cli;
use crate::terminal;
use seatunnel_connectors::registry;

/// How often a stopping job is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Does what the flags ask for.
pub(super) fn run(cli: &Cli) -> Result<()> {
    let state = state_folder(cli, &registry())?;
    let runs = &cli.runs;
    if let Some(id) = &runs.savepoint {
        return stop(&state, id, Request::Savepoint);
    }
    for id in [&runs.cancel_job, &runs.force_cancel_job]
        .into_iter()
        .flatten()
        .flatten()
    {
        stop(&state, id, Request::Cancel)?;
    }
    if runs.list {
        list(&state)?;
    }
    if let Some(id) = &runs.job_id {
        print(&details(&state, id)?);
    }
    if let Some(id) = &runs.metrics {
        print(&running(&state, id)?["plugins"]);
    }
    if let Some(id) = &runs.checkpoint_overview {
        let mut checkpoints = running(&state, id)?["checkpoints"].take();
        if let Some(members) = checkpoints.as_object_mut() {
            members.remove("history");
        }
        print(&checkpoints);
    }
    if let Some(id) = &runs.checkpoint_history {
        print(&running(&state, id)?["checkpoints"]["history"]);
    }
    if runs.running_job_metrics {
        let mut all = serde_json::Map::new();
        for (folder, record) in state.jobs()? {
            // One that ends just now is not running.
            if let (true, Ok(mut status)) =
                (folder.is_locked(), ask(&folder.socket(), Request::Status))
            {
                all.insert(record.id, status["plugins"].take());
            }
        }
        print(&Value::Object(all));
    }
    Ok(())
}

/// The folder that the job file names, if there is one on the command line.
fn state_folder(cli: &Cli, registry: &Registry) -> Result<StateFolder> {
    let given = match &cli.job.config {
        None => None,
        Some(file) => {
            let options = super::load_options(&cli.job.variables);
            job::read(file, &options, registry, false)?.0.env.state_dir
        }
    };
    StateFolder::find(given.as_deref())
}

fn status(folder: &JobFolder, record: &RunRecord) -> &'static str {
    match (record.status, folder.is_locked()) {
        (RunStatus::Running, true) => "RUNNING",
        (RunStatus::Running, false) => "KILLED",
        (RunStatus::Stopped, _) => "STOPPED",
        (RunStatus::Failed, _) => "FAILED",
        (RunStatus::Cancelled, _) => "CANCELLED",
        (RunStatus::Finished, _) => "FINISHED",
    }
}

fn list(state: &StateFolder) -> Result<()> {
    let jobs = state.jobs()?;
    let name = |record: &RunRecord| match record.name.is_empty() {
        true => record
            .file
            .file_stem()
            .map_or(String::new(), |n| n.to_string_lossy().into_owned()),
        false => record.name.clone(),
    };
    let width = jobs.iter().map(|(_, r)| name(r).chars().count());
    let width = width.max().unwrap_or(0).max(4);
    terminal::print(&format!(
        "{:<20} {:<width$} {:<10} {:<9} {:<19} {}\n",
        "ID", "NAME", "STATUS", "MODE", "STARTED", "FILE"
    ));
    for (folder, record) in &jobs {
        terminal::print(&format!(
            "{:<20} {:<width$} {:<10} {:<9} {:<19} {}\n",
            record.id,
            name(record),
            status(folder, record),
            mode(record),
            local(record.started),
            record.file.display()
        ));
    }
    Ok(())
}

fn mode(record: &RunRecord) -> &'static str {
    match record.streaming {
        true => "STREAMING",
        false => "BATCH",
    }
}

fn local(millis: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(millis);
    DateTime::<Local>::from(time)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// What is known of a run, whether it runs or not.
fn details(state: &StateFolder, id: &str) -> Result<Value> {
    let (folder, record) = state.run(id)?;
    let mut details = json!({
        "jobId": record.id,
        "jobName": record.name,
        "jobStatus": status(&folder, &record),
        "jobMode": mode(&record),
        "file": record.file,
        "startTime": local(record.started),
        "endTime": record.ended.map(local),
        "process": record.pid,
        "savepoint": record.savepoint,
        "error": record.error,
    });
    if folder.is_locked()
        && let (Ok(Value::Object(now)), Value::Object(known)) =
            (ask(&folder.socket(), Request::Status), &mut details)
    {
        known.extend(now);
    }
    Ok(details)
}

/// What a running job says of itself.
fn running(state: &StateFolder, id: &str) -> Result<Value> {
    let (folder, record) = state.run(id)?;
    if !folder.is_locked() {
        return Err(not_running(&folder, &record));
    }
    ask(&folder.socket(), Request::Status)
}

fn not_running(folder: &JobFolder, record: &RunRecord) -> Error {
    let status = status(folder, record).to_lowercase();
    Error::new(
        codes::UNREACHABLE,
        format!("run {} is not running: it is {status}", record.id),
    )
}

/// Asks a job to stop, and waits until its process is done with it.
fn stop(state: &StateFolder, id: &str, request: Request) -> Result<()> {
    let (folder, record) = state.run(id)?;
    if !folder.is_locked() {
        return Err(not_running(&folder, &record));
    }
    ask(&folder.socket(), request)?;
    while folder.is_locked() {
        sleep(LOOK);
    }
    match folder.record()?.filter(|after| after.id == record.id) {
        Some(after) if after.status == RunStatus::Stopped => {
            let savepoint = after.savepoint.unwrap_or_default();
            terminal::print(&format!(
                "run {id} is stopped at savepoint {savepoint}; `seatunnel --config {} --restore` goes on from there\n",
                after.file.display()
            ));
        }
        Some(after) if after.status == RunStatus::Failed => {
            let why = after.error.unwrap_or_default();
            return Err(Error::new(
                codes::UNREACHABLE,
                format!("run {id} failed while it was to stop: {why}"),
            ));
        }
        Some(after) if after.status == RunStatus::Finished => {
            terminal::print(&format!("run {id} came to its end before it was to stop\n"));
        }
        _ => terminal::print(&format!("run {id} is cancelled\n")),
    }
    Ok(())
}

fn print(value: &Value) {
    terminal::print(&format!("{value:#}\n"));
}
