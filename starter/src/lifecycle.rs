//! What a job's run begins with, and what is written down of it: the same command goes on with a run
//! that was killed, failed or stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seatunnel_api::options::EnvOptions;
use seatunnel_api::{Error, JobMode, Result, codes as api_codes};
use seatunnel_blocking::DriverState;
use seatunnel_config::job::new_job_id;
use seatunnel_engine_local::{JobEnd, JobHandle, RunState, Start};
use seatunnel_state::runs::{
    JobFolder, JobIdentity, RECORD_VERSION, RunRecord, RunStatus, now_millis,
};
use seatunnel_state::{JobKeeper, StatePlace, codes};

use crate::args::{Engine, JobArgs};

/// A run that this process works on.
pub(crate) struct Run {
    /// Its number.
    pub(crate) id: String,
    kept: Option<Kept>,
    start: Start,
    discard: Vec<Arc<str>>,
    /// Whether the engine has begun, and whether it has discarded what it was to.
    began: AtomicBool,
    discarded: AtomicBool,
}

/// Where a run is written down.
struct Kept {
    keeper: Arc<dyn JobKeeper>,
    /// The job's folder on this machine.
    folder: JobFolder,
    socket: PathBuf,
    record: RunRecord,
    takes_checkpoints: bool,
}

/// How to go on, or not.
enum Decision {
    New,
    GoOn(RunRecord, Start),
}

impl Run {
    /// Decides what to do from what is known of the job, and takes its lock.
    ///
    /// # Errors
    /// If another process works on the job, if there is nothing to go on from though that was asked
    /// for, or if state that is needed can't be kept.
    pub(crate) async fn begin(file: &Path, args: &JobArgs, env: &EnvOptions) -> Result<Self> {
        let takes_checkpoints =
            env.checkpoint_interval.is_some() || env.job_mode == JobMode::Streaming;
        match Self::begin_kept(file, args, env, takes_checkpoints).await {
            Err(error)
                if error.code() == codes::NOT_WRITTEN
                    && !takes_checkpoints
                    && args.restore.is_none() =>
            {
                tracing::warn!(
                    "nothing is kept of this run, so that it would start over after a crash: {error}"
                );
                Ok(Self {
                    id: args.set_job_id.map_or_else(new_job_id, |id| id.to_string()),
                    ..Self::passing()
                })
            }
            begun => begun,
        }
    }

    /// A run of which nothing is kept.
    pub(crate) fn passing() -> Self {
        Self {
            id: new_job_id(),
            kept: None,
            start: Start::New,
            discard: Vec::new(),
            began: AtomicBool::new(false),
            discarded: AtomicBool::new(false),
        }
    }

    async fn begin_kept(
        file: &Path,
        args: &JobArgs,
        env: &EnvOptions,
        takes_checkpoints: bool,
    ) -> Result<Self> {
        let place = StatePlace::find(env.state_dir.as_deref())?;
        let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let folder = match args.restore.as_ref().and_then(|id| id.as_deref()) {
            // A run may go on with a job file that has moved.
            Some(id) => place.run(id).await?,
            None => place.folder().job(&JobIdentity {
                file: file.clone(),
                name: args.name.clone(),
                variables: args.variables.clone(),
            }),
        };
        let socket = folder.socket();
        let keeper = place.take(folder.clone()).await?;
        let begun = Self::begin_taken(&keeper, file, args, env).await;
        let (record, start) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                keeper.release().await;
                return Err(error);
            }
        };
        Ok(Self {
            id: record.id.clone(),
            start,
            discard: record
                .discard
                .iter()
                .map(|id| Arc::from(id.as_str()))
                .collect(),
            began: AtomicBool::new(false),
            discarded: AtomicBool::new(false),
            kept: Some(Kept {
                keeper,
                folder,
                socket,
                record,
                takes_checkpoints,
            }),
        })
    }

    /// Decides what to do with a job that is ours, and writes it down.
    async fn begin_taken(
        keeper: &Arc<dyn JobKeeper>,
        file: PathBuf,
        args: &JobArgs,
        env: &EnvOptions,
    ) -> Result<(RunRecord, Start)> {
        let before = match keeper.record().await {
            Err(error) if args.fresh => {
                tracing::warn!("{error}");
                None
            }
            before => before?,
        };
        let decision = decide(keeper.as_ref(), before.as_ref(), args).await?;
        // Written down until it is done: this process may be killed before that.
        let (mut discard, id, start) = match decision {
            Decision::GoOn(run, start) => (run.discard, run.id, start),
            Decision::New => {
                let mut discard = Vec::new();
                if let Some(mut run) = before.filter(|run| run.status != RunStatus::Finished) {
                    if run.status != RunStatus::Cancelled {
                        tracing::info!("run {} is given up; this one starts over", run.id);
                    }
                    discard.append(&mut run.discard);
                    discard.push(run.id);
                }
                let id = args.set_job_id.map_or_else(new_job_id, |id| id.to_string());
                (discard, id, Start::New)
            }
        };
        discard.retain(|other| *other != id);
        let record = RunRecord {
            version: RECORD_VERSION,
            id: id.clone(),
            name: args
                .name
                .clone()
                .or_else(|| env.job_name.clone())
                .unwrap_or_default(),
            file,
            streaming: env.job_mode == JobMode::Streaming,
            status: RunStatus::Running,
            pid: std::process::id(),
            started: now_millis(),
            ended: None,
            savepoint: None,
            error: None,
            discard,
        };
        keeper.write(&record).await?;
        for given_up in &record.discard {
            keeper.remove_checkpoints(given_up).await?;
        }
        if matches!(start, Start::New) {
            // A number that was used before: what lies there belongs to another run.
            keeper.remove_checkpoints(&id).await?;
        }
        Ok((record, start))
    }

    /// What a driver of another engine must know, which keeps there what it is about to commit. Not
    /// where the state lies in an object store, which a driver can't reach through this process.
    pub(crate) fn place(&self, env: &EnvOptions) -> Option<DriverState> {
        let is_here = !env
            .state_dir
            .as_deref()
            .is_some_and(|dir| dir.contains("://"));
        let kept = self.kept.as_ref().filter(|_| is_here)?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Some(DriverState {
            checkpoints: text(kept.folder.checkpoints(&self.id).folder()),
            lock: text(&kept.folder.path().join("driver.lock")),
            from: None,
        })
    }

    /// The newest checkpoint that is kept, if there is one.
    ///
    /// # Errors
    /// If the place can't be reached.
    pub(crate) async fn newest_checkpoint(&self) -> Result<Option<u64>> {
        match &self.kept {
            None => Ok(None),
            Some(kept) => {
                let all = kept.keeper.checkpoints(&self.id).list().await?;
                Ok(all.last().copied())
            }
        }
    }

    /// Ids of runs that nobody will go on with.
    pub(crate) fn discard(&self) -> Vec<String> {
        self.discard.iter().map(ToString::to_string).collect()
    }

    /// Whether another process may have begun this run.
    pub(crate) fn resumes(&self) -> bool {
        self.start != Start::New
    }

    /// Whether what earlier runs have left behind is gone.
    pub(crate) fn set_discarded(&self, discarded: bool) {
        self.discarded.store(discarded, Ordering::Release);
    }

    /// What the engine needs to know.
    pub(crate) fn state(&self) -> RunState {
        match &self.kept {
            None => RunState::in_memory(),
            Some(kept) => RunState {
                storage: kept.keeper.checkpoints(&self.id),
                lasting: true,
                start: self.start,
                discard: self.discard.clone(),
            },
        }
    }

    /// Where to listen to who wants to stop the job or to know of it.
    pub(crate) fn socket(&self) -> Option<PathBuf> {
        self.kept.as_ref().map(|kept| kept.socket.clone())
    }

    /// The engine begins: from here on there may be something of this run in the sinks.
    pub(crate) fn set_begun(&self) {
        self.began.store(true, Ordering::Release);
    }

    /// The engine has ended; it knows whether leftovers of earlier runs are gone.
    pub(crate) fn set_ended(&self, handle: &JobHandle) {
        self.set_discarded(handle.is_discarded());
    }

    /// Writes down how it ended.
    pub(crate) async fn end(self, result: &Result<&JobEnd, &Error>) {
        let new = matches!(self.start, Start::New);
        let Some(mut kept) = self.kept else { return };
        let record = &mut kept.record;
        record.ended = Some(now_millis());
        if self.discarded.load(Ordering::Acquire) {
            record.discard.clear();
        }
        let touched = self.began.load(Ordering::Acquire) || !record.discard.is_empty();
        match result {
            Ok(end) => match end {
                JobEnd::Finished => record.status = RunStatus::Finished,
                JobEnd::Stopped { savepoint } => {
                    record.status = RunStatus::Stopped;
                    record.savepoint = Some(*savepoint);
                }
            },
            Err(error) if error.code() == api_codes::CANCELLED => {
                record.status = RunStatus::Cancelled;
            }
            Err(error) => {
                record.status = RunStatus::Failed;
                record.error = Some(error.to_string());
            }
        }
        let Kept {
            keeper,
            record,
            takes_checkpoints,
            ..
        } = kept;
        let written = match record.status {
            // Nobody will ask for it.
            RunStatus::Finished if !takes_checkpoints => keeper.remove().await,
            // Nothing was done to any sink.
            RunStatus::Failed | RunStatus::Cancelled if new && !touched => keeper.remove().await,
            RunStatus::Finished => match keeper.write(&record).await {
                Ok(()) => keeper.remove_checkpoints(&record.id).await,
                failed => failed,
            },
            _ => keeper.write(&record).await,
        };
        keeper.release().await;
        if let Err(error) = written {
            tracing::warn!("how the run ended is not written down: {error}");
        }
    }
}

async fn decide(
    keeper: &dyn JobKeeper,
    before: Option<&RunRecord>,
    args: &JobArgs,
) -> Result<Decision> {
    let asked = args.restore.is_some() || args.restore_with_checkpoint.is_some();
    let Some(run) = before else {
        return match asked {
            true => Err(nothing("no run of this job is known")),
            false => Ok(Decision::New),
        };
    };
    if args.fresh {
        return Ok(Decision::New);
    }
    let checkpoints = keeper.checkpoints(&run.id).list().await?;
    let last = checkpoints.last().copied();
    if asked {
        if run.status == RunStatus::Finished {
            return Err(nothing(&format!("run {} is finished", run.id)));
        }
        let start = match (args.restore_with_checkpoint, last) {
            (_, None) => {
                return Err(nothing(&format!("run {} has no checkpoint", run.id)));
            }
            (Some(id), _) if !checkpoints.contains(&id) => {
                return Err(nothing(&format!(
                    "run {} has no checkpoint {id}, only {}",
                    run.id,
                    checkpoints
                        .iter()
                        .map(u64::to_string)
                        .collect::<Vec<_>>()
                        .join(", ")
                )));
            }
            (Some(id), _) => Start::From(id),
            (None, Some(_)) => Start::Resume,
        };
        tracing::info!("run {} goes on", run.id);
        return Ok(Decision::GoOn(run.clone(), start));
    }
    match (run.status, last) {
        // Its state may be where only its cluster finds it.
        (RunStatus::Failed, None) if run.streaming && args.engine == Engine::Spark => {
            tracing::info!("run {} failed: it goes on", run.id);
            Ok(Decision::GoOn(run.clone(), Start::Resume))
        }
        (RunStatus::Finished | RunStatus::Cancelled, _) | (RunStatus::Failed, None) => {
            Ok(Decision::New)
        }
        (RunStatus::Running, None) => {
            tracing::info!(
                "run {} was killed before its first checkpoint: it starts from the beginning",
                run.id
            );
            Ok(Decision::GoOn(run.clone(), Start::Resume))
        }
        (status, Some(last)) => {
            let what = match status {
                RunStatus::Running => "was killed",
                RunStatus::Failed => "failed",
                _ => "was stopped",
            };
            tracing::info!(
                "run {} {what}: it goes on from checkpoint {last}; --fresh would start over",
                run.id
            );
            Ok(Decision::GoOn(run.clone(), Start::Resume))
        }
        (RunStatus::Stopped, None) => Err(nothing(&format!(
            "run {} was stopped at a savepoint that is not there any more",
            run.id
        ))),
    }
}

fn nothing(what: &str) -> Error {
    Error::new(
        codes::NOTHING_TO_RESTORE,
        format!("there is nothing to go on from: {what}"),
    )
    .with_help("run the job with --fresh to start over; `seatunnel --list` shows what there is")
}
