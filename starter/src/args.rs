//! The command line.

mod choices;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use choices::{DryRun, Engine, LogFormat, LogLevel, ProgressStyle};

const EXIT_CODES: &str = "\
Exit codes: 0 the job finished or the check found nothing; 1 the job failed, was cancelled, or its \
file has errors; 2 `verify` found differences; 234 the command line can't be followed. A streaming job \
that Ctrl-C or SIGTERM stopped at a savepoint ends with 0.";

/// Runs a SeaTunnel job file in this process.
#[derive(Debug, Parser)]
#[command(name = "seatunnel", version, after_help = EXIT_CODES)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) job: JobArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(flatten)]
    pub(crate) scripts: ScriptArgs,
    #[command(flatten)]
    pub(crate) runs: RunsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// The job file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A value for ${KEY} in the job file; may be given several times
    #[arg(short = 'i', long = "variable", value_name = "KEY=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Name of the job; goes before `job.name` of the file
    #[arg(short, long)]
    pub(crate) name: Option<String>,
    /// Check the job file without running it: as `--dry-run static`
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check: bool,
    /// Check without writing anything; with --engine, print the command too that would be run
    #[arg(short, long, value_name = "MODE", num_args = 0..=1, default_missing_value = "static")]
    pub(crate) dry_run: Option<DryRun>,
    /// Rows of each source for `--dry-run sample`
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) sample_limit: u64,
    /// Whether `--dry-run sample` prints the rows, and not only tables and counts
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_value_t = true, default_missing_value = "true", action = ArgAction::Set)]
    pub(crate) sample_print_data: bool,
    /// Print the job file with its secrets encrypted by its `shade.identifier`
    #[arg(long)]
    pub(crate) encrypt: bool,
    /// Print the job file with its secrets decrypted
    #[arg(long)]
    pub(crate) decrypt: bool,
    /// Start over, rather than go on with a run that was killed, failed or stopped
    #[arg(long, conflicts_with_all = ["restore", "restore_with_checkpoint"])]
    pub(crate) fresh: bool,
    /// Go on with the last run of this job, or with the one of this number; an error if there is none
    #[arg(short, long, alias = "restore-job", value_name = "ID", num_args = 0..=1)]
    pub(crate) restore: Option<Option<String>>,
    /// Go on from this checkpoint, and not from the newest
    #[arg(long, value_name = "CHECKPOINT")]
    pub(crate) restore_with_checkpoint: Option<u64>,
    /// A number for this run
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) set_job_id: Option<u64>,
    /// Where the job runs
    #[arg(long, value_enum, default_value_t = Engine::Local)]
    pub(crate) engine: Engine,
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// How progress is shown; `auto` is bars on a terminal and a line every 10 seconds elsewhere
    #[arg(long, value_enum, default_value_t = ProgressStyle::Auto)]
    pub(crate) progress: ProgressStyle,
    /// How logs are written to stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// The least important messages to log
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    pub(crate) log_level: LogLevel,
}

/// Flags that SeaTunnel's scripts give.
#[derive(Debug, Args)]
#[command(next_help_heading = "As SeaTunnel's scripts give them")]
pub(crate) struct ScriptArgs {
    /// Spark's master, `local[*]` if not given; Flink's target, or HOST:PORT of a session cluster. Without
    /// --engine: `local`
    #[arg(short, long, visible_alias = "target", value_name = "WHERE")]
    pub(crate) master: Option<String>,
    /// Spark: `client` or `cluster`; Flink: `run` or `run-application`. Without --engine: `local`
    #[arg(short = 'e', long, value_name = "WHERE")]
    pub(crate) deploy_mode: Option<String>,
    /// Name of a cluster, also -cn: there is none
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Not waiting for the job: it always ends with this process
    #[arg(long)]
    r#async: bool,
    /// Cancel the job when the client ends, also -cj: always so
    #[arg(long, visible_alias = "close", value_name = "BOOL", num_args = 0..=1)]
    close_job: Option<Option<String>>,
}

/// Questions about jobs that run on this machine, or were left unfinished.
#[derive(Debug, Args)]
#[command(next_help_heading = "Jobs on this machine")]
pub(crate) struct RunsArgs {
    /// List the runs that are not forgotten
    #[arg(short, long)]
    pub(crate) list: bool,
    /// Show how far a run is, as JSON
    #[arg(short, long, value_name = "ID")]
    pub(crate) job_id: Option<String>,
    /// Stop running jobs, also -can; what is in no checkpoint is thrown away
    #[arg(long, visible_alias = "cancel", value_name = "ID", num_args = 1..)]
    pub(crate) cancel_job: Option<Vec<String>>,
    /// The same as --cancel-job, also -fcan
    #[arg(short, long, alias = "force-cancel", value_name = "ID", num_args = 1..)]
    pub(crate) force_cancel_job: Option<Vec<String>>,
    /// Stop a running job at a savepoint, from which the same command goes on
    #[arg(short, long, alias = "savepoint-job", value_name = "ID")]
    pub(crate) savepoint: Option<String>,
    /// Show the counters of a running job, as JSON
    #[arg(long, value_name = "ID")]
    pub(crate) metrics: Option<String>,
    /// Show the counters of all running jobs, as JSON
    #[arg(long = "get_running_job_metrics")]
    pub(crate) running_job_metrics: bool,
    /// Show the checkpoints of a running job in short, as JSON
    #[arg(long, value_name = "ID")]
    pub(crate) checkpoint_overview: Option<String>,
    /// Show the last checkpoints of a running job, as JSON
    #[arg(long, value_name = "ID")]
    pub(crate) checkpoint_history: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the connectors and transforms that are built in
    Connectors {
        #[command(subcommand)]
        command: Option<ConnectorsCommand>,
    },
    /// Print the JSON schema of job files, for editors
    Schema,
    /// Compare what the sinks of a job hold with what its sources bring, after a load
    Verify(VerifyArgs),
    /// Look into a job file
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

const VERIFY_HELP: &str = "\
Sources are read again and targets are read back, both at once; nothing is written. Rows are counted \
and their checksums compared, whatever their order; where they differ, the rows of the first keys are \
named.

Exit codes: 0 nothing differs; 2 something differs; 1 it could not be compared.";

#[derive(Debug, Args)]
#[command(after_help = VERIFY_HELP)]
pub(crate) struct VerifyArgs {
    /// The job file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// A value for ${KEY} in the job file; may be given several times
    #[arg(short = 'i', long = "variable", value_name = "KEY=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Name of the job; goes before `job.name` of the file
    #[arg(short, long)]
    pub(crate) name: Option<String>,
    /// How many differences of each table are shown
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    pub(crate) differences: usize,
    /// Rows that only the target has are no difference
    #[arg(long)]
    pub(crate) allow_extra: bool,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectorsCommand {
    /// List them
    List,
    /// Show the options of one
    Show {
        /// Its name, in any case
        name: String,
    },
    /// Write their documentation: a page in Markdown for each
    Docs {
        /// The folder to write into
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the parsed tree as JSON: variables as they stand, no plugin looked up
    Tree {
        /// The job file
        file: PathBuf,
    },
}

impl Cli {
    /// Refuses what can't be done here and says what to do instead.
    ///
    /// # Errors
    /// A usage error, ready to be printed.
    pub(crate) fn check_flags(&self) -> Result<(), clap::Error> {
        let refusal = match self.job.engine {
            Engine::Local => self.scripts.refusal(),
            // The engine's own rules hold.
            Engine::Spark | Engine::Flink => None,
        };
        match refusal {
            Some(message) => Err(usage_error(message)),
            None => Ok(()),
        }
    }

    /// Reads a command line. Where another engine is to run the job, what is not known here is for its
    /// program, as SeaTunnel's scripts have it; it is given back in its order.
    ///
    /// # Errors
    /// A usage error, ready to be printed.
    pub(crate) fn read(mut args: Vec<OsString>) -> Result<(Self, Vec<String>), clap::Error> {
        let mut unknown = Vec::new();
        loop {
            let error = match Self::try_parse_from(&args) {
                Ok(cli) => return Ok((cli, unknown)),
                Err(error) => error,
            };
            let found = match error.kind() {
                ErrorKind::UnknownArgument => error.get(ContextKind::InvalidArg),
                ErrorKind::InvalidSubcommand | ErrorKind::ArgumentConflict => {
                    error.get(ContextKind::InvalidSubcommand)
                }
                _ => None,
            };
            let Some(ContextValue::String(word)) = found.filter(|_| is_for_cluster(&args)) else {
                return Err(error);
            };
            // Of `--flag=value` the parser names only the flag.
            let is_it = |arg: &OsString| {
                let arg = arg.to_string_lossy();
                arg == word.as_str() || arg.split_once('=').is_some_and(|(flag, _)| flag == word)
            };
            let Some(position) = args.iter().skip(1).position(is_it) else {
                return Err(error);
            };
            let taken = args.remove(position + 1);
            unknown.push(taken.to_string_lossy().into_owned());
        }
    }
}

/// Whether another engine is to run the job.
fn is_for_cluster(args: &[OsString]) -> bool {
    let is = |arg: &OsString, text: &str| arg.to_str() == Some(text);
    let named = |value: &str| {
        args.iter().any(|arg| is(arg, &format!("--engine={value}")))
            || args
                .windows(2)
                .any(|pair| is(&pair[0], "--engine") && is(&pair[1], value))
    };
    named("spark") || named("flink")
}

/// A usage error as the parser itself would give it.
pub(crate) fn usage_error(message: impl std::fmt::Display) -> clap::Error {
    Cli::command().error(ErrorKind::ValueValidation, message)
}

impl JobArgs {
    /// What of the job is checked without running it, if anything.
    pub(crate) fn dry_run_mode(&self) -> Option<DryRun> {
        self.dry_run.or(self.check.then_some(DryRun::Static))
    }
}

impl ScriptArgs {
    /// What flags that are there without effect deserve as a note in the log.
    pub(crate) fn notes(&self) -> Vec<&'static str> {
        let notes = [
            (
                self.cluster.is_some(),
                "-cn/--cluster is ignored: the job runs in this process",
            ),
            (
                self.r#async,
                "--async is ignored: the job runs in this process, which waits for it",
            ),
        ];
        notes
            .into_iter()
            .filter_map(|(given, note)| given.then_some(note))
            .collect()
    }

    fn refusal(&self) -> Option<String> {
        [
            ("--master", &self.master),
            ("--deploy-mode", &self.deploy_mode),
        ]
        .into_iter()
        .find_map(|(flag, value)| match value.as_deref()? {
            "local" | "client" | "run" => None,
            spark if spark.starts_with("local[") => None,
            "cluster" => Some(format!(
                "{flag} cluster: there is no cluster of its own; jobs run in this process. \
                     Leave {flag} out, or give `local`"
            )),
            other => Some(format!(
                "{flag} {other}: jobs run in this process unless --engine says otherwise. \
                     Give --engine spark or --engine flink, or leave {flag} out"
            )),
        })
    }
}

impl RunsArgs {
    /// Whether runs are asked about, and no job is to be run.
    pub(crate) fn is_asked(&self) -> bool {
        self.list
            || self.running_job_metrics
            || self.cancel_job.is_some()
            || self.force_cancel_job.is_some()
            || [
                &self.job_id,
                &self.savepoint,
                &self.metrics,
                &self.checkpoint_overview,
                &self.checkpoint_history,
            ]
            .into_iter()
            .any(|id| id.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        let cli = Cli::try_parse_from(line.split(' '))?;
        cli.check_flags()?;
        Ok(cli)
    }

    #[test]
    fn declaration_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn dry_run_without_a_mode_is_static() {
        for line in [
            "seatunnel -c a.conf -d",
            "seatunnel --dry-run -c a.conf",
            "seatunnel --check -c a.conf",
        ] {
            assert_eq!(
                parse(line).unwrap().job.dry_run_mode(),
                Some(DryRun::Static),
                "{line}"
            );
        }
        let sample = parse("seatunnel -c a.conf --dry-run sample").unwrap();
        assert_eq!(sample.job.dry_run_mode(), Some(DryRun::Sample));
    }

    #[test]
    fn sample_limit_has_bounds() {
        assert_eq!(parse("seatunnel -c a.conf").unwrap().job.sample_limit, 10);
        assert!(parse("seatunnel -c a.conf --sample-limit 10000").is_ok());
        assert!(parse("seatunnel -c a.conf --sample-limit 10001").is_err());
        assert!(parse("seatunnel -c a.conf --sample-limit 0").is_err());
    }

    #[test]
    fn local_modes_of_all_scripts_are_taken() {
        for mode in ["local", "local[*]", "client", "run"] {
            assert!(
                parse(&format!("seatunnel -c a.conf -m {mode}")).is_ok(),
                "{mode}"
            );
            assert!(
                parse(&format!("seatunnel -c a.conf -e {mode}")).is_ok(),
                "{mode}"
            );
        }
    }

    #[test]
    fn what_is_not_known_goes_to_the_engines_program() {
        let read = |line: &str| Cli::read(line.split(' ').map(OsString::from).collect());
        let (cli, more) =
            read("seatunnel --engine flink -c a.conf -p 2 --yarnname=x -m yarn-session -d")
                .unwrap();
        assert_eq!(more, ["-p", "2", "--yarnname=x"]);
        assert_eq!(cli.scripts.master.as_deref(), Some("yarn-session"));
        assert!(read("seatunnel -c a.conf -p 2").is_err());
    }

    #[test]
    fn modes_and_flags_of_a_cluster_say_what_to_do_instead() {
        for (line, hint) in [
            ("seatunnel -c a.conf -m cluster", "give `local`"),
            (
                "seatunnel -c a.conf -e yarn",
                "unless --engine says otherwise",
            ),
            ("seatunnel -c a.conf --engine zeta", "possible values"),
            ("seatunnel -c a.conf --set-job-id x", "invalid digit"),
            ("seatunnel -c a.conf --fresh -r 77", "cannot be used with"),
        ] {
            let message = parse(line).unwrap_err().to_string();
            assert!(message.contains(hint), "{line}: {message}");
        }
    }
}
