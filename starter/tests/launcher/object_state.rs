//! State in an object store: what a machine has begun, another one ends. The store is a real S3 server, on loopback.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use seatunnel_jdbc_testkit::parts::{Folder, Launch, Server};

use crate::support::{Run, SLOWLY, Sandbox, binary, run, wait, wait_until, workspace};

const ROWS: usize = 3_000;

/// The server of these tests.
struct S3 {
    _server: Server,
    port: u16,
}

impl S3 {
    fn shared() -> &'static Self {
        static SHARED: OnceLock<S3> = OnceLock::new();
        SHARED.get_or_init(|| {
            let mut install = Command::new(workspace().join("scripts/s3.sh"));
            install.arg("install");
            let program = run(install).succeeds().stdout.trim().to_owned();
            let (server, port) = Server::start(Folder::new("s3", "KILL"), |folder, port| {
                std::fs::create_dir_all(folder.join("data")).unwrap();
                let script = format!("echo $$ > ../pid; exec {program} -H 127.0.0.1 -p {port}");
                let listens = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
                let line = |words: [&str; 3]| words.iter().map(Into::into).collect();
                Launch {
                    server: line(["sh", "-c", &script]),
                    ping: line(["/bin/bash", "-c", &listens]),
                    stop: "TERM",
                    pid_file: folder.join("pid"),
                }
            });
            Self {
                _server: server,
                port,
            }
        })
    }

    /// Makes a bucket.
    fn bucket(&self, name: &str) {
        assert!(self.ask("PUT", &format!("/{name}")).contains(" 200 "));
    }

    /// The names of what is in a bucket, in XML.
    fn list(&self, bucket: &str) -> String {
        self.ask("GET", &format!("/{bucket}?list-type=2"))
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.port
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// A sandbox with a job that takes many checkpoints, keeps them in a bucket, and is slow as long as nobody lets it hurry.
fn copying(bucket: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut rows = String::new();
    for id in 0..ROWS {
        writeln!(rows, "{id},row {id}").unwrap();
    }
    sandbox.write("in/rows.csv", rows);
    sandbox.write(
        "job.conf",
        format!(
            r#"env {{ job.mode = BATCH, job.name = copy, checkpoint.interval = 100, {SLOWLY},
  state.dir = "s3://{bucket}/state" }}
source {{ LocalFile {{ path = "in", file_format_type = csv, schema {{ fields {{ id = int, name = string }} }} }} }}
sink {{ LocalFile {{ path = "out", tmp_path = "tmp", file_format_type = csv }} }}"#
        ),
    );
    sandbox
}

/// The binary on a machine, which knows what is in a folder of its own and in the store.
fn on(sandbox: &Sandbox, machine: &str, line: &str) -> Command {
    let mut command = binary(&sandbox.path(""));
    command.args(line.split_whitespace());
    command.env("SEATUNNEL_STATE", sandbox.path(machine));
    command.env(
        "AWS_ENDPOINT_URL",
        format!("http://127.0.0.1:{}", S3::shared().port),
    );
    command.env("AWS_ACCESS_KEY_ID", "somebody");
    command.env("AWS_SECRET_ACCESS_KEY", "very-secret");
    command.env("AWS_REGION", "us-east-1");
    command
}

fn start(sandbox: &Sandbox, machine: &str) -> Child {
    let mut command = on(sandbox, machine, "--config job.conf");
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn again(sandbox: &Sandbox, machine: &str) -> Run {
    run(on(sandbox, machine, "--config job.conf"))
}

/// Waits until a job has brought something into its sink.
fn wait_for_rows(sandbox: &Sandbox) {
    wait_until(|| !sandbox.files("out").is_empty());
}

/// Every row came once.
#[track_caller]
fn is_complete(sandbox: &Sandbox) {
    let mut rows: Vec<usize> = Vec::new();
    for file in sandbox.files("out") {
        let text = std::fs::read_to_string(file).unwrap();
        rows.extend(
            text.lines()
                .map(|l| l.split(',').next().unwrap().parse::<usize>().unwrap()),
        );
    }
    rows.sort_unstable();
    assert!(
        rows == (0..ROWS).collect::<Vec<_>>(),
        "{} rows: {rows:?}",
        rows.len()
    );
}

#[test]
fn a_job_that_was_killed_goes_on_on_this_machine_and_on_another() {
    let s3 = S3::shared();
    s3.bucket("killed");
    let sandbox = copying("killed");
    let mut child = start(&sandbox, "here");
    wait_for_rows(&sandbox);
    // It is refused elsewhere as long as it runs.
    again(&sandbox, "there")
        .fails(1)
        .says(&["STATE-03", "running already", "s3://killed"]);
    child.kill().unwrap();
    wait(&mut child);
    let before = sandbox.files("out").len();
    let mut child = start(&sandbox, "here");
    wait_until(|| sandbox.files("out").len() > before);
    child.kill().unwrap();
    wait(&mut child);
    assert!(s3.list("killed").contains(".checkpoint"));
    sandbox.hurry();
    let last = again(&sandbox, "there").succeeds();
    last.says(&["is gone", "was killed: it goes on from checkpoint"])
        .never_says(&["very-secret"]);
    is_complete(&sandbox);
    let left = s3.list("killed");
    assert!(left.contains("run.json"), "{left}");
    assert!(
        !left.contains(".checkpoint") && !left.contains("lease"),
        "{left}"
    );
}

#[test]
fn a_job_that_was_stopped_is_restored_by_its_number_on_another_machine() {
    let s3 = S3::shared();
    s3.bucket("stopped");
    let sandbox = copying("stopped");
    let mut child = start(&sandbox, "here");
    wait_for_rows(&sandbox);
    let list = run(on(&sandbox, "here", "--list"))
        .succeeds()
        .prints(&["RUNNING"])
        .stdout;
    let id = list
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    run(on(&sandbox, "here", &format!("--savepoint {id}"))).succeeds();
    wait(&mut child);
    sandbox.hurry();
    let line = format!("--config job.conf --restore {id}");
    run(on(&sandbox, "there", &line))
        .succeeds()
        .says(&["goes on"]);
    is_complete(&sandbox);
    let line = "--config job.conf --restore 12345";
    run(on(&sandbox, "there", line))
        .fails(1)
        .says(&["STATE-04", "12345"]);
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    S3::shared();
    let sandbox = copying("nowhere");
    again(&sandbox, "here")
        .fails(1)
        .says(&["s3://nowhere/state", "does the bucket exist?"])
        .never_says(&["very-secret"]);
}
