//! Submits jobs to Apache Flink: the arguments of `flink run`, and of clusters that are there for one job.
//!
//! What runs in the cluster is `translation/java/flink`.

mod application;
mod legacy;

pub use application::{configuration_folder, write_configuration};
pub use legacy::legacy_settings;

use seatunnel_api::{Error, Result};
use seatunnel_engine_submit::{Home, Submission, SubmitCommand, codes};

/// The class that runs a job.
const MAIN: &str = "org.seatunnel.flink.FlinkJob";
/// The oldest version that a jar runs on.
const OLDEST: (u32, u32) = (1, 20);
/// The target of a cluster that is this machine's JobManager and the TaskManagers that report to it.
const STANDALONE: &str = "standalone-application";
/// Where `flink run` may send a job, as SeaTunnel's script knows it.
const TARGETS: [&str; 8] = [
    "local",
    "remote",
    "yarn-session",
    "yarn-per-job",
    "kubernetes-session",
    "yarn-application",
    "kubernetes-application",
    STANDALONE,
];

/// The Flink that `FLINK_HOME` names.
///
/// # Errors
/// If there is none, or one that is too old.
pub fn home() -> Result<Home> {
    let markers = [("lib", "flink-dist")];
    Home::find("FLINK_HOME", "Flink", "bin/flink", &markers)?.at_least(
        OLDEST,
        "FLINK_HOME",
        "Flink",
    )
}

/// What our jar for this Flink is called.
pub fn jar(home: &Home) -> &'static str {
    match home.version() {
        Some((1, _)) => "seatunnel-flink-1.20",
        _ => "seatunnel-flink",
    }
}

/// Whether the cluster is there for this job only, and runs our main class itself.
fn is_application(job: &Submission) -> Result<bool> {
    let by_target = |target: &str| target.ends_with("-application");
    match job.deploy_mode.as_deref() {
        None | Some("run" | "client") => Ok(target(job).is_some_and(by_target)),
        Some("run-application" | "cluster") => Ok(true),
        Some(other) => Err(Error::new(
            codes::FLAG,
            format!("--deploy-mode {other} is none of Flink's"),
        )
        .with_help("give `run` or `run-application`")),
    }
}

/// Whether the job's driver runs on another machine: in a cluster that is made for the job.
///
/// # Errors
/// If the deploy mode is none of Flink's.
pub fn is_remote(job: &Submission) -> Result<bool> {
    Ok(is_application(job)? && target(job) != Some(STANDALONE))
}

/// What `--master` says, or the job file.
fn target(job: &Submission) -> Option<&str> {
    let setting = || {
        let (_, value) = job
            .settings
            .iter()
            .find(|(key, _)| key == "execution.target")?;
        Some(value.as_str())
    };
    job.master.as_deref().or_else(setting)
}

/// The command that runs a job.
///
/// # Errors
/// If the deploy mode or the target is none of Flink's.
pub fn command(home: &Home, job: &Submission) -> Result<SubmitCommand> {
    let is_application = is_application(job)?;
    let target = target(job);
    if is_application && !target.is_some_and(|target| target.ends_with("-application")) {
        return Err(Error::new(
            codes::FLAG,
            "an application has a cluster of its own, and it is not said of which kind",
        )
        .with_help(format!(
            "give --master yarn-application, kubernetes-application or {STANDALONE}"
        )));
    }
    if target == Some(STANDALONE) {
        return Ok(application::standalone(home, job, MAIN));
    }
    let mut command = SubmitCommand::new(home.program().to_owned());
    // Flink 2 has one command for both.
    let is_old = matches!(home.version(), Some((1, _)));
    command.arg(match is_application && is_old {
        true => "run-application",
        false => "run",
    });
    if let Some(target) = &job.master {
        // A host and port is a cluster that is already there.
        match target.split_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                command.flag("-m", target);
            }
            _ if TARGETS.contains(&target.as_str()) => {
                command.flag("--target", target);
            }
            _ => {
                return Err(Error::new(
                    codes::FLAG,
                    format!("--master {target} is none of Flink's targets"),
                )
                .with_help(format!(
                    "give HOST:PORT of a session cluster, or one of {}",
                    TARGETS.join(", ")
                )));
            }
        }
    }
    for setting in settings(job) {
        command.arg(setting);
    }
    if is_application {
        // The driver runs where this machine's files are not.
        application::bring(&mut command, job);
    }
    for more in &job.more {
        command.arg(more);
    }
    command.flag("-c", MAIN).arg(job.jar.as_os_str());
    if !is_application {
        command.flag("--job", job.payload.as_os_str());
    }
    Ok(command)
}

fn settings(job: &Submission) -> Vec<String> {
    let name = format!("-Dpipeline.name={}", job.name);
    let others = job.settings.iter();
    std::iter::once(name)
        .chain(others.map(|(key, value)| format!("-D{key}={value}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission() -> Submission {
        Submission {
            name: "my job".into(),
            master: None,
            deploy_mode: None,
            settings: vec![("execution.checkpointing.mode".into(), "EXACTLY_ONCE".into())],
            payload: "/tmp/x/1.job".into(),
            payload_text: "e30".into(),
            jar: "/opt/seatunnel/lib/seatunnel-flink-1.jar".into(),
            more: vec!["-d".into()],
        }
    }

    fn shown(job: &Submission) -> Result<String> {
        let home = Home::of_folder("/opt/flink".into(), "bin/flink");
        Ok(command(&home, job)?.to_string())
    }

    #[test]
    fn a_session_is_given_the_job_as_a_file() {
        assert_eq!(
            shown(&submission()).unwrap(),
            "/opt/flink/bin/flink run '-Dpipeline.name=my job' -Dexecution.checkpointing.mode=EXACTLY_ONCE -d \
             -c org.seatunnel.flink.FlinkJob /opt/seatunnel/lib/seatunnel-flink-1.jar --job /tmp/x/1.job"
        );
    }

    #[test]
    fn targets_and_addresses_are_told_apart() {
        let to = |master: &str| {
            shown(&Submission {
                master: Some(master.into()),
                ..submission()
            })
        };
        assert!(
            to("127.0.0.1:8081")
                .unwrap()
                .contains("run -m 127.0.0.1:8081 ")
        );
        assert!(
            to("yarn-session")
                .unwrap()
                .contains("run --target yarn-session ")
        );
        let error = to("yarn-sesion").unwrap_err().report();
        assert!(error.contains("yarn-session"), "{error}");
    }

    #[test]
    fn an_application_finds_the_job_in_its_configuration() {
        let mut job = Submission {
            deploy_mode: Some("run-application".into()),
            ..submission()
        };
        let error = shown(&job).unwrap_err().report();
        assert!(error.contains("yarn-application"), "{error}");
        job.master = Some("yarn-application".into());
        let text = shown(&job).unwrap();
        assert!(
            text.starts_with(
                "FLINK_CONF_DIR=/tmp/x/1.conf /opt/flink/bin/flink run --target yarn-application "
            ),
            "{text}"
        );
        assert!(text.ends_with("seatunnel-flink-1.jar"), "{text}");
        assert!(!text.contains("e30"), "{text}");
        job.deploy_mode = None;
        assert_eq!(shown(&job).unwrap(), text);
    }

    #[test]
    fn a_standalone_application_has_its_jobmanager_here() {
        let job = Submission {
            master: Some("standalone-application".into()),
            ..submission()
        };
        let text = shown(&job).unwrap();
        assert!(
            text.starts_with("/opt/flink/bin/standalone-job.sh start-foreground --job-classname org.seatunnel.flink.FlinkJob --jars /opt/seatunnel/lib/seatunnel-flink-1.jar "),
            "{text}"
        );
        assert!(text.ends_with(" -- --job /tmp/x/1.job"), "{text}");
    }
}
