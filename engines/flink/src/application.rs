//! Clusters that are there for one job: their JobManager runs our main class, and finds the job in its configuration.
//!
//! A job holds passwords. An argument of a program stands in Flink's logs and its UI; a setting with `secret` in its name
//! does not, and an extra folder of settings keeps it from the command line, too.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use seatunnel_api::{Error, Result};
use seatunnel_engine_submit::{Home, Submission, SubmitCommand, codes};

use crate::settings;

/// The setting that the job stands in, as Base64.
const JOB: &str = "seatunnel.job.secret";
/// Whoever runs our main class waits for the job, and writes how it ended.
const ATTACHED: &str = "-Dexecution.attached=true";
/// The files that may hold Flink's settings; the first that is there does.
const FILES: [&str; 2] = ["config.yaml", "flink-conf.yaml"];

/// Where [`write_configuration`] is to put the settings of a job.
pub fn configuration_folder(job: &Submission) -> PathBuf {
    job.payload.with_extension("conf")
}

/// Lets a cluster that is made for the job find it in its settings.
pub(crate) fn bring(command: &mut SubmitCommand, job: &Submission) {
    let folder = configuration_folder(job).into_os_string();
    command.environment.push(("FLINK_CONF_DIR", folder));
    command.arg(ATTACHED);
}

/// The JobManager of a cluster whose TaskManagers are started by others. It is this machine's, and reads the job's file.
pub(crate) fn standalone(home: &Home, job: &Submission, main: &str) -> SubmitCommand {
    let mut command = SubmitCommand::new(home.folder().join("bin/standalone-job.sh"));
    command
        .arg("start-foreground")
        .flag("--job-classname", main)
        .flag("--jars", job.jar.as_os_str());
    for setting in settings(job) {
        command.arg(setting);
    }
    command.arg(ATTACHED);
    for more in &job.more {
        command.arg(more);
    }
    command.arg("--").flag("--job", job.payload.as_os_str());
    command
}

/// Makes a folder of settings for one job: those of the Flink that is there, and the job. Only this user can read it; the
/// caller removes it.
///
/// # Errors
/// If the settings that are there can't be read, or the folder can't be made.
pub fn write_configuration(home: &Home, job: &Submission) -> Result<()> {
    let given = std::env::var_os("FLINK_CONF_DIR").filter(|value| !value.is_empty());
    let from = given.map_or_else(|| home.folder().join("conf"), PathBuf::from);
    write(&from, &configuration_folder(job), &job.payload_text).map_err(|e| {
        let what = format!(
            "the settings of Flink in {} can't be copied",
            from.display()
        );
        Error::new(codes::FAILED, what).with_cause(e)
    })
}

fn write(from: &Path, to: &Path, job: &str) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    let own = FILES.into_iter().find(|name| from.join(name).is_file());
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if Some(entry.file_name().as_os_str()) != own.map(std::ffi::OsStr::new) {
            symlink(fs::canonicalize(entry.path())?, to.join(entry.file_name()))?;
        }
    }
    let mut text = match own {
        Some(name) => fs::read_to_string(from.join(name))?,
        None => String::new(),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    // In quotes, or it may look like a number.
    text.push_str(&format!("{JOB}: \"{job}\"\n"));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to.join(own.unwrap_or(FILES[0])))?
        .write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_that_were_there_and_the_job() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("conf");
        fs::create_dir(&from).unwrap();
        fs::write(from.join("config.yaml"), "a:\n  b: 1").unwrap();
        fs::write(from.join("log4j.properties"), "x = y").unwrap();
        let to = folder.path().join("1.conf");
        write(&from, &to, "e30").unwrap();
        let read = |name: &str| fs::read_to_string(to.join(name)).unwrap();
        assert_eq!(
            read("config.yaml"),
            "a:\n  b: 1\nseatunnel.job.secret: \"e30\"\n"
        );
        assert_eq!(read("log4j.properties"), "x = y");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&to), mode(&to.join("config.yaml"))), (0o700, 0o600));
    }
}
