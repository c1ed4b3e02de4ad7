//! The dirty rows of one sink, as lines of a file.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use seatunnel_api::per_table::fill_path;
use seatunnel_api::plan::DirtyPlace;
use seatunnel_api::{DirtyKeeper, DirtyRow, Error, JobContext, Result, codes, time};
use tracing::warn;

/// Files that are open at once, where each table has its own.
const OPEN_FILES: usize = 64;
/// Reasons that are logged where rows are not kept.
const LOGGED: u64 = 10;

/// Counts the dirty rows of one sink, and keeps them where the user wants that. All tasks share it.
///
/// Lines are only ever added: what is in a file from other jobs, or from an attempt at this job that
/// failed, stays. Each line says of which job and attempt it is.
pub(crate) struct DirtyFile {
    /// What messages call the sink.
    sink: String,
    /// The front of each line's object: job and sink.
    job: String,
    /// The path as the user gave it, a folder with the file's name behind it.
    path: Option<String>,
    max: Option<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    attempt: u32,
    /// Rows of this attempt, and of the job up to the checkpoint that it goes on from.
    rows: u64,
    /// Open files.
    files: HashMap<PathBuf, BufWriter<File>>,
    /// All files that have rows of this job.
    paths: BTreeSet<PathBuf>,
    /// Whether something was written since the last flush.
    waiting: bool,
}

impl DirtyFile {
    /// The place for the dirty rows of a sink.
    ///
    /// # Errors
    /// If the file can't be written: better told before the job than in the midst of it.
    pub(crate) fn new(job: &JobContext, sink: &str, place: &DirtyPlace) -> Result<Self> {
        let path = place
            .path
            .as_deref()
            .map(|path| with_name(path, &job.name, sink));
        if let Some(path) = path.as_deref().filter(|p| !p.contains("${")) {
            try_out(Path::new(path))?;
        }
        let text = |text: &str| serde_json::Value::from(text).to_string();
        Ok(Self {
            sink: sink.to_owned(),
            job: format!("\"job\":{},\"job_id\":{}", text(&job.name), text(&job.id)),
            path,
            max: place.max,
            state: Mutex::default(),
        })
    }

    /// The job is started, perhaps again: nothing is counted of attempts before, but for `rows` up
    /// to the checkpoint that the job goes on from.
    pub(crate) fn start_attempt(&self, rows: u64) {
        let mut state = self.lock();
        state.attempt += 1;
        state.rows = rows;
    }

    /// How many dirty rows there are so far.
    pub(crate) fn rows(&self) -> u64 {
        self.lock().rows
    }

    /// How many dirty rows there were, and where they are; none if there was none.
    pub(crate) fn summary(&self) -> Option<String> {
        let state = self.lock();
        if state.rows == 0 {
            return None;
        }
        let paths = state.paths.iter().map(|path| path.display().to_string());
        let files: Vec<String> = paths.collect();
        let rows = if state.rows == 1 { "row" } else { "rows" };
        let place = match files.is_empty() {
            true => "not kept, for dirty.path is not set".to_owned(),
            false => format!("kept in {}", files.join(", ")),
        };
        Some(format!(
            "{}: {} dirty {rows}, {place}",
            self.sink, state.rows
        ))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, state: &mut State, path: &Path, row: &DirtyRow<'_>) -> Result<()> {
        if !state.files.contains_key(path) {
            if state.files.len() >= OPEN_FILES {
                Self::flush_files(state)?;
                state.files.clear();
            }
            let file = BufWriter::new(open(path)?);
            state.files.insert(path.to_owned(), file);
            state.paths.insert(path.to_owned());
        }
        let attempt = state.attempt;
        let Some(file) = state.files.get_mut(path) else {
            return Ok(());
        };
        let sink = serde_json::Value::from(self.sink.as_str());
        writeln!(
            file,
            "{{\"time\":\"{}Z\",{},\"attempt\":{attempt},\"sink\":{sink},{}}}",
            now(),
            self.job,
            row.members
        )
        .map_err(|e| not_kept(path, e))?;
        state.waiting = true;
        Ok(())
    }

    fn flush_files(state: &mut State) -> Result<()> {
        if !std::mem::take(&mut state.waiting) {
            return Ok(());
        }
        for (path, file) in &mut state.files {
            let flushed = file.flush().and_then(|()| file.get_ref().sync_data());
            flushed.map_err(|e| not_kept(path, e))?;
        }
        Ok(())
    }
}

#[async_trait]
impl DirtyKeeper for DirtyFile {
    async fn keep(&self, row: &DirtyRow<'_>) -> Result<()> {
        let mut state = self.lock();
        state.rows += 1;
        let path = self.path.as_deref().map(|p| fill_path(p, row.table));
        match &path {
            Some(path) => self.write(&mut state, Path::new(path), row)?,
            None if state.rows <= LOGGED => warn!(sink = %self.sink, "dirty row: {}", row.reason),
            None => {}
        }
        let Some(max) = self.max.filter(|max| state.rows > *max) else {
            return Ok(());
        };
        Self::flush_files(&mut state)?;
        let rows = if state.rows == 1 {
            "row is"
        } else {
            "rows are"
        };
        let error = Error::new(
            codes::DIRTY_LIMIT,
            format!(
                "{} {rows} dirty, and dirty.max allows {max}; the last: {}",
                state.rows, row.reason
            ),
        );
        Err(match path {
            Some(path) => error
                .with_context("file", path)
                .with_help("the file has each row with what is wrong with it"),
            None => {
                error.with_help("set dirty.path to keep the rows, with what is wrong with each")
            }
        })
    }

    async fn flush(&self) -> Result<()> {
        Self::flush_files(&mut self.lock())
    }
}

impl Drop for DirtyFile {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = Self::flush_files(&mut self.lock());
    }
}

/// The path of the file; a folder gets a name for it that tells job and sink.
fn with_name(path: &str, job: &str, sink: &str) -> String {
    let folder = path.ends_with('/') || Path::new(path).is_dir();
    if !folder {
        return path.to_owned();
    }
    let name: String = format!("{job}-{sink}")
        .chars()
        .filter(|c| !matches!(c, '[' | ']'))
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    format!("{}/{name}.jsonl", path.trim_end_matches('/'))
}

/// Finds out whether the file can be written, and leaves no empty one behind.
fn try_out(path: &Path) -> Result<()> {
    let is_new = !path.exists();
    open(path)?;
    if is_new {
        fs::remove_file(path).map_err(|e| not_kept(path, e))?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| not_kept(path, e))?;
    }
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|e| not_kept(path, e))
}

fn not_kept(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        codes::DIRTY_PLACE,
        format!("dirty rows can't be written to {}", path.display()),
    )
    .with_cause(error)
    .with_help("dirty.path is a file, or a folder, that this machine can write")
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    time::format_timestamp(since.map_or(0, |d| d.as_micros() as i64))
}
