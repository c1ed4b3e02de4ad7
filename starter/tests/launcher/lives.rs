//! Jobs that are killed, stopped and asked about: what the same command does next.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::{Run, SLOWLY, Sandbox, binary, run, wait, wait_until};

const ROWS: usize = 3_000;

/// A sandbox with a CSV file and a job that takes many checkpoints to copy it, and is slow as long as it is not to hurry.
fn copying(mode: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut rows = String::new();
    for id in 0..ROWS {
        writeln!(rows, "{id},row {id}").unwrap();
    }
    sandbox.write("in/rows.csv", rows);
    sandbox.write("job.conf", job(mode, "checkpoint.interval = 100"));
    sandbox
}

fn job(mode: &str, more: &str) -> String {
    format!(
        r#"env {{ job.mode = {mode}, job.name = copy, {more}, {SLOWLY} }}
source {{ LocalFile {{ path = "in", file_format_type = csv, schema {{ fields {{ id = int, name = string }} }} }} }}
sink {{ LocalFile {{ path = "out", tmp_path = "tmp", file_format_type = csv }} }}"#
    )
}

/// A streaming job that never ends by itself.
fn endless() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "job.conf",
        r#"env { job.mode = STREAMING, checkpoint.interval = 50 }
source { FakeSource { row.num = 10, split.num = 1000000, split.read-interval = 20, schema { fields { id = int } } } }
sink { Blackhole {} }"#,
    );
    sandbox
}

fn start(sandbox: &Sandbox, line: &str) -> Child {
    let mut command = binary(&sandbox.path(""));
    command.args(line.split_whitespace());
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn checkpoints(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut files = sandbox.files("state");
    files.retain(|file| file.extension().is_some_and(|e| e == "checkpoint"));
    files.sort_by_key(|file| number(file));
    files
}

fn number(checkpoint: &std::path::Path) -> u64 {
    let name = checkpoint.file_stem().unwrap().to_str().unwrap();
    name.parse().unwrap()
}

/// Waits until the job has taken a few checkpoints.
fn wait_for_checkpoints(sandbox: &Sandbox, least: u64) {
    wait_until(|| {
        checkpoints(sandbox)
            .last()
            .is_some_and(|c| number(c) >= least)
    });
}

/// The only run's number.
fn run_id(sandbox: &Sandbox) -> String {
    let list = sandbox.seatunnel("--list").succeeds().stdout;
    let line = list.lines().nth(1).unwrap_or_else(|| panic!("{list}"));
    line.split_whitespace().next().unwrap().to_owned()
}

fn signal(child: &Child, signal: &str) {
    let mut kill = Command::new("kill");
    kill.args([signal, &child.id().to_string()]);
    run(kill).succeeds();
}

/// How often each row came; there is no other.
#[track_caller]
fn copies(sandbox: &Sandbox) -> Vec<usize> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for file in sandbox.files("out") {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            *seen.entry(line.to_owned()).or_default() += 1;
        }
    }
    let copies = (0..ROWS)
        .map(|id| seen.remove(&format!("{id},row {id}")).unwrap_or(0))
        .collect();
    assert!(seen.is_empty(), "{seen:?}");
    copies
}

/// Every row came once.
#[track_caller]
fn is_complete(sandbox: &Sandbox) {
    let copies = copies(sandbox);
    let wrong: Vec<_> = copies
        .iter()
        .enumerate()
        .filter(|(_, n)| **n != 1)
        .collect();
    assert!(wrong.is_empty(), "(row, copies): {wrong:?}");
}

/// The same command, which need not be slow any more.
fn again(sandbox: &Sandbox) -> Run {
    sandbox.hurry();
    sandbox.seatunnel("--config job.conf")
}

#[test]
fn a_batch_job_that_was_killed_goes_on_when_it_is_run_again() {
    let sandbox = copying("BATCH");
    for least in [4, 10] {
        let mut child = start(&sandbox, "--config job.conf");
        wait_for_checkpoints(&sandbox, least);
        child.kill().unwrap();
        wait(&mut child);
        let list = sandbox.seatunnel("--list").succeeds();
        list.prints(&["copy", "KILLED", "BATCH", "job.conf"]);
    }
    let last = again(&sandbox).succeeds();
    last.says(&[
        "was killed: it goes on from checkpoint",
        "--fresh would start over",
    ]);
    is_complete(&sandbox);
    assert!(checkpoints(&sandbox).is_empty());
    sandbox.seatunnel("--list").succeeds().prints(&["FINISHED"]);
    // A run that is finished is no reason not to run the job once more.
    again(&sandbox).succeeds().never_says(&["goes on"]);
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_is_taken() {
    let sandbox = copying("BATCH");
    let mut child = start(&sandbox, "--config job.conf");
    wait_for_checkpoints(&sandbox, 5);
    child.kill().unwrap();
    wait(&mut child);
    let newest = checkpoints(&sandbox).pop().unwrap();
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    let name = format!("checkpoint {}", number(&newest));
    let last = again(&sandbox).succeeds();
    last.says(&[
        "WARN",
        &name,
        "rows that came between the two may come twice",
    ]);
    assert!(copies(&sandbox).iter().all(|n| *n >= 1));
}

#[test]
fn fresh_starts_over() {
    let sandbox = copying("BATCH");
    let mut child = start(&sandbox, "--config job.conf");
    wait_for_checkpoints(&sandbox, 4);
    child.kill().unwrap();
    wait(&mut child);
    std::fs::remove_dir_all(sandbox.path("out")).unwrap();
    sandbox.hurry();
    let fresh = sandbox.seatunnel("--config job.conf --fresh").succeeds();
    fresh.says(&["is given up; this one starts over"]);
    is_complete(&sandbox);
}

#[test]
fn a_batch_job_that_was_interrupted_is_not_taken_for_complete() {
    let sandbox = copying("BATCH");
    let mut command = binary(&sandbox.path(""));
    command
        .args(["--config", "job.conf"])
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    wait_for_checkpoints(&sandbox, 3);
    signal(&child, "-INT");
    assert_eq!(wait(&mut child).code(), Some(1));
    sandbox.seatunnel("--list").succeeds().prints(&["STOPPED"]);
    again(&sandbox)
        .succeeds()
        .says(&["was stopped: it goes on"]);
    is_complete(&sandbox);
}

#[test]
fn a_streaming_job_that_was_terminated_goes_on_from_its_savepoint() {
    let sandbox = endless();
    for _ in 0..2 {
        let mut child = start(&sandbox, "--config job.conf");
        let before = checkpoints(&sandbox).last().map_or(0, |c| number(c));
        wait_for_checkpoints(&sandbox, before + 3);
        signal(&child, "-TERM");
        assert_eq!(wait(&mut child).code(), Some(0));
        sandbox
            .seatunnel("--list")
            .prints(&["STOPPED", "STREAMING"]);
    }
    // Savepoints stay.
    assert!(checkpoints(&sandbox).len() >= 2);
}

#[test]
fn a_running_job_tells_how_far_it_is_and_stops_when_asked() {
    let sandbox = endless();
    let mut child = start(&sandbox, "--config job.conf --set-job-id 4711");
    wait_for_checkpoints(&sandbox, 3);
    assert_eq!(run_id(&sandbox), "4711");
    sandbox.seatunnel("-l").succeeds().prints(&["RUNNING"]);
    let details = sandbox.seatunnel("-j 4711").succeeds();
    details.prints(&["\"jobStatus\": \"RUNNING\"", "FakeSource", "\"completed\""]);
    sandbox
        .seatunnel("--metrics 4711")
        .succeeds()
        .prints(&["Blackhole", "\"rows\""]);
    sandbox
        .seatunnel("--checkpoint-history 4711")
        .succeeds()
        .prints(&["\"milliseconds\""]);
    let second = again(&sandbox).fails(1);
    second.says(&["STATE-03", "running already", "--cancel 4711"]);
    let stopped = sandbox.seatunnel("-s 4711").succeeds();
    stopped.prints(&["run 4711 is stopped at savepoint"]);
    assert_eq!(wait(&mut child).code(), Some(0));

    let mut child = start(&sandbox, "--config job.conf -r 4711");
    let savepoint = checkpoints(&sandbox).last().map_or(0, |c| number(c));
    wait_for_checkpoints(&sandbox, savepoint + 2);
    let cancelled = sandbox.seatunnel("-can 4711").succeeds();
    cancelled.prints(&["run 4711 is cancelled"]);
    assert_eq!(wait(&mut child).code(), Some(1));
    sandbox
        .seatunnel("-can 4711")
        .fails(1)
        .says(&["not running: it is cancelled"]);
}

#[test]
fn what_can_not_be_restored_is_an_error() {
    let sandbox = copying("BATCH");
    let nothing = sandbox.seatunnel("--config job.conf --restore").fails(1);
    nothing.says(&["STATE-05", "no run of this job is known", "--fresh"]);
    let unknown = sandbox.seatunnel("--config job.conf -r 77").fails(1);
    unknown.says(&["STATE-04", "there is no run 77"]);
    sandbox
        .seatunnel("-s 77")
        .fails(1)
        .says(&["there is no run 77"]);
}

#[test]
fn a_job_file_that_no_longer_fits_is_refused() {
    let sandbox = copying("BATCH");
    let mut child = start(&sandbox, "--config job.conf");
    wait_for_checkpoints(&sandbox, 3);
    child.kill().unwrap();
    wait(&mut child);
    let job = std::fs::read_to_string(sandbox.path("job.conf")).unwrap();
    let other = job.replace(
        r#"LocalFile { path = "in", file_format_type = csv,"#,
        "FakeSource {",
    );
    assert_ne!(job, other);
    sandbox.write("job.conf", other);
    again(&sandbox).fails(1).says(&["source[0]", "--fresh"]);
    // What does not touch what was read may change.
    sandbox.write("job.conf", job.replace(SLOWLY, "parallelism = 2"));
    again(&sandbox).succeeds();
    is_complete(&sandbox);
}

#[test]
fn a_state_folder_that_can_not_be_used_matters_to_jobs_with_checkpoints() {
    let sandbox = copying("BATCH");
    sandbox.write("state", "a file");
    again(&sandbox).fails(1).says(&["STATE-01", "state.dir"]);
    sandbox.write("job.conf", job("BATCH", "parallelism = 1"));
    again(&sandbox)
        .succeeds()
        .says(&["nothing is kept of this run"]);
    is_complete(&sandbox);
}

#[test]
fn a_job_without_checkpoints_leaves_nothing_behind() {
    let sandbox = copying("BATCH");
    sandbox.write("job.conf", job("BATCH", "parallelism = 1"));
    again(&sandbox).succeeds();
    assert!(sandbox.files("state").is_empty());
}
