//! Jobs on a Spark cluster of two workers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::sync::Arc;

use parquet::file::reader::{FileReader, SerializedFileReader};
use seatunnel_jdbc_testkit::Postgres;
use seatunnel_kafka_testkit::Kafka;

use crate::processes::{children, kill, terminate, wait};
use crate::support::{Cluster, Running, Sandbox, alone, copy, options, walk};

pub(crate) fn cluster() -> Arc<Cluster> {
    Cluster::shared("spark.sh", "2")
}

pub(crate) fn sandbox(cluster: &Arc<Cluster>) -> Sandbox {
    let master = cluster.variable("ST_SPARK_MASTER");
    Sandbox::new(cluster, &["--engine", "spark", "--master", master])
}

/// The executors of a cluster: its workers have started them.
pub(crate) fn executors(cluster: &Cluster) -> Vec<u32> {
    let pids = fs::read_to_string(cluster.folder().join("pids")).unwrap();
    let pids = pids.lines().map(|line| line.parse().unwrap());
    pids.flat_map(|worker| children(worker, "CoarseGrainedExecutorBackend"))
        .collect()
}

/// Kills the driver of a job, and sees to it that its executors are gone.
fn kill_driver(cluster: &Cluster, running: &Running) {
    for driver in children(running.pid(), "org.apache.spark.deploy.SparkSubmit") {
        kill(driver);
    }
    wait("executors that end", || {
        executors(cluster).is_empty().then_some(())
    });
}

/// What makes a small cluster on a small machine quick.
pub(crate) const ENV: &str =
    r#"spark { ui.enabled = false, executor.memory = 512m, locality.wait = 0s }"#;

/// Tasks begin when both executors are there: none is left to run behind another.
const AT_ONCE: &str = "spark { cores.max = 2, scheduler.minRegisteredResourcesRatio = 1, \
    scheduler.maxRegisteredResourcesWaitingTime = 120s }";

/// How many executors have been given a task.
fn at_work(running: &Running) -> usize {
    let output = running.output();
    let begun = output.lines().filter(|l| l.contains("Starting task"));
    let executors = begun.filter_map(|l| l.split_once("executor ")?.1.split(',').next());
    executors.collect::<BTreeSet<_>>().len()
}

#[test]
fn made_up_rows_are_checked_and_a_violation_fails_the_job() {
    let _alone = alone();
    let sandbox = sandbox(&cluster());
    let job = |rows: usize| {
        format!(
            r#"
            env {{ parallelism = 2, {ENV} }}
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
    };
    let run = sandbox.run(&job(1000)).succeeds();
    run.says(&[
        "Job Statistic Information",
        "Total Write Count         :                1000",
    ]);
    let run = sandbox.run(&job(999)).fails(1);
    let run = run.says(&[
        "error[",
        "MAX_ROW",
        "ended with exit status: 1; why is said above",
    ]);
    assert!(!run.output.contains("\tat org.seatunnel"), "{}", run.output);
}

#[test]
fn files_reach_postgres_and_come_back_as_parquet() {
    let _alone = alone();
    let database = Postgres::shared().database("spark");
    let sandbox = sandbox(&cluster());
    let rows = sandbox.numbers(&[20_000, 30_000, 10_000]);
    let load = format!(
        r#"
        env {{ parallelism = 2, {ENV} }}
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
        env {{ parallelism = 2, {ENV} }}
        source {{ Jdbc {{ {}, table_path = "public.t" }} }}
        sink {{ LocalFile {{ path = "DIR/parquet", file_format_type = parquet, tmp_path = "DIR/tmp" }} }}
        "#,
        options(&database)
    );
    sandbox.run(&unload).succeeds();
    let (mut count, mut total, mut files) = (0, 0, 0);
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
        files += 1;
    }
    assert_eq!((count, total, files), (rows, sum, 2));
}

#[test]
fn what_killed_executors_wrote_is_neither_lost_nor_doubled() {
    let _alone = alone();
    let cluster = cluster();
    for staged in [false, true] {
        let sandbox = sandbox(&cluster);
        // The second reader is done when the first has only begun.
        let rows = sandbox.numbers(&[9_000, 500]);
        sandbox.write_job(&copy(1_500, &format!("{ENV}, {AT_ONCE}")));
        let running = sandbox.start(&[]);
        // One that was never given a task is not missed by Spark.
        wait("two executors at work", || {
            (at_work(&running) == 2).then_some(())
        });
        // Those of a job before may be slow to end.
        wait("two executors", || {
            (executors(&cluster).len() == 2).then_some(())
        });
        let tmp = sandbox.path("tmp");
        wait("files that are being written", || {
            tmp.is_dir().then_some(())
        });
        if staged {
            wait("a task that is done", || {
                running.output().contains("Finished task").then_some(())
            });
        }
        let victims = executors(&cluster);
        for victim in &victims[..if staged { victims.len() } else { 1 }] {
            kill(*victim);
        }
        running.wait().succeeds().says(&["Lost executor"]);
        sandbox.has_all("sink", rows);
        let left = walk(&tmp);
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

#[test]
fn the_same_command_makes_good_for_a_killed_driver() {
    let _alone = alone();
    let cluster = cluster();
    let sandbox = sandbox(&cluster);
    // The first reader is far from done when the driver is killed.
    let rows = sandbox.numbers(&[60_000, 500]);
    sandbox.write_job(&copy(1_500, &format!("{ENV}, {AT_ONCE}")));
    let running = sandbox.start(&[]);
    wait("a task that is done", || {
        running.output().contains("Finished task").then_some(())
    });
    kill_driver(&cluster, &running);
    running.wait().fails(1);
    assert!(
        walk(&sandbox.path("sink")).is_empty(),
        "nothing is visible yet"
    );
    sandbox.write_job(&copy(1_000_000, ENV));
    sandbox.start(&[]).wait().succeeds();
    sandbox.has_all("sink", rows);
    assert!(walk(&sandbox.path("tmp")).is_empty());
}

#[test]
fn a_streaming_job_goes_on_where_its_killed_driver_was_and_stops_in_order() {
    let _alone = alone();
    let cluster = cluster();
    let sandbox = sandbox(&cluster);
    let broker = Kafka::shared();
    let topic = broker.topic("spark", 2);
    let produce = |from: usize, to: usize| {
        for partition in 0..2 {
            let lines = (from..to).filter(|n| n % 2 == partition);
            let lines: Vec<String> = lines.map(|n| format!("{{\"id\": {n}}}")).collect();
            broker.produce(&topic, partition as i32, &lines);
        }
    };
    sandbox.write_job(&format!(
        r#"
        env {{ job.mode = STREAMING, parallelism = 2, checkpoint.interval = 1000, {ENV} }}
        source {{ Kafka {{
            bootstrap.servers = "{}", topic = "{topic}", start_mode = earliest, format = json
            schema {{ fields {{ id = bigint }} }}
        }} }}
        sink {{ LocalFile {{ path = "DIR/sink", file_format_type = text, tmp_path = "DIR/tmp" }} }}
        "#,
        broker.servers()
    ));
    let seen = |rows: usize| {
        let there = sandbox.path("sink").is_dir();
        (there && sandbox.written("sink").len() >= rows).then_some(())
    };
    produce(0, 1_000);
    let running = sandbox.start(&[]);
    wait("the first rows", || seen(1_000));
    produce(1_000, 1_500);
    kill_driver(&cluster, &running);
    running.wait().fails(1);
    produce(1_500, 2_000);
    let running = sandbox.start(&[]);
    wait("all rows", || seen(2_000));
    terminate(running.pid());
    let run = running.wait().succeeds();
    run.says(&[
        "goes on from its state",
        "stopped; the same command goes on",
    ]);
    sandbox.has_all("sink", 2_000);
    let run = sandbox.start(&[]);
    wait("a job that goes on", || {
        run.output()
            .contains("goes on from its state")
            .then_some(())
    });
    terminate(run.pid());
    run.wait().succeeds();
    sandbox.has_all("sink", 2_000);
}

/// Whether one of the files below a folder has a text in it.
fn is_said_below(folder: &std::path::Path, text: &str) -> Option<std::path::PathBuf> {
    walk(folder).into_iter().find(|path| {
        // A file may be gone by now.
        let bytes = fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).any(|own| own == text.as_bytes())
    })
}

#[test]
fn a_driver_in_the_cluster_tells_how_the_job_ended_and_nobody_its_passwords() {
    let _alone = alone();
    let cluster = cluster();
    let sandbox = sandbox(&cluster);
    let job = |rows: usize| {
        format!(
            r#"
            env {{ parallelism = 1, {ENV}, spark {{ driver.memory = 512m, cores.max = 1 }} }}
            source {{ FakeSource {{
                row.num = 100, schema {{ fields {{ id = bigint }} }}, plugin_output = rows
            }} }}
            sink {{
                LocalFile {{ path = "DIR/sink", file_format_type = text, tmp_path = "DIR/tmp", sheet_name = "topsecretword" }}
                Assert {{ rules {{ row_rules = [{{ rule_type = MAX_ROW, rule_value = {rows} }}] }} }}
            }}
            "#
        )
    };
    let run = |rows: usize| {
        sandbox.write_job(&job(rows));
        sandbox.start(&["--deploy-mode", "cluster"])
    };
    run(100).wait().succeeds();
    assert_eq!(sandbox.written("sink").len(), 100);
    let failed = run(99).wait().fails(1);
    failed.says(&["the job failed; why is said in the log of the driver in the cluster"]);
    // What the driver says is where Spark keeps it.
    assert!(is_said_below(&cluster.folder(), "Job Statistic Information").is_some());
    assert!(is_said_below(&cluster.folder(), "MAX_ROW").is_some());
    // The beginning of the job as Base64, and what stands for a password.
    for secret in ["topsecretword", "eyJ2ZXJzaW9u"] {
        let said = is_said_below(&cluster.folder(), secret);
        assert_eq!(said, None, "{secret}");
    }
}
