//! Jobs on a Flink session cluster of two TaskManagers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use parquet::file::reader::{FileReader, SerializedFileReader};
use seatunnel_jdbc_testkit::Postgres;
use seatunnel_kafka_testkit::Kafka;

use crate::processes::{find, kill, wait};
use crate::support::{Cluster, Running, Sandbox, alone, copy, options, project, walk};

pub(crate) fn cluster() -> Arc<Cluster> {
    Cluster::shared("flink.sh", "2")
}

pub(crate) fn sandbox(cluster: &Arc<Cluster>) -> Sandbox {
    let master = cluster.variable("ST_FLINK");
    Sandbox::new(cluster, &["--engine", "flink", "--master", master])
}

/// Starts a part of the cluster again: `jobmanager` or `taskmanager`.
pub(crate) fn start_again(cluster: &Cluster, part: &str) {
    let status = Command::new(project().join("scripts/flink.sh"))
        .arg(part)
        .arg(cluster.folder())
        .status();
    assert!(status.unwrap().success(), "no {part}");
}

/// Processes of the cluster that run this class.
fn daemons(cluster: &Cluster, class: &str) -> Vec<u32> {
    find(&[class, cluster.folder().to_str().unwrap()])
}

const TASK_MANAGER: &str = "taskexecutor.TaskManagerRunner";
const JOB_MANAGER: &str = "entrypoint.StandaloneSessionClusterEntrypoint";

/// Flink's number of a job.
fn job_id(running: &Running) -> String {
    wait("a job that is submitted", || {
        let output = running.output();
        let (_, behind) = output.split_once("Job has been submitted with JobID ")?;
        behind.get(..32).map(ToOwned::to_owned)
    })
}

/// The newest checkpoint of a job that is complete.
fn newest_checkpoint(cluster: &Cluster, job: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(cluster.folder().join("checkpoints").join(job)).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let number = |path: &Path| {
        let name = path.file_name()?.to_str()?.strip_prefix("chk-")?;
        name.parse::<u64>().ok()
    };
    paths
        .filter(|path| path.join("_metadata").is_file())
        .filter_map(|path| Some((number(&path)?, path)))
        .max()
        .map(|(_, path)| path)
}

/// Stops a job at a savepoint, and says where that is.
fn stop(cluster: &Cluster, job: &str) -> String {
    let stopped = Command::new(format!("{}/bin/flink", cluster.variable("FLINK_HOME")))
        .args(["stop", job])
        .env("FLINK_CONF_DIR", cluster.variable("FLINK_CONF_DIR"))
        .env("FLINK_LOG_DIR", cluster.variable("FLINK_LOG_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&stopped.stdout).into_owned();
    let path = said.split_once("Path: ").map(|(_, path)| path.trim());
    path.unwrap_or_else(|| panic!("no savepoint: {said}"))
        .to_owned()
}

/// A job whose rows are counted; it ends well if there are so many.
fn counted(rows: usize) -> String {
    format!(
        r#"
        env {{ parallelism = 2 }}
        source {{ FakeSource {{
            row.num = 500, split.num = 3, schema {{ fields {{ id = bigint, name = string, list = "array<int>" }} }}
        }} }}
        transform {{ FieldMapper {{ field_mapper {{ id = id, name = label, list = list }} }} }}
        sink {{ Assert {{ rules {{
            row_rules = [
                {{ rule_type = MIN_ROW, rule_value = {rows} }}, {{ rule_type = MAX_ROW, rule_value = {rows} }}
            ]
            field_rules = [
                {{ field_name = label, field_type = string, field_value = [{{ rule_type = NOT_NULL }}] }}
            ]
        }} }} }}
        "#
    )
}

#[track_caller]
fn check_made_up_rows(sandbox: &Sandbox) {
    sandbox.run(&counted(1000)).succeeds().says(&[
        "Job Statistic Information",
        "Total Read Count          :                1000",
        "Total Write Count         :                1000",
    ]);
    let run = sandbox.run(&counted(999)).fails(1);
    let run = run.says(&[
        "error[",
        "MAX_ROW",
        "ended with exit status: 1; why is said above",
    ]);
    assert!(!run.output.contains("\tat org."), "{}", run.output);
}

#[test]
fn made_up_rows_are_checked_and_a_violation_fails_the_job() {
    let _alone = alone();
    check_made_up_rows(&sandbox(&cluster()));
}

#[test]
fn the_older_flink_runs_the_same_jobs() {
    let _alone = alone();
    let older = [("FLINK_VERSION", "1.20.5")];
    let cluster = Arc::new(Cluster::start("flink.sh", &["1"], &older));
    check_made_up_rows(&sandbox(&cluster));
}

#[test]
fn files_reach_postgres_and_come_back_as_parquet() {
    let _alone = alone();
    let database = Postgres::shared().database("flink");
    let sandbox = sandbox(&cluster());
    let rows = sandbox.numbers(&[20_000, 30_000, 10_000]);
    let load = format!(
        r#"
        env {{ parallelism = 2, checkpoint.interval = 500 }}
        source {{ LocalFile {{
            path = "DIR/source", file_format_type = csv, schema {{ fields {{ id = bigint, name = string }} }}
        }} }}
        sink {{ Jdbc {{
            {}, database = {}, table = "public.t", generate_sink_sql = true, primary_keys = [id], is_exactly_once = true
        }} }}
        "#,
        options(&database),
        database.name()
    );
    sandbox.run(&load).succeeds();
    let sums = "select count(*) || ' ' || sum(id) || ' ' || count(distinct name) from t";
    let sum: usize = (0..rows).sum();
    assert_eq!(database.sql(sums), format!("{rows} {sum} {rows}"));
    let unload = format!(
        r#"
        env {{ parallelism = 2 }}
        source {{ Jdbc {{ {}, table_path = "public.t" }} }}
        sink {{ LocalFile {{ path = "DIR/parquet", file_format_type = parquet, tmp_path = "DIR/tmp" }} }}
        "#,
        options(&database)
    );
    sandbox.run(&unload).succeeds();
    let (mut count, mut total) = (0, 0);
    for entry in fs::read_dir(sandbox.path("parquet")).unwrap() {
        let file = File::open(entry.unwrap().path()).unwrap();
        for row in SerializedFileReader::new(file)
            .unwrap()
            .get_row_iter(None)
            .unwrap()
        {
            let row = row.unwrap();
            let (_, id) = row.get_column_iter().next().unwrap();
            total += id.to_string().parse::<usize>().unwrap();
            count += 1;
        }
    }
    assert_eq!((count, total), (rows, sum));
}

#[test]
fn what_a_killed_taskmanager_did_is_neither_lost_nor_doubled() {
    let _alone = alone();
    let cluster = cluster();
    // With checkpoints the job goes on from the last one; without, from the beginning.
    for (victim, env) in ["checkpoint.interval = 500", ""].into_iter().enumerate() {
        let sandbox = sandbox(&cluster);
        let rows = sandbox.numbers(&[12_000, 12_000]);
        sandbox.write_job(&copy(1_500, env));
        let running = sandbox.start(&[]);
        let job = job_id(&running);
        let (sink, tmp) = (sandbox.path("sink"), sandbox.path("tmp"));
        wait("rows that are written", || match env.is_empty() {
            true => (!walk(&tmp).is_empty()).then_some(()),
            false => (walk(&sink).len() > 2).then_some(()),
        });
        kill(daemons(&cluster, TASK_MANAGER)[victim]);
        start_again(&cluster, "taskmanager");
        running.wait().succeeds();
        sandbox.has_all("sink", rows);
        assert!(walk(&tmp).is_empty(), "left behind: {:?}", walk(&tmp));
        let log = fs::read_to_string(cluster.folder().join("jobmanager.log")).unwrap();
        let restarted = format!("({job}) switched from state RUNNING to RESTARTING");
        assert!(log.contains(&restarted), "the killed one had nothing to do");
    }
}

#[test]
fn a_job_goes_on_from_its_checkpoint_when_the_jobmanager_was_killed() {
    let _alone = alone();
    let cluster = cluster();
    let sandbox = sandbox(&cluster);
    let rows = sandbox.numbers(&[12_000, 12_000]);
    let keep = "flink { execution.checkpointing.externalized-checkpoint-retention = RETAIN_ON_CANCELLATION }";
    sandbox.write_job(&copy(1_500, &format!("checkpoint.interval = 500, {keep}")));
    let running = sandbox.start(&[]);
    let job = job_id(&running);
    wait("some checkpoints", || {
        (walk(&sandbox.path("sink")).len() > 3).then_some(())
    });
    for pid in daemons(&cluster, JOB_MANAGER) {
        kill(pid);
    }
    drop(running);
    for pid in find(&["CliFrontend", sandbox.path("").to_str().unwrap()]) {
        kill(pid);
    }
    start_again(&cluster, "jobmanager");
    let checkpoint = newest_checkpoint(&cluster, &job).unwrap();
    let from = format!(
        "flink {{ execution.state-recovery.path = \"{}\" }}",
        checkpoint.display()
    );
    sandbox.write_job(&copy(
        1_000_000,
        &format!("checkpoint.interval = 500, {from}"),
    ));
    sandbox.start(&[]).wait().succeeds();
    sandbox.has_all("sink", rows);
    let left = walk(&sandbox.path("tmp"));
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn messages_reach_postgres_once_over_kills_savepoints_and_another_parallelism() {
    let _alone = alone();
    let cluster = cluster();
    let (kafka, database) = (Kafka::shared(), Postgres::shared().database("flink"));
    let topic = kafka.topic("numbers", 4);
    let sandbox = sandbox(&cluster);
    let job = |parallelism: usize, more: &str, transforms: &str| {
        format!(
            r#"
            env {{ job.mode = STREAMING, parallelism = {parallelism}, checkpoint.interval = 500, {more} }}
            transform {{ {transforms} }}
            source {{ Kafka {{
                bootstrap.servers = "{}", topic = "{topic}", consumer.group = "{topic}", start_mode = earliest
                format = json, schema {{ fields {{ id = bigint, name = string }} }}
            }} }}
            sink {{ Jdbc {{
                {}, database = {}, table = "public.t", generate_sink_sql = true, primary_keys = [id]
                is_exactly_once = true
            }} }}
            "#,
            kafka.servers(),
            options(&database),
            database.name()
        )
    };
    let mut next = 0;
    let mut produce = |count: usize| {
        for partition in 0..4 {
            let values: Vec<String> = (next..next + count)
                .filter(|n| n % 4 == partition)
                .map(|n| format!(r#"{{"id": {n}, "name": "row {n}"}}"#))
                .collect();
            kafka.produce(&topic, partition as i32, &values);
        }
        next += count;
        next
    };
    let arrive = |count: usize| {
        wait("rows in the table", || {
            let there = database.try_sql("select count(*) || ' ' || count(distinct name) from t");
            (there.ok()? == format!("{count} {count}")).then_some(())
        });
    };
    sandbox.write_job(&job(2, "", ""));
    let running = sandbox.start(&[]);
    let id = job_id(&running);
    arrive(produce(4_000));
    // Rows come in while a TaskManager dies and the job is started anew.
    produce(2_000);
    kill(daemons(&cluster, TASK_MANAGER)[0]);
    produce(2_000);
    start_again(&cluster, "taskmanager");
    arrive(produce(2_000));
    let savepoint = stop(&cluster, &id);
    running.wait().succeeds();
    let from = format!(
        "flink {{ execution.state-recovery.path = \"{}\" }}",
        savepoint
    );
    produce(2_000);
    // The sink has another place in the plan then.
    let transform = "Filter { include_fields = [id, name] }";
    sandbox.write_job(&job(4, &from, transform));
    let running = sandbox.start(&[]);
    let id = job_id(&running);
    arrive(produce(2_000));
    let sum: usize = (0..next).sum();
    assert_eq!(
        database.sql("select sum(id) from t"),
        sum.to_string(),
        "the savepoint was not gone on from"
    );
    stop(&cluster, &id);
    running.wait().succeeds();
    assert_eq!(
        database.sql("select count(*) from pg_prepared_xacts"),
        "0",
        "transactions are left"
    );
}

#[test]
fn a_sink_whose_commits_are_done_elsewhere_keeps_few_producers() {
    let _alone = alone();
    let cluster = cluster();
    let kafka = Kafka::shared();
    let (from, to) = (kafka.topic("from", 4), kafka.topic("to", 2));
    let sandbox = sandbox(&cluster);
    sandbox.write_job(&format!(
        r#"
        env {{ job.mode = STREAMING, parallelism = 4, checkpoint.interval = 200 }}
        source {{ Kafka {{
            bootstrap.servers = "{0}", topic = "{from}", start_mode = earliest
            format = json, schema {{ fields {{ id = bigint }} }}
        }} }}
        sink {{ Kafka {{ bootstrap.servers = "{0}", topic = "{to}", semantics = EXACTLY_ONCE }} }}
        "#,
        kafka.servers()
    ));
    let running = sandbox.start(&[]);
    let id = job_id(&running);
    let threads = || {
        let all = daemons(&cluster, TASK_MANAGER);
        let all: usize = all.into_iter().map(|pid| threads_of(pid, "rdk:")).sum();
        all
    };
    let (mut next, mut early) = (0, 0);
    // Each round is a checkpoint at least, since its rows are seen.
    for round in 0..24 {
        for partition in 0..4 {
            let values: Vec<String> = (next..next + 5)
                .map(|n| format!("{{\"id\": {n}}}"))
                .collect();
            kafka.produce(&from, partition, &values);
            next += 5;
        }
        wait("rows that are committed", || {
            (kafka.read_committed(&to).len() >= next).then_some(())
        });
        if round == 7 {
            early = threads();
        }
    }
    let late = threads();
    assert!(early > 0, "nobody writes to Kafka");
    // A producer has some threads; 16 rounds with one more each would be over 100.
    assert!(late <= early + 24, "{early} threads became {late}");
    stop(&cluster, &id);
    running.wait().succeeds();
    assert_eq!(kafka.read_committed(&to).len(), next);
}

/// How many threads of a process have a name that begins so.
fn threads_of(pid: u32, name: &str) -> usize {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let is_one = |task: &fs::DirEntry| {
        // A thread may be gone by now.
        let comm = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        comm.starts_with(name)
    };
    threads.filter_map(Result::ok).filter(is_one).count()
}

/// What of ours a process has: mapped copies of the library, and threads.
fn ours(pid: u32) -> (usize, usize) {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let copies: BTreeSet<&str> = maps
        .lines()
        .filter(|line| line.contains("seatunnel-native"))
        .filter_map(|line| line.split_whitespace().nth(4))
        .collect();
    (copies.len(), threads_of(pid, "seatunnel"))
}

#[test]
fn job_after_job_leaves_one_copy_of_the_library_and_no_threads() {
    let _alone = alone();
    let jobs = std::env::var("SEATUNNEL_SESSION_JOBS");
    let jobs: usize = jobs.map_or(8, |jobs| jobs.parse().unwrap());
    let cluster = cluster();
    let sandbox = sandbox(&cluster);
    for _ in 0..jobs {
        sandbox.run(&counted(1000)).succeeds();
    }
    let mut daemons_of_it = daemons(&cluster, JOB_MANAGER);
    daemons_of_it.extend(daemons(&cluster, TASK_MANAGER));
    assert_eq!(daemons_of_it.len(), 3);
    for pid in daemons_of_it {
        // A job stays open for some seconds, and so do the threads.
        wait("threads that end", || (ours(pid).1 == 0).then_some(()));
        let copies = ours(pid).0;
        assert!(copies <= 1, "process {pid} has {copies} copies");
    }
}
