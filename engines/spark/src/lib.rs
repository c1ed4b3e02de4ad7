//! Submits jobs to Apache Spark: the arguments of `spark-submit`.
//!
//! What runs in the cluster is `translation/java/spark`.

use seatunnel_api::{Error, Result};
use seatunnel_engine_submit::{Home, Submission, SubmitCommand, codes};

/// The class that runs a job.
const MAIN: &str = "org.seatunnel.spark.SparkJob";
/// What our jar is called.
pub const JAR: &str = "seatunnel-spark";
/// Where a job runs that does not say.
const DEFAULT_MASTER: &str = "local[*]";
/// The variable that brings the job to a driver in a standalone cluster. Of a client's variables such a cluster may
/// hand on only those that begin so.
const JOB_VARIABLE: &str = "SPARK_SEATUNNEL_JOB";
/// How long the value of a variable may be, in bytes: what Linux allows, less its name.
const LONGEST_VARIABLE: usize = 128 * 1024 - 64;
/// The oldest version that the jar runs on.
const OLDEST: (u32, u32) = (3, 5);

/// The Spark that `SPARK_HOME` names.
///
/// # Errors
/// If there is none, or one that is too old.
pub fn home() -> Result<Home> {
    let markers = [("jars", "spark-core_")];
    Home::find("SPARK_HOME", "Spark", "bin/spark-submit", &markers)?.at_least(
        OLDEST,
        "SPARK_HOME",
        "Spark",
    )
}

/// The command that runs a job.
///
/// # Errors
/// If the deploy mode is none of Spark's.
pub fn command(home: &Home, job: &Submission) -> Result<SubmitCommand> {
    let master = job.master.as_deref().unwrap_or(DEFAULT_MASTER);
    let deploy_mode = job.deploy_mode.as_deref().unwrap_or("client");
    let in_cluster = match deploy_mode {
        "client" => false,
        "cluster" => true,
        other => {
            return Err(Error::new(
                codes::FLAG,
                format!("--deploy-mode {other} is none of Spark's"),
            )
            .with_help("give `client` or `cluster`"));
        }
    };
    let mut command = SubmitCommand::new(home.program().to_owned());
    command
        .flag("--class", MAIN)
        .flag("--master", master)
        .flag("--deploy-mode", deploy_mode)
        .flag("--name", &job.name);
    for (key, value) in &job.settings {
        command.flag("--conf", format!("spark.{key}={value}"));
    }
    if let Some(library) = std::env::var_os("SEATUNNEL_NATIVE_PATH") {
        let library = library.to_string_lossy();
        command.flag(
            "--conf",
            format!("spark.executorEnv.SEATUNNEL_NATIVE_PATH={library}"),
        );
    }
    // Standalone clusters have no way to bring a file to a driver that runs in them. An argument would stand in their
    // logs, with the job's passwords.
    let as_text = in_cluster && master.starts_with("spark://");
    if in_cluster && !as_text {
        command.flag("--files", job.payload.as_os_str());
    }
    if in_cluster && as_text {
        if job.payload_text.len() > LONGEST_VARIABLE {
            return Err(Error::new(
                codes::FLAG,
                "the job file is too long for a driver in a standalone cluster: it takes more than 96 KiB",
            )
            .with_help("leave `--deploy-mode cluster` out, so that the driver runs here"));
        }
        // Otherwise it would end when the job is handed over. Its exit code is 0 all the same, whatever became of it.
        command.flag("--conf", "spark.standalone.submit.waitAppCompletion=true");
        let text = job.payload_text.as_str().into();
        command.environment.push((JOB_VARIABLE, text));
        command.logs_the_end = true;
    }
    for more in &job.more {
        command.arg(more);
    }
    command.arg(job.jar.as_os_str());
    match (as_text, in_cluster) {
        (true, _) => command.flag("--job-variable", JOB_VARIABLE),
        (false, true) => command.flag("--job", job.payload.file_name().unwrap_or_default()),
        (false, false) => command.flag("--job", job.payload.as_os_str()),
    };
    Ok(command)
}

/// Whether the driver of a standalone cluster has finished or failed, where a line of `spark-submit` says so.
pub fn driver_end(line: &str) -> Option<bool> {
    let (_, rest) = line.split_once("State of driver ")?;
    let (_, state) = rest.split_once(" is ")?;
    let word = state.split([',', ' ']).next()?;
    match word {
        "FINISHED" => Some(true),
        "FAILED" | "ERROR" | "KILLED" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission() -> Submission {
        Submission {
            name: "my job".into(),
            master: None,
            deploy_mode: None,
            settings: vec![("executor.instances".into(), "2".into())],
            payload: "/tmp/x/1.job".into(),
            payload_text: "e30".into(),
            jar: "/opt/seatunnel/lib/seatunnel-spark-1.jar".into(),
            more: vec!["--num-executors".into(), "3".into()],
        }
    }

    fn shown(job: &Submission) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(folder.path().join("bin/spark-submit"), "").unwrap();
        let home = Home::of_folder(folder.path().to_owned(), "bin/spark-submit");
        let text = command(&home, job).unwrap().to_string();
        text.split_once(' ').unwrap().1.to_owned()
    }

    #[test]
    fn a_driver_here_reads_the_job_from_its_file() {
        assert_eq!(
            shown(&submission()),
            "--class org.seatunnel.spark.SparkJob --master 'local[*]' --deploy-mode client --name 'my job' \
             --conf spark.executor.instances=2 --num-executors 3 /opt/seatunnel/lib/seatunnel-spark-1.jar \
             --job /tmp/x/1.job"
        );
    }

    #[test]
    fn a_driver_in_the_cluster_is_sent_the_job() {
        let on = |master: &str| Submission {
            master: Some(master.into()),
            deploy_mode: Some("cluster".into()),
            ..submission()
        };
        let yarn = shown(&on("yarn"));
        assert!(yarn.contains("--files /tmp/x/1.job"), "{yarn}");
        assert!(yarn.ends_with("--job 1.job"), "{yarn}");
        let standalone = shown(&on("spark://host:7077"));
        let home = Home::of_folder("/opt/spark".into(), "bin/spark-submit");
        let of_command = command(&home, &on("spark://host:7077")).unwrap();
        assert_eq!(of_command.environment, [(JOB_VARIABLE, "e30".into())]);
        let long = Submission {
            payload_text: "x".repeat(200_000),
            ..on("spark://host:7077")
        };
        assert!(
            command(&home, &long)
                .unwrap_err()
                .to_string()
                .contains("too long")
        );
        assert!(
            standalone.ends_with("--job-variable SPARK_SEATUNNEL_JOB"),
            "{standalone}"
        );
        assert!(!standalone.contains("--files"), "{standalone}");
    }

    #[test]
    fn how_a_driver_in_the_cluster_ended_stands_in_a_line() {
        let line = |state: &str| {
            format!(
                "26/11/30 21:46:39 INFO ClientEndpoint: State of driver driver-2026-0001 is {state}, exiting spark-submit JVM."
            )
        };
        assert_eq!(driver_end(&line("FINISHED")), Some(true));
        for state in ["FAILED", "ERROR", "KILLED"] {
            assert_eq!(driver_end(&line(state)), Some(false));
        }
        assert_eq!(driver_end("State of driver driver-1 is RUNNING"), None);
        assert_eq!(driver_end("FAILED"), None);
    }

    #[test]
    fn modes_of_others_are_refused() {
        let job = Submission {
            deploy_mode: Some("run-application".into()),
            ..submission()
        };
        let home = Home::of_folder("/opt/spark".into(), "bin/spark-submit");
        let error = command(&home, &job).unwrap_err();
        assert!(
            error.report().contains("`client` or `cluster`"),
            "{error:?}"
        );
    }
}
