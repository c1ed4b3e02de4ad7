//! Submits jobs to Apache Flink: the arguments of `flink run` and `flink run-application`.
//!
//! What runs in the cluster is `translation/java/flink`.

mod legacy;

pub use legacy::legacy_settings;

use seatunnel_api::{Error, Result};
use seatunnel_engine_submit::{Home, Submission, SubmitCommand, codes};

/// The class that runs a job.
const MAIN: &str = "org.seatunnel.flink.FlinkJob";
/// The oldest version that a jar runs on.
const OLDEST: (u32, u32) = (1, 20);
/// Where `flink run` may send a job, as SeaTunnel's script knows it.
const TARGETS: [&str; 7] = [
    "local",
    "remote",
    "yarn-session",
    "yarn-per-job",
    "kubernetes-session",
    "yarn-application",
    "kubernetes-application",
];

/// The Flink that `FLINK_HOME` names.
///
/// # Errors
/// If there is none, or one that is too old.
pub fn home() -> Result<Home> {
    let markers = [("lib", "flink-dist")];
    let home = Home::find("FLINK_HOME", "Flink", "bin/flink", &markers)?;
    match home.version() {
        Some(version) if version < OLDEST => Err(Error::new(
            codes::VERSION,
            format!(
                "FLINK_HOME is Flink {}.{}, and jobs need {}.{} or later",
                version.0, version.1, OLDEST.0, OLDEST.1
            ),
        )
        .with_help("set FLINK_HOME to a newer Flink; clusters that run its jobs must be of the same version")),
        _ => Ok(home),
    }
}

/// What our jar for this Flink is called.
pub fn jar(home: &Home) -> &'static str {
    match home.version() {
        Some((1, _)) => "seatunnel-flink-1.20",
        _ => "seatunnel-flink",
    }
}

/// The command that runs a job.
///
/// # Errors
/// If the deploy mode or the target is none of Flink's.
pub fn command(home: &Home, job: &Submission) -> Result<SubmitCommand> {
    let deploy_mode = job.deploy_mode.as_deref().unwrap_or("run");
    let is_application = match deploy_mode {
        "run" | "client" => false,
        "run-application" | "cluster" => true,
        other => {
            return Err(Error::new(
                codes::FLAG,
                format!("--deploy-mode {other} is none of Flink's"),
            )
            .with_help("give `run` or `run-application`"));
        }
    };
    let mut command = SubmitCommand::new(home.program().to_owned());
    command.arg(if is_application {
        "run-application"
    } else {
        "run"
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
    command.arg(format!("-Dpipeline.name={}", job.name));
    for (key, value) in &job.settings {
        command.arg(format!("-D{key}={value}"));
    }
    for more in &job.more {
        command.arg(more);
    }
    command.flag("-c", MAIN).arg(job.jar.as_os_str());
    match is_application {
        // The driver runs where this machine's files are not.
        true => command.flag("--job-base64", &job.payload_text),
        false => command.flag("--job", job.payload.as_os_str()),
    };
    Ok(command)
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
    fn an_application_carries_the_job_with_it() {
        let job = Submission {
            deploy_mode: Some("run-application".into()),
            ..submission()
        };
        let text = shown(&job).unwrap();
        assert!(
            text.starts_with("/opt/flink/bin/flink run-application "),
            "{text}"
        );
        assert!(text.ends_with("--job-base64 e30"), "{text}");
    }
}
