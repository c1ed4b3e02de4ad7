//! `seatunnel --config FILE`: runs a job, or checks it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use seatunnel_api::config::{ConfigValue, Report};
use seatunnel_api::plan::JobPlan;
use seatunnel_api::{Error, JobMode, Registry, Result, codes};
use seatunnel_config::LoadOptions;
use seatunnel_config::job::{self, JobSpec, Overrides};
use seatunnel_engine_local::{JobEnd, JobHandle, JobReport, LocalEngine};

use super::dry_run;
use crate::args::{Cli, DryRun, LogArgs};
use crate::control;
use crate::exit;
use crate::interrupt;
use crate::lifecycle::Run;
use crate::logging;
use crate::masked;
use crate::progress;
use crate::statistic;
use seatunnel_connectors::registry;

/// Does with the job what the command line says.
pub(crate) fn run(file: &Path, cli: &Cli, jvm_options: &[String]) -> ExitCode {
    logging::start(&cli.log);
    for option in jvm_options {
        tracing::info!("{option} is ignored: there is no Java machine to set");
    }
    for note in cli.scripts.notes() {
        tracing::info!("{note}");
    }
    let done = match cli.job.dry_run_mode() {
        None => execute(file, cli),
        Some(mode) => check(file, cli, mode),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::error(&cli.log, &error);
            ExitCode::from(exit::FAILED)
        }
    }
}

fn execute(file: &Path, cli: &Cli) -> Result<()> {
    let registry = registry();
    let options = super::load_options(&cli.job.variables);
    let (spec, _) = read(file, &options, &registry, false)?;
    let (report, mode) = with_threads(async {
        let run = Run::begin(file, &cli.job, &spec.env).await?;
        let overrides = Overrides {
            job_id: Some(run.id.clone()),
            ..overrides(&cli.job.name)
        };
        let result = async {
            let plan = job::build(&spec, &registry, &overrides).await?;
            let report = run_plan(&plan, &run, &cli.log).await?;
            Ok((report, plan.job.mode))
        };
        let result = result.await;
        run.end(&result.as_ref().map(|(report, _)| &report.end))
            .await;
        result
    })?;
    tracing::info!("{}", statistic::block(&report));
    match (report.end, mode) {
        (JobEnd::Stopped { savepoint }, JobMode::Streaming) => {
            tracing::info!("stopped at savepoint {savepoint}; the same command goes on from there");
            Ok(())
        }
        // Whoever waits for a load to be complete must not take this for it.
        (JobEnd::Stopped { savepoint }, JobMode::Batch) => Err(Error::cancelled().with_help(
            format!("it was stopped at savepoint {savepoint}; the same command goes on from there"),
        )),
        (JobEnd::Finished, _) => Ok(()),
    }
}

/// Runs a job to its end, shows its progress, listens to Ctrl-C and to who asks about the run.
pub(super) async fn run_plan(plan: &JobPlan, run: &Run, log: &LogArgs) -> Result<JobReport> {
    let handle = JobHandle::new(plan);
    let engine = LocalEngine::default();
    let state = run.state();
    tracing::debug!(id = %plan.job.id, mode = ?plan.job.mode, "job {} starts", plan.job.name);
    run.set_begun();
    let report = tokio::select! {
        report = engine.run_with(plan, &handle, &state) => report,
        // The others go on until the job ends.
        () = progress::show(&handle, log.progress, prints_rows(plan)) => Err(never_ends()),
        () = interrupt::listen(&handle) => Err(never_ends()),
        () = control::listen(&handle, run) => Err(never_ends()),
    };
    run.set_ended(&handle);
    report
}

fn never_ends() -> Error {
    Error::new(codes::INTERNAL, "the launcher stopped watching the job")
}

/// Whether the job writes rows to the terminal that progress is shown on.
fn prints_rows(plan: &JobPlan) -> bool {
    let console = plan
        .nodes
        .iter()
        .any(|n| n.name.to_lowercase().ends_with(" console"));
    console && std::io::IsTerminal::is_terminal(&std::io::stdout())
}

/// Checks a job without running it.
pub(super) fn check(file: &Path, cli: &Cli, mode: DryRun) -> Result<()> {
    let registry = registry();
    let options = super::load_options(&cli.job.variables);
    let (spec, _) = read(file, &options, &registry, true)?;
    if mode == DryRun::Static {
        dry_run::print_static(file, &spec);
        return Ok(());
    }
    with_threads(async {
        let plan = job::build(&spec, &registry, &overrides(&cli.job.name)).await?;
        match mode {
            DryRun::Sample => {
                dry_run::sample(
                    &plan,
                    cli.job.sample_limit as usize,
                    cli.job.sample_print_data,
                )
                .await
            }
            _ => dry_run::connect(&plan).await,
        }
    })
}

/// Reads and checks a job file, and logs what deserves a warning. Gives its tree, too.
pub(super) fn read(
    file: &Path,
    options: &LoadOptions,
    registry: &Registry,
    strict: bool,
) -> Result<(JobSpec, ConfigValue)> {
    let loaded = seatunnel_config::load(file, options)?;
    let mut report = Report::new();
    let spec = JobSpec::read(&loaded.root, &mut report);
    if let Some(spec) = &spec {
        tracing::debug!("the job: {:#}", masked::blocks(spec, registry));
        job::check(spec, registry, strict, &mut report);
    }
    for warning in loaded.warnings.into_iter().chain(report.take_warnings()) {
        let text = warning.to_string();
        // The log says itself that it is one.
        tracing::warn!("{}", text.strip_prefix("warning").unwrap_or(&text));
    }
    report.into_result()?;
    let spec = spec.ok_or_else(|| Error::new(codes::INTERNAL, "the job file makes no job"))?;
    Ok((spec, loaded.root))
}

pub(super) fn overrides(job_name: &Option<String>) -> Overrides {
    Overrides {
        job_name: job_name.clone(),
        job_id: None,
    }
}

/// How long threads that block may take to end when the job has ended; then the process does.
const LAST_ORDERS: Duration = Duration::from_secs(2);

/// Runs a future with a thread for each core, since readers and writers compute; two at least, so
/// that a reader that computes does not hold up the writer on a machine with one.
pub(super) fn with_threads<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(2))
        .enable_all()
        .build()
        .map_err(|e| Error::new(codes::INTERNAL, "no threads can be started").with_cause(e))?;
    let result = runtime.block_on(future);
    runtime.shutdown_timeout(LAST_ORDERS);
    result
}
