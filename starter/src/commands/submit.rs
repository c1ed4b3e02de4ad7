//! `seatunnel --engine spark|flink --config FILE`: hands a job over to a cluster.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{Error, JobMode, Result, codes as api_codes};
use seatunnel_blocking::JobPayload;
use seatunnel_engine_local::JobEnd;
use seatunnel_engine_submit::{Home, Submission, SubmitCommand, codes, find_jar, settings_under};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::job;
use crate::args::{Cli, DryRun, Engine};
use crate::exit;
use crate::lifecycle::Run;
use crate::logging;
use crate::terminal;

/// Hands the job over and waits for it; or says what would be done.
pub(crate) fn run(
    file: &Path,
    cli: &Cli,
    java_options: &[String],
    unknown: Vec<String>,
) -> ExitCode {
    logging::start(&cli.log);
    match submit(file, cli, java_options, unknown) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::error(&cli.log, &error);
            ExitCode::from(exit::FAILED)
        }
    }
}

fn submit(file: &Path, cli: &Cli, java_options: &[String], unknown: Vec<String>) -> Result<()> {
    if let Some(mode) = cli.job.dry_run_mode() {
        job::check(file, cli, mode)?;
        if mode != DryRun::Static || cli.job.check {
            return Ok(());
        }
    }
    refuse(cli)?;
    let registry = seatunnel_connectors::registry();
    let options = super::load_options(&cli.job.variables);
    let (spec, root) = job::read(file, &options, &registry, false)?;
    let name = cli.job.name.clone().or_else(|| spec.env.job_name.clone());
    let mut job = Submission {
        name: name.unwrap_or_else(|| "SeaTunnel".to_owned()),
        master: cli.scripts.master.clone(),
        deploy_mode: cli.scripts.deploy_mode.clone(),
        settings: Vec::new(),
        payload: PathBuf::from("JOB"),
        payload_text: "JOB".to_owned(),
        jar: PathBuf::new(),
        more: unknown,
    };
    let home = place(&mut job, cli.job.engine, root.get("env"), java_options)?;
    let command = |job: &Submission| match cli.job.engine {
        Engine::Flink => seatunnel_engine_flink::command(&home, job),
        _ => seatunnel_engine_spark::command(&home, job),
    };
    if cli.job.dry_run_mode().is_some() {
        terminal::print(&format!("{}\n", command(&job)?));
        return Ok(());
    }
    let driver = driver_place(&job, cli)?;
    job::with_threads(async {
        // Flink keeps what a job needs to go on, Spark does not.
        let run = match cli.job.engine {
            Engine::Spark => Run::begin(file, &cli.job, &spec.env).await?,
            _ => Run::passing(),
        };
        let mut payload = JobPayload::new(run.id.clone(), &root);
        payload.name.clone_from(&cli.job.name);
        payload.discard = run.discard();
        payload.resumes = run.resumes();
        // A driver elsewhere does not reach this machine's disk.
        payload.state = run.place(&spec.env).filter(|_| driver == DriverPlace::Here);
        if let (Some(state), from) = (&mut payload.state, cli.job.restore_with_checkpoint) {
            state.from = from;
        }
        let place = PayloadFile::at(&run.id);
        job.payload.clone_from(&place.path);
        let result = async {
            job.payload_text = payload.to_text()?;
            let command = command(&job)?;
            place.write(&payload.to_bytes()?)?;
            let _settings = match driver {
                DriverPlace::Cluster if cli.job.engine == Engine::Flink => {
                    let settings = Settings(seatunnel_engine_flink::configuration_folder(&job));
                    seatunnel_engine_flink::write_configuration(&home, &job)?;
                    Some(settings)
                }
                _ => None,
            };
            run.set_begun();
            let done = carry_out(&command, driver).await?;
            match done {
                Done::Finished => Ok(JobEnd::Finished),
                Done::Failed(error) => Err(error),
                Done::Stopped if driver == DriverPlace::Cluster => Err(goes_on()),
                Done::Stopped => stopped(&run, spec.env.job_mode).await,
            }
        };
        let result = result.await;
        run.set_discarded(matches!(result, Ok(JobEnd::Finished)));
        run.end(&result.as_ref()).await;
        result.map(|_| ())
    })
}

/// What becomes of a run that this process has stopped.
async fn stopped(run: &Run, mode: JobMode) -> Result<JobEnd> {
    match (mode, run.newest_checkpoint().await?) {
        (JobMode::Streaming, Some(savepoint)) => {
            tracing::info!(
                "stopped; the same command goes on from checkpoint {savepoint}, behind which nothing is visible"
            );
            Ok(JobEnd::Stopped { savepoint })
        }
        _ => Err(Error::cancelled()),
    }
}

/// Finds the engine and our jar for it, and what the job file says to it.
fn place(
    job: &mut Submission,
    engine: Engine,
    env: Option<&ConfigValue>,
    java_options: &[String],
) -> Result<Home> {
    let settings = |prefix| env.map_or_else(Vec::new, |env| settings_under(env, prefix));
    if engine == Engine::Flink {
        let home = seatunnel_engine_flink::home()?;
        job.settings = seatunnel_engine_flink::legacy_settings(settings("execution"));
        job.settings.extend(settings("flink"));
        job.more.extend(java_options.iter().cloned());
        job.jar = find_jar(seatunnel_engine_flink::jar(&home))?;
        return Ok(home);
    }
    let home = seatunnel_engine_spark::home()?;
    job.settings = settings("spark");
    for option in java_options {
        tracing::info!("{option} is ignored: give it as spark.driver.extraJavaOptions in env");
    }
    job.jar = find_jar(seatunnel_engine_spark::JAR)?;
    Ok(home)
}

/// Where the driver of a job runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DriverPlace {
    /// In a process that this one starts.
    Here,
    /// In the cluster: its log is there, and so is what decides about the job.
    Cluster,
}

fn driver_place(job: &Submission, cli: &Cli) -> Result<DriverPlace> {
    let is_remote = match cli.job.engine {
        Engine::Flink => seatunnel_engine_flink::is_remote(job)?,
        _ => job.deploy_mode.as_deref() == Some("cluster"),
    };
    Ok(match is_remote {
        true => DriverPlace::Cluster,
        false => DriverPlace::Here,
    })
}

/// Refuses what only other engines can do.
fn refuse(cli: &Cli) -> Result<()> {
    let asked = match (&cli.job.restore, cli.job.restore_with_checkpoint) {
        (Some(_), _) => "--restore",
        (None, Some(_)) => "--restore-with-checkpoint",
        (None, None) => return Ok(()),
    };
    match cli.job.engine {
        Engine::Flink => Err(Error::new(
            codes::FLAG,
            format!("{asked}: the state of a job on Flink is Flink's, and this program does not know where it is"),
        )
        .with_help(
            "name it in the job file: env { flink { execution.state-recovery.path = \"file:///savepoints/savepoint-1\" } }",
        )),
        _ => Ok(()),
    }
}

fn goes_on() -> Error {
    Error::new(
        api_codes::CANCELLED,
        "this process was stopped; the job goes on in the cluster, where its driver is",
    )
    .with_help("end it with the tools of the engine")
}

/// A folder with settings of one job, which is gone when the job is.
struct Settings(PathBuf);

impl Drop for Settings {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a command has ended.
enum Done {
    Finished,
    Failed(Error),
    /// Because this process was asked to stop.
    Stopped,
}

/// Runs the command to its end. What asks this process to stop is passed on.
async fn carry_out(command: &SubmitCommand, driver: DriverPlace) -> Result<Done> {
    let failed = |e| {
        let program = command.program.display();
        Error::new(codes::FAILED, format!("{program} can't be started")).with_cause(e)
    };
    let environment = command.environment.iter();
    let mut program = Command::new(&command.program);
    program
        .args(&command.args)
        .envs(environment.map(|(name, value)| (name, value)));
    if command.logs_the_end {
        program.stderr(Stdio::piped());
    }
    let mut child = program.spawn().map_err(failed)?;
    let said = child.stderr.take().map(|said| tokio::spawn(pass_on(said)));
    let listen = |kind| {
        signal(kind).map_err(|e| {
            Error::new(api_codes::INTERNAL, "signals can't be listened to").with_cause(e)
        })
    };
    let (mut terminated, mut interrupted) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    let mut is_asked = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(failed)?,
            _ = terminated.recv() => {
                is_asked = true;
                terminate(&child).await;
            }
            // The terminal has sent it to the child, too.
            _ = interrupted.recv() => is_asked = true,
        }
    };
    let end = match said {
        Some(said) => said.await.ok().flatten(),
        None => Some(true),
    };
    if status.success() && end == Some(true) {
        return Ok(Done::Finished);
    }
    if is_asked {
        return Ok(Done::Stopped);
    }
    let program = command.program.file_name().unwrap_or_default();
    let program = program.to_string_lossy();
    if status.success() && end.is_none() {
        return Ok(Done::Failed(
            Error::new(
                codes::FAILED,
                format!("{program} has not logged how the job ended in the cluster"),
            )
            .with_help("look at Spark's UI; and let Spark's log here have what org.apache.spark.deploy says at INFO"),
        ));
    }
    if status.success() {
        return Ok(Done::Failed(Error::new(
            codes::FAILED,
            "the job failed; why is said in the log of the driver in the cluster",
        )));
    }
    let why = match driver {
        DriverPlace::Here => "why is said above",
        DriverPlace::Cluster => "why is said above, or in the log of the driver in the cluster",
    };
    Ok(Done::Failed(Error::new(
        codes::FAILED,
        format!("{program} ended with {status}; {why}"),
    )))
}

/// Passes on what a program says, and looks for how the job ended.
async fn pass_on(said: ChildStderr) -> Option<bool> {
    let mut lines = BufReader::new(said).split(b'\n');
    let mut end = None;
    while let Ok(Some(mut line)) = lines.next_segment().await {
        end = seatunnel_engine_spark::driver_end(&String::from_utf8_lossy(&line)).or(end);
        line.push(b'\n');
        // Nobody reads it, perhaps; the program goes on all the same.
        let _ = std::io::stderr().write_all(&line);
    }
    end
}

async fn terminate(child: &tokio::process::Child) {
    let Some(id) = child.id() else { return };
    let sent = Command::new("kill")
        .arg("-TERM")
        .arg(id.to_string())
        .status()
        .await;
    if let Err(error) = sent {
        tracing::warn!("process {id} can't be stopped: {error}");
    }
}

/// The file that a driver on this machine reads the job from: it has secrets, so that nobody else may
/// read it, and it is gone when the job is.
struct PayloadFile {
    path: PathBuf,
}

impl PayloadFile {
    fn at(id: &str) -> Self {
        Self {
            path: std::env::temp_dir().join(format!("seatunnel-{id}.job")),
        }
    }

    fn write(&self, payload: &[u8]) -> Result<()> {
        let written = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&self.path)?;
            file.write_all(payload)
        };
        written().map_err(|e| {
            let path = self.path.display();
            Error::new(codes::FAILED, format!("the job can't be written to {path}")).with_cause(e)
        })
    }
}

impl Drop for PayloadFile {
    fn drop(&mut self) {
        // It is not there if nothing was handed over.
        let _ = fs::remove_file(&self.path);
    }
}
