//! Handing jobs over to Spark and Flink: what is run, and what is said when it can't be. The engines themselves are
//! tested in `tests/clusters`; here a small program stands for `spark-submit`.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::support::{Run, Sandbox, binary, run};

const JOB: &str = r#"
env { job.name = "a job", parallelism = 2, spark { executor.memory = 1g }, "spark.sql.x" = "a b" }
source { FakeSource { row.num = ${rows}, schema { fields { id = bigint } } } }
sink { Console {} }
"#;

/// Writes its arguments, one a line, and the job that it was given; ends as `EXIT` says.
const SUBMIT: &str = r#"#!/bin/sh
printf '%s\n' "$@" >"$OUT/arguments"
for last in "$@"; do :; done
cp "$last" "$OUT/job"
stat -c %a "$last" >"$OUT/mode"
exit "${EXIT:-0}"
"#;

struct Engine {
    sandbox: Sandbox,
}

impl Engine {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("job.conf", JOB);
        sandbox.write("spark/bin/spark-submit", SUBMIT);
        let program = sandbox.path("spark/bin/spark-submit");
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.write("spark/jars/spark-core_2.13-4.3.0.jar", "");
        let jar = format!("home/lib/seatunnel-spark-{}.jar", env!("CARGO_PKG_VERSION"));
        sandbox.write(&jar, "");
        Self { sandbox }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = binary(self.sandbox.path("").as_path());
        command.args(line.split_whitespace());
        self.environment(&mut command);
        command
    }

    fn environment(&self, command: &mut Command) {
        command.env("SPARK_HOME", self.sandbox.path("spark"));
        command.env("SEATUNNEL_HOME", self.sandbox.path("home"));
        command.env("OUT", self.sandbox.path(""));
        command.env_remove("SEATUNNEL_NATIVE_PATH");
    }

    fn seatunnel(&self, line: &str) -> Run {
        run(self.command(line))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.path(name)).unwrap_or_default()
    }
}

const LINE: &str = "--engine spark --config job.conf -i rows=7";

#[test]
fn a_job_is_handed_over_with_what_its_file_says_to_spark() {
    let engine = Engine::new();
    let line = format!("{LINE} --master spark://host:7077 --name other --num-executors 3");
    engine.seatunnel(&line).succeeds();
    let arguments = engine.read("arguments");
    let arguments: Vec<&str> = arguments.lines().collect();
    let expected = [
        "--class",
        "org.seatunnel.spark.SparkJob",
        "--master",
        "spark://host:7077",
        "--deploy-mode",
        "client",
        "--name",
        "other",
        "--conf",
        "spark.executor.memory=1g",
        "--conf",
        "spark.sql.x=a b",
        "--num-executors",
        "3",
    ];
    assert_eq!(arguments[..expected.len()], expected);
    let [jar, flag, job] = arguments[expected.len()..] else {
        panic!("{arguments:?}");
    };
    assert!(jar.contains("home/lib/seatunnel-spark-"), "{jar}");
    assert_eq!(flag, "--job");
    // Variables are filled in; the file is for its owner only, and gone.
    let content = engine.read("job").replace(": ", ":");
    let given = [r#"\"row.num\":7"#, r#"\"row.num\":\"7\""#];
    assert!(given.iter().any(|rows| content.contains(rows)), "{content}");
    assert_eq!(engine.read("mode").trim(), "600");
    assert!(!std::path::Path::new(job).exists(), "{job}");
}

#[test]
fn a_dry_run_prints_the_command_and_runs_nothing() {
    let engine = Engine::new();
    let run = engine.seatunnel(&format!("{LINE} --dry-run")).succeeds();
    run.prints(&[
        "spark/bin/spark-submit --class org.seatunnel.spark.SparkJob --master 'local[*]' --deploy-mode client \
         --name 'a job' --conf spark.executor.memory=1g --conf 'spark.sql.x=a b'",
        "--job JOB",
    ]);
    assert_eq!(engine.read("arguments"), "");
}

#[test]
fn scripts_of_seatunnel_are_names_of_the_program() {
    let engine = Engine::new();
    for name in [
        "start-seatunnel-spark-3-connector-v2.sh",
        "start-seatunnel-spark-connector-v2.sh",
    ] {
        let script = engine.sandbox.path(name);
        symlink(env!("CARGO_BIN_EXE_seatunnel"), &script).unwrap();
        let mut command = Command::new(&script);
        command
            .args([
                "-m", "local[4]", "-e", "client", "-c", "job.conf", "-i", "rows=7",
            ])
            .current_dir(engine.sandbox.path(""))
            .env("SEATUNNEL_STATE", engine.sandbox.path("state"));
        engine.environment(&mut command);
        run(command).succeeds();
        assert!(engine.read("arguments").contains("--master\nlocal[4]\n"));
        std::fs::remove_file(engine.sandbox.path("arguments")).unwrap();
    }
}

#[test]
fn a_job_that_fails_in_the_cluster_fails() {
    let engine = Engine::new();
    let mut command = engine.command(LINE);
    command.env("EXIT", "3");
    let failed = run(command).fails(1);
    failed.says(&["error[ENGINE-05]", "spark-submit ended with exit status: 3"]);
}

#[test]
fn what_is_missing_is_said_once_and_what_to_do() {
    let engine = Engine::new();
    let mut command = engine.command(LINE);
    command.env_remove("SPARK_HOME");
    let unset = run(command).fails(1);
    unset.says(&[
        "error[ENGINE-01]",
        "SPARK_HOME is not set",
        "set SPARK_HOME to the folder",
    ]);
    let mut command = engine.command(LINE);
    command.env("SPARK_HOME", engine.sandbox.path("home"));
    run(command)
        .fails(1)
        .says(&["error[ENGINE-01]", "there is no bin/spark-submit in it"]);
    let mut command = engine.command(LINE);
    command.env("SEATUNNEL_HOME", engine.sandbox.path("spark"));
    run(command)
        .fails(1)
        .says(&["error[ENGINE-03]", "unpack the release as a whole"]);
    let mut command = engine.command("--engine flink --config job.conf -i rows=7");
    command.env_remove("FLINK_HOME");
    run(command)
        .fails(1)
        .says(&["error[ENGINE-01]", "FLINK_HOME is not set"]);
    engine
        .seatunnel(&format!("{LINE} --deploy-mode run-application"))
        .fails(1)
        .says(&["error[ENGINE-04]", "give `client` or `cluster`"]);
    assert_eq!(engine.read("arguments"), "", "nothing was run");
}

#[test]
fn a_spark_that_is_too_old_is_refused() {
    let engine = Engine::new();
    let jars = engine.sandbox.path("spark/jars");
    std::fs::rename(
        jars.join("spark-core_2.13-4.3.0.jar"),
        jars.join("spark-core_2.12-3.3.4.jar"),
    )
    .unwrap();
    let refused = engine.seatunnel(LINE).fails(1);
    refused.says(&["error[ENGINE-02]", "Spark 3.3, and jobs need 3.5 or later"]);
}

#[test]
fn mistakes_of_the_job_file_are_found_before_anything_is_handed_over() {
    let engine = Engine::new();
    engine
        .sandbox
        .write("job.conf", JOB.replace("Console", "Consol"));
    engine
        .seatunnel(LINE)
        .fails(1)
        .says(&["Consol", "job.conf:"]);
    assert_eq!(engine.read("arguments"), "");
}
